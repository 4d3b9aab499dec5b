//! What a program orders with a template: a token, and where its seed comes from.
//!
//! Strict: an attribute that is not kept, or that says of the token what will not be true of it, is
//! refused by its name, so that no program believes that a token has what it asked for.
//!
//! Not responsible for writing it down, see [`mod@super::document`].

use cryptoki_sys::{
    CK_ATTRIBUTE_TYPE, CK_OTP_FORMAT_DECIMAL, CKA_ALLOWED_MECHANISMS, CKA_CLASS, CKA_ID,
    CKA_KEY_TYPE, CKA_LABEL, CKA_OTP_COUNTER, CKA_OTP_FORMAT, CKA_OTP_LENGTH,
    CKA_OTP_TIME_INTERVAL, CKA_OTP_USER_IDENTIFIER, CKA_TOKEN, CKA_VALUE, CKA_VALUE_LEN, CKK_HOTP,
    CKO_OTP_KEY,
};
use warifu_api::token::{Hash, TokenKind};

use super::{document::Moving, rules};
use crate::{
    fault::{Fault, Outcome},
    rv::Rv,
    serial::{self, is_serial},
    template::Template,
    vendor::{CKA_WARIFU_HASH, CKA_WARIFU_KIND, CKA_WARIFU_MANUFACTURER},
};

/// Where the seed is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Way {
    /// In the template.
    Create,
    /// Beside it, wrapped.
    Unwrap,
}

/// A token to be.
pub(super) struct Order<'t> {
    pub(super) serial: &'t str,
    pub(super) manufacturer: Option<&'t str>,
    pub(super) digits: u8,
    pub(super) hash: Hash,
    pub(super) moving: Moving,
    pub(super) kind: TokenKind,
    /// The seed, where it is in the template.
    pub(super) seed: Option<&'t [u8]>,
    /// Length of the seed, where the template states it.
    pub(super) seed_len: Option<usize>,
}

/// Octets of a seed that the daemon takes.
pub(super) const SEED_LEN: std::ops::RangeInclusive<usize> = 16..=64;
/// Digits of a code (RFC 6030 s.10.1).
const DIGITS: std::ops::RangeInclusive<u64> = 6..=9;
/// Longest time step: a week.
const LONGEST_STEP_S: u64 = 604_800;
/// RFC 6030 writes a counter as xs:long.
const LARGEST_COUNTER: u64 = i64::MAX as u64;
/// Characters of the longest name of a manufacturer.
pub(super) const LONGEST_MANUFACTURER: usize = 256;

impl<'t> Order<'t> {
    pub(super) fn read(template: &'t Template, way: Way) -> Outcome<Self> {
        rules::check(template)?;
        class(template)?;
        let seed = seed(template, way)?;
        let seed_len = template.number(CKA_VALUE_LEN)?;
        let seed_len = seed_len.map(|len| usize::try_from(len).unwrap_or(usize::MAX));
        if let (Some(seed), Some(stated)) = (seed, seed_len)
            && seed.len() != stated
        {
            return Err(inconsistent(CKA_VALUE_LEN, "is not the length of CKA_VALUE"));
        }
        let moving = moving(template)?;
        mechanisms(template, moving)?;
        Ok(Self {
            serial: serial(template)?,
            manufacturer: manufacturer(template)?,
            digits: digits(template)?,
            hash: hash(template)?,
            moving,
            kind: kind(template)?,
            seed,
            seed_len,
        })
    }
}

fn class(template: &Template) -> Outcome<()> {
    if need(template.number(CKA_CLASS)?, CKA_CLASS)? != CKO_OTP_KEY {
        return Err(inconsistent(CKA_CLASS, "is not CKO_OTP_KEY, and nothing else is taken in"));
    }
    if need(template.number(CKA_KEY_TYPE)?, CKA_KEY_TYPE)? != CKK_HOTP {
        let rule = "is not CKK_HOTP, the only type that is taken in; a time-based token has \
                    CKA_OTP_TIME_INTERVAL beside it";
        return Err(inconsistent(CKA_KEY_TYPE, rule));
    }
    // PKCS#11 v3.1 s.4.4: what is not said is false.
    if template.flag(CKA_TOKEN)? != Some(true) {
        return Err(inconsistent(CKA_TOKEN, "is not true, and no token lasts for a session only"));
    }
    Ok(())
}

fn seed(template: &Template, way: Way) -> Outcome<Option<&[u8]>> {
    match (way, template.bytes(CKA_VALUE)) {
        (Way::Unwrap, None) => Ok(None),
        (Way::Unwrap, Some(_)) => {
            Err(inconsistent(CKA_VALUE, "has no place in the template of a wrapped key"))
        }
        (Way::Create, None) => Err(incomplete(CKA_VALUE)),
        (Way::Create, Some(seed)) if SEED_LEN.contains(&seed.len()) => Ok(Some(seed)),
        (Way::Create, Some(_)) => Err(invalid(CKA_VALUE, "has 16 to 64 bytes")),
    }
}

