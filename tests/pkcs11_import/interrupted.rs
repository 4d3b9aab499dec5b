//! Seeds whose way is cut off: the daemon killed at any moment, time that runs out, a server that fails in
//! the middle. A seed is staged whole or not at all, what the program is told is true, and the same call can
//! be made again.
//!
//! Not responsible for: batches (`import_interrupted.rs`), verifications (`pkcs11_faults.rs`).

use std::time::Duration;

use e2e::{
    TestToken,
    approval::{approve, count, events},
    cable::{Cable, Flow},
    pkcs11::{Host, Said},
    pkcs11_faults::{hear_timely, timely},
    process::signal,
    token::random,
    wait,
};
use rustix::process::Signal;
use serde_json::Value;

use super::{House, create, create_when_free};

/// Long enough for a machine that is busy.
const PATIENT: Duration = Duration::from_secs(30);
const HASTY: Duration = Duration::from_secs(2);

impl House {
    /// A random number of questions long.
    async fn some_polls(&self) {
        for _ in 0..random(1)[0] % 24 {
            let _ = self.sato.get("/health").await;
        }
    }

    /// `kill -9`, then the same store under a new process.
    async fn kill_and_restart(self, cable: &mut Cable) -> Self {
        cable.pull().await;
        let Self { world, daemon, .. } = self;
        daemon.kill();
        let daemon = world.start().await;
        cable.lead_to(&daemon);
        cable.plug_in();
        Self::of(world, daemon)
    }

