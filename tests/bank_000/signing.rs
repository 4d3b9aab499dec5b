//! トランザクション認証: what the token shows is what is signed, once, by the user whom it names.
//!
//! Not responsible for: limits and races of challenges (`tests/signing_limits.rs`), a step-up by a
//! signature (`leaving`).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use e2e::{
    CameraToken,
    caller::JSON,
    camera::misread,
    lifecycle::{Actor, Bank, Steps, assert_decision, assert_outcome, logged_in},
    process::fail,
};
use http::Method;
use serde_json::{Value, json};
use warifu_token::camera::Refusal;

use super::{C, CAMERA, SIGNED, open, open_with};

const VECTORS: &str = include_str!("../vectors/txa1.json");

fn transfer(amount: u64) -> Value {
    json!({
        "type": "transfer",
        "payer": { "branch": "011", "account_type": "ordinary", "account": "0012345" },
        "payee": payee(),
        "payee_name": "ｶ)ｱｵｿﾗｼﾖｳｶｲ",
        "amount": amount,
        "date": "2026-10-05",
    })
}

fn payee() -> Value {
    json!({ "bank": "0138", "branch": "201", "account_type": "ordinary", "account": "1234567" })
}

/// One user with one active token.
async fn signer(bank: &Bank) -> CameraToken {
    let mut token = bank.cameras(C, CAMERA, 1).await.pop().expect("one token");
    bank.activate(C, "S1", &mut token).await;
    token
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manual_of_a_transaction() {
    let bank = open().await;
    let mut steps = Steps::of("銀行000 トランザクション認証");
    let token = &mut signer(&bank).await;
    steps.step("R40 R100", "トランザクション認証が必要となる業務: 署名は1取引ごと");
    for class in SIGNED {
        let answer = bank.authorize(C, "S1", json!({ "class": class })).await;
        assert_decision(&answer, "required transaction_signature");
        let answer = bank.authorize(C, "S2", json!({ "class": class })).await;
        assert_decision(&answer, "denied registration_required");
    }
    for class in ["login", "unprotected"] {
        let answer = bank.authorize(C, "S1", json!({ "class": class })).await;
        assert_decision(&answer, "not_required");
    }
    a_transfer(&bank, &mut steps, token).await;
    another_amount(&bank, &mut steps, token).await;
    others(&bank, &mut steps, token).await;
    nothing_else(&bank, &mut steps).await;
}

async fn a_transfer(bank: &Bank, steps: &mut Steps, token: &mut CameraToken) {
    steps.step("R11", "トークン画面に取引内容を表示");
    let asked = bank.ask(C, "S1", &transfer(1_250_000)).await;
    assert_outcome(&asked, "done");
    assert_eq!(asked["expires_at"], "2026-10-01T01:05:00Z", "{asked:#}");
    let screen = token.photograph(&asked);
    let (lines, eight) = token.read(screen);
    token.right();
    let expected = [
        "【振込】",
        "発行 2026-10-01 10:00",
        "利用者 S1",
        "支払 011-1-0012345",
        "振込先 0138-201-1-1234567",
        "受取人 ｶ)ｱｵｿﾗｼﾖｳｶｲ",
        "金額 1,250,000円",
        "指定日 2026-10-05",
    ];
    assert_eq!(lines, expected);
    assert_eq!(asked["display"], json!(lines), "the page shows the same to compare");

    let id = asked["challenge"].as_str().expect("a challenge");
    let path = format!("/v1/contracts/{C}/users/S1/challenges/{id}?image=none&session=");
    let again = bank.get(&bank.fe, &format!("{path}session-of-S1")).await;
    assert_eq!(again["message"]["text"], asked["message"]["text"], "{again:#}");
    assert_eq!((again["message"].get("image"), &again["display"]), (None, &asked["display"]));
    let others = bank.get(&bank.fe, &format!("{path}session-of-S2")).await;
    assert_outcome(&others, "refused not_bound");

    steps.step("R9", "トランザクション認証番号(8桁)");
    assert_eq!(eight.len(), 8);
    let answer = bank.answer(C, "S1", &asked, &misread(&eight)).await;
    assert_outcome(&answer, "rejected bad_code");
    assert_eq!((&answer["tries_left"], &answer["retryable"]), (&json!(2), &json!(true)));
    let answer = bank.answer(C, "S1", &asked, "123456").await;
    assert_outcome(&answer, "rejected wrong_kind_of_code");
    assert_eq!(answer["tries_left"], 2, "{answer:#}");
    let answer = bank.answer(C, "S1", &asked, &eight).await;
    assert_outcome(&answer, "accepted");
    assert_eq!(answer["operation"], transfer(1_250_000), "the stored fields");
    let covered =
        ["challenge", "kind", "login_id", "payer", "payee", "payee_name", "amount", "date"];
    assert_eq!(answer["covered"], json!(covered));
    assert_eq!(answer["verified_at"], "2026-10-01T01:00:00Z", "{answer:#}");

    steps.step("R3", "同じ番号は二度使えない");
    let again = bank.answer(C, "S1", &asked, &eight).await;
    assert_outcome(&again, "rejected already_used");
    assert_eq!(again.get("operation"), None, "{again:#}");
}

async fn another_amount(bank: &Bank, steps: &mut Steps, token: &mut CameraToken) {
    steps.step("R11 R9", "金額を変えた取引に別の番号: 認証エラー");
    let shown = bank.ask(C, "S1", &transfer(10_000)).await;
    let (lines, eight) = token.sign(&shown);
    assert!(lines.contains(&"金額 10,000円".to_owned()), "{lines:#?}");
    let changed = bank.ask(C, "S1", &transfer(9_999_999)).await;
    let answer = bank.answer(C, "S1", &changed, &eight).await;
    assert_outcome(&answer, "rejected bad_code");
    let same = bank.ask(C, "S1", &transfer(10_000)).await;
    let answer = bank.answer(C, "S1", &same, &eight).await;
    assert_outcome(&answer, "rejected bad_code");
    let answer = bank.answer(C, "S1", &shown, &eight).await;
    assert_outcome(&answer, "accepted");
    assert_eq!(answer["operation"]["amount"], 10_000, "{answer:#}");
    for open in [changed, same] {
        let id = open["challenge"].as_str().expect("a challenge");
        let path = format!("/v1/contracts/{C}/users/S1/challenges/{id}?session=session-of-S1");
        assert_outcome(&bank.delete(&bank.fe, &path).await, "done");
    }
}

async fn others(bank: &Bank, steps: &mut Steps, token: &mut CameraToken) {
    steps.step("R100", "振込先登録");
    let order =
        json!({ "type": "payee_registration", "payee": payee(), "payee_name": "ｶ)ｱｵｿﾗｼﾖｳｶｲ" });
    let answer = bank.sign(C, "S1", token, &order).await;
    assert_eq!(answer["operation"], order);
    assert_eq!(answer["display"][0], "【振込先登録】");
    let covered = ["challenge", "kind", "login_id", "payee", "payee_name"];
    assert_eq!(answer["covered"], json!(covered));

    steps.step("R100", "管理操作");
    let order = json!({ "type": "admin", "text": "REVOKE TOKEN 482913 OF HANAKODT" });
    let answer = bank.sign(C, "S1", token, &order).await;
    assert_eq!(answer["operation"], order);
    assert_eq!(answer["display"][0], "【管理操作】");

    steps.step("R100", "総合振込の承認");
    a_batch(bank, token).await;
}

/// The Zengin records of the vectors.
fn records(vectors: &Value) -> Vec<u8> {
    let records = vectors["batch"]["records"].as_array().expect("records");
    let records = records.iter().map(|one| one.as_str().and_then(|text| hex::decode(text).ok()));
    records.collect::<Option<Vec<_>>>().expect("hex").concat()
}

fn batch(records: &[u8], known: &[&str]) -> Value {
    json!({
        "type": "batch",
        "kind": "transfer",
        "date": "2025-11-28",
        "records": STANDARD.encode(records),
        "known_payees": known,
    })
}

async fn a_batch(bank: &Bank, token: &mut CameraToken) {
    let vectors: Value = serde_json::from_str(VECTORS).expect("JSON");
    let records = records(&vectors);
    let mut order = batch(&records, &["0138-201-1-1234567", "0001-110-2-7654321"]);
    let answer = bank.sign(C, "S1", token, &order).await;
    let lines: Vec<_> = answer["display"].as_array().expect("lines").iter().collect();
    assert_eq!(lines[0], "【総合振込】");
    for line in [
        "件数 3件",
        "合計 2,146,000円",
        "明細照合 2652-5006-2080-0641-9657",
        "9900-018-1-0000017 16,000円 ﾔﾏﾀﾞ ﾀﾛｳ",
    ] {
        assert!(lines.contains(&&json!(line)), "{line}: {lines:#?}");
    }
    let signed = &answer["operation"];
    let expected = (&json!(3), &json!(2_146_000), &vectors["batch"]["hash"]);
    assert_eq!((&signed["count"], &signed["total"], &signed["hash"]), expected, "{signed:#}");
    assert_eq!(signed["fingerprint"], vectors["batch"]["fingerprint"]);
    assert_eq!(signed["items"][0]["amount"], 16_000, "the new payee first: {signed:#}");
    assert_eq!(signed.get("records"), None, "{signed:#}");

    // Another account in the file, all sums the same: another file, another hash.
    let mut changed = records;
    let account = changed.windows(7).position(|digits| digits == b"7654321").expect("a payee");
    changed[account] = b'8';
    order["records"] = json!(STANDARD.encode(&changed));
    let answer = bank.sign(C, "S1", token, &order).await;
    assert_ne!(answer["operation"]["hash"], vectors["batch"]["hash"]);
    assert_ne!(answer["operation"]["fingerprint"], vectors["batch"]["fingerprint"]);
    assert_eq!(answer["operation"]["items"][0]["payee"]["account"], "8654321");
    order["date"] = json!("2025-11-27");
    let path = format!("/v1/contracts/{C}/users/S1/challenges");
    let body = logged_in("S1").into_body(json!({ "operation": order }));
    let reply = bank.send(&bank.fe, Method::POST, &path, &body).await;
    assert_eq!(reply.expect_status(422).problem(), "invalid_field");
}

async fn nothing_else(bank: &Bank, steps: &mut Steps) {
    steps.step("R100", "このトークンで署名できないもの");
    for order in [
        json!({ "type": "login" }),
        json!({ "type": "question", "question": "12345678" }),
        json!({ "type": "question", "question": "12345678", "suite": "OCRA-1:HOTP-SHA256-8:QN08" }),
    ] {
        assert_outcome(&bank.ask(C, "S1", &order).await, "refused not_signable");
    }
    assert_outcome(&bank.ask(C, "S2", &transfer(1)).await, "refused not_bound");
    let me = logged_in("S1").right();
    let answer = bank.verify_as(C, "S1", &me, json!({ "code": "12345678" })).await;
    assert_eq!(answer["outcome"], "rejected", "a camera token has no passwords: {answer:#}");
}

/// A new payee that the screen has no place for is not signed unseen.
#[tokio::test(flavor = "multi_thread")]
async fn new_payees_are_shown_or_the_batch_is_refused() {
    let bank = open_with("[challenge]\nitems = 2").await;
    let token = &mut signer(&bank).await;
    let vectors: Value = serde_json::from_str(VECTORS).expect("JSON");
    let records = records(&vectors);
    let answer = bank.ask(C, "S1", &batch(&records, &[])).await;
    assert_outcome(&answer, "refused too_many_new_payees");
    let answer = bank.sign(C, "S1", token, &batch(&records, &["0138-201-1-1234567"])).await;
    let items = answer["operation"]["items"].as_array().expect("items");
    let amounts: Vec<_> = items.iter().map(|item| item["amount"].as_u64()).collect();
    assert_eq!(amounts, [Some(880_000), Some(16_000)], "{answer:#}");
    assert_eq!(answer["operation"]["count"], 3, "all are signed: {answer:#}");
}

/// What is made for one-time passwords has no use for it, and costs it nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_camera_token_is_no_password_generator() {
    let bank = open().await;
    let mut tokens = bank.cameras(C, CAMERA, 2).await;
    let [active, new] = tokens.as_mut_slice() else { fail("two tokens") };
    bank.activate(C, "S1", active).await;
    for token in [active.serial(), new.serial()] {
        let told = bank.fe.verdict(token, "123456").await;
        assert_ne!(told, "accepted", "{token}");
        let path = format!("/v1/tokens/{token}/resync");
        let body = json!({ "codes": ["123456", "654321"] });
        let answer = bank.post(&bank.staff, &path, &body).await;
        assert_outcome(&answer, "rejected wrong_kind_of_code");
        let path = format!("/v1/contracts/{C}/users/S2/registrations");
        let body = json!({ "serial": token, "serial_again": token, "code": "123456" });
        let answer = bank.post(&bank.fe, &path, &logged_in("S2").into_body(body)).await;
        assert_outcome(&answer, "rejected wrong_kind_of_code");
        let order = json!({ "type": "register", "serial": token, "serial_again": token });
        assert_outcome(&bank.ask(C, "S2", &order).await, "refused not_signable");
        let token = bank.get(&bank.staff, &format!("/v1/tokens/{token}")).await;
        assert_eq!((&token["algorithm"], &token["status"]), (&json!("txa1"), &json!("active")));
        assert_eq!(token["camera"]["wrong_codes"], 0, "{token:#}");
    }
    let order = json!({ "type": "deactivate", "serial": new.serial() });
    assert_outcome(&bank.ask(C, "S2", &order).await, "refused nothing_to_initialise");
    let answer = bank.start_activation(C, "S1", new.serial()).await;
    assert_outcome(&answer, "refused already_registered");
    let answer = bank.issue(new.serial(), C, Some("S2"), &Actor::paper()).await;
    assert_outcome(&answer, "done");
    let answer = bank.start_activation(C, "M1", new.serial()).await;
    assert_outcome(&answer, "refused not_issued_to_user");
    bank.activate(C, "S2", new).await;
    bank.sign(C, "S1", active, &json!({ "type": "admin", "text": "TEST" })).await;
    bank.sign(C, "S2", new, &json!({ "type": "admin", "text": "TEST" })).await;
}

