//! What makes the keys of a seed file a token that signs: a keypad token of one or more suites, or a
//! camera token.
//!
//! Not responsible for: tokens for codes, and what holds for all of them (check).

use std::collections::HashSet;

use warifu_core::{
    camera::Camera,
    keypad::Keypad,
    oath::{Digits, HashAlgorithm},
    ocra::Suite,
    token::Moving,
};
use warifu_keys::seedfile::{Algorithm, CameraPart, Code, Record, Refusal, SecretValue};
use warifu_txa1::{expansion::Role, serial::DeviceSerial};

use super::{
    check::{Keys, Shape, located},
    group::Group,
};

/// Digits of a camera token's codes.
const CAMERA_DIGITS: u8 = 8;

/// The keypad token of these keys.
pub(super) fn keypad(group: &Group) -> Result<Shape, Refusal> {
    in_common(group)?;
    if group.len() > Keypad::MOST_SUITES {
        let rule = format!("a token has at most {} suites", Keypad::MOST_SUITES);
        return Err(located(Refusal::new(Code::Group, "Suite", rule), group.first()));
    }
    let (mut suites, mut texts) = (Vec::with_capacity(group.len()), HashSet::new());
    for record in group.records() {
        let suite = suite(record).map_err(|refusal| located(refusal, record))?;
        if !texts.insert(suite.text().to_owned()) {
            let rule = "each suite of a token stands in the file once";
            return Err(located(Refusal::new(Code::Group, "Suite", rule), record));
        }
        suites.push(suite);
    }
    one_key(group)?;
    let digits = digits(suites.first().map_or(0, Suite::digits));
    let counter = counter(group)?;
    let hash = group.first().hash;
    let Some(mut keypad) = Keypad::new(suites) else {
        let rule = "all suites of a token use one hash, since they share a key";
        return Err(located(Refusal::new(Code::Group, "Suite", rule), group.first()));
    };
    keypad.counter = counter;
    let digits = digits.map_err(|refusal| located(refusal, group.first()))?;
    Ok(Shape { hash, digits, moving: Moving::Keypad(keypad), keys: Keys::One })
}

/// The camera token of these keys.
pub(super) fn camera(group: &Group) -> Result<Shape, Refusal> {
    let refuse =
        |code, field, rule: String| located(Refusal::new(code, field, rule), group.first());
    in_common(group)?;
    let Some(serial) = DeviceSerial::from_text(group.first().serial.as_str()) else {
        let rule = "the serial of a camera token has exactly 10 digits, as printed on it";
        return Err(refuse(Code::Serial, "SerialNo", rule.to_owned()));
    };
    let digits = digits(CAMERA_DIGITS)?;
    let shape = |keys| Shape {
        hash: HashAlgorithm::Sha256,
        digits,
        moving: Moving::Camera(Camera::default()),
        keys,
    };
    let parts: Vec<CameraPart> = group.records().filter_map(part).collect();
    let complete = Role::ALL.iter().all(|role| parts.contains(&CameraPart::Key(*role)));
    if parts == [CameraPart::Seed] {
        return Ok(shape(Keys::Seed(serial)));
    }
    if !complete || parts.len() != Role::ALL.len() {
        let found: Vec<&str> = parts.iter().map(|part| part.label()).collect();
        let rule = format!(
            "a camera token has its SEED alone, or ENC, COD and SIG once each, one after the \
             other; here there is {}",
            found.join(", ")
        );
        return Err(refuse(Code::Group, "Suite", rule));
    }
    let distinct: HashSet<&[u8]> = group.records().filter_map(plain).collect();
    if group.records().all(|record| plain(record).is_some()) && distinct.len() != group.len() {
        let rule = "the three keys of a camera token differ from each other";
        return Err(refuse(Code::Group, "Secret", rule.to_owned()));
    }
    Ok(shape(Keys::Three))
}

/// What of a camera token a record holds.
pub(super) const fn part(record: &Record) -> Option<CameraPart> {
    match record.algorithm {
        Algorithm::Txa1(part) => Some(part),
        Algorithm::Hotp | Algorithm::Totp | Algorithm::Ocra => None,
    }
}

/// The token has one validity and one PIN; its keys can not have different ones.
fn in_common(group: &Group) -> Result<(), Refusal> {
    let of = |record: &Record| {
        (record.starts_at, record.expires_at, record.policy.pin.clone(), record.policy.transactions)
    };
    match group.records().find(|record| of(record) != of(group.first())) {
        Some(record) => {
            let rule = "all keys of a token have the same validity and the same PIN policy";
            Err(located(Refusal::new(Code::Group, "Policy", rule), record))
        }
        None => Ok(()),
    }
}

/// All suites of a token are computed with one key; where the values are readable, they are compared.
fn one_key(group: &Group) -> Result<(), Refusal> {
    match group.records().find(|record| plain(record) != plain(group.first())) {
        Some(record) => {
            let rule = "all suites of a token have the same key";
            Err(located(Refusal::new(Code::Group, "Secret", rule), record))
        }
        None => Ok(()),
    }
}

fn suite(record: &Record) -> Result<Suite, Refusal> {
    let text = record.suite.as_deref().unwrap_or_default();
    let suite = Suite::parse(text)
        .map_err(|fault| Refusal::new(Code::Suite, "Suite", fault.to_string()))?;
    digits(suite.digits())?;
    if suite.step_s().is_some() && record.time_drift != 0 {
        let rule =
            "the clock of a keypad token is not off at delivery: nothing here learns by how much";
        return Err(Refusal::new(Code::Drift, "TimeDrift", rule));
    }
    Ok(suite)
}

fn digits(count: u8) -> Result<Digits, Refusal> {
    let rule = "6 to 10 digits; shorter codes are guessed too easily";
    Digits::new(count).ok_or_else(|| Refusal::new(Code::Digits, "ResponseFormat", rule))
}

/// The token counts its answers, whatever suite they are of.
fn counter(group: &Group) -> Result<u64, Refusal> {
    let mut counters = group.records().filter_map(|record| Some((record, counts(record)?)));
    let Some((_, first)) = counters.next() else { return Ok(0) };
    match counters.find(|(_, counter)| *counter != first) {
        Some((record, _)) => {
            let rule = "all suites of a token that count begin with the same counter";
            Err(located(Refusal::new(Code::Counter, "Counter", rule), record))
        }
        None => Ok(first),
    }
}

/// The counter of a suite that has one. Some makers write a zero where the suite has none.
fn counts(record: &Record) -> Option<u64> {
    let suite = Suite::parse(record.suite.as_deref()?).ok()?;
    suite.counter().then_some(record.counter).flatten()
}

fn plain(record: &Record) -> Option<&[u8]> {
    match &record.secret {
        SecretValue::Plain(secret) => Some(secret.expose()),
        SecretValue::Encrypted(_) => None,
    }
}

#[cfg(test)]
mod tests;
