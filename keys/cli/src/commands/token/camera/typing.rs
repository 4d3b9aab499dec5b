//! From bytes of a terminal to what the person wants of the device.
//!
//! Not responsible for: reading the bytes, or drawing.

use std::{ffi::OsString, mem, os::unix::ffi::OsStringExt as _, path::PathBuf};

use warifu_token::camera::Button;

/// What the person wants.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Wish {
    /// Press a button.
    Press(Button),
    /// Hold a text before the camera.
    Scan(String),
    /// Hold a picture before the camera.
    Picture(PathBuf),
    /// Leave.
    Quit,
    /// Ctrl-C.
    Interrupt,
}

/// What has been typed and is not finished.
#[derive(Debug, Default)]
pub(super) struct Typing {
    mode: Mode,
    line: Vec<u8>,
    /// An escape sequence so far, without its first byte.
    escape: Option<Vec<u8>>,
    /// A paste under way.
    paste: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Mode {
    /// Each key is a button.
    #[default]
    Keys,
    /// A line with the text of a code.
    Text,
    /// A line with the name of a picture.
    File,
}

const ESCAPE: u8 = 0x1B;
const CTRL_C: u8 = 0x03;
const CTRL_D: u8 = 0x04;
const CTRL_U: u8 = 0x15;
/// The end of a paste (bracketed paste of xterm).
const PASTE_END: &[u8] = b"\x1b[201~";
/// No line, paste or sequence is longer.
const MOST: usize = 4096;

impl Typing {
    /// The line under way, for the prompt: what it is, and its text.
    pub(super) fn line(&self) -> Option<(&'static str, String)> {
        let name = match self.mode {
            Mode::Keys => return None,
            Mode::Text => "text of the code",
            Mode::File => "picture (PNG)",
        };
        Some((name, String::from_utf8_lossy(&self.line).into_owned()))
    }

    /// Takes a byte.
    pub(super) fn feed(&mut self, byte: u8) -> Option<Wish> {
        if self.paste.is_some() {
            return self.pasted(byte);
        }
        if byte == CTRL_C {
            return Some(Wish::Interrupt);
        }
        if self.escape.is_some() || byte == ESCAPE {
            return self.escaped(byte);
        }
        if self.mode == Mode::Keys { self.key(byte) } else { self.typed(byte) }
    }

    fn key(&mut self, byte: u8) -> Option<Wish> {
        match byte {
            b'p' => Some(Wish::Press(Button::Power)),
            b'l' => Some(Wish::Press(Button::Left)),
            b'r' => Some(Wish::Press(Button::Right)),
            b'b' => Some(Wish::Press(Button::LeftPower)),
            b'q' | CTRL_D => Some(Wish::Quit),
            b'i' => self.begin(Mode::File, &[]),
            b't' => self.begin(Mode::Text, &[]),
            // A paste on a terminal that does not mark pastes begins with TXA1.
            b'T' => self.begin(Mode::Text, b"T"),
            _ => None,
        }
    }

    fn begin(&mut self, mode: Mode, with: &[u8]) -> Option<Wish> {
        self.mode = mode;
        self.line = with.to_vec();
        None
    }

    /// A byte of a line; deleting beyond its beginning, or Ctrl-U, leaves it.
    fn typed(&mut self, byte: u8) -> Option<Wish> {
        match byte {
            b'\r' | b'\n' => return self.entered(),
            0x7F | 0x08 if self.line.is_empty() => self.mode = Mode::Keys,
            0x7F | 0x08 => self.delete(),
            CTRL_U => {
                self.line.clear();
                self.mode = Mode::Keys;
            }
            byte if byte >= b' ' && self.line.len() < MOST => self.line.push(byte),
            _ => {}
        }
        None
    }

    /// The last character, all its bytes.
    fn delete(&mut self) {
        while self.line.pop().is_some_and(|byte| byte & 0xC0 == 0x80) {}
    }

    fn entered(&mut self) -> Option<Wish> {
        let line = mem::take(&mut self.line);
        match mem::take(&mut self.mode) {
            _ if line.is_empty() => None,
            Mode::Keys => None,
            Mode::Text => Some(Wish::Scan(text(&line))),
            Mode::File => {
                let name = line.trim_ascii().to_vec();
                Some(Wish::Picture(OsString::from_vec(name).into()))
            }
        }
    }

