//! Import of a seed file: all or nothing per batch, existing serials refused, no counter ever
//! lowered, what the file says is honoured.
//!
//! Not responsible for: what the parser refuses in detail (tests of warifu-keys).
#![forbid(unsafe_code)]

use bytes::Bytes;
use e2e::{Caller, Daemon, TestToken, World, import, process, pskc, wait};
use http::Method;
use serde_json::{Value, json};

async fn started() -> (World, Daemon, Caller, Caller) {
    let world = World::new();
    let daemon = world.start().await;
    let officer = world.caller(&daemon, "officer");
    let operator = world.caller(&daemon, "operator");
    (world, daemon, officer, operator)
}

async fn count(operator: &Caller) -> usize {
    let page = operator.get("/v1/tokens?limit=1000").await.expect_status(200).json();
    page["items"].as_array().expect("a list").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_checks_everything_and_keeps_nothing() {
    let (_world, _daemon, officer, operator) = started().await;
    let tokens = [TestToken::hotp("M-1"), TestToken::totp("M-2")];
    let file = pskc::plain(&tokens);
    let dry = json!({ "dry_run": true, "batch": "spring" });
    let job = import::file(&officer, &dry, file.clone()).await;
    assert_eq!(job["state"], "done", "{job:#}");
    assert_eq!(job["report"]["accepted"], 2, "{job:#}");
    assert_eq!(count(&operator).await, 0);
    let wet = json!({ "batch": "spring" });
    let job = import::file(&officer, &wet, file).await;
    assert_eq!(job["state"], "done", "the name is still free: {job:#}");
    assert_eq!(count(&operator).await, 2);
    let report = &job["report"];
    assert_eq!(report["custody"], "wrapped", "{job:#}");
    assert_eq!(report["exposure"]["daemon"], 2, "plain values were readable here: {job:#}");
    assert_eq!(report["expiry"]["never"], 2, "{job:#}");
    assert!(report["warnings"].to_string().contains("W_UNSIGNED"), "{job:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_key_refuses_the_whole_file_with_line_and_reason() {
    let (_world, _daemon, officer, operator) = started().await;
    let good: Vec<_> = (0..20).map(|n| TestToken::hotp(&format!("M-{n}"))).collect();
    let mut file = String::from_utf8(pskc::plain(&good)).unwrap();
    let bad = pskc::package(&TestToken::hotp("M-99")).replace("Length=\"6\"", "Length=\"66\"");
    file = file.replace("</KeyContainer>", &format!("{bad}</KeyContainer>"));
    let line = file.lines().position(|line| line.contains("Length=\"66\"")).unwrap() + 1;
    let job = import::file(&officer, &json!({}), file.into_bytes()).await;
    assert_eq!(job["state"], "refused", "{job:#}");
    let refused = &job["report"]["refused"][0];
    assert_eq!(refused["serial"], "M-99", "{job:#}");
    let told = refused["line"].as_u64().unwrap();
    let near = u64::try_from(line).unwrap();
    assert!(told <= near && near - told < 5, "line {near}: {job:#}");
    for field in ["element", "field", "class", "rule", "advice"] {
        assert!(refused[field].as_str().is_some_and(|t| !t.is_empty()), "{field}: {job:#}");
    }
    assert_eq!(count(&operator).await, 0, "nothing of it is in service");
}

/// Two peers accept a used code again after the vendor's file was imported twice.
#[tokio::test(flavor = "multi_thread")]
async fn an_existing_serial_is_refused_and_its_counter_is_not_lowered() {
    let (world, daemon, officer, operator) = started().await;
    let token = TestToken::hotp("M-3");
    import::one(&officer, &token).await;
    let teller = world.caller(&daemon, "validator");
    assert_eq!(teller.verdict("M-3", &token.code(4)).await, "accepted");
    let again = [token.clone(), TestToken::hotp("M-4")];
    let job = import::file(&officer, &json!({}), pskc::plain(&again)).await;
    assert_eq!(job["state"], "refused", "{job:#}");
    assert_eq!(job["report"]["refused"][0]["serial"], "M-3", "{job:#}");
    assert_eq!(operator.token("M-3").await["counter_next"], 5);
    assert_eq!(teller.verdict("M-3", &token.code(4)).await, "reused");
    assert_eq!(count(&operator).await, 1, "M-4 came with a refused file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_serial_twice_in_one_file_refuses_the_file() {
    let (_world, _daemon, officer, operator) = started().await;
    let twice = [TestToken::hotp("M-5"), TestToken::hotp("M-5")];
    let job = import::file(&officer, &json!({}), pskc::plain(&twice)).await;
    assert_eq!(job["state"], "refused", "{job:#}");
    assert_eq!(count(&operator).await, 0);
}

fn dated(serial: &str, start: &str, end: &str) -> TestToken {
    let policy = format!("<StartDate>{start}</StartDate><ExpiryDate>{end}</ExpiryDate>");
    TestToken::hotp(serial).policy(&policy)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_out_of_its_time_is_not_taken_without_being_asked_for() {
    let mut world = World::new();
    let alone =
        "base = \"standalone\"\ntitle_en = \"x\"\ntitle_ja = \"x\"\n[approval]\nbatches = false\n";
    let profile = process::write_private(&world.path("alone.toml"), alone.as_bytes());
    world.set("approval.enforce", "true").profile(&profile.display().to_string());
    let daemon = world.start().await;
    let officer = world.caller(&daemon, "officer");
    let operator = world.caller(&daemon, "operator");
    let tokens = [
        dated("M-6", "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"),
        dated("M-7", "2098-01-01T00:00:00Z", "2099-01-01T00:00:00Z"),
    ];
    let job = import::file(&officer, &json!({}), pskc::plain(&tokens)).await;
    assert_eq!(job["state"], "refused", "{job:#}");
    assert_eq!(job["report"]["refused"][0]["class"], "W_EXPIRED", "{job:#}");
    assert_eq!(job["report"]["refused"][1]["class"], "W_NOT_YET_VALID", "{job:#}");
    assert_eq!(count(&operator).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn start_expiry_and_counter_of_the_file_are_honoured() {
    let mut world = World::new();
    world.set("approval.enforce", "false");
    let daemon = world.start().await;
    let officer = world.caller(&daemon, "officer");
    let operator = world.caller(&daemon, "operator");
    let tokens = [
        dated("M-6", "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"),
        dated("M-7", "2098-01-01T00:00:00Z", "2099-01-01T00:00:00Z"),
        dated("M-8", "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"),
        TestToken::hotp("M-9").counter(1_000),
    ];
    import::tokens(&officer, "wrapped", &tokens).await;
    let teller = world.caller(&daemon, "validator");
    assert_eq!(teller.verdict("M-6", &tokens[0].code(0)).await, "expired");
    assert_eq!(teller.verdict("M-7", &tokens[1].code(0)).await, "not_yet_valid");
    assert_eq!(teller.verdict("M-8", &tokens[2].code(0)).await, "accepted");
    assert_eq!(teller.verdict("M-9", &tokens[3].code(0)).await, "wrong");
    assert_eq!(teller.verdict("M-9", &tokens[3].code(1_000)).await, "accepted");
    let extended = json!({ "expires_at": "2099-12-31T23:59:59Z", "reason": "battery replaced" });
    let body = Bytes::from(extended.to_string());
    let path = "/v1/tokens/M-6/expiry";
    let reply = operator.request(Method::PUT, path, e2e::caller::JSON, body).await;
    assert_eq!(reply.expect_status(200).json()["status"], "active");
    assert_eq!(teller.verdict("M-6", &tokens[0].code(0)).await, "accepted");
    let page = operator.get("/v1/tokens?status=not_yet_valid").await.json();
    assert_eq!(page["items"][0]["serial"], "M-7", "{page:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_paged_and_filtered() {
    let (_world, _daemon, officer, operator) = started().await;
    let tokens: Vec<_> = (0..25).map(|n| TestToken::hotp(&format!("P{n:02}"))).collect();
    import::tokens(&officer, "wrapped", &tokens).await;
    let mut seen = Vec::new();
    let mut path = "/v1/tokens?limit=10".to_owned();
    loop {
        let page = operator.get(&path).await.expect_status(200).json();
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|item| item["serial"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/tokens?limit=10&cursor={cursor}");
    }
    let all: Vec<_> = tokens.iter().map(|token| token.serial.clone()).collect();
    assert_eq!(seen, all);
    let some = operator.get("/v1/tokens?prefix=P1").await.expect_status(200).json();
    assert_eq!(some["items"].as_array().unwrap().len(), 10, "{some:#}");
    let none = operator.get("/v1/tokens?manufacturer=Nobody").await.expect_status(200).json();
    assert_eq!(none["items"], json!([]));
    assert_eq!(
        operator.get("/v1/tokens?limit=0").await.expect_status(422).problem(),
        "invalid_field"
    );
}

fn many(count: usize) -> Vec<u8> {
    pskc::plain(&(0..count).map(|n| TestToken::hotp(&format!("Z{n:06}"))).collect::<Vec<_>>())
}

/// Sends a large file and waits until seeds are being sealed.
async fn half_way(officer: &Caller, file: Vec<u8>) -> String {
    let id = import::open(officer, &json!({ "batch": "big" })).await.expect_status(201).text("id");
    let _ = import::send(officer, &id, file).await.expect_status(202);
    let path = format!("/v1/imports/{id}");
    wait::until("sealing has begun", || async {
        let job = officer.get(&path).await.expect_status(200).json();
        let state = job["state"].as_str().unwrap_or_default();
        assert!(!import::FINAL.contains(&state), "too fast to be caught half-way: {job:#}");
        (state == "sealing" && job["processed"].as_u64() > Some(0)).then_some(())
    })
    .await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_leaves_nothing_of_the_batch_and_it_can_be_run_again() {
    let (world, daemon, officer, _operator) = started().await;
    let file = many(4_000);
    half_way(&officer, file.clone()).await;
    daemon.kill();
    let daemon = world.start().await;
    let operator = world.caller(&daemon, "operator");
    assert_eq!(count(&operator).await, 0, "no token of an unfinished batch is visible");
    let gone = operator.get("/v1/tokens/Z000000").await.expect_status(404);
    assert_eq!(gone.problem(), "not_found");
    let officer = world.caller(&daemon, "officer");
    let job = import::file(&officer, &json!({ "batch": "big-2" }), file).await;
    assert_eq!(job["state"], "done", "{job:#}");
    assert_eq!(job["accepted"], 4_000, "{job:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_import_leaves_nothing() {
    let (_world, _daemon, officer, operator) = started().await;
    let file = many(4_000);
    let id = half_way(&officer, file.clone()).await;
    let path = format!("/v1/imports/{id}");
    let reply = officer.request(Method::DELETE, &path, &[], Bytes::new()).await;
    let _ = reply.expect_status(200);
    let job = import::finished(&officer, &id).await;
    assert_eq!(job["state"], "cancelled", "{job:#}");
    assert_eq!(count(&operator).await, 0);
    let job = import::file(&officer, &json!({}), file).await;
    assert_eq!(job["state"], "done", "and its serials are free: {job:#}");
}

/// The background job does not depend on a client that waits.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_outlives_its_client_and_the_loss_of_a_worker() {
    let (world, daemon, officer, operator) = started().await;
    let id = half_way(&officer, many(4_000)).await;
    drop(officer);
    process::signal(daemon.worker(), rustix::process::Signal::KILL);
    let officer = world.caller(&daemon, "officer");
    let job = import::finished(&officer, &id).await;
    let state = job["state"].as_str().unwrap();
    let visible = count(&operator).await;
    match state {
        "done" => assert_eq!(visible, 1_000, "one page of the list"),
        "failed" => assert_eq!(visible, 0, "{job:#}"),
        other => process::fail(&format!("{other}: {job:#}")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_under_a_key_that_is_not_in_the_hsm_is_refused_by_name() {
    let (world, _daemon, officer, operator) = started().await;
    let protection = pskc::Protection::Key(vec![7; 16]);
    let file = pskc::encrypted(&world.path(""), &[TestToken::hotp("M-10")], &protection);
    let reply = import::open(&officer, &json!({ "key_label": "nobody" })).await;
    let told = if reply.status.is_success() {
        let id = reply.text("id");
        let _ = import::send(&officer, &id, file).await;
        let job = import::finished(&officer, &id).await;
        assert_ne!(job["state"], "done", "{job:#}");
        job.to_string()
    } else {
        reply.problem();
        reply.json().to_string()
    };
    assert!(told.contains("key"), "{told}");
    assert_eq!(count(&operator).await, 0);
}

/// A file under another key than the label names: MAC and padding failures are not told apart.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_under_another_key_is_refused_without_an_oracle() {
    let world = World::new();
    world.import_transport_key("acme", &[0x5A; 16]);
    let daemon = world.start().await;
    let officer = world.caller(&daemon, "officer");
    let mut told: Vec<Value> = Vec::new();
    for seed in 0..6 {
        let protection = pskc::Protection::Key(vec![seed; 16]);
        let file = pskc::encrypted(&world.path(""), &[TestToken::hotp("M-11")], &protection);
        let job = import::file(&officer, &json!({ "key_label": "acme" }), file).await;
        assert_eq!(job["state"], "refused", "{job:#}");
        let refused = &job["report"]["refused"][0];
        told.push(json!([refused["class"], refused["rule"], refused["field"]]));
    }
    assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
}
