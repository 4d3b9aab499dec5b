//! Every cipher of seed files, under transport keys of every shape and under keys of one file.

use std::{
    fs,
    io::Write as _,
    process::{Command, Stdio},
};

use aes::cipher::{
    BlockEncrypt as _, BlockEncryptMut as _, KeyInit as _, KeyIvInit as _, block_padding::Pkcs7,
};
use aes_gcm::aead::Aead as _;
use hmac::{Hmac, Mac as _};
use sha2::Digest as _;
use warifu_hsm_protocol::{
    Cipher, Exposure, Hash, Job, JobError, KeyKind, KeyShape, MacHash, Purpose, Reply, SecretBytes,
    SeedSource, SessionKey, TransportShape, ValueMac,
};

use crate::{
    client::{Worker, key_ref},
    import::{KEY, import_key},
    softhsm::SoftHsm,
    vectors::code,
};

const SEED: &[u8] = b"12345678901234567890";
const MAC_KEY: [u8; 20] = [0x11; 20];
const DES_KEY: [u8; 16] = *b"\x01\x23\x45\x67\x89\xab\xcd\xef\xfe\xdc\xba\x98\x76\x54\x32\x10";
const SESSION: [u8; 16] = [0x5A; 16];

const CBC: Cipher = Cipher::AesCbcPad { bits: 128 };
const GCM: Cipher = Cipher::AesGcm { bits: 128 };
const KW: Cipher = Cipher::AesKeyWrap { bits: 128 };
const KWP: Cipher = Cipher::AesKeyWrapPad { bits: 128 };

/// Encrypts as a manufacturer would.
fn encrypted(cipher: Cipher, key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    match cipher {
        Cipher::AesCbcPad { .. } => {
            data.extend([3; 16]);
            let cbc = cbc::Encryptor::<aes::Aes128>::new_from_slices(key, &[3; 16]).unwrap();
            data.extend(cbc.encrypt_padded_vec_mut::<Pkcs7>(value));
        }
        Cipher::AesGcm { .. } => {
            data.extend([4; 12]);
            let gcm = aes_gcm::Aes128Gcm::new_from_slice(key).unwrap();
            data.extend(gcm.encrypt((&[4; 12]).into(), value).unwrap());
        }
        Cipher::AesKeyWrap { .. } => data = wrapped(key, [0xA6; 8], value),
        Cipher::AesKeyWrapPad { .. } => {
            // RFC 5649 s.3.
            let length = u32::try_from(value.len()).unwrap().to_be_bytes();
            let head = [[0xA6, 0x59, 0x59, 0xA6], length].concat().try_into().unwrap();
            let mut padded = value.to_vec();
            padded.resize(value.len().next_multiple_of(8), 0);
            data = wrapped(key, head, &padded);
        }
        Cipher::TripleDesCbcPad => {
            data.extend([5; 8]);
            let key = [key, &key[..8]].concat();
            let cbc = cbc::Encryptor::<des::TdesEde3>::new_from_slices(&key, &[5; 8]).unwrap();
            data.extend(cbc.encrypt_padded_vec_mut::<Pkcs7>(value));
        }
        other => panic!("{other:?}"),
    }
    data
}

/// RFC 3394 s.2.2.1.
fn wrapped(key: &[u8], mut head: [u8; 8], value: &[u8]) -> Vec<u8> {
    let cipher = aes::Aes128::new_from_slice(key).unwrap();
    let mut blocks: Vec<[u8; 8]> = value.chunks(8).map(|b| b.try_into().unwrap()).collect();
    let mut step = 0_u64;
    for _ in 0..6 {
        for block in &mut blocks {
            step += 1;
            let mut whole = [head, *block].concat();
            cipher.encrypt_block(whole.as_mut_slice().into());
            head = (u64::from_be_bytes(whole[..8].try_into().unwrap()) ^ step).to_be_bytes();
            *block = whole[8..].try_into().unwrap();
        }
    }
    [head.to_vec(), blocks.concat()].concat()
}

fn mac(cipher: Cipher, key: &[u8], data: &[u8]) -> ValueMac {
    let mut mac = <Hmac<sha1::Sha1> as hmac::Mac>::new_from_slice(&MAC_KEY).unwrap();
    mac.update(data);
    let value = mac.finalize().into_bytes().to_vec();
    let encrypted_key = encrypted(cipher, key, &MAC_KEY);
    ValueMac { hash: MacHash::Sha1, encrypted_key, value }
}

