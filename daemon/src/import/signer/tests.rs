//! Which keys make a token, and what is said of those that do not.

use std::io::Cursor;

use warifu_core::{
    ident::Institution,
    lifecycle::TokenKind,
    policy::VerificationPolicy,
    rules::SeedExposure,
    token::{Moving, Profile},
};
use warifu_keys::seedfile::{self, Code, ReadOptions, Refusal};

use crate::import::{
    check::{Candidate, Keys, Rules},
    group::Groups,
};

const LOGIN: &str = "OCRA-1:HOTP-SHA256-8:QN08";
const ACCOUNT: &str = "OCRA-1:HOTP-SHA256-8:QN08-T1M";
const KEY: &str = "jzwa0HteQpZt8Qs4x6klTmHY8LKPPBrQe15Clm3xCzg=";
const OTHER: &str = "kzwa0HteQpZt8Qs4x6klTmHY8LKPPBrQe15Clm3xCzg=";
const THIRD: &str = "lzwa0HteQpZt8Qs4x6klTmHY8LKPPBrQe15Clm3xCzg=";

/// One key of a file.
struct Package<'a> {
    serial: &'a str,
    suite: &'a str,
    secret: &'a str,
    data: &'a str,
    policy: &'a str,
}

impl<'a> Package<'a> {
    const fn of(serial: &'a str, suite: &'a str) -> Self {
        Self { serial, suite, secret: KEY, data: "", policy: "" }
    }

    const fn secret(self, secret: &'a str) -> Self {
        Self { secret, ..self }
    }

    const fn data(self, data: &'a str) -> Self {
        Self { data, ..self }
    }

    const fn policy(self, policy: &'a str) -> Self {
        Self { policy, ..self }
    }

    fn xml(&self, number: usize) -> String {
        let Self { serial, suite, secret, data, policy } = self;
        let ocra = suite.starts_with("OCRA");
        let digits = suite.split(['-', ':']).nth(4).unwrap_or("8");
        let id = if ocra { format!("k{number}") } else { format!("{serial}-{suite}") };
        let algorithm =
            if ocra { "urn:ietf:params:xml:ns:keyprov:pskc:ocra" } else { "urn:warifu:txa1" };
        format!(
            "<KeyPackage><DeviceInfo><Manufacturer>Acme</Manufacturer>\
             <SerialNo>{serial}</SerialNo></DeviceInfo>\
             <Key Id='{id}' Algorithm='{algorithm}'><AlgorithmParameters><Suite>{suite}</Suite>\
             <ResponseFormat Length='{digits}' Encoding='DECIMAL'/></AlgorithmParameters>\
             <Data><Secret><PlainValue>{secret}</PlainValue></Secret>{data}</Data>\
             <Policy>{policy}</Policy></Key></KeyPackage>\n"
        )
    }
}

