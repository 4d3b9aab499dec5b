//! Keypad tokens as the tests hold them: the keys that stand in a maker's file, and the codes that
//! follow from what is typed (RFC 6287), computed here.
//!
//! Not responsible for: what the daemon makes of a code. Shares no code with `warifu-core` on purpose.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use warifu_core::ocra::keypad::KeypadUse;
use warifu_token::{BatchSeed, Model, Protection, SigningBatch};

use crate::{
    Caller, import,
    lifecycle::{Actor, Bank, assert_outcome},
    process::fail,
    signer::Signer,
    token::random,
};

/// A token with a keypad.
#[derive(Clone, Debug)]
pub struct KeypadToken {
    /// As printed on it.
    pub serial: String,
    key: Vec<u8>,
    /// For suites with a counter: the next one.
    pub counter: u64,
}

impl KeypadToken {
    /// Imports tokens of the uses that are ours, in a file that a maker wrote. Serials count up from
    /// `first`.
    pub async fn stock(officer: &Caller, first: &str, count: u64, uses: &[KeypadUse]) -> Vec<Self> {
        let batch = SigningBatch {
            count,
            first_serial: first.to_owned(),
            manufacturer: "Acme Tokens".to_owned(),
            model: Model::Keypad(uses.to_vec()),
        };
        let seed = BatchSeed::generate().expect("the kernel gives random bytes");
        Self::of_batch(officer, &batch, &seed).await
    }

    /// Imports a maker's batch.
    pub async fn of_batch(officer: &Caller, batch: &SigningBatch, seed: &BatchSeed) -> Vec<Self> {
        let mut file = Vec::new();
        batch.write(seed, &Protection::Plain, &mut file).expect("a Vec takes any text");
        let text = String::from_utf8_lossy(&file).into_owned();
        let token = |index| {
            let serial = batch.serial(index).expect("a serial of the batch");
            Self { key: key_in(&text, &serial), serial, counter: 0 }
        };
        let tokens = (0..batch.count).map(token).collect();
        taken(officer, "wrapped", file, batch.count).await;
        tokens
    }

    /// One token of another maker, with suites of its own.
    pub async fn foreign(officer: &Caller, serial: &str, suites: &[&str]) -> Self {
        let token = Self::with_key(serial, random(32));
        token.import(officer, "wrapped", suites).await;
        token
    }

    /// A token of another maker with a known key.
    pub fn with_key(serial: &str, key: Vec<u8>) -> Self {
        Self { serial: serial.to_owned(), key, counter: 0 }
    }

    /// The same token with its counter here.
    #[must_use]
    pub fn at(&self, counter: u64) -> Self {
        Self { counter, ..self.clone() }
    }

    /// Imports it with suites of its own.
    pub async fn import(&self, officer: &Caller, custody: &str, suites: &[&str]) {
        taken(officer, custody, self.file(suites), 1).await;
    }

    /// A seed file with this token.
    pub fn file(&self, suites: &[&str]) -> Vec<u8> {
        let (serial, key) = (&self.serial, STANDARD.encode(&self.key));
        let package = |(number, suite): (usize, &&str)| {
            let digits = parts(suite).1;
            let counter = if suite.contains(":C-") {
                "<Counter><PlainValue>0</PlainValue></Counter>"
            } else {
                ""
            };
            format!(
                "<KeyPackage><DeviceInfo><Manufacturer>Other Tokens</Manufacturer>\
                 <SerialNo>{serial}</SerialNo></DeviceInfo>\
                 <Key Id=\"{serial}-{number}\" Algorithm=\"urn:ietf:params:xml:ns:keyprov:pskc:ocra\">\
                 <AlgorithmParameters><Suite>{suite}</Suite>\
                 <ResponseFormat Length=\"{digits}\" Encoding=\"DECIMAL\"/></AlgorithmParameters>\
                 <Data><Secret><PlainValue>{key}</PlainValue></Secret>{counter}</Data>\
                 </Key></KeyPackage>"
            )
        };
        let packages: String = suites.iter().enumerate().map(package).collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<KeyContainer \
             xmlns=\"urn:ietf:params:xml:ns:keyprov:pskc\" Version=\"1.0\">{packages}</KeyContainer>"
        )
        .into_bytes()
    }

    /// The code that it shows for a question at a time (in seconds since 1970).
    pub fn code(&self, suite: &str, question: &str, unix_seconds: u64) -> String {
        let (hash, digits, counter, kind, step_s) = {
            let (hash, digits, input) = parts(suite);
            let step = input.split('-').find_map(step_s);
            let kind = input.split('-').find(|part| part.starts_with('Q')).unwrap_or_default();
            (hash, digits, input.starts_with("C-"), kind.chars().nth(1), step)
        };
        let mut data = suite.as_bytes().to_vec();
        data.push(0);
        if counter {
            data.extend(self.counter.to_be_bytes());
        }
        data.extend(field(kind, question));
        if let Some(step) = step_s {
            data.extend((unix_seconds / step).to_be_bytes());
        }
        truncated(&mac(hash, &self.key, &data), digits)
    }

    /// The code for what an answer of the server says is to be typed.
    pub fn answer(&self, asked: &Value, unix_seconds: u64) -> String {
        let prompt = &asked["prompt"];
        let text = |field: &str| {
            prompt[field].as_str().unwrap_or_else(|| fail(&format!("no prompt: {asked:#}")))
        };
        self.code(text("suite"), text("digits"), unix_seconds)
    }

    /// A code for that which is not right anywhere near. `n` picks different ones.
    pub fn wrong(&self, asked: &Value, unix_seconds: u64, n: u64) -> String {
        let near = (0..11).map(|step| self.answer(asked, unix_seconds + 60 * step - 300));
        let near: Vec<_> = near.collect();
        let digits = near.first().map_or(8, String::len);
        let modulus = 10_u64.pow(u32::try_from(digits).expect("a small number"));
        let codes = (0..).map(|i: u64| format!("{:0digits$}", (i * 7_919 + 13) % modulus));
        let mut wrong = codes.filter(|code| !near.contains(code));
        wrong.nth(usize::try_from(n).expect("a small number")).expect("some code is wrong")
    }

    /// Issues it to a user and takes it into service by a challenge.
    pub async fn in_service(&self, bank: &Bank, signer: &Signer) {
        let (contract, user) = (&signer.contract, &signer.user);
        let issued = bank.issue(&self.serial, contract, Some(user), &Actor::paper()).await;
        assert_outcome(&issued, "done");
        let order = json!({ "type": "register", "serial": self.serial });
        let asked = signer.ask(bank, &order).await;
        let challenge = signer.asked(&asked);
        let code = self.answer(&asked, bank.clock.now());
        assert_outcome(&signer.answer(bank, &challenge, &code).await, "accepted");
    }
}

