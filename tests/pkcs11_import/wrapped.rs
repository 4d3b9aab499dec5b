//! Seeds under a manufacturer's key: wrapped by OpenSSL, opened inside the HSM, never seen by program or
//! daemon. What does not open leaves nothing.
//!
//! Not responsible for: seed files under the same keys (`transport_pair.rs`, `ceremony.rs`).

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use e2e::{
    Hash, TestToken, approval,
    pkcs11::{Host, Module, Said},
    process::{run, write_private},
    token::random,
};
use serde_json::{Value, json};

use super::{House, Template};

const KW: &str = "CKM_AES_KEY_WRAP";
const KWP: &str = "CKM_AES_KEY_WRAP_KWP";
const OAEP: &str = "CKM_RSA_PKCS_OAEP";

/// The manufacturer: wraps with OpenSSL.
struct Maker<'m> {
    module: &'m Module,
}

impl Maker<'_> {
    /// A seed under an AES key; the file with it.
    fn wrap(&self, mechanism: &str, key: &[u8], seed: &[u8]) -> PathBuf {
        let bits = key.len() * 8;
        let (cipher, iv) = match mechanism {
            KW => (format!("-id-aes{bits}-wrap"), "A6A6A6A6A6A6A6A6"),
            _ => (format!("-id-aes{bits}-wrap-pad"), "A65959A6"),
        };
        let mut tool = Command::new("openssl");
        tool.args(["enc", &cipher, "-K", &hex::encode(key), "-iv", iv]);
        self.run(tool, seed)
    }

    /// A seed under a public key.
    fn encrypt(&self, public: &Path, seed: &[u8]) -> PathBuf {
        let mut tool = Command::new("openssl");
        tool.args(["pkeyutl", "-encrypt", "-pubin", "-pkeyopt", "rsa_padding_mode:oaep", "-inkey"]);
        tool.arg(public);
        self.run(tool, seed)
    }

    fn run(&self, mut tool: Command, seed: &[u8]) -> PathBuf {
        let (plain, wrapped) = (self.module.path("plain"), self.module.path("wrapped"));
        write_private(&plain, seed);
        run(tool.arg("-in").arg(&plain).arg("-out").arg(&wrapped));
        std::fs::remove_file(plain).expect("our own file");
        wrapped
    }
}

/// A seed under an AES key by RFC 3394; the file with it.
pub(super) fn wrap(module: &Module, key: &[u8], seed: &[u8]) -> PathBuf {
    Maker { module }.wrap(KW, key, seed)
}

fn unwrap(host: &mut Host, mechanism: &str, key: u64, file: &Path, rest: &str) -> Said {
    host.say(&format!("unwrap {mechanism} {key} {}{rest}", file.display()))
}

/// The transport key of a label, of a class.
fn key(host: &mut Host, class: u64, label: &str) -> u64 {
    let said = host.ok(&format!("find CKA_CLASS=#{class} CKA_LABEL={label}"));
    assert_eq!(said.words.len(), 1, "{label}: {said}");
    said.number()
}

