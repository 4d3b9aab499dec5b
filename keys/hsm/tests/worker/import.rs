//! Seeds that come encrypted, and the transport keys they come under.

use aes::cipher::{BlockEncryptMut as _, KeyIvInit as _, block_padding::Pkcs7};
use hmac::{Hmac, Mac as _};
use warifu_hsm_protocol::{
    Cipher, Exposure, Hash, Job, JobError, KeyInfo, KeyKind, MacHash, Purpose, Reply, Seal,
    SecretBytes, SeedSource, TransportShape, ValueMac,
};

use crate::{
    client::{Worker, key_ref},
    softhsm::SoftHsm,
    vectors::code,
};

/// The key of RFC 6030 figure 6.
pub(crate) const KEY: [u8; 16] =
    *b"\x12\x34\x56\x78\x90\x12\x34\x56\x78\x90\x12\x34\x56\x78\x90\x12";
const MAC_KEY: [u8; 20] = [0x11; 20];
const SEED: &[u8] = b"12345678901234567890";

/// `IV || ciphertext` as RFC 6030 s.6.1 has it.
pub(crate) fn cbc(value: &[u8], iv: u8) -> Vec<u8> {
    let iv = [iv; 16];
    let encryptor = cbc::Encryptor::<aes::Aes128>::new(&KEY.into(), &iv.into());
    let mut data = iv.to_vec();
    data.extend(encryptor.encrypt_padded_vec_mut::<Pkcs7>(value));
    data
}

pub(crate) fn mac(data: &[u8]) -> ValueMac {
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(&MAC_KEY).unwrap();
    mac.update(data);
    let value = mac.finalize().into_bytes().to_vec();
    ValueMac { hash: MacHash::Sha1, encrypted_key: cbc(&MAC_KEY, 9), value }
}

fn seal(record: &str, resident: bool, data: Vec<u8>, mac: Option<ValueMac>) -> Job {
    let cipher = Cipher::AesCbcPad { bits: 128 };
    Job::Seal {
        record: record.as_bytes().to_vec(),
        kind: KeyKind::Hmac(Hash::Sha1),
        resident,
        source: SeedSource::Encrypted {
            transport_key: "acme".to_owned(),
            cipher,
            data,
            mac,
            session: None,
        },
    }
}

fn good(record: &str, resident: bool, seed: &[u8]) -> Job {
    let data = cbc(seed, 3);
    let mac = mac(&data);
    seal(record, resident, data, Some(mac))
}

