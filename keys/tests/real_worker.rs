//! The client with the real worker on a SoftHSM token of its own: right answers, and right answers
//! again after the worker was killed.
#![forbid(unsafe_code)]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use warifu_core::{
    code::Code,
    custody::{CustodyKind, SealedSeed},
    ident::{Institution, Serial, TokenId},
    oath::{Digits, HashAlgorithm},
};
use warifu_keys::{
    custody::{KeyRole, hmac, key_record_name},
    hsm::{
        CheckOrder, ComponentOrder, ExpandOrder, Exposure, FinishOrder, Hsm, HsmConfig, HsmError,
        HsmSettings, ImportPlace, KcvMethod, KeyShape, MessageOrder, Reduction, RefusedCause,
        RewrapOrder, Row, SealOrder, SecretBytes, SeedSource, StartError, TransportShape, init,
        inspect,
    },
};

const LONG: Duration = Duration::from_secs(30);
const RECORD: &[u8] = b"bank\x000012345678";

/// RFC 4226 appendix D.
const SEED: &[u8] = b"12345678901234567890";
const CODES: [&str; 3] = ["755224", "287082", "359152"];

fn worker() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let built = Command::new(env!("CARGO")).args(["build", "-q", "-p", "warifu-hsm"]).status();
        assert!(built.expect("cargo can be started").success());
        let own = std::env::current_exe().expect("a test knows its own path");
        own.ancestors().nth(2).expect("tests lie in target/debug/deps").join("warifu-hsm")
    })
}

/// A token in memory where the machine allows it: SoftHSM rewrites files often.
struct Token {
    folder: TempDir,
    config: HsmConfig,
}

fn token() -> Token {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    let folder = folder.expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    let conf = path("softhsm2.conf");
    let tokens = path("tokens");
    fs::create_dir(&tokens).expect("an empty folder");
    let text = format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display());
    fs::write(&conf, text).expect("a writable folder");
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "keys", "--so-pin", "12345678"])
        .args(["--pin", "87654321"])
        .env("SOFTHSM2_CONF", &conf)
        .output();
    assert!(made.expect("package softhsm2 is installed").status.success());
    write_pin(&path("pin"), "87654321");
    let settings = HsmSettings {
        module: Some("/usr/lib/softhsm/libsofthsm2.so".into()),
        token_label: Some("keys".into()),
        pin_file: Some(path("pin")),
        worker: Some(worker().to_owned()),
        sessions: Some(2),
        environment: [("SOFTHSM2_CONF".to_owned(), conf.display().to_string())].into(),
        ..HsmSettings::default()
    };
    Token { config: settings.config().expect("valid settings"), folder }
}

fn write_pin(path: &Path, pin: &str) {
    fs::write(path, format!("{pin}\n")).expect("a writable folder");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("our own file");
}

async fn seal(hsm: &Hsm, record: &[u8], custody: CustodyKind) -> SealedSeed {
    let source = SeedSource::Clear(SecretBytes::new(SEED.to_vec()));
    let order =
        SealOrder { record: record.to_vec(), kind: hmac(HashAlgorithm::Sha1), custody, source };
    let sealed = hsm.seal(vec![order]).await.remove(0).expect("SoftHSM takes a seed");
    assert_eq!(sealed.exposure, Exposure::Caller);
    assert_eq!(sealed.seal.kind(), custody);
    sealed.seal
}

