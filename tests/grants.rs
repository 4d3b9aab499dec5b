//! Grants: one code for a run of operations, and everything that ends it.
//!
//! Not responsible for: which operations ask for a code at all (the scenarios of the banks).
#![forbid(unsafe_code)]

use std::sync::Arc;

use e2e::{
    TestToken,
    lifecycle::{Actor, Bank, assert_outcome},
    pki::Wish,
    world::OTHER_BANK,
};
use http::Method;
use serde_json::{Value, json};

const C: &str = "C-1";
const CLASS: &str = "transfer_single";

/// Bank 004 with a master and a clerk who share one token, and a second master with another.
async fn bank() -> (Bank, TestToken, TestToken) {
    let bank = Bank::open("bank-004").await;
    bank.contract(C, "2026-10-01T00:00:00+09:00", "").await;
    for (user, role) in [("M1", "master"), ("G1", "general"), ("M2", "master")] {
        bank.user(C, user, role).await;
    }
    let mut tokens = bank.stock("hard", &["12345678", "12345679"]).await;
    let (other, shared) = (tokens.remove(1), tokens.remove(0));
    assert_outcome(&bank.issue(&shared.serial, C, None, &Actor::paper()).await, "done");
    for user in ["M1", "G1"] {
        let me = Actor::user(user);
        assert_outcome(&bank.register(C, user, &me, &shared, &bank.fresh(&shared)).await, "done");
    }
    bank.in_service(C, "M2", &Actor::user("M2"), &other).await;
    (bank, shared, other)
}

/// M1's code with a wish for a grant.
async fn asked(bank: &Bank, token: &TestToken, class: &str) -> Value {
    let me = Actor::user("M1").right().session("session-1");
    let body = json!({ "code": bank.fresh(token), "class": class, "grant": true });
    bank.verify_as(C, "M1", &me, body).await
}

async fn granted(bank: &Bank, token: &TestToken) -> String {
    let answer = asked(bank, token, CLASS).await;
    assert_outcome(&answer, "accepted");
    answer["grant"]["id"].as_str().expect("a grant").to_owned()
}

