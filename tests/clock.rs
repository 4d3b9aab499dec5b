//! Invariant 10: the clock is an input. A step backwards makes time-based checks fail closed with a
//! problem; it never locks customers out, and service returns by itself.
//!
//! The daemon's wall clock is moved with libfaketime (Debian package faketime): here the reading of the
//! real clock is under test. Not responsible for: drift of token clocks (`resync.rs`), or for the clock
//! that tests set (`test_clock.rs`).
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

use e2e::{Caller, Daemon, TestToken, World, import, process, wait};

fn libfaketime() -> PathBuf {
    let folders = ["x86_64-linux-gnu", "aarch64-linux-gnu"];
    let files = folders.map(|f| Path::new("/usr/lib").join(f).join("faketime/libfaketimeMT.so.1"));
    let found = files.into_iter().find(|file| file.exists());
    found.unwrap_or_else(|| process::fail("the Debian package faketime is not installed"))
}

/// A world whose daemon reads its wall clock's offset from a file.
struct Movable {
    world: World,
    offset: PathBuf,
}

impl Movable {
    fn new() -> Self {
        let mut world = World::new();
        let offset = world.path("offset");
        let library = libfaketime();
        world.environment("LD_PRELOAD", &library.display().to_string());
        world.environment("FAKETIME_TIMESTAMP_FILE", &offset.display().to_string());
        world.environment("FAKETIME_NO_CACHE", "1");
        world.environment("DONT_FAKE_MONOTONIC", "1");
        let movable = Self { world, offset };
        movable.shift(0);
        movable
    }

    /// Moves the daemon's wall clock; whole files at once, since it reads at any moment.
    fn shift(&self, seconds: i64) {
        let next = self.offset.with_extension("next");
        std::fs::write(&next, format!("{seconds:+}s\n")).expect("a file in the test's folder");
        std::fs::rename(next, &self.offset).expect("a file in the test's folder");
    }
}

async fn setup(token: &TestToken) -> (Movable, Daemon, Caller) {
    let movable = Movable::new();
    let daemon = movable.world.start().await;
    import::one(&movable.world.caller(&daemon, "officer"), token).await;
    let teller = movable.world.caller(&daemon, "validator");
    (movable, daemon, teller)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_backwards_is_a_problem_and_not_a_failed_try() {
    let token = TestToken::totp("Q-1");
    let (movable, daemon, teller) = setup(&token).await;
    let first = token.now();
    assert_eq!(teller.verdict("Q-1", &token.code(first)).await, "accepted");
    movable.shift(-3_600);
    wait::until("the step is noticed", || async {
        let reply = teller.verify("Q-1", &token.wrong(0)).await;
        (reply.status == http::StatusCode::SERVICE_UNAVAILABLE).then(|| {
            assert_eq!(reply.problem(), "clock_untrusted");
            assert!(!reply.header("retry-after").is_empty(), "{reply:?}");
        })
    })
    .await;
    for n in 1..10 {
        assert_eq!(teller.verdict("Q-1", &token.wrong(n)).await, "problem:clock_untrusted");
    }
    let auditor = movable.world.caller(&daemon, "auditor");
    let ready = auditor.get("/ready").await.expect_status(503).json();
    assert!(ready.to_string().contains("clock"), "{ready:#}");
    movable.shift(0);
    daemon.ready(&auditor).await;
    let detail = movable.world.caller(&daemon, "operator").token("Q-1").await;
    assert_eq!(detail["status"], "active", "{detail:#}");
    assert!(detail["failures"].as_u64() <= Some(1), "{detail:#}");
    let next = token.now().max(first + 1);
    assert_eq!(teller.verdict("Q-1", &token.code(next)).await, "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_starts_before_its_last_record_does_not_decide() {
    let token = TestToken::totp("Q-2");
    let (movable, daemon, teller) = setup(&token).await;
    assert_eq!(teller.verdict("Q-2", &token.code(token.now())).await, "accepted");
    assert!(daemon.stop().0.success());
    movable.shift(-86_400);
    let daemon = movable.world.spawn();
    let teller = movable.world.caller(&daemon, "validator");
    let yesterday = token.now() - 86_400 / 30;
    let verdict = teller.verdict("Q-2", &token.code(yesterday)).await;
    assert_eq!(verdict, "problem:clock_untrusted", "a day ago is no time to decide");
    // What is recorded meanwhile (the stop, the start) does not make the wrong time credible.
    assert!(daemon.stop().0.success());
    let daemon = movable.world.spawn();
    let teller = movable.world.caller(&daemon, "validator");
    let verdict = teller.verdict("Q-2", &token.code(yesterday)).await;
    assert_eq!(verdict, "problem:clock_untrusted", "nor after one more restart");
    movable.shift(0);
    let auditor = movable.world.caller(&daemon, "auditor");
    daemon.ready(&auditor).await;
    let detail = movable.world.caller(&daemon, "operator").token("Q-2").await;
    assert_eq!(detail["failures"], 0, "{detail:#}");
}

/// Otherwise somebody could take the real clock for the one of a test, or move a bank's.
#[test]
fn a_release_has_no_settable_clock_and_says_so_instead_of_starting() {
    let mut world = World::bare();
    let file = world.path("clock");
    std::fs::write(&file, "1790780370000").expect("a file in the test's folder");
    world.environment("WARIFUD_TEST_CLOCK", &file.display().to_string());
    let backup = world.path("backup").display().to_string();
    let verbs = [
        ("run", vec![]),
        ("init", vec![]),
        ("check", vec![]),
        ("restore", vec!["--from", &backup]),
    ];
    for (verb, arguments) in verbs {
        let output = world.try_warifud(verb, &arguments);
        assert_eq!(output.status.code(), Some(78), "{verb}: {output:?}");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains("WARIFUD_TEST_CLOCK"), "{verb}: {told}");
        assert!(told.contains("this build has no settable clock"), "{verb}: {told}");
    }
    assert!(!world.store().exists(), "nothing was made");
}
