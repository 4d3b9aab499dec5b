//! Batches of virtual tokens and their way into a daemon. Not responsible for timing.

use std::io::Write;

use e2e::{Caller, World, binaries::Program, daemon::Daemon, import};
use serde_json::{Value, json};
use tempfile::TempDir;
use warifu_core::oath::HashAlgorithm;
use warifu_token::{AesSize, Batch, BatchSeed, MacKind, Protection, VirtualToken};
use zeroize::Zeroizing;

const KEY: [u8; 32] = [0x5A; 32];

/// A batch whose codes can be computed.
pub(crate) struct Seeds {
    batch: Batch,
    seed: BatchSeed,
}

impl Seeds {
    /// `count` tokens; TOTP of 30 s, or HOTP.
    pub(crate) fn new(first_serial: &str, count: u64, totp: bool) -> Self {
        let batch = Batch {
            count,
            first_serial: first_serial.to_owned(),
            manufacturer: "Bench".to_owned(),
            time_step_s: totp.then_some(30),
            hash: HashAlgorithm::Sha1,
            digits: 6,
        };
        Self { batch, seed: BatchSeed::from_bytes([7; 32]) }
    }

    /// Serial and token at an index.
    pub(crate) fn token(&self, index: usize) -> (String, VirtualToken) {
        let index = u64::try_from(index).expect("a 64-bit machine");
        let serial = self.batch.serial(index).expect("inside the batch");
        let token = self.batch.token(&self.seed, &serial).expect("of the batch");
        (serial, token)
    }

    /// Label of the transport key in the HSM.
    pub(crate) const KEY_LABEL: &'static str = "bench";

    /// The encrypted seed file: AES-256-CBC with HMAC-SHA-256.
    pub(crate) fn file(&self) -> Vec<u8> {
        let mut file = Vec::new();
        self.write(&mut file);
        file
    }

    /// The same, token by token.
    pub(crate) fn write(&self, out: &mut impl Write) {
        let protection = Protection::PreShared {
            name: "bench".to_owned(),
            key: Zeroizing::new(KEY.to_vec()),
            aes: AesSize::Aes256,
            mac: MacKind::Sha256,
        };
        self.batch.write(&self.seed, &protection, out).expect("what is written to takes all bytes");
    }

    /// Imports the batch; returns the finished job.
    pub(crate) async fn import(&self, officer: &Caller) -> Value {
        Self::send(officer, self.file()).await
    }

    /// Imports a file that was made before; returns the finished job.
    pub(crate) async fn send(officer: &Caller, file: Vec<u8>) -> Value {
        let order = json!({ "custody": "wrapped", "key_label": Self::KEY_LABEL });
        let job = import::file(officer, &order, file).await;
        assert_eq!(job["state"], "done", "{job:#}");
        job
    }
}

/// An installation for figures: its store lies on a real device, not in memory.
pub(crate) struct Bench {
    pub(crate) world: World,
    pub(crate) daemon: Daemon,
    /// Kept for as long as the store in it is used.
    pub(crate) device: TempDir,
}

impl Bench {
    /// With Warifu's keys, the transport key, an empty store and a running daemon.
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// The same with settings of its own.
    pub(crate) async fn with(change: impl FnOnce(&mut World)) -> Self {
        let device = tempfile::Builder::new()
            .prefix("warifu-bench-")
            .tempdir_in(e2e::binaries::profile_folder())
            .expect("the target folder is writable");
        let mut world = World::bare();
        let store = device.path().join("store");
        world.set("store.path", &format!("{:?}", store.display().to_string()));
        world.set("hsm.cache_capacity", "200000");
        world.set("hsm.cache_ttl_s", "86400");
        world.set("hsm.sessions", "2");
        world.set("server.max_connections", "1024");
        world.set("log.level", "\"warn,warifud::life=info\"");
        change(&mut world);
        world.make_keys();
        world.import_transport_key(Seeds::KEY_LABEL, &KEY);
        world.init();
        let daemon = world.start().await;
        eprintln!("{} serves", Program::Warifud.path().display());
        Self { world, daemon, device }
    }
}
