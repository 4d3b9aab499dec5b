//! Runs the reader over collections of seed files and their lists of expected results.
//!
//! The collections are not part of this repository: `WARIFU_CORPUS` and `WARIFU_CORPUS_HOSTILE`
//! name folders that hold a `MANIFEST.json`. Without them the tests say so and pass. Every file is
//! read under a neutral name; names of defects must not help.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde_json::Value;
use warifu_core::oath::Digits;
use warifu_core::time::UnixTime;
use warifu_keys::secret::Secret;
use warifu_keys::seedfile::inspect::{InspectLine, inspect};
use warifu_keys::seedfile::{
    Algorithm, IntegerEncoding, ReadOptions, Record, Refusal, SecretValue, Signatures, Unlock, open,
};
use warifu_token::{Kind, VirtualToken};

/// Classes of encryption and signature that a later version brings, as the manifests name them.
const LATER_CIPHERS: &[&str] = &["rsa", "camellia", "tripledes", "gcm", "pad"];
/// Classes that need a verified signature.
const LATER_SIGNATURES: &[&str] = &["E_SIG_CERT", "E_SIG_UNTRUSTED", "E_SIG_INVALID"];

#[test]
fn real_and_synthetic_files() {
    run("WARIFU_CORPUS");
}

#[test]
fn hostile_files() {
    run("WARIFU_CORPUS_HOSTILE");
}

fn run(variable: &str) {
    let Some(folder) = std::env::var_os(variable).map(PathBuf::from) else {
        eprintln!("SKIPPED: {variable} names no folder");
        return;
    };
    let manifest: Value =
        serde_json::from_str(&fs::read_to_string(folder.join("MANIFEST.json")).unwrap()).unwrap();
    let now = UnixTime::from_rfc3339(manifest["as_of"].as_str().unwrap()).unwrap();
    let mut problems = Vec::new();
    let (mut checked, mut later) = (0, 0);
    for entry in manifest["files"].as_array().unwrap() {
        if is_ours(entry) {
            checked += 1;
            match check(&folder, entry, now) {
                Some(found) => problems.extend(found),
                None => later += 1,
            }
        }
    }
    eprintln!("{variable}: {checked} files, {later} of them about what a later version brings");
    assert!(checked > 0);
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

fn is_ours(entry: &Value) -> bool {
    let format = entry["format"].as_str().unwrap_or_default();
    let known = format.starts_with("PSKC") || format.starts_with("zip") || format == "unknown";
    known && entry["aux"].as_bool() != Some(true)
}

struct Read {
    records: Vec<Record>,
    refusals: Vec<Refusal>,
}

fn read(folder: &Path, entry: &Value, now: UnixTime, integers: Option<IntegerEncoding>) -> Read {
    let neutral = tempfile::NamedTempFile::new().unwrap();
    fs::copy(folder.join(entry["file"].as_str().unwrap()), neutral.path()).unwrap();
    let mut read = Read { records: Vec::new(), refusals: Vec::new() };
    let options = match options(entry, now, integers) {
        Ok(options) => options,
        Err(refusal) => {
            read.refusals.push(refusal);
            return read;
        }
    };
    let locked = options.unlock.is_none();
    let file = match open(BufReader::new(File::open(neutral.path()).unwrap()), options) {
        Ok(file) => file,
        Err(refusal) => {
            read.refusals.push(refusal);
            return read;
        }
    };
    let encrypted = file.crypto().is_some();
    for item in file {
        match item {
            Ok(record) => read.records.push(record),
            Err(refusal) => read.refusals.push(refusal),
        }
    }
    if locked && encrypted {
        let input = BufReader::new(File::open(neutral.path()).unwrap());
        let first = inspect(input, self::options(entry, now, None).unwrap()).next();
        let Some(InspectLine::Refusal(line)) = first else { panic!("no request for a key") };
        let code = warifu_keys::seedfile::Code::KeyRequired;
        assert_eq!(line.class, code.as_str());
        read.refusals.push(Refusal::new(code, line.field.clone(), line.rule.clone()));
    }
    read
}

fn options(
    entry: &Value,
    now: UnixTime,
    integers: Option<IntegerEncoding>,
) -> Result<ReadOptions, Refusal> {
    let decrypt = &entry["decrypt"];
    let unlock = match decrypt["type"].as_str() {
        Some("psk") => Some(Unlock::key_from_hex(decrypt["key_hex"].as_str().unwrap())?),
        Some("passphrase") => {
            let words = decrypt["passphrase"].as_str().unwrap();
            Some(Unlock::Password(Secret::new(words.as_bytes().to_vec())))
        }
        _ => None,
    };
    let require = entry["signature"]["require"].as_bool() == Some(true);
    Ok(ReadOptions {
        now: Some(now),
        encrypted_integers: integers,
        signatures: if require { Signatures::Require } else { Signatures::Refuse },
        unlock,
        ..ReadOptions::default()
    })
}

/// Whether a file is about something that a later version brings.
fn is_later(entry: &Value, read: &Read) -> bool {
    let cipher = entry["encryption_algorithm"].as_str().unwrap_or_default();
    let later = LATER_CIPHERS.iter().any(|name| cipher.contains(name));
    let codes = codes(read);
    let class = entry["expect"]["class"].as_str().unwrap_or_default();
    let unverified =
        codes.contains("E_SIG_ALG") && (class.is_empty() || LATER_SIGNATURES.contains(&class));
    (later && (codes.contains("E_ENC_ALG") || codes.contains("E_SIG_ALG"))) || unverified
}

fn codes(read: &Read) -> BTreeSet<&'static str> {
    read.refusals.iter().map(|refusal| refusal.code.as_str()).collect()
}

