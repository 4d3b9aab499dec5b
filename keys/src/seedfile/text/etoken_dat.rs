//! SafeWord and eToken records: lines `name: value` between blank lines, the key in
//! `sccTokenData: sccKey=...;sccMode=E or T;sccPwLen=...;sccTick=...;crypto=...`.
//!
//! Tokens that follow the time count from the year 2000, not from 1970; a record says so by its time
//! offset. Not responsible for `sccSignature`, whose key is not public, nor for encrypted keys.

use std::io::BufRead;

use warifu_core::oath::HashAlgorithm;
use zeroize::Zeroizing;

use super::batch::Batch;
use super::column;
use super::encoding;
use super::lines::Line;
use super::row::{Defaults, Draft, Row};
use super::rows::{Form, RowReader};
use crate::seedfile::code::Code;
use crate::seedfile::options::{OneTime, ReadOptions};
use crate::seedfile::reader::Reader;
use crate::seedfile::record::Algorithm;
use crate::seedfile::refusal::{Position, Refusal};

/// 2000-01-01T00:00:00Z, where these tokens begin to count.
const TIME_BASE: i64 = 946_684_800;

/// What the format documents: SHA-1 where nothing is said, counters begin at 0.
const DEFAULTS: Defaults = Defaults {
    algorithm: None,
    hash: Some(HashAlgorithm::Sha1),
    digits: None,
    time_step_s: None,
    counter: Some(0),
};

/// Parameters of `sccTokenData`. What stands there besides may change how codes are made.
const PARAMETERS: &[&str] =
    &["sccKey", "sccMode", "sccPwLen", "sccTick", "sccPrTime", "sccVer", "crypto"];

/// Opens a file of this format.
pub(in crate::seedfile) fn open<'a>(
    input: impl BufRead + Send + 'a,
    options: ReadOptions,
) -> Result<Box<dyn Reader + Send + 'a>, Refusal> {
    Ok(Box::new(RowReader::open(input, Records { open: None }, options)?))
}

struct Records {
    open: Option<Entry>,
}

/// One record while its lines are read: what of it is used.
struct Entry {
    at: Position,
    /// The serial in `dn`, in `sccAuthenticatorId`, and the token's data.
    values: [Option<Zeroizing<String>>; 3],
    fault: Option<Refusal>,
}

const NAMES: [&str; 3] = ["dn", "sccAuthenticatorId", "sccTokenData"];

impl Form for Records {
    fn line(
        &mut self,
        line: &Line<'_>,
        options: &ReadOptions,
        batch: &mut Batch,
    ) -> Result<(), Refusal> {
        let text = line.text.trim_ascii();
        if text.is_empty() {
            return self.end(options, batch);
        }
        if text.starts_with('#') {
            return Ok(());
        }
        let entry = self.open.get_or_insert_with(|| Entry {
            at: line.position(),
            values: Default::default(),
            fault: None,
        });
        entry.line(text);
        Ok(())
    }

    fn end(&mut self, options: &ReadOptions, batch: &mut Batch) -> Result<(), Refusal> {
        match self.open.take() {
            Some(entry) => batch.take(entry.finish(options)),
            None => Ok(()),
        }
    }
}

impl Entry {
    fn line(&mut self, text: &str) {
        let Some((name, value)) = text.split_once(':') else {
            let rule = "a line is a name, a colon and a value";
            self.fault = Some(Refusal::new(Code::Columns, "line", rule));
            return;
        };
        let slot = NAMES.iter().position(|known| *known == name.trim_ascii());
        let Some(slot) = slot.and_then(|slot| self.values.get_mut(slot)) else { return };
        if slot.replace(Zeroizing::new(value.trim_ascii().to_owned())).is_some() {
            let rule = "every line of a record stands once; a blank line ends a record";
            self.fault = Some(Refusal::new(Code::Schema, "line", rule));
        }
    }

