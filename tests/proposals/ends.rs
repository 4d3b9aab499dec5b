//! How proposals end that are not carried out: rejected, taken back, too old, decided otherwise at the
//! same moment. None of them changes anything but itself.
//!
//! Not responsible for: interruptions (`interrupted`).

use std::time::Duration;

use e2e::{
    Reply,
    approval::{about, propose, withdraw},
    clock::at,
};
use http::Method;
use serde_json::{Value, json};

use super::{C, House, conflict, lost, path, unlocks};

const ROUNDS: usize = 10;

async fn once(house: &House, verb: &str, body: &Value, key: &str) -> Reply {
    house.suzuki.post_once(verb, body, key).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_rejected_or_taken_back_is_not_done() {
    let house = House::open().await;
    let serial = house.tokens[2].serial.clone();
    let refused = propose(&house.sato, &lost(&serial)).await;
    let told = about(&house.suzuki, &refused, "rejection").await.expect_status(200).json();
    assert_eq!(told["state"], "rejected", "{told:#}");
    assert_eq!(told["decider"], "suzuki", "{told:#}");
    assert_eq!(told["reason"], "looked at", "{told:#}");
    let back = propose(&house.operator("sato-card"), &lost(&serial)).await;
    conflict(withdraw(&house.suzuki, &back).await);
    let told = withdraw(&house.sato, &back).await.expect_status(200).json();
    assert_eq!(told["state"], "withdrawn", "one's own, with another certificate: {told:#}");
    for proposal in [&refused, &back] {
        for verb in ["approval", "rejection"] {
            conflict(about(&house.suzuki, proposal, verb).await);
        }
        conflict(withdraw(&house.sato, proposal).await);
    }
    let id = |of: &Value| of["id"].as_str().expect("an id").to_owned();
    assert_eq!(house.count("reject", "done", &id(&refused)).await, 1);
    assert_eq!(house.count("withdraw", "done", &id(&back)).await, 1);
    assert!(house.of_token("lost", &serial).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_that_waits_too_long_is_void() {
    let house = House::open().await;
    let start = house.bank.clock.timestamp();
    let proposal = propose(&house.sato, &lost(&house.tokens[2].serial)).await;
    let in_time = propose(&house.sato, &lost(&house.tokens[3].serial)).await;
    let end = proposal["expires_at"].as_str().map(at).expect("a time");
    assert_eq!(end.duration_since(start).as_secs(), 72 * 3_600, "{proposal:#}");
    house.bank.clock.set(end);
    house.bank.clock.advance(Duration::ZERO);
    for verb in ["approval", "rejection"] {
        conflict(about(&house.suzuki, &proposal, verb).await);
    }
    conflict(withdraw(&house.sato, &proposal).await);
    let house = house.kill_and_restart().await;
    assert_eq!(house.show(&proposal).await["state"], "expired");
    assert_eq!(house.show(&in_time).await["state"], "expired");
    let of_state = |state: &str| format!("/v1/proposals?state={state}");
    let auditor = &house.bank.auditor;
    let expired = house.bank.get(auditor, &of_state("expired")).await;
    assert_eq!(expired["items"].as_array().map(Vec::len), Some(2), "{expired:#}");
    assert_eq!(house.bank.get(auditor, &of_state("open")).await["items"], json!([]));
    let again = propose(&house.sato, &lost(&house.tokens[2].serial)).await;
    house.bank.clock.advance(Duration::from_secs(72 * 3_600 - 1));
    let done = about(&house.suzuki, &again, "approval").await.expect_status(200).json();
    assert_eq!(done["state"], "done", "a second before its end: {done:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_decision_is_about_what_was_looked_at() {
    let house = House::open().await;
    let [one, other] = [2, 3].map(|n| house.tokens[n].serial.clone());
    let proposal = propose(&house.sato, &lost(&one)).await;
    let same = propose(&house.sato, &lost(&one)).await;
    let else_where = propose(&house.sato, &lost(&other)).await;
    assert_ne!(proposal["fingerprint"], same["fingerprint"], "each its own");
    let approval = format!("{}/approval", path(&proposal));
    let right = proposal["fingerprint"].as_str().expect("a fingerprint");
    for wrong in [&same["fingerprint"], &else_where["fingerprint"], &json!(""), &json!(right[1..])]
    {
        let body = json!({ "fingerprint": wrong });
        conflict(house.suzuki.post(&approval, &body).await);
        let rejection = format!("{}/rejection", path(&proposal));
        conflict(house.suzuki.post(&rejection, &body).await);
    }
    let reply = house.suzuki.post(&approval, &json!({})).await.expect_status(422);
    assert_eq!(reply.json()["errors"][0]["field"], "fingerprint", "{reply:?}");
    assert_eq!(house.show(&proposal).await["state"], "open");
    let body = json!({ "fingerprint": right.to_uppercase() });
    let done = house.suzuki.post(&approval, &body).await.expect_status(200).json();
    assert_eq!(done["state"], "done", "{done:#}");
    // The same once more is agreed to, and changes nothing more.
    let done = about(&house.suzuki, &same, "approval").await.expect_status(200).json();
    assert_eq!(done["state"], "done", "{done:#}");
    let events = house.of_token("lost", &one).await;
    let done = events.iter().filter(|event| event["outcome"] == "done").count();
    assert_eq!(done, 1, "{events:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_at_the_same_moment_are_one() {
    let house = House::open().await;
    let [tanaka, ito] = ["tanaka", "ito"].map(|name| house.operator(name));
    for round in 0..ROUNDS {
        house.bank.lock(C, "G1", &house.tokens[2]).await;
        let proposal = propose(&house.sato, &unlocks(&["G1", "G2"])).await;
        let second = if round.is_multiple_of(2) { "approval" } else { "rejection" };
        let (a, b, c) = tokio::join!(
            about(&house.suzuki, &proposal, "approval"),
            about(&tanaka, &proposal, second),
            async {
                if round.is_multiple_of(3) {
                    withdraw(&house.sato, &proposal).await
                } else {
                    about(&ito, &proposal, "approval").await
                }
            }
        );
        let replies = [a, b, c];
        let yes = replies.iter().filter(|reply| reply.status.as_u16() == 200).count();
        assert_eq!(yes, 1, "{replies:#?}");
        for reply in replies.iter().filter(|reply| reply.status.as_u16() != 200) {
            assert_eq!(reply.problem(), "conflict", "{reply:?}");
        }
        let state = house.show(&proposal).await["state"].clone();
        let id = proposal["id"].as_str().expect("an id");
        let approved = house.count("approve", "approved", id).await;
        let ended = house.count("approve", "done", id).await;
        let refused = house.count("reject", "done", id).await;
        let back = house.count("withdraw", "done", id).await;
        let stopped = house.bank.show_user(C, "G1").await["authentication"] == "stopped";
        let told = (state.as_str().unwrap_or_default(), [approved, ended, refused, back], stopped);
        let possible = [
            ("done", [1, 1, 0, 0], false),
            ("rejected", [0, 0, 1, 0], true),
            ("withdrawn", [0, 0, 0, 1], true),
        ];
        assert!(possible.contains(&told), "round {round}: {told:?}");
        if stopped {
            let staff = e2e::lifecycle::Actor::paper();
            let _ = house.bank.unlock(C, &["G1"], &staff).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn proposals_are_paged_and_what_is_sent_again_is_answered_again() {
    let house = House::open().await;
    let serial = house.tokens[2].serial.clone();
    let body = lost(&serial);
    let first = house.sato.post_once("/v1/proposals", &body, "p").await.expect_status(201);
    let again = house.sato.post_once("/v1/proposals", &body, "p").await.expect_status(201);
    assert_eq!(again.header("idempotency-replayed"), "true", "{again:?}");
    assert_eq!(again.json(), first.json());
    let other = house.sato.post_once("/v1/proposals", &lost("1"), "p").await.expect_status(422);
    assert_eq!(other.problem(), "idempotency_mismatch");
    for _ in 0..6 {
        let _ = propose(&house.sato, &lost(&serial)).await;
    }
    let mut ids = Vec::new();
    let mut page = "/v1/proposals?limit=3".to_owned();
    loop {
        let found = house.bank.get(&house.bank.auditor, &page).await;
        let items = found["items"].as_array().expect("a list");
        assert!(items.len() <= 3, "{found:#}");
        ids.extend(items.iter().map(|item| item["id"].as_str().unwrap_or_default().to_owned()));
        let Some(cursor) = found["next_cursor"].as_str() else { break };
        page = format!("/v1/proposals?limit=3&cursor={cursor}");
    }
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!((ids.len(), distinct.len()), (7, 7), "{ids:?}");

    let proposal = first.json();
    let path = path(&proposal);
    let approval = format!("{path}/approval");
    let decision = json!({ "fingerprint": proposal["fingerprint"] });
    let done = once(&house, &approval, &decision, "a").await.expect_status(200);
    let house = house.kill_and_restart().await;
    let again = once(&house, &approval, &decision, "a").await.expect_status(200);
    assert_eq!(again.header("idempotency-replayed"), "true", "{again:?}");
    assert_eq!(again.json(), done.json());
    assert_eq!(house.of_token("lost", &serial).await.len(), 1);
    let back = propose(&house.sato, &lost(&serial)).await;
    let path = super::path(&back);
    let key = [("idempotency-key", "w")];
    let one = house.sato.request(Method::DELETE, &path, &key, bytes::Bytes::new()).await;
    let two = house.sato.request(Method::DELETE, &path, &key, bytes::Bytes::new()).await;
    assert_eq!(one.expect_status(200).json(), two.expect_status(200).json());
}
