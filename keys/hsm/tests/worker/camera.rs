//! The keys of a camera token: sealed or expanded, they make the messages and codes of a worked
//! example (serial 0112345679, seed 00..1f, first activation).

use aes::cipher::{BlockEncrypt as _, KeyInit as _};
use warifu_hsm_protocol::{
    CheckResult, Cipher, Doctor, Exposure, Greeting, Hash, Job, JobError, KeyKind, KeyRef, Purpose,
    Reduction, Reply, Row, Seal, SecretBytes, SeedSource,
};

use crate::{
    client::{Worker, refused},
    import::{KEY, cbc, import_key, mac},
    softhsm::SoftHsm,
    vectors::code,
};

const ENC: &str = "bank\x000112345679\0ENC";
const COD: &str = "bank\x000112345679\0COD";
const SIG: &str = "bank\x000112345679\0SIG";
const HMAC: KeyKind = KeyKind::Hmac(Hash::Sha256);

const BLOCKS: [&str; 3] = [
    "01454e4301123456790000000000000002454e43011234567900000000000000",
    "01434f4401123456790000000000000002434f44011234567900000000000000",
    "0153494701123456790000000000000002534947011234567900000000000000",
];
const KEYS: [&str; 3] = [
    "769baeeb12b3e12b4412b1a82b3fc335a0badb7f530937450473af03a9d2dff9",
    "76b10f428320cbc0d72a2861662a240de2dd7e1964af859e82c74ac1fae28ca6",
    "3f4fe22bf394fbb9603b1a2c6c1055cc019ebfd7da28a414515333b77e23fb19",
];

const NS: &str = "e21d4c04dec5f5bd7a17f862";
/// Header, nonce, ciphertext and tag of the first message.
const AM1: &str = "0111011234567900000079c40d20b52063568484493fa0b1c13173d75cff3c1d61ff6f494908ba80\
                   00aaef8dcb886c0c62eb271a69cd4aa779fa19";
const AM1_PLAIN: &str = "e21d4c04dec5f5bd7a17f862692481000258000144";
const CONFIRM_Q: &str = "360e2b4ca2e24a96b0fdca650556b3f2529e60ffeb007a2df55b128e84c8b270";
const TRANSFER_Q: &str = "e5cc9086e95ffffa3ff3e7a7254c34365309c6bb94242ddb617f67b365f2627d";

const DEVICE_CODE: &str = "62114883";
const CONFIRM_CODE: &str = "26753923";
const TRANSFER_CODE: &str = "53118894";

const EIGHT: Reduction = Reduction::Truncate { digits: 8 };
const DECIMAL: Reduction = Reduction::Decimal64 { digits: 8 };

fn hex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

pub(crate) fn seed() -> Vec<u8> {
    (0..32).collect()
}

/// What the device code's MAC runs over: label, NS, the first message, the activation counter.
fn device_code_input() -> Vec<u8> {
    [b"TXA1-DC\0".as_slice(), &hex(NS), &hex(AM1), &[0, 1]].concat()
}

/// RFC 6287 s.5: the suite, a zero byte, the question filled with zeros to 128 bytes.
fn ocra_input(question: &str) -> Vec<u8> {
    let mut input = [b"OCRA-1:HOTP-SHA256-8:QH64\0".as_slice(), &hex(question)].concat();
    input.resize(26 + 128, 0);
    input
}

fn key(record: &str, kind: KeyKind, seal: Seal) -> KeyRef {
    KeyRef { record: record.as_bytes().to_vec(), kind, seal }
}

fn keys([encryption, device_code, signature]: [Seal; 3]) -> [KeyRef; 3] {
    [key(ENC, KeyKind::Aes, encryption), key(COD, HMAC, device_code), key(SIG, HMAC, signature)]
}

fn seal_job(record: &str, kind: KeyKind, resident: bool, source: SeedSource) -> Job {
    Job::Seal { record: record.as_bytes().to_vec(), kind, resident, source }
}

pub(crate) fn clear(bytes: Vec<u8>) -> SeedSource {
    SeedSource::Clear(SecretBytes::new(bytes))
}

