//! `warifu token camera run`: the device in a terminal.
//!
//! Not responsible for: the terminal's modes (`terminal`) and what keys mean (`typing`).

use std::{io, path::PathBuf, time::Duration};

use clap::Args;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::interval,
};
use warifu_token::camera::{Refusal, StateFile};

use super::{
    look, state_failure,
    terminal::{COLUMNS, Terminal, TerminalError, keys},
    typing::{Typing, Wish},
};
use crate::{
    commands::token::now,
    exit::{EXIT_CODES, Exit, Failure},
    output::{Output, clean},
};

/// Use the token in this terminal.
///
/// Keys: `p` holds power for two seconds, `l` or the left arrow is left, `r` or the right arrow is
/// right, `b` is left and power together. Paste the text of a code to scan it, or press `t` and type
/// it; `i` asks for a picture. `q` leaves; the token stays as it is.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu token camera run --state token.json

{EXIT_CODES}"))]
pub(crate) struct Run {
    /// File that the token is kept in
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
}

const KEYS: [&str; 2] = [
    "p power   l left   r right   b left+power   q quit",
    "paste a code to scan it, or: t text   i picture",
];
/// How often the clock is looked at: the screen goes dark, and time runs out.
const TICK: Duration = Duration::from_millis(250);

/// A device on the terminal.
struct Session {
    file: StateFile,
    path: PathBuf,
    typing: Typing,
    /// What the last attempt to scan came to, where the screen does not say it.
    note: String,
    drawn: Vec<String>,
}

impl Run {
    pub(crate) async fn run(&self, out: Output) -> Result<Exit, Failure> {
        if out.is_json() {
            let rule =
                "`run` draws for people; `warifu token camera script --json` is for programs";
            return Err(Failure::new(Exit::Usage, rule));
        }
        let file =
            StateFile::open(&self.state).map_err(|error| state_failure(&self.state, error))?;
        let mut session = Session {
            file,
            path: self.state.clone(),
            typing: Typing::default(),
            note: String::new(),
            drawn: Vec::new(),
        };
        let terminal = Terminal::begin().map_err(|error| {
            let exit = if matches!(error, TerminalError::Io(_)) { Exit::Bug } else { Exit::Usage };
            Failure::because(exit, "terminal", &error)
        })?;
        let ended = session.play().await;
        drop(terminal);
        ended
    }
}

impl Session {
    async fn play(&mut self) -> Result<Exit, Failure> {
        let mut typed = keys()?;
        let mut ticks = interval(TICK);
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let mut resized = signal(SignalKind::window_change())?;
        loop {
            self.draw()?;
            let bytes = tokio::select! {
                bytes = typed.recv() => bytes,
                _ = ticks.tick() => Some(Vec::new()),
                _ = resized.recv() => {
                    self.drawn.clear();
                    Some(Vec::new())
                }
                _ = terminate.recv() => return Ok(Exit::Interrupted),
                _ = hang_up.recv() => return Ok(Exit::Interrupted),
            };
            let Some(bytes) = bytes else { return Ok(Exit::Ok) };
            for byte in bytes {
                match self.typing.feed(byte) {
                    None => {}
                    Some(Wish::Quit) => return Ok(Exit::Ok),
                    Some(Wish::Interrupt) => return Ok(Exit::Interrupted),
                    Some(wish) => self.grant(wish)?,
                }
            }
        }
    }

    /// Does what the person wants, and keeps what came of it.
    fn grant(&mut self, wish: Wish) -> Result<(), Failure> {
        self.note.clear();
        let device = &mut self.file.device;
        let text = match wish {
            Wish::Press(button) => {
                device.press(button, button.usual_hold(), now());
                None
            }
            Wish::Scan(text) => Some(text),
            Wish::Picture(path) => match look(&path) {
                Ok(text) => Some(text),
                Err(error) => {
                    self.note = error.to_string();
                    None
                }
            },
            Wish::Quit | Wish::Interrupt => None,
        };
        if let Some(text) = text
            && device.scan(&text, now()) == Err(Refusal::NotLooking)
        {
            "the camera is not on".clone_into(&mut self.note);
        }
        self.file.save().map_err(|error| state_failure(&self.path, error))
    }

    /// Draws what has changed.
    fn draw(&mut self) -> io::Result<()> {
        let device = &mut self.file.device;
        device.pass(now());
        let screen = device.screen().to_string();
        let mut rows: Vec<_> = screen.lines().map(str::to_owned).collect();
        rows.extend(KEYS.map(str::to_owned));
        rows.push(match self.typing.line() {
            Some((name, text)) => tail(&format!("{name}: "), &clean(&text)),
            None => tail("", &clean(&self.note)),
        });
        if rows != self.drawn {
            Terminal::draw(&rows)?;
            self.drawn = rows;
        }
        Ok(())
    }
}

/// A line with the end of its text, as much as stays in one row.
fn tail(start: &str, text: &str) -> String {
    let room = usize::from(COLUMNS).saturating_sub(start.chars().count());
    let surplus = text.chars().count().saturating_sub(room);
    start.chars().chain(text.chars().skip(surplus)).collect()
}