/// A seed under that key; CBC comes with a MAC.
fn source(label: &str, cipher: Cipher, key: &[u8], seed: &[u8]) -> SeedSource {
    let data = encrypted(cipher, key, seed);
    let needs_mac = matches!(cipher, Cipher::AesCbcPad { .. } | Cipher::TripleDesCbcPad);
    let mac = needs_mac.then(|| mac(cipher, key, &data));
    SeedSource::Encrypted { transport_key: label.to_owned(), cipher, data, mac, session: None }
}

fn under_session(label: &str, wrapping: Cipher, data: Vec<u8>, value: Cipher) -> SeedSource {
    let session_key = SessionKey { cipher: wrapping, data };
    match source(label, value, &SESSION, SEED_24) {
        SeedSource::Encrypted { transport_key, cipher, data, mac, .. } => {
            SeedSource::Encrypted { transport_key, cipher, data, mac, session: Some(session_key) }
        }
        SeedSource::Clear(_) => panic!("not encrypted"),
    }
}

/// A seed that RFC 3394 takes.
const SEED_24: &[u8] = b"123456789012345678901234";

fn seal(worker: &mut Worker, record: &str, source: SeedSource) -> Result<Reply, JobError> {
    let kind = KeyKind::Hmac(Hash::Sha1);
    worker.one(Job::Seal { record: record.as_bytes().to_vec(), kind, resident: false, source })
}

/// Seals, and checks that the seal makes the seed's codes and says where the seed was readable.
fn assert_sealed(worker: &mut Worker, source: SeedSource, seed: &[u8], exposure: Exposure) {
    let about = format!("{source:?}");
    let Ok(Reply::Sealed { seal, exposure: told }) = seal(worker, "r", source) else {
        panic!("{about}");
    };
    assert_eq!(told, exposure, "{about}");
    let key = key_ref("r", Hash::Sha1, seal);
    assert_eq!(worker.verify(&key, &code(Hash::Sha1, seed, 7, 6), &[7]), Ok(Some(0)), "{about}");
}

fn assert_refused(worker: &mut Worker, source: SeedSource, why: &JobError) {
    let about = format!("{source:?}");
    let refused = seal(worker, "r", source);
    match (&refused, why) {
        (Err(JobError::Unsupported(_)), JobError::Unsupported(_))
        | (Err(JobError::Conflict(_)), JobError::Conflict(_)) => {}
        (Err(refused), why) => assert_eq!(refused, why, "{about}"),
        (Ok(reply), _) => panic!("{about}: {reply:?}"),
    }
}

/// Where each cipher is opened; the rest is refused.
pub(crate) struct Expected {
    pub(crate) cbc: Exposure,
    pub(crate) gcm: Exposure,
    pub(crate) triple_des: Option<Exposure>,
}

/// On any provider.
pub(crate) fn assert_ciphers(worker: &mut Worker, expected: &Expected) {
    import_key(worker);
    for (cipher, seed, exposure) in [
        (CBC, SEED, expected.cbc),
        (GCM, SEED, expected.gcm),
        (KW, SEED_24, Exposure::None),
        (KWP, SEED, Exposure::None),
    ] {
        assert_sealed(worker, source("acme", cipher, &KEY, seed), seed, exposure);
        assert_refused(worker, source("acme", cipher, &[9; 16], seed), &JobError::BadValue);
        assert_damaged(worker, cipher, seed);
    }
    assert_mac_key_is_no_oracle(worker);
    assert_authentic_values_are_no_oracle(worker);
    let camellia = match source("acme", CBC, &KEY, SEED) {
        SeedSource::Encrypted { transport_key, data, mac, session, .. } => {
            let cipher = Cipher::CamelliaCbcPad { bits: 128 };
            SeedSource::Encrypted { transport_key, cipher, data, mac, session }
        }
        SeedSource::Clear(_) => panic!("not encrypted"),
    };
    assert_refused(worker, camellia, &JobError::Unsupported(String::new()));
    assert_triple_des(worker, expected.triple_des);
}

