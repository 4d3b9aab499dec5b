//! What `warifu seedfile inspect` prints: one object per key, one per refusal, never a seed.
//!
//! Not responsible for the command line nor for importing; a file shown here is not thereby good.

use std::collections::VecDeque;
use std::io::BufRead;

use serde::Serialize;
use sha1::{Digest as _, Sha1};
use warifu_core::time::UnixTime;

use super::code::{Code, Scope};
use super::options::ReadOptions;
use super::record::{Record, SecretValue};
use super::refusal::{Refusal, Warning};
use super::{SeedFile, open};
use crate::secret::Secret;

/// One line of the report. A refusal is the one that has `rule`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum InspectLine {
    /// A key that was read.
    Key(Box<KeyLine>),
    /// A key, or the file, that was not.
    Refusal(Box<RefusalLine>),
}

/// A key that was read.
#[derive(Debug, Serialize)]
pub struct KeyLine {
    /// Line of the key in the file.
    pub line: u64,
    /// Serial as printed on the token.
    pub serial: String,
    /// Maker.
    pub manufacturer: Option<String>,
    /// Id of the key within the device.
    pub key_id: String,
    /// `HOTP`, `TOTP`, `OCRA` or `TXA1`.
    pub algorithm: &'static str,
    /// `SHA1`, `SHA256` or `SHA512`.
    pub hash: &'static str,
    /// Digits shown.
    pub digits: u8,
    /// Seconds per time step.
    pub time_step_s: Option<u32>,
    /// Next counter.
    pub counter: Option<u64>,
    /// Clock drift in time steps.
    pub time_drift: i32,
    /// Suite as written.
    pub suite: Option<String>,
    /// First moment of validity, RFC 3339.
    pub starts_at: Option<String>,
    /// Last moment of validity, RFC 3339.
    pub expires_at: Option<String>,
    /// First three octets of SHA-1 of the seed in hexadecimal, as CKA_CHECK_VALUE of a generic
    /// secret; `null` where the seed stayed encrypted.
    pub kcv: Option<String>,
    /// Whether the token needs a second approval.
    pub quarantined: bool,
    /// Stable classes of what an officer should know.
    pub warnings: Vec<&'static str>,
}

/// A refusal.
#[derive(Debug, Serialize)]
pub struct RefusalLine {
    /// Stable class.
    pub class: &'static str,
    /// `file` or `token`.
    pub scope: &'static str,
    /// Line in the file; `null` where the fault has no place.
    pub line: Option<u64>,
    /// Path of the element; as above.
    pub element: Option<String>,
    /// Serial of the key, where known.
    pub serial: Option<String>,
    /// Field that broke the rule.
    pub field: String,
    /// The rule.
    pub rule: String,
    /// What to do.
    pub remedy: &'static str,
}

/// The count of a finished report.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Outcome {
    /// Keys read, those in quarantine included.
    pub keys: u64,
    /// Keys that need a second approval.
    pub quarantined: u64,
    /// Refusals, of keys and of the file.
    pub refusals: u64,
}

impl Outcome {
    /// Whether the file could be imported as a whole: the exit code of the command.
    pub fn is_accepted(self) -> bool {
        self.refusals == 0 && self.keys > 0
    }
}

/// A report under way.
pub struct Inspection<'a> {
    file: Option<SeedFile<'a>>,
    ready: VecDeque<Refusal>,
    outcome: Outcome,
}

/// Reads a file and reports line by line. Without a key, an encrypted file is still shown, with
/// `kcv` empty and one refusal that asks for the key.
pub fn inspect<'a>(input: impl BufRead + Send + 'a, options: ReadOptions) -> Inspection<'a> {
    let locked = options.unlock.is_none();
    let mut ready = VecDeque::new();
    let (file, encrypted) = match open(input, options) {
        Ok(file) => {
            let encrypted = file.crypto().is_some();
            (Some(file), encrypted)
        }
        Err(refusal) => {
            let encrypted = refusal.code == Code::EncAlg;
            ready.push_back(refusal);
            (None, encrypted)
        }
    };
    if locked && encrypted {
        let rule = "an encrypted file is opened with its transport key or password";
        ready.push_back(Refusal::new(Code::KeyRequired, "EncryptionKey", rule));
    }
    Inspection { file, ready, outcome: Outcome::default() }
}

impl Inspection<'_> {
    /// The count so far; final once the iterator has ended.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Warnings about the file as a whole, once the iterator has ended.
    pub fn warnings(&self) -> &[Warning] {
        self.file.as_ref().map_or(&[], SeedFile::warnings)
    }
}

impl Iterator for Inspection<'_> {
    type Item = InspectLine;

    fn next(&mut self) -> Option<InspectLine> {
        let item = match self.ready.pop_front() {
            Some(refusal) => Err(refusal),
            None => self.file.as_mut()?.next()?,
        };
        Some(match item {
            Ok(record) => {
                let line = KeyLine::of(&record);
                self.outcome.keys = self.outcome.keys.saturating_add(1);
                let more = u64::from(line.quarantined);
                self.outcome.quarantined = self.outcome.quarantined.saturating_add(more);
                InspectLine::Key(Box::new(line))
            }
            Err(refusal) => {
                self.outcome.refusals = self.outcome.refusals.saturating_add(1);
                InspectLine::Refusal(Box::new(refusal.into()))
            }
        })
    }
}

impl KeyLine {
    fn of(record: &Record) -> Self {
        Self {
            line: record.at.line,
            serial: record.serial.to_string(),
            manufacturer: record.manufacturer.clone(),
            key_id: record.key_id.clone(),
            algorithm: record.algorithm.name(),
            hash: record.hash.name(),
            digits: record.digits,
            time_step_s: record.time_step_s,
            counter: record.counter,
            time_drift: record.time_drift,
            suite: record.suite.clone(),
            starts_at: record.starts_at.map(UnixTime::to_rfc3339),
            expires_at: record.expires_at.map(UnixTime::to_rfc3339),
            kcv: match &record.secret {
                SecretValue::Plain(secret) => Some(key_check_value(secret)),
                SecretValue::Encrypted(_) => None,
            },
            quarantined: record.is_quarantined(),
            warnings: record.warnings.iter().map(|warning| warning.code.as_str()).collect(),
        }
    }
}

impl From<Refusal> for RefusalLine {
    fn from(refusal: Refusal) -> Self {
        Self {
            class: refusal.code.as_str(),
            scope: match refusal.scope {
                Scope::File => "file",
                Scope::Token => "token",
            },
            remedy: refusal.remedy(),
            line: (refusal.at.line > 0).then_some(refusal.at.line),
            element: (!refusal.at.element.is_empty()).then_some(refusal.at.element),
            serial: refusal.serial,
            field: refusal.field.into_owned(),
            rule: refusal.rule.into_owned(),
        }
    }
}

/// PKCS#11 s.4.10: the check value of a generic secret is the start of its SHA-1.
fn key_check_value(secret: &Secret) -> String {
    let digest = Sha1::digest(secret.expose());
    hex::encode(digest.first_chunk::<3>().copied().unwrap_or_default())
}
