//! The PKCS#11 module writes each seed as a PSKC document of one key. The two share no code: the
//! documents that its tests hold its writer to are read here as the daemon reads them.
//!
//! Not responsible for: other writers' documents (`pskc`), or for what a template may say.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{fs, path::Path};

use warifu_core::oath::HashAlgorithm;
use warifu_keys::{
    secret::Secret,
    seedfile::{
        Algorithm, Code, Format, ReadOptions, Record, SecretValue, Unlock,
        crypto::{AesBits, Cipher},
        open,
    },
};

/// The published seeds of RFC 4226 and RFC 6238.
const SHORT: &[u8] = b"12345678901234567890";
const LONG: &[u8] = b"12345678901234567890123456789012";

/// Reads a sample as the daemon does, or with the key 00 01 02 .. of so many octets.
fn read(name: &str, key_len: Option<u8>) -> Record {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pkcs11-module/tests/samples");
    let text = fs::read(path.join(name)).expect("the sample is in the repository");
    let unlock = key_len.map(|len| Unlock::Key(Secret::new((0..len).collect())));
    let options = ReadOptions { format: Some(Format::Pskc), unlock, ..ReadOptions::default() };
    let mut reader = open(text.as_slice(), options).unwrap();
    let record = reader.next().unwrap().unwrap();
    assert!(reader.next().is_none(), "{name} has one key");
    record
}

fn plain(record: &Record) -> &[u8] {
    match &record.secret {
        SecretValue::Plain(secret) => secret.expose(),
        SecretValue::Encrypted(_) => panic!("not opened"),
    }
}

fn cipher(record: &Record) -> Cipher {
    match &record.secret {
        SecretValue::Plain(_) => panic!("not encrypted"),
        SecretValue::Encrypted(value) => value.cipher,
    }
}

#[test]
fn a_plain_counting_token() {
    let record = read("hotp-plain.xml", None);
    assert_eq!((record.algorithm, record.hash), (Algorithm::Hotp, HashAlgorithm::Sha1));
    assert_eq!((record.digits, record.counter, record.time_step_s), (6, Some(7), None));
    assert_eq!((record.serial.as_str(), record.key_id.as_str()), ("SAMPLE-HOTP", "SAMPLE-HOTP"));
    assert_eq!(record.manufacturer.as_deref(), Some("oath.ZZ"));
    assert_eq!(plain(&record), SHORT);
    let warned: Vec<_> = record.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(warned, [Code::WTestSecret], "published, and nothing else is odd about it");
}

#[test]
fn a_token_with_a_clock_under_key_wrap() {
    let record = read("totp-kw.xml", Some(16));
    assert_eq!((record.algorithm, record.hash), (Algorithm::Totp, HashAlgorithm::Sha256));
    assert_eq!((record.digits, record.counter, record.time_step_s), (8, None, Some(60)));
    assert_eq!((record.serial.as_str(), record.manufacturer.as_deref()), ("SAMPLE.TOTP:1", None));
    assert_eq!(plain(&record), LONG);
    assert_eq!(cipher(&read("totp-kw.xml", None)), Cipher::AesKeyWrap(AesBits::B128));
}

#[test]
fn a_seed_that_key_wrap_pads() {
    let record = read("hotp-kwp.xml", Some(32));
    assert_eq!((record.algorithm, record.hash), (Algorithm::Hotp, HashAlgorithm::Sha512));
    assert_eq!((record.digits, record.counter), (6, Some(0)));
    assert_eq!(record.manufacturer.as_deref(), Some("A&B <\"Tokens\"> 'KK'"));
    assert_eq!(plain(&record), SHORT);
    assert_eq!(cipher(&read("hotp-kwp.xml", None)), Cipher::AesKeyWrapPad(AesBits::B256));
}

#[test]
fn a_seed_under_the_public_half_of_a_pair() {
    let record = read("hotp-oaep.xml", None);
    assert_eq!(cipher(&record), Cipher::RsaOaep);
    assert_eq!((record.digits, record.counter), (6, Some(7)));
}
