//! The byte-level gate in front of the XML reader: UTF-8, control characters, line numbers, and a
//! budget per event, so that nothing can make the reader buffer without end.
//!
//! Not responsible for XML: it only knows bytes.

use std::io::{self, BufRead, Read};

use memchr::memchr_iter;

use super::code::Code;

/// Most bytes handed on at once, so that the budget is checked often.
const CHUNK: usize = 4096;

/// Counts and checks every byte that the XML reader consumes.
pub(super) struct Gate<R> {
    inner: R,
    seen: Seen,
    ended: bool,
}

/// What the consumed bytes looked like. Judged byte by byte and only up to the first fault, so that
/// the verdict does not depend on how the bytes arrive.
struct Seen {
    budget: usize,
    max_attributes: usize,
    line: u64,
    event_len: usize,
    event_equals: usize,
    event_blank: bool,
    partial: Vec<u8>,
    fault: Option<(Code, u64)>,
}

impl<R: BufRead> Gate<R> {
    /// A gate that lets `budget` bytes through per event.
    pub(super) fn new(inner: R, budget: usize, max_attributes: usize) -> Self {
        let seen = Seen {
            budget,
            max_attributes,
            line: 1,
            event_len: 0,
            event_equals: 0,
            event_blank: true,
            partial: Vec::new(),
            fault: None,
        };
        Self { inner, seen, ended: false }
    }

    /// Line of the next byte, from 1.
    pub(super) fn line(&self) -> u64 {
        self.seen.line
    }

    /// Bytes that are already at hand, at most so many, without consuming them.
    pub(super) fn peek(&mut self, most: usize) -> &[u8] {
        let bytes = if self.seen.fault.is_none() { self.inner.fill_buf().ok() } else { None };
        let bytes = bytes.unwrap_or_default();
        bytes.get(..most).unwrap_or(bytes)
    }

    /// Whether the end of the input was reached.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Forgets the last event's size: the next one begins.
    pub(super) fn next_event(&mut self) {
        self.seen.event_len = 0;
        self.seen.event_equals = 0;
        self.seen.event_blank = true;
    }

    /// The first thing wrong with the bytes read so far, and its line.
    pub(super) fn fault(&self) -> Option<(Code, u64)> {
        let cut = self.ended && !self.seen.partial.is_empty();
        self.seen.fault.or(cut.then_some((Code::XmlEncoding, self.seen.line)))
    }
}

impl Seen {
    fn look(&mut self, bytes: &[u8]) {
        if self.take_plain(bytes) {
            return;
        }
        for &byte in bytes {
            if self.fault.is_some() {
                return;
            }
            self.fault = self.judge(byte).map(|code| (code, self.line));
        }
    }

    /// Takes bytes in that are all printable ASCII or blanks and within the budget, which most are:
    /// nothing can be wrong with them. `false` where each has to be judged.
    fn take_plain(&mut self, bytes: &[u8]) -> bool {
        let event_len = self.event_len.saturating_add(bytes.len());
        let is_new = self.fault.is_none() && self.partial.is_empty();
        if !is_new || event_len > self.budget || !is_plain(bytes) {
            return false;
        }
        let count = |wanted: u8| memchr_iter(wanted, bytes).count();
        self.event_len = event_len;
        self.event_equals = self.event_equals.saturating_add(count(b'='));
        self.line = self.line.saturating_add(u64::try_from(count(b'\n')).unwrap_or(u64::MAX));
        self.event_blank = self.event_blank && bytes.iter().all(|byte| is_blank(*byte));
        true
    }

    /// Takes one byte in; the class of what is wrong with it.
    fn judge(&mut self, byte: u8) -> Option<Code> {
        if self.event_len >= self.budget {
            return Some(self.flood());
        }
        self.event_len = self.event_len.saturating_add(1);
        if byte >= 0x80 || !self.partial.is_empty() {
            self.event_blank = false;
            return self.judge_character(byte);
        }
        match byte {
            b'\n' => self.line = self.line.saturating_add(1),
            b' ' | b'\t' | b'\r' => {}
            0 => return Some(Code::Nul),
            1..=0x1F => return Some(Code::XmlSyntax),
            b'=' => {
                self.event_equals = self.event_equals.saturating_add(1);
                self.event_blank = false;
            }
            _ => self.event_blank = false,
        }
        None
    }

