//! Key pairs for manufacturers: made inside the HSM by two officers, the public part handed out, and
//! files that `openssl` encrypted under it taken in. A seed or a session key never leaves the HSM, and
//! what was tampered with is refused alike wherever it was.
//!
//! Not responsible for: what parsers refuse in detail (tests of warifu-keys), keys from components
//! (`ceremony.rs`).
#![forbid(unsafe_code)]

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use e2e::{
    Caller, Daemon, TestToken, World, approval,
    hsm::{HsmSandbox, PIN},
    import,
    process::{run, write_private},
    pskc,
    token::random,
    world::{BANK, OTHER_BANK},
};
use serde_json::{Value, json};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <KeyContainer xmlns=\"urn:ietf:params:xml:ns:keyprov:pskc\" \
    xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" \
    xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Version=\"1.0\">\n";
const NAMED: &str = "<EncryptionKey><ds:KeyName>maker</ds:KeyName></EncryptionKey>\n";
const CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";

/// RSA paddings of seed files.
#[derive(Clone, Copy, Debug)]
enum Padding {
    Pkcs1,
    Oaep,
}

impl Padding {
    const fn uri(self) -> &'static str {
        match self {
            Self::Pkcs1 => "http://www.w3.org/2001/04/xmlenc#rsa-1_5",
            Self::Oaep => "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
        }
    }

    const fn mode(self) -> &'static str {
        match self {
            Self::Pkcs1 => "rsa_padding_mode:pkcs1",
            Self::Oaep => "rsa_padding_mode:oaep",
        }
    }
}

/// The manufacturer: has the public key, and `openssl`.
struct Maker {
    public: PathBuf,
}

impl Maker {
    fn new(world: &World, pem: &str) -> Self {
        Self { public: write_private(&world.path("maker.pem"), pem.as_bytes()) }
    }

    fn rsa(&self, padding: Padding, value: &[u8]) -> Vec<u8> {
        let mut tool = Command::new("openssl");
        tool.args(["pkeyutl", "-encrypt", "-pubin", "-inkey"]).arg(&self.public);
        piped(tool.args(["-pkeyopt", padding.mode()]), value)
    }

    /// Every value under the public key itself.
    fn by_value(&self, padding: Padding, tokens: &[TestToken]) -> String {
        let value = |token: &TestToken| encrypted(padding.uri(), &self.rsa(padding, &token.seed));
        format!("{HEAD}{NAMED}{}</KeyContainer>\n", packages(tokens, |token| (value(token), None)))
    }

    /// Values under a key of this file, which is under the public key.
    fn by_session(&self, padding: Padding, tokens: &[TestToken]) -> String {
        let (key, mac_key) = (random(16), random(32));
        let carried = cipher_data(&self.rsa(padding, &key));
        let mac_key_value = cipher_data(&cbc(&key, &mac_key));
        let packages = packages(tokens, |token| {
            let value = cbc(&key, &token.seed);
            let mac = hmac_sha256(&mac_key, &value);
            (encrypted(CBC, &value), Some(mac))
        });
        format!(
            "{HEAD}<EncryptionKey><xenc:EncryptedKey>\
             <xenc:EncryptionMethod Algorithm=\"{}\"/>\
             <ds:KeyInfo><ds:KeyName>maker</ds:KeyName></ds:KeyInfo>{carried}\
             </xenc:EncryptedKey></EncryptionKey>\n\
             <MACMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256\"><MACKey>\
             <xenc:EncryptionMethod Algorithm=\"{CBC}\"/>{mac_key_value}</MACKey></MACMethod>\n\
             {packages}</KeyContainer>\n",
            padding.uri()
        )
    }
}

fn piped(tool: &mut Command, input: &[u8]) -> Vec<u8> {
    let mut child =
        tool.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("openssl can be started");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    stdin.write_all(input).expect("openssl reads what it is given");
    drop(stdin);
    let output = child.wait_with_output().expect("our own child");
    assert!(output.status.success(), "{tool:?}");
    output.stdout
}

