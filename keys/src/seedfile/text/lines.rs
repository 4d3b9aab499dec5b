//! Lines of a hostile text: UTF-8, no control characters, none too long, each with its number.
//!
//! Not responsible for what a line means. A line may hold a seed: it is wiped when dropped.

use std::io::{self, BufRead, Read as _};

use zeroize::Zeroizing;

use crate::seedfile::code::Code;
use crate::seedfile::options::Limits;
use crate::seedfile::refusal::{Position, Refusal};

/// One line without its end.
pub(in crate::seedfile) struct Line<'a> {
    /// From 1.
    pub(in crate::seedfile) number: u64,
    /// Its text.
    pub(in crate::seedfile) text: &'a str,
}

impl Line<'_> {
    /// Where it stands.
    pub(in crate::seedfile) fn position(&self) -> Position {
        at(self.number)
    }
}

/// Reads line by line; the first fault refuses the file and ends it.
pub(in crate::seedfile) struct Lines<R> {
    input: R,
    longest: usize,
    number: u64,
    /// Holds one line at a time; never grows, so that no copy of a seed is left behind.
    buffer: Zeroizing<Vec<u8>>,
    is_done: bool,
}

impl<R: BufRead> Lines<R> {
    /// Of a text whose byte order mark was taken off.
    pub(in crate::seedfile) fn new(input: R, limits: &Limits) -> Self {
        let longest = limits.text_bytes;
        let buffer = Zeroizing::new(Vec::with_capacity(longest.saturating_add(LINE_END)));
        Self { input, longest, number: 0, buffer, is_done: false }
    }

    /// The next line, which the one after it overwrites.
    pub(in crate::seedfile) fn next_line(&mut self) -> Option<Result<Line<'_>, Refusal>> {
        if self.is_done {
            return None;
        }
        let number = self.number.saturating_add(1);
        self.number = number;
        self.is_done = true;
        match self.fill() {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => {
                let is_cut = error.kind() == io::ErrorKind::InvalidData;
                let code = if is_cut { Code::Truncated } else { Code::Io };
                return Some(Err(refuse(number, code, "the file can be read to its end")));
            }
        }
        let line = judge(&self.buffer, self.longest);
        self.is_done = line.is_err();
        Some(match line {
            Ok(text) => Ok(Line { number, text }),
            Err((code, rule)) => Err(refuse(number, code, rule)),
        })
    }

    fn fill(&mut self) -> io::Result<usize> {
        self.buffer.clear();
        let most = self.longest.saturating_add(LINE_END);
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        self.input.by_ref().take(most).read_until(b'\n', &mut self.buffer)
    }
}

/// Octets of the longest line end.
const LINE_END: usize = 2;

/// The text of a line, or what is wrong with it.
fn judge(bytes: &[u8], longest: usize) -> Result<&str, (Code, &'static str)> {
    let whole = bytes.strip_suffix(b"\n");
    let text = whole.map_or(bytes, |text| text.strip_suffix(b"\r").unwrap_or(text));
    if let Some(code) = forbidden(text) {
        return Err((code, "no NUL and no control characters in a text"));
    }
    if text.len() > longest {
        return Err((Code::LimitText, "a line has at most 64 KiB"));
    }
    std::str::from_utf8(text).map_err(|_| (Code::EncodingFile, "a text file is UTF-8"))
}

fn refuse(number: u64, code: Code, rule: &'static str) -> Refusal {
    Refusal::new(code, "line", rule).at(at(number)).for_file()
}

const fn at(line: u64) -> Position {
    Position { line, element: String::new() }
}

/// Control characters but the tab.
fn forbidden(text: &[u8]) -> Option<Code> {
    text.iter().any(|b| (*b < b' ' && *b != b'\t') || *b == 0x7F).then_some(Code::Nul)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<Result<(u64, String), (u64, Code)>> {
        let limits = Limits { text_bytes: 10, ..Limits::default() };
        let mut lines = Lines::new(bytes, &limits);
        let mut read = Vec::new();
        while let Some(line) = lines.next_line() {
            read.push(match line {
                Ok(line) => Ok((line.number, line.text.to_owned())),
                Err(refusal) => Err((refusal.at.line, refusal.code)),
            });
        }
        read
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
