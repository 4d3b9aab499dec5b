//! トランザクション認証利用開始登録: the pages of the bank beside the screens of the token, once as the
//! manual wants it, and with every mistake that it warns of.
//!
//! Not responsible for: activations that come to no end (`unfinished`), sharing (`sharing`).

use std::time::Duration;

use e2e::{
    CameraToken,
    caller::JSON,
    camera::{misread, other_device_code},
    lifecycle::{
        Actor, Bank, Steps, assert_decision, assert_outcome, assert_shown, logged_in, outcome,
    },
    process::fail,
};
use http::Method;
use serde_json::{Value, json};
use warifu_token::camera::{Button, Hold};

use super::{C, CAMERA, open};

#[tokio::test(flavor = "multi_thread")]
async fn the_manual_of_the_first_activation() {
    let bank = open().await;
    let mut steps = Steps::of("銀行000 利用開始登録");
    let old = bank.stock_one("hard", "0123456789").await;
    bank.issue("0123456789", C, Some("S1"), &Actor::paper()).await;
    let registered = json!({
        "actor": { "user": "S1" },
        "serial": old.serial,
        "serial_again": old.serial,
        "code": bank.code(&old),
    });
    let path = format!("/v1/contracts/{C}/users/S1/registrations");
    assert_outcome(&bank.post(&bank.fe, &path, &registered).await, "done");
    let mut tokens = bank.cameras(C, CAMERA, 2).await;
    before(&bank, &mut steps, &mut tokens).await;
    let token = &mut tokens[0];
    let first = the_first_code(&bank, &mut steps, token).await;
    let second = the_twelve_digits(&bank, &mut steps, token, &first).await;
    the_eight_digits(&bank, &mut steps, token, &second).await;
    done_and_yes(&bank, &mut steps, token);
    after(&bank, &mut steps, token).await;
}

async fn before(bank: &Bank, steps: &mut Steps, tokens: &mut [CameraToken]) {
    steps.step("R82", "新しいトークンだけを案内する: 利用開始登録済みのトークンはまだない");
    let status = bank.status(C, "S1", "").await;
    assert_eq!(status["camera_screen"], "first", "{status:#}");
    assert_shown(&status, "may_skip");
    assert_eq!(bank.camera_tokens(C).await, Vec::<Value>::new());

    steps.step("R83", "承認権限のあるユーザでログインされた時のみ");
    let status = bank.status(C, "S1", "unprotected").await;
    assert_eq!(status["camera_screen"], "nothing", "{status:#}");
    let serial = tokens[0].serial().to_owned();
    let mut body = json!({ "serial": serial, "serial_again": serial });
    let answer = bank.start_activation_with(C, "S1", body.clone()).await;
    assert_outcome(&answer, "refused approval_right_required");
    body["may_approve"] = json!(true);
    let path = format!("/v1/contracts/{C}/users/S1/activations");
    let others = logged_in("K1").into_body(body.clone());
    let answer = bank.post(&bank.fe, &path, &others).await;
    assert_outcome(&answer, "refused actor_not_allowed");
    let answer = bank.post(&bank.staff, &path, &Actor::paper().into_body(body)).await;
    assert_outcome(&answer, "refused actor_not_allowed");

    steps.step("R6", "シリアル番号(半角数字2桁・7桁・1桁)を2回入力");
    for (typed, again) in
        [(serial.as_str(), "0112345678"), (&serial, ""), ("112345679", "112345679")]
    {
        let body = json!({ "serial": typed, "serial_again": again, "may_approve": true });
        let reply =
            bank.send(&bank.fe, Method::POST, &path, &logged_in("S1").into_body(body)).await;
        assert_eq!(reply.expect_status(422).problem(), "invalid_field", "{typed} {again}");
    }
    let answer = bank.start_activation(C, "S1", "0999999999").await;
    assert_outcome(&answer, "rejected not_accepted");

    steps.step("R96", "[DP020] このトークンは利用開始登録されていません");
    let info = tokens[1].info();
    assert_eq!(info.id, Some("DP020"), "{info}");
    assert_eq!(info.lines[0], "このトークンは利用開始登録されていません");

    steps.step("R14", "2秒間長押しで電源オン・オフ");
    assert_eq!(tokens[1].hold(Button::Power, Hold(1)).stage, "camera");
    assert_eq!(tokens[1].hold(Button::Power, Hold(2)).stage, "off");
    assert_eq!(tokens[1].hold(Button::Power, Hold(2)).stage, "camera");
}

