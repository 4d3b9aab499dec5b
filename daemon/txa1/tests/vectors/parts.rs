//! The parts that are no message: check digits, Base45, reduced MACs, key expansion, fingerprints.

use warifu_core::{
    ocra::{Inputs, Suite},
    rules::{mod_11_10, mod_11_10_digit},
};
use warifu_txa1::{
    base45,
    content::batch_hash,
    dec64, display,
    expansion::{self, Role},
    leading64, qr_text,
    question::{self, SUITE},
    serial::DeviceSerial,
};

use crate::{
    file::{Row, serial},
    keys,
};

#[test]
fn check_digits() {
    for row in Row::all("check_digits") {
        let (body, check) = (row.text("body"), row.text("check"));
        assert_eq!(mod_11_10_digit(body).unwrap().to_string(), check);
        assert!(mod_11_10(&format!("{body}{check}")));
    }
    assert!(serial().has_check_digit());
}

#[test]
fn base45_both_ways() {
    for row in Row::all("base45") {
        assert_eq!(base45::encode(&row.bytes("hex")), row.text("text"));
        assert_eq!(base45::decode(row.text("text")), Ok(row.bytes("hex")));
    }
}

#[test]
fn reduced_macs() {
    for row in Row::all("dec64") {
        let (mac, digits, code) = (row.bytes("mac"), row.number::<u8>("digits"), row.text("code"));
        let modulus = 10_u64.pow(digits.into());
        assert_eq!(leading64(&mac).unwrap() % modulus, code.parse::<u64>().unwrap());
        match dec64(&mac, digits) {
            Some(reduced) => assert_eq!(reduced.expose(), code.as_bytes()),
            None => assert!(digits > 10, "{digits}"),
        }
    }
    assert!(dec64(&[0; 7], 8).or(dec64(&[0; 8], 3)).is_none());
}

#[test]
fn keys_from_a_seed() {
    for row in Row::all("expansion") {
        let role = Role::from_label(row.text("label")).unwrap();
        let serial = DeviceSerial::from_text(row.text("serial")).unwrap();
        let block = expansion::block(role, &serial);
        assert_eq!(block.as_slice(), row.bytes("block"));
        assert_eq!(keys::expand(&row.bytes("seed"), &block), row.bytes("key"));
    }
    let token = Row::file().row("token");
    for (role, name) in Role::ALL.into_iter().zip(["enc", "cod", "sig"]) {
        let block = expansion::block(role, &serial());
        assert_eq!(keys::expand(&token.bytes("seed"), &block), token.bytes(name));
    }
}

#[test]
fn a_batch_has_its_hash_and_fingerprint() {
    let batch = Row::file().row("batch");
    let records: Vec<u8> = batch
        .texts("records")
        .into_iter()
        .flat_map(|record| hex::decode(record).unwrap())
        .collect();
    let hash = batch_hash(&records);
    assert_eq!(hash, batch.array("hash"));
    assert_eq!(display::fingerprint(&hash), batch.text("fingerprint"));
}

#[test]
fn the_suite_and_the_prefix_are_fixed() {
    assert_eq!(SUITE, Row::file().text("suite"));
    assert_eq!(qr_text::PREFIX, Row::file().text("qr_prefix"));
    let suite = Suite::parse(SUITE).unwrap();
    assert_eq!(suite.digits(), question::DIGITS);
    for question in [[0; 32], [0xFF; 32], std::array::from_fn(|at| u8::try_from(at).unwrap())] {
        let hexadecimal = hex::encode(question);
        let input = suite.data_input(&Inputs::of(hexadecimal.as_str())).unwrap();
        assert_eq!(question::data_input(&question), input);
    }
}
