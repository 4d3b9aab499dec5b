//! `otpauth://` URIs, one a line: `otpauth://totp/Issuer:account?secret=...&algorithm=...`.
//!
//! They were made for one phone each, and have no serial: the account in the label stands for it and
//! has to be one. Lines with `#` are comments. Not responsible for `otpauth-migration` (see
//! `migration`), which shares how accounts are named.

use std::io::BufRead;

use warifu_core::oath::HashAlgorithm;
use zeroize::Zeroizing;

use super::batch::Batch;
use super::column;
use super::encoding;
use super::lines::Line;
use super::row::{Defaults, Draft};
use super::rows::{Form, RowReader};
use crate::seedfile::code::Code;
use crate::seedfile::options::ReadOptions;
use crate::seedfile::reader::Reader;
use crate::seedfile::record::Algorithm;
use crate::seedfile::refusal::{Position, Refusal};
use crate::seedfile::seen::Seen;

const SCHEME: &str = "otpauth://";

/// Largest counter that every store holds.
const MOST_COUNTER: u64 = i64::MAX.unsigned_abs();

/// What the format documents; a counter it has not.
const DEFAULTS: Defaults = Defaults {
    algorithm: None,
    hash: Some(HashAlgorithm::Sha1),
    digits: Some(6),
    time_step_s: Some(30),
    counter: None,
};

/// Parameters, the last of which say how an account is shown. Others may change how codes are made.
const PARAMETERS: &[&str] =
    &["secret", "issuer", "algorithm", "digits", "period", "counter", "image", "icon", "color"];

/// What follows a scheme, which may be written in capitals.
pub(super) fn starts_with<'a>(line: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, rest) = line.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// Opens a file of this format.
pub(in crate::seedfile) fn open<'a>(
    input: impl BufRead + Send + 'a,
    options: ReadOptions,
) -> Result<Box<dyn Reader + Send + 'a>, Refusal> {
    Ok(Box::new(RowReader::open(input, Uris { accounts: Accounts::default() }, options)?))
}

struct Uris {
    accounts: Accounts,
}

impl Form for Uris {
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
            return Err(Refusal::new(Code::Format, "line", "an otpauth URI on every line"));
        };
        let draft = self.key(line.position(), uri)?;
        batch.take(draft.finish(options, &DEFAULTS))
    }
}

impl Uris {
    fn key(&mut self, at: Position, uri: &str) -> Result<Draft, Refusal> {
        let mut draft = Draft::new(at);
        let uri = uri.split_once('#').map_or(uri, |(uri, _fragment)| uri);
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let (kind, label) = path.split_once('/').unwrap_or((path, ""));
        let algorithm = match kind.to_ascii_lowercase().as_str() {
            "totp" => Some(Algorithm::Totp),
            "hotp" => Some(Algorithm::Hotp),
            _ => None,
        };
        match algorithm {
            Some(algorithm) => draft.computes(algorithm),
            None => {
                draft.algorithm("", "type");
            }
        }
        let [secret, issuer, hash, digits, period, counter] = parameters(&mut draft, query);
        if let Some(label) = draft.keep(decoded(label, "label")) {
            self.accounts.identify(
                &mut draft,
                &label,
                issuer.as_ref().map(|text| text.as_str()),
            )?;
        }
        if let Some(secret) = secret.filter(|text| !text.is_empty()) {
            draft.secret(encoding::base32(&secret, "secret"), "secret");
        }
        if let Some(name) = hash {
            draft.hash(&name, "algorithm");
        }
        if let Some(digits) = digits {
            draft.digits(&digits, "digits");
        }
        if let (Some(period), Some(Algorithm::Totp)) = (period, algorithm) {
            draft.time_step(&period, "period");
        }
        if let (Some(counter), Some(Algorithm::Hotp)) = (counter, algorithm) {
            draft.counter(&counter, "counter", MOST_COUNTER);
        }
        Ok(draft)
    }
}

