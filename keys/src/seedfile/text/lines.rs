//! Lines of a hostile text: UTF-8, no control characters, none too long, each with its number.
//!
//! Not responsible for what a line means. A line may hold a seed: it is wiped when dropped.

use std::io::{self, BufRead, Read as _};

use zeroize::Zeroizing;

use crate::seedfile::code::Code;
use crate::seedfile::options::Limits;
use crate::seedfile::refusal::{Position, Refusal};

/// One line without its end.
pub(in crate::seedfile) struct Line {
    /// From 1.
    pub(in crate::seedfile) number: u64,
    /// Its text.
    pub(in crate::seedfile) text: Zeroizing<String>,
}

impl Line {
    /// Where it stands.
    pub(in crate::seedfile) fn position(&self) -> Position {
        Position { line: self.number, element: String::new() }
    }
}

/// Reads line by line; the first fault refuses the file and ends it.
pub(in crate::seedfile) struct Lines<R> {
    input: R,
    longest: usize,
    number: u64,
    done: bool,
}

impl<R: BufRead> Lines<R> {
    /// Of a text whose byte order mark was taken off.
    pub(in crate::seedfile) const fn new(input: R, limits: &Limits) -> Self {
        Self { input, longest: limits.text_bytes, number: 0, done: false }
    }

    fn read(&mut self) -> Result<Option<Line>, Refusal> {
        let mut bytes = Zeroizing::new(Vec::new());
        let most = u64::try_from(self.longest).unwrap_or(u64::MAX).saturating_add(2);
        let refuse = |number, code, rule: &'static str| {
            let at = Position { line: number, element: String::new() };
            Err(Refusal::new(code, "line", rule).at(at).for_file())
        };
        let number = self.number.saturating_add(1);
        match self.input.by_ref().take(most).read_until(b'\n', &mut bytes) {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return refuse(number, Code::Truncated, "the file can be read to its end");
            }
            Err(_) => return refuse(number, Code::Io, "the file can be read to its end"),
        }
        self.number = number;
        let is_whole = bytes.ends_with(b"\n");
        let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if let Some(code) = forbidden(text) {
            return refuse(number, code, "no NUL and no control characters in a text");
        }
        if text.len() > self.longest || (!is_whole && bytes.len() > self.longest) {
            return refuse(number, Code::LimitText, "a line has at most 64 KiB");
        }
        match std::str::from_utf8(text) {
            Ok(text) => Ok(Some(Line { number, text: Zeroizing::new(text.to_owned()) })),
            Err(_) => refuse(number, Code::EncodingFile, "a text file is UTF-8"),
        }
    }
}

/// Control characters but the tab.
fn forbidden(text: &[u8]) -> Option<Code> {
    text.iter().any(|b| (*b < b' ' && *b != b'\t') || *b == 0x7F).then_some(Code::Nul)
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<Line, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let read = self.read();
        self.done = !matches!(read, Ok(Some(_)));
        read.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<Result<(u64, String), (u64, Code)>> {
        let limits = Limits { text_bytes: 10, ..Limits::default() };
        Lines::new(bytes, &limits)
            .map(|line| match line {
                Ok(line) => Ok((line.number, line.text.to_string())),
                Err(refusal) => Err((refusal.at.line, refusal.code)),
            })
            .collect()
    }

    #[test]
    fn line_ends_of_all_kinds_and_none() {
        let lines = read(b"a\r\n\nb\tc");
        let texts = [(1, "a"), (2, ""), (3, "b\tc")].map(|(n, text)| Ok((n, text.to_owned())));
        assert_eq!(lines, texts);
    }

    #[test]
    fn the_first_fault_ends_it() {
        assert_eq!(read(b"a\n\0b\nc"), [Ok((1, "a".to_owned())), Err((2, Code::Nul))]);
        assert_eq!(read(b"\xE9\nc"), [Err((1, Code::EncodingFile))]);
        assert_eq!(read(&[b'x'; 1000]), [Err((1, Code::LimitText))]);
        assert_eq!(read(b"0123456789\r\n").len(), 1);
        assert_eq!(read(b"01234567890\n"), [Err((1, Code::LimitText))]);
    }
}
