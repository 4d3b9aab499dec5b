//! A slot of the PKCS#11 module with several servers: whichever of them fails, and how, a code is judged
//! once, and by the deadline.
//!
//! Not responsible for: faults of the only server (`pkcs11_faults.rs`). Here both cables lead to one
//! daemon, as if it were two that share their store.
#![forbid(unsafe_code)]

use e2e::{
    cable::{Cable, Flow},
    pkcs11_faults::{HASTY, PATIENT, Stage, hear_timely, timely},
    wait,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_second_server_is_asked_when_the_first_is_away_and_the_first_when_it_is_back() {
    let (stage, daemon) = Stage::new().await;
    let (mut first, second) = (Cable::to(&daemon), Cable::to(&daemon));
    first.pull().await;
    let mut host = stage.module(&daemon, &[&first, &second], PATIENT).session();
    let key = host.find("F-1");
    timely(&mut host, &stage.verify(key, 0), "CKR_OK", PATIENT);
    assert_eq!(first.connections(), 0);
    first.plug_in();
    let mut next = 1;
    wait::until_blocking("the first server is asked again", || {
        host.ok(&stage.verify(key, next));
        next += 1;
        (first.connections() > 0).then_some(())
    });
    // Now it is the first one again: the second may go.
    second.flow(Flow::Still);
    timely(&mut host, &stage.verify(key, next), "CKR_OK", PATIENT);
    assert_eq!(stage.judged(&daemon), vec!["accepted"; usize::try_from(next).unwrap() + 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_whose_answer_stays_out_is_answered_by_the_second_server() {
    let (stage, daemon) = Stage::new().await;
    let (first, second) = (Cable::to(&daemon), Cable::to(&daemon));
    let mut host = stage.module(&daemon, &[&first, &second], PATIENT).session();
    let key = host.find("F-1");
    let before = second.connections(); // somebody has looked whether it is there
    first.flow(Flow::NoAnswers);
    host.begin(&format!("timed {}", stage.verify(key, 0)));
    first.answer_held().await;
    hear_timely(&mut host, "CKR_OK", PATIENT);
    assert!(second.connections() > before);
    assert_eq!(stage.judged(&daemon), ["accepted"], "the second server knew the verdict");
    // The first is not asked first again, so this one waits for nobody.
    timely(&mut host, &stage.verify(key, 1), "CKR_OK", PATIENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_connections_and_says_nothing_leaves_time_for_the_second() {
    let (stage, daemon) = Stage::new().await;
    let (first, second) = (Cable::to(&daemon), Cable::to(&daemon));
    first.flow(Flow::Still);
    let mut host = stage.module(&daemon, &[&first, &second], PATIENT).initialised();
    let slot = host.ok("slots present").number();
    host.ok(&format!("open {slot}"));
    timely(&mut host, "login", "CKR_OK", PATIENT);
    let key = host.find("F-1");
    timely(&mut host, &stage.verify(key, 0), "CKR_OK", PATIENT);
    assert_eq!(stage.judged(&daemon), ["accepted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_off_is_answered_by_the_second_server() {
    let (stage, daemon) = Stage::new().await;
    let (mut first, second) = (Cable::to(&daemon), Cable::to(&daemon));
    let mut host = stage.module(&daemon, &[&first, &second], PATIENT).session();
    let key = host.find("F-1");
    first.flow(Flow::NoAnswers);
    host.begin(&format!("timed {}", stage.verify(key, 0)));
    first.answer_held().await;
    first.pull().await;
    hear_timely(&mut host, "CKR_OK", PATIENT);
    assert_eq!(stage.judged(&daemon), ["accepted"]);
}

/// The worst that may be is what counts: the first server may have judged the code.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_first_server_may_have_done_is_not_forgotten_when_the_second_is_away() {
    let (stage, daemon) = Stage::new().await;
    let (mut first, mut second) = (Cable::to(&daemon), Cable::to(&daemon));
    let mut host = stage.module(&daemon, &[&first, &second], HASTY).session();
    let key = host.find("F-1");
    first.flow(Flow::NoAnswers);
    second.pull().await;
    host.begin(&format!("timed {}", stage.verify(key, 0)));
    first.answer_held().await;
    first.pull().await;
    hear_timely(&mut host, "CKR_FUNCTION_FAILED", HASTY);
    second.plug_in();
    timely(&mut host, &stage.verify(key, 0), "CKR_OK", HASTY);
    assert_eq!(stage.judged(&daemon), ["accepted"]);
    first.flow(Flow::Free);
    first.plug_in();
}

#[tokio::test(flavor = "multi_thread")]
async fn when_no_server_is_there_nothing_was_done() {
    let (stage, daemon) = Stage::new().await;
    let (mut first, mut second) = (Cable::to(&daemon), Cable::to(&daemon));
    let mut host = stage.module(&daemon, &[&first, &second], PATIENT).session();
    let key = host.find("F-1");
    first.pull().await;
    second.pull().await;
    timely(&mut host, &stage.verify(key, 0), "CKR_DEVICE_ERROR", PATIENT);
    second.plug_in();
    timely(&mut host, &stage.verify(key, 0), "CKR_OK", PATIENT);
    assert_eq!(stage.judged(&daemon), ["accepted"]);
}
