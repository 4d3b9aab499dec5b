//! Key ceremonies: components in steps, over two workers, and everything that must not add up.

use warifu_hsm_protocol::{
    Job, JobError, KcvMethod, KeyShape, Purpose, Reply, SecretBytes, TransportShape,
};

use crate::{
    client::Worker,
    import::{KEY, assert_imported},
    softhsm::SoftHsm,
};

const CEREMONY: [u8; 16] = [0xC1; 16];
const AES: TransportShape = TransportShape::Aes { bits: 128 };

/// A step as its answer shows it.
#[derive(Clone, Debug)]
struct Step {
    kcv: String,
    sum_kcv: String,
    partial: Vec<u8>,
    count: u8,
}

/// Three components of the key of RFC 6030 figure 6.
fn components() -> [Vec<u8>; 3] {
    let (first, second) = ([0x3A; 16], [0xC5; 16].map(|byte: u8| byte.wrapping_mul(7)));
    let third = KEY.iter().zip(first).zip(second).map(|((key, a), b)| key ^ a ^ b);
    [first.to_vec(), second.to_vec(), third.collect()]
}

fn add(
    worker: &mut Worker,
    shape: TransportShape,
    method: KcvMethod,
    partial: Option<Vec<u8>>,
    component: &[u8],
) -> Result<Step, JobError> {
    let component = SecretBytes::new(component.to_vec());
    let job = Job::AddComponent { ceremony: CEREMONY, shape, method, partial, component };
    match worker.one(job)? {
        Reply::Component { kcv, sum_kcv, partial, count } => {
            Ok(Step { kcv: hex::encode(kcv), sum_kcv: hex::encode(sum_kcv), partial, count })
        }
        other => panic!("{other:?}"),
    }
}

fn open(worker: &mut Worker) {
    let opened = worker.one(Job::OpenCeremony { ceremony: CEREMONY });
    assert!(matches!(opened, Ok(Reply::Done)), "{opened:?}");
}

fn close(worker: &mut Worker) -> bool {
    match worker.one(Job::CloseCeremony { ceremony: CEREMONY }) {
        Ok(Reply::Destroyed(there)) => there,
        other => panic!("{other:?}"),
    }
}

fn finish(partial: Vec<u8>, label: &str, count: u8) -> Job {
    let (method, label) = (KcvMethod::Ecb, label.to_owned());
    Job::FinishCeremony { ceremony: CEREMONY, shape: AES, method, partial, label, count }
}

fn conflict(result: Result<Step, JobError>) -> String {
    match result {
        Err(JobError::Conflict(told)) => told,
        other => panic!("{other:?}"),
    }
}

/// On any provider.
pub(crate) fn assert_ceremony(worker: &mut Worker) {
    open(worker);
    open(worker);
    let mut partial = None;
    let mut last = None;
    for (count, component) in (1..).zip(components()) {
        let step = add(worker, AES, KcvMethod::Ecb, partial, &component).unwrap();
        assert_eq!((step.count, step.kcv.len(), step.sum_kcv.len()), (count, 6, 6));
        if count == 1 {
            assert_eq!(step.kcv, step.sum_kcv);
        }
        partial = Some(step.partial.clone());
        last = Some(step);
    }
    let last = last.unwrap();
    assert_eq!(last.sum_kcv, "02a7e9");
    let made = worker.one(finish(last.partial.clone(), "acme", 3));
    let Ok(Reply::Keys(keys)) = made else { panic!("{made:?}") };
    assert_eq!((keys[0].shape, keys[0].kcv.as_str()), (KeyShape::Aes(128), "02a7e9"));
    assert!(!close(worker), "finishing closes");
    assert_imported(worker);
    let gone = add(worker, AES, KcvMethod::Ecb, Some(last.partial), &[1; 16]);
    assert!(matches!(gone, Err(JobError::NoSuchKey)), "{gone:?}");
}

#[test]
fn three_components_make_the_key_on_softhsm() {
    let hsm = SoftHsm::new();
    assert_ceremony(&mut Worker::start(hsm.config(), Purpose::Init, &hsm.environment()));
}

#[test]
fn another_worker_goes_on_after_a_restart() {
    let hsm = SoftHsm::new();
    let mut first = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    open(&mut first);
    let [one, two, three] = components();
    let step = add(&mut first, AES, KcvMethod::Cmac, None, &one).unwrap();
    assert_eq!(step.kcv.len(), 10);
    assert!(first.close().success());
    let mut second = Worker::start(hsm.config(), Purpose::Serve, &hsm.environment());
    let step = add(&mut second, AES, KcvMethod::Cmac, Some(step.partial), &two).unwrap();
    let step = add(&mut second, AES, KcvMethod::Cmac, Some(step.partial), &three).unwrap();
    assert!(step.sum_kcv.starts_with("e69ed3"), "{}", step.sum_kcv);
}

