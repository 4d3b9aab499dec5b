//! `warifu token camera`: a virtual camera token, one command at a time, by a script, or in the
//! terminal.
//!
//! Not responsible for: what the device does (`warifu_token::camera`).

mod run;
mod script;
mod terminal;
mod typing;

use std::{
    fs::File,
    io::{self, BufReader, Read as _},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use warifu_core::time::UnixTime;
use warifu_token::{
    Keyring,
    camera::{
        Button, Device, DeviceKeys, Hold, Refusal, Screen, StateError, StateFile, picture,
        picture::PictureError,
    },
};
use warifu_txa1::{qr_text, serial::DeviceSerial};

use super::{failure, now, time};
use crate::{
    exit::{EXIT_CODES, Exit, Failure},
    input,
    output::Output,
    output_file::unwritable,
};

/// A virtual camera token (TXA1): three buttons, a screen and a camera.
///
/// The device lives in a file, with its keys, its memory and its screen; one process holds it at a
/// time. Each command does one thing and shows the screen. `script` does many, `run` puts the device
/// into your terminal. For tests and training only: whoever has the file has the token.
#[derive(Debug, Subcommand)]
pub(crate) enum Camera {
    New(New),
    Scan(Scan),
    Press(Press),
    Show(Show),
    Script(script::Script),
    Run(run::Run),
}

/// Make a virtual camera token, switched off and not registered.
///
/// Its keys come from a demo batch, from a file, or from nowhere.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu token batch demo.xml --keyring demo.json --kind camera --new-key-file demo.hex
  warifu token camera new --state token.json --serial 0112345679 --keyring demo.json
  warifu token camera new --state token.json --serial 0112345679 --seed-file seed.hex

{EXIT_CODES}"))]
pub(crate) struct New {
    /// File to keep the token in; one that exists is never replaced
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// Serial on its back: ten digits
    #[arg(long, value_name = "SERIAL", value_parser = serial)]
    serial: DeviceSerial,
    #[command(flatten)]
    keys: Keys,
    /// Activations that it began before: 0 to 999
    #[arg(long, value_name = "N", default_value_t = 0)]
    #[arg(value_parser = clap::value_parser!(u16).range(0..=999))]
    activations: u16,
}

/// Where the keys come from.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Keys {
    /// Keyring of a demo batch of camera tokens
    #[arg(long, value_name = "FILE")]
    keyring: Option<PathBuf>,
    /// File with the seed in hexadecimal, or with the keys ENC, COD and SIG, a line each; `-` asks
    #[arg(long, value_name = "FILE")]
    seed_file: Option<PathBuf>,
    /// Random keys that no server knows
    #[arg(long)]
    random: bool,
}

/// Which device, and when.
#[derive(Args, Debug)]
struct Held {
    /// File that the token is kept in
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// The time, RFC 3339; now where absent. The device only feels how long something takes
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<UnixTime>,
}

/// Hold a code before the camera.
///
/// Without `--image` and `--text`, the text of the code is read from standard input. A code that the
/// device refuses ends with exit code 1; its screen says why.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu token camera scan --state token.json --image qr.png
  warifu token camera scan --state token.json --text 'TXA1:...'
  xclip -o | warifu token camera scan --state token.json

{EXIT_CODES}"))]
pub(crate) struct Scan {
    #[command(flatten)]
    held: Held,
    /// Picture (PNG) with one QR code
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    image: Option<PathBuf>,
    /// Text of the QR code
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
}

/// Press a button.
///
/// Power is held for two seconds to switch on and off. Left and power together show Token info. On a
/// dark screen the press only wakes it.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu token camera press --state token.json power
  warifu token camera press --state token.json right
  warifu token camera press --state token.json left+power --json

{EXIT_CODES}"))]
pub(crate) struct Press {
    #[command(flatten)]
    held: Held,
    /// power, left, right or left+power
    #[arg(value_name = "BUTTON")]
    button: Button,
    /// How long, as 2s; power is held for 2 s where absent, the others are tapped
    #[arg(long, value_name = "SECONDS")]
    hold: Option<Hold>,
}

/// Look at the screen.
///
/// Time goes by for the device up to now: it may have gone dark, and what was not confirmed in time
/// is gone.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu token camera show --state token.json
  warifu token camera show --state token.json --json

{EXIT_CODES}"))]
pub(crate) struct Show {
    #[command(flatten)]
    held: Held,
}

fn serial(text: &str) -> Result<DeviceSerial, String> {
    DeviceSerial::from_text(text).ok_or_else(|| "ten digits, as 0112345679".to_owned())
}

impl Camera {
    pub(crate) async fn run(&self, out: Output) -> Result<Exit, Failure> {
        match self {
            Self::New(new) => new.run(out),
            Self::Scan(scan) => scan.run(out),
            Self::Press(press) => press.run(out),
            Self::Show(show) => show.held.use_it(out, |_, _| Ok(())),
            Self::Script(script) => script.run(out),
            Self::Run(run) => run.run(out).await,
        }
    }
}

