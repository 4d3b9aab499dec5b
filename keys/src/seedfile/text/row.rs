//! One key put together from columns (or elements): what the file says, then what the officer
//! declares, then what the format documents as its default; everything wrong with it at once.
//!
//! For formats whose values are in the clear. Not responsible for other keys of the file (see
//! `batch`) nor for splitting and decoding columns.

use warifu_core::ident::Serial;
use warifu_core::oath::HashAlgorithm;
use warifu_core::time::UnixTime;

use super::column::{self, integer};
use super::encoding;
use crate::secret::Secret;
use crate::seedfile::code::Code;
use crate::seedfile::options::{OneTime, ReadOptions, SecretEncoding};
use crate::seedfile::quality;
use crate::seedfile::record::{Algorithm, KeyPolicy, Record, SecretValue};
use crate::seedfile::refusal::{Faults, Position, Refusal, Warning};
use crate::seedfile::suite::{self, Ocra};

/// Longest time step taken at all: a week.
const MAX_STEP_S: u32 = 604_800;

/// What a format documents for what a row leaves out. Nothing else is ever assumed.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::seedfile) struct Defaults {
    /// How codes are made.
    pub(in crate::seedfile) algorithm: Option<OneTime>,
    /// Hash of the HMAC.
    pub(in crate::seedfile) hash: Option<HashAlgorithm>,
    /// Digits shown.
    pub(in crate::seedfile) digits: Option<u8>,
    /// Seconds per time step.
    pub(in crate::seedfile) time_step_s: Option<u32>,
    /// Counter at delivery.
    pub(in crate::seedfile) counter: Option<u64>,
}

/// A value of the row: left out, refused, or read. What was refused is not filled in from elsewhere.
#[derive(Clone, Copy, Debug, Default)]
enum Stated<T> {
    #[default]
    Nothing,
    Refused,
    As(T),
}

impl<T> Stated<T> {
    fn of(read: Option<T>) -> Self {
        read.map_or(Self::Refused, Self::As)
    }

    /// The value, or a fallback for what was left out; `Err` where there is neither.
    fn or(self, fallback: Option<T>) -> Result<Option<T>, ()> {
        match self {
            Self::As(value) => Ok(Some(value)),
            Self::Refused => Ok(None),
            Self::Nothing => fallback.map(Some).ok_or(()),
        }
    }
}

/// A key under construction.
#[derive(Debug, Default)]
pub(in crate::seedfile) struct Draft {
    at: Position,
    faults: Faults,
    warnings: Vec<Warning>,
    serial: Option<Serial>,
    algorithm: Stated<Algorithm>,
    hash: Stated<HashAlgorithm>,
    digits: Stated<u8>,
    time_step_s: Stated<u32>,
    counter: Stated<u64>,
    ocra: Stated<Ocra>,
    secret: Option<Secret>,
    is_secret_stated: bool,
    /// Maker, where the file names one.
    pub(in crate::seedfile) manufacturer: Option<String>,
    /// Id of the key; the serial where it is left out.
    pub(in crate::seedfile) key_id: Option<String>,
    /// Who issued the key.
    pub(in crate::seedfile) issuer: Option<String>,
    /// The suite as written.
    pub(in crate::seedfile) suite: Option<String>,
    /// Time counter of the file, in steps.
    pub(in crate::seedfile) time_offset: i64,
    /// First moment of validity.
    pub(in crate::seedfile) starts_at: Option<UnixTime>,
    /// Last moment of validity.
    pub(in crate::seedfile) expires_at: Option<UnixTime>,
}

/// A finished row.
pub(in crate::seedfile) struct Row {
    /// Where it stands.
    pub(super) at: Position,
    /// The key, or what is wrong with it.
    pub(super) key: Result<Record, Refused>,
}

/// A key that is not taken.
pub(super) struct Refused {
    /// Manufacturer, serial and key id, where the serial could be read.
    pub(super) identity: Option<[String; 3]>,
    /// Everything that is wrong with it.
    pub(super) faults: Vec<Refusal>,
}

impl Row {
    /// Whether something is wrong with the key.
    pub(in crate::seedfile) const fn is_refused(&self) -> bool {
        self.key.is_err()
    }

    /// Manufacturer, serial and key id. Where the format has no key id, the serial is that too.
    pub(super) fn identity(&self) -> Option<[&str; 3]> {
        match &self.key {
            Ok(record) => {
                let maker = record.manufacturer.as_deref().unwrap_or_default();
                Some([maker, record.serial.as_str(), record.key_id.as_str()])
            }
            Err(refused) => {
                refused.identity.as_ref().map(|parts| parts.each_ref().map(String::as_str))
            }
        }
    }
}

