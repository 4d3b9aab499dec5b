//! Tokens that change hands: lost and replaced, recalled and sent elsewhere, given up in one contract and
//! issued to another, left behind by a user who is removed.
//!
//! Not responsible for: who may do it (`actors.rs`), the manuals' own ways (the scenarios of the banks).
#![forbid(unsafe_code)]

use e2e::lifecycle::{Actor, Bank, assert_outcome, assert_row, assert_shown, row};
use serde_json::json;

const C: &str = "C-1";
const EXPIRY: &str = "2031-09-30 08:00";

async fn bank(profile: &str) -> Bank {
    let bank = Bank::open(profile).await;
    for contract in [C, "C-2"] {
        bank.contract(contract, "2026-10-01T00:00:00+09:00", "").await;
    }
    bank.user(C, "M1", "master").await;
    bank.user(C, "G1", "general").await;
    bank.user(C, "G2", "general").await;
    bank.user("C-2", "X1", "master").await;
    bank
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_shared_token_is_replaced_for_all_its_users() {
    let bank = bank("bank-004").await;
    let tokens = bank.stock("hard", &["12345678", "12345679"]).await;
    let (old, new) = (&tokens[0], &tokens[1]);
    assert_outcome(&bank.issue(&old.serial, C, None, &Actor::paper()).await, "done");
    for user in ["G1", "G2"] {
        let me = Actor::user(user);
        assert_outcome(&bank.register(C, user, &me, old, &bank.fresh(old)).await, "done");
    }
    assert_outcome(&bank.lost(&old.serial, &Actor::paper()).await, "done");
    for user in ["G1", "G2"] {
        assert_shown(&bank.status(C, user, "").await, "revoked blocked revoked");
        let row = row(&bank.show_user(C, user).await);
        assert_eq!(row, format!("revoked available 12345678 {EXPIRY}"), "{user}");
    }
    assert_outcome(&bank.issue(&new.serial, C, None, &Actor::paper()).await, "done");
    bank.advance_minutes(31);
    for user in ["G1", "G2"] {
        let me = Actor::user(user);
        assert_outcome(&bank.register(C, user, &me, new, &bank.fresh(new)).await, "done");
        assert_outcome(&bank.verify_user(C, user, &bank.fresh(new)).await, "accepted");
    }
    let history = bank.history(&old.serial).await;
    assert_eq!((&history["life"], &history["users"]), (&json!("lost"), &json!([])), "{history:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_common_token_is_replaced_for_everybody() {
    let bank = bank("bank-001").await;
    let master = Actor::user("M1").right();
    assert_outcome(&bank.usage_mode(C, "common", false, &master).await, "done");
    let tokens = bank.stock("hard", &["12345678", "12345679"]).await;
    for token in &tokens {
        assert_outcome(&bank.issue(&token.serial, C, None, &Actor::paper()).await, "done");
    }
    let first = bank.register(C, "M1", &master, &tokens[0], &bank.fresh(&tokens[0])).await;
    assert_outcome(&first, "done");
    assert_outcome(&bank.lost("12345678", &Actor::paper()).await, "done");
    for user in ["M1", "G1"] {
        let answer = bank.verify_user(C, user, &bank.fresh(&tokens[0])).await;
        assert_outcome(&answer, "rejected revoked");
    }
    let early = bank.register(C, "M1", &master, &tokens[1], &bank.fresh(&tokens[1])).await;
    assert_outcome(&early, "refused not_before");
    bank.advance_minutes(31);
    let next = bank.register(C, "M1", &master, &tokens[1], &bank.fresh(&tokens[1])).await;
    assert_outcome(&next, "done");
    for user in ["M1", "G1", "G2"] {
        let answer = bank.verify_user(C, user, &bank.fresh(&tokens[1])).await;
        assert_outcome(&answer, "accepted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_lost_on_its_way_makes_room_for_the_next() {
    let bank = bank("bank-003").await;
    let tokens = bank.stock("hard", &["12345678", "12345679"]).await;
    let to = Some("G1");
    assert_outcome(&bank.issue("12345678", C, to, &Actor::paper()).await, "done");
    assert_outcome(&bank.issue("12345679", C, to, &Actor::paper()).await, "refused already_issued");
    assert_outcome(&bank.lost("12345678", &Actor::paper()).await, "done");
    assert_eq!(bank.show_user(C, "G1").await["state"], "unregistered");
    assert_outcome(&bank.issue("12345679", C, to, &Actor::paper()).await, "done");
    let me = Actor::user("G1");
    let answer = bank.register(C, "G1", &me, &tokens[1], &bank.fresh(&tokens[1])).await;
    assert_outcome(&answer, "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recalled_token_goes_to_whom_it_is_sent_next() {
    let bank = bank("bank-003").await;
    let token = bank.stock_one("hard", "12345678").await;
    assert_outcome(&bank.issue("12345678", C, Some("G1"), &Actor::paper()).await, "done");
    let again = bank.issue("12345678", C, Some("G2"), &Actor::paper()).await;
    assert_outcome(&again, "refused already_issued");
    let elsewhere = bank.issue("12345678", "C-2", Some("X1"), &Actor::paper()).await;
    assert_outcome(&elsewhere, "refused not_this_contract");
    assert_outcome(&bank.recall("12345678", &Actor::paper()).await, "done");
    assert_row(&bank.show_user(C, "G1").await, "unregistered available");
    assert_eq!(bank.list_tokens(C).await.len(), 0);
    let me = Actor::user("G1");
    let answer = bank.register(C, "G1", &me, &token, &bank.fresh(&token)).await;
    assert_outcome(&answer, "rejected not_accepted");
    bank.in_service("C-2", "X1", &Actor::user("X1"), &token).await;
    assert_outcome(&bank.recall("12345678", &Actor::paper()).await, "refused serial_in_use");
    assert_eq!(bank.list_tokens("C-2").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_given_up_in_one_contract_serves_another_after_an_issue() {
    let bank = bank("bank-003").await;
    let token = bank.stock_one("hard", "12345678").await;
    let me = Actor::user("G1");
    bank.in_service(C, "G1", &me, &token).await;
    let by = me.clone().right().code(&bank.fresh(&token));
    assert_outcome(&bank.deactivate(C, "G1", &by).await, "done");
    bank.in_service("C-2", "X1", &Actor::user("X1"), &token).await;
    let answer = bank.register(C, "G1", &me, &token, &bank.fresh(&token)).await;
    assert_outcome(&answer, "rejected not_accepted");
    assert_eq!(bank.list_tokens(C).await.len(), 0);
    assert_row(&bank.show_user(C, "G1").await, "unregistered available");
    assert_outcome(&bank.verify_user("C-2", "X1", &bank.fresh(&token)).await, "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_leaves_takes_nothing_along() {
    let bank = bank("bank-004").await;
    let token = bank.stock_one("hard", "12345678").await;
    assert_outcome(&bank.issue("12345678", C, None, &Actor::paper()).await, "done");
    for user in ["G1", "G2"] {
        let me = Actor::user(user);
        assert_outcome(&bank.register(C, user, &me, &token, &bank.fresh(&token)).await, "done");
    }
    let path = |user: &str| format!("/v1/contracts/{C}/users/{user}");
    let unexplained = bank.delete(&bank.staff, &path("G1")).await;
    assert_outcome(&unexplained, "refused reason_required");
    let explained = format!("{}?reason=left&reference=T-1", path("G1"));
    assert_outcome(&bank.delete(&bank.staff, &explained).await, "done");
    let gone = bank.staff.get(&path("G1")).await.expect_status(404);
    assert_eq!(gone.problem(), "not_found");
    assert_outcome(&bank.verify_user(C, "G2", &bank.fresh(&token)).await, "accepted");
    assert_eq!(bank.history("12345678").await["users"], json!(["G2"]));
    bank.user(C, "G1", "general").await;
    assert_row(&bank.show_user(C, "G1").await, "unregistered available");
    let answer = bank.verify_user(C, "G1", &bank.fresh(&token)).await;
    assert_outcome(&answer, "rejected not_registered");
    let explained = format!("{}?reason=left&reference=T-2", path("G2"));
    assert_outcome(&bank.delete(&bank.staff, &explained).await, "done");
    let tokens = bank.list_tokens(C).await;
    assert_eq!((&tokens[0]["life"], &tokens[0]["users"]), (&json!("issued"), &json!(0)));
}