/// The parameters that are used, in the order of [`PARAMETERS`].
fn parameters(draft: &mut Draft, query: &str) -> [Option<Zeroizing<String>>; 6] {
    let mut found: [Option<Zeroizing<String>>; PARAMETERS.len()] = Default::default();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let slot = PARAMETERS.iter().position(|known| known.eq_ignore_ascii_case(name));
        let Some((slot, field)) =
            slot.and_then(|slot| found.get_mut(slot).zip(PARAMETERS.get(slot)))
        else {
            let rule = format!("parameters are {}", PARAMETERS.join(", "));
            draft.refuse(Refusal::new(Code::Unsupported, "query", rule));
            continue;
        };
        let Some(value) = draft.keep(decoded(value, field)) else { continue };
        if slot.replace(value).is_some() {
            draft.refuse(Refusal::new(Code::Schema, *field, "every parameter stands once"));
        }
    }
    let [secret, issuer, hash, digits, period, counter, ..] = found;
    [secret, issuer, hash, digits, period, counter]
}

/// Undoes percent encoding (RFC 3986 s.2.1).
pub(super) fn decoded(text: &str, field: &'static str) -> Result<Zeroizing<String>, Refusal> {
    let rule = "percent encoding of UTF-8 (RFC 3986 s.2.1)";
    let refuse = || Refusal::new(Code::Schema, field, rule).for_token();
    let mut octets = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut parts = text.split('%');
    octets.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).ok_or_else(refuse)?;
        let mut octet = [0];
        hex::decode_to_slice(digits, &mut octet).map_err(|_| refuse())?;
        octets.extend_from_slice(&octet);
        octets.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(std::mem::take(&mut *octets)).map(Zeroizing::new).map_err(|_| refuse())
}

/// The accounts of a file, which stand for serials.
#[derive(Default)]
pub(super) struct Accounts(Seen);

