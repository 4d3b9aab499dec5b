//! The stored form of a user: golden bytes, round trips, the largest one.

use warifu_core::ident::Name;

use super::*;

fn long<T>(parse: fn(&str) -> Result<T, warifu_core::ident::IdentError>, max: usize) -> T {
    parse(&"x".repeat(max)).unwrap()
}

fn user(binding: Binding) -> UserRecord {
    let serial = Serial::parse("S2").unwrap();
    UserRecord {
        institution: Institution::parse("bank-a").unwrap(),
        contract: ContractId::parse("C1").unwrap(),
        id: UserId::parse("U1").unwrap(),
        user: User::from_parts(UserParts {
            role: Role::General,
            binding,
            ordered: Some((TokenKind::Soft, UnixTime(3))),
            wait_until: Some(UnixTime(4)),
            given_up: Some(GivenUp {
                serial,
                kind: TokenKind::Hard,
                at: UnixTime(2),
                reusable: true,
            }),
            signer: None,
            signer_wait_until: None,
        }),
        recent: vec![UserNote {
            at_ms: 6,
            action: "skip".to_owned(),
            outcome: "done".to_owned(),
            serial: None,
            by: Name::parse("web1").unwrap(),
            acting: Some(UserId::parse("U2").unwrap()),
        }],
        created_ms: 5,
        last_request: Some([9; 16]),
    }
}

fn bindings() -> [Binding; 4] {
    let (serial, at) = (Serial::parse("S1").unwrap(), UnixTime(1));
    [
        Binding::Unregistered,
        Binding::Issued { serial: serial.clone(), at },
        Binding::InService { serial: serial.clone(), at, generation: 7 },
        Binding::Revoked { serial, at, generation: 7 },
    ]
}

#[test]
fn the_stored_form_does_not_drift() {
    let expected = [
        "830202ab",
        "016662616e6b2d6102624331036255310467",
        "67656e6572616c",
        "05a40102026253310301040706a20164736f6674020307",
        "0408a40162533202646861726403020",
        "4f50981a501060264736b69700364646f6e65056477656231066255320a050b50",
        &"09".repeat(16),
    ];
    let [.., serving, _] = bindings();
    assert_eq!(hex::encode(user(serving).encode()), expected.concat());
}

#[test]
fn every_bond_comes_back() {
    for binding in bindings() {
        let record = user(binding);
        assert_eq!(UserRecord::decode(&record.encode()).unwrap(), record);
    }
    let mut bare = user(Binding::Unregistered);
    bare.user = User::new(Role::Master);
    bare.recent.clear();
    assert_eq!(UserRecord::decode(&bare.encode()).unwrap(), bare);
    assert_eq!(bare.key(), b"bank-a\0C1\0U1");
}

fn signer() -> Signer {
    Signer {
        serial: Serial::parse("0112345679").unwrap(),
        login: LoginName::parse("ICHIRO").unwrap(),
        at: UnixTime(7),
        generation: 1,
        activation: 2,
    }
}

fn signing(signer: Option<Signer>, signer_wait_until: Option<UnixTime>) -> UserRecord {
    let mut record = user(Binding::Unregistered);
    let parts = UserParts { signer, signer_wait_until, ..record.user.parts() };
    record.user = User::from_parts(parts);
    record
}

#[test]
fn the_stored_form_of_a_signer_does_not_drift() {
    let (old, new) = (signing(None, None).encode(), signing(Some(signer()), None).encode());
    assert_eq!(old[..4], [0x83, 2, 2, 0xAA], "who signs nothing is stored as before");
    assert_eq!(new[..4], [0x83, 3, 3, 0xAB], "builds without signers must not touch it");
    let (head, tail) = new.split_at(old.len());
    assert_eq!(head[4..], old[4..]);
    let expected = "0ca5016a30313132333435363739026649434849524f030704010502";
    assert_eq!(hex::encode(tail), expected);
    let waiting = signing(None, Some(UnixTime(9))).encode();
    assert_eq!(waiting[..4], [0x83, 3, 3, 0xAB]);
    assert_eq!(hex::encode(&waiting[old.len()..]), "0d09");
}

#[test]
fn who_signs_comes_back() {
    for (bond, wait) in [(Some(signer()), None), (None, Some(UnixTime(8))), (None, None)] {
        let record = signing(bond, wait);
        assert_eq!(UserRecord::decode(&record.encode()).unwrap(), record);
    }
}

#[test]
fn a_signer_that_can_not_be_one_is_damage() {
    let wire = SignerWire { login: " x".to_owned(), ..SignerWire::of(&signer()) };
    assert_eq!(wire.value(), Err("login name of a signer"));
    let wire = SignerWire { serial: String::new(), ..SignerWire::of(&signer()) };
    assert_eq!(wire.value(), Err("serial"));
}

#[test]
fn a_missing_generation_is_damage() {
    let [.., serving, _] = bindings();
    let wire = BindingWire { generation: None, ..BindingWire::of(&serving).unwrap() };
    assert_eq!(wire.value(), Err("no generation of the contract"));
}

#[test]
fn the_largest_user_fits_into_a_value() {
    let serial = long(Serial::parse, Serial::MAX);
    let at = UnixTime(u64::MAX);
    let mut record = user(Binding::Revoked { serial: serial.clone(), at, generation: u32::MAX });
    let given_up = GivenUp { serial: serial.clone(), kind: TokenKind::Camera, at, reusable: true };
    record.user = User::from_parts(UserParts {
        role: Role::Administrator,
        ordered: Some((TokenKind::Camera, at)),
        wait_until: Some(at),
        given_up: Some(given_up),
        signer: Some(Signer {
            serial: serial.clone(),
            login: LoginName::parse(&"x".repeat(LoginName::MAX)).unwrap(),
            at,
            generation: u32::MAX,
            activation: u32::MAX,
        }),
        signer_wait_until: Some(at),
        ..record.user.parts()
    });
    record.institution = long(Institution::parse, Institution::MAX);
    record.contract = long(ContractId::parse, ContractId::MAX);
    record.id = long(UserId::parse, UserId::MAX);
    record.created_ms = u64::MAX;
    for _ in 0..=UserNote::KEPT {
        record.push(UserNote {
            at_ms: u64::MAX,
            action: "x".repeat(32),
            outcome: "x".repeat(32),
            serial: Some(serial.clone()),
            by: long(Name::parse, Name::MAX),
            acting: Some(long(UserId::parse, UserId::MAX)),
        });
    }
    assert_eq!(record.recent.len(), UserNote::KEPT);
    let bytes = record.encode();
    assert!(bytes.len() <= crate::port::MAX_VALUE, "{}", bytes.len());
    assert_eq!(UserRecord::decode(&bytes).unwrap(), record);
}
