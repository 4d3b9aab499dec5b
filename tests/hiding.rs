//! Where policy hides which element was wrong, nothing in an answer tells: neither password from
//! code, nor serial from code, nor how many tries are left. And what is hidden is not in the log.
//!
//! Not responsible for: who may do what (`actors.rs`), guessing at speed (`guessing.rs`).
#![forbid(unsafe_code)]

use e2e::{
    Reply, TestToken, import,
    lifecycle::{Actor, Bank, EXPIRY, assert_outcome},
};
use http::Method;
use serde_json::{Value, json};

const C: &str = "C-1";

/// A bank with a master and a clerk, each with a token in service.
async fn bank(profile: &str) -> (Bank, TestToken, TestToken) {
    let bank = Bank::open(profile).await;
    bank.contract(C, "2026-10-01T00:00:00+09:00", "").await;
    bank.user(C, "M1", "master").await;
    bank.user(C, "G1", "general").await;
    let mut tokens = bank.stock("hard", &["12345678", "12345679"]).await;
    let (second, first) = (tokens.remove(1), tokens.remove(0));
    for (user, token) in [("M1", &first), ("G1", &second)] {
        let by = if profile == "bank-001" { "M1" } else { user };
        bank.in_service(C, user, &Actor::user(by).right(), token).await;
    }
    (bank, first, second)
}

/// An answer as sent, with everything in it but the request's name, and its headers.
fn bytes(reply: &Reply) -> String {
    let body = String::from_utf8_lossy(&reply.body).into_owned();
    let id = reply.text("request_id");
    let body = if id.is_empty() { body } else { body.replace(&id, "ID") };
    let mut headers: Vec<_> = reply
        .headers
        .iter()
        .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    headers.sort();
    format!("{} {headers:?} {body}", reply.status)
}