/// A file with three keys.
fn sealed(worker: &mut Worker, resident: bool) -> [KeyRef; 3] {
    let parts = [(ENC, KeyKind::Aes), (COD, HMAC), (SIG, HMAC)];
    let mut seals = parts.into_iter().zip(KEYS).map(|((record, kind), value)| {
        match worker.one(seal_job(record, kind, resident, clear(hex(value)))) {
            Ok(Reply::Sealed { seal, exposure: Exposure::Caller }) => seal,
            other => panic!("{other:?}"),
        }
    });
    keys(std::array::from_fn(|_| seals.next().unwrap()))
}

pub(crate) fn expand_job(resident: bool, source: SeedSource) -> Job {
    let records = [ENC, COD, SIG].map(|record| record.as_bytes().to_vec());
    let data = BLOCKS.map(|block| hex(block).try_into().unwrap());
    Job::Expand { records, data, resident, source }
}

/// A file with one seed.
pub(crate) fn expanded(
    worker: &mut Worker,
    resident: bool,
    source: SeedSource,
) -> ([KeyRef; 3], Exposure) {
    match worker.one(expand_job(resident, source)) {
        Ok(Reply::Expanded { seals, exposure }) => (keys(seals), exposure),
        other => panic!("{other:?}"),
    }
}

fn message_job(key: &KeyRef, row: Option<Row>) -> Job {
    let am1 = hex(AM1);
    Job::SealMessage {
        key: key.clone(),
        nonce: am1[10..22].try_into().unwrap(),
        aad: am1[..10].to_vec(),
        plaintext: SecretBytes::new(hex(AM1_PLAIN)),
        row,
    }
}

fn check_job(key: &KeyRef, reduction: Reduction, code: &str, inputs: &[Vec<u8>]) -> Job {
    let code = SecretBytes::new(code.as_bytes().to_vec());
    Job::Check { key: key.clone(), reduction, code, inputs: inputs.to_vec(), row: None }
}

fn check(
    worker: &mut Worker,
    key: &KeyRef,
    reduction: Reduction,
    code: &str,
    inputs: &[Vec<u8>],
) -> Result<Option<u16>, JobError> {
    match worker.one(check_job(key, reduction, code, inputs)) {
        Ok(Reply::Verified(found)) => Ok(found),
        Err(error) => Err(error),
        Ok(other) => panic!("{other:?}"),
    }
}

fn tag(worker: &mut Worker, data: &[u8]) -> Row {
    match worker.one(Job::Tag { data: data.to_vec() }) {
        Ok(Reply::Tag(tag)) => Row { data: data.to_vec(), tag },
        other => panic!("{other:?}"),
    }
}

/// The example's message and codes, which only the three right keys make.
pub(crate) fn assert_example(worker: &mut Worker, keys: &[KeyRef; 3]) {
    let [encryption, device_code, signature] = keys;
    match worker.one(message_job(encryption, None)) {
        Ok(Reply::Message(sealed)) => assert_eq!(sealed, hex(AM1)[22..]),
        other => panic!("{other:?}"),
    }
    let input = device_code_input();
    let other = vec![1; 1024];
    let alone = std::slice::from_ref(&input);
    assert_eq!(check(worker, device_code, DECIMAL, DEVICE_CODE, alone), Ok(Some(0)));
    assert_eq!(check(worker, device_code, DECIMAL, "62114884", alone), Ok(None));
    assert_eq!(check(worker, device_code, DECIMAL, DEVICE_CODE, &[other, input]), Ok(Some(1)));
    for (question, code) in [(CONFIRM_Q, CONFIRM_CODE), (TRANSFER_Q, TRANSFER_CODE)] {
        let input = ocra_input(question);
        assert_eq!(check(worker, signature, EIGHT, code, &[input]), Ok(Some(0)), "{code}");
    }
    let swapped = ocra_input(TRANSFER_Q);
    assert_eq!(check(worker, signature, EIGHT, CONFIRM_CODE, &[swapped]), Ok(None));
}

