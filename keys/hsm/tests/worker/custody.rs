//! Bindings, the cache, batches, deadlines, quotas, recovery.

use std::time::{Duration, Instant};

use warifu_hsm_protocol::{Hash, Job, JobError, KeyKind, KeyRef, MAX_JOBS, Purpose, Reply, Seal};

use crate::{
    client::{Worker, seal_clear, verify},
    softhsm::SoftHsm,
    vectors::code,
};

const SEED: &[u8] = b"12345678901234567890";

fn with(key: &KeyRef, change: impl FnOnce(&mut KeyRef)) -> KeyRef {
    let mut key = key.clone();
    change(&mut key);
    key
}

#[test]
fn swapped_seals_are_bad_records() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    for resident in [false, true] {
        let alice = worker.seal("alice", Hash::Sha1, SEED, resident);
        let bob = worker.seal("bob", Hash::Sha1, b"abcdefghijklmnopqrst", resident);
        let swapped = with(&alice, |key| key.seal = bob.seal.clone());
        let rehashed = with(&alice, |key| key.kind = KeyKind::Hmac(Hash::Sha256));
        for bad in [swapped, rehashed] {
            let code = code(Hash::Sha1, SEED, 1, 6);
            assert_eq!(worker.verify(&bad, &code, &[1]), Err(JobError::BadRecord));
        }
        assert_eq!(worker.verify(&alice, &code(Hash::Sha1, SEED, 1, 6), &[1]), Ok(Some(0)));
    }
    let counters = worker.counters();
    assert_eq!((counters.recoveries, counters.epoch), ([0; 4], 1), "the token was never suspected");
}

#[test]
fn one_hmac_per_code_and_one_unwrap_per_miss() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    let key = worker.seal("a", Hash::Sha1, SEED, false);
    let before = worker.counters();
    assert_eq!(
        (before.sign_init, before.sign, before.unwrap),
        (0, 0, 0),
        "sealing is not verifying"
    );
    for round in 1..=3 {
        assert_eq!(worker.verify(&key, &code(Hash::Sha1, SEED, 5, 6), &[5]), Ok(Some(0)));
        let now = worker.counters();
        assert_eq!((now.sign_init, now.sign, now.unwrap), (round, round, 1));
        assert_eq!((now.misses, now.hits, now.cached), (1, round - 1, 1));
    }
}

#[test]
fn the_cache_is_bounded_and_evicts() {
    let hsm = SoftHsm::new();
    let config = warifu_hsm_protocol::WorkerConfig { cache_capacity: 4, ..hsm.config() };
    let mut worker = Worker::start(config, Purpose::Init, &hsm.environment());
    let keys: Vec<_> =
        (0..10).map(|n| worker.seal(&format!("t{n}"), Hash::Sha1, SEED, false)).collect();
    let destroyed = worker.counters().destroy;
    for _ in 0..3 {
        let jobs = keys.iter().map(|key| verify(key, &code(Hash::Sha1, SEED, 3, 6), &[3]));
        for result in worker.ask(jobs.collect()) {
            assert!(matches!(result, Ok(Reply::Verified(Some(0)))), "{result:?}");
        }
    }
    let counters = worker.counters();
    assert_eq!((counters.cached, counters.misses, counters.unwrap), (4, 30, 30));
    // Destroyed behind the answers, not before them.
    let end = Instant::now() + Duration::from_secs(20);
    while worker.counters().destroy - destroyed != 26 {
        assert!(Instant::now() < end, "what was evicted is destroyed");
    }
}

#[test]
fn a_large_batch_keeps_its_order() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    let seeds: Vec<Vec<u8>> = (0..MAX_JOBS).map(|n| format!("{n:020}").into_bytes()).collect();
    let jobs = seeds.iter().enumerate();
    let jobs =
        jobs.map(|(n, seed)| seal_clear(&format!("t{n}"), Hash::Sha1, seed, false)).collect();
    let sealed = worker.ask(jobs);
    let mut checks = Vec::new();
    for (n, (result, seed)) in sealed.into_iter().zip(&seeds).enumerate() {
        let Ok(Reply::Sealed { seal, .. }) = result else { panic!("{result:?}") };
        let record = format!("t{n}").into_bytes();
        let key = KeyRef { record, kind: KeyKind::Hmac(Hash::Sha1), seal };
        checks.push(verify(&key, &code(Hash::Sha1, seed, 9, 8), &[9]));
    }
    for result in worker.ask(checks) {
        assert!(matches!(result, Ok(Reply::Verified(Some(0)))), "{result:?}");
    }
}

