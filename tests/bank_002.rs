//! The manual of bank 002 from its first page to its last: tokens on paper only, a limit for users
//! without one, and the master user who unlocks and revokes for the others.
//!
//! Not responsible for: the edges of the closing window (`tests/lifecycle_edges.rs`).
#![forbid(unsafe_code)]

use e2e::{
    TestToken,
    clock::at,
    lifecycle::{
        Actor, Bank, Steps, assert_decision, assert_outcome, assert_row, assert_shown, row,
    },
};
use serde_json::{Value, json};

const CONTRACT: &str = "K-002";
const START_OF_SERVICE: &str = "2026-10-05T00:00:00+09:00";

/// マスターユーザ, 確認用パスワード right.
fn master() -> Actor {
    Actor::user("MASTER").right()
}

/// The contract and its users; the day of 利用開始日 has not come yet.
async fn customer() -> (Bank, Vec<TestToken>) {
    let bank = Bank::open("bank-002").await;
    bank.contract(CONTRACT, START_OF_SERVICE, "").await;
    let users = [
        ("MASTER", "master"),
        ("KANRI", "administrator"),
        ("USER1", "general"),
        ("USER2", "general"),
        ("USER3", "general"),
    ];
    for (user, role) in users {
        bank.user(CONTRACT, user, role).await;
    }
    let serials = ["12345678", "012345679", "101109980021", "20000001"];
    let tokens = bank.stock_until("hard", &serials, at("2027-09-30T08:00:00+09:00")).await;
    (bank, tokens)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manual_of_bank_002() {
    let (bank, tokens) = customer().await;
    let mut steps = Steps::of("銀行002");
    before_the_start(&bank, &mut steps).await;
    without_token(&bank, &mut steps).await;
    registration(&bank, &mut steps, &tokens).await;
    with_token(&bank, &mut steps, &tokens[0]).await;
    sharing(&bank, &mut steps, &tokens).await;
    stopped(&bank, &mut steps, &tokens).await;
    master_stopped(&bank, &mut steps, &tokens[0]).await;
    revocation(&bank, &mut steps, &tokens).await;
    reissue(&bank, &mut steps, &tokens).await;
    loss(&bank, &mut steps, &tokens).await;
    all_five_states(&bank, &mut steps).await;
}

async fn before_the_start(bank: &Bank, steps: &mut Steps) {
    steps.step("R15", "ワンタイムパスワード機能申込書: 画面からは発行できない");
    let answer = bank.order(CONTRACT, "MASTER", &master(), "hard").await;
    assert_outcome(&answer, "refused actor_not_allowed");
    for (serial, user) in [("12345678", "MASTER"), ("012345679", "USER2")] {
        let answer = bank.issue(serial, CONTRACT, Some(user), &Actor::paper()).await;
        assert_outcome(&answer, "done");
    }
    steps.step("R19", "利用開始日の前は登録画面が表示されない");
    bank.set("2026-10-04T23:59:59+09:00");
    assert_shown(&bank.status(CONTRACT, "MASTER", "").await, "nothing");
    steps.step("R19", "利用開始日から登録画面が表示される");
    bank.set(START_OF_SERVICE);
    assert_shown(&bank.status(CONTRACT, "MASTER", "").await, "must_register");
}

async fn without_token(bank: &Bank, steps: &mut Steps) {
    steps.step("R37", "トークンなし: 1日の振込限度額を20万円に制限(20万円を含む)");
    bank.set("2026-10-05T09:00:00+09:00");
    let transfer = bank.authorize(CONTRACT, "USER1", json!({ "class": "transfer_single" })).await;
    assert_decision(&transfer, "not_required");
    assert_eq!(transfer["limit_yen_per_day"], LIMIT, "{transfer:#}");
    assert_eq!(bank.status(CONTRACT, "USER1", "").await["limit_yen_per_day"], LIMIT);
    steps.step("R25", "トークンなし: 情報変更は登録するまでできない");
    let change = bank.authorize(CONTRACT, "USER1", json!({ "class": "customer_data" })).await;
    assert_decision(&change, "denied registration_required");
}

const LIMIT: u64 = 200_000;

async fn registration(bank: &Bank, steps: &mut Steps, tokens: &[TestToken]) {
    steps.step("R5", "シリアル番号は半角数字8桁以上12桁以内");
    for serial in ["1234567", "1234567890123", "1234567A"] {
        let body = master().into_body(json!({ "serial": serial, "code": "123456" }));
        let path = format!("/v1/contracts/{CONTRACT}/users/MASTER/registrations");
        let reply = bank.fe.post(&path, &body).await.expect_status(422);
        assert_eq!(reply.problem(), "invalid_field", "{serial}");
    }
    steps.step("R20", "誤ったシリアル番号と誤ったパスワードは同じ答えになる");
    let wrong = bank.wrong(&tokens[0]);
    let answer = bank.register(CONTRACT, "MASTER", &master(), &tokens[0], &wrong).await;
    assert_outcome(&answer, "rejected not_accepted");
    let foreign = bank.code(&tokens[3]);
    let other = bank.register(CONTRACT, "MASTER", &master(), &tokens[3], &foreign).await;
    assert_eq!(other, answer);
    let user = bank.show_user(CONTRACT, "MASTER").await;
    assert_row(&user, "issued available 12345678 2027-09-30 08:00");
    steps.step("R20", "シリアル番号 + ワンタイムパスワード → 認証確認");
    let answer =
        bank.register(CONTRACT, "MASTER", &master(), &tokens[0], &bank.code(&tokens[0])).await;
    assert_outcome(&answer, "done");
    steps.step("R7 R104", "有効期限は日本時間で分まで表示される");
    assert_eq!(answer["expires_local"], "2027-09-30 08:00", "{answer:#}");
    assert_eq!(answer["expires_at"], "2027-09-29T23:00:00Z", "{answer:#}");
    steps.step("R5 R20", "先頭が0の9桁のシリアル番号もそのまま登録できる");
    let own = Actor::user("USER2").right();
    let answer = bank.register(CONTRACT, "USER2", &own, &tokens[1], &bank.code(&tokens[1])).await;
    assert_outcome(&answer, "done");
    assert_eq!(answer["serial"], "012345679", "{answer:#}");
}

async fn with_token(bank: &Bank, steps: &mut Steps, token: &TestToken) {
    let authorize = |operation: Value| bank.authorize(CONTRACT, "MASTER", operation);
    steps.step("R25", "資金移動と情報変更に必要、事前登録先への資金移動は不要");
    let transfer = json!({ "class": "transfer_single" });
    let answer = authorize(transfer).await;
    assert_decision(&answer, "required otp");
    assert_eq!(answer["limit_yen_per_day"], Value::Null, "{answer:#}");
    let known = json!({ "class": "transfer_single", "payee_preregistered": true });
    assert_decision(&authorize(known).await, "not_required");
    assert_decision(&authorize(json!({ "class": "customer_data" })).await, "required otp");
    assert_decision(&authorize(json!({ "class": "unprotected" })).await, "not_required");
    steps.step("R1", "1分毎に変わるパスワード");
    bank.set("2026-10-05T09:10:00+09:00");
    let first = bank.code(token);
    bank.set("2026-10-05T09:10:59+09:00");
    assert_eq!(bank.code(token), first, "the same minute");
    assert_outcome(&bank.verify_user(CONTRACT, "MASTER", &first).await, "accepted");
    bank.set("2026-10-05T09:11:00+09:00");
    assert_outcome(&bank.verify_user(CONTRACT, "MASTER", &bank.code(token)).await, "accepted");
    steps.step("R56", "新しいトークンの登録には、先に既存のトークンの失効が必要");
    let answer = bank.issue("101109980021", CONTRACT, Some("MASTER"), &Actor::paper()).await;
    assert_outcome(&answer, "refused already_registered");
}

async fn sharing(bank: &Bank, steps: &mut Steps, tokens: &[TestToken]) {
    steps.step("R76", "一つのトークンを複数のユーザで共有");
    let own = Actor::user("USER1");
    let answer = bank.register(CONTRACT, "USER1", &own, &tokens[0], &bank.fresh(&tokens[0])).await;
    assert_outcome(&answer, "done");
    let list = bank.list_tokens(CONTRACT).await;
    let shared = list.iter().find(|token| token["serial"] == "12345678").expect("it is listed");
    assert_eq!(shared["users"], 2, "{shared:#}");
    steps.step("R76", "別の契約のトークンは登録できない");
    bank.contract("K-OTHER", START_OF_SERVICE, "").await;
    bank.user("K-OTHER", "USER1", "general").await;
    let code = bank.fresh(&tokens[0]);
    let answer = bank.register("K-OTHER", "USER1", &own, &tokens[0], &code).await;
    assert_outcome(&answer, "rejected not_accepted");
    let answer = bank.issue("101109980021", CONTRACT, Some("USER3"), &Actor::paper()).await;
    assert_outcome(&answer, "done");
    let own = Actor::user("USER3");
    let answer = bank.register(CONTRACT, "USER3", &own, &tokens[2], &bank.fresh(&tokens[2])).await;
    assert_outcome(&answer, "done");
}

async fn stopped(bank: &Bank, steps: &mut Steps, tokens: &[TestToken]) {
    steps.step("R42 R43", "連続して間違えると停止、以降ログインができなくなる");
    let tries = bank.lock(CONTRACT, "USER2", &tokens[1]).await;
    bank.lock(CONTRACT, "USER3", &tokens[2]).await;
    assert_shown(&bank.status(CONTRACT, "USER2", "").await, "locked blocked locked");
    let right = bank.verify_user(CONTRACT, "USER2", &bank.fresh(&tokens[1])).await;
    assert_outcome(&right, "rejected locked");
    let transfer = bank.authorize(CONTRACT, "USER2", json!({ "class": "transfer_single" })).await;
    assert_decision(&transfer, "denied locked");
    steps.step("R53 R54", "利用者一覧の認証状態: 利用可能 / 停止中");
    let stopped = bank.list_users(CONTRACT, "authentication=stopped").await;
    let names: Vec<_> = stopped.iter().map(|user| user["user"].clone()).collect();
    assert_eq!(names, ["USER2", "USER3"]);
    assert_row(&stopped[0], "in_service stopped 012345679 2027-09-30 08:00");
    assert_eq!(bank.list_users(CONTRACT, "authentication=available").await.len(), 3);
    steps.step("R47", "解除できるのはマスターユーザ: 管理者と一般は不可");
    for other in ["KANRI", "USER1"] {
        let answer = bank.unlock(CONTRACT, &["USER2"], &Actor::user(other).right()).await;
        assert_outcome(&answer, "refused actor_not_allowed");
    }
    let unconfirmed = bank.unlock(CONTRACT, &["USER2"], &Actor::user("MASTER")).await;
    assert_outcome(&unconfirmed, "refused confirmation_required");
    steps.step("R47 R53", "対象利用者を複数選択して解除、結果は利用者ごと");
    let answer = bank.unlock(CONTRACT, &["USER2", "USER3", "USER1"], &master()).await;
    assert_outcome(&answer, "done");
    let results: Vec<_> = answer["results"].as_array().into_iter().flatten().collect();
    let outcomes: Vec<_> = results.iter().map(|result| result["outcome"].clone()).collect();
    assert_eq!(outcomes, ["done", "done", "unchanged"], "{answer:#}");
    steps.step("R55", "解除後は失敗の回数を始めから数え直す");
    let answer = bank.verify_user(CONTRACT, "USER2", &bank.fresh(&tokens[1])).await;
    assert_outcome(&answer, "accepted");
    assert_eq!(bank.lock(CONTRACT, "USER2", &tokens[1]).await, tries);
    assert_outcome(&bank.unlock(CONTRACT, &["USER2"], &master()).await, "done");
}

async fn master_stopped(bank: &Bank, steps: &mut Steps, token: &TestToken) {
    steps.step("R46", "マスターユーザが停止: 自分では解除できない");
    bank.lock(CONTRACT, "USER1", token).await;
    assert_shown(&bank.status(CONTRACT, "MASTER", "").await, "locked blocked locked");
    let answer = bank.unlock(CONTRACT, &["MASTER"], &master()).await;
    assert_outcome(&answer, "refused actor_not_allowed");
    steps.step("R46 R43", "同じトークンの利用者を解除して自分も解除することはできない");
    let answer = bank.unlock(CONTRACT, &["USER1"], &master()).await;
    assert_outcome(&answer, "refused actor_needs_token");
    let answer = bank.revoke(CONTRACT, &["USER3"], &master()).await;
    assert_outcome(&answer, "refused actor_needs_token");
    steps.step("R46 R106", "お取引店で申込書により解除: 理由と受付番号が必要");
    let bare = bank.unlock(CONTRACT, &["MASTER"], &Actor::staff()).await;
    assert_outcome(&bare, "refused reason_required");
    let answer = bank.unlock(CONTRACT, &["MASTER"], &Actor::paper()).await;
    assert_outcome(&answer, "done");
    steps.step("R51", "同じシリアル番号を使用している利用者も解除対象");
    assert_eq!(answer["results"][0]["affected_users"], json!(["MASTER", "USER1"]), "{answer:#}");
    assert_shown(&bank.status(CONTRACT, "USER1", "").await, "nothing");
    steps.step("R102", "操作履歴照会: 操作者、対象、シリアル番号、理由、受付番号");
    let audit = bank.audit().await;
    let unlock = |r: &&Value| r["event"]["action"] == "unlock" && r["event"]["outcome"] == "done";
    let event = &audit.iter().rev().find(unlock).expect("it is recorded")["event"];
    assert_eq!(event["user"], "MASTER", "{event:#}");
    assert_eq!(event["serial"], "12345678", "{event:#}");
    assert_eq!(event["actor"], "operator-1", "{event:#}");
    assert_eq!(event["reference"], "受付-2026-0001", "{event:#}");
    assert_eq!(event["note"], "ワンタイムパスワード機能申込書", "{event:#}");
}

async fn revocation(bank: &Bank, steps: &mut Steps, tokens: &[TestToken]) {
    steps.step("R59", "失効: 確認用パスワードだけで、マスターユーザが実行");
    bank.set("2026-10-06T12:00:00+09:00");
    let by_other = bank.revoke(CONTRACT, &["USER2"], &Actor::user("KANRI").right()).await;
    assert_outcome(&by_other, "refused actor_not_allowed");
    let unconfirmed = bank.revoke(CONTRACT, &["USER2"], &Actor::user("MASTER")).await;
    assert_outcome(&unconfirmed, "refused confirmation_required");
    steps.step("R75", "複数選択 失効: 一人でもできなければ全員変わらない");
    let answer = bank.revoke(CONTRACT, &["USER2", "KANRI"], &master()).await;
    assert_outcome(&answer, "refused");
    assert_outcome(&answer["results"][0], "unchanged");
    assert_outcome(&answer["results"][1], "refused not_registered");
    assert_row(&bank.show_user(CONTRACT, "USER2").await, USER2);
    steps.step("R59 R75", "複数選択 失効: 二人とも失効中になる");
    let answer = bank.revoke(CONTRACT, &["USER1", "USER2"], &master()).await;
    assert_outcome(&answer, "done");
    for result in answer["results"].as_array().into_iter().flatten() {
        assert_eq!(result["not_before"], "2026-10-06T03:30:00Z", "{result:#}");
    }
    assert_row(&bank.show_user(CONTRACT, "MASTER").await, MASTER);
    steps.step("R61", "選択された利用者はログインできなくなる");
    for user in ["USER1", "USER2"] {
        assert_shown(&bank.status(CONTRACT, user, "").await, "revoked blocked revoked");
    }
    let answer = bank.verify_user(CONTRACT, "USER2", &bank.fresh(&tokens[1])).await;
    assert_outcome(&answer, "rejected revoked");
}

const USER2: &str = "in_service available 012345679 2027-09-30 08:00";
const MASTER: &str = "in_service available 12345678 2027-09-30 08:00";

async fn reissue(bank: &Bank, steps: &mut Steps, tokens: &[TestToken]) {
    steps.step("R62", "発行は失効の30分後に実施可能: 29分59秒ではまだ");
    let answer = bank.issue("20000001", CONTRACT, Some("USER2"), &Actor::paper()).await;
    assert_outcome(&answer, "done");
    let own = Actor::user("USER2");
    bank.set("2026-10-06T12:29:59+09:00");
    let early = bank.register(CONTRACT, "USER2", &own, &tokens[3], &bank.code(&tokens[3])).await;
    assert_outcome(&early, "refused not_before");
    assert_eq!(early["not_before"], "2026-10-06T03:30:00Z", "{early:#}");
    steps.step("R56 R62", "30分後: 失効したトークンは使えず、新しいトークンを登録");
    bank.set("2026-10-06T12:30:00+09:00");
    assert_shown(&bank.status(CONTRACT, "USER2", "").await, "must_register");
    let old = bank.register(CONTRACT, "USER2", &own, &tokens[1], &bank.code(&tokens[1])).await;
    assert_outcome(&old, "refused needs_issue");
    let new = bank.register(CONTRACT, "USER2", &own, &tokens[3], &bank.code(&tokens[3])).await;
    assert_outcome(&new, "done");
    steps.step("R63", "2時59分から3時10分までに失効: 3時10分より前には実施できない");
    bank.set("2026-10-07T02:59:00+09:00");
    let answer = bank.revoke(CONTRACT, &["USER2"], &master()).await;
    assert_outcome(&answer, "done");
    let opens = "2026-10-06T18:29:00Z";
    assert_eq!(answer["results"][0]["not_before"], opens, "the later of 03:10 and 03:29");
}

async fn loss(bank: &Bank, steps: &mut Steps, tokens: &[TestToken]) {
    steps.step("R72", "紛失: マスターユーザが失効させ、お取引店へ連絡");
    bank.set("2026-10-07T10:00:00+09:00");
    assert_outcome(&bank.revoke(CONTRACT, &["USER3"], &master()).await, "done");
    let by = Actor::paper().reason("紛失の連絡");
    assert_outcome(&bank.lost("101109980021", &by).await, "done");
    assert_outcome(&bank.lost("101109980021", &by).await, "unchanged");
    steps.step("R72", "紛失したトークンは二度と発行も登録もできない");
    bank.advance_minutes(60);
    let answer = bank.issue("101109980021", CONTRACT, Some("USER3"), &Actor::paper()).await;
    assert_outcome(&answer, "refused token_lost");
    let own = Actor::user("USER3");
    let answer = bank.register(CONTRACT, "USER3", &own, &tokens[2], &bank.code(&tokens[2])).await;
    assert_outcome(&answer, "refused token_lost");
}

async fn all_five_states(bank: &Bank, steps: &mut Steps) {
    steps.step("R73 R104", "利用者一覧: 五つの状態、シリアル番号、有効期限");
    let token = bank.stock_until("hard", &["30000001"], at("2031-09-30T14:05:00+09:00")).await;
    let answer = bank.issue(&token[0].serial, CONTRACT, Some("USER1"), &Actor::paper()).await;
    assert_outcome(&answer, "done");
    let shown = async |time: &str| {
        bank.set(time);
        let users = bank.list_users(CONTRACT, "").await;
        users
            .iter()
            .map(|u| format!("{} {}", u["user"].as_str().unwrap_or_default(), row(u)))
            .collect()
    };
    let before: Vec<String> = shown("2027-09-30T08:00:00+09:00").await;
    let after: Vec<String> = shown("2027-09-30T08:00:01+09:00").await;
    let others = [
        "KANRI unregistered available",
        "USER1 issued available 30000001 2031-09-30 14:05",
        "USER2 revoked available 20000001 2027-09-30 08:00",
        "USER3 revoked available 101109980021 2027-09-30 08:00",
    ];
    assert_eq!(before, with_master(others, "in_service"));
    assert_eq!(after, with_master(others, "expired"));
    steps.step("R73", "状態で絞り込むと、同じ名前の状態だけが並ぶ");
    for (state, count) in [("unregistered", 1), ("issued", 1), ("in_service", 0), ("expired", 1)] {
        let found = bank.list_users(CONTRACT, &format!("state={state}")).await;
        assert_eq!(found.len(), count, "{state}: {found:#?}");
    }
    assert_eq!(bank.list_users(CONTRACT, "state=revoked").await.len(), 2);
}

fn with_master(others: [&str; 4], state: &str) -> Vec<String> {
    let mut lines: Vec<_> = others.iter().map(ToString::to_string).collect();
    lines.insert(1, format!("MASTER {state} available 12345678 2027-09-30 08:00"));
    lines
}

/// A master user is one in their own contract only, whatever they are called elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn r47_r59_a_master_of_another_contract_has_no_say() {
    let (bank, tokens) = customer().await;
    bank.contract("K-OTHER", START_OF_SERVICE, "").await;
    for (user, role) in [("OYA", "master"), ("MASTER", "general")] {
        bank.user("K-OTHER", user, role).await;
    }
    bank.in_service(CONTRACT, "USER2", &Actor::paper(), &tokens[1]).await;
    let stranger = Actor::user("OYA").right();
    for answer in [
        bank.unlock(CONTRACT, &["USER2"], &stranger).await,
        bank.revoke(CONTRACT, &["USER2"], &stranger).await,
    ] {
        assert_outcome(&answer, "refused unknown_user");
    }
    bank.in_service("K-OTHER", "OYA", &Actor::paper(), &tokens[3]).await;
    let namesake = bank.revoke("K-OTHER", &["OYA"], &master()).await;
    assert_outcome(&namesake, "refused actor_not_allowed");
    assert_row(&bank.show_user(CONTRACT, "USER2").await, USER2);
}

/// A revocation is one: whoever was revoked is not revoked again, and each is named once.
#[tokio::test(flavor = "multi_thread")]
async fn r61_r75_a_user_is_revoked_once() {
    let (bank, tokens) = customer().await;
    bank.in_service(CONTRACT, "USER2", &Actor::paper(), &tokens[1]).await;
    let first = bank.revoke(CONTRACT, &["USER2"], &master()).await;
    assert_outcome(&first, "done");
    bank.advance_minutes(10);
    let again = bank.revoke(CONTRACT, &["USER2"], &master()).await;
    assert_outcome(&again, "refused not_registered");
    let shown = bank.show_user(CONTRACT, "USER2").await;
    assert_eq!(shown["not_before"], first["results"][0]["not_before"], "{shown:#}");
    let body = master().into_body(json!({ "users": ["USER2", "USER2"] }));
    let path = format!("/v1/contracts/{CONTRACT}/revocations");
    let twice = bank.fe.post(&path, &body).await.expect_status(422);
    assert_eq!(twice.problem(), "invalid_field");
}
