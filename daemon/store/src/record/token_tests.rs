//! The stored form of a token: golden bytes, round trips, tolerance and refusals.

use minicbor::Encoder;
use proptest::prelude::*;
use warifu_core::{
    camera::{Active, Camera, LoginName, Material, Phase, Session, TokenCode},
    custody::WrapMechanism,
    drift::Drift,
    ident::{ContractId, UserId},
    keypad::{Keypad, Used},
    ocra::Suite,
};

use super::*;

fn token() -> TokenRecord {
    TokenRecord {
        institution: Institution::parse("bank-a").unwrap(),
        serial: Serial::parse("00123").unwrap(),
        manufacturer: "oath.ACME".into(),
        key_id: "K1".into(),
        model: None,
        batch: Name::parse("B1").unwrap(),
        token: Token {
            profile: Profile {
                hash: HashAlgorithm::Sha256,
                digits: Digits::new(8).unwrap(),
                valid_from: None,
                expires_at: Some(UnixTime(1_900_000_000)),
            },
            moving: Moving::Time {
                step_s: 30,
                t0: UnixTime(0),
                floor: Some(59_842_260),
                drift: Drift::from_raw(-40),
            },
            switch: Switch::Enabled,
            guard: Guard {
                failures: 1,
                locked_at: None,
                refused: vec![Refused { fingerprint: Fingerprint([9; 8]), window_end: 59_842_261 }],
            },
        },
        seal: SealedSeed::Wrapped {
            kek: 1,
            mechanism: WrapMechanism::AesKeyWrap,
            blob: vec![0x55; 40],
            binding: [0x66; 32],
        },
        camera_keys: None,
        created_ms: 5,
        last_accepted_ms: Some(6),
        last_request: Some([7; 16]),
        kind: TokenKind::Hard,
        life: Life::stock(),
        recent: Vec::new(),
    }
}

fn event_token() -> TokenRecord {
    let mut record = token();
    record.token.moving = Moving::Event { next: 1_000, resync_required: true };
    record.seal = SealedSeed::Resident { object_id: [1; 16], binding: [2; 32] };
    record.model = Some("C100".into());
    record.token.switch = Switch::Disabled;
    record
}

#[test]
fn the_stored_form_does_not_drift() {
    let (blob, binding) = ("55".repeat(40), "66".repeat(32));
    let expected = [
        "830101b0",
        "016662616e6b2d610265303031323303696f6174682e41434d4504624b3106624231",
        "070208080a1a713fb300",
        "0ba5010204181e0500061a03911ed4073827",
        "0cf50d010f81a201480909090909090909021a03911ed5",
        &format!("10a5010203010401055828{blob}065820{binding}"),
        "110512061350",
        &"07".repeat(16),
    ];
    assert_eq!(hex::encode(token().encode()), expected.concat());
}

/// What was written before there was a life cycle is what is written of tokens that nobody was given.
#[test]
fn a_record_from_before_the_life_cycle_is_in_stock() {
    let record = TokenRecord::decode(&token().encode()).unwrap();
    assert_eq!((record.kind, record.life), (TokenKind::Hard, Life::stock()));
    assert!(record.recent.is_empty());
}

/// Handed to C1 for U1, taken into service by two users in the third generation.
fn serving() -> TokenRecord {
    let (contract, user) = (ContractId::parse("C1").unwrap(), UserId::parse("U1").unwrap());
    let Life::Stock(stock) = Life::stock() else { unreachable!("stock is stock") };
    let issued = stock.issue(contract, Some(user.clone()), UnixTime(5));
    let mut record = token();
    record.kind = TokenKind::Soft;
    record.life = Life::InService(issued.register(3, UnixTime(6)).share());
    record.push(note(user, "verify"));
    record
}

fn note(user: UserId, word: &str) -> TokenNote {
    TokenNote {
        at_ms: 7,
        action: word.to_owned(),
        outcome: "wrong".to_owned(),
        number: Some(4),
        user: Some(user),
        by: Name::parse("web1").unwrap(),
    }
}

#[test]
fn the_stored_form_of_a_life_does_not_drift() {
    let (old, new) = (token().encode(), serving().encode());
    assert_eq!(new[..4], [0x83, 2, 2, 0xB3], "builds without the life cycle must not touch it");
    let (head, tail) = new.split_at(old.len());
    assert_eq!(head[4..], old[4..]);
    let expected = [
        "1464736f6674",
        "15a5016a696e5f7365727669636502624331040605030602",
        "1681a6010702667665726966790365",
        "77726f6e67040405625531066477656231",
    ];
    assert_eq!(hex::encode(tail), expected.concat());
    assert_eq!(TokenRecord::decode(&new).unwrap(), serving());
}