#[test]
fn jobs_past_their_deadline_are_not_begun() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    let key = worker.seal("a", Hash::Sha1, SEED, false);
    let response = worker.request(vec![verify(&key, "000000", &[1]), Job::Canary], 0);
    assert!(response.results.iter().all(|r| matches!(r, Err(JobError::Expired))));
    assert_eq!(worker.counters().sign_init, 0);
}

#[test]
fn the_quota_asks_for_a_successor() {
    let hsm = SoftHsm::new();
    let config = warifu_hsm_protocol::WorkerConfig { unwrap_quota: 2, ..hsm.config() };
    let mut worker = Worker::start(config, Purpose::Init, &hsm.environment());
    assert!(worker.request(vec![Job::Canary], 9000).retire, "the self-test unwraps, too");
}

#[test]
fn a_seed_deleted_by_another_application_is_a_bad_record() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    let key = worker.seal("gone", Hash::Sha1, SEED, true);
    let other = worker.seal("stays", Hash::Sha1, SEED, true);
    let right = code(Hash::Sha1, SEED, 1, 6);
    assert_eq!(worker.verify(&key, &right, &[1]), Ok(Some(0)));
    let Seal::Resident { object_id, .. } = &key.seal else { panic!("not resident") };
    let id = hex::encode(object_id);
    hsm.pkcs11_tool(&["--delete-object", "--type", "secrkey", "--id", &id]);
    assert_eq!(worker.verify(&key, &right, &[1]), Err(JobError::BadRecord));
    assert_eq!(worker.verify(&other, &right, &[1]), Ok(Some(0)));
    let counters = worker.counters();
    assert_eq!((counters.recoveries[2], counters.recoveries[3]), (1, 0));
}

#[test]
fn a_destroyed_seed_is_gone() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    let key = worker.seal("a", Hash::Sha1, SEED, true);
    let stolen = with(&key, |key| key.record = b"b".to_vec());
    let destroy = |key: &KeyRef| Job::Destroy { key: key.clone() };
    assert!(matches!(worker.one(destroy(&stolen)), Err(JobError::BadRecord)));
    assert!(matches!(worker.one(destroy(&key)), Ok(Reply::Done)));
    assert!(matches!(worker.one(destroy(&key)), Err(JobError::BadRecord)));
    assert_eq!(worker.verify(&key, "000000", &[1]), Err(JobError::BadRecord));
}

#[test]
fn another_start_opens_what_the_first_sealed() {
    let hsm = SoftHsm::new();
    let mut first = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    let wrapped = first.seal("w", Hash::Sha256, SEED, false);
    let resident = first.seal("r", Hash::Sha256, SEED, true);
    let Ok(Reply::FingerprintKey(fingerprint)) = first.one(Job::FingerprintKey) else { panic!() };
    let mut second = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    assert_eq!(second.provider, first.provider, "init keeps what is there");
    let late = first.seal("late", Hash::Sha256, SEED, true);
    assert!(first.close().success());
    let right = code(Hash::Sha256, SEED, 1, 6);
    for key in [&wrapped, &resident, &late] {
        assert_eq!(second.verify(key, &right, &[1]), Ok(Some(0)));
    }
    let Ok(Reply::FingerprintKey(same)) = second.one(Job::FingerprintKey) else { panic!() };
    assert_eq!(same.expose(), fingerprint.expose());
    assert!(second.pid() > 0);
}

#[test]
fn small_jobs_answer() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    assert!(matches!(worker.one(Job::Canary), Ok(Reply::Alive)));
    let Ok(Reply::Random(one)) = worker.one(Job::Random { count: 32 }) else { panic!() };
    let Ok(Reply::Random(two)) = worker.one(Job::Random { count: 32 }) else { panic!() };
    assert!(one.len() == 32 && one != two);
    assert!(matches!(worker.one(Job::Random { count: 1025 }), Err(JobError::Malformed)));
    assert!(worker.ask(vec![]).is_empty());
    let digest = [7; 32];
    let Ok(Reply::Signature(signature)) = worker.one(Job::SignCheckpoint { digest }) else {
        panic!()
    };
    assert_eq!((signature.len(), worker.provider.audit_public_key.len()), (64, 65));
    let key = worker.seal("a", Hash::Sha1, SEED, false);
    assert_eq!(worker.verify(&key, "12345", &[1]), Err(JobError::Malformed));
    assert_eq!(worker.verify(&key, "12345x", &[1]), Err(JobError::Malformed));
    assert_eq!(worker.verify(&key, "123456", &[1; 65]), Err(JobError::Malformed));
    assert!(matches!(
        worker.one(seal_clear("s", Hash::Sha1, &SEED[..15], false)),
        Err(JobError::BadValue)
    ));
}
