//! Decisions at the same moment: one of them counts, the others are told so, and the chain knows one.
//!
//! Not responsible for: decisions one after the other.

use e2e::{
    Caller, Reply, TestToken,
    approval::{approve, events, reject, stage, take_back},
    process::fail,
    world::BANK,
};
use serde_json::{Value, json};

use super::{House, path};

const ROUNDS: usize = 12;

/// How often batches were decided about, and the word of the last decision.
fn decisions(events: &[Value], batch: &str) -> Vec<String> {
    let of_batch = |event: &&Value| {
        let told = event["note"].as_str().unwrap_or_default();
        let action = event["action"].as_str().unwrap_or_default();
        let decides = ["approve", "reject", "withdraw"].contains(&action);
        decides && told.starts_with(&format!("{batch} by "))
    };
    let word = |event: &Value| event["action"].as_str().unwrap_or_default().to_owned();
    events.iter().filter(of_batch).map(word).collect()
}

/// Insists that one of the replies is a fresh yes and all others are conflicts; its number.
fn winner(replies: &[Reply]) -> usize {
    let is_fresh = |reply: &Reply| {
        reply.status.as_u16() == 200 && reply.header("idempotency-replayed").is_empty()
    };
    let fresh: Vec<_> = (0..replies.len()).filter(|at| is_fresh(&replies[*at])).collect();
    let others = replies.iter().filter(|reply| reply.status.as_u16() != 200);
    others.for_each(|reply| assert_eq!(reply.problem(), "conflict"));
    match fresh.as_slice() {
        [one] => *one,
        _ => fail(&format!("{fresh:?} won: {replies:#?}")),
    }
}

async fn batches(officer: &Caller) -> Vec<(Value, TestToken)> {
    let mut all = Vec::new();
    for round in 0..ROUNDS {
        let token = TestToken::hotp(&format!("RA-{round}"));
        let job = stage(officer, &format!("race-{round}-x"), std::slice::from_ref(&token)).await;
        all.push((job, token));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn of_officers_who_approve_at_once_one_does() {
    let house = House::open().await;
    let officers: Vec<Caller> = ["suzuki", "tanaka", "ito"]
        .map(|name| house.world.named(&house.daemon, BANK, "officer", name))
        .into();
    for (job, token) in batches(&house.sato).await {
        let [a, b, c] = [&officers[0], &officers[1], &officers[2]];
        let (a, b, c) = tokio::join!(approve(a, &job), approve(b, &job), approve(c, &job));
        let names = ["suzuki", "tanaka", "ito"];
        let won = winner(&[a, b, c]);
        assert_eq!(house.show(&job).await["decided_by"], names[won]);
        assert_eq!(house.teller.verdict(&token.serial, &token.code(0)).await, "accepted");
        let told = decisions(&events(&house.auditor).await, job["id"].as_str().expect("an id"));
        assert_eq!(told, ["approve"], "{job:#}");
    }
}

/// The same request twice is one decision with two equal answers.
#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_is_sent_twice_at_once_is_one() {
    let house = House::open().await;
    let again = house.suzuki.again();
    for (job, _) in batches(&house.sato).await {
        let body = json!({ "fingerprint": job["fingerprint"] });
        let path = format!("{}/approval", path(&job));
        let key = job["id"].as_str().expect("an id");
        let (a, b) = tokio::join!(
            house.suzuki.post_once(&path, &body, key),
            again.post_once(&path, &body, key)
        );
        let (a, b) = (a.expect_status(200), b.expect_status(200));
        assert_eq!(a.json(), b.json());
        let replayed = [&a, &b].map(|reply| reply.header("idempotency-replayed").to_owned());
        assert_eq!(replayed.iter().filter(|word| *word == "true").count(), 1, "{replayed:?}");
        assert_eq!(decisions(&events(&house.auditor).await, key), ["approve"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_approval_rejection_and_withdrawal_at_once_one_counts() {
    let house = House::open().await;
    let [tanaka, ito] =
        ["tanaka", "ito"].map(|name| house.world.named(&house.daemon, BANK, "officer", name));
    for (round, (job, token)) in batches(&house.sato).await.into_iter().enumerate() {
        let third = if round.is_multiple_of(2) { "withdraw" } else { "approve" };
        let (a, b, c) = tokio::join!(approve(&house.suzuki, &job), reject(&tanaka, &job), async {
            if third == "approve" {
                approve(&ito, &job).await
            } else {
                take_back(&house.sato, &job).await
            }
        });
        let words = ["approve", "reject", third];
        let word = words[winner(&[a, b, c])];
        let approved = word == "approve";
        let id = job["id"].as_str().expect("an id");
        assert_eq!(decisions(&events(&house.auditor).await, id), [word]);
        let state = if approved { "done" } else { "rejected" };
        assert_eq!(house.show(&job).await["state"], state);
        assert_eq!(house.exists(&token.serial).await, approved);
        let verdict = if approved { "accepted" } else { "wrong" };
        assert_eq!(house.teller.verdict(&token.serial, &token.code(0)).await, verdict);
    }
}
