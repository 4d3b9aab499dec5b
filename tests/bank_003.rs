//! Bank 003: the manual from the first page to the last. Users order tokens online, soft or hard, show
//! a code at login, and give their tokens up themselves.
//!
//! Not responsible for: who may do what in every constellation (`actors.rs`).
#![forbid(unsafe_code)]

use e2e::{
    TestToken,
    clock::at,
    lifecycle::{
        Actor, Bank, Steps, assert_decision, assert_outcome, assert_row, assert_shown, decision,
        outcome, row,
    },
};
use jiff::Timestamp;
use serde_json::{Value, json};

const C: &str = "KUMIAI-3";

#[tokio::test(flavor = "multi_thread")]
async fn the_manual_of_bank_003() {
    let bank = Bank::open("bank-003").await;
    let mut steps = Steps::of("銀行003");
    bank.contract(C, "2026-10-01T00:00:00+09:00", "").await;
    bank.user(C, "U1", "master").await;
    bank.user(C, "U2", "general").await;
    let token = ordering(&bank, &mut steps).await;
    registration(&bank, &mut steps, &token).await;
    at_login(&bank, &mut steps, &token).await;
    stopped(&bank, &mut steps, &token).await;
    let bank = bank.kill_and_restart().await;
    unlocked(&bank, &mut steps, &token).await;
    given_up(&bank, &mut steps, &token).await;
    soft_token(&bank, &mut steps).await;
    another_phone(&bank, &mut steps).await;
    soft_to_hard(&bank, &mut steps).await;
    expiry(&bank, &mut steps).await;
    history(&bank, &mut steps).await;
}

async fn ordering(bank: &Bank, steps: &mut Steps) -> TestToken {
    steps.step("R18 R74", "未登録: 発行より前に利用開始登録はできない");
    assert_row(&bank.show_user(C, "U1").await, "unregistered available");
    let token = bank.stock_one("hard", "23880118").await;
    let me = Actor::user("U1");
    let answer = bank.register(C, "U1", &me, &token, &bank.code(&token)).await;
    assert_outcome(&answer, "rejected not_accepted");
    let login = bank.authorize(C, "U1", json!({ "class": "login" })).await;
    assert_eq!(decision(&login), "not_required", "who has no token gets in to order one");
    assert_shown(&bank.status(C, "U1", "").await, "must_register");

    steps.step("R16", "トークン発行(ハードウェアトークン): 確認用パスワード → 受付");
    for by in [Actor::user("U1"), Actor::user("U1").wrong()] {
        let answer = bank.order(C, "U1", &by, "hard").await;
        assert_outcome(&answer, "refused confirmation_required");
    }
    let other = bank.order(C, "U2", &Actor::user("U1").right(), "hard").await;
    assert_eq!(outcome(&other), "refused actor_not_allowed", "お客様自身で: {other:#}");
    let camera = bank.order(C, "U1", &me.clone().right(), "camera").await;
    assert_outcome(&camera, "refused kind_not_allowed");
    let answer = bank.order(C, "U1", &me.right(), "hard").await;
    assert_outcome(&answer, "done");
    let detail = bank.show_user(C, "U1").await;
    assert_eq!((&detail["ordered"], &detail["state"]), (&json!("hard"), &json!("unregistered")));
    assert_eq!(time(&detail["ordered_at"]), bank.clock.timestamp());

    steps.step("R17", "登録済みの住所に送付: 発行 → トークン発行済");
    bank.advance_minutes(24 * 60);
    let sent = Actor::staff().reason("オンライン発行 発送").reference("郵便-000123");
    let answer = bank.issue("23880118", C, Some("U1"), &sent).await;
    assert_outcome(&answer, "done");
    let detail = bank.show_user(C, "U1").await;
    assert_row(&detail, "issued available 23880118 2031-09-30 08:00");
    assert_eq!(detail.get("ordered"), None, "{detail:#}");
    let again = bank.order(C, "U1", &Actor::user("U1").right(), "hard").await;
    assert_outcome(&again, "refused already_issued");
    token
}

async fn registration(bank: &Bank, steps: &mut Steps, token: &TestToken) {
    steps.step("R5 R20 R27", "利用開始登録: シリアル番号とワンタイムパスワード");
    let neighbour = bank.register(C, "U2", &Actor::user("U2"), token, &bank.fresh(token)).await;
    assert_outcome(&neighbour, "refused not_issued_to_user");
    let me = Actor::user("U1");
    let wrong = bank.register(C, "U1", &me, token, &bank.wrong(token)).await;
    assert_outcome(&wrong, "rejected not_accepted");
    let answer = bank.register(C, "U1", &me, token, &bank.code(token)).await;
    assert_outcome(&answer, "done");
    let told = ["serial", "kind", "state", "expires_local"].map(|field| answer[field].as_str());
    assert_eq!(told, ["23880118", "hard", "in_service", "2031-09-30 08:00"].map(Some));

    steps.step("R74", "未登録 → トークン発行済 → サービス利用中");
    let list = bank.list_users(C, "state=in_service").await;
    assert_eq!(
        list.iter().map(row).collect::<Vec<_>>(),
        ["in_service available 23880118 2031-09-30 08:00"]
    );
    let again = bank.order(C, "U1", &me.right(), "hard").await;
    assert_outcome(&again, "refused already_registered");
}

