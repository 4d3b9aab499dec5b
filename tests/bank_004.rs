//! Bank 004: the manual from the first page to the last. Days of grace, shared tokens, and users with
//! a working token who help the others.
//!
//! Not responsible for: who may do what in every constellation (`actors.rs`), what hidden answers
//! look like (`hiding.rs`), grants in every detail (`grants.rs`).
#![forbid(unsafe_code)]

use e2e::{
    TestToken, approval,
    clock::at,
    lifecycle::{
        Actor, Bank, Steps, assert_decision, assert_outcome, assert_shown, decision, outcome, row,
    },
    world::BANK,
};
use jiff::Timestamp;
use serde_json::{Value, json};

const C: &str = "MINATO-1";
const PROTECTED: [&str; 5] =
    ["transfer_single", "batch_approve", "payeasy", "user_admin", "token_admin"];

/// Tokens of the walk: the master's, the administrator's, and the one that two clerks share.
struct Tokens {
    master: TestToken,
    admin: TestToken,
    shared: TestToken,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manual_of_bank_004() {
    let bank = Bank::open("bank-004").await;
    let mut steps = Steps::of("銀行004");
    bank.contract(C, "2026-10-05T00:00:00+09:00", "").await;
    for (user, role) in [("M1", "master"), ("A1", "administrator"), ("G1", "general")] {
        bank.user(C, user, role).await;
    }
    bank.user(C, "G2", "general").await;
    before_and_within_grace(&bank, &mut steps).await;
    after_grace(&bank, &mut steps).await;
    let tokens = registration(&bank, &mut steps).await;
    sharing(&bank, &mut steps, &tokens).await;
    execution(&bank, &mut steps, &tokens).await;
    run_of_transfers(&bank, &mut steps, &tokens).await;
    stopped(&bank, &mut steps, &tokens).await;
    let bank = bank.kill_and_restart().await;
    unlocked(&bank, &mut steps, &tokens).await;
    all_stopped(&bank, &mut steps, &tokens).await;
    revoked(&bank, &mut steps, &tokens).await;
    revoked_at_night(&bank, &mut steps, &tokens).await;
    lost(&bank, &mut steps, &tokens).await;
    history(&bank, &mut steps, &tokens).await;
    let bank = bank.kill_and(|world| drop(world.set("approval.enforce", "true").config())).await;
    two_of_the_staff(&bank, &mut steps, &tokens).await;
}

async fn before_and_within_grace(bank: &Bank, steps: &mut Steps) {
    steps.step("R19", "利用開始日の前は利用開始登録画面を表示しない");
    let status = bank.status(C, "G1", "").await;
    assert_shown(&status, "nothing");
    let answer = bank.authorize(C, "G1", json!({ "class": "transfer_single" })).await;
    assert_decision(&answer, "not_required");

    steps.step("R19 R32", "利用開始日から猶予期間7日間は登録を省略できる");
    bank.set("2026-10-05T00:00:00+09:00");
    let status = bank.status(C, "G1", "").await;
    assert_shown(&status, "may_skip");
    assert_eq!(time(&status["grace_until"]), at("2026-10-12T00:00:00+09:00"));
    assert_outcome(&bank.skip(C, "G1").await, "done");

    steps.step("R32 R33", "猶予期間中は4つの保護対象の取引をOTPなしで利用できる");
    bank.set("2026-10-11T23:59:59+09:00");
    for class in PROTECTED {
        let answer = bank.authorize(C, "G1", json!({ "class": class })).await;
        assert_eq!(decision(&answer), "allowed_by_grace", "{class}: {answer:#}");
        assert_eq!(time(&answer["grace_until"]), at("2026-10-12T00:00:00+09:00"));
    }
    let graces = events(bank, "authorize").await;
    let graces = graces.iter().filter(|one| one["outcome"] == "allowed_by_grace").count();
    assert_eq!(graces, PROTECTED.len(), "what grace let through is found again");

    steps.step("R23", "保護対象の取引の権限がない利用者には登録画面を表示しない");
    let status = bank.status(C, "G1", "unprotected").await;
    assert_shown(&status, "nothing");
}

async fn after_grace(bank: &Bank, steps: &mut Steps) {
    steps.step("R34", "猶予期間経過後は登録するまで利用できない");
    bank.set("2026-10-12T00:00:00+09:00");
    for class in PROTECTED {
        let answer = bank.authorize(C, "G1", json!({ "class": class })).await;
        assert_eq!(decision(&answer), "denied registration_required", "{class}: {answer:#}");
    }
    steps.step("R35 R45", "残高照会・入出金明細照会・その他データ伝送は省略しても利用できる");
    let status = bank.status(C, "G1", "").await;
    assert_shown(&status, "may_skip");
    assert_outcome(&bank.skip(C, "G1").await, "done");
    let answer = bank.authorize(C, "G1", json!({ "class": "unprotected" })).await;
    assert_decision(&answer, "not_required");
}

async fn registration(bank: &Bank, steps: &mut Steps) -> Tokens {
    bank.set("2026-10-12T09:00:00+09:00");
    let expiry = at("2029-03-31T08:00:00+09:00");
    let serials = ["23880118", "238801186", "101109980021"];
    let mut stock = bank.stock_until("hard", &serials, expiry).await.into_iter();
    let mut next = || stock.next().expect("three tokens");
    let tokens = Tokens { master: next(), admin: next(), shared: next() };
    for serial in serials {
        let answer = bank.issue(serial, C, None, &Actor::paper()).await;
        assert_outcome(&answer, "done");
    }
    steps.step("R5", "シリアル番号は半角数字8桁以上12桁以内");
    for serial in ["2388011", "1011099800210", "2388011A"] {
        let body = json!({ "actor": { "user": "M1" }, "serial": serial, "code": "123456" });
        let path = format!("/v1/contracts/{C}/users/M1/registrations");
        let reply = bank.send(&bank.fe, http::Method::POST, &path, &body).await;
        assert_eq!(reply.expect_status(422).problem(), "invalid_field", "{serial}");
    }
    steps.step("R2 R20 R27", "利用開始登録: シリアル番号とワンタイムパスワード(数字6桁)");
    let me = Actor::user("M1");
    let answer = bank.register(C, "M1", &me, &tokens.master, "1234567").await;
    assert_outcome(&answer, "rejected not_accepted");
    assert_eq!(bank.staff.token("23880118").await["failures"], 0, "no try was spent");
    let answer = bank.register(C, "M1", &me, &tokens.master, &bank.code(&tokens.master)).await;
    assert_outcome(&answer, "done");
    assert_eq!(answer["serial"], "23880118", "{answer:#}");
    assert_eq!(answer["expires_local"], "2029-03-31 08:00", "{answer:#}");

    steps.step("R7 R22 R23", "登録は利用者毎; 登録済みなら画面を表示しない");
    assert_shown(&bank.status(C, "M1", "").await, "nothing");
    assert_shown(&bank.status(C, "A1", "").await, "may_skip");
    let row_of_master = row(&bank.show_user(C, "M1").await);
    assert_eq!(row_of_master, "in_service available 23880118 2029-03-31 08:00");
    let again = bank.register(C, "M1", &me, &tokens.admin, &bank.fresh(&tokens.admin)).await;
    assert_outcome(&again, "refused already_registered");
    let admin = Actor::user("A1");
    let answer = bank.register(C, "A1", &admin, &tokens.admin, &bank.code(&tokens.admin)).await;
    assert_eq!(outcome(&answer), "done", "the refusal did not use the code up: {answer:#}");
    tokens
}

async fn sharing(bank: &Bank, steps: &mut Steps, tokens: &Tokens) {
    steps.step("R76", "一つのトークンを複数のユーザで共有");
    let Tokens { shared, .. } = tokens;
    for user in ["G1", "G2"] {
        let answer = bank.register(C, user, &Actor::user(user), shared, &bank.fresh(shared)).await;
        assert_eq!(outcome(&answer), "done", "{user}: {answer:#}");
    }
    let list = bank.list_tokens(C).await;
    let entry = list.iter().find(|one| one["serial"] == shared.serial.as_str());
    assert_eq!(entry.map(|one| one["users"].clone()), Some(json!(2)), "{list:#?}");

    steps.step("R3 R4", "別の操作で1分以内に同じパスワード → エラー(共有する利用者でも)");
    let code = bank.fresh(shared);
    assert_outcome(&bank.verify_user(C, "G1", &code).await, "accepted");
    assert_outcome(&bank.verify_user(C, "G1", &code).await, "rejected reused");
    assert_outcome(&bank.verify_user(C, "G2", &code).await, "rejected reused");
    let detail = bank.staff.token(&shared.serial).await;
    assert_eq!(detail["failures"], 0, "a used code is no attack: {detail:#}");
    assert_outcome(&bank.verify_user(C, "G2", &bank.fresh(shared)).await, "accepted");
}

async fn execution(bank: &Bank, steps: &mut Steps, tokens: &Tokens) {
    steps.step("R38", "実行確認・承認内容確認・最終承認で入力、一次承認では不要");
    let stages = [
        ("entry", "not_required"),
        ("first_approval", "not_required"),
        ("execution", "required otp"),
        ("approval", "required otp"),
        ("final_approval", "required otp"),
    ];
    for class in PROTECTED {
        for (stage, needed) in stages {
            let answer = bank.authorize(C, "M1", json!({ "class": class, "stage": stage })).await;
            assert_eq!(decision(&answer), needed, "{class} {stage}: {answer:#}");
        }
    }
    steps.step("R41", "企業・ユーザ管理では変更する項目によらず入力");
    for attributes in [json!([]), json!(["name"]), json!(["limit", "rights"])] {
        let operation = json!({ "class": "user_admin", "attributes": attributes });
        let answer = bank.authorize(C, "M1", operation).await;
        assert_decision(&answer, "required otp");
    }
    steps.step("R39", "確認用パスワードとワンタイムパスワードの両方、どちらの誤りかは示さない");
    let code = bank.fresh(&tokens.master);
    let body = |code: &str| json!({ "code": code, "class": "transfer_single" });
    let mistaken = bank.verify_as(C, "M1", &Actor::user("M1").wrong(), body(&code)).await;
    assert_outcome(&mistaken, "rejected not_accepted");
    let wrong = bank.wrong(&tokens.master);
    let guessed = bank.verify_as(C, "M1", &Actor::user("M1").right(), body(&wrong)).await;
    assert_outcome(&guessed, "rejected not_accepted");
    assert_eq!(guessed.get("remaining_attempts"), None, "{guessed:#}");
    let code = bank.fresh(&tokens.master);
    let right = bank.verify_as(C, "M1", &Actor::user("M1").right(), body(&code)).await;
    assert_outcome(&right, "accepted");
}

async fn run_of_transfers(bank: &Bank, steps: &mut Steps, tokens: &Tokens) {
    steps.step("R40", "複数の振込を続けて行う場合、2件目以降は不要");
    let me = Actor::user("M1").right().session("session-1");
    let code = bank.fresh(&tokens.master);
    let body = json!({ "code": code, "class": "transfer_single", "grant": true });
    let answer = bank.verify_as(C, "M1", &me, body).await;
    assert_outcome(&answer, "accepted");
    let grant = answer["grant"]["id"].as_str().expect("a grant").to_owned();
    for left in [19, 18] {
        let used = bank.grant_use(&grant, C, "M1", "session-1", "transfer_single").await;
        assert_eq!((&used["outcome"], &used["uses_left"]), (&json!("covered"), &json!(left)));
    }
    let ended = bank.grant_end(&grant).await;
    assert_eq!(outcome(&ended), "ended", "ログアウト: {ended:#}");
    let used = bank.grant_use(&grant, C, "M1", "session-1", "transfer_single").await;
    assert_outcome(&used, "refused expired");
}

async fn stopped(bank: &Bank, steps: &mut Steps, tokens: &Tokens) {
    steps.step("R42 R44", "連続して間違えると同一トークンをご利用のユーザ全員が停止");
    assert_eq!(bank.lock(C, "G1", &tokens.shared).await, 5);
    for user in ["G1", "G2"] {
        let row = row(&bank.show_user(C, user).await);
        assert_eq!(row, "in_service stopped 101109980021 2029-03-31 08:00", "{user}");
        let answer = bank.authorize(C, user, json!({ "class": "transfer_single" })).await;
        assert_eq!(decision(&answer), "denied locked", "{user}: {answer:#}");
        let answer = bank.verify_user(C, user, &bank.fresh(&tokens.shared)).await;
        assert_eq!(outcome(&answer), "rejected locked", "{user}: {answer:#}");
    }
    let stopped = bank.list_users(C, "authentication=stopped").await;
    assert_eq!(stopped.len(), 2, "{stopped:#?}");
}

async fn unlocked(bank: &Bank, steps: &mut Steps, tokens: &Tokens) {
    steps.step("R42", "停止は再起動の後も続く");
    assert_shown(&bank.status(C, "G2", "").await, "locked blocked locked");

    steps.step("R48 R101", "解除は別のトークンをご利用中のマスター/管理者ユーザのみ");
    let answer = bank.unlock(C, &["G1"], &Actor::user("G2").right()).await;
    assert_outcome(&answer, "refused actor_not_allowed");
    let answer = bank.unlock(C, &["G1"], &Actor::user("M1").wrong()).await;
    assert_outcome(&answer, "refused confirmation_required");

    steps.step("R51 R52", "利用停止解除: 確認用パスワードのみ、同じトークンの全利用者を解除");
    let answer = bank.unlock(C, &["G1"], &Actor::user("M1").right()).await;
    assert_outcome(&answer, "done");
    assert_eq!(answer["results"][0]["affected_users"], json!(["G1", "G2"]), "{answer:#}");
    assert_eq!(bank.list_users(C, "authentication=stopped").await, Vec::<Value>::new());

    steps.step("R55", "解除後は誤り回数が最初から数え直される、使用済みは使用済みのまま");
    let used = bank.fresh(&tokens.shared);
    assert_outcome(&bank.verify_user(C, "G1", &used).await, "accepted");
    for n in 10..14 {
        let wrong = tokens.shared.wrong_at(bank.clock.now(), n);
        let answer = bank.verify_user(C, "G1", &wrong).await;
        assert_eq!(outcome(&answer), "rejected not_accepted", "{n}: {answer:#}");
    }
    assert_outcome(&bank.verify_user(C, "G2", &used).await, "rejected reused");
    let code = bank.fresh(&tokens.shared);
    assert_outcome(&bank.verify_user(C, "G2", &code).await, "accepted");
}

async fn all_stopped(bank: &Bank, steps: &mut Steps, tokens: &Tokens) {
    steps.step("R48", "停止したトークン自身では解除できない");
    bank.lock(C, "M1", &tokens.master).await;
    let answer = bank.unlock(C, &["M1"], &Actor::user("M1").right()).await;
    assert_outcome(&answer, "refused actor_needs_other_token");
    bank.lock(C, "A1", &tokens.admin).await;
    let answer = bank.unlock(C, &["M1"], &Actor::user("A1").right()).await;
    assert_outcome(&answer, "refused actor_needs_other_token");

    steps.step("R49 R106", "利用できるトークンがない場合、当行にてご本人確認のうえ解除");
    let staff = Actor::staff();
    let answer = bank.unlock(C, &["M1"], &staff).await;
    assert_outcome(&answer, "refused reason_required");
    let answer = bank.unlock(C, &["M1"], &staff.clone().reason("ご本人確認済み")).await;
    assert_outcome(&answer, "refused reference_required");
    let staff = staff.reason("ご本人確認済み").reference("店番101-77");
    assert_outcome(&bank.unlock(C, &["M1"], &staff).await, "done");
    let answer = bank.unlock(C, &["A1"], &Actor::user("M1").right()).await;
    assert_outcome(&answer, "done");
}

async fn revoked(bank: &Bank, steps: &mut Steps, tokens: &Tokens) {
    let Tokens { admin, shared, .. } = tokens;
    steps.step("R57 R58", "失効: マスター/管理者ユーザが確認用パスワードとOTPを入力");
    let by = || Actor::user("A1").right();
    let answer = bank.revoke(C, &["G1"], &by()).await;
    assert_outcome(&answer, "refused code_required");
    let answer = bank.revoke(C, &["G1"], &by().code(&bank.wrong(admin))).await;
    assert_outcome(&answer, "rejected not_accepted");
    let wrong = Actor::user("A1").wrong().code(&bank.fresh(admin));
    assert_outcome(&bank.revoke(C, &["G1"], &wrong).await, "rejected not_accepted");
    let clerk = Actor::user("G2").right().code(&bank.fresh(shared));
    assert_outcome(&bank.revoke(C, &["G1"], &clerk).await, "refused actor_not_allowed");
    bank.set("2026-10-13T10:00:00+09:00");
    let answer = bank.revoke(C, &["G1"], &by().code(&bank.code(admin))).await;
    assert_outcome(&answer, "done");
    assert_eq!(time(&answer["results"][0]["not_before"]), at("2026-10-13T10:30:00+09:00"));

    steps.step("R61", "選択された利用者はログインできなくなる、共有する他の利用者は影響なし");
    assert_shown(&bank.status(C, "G1", "").await, "revoked blocked revoked");
    assert_shown(&bank.status(C, "G2", "").await, "nothing");
    assert_outcome(&bank.verify_user(C, "G2", &bank.fresh(shared)).await, "accepted");
    let answer = bank.verify_user(C, "G1", &bank.fresh(shared)).await;
    assert_outcome(&answer, "rejected revoked");

    steps.step("R62 R65", "失効の30分後以降に同じトークンで再度「ご利用開始登録」");
    bank.set("2026-10-13T10:29:59+09:00");
    let me = Actor::user("G1");
    let answer = bank.register(C, "G1", &me, shared, &bank.code(shared)).await;
    assert_outcome(&answer, "refused not_before");
    assert_eq!(time(&answer["not_before"]), at("2026-10-13T10:30:00+09:00"));
    bank.set("2026-10-13T10:30:00+09:00");
    assert_shown(&bank.status(C, "G1", "").await, "may_skip");
    let answer = bank.register(C, "G1", &me, shared, &bank.code(shared)).await;
    assert_outcome(&answer, "done");
}

async fn revoked_at_night(bank: &Bank, steps: &mut Steps, tokens: &Tokens) {
    let Tokens { admin, shared, .. } = tokens;
    let me = Actor::user("G1");
    steps.step("R64", "20時50分から8時10分までに失効 → 8時10分以降(日付をまたぐ)");
    bank.set("2026-10-13T20:50:00+09:00");
    let by = Actor::user("A1").right().code(&bank.code(admin));
    let answer = bank.revoke(C, &["G1"], &by).await;
    assert_eq!(time(&answer["results"][0]["not_before"]), at("2026-10-14T08:10:00+09:00"));
    bank.set("2026-10-14T08:09:59+09:00");
    let answer = bank.register(C, "G1", &me, shared, &bank.code(shared)).await;
    assert_outcome(&answer, "refused not_before");
    bank.set("2026-10-14T08:10:00+09:00");
    let answer = bank.register(C, "G1", &me, shared, &bank.code(shared)).await;
    assert_outcome(&answer, "done");

    steps.step("R60 R64", "操作できる方がおられない場合は当行にて; 8時10分直前の失効は30分後");
    bank.set("2026-10-15T08:09:00+09:00");
    let answer = bank.revoke(C, &["G1"], &Actor::paper()).await;
    assert_eq!(time(&answer["results"][0]["not_before"]), at("2026-10-15T08:39:00+09:00"));
}

async fn lost(bank: &Bank, steps: &mut Steps, tokens: &Tokens) {
    let Tokens { shared, .. } = tokens;
    steps.step("R72", "紛失: 直ちにお取引店へ、失効より強く元に戻らない");
    let answer = bank.lost(&shared.serial, &Actor::paper()).await;
    assert_outcome(&answer, "done");
    assert_outcome(&bank.lost(&shared.serial, &Actor::paper()).await, "unchanged");
    let answer = bank.verify_user(C, "G2", &bank.fresh(shared)).await;
    assert_outcome(&answer, "rejected revoked");
    assert_shown(&bank.status(C, "G2", "").await, "revoked blocked revoked");
    bank.advance_minutes(60);
    let me = Actor::user("G2");
    let answer = bank.register(C, "G2", &me, shared, &bank.fresh(shared)).await;
    assert_outcome(&answer, "refused token_lost");
    let answer = bank.issue(&shared.serial, C, None, &Actor::paper()).await;
    assert_outcome(&answer, "refused token_lost");
    let other = bank.stock_one("hard", "00000042").await;
    bank.in_service(C, "G2", &me, &other).await;
    assert_outcome(&bank.verify_user(C, "G2", &bank.fresh(&other)).await, "accepted");
}

async fn history(bank: &Bank, steps: &mut Steps, tokens: &Tokens) {
    steps.step("R102", "操作履歴照会・変更結果: 誰が誰に何をしたか残る");
    let revocations = events(bank, "revoke").await;
    let done = revocations.iter().find(|one| one["outcome"] == "done").expect("a revocation");
    let told = ["contract", "user", "acting", "serial", "assertions"].map(|f| done[f].as_str());
    let serial = tokens.shared.serial.as_str();
    let want = [C, "G1", "A1", serial, "confirmation=right code=given"];
    assert_eq!(told, want.map(Some), "{done:#}");
    let unlocks = events(bank, "unlock").await;
    let by_staff = unlocks.iter().find(|one| one["reference"] == "店番101-77");
    let by_staff = by_staff.expect("the bank's own unlock");
    assert_eq!(by_staff["note"], "ご本人確認済み", "{by_staff:#}");
    let clerk = bank.show_user(C, "G1").await;
    assert_eq!(clerk["recent"][0]["action"], "revoke", "{clerk:#}");
    assert_eq!(clerk["recent"].as_array().map(Vec::len), Some(6), "{clerk:#}");
}

async fn two_of_the_staff(bank: &Bank, steps: &mut Steps, tokens: &Tokens) {
    steps.step("R49 R106", "ご本人確認のうえ当行にて複数の利用者を解除: 二人の行員が必要");
    bank.lock(C, "M1", &tokens.master).await;
    bank.lock(C, "A1", &tokens.admin).await;
    let users = json!(["M1", "A1"]);
    let staff = Actor::staff().reason("ご本人確認済み").reference("店番101-78");
    let path = format!("/v1/contracts/{C}/unlocks");
    let alone = staff.into_body(json!({ "users": users }));
    let reply = bank.send(&bank.staff, http::Method::POST, &path, &alone).await;
    assert_eq!(reply.expect_status(403).problem(), "approval_required");
    let request = json!({ "reason": "ご本人確認済み", "reference": "店番101-78" });
    let operation = json!({ "operation": "contract_unlocks", "contract": C, "users": users,
                            "request": request });
    let proposal = approval::propose(&bank.staff, &operation).await;
    let reply = approval::about(&bank.staff, &proposal, "approval").await;
    assert_eq!(reply.expect_status(403).problem(), "same_person");
    assert_eq!(bank.show_user(C, "M1").await["authentication"], "stopped");
    let other = bank.world.named(&bank.daemon, BANK, "operator", "operator-2");
    let done = approval::about(&other, &proposal, "approval").await.expect_status(200).json();
    assert_eq!(done["state"], "done", "{done:#}");
    for (user, token) in [("M1", &tokens.master), ("A1", &tokens.admin)] {
        let answer = bank.verify_user(C, user, &bank.fresh(token)).await;
        assert_outcome(&answer, "accepted");
    }

    steps.step("R72 R106", "紛失の届出: 一人では登録できず、二人目の行員が承認する");
    let path = format!("/v1/tokens/{}/lost", tokens.admin.serial);
    let reply =
        bank.send(&bank.staff, http::Method::POST, &path, &staff.into_body(json!({}))).await;
    assert_eq!(reply.expect_status(403).problem(), "approval_required");
    let operation = json!({ "operation": "token_lost", "serial": tokens.admin.serial,
                            "request": request });
    let proposal = approval::propose(&bank.staff, &operation).await;
    let done = approval::about(&other, &proposal, "approval").await.expect_status(200).json();
    assert_eq!(done["state"], "done", "{done:#}");
    let answer = bank.verify_user(C, "A1", &bank.fresh(&tokens.admin)).await;
    assert_outcome(&answer, "rejected revoked");
    let by = events(bank, "lost").await.pop().expect("it is in the chain");
    assert_eq!((&by["actor"], &by["reference"]), (&json!("operator-2"), &json!("店番101-78")));
}

/// Audit records of an action.
async fn events(bank: &Bank, action: &str) -> Vec<Value> {
    let events = bank.audit().await.into_iter().map(|line| line["event"].clone());
    events.filter(|event| event["action"] == action).collect()
}

fn time(value: &Value) -> Timestamp {
    at(value.as_str().unwrap_or_default())
}

/// One token for everybody: its lock leaves nobody who could lift it.
#[tokio::test(flavor = "multi_thread")]
async fn a_contract_with_one_token_is_unlocked_by_the_bank_only() {
    let bank = Bank::open("bank-004").await;
    let mut steps = Steps::of("銀行004 トークン1個");
    steps.step("R49", "トークンが1個のみの場合は当行にて解除");
    bank.contract(C, "2026-10-01T00:00:00+09:00", "").await;
    bank.user(C, "M1", "master").await;
    bank.user(C, "A1", "administrator").await;
    let token = bank.stock_one("hard", "12345678").await;
    bank.issue("12345678", C, None, &Actor::paper()).await;
    for user in ["M1", "A1"] {
        let answer = bank.register(C, user, &Actor::user(user), &token, &bank.fresh(&token)).await;
        assert_outcome(&answer, "done");
    }
    bank.lock(C, "A1", &token).await;
    for (user, other) in [("M1", "A1"), ("A1", "M1")] {
        let answer = bank.unlock(C, &[other], &Actor::user(user).right()).await;
        assert_outcome(&answer, "refused actor_needs_other_token");
    }
    let answer = bank.unlock(C, &["M1"], &Actor::paper()).await;
    assert_outcome(&answer, "done");
    assert_eq!(answer["results"][0]["affected_users"], json!(["A1", "M1"]), "{answer:#}");
}

/// All or nothing: one target that is refused keeps the others as they are.
#[tokio::test(flavor = "multi_thread")]
async fn one_refused_target_refuses_them_all() {
    let bank = Bank::open("bank-004").await;
    bank.contract(C, "2026-10-01T00:00:00+09:00", "").await;
    for (user, role) in [("M1", "master"), ("G1", "general"), ("G2", "general")] {
        bank.user(C, user, role).await;
    }
    let tokens = bank.stock("hard", &["12345678", "12345679"]).await;
    for (user, token) in ["M1", "G1"].into_iter().zip(&tokens) {
        bank.in_service(C, user, &Actor::user(user), token).await;
    }
    let master = &tokens[0];
    let by = Actor::user("M1").right().code(&bank.fresh(master));
    let answer = bank.revoke(C, &["G1", "G2"], &by).await;
    assert_outcome(&answer, "refused");
    assert_outcome(&answer["results"][0], "unchanged");
    assert_outcome(&answer["results"][1], "refused not_registered");
    assert_eq!(bank.show_user(C, "G1").await["state"], "in_service");
    let by = Actor::user("M1").right().code(&bank.code(master));
    let answer = bank.revoke(C, &["G1"], &by).await;
    assert_eq!(outcome(&answer), "done", "a refusal uses no code up: {answer:#}");
    let answer = bank.revoke(C, &["G1", "nobody"], &Actor::paper()).await;
    assert_outcome(&answer, "refused");
    assert_outcome(&answer["results"][1], "refused unknown_user");
}