/// IV and ciphertext, as XML Encryption puts them.
fn cbc(key: &[u8], value: &[u8]) -> Vec<u8> {
    let iv = random(16);
    let mut tool = Command::new("openssl");
    tool.args(["enc", "-aes-128-cbc", "-K", &hex::encode(key), "-iv", &hex::encode(&iv)]);
    [iv, piped(&mut tool, value)].concat()
}

fn hmac_sha256(key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut tool = Command::new("openssl");
    tool.args(["mac", "-binary", "-digest", "SHA256", "-macopt"]);
    piped(tool.arg(format!("hexkey:{}", hex::encode(key))).arg("HMAC"), value)
}

fn cipher_data(value: &[u8]) -> String {
    let value = STANDARD.encode(value);
    format!("<xenc:CipherData><xenc:CipherValue>{value}</xenc:CipherValue></xenc:CipherData>")
}

fn encrypted(uri: &str, value: &[u8]) -> String {
    let data = cipher_data(value);
    format!("<EncryptedValue><xenc:EncryptionMethod Algorithm=\"{uri}\"/>{data}</EncryptedValue>")
}

/// The packages of a plain file with other values in the place of seeds.
fn packages(
    tokens: &[TestToken],
    protect: impl Fn(&TestToken) -> (String, Option<Vec<u8>>),
) -> String {
    let package = |token: &TestToken| {
        let (value, mac) = protect(token);
        let mac = mac.map(|mac| format!("<ValueMAC>{}</ValueMAC>", STANDARD.encode(mac)));
        let seed = format!("<PlainValue>{}</PlainValue>", STANDARD.encode(&token.seed));
        pskc::package(token).replace(&seed, &format!("{value}{}", mac.unwrap_or_default()))
    };
    tokens.iter().map(package).collect()
}

/// One bit of the n-th encrypted value of a file turned.
fn tampered(file: &str, nth: usize) -> String {
    let open = "<xenc:CipherValue>";
    let (at, _) = file.match_indices(open).nth(nth).expect("so many values");
    let start = at + open.len();
    let end = start + file[start..].find('<').expect("a closed value");
    let mut value = STANDARD.decode(&file[start..end]).expect("base64");
    let middle = value.len() / 2;
    value[middle] ^= 1;
    format!("{}{}{}", &file[..start], STANDARD.encode(value), &file[end..])
}

/// A bank whose officers made a pair.
struct Office {
    world: World,
    daemon: Daemon,
    aoki: Caller,
    baba: Caller,
    maker: Maker,
}

impl Office {
    async fn open(bits: u16) -> Self {
        let mut world = World::new();
        world.set("approval.enforce", "true");
        let daemon = world.start().await;
        let officer = |name| world.named(&daemon, BANK, "officer", name);
        let (aoki, baba) = (officer("aoki"), officer("baba"));
        let operation = json!({ "operation": "key_pair", "label": "maker", "bits": bits });
        let proposal = approval::propose(&aoki, &operation).await;
        assert_eq!(aoki.get("/v1/keys/maker/public-key").await.status, 404, "nothing was made yet");
        let done = approval::about(&baba, &proposal, "approval").await.expect_status(200).json();
        assert_eq!(done["state"], "done", "{done:#}");
        let public = aoki.get("/v1/keys/maker/public-key").await.expect_status(200).json();
        let maker = Maker::new(&world, public["pem"].as_str().expect("PEM"));
        Self { world, daemon, aoki, baba, maker }
    }

    /// What becomes of a file before anybody approves it.
    async fn job(&self, file: &str) -> Value {
        let order = json!({ "key_label": "maker" });
        import::file(&self.aoki, &order, file.as_bytes().to_vec()).await
    }

    /// Takes a file in, and shows a code of each of its tokens.
    async fn take_in(&self, file: &str, tokens: &[TestToken]) {
        let job = self.job(file).await;
        assert_eq!(job["state"], "staged", "{job:#}");
        assert_eq!(job["report"]["exposure"]["daemon"], 0, "{job:#}");
        let _ = approval::approve(&self.baba, &job).await.expect_status(200);
        let teller = self.world.caller(&self.daemon, "validator");
        for token in tokens {
            let verdict = teller.verdict(&token.serial, &token.oathtool(0)).await;
            assert_eq!(verdict, "accepted", "{}", token.serial);
        }
    }
}