    /// Completes a character of several bytes.
    fn judge_character(&mut self, byte: u8) -> Option<Code> {
        self.partial.push(byte);
        match std::str::from_utf8(&self.partial) {
            Ok(_) => self.partial.clear(),
            Err(e) if e.error_len().is_some() => return Some(Code::XmlEncoding),
            Err(_) => {}
        }
        None
    }

    /// What an event that does not end consists of.
    fn flood(&self) -> Code {
        match () {
            () if self.event_blank => Code::LimitSize,
            () if self.event_equals > self.max_attributes => Code::LimitAttrs,
            () => Code::LimitText,
        }
    }
}

/// Without a branch in it, so that many bytes are looked at together.
fn is_plain(bytes: &[u8]) -> bool {
    let is_odd = |byte: u8| (byte & 0x80) | u8::from((byte < 0x20) & !is_blank(byte));
    bytes.iter().fold(0, |odd, byte| odd | is_odd(*byte)) == 0
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

impl<R: BufRead> BufRead for Gate<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.seen.fault.is_some() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "refused by the byte gate"));
        }
        let bytes = self.inner.fill_buf()?;
        self.ended = bytes.is_empty();
        Ok(bytes.get(..CHUNK).unwrap_or(bytes))
    }

    fn consume(&mut self, amount: usize) {
        // The bytes are still buffered: this call does not read, and its error was reported before.
        if let Ok(bytes) = self.inner.fill_buf() {
            self.seen.look(bytes.get(..amount).unwrap_or(bytes));
        }
        self.inner.consume(amount);
    }
}

impl<R: BufRead> Read for Gate<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let amount = bytes.len().min(out.len());
        out.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        self.consume(amount);
        Ok(amount)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy as _, any, prop, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    fn drain(bytes: &[u8], chunk: usize, budget: usize) -> (Option<(Code, u64)>, u64) {
        let reader = io::BufReader::with_capacity(chunk, bytes);
        let mut gate = Gate::new(reader, budget, 8);
        while let Ok(n) = gate.fill_buf().map(<[u8]>::len) {
            if n == 0 {
                break;
            }
            gate.consume(n);
        }
        (gate.fault(), gate.line())
    }

    #[test]
    fn characters_may_be_cut_anywhere() {
        for chunk in 1..6 {
            assert_eq!(drain("割符\né\u{1F600}".as_bytes(), chunk, 99), (None, 2), "{chunk}");
        }
    }

    #[test]
    fn faults_are_named_with_their_line_however_the_bytes_arrive() {
        let cases: &[(&[u8], Code, u64)] = &[
            (b"ab\n\xE9cd\n\n", Code::XmlEncoding, 2),
            (b"ab\xE5\x89", Code::XmlEncoding, 1),
            (b"\na\0b\n\xE9", Code::Nul, 2),
            (b"a\x08b\n", Code::XmlSyntax, 1),
            (&[b' '; 200], Code::LimitSize, 1),
            (&b" a=1".repeat(50), Code::LimitAttrs, 1),
            (&[b'x'; 200], Code::LimitText, 1),
        ];
        for (bytes, code, line) in cases {
            for chunk in [1, 2, 7, 500] {
                assert_eq!(drain(bytes, chunk, 99).0, Some((*code, *line)), "{code} {chunk}");
            }
        }
    }

    fn seen(budget: usize) -> Seen {
        Gate::new(io::empty(), budget, 4).seen
    }

    fn found(seen: &Seen) -> (Option<(Code, u64)>, u64, usize, usize, bool) {
        (seen.fault, seen.line, seen.event_len, seen.event_equals, seen.event_blank)
    }

    proptest! {
        #[test]
        fn looking_at_many_bytes_together_makes_no_difference(
            bytes in prop::collection::vec(
                prop_oneof![
                    8 => (0x20_u8..0x7F).boxed(),
                    2 => prop::sample::select(b" \t\r\n=".to_vec()).boxed(),
                    1 => any::<u8>().boxed(),
                ],
                0..200,
            ),
            chunk in 1_usize..60,
            budget in 1_usize..300,
        ) {
            let (mut together, mut alone) = (seen(budget), seen(budget));
            bytes.chunks(chunk).for_each(|part| together.look(part));
            for &byte in &bytes {
                if alone.fault.is_none() {
                    alone.fault = alone.judge(byte).map(|code| (code, alone.line));
                }
            }
            prop_assert_eq!(found(&together), found(&alone));
        }
    }
}
