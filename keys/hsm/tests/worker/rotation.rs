//! Rotation of the wrapping key, with another worker on the same token.

use warifu_hsm_protocol::{
    Hash, Job, JobError, KeyRef, Purpose, Reply, Seal, WorkerConfig, WrappingKeyForm,
};

use crate::{
    camera::{assert_example, clear, expanded, seed},
    client::Worker,
    softhsm::SoftHsm,
    vectors::code,
};

const SEED: &[u8] = b"12345678901234567890";

fn rewrap(worker: &mut Worker, key: &KeyRef, to: u32) -> Result<KeyRef, JobError> {
    match worker.one(Job::Rewrap { key: key.clone(), to })? {
        Reply::Rewrapped { seal } => Ok(KeyRef { seal, ..key.clone() }),
        other => panic!("{other:?}"),
    }
}

fn generations(worker: &mut Worker) -> Vec<u32> {
    match worker.one(Job::KekGenerations) {
        Ok(Reply::Generations(generations)) => generations,
        other => panic!("{other:?}"),
    }
}

fn kek(key: &KeyRef) -> u32 {
    match &key.seal {
        Seal::Wrapped { kek, .. } => *kek,
        Seal::Resident { .. } => panic!("resident"),
    }
}

fn make(worker: &mut Worker, generation: u32) {
    let made = worker.one(Job::MakeKek { generation });
    assert!(matches!(made, Ok(Reply::Done)), "{made:?}");
}

fn works(worker: &mut Worker, key: &KeyRef) -> Result<Option<u16>, JobError> {
    worker.verify(key, &code(Hash::Sha1, SEED, 3, 6), &[3])
}

/// On any provider: `other` is a second worker on the token, started before the rotation.
pub(crate) fn assert_rotation(worker: &mut Worker, other: &mut Worker) {
    let old = worker.seal("a", Hash::Sha1, SEED, false);
    let (camera, _) = expanded(worker, false, clear(seed()));
    assert_eq!((generations(worker), kek(&old)), (vec![1], 1));
    make(worker, 2);
    make(worker, 2);
    assert_eq!(generations(worker), [1, 2]);
    assert_eq!(kek(&worker.seal("b", Hash::Sha1, SEED, false)), 2, "new seals use the newest");

    let new = rewrap(worker, &old, 2).unwrap();
    assert_eq!((kek(&new), works(worker, &new)), (2, Ok(Some(0))));
    assert_eq!(rewrap(worker, &new, 2).unwrap(), new, "there already");
    assert_eq!(works(worker, &old), Ok(Some(0)), "the old seal is good as long as its key");
    assert_eq!(works(other, &new), Ok(Some(0)), "looked for on the token");
    let moved = camera.each_ref().map(|key| rewrap(worker, key, 2).unwrap());
    assert_example(worker, &moved);

    let stolen = KeyRef { record: b"c".to_vec(), ..old.clone() };
    assert_eq!(rewrap(worker, &stolen, 2), Err(JobError::BadRecord));
    let resident = worker.seal("r", Hash::Sha1, SEED, true);
    assert!(matches!(rewrap(worker, &resident, 2), Err(JobError::Conflict(_))));
    assert!(matches!(rewrap(worker, &new, 3), Err(JobError::Unsupported(_))));

    let newest = worker.one(Job::DestroyKek { generation: 2 });
    assert!(matches!(newest, Err(JobError::Conflict(_))), "{newest:?}");
    for there in [true, false] {
        let destroyed = worker.one(Job::DestroyKek { generation: 1 });
        assert!(matches!(destroyed, Ok(Reply::Destroyed(told)) if told == there), "{destroyed:?}");
    }
    assert_eq!(generations(other), [2]);
    for worker in [worker, other] {
        assert_eq!(works(worker, &new), Ok(Some(0)));
        let fresh = KeyRef { record: b"a".to_vec(), ..old.clone() };
        let gone = rewrap(worker, &fresh, 2);
        assert!(matches!(gone, Err(JobError::Unsupported(_))), "{gone:?}");
    }
}

#[test]
fn seals_move_to_the_next_wrapping_key() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    let mut other = Worker::start(hsm.config(), Purpose::Serve, &hsm.environment());
    assert_rotation(&mut worker, &mut other);
    drop((worker, other));
    let mut next = Worker::start(hsm.config(), Purpose::Serve, &hsm.environment());
    assert_eq!(generations(&mut next), [2]);
    make(&mut next, 3);
    let late = next.one(Job::MakeKek { generation: 1 });
    assert!(matches!(late, Err(JobError::Conflict(_))), "{late:?}");
    let none = next.one(Job::MakeKek { generation: 0 });
    assert!(matches!(none, Err(JobError::Malformed)), "{none:?}");
}

#[test]
fn a_pinned_wrapping_key_lets_nothing_move() {
    let hsm = SoftHsm::new();
    let pinned = WorkerConfig { wrapping_key: WrappingKeyForm::Pinned, ..hsm.config() };
    let mut worker = Worker::start(pinned, Purpose::Init, &hsm.environment());
    let old = worker.seal("a", Hash::Sha1, SEED, false);
    let (camera, _) = expanded(&mut worker, false, clear(seed()));
    drop(worker);
    let mut worker = Worker::start(hsm.config(), Purpose::Serve, &hsm.environment());
    make(&mut worker, 2);
    for key in [&old, &camera[0]] {
        match rewrap(&mut worker, key, 2) {
            Err(JobError::Unsupported(told)) => assert!(told.starts_with("pinned"), "{told}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(works(&mut worker, &old), Ok(Some(0)));
    let new = worker.seal("b", Hash::Sha1, SEED, false);
    make(&mut worker, 3);
    assert_eq!(kek(&rewrap(&mut worker, &new, 3).unwrap()), 3);
}

#[test]
fn a_damaged_blob_is_a_bad_record() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    let mut key = worker.seal("a", Hash::Sha1, SEED, false);
    make(&mut worker, 2);
    if let Seal::Wrapped { blob, .. } = &mut key.seal {
        blob[3] ^= 1;
    }
    assert_eq!(rewrap(&mut worker, &key, 2), Err(JobError::BadRecord));
}
