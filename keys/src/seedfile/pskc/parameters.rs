//! What a key computes: its algorithm, AlgorithmParameters (suite, challenge, response).
//!
//! Not responsible for the moving factor.

use std::ops::RangeInclusive;

use warifu_core::oath::HashAlgorithm;

use super::draft;
use super::element::El;
use super::names::{ALGORITHM, PSKC, TXA1};
use super::number;
use crate::seedfile::code::Code;
use crate::seedfile::record::{Algorithm, CameraPart};
use crate::seedfile::refusal::{Faults, Refusal, Warning};
use crate::seedfile::suite::{self, Ocra};

/// What is used of AlgorithmParameters.
#[derive(Default)]
pub(super) struct Parameters {
    pub(super) suite: Option<String>,
    pub(super) hash: Option<HashAlgorithm>,
    pub(super) ocra: Option<Ocra>,
    pub(super) digits: Option<u8>,
    /// What to know about the suite.
    pub(super) warnings: Vec<Warning>,
}

const CHILDREN: [&str; 3] = ["Suite", "ChallengeFormat", "ResponseFormat"];

/// The algorithm of a key, and what its identifier says beside.
pub(super) struct Named<'a> {
    pub(super) algorithm: Algorithm,
    /// The suite, where a draft put it into the identifier.
    pub(super) suite: Option<&'a str>,
    /// Whether the identifier is one of an expired draft.
    pub(super) is_draft: bool,
}

/// Reads the algorithm from its identifier. A PIN is a key too (RFC 6030 s.10.2) and must never
/// become a token.
pub(super) fn algorithm<'a>(
    key: El<'_>,
    uri: &'a str,
    parameters: Option<El<'_>>,
) -> Result<Named<'a>, Refusal> {
    let plain = |algorithm| Named { algorithm, suite: None, is_draft: false };
    if uri == TXA1 {
        return camera_part(key, parameters).map(|part| plain(Algorithm::Txa1(part)));
    }
    let written = uri.strip_prefix(ALGORITHM);
    let in_draft = draft::algorithm(uri).filter(|_| written.is_none());
    let (name, suite) = match in_draft {
        Some((name, suite)) if key.is_draft() => (Some(name), suite),
        _ => (written, None),
    };
    let algorithm = match name {
        Some("hotp") => Algorithm::Hotp,
        Some("totp") => Algorithm::Totp,
        Some("ocra") => Algorithm::Ocra,
        Some("pin") => {
            let rule = "a PIN is not a key for passwords";
            return Err(key.refuse_field(Code::Usage, "Algorithm", rule));
        }
        _ if in_draft.is_some() => {
            let rule = "an identifier of RFC 6030; this one is a draft's, which is read only with \
                        the format pskc-draft named";
            return Err(key.refuse_field(Code::Alg, "Algorithm", rule));
        }
        _ => {
            let rule = format!("the algorithm is {ALGORITHM}hotp, :totp or :ocra, or {TXA1}");
            return Err(key.refuse_field(Code::Alg, "Algorithm", rule));
        }
    };
    Ok(Named { algorithm, suite, is_draft: in_draft.is_some() })
}

/// Which of a camera token's keys this is. Its id has to say the same, behind the serial: a key in
/// the wrong place would be sealed for another use.
fn camera_part(key: El<'_>, parameters: Option<El<'_>>) -> Result<CameraPart, Refusal> {
    let rule = "the suite of a camera token's key is SEED, ENC, COD or SIG";
    let parts =
        parameters.map(|el| el.children(&[PSKC], &CHILDREN, &["Extensions"])).transpose()?;
    let Some(el) = parts.as_ref().and_then(|parts| parts.get("Suite")) else {
        return Err(key.refuse_field(Code::Suite, "Suite", rule));
    };
    CameraPart::from_label(&el.text()?).ok_or_else(|| el.refuse(Code::Suite, rule))
}

