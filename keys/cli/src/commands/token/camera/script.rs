//! `warifu token camera script`: a script presses the buttons.
//!
//! Not responsible for: what a line means (`warifu_token::camera`).

use std::io::{self, BufRead as _};

use clap::Args;
use warifu_core::time::UnixTime;
use warifu_token::camera::{Device, Line, Refusal, StateFile};

use super::{Held, read_picture, seen, show, state_failure};
use crate::{
    commands::token::now,
    exit::{EXIT_CODES, Exit, Failure},
    output::{Output, clean, print},
};

/// Play lines from standard input.
///
/// A line is `press BUTTON [SECONDS]`, `scan TEXT`, `picture FILE`, `wait SECONDS` or `show`; empty
/// lines and those with `#` are skipped. Time stands still but for `wait`, which passes at once.
/// After each line the screen is shown, with `--json` one object per line. A code that the device
/// refuses is no fault of the script: the screen says it. A line that is none ends the script.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  printf 'press power\\npicture qr.png\\n' | warifu token camera script --state token.json
  warifu token camera script --state token.json --at 2026-11-21T13:30:00Z --json < steps.txt

{EXIT_CODES}"))]
pub(crate) struct Script {
    #[command(flatten)]
    held: Held,
}

impl Script {
    pub(crate) fn run(&self, out: Output) -> Result<Exit, Failure> {
        let path = &self.held.state;
        let mut file = StateFile::open(path).map_err(|error| state_failure(path, error))?;
        let mut time = self.held.at.unwrap_or_else(now);
        for (number, text) in (1..).zip(io::stdin().lock().lines()) {
            let text =
                text.map_err(|error| Failure::because(Exit::Usage, "standard input", &error))?;
            let line = Line::parse(text.trim_end_matches('\r'))
                .map_err(|error| Failure::because(Exit::Usage, format!("line {number}"), &error))?;
            if line == Line::Empty {
                continue;
            }
            let done = play(&mut file.device, &mut time, &line)?;
            file.save().map_err(|error| state_failure(path, error))?;
            if !out.is_json() {
                print(&format!("> {}", clean(&text)))?;
            }
            show(out, &seen(&file.device, done))?;
        }
        Ok(Exit::Ok)
    }
}

fn play(
    device: &mut Device,
    time: &mut UnixTime,
    line: &Line,
) -> Result<Result<(), Refusal>, Failure> {
    match line {
        Line::Empty | Line::Show => device.pass(*time),
        Line::Press(button, hold) => device.press(*button, *hold, *time),
        Line::Scan(text) => return Ok(device.scan(text, *time)),
        Line::Picture(path) => return Ok(device.scan(&read_picture(path)?, *time)),
        Line::Wait(seconds) => {
            time.0 = time.0.saturating_add(*seconds);
            device.pass(*time);
        }
    }
    Ok(Ok(()))
}
