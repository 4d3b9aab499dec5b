//! Our OCRA against an implementation that we did not write: the Python package `oath`, installed by
//! this test into a folder of its own.
//!
//! Not responsible for: the vectors of RFC 6287, which the core's tests have. Left out are the places
//! where RFC 6287 leaves a byte open and `oath` decided otherwise than we do:
//! - mutual authentication with decimal questions: it joins the digits, we refuse;
//! - mutual questions of any length: it joins them, we demand full length;
//! - suites of 0 digits: it prints 31 bits as a number, we the whole MAC;
//! - bare `Q`, `P`, `S`, `T` and `T1H30M`: it assumes defaults and adds up, we refuse the suite;
//! - a PIN given as its hash: its code for that fails, so it gets the PIN and we its hash.
#![forbid(unsafe_code)]

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
};

use e2e::{binaries::repository, process::run};
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use sha2::{Sha256, Sha512};
use warifu_core::{
    oath::HashAlgorithm,
    ocra::{Inputs, Question, QuestionKind, Suite, keypad::KeypadUse},
};

/// Random inputs for each family of suites.
const CASES: usize = 200;

const HASHES: [HashAlgorithm; 3] =
    [HashAlgorithm::Sha1, HashAlgorithm::Sha256, HashAlgorithm::Sha512];

#[test]
fn another_implementation_computes_the_same_codes() {
    if env::var_os("WARIFU_OFFLINE").is_some() {
        eprintln!("SKIPPED: WARIFU_OFFLINE is set, so `oath` can not be installed");
        return;
    }
    let mut dice = Dice(0x5741_5249_4655);
    let families: [(&str, Family); 10] = [
        ("decimal", |dice| format!("QN{:02}", dice.between(4, 64))),
        ("letters and digits", |dice| format!("QA{:02}", dice.between(4, 64))),
        ("hexadecimal", |dice| format!("QH{:02}", dice.between(4, 64))),
        ("counter", |dice| format!("C-Q{}08", dice.of(["A", "N", "H"]))),
        ("PIN", |dice| format!("QN08-P{}", dice.of(HASHES).name())),
        ("session", |dice| format!("QA10-S{}", dice.of(["001", "064", "128", "256", "512"]))),
        ("seconds", |dice| format!("QN08-T{}S", dice.between(1, 59))),
        ("minutes", |dice| format!("QH40-T{}M", dice.between(1, 59))),
        ("hours", |dice| format!("QA08-T{}H", dice.between(1, 48))),
        ("everything", |dice| {
            let (question, pin) = (dice.of(["QA10", "QN18", "QH64"]), dice.of(HASHES).name());
            format!("C-{question}-P{pin}-S064-T1M")
        }),
    ];
    let mut cases = Vec::new();
    for (name, inputs) in families {
        cases.extend((0..CASES).map(|_| Case::random(&mut dice, name, &inputs)));
    }
    for kind in ["QA", "QH"] {
        cases.extend((0..CASES).map(|_| Case::mutual(&mut dice, kind)));
    }
    for one in KeypadUse::ALL {
        cases.extend((0..CASES).map(|_| Case::of_suite(&mut dice, one.word(), one.suite())));
    }
    let refused: Vec<_> = cases.iter().filter(|case| case.ours() == "refused").collect();
    assert!(refused.is_empty(), "{refused:?}");
    assert_same(&cases);
}

