//! One installation for one test: folder, HSM token with its keys, PKI, configuration, programs.
//!
//! Not responsible for: requests and what they answer.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use jiff::Timestamp;
use tempfile::TempDir;

use crate::{
    binaries::Program,
    caller::Caller,
    clock::TestClock,
    daemon::{Daemon, Ended},
    hsm::HsmSandbox,
    pki::{Identity, Pki, Wish},
    process::{fast_folder, run, write_private},
};

/// The institution that most tests use.
pub const BANK: &str = "bank-a";
/// The other one.
pub const OTHER_BANK: &str = "bank-b";

/// An installation.
pub struct World {
    /// Its HSM.
    pub hsm: HsmSandbox,
    /// Its certificates.
    pub pki: Pki,
    /// `section.key` to TOML value. Sections as in the configuration file.
    settings: BTreeMap<String, BTreeMap<String, String>>,
    /// `[institution.verification]` of both banks.
    policy: BTreeMap<String, u32>,
    /// `profile` of both banks.
    profile: String,
    /// `[[institution.person]]` of [`BANK`]: names and the certificates that are theirs.
    people: BTreeMap<String, Vec<String>>,
    /// Variables for `warifud`.
    environment: Vec<(String, String)>,
    /// The daemon.
    program: Program,
    folder: TempDir,
}

impl World {
    /// On the chosen provider, with Warifu's keys made and an empty store created.
    pub fn new() -> Self {
        let world = Self::bare();
        world.make_keys();
        world.init();
        world
    }

    /// The same on a clock that stands at `start` until it is set: store and daemon know no other.
    pub fn with_clock(start: Timestamp) -> (Self, TestClock) {
        let mut world = Self::bare();
        let clock = world.use_clock(start);
        world.make_keys();
        world.init();
        (world, clock)
    }

    /// On the chosen provider, with a token but nothing made. `WARIFU_E2E_PROVIDER` chooses:
    /// `softhsm` (the default) or `kryoptic`; every test that does not name a provider runs on it.
    pub fn bare() -> Self {
        match std::env::var("WARIFU_E2E_PROVIDER").as_deref() {
            Err(_) | Ok("softhsm") => Self::on(HsmSandbox::softhsm),
            Ok("kryoptic") => Self::on(HsmSandbox::kryoptic),
            Ok(other) => crate::process::fail(&format!("WARIFU_E2E_PROVIDER is {other:?}")),
        }
    }

    /// On a token made by `provider`, with nothing made in it.
    pub fn on(provider: impl FnOnce(&Path) -> HsmSandbox) -> Self {
        let folder = fast_folder();
        let hsm = provider(folder.path());
        Self::assemble(folder, hsm)
    }

    fn assemble(folder: TempDir, hsm: HsmSandbox) -> Self {
        let pki = Pki::new(&folder.path().join("pki"));
        let mut world = Self {
            hsm,
            pki,
            settings: BTreeMap::new(),
            policy: BTreeMap::new(),
            profile: "standalone".to_owned(),
            people: BTreeMap::new(),
            environment: Vec::new(),
            program: Program::Warifud,
            folder,
        };
        world.defaults();
        world
    }

    fn defaults(&mut self) {
        let (certificate, key) = self.pki.server();
        self.set("server.listen", "\"127.0.0.1:0\"");
        self.set("server.certificate", &quoted(&certificate));
        self.set("server.key", &quoted(&key));
        self.set("server.client_ca", &quoted(&self.pki.ca()));
        self.set("server.crl", &format!("[{}]", quoted(&self.pki.crl())));
        self.set("server.house", &format!("{BANK:?}"));
        self.set("server.rate_per_caller", "{ per_second = 1000000, burst = 1000000 }");
        self.set("metrics.listen", "\"127.0.0.1:0\"");
        self.set("metrics.plain", "true");
        self.set("store.path", &quoted(&self.path("store")));
        self.set("store.min_free_mb", "1");
        self.set("clock.require_synchronised", "false");
        // Tests of four eyes say so; the others import as one person.
        self.set("approval.enforce", "false");
        self.use_hsm();
    }

    /// Writes the present [`Self::hsm`] into the settings.
    pub fn use_hsm(&mut self) {
        self.set("hsm.module", &quoted(&self.hsm.module));
        self.set("hsm.token_label", &format!("{:?}", self.hsm.label));
        self.set("hsm.pin_file", &quoted(&self.hsm.pin_file));
        self.set("hsm.worker", &quoted(&Program::Worker.path()));
        if let Some(argument) = self.hsm.argument.clone() {
            self.set("hsm.module_argument", &format!("{argument:?}"));
        }
        let pairs = self.hsm.environment.iter().map(|(k, v)| format!("{k} = {v:?}"));
        let table = pairs.collect::<Vec<_>>().join(", ");
        self.set("hsm.environment", &format!("{{ {table} }}"));
    }

