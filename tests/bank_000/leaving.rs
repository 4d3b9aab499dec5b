//! How users leave a camera token and what becomes of it: 失効 with a signature instead of a code, 利用解除
//! with the message that clears the token, another contract, another bank; and what becomes of the
//! password generator.
//!
//! Not responsible for: initialisation (`unfinished`), one-time passwords.

use e2e::{
    CameraToken, Identity,
    camera::Delivery,
    lifecycle::{Actor, Bank, Steps, assert_decision, assert_outcome, logged_in, outcome, session},
    pki::Wish,
    world::OTHER_BANK,
};
use serde_json::{Value, json};
use warifu_token::camera::Refusal;

use super::{C, CAMERA, open, open_with};

fn admin() -> Value {
    json!({ "type": "admin", "text": "REVOKE TOKEN OF S2" })
}

/// Activated by S1, shared by the others named.
async fn shared(bank: &Bank, users: &[&str]) -> CameraToken {
    let mut token = bank.cameras(C, CAMERA, 1).await.pop().expect("one token");
    let end = bank.activate(C, "S1", &mut token).await;
    let code = end["token_code"].as_str().expect("a token code");
    for user in users {
        bank.share(C, user, &mut token, code).await;
    }
    token
}

#[tokio::test(flavor = "multi_thread")]
async fn revocation_takes_one_user_off_the_token() {
    let bank = open().await;
    let mut steps = Steps::of("銀行000 失効");
    let token = &mut shared(&bank, &["M1", "S2"]).await;

    steps.step("R101", "失効は管理者が確認用パスワードと署名で行う");
    let signed = bank.sign(C, "M1", token, &admin()).await;
    let signed = signed["challenge"].as_str().expect("a challenge").to_owned();
    let transfer = bank.sign(C, "S1", token, &admin()).await;
    let by_s1 = transfer["challenge"].as_str().expect("a challenge").to_owned();
    let master = || logged_in("M1").right();
    for (actor, end) in [
        (logged_in("S1").right().signature(&by_s1), "refused actor_not_allowed"),
        (logged_in("K1").right(), "refused actor_needs_token"),
        (logged_in("M1"), "refused confirmation_required"),
        (master(), "refused signature_required"),
        (master().signature(&by_s1), "rejected not_accepted"),
        (Actor::user("M1").right().session("another").signature(&signed), "rejected not_accepted"),
        (master().signature(&signed), "done"),
        (master().signature(&signed), "refused not_registered"),
    ] {
        assert_outcome(&bank.revoke_camera(C, "S2", &actor).await, end);
    }
    let again = bank.revoke_camera(C, "S1", &master().signature(&signed)).await;
    assert_outcome(&again, "rejected not_accepted");

    steps.step("R101", "選択したユーザだけが切り離される");
    assert_eq!(bank.camera_tokens(C).await[0]["users"], 2);
    assert_eq!(bank.show_user(C, "S2").await.get("camera"), None);
    assert_outcome(&bank.ask(C, "S2", &admin()).await, "refused not_bound");
    bank.sign(C, "S1", token, &admin()).await;
    let answer = bank.authorize(C, "S2", json!({ "class": "transfer_single" })).await;
    assert_decision(&answer, "denied revoked");

    steps.step("R101", "30分後から改めて登録できる");
    let code = bank.camera_tokens(C).await[0]["token_code"].as_str().expect("a code").to_owned();
    let order = json!({ "type": "share", "token_code": code, "may_approve": true });
    let early = bank.ask(C, "S2", &order).await;
    assert_outcome(&early, "refused not_before");
    assert_eq!(early["not_before"], "2026-10-01T01:30:00Z", "{early:#}");
    bank.advance_minutes(30);
    let answer = bank.authorize(C, "S2", json!({ "class": "transfer_single" })).await;
    assert_decision(&answer, "denied registration_required");
    bank.share(C, "S2", token, &code).await;
    let by_staff = bank.revoke_camera(C, "S2", &Actor::paper()).await;
    assert_outcome(&by_staff, "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_user_clears_the_token() {
    let bank = open().await;
    let mut steps = Steps::of("銀行000 利用解除");
    let token = &mut shared(&bank, &["S2"]).await;
    let serial = token.serial().to_owned();

    steps.step("R101", "利用解除は銀行が行う");
    let own = bank.deactivate_camera(C, "S1", &logged_in("S1").right()).await;
    assert_outcome(&own, "refused actor_not_allowed");
    let order = json!({ "type": "deactivate", "serial": serial });
    assert_outcome(&bank.ask(C, "S1", &order).await, "refused serial_in_use");
    let first = bank.deactivate_camera(C, "S2", &Actor::paper()).await;
    assert_outcome(&first, "done");
    assert_eq!(first.get("message"), None, "S1 still signs with it: {first:#}");
    assert_outcome(&bank.ask(C, "S2", &admin()).await, "refused not_bound");

    steps.step("R96", "最後のユーザ: トークンを未登録に戻す二次元コード");
    let path = format!("/v1/contracts/{C}/users/S1/camera/deactivations");
    let body = json!({ "actor": { "session": session("S1") } });
    let body = with_paper(body);
    let last = bank.post(&bank.staff, &path, &body).await;
    assert_outcome(&last, "done");
    assert_outcome(&bank.ask(C, "S1", &admin()).await, "refused not_bound");
    let screen = token.photograph(&last);
    let (lines, eight) = token.read(screen);
    assert_eq!(lines[0], "【トークン初期化】");
    assert!(token.is_active());
    assert_eq!(token.right().stage, "erase");
    let screen = token.right();
    assert_eq!(screen.lines, ["トークンは初期化されました。", "The device is deactivated."]);
    assert!(!token.is_active());
    token.right();
    assert_eq!(token.info().id, Some("DP020"));
    let answer = bank.answer(C, "S1", &last, &eight).await;
    assert_outcome(&answer, "accepted");
    assert_eq!(answer["operation"], json!({ "type": "deactivate" }));
    assert_eq!(bank.camera_state(&serial).await, "ready");

    steps.step("R97", "改めて発行すれば登録できる");
    assert_outcome(&bank.start_activation(C, "S2", &serial).await, "refused needs_issue");
    assert_outcome(&bank.issue(&serial, C, None, &Actor::paper()).await, "done");
    bank.activate(C, "S2", token).await;
    bank.sign(C, "S2", token, &admin()).await;
}

fn with_paper(mut body: Value) -> Value {
    body["reason"] = json!("利用解除依頼書");
    body["reference"] = json!("受付-2026-0002");
    body
}

/// Revoked as the last one: the message that clears the token is asked for later.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_cleared_later() {
    let bank = open().await;
    let mut steps = Steps::of("銀行000 あとからの初期化");
    let token = &mut shared(&bank, &[]).await;
    let serial = token.serial().to_owned();

    steps.step("R96", "失効のあとで未登録に戻す");
    assert_outcome(&bank.revoke_camera(C, "S1", &Actor::paper()).await, "done");
    assert_outcome(&bank.ask(C, "S1", &admin()).await, "refused not_bound");
    let nameless = bank.ask(C, "S1", &json!({ "type": "deactivate" })).await;
    assert_outcome(&nameless, "refused not_bound");
    let order = json!({ "type": "deactivate", "serial": serial });
    let asked = bank.ask(C, "S2", &order).await;
    assert_outcome(&asked, "done");
    let screen = token.scan(&asked);
    let (lines, eight) = token.read(screen);
    assert_eq!(json!(lines), asked["display"]);
    assert_outcome(&bank.answer(C, "S2", &asked, &eight).await, "accepted");
    assert_eq!(bank.camera_state(&serial).await, "ready");
    assert_outcome(&bank.ask(C, "S2", &order).await, "refused nothing_to_initialise");

    // The user stops at the number: the token still believes itself registered.
    token.restart();
    assert!(token.is_active());
    assert_outcome(&bank.issue(&serial, C, None, &Actor::paper()).await, "done");
    bank.activate(C, "S2", token).await;
    bank.sign(C, "S2", token, &admin()).await;
}

