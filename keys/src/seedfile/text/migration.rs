//! `otpauth-migration://` URIs, one a line, as an authenticator app exports its accounts: base64 of a
//! Protocol Buffers message, in parts where there are many accounts.
//!
//! A part that is missing refuses the file. Accounts stand for serials as in `otpauth`. Not responsible
//! for the encoding of messages (see `protobuf`).

use std::collections::BTreeMap;
use std::io::BufRead;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use warifu_core::oath::HashAlgorithm;
use zeroize::Zeroizing;

use super::batch::Batch;
use super::lines::Line;
use super::otpauth::{Accounts, decoded, starts_with};
use super::row::{Defaults, Draft};
use super::rows::{Form, RowReader};
use crate::secret::Secret;
use crate::seedfile::code::Code;
use crate::seedfile::options::ReadOptions;
use crate::seedfile::reader::Reader;
use crate::seedfile::record::Algorithm;
use crate::seedfile::refusal::{Position, Refusal};
use protobuf::{Fields, Malformed, Value};

mod protobuf;

const SCHEME: &str = "otpauth-migration://";

/// Parts of one export at most: they are pictures that somebody photographs.
const MOST_PARTS: u64 = 128;
/// Exports of one file at most.
const MOST_EXPORTS: usize = 4096;

/// What is not said: the app knows no other time step, and counters begin at 0.
const DEFAULTS: Defaults =
    Defaults { algorithm: None, hash: None, digits: None, time_step_s: Some(30), counter: Some(0) };

/// Opens a file of this format.
pub(in crate::seedfile) fn open<'a>(
    input: impl BufRead + Send + 'a,
    options: ReadOptions,
) -> Result<Box<dyn Reader + Send + 'a>, Refusal> {
    Ok(Box::new(RowReader::open(input, Exports::default(), options)?))
}

#[derive(Default)]
struct Exports {
    accounts: Accounts,
    /// Parts of each export: how many there are, and a bit for each that was read.
    parts: BTreeMap<u64, (u64, u128)>,
}

impl Form for Exports {
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
        let Some(uri) = starts_with(text, SCHEME) else {
            return Err(Refusal::new(
                Code::Format,
                "line",
                "an otpauth-migration URI on every line",
            ));
        };
        let message = payload(uri)?;
        let payload = Payload::read(&message).map_err(malformed)?;
        self.note(&payload)?;
        for key in payload.keys {
            let key = Key::read(key).map_err(malformed)?;
            let draft = self.key(line.position(), &key)?;
            batch.take(draft.finish(options, &DEFAULTS))?;
        }
        Ok(())
    }

    fn end(&mut self, _options: &ReadOptions, _batch: &mut Batch) -> Result<(), Refusal> {
        let is_whole = |(size, read): &(u64, u128)| u64::from(read.count_ones()) == *size;
        if self.parts.values().all(is_whole) {
            return Ok(());
        }
        Err(Refusal::new(Code::BatchIncomplete, "file", "all parts of an export are in the file"))
    }
}

impl Exports {
    /// Notes which part of which export this is.
    fn note(&mut self, payload: &Payload<'_>) -> Result<(), Refusal> {
        if !matches!(payload.version, 1 | 2) {
            return Err(Refusal::new(Code::Version, "version", "the payload has version 1 or 2"));
        }
        let size = payload.batch_size.max(1);
        if size > MOST_PARTS || payload.batch_index >= size {
            let rule = "an export has at most 128 parts, counted from 0";
            return Err(Refusal::new(Code::Protobuf, "batch index", rule));
        }
        if self.parts.len() >= MOST_EXPORTS {
            let rule = "at most 4096 exports in one file";
            return Err(Refusal::new(Code::LimitSize, "file", rule));
        }
        let (known, read) = self.parts.entry(payload.batch_id).or_insert((size, 0));
        if *known != size {
            let rule = "all parts of an export say how many there are";
            return Err(Refusal::new(Code::Protobuf, "batch size", rule));
        }
        let part = 1 << payload.batch_index;
        if *read & part != 0 {
            let rule = "every part of an export stands once";
            return Err(Refusal::new(Code::Duplicate, "batch index", rule));
        }
        *read |= part;
        Ok(())
    }