async fn the_first_code(bank: &Bank, steps: &mut Steps, token: &mut CameraToken) -> Value {
    steps.step("R85 R10", "<二次元コード>を読み取る: トークン認証コード(12桁)");
    let first = bank.start_activation(C, "S1", token.serial()).await;
    assert_outcome(&first, "done");
    assert_eq!(first["step"], "device_code");
    assert_eq!(first["serial"], token.serial());
    assert_eq!(first["expires_at"], "2026-10-01T01:10:00Z", "{first:#}");
    assert_eq!(first["message"]["version"], 5, "small enough for a telephone's screen");
    let screen = token.photograph(&first).expect("the picture is readable");
    assert_eq!(screen.code.as_deref().map(str::len), Some(12), "{screen}");
    assert!(screen.lines.contains(&"金融機関 0144".to_owned()), "{screen}");
    assert_eq!(token.serial(), first["serial"]);

    steps.step("R13", "15秒で暗転、いずれかのボタンで再表示");
    bank.clock.advance(Duration::from_secs(15));
    assert!(token.screen().dark);
    assert_eq!(token.hold(Button::Right, Hold(0)).code, screen.code, "nothing is lost by it");
    let path = path("S1", &first, "");
    let again = bank.get(&bank.fe, &path).await;
    assert_eq!(again["message"], first["message"], "the page can be shown again");
    first
}

async fn the_twelve_digits(
    bank: &Bank,
    steps: &mut Steps,
    token: &mut CameraToken,
    first: &Value,
) -> Value {
    steps.step("R86", "[DP007] 入力されたコードは認証されましたか?");
    let code = token.screen().code.expect("12 digits");
    let second = bank.device_code(C, "S1", first, &code).await;
    assert_outcome(&second, "done");
    assert_eq!(second["step"], "confirm_code");
    assert_eq!(second["activation"], first["activation"]);
    let screen = token.right();
    assert_eq!(screen.id, Some("DP007"), "{screen}");
    assert_eq!(token.left().code, Some(code), "no: the digits again");
    token.right();

    steps.step("R87", "[DP008] <二次元コード>を読み取ってください (Continue)");
    let screen = token.right();
    assert_eq!((screen.id, screen.right), (Some("DP008"), Some("続ける Continue")));
    let screen = token.photograph(&second).expect("the second picture is readable");
    assert!(screen.lines.contains(&"利用者 S1".to_owned()), "{screen}");
    second
}

async fn the_eight_digits(bank: &Bank, steps: &mut Steps, token: &mut CameraToken, second: &Value) {
    steps.step("R88", "8桁を入力 → 認証確認");
    let code = token.screen().code.expect("8 digits");
    assert_eq!(code.len(), 8);
    let end = bank.confirm(C, "S1", second, &code).await;
    assert_outcome(&end, "done");
    assert_eq!(end["step"], "active");
    assert_eq!(end["token_code"].as_str().map(str::len), Some(6), "{end:#}");
    let again = bank.confirm(C, "S1", second, &code).await;
    assert_outcome(&again, "refused no_challenge");

    steps.step("R99", "ワンタイムパスワードのパスワード生成機は破棄する");
    assert_eq!(end["retire_otp"], "offer", "{end:#}");
    let user = bank.show_user(C, "S1").await;
    assert_eq!(user["serial"], "0123456789", "it still works until then: {user:#}");
}

fn done_and_yes(bank: &Bank, steps: &mut Steps, token: &mut CameraToken) {
    steps.step("R90", "90秒以内にDone");
    bank.clock.advance(Duration::from_secs(90));
    assert!(!token.is_active());
    let screen = token.right();
    assert_eq!(screen.id, Some("DP011"), "{screen}");

    steps.step("R91", "その後40秒以内にYes [DP011]");
    bank.clock.advance(Duration::from_secs(40));
    assert!(!token.is_active());
    let screen = token.right();

    steps.step("R92", "The device is activated. / トークンの設定が完了しました");
    assert_eq!(screen.lines, ["トークンの設定が完了しました。", "The device is activated."]);
    assert!(token.is_active());
    token.right();
}

