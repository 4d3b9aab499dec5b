//! What goes wrong between the PKCS#11 module and its daemon: each fault has its return value, none
//! makes a code count twice or not at all, and no call takes longer than the deadline of its slot.
//!
//! Not responsible for: several servers (`pkcs11_failover.rs`), refused certificates
//! (`pkcs11_certificates.rs`), slot events (`pkcs11_events.rs`).
#![forbid(unsafe_code)]

use std::{sync::mpsc, thread, time::Duration};

use e2e::{
    Daemon, TestToken, World,
    cable::{Cable, Flow},
    hsm::HsmSandbox,
    import,
    pkcs11::Host,
    pkcs11_faults::{HASTY, HOTP, PATIENT, SERIAL, Stage, hear_timely, timely},
    process,
    stranger::Stranger,
    wait,
};
use rustix::process::Signal;

/// What a proxy says whose daemon is away.
const BAD_GATEWAY: &str =
    "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 0\r\n\r\n";

/// A right code, but of another token.
const ANOTHERS_VERDICT: &str = concat!(
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 113\r\n\r\n",
    r#"{"serial":"F-2","outcome":"accepted","remaining_attempts":5,"#,
    r#""checked_at":"2026-01-01T00:00:00Z","request_id":"1"}"#,
);

/// Gives a code whose answer stays in the cable; the daemon has judged it then.
async fn judged_unheard(host: &mut Host, cable: &Cable, line: &str) {
    cable.flow(Flow::NoAnswers);
    host.begin(&format!("timed {line}"));
    cable.answer_held().await;
}

/// Kills the daemon, and pulls the cable before the port can be anybody else's.
async fn kill(daemon: Daemon, cable: &mut Cable) {
    cable.pull().await;
    daemon.kill();
    cable.flow(Flow::Free);
}