    fn key(&mut self, at: Position, key: &Key<'_>) -> Result<Draft, Refusal> {
        let mut draft = Draft::new(at);
        self.accounts.identify(&mut draft, key.name, Some(key.issuer))?;
        match key.kind {
            0 => {}
            1 => draft.computes(Algorithm::Hotp),
            2 => draft.computes(Algorithm::Totp),
            _ => {
                draft.algorithm("", "type");
            }
        }
        match key.hash {
            0 => {}
            1 => draft.hashes_with(HashAlgorithm::Sha1),
            2 => draft.hashes_with(HashAlgorithm::Sha256),
            3 => draft.hashes_with(HashAlgorithm::Sha512),
            _ => draft.hash("", "algorithm"),
        }
        match key.digits {
            0 => {}
            1 => draft.digits("6", "digits"),
            2 => draft.digits("8", "digits"),
            _ => draft.digits("0", "digits"),
        }
        if key.kind == 1 {
            let counter = i64::from_ne_bytes(key.counter.to_ne_bytes());
            draft.counter(&counter.to_string(), "counter", i64::MAX.unsigned_abs());
        }
        if !key.secret.is_empty() {
            draft.secret(Ok(Secret::new(key.secret.to_vec())), "secret");
        }
        Ok(draft)
    }
}

/// The message of a URI.
fn payload(uri: &str) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let rule = "otpauth-migration://offline?data= and base64";
    let data = uri.strip_prefix("offline?data=").or_else(|| uri.strip_prefix("offline/?data="));
    let data = data.ok_or_else(|| Refusal::new(Code::Format, "line", rule))?;
    let data = decoded(data, "data")?;
    let mut message = Zeroizing::new(vec![0; data.len()]);
    let length = STANDARD.decode_slice(data.as_bytes(), &mut message).map_err(|_| {
        Refusal::new(Code::Base64, "data", "canonical base64 with padding (RFC 4648 s.4)")
    })?;
    message.truncate(length);
    Ok(message)
}

fn malformed(_: Malformed) -> Refusal {
    let rule = "a message as the app writes it: whole, and every field once";
    Refusal::new(Code::Protobuf, "data", rule)
}

/// One part of an export.
#[derive(Default)]
struct Payload<'a> {
    keys: Vec<&'a [u8]>,
    version: u64,
    batch_size: u64,
    batch_index: u64,
    batch_id: u64,
}

impl<'a> Payload<'a> {
    fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut payload = Self::default();
        let mut seen = Once::default();
        for field in Fields::of(message) {
            let field = field?;
            match (field.number, field.value) {
                (1, Value::Octets(key)) => payload.keys.push(key),
                (2, Value::Integer(number)) => payload.version = seen.only(2, number)?,
                (3, Value::Integer(number)) => payload.batch_size = seen.only(3, number)?,
                (4, Value::Integer(number)) => payload.batch_index = seen.only(4, number)?,
                (5, Value::Integer(number)) => payload.batch_id = seen.only(5, number)?,
                (1..=5, _) => return Err(Malformed),
                _ => {}
            }
        }
        Ok(payload)
    }
}

/// One account of it. What is absent is 0, which stands for nothing said.
#[derive(Default)]
struct Key<'a> {
    secret: &'a [u8],
    name: &'a str,
    issuer: &'a str,
    hash: u64,
    digits: u64,
    kind: u64,
    counter: u64,
}

impl<'a> Key<'a> {
    fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut key = Self::default();
        let mut seen = Once::default();
        let text = |octets: &'a [u8]| std::str::from_utf8(octets).map_err(|_| Malformed);
        for field in Fields::of(message) {
            let field = field?;
            match (field.number, field.value) {
                (1, Value::Octets(octets)) => key.secret = seen.only(1, octets)?,
                (2, Value::Octets(octets)) => key.name = seen.only(2, text(octets)?)?,
                (3, Value::Octets(octets)) => key.issuer = seen.only(3, text(octets)?)?,
                (4, Value::Integer(number)) => key.hash = seen.only(4, number)?,
                (5, Value::Integer(number)) => key.digits = seen.only(5, number)?,
                (6, Value::Integer(number)) => key.kind = seen.only(6, number)?,
                (7, Value::Integer(number)) => key.counter = seen.only(7, number)?,
                (1..=7, _) => return Err(Malformed),
                _ => {}
            }
        }
        Ok(key)
    }
}

/// Which fields were read: readers differ on which of two counts.
#[derive(Default)]
struct Once(u8);

