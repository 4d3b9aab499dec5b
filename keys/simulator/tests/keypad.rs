//! The protocol's values for keypad tokens, and demo batches of tokens that sign.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use warifu_core::ocra::keypad::{Account, Amount, Asked, Challenge, KeypadUse, LoginChallenge};
use warifu_core::time::UnixTime;
use warifu_token::{
    BatchError, BatchSeed, KeypadError, KeypadToken, Keyring, KeyringError, Model, Protection,
    SigningBatch, Tokens,
};

const KEY: &str = "6465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f80818283";
/// The time of 29,400,000 whole minutes.
const NOW: UnixTime = UnixTime(29_400_000 * 60 + 59);

fn login(digits: &str) -> Asked {
    Asked::Login(LoginChallenge::parse(digits).unwrap())
}

fn account(digits: &str) -> Asked {
    Asked::Account(Account::parse(digits).unwrap())
}

fn account_amount(digits: &str, yen: u64) -> Asked {
    Asked::AccountAmount(Account::parse(digits).unwrap(), Amount::new(yen).unwrap())
}

fn show(token: &KeypadToken, asked: Asked) -> String {
    token.code(asked, NOW).unwrap().expose().to_owned()
}

#[test]
fn every_value_is_reached() {
    let token = KeypadToken::from_text(KEY).unwrap();
    let all = Asked::ChallengeAccountAmount(
        Challenge::parse("000042").unwrap(),
        Account::parse("1234567").unwrap(),
        Amount::new(1_250_000).unwrap(),
    );
    for (asked, code) in [
        (login("10000000"), "37220126"),
        (login("73918264"), "72988995"),
        (account("0123456"), "36265832"),
        (account("1234567"), "49434303"),
        (account_amount("0000017", 1_000), "14746685"),
        (account_amount("0000017", 16_000), "50143589"),
        (account_amount("1234567", 9_999_999_999), "95945314"),
        (all, "88818942"),
    ] {
        assert_eq!(show(&token, asked), code, "{asked:?}");
    }
}

#[test]
fn keys_are_hexadecimal_and_long_enough() {
    for text in ["", "00", "zz", &"0".repeat(30), &"0".repeat(130), &"0".repeat(33)] {
        assert!(matches!(KeypadToken::from_text(text), Err(KeypadError::Key)), "{text}");
    }
    assert!(KeypadToken::from_text(&format!("{KEY}\n")).is_ok());
}

#[test]
fn a_token_shows_nothing_for_another_use() {
    let token = KeypadToken::from_text(KEY).unwrap().of_uses(&[KeypadUse::Login]);
    assert!(token.code(login("10000000"), NOW).is_ok());
    assert!(matches!(token.code(account("0123456"), NOW), Err(KeypadError::Use)));
}

fn batch(model: Model, first_serial: &str) -> SigningBatch {
    SigningBatch {
        count: 3,
        first_serial: first_serial.to_owned(),
        manufacturer: "oath.ZZ".to_owned(),
        model,
    }
}

fn written(batch: &SigningBatch) -> Result<String, BatchError> {
    let mut file = Vec::new();
    batch.write(&BatchSeed::from_bytes([7; 32]), &Protection::Plain, &mut file)?;
    Ok(String::from_utf8(file).unwrap())
}

#[test]
fn a_camera_token_has_three_keys_or_a_seed() {
    let keys = written(&batch(Model::CameraKeys, "0112345679")).unwrap();
    assert_eq!(keys.matches("Algorithm=\"urn:warifu:txa1\"").count(), 9);
    for part in ["ENC", "COD", "SIG"] {
        assert_eq!(keys.matches(&format!("Id=\"0112345679-{part}\"")).count(), 1);
        assert_eq!(keys.matches(&format!("<pskc:Suite>{part}</pskc:Suite>")).count(), 3);
    }
    let seeds = written(&batch(Model::CameraSeed, "0112345679")).unwrap();
    assert_eq!(seeds.matches("<pskc:KeyPackage>").count(), 3);
    assert_eq!(seeds.matches("Id=\"0112345679-SEED\"").count(), 1);
}

#[test]
fn a_keypad_token_has_an_entry_for_each_use() {
    let file = written(&batch(Model::Keypad(KeypadUse::ALL.to_vec()), "K0000001")).unwrap();
    assert_eq!(file.matches("<pskc:KeyPackage>").count(), 12);
    for (number, one) in (1..).zip(KeypadUse::ALL) {
        assert_eq!(file.matches(&format!("Id=\"K0000003-{number}\"")).count(), 1);
        assert_eq!(
            file.matches(&format!("<pskc:Suite>{}</pskc:Suite>", one.suite_text())).count(),
            3
        );
    }
    let values: Vec<_> = file.split("<pskc:PlainValue>").skip(1).collect();
    let value = |entry: usize| values[entry].split('<').next().unwrap();
    assert_eq!(value(0), value(3), "one key for each token");
    assert_ne!(value(0), value(4));
}

#[test]
fn unfit_batches_are_refused() {
    let camera = |serial| written(&batch(Model::CameraKeys, serial)).unwrap_err();
    assert!(matches!(camera("0112345678"), BatchError::CameraSerial));
    assert!(matches!(camera("W0000001"), BatchError::CameraSerial));
    let keypad = written(&batch(Model::Keypad(Vec::new()), "K0000001"));
    assert!(matches!(keypad, Err(BatchError::Model)));
}

#[test]
fn a_keyring_makes_the_same_tokens_again() {
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str, model, serial| {
        let path = folder.path().join(name);
        let batch = Tokens::Signing(batch(model, serial));
        Keyring { batch, seed: BatchSeed::from_bytes([7; 32]) }.save(&path).unwrap();
        let load = |path: &Path| Keyring::load(path).unwrap();
        (load(&path), load(&path))
    };
    let (one, two) = save("camera", Model::CameraSeed, "0112345679");
    let keys = |ring: &Keyring| ring.camera("0112345679").unwrap().expose().map(|key| *key);
    assert_eq!(keys(&one), keys(&two));
    assert!(matches!(one.camera("0112345678"), Err(KeyringError::Batch(BatchError::Foreign))));
    assert!(matches!(one.keypad("0112345679"), Err(KeyringError::Batch(BatchError::Model))));
    assert!(matches!(one.token("0112345679"), Err(KeyringError::Batch(BatchError::Model))));

    let (one, two) = save("keypad", Model::Keypad(vec![KeypadUse::Login]), "K0000001");
    let code = |ring: &Keyring| show(&ring.keypad("K0000002").unwrap(), login("12345678"));
    assert_eq!(code(&one), code(&two));
    let token = one.keypad("K0000002").unwrap();
    assert!(token.code(account("0123456"), NOW).is_err(), "made for login only");
}