#[test]
fn another_implementation_refuses_what_we_refuse() {
    if env::var_os("WARIFU_OFFLINE").is_some() {
        eprintln!("SKIPPED: WARIFU_OFFLINE is set, so `oath` can not be installed");
        return;
    }
    let mut cases = Vec::new();
    for (suite, question, session) in [
        ("OCRA-1:HOTP-SHA256-8:QH08", "ABC", None),
        ("OCRA-1:HOTP-SHA256-8:QH08", "0123456789", None),
        ("OCRA-1:HOTP-SHA256-8:QH08", "xyz0", None),
        ("OCRA-1:HOTP-SHA256-8:QN08", "123456789", None),
        ("OCRA-1:HOTP-SHA256-8:QN08", "1234x", None),
        ("OCRA-1:HOTP-SHA256-8:QA08", "AB CD", None),
        ("OCRA-1:HOTP-SHA256-8:QN08-S064", "1234", Some(vec![7; 63])),
        ("OCRA-1:HOTP-SHA256-8:QN08-S064", "1234", Some(vec![7; 65])),
        ("OCRA-1:HOTP-SHA256-8:QN08-S064", "1234", None),
    ] {
        let mut case = Case::plain("refused", Suite::parse(suite).expect("a suite"));
        case.question = vec![question.to_owned()];
        case.session = session;
        assert_eq!(case.ours(), "refused", "{case:?}");
        cases.push(case);
    }
    assert_same(&cases);
}

fn assert_same(cases: &[Case]) {
    let theirs = ask_oath(cases);
    assert_eq!(theirs.len(), cases.len());
    for (case, theirs) in cases.iter().zip(theirs) {
        assert_eq!(case.ours(), theirs, "{case:?}");
    }
}

/// Writes the data input of a random suite.
type Family = fn(&mut Dice) -> String;

/// One computation.
#[derive(Debug)]
struct Case {
    /// For the message of a failure.
    #[expect(dead_code, reason = "read by Debug only")]
    family: &'static str,
    suite: Suite,
    key: Vec<u8>,
    /// One question, or the other party's and one's own.
    question: Vec<String>,
    counter: Option<u64>,
    pin: Option<String>,
    session: Option<Vec<u8>>,
    time_steps: Option<u64>,
}

impl Case {
    fn plain(family: &'static str, suite: Suite) -> Self {
        let (key, question) = (vec![0; suite.hash().mac_len()], Vec::new());
        let (counter, pin, session, time_steps) = (None, None, None, None);
        Self { family, suite, key, question, counter, pin, session, time_steps }
    }

    fn random(dice: &mut Dice, family: &'static str, inputs: &dyn Fn(&mut Dice) -> String) -> Self {
        let suite = dice.suite(inputs);
        Self::of_suite(dice, family, suite)
    }

    fn of_suite(dice: &mut Dice, family: &'static str, suite: Suite) -> Self {
        let format = suite.question();
        let mut length = dice.between(1, format.max.into());
        if format.kind == QuestionKind::Hexadecimal {
            // An odd number of digits is refused.
            length = length.next_multiple_of(2).min(u64::from(format.max) / 2 * 2);
        }
        let mut case = Self::plain(family, suite);
        case.question = vec![dice.question(format.kind, length)];
        case.key = dice.bytes(case.key.len());
        case.counter = case.suite.counter().then(|| dice.number());
        case.pin = case.suite.pin().map(|_| dice.question(QuestionKind::Decimal, 4));
        case.session = case.suite.session().map(|length| dice.bytes(length.into()));
        // A number of steps that fits a signed one; beyond lies no year.
        case.time_steps = case.suite.step_s().map(|_| dice.number() >> 1);
        case
    }

    fn mutual(dice: &mut Dice, kind: &str) -> Self {
        let suite = dice.suite(&|dice: &mut Dice| format!("{kind}{:02}", dice.between(2, 32) * 2));
        let format = suite.question();
        let mut case = Self::plain("mutual", suite);
        case.key = dice.bytes(case.key.len());
        case.question = (0..2).map(|_| dice.question(format.kind, format.max.into())).collect();
        case
    }

    /// What this project computes.
    fn ours(&self) -> String {
        let pin_hash = self.pin.as_ref().zip(self.suite.pin()).map(|(pin, hash)| digest(hash, pin));
        let question = match self.question.as_slice() {
            [other, own] => Question::Mutual(other, own),
            other => Question::One(other.first().expect("a question")),
        };
        let data = self.suite.data_input(&Inputs {
            counter: self.counter,
            question,
            pin_hash: pin_hash.as_deref(),
            session: self.session.as_deref(),
            time_steps: self.time_steps,
        });
        data.map_or_else(
            |_| "refused".to_owned(),
            |data| {
                let mac = mac(self.suite.hash(), &self.key, &data);
                self.suite.response(&mac).expect("a MAC of the suite's hash").expose().to_owned()
            },
        )
    }

