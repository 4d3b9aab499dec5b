//! The contract suite of drivers, run by the three that are here, with the real worker on a SoftHSM
//! token of its own. Virtual tokens play the other side.
//!
//! Not responsible for: what a driver must do (`warifu_keys::driver::contract`).
#![forbid(unsafe_code)]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use warifu_core::{
    camera::{Active, Material, Session},
    code::Code,
    custody::{CameraKeys, CustodyKind, SealedSeed},
    ident::{Institution, Serial, TokenId},
    oath::{Digits, HashAlgorithm},
    ocra::keypad::{Asked, KeypadUse, LoginChallenge},
    ocra::{Inputs, Response, Suite},
    time::UnixTime,
};
use warifu_keys::{
    custody::{KeyRole, hmac, key_record_name, record_name},
    driver::{
        Activation, ActivationMessage, ChallengeMessage, Driver, Keypad, Oath, Question, TokenKeys,
        Txa1, Wish, Work,
        contract::{self, CameraDevice, Maker, Shown, Token},
    },
    hsm::{ExpandOrder, Hsm, HsmConfig, HsmSettings, SealOrder, SecretBytes, SeedSource, init},
};
use warifu_token::{
    KeypadToken, Kind, VirtualToken,
    camera::{Button, Device, DeviceKeys},
};
use warifu_txa1::{
    expansion::{self, Role},
    qr_text,
    serial::DeviceSerial,
};

fn worker() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let built = Command::new(env!("CARGO")).args(["build", "-q", "-p", "warifu-hsm"]).status();
        assert!(built.expect("cargo can be started").success());
        let own = std::env::current_exe().expect("a test knows its own path");
        own.ancestors().nth(2).expect("tests lie in target/debug/deps").join("warifu-hsm")
    })
}

/// An HSM in a folder, and the factory that makes tokens for it.
struct Factory {
    folder: Mutex<Option<TempDir>>,
    hsm: Hsm,
    custody: CustodyKind,
    made: AtomicU32,
}

impl Factory {
    async fn new(custody: CustodyKind) -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
        let folder = folder.expect("a temporary folder");
        let config = softhsm(folder.path());
        init(&config).await.expect("SoftHSM takes our keys");
        let hsm = Hsm::start(config).await.expect("the worker starts");
        Self { folder: Mutex::new(Some(folder)), hsm, custody, made: AtomicU32::new(0) }
    }

    /// A token's name and seed; no two are alike.
    fn next(&self) -> (TokenId, [u8; 32]) {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let serial = format!("01{number:08}");
        let id = TokenId {
            institution: Institution::parse("bank").expect("a name"),
            serial: Serial::parse(&serial).expect("ten digits"),
        };
        let mut seed = [7; 32];
        seed[..4].copy_from_slice(&number.to_be_bytes());
        (id, seed)
    }

    async fn seal(&self, id: &TokenId, seed: &[u8], hash: HashAlgorithm) -> SealedSeed {
        let order = SealOrder {
            record: record_name(id),
            kind: hmac(hash),
            custody: self.custody,
            source: SeedSource::Clear(SecretBytes::new(seed.to_vec())),
        };
        self.hsm.seal(vec![order]).await.remove(0).expect("SoftHSM takes a seed").seal
    }

    /// The token's files are gone, and every worker that had them open.
    fn lose(&self) {
        drop(self.folder.lock().expect("no test fails while it holds this").take());
        for pid in self.hsm.worker_pids() {
            let pid = Pid::from_raw(i32::try_from(pid).expect("a process id")).expect("not 0");
            // The process may be gone already.
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

fn softhsm(folder: &Path) -> HsmConfig {
    let conf = folder.join("softhsm2.conf");
    let tokens = folder.join("tokens");
    fs::create_dir(&tokens).expect("an empty folder");
    let text = format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display());
    fs::write(&conf, text).expect("a writable folder");
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "drivers", "--so-pin", "12345678"])
        .args(["--pin", "87654321"])
        .env("SOFTHSM2_CONF", &conf)
        .output();
    assert!(made.expect("package softhsm2 is installed").status.success());
    let pin = folder.join("pin");
    fs::write(&pin, "87654321\n").expect("a writable folder");
    fs::set_permissions(&pin, fs::Permissions::from_mode(0o600)).expect("our own file");
    let settings = HsmSettings {
        module: Some("/usr/lib/softhsm/libsofthsm2.so".into()),
        token_label: Some("drivers".into()),
        pin_file: Some(pin),
        worker: Some(worker().to_owned()),
        sessions: Some(2),
        environment: [("SOFTHSM2_CONF".to_owned(), conf.display().to_string())].into(),
        ..HsmSettings::default()
    };
    settings.config().expect("valid settings")
}

