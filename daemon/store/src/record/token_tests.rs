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
    assert!(bytes.len() <= MAX_VALUE, "{}", bytes.len());
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

fn sealed(byte: u8) -> SealedSeed {
    SealedSeed::Wrapped {
        kek: 1,
        mechanism: WrapMechanism::AesKeyWrap,
        blob: vec![byte; 40],
        binding: [byte; 32],
    }
}

fn session(id: u8) -> Session {
    Session {
        id: [id; 12],
        contract: ContractId::parse("C1").unwrap(),
        user: UserId::parse("U1").unwrap(),
        login: LoginName::parse("ICHIRO").unwrap(),
        since: UnixTime(8),
        wrong: 1,
        material: Material::new(vec![2; 3]).unwrap(),
        message: vec![3; 4],
    }
}

fn phases() -> [Phase; 5] {
    let material = Material::new(vec![4; 2]).unwrap();
    let active = Active { since: UnixTime(9), proven: true, material, tag: [5; 32] };
    let (first, second) = (Phase::First(session(1)), Phase::Second(session(2)));
    [Phase::Ready, first, second, Phase::InitRequired, Phase::Active(active)]
}

fn camera_token(phase: Phase) -> TokenRecord {
    let mut record = token();
    let contract = ContractId::parse("C1").unwrap();
    let code = Some((contract, TokenCode::parse("004217").unwrap()));
    record.token.moving =
        Moving::Camera(Camera { phase, counter: 6, activations: 2, wrong: 1, code });
    record.camera_keys = Some(CameraKeys {
        driver: "txa1".to_owned(),
        encryption: sealed(0x77),
        device_code: sealed(0x88),
    });
    record
}

const SUITE: &str = "OCRA-1:HOTP-SHA256-8:QN18-T1M";

fn keypad_token(used: Vec<Used>) -> TokenRecord {
    let texts = ["OCRA-1:HOTP-SHA256-8:C-QN08", SUITE];
    let suites = texts.map(|text| Suite::parse(text).unwrap()).to_vec();
    let mut keypad = Keypad::new(suites).unwrap();
    (keypad.counter, keypad.used, keypad.floor) = (7, used, Some(UnixTime(9)));
    let mut record = token();
    record.token.moving = Moving::Keypad(keypad);
    record
}

fn used() -> Used {
    Used { suite: SUITE.to_owned(), question: "1000001".to_owned(), step: 5 }
}

#[test]
fn the_stored_form_of_a_camera_token_does_not_drift() {
    let [.., active] = phases();
    let stored = camera_token(active).encode();
    assert_eq!(stored[..4], [0x83, 3, 3, 0xB1], "builds without signatures must not touch it");
    let stored = hex::encode(stored);
    let moving = [
        "0ba2010409a7010502060302040105624331066630303432313708",
        "a4010902f503420404045820",
        &"05".repeat(32),
    ];
    assert!(stored.contains(&moving.concat()), "{stored}");
    let seal =
        |byte: &str| format!("a5010203010401055828{}065820{}", byte.repeat(40), byte.repeat(32));
    let keys = format!("17a301647478613102{}03{}", seal("77"), seal("88"));
    assert!(stored.ends_with(&keys), "{stored}");
}

#[test]
fn the_stored_form_of_an_activation_does_not_drift() {
    let [_, first, ..] = phases();
    let stored = hex::encode(camera_token(first).encode());
    let session = [
        "07a8014c",
        &"01".repeat(12),
        "0262433103625531046649434849524f05080601",
        "0743020202084403030303",
    ];
    assert!(stored.contains(&session.concat()), "{stored}");
}

#[test]
fn the_stored_form_of_a_keypad_token_does_not_drift() {
    let stored = keypad_token(vec![used()]).encode();
    assert_eq!(stored[..4], [0x83, 3, 3, 0xB0], "builds without signatures must not touch it");
    let moving = [
        "0ba2010308a40182781b",
        &hex::encode("OCRA-1:HOTP-SHA256-8:C-QN08"),
        "781d",
        &hex::encode(SUITE),
        "02070381a3010102",
        &format!("67{}", hex::encode("1000001")),
        "03050409",
    ];
    assert!(hex::encode(stored).contains(&moving.concat()));
}

#[test]
fn tokens_that_sign_come_back() {
    for phase in phases() {
        let record = camera_token(phase);
        assert_eq!(TokenRecord::decode(&record.encode()).unwrap(), record);
    }
    for used in [Vec::new(), vec![used()]] {
        let record = keypad_token(used);
        assert_eq!(TokenRecord::decode(&record.encode()).unwrap(), record);
    }
}

/// It could never match, so nothing is lost that refuses a code.
#[test]
fn an_answer_of_a_suite_that_the_token_does_not_compute_is_not_stored() {
    let other = Used { suite: "OCRA-1:HOTP-SHA256-8:QN24".to_owned(), ..used() };
    let read = TokenRecord::decode(&keypad_token(vec![other, used()]).encode()).unwrap();
    assert_eq!(read, keypad_token(vec![used()]));
}

#[test]
fn keys_that_do_not_fit_the_kind_are_damage() {
    let mut record = camera_token(Phase::Ready);
    record.camera_keys = None;
    assert!(TokenRecord::decode(&record.encode()).is_err());
    let mut record = keypad_token(Vec::new());
    record.camera_keys = camera_token(Phase::Ready).camera_keys;
    assert!(TokenRecord::decode(&record.encode()).is_err());
}

