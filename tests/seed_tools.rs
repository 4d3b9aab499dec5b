//! Seed files that other programs wrote: `pskctool`, the Python package `pskc`, and `gpg`. Our
//! readers read them, and the keys give the codes of `oathtool`.
//!
//! Not responsible for: bringing keys into service (see `import`), nor for refusals in detail (tests
//! of warifu-keys).
#![forbid(unsafe_code)]

use std::{
    env, fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use e2e::{Hash, TestToken, binaries::repository, process, process::run, pskc, token};
use serde_json::{Value, json};
use tempfile::TempDir;
use warifu_core::time::UnixTime;
use warifu_keys::{
    secret::Secret,
    seedfile::{
        Code, Format, OpenPgp, ReadOptions, Record, Refusal, SecretValue, Signatures, Trust,
        Unlock, open,
    },
};

/// A Python that has the package: of the pinned version, or where nothing can be fetched, of Debian's.
struct Python {
    program: PathBuf,
    _folder: TempDir,
}

impl Python {
    fn new() -> Self {
        let folder = process::fast_folder();
        if env::var_os("WARIFU_OFFLINE").is_some() {
            eprintln!("WARIFU_OFFLINE is set: the Debian package python3-pskc is used");
            return Self { program: "/usr/bin/python3".into(), _folder: folder };
        }
        let environment = folder.path().join("environment");
        let mut venv = Command::new("/usr/bin/python3");
        run(venv.args(["-m", "venv", "--system-site-packages"]).arg(&environment));
        let program = environment.join("bin/python");
        run(Command::new(&program)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"])
            .args(["--only-binary=:all:", "--require-hashes", "--requirement"])
            .arg(repository().join("tests/python/pskc.txt")));
        Self { program, _folder: folder }
    }

    fn write(&self, order: &Value) -> Vec<u8> {
        let mut script = Command::new(&self.program);
        script.arg(repository().join("tests/python/write_pskc.py"));
        feed(&mut script, order.to_string().as_bytes())
    }
}

/// Runs a program with something on its standard input and gives what it wrote.
fn feed(command: &mut Command, input: &[u8]) -> Vec<u8> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program is installed");
    child.stdin.take().expect("it is piped").write_all(input).expect("it reads all");
    let output = child.wait_with_output().expect("our own child");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    output.stdout
}

fn some_tokens() -> Vec<TestToken> {
    vec![
        TestToken::hotp("T-1001").counter(7),
        TestToken::hotp("T-1002").digits(8),
        TestToken::totp("T-1003"),
        TestToken::totp("T-1004").step(60).digits(8),
    ]
}

fn options() -> ReadOptions {
    ReadOptions { now: Some(UnixTime(e2e::wait::unix_now())), ..ReadOptions::default() }
}

/// Everything in a file, which must be entirely good.
fn read(file: &[u8], options: ReadOptions) -> Vec<Record> {
    let file = open(file, options).unwrap_or_else(|refusal| process::fail(&refusal.to_string()));
    file.collect::<Result<_, Refusal>>().unwrap_or_else(|e| process::fail(&e.to_string()))
}

fn code(file: &[u8], options: ReadOptions) -> Code {
    match open(file, options) {
        Err(refusal) => refusal.code,
        Ok(mut file) => match file.find_map(Result::err) {
            Some(refusal) => refusal.code,
            None => process::fail("the file was taken"),
        },
    }
}

/// The keys that were read show the codes that `oathtool` computes of those that were written.
fn assert_same(records: &[Record], tokens: &[TestToken]) {
    assert_eq!(records.len(), tokens.len(), "{records:?}");
    for (record, token) in records.iter().zip(tokens) {
        assert_eq!(record.serial.as_str(), token.serial);
        let SecretValue::Plain(secret) = &record.secret else { process::fail("still encrypted") };
        let kind = match (record.counter, record.time_step_s) {
            (Some(counter), None) => token::Kind::Hotp(counter),
            (None, Some(step)) => token::Kind::Totp(step),
            other => process::fail(&format!("{other:?}")),
        };
        assert_eq!(kind, token.kind, "{}", token.serial);
        let mut ours = token.clone();
        ours.seed = secret.expose().to_vec();
        ours.digits = record.digits;
        for factor in [7, 60_000_000] {
            assert_eq!(ours.code(factor), token.oathtool(factor), "{}", token.serial);
        }
    }
}

fn key(token: &TestToken) -> Value {
    let mut key = json!({
        "id": token.serial, "serial": token.serial, "manufacturer": "oath.EX",
        "secret": hex::encode(&token.seed), "response_length": token.digits,
    });
    match token.kind {
        token::Kind::Hotp(counter) => {
            key["algorithm"] = json!("urn:ietf:params:xml:ns:keyprov:pskc:hotp");
            key["counter"] = json!(counter);
        }
        token::Kind::Totp(step) => {
            key["algorithm"] = json!("urn:ietf:params:xml:ns:keyprov:pskc:totp");
            key["time_interval"] = json!(step);
            key["time_offset"] = json!(0);
        }
    }
    key
}