    /// The import that has staged a serial, if any has.
    async fn staged(&self, serial: &str) -> Option<Value> {
        let mut found = Vec::new();
        for job in self.imports().await {
            let path = format!("/v1/imports/{}", job["id"].as_str().expect("an id"));
            let whole = self.sato.get(&path).await.expect_status(200).json();
            let is_it = whole["report"]["samples"].to_string().contains(serial);
            if whole["state"] == "staged" && is_it {
                found.push(whole);
            }
        }
        assert!(found.len() <= 1, "{serial} is staged once at most: {found:#?}");
        found.pop()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_killed_at_any_moment_has_staged_the_seed_or_not() {
    let mut house = House::open().await;
    let mut cable = Cable::to(&house.daemon);
    let mut host = house.module_behind(&[&cable], PATIENT).session();
    for round in 0..20 {
        let token = TestToken::hotp(&format!("KI-{round:02}"));
        host.begin(&format!("timed {}", create(&token)));
        house.some_polls().await;
        house = house.kill_and_restart(&mut cable).await;
        let said = host.hear();
        assert!(!house.exists(&token.serial).await, "nothing is in service: {said}");
        is_true(&house, &mut host, &said, &token).await;
        house.shows_codes(&token).await;
    }
}

/// What the program was told fits what is there, and the seed can be brought to its end.
async fn is_true(house: &House, host: &mut Host, said: &Said, token: &TestToken) {
    let staged = house.staged(&token.serial).await;
    match said.rv.as_str() {
        "CKR_OK" => {
            let job = house.import(host, said.number()).await;
            assert_eq!(Some(&job["id"]), staged.as_ref().map(|job| &job["id"]), "{said}");
        }
        // Until the deadline the daemon is asked, which knows what it has staged when it is back.
        "CKR_DEVICE_ERROR" | "CKR_FUNCTION_FAILED" => assert_eq!(staged, None, "{said}"),
        other => e2e::process::fail(&format!("{other}: {said}")),
    }
    let job = if let Some(job) = staged {
        host.expect(&create(token), "CKR_ATTRIBUTE_VALUE_INVALID");
        job
    } else {
        let again = create_when_free(host, token);
        house.import(host, again).await
    };
    let done = approve(&house.suzuki, &job).await.expect_status(200).json();
    assert_eq!(done["state"], "done", "{done:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_takes_too_long_is_cancelled() {
    let house = House::open().await;
    let cable = Cable::to(&house.daemon);
    let mut host = house.module_behind(&[&cable], HASTY).session();
    let token = TestToken::hotp("LATE-1");
    let worker = house.daemon.worker();
    assert!(signal(worker, Signal::STOP));
    // Giving up is a courtesy that takes a while at most.
    timely(&mut host, &create(&token), "CKR_FUNCTION_FAILED", HASTY * 2);
    signal(worker, Signal::CONT);
    wait::until("the import is given up", || async {
        let imports = house.imports().await;
        let [only] = imports.as_slice() else { return None };
        let state = only["state"].as_str().unwrap_or_default();
        assert!(!["staged", "done", "refused"].contains(&state), "{only:#}");
        ["cancelled", "failed"].contains(&state).then_some(())
    })
    .await;
    house.daemon.ready(&house.suzuki).await;
    let mut host = house.module("sato").session();
    let seed = create_when_free(&mut host, &token);
    house.put_in_service(&mut host, seed, &token).await;
}

/// Nobody answers at all: the program learns in time that its seed was not sent.
#[tokio::test(flavor = "multi_thread")]
async fn silence_ends_with_the_deadline() {
    let house = House::open().await;
    let mut cable = Cable::to(&house.daemon);
    let mut host = house.module_behind(&[&cable], HASTY).session();
    let token = TestToken::hotp("SI-1");
    cable.flow(Flow::NoAnswers);
    timely(&mut host, &create(&token), "CKR_DEVICE_ERROR", HASTY * 2);
    // The daemon has opened one, perhaps, and knows of nothing in it.
    let imports = house.imports().await;
    assert!(imports.len() <= 1, "asked again and again, it is one: {imports:#?}");
    assert!(imports.iter().all(|job| job["state"] == "awaiting_content"), "{imports:#?}");
    cable.pull().await;
    cable.flow(Flow::Free);
    timely(&mut host, &create(&token), "CKR_DEVICE_ERROR", HASTY * 2);
    cable.plug_in();
    assert_eq!(house.staged("SI-1").await, None);
    let seed = create_when_free(&mut host, &token);
    house.put_in_service(&mut host, seed, &token).await;
}

/// Twenty times, at any moment: the first server is away, and the second goes on with the same import.
#[tokio::test(flavor = "multi_thread")]
async fn the_second_server_goes_on_where_the_first_has_failed() {
    let house = House::open().await;
    let (mut first, second) = (Cable::to(&house.daemon), Cable::to(&house.daemon));
    let module = house.module_behind(&[&first, &second], PATIENT);
    for round in 0..20 {
        let mut host = module.session();
        let token = TestToken::hotp(&format!("FO-{round:02}"));
        host.begin(&format!("timed {}", create(&token)));
        house.some_polls().await;
        first.pull().await;
        let said = host.hear();
        assert_eq!(said.rv, "CKR_OK", "{round}: {said}");
        let job = house.import(&mut host, said.number()).await;
        let staged = house.staged(&token.serial).await.expect("it is staged");
        assert_eq!(staged["id"], job["id"], "{round}");
        let _ = approve(&house.suzuki, &job).await.expect_status(200);
        house.shows_codes(&token).await;
        first.plug_in();
    }
    let auditor = house.world.caller(&house.daemon, "auditor");
    let events = events(&auditor).await;
    assert_eq!(count(&events, "import", "staged", ""), 20, "each was staged once");
}

/// The answer to the upload stays in the cable: the second server knows the import already.
#[tokio::test(flavor = "multi_thread")]
async fn a_document_whose_answer_got_lost_is_not_taken_twice() {
    let house = House::open().await;
    let (mut first, second) = (Cable::to(&house.daemon), Cable::to(&house.daemon));
    let mut host = house.module_behind(&[&first, &second], PATIENT).session();
    let token = TestToken::hotp("LO-1");
    let worker = house.daemon.worker();
    assert!(signal(worker, Signal::STOP));
    host.begin(&format!("timed {}", create(&token)));
    wait::until("the daemon has the document", || async {
        let imports = house.imports().await;
        let state = imports.first()?["state"].as_str()?.to_owned();
        ["checking", "sealing"].contains(&state.as_str()).then_some(())
    })
    .await;
    first.flow(Flow::NoAnswers);
    first.answer_held().await;
    first.pull().await;
    signal(worker, Signal::CONT);
    hear_timely(&mut host, "CKR_OK", PATIENT);
    assert!(second.connections() > 0);
    let seed = host.find("LO-1");
    assert_eq!(house.imports().await.len(), 1);
    house.put_in_service(&mut host, seed, &token).await;
}