async fn verify(
    hsm: &Hsm,
    seal: &SealedSeed,
    record: &[u8],
    code: &str,
) -> Result<Option<usize>, HsmError> {
    let code = Code::parse(code).expect("digits");
    let digits = Digits::new(6).expect("6 is allowed");
    let deadline = Instant::now() + LONG;
    hsm.verify(seal, record, HashAlgorithm::Sha1, digits, &code, vec![0, 1, 2], deadline).await
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_of_the_rfc_are_found_in_both_custodies() {
    let token = token();
    let provider = init(&token.config).await.unwrap();
    let hsm = Hsm::start(token.config.clone()).await.unwrap();
    assert_eq!(hsm.provider().unwrap().fingerprint, provider.fingerprint);
    for custody in [CustodyKind::Wrapped, CustodyKind::Resident] {
        let sealed = seal(&hsm, RECORD, custody).await;
        for (index, code) in CODES.into_iter().enumerate() {
            assert_eq!(verify(&hsm, &sealed, RECORD, code).await, Ok(Some(index)));
        }
        assert_eq!(verify(&hsm, &sealed, RECORD, "000000").await, Ok(None));
        let swapped = verify(&hsm, &sealed, b"bank\x000012345679", CODES[0]).await;
        assert_eq!(swapped, Err(HsmError::BadRecord), "{custody:?}");
        let codes = [CODES[1], CODES[2]].map(|code| Code::parse(code).unwrap());
        let (digits, deadline) = (Digits::new(6).unwrap(), Instant::now() + LONG);
        let hash = HashAlgorithm::Sha1;
        let codes = [&codes[0], &codes[1]];
        let found = hsm.resync(&sealed, RECORD, hash, digits, codes, 0, 100, deadline).await;
        assert_eq!(found, Ok(Some(1)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_is_back_with_the_same_keys() {
    let token = token();
    init(&token.config).await.unwrap();
    let mut config = token.config.clone();
    config.workers = 2;
    let hsm = Hsm::start(config).await.unwrap();
    let sealed = seal(&hsm, RECORD, CustodyKind::Wrapped).await;
    let before = hsm.fingerprint_key().await.unwrap();
    for _ in 0..5 {
        for pid in hsm.worker_pids() {
            let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
            // The process may be gone already, and its successor not yet listed.
            let _ = kill_process(pid, Signal::KILL);
        }
        // A job that met both dying workers is given back; it is never answered wrongly.
        let mut answer = Err(HsmError::Unavailable);
        while answer == Err(HsmError::Unavailable) {
            answer = verify(&hsm, &sealed, RECORD, CODES[0]).await;
        }
        assert_eq!(answer, Ok(Some(0)));
    }
    assert_eq!(hsm.fingerprint_key().await.unwrap(), before);
    assert!(hsm.stats().kills >= 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_the_jobs_work() {
    let token = token();
    init(&token.config).await.unwrap();
    let hsm = Hsm::start(token.config.clone()).await.unwrap();
    hsm.canary().await.unwrap();
    assert_ne!(hsm.random(32).await.unwrap(), hsm.random(32).await.unwrap());
    assert_ne!(hsm.sign_checkpoint([7; 32]).await.unwrap(), [0; 64]);
    let made = hsm.generate_transport_key("acme", 192).await.unwrap();
    assert_eq!((made.label.as_str(), made.bits, made.local), ("acme", 192, true));
    assert!(matches!(hsm.generate_transport_key("acme", 192).await, Err(HsmError::Conflict(_))));
    let value = SecretBytes::new(vec![0; 16]);
    let imported = hsm.import_transport_key("beta", value).await.unwrap();
    assert_eq!(imported.kcv, "66e94b", "AES-128 of a zero block under a zero key");
    assert_eq!(hsm.list_transport_keys().await.unwrap().len(), 2);
    let resident = seal(&hsm, RECORD, CustodyKind::Resident).await;
    hsm.destroy(&resident, RECORD, hmac(HashAlgorithm::Sha1)).await.unwrap();
    assert_eq!(verify(&hsm, &resident, RECORD, CODES[0]).await, Err(HsmError::BadRecord));
}

#[tokio::test(flavor = "multi_thread")]
async fn components_of_two_people_make_a_transport_key() {
    let token = token();
    init(&token.config).await.unwrap();
    let hsm = Hsm::start(token.config.clone()).await.unwrap();
    let (ceremony, shape, method) = ([7; 16], TransportShape::Aes { bits: 128 }, KcvMethod::Cmac);
    let add = async |partial: Option<Vec<u8>>, byte: u8| {
        let component = SecretBytes::new(vec![byte; 16]);
        hsm.add_component(ComponentOrder { ceremony, shape, method, partial, component }).await
    };
    assert_eq!(add(None, 1).await, Err(HsmError::NoSuchKey));
    hsm.open_ceremony(ceremony).await.unwrap();
    let first = add(None, 1).await.unwrap();
    let second = add(Some(first.partial.clone()), 2).await.unwrap();
    assert_eq!((first.count, second.count, second.sum_kcv.len()), (1, 2, 5));
    assert_eq!(first.kcv, first.sum_kcv);
    let label = "acme".to_owned();
    let finish = |partial, count| FinishOrder {
        ceremony,
        shape,
        method,
        partial,
        label: label.clone(),
        count,
    };
    let alone = hsm.finish_ceremony(finish(first.partial, 1)).await;
    assert!(matches!(alone, Err(HsmError::Conflict(_))), "{alone:?}");
    let made = hsm.finish_ceremony(finish(second.partial, 2)).await.unwrap();
    assert_eq!((made.shape, made.local), (KeyShape::Aes(128), false));
    assert_eq!(hsm.close_ceremony(ceremony).await, Ok(false), "closed by finishing");
    assert_eq!(hsm.destroy_transport_key("acme").await, Ok(true));
    assert_eq!(hsm.destroy_transport_key("acme").await, Ok(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_pair_shows_its_public_half() {
    let token = token();
    init(&token.config).await.unwrap();
    let mut config = token.config.clone();
    config.workers = 2;
    let hsm = Hsm::start(config).await.unwrap();
    let made = hsm.generate_transport_pair("maker", 2048).await.unwrap();
    assert_eq!((made.shape.to_string().as_str(), made.kcv.len()), ("rsa-2048", 6));
    let der = hsm.transport_public_key("maker").await.unwrap();
    assert_eq!((der.len(), der[0]), (294, 0x30));
    assert_eq!(hsm.list_transport_keys().await.unwrap(), [made]);
    assert_eq!(hsm.destroy_transport_key("maker").await, Ok(true));
    assert_eq!(hsm.transport_public_key("maker").await, Err(HsmError::NoSuchKey));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_workers_follow_a_rotation() {
    let token = token();
    init(&token.config).await.unwrap();
    let mut config = token.config.clone();
    config.workers = 2;
    let hsm = Hsm::start(config).await.unwrap();
    let records: Vec<Vec<u8>> = (0..200).map(|n| format!("bank\0{n}").into_bytes()).collect();
    let mut orders = Vec::new();
    for record in &records {
        let seal = seal(&hsm, record, CustodyKind::Wrapped).await;
        let kind = hmac(HashAlgorithm::Sha1);
        orders.push(RewrapOrder { record: record.clone(), kind, seal, to: 2 });
    }
    assert_eq!(hsm.kek_generations().await.unwrap(), [1]);
    hsm.make_kek(2).await.unwrap();
    hsm.make_kek(2).await.unwrap();
    assert_eq!(hsm.kek_generations().await.unwrap(), [1, 2]);
    let moved = hsm.rewrap(orders).await;
    for (record, seal) in records.iter().zip(&moved) {
        let seal = seal.as_ref().unwrap();
        assert!(matches!(seal, SealedSeed::Wrapped { kek: 2, .. }));
        assert_eq!(verify(&hsm, seal, record, CODES[1]).await, Ok(Some(1)));
    }
    let newest = hsm.destroy_kek(2).await;
    assert!(matches!(newest, Err(HsmError::Conflict(_))), "{newest:?}");
    assert_eq!(hsm.destroy_kek(1).await, Ok(true));
    assert_eq!(hsm.kek_generations().await.unwrap(), [2]);
    let fresh = seal(&hsm, RECORD, CustodyKind::Wrapped).await;
    assert!(matches!(fresh, SealedSeed::Wrapped { kek: 2, .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_what_a_provider_means_for_imports() {
    let token = token();
    let doctor = inspect(&token.config).await.unwrap();
    let place = |name: &str| doctor.import.iter().find(|line| line.name == name).unwrap().place;
    assert_eq!(place("aes-kw"), ImportPlace::Inside);
    assert_eq!(place("aes-gcm"), ImportPlace::Worker);
    assert_eq!(place("rotation"), ImportPlace::Inside);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_signature_per_code_once_the_handle_is_cached() {
    let token = token();
    init(&token.config).await.unwrap();
    let hsm = Hsm::start(token.config.clone()).await.unwrap();
    let sealed = seal(&hsm, RECORD, CustodyKind::Wrapped).await;
    let start = hsm.counters().await.unwrap();
    for _ in 0..10 {
        verify(&hsm, &sealed, RECORD, CODES[0]).await.unwrap();
    }
    let end = hsm.counters().await.unwrap();
    assert_eq!((end.sign_init - start.sign_init, end.sign - start.sign), (10, 10));
    assert_eq!(end.unwrap - start.unwrap, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_keys_and_a_wrong_pin_are_told_apart() {
    let token = token();
    assert!(inspect(&token.config).await.unwrap().wrapped_allowed);
    let cause = |error| match error {
        StartError::Refused { cause, .. } => cause,
        other => panic!("{other:?}"),
    };
    let error = Hsm::start(token.config.clone()).await.unwrap_err();
    assert!(error.to_string().contains("warifu hsm init"), "{error}");
    assert_eq!(cause(error), RefusedCause::Missing);
    write_pin(&token.folder.path().join("pin"), "11111111");
    assert_eq!(cause(Hsm::start(token.config.clone()).await.unwrap_err()), RefusedCause::Pin);
}

/// The worked example of the camera token 0112345679 with the seed 00..1f.
#[tokio::test(flavor = "multi_thread")]
async fn an_expanded_seed_makes_a_camera_tokens_message_and_code() {
    let token = token();
    init(&token.config).await.unwrap();
    let hsm = Hsm::start(token.config.clone()).await.unwrap();
    let deadline = Instant::now() + LONG;
    let bytes = |text: &str| hex::decode(text).unwrap();
    let id = TokenId {
        institution: Institution::parse("bank").unwrap(),
        serial: Serial::parse("0112345679").unwrap(),
    };
    let records = KeyRole::ALL.map(|role| key_record_name(&id, role));
    let block = |label: &str| {
        let half =
            |number: u8| [&[number], label.as_bytes(), &bytes("011234567900000000000000")].concat();
        [half(1), half(2)].concat().try_into().unwrap()
    };
    let order = ExpandOrder {
        records: records.clone(),
        data: KeyRole::ALL.map(|role| block(role.label())),
        custody: CustodyKind::Wrapped,
        source: SeedSource::Clear(SecretBytes::new((0..32).collect())),
    };
    let expanded = hsm.expand(vec![order]).await.remove(0).expect("SoftHSM derives");
    assert_eq!(expanded.exposure, Exposure::Caller);
    let [encryption, device_code, _] = &expanded.seals;

    let row = Row { data: b"row".to_vec(), tag: hsm.tag(b"row".to_vec(), deadline).await.unwrap() };
    let am1 = bytes(
        "0111011234567900000079c40d20b52063568484493fa0b1c13173d75cff3c1d61ff6f494908ba8000aaef8d\
         cb886c0c62eb271a69cd4aa779fa19",
    );
    let message = |row: &Row| MessageOrder {
        record: &records[0],
        seal: encryption,
        nonce: am1[10..22].try_into().unwrap(),
        aad: am1[..10].to_vec(),
        plaintext: SecretBytes::new(bytes("e21d4c04dec5f5bd7a17f862692481000258000144")),
        row: Some(row.clone()),
    };
    assert_eq!(hsm.seal_message(message(&row), deadline).await.unwrap(), am1[22..]);
    let changed = Row { data: b"another row".to_vec(), ..row.clone() };
    let refused = hsm.seal_message(message(&changed), deadline).await;
    assert_eq!(refused, Err(HsmError::BadRecord));

    let right =
        [b"TXA1-DC\0".as_slice(), &bytes("e21d4c04dec5f5bd7a17f862"), &am1, &[0, 1]].concat();
    let code = Code::parse("62114883").unwrap();
    let check = |record: usize| CheckOrder {
        record: &records[record],
        seal: device_code,
        hash: HashAlgorithm::Sha256,
        reduction: Reduction::Decimal64 { digits: 8 },
        code: &code,
        inputs: vec![vec![0; 8], right.clone()],
        row: Some(row.clone()),
    };
    assert_eq!(hsm.check(check(1), deadline).await, Ok(Some(1)));
    assert_eq!(hsm.check(check(2), deadline).await, Err(HsmError::BadRecord));
    let many = CheckOrder { inputs: vec![vec![0; 8]; 65], ..check(1) };
    assert_eq!(hsm.check(many, deadline).await, Err(HsmError::Malformed));
}