#[test]
fn the_largest_token_fits_into_a_value() {
    let mut record = event_token();
    record.institution = Institution::parse(&"i".repeat(Institution::MAX)).unwrap();
    record.serial = Serial::parse(&"s".repeat(Serial::MAX)).unwrap();
    record.batch = Name::parse(&"b".repeat(Name::MAX)).unwrap();
    (record.manufacturer, record.key_id) = ("m".repeat(64), "k".repeat(64));
    record.model = Some("m".repeat(64));
    record.token.moving = Moving::Time {
        step_s: u32::MAX,
        t0: UnixTime(u64::MAX),
        floor: Some(u64::MAX),
        drift: Drift::from_raw(i32::MIN),
    };
    record.token.profile.valid_from = Some(UnixTime(u64::MAX));
    record.token.profile.expires_at = Some(UnixTime(u64::MAX));
    let refused = Refused { fingerprint: Fingerprint([255; 8]), window_end: u64::MAX };
    record.token.guard = Guard {
        failures: u32::MAX,
        locked_at: Some(UnixTime(u64::MAX)),
        refused: vec![refused; Guard::REMEMBERED],
    };
    record.seal = SealedSeed::Wrapped {
        kek: u32::MAX,
        mechanism: WrapMechanism::AesKeyWrapPad,
        blob: vec![255; 136],
        binding: [255; 32],
    };
    (record.created_ms, record.last_accepted_ms) = (u64::MAX, Some(u64::MAX));
    record.kind = TokenKind::Camera;
    let contract = ContractId::parse(&"c".repeat(ContractId::MAX)).unwrap();
    let user = UserId::parse(&"u".repeat(UserId::MAX)).unwrap();
    let Life::Stock(stock) = Life::stock() else { unreachable!("stock is stock") };
    record.life = Life::Issued(stock.issue(contract, Some(user.clone()), UnixTime(u64::MAX)));
    let long = TokenNote {
        at_ms: u64::MAX,
        outcome: "x".repeat(32),
        number: Some(u64::MAX),
        by: Name::parse(&"b".repeat(Name::MAX)).unwrap(),
        ..note(user, &"x".repeat(32))
    };
    for _ in 0..=TokenNote::KEPT {
        record.push(long.clone());
    }
    assert_eq!(record.recent.len(), TokenNote::KEPT);
    let bytes = record.encode();
    assert!(bytes.len() <= crate::port::MAX_VALUE, "{}", bytes.len());
    assert_eq!(TokenRecord::decode(&bytes).unwrap(), record);
}

#[test]
fn both_kinds_come_back() {
    for record in [token(), event_token()] {
        assert_eq!(TokenRecord::decode(&record.encode()).unwrap(), record);
    }
}

/// Splices a field with an unknown key into the outer map.
fn with_unknown_field(bytes: &[u8]) -> Vec<u8> {
    assert_eq!(bytes[3] & 0xE0, 0xA0, "a short map");
    let mut out = bytes.to_vec();
    out[3] += 1;
    Encoder::new(&mut out).u8(200).and_then(|e| e.str("from the future")).unwrap();
    out
}

#[test]
fn a_record_with_an_unknown_field_is_read() {
    let bytes = with_unknown_field(&token().encode());
    assert_eq!(TokenRecord::decode(&bytes).unwrap(), token());
}

proptest! {
    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = TokenRecord::decode(&bytes);
    }

    #[test]
    fn every_state_comes_back(
        next in any::<u64>(),
        floor in proptest::option::of(any::<u64>()),
        raw in any::<i32>(),
        failures in any::<u32>(),
        locked in proptest::option::of(any::<u64>()),
        resync in any::<bool>(),
        event in any::<bool>(),
    ) {
        let mut record = token();
        record.token.moving = if event {
            Moving::Event { next, resync_required: resync }
        } else {
            Moving::Time { step_s: 60, t0: UnixTime(next), floor, drift: Drift::from_raw(raw) }
        };
        record.token.guard.failures = failures;
        record.token.guard.locked_at = locked.map(UnixTime);
        prop_assert_eq!(TokenRecord::decode(&record.encode()).unwrap(), record);
    }
}