async fn after(bank: &Bank, steps: &mut Steps, token: &mut CameraToken) {
    steps.step("R81", "トークンコード: 利用中のトークンだけ");
    let listed = bank.camera_tokens(C).await;
    let [item] = listed.as_slice() else { fail(&format!("one token is active: {listed:#?}")) };
    assert_eq!(item["serial"], token.serial());
    assert_eq!((&item["users"], &item["status"]), (&json!(1), &json!("active")), "{item:#}");
    let info = token.info();
    let shown = format!("トークンコード {}", item["token_code"].as_str().unwrap_or_default());
    assert!(info.lines.contains(&shown), "{info}");

    steps.step("R82", "利用開始登録のあとは案内しない");
    let status = bank.status(C, "S1", "").await;
    assert_eq!(status["camera_screen"], "nothing", "{status:#}");
    assert_shown(&status, "nothing");
    let camera = bank.show_user(C, "S1").await["camera"].clone();
    assert_eq!(camera["state"], "active_unproven", "{camera:#}");
    assert_eq!(camera["login_id"], "S1", "{camera:#}");
    assert_eq!(camera["token_code"], item["token_code"], "{camera:#}");
    let others = bank.status(C, "S2", "").await;
    assert_eq!(others["camera_screen"], "choose", "{others:#}");

    steps.step("R12", "電池式: トークンは時計を持たない");
    bank.advance_minutes(60 * 24 * 400);
    let answer = bank.sign(C, "S1", token, &json!({ "type": "admin", "text": "TEST" })).await;
    assert_eq!(answer["operation"], json!({ "type": "admin", "text": "TEST" }));
    let answer = bank.authorize(C, "S1", json!({ "class": "transfer_single" })).await;
    assert_decision(&answer, "required transaction_signature");
}

/// What is typed into the wrong field, or mistyped, is no try.
#[tokio::test(flavor = "multi_thread")]
async fn r89_codes_of_another_kind_and_mistyped_ones_cost_nothing() {
    let bank = open().await;
    let mut steps = Steps::of("銀行000 コードの取り違え");
    let token = &mut bank.cameras(C, CAMERA, 1).await[0];
    let first = bank.start_activation(C, "S1", token.serial()).await;
    let twelve = token.device_code(&first);

    steps.step("R89", "12桁と8桁の取り違えは回数に数えない");
    for typed in ["12345678", "1234567890", "1234567890123", "12345678901a", ""] {
        let answer = bank.device_code(C, "S1", &first, typed).await;
        assert_outcome(&answer, "rejected wrong_kind_of_code");
        assert_eq!(answer["tries_left"], 5, "{answer:#}");
    }
    let answer = bank.device_code(C, "S1", &first, &misread(&twelve)).await;
    assert_outcome(&answer, "rejected typo");
    assert_eq!(answer["tries_left"], 5, "{answer:#}");
    let answer = bank.confirm(C, "S1", &first, "12345678").await;
    assert_outcome(&answer, "refused wrong_kind_of_code");

    steps.step("R95", "認証エラー…再度ご入力ください");
    let answer = bank.device_code(C, "S1", &first, &other_device_code(&twelve)).await;
    assert_outcome(&answer, "rejected bad_code");
    assert_eq!(answer["tries_left"], 4, "{answer:#}");
    let second = bank.device_code(C, "S1", &first, &twelve).await;
    assert_outcome(&second, "done");
    let eight = token.confirm_code(&second);

    steps.step("R89", "2つ目の画面でも同じ");
    for typed in [twelve.as_str(), "123456", "123456789"] {
        let answer = bank.confirm(C, "S1", &second, typed).await;
        assert_outcome(&answer, "rejected wrong_kind_of_code");
        assert_eq!(answer["tries_left"], 5, "{answer:#}");
    }
    let answer = bank.device_code(C, "S1", &second, &twelve).await;
    assert_outcome(&answer, "refused wrong_kind_of_code");
    let answer = bank.confirm(C, "S1", &second, &misread(&eight)).await;
    assert_outcome(&answer, "rejected bad_code");
    assert_eq!(answer["tries_left"], 4, "{answer:#}");
    assert_outcome(&bank.confirm(C, "S1", &second, &eight).await, "done");
    token.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn r95_five_wrong_codes_end_a_step() {
    let bank = open().await;
    let mut steps = Steps::of("銀行000 5回の誤り");
    let token = &mut bank.cameras(C, CAMERA, 1).await[0];

    steps.step("R95", "12桁を5回間違えると最初から");
    let first = bank.start_activation(C, "S1", token.serial()).await;
    let twelve = token.device_code(&first);
    for left in [4, 3, 2, 1, 0] {
        let answer = bank.device_code(C, "S1", &first, &other_device_code(&twelve)).await;
        assert_outcome(&answer, "rejected bad_code");
        assert_eq!(answer["tries_left"], left, "{answer:#}");
    }
    let answer = bank.device_code(C, "S1", &first, &twelve).await;
    assert_outcome(&answer, "refused no_challenge");
    assert_eq!(bank.camera_state(token.serial()).await, "ready");

    steps.step("R93 R95", "8桁を5回間違えると初期化が必要");
    token.restart();
    let first = bank.start_activation(C, "S1", token.serial()).await;
    let second = bank.device_code(C, "S1", &first, &token.device_code(&first)).await;
    let eight = token.confirm_code(&second);
    for left in [4, 3, 2, 1, 0] {
        let answer = bank.confirm(C, "S1", &second, &misread(&eight)).await;
        assert_outcome(&answer, "rejected bad_code");
        assert_eq!(answer["tries_left"], left, "{answer:#}");
    }
    let answer = bank.confirm(C, "S1", &second, &eight).await;
    assert_outcome(&answer, "refused init_required");
    assert_eq!(bank.camera_state(token.serial()).await, "init_required");
    let answer = bank.start_activation(C, "S1", token.serial()).await;
    assert_outcome(&answer, "refused init_required");
}

/// Guessing over many activations locks the token.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_wrong_codes_over_all_activations_lock_the_token() {
    let bank = open().await;
    let token = &mut bank.cameras(C, CAMERA, 1).await[0];
    for round in 1..=4 {
        token.restart();
        let first = bank.start_activation(C, "S1", token.serial()).await;
        assert_outcome(&first, "done");
        let twelve = token.device_code(&first);
        for n in 1..=5 {
            let answer = bank.device_code(C, "S1", &first, &other_device_code(&twelve)).await;
            assert_eq!(outcome(&answer), "rejected bad_code", "{round}.{n}: {answer:#}");
        }
    }
    let answer = bank.start_activation(C, "S1", token.serial()).await;
    assert_outcome(&answer, "refused token_locked");
}

