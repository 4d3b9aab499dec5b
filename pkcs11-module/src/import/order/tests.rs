//! Templates that are taken, and those that are not, each for its own reason.

use cryptoki_sys::{
    CK_OTP_FORMAT_HEXADECIMAL, CK_OTP_PARAM_IGNORED, CK_OTP_PARAM_MANDATORY, CKA_DERIVE,
    CKA_DESTROYABLE, CKA_END_DATE, CKA_EXTRACTABLE, CKA_LOCAL, CKA_MODULUS,
    CKA_OTP_COUNTER_REQUIREMENT, CKA_OTP_PIN_REQUIREMENT, CKA_OTP_SERVICE_IDENTIFIER, CKA_OTP_TIME,
    CKA_PRIVATE, CKA_SENSITIVE, CKA_SIGN, CKA_VERIFY, CKK_AES, CKO_SECRET_KEY,
};
use zeroize::Zeroizing;

use super::*;
use crate::{template::Attribute, vendor::CKM_WARIFU_TOTP};

const SEED: &[u8] = b"12345678901234567890";

type Pair = (CK_ATTRIBUTE_TYPE, Vec<u8>);

fn number(kind: CK_ATTRIBUTE_TYPE, value: u64) -> Pair {
    (kind, value.to_ne_bytes().to_vec())
}

fn bytes(kind: CK_ATTRIBUTE_TYPE, value: &[u8]) -> Pair {
    (kind, value.to_vec())
}

fn least() -> Vec<Pair> {
    vec![
        number(CKA_CLASS, CKO_OTP_KEY),
        number(CKA_KEY_TYPE, CKK_HOTP),
        bytes(CKA_TOKEN, &[1]),
        bytes(CKA_ID, b"0112345679"),
        number(CKA_OTP_LENGTH, 6),
        bytes(CKA_VALUE, SEED),
    ]
}

/// The least template with one attribute more, or another value of it.
fn with(changed: Pair) -> Vec<Pair> {
    let mut pairs = without(changed.0);
    pairs.push(changed);
    pairs
}

fn without(kind: CK_ATTRIBUTE_TYPE) -> Vec<Pair> {
    least().into_iter().filter(|(known, _)| *known != kind).collect()
}

fn template(pairs: Vec<Pair>) -> Template {
    let attribute = |(kind, value)| Attribute { kind, value: Zeroizing::new(value) };
    Template::new(pairs.into_iter().map(attribute).collect()).unwrap()
}

fn refusal(pairs: Vec<Pair>, way: Way) -> Fault {
    Order::read(&template(pairs), way).err().expect("a refusal")
}

fn rv(pairs: Vec<Pair>) -> Rv {
    refusal(pairs, Way::Create).rv
}

#[test]
fn the_least_template_is_a_counting_token_from_zero() {
    let template = template(least());
    let order = Order::read(&template, Way::Create).unwrap();
    assert_eq!((order.serial, order.digits, order.hash), ("0112345679", 6, Hash::Sha1));
    assert_eq!((order.moving, order.kind), (Moving::Counter(0), TokenKind::Hard));
    assert_eq!((order.manufacturer, order.seed), (None, Some(SEED)));
}

#[test]
fn all_that_can_be_said_is_kept() {
    let template = template(vec![
        number(CKA_CLASS, CKO_OTP_KEY),
        number(CKA_KEY_TYPE, CKK_HOTP),
        bytes(CKA_TOKEN, &[1]),
        bytes(CKA_PRIVATE, &[1]),
        bytes(CKA_SENSITIVE, &[1]),
        bytes(CKA_EXTRACTABLE, &[0]),
        bytes(CKA_VERIFY, &[1]),
        bytes(CKA_SIGN, &[0]),
        bytes(CKA_ID, b""),
        bytes(CKA_LABEL, b"A-1"),
        bytes(CKA_OTP_USER_IDENTIFIER, b"A-1"),
        number(CKA_OTP_LENGTH, 9),
        number(CKA_OTP_FORMAT, CK_OTP_FORMAT_DECIMAL),
        number(CKA_OTP_TIME_INTERVAL, 60),
        number(CKA_OTP_COUNTER_REQUIREMENT, CK_OTP_PARAM_IGNORED),
        bytes(CKA_OTP_TIME, b""),
        number(CKA_ALLOWED_MECHANISMS, CKM_WARIFU_TOTP),
        bytes(CKA_WARIFU_HASH, b"SHA512"),
        bytes(CKA_WARIFU_MANUFACTURER, "割符 & Co".as_bytes()),
        bytes(CKA_WARIFU_KIND, b"soft"),
        number(CKA_VALUE_LEN, 24),
    ]);
    let order = Order::read(&template, Way::Unwrap).unwrap();
    assert_eq!((order.serial, order.digits, order.hash), ("A-1", 9, Hash::Sha512));
    assert_eq!((order.moving, order.kind), (Moving::TimeStep(60), TokenKind::Soft));
    assert_eq!((order.manufacturer, order.seed_len), (Some("割符 & Co"), Some(24)));
}

#[test]
fn a_counter_is_eight_bytes_the_most_significant_first() {
    let counter = |value: &[u8]| with(bytes(CKA_OTP_COUNTER, value));
    let good = template(counter(&[0, 0, 0, 0, 0, 0, 1, 2]));
    assert_eq!(Order::read(&good, Way::Create).unwrap().moving, Moving::Counter(258));
    assert_eq!(rv(counter(&[1])), Rv::AttributeValueInvalid);
    assert_eq!(rv(counter(&[0xFF; 8])), Rv::AttributeValueInvalid);
    let mut both = counter(&[0; 8]);
    both.push(number(CKA_OTP_TIME_INTERVAL, 30));
    assert_eq!(rv(both), Rv::TemplateInconsistent);
}