impl New {
    fn run(&self, out: Output) -> Result<Exit, Failure> {
        let device = Device::new(self.serial, self.keys.read(self.serial)?);
        let device = device.with_counter(self.activations);
        let file = StateFile::create(&self.state, device).map_err(|error| match error {
            StateError::Io(error) => unwritable(&self.state, &error),
            other => state_failure(&self.state, other),
        })?;
        show(out, &file.device.screen())?;
        Ok(Exit::Ok)
    }
}

impl Keys {
    fn read(&self, serial: DeviceSerial) -> Result<DeviceKeys, Failure> {
        if let Some(path) = &self.keyring {
            let keyring = Keyring::load(path).map_err(|error| failure(path, error))?;
            return keyring.camera(&serial.to_string()).map_err(|error| failure(path, error));
        }
        let wrong = |error| Failure::because(Exit::Usage, "keys of the token", &error);
        let Some(path) = &self.seed_file else {
            return DeviceKeys::random(serial).map_err(wrong);
        };
        let text = input::secret(path, "seed of the token")?;
        DeviceKeys::from_text(&text, serial).map_err(wrong)
    }
}

impl Held {
    /// Takes the device, lets time go by, does something, keeps it, and shows its screen.
    fn use_it(
        &self,
        out: Output,
        act: impl FnOnce(&mut Device, UnixTime) -> Result<(), Refusal>,
    ) -> Result<Exit, Failure> {
        let mut file =
            StateFile::open(&self.state).map_err(|error| state_failure(&self.state, error))?;
        let at = self.at.unwrap_or_else(now);
        file.device.pass(at);
        let done = act(&mut file.device, at);
        file.save().map_err(|error| state_failure(&self.state, error))?;
        show(out, &seen(&file.device, done))?;
        match done {
            Ok(()) => Ok(Exit::Ok),
            Err(Refusal::NotLooking) => Err(not_looking()),
            Err(_) => Ok(Exit::Refused),
        }
    }
}

impl Scan {
    fn run(&self, out: Output) -> Result<Exit, Failure> {
        let text = match (&self.image, &self.text) {
            (Some(path), _) => read_picture(path)?,
            (None, Some(text)) => text.clone(),
            (None, None) => from_stdin()?,
        };
        self.held.use_it(out, |device, at| device.scan(&text, at))
    }
}

impl Press {
    fn run(&self, out: Output) -> Result<Exit, Failure> {
        let hold = self.hold.unwrap_or(self.button.usual_hold());
        self.held.use_it(out, |device, at| {
            device.press(self.button, hold, at);
            Ok(())
        })
    }
}

/// The screen after an attempt to scan. That the camera did not look changes no screen, so it is
/// said beside it.
fn seen(device: &Device, scanned: Result<(), Refusal>) -> Screen {
    let screen = device.screen();
    let refusal = scanned.err().map(Refusal::word);
    Screen { refusal: refusal.or(screen.refusal), ..screen }
}

fn show(out: Output, screen: &Screen) -> Result<(), Failure> {
    out.show(screen, ToString::to_string)
}

fn not_looking() -> Failure {
    let rule = "the camera is not on: switch the token on, or press on to the screen that scans";
    Failure::new(Exit::Refused, rule)
}

/// Why a picture gives no text.
#[derive(Debug, thiserror::Error)]
enum LookError {
    /// Look at path and permissions.
    #[error("the picture can not be read")]
    File(#[from] io::Error),
    /// Give another picture.
    #[error(transparent)]
    Picture(#[from] PictureError),
}

/// The text of the QR code in a picture.
fn look(path: &Path) -> Result<String, LookError> {
    Ok(picture::read(BufReader::new(File::open(path)?))?)
}

/// The same, for a command that can not go on without it.
fn read_picture(path: &Path) -> Result<String, Failure> {
    look(path).map_err(|error| match &error {
        LookError::File(error) => input::unreadable(path, error),
        LookError::Picture(PictureError::Malformed(_) | PictureError::TooLarge) => {
            Failure::because(Exit::Usage, path.display().to_string(), &error)
        }
        LookError::Picture(PictureError::NoCode | PictureError::Several) => {
            Failure::because(Exit::Refused, path.display().to_string(), &error)
        }
    })
}

/// One line. A blank at its end may be part of the code.
fn from_stdin() -> Result<String, Failure> {
    let most = u64::try_from(qr_text::MAX_CHARS.saturating_mul(2)).unwrap_or(u64::MAX);
    let mut text = String::new();
    io::stdin()
        .take(most)
        .read_to_string(&mut text)
        .map_err(|error| Failure::because(Exit::Usage, "standard input", &error))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// What is wrong with a token's file.
fn state_failure(path: &Path, error: StateError) -> Failure {
    match error {
        StateError::Io(error) => input::unreadable(path, &error),
        StateError::Permissions => {
            Failure::new(Exit::Config, format!("{}: {error}", path.display()))
        }
        StateError::Busy => Failure::new(Exit::Refused, format!("{}: {error}", path.display())),
        StateError::Damaged => Failure::new(Exit::Usage, format!("{}: {error}", path.display())),
    }
}