async fn taken(officer: &Caller, custody: &str, file: Vec<u8>, count: u64) {
    let order = json!({ "dry_run": false, "custody": custody, "kind": "hard" });
    let job = import::file(officer, &order, file).await;
    if job["state"] != "done" || job["accepted"] != count {
        fail(&format!("the import was not taken: {job:#}"));
    }
}

/// The key of a token, as it stands in a file with plain values.
fn key_in(file: &str, serial: &str) -> Vec<u8> {
    let after = |text: &'_ str, mark: &str| text.split_once(mark).map(|(_, rest)| rest.to_owned());
    let package = after(file, &format!(">{serial}<"));
    let value = package.and_then(|rest| after(&rest, "PlainValue>"));
    let value = value.unwrap_or_else(|| fail(&format!("{serial} is not in the file")));
    let value = value.split('<').next().unwrap_or_default();
    STANDARD.decode(value).expect("base64")
}

/// Hash, digits and data input of a suite (RFC 6287 s.6).
fn parts(suite: &str) -> (&str, u32, &str) {
    let words: Vec<&str> = suite.split(':').collect();
    let [_, function, input] = words.as_slice() else { fail(&format!("no suite: {suite}")) };
    let mut function = function.split('-').skip(1);
    let hash = function.next().unwrap_or_default();
    let digits = function.next().and_then(|digits| digits.parse().ok());
    (hash, digits.unwrap_or_else(|| fail(&format!("no digits: {suite}"))), input)
}

/// Seconds of a time step: `T1M`, `T30S`, `T1H`.
fn step_s(part: &str) -> Option<u64> {
    let rest = part.strip_prefix('T')?;
    let (number, unit) = rest.split_at_checked(rest.len().checked_sub(1)?)?;
    let unit = match unit {
        "S" => 1,
        "M" => 60,
        "H" => 3_600,
        _ => return None,
    };
    number.parse::<u64>().ok().map(|number| number * unit)
}

/// The question in its 128 bytes (RFC 6287 s.5.1): a decimal number as hexadecimal digits, filled
/// behind.
fn field(kind: Option<char>, question: &str) -> Vec<u8> {
    let mut bytes = match kind {
        Some('N') => {
            let number: u128 = question.parse().expect("digits");
            let mut digits = format!("{number:x}");
            if digits.len() % 2 == 1 {
                digits.push('0');
            }
            hex::decode(digits).expect("hexadecimal")
        }
        Some('H') => hex::decode(question).expect("hexadecimal"),
        _ => question.as_bytes().to_vec(),
    };
    bytes.resize(128, 0);
    bytes
}

fn mac(hash: &str, key: &[u8], data: &[u8]) -> Vec<u8> {
    macro_rules! mac {
        ($hash:ty) => {{
            let mut mac = Hmac::<$hash>::new_from_slice(key).expect("any length is a key");
            mac.update(data);
            mac.finalize().into_bytes().to_vec()
        }};
    }
    match hash {
        "SHA1" => mac!(sha1::Sha1),
        "SHA256" => mac!(sha2::Sha256),
        _ => mac!(sha2::Sha512),
    }
}

/// RFC 4226 s.5.3.
fn truncated(mac: &[u8], digits: u32) -> String {
    let offset = usize::from(mac.last().expect("a MAC has bytes") & 0x0F);
    let word = mac.get(offset..offset + 4).expect("the offset leaves four bytes");
    let word: [u8; 4] = word.try_into().expect("four bytes");
    let value = u64::from(u32::from_be_bytes(word) & 0x7FFF_FFFF);
    let width = usize::try_from(digits).expect("a small number");
    format!("{:0width$}", value % 10_u64.pow(digits))
}
