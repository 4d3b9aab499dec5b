//! Bringing seed files in through the officer's endpoint.
//!
//! Not responsible for: making the files (see [`crate::pskc`]).

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use crate::{
    caller::{Caller, Reply},
    process::fail,
    pskc,
    token::TestToken,
    wait,
};

/// States from which a job does not move any more.
pub const FINAL: [&str; 6] = ["done", "staged", "rejected", "refused", "failed", "cancelled"];

/// Opens a job.
pub async fn open(officer: &Caller, order: &Value) -> Reply {
    officer.post("/v1/imports", order).await
}

/// Sends the file of a job.
pub async fn send(officer: &Caller, id: &str, file: Vec<u8>) -> Reply {
    let headers = [("content-type", "application/octet-stream")];
    let path = format!("/v1/imports/{id}/content");
    officer.request(Method::PUT, &path, &headers, Bytes::from(file)).await
}

/// Waits for the end of a job.
pub async fn finished(officer: &Caller, id: &str) -> Value {
    wait::until("the import ends", || async {
        let job = officer.get(&format!("/v1/imports/{id}")).await.expect_status(200).json();
        let state = job["state"].as_str().unwrap_or_default().to_owned();
        FINAL.contains(&state.as_str()).then_some(job)
    })
    .await
}

/// Opens a job, sends the file, waits for the end.
pub async fn file(officer: &Caller, order: &Value, file: Vec<u8>) -> Value {
    let job = open(officer, order).await.expect_status(201);
    let id = job.text("id");
    let _ = send(officer, &id, file).await.expect_status(202);
    finished(officer, &id).await
}

/// Imports tokens with plain values and insists that all were taken.
pub async fn tokens(officer: &Caller, custody: &str, tokens: &[TestToken]) {
    taken(officer, &json!({ "dry_run": false, "custody": custody }), tokens).await;
}

/// The same as tokens of a kind (`hard`, `soft`, `camera`), in wrapped custody.
pub async fn of_kind(officer: &Caller, kind: &str, tokens: &[TestToken]) {
    taken(officer, &json!({ "dry_run": false, "custody": "wrapped", "kind": kind }), tokens).await;
}

async fn taken(officer: &Caller, order: &Value, tokens: &[TestToken]) {
    let job = file(officer, order, pskc::plain(tokens)).await;
    if job["state"] != "done" || job["accepted"] != tokens.len() {
        fail(&format!("the import was not taken: {job:#}"));
    }
}

/// One token in wrapped custody.
pub async fn one(officer: &Caller, token: &TestToken) {
    tokens(officer, "wrapped", std::slice::from_ref(token)).await;
}