/// What differs from the list; `None` for what a later version brings.
fn check(folder: &Path, entry: &Value, now: UnixTime) -> Option<Vec<String>> {
    let name = entry["file"].as_str().unwrap();
    let found = read(folder, entry, now, None);
    if is_later(entry, &found) {
        return None;
    }
    let mut problems = Vec::new();
    let expect = &entry["expect"];
    let class = expect["class"].as_str();
    match expect["outcome"].as_str().unwrap() {
        "reject-file" => {
            if !codes(&found).contains(class.unwrap()) && !allowed_instead(class.unwrap(), &found) {
                problems.push(format!("{name}: wanted {class:?}, got {:?}", found.refusals));
            }
        }
        _ if entry["tokens"].is_array() => {
            problems.extend(check_tokens(folder, entry, now, &found));
        }
        "reject-token" => {
            if !codes(&found).contains(class.unwrap()) {
                problems.push(format!("{name}: wanted {class:?}, got {:?}", found.refusals));
            }
        }
        _ => {
            let warned = |code| {
                found.records.iter().any(|r| r.warnings.iter().any(|w| w.code.as_str() == code))
            };
            if !found.refusals.is_empty() || class.is_some_and(|code| !warned(code)) {
                problems.push(format!(
                    "{name}: wanted {class:?}, got {:?} {:?}",
                    found.refusals, found.records
                ));
            }
        }
    }
    Some(problems)
}

/// The lists say which other class is as good.
fn allowed_instead(class: &str, found: &Read) -> bool {
    let codes = codes(found);
    match class {
        "E_TRUNCATED" => codes.contains("E_XML_SYNTAX"),
        "E_SIG_CERT" | "E_SIG_UNTRUSTED" => codes.contains("E_SIG_ALG"),
        _ => false,
    }
}

fn check_tokens(folder: &Path, entry: &Value, now: UnixTime, found: &Read) -> Vec<String> {
    let name = entry["file"].as_str().unwrap();
    let tokens = entry["tokens"].as_array().unwrap();
    let mut problems = Vec::new();
    let encrypted_integers = tokens.iter().any(|token| token["encrypted_ints"].is_object());
    if encrypted_integers {
        if !codes(found).contains("W_ENC_INT") {
            problems.push(format!("{name}: encrypted integers were guessed"));
        }
        let again = read(folder, entry, now, Some(IntegerEncoding::BigEndian));
        problems.extend(tokens.iter().filter_map(|token| check_token(name, token, &again)));
        return problems;
    }
    problems.extend(tokens.iter().filter_map(|token| check_token(name, token, found)));
    problems
}