pub(crate) fn import_key(worker: &mut Worker) -> KeyInfo {
    let (label, value) = ("acme".to_owned(), SecretBytes::new(KEY.to_vec()));
    let shape = TransportShape::Aes { bits: 128 };
    match worker.one(Job::ImportTransportKey { label, shape, value }) {
        Ok(Reply::Keys(mut keys)) => keys.pop().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// On any provider: seals encrypted seeds and verifies with them.
pub(crate) fn assert_imports(worker: &mut Worker, exposure: Exposure) {
    import_key(worker);
    for resident in [false, true] {
        for length in [16, 20, 32, 63] {
            let seed: Vec<u8> = (1..=length).collect();
            let record = format!("{length}{resident}");
            let job = good(&record, resident, &seed);
            let Ok(Reply::Sealed { seal, exposure: told }) = worker.one(job) else {
                panic!("{length} {resident}")
            };
            assert_eq!((told, matches!(seal, Seal::Resident { .. })), (exposure, resident));
            let key = key_ref(&record, Hash::Sha1, seal);
            let right = code(Hash::Sha1, &seed, 4, 6);
            assert_eq!(worker.verify(&key, &right, &[4]), Ok(Some(0)), "{length} {resident}");
        }
    }
    assert_bad_values(worker);
}

/// The key `acme` is the one of RFC 6030 figure 6.
pub(crate) fn assert_imported(worker: &mut Worker) {
    let sealed = worker.one(good("i", false, SEED));
    assert!(matches!(sealed, Ok(Reply::Sealed { .. })), "{sealed:?}");
}

fn assert_bad_values(worker: &mut Worker) {
    let mut data = cbc(SEED, 3);
    let true_mac = mac(&data);
    data[20] ^= 1;
    let tampered = seal("t", false, data.clone(), Some(true_mac));
    // A right MAC over what does not decrypt.
    let true_mac = mac(&data[..47]);
    let cut = seal("t", false, data[..47].to_vec(), Some(true_mac));
    let mut garbled = data.clone();
    garbled.iter_mut().skip(16).for_each(|byte| *byte ^= 0x5A);
    let true_mac = mac(&garbled);
    let garbled = seal("t", false, garbled, Some(true_mac));
    let mut other_key = mac(&cbc(SEED, 3));
    other_key.encrypted_key = cbc(&[0x22; 20], 9);
    let wrong_mac_key = seal("t", false, cbc(SEED, 3), Some(other_key));
    let mut broken_key = mac(&cbc(SEED, 3));
    broken_key.encrypted_key = vec![1; 48];
    let broken_mac_key = seal("t", false, cbc(SEED, 3), Some(broken_key));
    let (short, long) = (good("t", false, &[5; 15]), good("t", false, &[5; 65]));
    for job in [tampered, cut, wrong_mac_key, broken_mac_key, short] {
        assert!(matches!(worker.one(job), Err(JobError::BadValue)));
    }
    for authentic in [garbled, long] {
        assert!(matches!(worker.one(authentic), Err(JobError::Unfit)));
    }
    let unauthenticated = seal("t", false, cbc(SEED, 3), None);
    assert!(matches!(worker.one(unauthenticated), Err(JobError::Malformed)));
    assert_eq!(worker.counters().recoveries[3], 0, "a bad value is no lost token");
}

#[test]
fn encrypted_seeds_pass_the_worker_where_softhsm_can_not_unwrap() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    let exposure = if worker.provider.unwrap_cbc { Exposure::None } else { Exposure::Worker };
    assert_imports(&mut worker, exposure);
}

#[test]
fn transport_keys_are_listed_and_never_overwritten() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    assert_transport_keys(&mut worker);
}

/// On any provider.
pub(crate) fn assert_transport_keys(worker: &mut Worker) {
    let unknown = worker.one(good("a", false, SEED));
    assert!(matches!(unknown, Err(JobError::NoSuchKey)), "{unknown:?}");
    let imported = import_key(worker);
    assert_eq!((imported.label.as_str(), imported.bits, imported.local), ("acme", 128, false));
    assert_eq!(imported.kcv, "02a7e9");
    let (label, value) = ("acme".to_owned(), SecretBytes::new(vec![1; 32]));
    let shape = TransportShape::Aes { bits: 256 };
    let again = worker.one(Job::ImportTransportKey { label, shape, value });
    assert!(matches!(again, Err(JobError::Conflict(_))), "{again:?}");
    let generate = |label: &str| Job::GenerateTransportKey { label: label.to_owned(), bits: 256 };
    let Ok(Reply::Keys(made)) = worker.one(generate("ours")) else { panic!("not generated") };
    assert_eq!((made[0].bits, made[0].kcv.len(), made[0].local), (256, 6, true));
    assert!(matches!(worker.one(generate("ours")), Err(JobError::Conflict(_))));
    assert!(matches!(worker.one(generate("a b")), Err(JobError::Malformed)));
    let Ok(Reply::Keys(listed)) = worker.one(Job::ListTransportKeys) else { panic!("no list") };
    assert_eq!(listed, [imported, made.into_iter().next().unwrap()]);
    let Job::Seal { record, kind, resident, source } = good("a", false, SEED) else { panic!() };
    let SeedSource::Encrypted { data, mac, .. } = source else { panic!() };
    let cipher = Cipher::AesCbcPad { bits: 256 };
    let transport_key = "acme".to_owned();
    let source = SeedSource::Encrypted { transport_key, cipher, data, mac, session: None };
    let mismatch = worker.one(Job::Seal { record, kind, resident, source });
    assert!(matches!(mismatch, Err(JobError::Conflict(_))), "{mismatch:?}");
}