/// Nobody told the device: a new activation replaces the old one.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_not_cleared_goes_to_another_contract() {
    const OTHER: &str = "HOKUGIN-2";
    let bank = open().await;
    let mut steps = Steps::of("銀行000 別の契約へ");
    let token = &mut shared(&bank, &[]).await;
    let serial = token.serial().to_owned();
    let open = bank.ask(C, "S1", &admin()).await;
    let (_, eight) = token.sign(&open);
    let left = bank.deactivate_camera(C, "S1", &Actor::paper()).await;
    assert_outcome(&left, "done");
    assert_eq!(left.get("challenge"), None, "no session to answer in: {left:#}");
    assert!(left["message"]["text"].is_string(), "{left:#}");
    assert_outcome(&bank.answer(C, "S1", &open, &eight).await, "rejected not_bound");

    steps.step("R81 R97", "別の契約では新しいトークンコード");
    bank.contract(OTHER, "2026-10-01T00:00:00+09:00", "").await;
    bank.user(OTHER, "T1", "general").await;
    assert_outcome(&bank.issue(&serial, OTHER, None, &Actor::paper()).await, "done");
    assert!(token.is_active());
    bank.activate(OTHER, "T1", token).await;
    bank.sign(OTHER, "T1", token, &admin()).await;
    assert_eq!(bank.camera_tokens(OTHER).await.len(), 1);
    assert_eq!(bank.camera_tokens(C).await, Vec::<Value>::new());
    assert_eq!(bank.show_user(C, "S1").await.get("camera"), None);
    let answer = bank.answer(C, "S1", &open, &eight).await;
    assert_eq!(answer["outcome"], "rejected", "{answer:#}");
    assert_eq!(token.scan(&left), Err(Refusal::OtherInstance));
}