/// Whoever writes a file chooses the ciphertext of its MAC key. What is answered must not tell whether
/// its padding was right: that would open any value under the transport key, octet by octet.
fn assert_mac_key_is_no_oracle(worker: &mut Worker) {
    let told = |worker: &mut Worker, encrypted_key: Vec<u8>| {
        let SeedSource::Encrypted { transport_key, data, mac, .. } =
            source("acme", CBC, &KEY, SEED)
        else {
            panic!("not encrypted");
        };
        let mac = mac.map(|mac| ValueMac { encrypted_key, ..mac });
        let cipher = CBC;
        seal(worker, "r", SeedSource::Encrypted { transport_key, cipher, data, mac, session: None })
    };
    for length in [1, 15, 16, 20, 40] {
        let right = encrypted(CBC, &KEY, &vec![7; length]);
        let mut wrong = right.clone();
        let padding = wrong.len() - 17;
        wrong[padding] ^= 0x40;
        for _ in 0..2 {
            for key in [&right, &wrong] {
                let told = told(worker, key.clone());
                assert!(matches!(told, Err(JobError::BadValue)), "{length}: {told:?}");
            }
        }
    }
}

/// A MAC that is right says that the value was made so: one answer for all that is wrong with it then.
fn assert_authentic_values_are_no_oracle(worker: &mut Worker) {
    for length in [1, 15, 65] {
        let mut told = Vec::new();
        for turned in [0, 0x40] {
            let mut data = encrypted(CBC, &KEY, &vec![7; length]);
            let padding = data.len() - 17;
            data[padding] ^= turned;
            let mac = Some(mac(CBC, &KEY, &data));
            let (transport_key, cipher) = ("acme".to_owned(), CBC);
            let source = SeedSource::Encrypted { transport_key, cipher, data, mac, session: None };
            told.push(seal(worker, "r", source));
        }
        // By its ciphertext a value may be too long, which is no secret.
        let is_one = |told: &_| matches!(told, Err(JobError::Unfit | JobError::BadValue));
        assert!(told.iter().all(is_one), "{length}: {told:?}");
        let [first, second] = [0, 1].map(|at| matches!(told[at], Err(JobError::Unfit)));
        assert_eq!(first, second, "{length}: {told:?}");
    }
}

/// A changed value is refused as one under another key is.
fn assert_damaged(worker: &mut Worker, cipher: Cipher, seed: &[u8]) {
    let SeedSource::Encrypted { transport_key, mut data, mac, session, .. } =
        source("acme", cipher, &KEY, seed)
    else {
        panic!("not encrypted");
    };
    let last = data.len() - 1;
    data[last] ^= 1;
    let damaged = SeedSource::Encrypted { transport_key, cipher, data, mac, session };
    assert_refused(worker, damaged, &JobError::BadValue);
}

fn assert_triple_des(worker: &mut Worker, exposure: Option<Exposure>) {
    let (label, value) = ("old".to_owned(), SecretBytes::new(DES_KEY.to_vec()));
    let shape = TransportShape::TripleDes { bytes: 16 };
    let imported = worker.one(Job::ImportTransportKey { label, shape, value });
    let Some(exposure) = exposure else {
        assert!(matches!(imported, Err(JobError::Unsupported(_))), "{imported:?}");
        return;
    };
    let Ok(Reply::Keys(keys)) = imported else { panic!("{imported:?}") };
    assert_eq!((keys[0].shape, keys[0].kcv.as_str()), (KeyShape::TripleDes, "08d7b4"));
    let des = Cipher::TripleDesCbcPad;
    assert_sealed(worker, source("old", des, &DES_KEY, SEED), SEED, exposure);
    assert_refused(worker, source("old", des, &SESSION, SEED), &JobError::BadValue);
    let aes = source("old", CBC, &DES_KEY, SEED);
    assert_refused(worker, aes, &JobError::Conflict(String::new()));
}

