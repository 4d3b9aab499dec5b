//! Compares keys that were read with those of the list, field by field, codes included.
//!
//! Not responsible for files that are refused as a whole.

use std::collections::BTreeSet;

use serde_json::Value;
use warifu_core::oath::Digits;
use warifu_core::time::UnixTime;
use warifu_keys::seedfile::{Algorithm, Record, SecretValue};
use warifu_token::{Kind, VirtualToken};

use crate::case::{Case, Switch};
use crate::reading::Found;

/// What differs between a token of the list and what was read.
pub(crate) fn problem(token: &Value, found: &Found, case: &Case) -> Option<String> {
    let name = name(token);
    let findings = findings(token);
    let opened_by_hsm = case.is_for_hsm();
    if let Some(record) = record(token, found).filter(|_| is_named_otherwise(case, &findings)) {
        let is_same = gives_the_secret(token, record)
            && token["counter"].as_u64().is_none_or(|counter| Some(counter) == record.counter);
        return (!is_same).then(|| format!("{name}: secret or counter: {record:?}"));
    }
    let is_refused = findings.iter().any(|code| code.starts_with("E_"));
    let foreign = is_foreign(token);
    match record(token, found) {
        None if is_refused || foreign => {
            let ours = refusals_of(token, found);
            let known = foreign && (ours.contains("E_ALG") || ours.contains("E_USAGE"));
            let met = known || ours.intersection(&findings).next().is_some();
            (!met).then(|| format!("{name}: wanted one of {findings:?}, got {ours:?}"))
        }
        None => Some(format!("{name}: missing; {:?}", found.refusals)),
        Some(record) if is_refused => {
            Some(format!("{name}: should be refused for {findings:?}: {record:?}"))
        }
        Some(record) => difference(token, record, found, opened_by_hsm)
            .map(|what| format!("{name}: {what}: {record:?}")),
    }
}

/// Drafts name algorithms in ways of their own: `HOTP`, or a suite behind a `#`. The list knows none
/// of them and refuses the token; a reader of drafts may know them.
fn is_named_otherwise(case: &Case, findings: &BTreeSet<&str>) -> bool {
    let mut refusals = findings.iter().filter(|code| code.starts_with("E_")).peekable();
    case.switch == Switch::DraftFormats
        && refusals.peek().is_some()
        && refusals.all(|code| matches!(*code, "E_ALG" | "E_USAGE"))
}

/// Whether a token of the list is one that comes out.
pub(crate) fn is_expected(token: &Value) -> bool {
    !is_foreign(token) && !findings(token).iter().any(|code| code.starts_with("E_"))
}

fn is_foreign(token: &Value) -> bool {
    !matches!(token["type"].as_str(), None | Some("hotp" | "totp" | "ocra"))
}

fn findings(token: &Value) -> BTreeSet<&str> {
    token["findings"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn name(token: &Value) -> String {
    let words = ["serial", "key_id", "public_id", "label", "line"];
    let given = words.iter().filter(|key| !token[**key].is_null());
    given.map(|key| format!("{key} {}", token[*key])).collect::<Vec<_>>().join(", ")
}

fn identity(token: &Value) -> Option<&str> {
    token["serial"].as_str().or_else(|| token["public_id"].as_str())
}

fn record<'a>(token: &Value, found: &'a Found) -> Option<&'a Record> {
    let serial = identity(token)?;
    found.records.iter().find(|record| {
        record.serial.as_str() == serial
            && token["key_id"].as_str().is_none_or(|id| id == record.key_id)
    })
}

/// Codes of the refusals that name this token, or none.
fn refusals_of<'a>(token: &Value, found: &'a Found) -> BTreeSet<&'a str> {
    let serial = identity(token);
    let is_its = |named: Option<&str>| named.is_none() || serial.is_none() || named == serial;
    let refusals = found.refusals.iter().filter(|refusal| is_its(refusal.serial.as_deref()));
    refusals.map(|refusal| refusal.code.as_str()).collect()
}

