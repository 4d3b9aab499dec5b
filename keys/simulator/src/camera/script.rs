//! A line of a script: what a tester does with the device.
//!
//! Not responsible for: doing it, or reading pictures.

use std::path::PathBuf;

use thiserror::Error;

use super::button::{Button, Hold};

/// One line. Empty lines, and lines that begin with `#`, do nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Line {
    /// Nothing.
    Empty,
    /// `press BUTTON [SECONDS]`.
    Press(Button, Hold),
    /// `scan TXA1:...`: the text of a QR code.
    Scan(String),
    /// `picture FILE`: a picture (PNG) of a QR code.
    Picture(PathBuf),
    /// `wait SECONDS`: time goes by, at once.
    Wait(u64),
    /// `show`: nothing but the screen.
    Show,
}

/// Why a line is none.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum LineError {
    /// Correct the first word.
    #[error("a line is press, scan, picture, wait or show")]
    Word,
    /// Correct the button.
    #[error("a button is power, left, right or left+power")]
    Button,
    /// Correct the number.
    #[error("a time is a number of seconds, as 91s")]
    Seconds,
    /// Say what to scan.
    #[error("the text or the file to scan is missing")]
    Missing,
    /// Take away what stands behind it.
    #[error("the line has more words than it can have")]
    TooMuch,
}

impl Line {
    /// Reads a line without its end.
    pub fn parse(line: &str) -> Result<Self, LineError> {
        let line = line.trim_start();
        if line.trim_end().is_empty() || line.starts_with('#') {
            return Ok(Self::Empty);
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            // A blank at the end may be part of a Base45 text.
            "scan" if !rest.is_empty() => Ok(Self::Scan(rest.to_owned())),
            "picture" if !rest.trim().is_empty() => Ok(Self::Picture(rest.trim().into())),
            "scan" | "picture" => Err(LineError::Missing),
            "press" => press(rest),
            "wait" => wait(rest),
            "show" if rest.trim().is_empty() => Ok(Self::Show),
            "show" => Err(LineError::TooMuch),
            _ => Err(LineError::Word),
        }
    }
}

fn press(rest: &str) -> Result<Line, LineError> {
    let mut words = rest.split_whitespace();
    let button = words.next().unwrap_or_default();
    let button: Button = button.parse().map_err(|_| LineError::Button)?;
    let hold = match words.next() {
        Some(text) => text.parse().map_err(|_| LineError::Seconds)?,
        None => button.usual_hold(),
    };
    if words.next().is_some() {
        return Err(LineError::TooMuch);
    }
    Ok(Line::Press(button, hold))
}

fn wait(rest: &str) -> Result<Line, LineError> {
    let rest = rest.trim();
    let number = rest.strip_suffix('s').unwrap_or(rest);
    let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = number.parse().ok().filter(|_| plain);
    seconds.map(Line::Wait).ok_or(LineError::Seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        assert_eq!(Line::parse(""), Ok(Line::Empty));
        assert_eq!(Line::parse("  # on"), Ok(Line::Empty));
        assert_eq!(Line::parse("press power"), Ok(Line::Press(Button::Power, Hold::SWITCH)));
        assert_eq!(Line::parse("press power 1s"), Ok(Line::Press(Button::Power, Hold(1))));
        assert_eq!(Line::parse("press right"), Ok(Line::Press(Button::Right, Hold(0))));
        assert_eq!(Line::parse("wait 91s"), Ok(Line::Wait(91)));
        assert_eq!(Line::parse("picture qr 1.png"), Ok(Line::Picture("qr 1.png".into())));
        assert_eq!(Line::parse("show"), Ok(Line::Show));
    }

    #[test]
    fn a_blank_at_the_end_of_a_scanned_text_stays() {
        assert_eq!(Line::parse("scan TXA1:A "), Ok(Line::Scan("TXA1:A ".to_owned())));
    }

    #[test]
    fn other_lines_are_refused() {
        for (line, error) in [
            ("push right", LineError::Word),
            ("press", LineError::Button),
            ("press up", LineError::Button),
            ("press right now", LineError::Seconds),
            ("press right 1 1", LineError::TooMuch),
            ("wait", LineError::Seconds),
            ("wait -1s", LineError::Seconds),
            ("scan", LineError::Missing),
            ("picture ", LineError::Missing),
            ("show me", LineError::TooMuch),
        ] {
            assert_eq!(Line::parse(line), Err(error), "{line}");
        }
    }
}