/// A token is called by its serial only, whichever attribute says it.
fn serial(template: &Template) -> Outcome<&str> {
    let mut found = None;
    for kind in [CKA_OTP_USER_IDENTIFIER, CKA_ID, CKA_LABEL] {
        let Some(text) = template.text(kind)?.filter(|text| !text.is_empty()) else { continue };
        if found.is_some_and(|before| before != text) {
            return Err(inconsistent(kind, "is another serial than the template's others"));
        }
        if !is_serial(text) {
            return Err(invalid(kind, serial::RULE));
        }
        found = Some(text);
    }
    found.ok_or_else(|| {
        let why = "no serial: CKA_OTP_USER_IDENTIFIER, CKA_ID or CKA_LABEL is missing";
        Fault::new(Rv::TemplateIncomplete, why)
    })
}

fn manufacturer(template: &Template) -> Outcome<Option<&str>> {
    let kind = CKA_WARIFU_MANUFACTURER;
    let Some(text) = template.text(kind)?.filter(|text| !text.is_empty()) else { return Ok(None) };
    // U+FFFE and U+FFFF are characters that XML does not have (XML 1.0 s.2.2).
    let is_odd = |c: char| c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}');
    let is_long = text.chars().count() > LONGEST_MANUFACTURER;
    if is_long || text.trim() != text || text.chars().any(is_odd) {
        let rule = "has at most 256 printable characters, and no blanks around them";
        return Err(invalid(kind, rule));
    }
    Ok(Some(text))
}

fn digits(template: &Template) -> Outcome<u8> {
    if template.number(CKA_OTP_FORMAT)?.is_some_and(|format| format != CK_OTP_FORMAT_DECIMAL) {
        return Err(inconsistent(CKA_OTP_FORMAT, "is not CK_OTP_FORMAT_DECIMAL"));
    }
    let length = need(template.number(CKA_OTP_LENGTH)?, CKA_OTP_LENGTH)?;
    let length = u8::try_from(length).ok().filter(|length| DIGITS.contains(&u64::from(*length)));
    length.ok_or_else(|| invalid(CKA_OTP_LENGTH, "is 6 to 9 digits"))
}

fn hash(template: &Template) -> Outcome<Hash> {
    let Some(word) = template.text(CKA_WARIFU_HASH)? else { return Ok(Hash::Sha1) };
    Hash::from_word(word)
        .ok_or_else(|| invalid(CKA_WARIFU_HASH, "is none of SHA1, SHA256 and SHA512"))
}

fn kind(template: &Template) -> Outcome<TokenKind> {
    let Some(word) = template.text(CKA_WARIFU_KIND)? else { return Ok(TokenKind::Hard) };
    match TokenKind::from_word(word) {
        Some(kind @ (TokenKind::Hard | TokenKind::Soft)) => Ok(kind),
        Some(TokenKind::Camera) | None => Err(invalid(CKA_WARIFU_KIND, "is neither hard nor soft")),
    }
}

fn moving(template: &Template) -> Outcome<Moving> {
    let counter = template.bytes(CKA_OTP_COUNTER).filter(|bytes| !bytes.is_empty());
    let Some(step) = template.number(CKA_OTP_TIME_INTERVAL)? else {
        // PKCS#11 v3.1 s.6.44.3: eight bytes, the most significant first.
        let Some(bytes) = counter else { return Ok(Moving::Counter(0)) };
        let counter = bytes.try_into().map(u64::from_be_bytes).ok();
        let counter = counter.filter(|counter| *counter <= LARGEST_COUNTER);
        let rule = "has 8 bytes, most significant first, and is less than 2^63";
        return counter.map(Moving::Counter).ok_or_else(|| invalid(CKA_OTP_COUNTER, rule));
    };
    if counter.is_some() {
        let rule = "has no place beside CKA_OTP_TIME_INTERVAL: a token counts or has a clock";
        return Err(inconsistent(CKA_OTP_COUNTER, rule));
    }
    let step = u32::try_from(step).ok().filter(|s| (1..=LONGEST_STEP_S).contains(&u64::from(*s)));
    let step = step.ok_or_else(|| invalid(CKA_OTP_TIME_INTERVAL, "is 1 to 604800 seconds"))?;
    Ok(Moving::TimeStep(step))
}

/// A token has one mechanism, which a template may repeat.
fn mechanisms(template: &Template, moving: Moving) -> Outcome<()> {
    let allowed = template.bytes(CKA_ALLOWED_MECHANISMS);
    if allowed.is_none_or(|allowed| allowed == moving.mechanism().to_ne_bytes()) {
        return Ok(());
    }
    Err(inconsistent(CKA_ALLOWED_MECHANISMS, "is not the one mechanism of such a token"))
}

fn need<T>(value: Option<T>, kind: CK_ATTRIBUTE_TYPE) -> Outcome<T> {
    value.ok_or_else(|| incomplete(kind))
}

fn incomplete(kind: CK_ATTRIBUTE_TYPE) -> Fault {
    Fault::new(Rv::TemplateIncomplete, format!("{} is missing", rules::name(kind)))
}

fn inconsistent(kind: CK_ATTRIBUTE_TYPE, rule: &str) -> Fault {
    Fault::new(Rv::TemplateInconsistent, format!("{} {rule}", rules::name(kind)))
}

fn invalid(kind: CK_ATTRIBUTE_TYPE, rule: &str) -> Fault {
    Fault::new(Rv::AttributeValueInvalid, format!("{} {rule}", rules::name(kind)))
}

#[cfg(test)]
mod tests;