    fn line(&self) -> Value {
        let mut line = json!({ "suite": self.suite.text(), "key": hex::encode(&self.key) });
        match self.question.as_slice() {
            [question] => line["question"] = json!(question),
            both => line["joined"] = json!(both.concat()),
        }
        if let Some(session) = &self.session {
            line["session"] = json!(hex::encode(session));
        }
        line["counter"] = json!(self.counter);
        line["pin"] = json!(self.pin);
        line["time_steps"] = json!(self.time_steps);
        line
    }
}

/// Installs the package and has it compute every case.
fn ask_oath(cases: &[Case]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let scripts = repository().join("tests/python");
    let environment = folder.path().join("environment");
    run(Command::new("python3").args(["-m", "venv"]).arg(&environment));
    let python = environment.join("bin/python");
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"])
        .args(["--only-binary=:all:", "--require-hashes", "--requirement"])
        .arg(scripts.join("requirements.txt")));
    compute(&python, &scripts.join("ocra_oath.py"), folder.path(), cases)
}

fn compute(python: &Path, script: &Path, folder: &Path, cases: &[Case]) -> Vec<String> {
    let lines: String = cases.iter().map(|case| case.line().to_string() + "\n").collect();
    let input = folder.join("cases");
    fs::write(&input, lines).expect("the cases are written");
    let input = fs::File::open(&input).expect("the cases can be read");
    let output = run(Command::new(python).arg(script).stdin(Stdio::from(input)));
    let text = String::from_utf8(output.stdout).expect("codes are ASCII");
    text.lines().map(str::to_owned).collect()
}

fn mac(hash: HashAlgorithm, key: &[u8], data: &[u8]) -> Vec<u8> {
    macro_rules! run {
        ($hash:ty) => {{
            let mac = Hmac::<$hash>::new_from_slice(key).expect("a key of any length");
            mac.chain_update(data).finalize().into_bytes().to_vec()
        }};
    }
    match hash {
        HashAlgorithm::Sha1 => run!(Sha1),
        HashAlgorithm::Sha256 => run!(Sha256),
        HashAlgorithm::Sha512 => run!(Sha512),
    }
}

fn digest(hash: HashAlgorithm, text: &str) -> Vec<u8> {
    match hash {
        HashAlgorithm::Sha1 => Sha1::digest(text).to_vec(),
        HashAlgorithm::Sha256 => Sha256::digest(text).to_vec(),
        HashAlgorithm::Sha512 => Sha512::digest(text).to_vec(),
    }
}

/// Random numbers that are the same in each run (SplitMix64), so that a failure can be seen again.
struct Dice(u64);

impl Dice {
    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.number() % (most - least + 1)
    }

    fn of<T: Copy, const N: usize>(&mut self, choice: [T; N]) -> T {
        let place = self.between(1, u64::try_from(N).expect("few")) - 1;
        choice[usize::try_from(place).expect("few")]
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.number().to_le_bytes()[0]).collect()
    }

    fn suite(&mut self, inputs: &dyn Fn(&mut Self) -> String) -> Suite {
        let (hash, digits) = (self.of(HASHES).name(), self.between(4, 10));
        let text = format!("OCRA-1:HOTP-{hash}-{digits}:{}", inputs(self));
        Suite::parse(&text).expect("a suite of RFC 6287")
    }

    fn question(&mut self, kind: QuestionKind, length: u64) -> String {
        let characters: &[u8] = match kind {
            QuestionKind::Alphanumeric => {
                b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
            }
            QuestionKind::Decimal => b"0123456789",
            QuestionKind::Hexadecimal => b"0123456789abcdefABCDEF",
        };
        let most = u64::try_from(characters.len()).expect("few");
        let mut one = || characters[usize::try_from(self.number() % most).expect("few")];
        (0..length).map(|_| char::from(one())).collect()
    }
}
