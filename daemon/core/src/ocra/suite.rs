//! The text of a suite: `OCRA-1:HOTP-SHA256-8:C-QN08-PSHA1-S064-T1M` (RFC 6287 s.6).
//!
//! Not responsible for: whether a suite is a good one, see [`Suite::advice`].

use std::fmt;

use thiserror::Error;

use super::question::{QuestionFormat, QuestionKind};
use crate::oath::HashAlgorithm;

/// A suite as registered. Its text is part of what the token computes, so it is kept byte for byte.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Suite {
    text: String,
    hash: HashAlgorithm,
    digits: u8,
    counter: bool,
    question: QuestionFormat,
    pin: Option<HashAlgorithm>,
    session: Option<u16>,
    step_s: Option<u32>,
}

/// What is wrong with a suite: ask the maker of the token for the text as registered in it.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum SuiteFault {
    /// Not three parts between colons.
    #[error("a suite has three parts between colons")]
    Parts,
    /// The first part.
    #[error("a suite begins with OCRA-1, in capitals")]
    Version,
    /// The second part is not `HOTP-` hash `-` digits.
    #[error("the second part is HOTP, a hash and a number of digits")]
    Function,
    /// The hash.
    #[error("the hash is SHA1, SHA256 or SHA512, in capitals")]
    Hash,
    /// The number of digits.
    #[error("the number of digits is 0 or 4 to 10, without a leading zero")]
    Digits,
    /// The question is missing or not of the form.
    #[error("the question is QA, QN or QH and two digits from 04 to 64")]
    Question,
    /// The hash of the PIN.
    #[error("the PIN is PSHA1, PSHA256 or PSHA512, written out")]
    Pin,
    /// The length of the session.
    #[error("the session is S and three digits from 001 to 512")]
    Session,
    /// The time step.
    #[error("the time step is T, then 1 to 59 and S or M, or 1 to 48 and H")]
    Time,
    /// Something that is no input, or stands in the wrong place.
    #[error("the inputs are C, Q, P, S and T in this order, each once")]
    Order,
}

impl Suite {
    /// Longest session: what the standard names, and what an HSM request has room for.
    const MAX_SESSION: u32 = 512;

    /// Reads a suite. Capitals only, since a token hashes the text as it stands; nothing is assumed
    /// that is left out, because the standard's reference code leaves a bare `P` or `S` out of the
    /// data where its text has a default for them.
    pub fn parse(text: &str) -> Result<Self, SuiteFault> {
        let mut parts = text.split(':');
        let (Some(version), Some(function), Some(inputs), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(SuiteFault::Parts);
        };
        if version != "OCRA-1" {
            return Err(SuiteFault::Version);
        }
        let (hash, digits) = function
            .strip_prefix("HOTP-")
            .and_then(|rest| rest.split_once('-'))
            .ok_or(SuiteFault::Function)?;
        let mut suite = Self {
            text: text.to_owned(),
            hash: capitals(hash).ok_or(SuiteFault::Hash)?,
            digits: output_digits(digits).ok_or(SuiteFault::Digits)?,
            counter: false,
            question: QuestionFormat { kind: QuestionKind::Decimal, max: 0 },
            pin: None,
            session: None,
            step_s: None,
        };
        suite.read_inputs(inputs)?;
        Ok(suite)
    }

    /// The inputs in the one order that the standard has: C, Q, P, S, T.
    fn read_inputs(&mut self, text: &str) -> Result<(), SuiteFault> {
        let mut rest = text.split('-').peekable();
        self.counter = rest.next_if_eq(&"C").is_some();
        let question = rest.next().ok_or(SuiteFault::Question)?;
        self.question = QuestionFormat::parse(question).ok_or(SuiteFault::Question)?;
        if let Some(part) = rest.next_if(|part| part.starts_with('P')) {
            self.pin = Some(part.get(1..).and_then(capitals).ok_or(SuiteFault::Pin)?);
        }
        if let Some(part) = rest.next_if(|part| part.starts_with('S')) {
            self.session = Some(session(part).ok_or(SuiteFault::Session)?);
        }
        if let Some(part) = rest.next_if(|part| part.starts_with('T')) {
            self.step_s = Some(time_step(part).ok_or(SuiteFault::Time)?);
        }
        rest.next().map_or(Ok(()), |_| Err(SuiteFault::Order))
    }

    /// The text as it was read, byte for byte.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Hash of the HMAC.
    pub const fn hash(&self) -> HashAlgorithm {
        self.hash
    }

    /// Digits of the code: 4 to 10, or 0 for the whole MAC.
    pub const fn digits(&self) -> u8 {
        self.digits
    }

    /// Whether the token counts.
    pub const fn counter(&self) -> bool {
        self.counter
    }

    /// Form of the question.
    pub const fn question(&self) -> QuestionFormat {
        self.question
    }

    /// Hash of the PIN, where the PIN is an input.
    pub const fn pin(&self) -> Option<HashAlgorithm> {
        self.pin
    }

    /// Bytes of the session, where it is an input.
    pub const fn session(&self) -> Option<u16> {
        self.session
    }

    /// Seconds of a time step, where the time is an input.
    pub const fn step_s(&self) -> Option<u32> {
        self.step_s
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A hash as suites write it; [`HashAlgorithm::from_name`] would take small letters too.
fn capitals(name: &str) -> Option<HashAlgorithm> {
    HashAlgorithm::from_name(name).filter(|hash| hash.name() == name)
}

fn output_digits(text: &str) -> Option<u8> {
    let digits = natural(text, 2)?;
    (digits == 0 || (4..=10).contains(&digits)).then(|| u8::try_from(digits).ok()).flatten()
}

/// `S064`.
fn session(part: &str) -> Option<u16> {
    let digits = part.strip_prefix('S').filter(|digits| digits.len() == 3)?;
    let length: u32 = decimal(digits)?;
    (1..=Suite::MAX_SESSION).contains(&length).then(|| u16::try_from(length).ok()).flatten()
}

/// `T30S`, `T1M`, `T24H`. `T0H` is of the standard's form and would divide by zero.
fn time_step(part: &str) -> Option<u32> {
    let rest = part.strip_prefix('T')?;
    let (number, unit) = rest.split_at_checked(rest.len().checked_sub(1)?)?;
    let (seconds, most) = match unit {
        "S" => (1, 59),
        "M" => (60, 59),
        "H" => (3600, 48),
        _ => return None,
    };
    let number = natural(number, 2)?;
    (1..=most).contains(&number).then(|| number.saturating_mul(seconds))
}

/// A decimal number without a leading zero, of at most so many digits.
fn natural(text: &str, most_digits: usize) -> Option<u32> {
    let plain = text == "0" || !text.starts_with('0');
    (plain && text.len() <= most_digits).then(|| decimal(text)).flatten()
}

/// ASCII digits only; `parse` alone would take a plus sign.
pub(super) fn decimal(text: &str) -> Option<u32> {
    text.bytes().all(|c| c.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
