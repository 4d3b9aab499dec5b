//! Two people at work: batches that are staged and decided about, proposals and decisions about them,
//! and what the audit chain tells of it.
//!
//! Not responsible for: whose certificates are whose (see [`crate::World::person`]), what answer is
//! right.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use crate::{
    caller::{Caller, Reply},
    import,
    process::fail,
    pskc,
    token::TestToken,
};

/// Imports tokens with plain values under a batch's name, to the point where another officer is
/// asked; the job.
pub async fn stage(officer: &Caller, batch: &str, tokens: &[TestToken]) -> Value {
    stage_as(officer, &json!({ "batch": batch }), pskc::plain(tokens)).await
}

/// The same with any order and file.
pub async fn stage_as(officer: &Caller, order: &Value, file: Vec<u8>) -> Value {
    let job = import::file(officer, order, file).await;
    if job["state"] != "staged" {
        fail(&format!("nothing was staged: {job:#}"));
    }
    job
}

/// Approves a staged batch as its job shows it.
pub async fn approve(officer: &Caller, job: &Value) -> Reply {
    let body = json!({ "fingerprint": job["fingerprint"] });
    decide(officer, "imports", job, "approval", &body).await
}

/// Rejects a staged batch.
pub async fn reject(officer: &Caller, job: &Value) -> Reply {
    decide(officer, "imports", job, "rejection", &json!({ "reason": "not what was ordered" })).await
}

/// Takes a staged batch back.
pub async fn take_back(officer: &Caller, job: &Value) -> Reply {
    let path = format!("/v1/imports/{}", id(job));
    officer.request(Method::DELETE, &path, &[], Bytes::new()).await
}

/// Proposes an operation that must be taken; the proposal.
pub async fn propose(caller: &Caller, operation: &Value) -> Value {
    caller.post("/v1/proposals", operation).await.expect_status(201).json()
}

/// Decides about a proposal as it is shown: `approval` or `rejection`.
pub async fn about(caller: &Caller, proposal: &Value, verb: &str) -> Reply {
    let body = json!({ "fingerprint": proposal["fingerprint"], "reason": "looked at" });
    decide(caller, "proposals", proposal, verb, &body).await
}

/// Takes a proposal back.
pub async fn withdraw(caller: &Caller, proposal: &Value) -> Reply {
    let path = format!("/v1/proposals/{}", id(proposal));
    caller.request(Method::DELETE, &path, &[], Bytes::new()).await
}

/// Events of the audit chain, oldest first.
pub async fn events(auditor: &Caller) -> Vec<Value> {
    let reply = auditor.get("/v1/audit/records").await.expect_status(200);
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    let records = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    records.map(|record| record["event"].clone()).collect()
}

/// How many events have this action and outcome, and the text in their note.
pub fn count(events: &[Value], action: &str, outcome: &str, note: &str) -> usize {
    let is_one = |event: &&Value| {
        let told = event["note"].as_str().unwrap_or_default();
        event["action"] == action && event["outcome"] == outcome && told.contains(note)
    };
    events.iter().filter(is_one).count()
}

async fn decide(caller: &Caller, what: &str, of: &Value, verb: &str, body: &Value) -> Reply {
    caller.post(&format!("/v1/{what}/{}/{verb}", id(of)), body).await
}

fn id(of: &Value) -> &str {
    of["id"].as_str().unwrap_or_else(|| fail(&format!("no id: {of:#}")))
}
