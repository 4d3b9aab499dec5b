//! Messages to camera tokens, shown so that a camera can read them: half blocks in the terminal, a
//! picture in a file, the text for the virtual token.
//!
//! Not responsible for: what the messages say.

use std::{
    fs::File,
    io::{self, ErrorKind, IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Args;
use qrcodegen::{QrCode, QrCodeEcc, QrSegment, Version};
use rustix::termios::tcgetwinsize;
use warifu_api::{
    Language,
    challenge::{Image, Message},
};

use crate::{
    exit::{Exit, Failure},
    input::unreadable,
    output::clean,
    output_file::{OutputFile, unwritable},
};

/// Light modules around the code (ISO/IEC 18004 demands four).
const QUIET: i32 = 4;

/// The largest code that the server makes.
const LARGEST: u8 = 15;

/// With what a PNG file begins.
const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// Where the picture goes, besides the terminal.
#[derive(Args, Clone, Debug)]
pub(crate) struct Picture {
    /// Also write the picture (PNG) to this file; an earlier picture there is replaced
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
}

impl Picture {
    /// Which picture to ask the server for.
    pub(crate) const fn wanted(&self) -> Image {
        if self.png.is_some() { Image::Png } else { Image::None }
    }

    /// Whether the file may be written, before anything is asked for: what lies there is a picture, or
    /// nothing.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let Some(path) = &self.png else { return Ok(()) };
        let mut begin = [0; SIGNATURE.len()];
        let read = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(unreadable(path, &error)),
            Ok(mut file) => file.read_exact(&mut begin),
        };
        if read.is_ok() && begin == SIGNATURE { Ok(()) } else { Err(no_picture(path)) }
    }

    /// Writes the picture of a message, where there is one.
    pub(crate) fn keep(&self, message: Option<&Message>) -> Result<(), Failure> {
        let Some(path) = &self.png else { return Ok(()) };
        let Some(image) = message.and_then(|message| message.image.as_ref()) else {
            return Ok(());
        };
        let bytes = STANDARD.decode(image).map_err(|error| {
            Failure::because(Exit::Unavailable, "the server's picture is no base64", &error)
        })?;
        let mut file = OutputFile::create(path, true)?;
        file.file().write_all(&bytes).map_err(|error| unwritable(path, &error))?;
        file.keep()
    }
}

fn no_picture(path: &Path) -> Failure {
    let path = path.display();
    Failure::new(Exit::Refused, format!("{path} exists and is no picture; choose another name"))
}

/// A message for people: the code where it can be shown, and its text.
pub(crate) fn text(message: &Message, language: Language) -> String {
    let (colours, columns) = terminal();
    let drawn = drawing(&message.text, columns, colours).unwrap_or_else(|why| {
        let sentence = match (why, language) {
            (NoDrawing::Narrow(needs), Language::En) => {
                format!("The terminal needs {needs} columns to show the picture; use --png.")
            }
            (NoDrawing::Narrow(needs), Language::Ja) => {
                format!(
                    "二次元コードの表示には{needs}桁の端末が必要です。--png を指定してください。"
                )
            }
            (NoDrawing::Long, Language::En) => "The text is too long for a picture.".to_owned(),
            (NoDrawing::Long, Language::Ja) => "二次元コードに表示できない長さです。".to_owned(),
        };
        sentence + "\n"
    });
    format!("\n{drawn}\n{}\n", clean(&message.text))
}

/// Whether colours are understood, and how wide a line may be.
fn terminal() -> (bool, Option<u16>) {
    if !io::stdout().is_terminal() {
        return (false, None);
    }
    // A terminal that does not know its size says 0.
    let columns = tcgetwinsize(io::stdout()).ok().map(|size| size.ws_col);
    (true, columns.filter(|columns| *columns > 0))
}

/// Why a code is not drawn.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum NoDrawing {
    /// It needs so many columns.
    Narrow(i32),
    /// No code is that large.
    Long,
}

/// Two rows of modules in each line. Light modules are drawn, in white on black where the terminal
/// has colours: whatever its own are, the code is dark on light.
fn drawing(text: &str, columns: Option<u16>, colours: bool) -> Result<String, NoDrawing> {
    let code = encode(text)?;
    let end = code.size() + QUIET;
    let width = end + QUIET;
    if columns.is_some_and(|columns| i32::from(columns) < width) {
        return Err(NoDrawing::Narrow(width));
    }
    let (begin, finish) = if colours { ("\x1b[97;40m", "\x1b[0m") } else { ("", "") };
    let mut drawn = String::new();
    for y in (-QUIET..end).step_by(2) {
        drawn.push_str(begin);
        for x in -QUIET..end {
            // Below the last row the terminal's own background begins.
            let below = y + 1 < end && !code.get_module(x, y + 1);
            drawn.push(match (!code.get_module(x, y), below) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        drawn.extend([finish, "\n"]);
    }
    Ok(drawn)
}

/// As the server draws it: level M, in alphanumeric mode.
fn encode(text: &str) -> Result<QrCode, NoDrawing> {
    let segment = if QrSegment::is_alphanumeric(text) {
        QrSegment::make_alphanumeric(text)
    } else {
        QrSegment::make_bytes(text.as_bytes())
    };
    let (level, largest) = (QrCodeEcc::Medium, Version::new(LARGEST));
    QrCode::encode_segments_advanced(&[segment], level, Version::MIN, largest, None, false)
        .map_err(|_| NoDrawing::Long)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pixel for each module, as a camera would see it: light where something is drawn.
    fn modules(drawn: &str) -> Vec<Vec<bool>> {
        let rows = drawn.lines().flat_map(|line| {
            let upper = line.chars().map(|c| matches!(c, '█' | '▀')).collect();
            let lower = line.chars().map(|c| matches!(c, '█' | '▄')).collect();
            [upper, lower]
        });
        rows.collect()
    }

    #[test]
    fn every_module_is_drawn_where_it_belongs() {
        let code = encode("TXA1:ABC").unwrap();
        let seen = modules(&drawing("TXA1:ABC", None, false).unwrap());
        for (y, row) in (-QUIET..).zip(&seen).take(usize::try_from(code.size() + 8).unwrap()) {
            for (x, light) in (-QUIET..).zip(row) {
                assert_eq!(*light, !code.get_module(x, y), "{x} {y}");
            }
        }
    }

    #[test]
    fn a_narrow_terminal_is_told_what_it_needs() {
        assert_eq!(drawing("TXA1:ABC", Some(28), true), Err(NoDrawing::Narrow(29)));
        let drawn = drawing("TXA1:ABC", Some(29), true).unwrap();
        assert!(drawn.lines().all(|line| line.starts_with("\x1b[97;40m")), "{drawn:?}");
        assert_eq!(drawing(&"A".repeat(5_000), None, false), Err(NoDrawing::Long));
    }

    #[test]
    fn only_pictures_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("qr.png");
        let picture = Picture { png: Some(path.clone()) };
        picture.check().unwrap();
        let image = Some(STANDARD.encode(SIGNATURE));
        let message = Message { text: String::new(), format: None, image, version: 1 };
        picture.keep(Some(&message)).unwrap();
        picture.check().unwrap();
        std::fs::write(&path, "my thesis").unwrap();
        assert!(picture.check().is_err());
    }
}