impl Once {
    fn only<T>(&mut self, number: u8, value: T) -> Result<T, Malformed> {
        let bit = 1 << number;
        let is_second = self.0 & bit != 0;
        self.0 |= bit;
        if is_second { Err(Malformed) } else { Ok(value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seedfile::Format;
    use crate::seedfile::xml::trial::{self, secret};

    const SECRET: &[u8] = b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f";

    fn octets(number: u8, content: &[u8]) -> Vec<u8> {
        let mut field = vec![number << 3 | 2, u8::try_from(content.len()).unwrap()];
        field.extend_from_slice(content);
        field
    }

    /// An account with hash, digits, type and counter.
    fn key(name: &str, numbers: [u8; 4]) -> Vec<u8> {
        let mut message = [octets(1, SECRET), octets(2, name.as_bytes()), octets(3, b"A")].concat();
        for (number, value) in (4..).zip(numbers) {
            message.extend([number << 3, value]);
        }
        octets(1, &message)
    }

    fn uri(keys: &[Vec<u8>], size: u8, index: u8) -> String {
        let tail = [0x10, 1, 0x18, size, 0x20, index, 0x28, 7];
        let message = [keys.concat(), tail.to_vec()].concat();
        line(&message)
    }

    fn line(message: &[u8]) -> String {
        let data = STANDARD.encode(message).replace('=', "%3D").replace('/', "%2F");
        format!("otpauth-migration://offline?data={data}\n")
    }

    fn codes(text: impl AsRef<[u8]>) -> Vec<Code> {
        trial::codes(Format::OtpauthMigration, text)
    }

    #[test]
    fn accounts_of_all_parts_are_read() {
        let first = uri(&[key("A:u1", [1, 1, 2, 0]), key("u2", [2, 2, 1, 9])], 2, 0);
        let text = format!("# an export\n{}{first}", uri(&[key("u3", [3, 2, 2, 0])], 2, 1));
        let outcome = trial::read(Format::OtpauthMigration, text.as_bytes(), ReadOptions::default);
        assert_eq!(outcome.codes(), []);
        let [u3, u1, u2] = outcome.records.as_slice() else { unreachable!("three accounts") };
        assert_eq!((u1.serial.as_str(), u1.issuer.as_deref()), ("u1", Some("A")));
        assert_eq!((u1.algorithm, u1.time_step_s, u1.digits), (Algorithm::Totp, Some(30), 6));
        assert_eq!((u2.algorithm, u2.counter, u2.digits), (Algorithm::Hotp, Some(9), 8));
        assert_eq!((u2.hash, u3.hash), (HashAlgorithm::Sha256, HashAlgorithm::Sha512));
        assert_eq!(secret(u3).as_bytes(), hex::encode(SECRET).as_bytes());
    }

    #[test]
    fn every_part_of_an_export_stands_there_once() {
        let part = |index| uri(&[key(&format!("u{index}"), [1, 1, 2, 0])], 2, index);
        assert_eq!(codes(part(0)), [Code::BatchIncomplete]);
        assert_eq!(codes(part(0) + &part(0)), [Code::Duplicate]);
        assert_eq!(codes(part(0) + &part(1)), []);
        assert_eq!(codes(uri(&[], 2, 2)), [Code::Protobuf]);
        assert_eq!(codes(uri(&[], 1, 0) + &uri(&[], 2, 1)), [Code::Protobuf]);
        assert_eq!(codes(uri(&[], 1, 0)), [Code::NoTokens]);
    }

    #[test]
    fn what_is_unspecified_is_not_assumed() {
        let of = |numbers| codes(uri(&[key("u1", numbers)], 1, 0));
        assert_eq!(of([0, 0, 0, 0]), [Code::Alg, Code::Suite, Code::Digits]);
        assert_eq!(of([4, 1, 2, 0]), [Code::Suite]);
        assert_eq!(of([1, 3, 2, 0]), [Code::Digits]);
        assert_eq!(of([1, 1, 3, 0]), [Code::Alg]);
    }

    #[test]
    fn messages_are_read_strictly() {
        let good = key("u1", [1, 1, 2, 0]);
        assert_eq!(codes(line(&[&good[..], &[0x10, 1]].concat())), [], "a part alone");
        assert_eq!(codes(line(&good)), [Code::Version]);
        assert_eq!(codes(line(&good[..20])), [Code::Protobuf]);
        assert_eq!(codes(line(&[&good[..], &[0x10, 1, 0x10, 1]].concat())), [Code::Protobuf]);
        assert_eq!(codes(line(&[0x0A, 2, 0x08, 1, 0x10, 1])), [Code::Protobuf]);
        assert_eq!(codes(line(&[0x0A, 3, 0x12, 1, 0xFF, 0x10, 1])), [Code::Protobuf]);
        let empty = [octets(1, &octets(2, b"u1")), vec![0x10, 1]].concat();
        assert!(codes(line(&empty)).contains(&Code::NoSecret));
        assert_eq!(codes("otpauth-migration://offline?data=A"), [Code::Base64]);
        assert_eq!(codes("otpauth-migration://online?data=AAAA"), [Code::Format]);
        assert_eq!(codes("QR: otpauth-migration://offline?data=AAAA"), [Code::Format]);
        assert_eq!(codes("# nothing"), [Code::NoTokens]);
        let twice = uri(&[good.clone(), good], 1, 0);
        assert_eq!(codes(twice), [Code::Duplicate]);
    }
}