/// Staged, with the seed opened where the report may say so.
async fn stays_inside(house: &House, host: &mut Host, seed: u64) {
    let job = house.import(host, seed).await;
    assert_eq!(job["report"]["exposure"]["daemon"], 0, "{job:#}");
    assert_eq!(job["accepted"], 1, "{job:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn seeds_under_aes_keys_are_opened_at_the_daemons_side() {
    let keys = [("k128", random(16)), ("k192", random(24)), ("k256", random(32))];
    let house = House::open_with(|world| {
        for (label, key) in &keys {
            world.import_transport_key(label, key);
        }
    })
    .await;
    let module = house.module("sato");
    let (mut host, maker) = (module.session(), Maker { module: &module });
    for (n, (label, bytes)) in keys.iter().enumerate() {
        let key = key(&mut host, 4, label);
        let serial = |way: &str| format!("{way}-{n}");
        for (mechanism, iv, token) in [
            (KW, "", TestToken::totp(&serial("A")).hash(Hash::Sha256).digits(8).step(60)),
            (KW, " bytes=hex:A6A6A6A6A6A6A6A6", TestToken::hotp(&serial("B")).seed_length(24)),
            (KWP, "", TestToken::hotp(&serial("C")).counter(9)),
            (KWP, " bytes=hex:A65959A6", TestToken::hotp(&serial("D")).hash(Hash::Sha512)),
        ] {
            let file = maker.wrap(mechanism, bytes, &token.seed);
            let length = format!(" CKA_VALUE_LEN=#{}", token.seed.len());
            let template = Template::of(&token);
            let said = unwrap(&mut host, mechanism, key, &file, &format!("{iv}{template}{length}"));
            assert_eq!(said.rv, "CKR_OK", "{label} {mechanism} {}: {said}", token.serial);
            stays_inside(&house, &mut host, said.number()).await;
            house.put_in_service(&mut host, said.number(), &token).await;
        }
    }
}

/// What goes wrong with a wrapped seed, and the value that it has.
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_open_is_refused_and_leaves_nothing() {
    let right = random(32);
    let house = House::open_with(|world| {
        world.import_transport_key("acme", &right);
    })
    .await;
    let module = house.module("sato");
    let (mut host, maker) = (module.session(), Maker { module: &module });
    let acme = key(&mut host, 4, "acme");
    let token = TestToken::hotp("BAD-1").seed_length(32);
    let template = Template::of(&token).to_string();
    for mechanism in [KW, KWP] {
        let good = std::fs::read(maker.wrap(mechanism, &right, &token.seed)).unwrap();
        let strange = std::fs::read(maker.wrap(mechanism, &random(32), &token.seed)).unwrap();
        let mut blobs = vec![strange, good[..good.len() - 8].to_vec(), Vec::new()];
        blobs.push([&good[..], &[0; 8]].concat());
        blobs.push(good[..good.len() - 1].to_vec());
        blobs.extend([0, 8, good.len() - 1].map(|at| {
            let mut damaged = good.clone();
            damaged[at] ^= 1;
            damaged
        }));
        for (n, blob) in blobs.iter().enumerate() {
            let file = write_private(&module.path("blob"), blob);
            let said = unwrap(&mut host, mechanism, acme, &file, &template);
            assert_eq!(said.to_string(), "CKR_WRAPPED_KEY_INVALID C_UnwrapKey", "{mechanism} {n}");
        }
    }
    // The wrong one of two mechanisms is no better than a wrong key.
    let file = maker.wrap(KW, &right, &token.seed);
    let said = unwrap(&mut host, KWP, acme, &file, &template);
    assert_eq!(said.rv, "CKR_WRAPPED_KEY_INVALID", "{said}");
    for (mechanism, rest, rv) in [
        (KW, "", "CKR_OK"),
        (KW, "", "CKR_ATTRIBUTE_VALUE_INVALID"),
        (KW, " CKA_VALUE_LEN=#20", "CKR_WRAPPED_KEY_INVALID"),
        (KW, " CKA_VALUE=hex:00112233445566778899aabbccddeeff", "CKR_TEMPLATE_INCONSISTENT"),
        (KW, " bytes=hex:0000000000000000", "CKR_MECHANISM_PARAM_INVALID"),
        (OAEP, " oaep=sha1", "CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT"),
        ("CKM_HOTP", "", "CKR_MECHANISM_INVALID"),
        (KW, " CKA_LABEL=another", "CKR_TEMPLATE_INCONSISTENT"),
    ] {
        let before = staged(&house).await;
        let said = unwrap(&mut host, mechanism, acme, &file, &format!("{rest}{template}"));
        assert_eq!(said.rv, rv, "{mechanism}{rest}: {said}");
        let kept = usize::from(rv == "CKR_OK");
        assert_eq!(staged(&house).await, before + kept, "{mechanism}{rest}");
    }
    let seed = host.find("BAD-1");
    let said = unwrap(&mut host, KW, seed, &file, &template);
    assert_eq!(said.rv, "CKR_UNWRAPPING_KEY_HANDLE_INVALID", "a token unwraps nothing: {said}");
    let said = unwrap(&mut host, KW, 987_654, &file, &template);
    assert_eq!(said.rv, "CKR_UNWRAPPING_KEY_HANDLE_INVALID", "{said}");
    house.put_in_service(&mut host, seed, &token).await;
}

async fn staged(house: &House) -> usize {
    house.imports().await.iter().filter(|job| job["state"] == "staged").count()
}

/// A bank's own key pair, made by two officers; where its public part lies.
async fn pair(house: &House, bits: u16) -> PathBuf {
    let operation = json!({ "operation": "key_pair", "label": "maker", "bits": bits });
    let proposal = approval::propose(&house.sato, &operation).await;
    let done = approval::about(&house.suzuki, &proposal, "approval").await.expect_status(200);
    assert_eq!(done.json()["state"], "done", "{done:?}");
    public_part(house).await
}

async fn public_part(house: &House) -> PathBuf {
    let public = house.sato.get("/v1/keys/maker/public-key").await.expect_status(200).json();
    let pem = public["pem"].as_str().expect("PEM");
    write_private(&house.world.path("maker.pem"), pem.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn seeds_under_a_public_key_are_opened_at_the_daemons_side() {
    let house = House::open().await;
    let public = pair(&house, 2_048).await;
    let module = house.module("sato");
    let (mut host, maker) = (module.session(), Maker { module: &module });
    let key = key(&mut host, 3, "maker");
    for token in [
        TestToken::hotp("R-1"),
        TestToken::totp("R-2").hash(Hash::Sha256).digits(8).step(60),
        TestToken::hotp("R-3").hash(Hash::Sha512).counter(3),
    ] {
        let file = maker.encrypt(&public, &token.seed);
        let template = Template::of(&token).to_string();
        for (rest, rv) in [
            ("", "CKR_MECHANISM_PARAM_INVALID"),
            (" oaep=sha256", "CKR_MECHANISM_PARAM_INVALID"),
            (" oaep=sha1", "CKR_OK"),
        ] {
            let said = unwrap(&mut host, OAEP, key, &file, &format!("{rest}{template}"));
            assert_eq!(said.rv, rv, "{rest} {}: {said}", token.serial);
        }
        let seed = host.find(&token.serial);
        stays_inside(&house, &mut host, seed).await;
        house.put_in_service(&mut host, seed, &token).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_a_public_key_and_does_not_open_leaves_nothing() {
    let house = House::open().await;
    let public = pair(&house, 2_048).await;
    let module = house.module("sato");
    let (mut host, maker) = (module.session(), Maker { module: &module });
    let key = key(&mut host, 3, "maker");
    let token = TestToken::hotp("R-9");
    let template = format!(" oaep=sha1{}", Template::of(&token));
    let good = std::fs::read(maker.encrypt(&public, &token.seed)).unwrap();
    let mut damaged = good.clone();
    damaged[100] ^= 1;
    for (n, blob) in [damaged, vec![0; 256], good[1..].to_vec()].iter().enumerate() {
        let file = write_private(&module.path("blob"), blob);
        let said = unwrap(&mut host, OAEP, key, &file, &template);
        assert_eq!(said.to_string(), "CKR_WRAPPED_KEY_INVALID C_UnwrapKey", "{n}");
        assert_eq!(staged(&house).await, 0, "{n}");
    }
    let file = write_private(&module.path("blob"), &good);
    let said = unwrap(&mut host, KW, key, &file, &Template::of(&token).to_string());
    assert_eq!(said.rv, "CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT", "{said}");
    assert_eq!(unwrap(&mut host, OAEP, key, &file, &template).rv, "CKR_OK");
}

/// SoftHSM computes with no key shorter than the hash, and what is opened inside can not be made longer.
#[tokio::test(flavor = "multi_thread")]
async fn a_seed_that_the_hsm_does_not_take_is_no_fault_of_the_wrapping() {
    let house = House::open().await;
    if !house.world.hsm.module.ends_with("libsofthsm2.so") {
        return;
    }
    let public = pair(&house, 2_048).await;
    let module = house.module("sato");
    let (mut host, maker) = (module.session(), Maker { module: &module });
    let key = key(&mut host, 3, "maker");
    let short = TestToken::totp("SO-1").hash(Hash::Sha256).seed_length(20);
    let file = maker.encrypt(&public, &short.seed);
    let template = format!(" oaep=sha1{}", Template::of(&short));
    let said = unwrap(&mut host, OAEP, key, &file, &template);
    assert_eq!(said.to_string(), "CKR_MECHANISM_INVALID C_UnwrapKey");
    assert!(module.log().contains("E_HSM"), "{}", module.log());
    assert_eq!(staged(&house).await, 0);
}

/// A key that two officers have destroyed unwraps nothing for a program that still has its handle.
#[tokio::test(flavor = "multi_thread")]
async fn a_destroyed_key_unwraps_nothing() {
    let house = House::open().await;
    let public = pair(&house, 2_048).await;
    let module = house.module("sato");
    let (mut host, maker) = (module.session(), Maker { module: &module });
    let key = key(&mut host, 3, "maker");
    let token = TestToken::hotp("GONE-1");
    let file = maker.encrypt(&public, &token.seed);
    let operation: Value = json!({ "operation": "key_destroy", "label": "maker" });
    let proposal = approval::propose(&house.sato, &operation).await;
    let _ = approval::about(&house.suzuki, &proposal, "approval").await.expect_status(200);
    let template = format!(" oaep=sha1{}", Template::of(&token));
    let said = unwrap(&mut host, OAEP, key, &file, &template);
    assert_eq!(said.rv, "CKR_UNWRAPPING_KEY_HANDLE_INVALID", "{said}");
    assert!(host.ok("find CKA_CLASS=#3").words.is_empty());
    assert_eq!(staged(&house).await, 0);
}

/// A front end sees no key to unwrap with; an auditor sees it and unwraps nothing.
#[tokio::test(flavor = "multi_thread")]
async fn transport_keys_are_shown_to_officers_and_auditors() {
    let acme = random(16);
    let house = House::open_with(|world| world.import_transport_key("acme", &acme)).await;
    let module = house.module("sato");
    let token = TestToken::hotp("TK-1").seed_length(24);
    let file = Maker { module: &module }.wrap(KW, &acme, &token.seed);
    let template = Template::of(&token).to_string();
    let auditor = Module::role(&house.world, &house.daemon, "auditor");
    for (module, rv) in [(&auditor, "CKR_ACTION_PROHIBITED"), (&module, "CKR_OK")] {
        let mut host = module.session();
        let acme = key(&mut host, 4, "acme");
        let said = host.ok(&format!("get {acme} CKA_VALUE_LEN CKA_UNWRAP CKA_WRAP CKA_DECRYPT"));
        assert_eq!(said.bytes("CKA_VALUE_LEN"), Some(16_u64.to_ne_bytes().to_vec()), "{said}");
        assert_eq!(said.bytes("CKA_UNWRAP"), Some(vec![1]), "{said}");
        assert_eq!(said.bytes("CKA_WRAP"), Some(vec![0]), "{said}");
        assert_eq!(said.bytes("CKA_DECRYPT"), Some(vec![0]), "{said}");
        host.expect(&format!("get {acme} CKA_VALUE"), "CKR_ATTRIBUTE_SENSITIVE");
        host.expect(&format!("destroy {acme}"), "CKR_ACTION_PROHIBITED");
        let said = unwrap(&mut host, KW, acme, &file, &template);
        assert_eq!(said.rv, rv, "{said}");
    }
    for role in ["validator", "operator"] {
        let mut host = Module::role(&house.world, &house.daemon, role).session();
        for wanted in ["CKA_LABEL=acme", "CKA_CLASS=#4", "CKA_UNWRAP=true"] {
            assert!(host.ok(&format!("find {wanted}")).words.is_empty(), "{role} {wanted}");
        }
    }
}
