//! Seed files: bytes -> records, or refusals that say where and why.
//!
//! Pure parsers: they never touch HSM, store or clock. [`open`] reads the head of a file and gives
//! an iterator whose memory does not grow with the length of records or their content; what it
//! yields is either a [`Record`], or a [`Refusal`] of one key, or as the last item a [`Refusal`] of
//! the whole file. Nothing may be imported before the iterator has ended without such a one.
//!
//! Not responsible for custody nor for who may import what.

use std::io::{self, BufRead, Cursor, Read as _};

pub mod code;
pub mod crypto;
mod decipher;
pub mod format;
mod gate;
pub mod inspect;
mod keywrap;
mod openpgp;
pub mod options;
mod pskc;
mod quality;
mod reader;
pub mod record;
pub mod refusal;
mod scan;
mod seen;
mod signature;
mod suite;
mod text;
pub mod unwrap;
mod xml;

pub use code::{Code, Scope};
pub use crypto::ContainerCrypto;
pub use format::{Detected, Format};
pub use options::{
    Declared, IntegerEncoding, Lenience, Limits, OneTime, OpenPgp, ReadOptions, SecretEncoding,
    Signatures, Trust,
};
pub use record::{Algorithm, CameraPart, Record, SecretValue};
pub use refusal::{Position, Refusal, Warning};
pub use unwrap::Unlock;

use format::BOM;
use reader::Reader;
use text::oath::Dialect;

/// How much of a file is looked at to tell its format.
pub const PEEK: u64 = 4096;

/// A seed file being read.
pub struct SeedFile<'a> {
    detected: Detected,
    reader: Box<dyn Reader + Send + 'a>,
}

/// Tells the format and reads the head of a file.
pub fn open<'a, R: BufRead + Send + 'a>(
    mut input: R,
    options: ReadOptions,
) -> Result<SeedFile<'a>, Refusal> {
    let mut first = Vec::new();
    read_start(&mut input, &mut first)
        .map_err(|_| Refusal::new(Code::Io, "file", "the file can be read"))?;
    let mut detected = explain(&first, options.format)?;
    refuse_unused(detected.format, &options)?;
    if first.starts_with(BOM) {
        first.drain(..BOM.len());
    }
    let whole = Cursor::new(first).chain(input);
    let reader = reader(detected.format, whole, options)?;
    detected.inside = reader.inside().cloned().map(Box::new);
    Ok(SeedFile { detected, reader })
}

/// Tells the format from the first bytes of a file and says why. A format that the officer names
/// stands, but an empty file is never one. Of an OpenPGP message it is the format inside.
pub fn explain(first: &[u8], named: Option<Format>) -> Result<Detected, Refusal> {
    match named {
        Some(format) if !first.is_empty() && !format::is_openpgp(first) => {
            Ok(Detected::forced(format))
        }
        _ => format::detect(first),
    }
}

/// What is given for an OpenPGP message says that there should be one.
fn refuse_unused(format: Format, options: &ReadOptions) -> Result<(), Refusal> {
    if format == Format::OpenPgp {
        return Ok(());
    }
    if !options.openpgp.secret_keys.is_empty() {
        let rule = "an OpenPGP key is given for an OpenPGP message only";
        return Err(Refusal::new(Code::KeyUnused, "file", rule));
    }
    if options.openpgp.require_signature {
        return Err(Refusal::new(Code::SigMissing, "file", "the file is a signed OpenPGP message"));
    }
    Ok(())
}

fn reader<'a>(
    format: Format,
    input: impl BufRead + Send + 'a,
    options: ReadOptions,
) -> Result<Box<dyn Reader + Send + 'a>, Refusal> {
    // An OpenPGP message asks it of itself, and not of the file inside that its signature covers.
    let can_sign = matches!(format, Format::Pskc | Format::PskcDraft | Format::OpenPgp);
    if options.signatures == Signatures::Require && !can_sign {
        let rule = "a file of this format is signed as an OpenPGP message";
        return Err(Refusal::new(Code::SigMissing, "file", rule));
    }
    match format {
        Format::Pskc => pskc::open(input, options),
        Format::PskcDraft => pskc::draft::open(input, options),
        Format::OathCsv => text::oath::open(Dialect::PrivacyIdea, input, options),
        Format::OathCsvLinotp => text::oath::open(Dialect::LinOtp, input, options),
        Format::Netiq => text::oath::open(Dialect::NetIq, input, options),
        Format::MultiOtp => text::multiotp::open(input, options),
        Format::PingId => text::pingid::open(input, options),
        Format::Entra => text::entra::open(input, options),
        Format::Feitian => text::feitian::open(input, options),
        Format::Dpw => text::dpw::open(input, options),
        Format::Rcdevs => text::rcdevs::open(input, options),
        Format::YubicoTraditional => text::yubico_traditional::open(input, options),
        Format::Yubico => text::yubico::open(input, options),
        Format::Ykksm => text::ykksm::open(input, options),
        Format::Aladdin => xml::aladdin::open(input, options),
        Format::Deepnet => xml::deepnet::open(input, options),
        Format::EtokenDat => text::etoken_dat::open(input, options),
        Format::Otpauth => text::otpauth::open(input, options),
        Format::OtpauthMigration => text::migration::open(input, options),
        Format::Sdtid => xml::sdtid::open(input, options),
        Format::OpenPgp => openpgp::open(input, options),
    }
}

fn read_start(input: &mut impl BufRead, first: &mut Vec<u8>) -> io::Result<usize> {
    input.by_ref().take(PEEK).read_to_end(first)
}

impl SeedFile<'_> {
    /// The format, and why it was taken for that.
    pub fn detected(&self) -> &Detected {
        &self.detected
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

impl Iterator for SeedFile<'_> {
    type Item = Result<Record, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        self.reader.next()
    }
}