/// One-time passwords.
struct Passwords(Factory);

impl Maker for Passwords {
    fn driver(&self) -> Arc<dyn Driver> {
        Arc::new(Oath::new(self.0.hsm.clone()))
    }

    async fn token(&self) -> Token {
        let (id, seed) = self.0.next();
        let (hash, digits) = (HashAlgorithm::Sha1, Digits::new(6).expect("6 is allowed"));
        let seal = self.0.seal(&id, &seed, hash).await;
        let device = VirtualToken::new(seed.to_vec(), Kind::Hotp, hash, digits);
        let show = Box::new(move |factor| device.code(factor));
        Token { id, hash, seal, camera: None, device: contract::Device::Passwords(digits, show) }
    }

    async fn lose_hsm(&self) {
        self.0.lose();
    }
}

/// A driver that takes every error for a wrong code: records that were exchanged would cost tries,
/// and an HSM that is gone would lock tokens.
struct Careless(Passwords);

struct TakesErrorsForNo(Arc<dyn Driver>);

impl Maker for Careless {
    fn driver(&self) -> Arc<dyn Driver> {
        Arc::new(TakesErrorsForNo(self.0.driver()))
    }

    async fn token(&self) -> Token {
        self.0.token().await
    }

    async fn lose_hsm(&self) {
        self.0.lose_hsm().await;
    }
}

impl Driver for TakesErrorsForNo {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn activation_message<'a>(
        &'a self,
        keys: TokenKeys<'a>,
        activation: Activation<'a>,
    ) -> Work<'a, ActivationMessage> {
        self.0.activation_message(keys, activation)
    }

    fn check_device_code<'a>(
        &'a self,
        keys: TokenKeys<'a>,
        session: &'a Session,
        typed: &'a str,
    ) -> Work<'a, Option<u16>> {
        self.0.check_device_code(keys, session, typed)
    }

    fn bind<'a>(
        &'a self,
        keys: TokenKeys<'a>,
        material: &'a Material,
        activation: u32,
    ) -> Work<'a, [u8; 32]> {
        self.0.bind(keys, material, activation)
    }

    fn message<'a>(
        &'a self,
        keys: TokenKeys<'a>,
        active: &'a Active,
        activation: u32,
        wish: Wish<'a>,
    ) -> Work<'a, ChallengeMessage> {
        self.0.message(keys, active, activation, wish)
    }

    fn check_code<'a>(
        &'a self,
        keys: TokenKeys<'a>,
        question: Question<'a>,
        code: &'a Code,
    ) -> Work<'a, Option<usize>> {
        Box::pin(async move { Ok(self.0.check_code(keys, question, code).await.unwrap_or(None)) })
    }

    fn text(&self, message: &[u8]) -> Option<String> {
        self.0.text(message)
    }
}

/// Tokens that are typed into.
struct Typed(Factory);

impl Maker for Typed {
    fn driver(&self) -> Arc<dyn Driver> {
        Arc::new(Keypad::new(self.0.hsm.clone()))
    }

    async fn token(&self) -> Token {
        let (id, seed) = self.0.next();
        let seal = self.0.seal(&id, &seed, HashAlgorithm::Sha256).await;
        let device = KeypadToken::new(seed.to_vec());
        let answer = Box::new(move |number| answer(&device, number));
        let device = contract::Device::Keypad(KeypadUse::Login.suite(), answer);
        Token { id, hash: HashAlgorithm::Sha256, seal, camera: None, device }
    }

    async fn lose_hsm(&self) {
        self.0.lose();
    }
}

fn answer(device: &KeypadToken, number: u32) -> (Vec<u8>, Code) {
    let question = (10_000_000 + number).to_string();
    let suite: Suite = KeypadUse::Login.suite();
    let input = suite.data_input(&Inputs::of(question.as_str())).expect("8 digits");
    let asked = Asked::Login(LoginChallenge::parse(&question).expect("8 digits"));
    match device.code(asked, UnixTime(0)).expect("a token of all uses") {
        Response::Code(code) => (input, code),
        Response::Whole(_) => unreachable!("the suite has 8 digits"),
    }
}

