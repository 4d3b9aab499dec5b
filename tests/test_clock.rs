//! The clock that tests set: codes, replays, certificates and the audit chain go by it, and the guard
//! against steps back stands before it too.
//!
//! Not responsible for: rules about dates; those tests rely on what is shown here.
#![forbid(unsafe_code)]

use std::time::Duration;

use e2e::{
    TestToken, World,
    clock::at,
    import,
    pki::{Validity, Wish},
    world::BANK,
};

const LATE: &str = "2026-09-30T23:59:30+09:00";
const STEP: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn codes_go_by_the_clock_of_the_test() {
    let (world, clock) = World::with_clock(at(LATE));
    let daemon = world.start().await;
    daemon.wait_for_log("A CLOCK SET BY A TEST IS IN USE");
    let token = TestToken::totp("TC-1");
    import::one(&world.caller(&daemon, "officer"), &token).await;
    let teller = world.caller(&daemon, "validator");

    let code = token.oathtool(token.at(clock.now()));
    assert_eq!(code, token.code_at(clock.now()));
    assert_eq!(teller.verdict("TC-1", &code).await, "accepted");
    assert_eq!(teller.verdict("TC-1", &code).await, "reused");
    assert_eq!(teller.verdict("TC-1", &code).await, "reused", "time stands still");

    clock.advance(2 * STEP);
    assert_eq!(clock.timestamp(), at("2026-10-01T00:00:30+09:00"));
    assert_eq!(teller.verdict("TC-1", &token.code_at(clock.now())).await, "accepted");
    let wrong = token.wrong_at(clock.now(), 0);
    assert_eq!(teller.verdict("TC-1", &wrong).await, "wrong");
    let before = clock.timestamp();

    clock.set(at(LATE));
    let next = token.code_at(clock.now() + 90);
    assert_eq!(teller.verdict("TC-1", &next).await, "problem:clock_untrusted");
    clock.set(before + STEP);
    assert_eq!(teller.verdict("TC-1", &next).await, "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_years_later_takes_the_time_over() {
    let (world, clock) = World::with_clock(at(LATE));
    let daemon = world.start().await;
    let token = TestToken::totp("TC-2");
    import::one(&world.caller(&daemon, "officer"), &token).await;
    assert!(daemon.stop().0.success());
    clock.set(at("2031-01-01T00:00:00+09:00"));
    let daemon = world.start().await;
    let teller = world.caller(&daemon, "validator");
    assert_eq!(teller.verdict("TC-2", &token.code_at(clock.now())).await, "accepted");
    let records = world.caller(&daemon, "auditor").get("/v1/audit/records").await;
    let records = records.expect_status(200);
    let records = String::from_utf8_lossy(&records.body);
    for time in [at(LATE), clock.timestamp()] {
        let recorded = format!("\"at\":\"{time}\"");
        assert!(records.contains(&recorded), "{recorded} in\n{records}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_judged_by_the_clock_of_the_test() {
    let (world, clock) = World::with_clock(at(LATE));
    let daemon = world.start().await;
    let early = Wish::role(BANK, "validator", "early").validity(Validity::NotYet);
    let early = world.caller_as(&daemon, &world.pki.client(&early));
    let health = || async {
        let answer = early.try_request(http::Method::GET, "/health", &[], bytes::Bytes::new());
        answer.await.is_ok()
    };
    assert!(!health().await, "it begins in 2099");
    clock.set(at("2099-06-01T00:00:00Z"));
    assert!(health().await);
}

#[test]
fn every_command_runs_on_the_clock_of_the_test_and_says_so() {
    let mut world = World::bare();
    let clock = world.use_clock(at(LATE));
    world.make_keys();
    for verb in ["check", "init"] {
        let output = world.try_warifud(verb, &[]);
        assert!(output.status.success(), "{verb}: {output:?}");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains("a clock set by a test is in use"), "{verb}: {told}");
    }
    std::fs::write(clock.file(), "noon").expect("a file in the test's folder");
    for verb in ["run", "check"] {
        let output = world.try_warifud(verb, &[]);
        assert_eq!(output.status.code(), Some(78), "{verb}: {output:?}");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains("WARIFUD_TEST_CLOCK"), "{verb}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_whose_file_never_comes_gives_its_place_up() {
    let (world, clock) = World::with_clock(at(LATE));
    let daemon = world.start().await;
    let officer = world.caller(&daemon, "officer");
    for _ in 0..64 {
        let opened = import::open(&officer, &serde_json::json!({})).await;
        assert_eq!(opened.status.as_u16(), 201, "{opened:?}");
    }
    let refused = import::open(&officer, &serde_json::json!({})).await;
    assert_eq!(refused.status.as_u16(), 409, "{refused:?}");
    clock.advance(Duration::from_secs(3_600));
    let opened = import::open(&officer, &serde_json::json!({})).await;
    assert_eq!(opened.status.as_u16(), 201, "{opened:?}");
}
