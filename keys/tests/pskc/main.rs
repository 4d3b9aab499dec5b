//! The PSKC reader from outside: small files written here, each with one thing to notice, batches
//! of the demo generator, floods, and bytes changed at random.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod ciphers;
mod containers;
mod drafts;
mod floods;
mod keys;
mod protected;
mod report;
mod signing;

use warifu_core::oath::HashAlgorithm;
use warifu_core::time::UnixTime;
use warifu_keys::secret::Secret;
use warifu_keys::seedfile::{Code, ReadOptions, Record, Refusal, Unlock, open};
use warifu_token::{AesSize, Batch, BatchSeed, MacKind, Protection};

const ROOT: &str = r#"<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:xenc="http://www.w3.org/2001/04/xmlenc#">"#;
const SECRET: &str = "<Secret><PlainValue>jzwa0HteQpZt8Qs4x6klTmHY8LI=</PlainValue></Secret>";
const STEP: &str = "<TimeInterval><PlainValue>30</PlainValue></TimeInterval>";
const SIX: &str = r#"<ResponseFormat Length="6" Encoding="DECIMAL"/>"#;

/// One TOTP package; the parts that a case changes are arguments.
fn package(serial: &str, parameters: &str, data: &str, policy: &str) -> String {
    format!(
        r#"
 <KeyPackage>
  <DeviceInfo><Manufacturer>oath.ZZ</Manufacturer><SerialNo>{serial}</SerialNo></DeviceInfo>
  <Key Id="k1" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:totp">
   <AlgorithmParameters>{parameters}</AlgorithmParameters>
   <Data>{data}</Data>{policy}
  </Key>
 </KeyPackage>"#
    )
}

fn container(inner: &str) -> String {
    format!("{ROOT}{inner}</KeyContainer>")
}

fn good(serial: &str) -> String {
    package(serial, SIX, &format!("{SECRET}{STEP}"), "")
}

fn all(text: &[u8], options: ReadOptions) -> (Vec<Record>, Vec<Refusal>) {
    let (mut records, mut refusals) = (Vec::new(), Vec::new());
    match open(text, options) {
        Ok(file) => file.for_each(|item| match item {
            Ok(record) => records.push(record),
            Err(refusal) => refusals.push(refusal),
        }),
        Err(refusal) => refusals.push(refusal),
    }
    (records, refusals)
}

fn strict(text: &str) -> (Vec<Record>, Vec<Refusal>) {
    let now = UnixTime::from_rfc3339("2026-11-21T00:00:00Z");
    all(text.as_bytes(), ReadOptions { now, ..ReadOptions::default() })
}

fn codes(text: &str) -> Vec<Code> {
    strict(text).1.into_iter().map(|refusal| refusal.code).collect()
}

fn warnings(text: &str) -> Vec<Code> {
    let (records, refusals) = strict(text);
    assert_eq!(refusals, []);
    records[0].warnings.iter().map(|warning| warning.code).collect()
}

fn batch(count: u64, hash: HashAlgorithm, step: Option<u32>) -> Batch {
    Batch {
        count,
        first_serial: "D-00000001".to_owned(),
        manufacturer: "oath.ZZ".to_owned(),
        time_step_s: step,
        hash,
        digits: 8,
    }
}

fn psk(aes: AesSize, mac: MacKind) -> Protection {
    let key = vec![0x5A; aes.key_len()].into();
    Protection::PreShared { name: "demo".to_owned(), key, aes, mac }
}

fn written(batch: &Batch, protection: &Protection) -> Vec<u8> {
    let mut out = Vec::new();
    batch.write(&BatchSeed::from_bytes([3; 32]), protection, &mut out).unwrap();
    out
}

fn key(len: usize) -> Unlock {
    Unlock::Key(Secret::new(vec![0x5A; len]))
}
