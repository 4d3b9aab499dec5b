//! Contracts and users in a backup: what comes back, what is left out, which bonds end by what the
//! audit chain tells.

use std::{io::BufRead, path::Path};

use warifu_core::{
    event::{Action, Event, Parties},
    ident::{ContractId, UserId},
    lifecycle::{
        Binding, Common, Contract, Life, Role, Stage, TokenKind, UsageMode, User, grant::Grant,
        user::UserParts,
    },
    rules::OperationClass,
    time::UnixTime,
};
use warifu_store::{
    AuditEntry, Space, Step, Store,
    audit::verify_export,
    backup::{RestoreError, RestoreOptions, RestoreReport, restore},
    record::{
        self, BatchState, ContractRecord, GrantRecord, HintRecord, Record, TokenRecord, UserRecord,
        encode_event,
    },
    sled_engine::{SledOptions, SledStore},
};

use crate::fixture::{Bank, NOW_MS, batch, institution, name, put, serial, token, totp};

pub(crate) const NOW_S: u64 = NOW_MS / 1_000;

pub(crate) fn contract_id() -> ContractId {
    ContractId::parse("C1").expect("an id")
}

pub(crate) fn user_id(text: &str) -> UserId {
    UserId::parse(text).expect("an id")
}

pub(crate) fn contract(mode: UsageMode, common: Option<&str>) -> ContractRecord {
    let common = common.map(|text| Common { serial: serial(text), at: UnixTime(NOW_S - 9) });
    ContractRecord {
        institution: institution(),
        id: contract_id(),
        contract: Contract::from_parts(UnixTime(NOW_S - 99), mode, 1, common),
        created_ms: NOW_MS,
        last_request: None,
    }
}

pub(crate) fn user(id: &str, holds: Option<&str>, at: u64) -> UserRecord {
    let binding = holds.map_or(Binding::Unregistered, |text| Binding::InService {
        serial: serial(text),
        at: UnixTime(at),
        generation: 1,
    });
    UserRecord {
        institution: institution(),
        contract: contract_id(),
        id: user_id(id),
        user: User::from_parts(UserParts { binding, ..User::new(Role::General).parts() }),
        recent: Vec::new(),
        created_ms: NOW_MS,
        last_request: None,
    }
}

fn serving(text: &str, users: u32) -> TokenRecord {
    let Life::Stock(stock) = Life::stock() else { unreachable!("stock is stock") };
    let mut life =
        stock.issue(contract_id(), None, UnixTime(NOW_S - 9)).register(1, UnixTime(NOW_S));
    for _ in 1..users {
        life = life.share();
    }
    let mut record = token(text, "B1", totp());
    record.kind = TokenKind::Soft;
    record.life = Life::InService(life);
    record
}

pub(crate) fn put_user(record: &UserRecord) -> Step {
    put(Space::User, record.key(), record.encode())
}

/// U1 and U2 share S1, U3 holds S2, U4 holds nothing; S3 is issued.
async fn bank(mode: UsageMode, common: Option<&str>) -> Bank {
    let bank = Bank::new();
    bank.put_batch(&batch("B1", BatchState::Active)).await;
    for record in [serving("S1", 2), serving("S2", 1), token("S3", "B1", totp())] {
        bank.put_token(&record).await;
    }
    let contract = contract(mode, common);
    let id = serving("S1", 1).id();
    let grant = GrantRecord {
        institution: institution(),
        grant: Grant {
            contract: contract_id(),
            user: user_id("U1"),
            session: [1; 16],
            class: OperationClass::Payeasy,
            serial: serial("S1"),
            expires_at: UnixTime(NOW_S + 60),
            uses_left: 2,
            since: UnixTime(0),
        },
    };
    let hint = HintRecord.encode();
    let steps = vec![
        put(Space::Contract, contract.key(), contract.encode()),
        put_user(&user("U1", Some("S1"), NOW_S)),
        put_user(&user("U2", Some("S1"), NOW_S)),
        put_user(&user("U3", Some("S2"), NOW_S)),
        put_user(&user("U4", None, 0)),
        put(Space::Holder, record::holder_key(&id, &contract_id(), &user_id("U1")), hint.clone()),
        put(Space::Owned, record::owned_key(&institution(), &contract_id(), &serial("S1")), hint),
        put(Space::Grant, record::grant_key(7, &[1; 12]), grant.encode()),
    ];
    bank.commit(steps, vec![told(Action::Register, "U1", "S1", None, 0)]).await;
    bank.checkpoint().await;
    bank
}

