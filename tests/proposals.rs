//! Operations of two people that are no batch: what staff propose, another of them carries out.
//! Here: what needs it and who is free of it. In the folder of the same name: who may decide, how
//! proposals end, what a kill in the middle leaves, hostile bodies.
//!
//! Not responsible for: batches (`four_eyes.rs`), what the operations do (`bank_004.rs` and others).
#![forbid(unsafe_code)]

#[path = "proposals/ends.rs"]
mod ends;
#[path = "proposals/hostile.rs"]
mod hostile;
#[path = "proposals/interrupted.rs"]
mod interrupted;
#[path = "proposals/people.rs"]
mod people;

use e2e::{
    Caller, Reply, TestToken,
    approval::{about, count, events, propose},
    lifecycle::{Actor, Bank, assert_outcome},
    world::BANK,
};
use http::Method;
use serde_json::{Value, json};

const C: &str = "NAGISA-1";
const USERS: [(&str, &str); 5] = [
    ("M1", "master"),
    ("A1", "administrator"),
    ("G1", "general"),
    ("G2", "general"),
    ("G3", "general"),
];

/// A bank that asks two people, with users whose tokens are in service, and its staff.
struct House {
    bank: Bank,
    /// In the order of [`USERS`].
    tokens: Vec<TestToken>,
    /// Who proposes.
    sato: Caller,
    /// Who decides.
    suzuki: Caller,
}

impl House {
    async fn open() -> Self {
        let bank = Bank::open("bank-004").await;
        bank.contract(C, "2026-10-01T00:00:00+09:00", "").await;
        let serials = ["10000001", "10000002", "10000003", "10000004", "10000005"];
        let tokens = bank.stock("hard", &serials).await;
        for ((user, role), token) in USERS.iter().zip(&tokens) {
            bank.user(C, user, role).await;
            bank.in_service(C, user, &Actor::user(user), token).await;
        }
        let bank = bank
            .kill_and(|world| {
                world.set("approval.enforce", "true").person("sato", &["sato-card"]);
            })
            .await;
        Self::with(bank, tokens)
    }

    fn with(bank: Bank, tokens: Vec<TestToken>) -> Self {
        let named = |name| bank.world.named(&bank.daemon, BANK, "operator", name);
        let (sato, suzuki) = (named("sato"), named("suzuki"));
        Self { bank, tokens, sato, suzuki }
    }

    async fn kill_and_restart(self) -> Self {
        Self::with(self.bank.kill_and_restart().await, self.tokens)
    }

    fn operator(&self, name: &str) -> Caller {
        self.bank.world.named(&self.bank.daemon, BANK, "operator", name)
    }

    async fn show(&self, proposal: &Value) -> Value {
        self.bank.get(&self.bank.auditor, &path(proposal)).await
    }

    async fn count(&self, action: &str, outcome: &str, note: &str) -> usize {
        count(&events(&self.bank.auditor).await, action, outcome, note)
    }

    /// Events of an action at a token.
    async fn of_token(&self, action: &str, serial: &str) -> Vec<Value> {
        let all = events(&self.bank.auditor).await.into_iter();
        all.filter(|event| event["action"] == action && event["serial"] == serial).collect()
    }
}

fn path(proposal: &Value) -> String {
    format!("/v1/proposals/{}", proposal["id"].as_str().expect("an id"))
}

fn lost(serial: &str) -> Value {
    let request = json!({ "reason": "紛失届", "reference": "受付-77" });
    json!({ "operation": "token_lost", "serial": serial, "request": request })
}

fn unlocks(users: &[&str]) -> Value {
    let request = json!({ "reason": "ご本人確認済み", "reference": "店番101-78" });
    json!({ "operation": "contract_unlocks", "contract": C, "users": users, "request": request })
}

fn needs_two(reply: Reply) {
    let reply = reply.expect_status(403);
    assert_eq!(reply.problem(), "approval_required", "{reply:?}");
}

