//! Holds what came out of a file against what the list says must come out.
//!
//! Not responsible for reading, nor for the fields of a token.

use std::collections::BTreeSet;

use serde_json::Value;
use warifu_keys::seedfile::{Code, Format, IntegerEncoding, Record, Refusal};

use crate::case::{Case, Switch};
use crate::reading::{Found, Words, read};
use crate::tokens;

/// Beginnings of the lists' names of formats; the first that fits counts.
const FORMATS: [(&str, &[Format]); 19] = [
    ("PSKC", &[Format::Pskc]),
    ("OpenPGP", &[Format::OpenPgp]),
    ("OATH CSV (LinOTP)", &[Format::OathCsvLinotp]),
    ("OATH CSV", &[Format::OathCsv]),
    ("Aladdin", &[Format::Aladdin]),
    ("Yubico personalization", &[Format::YubicoTraditional]),
    ("Yubico CSV", &[Format::Yubico, Format::YubicoTraditional]),
    ("RSA SecurID", &[Format::Sdtid]),
    ("sdtid", &[Format::Sdtid]),
    ("YubiKey KSM", &[Format::Ykksm]),
    ("ykksm", &[Format::Ykksm]),
    ("otpauth-migration", &[Format::OtpauthMigration]),
    ("otpauth", &[Format::Otpauth]),
    ("NetIQ", &[Format::Netiq]),
    ("PingID", &[Format::PingId]),
    ("Feitian", &[Format::Feitian]),
    ("Deepnet", &[Format::Deepnet]),
    ("RCDevs", &[Format::Rcdevs]),
    ("SafeWord", &[Format::EtokenDat]),
];
const ENTRA: [&str; 2] = ["Microsoft Entra", "Entra CSV"];

/// Classes that are as good as another, by the table of classes.
const AS_GOOD: [(&str, &str); 1] = [("E_TRUNCATED", "E_XML_SYNTAX")];

/// Reads the file and gives everything that is not as it must be. Where the file is taken for
/// another format than the list's, the officer names the format, provided that the explanation
/// offered it.
pub(crate) fn problems(case: &Case) -> Vec<String> {
    let name = case.name();
    let found = read(case, Words::default());
    let problems = judge(case, &found, Words::default());
    let mut named = formats(&case.entry).into_iter();
    if problems.is_empty() || case.switch != Switch::Default {
        return problems.into_iter().map(|what| format!("{name}: {what}")).collect();
    }
    let told = found.detected.as_ref().map(|detected| detected.format);
    let is_honest = |format: &Format| is_offered(&found, *format) || is_refused(&case.entry);
    let other = named.find(|format| Some(*format) != told && is_honest(format));
    let Some(format) = other else {
        return problems.into_iter().map(|what| format!("{name} (as {told:?}): {what}")).collect();
    };
    let words = Words { format: Some(format), ..Words::default() };
    let problems = judge(case, &read(case, words), words);
    problems.into_iter().map(|what| format!("{name} (named {format:?}): {what}")).collect()
}

fn formats(entry: &Value) -> Vec<Format> {
    let name = entry["format"].as_str().unwrap_or_default();
    if ENTRA.iter().any(|begin| name.starts_with(begin)) {
        return vec![Format::Entra];
    }
    let fits = FORMATS.iter().find(|(begin, _)| name.starts_with(begin));
    fits.map(|(_, formats)| formats.to_vec()).unwrap_or_default()
}

fn is_refused(entry: &Value) -> bool {
    let outcome = entry["expect"]["outcome"].as_str().unwrap_or_default();
    outcome.starts_with("reject")
}

fn is_offered(found: &Found, format: Format) -> bool {
    let asks = found.refusals.iter().any(|refusal| refusal.code == Code::WAmbiguous);
    let offers = found
        .detected
        .as_ref()
        .is_some_and(|detected| detected.could_be.iter().any(|(could_be, _)| *could_be == format));
    asks || offers
}

fn judge(case: &Case, found: &Found, words: Words) -> Vec<String> {
    let main = judge_expected(case, found, words);
    if main.is_empty() || case.switch != Switch::Default {
        return main;
    }
    let alternative = &case.entry["alt"];
    let taken = found.refusals.is_empty() && !found.records.is_empty();
    if alternative.is_object() && taken {
        let tokens = alternative["tokens"].as_array().into_iter().flatten();
        return tokens.filter_map(|token| tokens::problem(token, found, case)).collect();
    }
    main
}

fn judge_expected(case: &Case, found: &Found, words: Words) -> Vec<String> {
    let entry = &case.entry;
    let outcome = entry["expect"]["outcome"].as_str().unwrap();
    if case.switch != Switch::Default {
        return accepted_with_switch(case, found, words);
    }
    match outcome {
        "reject-file" => refused_file(entry, found),
        _ if has_tokens(entry) => listed_tokens(case, found, words),
        "reject-token" => refused_token(entry, found),
        _ => accepted(entry, found),
    }
}

fn has_tokens(entry: &Value) -> bool {
    entry["tokens"].as_array().is_some_and(|tokens| !tokens.is_empty())
}