#[test]
fn what_does_not_add_up_is_refused() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    let [one, two, _] = components();
    let closed = add(&mut worker, AES, KcvMethod::Ecb, None, &one);
    assert!(matches!(closed, Err(JobError::NoSuchKey)), "{closed:?}");
    open(&mut worker);
    let mut add = |partial: Option<Vec<u8>>, component: &[u8]| {
        add(&mut worker, AES, KcvMethod::Ecb, partial, component)
    };
    assert!(conflict(add(None, &[0; 16])).contains("zeros"));
    assert!(conflict(add(None, &one[..15])).contains("15 bytes"));
    let first = add(None, &one).unwrap();
    assert!(conflict(add(Some(first.partial.clone()), &one)).contains("cancel"));
    let mut step = add(Some(first.partial.clone()), &two).unwrap();
    for number in 3..=5 {
        step = add(Some(step.partial), &[number; 16]).unwrap();
    }
    assert!(conflict(add(Some(step.partial.clone()), &[9; 16])).contains("at most 5"));
    let mut tampered = first.partial.clone();
    tampered[1] = 2;
    for partial in [tampered, vec![0; 20], Vec::new()] {
        assert!(matches!(add(Some(partial), &two), Err(JobError::BadValue)));
    }

    let one_person = worker.one(finish(first.partial.clone(), "x", 1));
    assert!(matches!(one_person, Err(JobError::Conflict(_))), "{one_person:?}");
    let miscounted = worker.one(finish(step.partial.clone(), "x", 4));
    assert!(matches!(miscounted, Err(JobError::Conflict(_))), "{miscounted:?}");
    let (label, shape) = ("taken".to_owned(), AES);
    let value = SecretBytes::new(vec![1; 16]);
    worker.one(Job::ImportTransportKey { label, shape, value }).unwrap();
    let taken = worker.one(finish(step.partial.clone(), "taken", 5));
    assert!(matches!(taken, Err(JobError::Conflict(_))), "{taken:?}");
    assert!(close(&mut worker) && !close(&mut worker));
    let gone = worker.one(finish(step.partial, "x", 5));
    assert!(matches!(gone, Err(JobError::NoSuchKey)), "{gone:?}");
}

#[test]
fn a_sum_belongs_to_its_ceremony_shape_and_method() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    open(&mut worker);
    let other = [0xC2; 16];
    worker.one(Job::OpenCeremony { ceremony: other }).unwrap();
    let [one, two, _] = components();
    let step = add(&mut worker, AES, KcvMethod::Ecb, None, &one).unwrap();
    let des = TransportShape::TripleDes { bytes: 16 };
    for (ceremony, shape, method) in [
        (other, AES, KcvMethod::Ecb),
        (CEREMONY, des, KcvMethod::Ecb),
        (CEREMONY, AES, KcvMethod::Cmac),
    ] {
        let (partial, component) = (Some(step.partial.clone()), SecretBytes::new(two.clone()));
        let job = Job::AddComponent { ceremony, shape, method, partial, component };
        let refused = worker.one(job);
        assert!(matches!(refused, Err(JobError::BadValue)), "{refused:?}");
    }
}

#[test]
fn triple_des_components_make_a_key() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    open(&mut worker);
    let shape = TransportShape::TripleDes { bytes: 24 };
    let (one, two): (Vec<u8>, Vec<u8>) = ((1..=24).collect(), (101..=124).collect());
    let step = add(&mut worker, shape, KcvMethod::Ecb, None, &one).unwrap();
    let step = add(&mut worker, shape, KcvMethod::Ecb, Some(step.partial), &two).unwrap();
    let (partial, label) = (step.partial, "old".to_owned());
    let (method, count) = (KcvMethod::Ecb, 2);
    let made = worker.one(Job::FinishCeremony {
        ceremony: CEREMONY,
        shape,
        method,
        partial,
        label,
        count,
    });
    let Ok(Reply::Keys(keys)) = made else { panic!("{made:?}") };
    assert_eq!((keys[0].shape, keys[0].kcv.clone()), (KeyShape::TripleDes, step.sum_kcv));
}
