//! What an officer looks at before they decide, and what the archive keeps: the report of a batch.
//!
//! Not responsible for: warnings and refusals one by one (`import.rs`, tests of warifu-keys).

use e2e::{
    Hash, TestToken,
    approval::{approve, stage_as},
    clock::at,
    import, pskc,
    world::BANK,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{House, approve_with, path};

/// Forty tokens of three kinds; every second one ends some day.
fn delivery() -> Vec<TestToken> {
    let token = |n: u32| {
        let serial = format!("RE-{n:02}");
        let token = match n % 4 {
            0 => TestToken::totp(&serial).step(60),
            1 => TestToken::totp(&serial).hash(Hash::Sha256).digits(8),
            _ => TestToken::hotp(&serial),
        };
        if n.is_multiple_of(2) { token } else { token.policy(&ends(n)) }
    };
    (0..40).map(token).collect()
}

fn ends(n: u32) -> String {
    format!("<ExpiryDate>20{}-03-31T00:00:00Z</ExpiryDate>", 40 + n)
}

fn words(list: &Value, field: &str) -> Vec<String> {
    let items = list.as_array().expect("a list").iter();
    items.map(|item| item[field].as_str().unwrap_or_default().to_owned()).collect()
}

fn assert_report(report: &Value, file: &[u8]) {
    assert_eq!(report["file_sha256"], hex::encode(Sha256::digest(file)), "{report:#}");
    assert_eq!(report["bytes"], file.len(), "{report:#}");
    assert_eq!(report["format"]["format"], "pskc", "{report:#}");
    assert!(report["format"]["because"].as_str().is_some_and(|why| !why.is_empty()), "{report:#}");
    assert_eq!(
        report["kinds"],
        json!([
            { "profile": "HOTP SHA1 6 digits", "count": 20 },
            { "profile": "TOTP SHA1 6 digits 60 s", "count": 10 },
            { "profile": "TOTP SHA256 8 digits 30 s", "count": 10 },
        ])
    );
    let serials = words(&report["samples"], "serial");
    assert!((3..=9).contains(&serials.len()), "{report:#}");
    assert!(serials.is_sorted(), "{report:#}");
    assert_eq!(serials.first().map(String::as_str), Some("RE-00"), "{report:#}");
    assert_eq!(serials.last().map(String::as_str), Some("RE-39"), "{report:#}");
    let last = &report["samples"][serials.len() - 1];
    assert_eq!(last["profile"], "HOTP SHA1 6 digits", "{report:#}");
    assert_eq!(last["manufacturer"], pskc::MANUFACTURER, "{report:#}");
    assert_eq!(last["expires_at"].as_str().map(at), Some(at("2079-03-31T00:00:00Z")), "{last:#}");
    let text = String::from_utf8_lossy(file);
    let line = text.lines().position(|line| line.contains("RE-39")).expect("it is there") + 1;
    let told = last["line"].as_u64().expect("a line");
    assert!(told.abs_diff(u64::try_from(line).expect("a short file")) < 4, "line {line}: {last:#}");
    assert_eq!((&report["accepted"], &report["quarantined"]), (&json!(40), &json!(0)));
    assert_eq!((&report["refused"], &report["refused_total"]), (&json!([]), &json!(0)));
    assert_eq!(report["expiry"]["never"], 20, "{report:#}");
    let time = |field: &str| report["expiry"][field].as_str().map(at);
    assert_eq!(time("earliest"), Some(at("2041-03-31T00:00:00Z")), "{report:#}");
    assert_eq!(time("latest"), Some(at("2079-03-31T00:00:00Z")), "{report:#}");
    assert_eq!(report["exposure"], json!({ "none": 0, "worker": 0, "daemon": 40 }));
    assert_eq!(report["custody"], "wrapped", "{report:#}");
}

fn assert_secret(job: &Value, tokens: &[TestToken]) {
    use base64::Engine as _;
    let text = job.to_string().to_lowercase();
    for token in tokens {
        let encoded = base64::engine::general_purpose::STANDARD.encode(&token.seed);
        assert!(!text.contains(&encoded.to_lowercase()), "{}", token.serial);
        assert!(!text.contains(&hex::encode(&token.seed)), "{}", token.serial);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_says_what_was_found_and_who_decided() {
    let house = House::open().await;
    let tokens = delivery();
    let file = pskc::plain(&tokens);
    let job = stage_as(&house.sato, &json!({ "batch": "forty" }), file.clone()).await;
    assert_report(&job["report"], &file);
    assert_secret(&job, &tokens);
    assert_eq!(job["report"]["officer"], "sato", "{job:#}");
    assert!(job["report"]["decided_by"].is_null(), "{job:#}");
    let told = job["fingerprint"].as_str().expect("a fingerprint");
    assert_eq!(hex::decode(told).map(|bytes| bytes.len()), Ok(32), "{told}");

    let tanaka = house.world.named(&house.daemon, BANK, "officer", "tanaka");
    let done = approve(&tanaka, &job).await.expect_status(200).json();
    assert_report(&done["report"], &file);
    assert_eq!(done["report"]["officer"], "sato", "{done:#}");
    assert_eq!(done["report"]["decided_by"], "tanaka", "{done:#}");
    assert!(done["report"]["decided_at"].is_string(), "{done:#}");
    assert!(done["report"]["finished_at"].is_string(), "{done:#}");
    let house = house.kill_and_restart().await;
    assert_eq!(house.show(&job).await, done, "and the same after a restart");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_needs_nobody_else_and_leaves_nothing_to_approve() {
    let house = House::open().await;
    let tokens = delivery();
    let file = pskc::plain(&tokens);
    let order = json!({ "batch": "dry", "dry_run": true });
    let job = import::file(&house.sato, &order, file.clone()).await;
    assert_eq!((&job["state"], &job["dry_run"]), (&json!("done"), &json!(true)), "{job:#}");
    assert_report(&job["report"], &file);
    assert_secret(&job, &tokens);
    for field in ["fingerprint", "expires_at", "decided_by"] {
        assert!(job[field].is_null(), "{field}: {job:#}");
    }
    let reply = approve_with(&house.suzuki, &job, &json!({ "fingerprint": "00" })).await;
    assert_eq!(reply.expect_status(404).problem(), "not_found");
    let reply = house.suzuki.post(&format!("{}/rejection", path(&job)), &json!({})).await;
    assert_eq!(reply.expect_status(404).problem(), "not_found");
    assert!(!house.exists("RE-00").await);
    let wet = stage_as(&house.sato, &json!({ "batch": "dry" }), file).await;
    let _ = approve(&house.suzuki, &wet).await.expect_status(200);
    assert!(house.exists("RE-39").await);
}
