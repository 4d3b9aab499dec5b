//! Four eyes over batches: what one officer stages, another approves or rejects after looking at the
//! same fingerprint; before that no token of it exists, and after a rejection none ever did. Here: the
//! way of one batch. In the folder of the same name: who is another person, what happens at the same
//! time, how batches end, what is refused, what the report says.
//!
//! Not responsible for: reading files (`import.rs`), other operations of two people (`proposals.rs`).
#![forbid(unsafe_code)]

#[path = "four_eyes/ends.rs"]
mod ends;
#[path = "four_eyes/limits.rs"]
mod limits;
#[path = "four_eyes/people.rs"]
mod people;
#[path = "four_eyes/races.rs"]
mod races;
#[path = "four_eyes/report.rs"]
mod report;

use bytes::Bytes;
use e2e::{
    Caller, Daemon, Reply, TestToken, World,
    approval::{approve, count, events, reject, stage, take_back},
    import, pskc,
    world::BANK,
};
use http::Method;
use serde_json::{Value, json};

/// An installation that asks two people, and its people.
struct House {
    world: World,
    daemon: Daemon,
    /// Who stages.
    sato: Caller,
    /// Who decides.
    suzuki: Caller,
    operator: Caller,
    teller: Caller,
    auditor: Caller,
}

impl House {
    async fn open() -> Self {
        Self::open_with(|_| ()).await
    }

    async fn open_with(change: impl FnOnce(&mut World)) -> Self {
        let mut world = World::bare();
        world.set("approval.enforce", "true");
        change(&mut world);
        world.make_keys();
        world.init();
        Self::start(world).await
    }

    async fn start(world: World) -> Self {
        let daemon = world.start().await;
        let sato = world.named(&daemon, BANK, "officer", "sato");
        let suzuki = world.named(&daemon, BANK, "officer", "suzuki");
        let [operator, teller, auditor] =
            ["operator", "validator", "auditor"].map(|role| world.caller(&daemon, role));
        Self { world, daemon, sato, suzuki, operator, teller, auditor }
    }

    /// `kill -9`, then the same store under a new process.
    async fn kill_and_restart(self) -> Self {
        let Self { world, daemon, .. } = self;
        daemon.kill();
        Self::start(world).await
    }

    /// The import as it is shown now.
    async fn show(&self, job: &Value) -> Value {
        self.auditor.get(&path(job)).await.expect_status(200).json()
    }

    /// Whether a token exists for staff.
    async fn exists(&self, serial: &str) -> bool {
        let reply = self.operator.get(&format!("/v1/tokens/{serial}")).await;
        match reply.status.as_u16() {
            200 => true,
            404 => false,
            other => e2e::process::fail(&format!("{serial}: {other}")),
        }
    }

    async fn count(&self, action: &str, outcome: &str, note: &str) -> usize {
        count(&events(&self.auditor).await, action, outcome, note)
    }
}

fn path(job: &Value) -> String {
    format!("/v1/imports/{}", job["id"].as_str().expect("an id"))
}

async fn approve_with(officer: &Caller, job: &Value, body: &Value) -> Reply {
    officer.post(&format!("{}/approval", path(job)), body).await
}