impl Draft {
    /// A key that begins here.
    pub(in crate::seedfile) fn new(at: Position) -> Self {
        Self { at, ..Self::default() }
    }

    /// Notes a refusal as one of this key, with its place.
    pub(in crate::seedfile) fn refuse(&mut self, refusal: Refusal) {
        let placed =
            if refusal.at == Position::default() { refusal.at(self.at.clone()) } else { refusal };
        self.faults.push(placed.for_token());
    }

    /// Hands a value on, or notes why there is none.
    pub(in crate::seedfile) fn keep<T>(&mut self, read: Result<T, Refusal>) -> Option<T> {
        read.map_err(|refusal| self.refuse(refusal)).ok()
    }

    /// Notes what an officer should know.
    pub(in crate::seedfile) fn warn(&mut self, code: Code, field: &'static str) {
        self.warnings.push(Warning::new(code, field));
    }

    /// The serial.
    pub(in crate::seedfile) fn serial(&mut self, text: &str, field: &'static str) {
        let read = column::serial(text, field);
        self.serial = self.keep(read);
    }

    /// The secret, decoded or not.
    pub(in crate::seedfile) fn secret(
        &mut self,
        read: Result<Secret, Refusal>,
        field: &'static str,
    ) {
        self.is_secret_stated = true;
        let Some(secret) = self.keep(read) else { return };
        if !quality::SECRET_LEN.contains(&secret.len()) {
            let rule = "a secret has 16 to 64 octets";
            self.refuse(Refusal::new(Code::SecretLen, field, rule));
            return;
        }
        for code in quality::suspicions(&secret) {
            self.warn(code, field);
        }
        self.secret = Some(secret);
    }

    /// The secret as text. What the encoding takes but looks like another is for an officer to judge.
    pub(in crate::seedfile) fn encoded(
        &mut self,
        text: &str,
        encoding: SecretEncoding,
        field: &'static str,
    ) {
        if text.is_empty() {
            return self
                .secret(Err(Refusal::new(Code::NoSecret, field, "a key has a secret")), field);
        }
        self.secret(encoding::decode(encoding, text, field), field);
        let is_read = self.secret.is_some();
        if is_read && encoding != SecretEncoding::Hex && quality::is_hex_text(text) {
            self.warn(Code::WSuspectEncoding, field);
        }
    }

    /// How codes are made, in a word: HOTP, TOTP or OCRA.
    pub(in crate::seedfile) fn algorithm(
        &mut self,
        text: &str,
        field: &'static str,
    ) -> Option<Algorithm> {
        let read = column::algorithm(text, field);
        let read = self.keep(read);
        self.algorithm = Stated::of(read);
        read
    }

    /// How codes are made, already known.
    pub(in crate::seedfile) fn computes(&mut self, algorithm: Algorithm) {
        self.algorithm = Stated::As(algorithm);
    }

    /// Hash, by its name.
    pub(in crate::seedfile) fn hash(&mut self, text: &str, field: &'static str) {
        let rule = "the hash is SHA1, SHA256 or SHA512";
        let read = suite::hash(text).ok_or_else(|| Refusal::new(Code::Suite, field, rule));
        self.hash = Stated::of(self.keep(read));
        if matches!(self.hash, Stated::As(_)) {
            self.suite = Some(text.to_owned());
        }
    }

    /// Hash, already known.
    pub(in crate::seedfile) fn hashes_with(&mut self, hash: HashAlgorithm) {
        self.hash = Stated::As(hash);
    }

    /// Digits shown.
    pub(in crate::seedfile) fn digits(&mut self, text: &str, field: &'static str) {
        let read = integer(text, field).and_then(|n| {
            let fits = u8::try_from(n).ok().filter(|n| (6..=9).contains(n));
            fits.ok_or_else(|| Refusal::new(Code::Digits, field, DIGITS_RULE))
        });
        self.digits = Stated::of(self.keep(read));
    }

    /// Seconds per time step.
    pub(in crate::seedfile) fn time_step(&mut self, text: &str, field: &'static str) {
        let read = integer(text, field).and_then(|n| {
            let fits = u32::try_from(n).ok().filter(|n| (1..=MAX_STEP_S).contains(n));
            fits.ok_or_else(|| Refusal::new(Code::Interval, field, STEP_RULE))
        });
        self.time_step_s = Stated::of(self.keep(read));
    }