/// A lost answer must not force a second signature.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_answer_is_the_same_answer() {
    let bank = open().await;
    let token = &mut signer(&bank).await;
    let asked = bank.ask(C, "S1", &transfer(10_000)).await;
    let (_, eight) = token.sign(&asked);
    let id = asked["challenge"].as_str().expect("a challenge");
    let path = format!("/v1/contracts/{C}/users/S1/challenges/{id}/verify");
    let body = logged_in("S1").into_body(json!({ "code": eight })).to_string();
    let headers = [JSON[0], ("idempotency-key", "furikomi-1")];
    let mut answers = Vec::new();
    for _ in 0..3 {
        let reply = bank.fe.request(Method::POST, &path, &headers, body.clone().into()).await;
        answers.push(reply.expect_status(200).json());
    }
    assert_outcome(&answers[0], "accepted");
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    let again = bank.answer(C, "S1", &asked, &eight).await;
    assert_outcome(&again, "rejected already_used");
}

/// Codes of an activation are nothing in the next one, on either side.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_outlives_an_activation() {
    let bank = open().await;
    let mut steps = Steps::of("銀行000 再登録のあと");
    let token = &mut signer(&bank).await;
    let before = bank.ask(C, "S1", &transfer(10_000)).await;
    let (_, eight) = token.sign(&before);
    assert_outcome(&bank.initialise(C, token.serial(), &Actor::paper()).await, "done");
    bank.activate(C, "S1", token).await;

    steps.step("R93", "以前の登録の二次元コードは読み取れない");
    assert_eq!(token.scan(&before), Err(Refusal::OtherInstance));
    token.right();
    assert_outcome(&bank.answer(C, "S1", &before, &eight).await, "rejected expired");
    let after = bank.ask(C, "S1", &transfer(10_000)).await;
    assert_outcome(&bank.answer(C, "S1", &after, &eight).await, "rejected bad_code");
    let (_, eight) = token.sign(&after);
    assert_outcome(&bank.answer(C, "S1", &after, &eight).await, "accepted");

    steps.step("R9", "番号の有効時間は300秒");
    let late = bank.ask(C, "S1", &transfer(10_000)).await;
    let (_, eight) = token.sign(&late);
    bank.advance_minutes(5);
    assert_outcome(&bank.answer(C, "S1", &late, &eight).await, "rejected expired");
}
