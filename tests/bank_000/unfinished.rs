//! 操作は中断できません: activations that were broken off, buttons that were forgotten, and the
//! initialisation (初期化) that puts it right.
//!
//! Not responsible for: wrong codes (`activation`).

use std::time::Duration;

use e2e::{
    camera::Delivery,
    lifecycle::{Actor, Bank, Steps, assert_decision, assert_outcome},
    process::fail,
};
use serde_json::{Value, json};
use warifu_token::camera::Refusal;

use super::{C, CAMERA, open};

fn admin() -> Value {
    json!({ "type": "admin", "text": "TEST" })
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_off_before_the_second_code() {
    let bank = open().await;
    let mut steps = Steps::of("銀行000 中断(12桁の前)");
    let token = &mut bank.cameras(C, CAMERA, 1).await[0];
    let serial = token.serial().to_owned();

    steps.step("R84", "12桁の前の中断: 最初からやり直せる");
    let old = bank.start_activation(C, "S1", &serial).await;
    let stale = token.device_code(&old);
    token.restart();
    let first = bank.start_activation(C, "S1", &serial).await;
    assert_outcome(&first, "done");
    assert_outcome(&bank.device_code(C, "S1", &old, &stale).await, "refused no_challenge");
    let answer = bank.device_code(C, "S1", &first, &stale).await;
    assert_outcome(&answer, "rejected bad_code");

    steps.step("R84", "制限時間600秒");
    bank.clock.advance(Duration::from_secs(599));
    let twelve = token.device_code(&first);
    bank.clock.advance(Duration::from_secs(1));
    assert_outcome(&bank.device_code(C, "S1", &first, &twelve).await, "refused no_challenge");
    let nothing = bank.initialise(C, &serial, &Actor::paper()).await;
    assert_outcome(&nothing, "refused nothing_to_initialise");

    steps.step("R84", "別のユーザがあとを引き継ぐ");
    token.restart();
    let first = bank.start_activation(C, "S1", &serial).await;
    let twelve = token.device_code(&first);
    let answer = bank.device_code(C, "S2", &first, &twelve).await;
    assert_outcome(&answer, "refused not_bound");
    token.restart();
    bank.activate(C, "S2", token).await;
    bank.sign(C, "S2", token, &admin()).await;
    let answer = bank.device_code(C, "S1", &first, &twelve).await;
    assert_eq!(answer["outcome"], "refused", "{answer:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_off_after_the_second_code() {
    let bank = open().await;
    let mut steps = Steps::of("銀行000 中断(12桁の後)");
    let token = &mut bank.cameras(C, CAMERA, 1).await[0];
    let serial = token.serial().to_owned();

    steps.step("R93", "登録完了まで進まないと初期化が必要");
    let first = bank.start_activation(C, "S1", &serial).await;
    let second = bank.device_code(C, "S1", &first, &token.device_code(&first)).await;
    let eight = token.confirm_code(&second);
    let answer = bank.start_activation(C, "S1", &serial).await;
    assert_outcome(&answer, "refused activation_open");
    bank.clock.advance(Duration::from_secs(299));
    let path = format!("/v1/contracts/{C}/users/S1/activations/");
    let path = path + second["activation"].as_str().unwrap_or_default();
    assert_eq!(bank.get(&bank.fe, &path).await["message"], second["message"], "just in time");
    bank.clock.advance(Duration::from_secs(1));
    assert_outcome(&bank.confirm(C, "S1", &second, &eight).await, "refused init_required");
    assert_outcome(&bank.start_activation(C, "S1", &serial).await, "refused init_required");
    let status = bank.status(C, "S1", "").await;
    assert_eq!(status["camera_screen"], "first", "{status:#}");

    steps.step("R93 R98", "所定の手続き: 初期化してから改めて利用開始登録");
    assert_outcome(&bank.initialise(C, &serial, &Actor::paper()).await, "done");
    let again = bank.initialise(C, &serial, &Actor::paper()).await;
    assert_outcome(&again, "refused nothing_to_initialise");
    token.restart();
    let first = bank.start_activation(C, "S1", &serial).await;
    let twelve = token.device_code(&first);
    token.right();
    token.right();
    assert_eq!(token.scan(&second), Err(Refusal::Stale), "the old second code is dead");
    token.restart();
    let third = bank.start_activation(C, "S1", &serial).await;
    assert_outcome(&bank.device_code(C, "S1", &third, &twelve).await, "rejected bad_code");

    steps.step("R93", "開いたままの登録も初期化できる");
    let second = bank.device_code(C, "S1", &third, &token.device_code(&third)).await;
    let eight = token.confirm_code(&second);
    assert_outcome(&bank.initialise(C, &serial, &Actor::paper()).await, "done");
    assert_outcome(&bank.confirm(C, "S1", &second, &eight).await, "refused no_challenge");
    token.restart();
    bank.activate(C, "S1", token).await;
    bank.sign(C, "S1", token, &admin()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn done_was_forgotten() {
    let bank = open().await;
    let mut steps = Steps::of("銀行000 Doneの押し忘れ");
    let token = &mut bank.cameras(C, CAMERA, 1).await[0];
    let serial = token.serial().to_owned();

    steps.step("R90 R94", "Doneを押し忘れた: サーバは利用中、トークンは未登録");
    bank.activate_but_done(C, "S1", token).await;
    bank.clock.advance(Duration::from_secs(91));
    let screen = token.wake();
    assert_eq!(screen.refusal, Some("timed_out"), "{screen}");
    token.right();
    assert!(!token.is_active());
    assert_eq!(token.info().id, Some("DP020"));
    assert_eq!(bank.camera_state(&serial).await, "active_unproven");
    let asked = bank.ask(C, "S1", &admin()).await;
    assert_outcome(&asked, "done");
    assert_eq!(token.scan(&asked), Err(Refusal::NotRegistered));
    token.right();

    steps.step("R94 R98", "コールセンターで初期化");
    let by_paper = bank.initialise(C, &serial, &Actor::staff()).await;
    assert_outcome(&by_paper, "refused reason_required");
    assert_outcome(&bank.initialise(C, &serial, &Actor::paper()).await, "done");
    assert_eq!(bank.camera_tokens(C).await, Vec::<Value>::new());
    assert_eq!(bank.show_user(C, "S1").await.get("camera"), None);
    let answer = bank.authorize(C, "S1", json!({ "class": "transfer_single" })).await;
    assert_decision(&answer, "denied registration_required");
    let answer = bank.answer(C, "S1", &asked, "12345678").await;
    assert_outcome(&answer, "rejected not_bound");

    steps.step("R94", "改めて利用開始登録");
    bank.activate(C, "S1", token).await;
    assert_eq!(token.scan(&asked), Err(Refusal::OtherInstance));
    token.right();
    let answer = bank.answer(C, "S1", &asked, "12345678").await;
    assert_outcome(&answer, "rejected expired");
    bank.sign(C, "S1", token, &admin()).await;
    assert_eq!(bank.camera_state(&serial).await, "active");
    let answer = bank.initialise(C, &serial, &Actor::paper()).await;
    assert_outcome(&answer, "refused not_initialisable");
}

#[tokio::test(flavor = "multi_thread")]
async fn yes_was_forgotten_and_the_master_helps() {
    let bank = open().await;
    let mut steps = Steps::of("銀行000 Yesの押し忘れ");
    let mut tokens = bank.cameras(C, CAMERA, 2).await;
    let [token, other] = tokens.as_mut_slice() else { fail("two tokens") };
    let serial = token.serial().to_owned();

    steps.step("R91 R94", "Yesを押し忘れた");
    bank.activate_but_done(C, "S1", token).await;
    assert_eq!(token.right().id, Some("DP011"));
    bank.clock.advance(Duration::from_secs(41));
    assert_eq!(token.wake().refusal, Some("timed_out"));
    token.right();
    assert!(!token.is_active());

    steps.step("R98", "マスターユーザによる初期化");
    for (actor, end) in [
        (Actor::user("S1"), "refused actor_not_allowed"),
        (Actor::user("S2").right(), "refused actor_not_allowed"),
        (Actor::user("K1").right(), "refused actor_not_allowed"),
        (Actor::user("M1"), "refused confirmation_required"),
        (Actor::user("M1").wrong(), "refused confirmation_required"),
        (Actor::user("M1").right(), "done"),
    ] {
        assert_outcome(&bank.initialise(C, &serial, &actor).await, end);
    }

    steps.step("R94", "トークンを交換して改めて利用開始登録");
    bank.activate(C, "S1", other).await;
    bank.sign(C, "S1", other, &admin()).await;
    assert_eq!(bank.show_user(C, "S1").await["camera"]["serial"], other.serial());

    steps.step("R94", "初期化されたトークンは別のユーザが登録できる");
    bank.activate(C, "S2", token).await;
    bank.sign(C, "S2", token, &admin()).await;
    let both = bank.camera_tokens(C).await;
    assert_eq!(both.len(), 2, "{both:#?}");
    assert_ne!(both[0]["token_code"], both[1]["token_code"]);
    let answer = bank.initialise(C, &serial, &Actor::user("M1").right()).await;
    assert_outcome(&answer, "refused not_initialisable");
    elsewhere(&bank, &serial).await;
}

/// Nobody initialises what is not their contract's.
async fn elsewhere(bank: &Bank, serial: &str) {
    const OTHER: &str = "HOKUGIN-2";
    bank.contract(OTHER, "2026-10-01T00:00:00+09:00", "").await;
    bank.user(OTHER, "M9", "master").await;
    for foreign in [serial, "0999999999"] {
        let answer = bank.initialise(OTHER, foreign, &Actor::user("M9").right()).await;
        assert_outcome(&answer, "refused not_this_contract");
    }
}

/// The server believes a token active that has signed nothing: another device of the same serial and
/// keys, from a repair, takes its place.
#[tokio::test(flavor = "multi_thread")]
async fn the_device_was_replaced_under_the_same_serial() {
    let bank = open().await;
    let mut steps = Steps::of("銀行000 交換品");
    let token = &mut bank.cameras(C, CAMERA, 1).await[0];
    bank.activate(C, "S1", token).await;
    let serial = token.serial().to_owned();

    steps.step("R94", "同じシリアル番号の交換品: 登録回数が戻るトークンは受け付けない");
    assert_outcome(&bank.initialise(C, &serial, &Actor::paper()).await, "done");
    let mut delivery = Delivery::of_seeds(CAMERA, 1, 7, &bank.clock);
    let copy = &mut delivery.tokens[0];
    let first = bank.start_activation(C, "S1", &serial).await;
    let twelve = copy.device_code(&first);
    assert!(twelve.starts_with("001"), "its counter begins anew: {twelve}");
    let answer = bank.device_code(C, "S1", &first, &twelve).await;
    assert_outcome(&answer, "rejected bad_code");
    let twelve = token.device_code(&first);
    assert!(twelve.starts_with("002"), "{twelve}");
    let second = bank.device_code(C, "S1", &first, &twelve).await;
    let end = bank.confirm(C, "S1", &second, &token.confirm_code(&second)).await;
    assert_outcome(&end, "done");
    token.finish();
    bank.sign(C, "S1", token, &admin()).await;
}