/// A lost answer begins nothing anew; pictures are as wished.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_page_is_the_same_page() {
    const OTHER: &str = "HOKUGIN-2";
    let bank = open().await;
    let token = &mut bank.cameras(C, CAMERA, 1).await[0];
    let body_of = |image: &str| {
        let serial = token.serial();
        let body = json!({ "serial": serial, "serial_again": serial, "may_approve": true, "image": image });
        logged_in("S1").into_body(body).to_string()
    };
    let headers = [JSON[0], ("idempotency-key", "touroku-1")];
    let start = format!("/v1/contracts/{C}/users/S1/activations");
    let mut answers = Vec::new();
    for _ in 0..2 {
        let body = body_of("svg").into();
        let reply = bank.fe.request(Method::POST, &start, &headers, body).await;
        answers.push(reply.expect_status(200).json());
    }
    assert_outcome(&answers[0], "done");
    assert_eq!(answers[0], answers[1]);
    let first = &answers[0];
    assert_eq!(first["message"]["format"], "svg");
    let second = bank.device_code(C, "S1", first, &token.device_code(first)).await;
    let shown = bank.get(&bank.fe, &path("S1", &second, "?image=none")).await;
    assert_eq!(shown["message"]["text"], second["message"]["text"]);
    assert_eq!((shown["message"].get("image"), shown["message"].get("format")), (None, None));
    assert_eq!(shown["step"], "confirm_code");
    let others = bank.get(&bank.fe, &path("S2", &second, "")).await;
    assert_outcome(&others, "refused not_bound");
    bank.contract(OTHER, "2026-10-01T00:00:00+09:00", "").await;
    bank.user(OTHER, "S1", "general").await;
    let elsewhere = path("S1", &second, "").replace(C, OTHER);
    assert_eq!(bank.fe.get(&elsewhere).await.expect_status(404).problem(), "not_found");
    let eight = token.confirm_code(&second);
    assert_outcome(&bank.confirm(C, "S1", &second, &eight).await, "done");
    token.finish();
    assert_outcome(&bank.skip(C, "S1").await, "refused already_registered");
}

/// Where the path of an activation's page leads.
fn path(user: &str, activation: &Value, page: &str) -> String {
    let id = activation["activation"].as_str().unwrap_or_default();
    format!("/v1/contracts/{C}/users/{user}/activations/{id}{page}")
}
