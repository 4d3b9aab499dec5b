//! The log that Yubico's personalization tool writes in its traditional layout: 18 columns a key, and
//! lines that say when logging began.
//!
//! Only OATH-HOTP keys become records; the others of a YubiKey make no codes of OATH. The log has no
//! serial of the device, so that a key is known by its public id, which stands there once. Not
//! responsible for the layout with serials (see `yubico`).

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

/// Columns of a key.
const COLUMNS: usize = 18;
/// How a session of the tool begins.
const START: &str = "LOGGING START";
/// What the tool calls the kind of key that is read. Kinds of other keys are named in its language.
const OATH: &str = "OATH-HOTP";
/// Largest moving factor seed that the tool takes.
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
    Ok(Box::new(RowReader::open(input, Log, options)?))
}

struct Log;

impl Form for Log {
    fn line(
        &mut self,
        line: &Line<'_>,
        options: &ReadOptions,
        batch: &mut Batch,
    ) -> Result<(), Refusal> {
        let text = line.text.trim_ascii();
        if text.is_empty() {
            return Ok(());
        }
        let fields = fields::split(text, ',')?;
        let is_start = fields.first().is_some_and(|kind| kind.trim_ascii() == START);
        if is_start && fields.len() < COLUMNS {
            return Ok(());
        }
        batch.take(key(line.position(), &fields, options))
    }
}

fn key(at: Position, fields: &[Field<'_>], options: &ReadOptions) -> Row {
    let column = |index: usize| fields.get(index).map_or("", |field| field.trim_ascii());
    let mut draft = Draft::new(at);
    if fields.len() != COLUMNS {
        // A date with a comma in it, unquoted, moves all columns: not even the secret is certain.
        let rule = format!("{COLUMNS} columns; a date with a comma in it is quoted");
        draft.refuse(Refusal::new(Code::Columns, "line", rule));
        return draft.give_up();
    }
    let is_modhex = (8..11).all(|index| column(index) == "0");
    identify(&mut draft, column(3), is_modhex);
    if !column(5).is_empty() {
        draft.secret(encoding::hex(column(5), "secret"), "secret");
    }
    if column(0) != OATH {
        let rule = "OATH-HOTP; the other keys of a YubiKey make no codes of OATH";
        draft.refuse(Refusal::new(Code::Alg, "event type", rule));
        return draft.give_up();
    }
    draft.digits(column(11), "HOTP digits");
    draft.counter(column(12), "moving factor seed", MOST_COUNTER);
    draft.finish(options, &DEFAULTS)
}

/// The public id: in modhex, unless the columns on fixed modhex say that a part of it is not.
fn identify(draft: &mut Draft, id: &str, is_modhex: bool) {
    if id.is_empty() {
        let rule = "a public id: without it nothing tells whose key this is";
        draft.refuse(Refusal::new(Code::Serial, "public id", rule));
        return;
    }
    if is_modhex && draft.keep(encoding::modhex(id, "public id")).is_none() {
        return;
    }
    draft.serial(id, "public id");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seedfile::xml::trial::{self, secret};
    use crate::seedfile::{Algorithm, Format};

    const SECRET: &str = "1f2e3d4c5b6a79880f1e2d3c4b5a697887766554";
    const TAIL: &str = ",,,0,0,0,6,0,0,0,0,0,0";

    fn oath(id: &str, secret: &str) -> String {
        format!("OATH-HOTP,2026-11-21 10:00,1,{id},,{secret}{TAIL}\n")
    }

    fn codes(text: impl AsRef<[u8]>) -> Vec<Code> {
        trial::codes(Format::YubicoTraditional, text)
    }

    #[test]
    fn hotp_keys_are_known_by_their_public_id() {
        let other = oath("cccccccccccd", &SECRET.replace('1', "2")).replace(",6,0,0", ",8,32,0");
        let text = format!(
            "LOGGING START,2026-11-21 10:00\r\n{}\r\n{other}",
            oath("cccccccccccb", SECRET)
        );
        let outcome = trial::read(Format::YubicoTraditional, text.as_bytes(), ReadOptions::default);
        assert_eq!(outcome.codes(), []);
        let [first, second] = outcome.records.as_slice() else { unreachable!("two keys") };
        assert_eq!(
            (first.serial.as_str(), first.key_id.as_str()),
            ("cccccccccccb", "cccccccccccb")
        );
        assert_eq!((first.algorithm, first.digits, first.counter), (Algorithm::Hotp, 6, Some(0)));
        assert_eq!((second.digits, second.counter), (8, Some(32)));
        assert_eq!(secret(first), SECRET);
    }

    #[test]
    fn a_part_of_the_id_may_be_digits_where_the_log_says_so() {
        assert_eq!(codes(oath("ubnu00001234", SECRET)), [Code::Modhex]);
        let said = oath("ubnu00001234", SECRET).replace(",,,0,0,0,6", ",,,1,1,0,6");
        assert_eq!(codes(said), []);
    }

    #[test]
    fn other_keys_of_a_yubikey_are_refused_with_all_their_faults() {
        let aes = "Yubico OTP,2026-11-21,1,cccccccccccf,0102030405a6,00112233445566778899aabbccddeeff,,,0,0,0,0,0,0,0,0,0,0";
        assert_eq!(codes(aes), [Code::Alg]);
        assert_eq!(codes(aes.replace("ff,,", "f,,")), [Code::Hex, Code::Alg]);
        assert_eq!(codes(aes.replace("eeff", "")), [Code::SecretLen, Code::Alg]);
        assert_eq!(codes(aes.replace("cccccccccccf", "")), [Code::Serial, Code::Alg]);
        assert_eq!(codes(aes.replace("Yubico OTP", "Passwort: Scan Code")), [Code::Alg]);
    }

    #[test]
    fn no_key_is_lost_in_silence() {
        let one = oath("cccccccccccb", SECRET);
        assert_eq!(codes(format!("{one}{one}")), [Code::Duplicate]);
        assert_eq!(codes(oath("", SECRET)), [Code::Serial]);
        assert_eq!(codes(one.replace("-21 10", "-21, 10")), [Code::Columns]);
        assert_eq!(codes(one.replace("2026-11-21 10:00", "\"11/21/26, 10 AM\"")), []);
        assert_eq!(codes(one.replace(",6,", ",10,")), [Code::Digits]);
        assert_eq!(codes(one.replace(",6,0", ",6,x")), [Code::Int]);
        assert_eq!(codes(one.replace(SECRET, "")), [Code::NoSecret]);
        assert_eq!(codes("LOGGING START,today\n"), [Code::NoTokens]);
        assert_eq!(codes(one.replace("2026", "\"2026")), [Code::CsvQuote]);
        assert_eq!(codes(format!("{one}\0")), [Code::Nul]);
        assert_eq!(codes(oath("cb", &"0".repeat(70_000))), [Code::LimitText]);
    }
}