/// Tokens differ from bank to bank.
#[tokio::test(flavor = "multi_thread")]
async fn messages_of_another_bank_are_refused() {
    let bank = open().await;
    let mut steps = Steps::of("銀行000 他の銀行");
    let token = &mut shared(&bank, &[]).await;

    steps.step("R11", "他の銀行の二次元コードは読み取れない");
    for (secret, refusal) in [(8, Refusal::BadSeal), (7, Refusal::AlreadyActive)] {
        let other = open().await;
        let delivery = Delivery::of_keys(CAMERA, 1, secret, &other.clock);
        let theirs = &mut other.take_in(delivery).await[0];
        other.issue(theirs.serial(), C, None, &Actor::paper()).await;
        let first = other.start_activation(C, "S1", theirs.serial()).await;
        assert_eq!(token.scan(&first), Err(refusal));
        token.right();
        other.activate(C, "S1", theirs).await;
        let asked = other.ask(C, "S1", &admin()).await;
        assert_eq!(token.scan(&asked), Err(Refusal::BadSeal));
        token.right();
        let ours = bank.ask(C, "S1", &admin()).await;
        let (_, eight) = theirs.sign(&asked);
        assert_outcome(&bank.answer(C, "S1", &ours, &eight).await, "rejected bad_code");
        bank.sign(C, "S1", token, &admin()).await;
    }

    steps.step("R11", "他の銀行からは見えない");
    let identity: Identity =
        bank.world.pki.client(&Wish::role(OTHER_BANK, "validator", "validator-9"));
    let fe = bank.world.caller_as(&bank.daemon, &identity);
    let asked = bank.ask(C, "S1", &admin()).await;
    let (_, eight) = token.sign(&asked);
    let id = asked["challenge"].as_str().expect("a challenge");
    let path = format!("/v1/contracts/{C}/users/S1/challenges/{id}/verify");
    let body = logged_in("S1").into_body(json!({ "code": eight }));
    let reply = bank.send(&fe, http::Method::POST, &path, &body).await;
    assert_eq!(reply.expect_status(404).problem(), "not_found");
    assert_outcome(&bank.answer(C, "S1", &asked, &eight).await, "accepted");
}

/// A profile decides what becomes of the password generator.
#[tokio::test(flavor = "multi_thread")]
async fn r99_the_password_generator_is_kept_or_taken_as_the_profile_says() {
    for (word, told, after) in [
        ("keep", "keep", "0123456789"),
        ("offer", "offer", "0123456789"),
        ("perform", "performed", ""),
    ] {
        let bank = open_with(&format!("[camera]\nretire_otp = \"{word}\"")).await;
        let old = bank.stock_one("hard", "0123456789").await;
        bank.issue(&old.serial, C, Some("S1"), &Actor::paper()).await;
        let path = format!("/v1/contracts/{C}/users/S1/registrations");
        let body = json!({
            "serial": old.serial, "serial_again": old.serial, "code": bank.code(&old),
        });
        let done = bank.post(&bank.fe, &path, &Actor::user("S1").into_body(body)).await;
        assert_outcome(&done, "done");
        let token = &mut bank.cameras(C, CAMERA, 1).await[0];
        let end = bank.activate(C, "S1", token).await;
        assert_eq!(end["retire_otp"], told, "{end:#}");
        let user = bank.show_user(C, "S1").await;
        assert_eq!(user["serial"].as_str().unwrap_or_default(), after, "{user:#}");
        assert_eq!(user["camera"]["serial"], token.serial(), "{user:#}");
        let code = bank.fresh(&old);
        let verdict = outcome(&bank.verify_user(C, "S1", &code).await);
        let works = verdict == "accepted";
        assert_eq!(works, !after.is_empty(), "{word}: {verdict}");
        bank.sign(C, "S1", token, &admin()).await;
    }
}
