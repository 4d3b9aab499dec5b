//! What the doctor says of a provider's imports, ceremonies and rotation.

use warifu_hsm_protocol::{Doctor, Greeting, ImportPlace, Purpose, WorkerConfig, WrappingKeyForm};

use crate::{
    client::{Worker, refused},
    softhsm::SoftHsm,
};

/// Every line, in the order in which a person reads them.
const NAMES: [&str; 13] = [
    "aes-cbc-mac",
    "aes-gcm",
    "aes-kw",
    "aes-kwp",
    "3des-cbc-mac",
    "rsa-1.5",
    "rsa-oaep-sha1",
    "mac",
    "pbkdf2",
    "hmac-minimum",
    "ceremony",
    "rsa-pair",
    "rotation",
];

pub(crate) fn inspected(config: WorkerConfig, environment: &(String, String)) -> Doctor {
    match refused(config, Purpose::Inspect, environment).0 {
        Greeting::Inspected(doctor) => *doctor,
        other => panic!("{other:?}"),
    }
}

/// The places of all lines; one that is not named is inside.
pub(crate) fn assert_lines(doctor: &Doctor, elsewhere: &[(&str, ImportPlace)]) {
    let names: Vec<_> = doctor.import.iter().map(|line| line.name.as_str()).collect();
    assert_eq!(names, NAMES);
    for line in &doctor.import {
        let place = elsewhere.iter().find(|(name, _)| *name == line.name);
        let place = place.map_or(ImportPlace::Inside, |(_, place)| *place);
        assert_eq!(line.place, place, "{line:?}");
    }
}

fn detail<'a>(doctor: &'a Doctor, name: &str) -> &'a str {
    let line = doctor.import.iter().find(|line| line.name == name);
    &line.unwrap_or_else(|| panic!("no line {name}")).detail
}

#[test]
fn softhsm() {
    let hsm = SoftHsm::new();
    // Before there are keys, and with them.
    let before = inspected(hsm.config(), &hsm.environment());
    let cbc = unwraps_cbc(&hsm);
    let after = inspected(hsm.config(), &hsm.environment());
    let mut elsewhere = vec![
        ("aes-gcm", ImportPlace::Worker),
        ("3des-cbc-mac", ImportPlace::Worker),
        ("pbkdf2", ImportPlace::Worker),
        ("ceremony", ImportPlace::Worker),
    ];
    if !cbc {
        elsewhere.extend([("aes-cbc-mac", ImportPlace::Worker), ("mac", ImportPlace::Worker)]);
    }
    for doctor in [&before, &after] {
        assert_lines(doctor, &elsewhere);
        assert!(detail(doctor, "rotation").starts_with("rotatable"), "{doctor:#?}");
        let minimum = detail(doctor, "hmac-minimum");
        assert!(minimum.contains("sha1 20, hmac-sha256 32, hmac-sha512 64"), "{minimum}");
        assert!(detail(doctor, "ceremony").contains("triple DES"));
    }
    let left = hsm.pkcs11_tool(&["--list-objects"]);
    assert!(!left.contains("selftest"), "the doctor leaves nothing behind: {left}");
}

/// Makes the keys; whether this SoftHSM unwraps CBC.
fn unwraps_cbc(hsm: &SoftHsm) -> bool {
    Worker::start(hsm.config(), Purpose::Init, &hsm.environment()).provider.unwrap_cbc
}

#[test]
fn a_pinned_wrapping_key_is_told() {
    let hsm = SoftHsm::new();
    let pinned = WorkerConfig { wrapping_key: WrappingKeyForm::Pinned, ..hsm.config() };
    drop(Worker::start(pinned, Purpose::Init, &hsm.environment()));
    // The form of the key on the token counts, not the setting.
    let doctor = inspected(hsm.config(), &hsm.environment());
    let told = detail(&doctor, "rotation");
    assert_eq!(told, "pinned: can not be rotated without importing again");
    let check = doctor.checks.iter().find(|check| check.name == "unwrap-template").unwrap();
    assert_eq!(check.detail, told);
}
