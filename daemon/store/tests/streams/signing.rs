//! Tokens that sign in a backup: which activations are still good, which answers stay used, who
//! still takes part in a token.

use warifu_core::{
    camera::{Active, Camera, LoginName, Material, Phase, Session, TokenCode},
    challenge::{Challenge, Form, Purpose, State},
    custody::CameraKeys,
    event::{Action, Event, Parties},
    keypad::Keypad,
    lifecycle::{
        Binding, Life, Role, Stage, TokenKind, UsageMode, User, signing::Signer, user::UserParts,
    },
    ocra::Suite,
    time::UnixTime,
    token::Moving,
};
use warifu_store::{
    AuditEntry, Page, Space, Step, Store, StoreError,
    backup::RestoreError,
    record::{
        self, BatchState, ChallengeRecord, Record, TokenCodeRecord, TokenRecord, UserRecord,
        encode_event,
    },
    sled_engine::SledStore,
};

use crate::{
    fixture::{Bank, NOW_MS, batch, ended, institution, name, put, serial, token},
    lifecycle::{
        NOW_S, contract, contract_id, open, put_user, read, read_user, run, told, try_run, user,
        user_id,
    },
};

fn code() -> TokenCode {
    TokenCode::parse("004217").expect("a code")
}

fn session() -> Session {
    Session {
        id: [1; 12],
        contract: contract_id(),
        user: user_id("U1"),
        login: LoginName::parse("ICHIRO").expect("a name"),
        since: UnixTime(NOW_S),
        wrong: 0,
        material: Material::new(vec![1; 12]).expect("little"),
        message: vec![2; 59],
    }
}

fn active(since: u64) -> Phase {
    let material = Material::new(vec![3; 24]).expect("little");
    Phase::Active(Active { since: UnixTime(since), proven: false, material, tag: [4; 32] })
}

/// Its device showed 5 last, in its second activation.
fn camera(text: &str, phase: Phase) -> TokenRecord {
    let code = Some((contract_id(), code()));
    let moving = Moving::Camera(Camera { phase, counter: 5, activations: 2, wrong: 0, code });
    let mut record = token(text, "B1", moving);
    let (encryption, device_code) = (record.seal.clone(), record.seal.clone());
    record.camera_keys = Some(CameraKeys { driver: "txa1".into(), encryption, device_code });
    record.kind = TokenKind::Camera;
    record
}

/// The same, in service.
fn serving(text: &str, users: u32, since: u64) -> TokenRecord {
    let mut record = camera(text, active(since));
    let Life::Stock(stock) = Life::stock() else { unreachable!("stock is stock") };
    let issued = stock.issue(contract_id(), None, UnixTime(since));
    let mut life = issued.register(1, UnixTime(since));
    for _ in 1..users {
        life = life.share();
    }
    record.life = Life::InService(life);
    record
}

fn keypad(suite: &str) -> TokenRecord {
    let suites = vec![Suite::parse(suite).expect("a suite")];
    let mut keypad = Keypad::new(suites).expect("one suite");
    keypad.counter = 10;
    token("K1", "B1", Moving::Keypad(keypad))
}

fn signer(id: &str, text: &str, at: u64) -> UserRecord {
    let signer = Some(Signer {
        serial: serial(text),
        login: LoginName::parse(id).expect("a name"),
        at: UnixTime(at),
        generation: 1,
        activation: 2,
    });
    let mut record = user(id, None, 0);
    record.user = User::from_parts(UserParts { signer, ..record.user.parts() });
    record
}

fn put_challenge() -> Step {
    let record = ChallengeRecord {
        institution: institution(),
        serial: serial("S1"),
        id: [0; 12],
        challenge: Challenge {
            contract: contract_id(),
            user: user_id("U1"),
            session: [1; 16],
            issued: UnixTime(NOW_S),
            lifetime_s: 300,
            wrong: 0,
            activation: 2,
            state: State::Open,
        },
        purpose: Purpose::Sign,
        form: Form::Display { message: vec![1], content: vec![2], question: vec![3] },
        login: None,
        last_request: None,
    };
    put(Space::Challenge, record.key(), record.encode())
}

