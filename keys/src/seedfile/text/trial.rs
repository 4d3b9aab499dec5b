//! What the tests of the text formats share: reading a text and naming what came of it.
//!
//! Not responsible for any expectation.

use std::io::BufReader;

use super::super::{Declared, Format, Limits, OneTime, ReadOptions, Record, SecretValue, open};

/// A seed that is neither published nor constant, and two more.
pub(super) const HEX: &str = "5b1f0c2e9a7d4836e1b05f7a92c3d84e6f10ab27";
pub(super) const HEX2: &str = "0e9d3c5a7b1f2846c0d1e2f3a4b5968778695a4b";
pub(super) const BASE32: &str = "LMPQYLU2PVEDNYNQL55JFQ6YJZXRBKZH";

/// What came of a text: keys as `line serial ALG hash digits moving`, refusals as `line CODE`.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Told {
    pub(super) keys: Vec<String>,
    pub(super) refused: Vec<String>,
    pub(super) warned: Vec<&'static str>,
}

/// Reads with what the officer says.
pub(super) fn read(text: impl AsRef<[u8]>, options: ReadOptions) -> Told {
    read_by(text, options, 1 << 16)
}

/// The same, in drops of so many bytes.
pub(super) fn read_by(text: impl AsRef<[u8]>, options: ReadOptions, drop: usize) -> Told {
    let mut told = Told::default();
    let refusal = |refusal: super::super::Refusal| {
        let scope = if refusal.is_for_file() { "file " } else { "" };
        format!("{scope}{} {}", refusal.at.line, refusal.code)
    };
    let mut file = match open(BufReader::with_capacity(drop, text.as_ref()), options) {
        Ok(file) => file,
        Err(found) => {
            told.refused.push(refusal(found));
            return told;
        }
    };
    for item in file.by_ref() {
        match item {
            Ok(record) => told.keys.push(line(&record)),
            Err(found) => told.refused.push(refusal(found)),
        }
    }
    told.warned = file.warnings().iter().map(|warning| warning.code.as_str()).collect();
    told
}

fn line(record: &Record) -> String {
    let SecretValue::Plain(secret) = &record.secret else { return "encrypted".to_owned() };
    let moving = match (record.counter, record.time_step_s) {
        (Some(counter), _) => format!("c{counter}"),
        (None, Some(step)) => format!("{step}s"),
        (None, None) => "-".to_owned(),
    };
    let warnings: Vec<_> = record.warnings.iter().map(|warning| warning.code.as_str()).collect();
    let quarantine = if record.is_quarantined() { " QUARANTINE" } else { "" };
    format!(
        "{} {} {} {} {} {moving} {} {} {}{quarantine}",
        record.at.line,
        record.serial,
        record.algorithm.name(),
        record.hash.name(),
        record.digits,
        record.manufacturer.as_deref().unwrap_or("?"),
        secret.len(),
        warnings.join(" "),
    )
}

/// Options that name a format and nothing else.
pub(super) fn named(format: Format) -> ReadOptions {
    ReadOptions { format: Some(format), ..ReadOptions::default() }
}

/// Options of a format whose tokens are declared.
pub(super) fn declared(
    format: Format,
    algorithm: OneTime,
    time_step_s: Option<u32>,
) -> ReadOptions {
    let declared = Declared { algorithm: Some(algorithm), time_step_s, ..Declared::default() };
    ReadOptions { declared, ..named(format) }
}

/// Options under which a file may hold so many keys.
pub(super) fn at_most(keys: usize) -> ReadOptions {
    ReadOptions { limits: Limits { keys, ..Limits::default() }, ..ReadOptions::default() }
}