#[test]
fn files_of_python_pskc_are_read_under_every_protection() {
    let python = Python::new();
    let tokens = some_tokens();
    let keys: Vec<Value> = tokens.iter().map(key).collect();
    assert_same(&read(&python.write(&json!({ "keys": keys })), options()), &tokens);
    let protections = [
        ("aes128-cbc", 16),
        ("aes192-cbc", 24),
        ("aes256-cbc", 32),
        ("tripledes-cbc", 24),
        ("camellia256-cbc", 32),
    ];
    for (algorithm, len) in protections {
        let transport = token::random(len);
        let file = python.write(&json!({
            "keys": keys, "algorithm": algorithm, "key": hex::encode(&transport),
        }));
        let with = |key: Vec<u8>| {
            let unlock = Some(Unlock::Key(Secret::new(key)));
            ReadOptions { unlock, ..options() }
        };
        assert_same(&read(&file, with(transport.clone())), &tokens);
        let refused = code(&file, with(token::random(len)));
        assert!(matches!(refused, Code::Decrypt | Code::MacMismatch), "{algorithm}: {refused}");
    }
    for algorithm in ["aes128-cbc", "aes256-cbc"] {
        let file = python.write(&json!({
            "keys": keys, "algorithm": algorithm, "password": "correct horse",
        }));
        let words = Secret::new(b"correct horse".to_vec());
        let opened = ReadOptions { unlock: Some(Unlock::Password(words)), ..options() };
        assert_same(&read(&file, opened), &tokens);
    }
}

/// Key wrap needs no MAC. The package names one all the same, without an algorithm, and gives the
/// transport key itself as its key.
#[test]
fn files_of_python_pskc_with_a_mac_of_no_kind_are_refused() {
    let python = Python::new();
    let token = TestToken::totp("T-1001").seed_length(24);
    let transport = token::random(16);
    let file = python.write(&json!({
        "keys": [key(&token)], "algorithm": "kw-aes128", "key": hex::encode(&transport),
    }));
    let unlock = Some(Unlock::Key(Secret::new(transport)));
    assert_eq!(code(&file, ReadOptions { unlock, ..options() }), Code::MacAlg);
}

#[test]
fn files_that_pskctool_signed_are_read_when_sha1_is_switched_on() {
    let folder = process::fast_folder();
    let (maker, stranger) =
        (Maker::new(folder.path(), "maker"), Maker::new(folder.path(), "other"));
    let tokens = some_tokens();
    let plain = folder.path().join("plain.xml");
    fs::write(&plain, pskc::plain(&tokens)).expect("a file of the test");
    let signed = maker.sign(&plain);
    assert_eq!(code(&signed, options()), Code::SigWeak);
    let trusting = |maker: &Maker| {
        let trust = Trust { roots: vec![maker.der()], allow_sha1: true };
        ReadOptions { trust, ..options() }
    };
    assert_same(&read(&signed, trusting(&maker)), &tokens);
    assert_eq!(code(&signed, trusting(&stranger)), Code::SigUntrusted);
    let changed = String::from_utf8(signed.clone()).expect("XML").replace("T-1002", "T-1009");
    assert_eq!(code(changed.as_bytes(), trusting(&maker)), Code::SigInvalid);
    let ignoring = ReadOptions { signatures: Signatures::Ignore, ..options() };
    assert_same(&read(&signed, ignoring), &tokens);
}

/// Who signs with `pskctool`.
struct Maker {
    key: PathBuf,
    certificate: PathBuf,
}

impl Maker {
    fn new(folder: &Path, name: &str) -> Self {
        let key = folder.join(format!("{name}.key"));
        let certificate = folder.join(format!("{name}.pem"));
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj"]);
        openssl.arg(format!("/CN={name}")).arg("-keyout").arg(&key).arg("-out").arg(&certificate);
        run(&mut openssl);
        Self { key, certificate }
    }

    fn sign(&self, file: &Path) -> Vec<u8> {
        let mut tool = Command::new("pskctool");
        tool.arg("--sign").arg("--sign-key").arg(&self.key);
        tool.arg("--sign-crt").arg(&self.certificate).arg(file);
        run(&mut tool).stdout
    }

    fn der(&self) -> Vec<u8> {
        let mut openssl = Command::new("openssl");
        openssl.args(["x509", "-outform", "DER", "-in"]).arg(&self.certificate);
        run(&mut openssl).stdout
    }
}

/// A folder of GnuPG's with the keys of a bank and of two makers.
struct Gpg(TempDir);

const BANK: &str = "bank@example.test";
const MAKER: &str = "maker@example.test";
const STRANGER: &str = "stranger@example.test";