fn put_code() -> Step {
    let key = record::token_code_key(&institution(), &contract_id(), &code());
    put(Space::TokenCode, key, TokenCodeRecord { serial: serial("S1") }.encode())
}

/// S1 is U1's and U2's, S2 is U3's; U4 signs with nothing.
async fn bank() -> Bank {
    bank_with(&[serving("S1", 2, NOW_S), serving("S2", 1, NOW_S)]).await
}

async fn bank_with(tokens: &[TokenRecord]) -> Bank {
    let bank = Bank::new();
    bank.put_batch(&batch("B1", BatchState::Active)).await;
    for record in tokens {
        bank.put_token(record).await;
    }
    let owner = contract(UsageMode::Shared, None);
    let users = [("U1", "S1"), ("U2", "S1"), ("U3", "S2")];
    let mut steps: Vec<Step> =
        users.map(|(id, text)| put_user(&signer(id, text, NOW_S))).into_iter().collect();
    steps.push(put_user(&user("U4", None, 0)));
    steps.push(put(Space::Contract, owner.key(), owner.encode()));
    bank.commit(steps, vec![told(Action::Share, "U2", "S1", None, 0)]).await;
    bank.checkpoint().await;
    bank
}

/// An event with another outcome than `done`; `after`: seconds after the registrations.
fn said(
    action: Action,
    text: &str,
    outcome: &'static str,
    number: Option<u64>,
    after: u64,
) -> AuditEntry {
    encode_event(&Event {
        at_ms: NOW_MS + after * 1_000,
        institution: Some(institution()),
        actor: name("web1"),
        action,
        serial: Some(serial(text)),
        outcome,
        number,
        note: None,
        parties: Parties {
            contract: Some(contract_id()),
            user: Some(user_id("U1")),
            ..Parties::default()
        },
    })
}

/// A backup, then these events, then a restore with an export.
async fn after(bank: &Bank, events: Vec<AuditEntry>) -> (SledStore, (u64, u64)) {
    let backup = bank.backup().await;
    bank.audit(events).await;
    let target = bank.path("restored");
    let report = run(bank, &target, &backup, Some(&bank.export().await));
    (open(&target), (report.brought_up, report.ended))
}

async fn read_token(store: &SledStore, text: &str) -> TokenRecord {
    let key = record::token_key(&camera(text, Phase::Ready).id());
    read(store, Space::Token, &key).await
}

async fn read_camera(store: &SledStore, text: &str) -> Camera {
    match read_token(store, text).await.token.moving {
        Moving::Camera(camera) => camera,
        other => unreachable!("it was stored as a camera token: {other:?}"),
    }
}

async fn users_of(store: &SledStore, text: &str) -> Option<u32> {
    let life = read_token(store, text).await.life;
    if let Life::InService(held) = life { Some(held.users()) } else { None }
}

#[tokio::test]
async fn token_codes_come_back_and_challenges_do_not() {
    let bank = bank().await;
    bank.commit(vec![put_challenge(), put_code()], Vec::new()).await;
    let target = bank.path("restored");
    run(&bank, &target, &bank.backup().await, None);
    let store = open(&target);
    let items = |page: Result<Page, StoreError>| page.expect("a page").items;
    let before = items(bank.store.scan(Space::TokenCode, b"", None, 10).await);
    assert_eq!(before.len(), 1);
    assert_eq!(items(store.scan(Space::TokenCode, b"", None, 10).await), before);
    assert_eq!(items(bank.store.scan(Space::Challenge, b"", None, 10).await).len(), 1);
    assert!(items(store.scan(Space::Challenge, b"", None, 10).await).is_empty());
    assert_eq!(read_token(&store, "S1").await, serving("S1", 2, NOW_S), "keys and activation stay");
    assert_eq!(read_user(&store, "U1").await, signer("U1", "S1", NOW_S).user);
}

