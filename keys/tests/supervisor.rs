//! The supervisor against worker processes that hang, die, lose their token or retire. The workers
//! follow a script (see `examples/scripted_worker.rs`); the real one is tested with real tokens.
#![forbid(unsafe_code)]

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::timeout;
use warifu_core::{
    code::Code,
    custody::{CustodyKind, SealedSeed, WrapMechanism},
    oath::{Digits, HashAlgorithm},
};
use warifu_keys::{
    custody::hmac,
    hsm::{
        Hsm, HsmConfig, HsmError, RefusedCause, SealOrder, SecretBytes, SeedSource, StartError,
        State, WorkerConfig, WrappingKeyForm,
    },
};

const MS: Duration = Duration::from_millis(1);

/// Long enough for a loaded machine; only a failing test waits for it.
const LONG: Duration = Duration::from_secs(30);

fn scripted_worker() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let built = Command::new(env!("CARGO"))
            .args(["build", "-q", "-p", "warifu-keys", "--example", "scripted_worker"])
            .status()
            .expect("cargo can be started");
        assert!(built.success());
        let own = std::env::current_exe().expect("a test knows its own path");
        own.ancestors()
            .nth(2)
            .expect("tests lie in target/debug/deps")
            .join("examples/scripted_worker")
    })
}

/// A configuration whose worker follows `script`, with limits short enough for a test.
fn config(folder: &TempDir, script: &str) -> HsmConfig {
    let worker = WorkerConfig {
        module: folder.path().join("seen"),
        module_argument: None,
        token_label: "scripted".into(),
        token_serial: None,
        pin_file: PathBuf::new(),
        key_prefix: script.into(),
        sessions: 1,
        cache_capacity: 0,
        cache_ttl_s: 0,
        unwrap_quota: 0,
        allow_insecure_token: false,
        wrapping_key: WrappingKeyForm::Rotatable,
    };
    HsmConfig {
        worker_binary: Some(scripted_worker().to_owned()),
        grace: 100 * MS,
        canary_interval: 50 * MS,
        canary_limit: 1000 * MS,
        recovery_limit: 300 * MS,
        ..HsmConfig::new(worker)
    }
}

async fn start(folder: &TempDir, script: &str) -> Hsm {
    Hsm::start(config(folder, script)).await.expect("the first worker starts")
}

async fn verify(hsm: &Hsm, limit: Duration) -> Result<Option<usize>, HsmError> {
    let seal = SealedSeed::Wrapped {
        kek: 1,
        mechanism: WrapMechanism::AesKeyWrap,
        blob: vec![1; 32],
        binding: [0; 32],
    };
    let digits = Digits::new(6).expect("6 is allowed");
    let code = Code::parse("755224").expect("six digits");
    let deadline = Instant::now() + limit;
    hsm.verify(&seal, b"bank\x001", HashAlgorithm::Sha1, digits, &code, vec![7], deadline).await
}

/// Waits until the state is as wanted.
async fn until(hsm: &Hsm, wanted: impl FnMut(&State) -> bool) {
    let mut state = hsm.watch();
    timeout(LONG, state.wait_for(wanted)).await.expect("state in time").expect("a live sender");
}

fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, signal).expect("our own child");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_pile_up_travel_together() {
    let folder = TempDir::new().unwrap();
    let mut config = config(&folder, "serve");
    config.canary_limit = LONG;
    let hsm = Hsm::start(config).await.unwrap();
    let pid = hsm.worker_pids()[0];
    signal(pid, Signal::STOP);
    let spawn = || {
        let hsm = hsm.clone();
        tokio::spawn(async move { verify(&hsm, LONG).await })
    };
    let mut tasks = vec![spawn()];
    while hsm.stats().frames < 1 {
        tokio::task::yield_now().await;
    }
    // The first is on its way to the stopped worker; the rest has to wait here.
    tasks.extend((0..100).map(|_| spawn()));
    while hsm.stats().queued < 100 {
        tokio::task::yield_now().await;
    }
    signal(pid, Signal::CONT);
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(Some(0)));
    }
    let stats = hsm.stats();
    assert_eq!((stats.jobs, stats.frames), (101, 3), "1, then 64, then 36");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_seeds_comes_back_in_order() {
    let folder = TempDir::new().unwrap();
    let hsm = start(&folder, "serve").await;
    let orders = (0_u32..1000).map(|n| SealOrder {
        record: n.to_be_bytes().to_vec(),
        kind: hmac(HashAlgorithm::Sha1),
        custody: CustodyKind::Wrapped,
        source: SeedSource::Clear(SecretBytes::new(vec![0; 20])),
    });
    let sealed = hsm.seal(orders.collect()).await;
    assert_eq!(sealed.len(), 1000);
    for (n, sealed) in (0_u32..).zip(sealed) {
        let SealedSeed::Wrapped { blob, .. } = sealed.unwrap().seal else { panic!("resident") };
        assert_eq!(blob, n.to_be_bytes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_a_dead_worker_is_done_by_the_next() {
    let folder = TempDir::new().unwrap();
    let hsm = start(&folder, "die-once").await;
    assert_eq!(verify(&hsm, LONG).await, Ok(Some(0)));
    let stats = hsm.stats();
    assert_eq!((stats.resent, stats.kills), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_workers_kills_two_at_most() {
    let folder = TempDir::new().unwrap();
    let hsm = start(&folder, "die-always").await;
    assert_eq!(verify(&hsm, LONG).await, Err(HsmError::Unavailable));
    assert_eq!(hsm.stats().kills, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hung_job_times_out_and_its_worker_is_replaced() {
    let folder = TempDir::new().unwrap();
    let hsm = start(&folder, "hang-once").await;
    let before = hsm.worker_pids();
    assert_eq!(verify(&hsm, 50 * MS).await, Err(HsmError::Timeout));
    until(&hsm, |state| !state.is_ready()).await;
    assert_eq!(verify(&hsm, LONG).await, Ok(Some(0)));
    assert_ne!(hsm.worker_pids(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_worker_is_noticed_without_any_job() {
    let folder = TempDir::new().unwrap();
    let hsm = start(&folder, "serve").await;
    let before = hsm.worker_pids();
    signal(before[0], Signal::STOP);
    until(&hsm, |state| !state.is_ready()).await;
    until(&hsm, State::is_ready).await;
    assert_ne!(hsm.worker_pids(), before);
    assert_eq!(verify(&hsm, LONG).await, Ok(Some(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_deaf_to_canaries_is_replaced() {
    let folder = TempDir::new().unwrap();
    let hsm = start(&folder, "deaf-once").await;
    until(&hsm, |state| !state.is_ready()).await;
    until(&hsm, State::is_ready).await;
    assert_eq!(hsm.stats().kills, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_token_is_not_ready_and_gets_a_new_worker() {
    let folder = TempDir::new().unwrap();
    let hsm = start(&folder, "token-lost-once").await;
    until(&hsm, |state| !state.is_ready()).await;
    until(&hsm, State::is_ready).await;
    assert_eq!(hsm.stats().kills, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_retires_leaves_no_gap() {
    let folder = TempDir::new().unwrap();
    let hsm = start(&folder, "retire-once").await;
    let before = hsm.worker_pids();
    let mut state = hsm.watch();
    state.mark_unchanged();
    while hsm.worker_pids() == before || hsm.worker_pids().len() != 1 {
        assert_eq!(verify(&hsm, LONG).await, Ok(Some(0)));
    }
    assert!(!state.has_changed().unwrap(), "it was ready all the time");
    assert_eq!(hsm.stats().kills, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_pin_is_reported_at_once() {
    let folder = TempDir::new().unwrap();
    let refused = Hsm::start(config(&folder, "refuse-pin")).await.unwrap_err();
    let StartError::Refused { cause, .. } = refused else { panic!("{refused:?}") };
    assert_eq!(cause, RefusedCause::Pin);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_changed_is_tried_once_for_all_workers() {
    let folder = TempDir::new().unwrap();
    // The second process is refused, so the two workers can not be started by `Hsm::start`.
    let hsm = start(&folder, "pin-changes").await;
    signal(hsm.worker_pids()[0], Signal::KILL);
    until(&hsm, |state| matches!(state, State::Stopped(_))).await;
    assert_eq!(
        verify(&hsm, LONG).await,
        Err(HsmError::Unavailable),
        "at once, not at the deadline"
    );
    assert_eq!(hsm.stats().starts, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_token_of_the_same_label_is_refused() {
    let folder = TempDir::new().unwrap();
    let hsm = start(&folder, "other-token").await;
    signal(hsm.worker_pids()[0], Signal::KILL);
    until(&hsm, |state| matches!(state, State::Stopped(why) if why.contains("ffff"))).await;

    let folder = TempDir::new().unwrap();
    let mut foreign = config(&folder, "serve");
    foreign.expected_fingerprint = Some("abcd".into());
    assert!(matches!(Hsm::start(foreign).await, Err(StartError::WrongToken { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_says_nothing_is_given_up() {
    let folder = TempDir::new().unwrap();
    let mut config = config(&folder, "mute");
    config.start_limit = 200 * MS;
    assert!(matches!(Hsm::start(config).await, Err(StartError::Silent(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_binary_is_named() {
    let folder = TempDir::new().unwrap();
    let mut config = config(&folder, "serve");
    config.worker_binary = Some(folder.path().join("warifu-hsm"));
    let error = Hsm::start(config).await.unwrap_err();
    assert!(error.to_string().contains("warifu-hsm does not exist"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_are_the_sum_over_all_workers() {
    let folder = TempDir::new().unwrap();
    let mut config = config(&folder, "serve");
    config.workers = 3;
    config.canary_interval = LONG;
    let hsm = Hsm::start(config).await.unwrap();
    assert_eq!(hsm.worker_pids().len(), 3);
    for _ in 0..30 {
        verify(&hsm, LONG).await.unwrap();
    }
    assert_eq!(hsm.counters().await.unwrap().jobs, 30 + 3, "and the counters jobs themselves");
}

#[tokio::test(flavor = "multi_thread")]
async fn shutting_down_ends_the_workers_and_refuses_jobs() {
    let folder = TempDir::new().unwrap();
    let hsm = start(&folder, "serve").await;
    let pid = hsm.worker_pids()[0];
    hsm.shut_down(LONG).await;
    assert!(hsm.worker_pids().is_empty());
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
    assert_eq!(verify(&hsm, LONG).await, Err(HsmError::Unavailable));
    assert_eq!(hsm.stats().starts, 1, "nothing is started again");
}