/// `after`: seconds after the registrations.
pub(crate) fn told(
    action: Action,
    user: &str,
    token: &str,
    number: Option<u64>,
    after: u64,
) -> AuditEntry {
    encode_event(&Event {
        at_ms: NOW_MS + after * 1_000,
        institution: Some(institution()),
        actor: name("web1"),
        action,
        serial: Some(serial(token)),
        outcome: "done",
        number,
        note: Some("電話".to_owned()),
        parties: Parties {
            contract: Some(contract_id()),
            user: Some(user_id(user)),
            acting: Some(user_id("M1")),
            assertions: Some("confirmation=right".to_owned()),
            reference: Some("call 7".to_owned()),
        },
    })
}

pub(crate) fn run(
    bank: &Bank,
    target: &Path,
    backup: &[u8],
    mut export: Option<&[u8]>,
) -> RestoreReport {
    try_run(bank, target, backup, export.as_mut()).expect("a sound backup")
}

pub(crate) fn try_run(
    bank: &Bank,
    target: &Path,
    backup: &[u8],
    export: Option<&mut &[u8]>,
) -> Result<RestoreReport, RestoreError> {
    let options = RestoreOptions {
        public_key: bank.signer.public_key(),
        now_ms: NOW_MS + 3_600_000,
        window_steps: 2,
        store_id: [0xAB; 16],
        actor: name("warifud-1"),
    };
    restore(target, backup, export.map(|reader| reader as &mut dyn BufRead), &options)
}

pub(crate) fn open(path: &Path) -> SledStore {
    SledStore::open(path, SledOptions::default()).expect("the restored store opens")
}

pub(crate) async fn read<R: Record>(store: &SledStore, space: Space, key: &[u8]) -> R {
    let found = store.load(space, key).await.expect("an answer").expect("it is there");
    R::decode(&found.bytes).expect("a record")
}

pub(crate) async fn read_user(store: &SledStore, id: &str) -> User {
    let record: UserRecord = read(store, Space::User, &user(id, None, 0).key()).await;
    record.user
}

async fn read_life(store: &SledStore, text: &str) -> Life {
    let key = record::token_key(&token(text, "B1", totp()).id());
    let record: TokenRecord = read(store, Space::Token, &key).await;
    record.life
}

fn revoked(text: &str, after: u64) -> Binding {
    Binding::Revoked { serial: serial(text), at: UnixTime(NOW_S + after), generation: 1 }
}

#[tokio::test]
async fn contracts_users_and_hints_come_back_and_grants_do_not() {
    let bank = bank(UsageMode::Shared, None).await;
    let target = bank.path("restored");
    let report = run(&bank, &target, &bank.backup().await, None);
    assert_eq!((report.contracts, report.users, report.ended), (1, 4, 0));
    let store = open(&target);
    for space in [Space::Contract, Space::User, Space::Holder, Space::Owned] {
        let before = bank.store.scan(space, b"", None, 10).await.expect("a page").items;
        let after = store.scan(space, b"", None, 10).await.expect("a page").items;
        assert!(!before.is_empty());
        assert_eq!(before, after, "{space:?}");
    }
    assert!(store.scan(Space::Grant, b"", None, 10).await.expect("a page").items.is_empty());
    assert_eq!(read_life(&store, "S1").await, serving("S1", 2).life);
}

#[tokio::test]
async fn an_export_ends_bonds_that_were_ended_later() {
    let bank = bank(UsageMode::Shared, None).await;
    let backup = bank.backup().await;
    let opens = NOW_S + 600;
    bank.audit(vec![
        told(Action::Revoke, "U1", "S1", Some(opens), 5),
        told(Action::Deactivate, "U3", "S2", None, 6),
        told(Action::Revoke, "U4", "S2", None, 6),
        told(Action::UserRemove, "U9", "S2", None, 7),
        told(Action::Lost, "U9", "S3", None, 8),
    ])
    .await;
    let target = bank.path("restored");
    let report = run(&bank, &target, &backup, Some(&bank.export().await));
    assert_eq!((report.ended, report.brought_up), (2, 1));
    let store = open(&target);
    let first = read_user(&store, "U1").await;
    assert_eq!((first.recorded(), first.wait_until()), (&revoked("S1", 5), Some(UnixTime(opens))));
    assert_eq!(
        first.given_up().map(|old| (old.kind, old.reusable)),
        Some((TokenKind::Soft, false))
    );
    assert_eq!(read_user(&store, "U2").await, user("U2", Some("S1"), NOW_S).user);
    let Life::InService(left) = read_life(&store, "S1").await else { panic!("U2 still holds it") };
    assert_eq!(left.users(), 1);
    let third = read_user(&store, "U3").await;
    assert_eq!((third.recorded(), third.wait_until()), (&Binding::Unregistered, None));
    assert_eq!(read_life(&store, "S2").await.stage(), Stage::Withdrawn);
    assert_eq!(read_user(&store, "U4").await, User::new(Role::General));
    assert_eq!(read_life(&store, "S3").await.stage(), Stage::Lost);
}