fn judged(kind: TokenKind, packages: &[Package<'_>]) -> Vec<Result<Candidate, Refusal>> {
    let inner: String = packages.iter().enumerate().map(|(at, one)| one.xml(at)).collect();
    let text = format!(
        "<KeyContainer Version='1.0' xmlns='urn:ietf:params:xml:ns:keyprov:pskc'>\n{inner}\
         </KeyContainer>"
    );
    let rules = Rules {
        institution: Institution::parse("bank").unwrap(),
        policy: VerificationPolicy::default(),
        takes_quarantined: false,
        exposure: SeedExposure::Anywhere,
        kind,
    };
    let file = seedfile::open(Cursor::new(text.into_bytes()), ReadOptions::default()).unwrap();
    Groups::new(file).map(|group| rules.candidate(&group?)).collect()
}

fn keypad(packages: &[Package<'_>]) -> Vec<Result<Candidate, Refusal>> {
    judged(TokenKind::Hard, packages)
}

fn camera(packages: &[Package<'_>]) -> Vec<Result<Candidate, Refusal>> {
    judged(TokenKind::Camera, packages)
}

/// The one refusal, which has to name the serial.
fn code(mut results: Vec<Result<Candidate, Refusal>>) -> Code {
    assert_eq!(results.len(), 1, "{results:?}");
    let refusal = results.pop().unwrap().unwrap_err();
    assert!(refusal.serial.is_some() && refusal.at.line > 0, "{refusal:?}");
    refusal.code
}

fn three() -> [Package<'static>; 3] {
    let key = |suite, secret| Package::of("0112345679", suite).secret(secret);
    [key("ENC", KEY), key("COD", OTHER), key("SIG", THIRD)]
}

#[test]
fn suites_of_one_serial_are_one_token() {
    let results = keypad(&[
        Package::of("K1", LOGIN),
        Package::of("K1", ACCOUNT),
        Package::of("K2", ACCOUNT).secret(OTHER),
    ]);
    let [Ok(first), Ok(second)] = results.as_slice() else { panic!("{results:?}") };
    let Moving::Keypad(one) = &first.token.moving else { panic!("{first:?}") };
    let texts: Vec<&str> = one.suites().iter().map(warifu_core::ocra::Suite::text).collect();
    assert_eq!((texts, one.counter), (vec![LOGIN, ACCOUNT], 0));
    assert_eq!((first.keys, first.key_id.as_str()), (Keys::One, "k0"));
    let Profile { hash, digits, .. } = first.token.profile;
    assert_eq!((hash.name(), digits.get()), ("SHA256", 8));
    let Moving::Keypad(one) = &second.token.moving else { panic!("{second:?}") };
    assert_eq!(one.suites().len(), 1);
}

#[test]
fn suites_that_do_not_go_together_are_refused() {
    let two = |second: Package<'_>| code(keypad(&[Package::of("K1", LOGIN), second]));
    assert_eq!(two(Package::of("K1", ACCOUNT).secret(OTHER)), Code::Group);
    assert_eq!(two(Package::of("K1", LOGIN)), Code::Group);
    assert_eq!(two(Package::of("K1", "OCRA-1:HOTP-SHA512-8:QN10")), Code::Group);
    let expiry = "<ExpiryDate>2030-01-01T00:00:00Z</ExpiryDate>";
    assert_eq!(two(Package::of("K1", ACCOUNT).policy(expiry)), Code::Group);
    let pin = "<PINPolicy PINUsageMode='Local' MinLength='4'/>";
    assert_eq!(two(Package::of("K1", ACCOUNT).policy(pin)), Code::Group);
    assert_eq!(two(Package::of("K1", "OCRA-1:HOTP-SHA256-4:QN10")), Code::Digits);
    let drift = "<TimeDrift><PlainValue>2</PlainValue></TimeDrift>";
    assert_eq!(two(Package::of("K1", ACCOUNT).data(drift)), Code::Drift);
}

#[test]
fn suites_that_count_begin_alike() {
    let at = |suite, data| Package::of("K1", suite).data(data);
    let (ten, twelve) = ("OCRA-1:HOTP-SHA256-8:C-QN10", "OCRA-1:HOTP-SHA256-8:C-QN12");
    let seven = "<Counter><PlainValue>7</PlainValue></Counter>";
    let eight = "<Counter><PlainValue>8</PlainValue></Counter>";
    let results = keypad(&[at(LOGIN, eight), at(ten, seven), at(twelve, seven)]);
    let [Ok(candidate)] = results.as_slice() else { panic!("{results:?}") };
    let Moving::Keypad(keypad_token) = &candidate.token.moving else { panic!("{candidate:?}") };
    assert_eq!(keypad_token.counter, 7, "a suite that does not count has no say");
    assert_eq!(code(keypad(&[at(ten, seven), at(twelve, eight)])), Code::Counter);
}

#[test]
fn more_suites_than_a_token_has_are_refused_and_fill_no_memory() {
    let texts: Vec<String> = (10..40).map(|n| format!("OCRA-1:HOTP-SHA256-8:QN{n}")).collect();
    let packages: Vec<_> = texts.iter().map(|suite| Package::of("K1", suite)).collect();
    assert_eq!(keypad(&packages[..8]).len(), 1);
    assert!(keypad(&packages[..8])[0].is_ok());
    assert_eq!(code(keypad(&packages[..9])), Code::Group);
    // The rest is another token of the same serial, which `Run::judge` refuses.
    assert_eq!(keypad(&packages).len(), 4);
}

#[test]
fn three_keys_or_a_seed_are_a_camera_token() {
    let results = camera(&three());
    let [Ok(one)] = results.as_slice() else { panic!("{results:?}") };
    assert!(matches!(one.token.moving, Moving::Camera(_)) && one.keys == Keys::Three);
    assert_eq!((one.token.profile.hash.name(), one.token.profile.digits.get()), ("SHA256", 8));
    let [encryption, device_code, signature] = three();
    assert!(camera(&[signature, encryption, device_code])[0].is_ok(), "in any order");
    let results = camera(&[Package::of("0112345679", "SEED")]);
    let [Ok(one)] = results.as_slice() else { panic!("{results:?}") };
    assert!(matches!(one.keys, Keys::Seed(serial) if serial.to_string() == "0112345679"));
}

#[test]
fn half_a_camera_token_is_refused() {
    let [encryption, device_code, signature] = three();
    assert_eq!(code(camera(&[encryption, device_code])), Code::Group);
    assert_eq!(code(camera(&[signature])), Code::Group);
    let [encryption, device_code, signature] = three();
    let seed =
        Package::of("0112345679", "SEED").secret("mzwa0HteQpZt8Qs4x6klTmHY8LKPPBrQe15Clm3xCzg=");
    assert_eq!(code(camera(&[encryption, device_code, signature, seed])), Code::Group);
    let [encryption, device_code, _] = three();
    let same = Package::of("0112345679", "SIG").secret(OTHER);
    assert_eq!(code(camera(&[encryption, device_code, same])), Code::Group);
    let results = camera(&[
        Package::of("0112345679", "ENC"),
        Package::of("0112345687", "SEED").secret(OTHER),
        Package::of("0112345679", "COD").secret(THIRD),
    ]);
    assert_eq!(results.iter().filter(|one| one.is_err()).count(), 2, "{results:?}");
}

#[test]
fn a_camera_token_has_ten_digits_and_its_kind() {
    assert_eq!(code(camera(&[Package::of("011234567", "SEED")])), Code::Serial);
    assert_eq!(code(camera(&[Package::of("A112345679", "SEED")])), Code::Serial);
    assert_eq!(code(camera(&[Package::of("K1", LOGIN)])), Code::Kind);
    for kind in [TokenKind::Hard, TokenKind::Soft] {
        assert_eq!(code(judged(kind, &three())), Code::Kind);
        assert!(judged(kind, &[Package::of("K1", LOGIN)])[0].is_ok());
    }
}
