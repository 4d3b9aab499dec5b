//! OCRA against every vector this project knows, the rule for each place that RFC 6287 leaves open,
//! and the promise of our own suites that no two inputs share a code.

#![expect(clippy::unwrap_used, reason = "constants of this test; a bad one fails it")]

#[path = "ocra/ambiguities.rs"]
mod ambiguities;
#[path = "ocra/injective.rs"]
mod injective;
#[path = "ocra/texts.rs"]
mod texts;
#[path = "ocra/vector.rs"]
mod vector;

use sha2::{Digest as _, Sha256};
use warifu_core::ocra::{
    Question, Suite,
    keypad::{Account, Amount, Asked, Challenge, KeypadUse, LoginChallenge},
};

use self::vector::{Vector, hex, unhex};

#[test]
fn all_70_official_vectors() {
    let vectors = Vector::read("official");
    assert_eq!(vectors.len(), 70);
    for vector in vectors {
        vector.assert_computes();
        let suite = vector.suite();
        let field = suite.question().field(vector.question()).unwrap();
        assert_eq!(hex(&field).trim_end_matches('0'), vector.text("field").unwrap(), "{vector:?}");
    }
}

/// The derived vectors show traps: each is computed as the reference code would, or refused.
#[test]
fn all_33_derived_vectors_are_computed_or_refused() {
    let vectors = Vector::read("derived");
    assert_eq!(vectors.len(), 33);
    let mut refused = Vec::new();
    for vector in vectors {
        let name = vector.text("name").unwrap().to_owned();
        match vector.data_input() {
            Ok(_) => vector.assert_computes(),
            Err(fault) => refused.push(format!("{name}: {fault}")),
        }
    }
    assert_eq!(
        refused,
        [
            "qh-odd-and-case: a question in hexadecimal has an even number of digits",
            "qa-mutual-split: both questions of a mutual authentication have exactly the length that \
             the suite names",
            "qa-mutual-split: both questions of a mutual authentication have exactly the length that \
             the suite names",
            "session-064: the session does not have exactly the length that the suite names",
            "all-inputs: the session does not have exactly the length that the suite names",
        ]
    );
}

/// What is refused above is refused for its form: written out in full, it gives the vector's code.
#[test]
fn the_refused_vectors_are_right_once_they_are_written_out() {
    for mut vector in Vector::read("derived") {
        if let Some(length) = vector.suite().session() {
            let short = vector.text("session").unwrap().to_owned();
            vector.set("session", &format!("{short:0>width$}", width = usize::from(length) * 2));
        }
        if vector.text("question") == Some("ABC") {
            vector.set("question", "ABC0");
        }
        if vector.text("name") == Some("qa-mutual-split") {
            let joined = [vector.text("other").unwrap(), vector.text("own").unwrap()].concat();
            vector.replace_mutual_by(&joined);
        }
        vector.assert_computes();
    }
}

#[test]
fn the_keypad_vectors() {
    let vectors = Vector::read("keypad");
    assert_eq!(vectors.len(), 8);
    for vector in vectors {
        let one = KeypadUse::from_word(vector.text("use").unwrap()).unwrap();
        assert_eq!(one.suite(), vector.suite());
        let asked = asked(one, &vector);
        assert_eq!(asked.keypad_use(), one);
        assert_eq!(asked.question(), vector.text("question").unwrap());
        assert!(one.suite().question().is_unambiguous(&asked.question()), "{vector:?}");
        let digest = hex(&Sha256::digest(vector.data_input().unwrap()));
        assert_eq!(digest, vector.text("data_input_sha256").unwrap());
        vector.assert_computes();
    }
}

fn asked(one: KeypadUse, vector: &Vector) -> Asked {
    let account = || Account::parse(vector.text("account").unwrap()).unwrap();
    let amount = || Amount::new(vector.number("amount").unwrap()).unwrap();
    let challenge = || vector.text("challenge").unwrap();
    match one {
        KeypadUse::Login => Asked::Login(LoginChallenge::parse(challenge()).unwrap()),
        KeypadUse::Account => Asked::Account(account()),
        KeypadUse::AccountAmount => Asked::AccountAmount(account(), amount()),
        KeypadUse::ChallengeAccountAmount => Asked::ChallengeAccountAmount(
            Challenge::parse(challenge()).unwrap(),
            account(),
            amount(),
        ),
    }
}

#[test]
fn a_mac_of_another_hash_gives_no_response() {
    let suite = Suite::parse("OCRA-1:HOTP-SHA256-8:QN08").unwrap();
    assert!(suite.response(&[0; 20]).is_none());
    assert!(suite.response(&[0; 64]).is_none());
    assert!(suite.response(&[]).is_none());
    assert!(suite.response(&[0; 32]).unwrap().matches("00000000"));
}

#[test]
fn nothing_that_is_shown_or_was_hashed_is_printed() {
    let suite = Suite::parse("OCRA-1:HOTP-SHA256-8:QN08-PSHA256").unwrap();
    let mac = [0x77; 32];
    assert_eq!(format!("{:?}", suite.response(&mac).unwrap()), "Code(8 digits)");
    let whole = Suite::parse("OCRA-1:HOTP-SHA256-0:QN08").unwrap();
    assert_eq!(format!("{:?}", whole.response(&mac).unwrap()), "Whole(64 digits)");
    let pin = unhex("1234567890");
    let inputs =
        warifu_core::ocra::Inputs { pin_hash: Some(&pin), ..warifu_core::ocra::Inputs::of("1") };
    assert!(!format!("{inputs:?}").contains("12, 34"), "{inputs:?}");
    assert!(format!("{inputs:?}").contains("..."));
    assert_eq!(Question::from("1"), Question::One("1"));
}