/// M1 in the session of the code.
async fn used(bank: &Bank, grant: &str) -> Value {
    bank.grant_use(grant, C, "M1", "session-1", CLASS).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_says_what_it_covers() {
    let (bank, token, _) = bank().await;
    let answer = asked(&bank, &token, CLASS).await;
    let grant = &answer["grant"];
    assert_eq!((&grant["class"], &grant["uses"]), (&json!(CLASS), &json!(20)), "{answer:#}");
    let ends = bank.clock.timestamp() + std::time::Duration::from_secs(600);
    assert_eq!(grant["expires_at"], json!(ends.to_string()), "{answer:#}");
    for class in ["batch_approve", "payeasy", "user_admin", "login", "unprotected"] {
        let answer = asked(&bank, &token, class).await;
        assert_outcome(&answer, "accepted");
        assert_eq!(answer.get("grant"), None, "{class}: {answer:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_needs_a_right_code_a_class_and_a_session() {
    let (bank, token, _) = bank().await;
    let path = format!("/v1/contracts/{C}/users/M1/verify");
    let code = bank.fresh(&token);
    let without = [
        json!({ "code": bank.wrong(&token), "grant": true, "class": CLASS }),
        json!({ "code": code, "grant": true, "class": CLASS }),
        json!({ "code": code, "grant": true, "actor": { "session": "session-1" } }),
        json!({ "code": code, "grant": true, "class": CLASS, "actor": { "session": "" } }),
    ];
    for body in without {
        let reply = bank.send(&bank.fe, Method::POST, &path, &body).await;
        assert_eq!(reply.expect_status(422).problem(), "invalid_field", "{body:#}");
    }
    assert_outcome(&bank.verify_user(C, "M1", &code).await, "accepted");
    let me = || Actor::user("M1").session("session-1");
    let body = |code: &str| json!({ "code": code, "class": CLASS, "grant": true });
    let wrong = bank.verify_as(C, "M1", &me().right(), body(&bank.wrong(&token))).await;
    assert_eq!((wrong["outcome"].as_str(), wrong.get("grant")), (Some("rejected"), None));
    let mistaken = bank.verify_as(C, "M1", &me().wrong(), body(&bank.fresh(&token))).await;
    assert_eq!((mistaken["outcome"].as_str(), mistaken.get("grant")), (Some("rejected"), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_session_or_user_or_contract_can_not_use_it_and_does_not_end_it() {
    let (bank, token, _) = bank().await;
    bank.contract("C-2", "2026-10-01T00:00:00+09:00", "").await;
    bank.user("C-2", "M1", "master").await;
    let grant = granted(&bank, &token).await;
    let stolen = bank.grant_use(&grant, C, "M1", "session-2", CLASS).await;
    assert_outcome(&stolen, "refused other_session");
    let unknown = bank.grant_use(&"0".repeat(32), C, "G1", "session-1", CLASS).await;
    assert_outcome(&unknown, "refused expired");
    for (contract, user) in [(C, "G1"), (C, "M2"), ("C-2", "M1")] {
        let answer = bank.grant_use(&grant, contract, user, "session-1", CLASS).await;
        assert_eq!(answer, unknown, "somebody else's grant is no grant: {contract} {user}");
    }
    let answer = used(&bank, &grant).await;
    assert_eq!((&answer["outcome"], &answer["uses_left"]), (&json!("covered"), &json!(19)));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_institution_can_not_use_or_end_it() {
    let (bank, token, _) = bank().await;
    let grant = granted(&bank, &token).await;
    let stranger = |role: &str| {
        let identity = bank.world.pki.client(&Wish::role(OTHER_BANK, role, "stranger"));
        bank.world.caller_as(&bank.daemon, &identity)
    };
    let (fe, staff) = (stranger("validator"), stranger("operator"));
    let body = json!({ "contract": C, "user": "M1", "session": "session-1", "class": CLASS });
    let path = format!("/v1/grants/{grant}/use");
    let reply = bank.send(&fe, Method::POST, &path, &body).await;
    assert_eq!(reply.expect_status(404).problem(), "not_found", "they have no such contract");
    let _ = bank.put(&staff, &format!("/v1/contracts/{C}"), &json!({})).await;
    let me = json!({ "role": "master" });
    let _ = bank
        .put(&staff, &format!("/v1/contracts/{C}/users/M1?reason=left&reference=T-1"), &me)
        .await;
    assert_outcome(&bank.post(&fe, &path, &body).await, "refused expired");
    assert_outcome(&bank.delete(&fe, &format!("/v1/grants/{grant}")).await, "unchanged");
    assert_outcome(&used(&bank, &grant).await, "covered");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_class_ends_it() {
    let (bank, token, _) = bank().await;
    let grant = granted(&bank, &token).await;
    let answer = bank.grant_use(&grant, C, "M1", "session-1", "payeasy").await;
    assert_outcome(&answer, "refused other_class");
    assert_outcome(&used(&bank, &grant).await, "refused expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_covers_as_many_operations_as_the_policy_says() {
    let (bank, token, _) = bank().await;
    let grant = granted(&bank, &token).await;
    for left in (0..20).rev() {
        let answer = used(&bank, &grant).await;
        assert_eq!((&answer["outcome"], &answer["uses_left"]), (&json!("covered"), &json!(left)));
    }
    assert_outcome(&used(&bank, &grant).await, "refused used_up");
    assert_outcome(&used(&bank, &grant).await, "refused expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_with_its_time_to_the_second() {
    let (bank, token, _) = bank().await;
    let grant = granted(&bank, &token).await;
    bank.clock.advance(std::time::Duration::from_secs(599));
    assert_outcome(&used(&bank, &grant).await, "covered");
    bank.clock.advance(std::time::Duration::from_secs(1));
    assert_outcome(&used(&bank, &grant).await, "refused expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_ends_it_once() {
    let (bank, token, _) = bank().await;
    let grant = granted(&bank, &token).await;
    assert_outcome(&bank.grant_end(&grant).await, "ended");
    assert_outcome(&bank.grant_end(&grant).await, "unchanged");
    assert_outcome(&bank.grant_end(&"f".repeat(32)).await, "unchanged");
    assert_outcome(&used(&bank, &grant).await, "refused expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_ends_it_also_one_by_another_user_of_the_token() {
    let (bank, token, _) = bank().await;
    let grant = granted(&bank, &token).await;
    bank.lock(C, "G1", &token).await;
    assert_outcome(&used(&bank, &grant).await, "refused token_changed");
    assert_outcome(&bank.unlock(C, &["M1"], &Actor::paper()).await, "done");
    assert_outcome(&used(&bank, &grant).await, "refused expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_ends_it() {
    let (bank, token, other) = bank().await;
    let grant = granted(&bank, &token).await;
    let by = Actor::user("M2").right().code(&bank.fresh(&other));
    assert_outcome(&bank.revoke(C, &["M1"], &by).await, "done");
    assert_outcome(&used(&bank, &grant).await, "refused token_changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_or_a_disabled_token_ends_it() {
    let (bank, token, _) = bank().await;
    let grant = granted(&bank, &token).await;
    let why = json!({ "reason": "電話による申出", "reference": "T-1" });
    let path = format!("/v1/tokens/{}/disable", token.serial);
    let _ = bank.post(&bank.staff, &path, &why).await;
    assert_outcome(&used(&bank, &grant).await, "refused token_changed");
    let path = format!("/v1/tokens/{}/enable", token.serial);
    let _ = bank.post(&bank.staff, &path, &why).await;
    let grant = granted(&bank, &token).await;
    assert_outcome(&bank.lost(&token.serial, &Actor::paper()).await, "done");
    assert_outcome(&used(&bank, &grant).await, "refused token_changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn giving_the_token_up_or_leaving_the_contract_ends_it() {
    let (bank, token, _) = bank().await;
    let grant = granted(&bank, &token).await;
    assert_outcome(&bank.deactivate(C, "M1", &Actor::paper()).await, "done");
    assert_outcome(&used(&bank, &grant).await, "refused token_changed");
    let removed = bank
        .delete(&bank.staff, &format!("/v1/contracts/{C}/users/M1?reason=left&reference=T-1"))
        .await;
    assert_outcome(&removed, "done");
    let path = format!("/v1/grants/{grant}/use");
    let body = json!({ "contract": C, "user": "M1", "session": "session-1", "class": CLASS });
    let reply = bank.send(&bank.fe, Method::POST, &path, &body).await;
    assert_eq!(reply.expect_status(404).problem(), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_the_token_ends_it() {
    let (bank, token, _) = bank().await;
    let grant = granted(&bank, &token).await;
    let last = bank.clock.timestamp() + std::time::Duration::from_secs(60);
    let path = format!("/v1/tokens/{}/expiry", token.serial);
    let body = json!({ "expires_at": last.to_string(), "reason": "契約変更", "reference": "T-2" });
    let _ = bank.put(&bank.staff, &path, &body).await;
    bank.clock.set(last);
    assert_outcome(&used(&bank, &grant).await, "covered");
    bank.clock.advance(std::time::Duration::from_secs(1));
    assert_outcome(&used(&bank, &grant).await, "refused token_changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_usage_mode_ends_it() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("modes.toml");
    let text = "base = \"bank-004\"\ntitle_en = \"x\"\ntitle_ja = \"x\"\n\
                [usage]\nallowed = [\"shared\", \"common\"]\n";
    std::fs::write(&file, text).expect("a file in the test's folder");
    let bank = Bank::open(&file.display().to_string()).await;
    bank.contract(C, "2026-10-01T00:00:00+09:00", "").await;
    bank.user(C, "M1", "master").await;
    let token = bank.stock_one("hard", "12345678").await;
    bank.in_service(C, "M1", &Actor::user("M1"), &token).await;
    let grant = granted(&bank, &token).await;
    let preview = bank.usage_mode(C, "common", true, &Actor::paper()).await;
    assert_outcome(&preview, "preview");
    assert_outcome(&used(&bank, &grant).await, "covered");
    assert_outcome(&bank.usage_mode(C, "common", false, &Actor::paper()).await, "done");
    assert_outcome(&used(&bank, &grant).await, "refused token_changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_it_with_its_count() {
    let (bank, token, _) = bank().await;
    let grant = granted(&bank, &token).await;
    assert_outcome(&used(&bank, &grant).await, "covered");
    let bank = bank.kill_and_restart().await;
    let answer = used(&bank, &grant).await;
    assert_eq!((&answer["outcome"], &answer["uses_left"]), (&json!("covered"), &json!(18)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_sent_twice_counts_once() {
    let (bank, token, _) = bank().await;
    let grant = granted(&bank, &token).await;
    let body = json!({ "contract": C, "user": "M1", "session": "session-1", "class": CLASS });
    let path = format!("/v1/grants/{grant}/use");
    for _ in 0..3 {
        let answer = bank.fe.post_once(&path, &body, "transfer-2").await.expect_status(200).json();
        assert_eq!(answer["uses_left"], 19, "{answer:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_uses_never_exceed_the_limit() {
    let (bank, token, _) = bank().await;
    let grant: Arc<str> = granted(&bank, &token).await.into();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (caller, grant) = (bank.another_fe(), Arc::clone(&grant));
            tokio::spawn(async move {
                let body =
                    json!({ "contract": C, "user": "M1", "session": "session-1", "class": CLASS });
                let path = format!("/v1/grants/{grant}/use");
                let mut covered = 0;
                for _ in 0..5 {
                    let reply = caller.post(&path, &body).await;
                    covered += usize::from(reply.text("outcome") == "covered");
                }
                covered
            })
        })
        .collect();
    let mut covered = 0;
    for task in tasks {
        covered += task.await.expect("a caller of ours");
    }
    assert_eq!(covered, 20, "forty tries at twenty uses");
}

/// What is signed is signed one by one: no profile may say otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_grants_signatures_is_refused() {
    let mut world = e2e::World::bare();
    let file = world.path("signed.toml");
    let text = "base = \"bank-000\"\ntitle_en = \"x\"\ntitle_ja = \"x\"\n\
                [grant]\nenabled = true\nclasses = [\"transfer_single\"]\n";
    std::fs::write(&file, text).expect("a file in the test's folder");
    world.profile(&file.display().to_string());
    world.make_keys();
    let output = world.try_warifud("check", &[]);
    assert_eq!(output.status.code(), Some(78), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("grant"), "{told}");
}
