//! How batches end that nobody approves: rejected, taken back, too old. Nothing of them stays, neither
//! in the store nor in the HSM, but the report; and what waits survives a restart.
//!
//! Not responsible for: imports that are cut off before they are staged (`import.rs`).

use std::time::Duration;

use e2e::{
    Caller, TestToken, World,
    approval::{approve, reject, stage_as, take_back},
    clock::at,
    import, pskc, wait,
};
use serde_json::{Value, json};

use super::{House, conflict};

/// Secret keys that lie in the HSM.
fn objects(world: &World) -> usize {
    let pin = std::fs::read_to_string(&world.hsm.pin_file).expect("our own file");
    let label = &world.hsm.label;
    let login = ["--token-label", label, "--login", "--pin", pin.trim()];
    let list = ["--list-objects", "--type", "secrkey"];
    let listed = world.hsm.pkcs11_tool(&[&login[..], &list[..]].concat());
    listed.lines().filter(|line| line.starts_with("Secret Key Object")).count()
}

async fn resident(officer: &Caller, batch: &str, tokens: &[TestToken]) -> Value {
    let order = json!({ "batch": batch, "custody": "resident" });
    stage_as(officer, &order, pskc::plain(tokens)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_the_report_stays_of_a_batch_that_is_refused_or_taken_back() {
    let house = House::open().await;
    let tokens: Vec<_> = (0..5).map(|n| TestToken::hotp(&format!("EN-{n}"))).collect();
    let before = objects(&house.world);
    for (end, action, by) in [("rejected", "reject", "suzuki"), ("back", "withdraw", "sato")] {
        let job = resident(&house.sato, end, &tokens).await;
        assert_eq!(objects(&house.world), before + tokens.len(), "they lie in the HSM");
        let reply = match action {
            "reject" => reject(&house.suzuki, &job).await,
            _ => take_back(&house.sato, &job).await,
        };
        let told = reply.expect_status(200).json();
        assert_eq!(told["state"], "rejected", "{told:#}");
        assert_eq!(told["decided_by"], by, "{told:#}");
        assert_eq!(told["report"]["decided_by"], by, "{told:#}");
        wait::until("the seeds are gone from the HSM", || async {
            (objects(&house.world) == before).then_some(())
        })
        .await;
        assert!(!house.exists("EN-0").await);
        let kept = house.show(&job).await;
        assert_eq!(kept["report"]["accepted"], 5, "the report can be read still: {kept:#}");
        assert_eq!(house.count(action, "done", &format!("{end} by sato")).await, 1);
        conflict(approve(&house.suzuki, &job).await);
        conflict(take_back(&house.sato, &job).await);
        let same_name = import::open(&house.sato, &json!({ "batch": end })).await;
        assert_eq!(same_name.expect_status(409).problem(), "conflict");
    }
    let reason = house.auditor.get("/v1/audit/records").await;
    assert!(String::from_utf8_lossy(&reason.body).contains("not what was ordered"));

    // The serials are free; what is approved stays.
    let job = resident(&house.sato, "taken", &tokens).await;
    let _ = approve(&house.suzuki, &job).await.expect_status(200);
    assert_eq!(objects(&house.world), before + tokens.len());
    assert_eq!(house.teller.verdict("EN-4", &tokens[4].code(0)).await, "accepted");
    let house = house.kill_and_restart().await;
    let rejected = house.show(&json!({ "id": "rejected" })).await;
    assert_eq!(rejected["state"], "rejected", "{rejected:#}");
    assert_eq!(rejected["report"]["samples"][0]["serial"], "EN-0", "{rejected:#}");
    assert_eq!(house.teller.verdict("EN-4", &tokens[4].code(1)).await, "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_survives_a_restart_and_can_be_decided_after_it() {
    let mut house = House::open().await;
    let tokens = ["EN-6", "EN-7", "EN-8"].map(TestToken::hotp);
    let mut jobs = Vec::new();
    for token in &tokens {
        jobs.push(resident(&house.sato, &token.serial, std::slice::from_ref(token)).await);
    }
    let before = objects(&house.world);
    house = house.kill_and_restart().await;
    for (job, token) in jobs.iter().zip(&tokens) {
        let shown = house.show(job).await;
        for field in ["state", "fingerprint", "expires_at", "accepted"] {
            assert_eq!(shown[field], job[field], "{field}: {shown:#}");
        }
        assert!(!house.exists(&token.serial).await, "{}", token.serial);
    }
    assert_eq!(objects(&house.world), before, "nothing was swept that waits");
    let again = import::file(&house.sato, &json!({}), pskc::plain(&tokens[..1])).await;
    assert_eq!(again["report"]["refused"][0]["class"], "E_DUPLICATE", "{again:#}");
    let reply = approve(&house.sato, &jobs[0]).await.expect_status(403);
    assert_eq!(reply.problem(), "same_person");
    let _ = approve(&house.suzuki, &jobs[0]).await.expect_status(200);
    let _ = reject(&house.suzuki, &jobs[1]).await.expect_status(200);
    let _ = take_back(&house.sato, &jobs[2]).await.expect_status(200);
    // Killed before the seeds of what was refused are gone, perhaps: the next start goes on.
    house = house.kill_and_restart().await;
    wait::until("the seeds of two batches are gone", || async {
        (objects(&house.world) == before - 2).then_some(())
    })
    .await;
    for (token, verdict) in tokens.iter().zip(["accepted", "wrong", "wrong"]) {
        assert_eq!(house.teller.verdict(&token.serial, &token.code(0)).await, verdict);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_waits_too_long_is_void() {
    let mut clock = None;
    let mut house = House::open_with(|world| {
        clock = Some(world.use_clock(at("2026-10-01T10:00:00+09:00")));
    })
    .await;
    let clock = clock.expect("it was set");
    let tokens = ["EN-10", "EN-11"].map(TestToken::hotp);
    let in_time = resident(&house.sato, "in-time", &tokens[..1]).await;
    let before = objects(&house.world);
    let late = resident(&house.sato, "late", &tokens[1..]).await;
    let end = late["expires_at"].as_str().map(at).expect("a time");
    assert_eq!(end, at("2026-10-04T10:00:00+09:00"), "72 hours: {late:#}");
    clock.advance(Duration::from_secs(72 * 3_600 - 1));
    let _ = approve(&house.suzuki, &in_time).await.expect_status(200);
    clock.set(end);
    conflict(approve(&house.suzuki, &late).await);
    assert!(!house.exists("EN-11").await);

    house = house.kill_and_restart().await;
    wait::until("the batch is given up", || async {
        (house.show(&late).await["state"] == "rejected").then_some(())
    })
    .await;
    wait::until("and its seed is gone", || async {
        (objects(&house.world) == before).then_some(())
    })
    .await;
    let shown = house.show(&late).await;
    assert!(shown["decided_by"].is_null(), "nobody decided: {shown:#}");
    assert_eq!(house.count("reject", "expired", "late").await, 1);
    conflict(approve(&house.suzuki, &late).await);
    let again = resident(&house.sato, "once-more", &tokens[1..]).await;
    let _ = approve(&house.suzuki, &again).await.expect_status(200);
    for token in &tokens {
        assert_eq!(house.teller.verdict(&token.serial, &token.code(0)).await, "accepted");
    }
}