impl Accounts {
    /// Takes account and issuer from a label `Issuer:account` or `account`. An account that was read
    /// before refuses the file, whether it can be a serial or not: one of the two would be lost.
    pub(super) fn identify(
        &mut self,
        draft: &mut Draft,
        label: &str,
        issuer: Option<&str>,
    ) -> Result<(), Refusal> {
        let (before, account) = label.split_once(':').unwrap_or(("", label));
        let (before, account) = (before.trim(), account.trim());
        let issuer = issuer.map_or("", str::trim);
        if !before.is_empty() && !issuer.is_empty() && before != issuer {
            draft.warn(Code::WIssuer, "issuer");
        }
        let named = if issuer.is_empty() { before } else { issuer };
        draft.issuer = draft.keep(column::label(named, "issuer")).flatten();
        draft.serial(account, "label");
        if !account.is_empty() && self.0.again(&[account.as_bytes()]) {
            let rule = "an account stands for the serial of a token and occurs once in a file";
            return Err(Refusal::new(Code::Duplicate, "label", rule));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seedfile::Format;
    use crate::seedfile::xml::trial::{self, secret};

    const SECRET: &str = "AAAQEAYEAUDAOCAJBIFQYDIOB4";

    fn codes(text: impl AsRef<[u8]>) -> Vec<Code> {
        trial::codes(Format::Otpauth, text)
    }

    #[test]
    fn defaults_are_those_of_the_format() {
        let text = format!(
            "# two accounts\n\notpauth://totp/Warifu%3A%20u1?secret={SECRET}&issuer=Warifu\r\n\
             OTPAUTH://HOTP/u2?secret={SECRET}%3D%3D%3D%3D%3D%3D&counter=7&digits=8&algorithm=sha256"
        );
        let outcome = trial::read(Format::Otpauth, text.as_bytes(), ReadOptions::default);
        assert_eq!(outcome.codes(), []);
        let [time, event] = outcome.records.as_slice() else { unreachable!("two accounts") };
        assert_eq!((time.serial.as_str(), time.issuer.as_deref()), ("u1", Some("Warifu")));
        assert_eq!((time.algorithm, time.time_step_s, time.digits), (Algorithm::Totp, Some(30), 6));
        assert_eq!(secret(time), "000102030405060708090a0b0c0d0e0f");
        assert_eq!((event.algorithm, event.counter, event.digits), (Algorithm::Hotp, Some(7), 8));
        assert_eq!((event.hash, event.time_step_s), (HashAlgorithm::Sha256, None));
        assert!(event.warnings.iter().any(|warning| warning.code == Code::WDupSecret));
    }

    #[test]
    fn faults_are_the_tokens_own() {
        let with = |query: &str| codes(format!("otpauth://totp/u1?{query}"));
        let good = format!("secret={SECRET}");
        assert_eq!(with(""), [Code::NoSecret]);
        assert_eq!(with("secret="), [Code::NoSecret]);
        assert_eq!(with("secret=0189"), [Code::Base32]);
        assert_eq!(with("secret=MFRGG"), [Code::SecretLen]);
        assert_eq!(with(&format!("{good}&algorithm=MD5")), [Code::Suite]);
        assert_eq!(with(&format!("{good}&digits=99")), [Code::Digits]);
        assert_eq!(with(&format!("{good}&digits=%EF%BC%96")), [Code::Int]);
        assert_eq!(with(&format!("{good}&period=0")), [Code::Interval]);
        assert_eq!(with(&format!("{good}&digits=6&digits=8")), [Code::Schema]);
        assert_eq!(with(&format!("{good}&encoder=steam")), [Code::Unsupported]);
        assert_eq!(with(&format!("{good}&issuer=%zz")), [Code::Schema]);
        assert_eq!(with(&format!("{good}&issuer=%E2%80%AEx")), [Code::Schema]);
        assert_eq!(codes(format!("otpauth://hotp/u1?{good}")), [Code::Counter]);
        assert_eq!(codes(format!("otpauth://hotp/u1?{good}&counter=-1")), [Code::Counter]);
        assert_eq!(codes(format!("otpauth://motp/u1?{good}")), [Code::Alg]);
        assert_eq!(codes(format!("otpauth://totp/?{good}")), [Code::Serial]);
        assert_eq!(codes(format!("otpauth://totp/a@b?{good}")), [Code::Serial]);
        assert_eq!(codes(format!("otpauth://totp?{good}")), [Code::Serial]);
    }

    #[test]
    fn an_account_occurs_once_even_where_it_is_no_serial() {
        let uri = format!("otpauth://totp/A:1?secret={SECRET}\n");
        assert_eq!(codes(format!("{uri}{}", uri.replace("A:", "B:"))), [Code::Duplicate]);
        let uri = uri.replace("A:1", "a%40b");
        assert_eq!(codes(format!("{uri}{uri}")), [Code::Serial, Code::Duplicate]);
    }

    #[test]
    fn two_issuers_are_noticed() {
        let text = format!("otpauth://totp/A:1?secret={SECRET}&issuer=B");
        let outcome = trial::read(Format::Otpauth, text.as_bytes(), ReadOptions::default);
        assert_eq!(outcome.records[0].issuer.as_deref(), Some("B"));
        assert!(outcome.records[0].warnings.iter().any(|warning| warning.code == Code::WIssuer));
    }

    #[test]
    fn every_line_is_a_uri() {
        assert_eq!(codes("# nothing\n"), [Code::NoTokens]);
        assert_eq!(codes(format!("URI: otpauth://totp/1?secret={SECRET}")), [Code::Format]);
        assert_eq!(codes("otpauth-migration://offline?data="), [Code::Format]);
        assert_eq!(codes(b"otpauth://totp/\xE9"), [Code::EncodingFile]);
        assert_eq!(codes(format!("otpauth://totp/{}", "%41".repeat(30_000))), [Code::LimitText]);
    }
}