/// RFC 3394 s.2.2.1 under the transport key.
fn key_wrap(value: &[u8]) -> Vec<u8> {
    let cipher = aes::Aes128::new(&KEY.into());
    let mut head = [0xA6; 8];
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

pub(crate) fn by_key_wrap(value: &[u8]) -> SeedSource {
    let (transport_key, cipher) = ("acme".to_owned(), Cipher::AesKeyWrap { bits: 128 });
    let data = key_wrap(value);
    SeedSource::Encrypted { transport_key, cipher, data, mac: None, session: None }
}

fn by_cbc(value: &[u8]) -> SeedSource {
    let (transport_key, cipher) = ("acme".to_owned(), Cipher::AesCbcPad { bits: 128 });
    let data = cbc(value, 5);
    let mac = Some(mac(&data));
    SeedSource::Encrypted { transport_key, cipher, data, mac, session: None }
}

/// On any provider that has the mechanisms: every way in, both custodies.
pub(crate) fn assert_camera_keys(worker: &mut Worker, by_cbc_exposed: Exposure) {
    import_key(worker);
    for resident in [false, true] {
        let three = sealed(worker, resident);
        assert_example(worker, &three);
        let ways = [
            (clear(seed()), Exposure::Caller),
            (by_key_wrap(&seed()), Exposure::None),
            (by_cbc(&seed()), by_cbc_exposed),
        ];
        for (source, exposure) in ways {
            let (three, told) = expanded(worker, resident, source);
            assert_eq!(told, exposure);
            assert_example(worker, &three);
        }
        let encryption = hex(KEYS[0]);
        for source in [by_key_wrap(&encryption), by_cbc(&encryption)] {
            match worker.one(seal_job(ENC, KeyKind::Aes, resident, source)) {
                Ok(Reply::Sealed { seal, .. }) => {
                    let reply = worker.one(message_job(&key(ENC, KeyKind::Aes, seal), None));
                    assert!(matches!(reply, Ok(Reply::Message(m)) if m == hex(AM1)[22..]));
                }
                other => panic!("{other:?}"),
            }
        }
        assert_wrong_lengths(worker, resident);
    }
}

/// An AES-256 key and an expandable seed have 32 bytes, however they come.
fn assert_wrong_lengths(worker: &mut Worker, resident: bool) {
    for length in [16, 24, 31, 33, 40] {
        let bytes = vec![7; length];
        let mut sources = vec![clear(bytes.clone()), by_cbc(&bytes)];
        if length % 8 == 0 {
            sources.push(by_key_wrap(&bytes));
        }
        for source in sources {
            let told = worker.one(seal_job(ENC, KeyKind::Aes, resident, source));
            assert!(
                matches!(told, Err(JobError::BadValue | JobError::Unfit)),
                "{length}: {told:?}"
            );
        }
        let job = expand_job(resident, clear(bytes.clone()));
        assert!(matches!(worker.one(job), Err(JobError::BadValue)), "{length}");
        let told = worker.one(expand_job(resident, by_cbc(&bytes)));
        assert!(matches!(told, Err(JobError::BadValue | JobError::Unfit)), "{length}: {told:?}");
    }
}

/// Facts that the doctor states by their names.
pub(crate) fn assert_passes(doctor: &Doctor, names: &[&str]) {
    for name in names {
        let check = doctor.checks.iter().find(|check| check.name == *name);
        let check = check.unwrap_or_else(|| panic!("no check {name}: {:#?}", doctor.checks));
        assert_eq!(check.result, CheckResult::Pass, "{check:?}");
    }
}

/// What is enforced on camera tokens' keys.
pub(crate) const CAMERA_CHECKS: [&str; 8] = [
    "kek-e-closed",
    "kek-e-only-wraps",
    "aes-gcm",
    "message-key-closed",
    "message-key-unreadable",
    "message-key-unwrappable",
    "message-key-only-encrypts",
    "message-key-template",
];

#[test]
fn every_way_in_gives_the_keys_of_the_example() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    let exposure = if worker.provider.unwrap_cbc { Exposure::None } else { Exposure::Worker };
    assert_camera_keys(&mut worker, exposure);
    let counters = worker.counters();
    assert_eq!((counters.recoveries, counters.epoch), ([0; 4], 1), "the token was never suspected");
}

