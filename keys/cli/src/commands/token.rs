//! `warifu token`: virtual tokens and demo batches.
//!
//! Not responsible for: real tokens. Whoever has a keyring can make every code of its batch.

mod batch;
mod camera;
mod keypad;

use std::{
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use clap::{Args, Subcommand};
use serde_json::json;
use warifu_core::time::UnixTime;
use warifu_token::{Keyring, KeyringError, Kind};

use super::tokens;
use crate::{
    connection::Connection,
    exit::{EXIT_CODES, Exit, Failure},
    input,
    output::Output,
};

/// Virtual tokens and demo batches, for tests only; `history` is of real ones.
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    Code(Code),
    #[command(subcommand)]
    Camera(camera::Camera),
    #[command(subcommand)]
    Keypad(keypad::Keypad),
    Batch(batch::Batch),
    /// The same as `warifu tokens history`, for real tokens of the server
    History(tokens::History),
}

/// Show what a virtual HOTP or TOTP token of a demo batch shows.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu token code --keyring demo.json --serial W0000001
  warifu token code --keyring demo.json --serial W0000001 --counter 7
  warifu token code --keyring demo.json --serial W0000001 | warifu verify W0000001

{EXIT_CODES}"))]
pub(crate) struct Code {
    /// Keyring of the batch
    #[arg(long, value_name = "FILE")]
    keyring: PathBuf,
    /// Serial of the token
    #[arg(long, value_name = "SERIAL")]
    serial: String,
    /// TOTP: the time on the token's clock, RFC 3339; now where absent
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "counter")]
    at: Option<UnixTime>,
    /// TOTP: how wrong the token's clock is
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, default_value_t = 0)]
    clock_offset: i64,
    /// The counter (HOTP) or the number of the time step (TOTP)
    #[arg(long, value_name = "N")]
    counter: Option<u64>,
}

fn time(text: &str) -> Result<UnixTime, String> {
    UnixTime::from_rfc3339(text).ok_or_else(|| "a time as 2026-11-21T13:30:00Z".to_owned())
}

impl Token {
    pub(crate) async fn run(&self, connection: &Connection, out: Output) -> Result<Exit, Failure> {
        match self {
            Self::Code(code) => code.run(out),
            Self::Camera(camera) => camera.run(out).await,
            Self::Keypad(keypad) => keypad.run(out),
            Self::Batch(batch) => batch.run(out),
            Self::History(history) => history.run(connection, out).await,
        }
    }
}

impl Code {
    fn run(&self, out: Output) -> Result<Exit, Failure> {
        let keyring =
            Keyring::load(&self.keyring).map_err(|error| failure(&self.keyring, error))?;
        let token = keyring
            .token(&self.serial)
            .map_err(|error| failure(&self.keyring, error))?
            .with_clock_offset(self.clock_offset);
        let factor = match (self.counter, token.kind()) {
            (Some(counter), _) => counter,
            (None, Kind::Totp { .. }) => token.factor_at(self.at.unwrap_or_else(now)),
            (None, Kind::Hotp) => {
                let rule = "a HOTP token counts its codes: say which one with --counter";
                return Err(Failure::new(Exit::Usage, rule));
            }
        };
        let code = String::from_utf8_lossy(token.code(factor).expose()).into_owned();
        let answer = json!({ "serial": self.serial, "moving_factor": factor, "code": code });
        out.show(&answer, |_| code.clone())?;
        Ok(Exit::Ok)
    }
}

/// What is wrong with a keyring or a batch.
fn failure(path: &Path, error: KeyringError) -> Failure {
    match error {
        KeyringError::Io(error) => input::unreadable(path, &error),
        KeyringError::Permissions => {
            Failure::new(Exit::Config, format!("{}: {error}", path.display()))
        }
        KeyringError::Malformed => {
            Failure::new(Exit::Usage, format!("{}: {error}", path.display()))
        }
        KeyringError::Batch(error) => Failure::because(Exit::Usage, "demo batch", &error),
    }
}

/// The virtual token's own clock, as a hardware token has one.
#[expect(clippy::disallowed_methods, reason = "this is the token's clock, not the daemon's")]
fn now() -> UnixTime {
    UnixTime(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
}
