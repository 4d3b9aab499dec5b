//! The manual of bank 001 from its first page to its last: the administrator registers tokens for
//! himself and for the others, and chooses between tokens of their own and one for all.
//!
//! Not responsible for: locks and revocation as users see them, which this manual leaves out.
#![forbid(unsafe_code)]

use e2e::{
    TestToken,
    caller::JSON,
    lifecycle::{Actor, Bank, Steps, assert_outcome, assert_row, assert_shown},
};
use http::Method;
use serde_json::json;

const CONTRACT: &str = "0001020-01";
const DAY: &str = "2026-10-01T00:00:00+09:00";
const FREE: &str = "unregistered available";
const RECORDED: &str = "every change is in the audit chain";

/// 管理者, with ご契約先確認暗証番号.
fn admin() -> Actor {
    Actor::user("KANRI").right()
}

/// The contract, its users, and five tokens in stock: four to wear, one to run on a telephone.
async fn customer() -> (Bank, Vec<TestToken>) {
    let bank = Bank::open("bank-001").await;
    bank.contract(CONTRACT, DAY, "").await;
    for (user, role) in [("KANRI", "administrator"), ("RIYO1", "general"), ("RIYO2", "general")] {
        bank.user(CONTRACT, user, role).await;
    }
    let serials = ["238801186", "238801187", "101109980021", "00123456"];
    let mut tokens = bank.stock("hard", &serials).await;
    tokens.push(bank.stock_one("soft", "99000001").await);
    (bank, tokens)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manual_of_bank_001() {
    let (bank, tokens) = customer().await;
    let mut steps = Steps::of("銀行001");
    application(&bank, &mut steps).await;
    own_token(&bank, &mut steps, &tokens[0]).await;
    other_users(&bank, &mut steps, &tokens).await;
    to_one_token(&bank, &mut steps).await;
    one_token_for_all(&bank, &mut steps, &tokens).await;
    back_to_tokens_of_their_own(&bank, &mut steps, &tokens).await;
    stopped(&bank, &mut steps, &tokens[0]).await;
}

async fn application(bank: &Bank, steps: &mut Steps) {
    steps.step("R101", "管理者と利用者: 一覧は未登録から始まる");
    for user in bank.list_users(CONTRACT, "").await {
        assert_row(&user, FREE);
    }
    steps.step("R15", "事前に書面の手続き: 画面からの発行依頼は受け付けない");
    let by_user = bank.order(CONTRACT, "KANRI", &admin(), "hard").await;
    assert_outcome(&by_user, "refused actor_not_allowed");
    let by_staff = bank.order(CONTRACT, "KANRI", &Actor::paper(), "hard").await;
    assert_outcome(&by_staff, "refused kind_not_allowed");
    steps.step("R15", "書面(理由と受付番号)のない発行は行わない");
    let issue =
        |by: Actor| async move { bank.issue("238801186", CONTRACT, Some("KANRI"), &by).await };
    assert_outcome(&issue(Actor::staff()).await, "refused reason_required");
    let unnumbered = Actor::staff().reason("申込書");
    assert_outcome(&issue(unnumbered).await, "refused reference_required");
    steps.step("R15 R8", "申込書によりハードウェアトークンを発行");
    assert_outcome(&issue(Actor::paper()).await, "done");
    let user = bank.show_user(CONTRACT, "KANRI").await;
    assert_row(&user, "issued available 238801186 2031-09-30 08:00");
    assert_eq!(user["kind"], "hard", "{user:#}");
}

async fn own_token(bank: &Bank, steps: &mut Steps, token: &TestToken) {
    steps.step("R28", "管理者ログイン: 登録画面が表示される");
    assert_shown(&bank.status(CONTRACT, "KANRI", "").await, "must_register");
    steps.step("R21 R103", "ご契約先確認暗証番号の確認がない登録は受け付けない");
    let unchecked = Actor::user("KANRI");
    let answer = bank.register(CONTRACT, "KANRI", &unchecked, token, &bank.code(token)).await;
    assert_outcome(&answer, "refused confirmation_required");
    assert_row(&bank.show_user(CONTRACT, "KANRI").await, ISSUED);
    steps.step("R20 R21 R29", "電子証明書方式: シリアル番号とワンタイムパスワードで登録");
    let actor = admin().login("certificate");
    let answer = bank.register(CONTRACT, "KANRI", &actor, token, &bank.fresh(token)).await;
    assert_outcome(&answer, "done");
    steps.step("R26 R27", "完了メッセージなし: 現在のトークン情報に新しいシリアル番号が出る");
    assert_row(&bank.show_user(CONTRACT, "KANRI").await, IN_SERVICE);
    assert_row(&bank.list_users(CONTRACT, "state=in_service").await[0], IN_SERVICE);
    assert_shown(&bank.status(CONTRACT, "KANRI", "").await, "nothing");
    steps.step("R21 R29 R102", "確認暗証番号とログイン方式が記録に残る");
    let audit = bank.audit().await;
    let event =
        &audit.iter().rev().find(|r| r["event"]["action"] == "register").expect(RECORDED)["event"];
    assert_eq!(event["assertions"], "confirmation=right login=certificate", "{event:#}");
    assert_eq!((&event["acting"], &event["user"]), (&json!("KANRI"), &json!("KANRI")));
    assert_eq!(event["serial"], "238801186", "{event:#}");
}

const ISSUED: &str = "issued available 238801186 2031-09-30 08:00";
const IN_SERVICE: &str = "in_service available 238801186 2031-09-30 08:00";

async fn other_users(bank: &Bank, steps: &mut Steps, tokens: &[TestToken]) {
    steps.step("R28", "利用者は自分のトークンを登録できない");
    let issued = bank.issue("238801187", CONTRACT, Some("RIYO1"), &Actor::paper()).await;
    assert_outcome(&issued, "done");
    let own = Actor::user("RIYO1").right();
    let answer = bank.register(CONTRACT, "RIYO1", &own, &tokens[1], &bank.code(&tokens[1])).await;
    assert_outcome(&answer, "refused actor_not_allowed");
    steps.step("R28 R29 R30", "IDパスワード方式: 管理者が利用者を選択の上、登録");
    let actor = admin().login("password");
    let code = bank.code(&tokens[1]);
    let answer = bank.register(CONTRACT, "RIYO1", &actor, &tokens[1], &code).await;
    assert_outcome(&answer, "done");
    steps.step("R80", "全ての利用者が異なるトークン: 使用中のシリアル番号は登録できない");
    let code = bank.fresh(&tokens[1]);
    let answer = bank.register(CONTRACT, "RIYO2", &actor, &tokens[1], &code).await;
    assert_outcome(&answer, "refused serial_in_use");
    steps.step("R8 R30 R31", "次の利用者も同様に: ソフトウェアトークンのシリアル番号");
    let soft = &tokens[4];
    bank.in_service(CONTRACT, "RIYO2", &actor, soft).await;
    let user = bank.show_user(CONTRACT, "RIYO2").await;
    assert_row(&user, "in_service available 99000001 2031-09-30 08:00");
    assert_eq!(user["kind"], "soft", "{user:#}");
    steps.step("R30", "同じ利用者の登録を繰り返しても何も変わらない");
    let answer = bank.register(CONTRACT, "RIYO2", &actor, soft, &bank.fresh(soft)).await;
    assert_outcome(&answer, "refused already_registered");
    assert_eq!(bank.list_users(CONTRACT, "state=in_service").await.len(), 3);
}

async fn to_one_token(bank: &Bank, steps: &mut Steps) {
    steps.step("R77 R78", "利用形態の変更: 実行前の確認で件数が分かり、何も変わらない");
    let preview = bank.usage_mode(CONTRACT, "common", true, &admin()).await;
    assert_outcome(&preview, "preview");
    assert_eq!((&preview["users"], &preview["tokens"]), (&json!(3), &json!(3)), "{preview:#}");
    assert_eq!(bank.list_users(CONTRACT, "state=in_service").await.len(), 3);
    steps.step("R77", "利用形態を変更できるのは管理者だけ、暗証番号とともに");
    let user = Actor::user("RIYO1").right();
    let refused = bank.usage_mode(CONTRACT, "common", false, &user).await;
    assert_outcome(&refused, "refused actor_not_allowed");
    let refused = bank.usage_mode(CONTRACT, "common", false, &Actor::user("KANRI")).await;
    assert_outcome(&refused, "refused confirmation_required");
    let refused = bank.usage_mode(CONTRACT, "shared", false, &admin()).await;
    assert_outcome(&refused, "refused mode_not_allowed");
    steps.step("R77 R78", "全ての利用者が同じトークン: 全員の利用登録が解除される");
    let answer = bank.usage_mode(CONTRACT, "common", false, &admin()).await;
    assert_outcome(&answer, "done");
    assert_eq!((&answer["users"], &answer["tokens"]), (&json!(3), &json!(3)), "{answer:#}");
    for user in bank.list_users(CONTRACT, "").await {
        assert_row(&user, FREE);
    }
    for token in bank.list_tokens(CONTRACT).await {
        assert_eq!((&token["life"], &token["users"]), (&json!("issued"), &json!(0)), "{token:#}");
    }
    steps.step("R78 R102", "変更した管理者と解除された人数が記録に残る");
    let audit = bank.audit().await;
    let done = |r: &&serde_json::Value| {
        r["event"]["action"] == "usage_mode" && r["event"]["outcome"] == "done"
    };
    let event = &audit.iter().rev().find(done).expect(RECORDED)["event"];
    assert_eq!((&event["acting"], &event["number"]), (&json!("KANRI"), &json!(3)), "{event:#}");
}

async fn one_token_for_all(bank: &Bank, steps: &mut Steps, tokens: &[TestToken]) {
    steps.step("R79", "同じトークン: 利用者を選択せずに一度登録、全員が利用できる");
    let code = bank.fresh(&tokens[1]);
    let answer = bank.register(CONTRACT, "KANRI", &admin(), &tokens[1], &code).await;
    assert_outcome(&answer, "done");
    let common = "in_service available 238801187 2031-09-30 08:00";
    for user in bank.list_users(CONTRACT, "").await {
        assert_row(&user, common);
    }
    steps.step("R79", "後から追加した利用者もそのまま利用できる");
    bank.user(CONTRACT, "RIYO3", "general").await;
    assert_row(&bank.show_user(CONTRACT, "RIYO3").await, common);
    let answer = bank.verify_user(CONTRACT, "RIYO3", &bank.fresh(&tokens[1])).await;
    assert_outcome(&answer, "accepted");
    steps.step("R79 R80", "別のトークンは登録できない");
    let code = bank.fresh(&tokens[0]);
    let answer = bank.register(CONTRACT, "RIYO1", &admin(), &tokens[0], &code).await;
    assert_outcome(&answer, "refused already_registered");
}

async fn back_to_tokens_of_their_own(bank: &Bank, steps: &mut Steps, tokens: &[TestToken]) {
    steps.step("R77 R78", "異なるトークンへ戻す: 四人が一つのトークンから解除される");
    let answer = bank.usage_mode(CONTRACT, "individual", false, &admin()).await;
    assert_outcome(&answer, "done");
    assert_eq!((&answer["users"], &answer["tokens"]), (&json!(4), &json!(1)), "{answer:#}");
    assert_eq!(bank.list_users(CONTRACT, "state=unregistered").await.len(), 4);
    steps.step("R78", "解除されたトークンはどの利用者にも登録し直せる");
    let code = bank.fresh(&tokens[1]);
    let answer = bank.register(CONTRACT, "RIYO3", &admin(), &tokens[1], &code).await;
    assert_outcome(&answer, "done");
    let code = bank.fresh(&tokens[0]);
    let answer = bank.register(CONTRACT, "KANRI", &admin(), &tokens[0], &code).await;
    assert_outcome(&answer, "done");
    assert_row(&bank.show_user(CONTRACT, "KANRI").await, IN_SERVICE);
}

async fn stopped(bank: &Bank, steps: &mut Steps, token: &TestToken) {
    steps.step("R55", "停止中: 解除は銀行で、失敗の回数は始めから数え直す");
    let used = bank.fresh(token);
    assert_outcome(&bank.verify_user(CONTRACT, "KANRI", &used).await, "accepted");
    let tries = bank.lock(CONTRACT, "KANRI", token).await;
    assert_outcome(&bank.verify_user(CONTRACT, "KANRI", &used).await, "rejected locked");
    let by_user = bank.unlock(CONTRACT, &["KANRI"], &admin()).await;
    assert_outcome(&by_user, "refused actor_not_allowed");
    assert_outcome(&bank.unlock(CONTRACT, &["KANRI"], &Actor::paper()).await, "done");
    steps.step("R55", "解除後も使用済みのワンタイムパスワードは無効のまま");
    assert_outcome(&bank.verify_user(CONTRACT, "KANRI", &used).await, "rejected reused");
    assert_eq!(bank.lock(CONTRACT, "KANRI", token).await, tries, "as many as the first time");
}

/// An administrator who registers many users one after the other may repeat any of it.
#[tokio::test(flavor = "multi_thread")]
async fn r30_a_repeated_registration_is_answered_as_the_first() {
    let (bank, tokens) = customer().await;
    let issued = bank.issue("238801187", CONTRACT, Some("RIYO1"), &Actor::paper()).await;
    assert_outcome(&issued, "done");
    let code = bank.code(&tokens[1]);
    let body = admin().into_body(json!({ "serial": "238801187", "code": code })).to_string();
    let path = format!("/v1/contracts/{CONTRACT}/users/RIYO1/registrations");
    let headers = [JSON[0], ("idempotency-key", "riyo1")];
    let mut answers = Vec::new();
    for _ in 0..2 {
        let reply = bank.fe.request(Method::POST, &path, &headers, body.clone().into()).await;
        answers.push(reply.expect_status(200));
    }
    assert_outcome(&answers[0].json(), "done");
    assert_eq!(answers[0].json(), answers[1].json());
    assert_eq!(answers[1].header("idempotency-replayed"), "true");
}

/// 利用形態 is the whole contract's: staff may change it too, on paper.
#[tokio::test(flavor = "multi_thread")]
async fn r77_staff_change_the_usage_mode_on_paper_only() {
    let (bank, _) = customer().await;
    let bare = bank.usage_mode(CONTRACT, "common", false, &Actor::staff()).await;
    assert_outcome(&bare, "refused reason_required");
    let done = bank.usage_mode(CONTRACT, "common", false, &Actor::paper()).await;
    assert_outcome(&done, "done");
    let contract = bank.get(&bank.staff, &format!("/v1/contracts/{CONTRACT}")).await;
    assert_eq!(contract["usage_mode"], "common", "{contract:#}");
}