/// What the record of a user says already, or what came after, is not ended.
#[tokio::test]
async fn a_later_bond_and_a_bond_to_another_token_stay() {
    let bank = bank(UsageMode::Shared, None).await;
    let later = user("U2", Some("S1"), NOW_S + 50);
    bank.commit(vec![put_user(&later)], Vec::new()).await;
    let backup = bank.backup().await;
    bank.audit(vec![
        told(Action::Revoke, "U1", "S2", None, 5),
        told(Action::Revoke, "U2", "S1", None, 49),
    ])
    .await;
    let target = bank.path("restored");
    assert_eq!(run(&bank, &target, &backup, Some(&bank.export().await)).ended, 0);
    let store = open(&target);
    assert_eq!(read_user(&store, "U2").await, later.user);
    assert_eq!(read_life(&store, "S1").await, serving("S1", 2).life);
}

/// The token was read before the registration, the user after it.
#[tokio::test]
async fn a_registration_that_the_token_does_not_know_of_is_taken_back() {
    let bank = bank(UsageMode::Common, Some("S3")).await;
    bank.commit(vec![put_user(&user("U4", Some("S3"), NOW_S))], Vec::new()).await;
    let backup = bank.backup().await;
    bank.audit(vec![
        told(Action::Register, "U4", "S3", None, 5),
        told(Action::Register, "U3", "S2", None, 5),
    ])
    .await;
    let target = bank.path("restored");
    assert_eq!(run(&bank, &target, &backup, Some(&bank.export().await)).ended, 1);
    let store = open(&target);
    assert_eq!(read_user(&store, "U4").await.recorded(), &Binding::Unregistered);
    assert_eq!(read_user(&store, "U3").await, user("U3", Some("S2"), NOW_S).user);
    let key = contract(UsageMode::Common, None).key();
    let owner: ContractRecord = read(&store, Space::Contract, &key).await;
    assert_eq!(owner.contract, contract(UsageMode::Common, None).contract);
}

#[tokio::test]
async fn a_user_who_was_kept_from_the_common_token_stays_so() {
    let bank = bank(UsageMode::Common, Some("S1")).await;
    let backup = bank.backup().await;
    bank.audit(vec![told(Action::Revoke, "U4", "S1", None, 5)]).await;
    let target = bank.path("restored");
    assert_eq!(run(&bank, &target, &backup, Some(&bank.export().await)).ended, 1);
    let store = open(&target);
    assert_eq!(read_user(&store, "U4").await.recorded(), &revoked("S1", 5));
    assert_eq!(read_life(&store, "S1").await, serving("S1", 2).life, "it stays the contract's");
}

#[tokio::test]
async fn a_record_under_another_ones_key_is_damage() {
    let hint = HintRecord.encode();
    let contract = contract(UsageMode::Common, None);
    for step in [
        put(Space::User, user("U8", None, 0).key(), user("U7", None, 0).encode()),
        put(Space::Contract, b"bank-a\0C8".to_vec(), contract.encode()),
        put(Space::Holder, b"bank-a\0S1\0C1".to_vec(), hint.clone()),
        put(Space::Owned, b"bank-a\0C1\0S1\0U1".to_vec(), hint),
        put(Space::Owned, b"bank-a\0C1\0S1".to_vec(), vec![1]),
    ] {
        let space = step.space;
        let bank = bank(UsageMode::Shared, None).await;
        bank.commit(vec![step], Vec::new()).await;
        let refused = try_run(&bank, &bank.path("restored"), &bank.backup().await, None);
        assert!(matches!(refused, Err(RestoreError::Damaged { .. })), "{space:?}: {refused:?}");
    }
}

#[tokio::test]
async fn an_export_tells_whose_life_cycle_it_is() {
    let bank = bank(UsageMode::Shared, None).await;
    bank.audit(vec![told(Action::Revoke, "U1", "S1", Some(9), 5)]).await;
    let export = bank.export().await;
    let summary = verify_export(export.as_slice(), Some(bank.signer.public_key())).expect("sound");
    assert_eq!(summary.records, 2);
    let text = String::from_utf8(export).expect("text");
    let line = text.lines().find(|line| line.contains("revoke")).expect("the record's line");
    let expected = r#""note":"電話","contract":"C1","user":"U1","acting":"M1","assertions":"confirmation=right","reference":"call 7""#;
    assert!(line.contains(expected), "{line}");
    for (from, to) in [(r#""user":"U1""#, r#""user":"U2""#), (r#","acting":"M1""#, "")] {
        let changed = text.replacen(from, to, 4);
        assert_ne!(changed, text);
        assert!(verify_export(changed.as_bytes(), None).is_err(), "{from}");
    }
}