    fn finish(self, options: &ReadOptions) -> Row {
        let mut draft = Draft::new(self.at);
        if let Some(fault) = self.fault {
            draft.refuse(fault);
        }
        let [dn, serial, data] = &self.values;
        let serial = serial.as_deref().map_or("", String::as_str);
        draft.serial(serial, "sccAuthenticatorId");
        if let Some((_, name)) = dn.as_ref().and_then(|dn| dn.split_once('='))
            && name.split(',').next() != Some(serial)
        {
            let rule = "the serial is the same in dn and in sccAuthenticatorId";
            draft.refuse(Refusal::new(Code::Serial, "dn", rule));
        }
        if let Some(data) = data {
            token_data(&mut draft, data, options);
        }
        draft.finish(options, &DEFAULTS)
    }
}

fn token_data(draft: &mut Draft, data: &str, options: &ReadOptions) {
    let mut found: [Option<&str>; PARAMETERS.len()] = [None; PARAMETERS.len()];
    for part in data.split(';').map(str::trim_ascii).filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let slot = PARAMETERS.iter().position(|known| *known == name.trim_ascii());
        let Some(slot) = slot.and_then(|slot| found.get_mut(slot)) else {
            let rule = format!("parameters are {}", PARAMETERS.join(", "));
            draft.refuse(Refusal::new(Code::Unsupported, "sccTokenData", rule));
            continue;
        };
        if slot.replace(value.trim_ascii()).is_some() {
            let rule = "every parameter stands once";
            draft.refuse(Refusal::new(Code::Schema, "sccTokenData", rule));
        }
    }
    let [key, mode, digits, tick, _made, _version, crypto] = found;
    if let Some(key) = key.filter(|key| !key.is_empty()) {
        draft.secret(secret(key), "sccKey");
    }
    if let Some(digits) = digits {
        draft.digits(digits, "sccPwLen");
    }
    if let Some(name) = crypto {
        let is_hmac = name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("hmac"));
        draft.hash(if is_hmac { name.get(4..).unwrap_or_default() } else { name }, "crypto");
    }
    let is_totp = match mode {
        Some("E") => false,
        Some("T") => true,
        Some(_) => {
            draft.algorithm("", "sccMode");
            return;
        }
        None => options.declared.algorithm == Some(OneTime::Totp),
    };
    if mode.is_some() {
        draft.computes(if is_totp { Algorithm::Totp } else { Algorithm::Hotp });
    }
    if is_totp {
        time(draft, tick, options);
    }
}

/// Time step, and how far the token's counting lies behind that from 1970.
fn time(draft: &mut Draft, tick: Option<&str>, options: &ReadOptions) {
    let step = match tick {
        Some(text) => {
            draft.time_step(text, "sccTick");
            column::integer(text, "sccTick").ok()
        }
        None => options.declared.time_step_s.map(i64::from),
    };
    let Some(step) = step.filter(|step| *step > 0) else { return };
    if TIME_BASE % step == 0 {
        draft.time_offset = -(TIME_BASE / step);
    } else {
        let rule = "a time step that divides a day: these tokens count from the year 2000";
        draft.refuse(Refusal::new(Code::Interval, "sccTick", rule));
    }
}