#[test]
fn keys_of_another_role_or_token_are_bad_records() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    for resident in [false, true] {
        let [encryption, device_code, signature] = sealed(&mut worker, resident);
        let input = [ocra_input(CONFIRM_Q)];
        let swapped = KeyRef { seal: device_code.seal.clone(), ..signature.clone() };
        let renamed = KeyRef { record: COD.into(), ..signature.clone() };
        let called_hmac = KeyRef { kind: HMAC, ..encryption.clone() };
        let rehashed = KeyRef { kind: KeyKind::Hmac(Hash::Sha1), ..signature.clone() };
        for bad in [swapped, renamed, called_hmac, rehashed] {
            let found = check(&mut worker, &bad, EIGHT, CONFIRM_CODE, &input);
            assert_eq!(found, Err(JobError::BadRecord), "{bad:?}");
        }
        let called_aes = KeyRef { kind: KeyKind::Aes, ..signature.clone() };
        let swapped = KeyRef { seal: signature.seal.clone(), ..encryption.clone() };
        for bad in [called_aes, swapped] {
            let reply = worker.one(message_job(&bad, None));
            assert!(matches!(reply, Err(JobError::BadRecord)), "{reply:?}");
        }
        // Honest about its kind, and still of no use for the other job.
        let found = check(&mut worker, &encryption, EIGHT, CONFIRM_CODE, &input);
        assert_eq!(found, Err(JobError::Malformed));
        assert_eq!(worker.verify(&encryption, "123456", &[1]), Err(JobError::Malformed));
        let reply = worker.one(message_job(&signature, None));
        assert!(matches!(reply, Err(JobError::Malformed)), "{reply:?}");
        assert_example(&mut worker, &[encryption, device_code, signature]);
    }
}

#[test]
fn a_changed_row_is_a_bad_record_before_its_key_is_used() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    let [encryption, _, signature] = sealed(&mut worker, false);
    let row = tag(&mut worker, b"active, instance 1, counter 1");
    let changed = Row { data: b"active, instance 1, counter 0".to_vec(), ..row.clone() };
    let other = Row { tag: tag(&mut worker, b"another row").tag, ..row.clone() };
    let with_row = |row: &Row| {
        let code = SecretBytes::new(CONFIRM_CODE.into());
        let (key, inputs) = (signature.clone(), vec![ocra_input(CONFIRM_Q)]);
        Job::Check { key, reduction: EIGHT, code, inputs, row: Some(row.clone()) }
    };
    let before = worker.counters();
    for bad in [&changed, &other] {
        assert!(matches!(worker.one(with_row(bad)), Err(JobError::BadRecord)));
        let message = message_job(&encryption, Some(bad.clone()));
        assert!(matches!(worker.one(message), Err(JobError::BadRecord)));
    }
    let after = worker.counters();
    assert_eq!((after.sign, after.unwrap), (before.sign, before.unwrap), "no key was touched");
    assert!(matches!(worker.one(with_row(&row)), Ok(Reply::Verified(Some(0)))));
    let message = message_job(&encryption, Some(row.clone()));
    assert!(matches!(worker.one(message), Ok(Reply::Message(_))));
    drop(worker);
    let mut again = Worker::start(hsm.config(), Purpose::Serve, &hsm.environment());
    assert_eq!(tag(&mut again, &row.data), row, "the same on every start");
    let elsewhere = SoftHsm::new();
    let mut elsewhere = Worker::start(elsewhere.config(), Purpose::Init, &elsewhere.environment());
    assert_ne!(tag(&mut elsewhere, &row.data).tag, row.tag, "another HSM, another tag");
}

#[test]
fn limits_are_kept() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    let [encryption, device_code, signature] = sealed(&mut worker, false);
    let input = ocra_input(CONFIRM_Q);
    let truncate = |digits| Reduction::Truncate { digits };
    let decimal = |digits| Reduction::Decimal64 { digits };
    let bad = [
        check_job(&signature, EIGHT, CONFIRM_CODE, &vec![input.clone(); 65]),
        check_job(&signature, EIGHT, CONFIRM_CODE, &[vec![0; 1025]]),
        check_job(&signature, EIGHT, CONFIRM_CODE, &[vec![]]),
        check_job(&signature, EIGHT, "2675392x", std::slice::from_ref(&input)),
        check_job(&signature, truncate(3), CONFIRM_CODE, std::slice::from_ref(&input)),
        check_job(&signature, decimal(11), CONFIRM_CODE, std::slice::from_ref(&input)),
        Job::Tag { data: vec![0; 1025] },
    ];
    for job in bad {
        let reply = worker.one(job);
        assert!(matches!(reply, Err(JobError::Malformed)), "{reply:?}");
    }
    for (aad, plaintext) in [(1025, 1), (0, 0), (0, 1025)] {
        let (aad, plaintext) = (vec![0; aad], SecretBytes::new(vec![0; plaintext]));
        let (key, nonce) = (encryption.clone(), [0; 12]);
        let reply = worker.one(Job::SealMessage { key, nonce, aad, plaintext, row: None });
        assert!(matches!(reply, Err(JobError::Malformed)), "{reply:?}");
    }
    let (aad, plaintext) = (vec![], SecretBytes::new(vec![0; 1024]));
    let (key, nonce) = (encryption, [9; 12]);
    let reply = worker.one(Job::SealMessage { key, nonce, aad, plaintext, row: None });
    assert!(matches!(reply, Ok(Reply::Message(sealed)) if sealed.len() == 1040));
    let mut many = vec![vec![3; 1024]; 63];
    many.push(input.clone());
    assert_eq!(check(&mut worker, &signature, EIGHT, CONFIRM_CODE, &many), Ok(Some(63)));
    let short = std::slice::from_ref(&input);
    assert_eq!(check(&mut worker, &signature, truncate(4), "3923", short), Ok(Some(0)));
    assert_eq!(check(&mut worker, &signature, EIGHT, "3923", short), Ok(None), "all digits count");
    let input = [device_code_input()];
    assert_eq!(check(&mut worker, &device_code, decimal(4), "4883", &input), Ok(Some(0)));
}

