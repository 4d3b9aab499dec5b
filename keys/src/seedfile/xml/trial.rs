//! Reads samples for the tests of formats: everything that comes out, in whatever pieces the bytes
//! come in.
//!
//! Not responsible for what is right.

use std::io::BufReader;

use crate::seedfile::{Code, Format, ReadOptions, Record, Refusal, SecretValue, SeedFile, open};

/// What came out of a sample.
#[derive(Default)]
pub(in crate::seedfile) struct Outcome {
    /// Keys.
    pub(in crate::seedfile) records: Vec<Record>,
    /// Refusals of keys, then of the file.
    pub(in crate::seedfile) refusals: Vec<Refusal>,
    /// Warnings about the file.
    pub(in crate::seedfile) warnings: Vec<Code>,
}

impl Outcome {
    /// The classes of the refusals.
    pub(in crate::seedfile) fn codes(&self) -> Vec<Code> {
        self.refusals.iter().map(|refusal| refusal.code).collect()
    }

    /// Everything in words.
    fn shown(&self) -> String {
        format!("{:?} {:?} {:?}", self.records, self.refusals, self.warnings)
    }
}

/// Reads a sample as a whole and in drops, which must not differ.
pub(in crate::seedfile) fn read(
    format: Format,
    sample: &[u8],
    options: impl Fn() -> ReadOptions,
) -> Outcome {
    let run = |capacity| {
        let options = ReadOptions { format: Some(format), ..options() };
        let mut outcome = Outcome::default();
        match open(BufReader::with_capacity(capacity, sample), options) {
            Ok(file) => drain(file, &mut outcome),
            Err(refusal) => outcome.refusals.push(refusal),
        }
        outcome
    };
    let whole = run(1 << 16);
    assert_eq!(whole.shown(), run(7).shown(), "it depends on how the bytes arrive");
    whole
}

/// The classes of the refusals of a sample.
pub(in crate::seedfile) fn codes(format: Format, sample: impl AsRef<[u8]>) -> Vec<Code> {
    read(format, sample.as_ref(), ReadOptions::default).codes()
}

fn drain(mut file: SeedFile<'_>, outcome: &mut Outcome) {
    for item in file.by_ref() {
        match item {
            Ok(record) => outcome.records.push(record),
            Err(refusal) => outcome.refusals.push(refusal),
        }
    }
    let last = outcome.refusals.iter().position(Refusal::is_for_file);
    assert!(last.is_none_or(|at| at + 1 == outcome.refusals.len()), "the file's refusal is last");
    outcome.warnings = file.warnings().iter().map(|warning| warning.code).collect();
}

/// A plain secret in hexadecimal.
pub(in crate::seedfile) fn secret(record: &Record) -> String {
    match &record.secret {
        SecretValue::Plain(secret) => hex::encode(secret.expose()),
        SecretValue::Encrypted(_) => "encrypted".to_owned(),
    }
}

mod tests {
    use proptest::prelude::*;

    use super::*;

    const FORMATS: [Format; 9] = [
        Format::Aladdin,
        Format::Deepnet,
        Format::Sdtid,
        Format::YubicoTraditional,
        Format::Yubico,
        Format::Ykksm,
        Format::EtokenDat,
        Format::Otpauth,
        Format::OtpauthMigration,
    ];

    /// What lines and elements of these formats are made of.
    const PARTS: &[&str] = &[
        "<Tokens>",
        "</Tokens>",
        "<Token serial=\"",
        "\">",
        "<Applications><Application>",
        "<Seed>",
        "<data>",
        "<header>",
        "<tokens>",
        "<token>",
        "</token>",
        "<TKNBatch><TKNHeader>",
        "<TKN>",
        "OATH-HOTP",
        ",",
        "\"",
        "\n",
        "\r\n",
        "# ykksm 1\n",
        "dn: scc=",
        "sccTokenData: sccKey=",
        ";sccMode=T",
        "otpauth://totp/",
        "?secret=",
        "&digits=",
        "%",
        "otpauth-migration://offline",
        "?data=",
        "CgA=",
        "0",
        "6",
        "00112233445566778899aabbccddeeff",
        "cccccccccccb",
        "\0",
        "é",
    ];

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 256,
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn whatever_it_is_made_of_is_read_or_refused(
            parts in prop::collection::vec(prop::sample::select(PARTS), 0..40),
        ) {
            let sample = parts.concat();
            for format in FORMATS {
                read(format, sample.as_bytes(), ReadOptions::default);
            }
        }
    }
}
