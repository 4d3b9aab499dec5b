//! Bank 000. Here: what its manual says of one-time passwords, logins and the first registration, that
//! is skipping without grace, the serial typed twice, signatures for all that is protected. In the
//! folder of the same name: the camera token, page by page of the bank and screen by screen.
//!
//! Not responsible for: the camera token's own protocol (its vectors are tried where it is written).
#![forbid(unsafe_code)]

#[path = "bank_000/activation.rs"]
mod activation;
#[path = "bank_000/leaving.rs"]
mod leaving;
#[path = "bank_000/racing.rs"]
mod racing;
#[path = "bank_000/sharing.rs"]
mod sharing;
#[path = "bank_000/signing.rs"]
mod signing;
#[path = "bank_000/unfinished.rs"]
mod unfinished;

use e2e::lifecycle::{
    Actor, Bank, Steps, assert_decision, assert_outcome, assert_shown, decision, outcome, row,
};
use http::Method;
use serde_json::{Value, json};

const C: &str = "HOKUGIN-1";
/// Serial of the first camera token of every delivery.
const CAMERA: &str = "0112345679";
const SIGNED: [&str; 6] =
    ["transfer_single", "batch_approve", "payeasy", "user_admin", "token_admin", "customer_data"];

/// The bank with one contract, a master user, an administrator and two others.
async fn open() -> Bank {
    let bank = Bank::open("bank-000").await;
    furnish(&bank).await;
    bank
}

/// The same with something decided otherwise.
async fn open_with(decided: &str) -> Bank {
    let bank = Bank::open_with("bank-000", |world| {
        let file = world.path("decided.toml");
        let head = "base = \"bank-000\"\ntitle_en = \"x\"\ntitle_ja = \"x\"";
        std::fs::write(&file, format!("{head}\n{decided}\n")).expect("a file of the test");
        world.profile(&file.display().to_string());
    })
    .await;
    furnish(&bank).await;
    bank
}

