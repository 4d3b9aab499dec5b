//! `kill -9` between a decision and its end: what was decided is finished by approving again, and was
//! done once.
//!
//! Not responsible for: kills during other operations (`durability.rs`).

use e2e::{
    Caller,
    approval::{about, propose, withdraw},
    process, wait,
    world::BANK,
};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::{House, conflict, lost, path};

const ROUNDS: usize = 8;

/// One kill per round, each a little later after the approval was sent than the one before.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_moment_of_an_approval_loses_a_token_once() {
    let mut house = House::open().await;
    let serials: Vec<String> = (0..ROUNDS).map(|n| format!("2000000{n}")).collect();
    house = with_stock(house, &serials).await;
    for (round, serial) in serials.iter().enumerate() {
        let proposal = propose(&house.sato, &lost(serial)).await;
        let path = path(&proposal);
        let (suzuki, told) = (house.suzuki.again(), proposal.clone());
        let body = json!({ "fingerprint": told["fingerprint"] }).to_string();
        let approval = format!("{path}/approval");
        let sent = tokio::spawn(async move {
            let json = e2e::caller::JSON;
            suzuki.try_request(http::Method::POST, &approval, json, body.into()).await.is_ok()
        });
        for _ in 0..round {
            let _ = house.show(&proposal).await;
        }
        house = house.kill_and_restart().await;
        let answered = sent.await.expect("the task ends");
        let state = house.show(&proposal).await["state"].clone();
        assert!(!answered || state == "done", "it was answered: {state}");
        if state != "done" {
            let done = about(&house.operator("tanaka"), &proposal, "approval").await;
            assert_eq!(done.expect_status(200).json()["state"], "done", "round {round}, {state}");
        }
        conflict(about(&house.suzuki, &proposal, "approval").await);
        let events = house.of_token("lost", serial).await;
        assert_eq!(events.len(), 1, "round {round}, {state}: {events:#?}");
        assert_eq!(events[0]["outcome"], "done", "round {round}, {state}");
        let id = proposal["id"].as_str().expect("an id");
        assert_eq!(house.count("approve", "approved", id).await, 1, "round {round}, {state}");
        assert_eq!(house.count("approve", "done", id).await, 1, "round {round}, {state}");
    }
}

async fn with_stock(house: House, serials: &[String]) -> House {
    let House { bank, tokens, .. } = house;
    let bank = bank.kill_and(|world| drop(world.set("approval.enforce", "false").config())).await;
    let serials: Vec<&str> = serials.iter().map(String::as_str).collect();
    let _ = bank.stock("hard", &serials).await;
    let bank = bank.kill_and(|world| drop(world.set("approval.enforce", "true").config())).await;
    House::with(bank, tokens)
}

fn officer(house: &House, name: &str) -> Caller {
    house.bank.world.named(&house.bank.daemon, BANK, "officer", name)
}

/// A key that is to be made, approved and not made: the HSM hangs, and the daemon is killed then.
async fn cut_off(label: &str) -> (House, Value) {
    let house = House::open().await;
    let operation = json!({ "operation": "key_generate", "label": label, "bits": 256 });
    let proposal = propose(&officer(&house, "sato"), &operation).await;
    let workers = house.bank.daemon.workers();
    let signal = |what| workers.iter().all(|pid| process::signal(*pid, what));
    assert!(signal(Signal::STOP), "the workers are there");
    let suzuki = officer(&house, "suzuki");
    let (told, body) = (path(&proposal), json!({ "fingerprint": proposal["fingerprint"] }));
    let sent = tokio::spawn(async move {
        let (json, body) = (e2e::caller::JSON, body.to_string());
        suzuki.try_request(http::Method::POST, &format!("{told}/approval"), json, body.into()).await
    });
    wait::until("the decision is kept", || async {
        (house.show(&proposal).await["state"] == "approved").then_some(())
    })
    .await;
    assert!(process::signal(house.bank.daemon.pid(), Signal::KILL), "the daemon is there");
    signal(Signal::KILL);
    let house = house.kill_and_restart().await;
    assert!(sent.await.expect("the task ends").is_err(), "nobody was told");
    let shown = house.show(&proposal).await;
    assert_eq!((&shown["state"], &shown["decider"]), (&json!("approved"), &json!("suzuki")));
    (house, proposal)
}

async fn keys(officer: &Caller, label: &str) -> usize {
    let keys = officer.get("/v1/keys").await.expect_status(200).json();
    let items = keys["items"].as_array().expect("a list").iter();
    items.filter(|key| key["label"] == label).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_approved_is_finished_after_a_restart_by_approving_again() {
    let (house, proposal) = Box::pin(cut_off("maker")).await;
    let [sato, suzuki, tanaka] = ["sato", "suzuki", "tanaka"].map(|name| officer(&house, name));
    let reply = about(&sato, &proposal, "approval").await.expect_status(403);
    assert_eq!(reply.problem(), "same_person", "still another person");
    conflict(about(&tanaka, &proposal, "rejection").await);
    conflict(withdraw(&sato, &proposal).await);
    let done = about(&tanaka, &proposal, "approval").await.expect_status(200).json();
    assert_eq!((&done["state"], &done["decider"]), (&json!("done"), &json!("suzuki")), "{done:#}");
    conflict(about(&suzuki, &proposal, "approval").await);
    assert_eq!(house.count("key_make", "done", "maker ").await, 1);
    assert_eq!(keys(&tanaka, "maker").await, 1);
}

/// By then nobody can tell whether it was carried out: people have to look.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_approved_long_ago_is_not_carried_out_any_more() {
    let (house, proposal) = Box::pin(cut_off("late")).await;
    house.bank.advance_minutes(11);
    let tanaka = officer(&house, "tanaka");
    let failed = about(&tanaka, &proposal, "approval").await.expect_status(200).json();
    assert_eq!(failed["state"], "failed", "{failed:#}");
    assert!(failed["outcome"].as_str().is_some_and(|o| o.contains("interrupted")), "{failed:#}");
    conflict(about(&tanaka, &proposal, "approval").await);
    assert_eq!(house.count("key_make", "done", "late ").await, 0);
    assert_eq!(keys(&tanaka, "late").await, 0);
}