fn conflict(reply: Reply) {
    assert_eq!(reply.expect_status(409).problem(), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_reported_lost_by_two() {
    let house = House::open().await;
    let (bank, token) = (&house.bank, &house.tokens[2]);
    let body = Actor::paper().into_body(json!({}));
    let direct = format!("/v1/tokens/{}/lost", token.serial);
    needs_two(bank.send(&house.sato, Method::POST, &direct, &body).await);
    let answer = bank.verify_user(C, "G1", &bank.fresh(token)).await;
    assert_outcome(&answer, "accepted");

    let proposal = propose(&house.sato, &lost(&token.serial)).await;
    assert_eq!((&proposal["state"], &proposal["proposer"]), (&json!("open"), &json!("sato")));
    assert_eq!(proposal["request"]["reference"], "受付-77", "all that is decided about is shown");
    assert_eq!(house.show(&proposal).await, proposal);
    let answer = bank.verify_user(C, "G1", &bank.fresh(token)).await;
    assert_outcome(&answer, "accepted");

    let done = about(&house.suzuki, &proposal, "approval").await.expect_status(200).json();
    assert_eq!((&done["state"], &done["decider"]), (&json!("done"), &json!("suzuki")), "{done:#}");
    assert!(done["outcome"].as_str().is_some_and(|told| told.starts_with("done")), "{done:#}");
    assert_eq!(done["reason"], "looked at", "{done:#}");
    assert_eq!(house.show(&proposal).await, done);
    let answer = bank.verify_user(C, "G1", &bank.fresh(token)).await;
    assert_outcome(&answer, "rejected revoked");
    conflict(about(&house.suzuki, &proposal, "approval").await);
    conflict(about(&house.suzuki, &proposal, "rejection").await);

    let id = proposal["id"].as_str().expect("an id");
    let told = |word: &str| format!("{word}: one in the chain");
    assert_eq!(house.count("propose", "open", id).await, 1, "{}", told("propose"));
    assert_eq!(house.count("approve", "approved", id).await, 1, "{}", told("approval"));
    assert_eq!(house.count("approve", "done", id).await, 1, "{}", told("end"));
    let [event] = &house.of_token("lost", &token.serial).await[..] else {
        e2e::process::fail("not one lost in the chain")
    };
    let parts = [&event["actor"], &event["outcome"], &event["reference"]];
    assert_eq!(parts, ["suzuki", "done", "受付-77"], "{event:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_locks_are_lifted_by_two_and_one_by_one() {
    let house = House::open().await;
    let bank = &house.bank;
    let direct = format!("/v1/contracts/{C}/unlocks");
    for (user, token) in [("G1", 2), ("G2", 3), ("G3", 4)] {
        bank.lock(C, user, &house.tokens[token]).await;
    }
    let staff = |users: Value| Actor::paper().into_body(json!({ "users": users }));
    let both = staff(json!(["G1", "G2"]));
    needs_two(bank.send(&house.sato, Method::POST, &direct, &both).await);
    let one = bank.post(&house.sato, &direct, &staff(json!(["G3"]))).await;
    assert_outcome(&one, "done");

    let proposal = propose(&house.sato, &unlocks(&["G1", "G2"])).await;
    assert_eq!(bank.show_user(C, "G1").await["authentication"], "stopped");
    let done = about(&house.suzuki, &proposal, "approval").await.expect_status(200).json();
    assert_eq!(done["state"], "done", "{done:#}");
    for (user, token) in [("G1", 2), ("G2", 3)] {
        let answer = bank.verify_user(C, user, &bank.fresh(&house.tokens[token])).await;
        assert_outcome(&answer, "accepted");
    }

    // One who does not hold a token spoils the whole proposal, and says so.
    bank.user(C, "G9", "general").await;
    bank.lock(C, "G1", &house.tokens[2]).await;
    let proposal = propose(&house.sato, &unlocks(&["G1", "G9"])).await;
    let failed = about(&house.suzuki, &proposal, "approval").await.expect_status(200).json();
    assert_eq!(failed["state"], "failed", "{failed:#}");
    assert!(failed["outcome"].as_str().is_some_and(|o| o.starts_with("refused")), "{failed:#}");
    assert_eq!(bank.show_user(C, "G1").await["authentication"], "stopped");
    conflict(about(&house.suzuki, &proposal, "approval").await);
}

/// A master or administrator has shown a password or a code of their own.
#[tokio::test(flavor = "multi_thread")]
async fn users_who_act_through_the_front_end_ask_nobody_else() {
    let house = House::open().await;
    let bank = &house.bank;
    for (user, token) in [("G1", 2), ("G2", 3), ("G3", 4)] {
        bank.lock(C, user, &house.tokens[token]).await;
    }
    let master = Actor::user("M1").right();
    assert_outcome(&bank.unlock(C, &["G1", "G2", "G3"], &master).await, "done");
    // Staff do not become a user by naming one.
    bank.lock(C, "G1", &house.tokens[2]).await;
    bank.lock(C, "G2", &house.tokens[3]).await;
    let body = master.into_body(json!({ "users": ["G1", "G2"] }));
    let path = format!("/v1/contracts/{C}/unlocks");
    let reply = bank.send(&house.sato, Method::POST, &path, &body).await.expect_status(422);
    assert_eq!(reply.json()["errors"][0]["field"], "actor.user", "{reply:?}");
    // Nor does a front end become staff by naming none.
    let body = Actor::paper().into_body(json!({ "users": ["G1", "G2"] }));
    needs_two(bank.send(&bank.fe, Method::POST, &path, &body).await);
    assert_eq!(bank.show_user(C, "G1").await["authentication"], "stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_token_is_initialised_by_two() {
    let bank = Bank::open("bank-000").await;
    bank.contract(C, "2026-10-01T00:00:00+09:00", "").await;
    for (user, role) in [("M1", "master"), ("S1", "general")] {
        bank.user(C, user, role).await;
    }
    let mut cameras = bank.cameras(C, "0112345679", 1).await;
    let token = &mut cameras[0];
    bank.activate(C, "S1", token).await;
    let bank = bank.kill_and(|world| drop(world.set("approval.enforce", "true").config())).await;
    let house = House::with(bank, Vec::new());
    let bank = &house.bank;
    let serial = token.serial().to_owned();
    let before = bank.camera_state(&serial).await;
    assert!(before.starts_with("active"), "{before}");
    let direct = format!("/v1/contracts/{C}/camera-tokens/{serial}/initialisations");
    let body = Actor::paper().into_body(json!({}));
    needs_two(bank.send(&house.sato, Method::POST, &direct, &body).await);

    let initialise = |contract: &str| {
        let request = json!({ "reason": "トークン交換", "reference": "受付-79" });
        json!({ "operation": "camera_initialise", "contract": contract, "serial": serial,
                "request": request })
    };
    let elsewhere = propose(&house.sato, &initialise("OTHER-1")).await;
    let failed = about(&house.suzuki, &elsewhere, "approval").await.expect_status(200).json();
    assert_eq!(failed["state"], "failed", "{failed:#}");
    assert_eq!(bank.camera_state(&serial).await, before);
    let proposal = propose(&house.sato, &initialise(C)).await;
    let done = about(&house.suzuki, &proposal, "approval").await.expect_status(200).json();
    assert_eq!(done["state"], "done", "{done:#}");
    assert_ne!(bank.camera_state(&serial).await, before);
    assert_eq!(house.of_token("initialise", &serial).await.len(), 1);
}