fn conflict(reply: Reply) {
    assert_eq!(reply.expect_status(409).problem(), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_exists_once_another_officer_approved_what_they_saw() {
    let house = House::open().await;
    let House { sato, suzuki, operator, teller, .. } = &house;
    let tokens = [TestToken::hotp("FE-1"), TestToken::totp("FE-2")];
    let job = stage(sato, "spring", &tokens).await;
    assert_eq!(job["report"]["accepted"], 2, "{job:#}");
    assert!(job["expires_at"].is_string() && job["decided_by"].is_null(), "{job:#}");

    assert_eq!(teller.verdict("FE-1", &tokens[0].code(0)).await, "wrong");
    for verb in ["unlock", "enable", "disable", "lost"] {
        let reply = operator.post(&format!("/v1/tokens/FE-1/{verb}"), &json!({})).await;
        assert!([403, 404].contains(&reply.status.as_u16()), "{verb}: {reply:?}");
    }
    assert!(!house.exists("FE-1").await);
    let list = operator.get("/v1/tokens").await.expect_status(200).json();
    assert_eq!(list["items"], json!([]));
    let listed = house.auditor.get("/v1/imports").await.expect_status(200).json();
    assert_eq!(listed["items"][0]["state"], "staged", "{listed:#}");
    assert_eq!(listed["items"][0]["fingerprint"], job["fingerprint"], "{listed:#}");

    let done = approve(suzuki, &job).await.expect_status(200).json();
    assert_eq!(done["state"], "done", "{done:#}");
    assert_eq!(done["decided_by"], "suzuki", "{done:#}");
    assert!(done["fingerprint"].is_null() && done["expires_at"].is_null(), "{done:#}");
    assert_eq!(house.show(&job).await, done, "and shown the same");
    assert_eq!(teller.verdict("FE-1", &tokens[0].code(0)).await, "accepted");
    assert_eq!(teller.verdict("FE-1", &tokens[0].code(0)).await, "reused");
    assert_eq!(house.count("import", "staged", "spring").await, 1);
    assert_eq!(house.count("approve", "done", "spring by sato").await, 1);
    assert_eq!(house.count("import", "done", "spring").await, 0);

    conflict(approve(suzuki, &job).await);
    conflict(reject(suzuki, &job).await);
    conflict(take_back(sato, &job).await);
    let house = house.kill_and_restart().await;
    assert_eq!(house.show(&job).await, done, "and after a restart");
    assert_eq!(house.teller.verdict("FE-1", &tokens[0].code(1)).await, "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_fingerprint_of_this_very_batch_approves_it() {
    let house = House::open().await;
    let House { sato, suzuki, teller, .. } = &house;
    let token = TestToken::hotp("FE-3");
    let other = stage(sato, "other", &[TestToken::hotp("FE-4")]).await;
    let old = stage(sato, "old", std::slice::from_ref(&token)).await;
    let _ = reject(suzuki, &old).await.expect_status(200);
    // The same file again: what is sealed differs, and so does the batch.
    let order = json!({ "batch": "again" });
    let again = wait_for_free(sato, &order, &token).await;
    assert_ne!(again["fingerprint"], old["fingerprint"]);

    let file = again["report"]["file_sha256"].clone();
    let right = again["fingerprint"].as_str().expect("a fingerprint").to_owned();
    let wrong = [old["fingerprint"].clone(), other["fingerprint"].clone(), file];
    let short = [json!(&right[..16]), json!(&right[1..]), json!(""), json!("-- --")];
    for fingerprint in wrong.iter().chain(&short) {
        conflict(approve_with(suzuki, &again, &json!({ "fingerprint": fingerprint })).await);
    }
    let reason = json!({ "fingerprint": old["fingerprint"], "reason": "x" });
    conflict(suzuki.post(&format!("{}/rejection", path(&again)), &reason).await);
    for body in [json!({}), json!({ "fingerprint": null }), json!({ "fingerprint": 1 })] {
        let reply = approve_with(suzuki, &again, &body).await.expect_status(400);
        assert_eq!(reply.problem(), "malformed_request", "{body}");
    }
    assert_eq!(house.show(&again).await["state"], "staged");
    assert_eq!(teller.verdict("FE-3", &token.code(0)).await, "wrong");

    // As a person reads it from a page: in groups, in capitals.
    let groups: Vec<_> = right.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
    let read = groups.join(" ").to_uppercase();
    let done = approve_with(suzuki, &again, &json!({ "fingerprint": read })).await;
    assert_eq!(done.expect_status(200).json()["state"], "done");
    assert_eq!(teller.verdict("FE-3", &token.code(0)).await, "accepted");
}

/// Stages a token whose serial a rejected batch is giving back.
async fn wait_for_free(officer: &Caller, order: &Value, token: &TestToken) -> Value {
    e2e::wait::until("the serial is free", || async {
        let job = import::file(officer, order, pskc::plain(std::slice::from_ref(token))).await;
        (job["state"] == "staged").then_some(job)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_sent_again_is_answered_again() {
    let house = House::open().await;
    let House { sato, suzuki, .. } = &house;
    let first = stage(sato, "first", &[TestToken::hotp("FE-5")]).await;
    let second = stage(sato, "second", &[TestToken::hotp("FE-6")]).await;
    let third = stage(sato, "third", &[TestToken::hotp("FE-7")]).await;
    let approval = json!({ "fingerprint": first["fingerprint"] });
    let approved = format!("{}/approval", path(&first));
    let rejected = format!("{}/rejection", path(&second));
    let done = suzuki.post_once(&approved, &approval, "a").await.expect_status(200);
    let gone = suzuki.post_once(&rejected, &json!({}), "r").await.expect_status(200);
    let back = once(sato, Method::DELETE, &path(&third), "w").await.expect_status(200);
    for reply in [&done, &gone, &back] {
        assert_eq!(reply.header("idempotency-replayed"), "", "{reply:?}");
    }
    assert_eq!(gone.json()["state"], "rejected");
    assert_eq!(back.json()["state"], "rejected");
    let other = json!({ "fingerprint": first["fingerprint"], "reason": "another request" });
    let mismatch = suzuki.post_once(&approved, &other, "a").await.expect_status(422);
    assert_eq!(mismatch.problem(), "idempotency_mismatch");

    let house = house.kill_and_restart().await;
    let House { sato, suzuki, .. } = &house;
    let replies = [
        (done, suzuki.post_once(&approved, &approval, "a").await),
        (gone, suzuki.post_once(&rejected, &json!({}), "r").await),
        (back, once(sato, Method::DELETE, &path(&third), "w").await),
    ];
    for (first, again) in replies {
        assert_eq!(again.header("idempotency-replayed"), "true", "{again:?}");
        assert_eq!(again.expect_status(200).json(), first.json());
    }
    assert_eq!(house.count("approve", "done", "first").await, 1);
    assert_eq!(house.count("reject", "done", "second").await, 1);
    assert_eq!(house.count("withdraw", "done", "third").await, 1);
}

async fn once(caller: &Caller, method: Method, path: &str, key: &str) -> Reply {
    caller.request(method, path, &[("idempotency-key", key)], Bytes::new()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_is_asked_one_officer_imports_as_before() {
    let mut world = World::new();
    world.set("approval.enforce", "false");
    let house = House::start(world).await;
    house.daemon.wait_for_log("approval.enforce");
    let token = TestToken::hotp("FE-8");
    let order = json!({ "batch": "alone" });
    let job = import::file(&house.sato, &order, pskc::plain(std::slice::from_ref(&token))).await;
    assert_eq!(job["state"], "done", "{job:#}");
    for field in ["fingerprint", "expires_at", "decided_by"] {
        assert!(job[field].is_null(), "{field}: {job:#}");
    }
    assert_eq!(house.teller.verdict("FE-8", &token.code(0)).await, "accepted");
    conflict(approve_with(&house.suzuki, &job, &json!({ "fingerprint": "00" })).await);
    assert_eq!(house.count("import", "done", "alone").await, 1);
}