    /// Sets `section.key` to a TOML value.
    pub fn set(&mut self, key: &str, value: &str) -> &mut Self {
        let (section, key) = key.split_once('.').expect("section.key");
        let section = self.settings.entry(section.to_owned()).or_default();
        section.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Sets a number of the verification policy of both banks.
    pub fn policy(&mut self, key: &str, value: u32) -> &mut Self {
        self.policy.insert(key.to_owned(), value);
        self
    }

    /// Sets the profile of both banks: a built-in name or a path. "standalone" where nothing is said:
    /// codes are checked by serial right after an import.
    pub fn profile(&mut self, name_or_path: &str) -> &mut Self {
        name_or_path.clone_into(&mut self.profile);
        self
    }

    /// Says which certificates of [`BANK`] are one person's.
    pub fn person(&mut self, name: &str, certificates: &[&str]) -> &mut Self {
        let certificates = certificates.iter().map(|one| (*one).to_owned()).collect();
        self.people.insert(name.to_owned(), certificates);
        self
    }

    /// Gives `warifud` a variable.
    pub fn environment(&mut self, name: &str, value: &str) -> &mut Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// From now on `warifud` is the one for tests, on a clock that stands at `start` until it is set.
    /// Certificates of [`Pki`] are good on it from 2020 to 2099, and judged by it; [`Caller`] stays on
    /// the real clock.
    pub fn use_clock(&mut self, start: Timestamp) -> TestClock {
        let clock = TestClock::new(self.path("clock"), start);
        self.environment("WARIFUD_TEST_CLOCK", &clock.file().display().to_string());
        self.program = Program::WarifudTestClock;
        clock
    }

    /// A path in the installation's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Folder of the store.
    pub fn store(&self) -> PathBuf {
        self.path("store")
    }

    /// Folder of the store as the settings have it now.
    pub fn store_setting(&self) -> PathBuf {
        let path = self.settings.get("store").and_then(|section| section.get("path"));
        PathBuf::from(path.expect("every installation has a store").trim_matches('"'))
    }

    /// Writes the configuration file.
    pub fn config(&self) -> PathBuf {
        let mut text = String::new();
        for (section, keys) in &self.settings {
            writeln!(text, "[{section}]").expect("a String takes any text");
            for (key, value) in keys {
                writeln!(text, "{key} = {value}").expect("a String takes any text");
            }
        }
        for bank in [BANK, OTHER_BANK] {
            let profile = &self.profile;
            writeln!(text, "[[institution]]\nname = \"{bank}\"\nprofile = {profile:?}")
                .and_then(|()| writeln!(text, "[institution.verification]"))
                .expect("a String takes any text");
            for (key, value) in &self.policy {
                writeln!(text, "{key} = {value}").expect("a String takes any text");
            }
            for (name, certificates) in self.people.iter().filter(|_| bank == BANK) {
                writeln!(text, "[[institution.person]]\nname = {name:?}")
                    .and_then(|()| writeln!(text, "certificates = {certificates:?}"))
                    .expect("a String takes any text");
            }
        }
        write_private(&self.path("warifud.toml"), text.as_bytes())
    }

    /// `warifud VERB` with the configuration, ready to be run.
    pub fn warifud(&self, verb: &str) -> Command {
        let mut command = Command::new(self.program.path());
        command.arg("--config").arg(self.config()).arg(verb);
        command.envs(self.environment.clone());
        command
    }

    /// Runs `warifud VERB` to its end, whatever comes of it.
    pub fn try_warifud(&self, verb: &str, arguments: &[&str]) -> Output {
        self.warifud(verb).args(arguments).output().expect("warifud can be started")
    }

    /// `warifu hsm init`.
    pub fn make_keys(&self) {
        run(&mut self.warifu_hsm(&["init"]));
    }

    /// Brings a manufacturer's transport key into the HSM.
    pub fn import_transport_key(&self, label: &str, key: &[u8]) {
        let file = write_private(&self.path(label), hex::encode(key).as_bytes());
        let file = file.display().to_string();
        run(&mut self.warifu_hsm(&["key", "import", label, "--file", &file]));
    }

    /// `warifu hsm ...` with the configuration.
    pub fn warifu_hsm(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(Program::Warifu.path());
        command.arg("hsm").args(arguments).arg("--config").arg(self.config());
        command.envs(self.hsm.environment.clone());
        command
    }

    /// `warifud init`.
    pub fn init(&self) {
        run(&mut self.warifud("init"));
    }

    /// Starts the daemon; it may refuse.
    pub fn try_spawn(&self) -> Result<Daemon, Ended> {
        Daemon::spawn(&mut self.warifud("run"))
    }

    /// Starts the daemon and waits until it listens.
    pub fn spawn(&self) -> Daemon {
        self.try_spawn().unwrap_or_else(|e| {
            crate::process::fail(&format!("warifud ended with {}:\n{}", e.status, e.log))
        })
    }

    /// Starts the daemon and waits until it is ready.
    pub async fn start(&self) -> Daemon {
        let daemon = self.spawn();
        daemon.ready(&self.caller(&daemon, "auditor")).await;
        daemon
    }

    /// A certificate of a role at [`BANK`].
    pub fn identity(&self, role: &str) -> Identity {
        self.pki.client(&Wish::role(BANK, role, &format!("{role}-1")))
    }

    /// A caller with a role at [`BANK`].
    pub fn caller(&self, daemon: &Daemon, role: &str) -> Caller {
        self.caller_as(daemon, &self.identity(role))
    }

    /// A caller of an institution with a role and a name.
    pub fn named(&self, daemon: &Daemon, institution: &str, role: &str, name: &str) -> Caller {
        self.caller_as(daemon, &self.pki.client(&Wish::role(institution, role, name)))
    }

    /// A caller with a certificate.
    pub fn caller_as(&self, daemon: &Daemon, identity: &Identity) -> Caller {
        Caller::new(daemon.api(), &self.pki.ca(), Some(identity))
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

fn quoted(path: &Path) -> String {
    format!("{:?}", path.display().to_string())
}
