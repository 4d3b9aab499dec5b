//! A code is looked at by its serial alone only while the token may be used: nobody's token in a
//! store room, on its way, given up or lost opens anything.
//!
//! Not responsible for: codes that are asked about by user (`bank_*.rs`), guessing (`guessing.rs`).
#![forbid(unsafe_code)]

use e2e::{
    TestToken,
    lifecycle::{Actor, Bank, assert_outcome},
};

const C: &str = "C-1";
const SERIAL: &str = "12345678";

async fn open(profile: &str, hide: bool) -> (Bank, TestToken) {
    let bank = Bank::open_hiding(profile, hide).await;
    bank.contract(C, "2026-10-01T00:00:00+09:00", "").await;
    bank.user(C, "U1", "master").await;
    let token = bank.stock_one("hard", SERIAL).await;
    (bank, token)
}

/// What a right code is worth at each station of the token's life.
async fn stations(bank: &Bank, token: &TestToken) -> Vec<String> {
    let ask = async || bank.fe.verdict(SERIAL, &bank.fresh(token)).await;
    let mut told = vec![ask().await];
    assert_outcome(&bank.issue(SERIAL, C, Some("U1"), &Actor::paper()).await, "done");
    told.push(ask().await);
    let code = bank.fresh(token);
    let done = bank.register(C, "U1", &Actor::paper(), token, &code).await;
    assert_outcome(&done, "done");
    told.push(ask().await);
    assert_outcome(&bank.deactivate(C, "U1", &Actor::paper()).await, "done");
    told.push(ask().await);
    assert_outcome(&bank.lost(SERIAL, &Actor::paper()).await, "done");
    told.push(ask().await);
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_token_in_service_is_looked_at() {
    let (bank, token) = open("default", false).await;
    let out = "not_in_service";
    assert_eq!(stations(&bank, &token).await, [out, out, "accepted", out, out]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_keeps_the_owners_itself_may_use_its_stock_and_nothing_else() {
    let (bank, token) = open("standalone", false).await;
    let out = "not_in_service";
    assert_eq!(stations(&bank, &token).await, ["accepted", out, "accepted", out, out]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_hidden_such_a_token_is_like_one_that_does_not_exist() {
    let (bank, token) = open("default", true).await;
    assert_eq!(stations(&bank, &token).await, ["wrong", "wrong", "accepted", "wrong", "wrong"]);
    for _ in 0..4 {
        assert_eq!(bank.fe.verdict("87654321", &bank.fresh(&token)).await, "wrong");
    }
    let told = bank.fe.verify(SERIAL, &bank.fresh(&token)).await.json();
    let unknown = bank.fe.verify("87654321", &bank.fresh(&token)).await.json();
    assert_eq!((&told["outcome"], &told["text"]), (&unknown["outcome"], &unknown["text"]));
    let codes = serde_json::json!({ "codes": ["111111", "222222"] });
    let resync = async |serial: &str| {
        bank.fe.post(&format!("/v1/tokens/{serial}/resync"), &codes).await.verdict()
    };
    assert_eq!(resync(SERIAL).await, resync("87654321").await);
    // The auditor is told the truth, and the token's own count is not touched.
    let recorded = bank.audit().await;
    let of_token =
        recorded.iter().map(|line| &line["event"]).filter(|event| event["serial"] == SERIAL);
    assert_eq!(of_token.filter(|event| event["outcome"] == "not_in_service").count(), 6);
    let detail = bank.staff.token(SERIAL).await;
    assert_eq!(detail["failures"], 0, "{detail:#}");
}