/// Starts the daemon (again) at the end of the cable.
async fn start(stage: &Stage, cable: &mut Cable) -> Daemon {
    let daemon = stage.world.start().await;
    cable.lead_to(&daemon);
    cable.plug_in();
    daemon
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_killed_after_its_verdict_gives_it_again_when_it_is_back_in_time() {
    let (stage, daemon) = Stage::new().await;
    let mut cable = Cable::to(&daemon);
    let mut host = stage.module(&daemon, &[&cable], PATIENT).session();
    let key = host.find(SERIAL);
    judged_unheard(&mut host, &cable, &stage.verify(key, 0)).await;
    kill(daemon, &mut cable).await;
    let daemon = start(&stage, &mut cable).await;
    hear_timely(&mut host, "CKR_OK", PATIENT);
    assert_eq!(stage.judged(&daemon), ["accepted"]);
    host.expect(&stage.verify(key, 0), "CKR_SIGNATURE_INVALID");
    assert_eq!(stage.judged(&daemon), ["accepted", "reused"], "another call is another intent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_that_got_lost_is_told_to_the_same_call_in_the_same_session_only() {
    let (stage, daemon) = Stage::new().await;
    let mut cable = Cable::to(&daemon);
    let mut host = stage.module(&daemon, &[&cable], HASTY).session();
    let session = format!("session {}", host.ok("open 0").number());
    let other = format!("session {}", host.ok("open 0").number());
    let key = host.find(SERIAL);
    host.ok(&session);
    judged_unheard(&mut host, &cable, &stage.verify(key, 0)).await;
    kill(daemon, &mut cable).await;
    hear_timely(&mut host, "CKR_FUNCTION_FAILED", HASTY);
    let daemon = start(&stage, &mut cable).await;
    host.ok(&other);
    timely(&mut host, &stage.verify(key, 0), "CKR_SIGNATURE_INVALID", HASTY);
    host.ok(&session);
    timely(&mut host, &stage.verify(key, 0), "CKR_OK", HASTY);
    timely(&mut host, &stage.verify(key, 0), "CKR_SIGNATURE_INVALID", HASTY);
    timely(&mut host, &stage.verify(key, 1), "CKR_OK", HASTY);
    assert_eq!(stage.judged(&daemon), ["accepted", "reused", "reused", "accepted"]);
}

/// A wrong code that got no answer counts once, however often the same call asks.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_got_lost_counts_once() {
    let (stage, daemon) = Stage::new().await;
    let mut cable = Cable::to(&daemon);
    let mut host = stage.module(&daemon, &[&cable], HASTY).session();
    let wrong = format!("verify {HOTP} {} {}", host.find(SERIAL), stage.token.wrong(0));
    judged_unheard(&mut host, &cable, &wrong).await;
    kill(daemon, &mut cable).await;
    hear_timely(&mut host, "CKR_FUNCTION_FAILED", HASTY);
    timely(&mut host, &wrong, "CKR_FUNCTION_FAILED", HASTY);
    let daemon = start(&stage, &mut cable).await;
    timely(&mut host, &wrong, "CKR_SIGNATURE_INVALID", HASTY);
    let detail = stage.world.caller(&daemon, "operator").token(SERIAL).await;
    assert_eq!(detail["failures"], 1, "{detail:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_daemon_nothing_was_done_and_the_session_goes_on_when_there_is_one() {
    let (stage, daemon) = Stage::new().await;
    let mut cable = Cable::to(&daemon);
    let module = stage.module(&daemon, &[&cable], PATIENT);
    let mut host = module.session();
    let key = host.find(SERIAL);
    kill(daemon, &mut cable).await;
    for line in [stage.verify(key, 0), stage.verify(key, 0), format!("find CKA_ID={SERIAL}")] {
        timely(&mut host, &line, "CKR_DEVICE_ERROR", PATIENT);
    }
    let mut late = module.initialised();
    assert!(late.ok("slots present").words.is_empty());
    assert_eq!(late.ok("slots").words, ["0"]);
    timely(&mut late, "open 0", "CKR_TOKEN_NOT_PRESENT", PATIENT);
    timely(&mut late, "token-info 0", "CKR_TOKEN_NOT_PRESENT", PATIENT);
    assert_eq!(late.ok("slot-info 0").value("present"), "0");
    let daemon = start(&stage, &mut cable).await;
    timely(&mut host, &stage.verify(key, 0), "CKR_OK", PATIENT);
    assert_eq!(stage.judged(&daemon), ["accepted"]);
}

/// The cable is plugged in, but nobody is at its end: also at a login that begins just then.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_ends_in_the_handshake_has_done_nothing() {
    let (stage, daemon) = Stage::new().await;
    let mut cable = Cable::to(&daemon);
    let module = stage.module(&daemon, &[&cable], HASTY);
    let mut host = module.session();
    let key = host.find(SERIAL);
    let mut late = module.initialised();
    late.ok("open 0");
    cable.pull().await;
    daemon.kill();
    cable.plug_in();
    timely(&mut host, &stage.verify(key, 0), "CKR_DEVICE_ERROR", HASTY);
    timely(&mut late, "login", "CKR_TOKEN_NOT_PRESENT", HASTY);
    cable.pull().await;
    let daemon = start(&stage, &mut cable).await;
    timely(&mut late, "login", "CKR_OK", HASTY);
    timely(&mut host, &stage.verify(key, 0), "CKR_OK", HASTY);
    assert_eq!(stage.judged(&daemon), ["accepted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_stays_out_is_waited_for_until_the_deadline() {
    let (stage, daemon) = Stage::new().await;
    let cable = Cable::to(&daemon);
    let mut host = stage.module(&daemon, &[&cable], HASTY).session();
    let key = host.find(SERIAL);
    judged_unheard(&mut host, &cable, &stage.verify(key, 0)).await;
    hear_timely(&mut host, "CKR_FUNCTION_FAILED", HASTY);
    // New connections stand still from the first byte of their handshake on.
    timely(&mut host, &stage.verify(key, 0), "CKR_FUNCTION_FAILED", HASTY);
    timely(&mut host, &format!("find CKA_ID={SERIAL}"), "CKR_DEVICE_ERROR", HASTY);
    cable.flow(Flow::Free);
    timely(&mut host, &stage.verify(key, 0), "CKR_OK", HASTY);
    assert_eq!(stage.judged(&daemon), ["accepted"]);
}

/// The request itself stays in the cable, and arrives when the program has long given up.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_arrives_late_is_the_same_intent() {
    let (stage, daemon) = Stage::new().await;
    let cable = Cable::to(&daemon);
    let mut host = stage.module(&daemon, &[&cable], HASTY).session();
    let key = host.find(SERIAL);
    cable.flow(Flow::Still);
    timely(&mut host, &stage.verify(key, 0), "CKR_FUNCTION_FAILED", HASTY);
    assert!(stage.judged(&daemon).is_empty());
    cable.flow(Flow::Free);
    timely(&mut host, &stage.verify(key, 0), "CKR_OK", HASTY);
    timely(&mut host, &stage.verify(key, 1), "CKR_OK", HASTY);
    assert_eq!(stage.judged(&daemon), ["accepted", "accepted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_nothing_is_no_present_token_to_log_in_to() {
    let (stage, daemon) = Stage::new().await;
    let cable = Cable::to(&daemon);
    cable.flow(Flow::Still);
    let mut module = stage.module(&daemon, &[&cable], HASTY);
    for connect_timeout in ["1000", "4000"] {
        module.set_slot("connect_timeout_ms", connect_timeout);
        let mut host = module.initialised();
        timely(&mut host, "open 0", "CKR_OK", HASTY);
        timely(&mut host, "login", "CKR_TOKEN_NOT_PRESENT", HASTY);
        assert_eq!(host.ok("session-info").value("state"), "0");
    }
    assert!(cable.connections() > 0);
}

/// Where the time for a connection is shorter than the deadline, it is known that nothing was sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_stands_still_has_done_nothing() {
    let (stage, daemon) = Stage::new().await;
    let mut cable = Cable::to(&daemon);
    let mut module = stage.module(&daemon, &[&cable], PATIENT);
    module.set_slot("connect_timeout_ms", "500");
    let mut host = module.session();
    let key = host.find(SERIAL);
    cable.pull().await;
    cable.flow(Flow::Still);
    cable.plug_in();
    timely(&mut host, &stage.verify(key, 0), "CKR_DEVICE_ERROR", PATIENT);
    assert!(stage.judged(&daemon).is_empty());
}

/// A library that writes to such a connection must not have its program ended by `SIGPIPE`.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_reset_ends_neither_program_nor_session() {
    let (stage, daemon) = Stage::new().await;
    let cable = Cable::to(&daemon);
    let mut host = stage.module(&daemon, &[&cable], PATIENT).session();
    let key = host.find(SERIAL);
    for counter in 0..20 {
        cable.cut();
        timely(&mut host, &stage.verify(key, counter), "CKR_OK", PATIENT);
    }
    assert_eq!(stage.judged(&daemon), ["accepted"; 20]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_network_is_only_slow() {
    let (stage, daemon) = Stage::new().await;
    let cable = Cable::to(&daemon);
    cable.flow(Flow::Slow(Duration::from_millis(150)));
    let mut host = stage.module(&daemon, &[&cable], PATIENT).session();
    let key = host.find(SERIAL);
    for counter in 0..3 {
        timely(&mut host, &stage.verify(key, counter), "CKR_OK", PATIENT);
    }
    assert_eq!(stage.judged(&daemon), ["accepted"; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_not_taken_for_a_daemon() {
    let (stage, daemon) = Stage::new().await;
    let page = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 5\r\n\r\nhello";
    let strangers = [
        (Stranger::plain("SSH-2.0-OpenSSH_9.2\r\n").await, "CKR_TOKEN_NOT_RECOGNIZED"),
        (Stranger::plain(page).await, "CKR_TOKEN_NOT_RECOGNIZED"),
        (Stranger::with_certificate(&stage.world, page).await, "CKR_TOKEN_NOT_RECOGNIZED"),
        // What is behind a proxy may come back.
        (Stranger::with_certificate(&stage.world, BAD_GATEWAY).await, "CKR_TOKEN_NOT_PRESENT"),
        (Stranger::with_certificate(&stage.world, "garbage").await, "CKR_TOKEN_NOT_PRESENT"),
    ];
    for (stranger, rv) in strangers {
        let module = stage.module_at(&daemon, &stranger.servers(), HASTY);
        let mut host = module.initialised();
        host.ok("open 0");
        timely(&mut host, "login", rv, HASTY);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_somebody_else_says_nothing_about_a_code() {
    let (stage, daemon) = Stage::new().await;
    let stranger = Stranger::with_certificate(&stage.world, BAD_GATEWAY).await;
    let mut cable = Cable::to(&daemon);
    let mut host = stage.module(&daemon, &[&cable], HASTY).session();
    let key = host.find(SERIAL);
    cable.pull().await;
    cable.lead_to_address(stranger.address());
    cable.plug_in();
    timely(&mut host, &stage.verify(key, 0), "CKR_FUNCTION_FAILED", HASTY);
    cable.pull().await;
    cable.lead_to(&daemon);
    cable.plug_in();
    timely(&mut host, &stage.verify(key, 0), "CKR_OK", HASTY);
    assert_eq!(stage.judged(&daemon), ["accepted"]);
}

/// However it came about: what was said of another customer's code is not told of this one's.
#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_on_another_token_says_nothing_about_a_code() {
    let (stage, daemon) = Stage::new().await;
    let stranger = Stranger::with_certificate(&stage.world, ANOTHERS_VERDICT).await;
    let mut cable = Cable::to(&daemon);
    let mut host = stage.module(&daemon, &[&cable], HASTY).session();
    let key = host.find(SERIAL);
    cable.pull().await;
    cable.lead_to_address(stranger.address());
    cable.plug_in();
    timely(&mut host, &stage.verify(key, 7), "CKR_FUNCTION_FAILED", HASTY);
    assert!(stage.judged(&daemon).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hsm_that_is_away_costs_no_code() {
    let mut world = World::new();
    let (remote, mut hsm) = HsmSandbox::remote(&world.hsm);
    world.hsm = remote;
    world.use_hsm();
    world.set("server.request_deadline_ms", "1000");
    let (stage, daemon) = Stage::with(world, "resident").await;
    let cable = Cable::to(&daemon);
    let mut host = stage.module(&daemon, &[&cable], HASTY).session();
    let key = host.find(SERIAL);
    timely(&mut host, &stage.verify(key, 0), "CKR_OK", HASTY);
    hsm.cut();
    let mut wrong = (0..).map(|n| format!("verify {HOTP} {key} {}", stage.token.wrong(n)));
    wait::until_blocking("the daemon knows", || {
        let said = host.say(&wrong.next()?).rv;
        assert!(["CKR_DEVICE_ERROR", "CKR_FUNCTION_FAILED"].contains(&said.as_str()), "{said}");
        (said == "CKR_DEVICE_ERROR").then_some(())
    });
    timely(&mut host, &stage.verify(key, 1), "CKR_DEVICE_ERROR", HASTY);
    hsm.mend();
    daemon.ready(&stage.world.caller(&daemon, "auditor")).await;
    timely(&mut host, &stage.verify(key, 1), "CKR_OK", HASTY);
    let detail = stage.world.caller(&daemon, "operator").token(SERIAL).await;
    assert_eq!(detail["failures"], 0, "{detail:#}");
    assert_eq!(stage.judged(&daemon), ["accepted", "accepted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_is_not_noticed_by_the_program() {
    let (stage, daemon) = Stage::new().await;
    let cable = Cable::to(&daemon);
    let mut host = stage.module(&daemon, &[&cable], PATIENT).session();
    let key = host.find(SERIAL);
    for counter in 0..3 {
        process::signal(daemon.worker(), Signal::KILL);
        timely(&mut host, &stage.verify(key, counter), "CKR_OK", PATIENT);
    }
    assert_eq!(stage.judged(&daemon), ["accepted"; 3]);
}

/// Verifies every code of a token until it is accepted, as a front end does whose user waits.
fn front_end(host: &mut Host, token: &TestToken, codes: u64, told: &mpsc::Sender<u64>) {
    let key = host.find(&token.serial);
    for counter in 0..codes {
        let line = format!("verify {HOTP} {key} {}", token.code(counter));
        loop {
            let said = host.say(&line);
            match said.rv.as_str() {
                "CKR_OK" => break,
                "CKR_DEVICE_ERROR" | "CKR_FUNCTION_FAILED" => {}
                _ => process::fail(&format!("code {counter} of {}: {said}", token.serial)),
            }
        }
        told.send(counter).expect("the test listens");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_code_is_accepted_once_while_the_daemon_stops_dies_and_comes_back() {
    const CODES: u64 = 100;
    let (stage, daemon) = Stage::new().await;
    let tokens = ["R-1", "R-2"].map(|serial| TestToken::hotp(serial).digits(8));
    import::tokens(&stage.world.caller(&daemon, "officer"), "wrapped", &tokens).await;
    let mut cable = Cable::to(&daemon);
    let module = stage.module(&daemon, &[&cable], PATIENT);
    let (to, told) = mpsc::channel();
    let ends: Vec<_> = tokens
        .iter()
        .map(|token| {
            let (mut host, token, to) = (module.session(), token.clone(), to.clone());
            thread::spawn(move || front_end(&mut host, &token, CODES, &to))
        })
        .collect();
    drop(to);
    let mut daemon = Some(daemon);
    for (number, _) in told.iter().enumerate() {
        if !matches!(number, 20 | 60 | 100 | 140) {
            continue;
        }
        let running = daemon.take().expect("it was started");
        if number % 40 == 20 && number != 100 {
            running.stop();
        } else {
            running.kill();
        }
        cable.pull().await;
        daemon = Some(start(&stage, &mut cable).await);
    }
    for end in ends {
        end.join().expect("every code was accepted");
    }
    let daemon = daemon.expect("it was started");
    for token in &tokens {
        let judged = stage.judged_of(&daemon, &token.serial);
        assert_eq!(judged, vec!["accepted"; usize::try_from(CODES).unwrap()]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_beyond_its_rate_is_slowed_down_within_its_deadline_and_then_told() {
    let (mut stage, daemon) = Stage::new().await;
    assert!(daemon.stop().0.success());
    stage.world.set("server.rate_per_caller", "{ per_second = 1, burst = 4 }");
    let daemon = stage.world.spawn();
    let cable = Cable::to(&daemon);
    let mut host = stage.module(&daemon, &[&cable], PATIENT).session();
    let key = host.find(SERIAL);
    for counter in 0..6 {
        timely(&mut host, &stage.verify(key, counter), "CKR_OK", PATIENT);
    }
    // A second is what the daemon asks for, and longer than this deadline.
    let hasty = Duration::from_millis(900);
    let mut host = stage.module(&daemon, &[&cable], hasty).initialised();
    host.ok("open 0");
    wait::until_blocking("a login", || (host.say("login").rv == "CKR_OK").then_some(()));
    let mut find = || host.say(&format!("timed find CKA_ID={SERIAL}"));
    let refused = wait::until_blocking("the rate is used up", || {
        let said = find();
        (said.rv != "CKR_OK").then_some(said)
    });
    assert_eq!(refused.rv, "CKR_TOKEN_RESOURCE_EXCEEDED", "{refused}");
}