/// Reads AlgorithmParameters.
pub(super) fn read(
    key: El<'_>,
    parameters: Option<El<'_>>,
    named: Option<&Named<'_>>,
    faults: &mut Faults,
) -> Result<Parameters, Refusal> {
    let algorithm = named.map(|named| named.algorithm);
    let parts =
        parameters.map(|el| el.children(&[PSKC], &CHILDREN, &["Extensions"])).transpose()?;
    let get = |name| parts.as_ref().and_then(|parts| parts.get(name));
    let mut found = Parameters::default();
    if let Some(el) = get("Suite") {
        let text = el.text()?;
        faults.keep(read_suite(el, &text, algorithm, &mut found))?;
    } else if let Some(text) = named.and_then(|named| named.suite) {
        faults.keep(read_suite(key, text, algorithm, &mut found))?;
    } else if algorithm == Some(Algorithm::Ocra) {
        faults.push(key.refuse_field(Code::Suite, "Suite", "an OCRA key has a suite"));
    }
    if let Some(el) = get("ChallengeFormat") {
        faults.keep(challenge(el))?;
    }
    if matches!(algorithm, Some(Algorithm::Txa1(_))) {
        found.hash = Some(HashAlgorithm::Sha256);
        found.digits = match get("ResponseFormat") {
            Some(el) => faults.keep(response(el, CAMERA_DIGITS..=CAMERA_DIGITS))?,
            None => u8::try_from(CAMERA_DIGITS).ok(),
        };
        return Ok(found);
    }
    let unstated = || {
        let rule = "the response format is stated, never assumed (RFC 6030 s.10.1)";
        Err(key.refuse_field(Code::Schema, "ResponseFormat", rule).for_token())
    };
    // RFC 6030 s.10.1 for HOTP; RFC 6287 s.5.2 allows OCRA 4 to 10.
    let range = if found.ocra.is_some() { 4..=10 } else { 6..=9 };
    let read = |el: El<'_>| {
        let digits = response(el, range.clone())?;
        match found.ocra {
            Some(ocra) if ocra.digits != digits => {
                Err(el.refuse_field(Code::Suite, "Length", "as many digits as the suite says"))
            }
            _ => Ok(digits),
        }
    };
    found.digits = faults.keep(get("ResponseFormat").map_or_else(unstated, read))?;
    Ok(found)
}

/// What a camera token shows; its protocol knows nothing else.
const CAMERA_DIGITS: i64 = 8;

fn read_suite(
    el: El<'_>,
    text: &str,
    algorithm: Option<Algorithm>,
    found: &mut Parameters,
) -> Result<(), Refusal> {
    if text.is_empty() && algorithm != Some(Algorithm::Ocra) {
        return Ok(());
    }
    match algorithm {
        Some(Algorithm::Ocra) => {
            let read =
                suite::ocra(text).map_err(|rule| el.refuse_field(Code::Suite, "Suite", rule));
            let (ocra, advice) = read?;
            let warnings = advice.into_iter().map(|one| Warning::new(Code::of_suite(one), "Suite"));
            found.warnings.extend(warnings);
            found.hash = Some(ocra.hash);
            found.ocra = Some(ocra);
        }
        Some(Algorithm::Txa1(_)) => {}
        Some(Algorithm::Hotp | Algorithm::Totp) | None => {
            let rule = "the suite names SHA1, SHA256 or SHA512";
            found.hash = Some(suite::hash(text).ok_or_else(|| el.refuse(Code::Suite, rule))?);
        }
    }
    found.suite = Some(text.to_owned());
    Ok(())
}

fn challenge(el: El<'_>) -> Result<(), Refusal> {
    let (min, max) = (number::long_attribute(el, "Min")?, number::long_attribute(el, "Max")?);
    if min.zip(max).is_some_and(|(min, max)| min < 0 || max < min) {
        return Err(el.refuse(Code::Int, "Min is not negative and not above Max"));
    }
    check_digits(el)
}

/// RFC 6030 writes CheckDigits in its schema and CheckDigit in its text.
fn check_digits(el: El<'_>) -> Result<(), Refusal> {
    if number::flag(el, "CheckDigits")? || number::flag(el, "CheckDigit")? {
        return Err(el.refuse_field(Code::Unsupported, "CheckDigits", "no check digits"));
    }
    Ok(())
}

fn response(el: El<'_>, range: RangeInclusive<i64>) -> Result<u8, Refusal> {
    let rule = "the response format has an Encoding and a Length";
    match el.attribute("Encoding") {
        None => return Err(el.refuse_field(Code::Schema, "Encoding", rule).for_token()),
        Some("DECIMAL") => {}
        Some(_) => return Err(el.refuse_field(Code::Encoding, "Encoding", "DECIMAL")),
    }
    check_digits(el)?;
    let length = number::long_attribute(el, "Length")?
        .ok_or_else(|| el.refuse_field(Code::Schema, "Length", rule).for_token())?;
    if !range.contains(&length) {
        let rule = format!("{} to {} digits", range.start(), range.end());
        return Err(el.refuse_field(Code::Digits, "Length", rule));
    }
    u8::try_from(length).map_err(|_| el.refuse_field(Code::Digits, "Length", rule))
}