/// Camera tokens.
struct Cameras(Factory);

impl Maker for Cameras {
    fn driver(&self) -> Arc<dyn Driver> {
        Arc::new(Txa1::new(self.0.hsm.clone()))
    }

    async fn token(&self) -> Token {
        let (id, seed) = self.0.next();
        let serial = DeviceSerial::from_text(id.serial.as_str()).expect("ten digits");
        let roles = [Role::Encryption, Role::DeviceCode, Role::Signature];
        let order = ExpandOrder {
            records: KeyRole::ALL.map(|role| key_record_name(&id, role)),
            data: roles.map(|role| expansion::block(role, &serial)),
            custody: self.0.custody,
            source: SeedSource::Clear(SecretBytes::new(seed.to_vec())),
        };
        let made = self.0.hsm.expand(vec![order]).await.remove(0).expect("SoftHSM derives");
        let [encryption, device_code, seal] = made.seals;
        let camera = CameraKeys { driver: Txa1::NAME.to_owned(), encryption, device_code };
        let hand = Hand::new(Device::new(serial, DeviceKeys::from_seed(&seed, serial)));
        Token {
            id,
            hash: HashAlgorithm::Sha256,
            seal,
            camera: Some(camera),
            device: contract::Device::Camera(Box::new(hand)),
        }
    }

    async fn lose_hsm(&self) {
        self.0.lose();
    }
}

/// A virtual token whose user never waits.
struct Hand(Device);

impl Hand {
    const NOW: UnixTime = UnixTime(1_764_000_000);

    fn new(device: Device) -> Self {
        let mut hand = Self(device);
        hand.press(Button::Power);
        hand
    }

    fn press(&mut self, button: Button) {
        self.0.press(button, button.usual_hold(), Self::NOW);
    }

    /// What stands on the screen after a picture, or nothing where it was refused.
    fn code(&mut self, text: &str) -> Option<String> {
        self.0.scan(text, Self::NOW).ok()?;
        self.0.screen().code
    }

    /// Switched off and on, it has nothing pending and looks again.
    fn looks(&mut self) {
        self.press(Button::Power);
        self.press(Button::Power);
    }
}

impl CameraDevice for Hand {
    fn read(&self, text: &str) -> Option<Vec<u8>> {
        qr_text::decode(text).ok()
    }

    fn begin(&mut self, text: &str) -> Option<String> {
        self.looks();
        self.code(text)
    }

    fn answer(&mut self, text: &str) -> Option<Code> {
        // Past a refusal, and from the 12 digits on to the screen that scans.
        while ["device_code", "accepted", "refused"].contains(&self.0.screen().stage) {
            self.press(Button::Right);
        }
        Code::parse(&self.code(text)?).ok()
    }

    fn finish(&mut self) {
        for _ in 0..3 {
            self.press(Button::Right);
        }
        assert!(self.0.is_active());
    }

    fn sign(&mut self, text: &str) -> Option<Shown> {
        self.looks();
        self.0.scan(text, Self::NOW).ok()?;
        let mut lines = Vec::new();
        while self.0.screen().stage == "content" {
            lines.extend(self.0.screen().lines);
            self.press(Button::Right);
        }
        let code = Code::parse(&self.0.screen().code?).ok()?;
        Some(Shown { lines, code })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_time_passwords_keep_the_contract() {
    contract::run_all(&Passwords(Factory::new(CustodyKind::Wrapped).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn typed_questions_keep_the_contract() {
    contract::run_all(&Typed(Factory::new(CustodyKind::Resident).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn camera_tokens_keep_the_contract_with_wrapped_keys() {
    contract::run_all(&Cameras(Factory::new(CustodyKind::Wrapped).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn camera_tokens_keep_the_contract_with_resident_keys() {
    contract::run_all(&Cameras(Factory::new(CustodyKind::Resident).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "no verdict")]
async fn a_driver_that_takes_errors_for_wrong_codes_does_not_pass() {
    let factory = Factory::new(CustodyKind::Wrapped).await;
    contract::run_all(&Careless(Passwords(factory))).await;
}