fn secret(text: &str) -> Result<crate::secret::Secret, Refusal> {
    if text.starts_with('(') {
        let rule = "a key in the clear: those in brackets are under a key of the SafeWord server";
        return Err(Refusal::new(Code::EncAlg, "sccKey", rule));
    }
    encoding::hex(text, "sccKey")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seedfile::Format;
    use crate::seedfile::options::Declared;
    use crate::seedfile::xml::trial::{self, secret};

    const SECRET: &str = "1F2E3D4C5B6A79880F1E2D3C4B5A697887766554";

    fn entry(serial: &str, data: &str) -> String {
        format!(
            "dn: sccAuthenticatorId={serial}\nobjectclass: sccCompatibleToken\n\
             sccAuthenticatorId: {serial}\nsccTokenType: eToken-PASS\n\
             sccTokenData: sccKey={SECRET};{data}\nsccSignature: AAAA\n\n"
        )
    }

    fn codes(text: impl AsRef<[u8]>) -> Vec<Code> {
        trial::codes(Format::EtokenDat, text)
    }

    #[test]
    fn tokens_of_both_kinds_are_read() {
        let text = format!(
            "# ===== SafeWord Authenticator Records $Version: 100$ =====\r\n{}\n\n{}",
            entry("GA01", "sccMode=E;sccPwLen=6;sccVer=6.20;"),
            entry("GA02", "sccMode=T;sccPwLen=8;sccTick=60;crypto=HmacSHA256").trim_end(),
        );
        let outcome = trial::read(Format::EtokenDat, text.as_bytes(), ReadOptions::default);
        assert_eq!(outcome.codes(), []);
        let [event, time] = outcome.records.as_slice() else { unreachable!("two tokens") };
        assert_eq!((event.algorithm, event.counter, event.digits), (Algorithm::Hotp, Some(0), 6));
        assert_eq!((event.hash, event.time_offset), (HashAlgorithm::Sha1, 0));
        assert_eq!(secret(event), SECRET.to_ascii_lowercase());
        assert_eq!((time.algorithm, time.time_step_s), (Algorithm::Totp, Some(60)));
        assert_eq!((time.hash, time.digits), (HashAlgorithm::Sha256, 8));
        assert_eq!(time.time_offset, -946_684_800 / 60);
        assert_eq!((time.serial.as_str(), time.at.line), ("GA02", 11));
        assert!(time.warnings.iter().any(|warning| warning.code == Code::WTimeOffset));
    }

    #[test]
    fn what_a_record_leaves_out_is_declared() {
        let text = entry("GA01", "");
        assert_eq!(codes(&text), [Code::Alg, Code::Digits]);
        let outcome = trial::read(Format::EtokenDat, text.as_bytes(), || ReadOptions {
            declared: Declared {
                algorithm: Some(OneTime::Totp),
                digits: Some(6),
                time_step_s: Some(30),
                ..Declared::default()
            },
            ..ReadOptions::default()
        });
        assert_eq!(outcome.records[0].time_offset, -31_556_160);
    }

    #[test]
    fn faults_are_the_tokens_own() {
        let event = "sccMode=E;sccPwLen=6";
        let with = |from: &str, to: &str| codes(entry("GA01", event).replace(from, to));
        assert_eq!(with("sccMode=E", "sccMode=X"), [Code::Alg]);
        assert_eq!(with("sccPwLen=6", "sccPwLen=5"), [Code::Digits]);
        assert_eq!(with("sccPwLen=6", "sccPwLen=6;crypto=HmacMD5"), [Code::Suite]);
        assert_eq!(with("sccPwLen=6", "sccPwLen=6;sccPin=1"), [Code::Unsupported]);
        assert_eq!(with("sccPwLen=6", "sccPwLen=6;sccPwLen=8"), [Code::Schema]);
        assert_eq!(with("sccKey=", "sccVer="), [Code::NoSecret]);
        assert_eq!(with("sccKey=1F", "sccKey=1"), [Code::Hex]);
        assert_eq!(with("sccKey=1F", "sccKey=(AES:1F"), [Code::EncAlg]);
        assert_eq!(
            with("dn: sccAuthenticatorId=GA01", "dn: sccAuthenticatorId=GA02"),
            [Code::Serial]
        );
        assert_eq!(with("sccAuthenticatorId: GA01", "sccAuthenticatorId: "), [Code::Serial; 2]);
        assert_eq!(with("sccSignature: AAAA", "sccSignature"), [Code::Columns]);
        assert_eq!(
            with("sccSignature: AAAA", "sccTokenData: sccMode=T"),
            [Code::Schema, Code::Digits, Code::Interval, Code::NoSecret,]
        );
        assert_eq!(codes(entry("GA01", "sccMode=T;sccPwLen=6")), [Code::Interval]);
        assert_eq!(codes(entry("GA01", "sccMode=T;sccPwLen=6;sccTick=7")), [Code::Interval]);
        assert_eq!(codes(entry("GA01", "sccMode=T;sccPwLen=6;sccTick=0")), [Code::Interval]);
        assert_eq!(codes(entry("GA01", "sccMode=T;sccPwLen=6;sccTick=x")), [Code::Int]);
    }

    #[test]
    fn the_file_is_refused_as_a_whole() {
        let one = entry("GA01", "sccMode=E;sccPwLen=6");
        assert_eq!(codes(format!("{one}{one}")), [Code::Duplicate]);
        assert_eq!(codes("# nothing\n\n"), [Code::NoTokens]);
        assert_eq!(codes(format!("{one}\u{1}")), [Code::Nul]);
        assert_eq!(codes(format!("{one}dn: {}", "x".repeat(70_000))), [Code::LimitText]);
    }
}
