//! `warifu seedfile`: what the parsers read in a seed file.
//!
//! Not responsible for: bringing it into service, talking to the server.

mod opening;

use std::{collections::BTreeSet, fs::File, io::BufReader, path::PathBuf};

use clap::{Args, Subcommand};
use warifu_api::Language;
use warifu_keys::seedfile::{
    Code,
    inspect::{InspectLine, KeyLine, RefusalLine, inspect},
    options::ReadOptions,
};

use self::opening::Opening;
use super::{
    declared::{FileOptions, Strictness},
    explain,
};
use crate::{
    exit::{EXIT_CODES, Exit, Failure},
    input,
    output::{Output, clean, print},
};

/// Look into a seed file, without a server.
#[derive(Debug, Subcommand)]
pub(crate) enum Seedfile {
    Inspect(Inspect),
}

/// Show each key of a file and each fault, never a seed.
///
/// The format is told from the content, never from the file's name; --explain says why. What the
/// format leaves open is declared with options.
///
/// With --json there is one object per key (serial, manufacturer, algorithm, hash, digits,
/// time_step_s, counter, suite, expires_at, kcv, warnings) and one per refusal (class, line, element, field,
/// rule). `kcv` is the start of the SHA-1 of the seed, as in CKA_CHECK_VALUE.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu seedfile inspect batch.xml --key-file acme.hex
  warifu seedfile inspect batch.xml --password-file - --json
  warifu seedfile inspect seeds.txt --explain
  warifu seedfile inspect seeds.txt --format feitian --algorithm totp --digits 6 --time-step 60
  warifu seedfile inspect batch.csv.gpg --pgp-key officer.asc --pgp-signer maker.asc
  warifu seedfile inspect signed.xml --key-file acme.hex --root maker-ca.pem --signature require

{EXIT_CODES}"))]
pub(crate) struct Inspect {
    /// The seed file
    file: PathBuf,
    /// Only say what the file is taken for, and why; needs no key
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    opening: Opening,
    #[command(flatten)]
    facts: FileOptions,
    #[command(flatten)]
    strictness: Strictness,
}

impl Seedfile {
    pub(crate) fn run(&self, out: Output) -> Result<Exit, Failure> {
        let Self::Inspect(command) = self;
        command.run(out)
    }
}

impl Inspect {
    fn run(&self, out: Output) -> Result<Exit, Failure> {
        let options = self.options()?;
        if self.explain {
            return explain::run(&self.file, options, out);
        }
        let file = File::open(&self.file).map_err(|e| input::unreadable(&self.file, &e))?;
        let mut inspection = inspect(BufReader::with_capacity(1 << 16, file), options);
        let mut warned = BTreeSet::new();
        for line in inspection.by_ref() {
            if let InspectLine::Key(key) = &line {
                warned.extend(key.warnings.iter().filter_map(|text| Code::from_text(text)));
            }
            out.show(&line, text)?;
        }
        let outcome = inspection.outcome();
        if !out.is_json() {
            for warning in inspection.warnings() {
                print(&format!("file: {}", warning.code.as_str()))?;
                warned.insert(warning.code);
            }
            for code in warned {
                print(&format!("{code}: {}", meaning(code, out.language())))?;
            }
            let (keys, refusals) = (outcome.keys, outcome.refusals);
            print(&format!("{keys} keys, {refusals} refusals"))?;
        }
        Ok(if outcome.is_accepted() { Exit::Ok } else { Exit::Refused })
    }

    fn options(&self) -> Result<ReadOptions, Failure> {
        let mut options = ReadOptions::default();
        self.opening.prepare(&mut options)?;
        self.facts.prepare(&mut options);
        self.strictness.prepare(&mut options, self.opening.roots()?);
        Ok(options)
    }
}

fn text(line: &InspectLine) -> String {
    match line {
        InspectLine::Key(key) => key_text(key),
        InspectLine::Refusal(refusal) => refusal_text(refusal),
    }
}

/// What a warning means, in the language where there is a text.
fn meaning(code: Code, language: Language) -> &'static str {
    match language {
        Language::En => code.remedy(),
        Language::Ja => code.remedy_ja().unwrap_or(code.remedy()),
    }
}

fn key_text(key: &KeyLine) -> String {
    let mut text =
        format!("{:20} {} {} {} digits", clean(&key.serial), key.algorithm, key.hash, key.digits);
    let parts = [
        key.suite.as_deref().map(|suite| format!("suite {}", clean(suite))),
        key.time_step_s.map(|step| format!("every {step} s")),
        key.counter.map(|counter| format!("counter {counter}")),
        key.expires_at.as_ref().map(|time| format!("expires {time}")),
        key.kcv.as_ref().map(|kcv| format!("kcv {kcv}")),
        (!key.warnings.is_empty()).then(|| key.warnings.join(" ")),
    ];
    for part in parts.into_iter().flatten() {
        text.push_str(", ");
        text.push_str(&part);
    }
    text
}

fn refusal_text(refusal: &RefusalLine) -> String {
    let line = refusal.line.map_or_else(|| "file".to_owned(), |line| format!("line {line}"));
    let serial = refusal.serial.as_deref().unwrap_or("-");
    let element = refusal.element.as_deref().unwrap_or("-");
    clean(&format!(
        "REFUSED {line}, {element}, serial {serial}: {} {}: {} ({})",
        refusal.class, refusal.field, refusal.rule, refusal.remedy
    ))
}