#[test]
fn what_is_missing_is_named() {
    for (kind, name) in [
        (CKA_CLASS, "CKA_CLASS"),
        (CKA_KEY_TYPE, "CKA_KEY_TYPE"),
        (CKA_OTP_LENGTH, "CKA_OTP_LENGTH"),
        (CKA_VALUE, "CKA_VALUE"),
        (CKA_ID, "CKA_OTP_USER_IDENTIFIER, CKA_ID or CKA_LABEL"),
    ] {
        let fault = refusal(without(kind), Way::Create);
        assert_eq!(fault.rv, Rv::TemplateIncomplete, "{name}");
        assert!(fault.why.contains(name), "{name}: {}", fault.why);
    }
}

#[test]
fn what_contradicts_a_token_is_named() {
    for (pair, name) in [
        (number(CKA_CLASS, CKO_SECRET_KEY), "CKA_CLASS"),
        (number(CKA_KEY_TYPE, CKK_AES), "CKA_KEY_TYPE"),
        (bytes(CKA_TOKEN, &[0]), "CKA_TOKEN"),
        (bytes(CKA_LABEL, b"another"), "CKA_LABEL"),
        (bytes(CKA_PRIVATE, &[0]), "CKA_PRIVATE"),
        (bytes(CKA_SENSITIVE, &[0]), "CKA_SENSITIVE"),
        (bytes(CKA_EXTRACTABLE, &[1]), "CKA_EXTRACTABLE"),
        (bytes(CKA_SIGN, &[1]), "CKA_SIGN"),
        (bytes(CKA_VERIFY, &[0]), "CKA_VERIFY"),
        (bytes(CKA_DERIVE, &[1]), "CKA_DERIVE"),
        (number(CKA_OTP_FORMAT, CK_OTP_FORMAT_HEXADECIMAL), "CKA_OTP_FORMAT"),
        (number(CKA_OTP_PIN_REQUIREMENT, CK_OTP_PARAM_MANDATORY), "CKA_OTP_PIN_REQUIREMENT"),
        (bytes(CKA_END_DATE, b"20301231"), "CKA_END_DATE"),
        (number(CKA_ALLOWED_MECHANISMS, CKM_WARIFU_TOTP), "CKA_ALLOWED_MECHANISMS"),
        (bytes(CKA_DESTROYABLE, &[1]), "CKA_DESTROYABLE"),
        (number(CKA_VALUE_LEN, 16), "CKA_VALUE_LEN"),
    ] {
        let fault = refusal(with(pair), Way::Create);
        assert_eq!(fault.rv, Rv::TemplateInconsistent, "{name}");
        assert!(fault.why.starts_with(name), "{name}: {}", fault.why);
    }
    assert_eq!(rv(without(CKA_TOKEN)), Rv::TemplateInconsistent);
    assert_eq!(refusal(least(), Way::Unwrap).rv, Rv::TemplateInconsistent);
}

#[test]
fn values_out_of_range_are_named() {
    for (pair, name) in [
        (bytes(CKA_VALUE, &[7; 15]), "CKA_VALUE"),
        (bytes(CKA_VALUE, &[7; 65]), "CKA_VALUE"),
        (number(CKA_OTP_LENGTH, 5), "CKA_OTP_LENGTH"),
        (number(CKA_OTP_LENGTH, 10), "CKA_OTP_LENGTH"),
        (number(CKA_OTP_LENGTH, 262), "CKA_OTP_LENGTH"),
        (number(CKA_OTP_TIME_INTERVAL, 0), "CKA_OTP_TIME_INTERVAL"),
        (number(CKA_OTP_TIME_INTERVAL, 604_801), "CKA_OTP_TIME_INTERVAL"),
        (bytes(CKA_ID, b"=1+1"), "CKA_ID"),
        (bytes(CKA_ID, &[b'1'; 41]), "CKA_ID"),
        (bytes(CKA_WARIFU_HASH, b"MD5"), "CKA_WARIFU_HASH"),
        (bytes(CKA_WARIFU_KIND, b"camera"), "CKA_WARIFU_KIND"),
        (bytes(CKA_WARIFU_MANUFACTURER, b"a\nb"), "CKA_WARIFU_MANUFACTURER"),
        (bytes(CKA_WARIFU_MANUFACTURER, b" a"), "CKA_WARIFU_MANUFACTURER"),
    ] {
        let fault = refusal(with(pair), Way::Create);
        assert_eq!(fault.rv, Rv::AttributeValueInvalid, "{name}");
        assert!(fault.why.starts_with(name), "{name}: {}", fault.why);
    }
}

#[test]
fn what_is_not_kept_is_not_taken() {
    assert_eq!(rv(with(bytes(CKA_MODULUS, &[1]))), Rv::AttributeTypeInvalid);
    for kind in [CKA_LOCAL, CKA_OTP_SERVICE_IDENTIFIER] {
        assert_eq!(rv(with(bytes(kind, b"x"))), Rv::AttributeReadOnly);
    }
}

#[test]
fn no_refusal_has_the_seed_in_it() {
    for pairs in [with(number(CKA_VALUE_LEN, 16)), with(bytes(CKA_VALUE, b"12345"))] {
        assert!(!refusal(pairs, Way::Create).why.contains("12345"));
    }
}