async fn at_login(bank: &Bank, steps: &mut Steps, token: &TestToken) {
    steps.step("R24", "次回のログインからワンタイムパスワードの入力が必要");
    let login = bank.authorize(C, "U1", json!({ "class": "login" })).await;
    assert_decision(&login, "required otp");
    let before = "2026-10-02T09:00:00+09:00";
    let session = json!({ "class": "transfer_single", "logged_in_at": before });
    let transfer = bank.authorize(C, "U1", session).await;
    assert_eq!(decision(&transfer), "required otp", "a registration makes nothing easier");
    let neighbour = bank.authorize(C, "U2", json!({ "class": "login" })).await;
    assert_decision(&neighbour, "not_required");

    steps.step("R1 R3", "1分毎に変わるパスワード、一度使用したパスワードは無効");
    let code = bank.fresh(token);
    let body = |code: &str| json!({ "code": code, "class": "login" });
    let me = Actor::user("U1").right().login("password");
    assert_outcome(&bank.verify_as(C, "U1", &me, body(&code)).await, "accepted");
    assert_outcome(&bank.verify_as(C, "U1", &me, body(&code)).await, "rejected reused");
    bank.clock.advance(std::time::Duration::from_secs(59));
    assert_eq!(bank.code(token), code, "{}", bank.clock.timestamp());
    let next = bank.fresh(token);
    assert_ne!(next, code);
    assert_outcome(&bank.verify_as(C, "U1", &me, body(&next)).await, "accepted");
}

async fn stopped(bank: &Bank, steps: &mut Steps, token: &TestToken) {
    steps.step("R42 R43", "一定回数以上連続して間違えると、以降ログインができなくなる");
    assert_eq!(bank.lock(C, "U1", token).await, 5);
    assert_shown(&bank.status(C, "U1", "").await, "locked blocked locked");
    let login = bank.authorize(C, "U1", json!({ "class": "login" })).await;
    assert_decision(&login, "denied locked");
    let answer = bank.verify_user(C, "U1", &bank.fresh(token)).await;
    assert_outcome(&answer, "rejected locked");
}

async fn unlocked(bank: &Bank, steps: &mut Steps, token: &TestToken) {
    steps.step("R50", "当組合にて停止状態の解除");
    assert_shown(&bank.status(C, "U1", "").await, "locked blocked locked");
    for user in ["U1", "U2"] {
        let answer = bank.unlock(C, &["U1"], &Actor::user(user).right()).await;
        assert_eq!(outcome(&answer), "refused actor_not_allowed", "{user}: {answer:#}");
    }
    let answer = bank.unlock(C, &["U1"], &Actor::paper()).await;
    assert_outcome(&answer, "done");
    assert_shown(&bank.status(C, "U1", "").await, "nothing");
    steps.step("R55", "解除後は誤り回数が最初から数え直される");
    for n in 30..34 {
        let wrong = token.wrong_at(bank.clock.now(), n);
        let answer = bank.verify_user(C, "U1", &wrong).await;
        assert_outcome(&answer, "rejected not_accepted");
    }
    let answer = bank.verify_user(C, "U1", &bank.fresh(token)).await;
    assert_outcome(&answer, "accepted");
}