/// Encrypts to a public key with a tool that is not ours.
fn to_public_key(folder: &SoftHsm, der: &[u8], padding: &str, value: &[u8]) -> Vec<u8> {
    let path = folder.path("public.der");
    fs::write(&path, der).unwrap();
    let mut openssl = Command::new("openssl")
        .args(["pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", "-inkey"])
        .arg(&path)
        .args(["-pkeyopt", &format!("rsa_padding_mode:{padding}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl is installed");
    openssl.stdin.take().unwrap().write_all(value).unwrap();
    let output = openssl.wait_with_output().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// On any provider that unwraps with RSA keys. `folder` is for files in between.
pub(crate) fn assert_pairs(worker: &mut Worker, folder: &SoftHsm, expected: &Expected) {
    let label = "pair".to_owned();
    let made = worker.one(Job::GenerateTransportPair { label: label.clone(), bits: 2048 });
    let Ok(Reply::Keys(made)) = made else { panic!("{made:?}") };
    assert_eq!((made[0].shape, made[0].bits, made[0].local), (KeyShape::Rsa(2048), 2048, true));
    let again = worker.one(Job::GenerateTransportPair { label: label.clone(), bits: 2048 });
    assert!(matches!(again, Err(JobError::Conflict(_))), "{again:?}");
    let Ok(Reply::PublicKey(der)) = worker.one(Job::TransportPublicKey { label: label.clone() })
    else {
        panic!("no public key")
    };
    assert_eq!(made[0].kcv, hex::encode(&sha2::Sha256::digest(&der)[..3]));
    let Ok(Reply::Keys(listed)) = worker.one(Job::ListTransportKeys) else { panic!("no list") };
    assert_eq!(listed, made);
    for (cipher, padding) in [(Cipher::RsaPkcs, "pkcs1"), (Cipher::RsaOaep, "oaep")] {
        let value = |data| SeedSource::Encrypted {
            transport_key: label.clone(),
            cipher,
            data,
            mac: None,
            session: None,
        };
        let mut data = to_public_key(folder, &der, padding, SEED);
        assert_sealed(worker, value(data.clone()), SEED, Exposure::None);
        data[100] ^= 1;
        assert_refused(worker, value(data), &JobError::BadValue);
        assert_refused(worker, value(vec![1; 255]), &JobError::BadValue);
        let session = to_public_key(folder, &der, padding, &SESSION);
        let sessions = [(CBC, expected.cbc), (GCM, expected.gcm), (KW, Exposure::None)];
        for (value, exposure) in sessions {
            for _ in 0..2 {
                let source = under_session("pair", cipher, session.clone(), value);
                assert_sealed(worker, source, SEED_24, exposure);
            }
            let mut damaged = session.clone();
            damaged[7] ^= 1;
            let source = under_session("pair", cipher, damaged, value);
            assert_refused(worker, source, &JobError::BadValue);
            // Right padding, another key: told apart from wrong padding by nothing.
            let other = to_public_key(folder, &der, padding, &[6; 16]);
            let source = under_session("pair", cipher, other, value);
            assert_refused(worker, source, &JobError::BadValue);
        }
    }
    assert_eq!(worker.counters().recoveries[3], 0, "a bad value is no lost token");
    for there in [true, false] {
        let destroyed = worker.one(Job::DestroyTransportKey { label: label.clone() });
        assert!(matches!(destroyed, Ok(Reply::Destroyed(told)) if told == there), "{destroyed:?}");
    }
    let unknown = worker.one(Job::TransportPublicKey { label });
    assert!(matches!(unknown, Err(JobError::NoSuchKey)), "{unknown:?}");
}

/// SoftHSM 2.6 unwraps neither CBC nor GCM nor triple DES; 2.7 does the first.
fn softhsm(worker: &Worker) -> Expected {
    let cbc = if worker.provider.unwrap_cbc { Exposure::None } else { Exposure::Worker };
    Expected { cbc, gcm: Exposure::Worker, triple_des: Some(Exposure::Worker) }
}

#[test]
fn every_cipher_on_softhsm() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    let expected = softhsm(&worker);
    assert_ciphers(&mut worker, &expected);
}

#[test]
fn key_pairs_on_softhsm() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    let expected = softhsm(&worker);
    assert_pairs(&mut worker, &hsm, &expected);
}

#[test]
fn a_destroyed_transport_key_opens_nothing_any_more() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    import_key(&mut worker);
    assert_sealed(&mut worker, source("acme", KW, &KEY, SEED_24), SEED_24, Exposure::None);
    let destroyed = worker.one(Job::DestroyTransportKey { label: "acme".to_owned() });
    assert!(matches!(destroyed, Ok(Reply::Destroyed(true))), "{destroyed:?}");
    assert_refused(&mut worker, source("acme", KW, &KEY, SEED_24), &JobError::NoSuchKey);
}