/// A camera token with everything as long as it can be, and long notes.
fn largest_camera_token(notes: usize) -> TokenRecord {
    let long = Session {
        contract: ContractId::parse(&"c".repeat(ContractId::MAX)).unwrap(),
        user: UserId::parse(&"u".repeat(UserId::MAX)).unwrap(),
        login: LoginName::parse(&"l".repeat(LoginName::MAX)).unwrap(),
        since: UnixTime(u64::MAX),
        wrong: u8::MAX,
        material: Material::new(vec![255; Material::MAX]).unwrap(),
        message: vec![255; 400],
        ..session(9)
    };
    let mut record = camera_token(Phase::Second(long.clone()));
    if let Moving::Camera(camera) = &mut record.token.moving {
        (camera.counter, camera.activations, camera.wrong) = (u16::MAX, u32::MAX, u16::MAX);
        camera.code = Some((long.contract.clone(), TokenCode::parse("999999").unwrap()));
    }
    record.institution = Institution::parse(&"i".repeat(Institution::MAX)).unwrap();
    record.serial = Serial::parse(&"s".repeat(Serial::MAX)).unwrap();
    record.batch = Name::parse(&"b".repeat(Name::MAX)).unwrap();
    (record.manufacturer, record.key_id) = ("m".repeat(64), "k".repeat(64));
    record.model = Some("m".repeat(64));
    let refused = Refused { fingerprint: Fingerprint([255; 8]), window_end: u64::MAX };
    record.token.guard.refused = vec![refused; Guard::REMEMBERED];
    let by = Name::parse(&"b".repeat(Name::MAX)).unwrap();
    for nth in 0..notes {
        record.push(TokenNote {
            at_ms: u64::MAX - nth as u64,
            outcome: "x".repeat(32),
            number: Some(u64::MAX),
            by: by.clone(),
            ..note(long.user.clone(), &"x".repeat(32))
        });
    }
    record
}

/// What a token is comes before what happened to it lately.
#[test]
fn the_oldest_notes_make_room_for_a_long_activation() {
    let record = largest_camera_token(TokenNote::KEPT);
    let bytes = record.encode();
    assert!(bytes.len() <= MAX_VALUE, "{}", bytes.len());
    let read = TokenRecord::decode(&bytes).unwrap();
    let kept = read.recent.len();
    assert!((3..TokenNote::KEPT).contains(&kept), "{kept}");
    assert_eq!(read.recent, record.recent[TokenNote::KEPT - kept..], "the newest are kept");
    assert_eq!(TokenRecord { recent: Vec::new(), ..read }, largest_camera_token(0));
}

#[test]
fn what_no_store_can_hold_is_damage() {
    let mut bytes = token().encode();
    bytes.resize(MAX_VALUE + 1, 0);
    assert!(TokenRecord::decode(&bytes).unwrap_err().to_string().contains("longer"));
}

fn any_phase() -> impl Strategy<Value = Phase> {
    let bytes = |most| proptest::collection::vec(any::<u8>(), 0..most);
    let parts = (0..5_u8, any::<[u8; 12]>(), any::<(u64, u8, bool)>(), bytes(99), bytes(200));
    parts.prop_map(|(which, id, (at, wrong, proven), kept, message)| {
        let material = Material::new(kept).unwrap();
        let since = UnixTime(at);
        let one = Session { id, since, wrong, material: material.clone(), message, ..session(0) };
        match which {
            0 => Phase::Ready,
            1 => Phase::First(one),
            2 => Phase::Second(one),
            3 => Phase::InitRequired,
            _ => Phase::Active(Active { since, proven, material, tag: [wrong; 32] }),
        }
    })
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

    #[test]
    fn every_camera_token_comes_back(
        phase in any_phase(),
        (counter, activations, wrong) in any::<(u16, u32, u16)>(),
        coded in any::<bool>(),
    ) {
        let mut record = camera_token(phase);
        if let Moving::Camera(camera) = &mut record.token.moving {
            (camera.counter, camera.activations, camera.wrong) = (counter, activations, wrong);
            camera.code = camera.code.take().filter(|_| coded);
        }
        prop_assert_eq!(TokenRecord::decode(&record.encode()).unwrap(), record);
    }

    #[test]
    fn every_keypad_token_comes_back(
        counter in any::<u64>(),
        floor in proptest::option::of(any::<u64>()),
        answers in proptest::collection::vec((any::<bool>(), "[0-9]{1,64}", any::<u64>()), 0..16),
    ) {
        let mut record = keypad_token(Vec::new());
        if let Moving::Keypad(keypad) = &mut record.token.moving {
            let suites: Vec<String> = keypad.suites().iter().map(Suite::to_string).collect();
            let one = |(second, question, step): (bool, String, u64)| {
                Used { suite: suites[usize::from(second)].clone(), question, step }
            };
            keypad.used = answers.into_iter().map(one).collect();
            (keypad.counter, keypad.floor) = (counter, floor.map(UnixTime));
        }
        prop_assert_eq!(TokenRecord::decode(&record.encode()).unwrap(), record);
    }

    #[test]
    fn a_changed_byte_is_damage_or_another_token(
        which in 0..5_usize,
        at in any::<prop::sample::Index>(),
        flip in 1..=255_u8,
    ) {
        let mut bytes = camera_token(phases()[which].clone()).encode();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(read) = TokenRecord::decode(&bytes) {
            prop_assert_eq!(TokenRecord::decode(&read.encode()).unwrap(), read);
        }
    }
}
