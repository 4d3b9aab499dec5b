//! What a message holds, in pieces that are wiped when they are read or dropped.
//!
//! A growing vector would leave copies of its beginnings behind; pieces are never moved. Not
//! responsible for what is in them.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufRead, Read};

use zeroize::Zeroizing;

/// Octets of one piece.
const PIECE: usize = 64 << 10;

/// Octets in memory, read once.
#[derive(Default)]
pub(super) struct Content {
    pieces: VecDeque<Zeroizing<Vec<u8>>>,
    /// Octets of the first piece that were read.
    read: usize,
}

/// Why octets were not taken over.
#[derive(Debug)]
pub(super) enum TakeError {
    /// There are more than the limit.
    TooLong,
    /// The source failed.
    Source,
}

impl Content {
    /// Reads a source to its end, `most` octets at most.
    pub(super) fn take_all(mut source: impl Read, most: usize) -> Result<Self, TakeError> {
        let mut content = Self::default();
        let mut left = most;
        loop {
            let mut piece = Zeroizing::new(vec![0; PIECE]);
            let len = fill(&mut source, &mut piece).map_err(|_| TakeError::Source)?;
            piece.truncate(len);
            left = left.checked_sub(len).ok_or(TakeError::TooLong)?;
            if len > 0 {
                content.pieces.push_back(piece);
            }
            if len < PIECE {
                return Ok(content);
            }
        }
    }

    fn rest(&self) -> &[u8] {
        self.pieces.front().and_then(|piece| piece.get(self.read..)).unwrap_or_default()
    }
}

/// Fills a piece as far as the source goes.
fn fill(source: &mut impl Read, piece: &mut [u8]) -> io::Result<usize> {
    let mut len = 0;
    while let Some(room) = piece.get_mut(len..).filter(|room| !room.is_empty()) {
        match source.read(room) {
            Ok(0) => break,
            Ok(more) => len += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(len)
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.rest().read(buffer)?;
        self.consume(len);
        Ok(len)
    }
}

impl BufRead for Content {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.rest())
    }

    fn consume(&mut self, len: usize) {
        self.read = self.read.saturating_add(len);
        if self.rest().is_empty() {
            self.pieces.pop_front();
            self.read = 0;
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} pieces)", self.pieces.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        for len in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let octets: Vec<u8> = (0..len).map(|at| u8::try_from(at % 251).unwrap()).collect();
            let mut content = Content::take_all(&octets[..], len).unwrap();
            let mut again = Vec::new();
            content.read_to_end(&mut again).unwrap();
            assert_eq!(again, octets, "{len}");
            assert!(format!("{content:?}").starts_with("Content("));
        }
    }

    #[test]
    fn one_octet_too_many_is_refused() {
        let octets = vec![0; PIECE + 1];
        assert!(matches!(Content::take_all(&octets[..], PIECE), Err(TakeError::TooLong)));
    }
}