fn some(prefix: &str) -> Vec<TestToken> {
    (0..3).map(|n| TestToken::hotp(&format!("{prefix}-{n}"))).collect()
}

/// Class and rule of the first refused key.
fn refusal(job: &Value) -> (String, String) {
    assert_eq!(job["state"], "refused", "{job:#}");
    let refused = &job["report"]["refused"][0];
    let text = |field: &str| refused[field].as_str().unwrap_or_default().to_owned();
    (text("class"), text("rule"))
}

#[tokio::test(flavor = "multi_thread")]
async fn values_under_the_public_key_are_opened_inside() {
    let office = Office::open(2048).await;
    for (padding, prefix) in [(Padding::Pkcs1, "A"), (Padding::Oaep, "B")] {
        let tokens = some(prefix);
        let file = office.maker.by_value(padding, &tokens);
        for nth in 0..3 {
            let (class, _) = refusal(&office.job(&tampered(&file, nth)).await);
            assert_eq!(class, "E_DECRYPT", "{padding:?} {nth}");
        }
        office.take_in(&file, &tokens).await;
    }
}

/// Who is told which of many made-up values has the right padding reads any value under the key.
#[tokio::test(flavor = "multi_thread")]
async fn which_value_does_not_open_is_not_told_where_that_tells_its_padding() {
    let office = Office::open(2048).await;
    let tokens = some("E");
    let file = office.maker.by_value(Padding::Pkcs1, &tokens);
    let mut told = Vec::new();
    for nth in 0..3 {
        let job = office.job(&tampered(&file, nth)).await;
        let report = &job["report"];
        assert_eq!((&report["accepted"], &report["refused_total"]), (&json!(0), &json!(1)));
        told.push((report["refused"].clone(), report["exposure"].clone()));
    }
    assert!(told.iter().all(|one| *one == told[0]), "{told:#?}");
    assert!(!format!("{told:?}").contains("E-"), "{told:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn values_under_a_key_of_the_file_are_opened_inside() {
    let office = Office::open(3072).await;
    for (padding, prefix) in [(Padding::Pkcs1, "C"), (Padding::Oaep, "D")] {
        let tokens = some(prefix);
        let file = office.maker.by_session(padding, &tokens);
        // The session key, the MAC key, a value: nobody learns which of them was wrong.
        let mut told = Vec::new();
        for nth in 0..3 {
            told.push(refusal(&office.job(&tampered(&file, nth)).await));
        }
        assert_eq!(told[0].0, "E_DECRYPT", "{told:?}");
        assert!(told.iter().all(|one| *one == told[0]), "{padding:?}: {told:?}");
        office.take_in(&file, &tokens).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_is_listed_by_its_public_part_and_serves_until_destroyed() {
    let office = Office::open(2048).await;
    let public = office.aoki.get("/v1/keys/maker/public-key").await.expect_status(200).json();
    let mut tool = Command::new("openssl");
    tool.args(["pkey", "-pubin", "-outform", "DER", "-in"]).arg(&office.maker.public);
    let der = run(&mut tool).stdout;
    let digest = piped(Command::new("openssl").args(["dgst", "-sha256", "-binary"]), &der);
    assert_eq!(public["sha256"], hex::encode(&digest), "{public:#}");
    let list = office.baba.get("/v1/keys").await.expect_status(200).json();
    let key = &list["items"][0];
    assert_eq!((&key["origin"], &key["shape"]), (&json!("pair"), &json!("rsa-2048")), "{list:#}");
    assert_eq!(key["kcv"], hex::encode(&digest[..3]), "{list:#}");
    assert_eq!(key["officers"], json!(["aoki", "baba"]), "{list:#}");

    let stranger = office.world.named(&office.daemon, OTHER_BANK, "officer", "chiba");
    assert_eq!(stranger.get("/v1/keys/maker/public-key").await.status, 404);
    let again = json!({ "operation": "key_pair", "label": "maker", "bits": 2048 });
    let again = approval::propose(&office.baba, &again).await;
    let again = approval::about(&office.aoki, &again, "approval").await.expect_status(200).json();
    assert_eq!(again["state"], "failed", "{again:#}");

    let tokens = some("E");
    let file = office.maker.by_value(Padding::Oaep, &tokens);
    let gone = json!({ "operation": "key_destroy", "label": "maker" });
    let gone = approval::propose(&office.baba, &gone).await;
    let gone = approval::about(&office.aoki, &gone, "approval").await.expect_status(200).json();
    assert_eq!(gone["state"], "done", "{gone:#}");
    assert_eq!(office.aoki.get("/v1/keys/maker/public-key").await.status, 404);
    let objects = office.world.hsm.pkcs11_tool(&["--login", "--pin", PIN, "--list-objects"]);
    assert!(!objects.contains("maker"), "{objects}");
    let reply = import::open(&office.aoki, &json!({ "key_label": "maker" })).await;
    let refused = if reply.status == 201 {
        let id = reply.text("id");
        let _ = import::send(&office.aoki, &id, file.into_bytes()).await.expect_status(202);
        import::finished(&office.aoki, &id).await["state"] == "refused"
    } else {
        reply.problem() == "invalid_field"
    };
    assert!(refused, "a destroyed key opens nothing");
}

/// The folder of collected seed files, where there is one.
fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("WARIFU_CORPUS").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("SKIPPED: WARIFU_CORPUS names no folder of seed files");
    }
    folder
}

/// Brings a recipient's private key into the token, as the officers of a bank would that had it
/// already.
fn bring_in(world: &World, label: &str, key: &Path) {
    let pkcs8 = world.path("recipient.pem");
    let mut tool = Command::new("openssl");
    run(tool.args(["pkcs8", "-topk8", "-nocrypt", "-in"]).arg(key).arg("-out").arg(&pkcs8));
    let mut tool = Command::new("softhsm2-util");
    tool.arg("--import").arg(&pkcs8).args(["--token", &world.hsm.label, "--pin", PIN]);
    tool.args(["--label", &format!("warifu-transport-{label}"), "--id", "c0ffee"]);
    run(tool.envs(world.hsm.environment.clone()));
}

#[tokio::test(flavor = "multi_thread")]
async fn collected_files_under_a_public_key_show_the_codes_that_they_should() {
    let Some(corpus) = corpus() else { return };
    let manifest = std::fs::read(corpus.join("MANIFEST.json")).expect("a manifest");
    let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
    let world = World::on(HsmSandbox::softhsm);
    world.make_keys();
    world.init();
    let is_rsa = |entry: &&Value| {
        entry["decrypt"]["type"] == "rsa" && entry["decrypt"]["private_key"].is_string()
    };
    let entries: Vec<_> =
        manifest["files"].as_array().expect("a list").iter().filter(is_rsa).collect();
    assert!(!entries.is_empty(), "the corpus has files under public keys");
    for (index, entry) in entries.iter().enumerate() {
        let key = entry["decrypt"]["private_key"].as_str().expect("a path");
        bring_in(&world, &format!("recipient-{index}"), &corpus.join(key));
    }
    let daemon = world.start().await;
    let officer = world.caller(&daemon, "officer");
    let teller = world.caller(&daemon, "validator");
    for (index, entry) in entries.iter().enumerate() {
        let file = std::fs::read(corpus.join(entry["file"].as_str().expect("a path")));
        let order = json!({ "key_label": format!("recipient-{index}") });
        let job = import::file(&officer, &order, file.expect("a file of the corpus")).await;
        assert_eq!(job["state"], "done", "{job:#}");
        for token in entry["tokens"].as_array().expect("a list") {
            let serial = token["serial"].as_str().expect("a text");
            let code = token["otp_check"]["code"].as_str().expect("a text");
            assert_eq!(teller.verdict(serial, code).await, "accepted", "{serial}");
        }
    }
}