    /// Next counter, at most `most`.
    pub(in crate::seedfile) fn counter(&mut self, text: &str, field: &'static str, most: u64) {
        let read = integer(text, field).and_then(|n| {
            let fits = u64::try_from(n).ok().filter(|n| *n <= most);
            fits.ok_or_else(|| {
                Refusal::new(Code::Counter, field, format!("a counter from 0 to {most}"))
            })
        });
        self.counter = Stated::of(self.keep(read));
    }

    /// OCRA suite; it fixes hash, digits and time step.
    pub(in crate::seedfile) fn ocra(&mut self, text: &str, field: &'static str) {
        self.algorithm = Stated::As(Algorithm::Ocra);
        let read = suite::ocra(text).map_err(|rule| Refusal::new(Code::Suite, field, rule));
        let Some((ocra, advice)) = self.keep(read) else {
            (self.ocra, self.hash, self.digits) =
                (Stated::Refused, Stated::Refused, Stated::Refused);
            return;
        };
        for one in advice {
            self.warn(Code::of_suite(one), field);
        }
        if matches!(self.digits, Stated::As(digits) if digits != ocra.digits) {
            let rule = "as many digits as the suite says";
            self.refuse(Refusal::new(Code::Suite, field, rule));
        }
        self.hash = Stated::As(ocra.hash);
        self.digits = Stated::As(ocra.digits);
        self.suite = Some(text.to_owned());
        self.ocra = Stated::As(ocra);
    }

    /// Gives the key up as it is: what was noted is all that can be said of it.
    pub(in crate::seedfile) fn give_up(mut self) -> Row {
        let serial = self.serial.take();
        self.refused(serial)
    }

    /// Fills in what the row left out and judges the whole.
    pub(in crate::seedfile) fn finish(mut self, options: &ReadOptions, defaults: &Defaults) -> Row {
        let declared = &options.declared;
        let known = declared.algorithm.or(defaults.algorithm).map(|one| match one {
            OneTime::Hotp => Algorithm::Hotp,
            OneTime::Totp => Algorithm::Totp,
        });
        let algorithm = self.algorithm.or(known);
        let algorithm = self.need(algorithm, Code::Alg, "type", ALGORITHM_MISSING);
        let hash = self.hash.or(declared.hash.or(defaults.hash));
        let hash = self.need(hash, Code::Suite, "hash", HASH_MISSING);
        let digits = self.digits.or(declared.digits.or(defaults.digits));
        let digits = self.need(digits, Code::Digits, "digits", DIGITS_MISSING);
        let (time_step_s, counter) = self.moving(algorithm, options, defaults);
        if self.secret.is_none() && !self.is_secret_stated {
            self.refuse(Refusal::new(Code::NoSecret, "secret", "a key has a secret"));
        }
        if self.manufacturer.is_none() {
            self.manufacturer.clone_from(&declared.manufacturer);
        }
        self.judge(algorithm, options);
        let serial = self.serial.take();
        let secret = self.secret.take();
        let needed = (algorithm, hash, digits, secret, self.faults.is_empty());
        let (Some(algorithm), Some(hash), Some(digits), Some(secret), true) = needed else {
            return self.refused(serial);
        };
        let Some(serial) = serial else { return self.refused(None) };
        let key_id = self.key_id.unwrap_or_else(|| serial.to_string());
        let record = Record {
            at: self.at.clone(),
            manufacturer: self.manufacturer,
            serial,
            key_id,
            issuer: self.issuer,
            algorithm,
            hash,
            digits,
            time_step_s,
            counter,
            time_drift: 0,
            time_offset: self.time_offset,
            starts_at: self.starts_at,
            expires_at: self.expires_at,
            policy: KeyPolicy::default(),
            suite: self.suite,
            secret: SecretValue::Plain(secret),
            warnings: self.warnings,
        };
        Row { at: self.at, key: Ok(record) }
    }

    fn need<T>(
        &mut self,
        found: Result<Option<T>, ()>,
        code: Code,
        field: &'static str,
        rule: &'static str,
    ) -> Option<T> {
        found.unwrap_or_else(|()| {
            self.refuse(Refusal::new(code, field, rule));
            None
        })
    }