async fn given_up(bank: &Bank, steps: &mut Steps, token: &TestToken) {
    steps.step("R66", "利用解除: お客様自身で、確認用パスワードと(表示された場合は)OTP");
    let answer = bank.deactivate(C, "U1", &Actor::user("U1").right()).await;
    assert_outcome(&answer, "refused code_required");
    let by = Actor::user("U1").wrong().code(&bank.fresh(token));
    assert_outcome(&bank.deactivate(C, "U1", &by).await, "rejected not_accepted");
    let by = Actor::user("U1").right().code(&bank.fresh(token));
    let answer = bank.deactivate(C, "U1", &by).await;
    assert_eq!((outcome(&answer), &answer["state"]), ("done".to_owned(), &json!("unregistered")));
    assert_row(&bank.show_user(C, "U1").await, "unregistered available");
    let gone = bank.verify_user(C, "U1", &bank.fresh(token)).await;
    assert_outcome(&gone, "rejected not_registered");

    steps.step("R67", "利用解除したハードウェアトークンは再度同トークンでは利用できない");
    let me = Actor::user("U1");
    let answer = bank.register(C, "U1", &me, token, &bank.fresh(token)).await;
    assert_outcome(&answer, "refused needs_issue");

    steps.step("R68", "「発行」を行い「利用開始登録」を実施");
    let answer = bank.order(C, "U1", &me.clone().right(), "hard").await;
    assert_outcome(&answer, "done");
    bank.in_service(C, "U1", &me, token).await;
    assert_shown(&bank.status(C, "U1", "").await, "nothing");

    steps.step("R70", "ハード→ソフトへは切替できない");
    let by = Actor::user("U1").right().code(&bank.fresh(token));
    assert_outcome(&bank.deactivate(C, "U1", &by).await, "done");
    let answer = bank.order(C, "U1", &me.right(), "soft").await;
    assert_outcome(&answer, "refused kind_change_not_allowed");
    let soft = bank.stock_one("soft", "70000001").await;
    let answer = bank.issue(&soft.serial, C, Some("U1"), &Actor::paper()).await;
    assert_outcome(&answer, "refused kind_change_not_allowed");
    let answer = bank.issue(&soft.serial, C, None, &Actor::paper()).await;
    assert_outcome(&answer, "done");
    let answer = bank.register(C, "U1", &me_of("U1"), &soft, &bank.fresh(&soft)).await;
    assert_outcome(&answer, "refused kind_change_not_allowed");
}

async fn soft_token(bank: &Bank, steps: &mut Steps) {
    steps.step("R8 R31", "ソフトウェアトークンにもシリアル番号がある");
    let answer = bank.order(C, "U2", &Actor::user("U2").right(), "soft").await;
    assert_outcome(&answer, "done");
    let soft = bank.stock_one("soft", "700000022").await;
    bank.in_service(C, "U2", &me_of("U2"), &soft).await;
    let detail = bank.show_user(C, "U2").await;
    assert_eq!((&detail["kind"], &detail["serial"]), (&json!("soft"), &json!("700000022")));

    steps.step("R71", "機種変更: 旧端末で利用解除");
    let by = Actor::user("U2").right().code(&bank.fresh(&soft));
    assert_outcome(&bank.deactivate(C, "U2", &by).await, "done");
    let answer = bank.issue("700000022", C, Some("U2"), &Actor::paper()).await;
    assert_outcome(&answer, "refused new_seed_required");
}

async fn another_phone(bank: &Bank, steps: &mut Steps) {
    steps.step("R71", "機種変更: 新端末用に発行し利用開始登録");
    let answer = bank.order(C, "U2", &Actor::user("U2").right(), "soft").await;
    assert_outcome(&answer, "done");
    let soft = bank.stock_one("soft", "700000033").await;
    bank.in_service(C, "U2", &me_of("U2"), &soft).await;
    assert_outcome(&bank.verify_user(C, "U2", &bank.fresh(&soft)).await, "accepted");
    bank.set("2026-10-05T23:00:00+09:00");
    let by = Actor::user("U2").right().code(&bank.code(&soft));
    assert_outcome(&bank.deactivate(C, "U2", &by).await, "done");
}

async fn soft_to_hard(bank: &Bank, steps: &mut Steps) {
    steps.step("R69 R70", "ソフト→ハードは可、翌日以降に利用開始手続き");
    let me = me_of("U2");
    let answer = bank.order(C, "U2", &me.clone().right(), "hard").await;
    assert_outcome(&answer, "done");
    let expiry = at("2026-11-30T14:05:00+09:00");
    let hard = bank.stock_until("hard", &["238801186"], expiry).await.remove(0);
    let answer = bank.issue("238801186", C, Some("U2"), &Actor::paper()).await;
    assert_outcome(&answer, "done");
    for time_of_day in ["2026-10-05T23:01:00+09:00", "2026-10-05T23:59:59+09:00"] {
        bank.set(time_of_day);
        let answer = bank.register(C, "U2", &me, &hard, &bank.code(&hard)).await;
        assert_eq!(outcome(&answer), "refused not_before", "{time_of_day}: {answer:#}");
        assert_eq!(time(&answer["not_before"]), at("2026-10-06T00:00:00+09:00"));
    }
    bank.set("2026-10-06T00:00:00+09:00");
    let answer = bank.register(C, "U2", &me, &hard, &bank.code(&hard)).await;
    assert_outcome(&answer, "done");
    expires(bank, steps, &hard).await;
}