fn difference(
    token: &Value,
    record: &Record,
    found: &Found,
    opened_by_hsm: bool,
) -> Option<&'static str> {
    let text = |key: &str| token[key].as_str();
    let number = |key: &str| token[key].as_u64();
    let same = |expected: Option<u64>, got: Option<u64>| expected.is_none() || expected == got;
    let is_kind = |kind: &str| kind.eq_ignore_ascii_case(record.algorithm.name());
    let date = |key: &str| text(key).map(|date| UnixTime::from_rfc3339(date).unwrap());
    let begin = date("key_start_date").max(date("device_start_date"));
    let ends = [date("key_expiry_date"), date("device_expiry_date")];
    let end = ends.into_iter().flatten().min();
    let checks = [
        (text("type").is_none_or(is_kind), "type"),
        (text("hash").is_none_or(|h| h.eq_ignore_ascii_case(record.hash.name())), "hash"),
        (same(number("digits"), Some(u64::from(record.digits))), "digits"),
        (same(number("counter"), record.counter), "counter"),
        (same(number("time_interval"), record.time_step_s.map(u64::from)), "time step"),
        (text("manufacturer").is_none_or(|m| Some(m) == record.manufacturer.as_deref()), "maker"),
        (text("issuer").is_none_or(|i| Some(i) == record.issuer.as_deref()), "issuer"),
        (text("suite").is_none_or(|s| Some(s) == record.suite.as_deref()), "suite"),
        (token["time_drift"].as_i64().is_none_or(|d| d == i64::from(record.time_drift)), "drift"),
        (token["time_offset"].as_i64().is_none_or(|t| t == record.time_offset), "time offset"),
        (begin.is_none() || begin == record.starts_at, "start"),
        (end.is_none() || end == record.expires_at, "expiry"),
        (is_in_the_right_queue(token, record), "quarantine"),
        (is_warned(token, record, found), "warnings"),
        (opened_by_hsm || gives_the_secret(token, record), "secret"),
        (opened_by_hsm || gives_the_code(token, record), "code"),
    ];
    checks.into_iter().find_map(|(right, what)| (!right).then_some(what))
}

/// The first of two equal secrets is read before the second is known.
fn is_warned(token: &Value, record: &Record, found: &Found) -> bool {
    let warned: BTreeSet<&str> = record.warnings.iter().map(|w| w.code.as_str()).collect();
    let comes_again = found
        .records
        .iter()
        .take_while(|earlier| !std::ptr::eq(*earlier, record))
        .any(|earlier| earlier.serial != record.serial && same_secret(earlier, record));
    findings(token).into_iter().filter(|code| code.starts_with("W_")).all(|code| {
        let is_first = code == "W_DUP_SECRET" && !comes_again;
        is_first || warned.contains(code) || found.warnings.iter().any(|w| w.as_str() == code)
    })
}

fn same_secret(one: &Record, other: &Record) -> bool {
    match (&one.secret, &other.secret) {
        (SecretValue::Plain(one), SecretValue::Plain(other)) => one.same_as(other),
        _ => false,
    }
}

fn is_in_the_right_queue(token: &Value, record: &Record) -> bool {
    match token["outcome"].as_str() {
        Some("quarantine-tokens") => record.is_quarantined(),
        Some("accept") => !record.is_quarantined(),
        _ => true,
    }
}

fn gives_the_secret(token: &Value, record: &Record) -> bool {
    let SecretValue::Plain(secret) = &record.secret else { return false };
    token["secret_hex"].as_str().is_none_or(|hex| hex == hex::encode(secret.expose()))
}

fn gives_the_code(token: &Value, record: &Record) -> bool {
    let SecretValue::Plain(secret) = &record.secret else { return false };
    let check = &token["otp_check"];
    let Some(code) = check["code"].as_str() else { return true };
    let kind = match record.algorithm {
        Algorithm::Totp => Kind::Totp { step_s: record.time_step_s.unwrap() },
        Algorithm::Hotp | Algorithm::Ocra | Algorithm::Txa1(_) => Kind::Hotp,
    };
    let digits = Digits::new(record.digits).unwrap();
    let token = VirtualToken::new(secret.expose().to_vec(), kind, record.hash, digits);
    let factor = match check["counter"].as_u64() {
        Some(counter) => counter,
        // Tokens whose time does not begin in 1970 are ahead or behind by so many steps.
        None => token
            .factor_at(UnixTime(check["unix_time"].as_u64().unwrap()))
            .checked_add_signed(record.time_offset)
            .unwrap(),
    };
    let shown = token.code(factor);
    shown.expose() == code.as_bytes()
}