    /// Time step and counter, as far as the algorithm has them.
    fn moving(
        &mut self,
        algorithm: Option<Algorithm>,
        options: &ReadOptions,
        defaults: &Defaults,
    ) -> (Option<u32>, Option<u64>) {
        let declared = &options.declared;
        let counts = match algorithm {
            Some(Algorithm::Hotp) => true,
            Some(Algorithm::Ocra) => matches!(self.ocra, Stated::As(ocra) if ocra.counter),
            _ => false,
        };
        let mut counter = None;
        if counts {
            let found = self.counter.or(declared.counter.or(defaults.counter));
            counter = self.need(found, Code::Counter, "counter", COUNTER_MISSING);
        }
        let mut step = match self.ocra {
            Stated::As(ocra) => ocra.time_step_s,
            Stated::Nothing | Stated::Refused => None,
        };
        if algorithm == Some(Algorithm::Totp) {
            let fallback = declared.time_step_s.or(defaults.time_step_s);
            let found = self.time_step_s.or(fallback);
            step = self.need(found, Code::Interval, "time step", STEP_MISSING);
        }
        if step.is_some_and(|step| step != 30 && step != 60) {
            self.warn(Code::WInterval, "time step");
        }
        (step, counter)
    }

    /// What is said of a key beside its numbers.
    fn judge(&mut self, algorithm: Option<Algorithm>, options: &ReadOptions) {
        if algorithm == Some(Algorithm::Ocra) && matches!(self.ocra, Stated::Nothing) {
            self.refuse(Refusal::new(Code::Suite, "suite", "an OCRA key has a suite"));
        }
        if self.manufacturer.is_none() {
            self.warn(Code::WManufacturer, "manufacturer");
        }
        if self.time_offset != 0 {
            self.warn(Code::WTimeOffset, "time");
        }
        let (starts, expires) = (self.starts_at, self.expires_at);
        if starts.zip(expires).is_some_and(|(start, end)| end < start) {
            let rule = "the validity begins before it ends";
            self.refuse(Refusal::new(Code::Date, "expiry", rule));
        }
        if let Some(now) = options.now {
            if expires.is_some_and(|end| end < now) {
                self.warn(Code::WExpired, "expiry");
            }
            if starts.is_some_and(|start| start > now) {
                self.warn(Code::WNotYetValid, "start");
            }
        }
    }

    fn refused(self, serial: Option<Serial>) -> Row {
        let mut faults = self.faults.into_vec();
        for fault in &mut faults {
            fault.serial = serial.as_ref().map(Serial::to_string);
        }
        let identity = serial.map(|serial| {
            let serial = serial.to_string();
            let key_id = self.key_id.unwrap_or_else(|| serial.clone());
            [self.manufacturer.unwrap_or_default(), serial, key_id]
        });
        Row { at: self.at, key: Err(Refused { identity, faults }) }
    }
}

const DIGITS_RULE: &str = "6 to 9 digits";
const STEP_RULE: &str = "a time step of 1 second to a week";
const ALGORITHM_MISSING: &str =
    "the file does not say whether its tokens are HOTP or TOTP: declare the algorithm";
const HASH_MISSING: &str = "the file does not say which hash its tokens use: declare the hash";
const DIGITS_MISSING: &str =
    "the file does not say how many digits its tokens show: declare the digits";
const COUNTER_MISSING: &str = "the file does not give the counter at delivery: declare the counter";
const STEP_MISSING: &str = "the file does not give the time step: declare the time step in seconds";

/// For formats in which every key needs the same parameters: said once, before the first key.
pub(in crate::seedfile) fn check_needed(
    options: &ReadOptions,
    defaults: &Defaults,
) -> Result<OneTime, Refusal> {
    let declared = &options.declared;
    let refuse = |code, field, rule| Refusal::new(code, field, rule).for_file();
    let one_time = declared.algorithm.or(defaults.algorithm);
    let one_time = one_time.ok_or_else(|| refuse(Code::Alg, "algorithm", ALGORITHM_MISSING))?;
    let step = declared.time_step_s.or(defaults.time_step_s);
    if one_time == OneTime::Totp && step.is_none() {
        return Err(refuse(Code::Interval, "time step", STEP_MISSING));
    }
    Ok(one_time)
}

/// What the officer declares is held to the rules of a file.
pub(super) fn check_declared(options: &ReadOptions) -> Result<(), Refusal> {
    let declared = &options.declared;
    if declared.digits.is_some_and(|digits| !(6..=9).contains(&digits)) {
        return Err(Refusal::new(Code::Digits, "declared digits", DIGITS_RULE).for_file());
    }
    if declared.time_step_s.is_some_and(|step| !(1..=MAX_STEP_S).contains(&step)) {
        return Err(Refusal::new(Code::Interval, "declared time step", STEP_RULE).for_file());
    }
    if let Some(maker) = &declared.manufacturer {
        column::label(maker, "declared manufacturer").map_err(Refusal::for_file)?;
    }
    Ok(())
}