async fn furnish(bank: &Bank) {
    bank.contract(C, "2026-10-01T00:00:00+09:00", "").await;
    let users = [("M1", "master"), ("K1", "administrator"), ("S1", "general"), ("S2", "general")];
    for (user, role) in users {
        bank.user(C, user, role).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manual_of_bank_000_up_to_the_camera() {
    let bank = Bank::open("bank-000").await;
    let mut steps = Steps::of("銀行000");
    bank.contract(C, "2026-10-01T00:00:00+09:00", "").await;
    for (user, role) in [("K1", "administrator"), ("S1", "general"), ("S2", "general")] {
        bank.user(C, user, role).await;
    }
    skipping(&bank, &mut steps).await;
    typed_twice(&bank, &mut steps).await;
    using(&bank, &mut steps).await;
}

async fn skipping(bank: &Bank, steps: &mut Steps) {
    steps.step("R36", "設定をスキップ: 猶予期間なし、対象業務は利用できない");
    let status = bank.status(C, "S1", "").await;
    assert_shown(&status, "may_skip");
    assert_eq!(status.get("grace_until"), None, "{status:#}");
    assert_outcome(&bank.skip(C, "S1").await, "done");
    for class in SIGNED {
        let answer = bank.authorize(C, "S1", json!({ "class": class })).await;
        assert_eq!(decision(&answer), "denied registration_required", "{class}: {answer:#}");
    }
    let answer = bank.authorize(C, "S1", json!({ "class": "unprotected" })).await;
    assert_decision(&answer, "not_required");
    let login = bank.authorize(C, "S1", json!({ "class": "login" })).await;
    assert_decision(&login, "not_required");

    steps.step("R36", "スキップしても次回ログイン時に再び案内する");
    bank.set("2026-10-02T09:00:00+09:00");
    assert_shown(&bank.status(C, "S1", "").await, "may_skip");
    let path = format!("/v1/contracts/{C}/users/S1/skips");
    let others = bank.post(&bank.fe, &path, &json!({ "actor": { "user": "K1" } })).await;
    assert_eq!(outcome(&others), "refused actor_not_allowed", "only for oneself: {others:#}");
}

async fn typed_twice(bank: &Bank, steps: &mut Steps) {
    let token = bank.stock_one("hard", "0123456789").await;
    let answer = bank.issue("0123456789", C, None, &Actor::paper()).await;
    assert_outcome(&answer, "done");

    steps.step("R6", "シリアル番号(半角数字2桁・7桁・1桁)を2回入力");
    let code = bank.code(&token);
    let typed = |serial: &str, again: Option<&str>| {
        let mut body = json!({ "actor": { "user": "S1" }, "serial": serial, "code": code });
        if let Some(again) = again {
            body["serial_again"] = json!(again);
        }
        body
    };
    let mistakes = [
        typed("0123456789", None),
        typed("0123456789", Some("0123456780")),
        typed("0123456789", Some("012345678")),
        typed("012345678", Some("012345678")),
        typed("01234567890", Some("01234567890")),
        typed("01-2345678", Some("01-2345678")),
    ];
    for body in mistakes {
        let reply = registered(bank, &body).await;
        assert_eq!(reply.expect_status(422).problem(), "invalid_field", "{body:#}");
    }
    let answer = registered(bank, &typed("0123456789", Some("0123456789"))).await;
    let answer = answer.expect_status(200).json();
    assert_eq!(outcome(&answer), "done", "the mistakes cost nothing: {answer:#}");
    assert_eq!(answer["serial"], "0123456789", "leading zeros count: {answer:#}");
    let line = row(&bank.show_user(C, "S1").await);
    assert_eq!(line, "in_service available 0123456789 2031-09-30 08:00");
    let status = bank.status(C, "S1", "").await;
    assert_shown(&status, "may_skip");
    assert_eq!(status["camera_screen"], "first", "what is signed needs another one: {status:#}");
    assert_shown(&bank.status(C, "S1", "unprotected").await, "nothing");
    let spent = bank.verify_user(C, "S1", &code).await;
    assert_outcome(&spent, "rejected reused");
    share(bank, steps, &token).await;
}

async fn share(bank: &Bank, steps: &mut Steps, token: &e2e::TestToken) {
    steps.step("R76", "利用開始登録済みのトークンを別の利用者も登録");
    let body = json!({
        "actor": { "user": "S2" },
        "serial": token.serial,
        "serial_again": token.serial,
        "code": bank.fresh(token),
    });
    let path = format!("/v1/contracts/{C}/users/S2/registrations");
    let answer = bank.post(&bank.fe, &path, &body).await;
    assert_outcome(&answer, "done");
    let history = bank.history(&token.serial).await;
    assert_eq!(history["users"], json!(["S1", "S2"]), "{history:#}");
}

async fn using(bank: &Bank, steps: &mut Steps) {
    steps.step("R40 R100", "パスワード生成機では署名できない: 利用開始登録を案内する");
    for class in SIGNED {
        let answer = bank.authorize(C, "S1", json!({ "class": class })).await;
        assert_eq!(decision(&answer), "denied registration_required", "{class}: {answer:#}");
    }
    assert_outcome(&bank.skip(C, "S1").await, "done");
    steps.step("R23 R101", "承認権限のないユーザには表示しない");
    assert_shown(&bank.status(C, "K1", "unprotected").await, "nothing");
    assert_shown(&bank.status(C, "K1", "unprotected,batch_approve").await, "may_skip");
}

async fn registered(bank: &Bank, body: &Value) -> e2e::Reply {
    let path = format!("/v1/contracts/{C}/users/S1/registrations");
    bank.send(&bank.fe, Method::POST, &path, body).await
}

/// A code of a one-time password never opens a run of signatures.
#[tokio::test(flavor = "multi_thread")]
async fn no_code_gives_a_grant_for_what_is_signed() {
    let bank = Bank::open("bank-000").await;
    bank.contract(C, "2026-10-01T00:00:00+09:00", "").await;
    bank.user(C, "S1", "general").await;
    let token = bank.stock_one("hard", "0123456789").await;
    bank.issue("0123456789", C, Some("S1"), &Actor::paper()).await;
    let body = json!({
        "actor": { "user": "S1" },
        "serial": "0123456789",
        "serial_again": "0123456789",
        "code": bank.code(&token),
    });
    let answer = registered(&bank, &body).await.expect_status(200).json();
    assert_outcome(&answer, "done");
    for class in SIGNED {
        let me = Actor::user("S1").right().session("s-1");
        let body = json!({ "code": bank.fresh(&token), "class": class, "grant": true });
        let answer = bank.verify_as(C, "S1", &me, body).await;
        assert_outcome(&answer, "accepted");
        assert_eq!(answer.get("grant"), None, "{class}: {answer:#}");
    }
}