#[test]
fn one_check_costs_what_one_verification_costs() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    let seed = b"12345678901234567890";
    let key = worker.seal("a", Hash::Sha1, seed, false);
    let right = code(Hash::Sha1, seed, 5, 6);
    assert_eq!(worker.verify(&key, &right, &[5]), Ok(Some(0)));
    let one = worker.counters();
    let input = [5_u64.to_be_bytes().to_vec()];
    let six = Reduction::Truncate { digits: 6 };
    assert_eq!(check(&mut worker, &key, six, &right, &input), Ok(Some(0)));
    let two = worker.counters();
    assert_eq!((two.sign_init, two.sign), (2 * one.sign_init, 2 * one.sign));
    assert_eq!((two.unwrap, two.misses, two.hits), (1, 1, 1), "one handle serves both");
}

#[test]
fn a_token_without_the_encryption_wrapping_key_still_checks_codes() {
    let hsm = SoftHsm::new();
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    let three = sealed(&mut worker, false);
    drop(worker);
    hsm.pkcs11_tool(&["--delete-object", "--type", "secrkey", "--label", "warifu-kek-e"]);
    let mut worker = Worker::start(hsm.config(), Purpose::Serve, &hsm.environment());
    let key = worker.seal("oath", Hash::Sha1, b"12345678901234567890", false);
    assert_eq!(worker.verify(&key, "287082", &[1]), Ok(Some(0)));
    let input = [ocra_input(CONFIRM_Q)];
    assert_eq!(check(&mut worker, &three[2], EIGHT, CONFIRM_CODE, &input), Ok(Some(0)));
    let jobs = [
        seal_job(ENC, KeyKind::Aes, false, clear(hex(KEYS[0]))),
        expand_job(false, clear(seed())),
        message_job(&three[0], None),
    ];
    for job in jobs {
        let reply = worker.one(job);
        let Err(JobError::Unsupported(told)) = reply else { panic!("{reply:?}") };
        assert!(told.contains("warifu-kek-e") && told.contains("warifu hsm init"), "{told}");
    }
    drop(worker);
    let (greeting, _) = refused(hsm.config(), Purpose::Inspect, &hsm.environment());
    let Greeting::Inspected(doctor) = greeting else { panic!("{greeting:?}") };
    let check = doctor.checks.iter().find(|check| check.name == "camera-keys").unwrap();
    assert_eq!(check.result, CheckResult::Absent);
    assert!(check.detail.contains("warifu-kek-e"), "{check:?}");
    assert_passes(&doctor, &CAMERA_CHECKS);
    let mut worker = Worker::start(hsm.config(), Purpose::Init, &hsm.environment());
    let three = sealed(&mut worker, false);
    assert_example(&mut worker, &three);
    assert_eq!(worker.verify(&key, "287082", &[1]), Ok(Some(0)), "init keeps what is there");
}

#[test]
fn the_doctor_sees_what_is_enforced_on_camera_keys() {
    let hsm = SoftHsm::new();
    drop(Worker::start(hsm.config(), Purpose::Init, &hsm.environment()));
    let (greeting, _) = refused(hsm.config(), Purpose::Inspect, &hsm.environment());
    let Greeting::Inspected(doctor) = greeting else { panic!("{greeting:?}") };
    assert_passes(&doctor, &CAMERA_CHECKS);
    assert_passes(&doctor, &["camera-keys", "expand"]);
}