fn codes(found: &Found) -> BTreeSet<&'static str> {
    let refused = found.refusals.iter().map(|refusal| refusal.code.as_str());
    let of_records = found.records.iter().flat_map(|record| &record.warnings);
    let warned = of_records.map(|warning| warning.code.as_str());
    refused.chain(warned).chain(found.warnings.iter().map(|code| code.as_str())).collect()
}

/// The class of the list, one that its note calls acceptable, or one that the table does.
fn refused_file(entry: &Value, found: &Found) -> Vec<String> {
    let class = entry["expect"]["class"].as_str().unwrap();
    let note = entry["expect"]["note"].as_str().unwrap_or_default();
    let compat = entry["expect"]["compat"].as_str().unwrap_or_default();
    let of_token = note.contains("reject-token acceptable");
    let is_it = |refusal: &&Refusal| {
        let code = refusal.code.as_str();
        let noted = note.contains(&format!("{code} acceptable"));
        let as_good = AS_GOOD.contains(&(class, code));
        (code == class || noted || as_good) && (refusal.is_for_file() || of_token)
    };
    let equally = ["is equally right", "may be accepted"].iter().any(|word| compat.contains(word));
    if found.refusals.iter().any(|refusal| is_it(&refusal)) {
        return Vec::new();
    }
    let codes = codes(found);
    let warnings = compat.split(|c: char| !c.is_ascii_uppercase() && c != '_');
    let mut warnings = warnings.filter(|word| word.starts_with("W_"));
    let is_taken = !found.refusals.iter().any(Refusal::is_for_file);
    if equally && is_taken && warnings.all(|code| codes.contains(code)) {
        return Vec::new();
    }
    vec![format!("wanted {class} for the file, got {:?}", found.refusals)]
}

fn refused_token(entry: &Value, found: &Found) -> Vec<String> {
    let class = entry["expect"]["class"].as_str().unwrap_or_default();
    if found.refusals.iter().any(|refusal| refusal.code.as_str() == class) {
        return Vec::new();
    }
    vec![format!("wanted {class} for a token, got {:?}", found.refusals)]
}

fn accepted(entry: &Value, found: &Found) -> Vec<String> {
    let class = entry["expect"]["class"].as_str();
    let codes = codes(found);
    let quarantined = found.records.iter().any(Record::is_quarantined);
    let right = match entry["expect"]["outcome"].as_str().unwrap() {
        "quarantine-tokens" => quarantined,
        "accept-with-warning" => codes.iter().any(|code| code.starts_with("W_")),
        _ => !quarantined,
    };
    if found.refusals.is_empty() && right && class.is_none_or(|class| codes.contains(class)) {
        return Vec::new();
    }
    let seen: Vec<_> = found.records.iter().map(|record| &record.warnings).collect();
    vec![format!("wanted it taken with {class:?}, got {:?} {codes:?} {seen:?}", found.refusals)]
}

/// A file that the default policy refuses: no refusal of the file remains.
fn accepted_with_switch(case: &Case, found: &Found, words: Words) -> Vec<String> {
    let mut problems: Vec<String> = found
        .refusals
        .iter()
        .filter(|refusal| refusal.is_for_file())
        .map(|refusal| format!("still refused: {refusal:?}"))
        .collect();
    if problems.is_empty() {
        problems = listed_tokens(case, found, words);
    }
    problems
}

fn listed_tokens(case: &Case, found: &Found, words: Words) -> Vec<String> {
    let tokens: Vec<&Value> = case.entry["tokens"].as_array().into_iter().flatten().collect();
    let mut problems = Vec::new();
    if words.integers.is_none() && tokens.iter().any(|token| token["encrypted_ints"].is_object()) {
        if !codes(found).contains("W_ENC_INT") {
            problems.push("encrypted integers were guessed".to_owned());
        }
        let words = Words { integers: Some(IntegerEncoding::BigEndian), ..words };
        problems.extend(listed_tokens(case, &read(case, words), words));
        return problems;
    }
    problems.extend(file_codes(&case.entry, found));
    if is_optional(&case.entry) && codes(found).contains("E_ENC_ALG") {
        return problems;
    }
    problems.extend(tokens.iter().filter_map(|token| tokens::problem(token, found, case)));
    let is_whole =
        case.entry["expect"]["tokens_are"].is_string() && case.switch != Switch::DraftFormats;
    let expected = tokens.iter().filter(|token| tokens::is_expected(token)).count();
    if is_whole && problems.is_empty() && expected != found.records.len() {
        problems.push(format!("{expected} tokens listed, {} read", found.records.len()));
    }
    problems
}

/// Whether the encryption is one that need not be read.
fn is_optional(entry: &Value) -> bool {
    let codes = entry["expect"]["file_codes"].as_array();
    codes.is_some_and(|codes| codes.iter().any(|code| code == "O_ALG"))
}

/// Codes of the file as a whole; `O_` ones are options, not demands.
fn file_codes(entry: &Value, found: &Found) -> Vec<String> {
    let codes = codes(found);
    let listed = entry["expect"]["file_codes"].as_array().into_iter().flatten();
    let wanted = listed.filter_map(Value::as_str).filter(|code| !code.starts_with("O_"));
    wanted
        .filter(|code| !codes.contains(code))
        .map(|code| format!("wanted {code} of the file, got {codes:?}"))
        .collect()
}