#[tokio::test]
async fn a_token_code_under_no_code_is_damage() {
    let bank = bank().await;
    let record = TokenCodeRecord { serial: serial("S1") };
    for (key, bytes) in [
        (b"bank-a\x00C1\x0042".to_vec(), record.encode()),
        (b"bank-a\x00C1\x00004217".to_vec(), vec![1]),
    ] {
        bank.commit(vec![put(Space::TokenCode, key, bytes)], Vec::new()).await;
        let refused = try_run(&bank, &bank.path("restored"), &bank.backup().await, None);
        assert!(matches!(refused, Err(RestoreError::Damaged { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn activations_under_way_are_over() {
    let bank = bank_with(&[
        camera("S1", Phase::First(session())),
        camera("S2", Phase::Second(session())),
        keypad("OCRA-1:HOTP-SHA256-8:QN18-T1M"),
    ])
    .await;
    let target = bank.path("restored");
    run(&bank, &target, &bank.backup().await, None);
    let store = open(&target);
    assert_eq!(read_camera(&store, "S1").await.phase, Phase::Ready);
    assert_eq!(read_camera(&store, "S2").await.phase, Phase::InitRequired, "it may be active");
    let Moving::Keypad(keypad) = read_token(&store, "K1").await.token.moving else { panic!() };
    assert_eq!(keypad.floor, Some(UnixTime(NOW_S + 3_600)), "no answer up to the restore");
}

#[tokio::test]
async fn an_activation_that_the_backup_lacks_needs_an_initialisation() {
    let bank = bank().await;
    let (store, (brought_up, ended)) = after(
        &bank,
        vec![
            told(Action::Initialise, "U1", "S1", None, 5),
            said(Action::Activate, "S1", "am1_sent", None, 6),
            said(Action::Activate, "S1", "am2_sent", Some(6), 7),
            said(Action::Activate, "S1", "am2_sent", Some(9), 8),
            told(Action::Activate, "U1", "S1", None, 9),
        ],
    )
    .await;
    assert_eq!((brought_up, ended), (1, 1));
    let camera = read_camera(&store, "S1").await;
    assert_eq!((camera.counter, camera.activations), (9, 4));
    assert_eq!(camera.phase, Phase::InitRequired);
    assert_eq!(read_token(&store, "S1").await.life.stage(), Stage::Issued, "nobody holds it");
    assert_eq!(read_user(&store, "U1").await.signer(), None, "the new bond is done again");
    assert_eq!(read_token(&store, "S2").await, serving("S2", 1, NOW_S));
}

/// The records were read after the events, and know more than these.
#[tokio::test]
async fn what_the_record_knows_already_changes_nothing() {
    let bank = bank().await;
    let (store, changed) = after(
        &bank,
        vec![
            told(Action::Initialise, "U1", "S1", None, 0),
            told(Action::Initialise, "U3", "S2", None, 5),
            said(Action::Activate, "S1", "am2_sent", Some(5), 0),
        ],
    )
    .await;
    // S1 was initialised in the very second of its activation: which came first is not known, so
    // it counts as initialised.
    assert_eq!(read_camera(&store, "S1").await.phase, Phase::Ready);
    assert_eq!(read_camera(&store, "S2").await.phase, Phase::Ready);
    assert_eq!(changed, (2, 0));
    let later = bank_with(&[serving("S1", 2, NOW_S + 50)]).await;
    let events = vec![
        told(Action::Initialise, "U1", "S1", None, 5),
        said(Action::Activate, "S1", "am2_sent", Some(5), 6),
        told(Action::Activate, "U1", "S1", None, 7),
        said(Action::Sign, "S1", "accepted", None, 49),
    ];
    let (store, changed) = after(&later, events).await;
    assert_eq!(changed, (0, 0));
    assert_eq!(read_token(&store, "S1").await, serving("S1", 2, NOW_S + 50));
}

#[tokio::test]
async fn a_token_that_signed_is_proven() {
    let bank = bank().await;
    let (store, (brought_up, _)) = after(
        &bank,
        vec![
            said(Action::Sign, "S1", "accepted", None, 5),
            told(Action::Share, "U4", "S2", None, 6),
        ],
    )
    .await;
    assert_eq!(brought_up, 2);
    for text in ["S1", "S2"] {
        assert_eq!(read_camera(&store, text).await.word(), "active", "{text}");
    }
}

#[tokio::test]
async fn wrong_codes_and_losses_stay() {
    let bank = bank().await;
    let (store, _) = after(
        &bank,
        vec![
            said(Action::Sign, "S1", "bad_code", Some(1), 5),
            said(Action::Sign, "S2", "bad_code", Some(0), 6),
            told(Action::Lost, "U1", "S1", None, 7),
        ],
    )
    .await;
    let (first, second) = (read_token(&store, "S1").await, read_token(&store, "S2").await);
    assert_eq!((first.life.stage(), first.token.guard.locked_at), (Stage::Lost, None));
    assert_eq!(second.token.guard.locked_at, Some(UnixTime(NOW_S + 6)));
    let again = bank_with(&[camera("S1", Phase::Ready)]).await;
    let locked = vec![
        said(Action::Activate, "S1", "bad_code", None, 5),
        said(Action::Activate, "S1", "bad_code", Some(0), 9),
    ];
    let (store, _) = after(&again, locked).await;
    let guard = read_token(&store, "S1").await.token.guard;
    assert_eq!(guard.locked_at, Some(UnixTime(NOW_S + 9)), "not every wrong code locks");
}

#[tokio::test]
async fn counted_answers_stay_used() {
    for (suite, expected) in
        [("OCRA-1:HOTP-SHA256-8:C-QN08", 21), ("OCRA-1:HOTP-SHA256-8:QN08-T1M", 10)]
    {
        let bank = bank_with(&[keypad(suite)]).await;
        let signed = ended(Action::Sign, "K1", "accepted", Some(20));
        let (store, _) = after(&bank, vec![signed]).await;
        let Moving::Keypad(keypad) = read_token(&store, "K1").await.token.moving else { panic!() };
        assert_eq!(keypad.counter, expected, "{suite}");
    }
}

#[tokio::test]
async fn a_user_who_left_a_camera_token_does_not_get_it_back() {
    let bank = bank().await;
    let opens = NOW_S + 600;
    let (store, (_, ended)) = after(
        &bank,
        vec![
            told(Action::Revoke, "U1", "S1", Some(opens), 5),
            told(Action::Deactivate, "U3", "S2", None, 6),
            told(Action::Revoke, "U4", "S1", Some(opens), 7),
        ],
    )
    .await;
    assert_eq!(ended, 2);
    let first = read_user(&store, "U1").await;
    assert_eq!((first.signer(), first.signer_wait_until()), (None, Some(UnixTime(opens))));
    assert_eq!((first.recorded(), first.wait_until()), (&Binding::Unregistered, None));
    assert_eq!(read_user(&store, "U2").await, signer("U2", "S1", NOW_S).user);
    assert_eq!(users_of(&store, "S1").await, Some(1));
    let third = read_user(&store, "U3").await;
    assert_eq!((third.signer(), third.signer_wait_until()), (None, None));
    assert_eq!(read_token(&store, "S2").await.life.stage(), Stage::Withdrawn);
    assert_eq!(read_user(&store, "U4").await, User::new(Role::General));
}

#[tokio::test]
async fn a_later_bond_to_the_same_token_stays() {
    let bank = bank().await;
    bank.commit(vec![put_user(&signer("U1", "S1", NOW_S + 50))], Vec::new()).await;
    let (store, (_, ended)) = after(&bank, vec![told(Action::Revoke, "U1", "S1", None, 49)]).await;
    assert_eq!(ended, 0);
    assert_eq!(read_user(&store, "U1").await, signer("U1", "S1", NOW_S + 50).user);
    assert_eq!(users_of(&store, "S1").await, Some(2));
}

/// The token was read before the share, the user after it.
#[tokio::test]
async fn users_that_the_token_does_not_know_of_are_counted() {
    let bank = bank().await;
    bank.commit(vec![put_user(&signer("U4", "S1", NOW_S + 5))], Vec::new()).await;
    let (store, (_, ended)) = after(&bank, vec![told(Action::Share, "U4", "S1", None, 5)]).await;
    assert_eq!(ended, 0);
    assert_eq!(users_of(&store, "S1").await, Some(3));
    assert!(read_user(&store, "U4").await.signer().is_some());
}
