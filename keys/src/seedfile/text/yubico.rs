//! Yubico's layout with the serial of the device: `serial,public id,private id or moving factor or
//! 0,secret,access code,time,`.
//!
//! What a key is for follows from its columns: a private id of six octets belongs to a key of
//! Yubico's own one-time passwords, which are not OATH. A key without public id may answer challenges
//! as well as make HOTP codes: the officer says which. Digits are never in the file. Not responsible
//! for the traditional log (see `yubico_traditional`).

use std::io::BufRead;

use warifu_core::oath::HashAlgorithm;

use super::batch::Batch;
use super::encoding;
use super::fields::{self, Field};
use super::lines::Line;
use super::row::{Defaults, Draft, Row};
use super::rows::{Form, RowReader};
use crate::seedfile::code::Code;
use crate::seedfile::options::{OneTime, ReadOptions};
use crate::seedfile::reader::Reader;
use crate::seedfile::refusal::{Position, Refusal};

/// Digits of a private id, hexadecimal.
const PRIVATE_ID: usize = 12;
/// Digits of an OATH secret, hexadecimal.
const OATH_SECRET: usize = 40;
/// Largest counter that every store holds.
const MOST_COUNTER: u64 = i64::MAX.unsigned_abs();

/// What follows from the kind of key.
const DEFAULTS: Defaults = Defaults {
    algorithm: Some(OneTime::Hotp),
    hash: Some(HashAlgorithm::Sha1),
    digits: None,
    time_step_s: None,
    counter: None,
};

/// Opens a file of this format.
pub(in crate::seedfile) fn open<'a>(
    input: impl BufRead + Send + 'a,
    options: ReadOptions,
) -> Result<Box<dyn Reader + Send + 'a>, Refusal> {
    Ok(Box::new(RowReader::open(input, List, options)?))
}

struct List;

impl Form for List {
    fn line(
        &mut self,
        line: &Line<'_>,
        options: &ReadOptions,
        batch: &mut Batch,
    ) -> Result<(), Refusal> {
        let text = line.text.trim_ascii();
        if text.is_empty() || text.starts_with('#') {
            return Ok(());
        }
        let fields = fields::split(text, ',')?;
        batch.take(key(line.position(), &fields, options))
    }
}

fn key(at: Position, fields: &[Field<'_>], options: &ReadOptions) -> Row {
    let column = |index: usize| fields.get(index).map_or("", |field| field.trim_ascii());
    let mut draft = Draft::new(at);
    let is_long_enough = fields.len() == 6 || (fields.len() == 7 && column(6).is_empty());
    if !is_long_enough {
        let rule = "six columns, and nothing behind the comma after the sixth";
        draft.refuse(Refusal::new(Code::Columns, "line", rule));
        return draft.give_up();
    }
    let (id, third, secret) = (column(1), column(2), column(3));
    draft.serial(column(0), "serial");
    if !id.is_empty() {
        draft.keep(encoding::modhex(id, "public id"));
        // Both slots of a device have keys, and ids of their own.
        draft.key_id = Some(id.to_owned());
    }
    if !secret.is_empty() {
        draft.secret(encoding::hex(secret, "secret"), "secret");
    }
    if third.len() == PRIVATE_ID || secret.len() != OATH_SECRET {
        let rule = "a secret of 20 octets and no private id: other keys make no codes of OATH";
        draft.refuse(Refusal::new(Code::Alg, "private id", rule));
        return draft.give_up();
    }
    draft.counter(third, "moving factor", MOST_COUNTER);
    if id.is_empty() && options.declared.algorithm.is_none() {
        draft.warn(Code::WAmbiguous, "public id");
    }
    draft.finish(options, &DEFAULTS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seedfile::options::Declared;
    use crate::seedfile::xml::trial::{self, Outcome, secret};
    use crate::seedfile::{Algorithm, Format};

    const HOTP: &str =
        "508001,cccccccccccb,16,1f2e3d4c5b6a79880f1e2d3c4b5a697887766554,,2026-11-21T10:00:00,\n";

    fn read(text: &str, algorithm: Option<OneTime>) -> Outcome {
        trial::read(Format::Yubico, text.as_bytes(), || ReadOptions {
            declared: Declared { digits: Some(6), algorithm, ..Declared::default() },
            ..ReadOptions::default()
        })
    }

    fn codes(text: &str) -> Vec<Code> {
        read(text, None).codes()
    }

    #[test]
    fn hotp_keys_are_read_and_their_digits_declared() {
        let outcome = read(HOTP, None);
        let [record] = outcome.records.as_slice() else { unreachable!("one key") };
        assert_eq!((record.serial.as_str(), record.key_id.as_str()), ("508001", "cccccccccccb"));
        assert_eq!((record.algorithm, record.counter), (Algorithm::Hotp, Some(16)));
        assert_eq!(secret(record), "1f2e3d4c5b6a79880f1e2d3c4b5a697887766554");
        assert!(!record.is_quarantined());
        assert_eq!(trial::codes(Format::Yubico, HOTP), [Code::Digits]);
    }

    #[test]
    fn without_public_id_the_officer_says_what_it_is_for() {
        let text = HOTP.replace("cccccccccccb,16", ",0");
        assert!(read(&text, None).records[0].is_quarantined());
        assert!(!read(&text, Some(OneTime::Hotp)).records[0].is_quarantined());
    }

    #[test]
    fn other_keys_and_broken_ones_are_refused() {
        let aes = "508002,cccccccccccd,0102030405a6,00112233445566778899aabbccddeeff,,2026-11-21T10:00:00,";
        assert_eq!(codes(aes), [Code::Alg]);
        assert_eq!(codes(&aes.replace("eeff", "")), [Code::SecretLen, Code::Alg]);
        assert_eq!(codes(&HOTP.replace("ccb,", "cca,")), [Code::Modhex]);
        assert_eq!(codes(&HOTP.replace(",16,", ",-1,")), [Code::Counter]);
        assert_eq!(codes(&HOTP.replace(",16,", ",1.6,")), [Code::Int]);
        assert_eq!(codes(&HOTP.replace("508001", "=508001")), [Code::Serial]);
        assert_eq!(codes(&HOTP.replace("508001", "5.08E+05")), [Code::SerialSci]);
        assert_eq!(codes(&HOTP.replace(":00,", ":00,,")), [Code::Columns]);
        assert_eq!(codes(&HOTP.replace("1f2e", "xx2e")), [Code::Hex]);
        assert_eq!(codes(&format!("{HOTP}{HOTP}")), [Code::Duplicate]);
        assert_eq!(codes("\n"), [Code::NoTokens]);
    }
}