fn assert_alike(what: &str, replies: &[Reply]) {
    let all: Vec<_> = replies.iter().map(bytes).collect();
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{what}: {all:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn password_and_code_of_an_operation_fail_alike() {
    let (bank, token, _) = bank("bank-004").await;
    let path = format!("/v1/contracts/{C}/users/M1/verify");
    let (right, wrong) = (bank.fresh(&token), bank.wrong(&token));
    let other = token.wrong_at(bank.clock.now(), 7);
    let me = Actor::user("M1");
    let mut replies = Vec::new();
    for (actor, code) in
        [(me.clone().wrong(), right), (me.clone().right(), wrong), (me.clone().wrong(), other)]
    {
        let body = actor.into_body(json!({ "code": code, "class": "transfer_single" }));
        replies.push(bank.send(&bank.fe, Method::POST, &path, &body).await.expect_status(200));
    }
    assert_eq!(replies[0].verdict(), "not_accepted");
    assert_alike("verify", &replies);
    let accepted = bank.verify_user(C, "M1", &bank.fresh(&token)).await;
    assert_eq!(accepted.get("remaining_attempts"), None, "{accepted:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn password_and_code_of_a_step_up_fail_alike() {
    let (bank, token, _) = bank("bank-004").await;
    let path = format!("/v1/contracts/{C}/revocations");
    let send = async |actor: Actor| {
        let body = actor.into_body(json!({ "users": ["G1"] }));
        bank.send(&bank.fe, Method::POST, &path, &body).await.expect_status(200)
    };
    let (right, wrong) = (bank.fresh(&token), bank.wrong(&token));
    let other = token.wrong_at(bank.clock.now(), 7);
    let me = Actor::user("M1");
    let replies = [
        send(me.clone().wrong().code(&right)).await,
        send(me.clone().right().code(&wrong)).await,
        send(me.clone().wrong().code(&other)).await,
    ];
    assert_eq!(replies[0].verdict(), "not_accepted");
    assert_alike("revoke", &replies);
    let without = [send(me.clone().wrong()).await, send(me.right()).await];
    assert_eq!(without[0].text("reason"), "code_required");
    assert_alike("revoke without a code", &without);
}

#[tokio::test(flavor = "multi_thread")]
async fn password_and_code_of_a_deactivation_fail_alike() {
    let (bank, token, _) = bank("bank-003").await;
    let path = format!("/v1/contracts/{C}/users/M1/deactivations");
    let (right, wrong) = (bank.fresh(&token), bank.wrong(&token));
    let other = token.wrong_at(bank.clock.now(), 7);
    let me = Actor::user("M1");
    let mut replies = Vec::new();
    for by in [
        me.clone().wrong().code(&right),
        me.clone().right().code(&wrong),
        me.clone().wrong().code(&other),
    ] {
        let body = by.into_body(json!({}));
        replies.push(bank.send(&bank.fe, Method::POST, &path, &body).await.expect_status(200));
    }
    assert_eq!(replies[0].verdict(), "not_accepted");
    assert_alike("deactivate", &replies);
    assert_eq!(bank.show_user(C, "M1").await["state"], "in_service");
}

#[tokio::test(flavor = "multi_thread")]
async fn password_and_code_of_a_registration_fail_alike() {
    let (bank, _, _) = bank("bank-001").await;
    bank.user(C, "G2", "general").await;
    let token = bank.stock_one("hard", "12345680").await;
    assert_outcome(&bank.issue("12345680", C, Some("G2"), &Actor::paper()).await, "done");
    let me = Actor::user("M1");
    let (right, wrong) = (bank.fresh(&token), bank.wrong(&token));
    let other = token.wrong_at(bank.clock.now(), 7);
    let replies = [
        register(&bank, "G2", &me.clone().wrong(), &token.serial, &right).await,
        register(&bank, "G2", &me.clone().right(), &token.serial, &wrong).await,
        register(&bank, "G2", &me.clone().wrong(), &token.serial, &other).await,
        register(&bank, "G2", &me.clone().wrong(), "99999999", &other).await,
    ];
    assert_eq!(replies[0].verdict(), "not_accepted");
    assert_alike("register", &replies);
}

async fn register(bank: &Bank, user: &str, by: &Actor, serial: &str, code: &str) -> Reply {
    let path = format!("/v1/contracts/{C}/users/{user}/registrations");
    let body = by.into_body(json!({ "serial": serial, "code": code }));
    bank.send(&bank.fe, Method::POST, &path, &body).await.expect_status(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_does_not_tell_a_wrong_serial_from_a_wrong_code() {
    for profile in ["bank-004", "default"] {
        let (bank, _, _) = bank(profile).await;
        bank.user(C, "G2", "general").await;
        bank.contract("C-2", "2026-10-01T00:00:00+09:00", "").await;
        bank.user("C-2", "X1", "master").await;
        let names = ["20000001", "20000002", "20000003", "20000004"];
        let tokens = bank.stock("hard", &names).await;
        let [own, issued, served, _stock] = tokens.as_slice() else { e2e::process::fail("four") };
        assert_outcome(&bank.issue(&own.serial, C, Some("G2"), &Actor::paper()).await, "done");
        assert_outcome(&bank.issue(&issued.serial, "C-2", None, &Actor::paper()).await, "done");
        bank.in_service("C-2", "X1", &Actor::user("X1"), served).await;
        let me = Actor::user("G2");
        let mut replies = Vec::new();
        for token in &tokens[1..] {
            replies.push(register(&bank, "G2", &me, &token.serial, &bank.code(token)).await);
            replies.push(register(&bank, "G2", &me, &token.serial, &bank.wrong(token)).await);
        }
        replies.push(register(&bank, "G2", &me, "98765432", "123456").await);
        replies.push(register(&bank, "G2", &me, &own.serial, &bank.wrong(own)).await);
        replies.push(register(&bank, "G2", &me, &own.serial, "1234567").await);
        replies.push(register(&bank, "G2", &me, "98765432", "1234567").await);
        assert_eq!(replies[0].verdict(), "not_accepted", "{profile}");
        assert_alike(profile, &replies);
        let answer = bank.register(C, "G2", &me, own, &bank.code(own)).await;
        assert_outcome(&answer, "done");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_token_is_never_counted_against() {
    let (bank, _, _) = bank("bank-004").await;
    bank.contract("C-2", "2026-10-01T00:00:00+09:00", "").await;
    bank.user("C-2", "X1", "master").await;
    let tokens = bank.stock("hard", &["20000001", "20000002"]).await;
    bank.in_service("C-2", "X1", &Actor::user("X1"), &tokens[0]).await;
    assert_outcome(&bank.issue("20000002", "C-2", None, &Actor::paper()).await, "done");
    bank.user(C, "G2", "general").await;
    let me = Actor::user("G2");
    for token in &tokens {
        for n in 0..8 {
            let wrong = token.wrong_at(bank.clock.now(), n);
            let reply = register(&bank, "G2", &me, &token.serial, &wrong).await;
            assert_eq!(reply.verdict(), "not_accepted");
        }
        let detail = bank.staff.token(&token.serial).await;
        assert_eq!((&detail["failures"], &detail["status"]), (&json!(0), &json!("active")));
    }
    let right = bank.fresh(&tokens[0]);
    assert_eq!(register(&bank, "G2", &me, "20000001", &right).await.verdict(), "not_accepted");
    let answer = bank.verify_user("C-2", "X1", &right).await;
    assert_outcome(&answer, "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_code_beside_a_wrong_password_is_used_up() {
    let (bank, token, _) = bank("bank-004").await;
    let me = Actor::user("M1");
    let code = bank.fresh(&token);
    let mistaken = bank.verify_as(C, "M1", &me.clone().wrong(), json!({ "code": code })).await;
    assert_outcome(&mistaken, "rejected not_accepted");
    assert_outcome(&bank.verify_user(C, "M1", &code).await, "rejected reused");

    let code = bank.fresh(&token);
    let answer = bank.revoke(C, &["G1"], &me.clone().wrong().code(&code)).await;
    assert_outcome(&answer, "rejected not_accepted");
    let answer = bank.revoke(C, &["G1"], &me.clone().right().code(&code)).await;
    assert_outcome(&answer, "rejected reused");

    bank.user(C, "G2", "general").await;
    let next = bank.stock_one("hard", "12345680").await;
    assert_outcome(&bank.issue("12345680", C, None, &Actor::paper()).await, "done");
    let code = bank.code(&next);
    let clerk = Actor::user("G2");
    let answer = bank.register(C, "G2", &clerk.clone().wrong(), &next, &code).await;
    assert_outcome(&answer, "rejected not_accepted");
    let answer = bank.register(C, "G2", &clerk, &next, &code).await;
    assert_outcome(&answer, "rejected reused");
    assert_outcome(&bank.register(C, "G2", &clerk, &next, &bank.fresh(&next)).await, "done");
}

/// Where a code is asked only of those who are able to show one, a made-up code does not stand in for
/// the password.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_from_nowhere_makes_no_wrong_password_right() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("able.toml");
    let text = "base = \"bank-004\"\ntitle_en = \"x\"\ntitle_ja = \"x\"\n[revocation.gate]\n\
                others = [{ actors = [\"master\"], subjects = [\"general\"], holding = \"any\" }]\n\
                password = true\ncode = \"if_able\"\n";
    std::fs::write(&file, text).expect("a file in the test's folder");
    let (bank, _, _) = bank(&file.display().to_string()).await;
    bank.user(C, "M2", "master").await;
    let me = Actor::user("M2");
    let answer = bank.revoke(C, &["G1"], &me.clone().wrong()).await;
    assert_outcome(&answer, "refused confirmation_required");
    let answer = bank.revoke(C, &["G1"], &me.clone().wrong().code("123456")).await;
    assert_outcome(&answer, "rejected not_accepted");
    assert_eq!(bank.show_user(C, "G1").await["state"], "in_service");
    assert_outcome(&bank.revoke(C, &["G1"], &me.right()).await, "done");
}

/// The other side: a bank that wants its users told.
#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_hides_nothing_tells_which_and_how_many_are_left() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("open.toml");
    let text = "base = \"bank-004\"\ntitle_en = \"x\"\ntitle_ja = \"x\"\nhide_which = false\n";
    std::fs::write(&file, text).expect("a file in the test's folder");
    let (bank, token, _) = bank(&file.display().to_string()).await;
    let me = Actor::user("M1");
    let body = |code: String| json!({ "code": code });
    let answer = bank.verify_as(C, "M1", &me.clone().wrong(), body(bank.fresh(&token))).await;
    assert_outcome(&answer, "rejected confirmation_wrong");
    let answer = bank.verify_as(C, "M1", &me.clone().right(), body(bank.wrong(&token))).await;
    assert_outcome(&answer, "rejected wrong");
    assert_eq!(answer["remaining_attempts"], 4, "{answer:#}");
    let answer = bank.revoke(C, &["G1"], &me.clone().wrong().code(&bank.fresh(&token))).await;
    assert_outcome(&answer, "refused confirmation_required");
    let answer = bank.revoke(C, &["G1"], &me.right().code(&bank.wrong(&token))).await;
    assert_outcome(&answer, "rejected wrong");
    bank.user(C, "G2", "general").await;
    let reply = register(&bank, "G2", &Actor::user("G2"), "98765432", "123456").await;
    assert_eq!(
        (reply.text("outcome"), reply.text("reason")),
        ("refused".to_owned(), "not_this_contract".to_owned())
    );
}

/// Eight digits, so that no time or port in a log looks like a code.
#[tokio::test(flavor = "multi_thread")]
async fn neither_code_nor_session_is_in_log_audit_or_history() {
    let bank = Bank::open_with("bank-004", |world| {
        world.set("log.level", "\"trace\"");
    });
    let bank = bank.await;
    bank.contract(C, "2026-10-01T00:00:00+09:00", "").await;
    bank.user(C, "M1", "master").await;
    bank.user(C, "G1", "general").await;
    let policy = format!("<ExpiryDate>{EXPIRY}</ExpiryDate>");
    let token = TestToken::totp("12345678").step(60).digits(8).policy(&policy);
    import::of_kind(&bank.officer, "hard", std::slice::from_ref(&token)).await;
    assert_outcome(&bank.issue("12345678", C, None, &Actor::paper()).await, "done");
    let codes = [bank.wrong(&token), bank.code(&token)];
    for (code, end) in codes.iter().zip(["rejected not_accepted", "done"]) {
        let answer = bank.register(C, "M1", &Actor::user("M1"), &token, code).await;
        assert_outcome(&answer, end);
    }
    let session = "SESSION-4bd1e2-SECRET";
    let me = Actor::user("M1").right().session(session);
    let later = [bank.fresh(&token), bank.wrong(&token), bank.fresh(&token)];
    let mut answers = Vec::new();
    let body = json!({ "code": later[0], "class": "transfer_single", "grant": true });
    answers.push(bank.verify_as(C, "M1", &me, body).await);
    let grant = answers[0]["grant"]["id"].as_str().expect("a grant").to_owned();
    answers.push(bank.grant_use(&grant, C, "M1", session, "transfer_single").await);
    answers.push(bank.revoke(C, &["M1"], &me.clone().code(&later[1])).await);
    answers.push(bank.revoke(C, &["M1"], &me.code(&later[2])).await);
    answers.push(bank.history("12345678").await);
    answers.push(bank.show_user(C, "M1").await);
    let audit = bank.audit().await.into_iter().map(|line| line["event"].clone());
    answers.push(Value::Array(audit.collect()));
    let log = bank.daemon.log();
    let secrets = codes.iter().chain(&later).map(String::as_str).chain([session]);
    for secret in secrets {
        assert!(!log.contains(secret), "{secret} in the log");
        for answer in &answers {
            assert!(!answer.to_string().contains(secret), "{secret} in {answer:#}");
        }
    }
}