fn check_token(name: &str, token: &Value, found: &Read) -> Option<String> {
    let serial = token["serial"].as_str();
    let findings: BTreeSet<&str> =
        token["findings"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let refused = findings.iter().any(|code| code.starts_with("E_"));
    let record = found.records.iter().find(|record| {
        Some(record.serial.as_str()) == serial
            && token["key_id"].as_str().is_none_or(|id| id == record.key_id)
    });
    let foreign = !matches!(token["type"].as_str(), None | Some("hotp" | "totp" | "ocra"));
    match record {
        None if refused || foreign => {
            let ours = codes(found);
            let known = foreign && ours.contains("E_ALG");
            (!known && ours.intersection(&findings).next().is_none())
                .then(|| format!("{name} {serial:?}: wanted one of {findings:?}, got {ours:?}"))
        }
        None => Some(format!("{name} {serial:?}: missing; {:?}", found.refusals)),
        Some(record) if refused => {
            Some(format!("{name} {serial:?}: should be refused for {findings:?}: {record:?}"))
        }
        Some(record) => differences(token, record, &findings)
            .map(|what| format!("{name} {serial:?}: {what}: {record:?}")),
    }
}

fn differences(token: &Value, record: &Record, findings: &BTreeSet<&str>) -> Option<&'static str> {
    let SecretValue::Plain(secret) = &record.secret else { return Some("still encrypted") };
    let text = |key: &str| token[key].as_str();
    let number = |key: &str| token[key].as_u64();
    let same = |expected: Option<u64>, got: Option<u64>| expected.is_none() || expected == got;
    let warned: BTreeSet<&str> = record.warnings.iter().map(|w| w.code.as_str()).collect();
    // The first of two equal secrets is read before the second is known.
    let not_here = ["W_ALG_DRAFT", "W_DUP_SECRET"];
    let wanted = |code: &&&str| code.starts_with("W_") && !not_here.contains(*code);
    let checks = [
        (text("secret_hex").is_none_or(|hex| hex == hex::encode(secret.expose())), "secret"),
        (text("type").is_none_or(|t| t.eq_ignore_ascii_case(record.algorithm.name())), "type"),
        (text("hash").is_none_or(|h| h.eq_ignore_ascii_case(record.hash.name())), "hash"),
        (same(number("digits"), Some(u64::from(record.digits))), "digits"),
        (same(number("counter"), record.counter), "counter"),
        (same(number("time_interval"), record.time_step_s.map(u64::from)), "time step"),
        (text("manufacturer").is_none_or(|m| Some(m) == record.manufacturer.as_deref()), "maker"),
        (text("issuer").is_none_or(|i| Some(i) == record.issuer.as_deref()), "issuer"),
        (text("suite").is_none_or(|s| Some(s) == record.suite.as_deref()), "suite"),
        (token["time_drift"].as_i64().is_none_or(|d| d == i64::from(record.time_drift)), "drift"),
        (findings.iter().filter(wanted).all(|code| warned.contains(code)), "warnings"),
        (is_in_the_right_queue(token, record), "quarantine"),
        (gives_the_code(token, record, secret), "code"),
    ];
    checks.into_iter().find_map(|(right, what)| (!right).then_some(what))
}

fn is_in_the_right_queue(token: &Value, record: &Record) -> bool {
    match token["outcome"].as_str() {
        Some("quarantine-tokens") => record.is_quarantined(),
        Some("accept") => !record.is_quarantined(),
        _ => true,
    }
}

fn gives_the_code(token: &Value, record: &Record, secret: &Secret) -> bool {
    let check = &token["otp_check"];
    let Some(code) = check["code"].as_str() else { return true };
    let kind = match record.algorithm {
        Algorithm::Totp => Kind::Totp { step_s: record.time_step_s.unwrap() },
        Algorithm::Hotp | Algorithm::Ocra | Algorithm::Txa1(_) => Kind::Hotp,
    };
    let digits = Digits::new(record.digits).unwrap();
    let token = VirtualToken::new(secret.expose().to_vec(), kind, record.hash, digits);
    let shown = match check["counter"].as_u64() {
        Some(counter) => token.code(counter),
        None => token.code_at(UnixTime(check["unix_time"].as_u64().unwrap())),
    };
    shown.expose() == code.as_bytes()
}