async fn expires(bank: &Bank, steps: &mut Steps, hard: &TestToken) {
    steps.step("R7 R104", "有効期限 2026年11月30日 14時05分まで、分単位");
    let line = row(&bank.show_user(C, "U2").await);
    assert_eq!(line, "in_service available 238801186 2026-11-30 14:05");
    bank.set("2026-11-30T14:05:00+09:00");
    let last = bank.verify_user(C, "U2", &bank.code(hard)).await;
    assert_outcome(&last, "accepted");
    bank.set("2026-11-30T14:05:01+09:00");
    let late = bank.verify_user(C, "U2", &bank.code(hard)).await;
    assert_outcome(&late, "rejected expired");
}

async fn expiry(bank: &Bank, steps: &mut Steps) {
    steps.step("R7 R73", "トークン有効期限切れ: 状態とログイン画面に出る");
    let line = row(&bank.show_user(C, "U2").await);
    assert_eq!(line, "expired available 238801186 2026-11-30 14:05");
    assert_shown(&bank.status(C, "U2", "").await, "expired");
    let transfer = bank.authorize(C, "U2", json!({ "class": "transfer_single" })).await;
    assert_decision(&transfer, "denied expired");
    let answer = bank.issue("238801186", C, Some("U1"), &Actor::paper()).await;
    assert_outcome(&answer, "refused token_expired");
}

async fn history(bank: &Bank, steps: &mut Steps) {
    steps.step("R17 R102", "操作履歴: 発行の受付と発送が残る");
    let events: Vec<_> = bank.audit().await.into_iter().map(|line| line["event"].clone()).collect();
    let of = |action: &str| events.iter().find(|e| e["action"] == action && e["outcome"] == "done");
    let order = of("order").expect("an order");
    let told = ["contract", "user", "acting", "assertions"].map(|field| order[field].as_str());
    assert_eq!(told, [C, "U1", "U1", "confirmation=right"].map(Some), "{order:#}");
    let issue = of("issue").expect("an issue");
    let told = ["user", "serial", "note", "reference"].map(|field| issue[field].as_str());
    let want = ["U1", "23880118", "オンライン発行 発送", "郵便-000123"];
    assert_eq!(told, want.map(Some), "{issue:#}");
    let login = events.iter().find(|e| e["action"] == "verify" && e["outcome"] == "accepted");
    let login = login.expect("an accepted code");
    assert_eq!(login["assertions"], "confirmation=right login=password", "{login:#}");
}

fn me_of(user: &str) -> Actor {
    Actor::user(user)
}

fn time(value: &Value) -> Timestamp {
    at(value.as_str().unwrap_or_default())
}

/// Staff revoke, in this bank: no user does it for another.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_bank_revokes() {
    let bank = Bank::open("bank-003").await;
    bank.contract(C, "2026-10-01T00:00:00+09:00", "").await;
    for (user, role) in [("U1", "master"), ("U2", "general")] {
        bank.user(C, user, role).await;
    }
    let tokens = bank.stock("hard", &["12345678", "12345679"]).await;
    for (user, token) in ["U1", "U2"].into_iter().zip(&tokens) {
        bank.in_service(C, user, &Actor::user(user), token).await;
    }
    for user in ["U1", "U2"] {
        let by = Actor::user(user).right().code(&bank.fresh(&tokens[0]));
        let answer = bank.revoke(C, &["U2"], &by).await;
        assert_outcome(&answer, "refused actor_not_allowed");
    }
    let answer = bank.revoke(C, &["U2"], &Actor::paper()).await;
    assert_outcome(&answer, "done");
    bank.advance_minutes(31);
    let me = Actor::user("U2");
    let answer = bank.register(C, "U2", &me, &tokens[1], &bank.fresh(&tokens[1])).await;
    assert_outcome(&answer, "refused needs_issue");
}

/// A loss does not leave the user without a way to the next token.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_token_is_replaced() {
    let bank = Bank::open("bank-003").await;
    bank.contract(C, "2026-10-01T00:00:00+09:00", "").await;
    bank.user(C, "U1", "master").await;
    let me = Actor::user("U1");
    let old = bank.stock_one("hard", "12345678").await;
    bank.in_service(C, "U1", &me, &old).await;
    assert_outcome(&bank.lost("12345678", &Actor::paper()).await, "done");
    let lost_at = bank.clock.timestamp();
    assert_shown(&bank.status(C, "U1", "").await, "revoked blocked revoked");
    assert_outcome(&bank.order(C, "U1", &me.clone().right(), "hard").await, "done");
    let next = bank.stock_one("hard", "12345679").await;
    assert_outcome(&bank.issue("12345679", C, Some("U1"), &Actor::paper()).await, "done");
    let early = bank.register(C, "U1", &me, &next, &bank.fresh(&next)).await;
    assert_outcome(&early, "refused not_before");
    assert_eq!(time(&early["not_before"]), lost_at + std::time::Duration::from_secs(30 * 60));
    bank.advance_minutes(30);
    assert_outcome(&bank.register(C, "U1", &me, &next, &bank.fresh(&next)).await, "done");
}