impl Gpg {
    fn new() -> Self {
        // The agent's socket lies here too, and its path must be short.
        let gpg = Self(process::fast_folder());
        let private = fs::Permissions::from_mode(0o700);
        fs::set_permissions(gpg.0.path(), private).expect("a folder of the test");
        for name in [BANK, MAKER, STRANGER] {
            run(gpg.command().args(["--quick-generate-key", name, "default", "default", "never"]));
        }
        gpg
    }

    fn command(&self) -> Command {
        let mut gpg = Command::new("gpg");
        gpg.arg("--homedir").arg(self.0.path());
        gpg.args(["--batch", "--quiet", "--no-tty", "--yes", "--trust-model", "always"]);
        gpg.args(["--pinentry-mode", "loopback", "--passphrase", ""]);
        gpg
    }

    fn make(&self, options: &[&str], content: &[u8]) -> Vec<u8> {
        feed(self.command().args(options), content)
    }

    fn export(&self, option: &str, name: &str) -> Vec<u8> {
        run(self.command().args(["--armor", option, name])).stdout
    }

    /// As a bank that trusts one maker.
    fn bank(&self, signer: &str) -> ReadOptions {
        let openpgp = OpenPgp {
            secret_keys: vec![Secret::new(self.export("--export-secret-keys", BANK))],
            signers: vec![self.export("--export", signer)],
            ..OpenPgp::default()
        };
        ReadOptions { openpgp, ..options() }
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let mut kill = Command::new("gpgconf");
        // The agent would stay behind, with its folder gone.
        let _ = kill.arg("--homedir").arg(self.0.path()).args(["--kill", "all"]).status();
    }
}

/// As privacyIDEA reads it: hexadecimal, the hash by the length of the seed.
fn list(tokens: &[TestToken]) -> String {
    let line = |token: &TestToken| {
        let (kind, number) = match token.kind {
            token::Kind::Hotp(counter) => ("hotp", counter),
            token::Kind::Totp(step) => ("totp", u64::from(step)),
        };
        let seed = hex::encode(&token.seed);
        format!("{},{seed},{kind},{},{number}\n", token.serial, token.digits)
    };
    tokens.iter().map(line).collect()
}

#[test]
fn messages_of_gpg_are_opened_and_their_signers_checked() {
    let gpg = Gpg::new();
    let mut tokens = some_tokens();
    tokens.push(TestToken::totp("T-1005").hash(Hash::Sha256));
    let content = list(&tokens);
    let to_bank = ["--encrypt", "--recipient", BANK];
    for armor in [&[][..], &["--armor"]] {
        for compression in ["none", "zip", "zlib"] {
            let more = ["--sign", "--local-user", MAKER, "--compress-algo", compression];
            let message = gpg.make(&[&to_bank[..], &more, armor].concat(), content.as_bytes());
            assert_same(&read(&message, gpg.bank(MAKER)), &tokens);
        }
    }
    let message = gpg.make(&[&to_bank[..], &["--sign", "--local-user", STRANGER]].concat(), b"x,y");
    assert_eq!(code(&message, gpg.bank(MAKER)), Code::SigUntrusted);
    let unsigned = gpg.make(&to_bank, content.as_bytes());
    let file = open(&unsigned[..], gpg.bank(MAKER)).expect("it opens");
    assert_eq!(file.detected().words(), "openpgp containing oath-csv");
    drop(file);
    let named = ReadOptions { format: Some(Format::OathCsv), ..gpg.bank(MAKER) };
    assert_same(&read(&unsigned, named), &tokens);
    let mut required = gpg.bank(MAKER);
    required.openpgp.require_signature = true;
    assert_eq!(code(&unsigned, required), Code::SigMissing);
    let to_other = gpg.make(&["--encrypt", "--recipient", MAKER], content.as_bytes());
    assert_eq!(code(&to_other, gpg.bank(MAKER)), Code::KeyRequired);
    let bare = ["--rfc2440", "--disable-mdc", "--cipher-algo", "3DES"];
    let message = gpg.make(&[&to_bank[..], &bare].concat(), content.as_bytes());
    assert_eq!(code(&message, gpg.bank(MAKER)), Code::PgpIntegrity);
    let mut changed = unsigned;
    let last = changed.last_mut().expect("a message has octets");
    *last ^= 1;
    assert_eq!(code(&changed, gpg.bank(MAKER)), Code::PgpIntegrity);
}

#[test]
fn messages_of_gpg_under_a_password_are_opened() {
    let gpg = Gpg::new();
    let tokens = some_tokens();
    let words = ["--symmetric", "--passphrase", "correct horse"];
    let with = |password: &str| {
        let unlock = Some(Unlock::Password(Secret::new(password.as_bytes().to_vec())));
        ReadOptions { unlock, ..options() }
    };
    for cipher in ["AES128", "AES256", "TWOFISH"] {
        let options = [&words[..], &["--cipher-algo", cipher]].concat();
        let message = gpg.make(&options, list(&tokens).as_bytes());
        assert_same(&read(&message, with("correct horse")), &tokens);
        assert_eq!(code(&message, with("battery staple")), Code::Decrypt);
    }
}
