//! The stored form of a challenge: golden bytes, round trips, damage, the largest one.

use proptest::prelude::*;

use super::*;
use crate::port::MAX_VALUE;

fn challenge() -> ChallengeRecord {
    ChallengeRecord {
        institution: Institution::parse("bank-a").unwrap(),
        serial: Serial::parse("0112345679").unwrap(),
        id: [0xAB; 12],
        challenge: Challenge {
            contract: ContractId::parse("C1").unwrap(),
            user: UserId::parse("U1").unwrap(),
            session: [0xCD; 16],
            issued: UnixTime(20),
            lifetime_s: 300,
            wrong: 1,
            activation: 2,
            state: State::Open,
        },
        purpose: Purpose::Sign,
        form: display(),
        login: None,
        last_request: Some([0xEF; 16]),
    }
}

fn display() -> Form {
    Form::Display { message: vec![0x11; 3], content: vec![0x22; 2], question: vec![0x33; 2] }
}

fn keypad(content: Option<Vec<u8>>) -> Form {
    Form::Keypad {
        suite: "OCRA-1:HOTP-SHA256-8:QN08".to_owned(),
        question: "12345678".to_owned(),
        content,
    }
}

#[test]
fn the_stored_form_does_not_drift() {
    let expected = [
        "830303ae",
        "016662616e6b2d61026a30313132333435363739034c",
        &"ab".repeat(12),
        "0462433105625531",
        "0650",
        &"cd".repeat(16),
        "07140819012c09010a020ba10101",
        "0c647369676e",
        "0da4010102431111110342222204423333",
        "0f50",
        &"ef".repeat(16),
    ];
    assert_eq!(hex::encode(challenge().encode()), expected.concat());
}

#[test]
fn the_stored_form_of_a_typed_question_does_not_drift() {
    let mut record = challenge();
    record.challenge.state = State::Ended(Denial::Limit);
    record.form = keypad(None);
    record.login = LoginName::parse("ICHIRO");
    let expected = [
        "0ba2010303656c696d6974",
        "0c647369676e",
        "0da30102057819",
        &hex::encode("OCRA-1:HOTP-SHA256-8:QN08"),
        "0668",
        &hex::encode("12345678"),
        "0e6649434849524f",
    ]
    .concat();
    let stored = hex::encode(record.encode());
    assert!(stored.contains(&expected), "{stored}");
}

#[test]
fn every_state_purpose_and_form_comes_back() {
    let ended = Denial::ALL.into_iter().map(State::Ended);
    let states = [State::Open, State::Verified { at: UnixTime(25) }].into_iter().chain(ended);
    for state in states {
        for purpose in Purpose::ALL {
            for form in [display(), keypad(None), keypad(Some(vec![1]))] {
                let mut record = challenge();
                (record.challenge.state, record.purpose, record.form) = (state, purpose, form);
                assert_eq!(ChallengeRecord::decode(&record.encode()).unwrap(), record);
            }
        }
    }
}

#[test]
fn what_is_not_understood_is_no_open_challenge() {
    let state = |kind, at, denial: Option<&str>| {
        StateWire { kind, at, denial: denial.map(str::to_owned) }.value()
    };
    let torn = Err("parts of its state do not fit together");
    assert_eq!(state(1, None, None), Ok(State::Open));
    assert_eq!(state(1, Some(4), None), torn);
    assert_eq!(state(2, None, None), torn);
    assert_eq!(state(3, None, None), torn);
    assert_eq!(state(4, None, None), torn);
    assert_eq!(state(3, None, Some("tired")), Err("unknown reason of its end"));
}

#[test]
fn a_form_with_parts_of_another_is_damage() {
    let torn = Err("parts of its form do not fit together");
    let both = FormWire { suite: Some("s".to_owned()), ..FormWire::of(&display()) };
    assert_eq!(both.value(), torn);
    let other = FormWire { kind: 1, ..FormWire::of(&keypad(None)) };
    assert_eq!(other.value(), torn);
    let bare = FormWire { content: None, ..FormWire::of(&display()) };
    assert_eq!(bare.value(), Err("no content"));
}

#[test]
fn the_largest_challenge_fits_into_a_value() {
    let mut record = challenge();
    record.institution = Institution::parse(&"i".repeat(Institution::MAX)).unwrap();
    record.serial = Serial::parse(&"s".repeat(Serial::MAX)).unwrap();
    record.challenge = Challenge {
        contract: ContractId::parse(&"c".repeat(ContractId::MAX)).unwrap(),
        user: UserId::parse(&"u".repeat(UserId::MAX)).unwrap(),
        session: [255; 16],
        issued: UnixTime(u64::MAX),
        lifetime_s: u16::MAX,
        wrong: u8::MAX,
        activation: u32::MAX,
        state: State::Ended(Denial::ApprovalRightRequired),
    };
    record.purpose = Purpose::Deactivate;
    record.login = LoginName::parse(&"x".repeat(LoginName::MAX));
    // What the HSM seals at once, and the frame around it.
    let (message, content) = (vec![255; 1_100], vec![255; 1_024]);
    record.form = Form::Display { message, content, question: vec![255; 512] };
    let bytes = record.encode();
    assert!(bytes.len() <= MAX_VALUE, "{}", bytes.len());
    assert_eq!(ChallengeRecord::decode(&bytes).unwrap(), record);
}

proptest! {
    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = ChallengeRecord::decode(&bytes);
    }

    #[test]
    fn a_changed_byte_is_damage_or_another_record(at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let mut bytes = challenge().encode();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(read) = ChallengeRecord::decode(&bytes) {
            prop_assert_eq!(ChallengeRecord::decode(&read.encode()).unwrap(), read);
        }
    }

    #[test]
    fn every_challenge_comes_back(
        id in any::<[u8; 12]>(),
        session in any::<[u8; 16]>(),
        issued in any::<u64>(),
        (lifetime_s, wrong, activation) in any::<(u16, u8, u32)>(),
        message in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut record = challenge();
        record.id = id;
        record.challenge.session = session;
        record.challenge.issued = UnixTime(issued);
        record.challenge.lifetime_s = lifetime_s;
        record.challenge.wrong = wrong;
        record.challenge.activation = activation;
        record.form = Form::Display { content: message.clone(), question: Vec::new(), message };
        prop_assert_eq!(ChallengeRecord::decode(&record.encode()).unwrap(), record);
    }
}
