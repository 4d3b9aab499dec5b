//! 手順2: a user takes part in a token that others use: its token code, one code to scan, one number.
//!
//! Not responsible for: the first user's activation (`activation`).

use e2e::{
    CameraToken,
    lifecycle::{Bank, Steps, assert_decision, assert_outcome, logged_in},
    process::fail,
};
use serde_json::{Value, json};
use warifu_token::camera::Button;

use super::{C, CAMERA, open};

#[tokio::test(flavor = "multi_thread")]
async fn the_manual_of_the_second_user() {
    let bank = open().await;
    let mut steps = Steps::of("銀行000 共有登録");
    let mut tokens = bank.cameras(C, CAMERA, 2).await;
    let code = bank.activate(C, "S1", &mut tokens[0]).await["token_code"].clone();
    let code = code.as_str().expect("a token code").to_owned();
    who_may(&bank, &mut steps, &code).await;
    one_code_one_number(&bank, &mut steps, &mut tokens[0], &code).await;
    several_tokens(&bank, &mut steps, &mut tokens).await;
}

async fn who_may(bank: &Bank, steps: &mut Steps, code: &str) {
    steps.step("R82", "利用開始登録済みのトークンか新しいトークンかを選ぶ");
    let status = bank.status(C, "S2", "").await;
    assert_eq!(status["camera_screen"], "choose", "{status:#}");

    steps.step("R83", "承認権限のないユーザは共有もできない");
    for order in [
        json!({ "type": "share", "token_code": code }),
        json!({ "type": "share", "token_code": code, "may_approve": false }),
    ] {
        let answer = bank.ask(C, "S2", &order).await;
        assert_outcome(&answer, "refused approval_right_required");
    }
    for token in ["000000", "999999"] {
        let order = json!({ "type": "share", "token_code": token, "may_approve": true });
        if token != code {
            assert_outcome(&bank.ask(C, "S2", &order).await, "refused not_this_contract");
        }
    }
    let order = json!({ "type": "share", "token_code": code, "may_approve": true });
    let answer = bank.ask(C, "S1", &order).await;
    assert_outcome(&answer, "refused already_registered");
    let answer = bank.start_activation(C, "S2", CAMERA).await;
    assert_outcome(&answer, "refused serial_in_use");
}

async fn one_code_one_number(bank: &Bank, steps: &mut Steps, token: &mut CameraToken, code: &str) {
    steps.step("R97", "電源ON → カメラ → 8桁 → 認証確認");
    token.press(Button::Power);
    token.press(Button::Power);
    let order = json!({
        "type": "share", "token_code": code, "may_approve": true, "login_id": "HANAKODT",
    });
    let asked = bank.ask(C, "S2", &order).await;
    assert_outcome(&asked, "done");
    let screen = token.photograph(&asked);
    let (lines, eight) = token.read(screen);
    token.right();
    assert_eq!(lines[0], "【トークン共有登録】");
    assert!(lines.contains(&"利用者 HANAKODT".to_owned()), "{lines:#?}");
    let answer = bank.answer(C, "S1", &asked, &eight).await;
    assert_outcome(&answer, "rejected not_bound");
    let answer = bank.answer(C, "S2", &asked, &eight).await;
    assert_outcome(&answer, "accepted");
    assert_eq!(answer["operation"], json!({ "type": "share", "login_id": "HANAKODT" }));
    let camera = bank.show_user(C, "S2").await["camera"].clone();
    assert_eq!(camera["login_id"], "HANAKODT", "{camera:#}");
    assert_eq!(camera["state"], "active", "sharing proves that it works: {camera:#}");
    let listed = bank.camera_tokens(C).await;
    assert_eq!(listed[0]["users"], 2, "{listed:#?}");
    let history = bank.history(token.serial()).await;
    assert_eq!(history["users"], json!(["S1", "S2"]), "{history:#}");
    assert_eq!(bank.status(C, "S2", "").await["camera_screen"], "nothing");

    steps.step("R97 R100", "それぞれのユーザの名前で署名する");
    let admin = json!({ "type": "admin", "text": "TEST" });
    for (user, name) in [("S1", "S1"), ("S2", "HANAKODT")] {
        let asked = bank.ask(C, user, &admin).await;
        let (lines, eight) = token.sign(&asked);
        assert!(lines.contains(&format!("利用者 {name}")), "{lines:#?}");
        let other = if user == "S1" { "S2" } else { "S1" };
        let answer = bank.answer(C, other, &asked, &eight).await;
        assert_outcome(&answer, "rejected not_bound");
        assert_outcome(&bank.answer(C, user, &asked, &eight).await, "accepted");
    }
    let answer = bank.authorize(C, "S2", json!({ "class": "batch_approve" })).await;
    assert_decision(&answer, "required transaction_signature");
}

async fn several_tokens(bank: &Bank, steps: &mut Steps, tokens: &mut [CameraToken]) {
    steps.step("R81", "トークンが複数あるときはトークンコードで選ぶ");
    let nameless = json!({ "type": "share", "may_approve": true });
    let [first, second] = tokens else { fail("two tokens") };
    let alone = bank.ask(C, "K1", &nameless).await;
    assert_outcome(&alone, "done");
    assert_eq!(alone["serial"], first.serial(), "the only one needs no name");
    bank.activate(C, "M1", second).await;
    assert_outcome(&bank.ask(C, "K1", &nameless).await, "refused not_this_contract");
    let listed = bank.camera_tokens(C).await;
    let of = |token: &CameraToken| -> Value {
        let item = listed.iter().find(|item| item["serial"] == token.serial());
        item.unwrap_or_else(|| fail(&format!("{}: {listed:#?}", token.serial())))["token_code"]
            .clone()
    };
    assert_ne!(of(first), of(second));
    let code = of(second).as_str().expect("a token code").to_owned();
    bank.share(C, "K1", second, &code).await;
    assert_eq!(bank.show_user(C, "K1").await["camera"]["serial"], second.serial());

    steps.step("R76", "シリアル番号でも選べる");
    bank.user(C, "S3", "general").await;
    let by_serial = json!({ "type": "share", "serial": first.serial(), "may_approve": true });
    bank.sign(C, "S3", first, &by_serial).await;
    let path = format!("/v1/contracts/{C}/users/S3/challenges");
    let both = json!({ "operation": {
        "type": "share", "serial": first.serial(), "token_code": code, "may_approve": true,
    } });
    let reply =
        bank.send(&bank.fe, http::Method::POST, &path, &logged_in("S3").into_body(both)).await;
    assert_eq!(reply.expect_status(422).problem(), "invalid_field");
}
