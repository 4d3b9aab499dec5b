//! Seed files: bytes -> records, or refusals that say where and why.
//!
//! Pure parsers: they never touch HSM, store or clock. [`open`] reads the head of a file and gives
//! an iterator whose memory does not grow with the length of records or their content; what it
//! yields is either a [`Record`], or a [`Refusal`] of one key, or as the last item a [`Refusal`] of
//! the whole file. Nothing may be imported before the iterator has ended without such a one.
//!
//! Not responsible for custody nor for who may import what.

use std::io::{self, BufRead, Chain, Cursor, Read as _};

pub mod code;
pub mod crypto;
mod gate;
pub mod inspect;
mod keywrap;
pub mod options;
mod pskc;
mod quality;
pub mod record;
pub mod refusal;
mod scan;
mod seen;
mod suite;
pub mod unwrap;

pub use code::{Code, Scope};
pub use crypto::ContainerCrypto;
pub use options::{IntegerEncoding, Limits, ReadOptions, Signatures};
pub use record::{Algorithm, CameraPart, Record, SecretValue};
pub use refusal::{Position, Refusal, Warning};
pub use unwrap::Unlock;

/// How much of a file is looked at to tell its format.
const PEEK: u64 = 1024;

/// A format that is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// RFC 6030.
    Pskc,
}

impl Format {
    /// Tells the format from the first bytes. Names and extensions say nothing.
    pub fn detect(first: &[u8]) -> Result<Self, Refusal> {
        if first.is_empty() {
            return Err(Refusal::new(Code::Empty, "file", "the file holds something"));
        }
        let utf16 = [&b"\xFF\xFE"[..], b"\xFE\xFF", b"<\0", b"\0<"];
        if utf16.iter().any(|mark| first.starts_with(mark)) {
            return Err(Refusal::new(Code::XmlEncoding, "file", "text must be UTF-8, not UTF-16"));
        }
        let text = first.strip_prefix(BOM).unwrap_or(first).trim_ascii_start();
        if text.starts_with(b"<") {
            return Ok(Self::Pskc);
        }
        let rule = match text {
            _ if text.starts_with(b"PK\x03\x04") => "an archive is unpacked first, away from here",
            _ if text.starts_with(b"-----BEGIN PGP") => "an OpenPGP message is decrypted first",
            _ => "the file is an RFC 6030 container; other formats are not read",
        };
        Err(Refusal::new(Code::Format, "file", rule))
    }
}

/// UTF-8 byte order mark.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// A seed file being read.
pub struct SeedFile<R> {
    reader: pskc::PskcReader<Chain<Cursor<Vec<u8>>, R>>,
}

/// Tells the format and reads the head of a file.
pub fn open<R: BufRead>(mut input: R, options: ReadOptions) -> Result<SeedFile<R>, Refusal> {
    let mut first = Vec::new();
    read_start(&mut input, &mut first)
        .map_err(|_| Refusal::new(Code::Io, "file", "the file can be read"))?;
    match Format::detect(&first)? {
        Format::Pskc => {
            if first.starts_with(BOM) {
                first.drain(..BOM.len());
            }
            let whole = Cursor::new(first).chain(input);
            Ok(SeedFile { reader: pskc::PskcReader::open(whole, options)? })
        }
    }
}

fn read_start(input: &mut impl BufRead, first: &mut Vec<u8>) -> io::Result<usize> {
    input.by_ref().take(PEEK).read_to_end(first)
}

impl<R: BufRead> SeedFile<R> {
    /// The format that was told.
    pub fn format(&self) -> Format {
        Format::Pskc
    }

    /// What protects the values; `None` where they are plain. Known before the first record.
    pub fn crypto(&self) -> Option<&ContainerCrypto> {
        self.reader.crypto()
    }

    /// Warnings about the file as a whole; complete once the iterator has ended.
    pub fn warnings(&self) -> &[Warning] {
        self.reader.warnings()
    }
}

impl<R: BufRead> Iterator for SeedFile<R> {
    type Item = Result<Record, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        self.reader.next()
    }
}