    /// Arrows are buttons; the beginning of a paste is noted; all other sequences are ignored.
    fn escaped(&mut self, byte: u8) -> Option<Wish> {
        let Some(escape) = self.escape.as_mut().filter(|_| byte != ESCAPE) else {
            self.escape = Some(Vec::new());
            return None;
        };
        escape.push(byte);
        let open = escape.len() == 1 && matches!(byte, b'[' | b'O');
        let parameter = escape.len() > 1 && matches!(byte, b'0'..=b'?');
        if (open || parameter) && escape.len() < MOST {
            return None;
        }
        let escape = self.escape.take().unwrap_or_default();
        match (escape.as_slice(), self.mode) {
            (b"[200~", _) => self.paste = Some(Vec::new()),
            (b"[D" | b"OD", Mode::Keys) => return Some(Wish::Press(Button::Left)),
            (b"[C" | b"OC", Mode::Keys) => return Some(Wish::Press(Button::Right)),
            _ => {}
        }
        None
    }

    /// A whole paste is a scan; in a line it is a part of the line.
    fn pasted(&mut self, byte: u8) -> Option<Wish> {
        let paste = self.paste.as_mut()?;
        paste.push(byte);
        let end = paste.len().saturating_sub(PASTE_END.len());
        if !paste.ends_with(PASTE_END) {
            // Its end is kept, so that it can be seen.
            if paste.len() > MOST {
                paste.remove(0);
            }
            return None;
        }
        let mut paste = self.paste.take().unwrap_or_default();
        paste.truncate(end);
        if self.mode == Mode::Keys {
            return Some(Wish::Scan(text(&paste)));
        }
        paste.retain(|byte| *byte >= b' ');
        let room = MOST.saturating_sub(self.line.len());
        self.line.extend(paste.into_iter().take(room));
        None
    }
}

/// A text without the line ends around it. Blanks stay: they may be part of a code.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_matches(['\r', '\n']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(bytes: &[u8]) -> Vec<Wish> {
        let mut typing = Typing::default();
        bytes.iter().filter_map(|byte| typing.feed(*byte)).collect()
    }

    #[test]
    fn keys_and_arrows_are_buttons() {
        use Button::{Left, LeftPower, Power, Right};
        let pressed = [Power, Left, Right, LeftPower, Left, Right, Left].map(Wish::Press);
        assert_eq!(wishes(b"plrb\x1b[D\x1b[C\x1bODx"), pressed);
        assert_eq!(wishes(b"q\x04\x03"), [Wish::Quit, Wish::Quit, Wish::Interrupt]);
        assert_eq!(wishes(b"\x1b[A\x1b[1;5C\x1b[15~r"), [Wish::Press(Right)]);
        assert_eq!(wishes(b"\x1b\x1b[C"), [Wish::Press(Right)]);
    }

    #[test]
    fn texts_and_pictures_are_lines() {
        assert_eq!(wishes(b"tTXA1:AB \n"), [Wish::Scan("TXA1:AB ".to_owned())]);
        assert_eq!(wishes(b"TXA1:LPR\r"), [Wish::Scan("TXA1:LPR".to_owned())]);
        assert_eq!(
            wishes("i qr\u{3042}x\x7f\x7f 1.png\n".as_bytes()),
            [Wish::Picture("qr 1.png".into())]
        );
        assert_eq!(wishes(b"i\nt\x7fr"), [Wish::Press(Button::Right)]);
        assert_eq!(wishes(b"iabc\x15r"), [Wish::Press(Button::Right)]);
        assert_eq!(wishes(b"iab\x03"), [Wish::Interrupt]);
    }

    #[test]
    fn a_paste_is_one_text() {
        let paste = b"\x1b[200~TXA1:pq\n\x1b[201~r";
        let wishes_of = wishes(paste);
        assert_eq!(wishes_of, [Wish::Scan("TXA1:pq".to_owned()), Wish::Press(Button::Right)]);
        assert_eq!(
            wishes(b"i\x1b[200~/tmp/qr.png\x1b[201~\n"),
            [Wish::Picture("/tmp/qr.png".into())]
        );
    }

    #[test]
    fn nothing_grows_without_bound() {
        let mut typing = Typing::default();
        typing.feed(b't');
        (0..2 * MOST).for_each(|_| assert!(typing.feed(b'A').is_none()));
        assert_eq!(typing.line.len(), MOST);
        let mut typing = Typing::default();
        b"\x1b[200~".iter().for_each(|byte| assert!(typing.feed(*byte).is_none()));
        (0..2 * MOST).for_each(|_| assert!(typing.feed(b'A').is_none()));
        assert!(typing.paste.as_ref().is_some_and(|paste| paste.len() <= MOST));
        let ended: Vec<_> = PASTE_END.iter().filter_map(|byte| typing.feed(*byte)).collect();
        assert!(matches!(ended.as_slice(), [Wish::Scan(_)]));
    }
}
