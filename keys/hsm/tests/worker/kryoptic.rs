//! The same worker on kryoptic, which does what SoftHSM does not: unwraps AES-CBC inside, follows the
//! mechanism numbers of PKCS#11 3.x, takes short HMAC keys, reports a damaged blob as a device error.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use warifu_hsm_protocol::{
    CheckResult, Exposure, Greeting, Hash, ImportPlace, Purpose, WorkerConfig,
};

use crate::{
    camera::{CAMERA_CHECKS, assert_camera_keys, assert_passes},
    ceremony::assert_ceremony,
    ciphers::{Expected, assert_ciphers, assert_pairs},
    client::{Worker, refused},
    doctor::assert_lines,
    import::{assert_imports, assert_transport_keys},
    rotation::assert_rotation,
    softhsm::{PIN, SoftHsm},
    vectors::code,
};

/// The module, built once: its package lies outside the workspace because of its system headers.
fn module() -> &'static Path {
    static MODULE: OnceLock<PathBuf> = OnceLock::new();
    MODULE.get_or_init(|| {
        if let Some(path) = std::env::var_os("WARIFU_KRYOPTIC_MODULE") {
            return path.into();
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../kryoptic");
        let output = Command::new(env!("CARGO"))
            .args(["build", "--locked", "--manifest-path"])
            .arg(root.join("tests/kryoptic/Cargo.toml"))
            .arg("--target-dir")
            .arg(&target)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "kryoptic needs libssl-dev, libsqlite3-dev and libclang-dev: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        target.join("debug/libkryoptic_module.so")
    })
}

/// A fresh kryoptic token in a folder of its own.
struct Kryoptic {
    folder: SoftHsm,
}

impl Kryoptic {
    fn new() -> Self {
        let folder = SoftHsm::new();
        let conf = format!(
            "[[slots]]\nslot = 0\ndbtype = \"sqlite\"\ndbargs = \"{}\"\n",
            folder.path("token.sql").display()
        );
        fs::write(folder.path("kryoptic.toml"), conf).unwrap();
        let token = Self { folder };
        token.tool(&["--init-token", "--label", "warifu-test", "--so-pin", "so-pin-0815"]);
        token.tool(&[
            "--login",
            "--login-type",
            "so",
            "--so-pin",
            "so-pin-0815",
            "--init-pin",
            "--pin",
            PIN,
        ]);
        token
    }

    fn environment(&self) -> (String, String) {
        let conf = self.folder.path("kryoptic.toml");
        ("KRYOPTIC_CONF".to_owned(), conf.to_str().unwrap().to_owned())
    }

    fn tool(&self, arguments: &[&str]) {
        let output = Command::new("pkcs11-tool")
            .arg("--module")
            .arg(module())
            .args(arguments)
            .envs([self.environment()])
            .output()
            .expect("pkcs11-tool is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn config(&self) -> WorkerConfig {
        WorkerConfig { module: module().to_path_buf(), ..self.folder.config() }
    }

    fn start(&self) -> Worker {
        Worker::start(self.config(), Purpose::Init, &self.environment())
    }
}

#[test]
fn codes_of_every_hash_and_custody() {
    let token = Kryoptic::new();
    let mut worker = token.start();
    let provider = &worker.provider;
    assert_eq!(provider.profile, "kryoptic");
    assert!(provider.wrapped && provider.resident && provider.unwrap_cbc && provider.unwrap_kw);
    for hash in [Hash::Sha1, Hash::Sha256, Hash::Sha512] {
        for (length, resident) in [(16, false), (20, true), (32, false), (64, true)] {
            let seed: Vec<u8> = (1..=length).collect();
            let key = worker.seal(&format!("{length}"), hash, &seed, resident);
            let right = code(hash, &seed, 5, 8);
            assert_eq!(worker.verify(&key, &right, &[4, 5]), Ok(Some(1)), "{hash:?} {length}");
        }
    }
}

#[test]
fn encrypted_seeds_stay_inside() {
    let token = Kryoptic::new();
    assert_imports(&mut token.start(), Exposure::None);
}

const INSIDE: Expected = Expected { cbc: Exposure::None, gcm: Exposure::None, triple_des: None };

#[test]
fn every_cipher_stays_inside() {
    let token = Kryoptic::new();
    assert_ciphers(&mut token.start(), &INSIDE);
}

#[test]
fn key_pairs_stay_inside() {
    let token = Kryoptic::new();
    assert_pairs(&mut token.start(), &token.folder, &INSIDE);
}

#[test]
fn key_ceremonies() {
    let token = Kryoptic::new();
    assert_ceremony(&mut token.start());
}

#[test]
fn rotation() {
    let token = Kryoptic::new();
    let mut worker = token.start();
    let mut other = token.start();
    assert_rotation(&mut worker, &mut other);
}

#[test]
fn transport_keys() {
    let token = Kryoptic::new();
    assert_transport_keys(&mut token.start());
}

#[test]
fn camera_keys_stay_inside() {
    let token = Kryoptic::new();
    assert_camera_keys(&mut token.start(), Exposure::None);
}

#[test]
fn the_doctor_finds_nothing_wrong() {
    let token = Kryoptic::new();
    let (greeting, code) = refused(token.config(), Purpose::Inspect, &token.environment());
    let Greeting::Inspected(doctor) = greeting else { panic!("{greeting:?}") };
    assert_eq!(code, Some(0));
    let failed: Vec<_> =
        doctor.checks.iter().filter(|check| check.result == CheckResult::Fail).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_passes(&doctor, &CAMERA_CHECKS);
    let elsewhere = [
        ("3des-cbc-mac", ImportPlace::Impossible),
        ("pbkdf2", ImportPlace::Worker),
        ("ceremony", ImportPlace::Worker),
    ];
    assert_lines(&doctor, &elsewhere);
    for name in ["expand", "unwrap-cbc", "unwrap-kwp", "hmac-short-key", "unwrap-gcm"] {
        let check = doctor.checks.iter().find(|check| check.name == name).unwrap();
        assert_eq!(check.result, CheckResult::Pass, "{check:?}");
    }
}
