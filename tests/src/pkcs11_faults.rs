//! A program with the PKCS#11 module, a daemon, and cables between them.
//!
//! Not responsible for: what goes wrong with the cables and the daemon, nor what return value is right.

use std::time::Duration;

use serde_json::Value;

use crate::{
    Daemon, Identity, TestToken, World,
    cable::Cable,
    cli::Cli,
    import,
    pkcs11::{Host, Module, Slot},
    process::fail,
};

/// Serial of the token that every stage has.
pub const SERIAL: &str = "F-1";
/// Its mechanism.
pub const HOTP: &str = "CKM_HOTP";

/// The deadline of a slot whose calls are to be answered: machines that run tests are busy.
pub const PATIENT: Duration = Duration::from_secs(20);
/// The deadline of a slot whose calls are to run into it.
pub const HASTY: Duration = Duration::from_secs(4);

/// A daemon with one token, whose codes are always right ones.
pub struct Stage {
    /// The installation.
    pub world: World,
    /// A validator.
    pub identity: Identity,
    /// An event token with codes of eight digits, so that no guess is right.
    pub token: TestToken,
}

impl Stage {
    /// With everything as usual.
    pub async fn new() -> (Self, Daemon) {
        Self::in_world(World::new()).await
    }

    /// In an installation with something of its own.
    pub async fn in_world(world: World) -> (Self, Daemon) {
        Self::with(world, "wrapped").await
    }

    /// The same with the token's seed in another custody.
    pub async fn with(world: World, custody: &str) -> (Self, Daemon) {
        let daemon = world.start().await;
        let token = TestToken::hotp(SERIAL).digits(8);
        let officer = world.caller(&daemon, "officer");
        import::tokens(&officer, custody, std::slice::from_ref(&token)).await;
        let identity = world.identity("validator");
        (Self { world, identity, token }, daemon)
    }

    /// The module behind cables, the preferred one first.
    pub fn module(&self, daemon: &Daemon, cables: &[&Cable], deadline: Duration) -> Module {
        self.module_at(daemon, &Cable::servers(cables), deadline)
    }

    /// The module with any value of `servers`.
    pub fn module_at(&self, daemon: &Daemon, servers: &str, deadline: Duration) -> Module {
        self.module_of(daemon, &self.identity, servers, deadline)
    }

    /// The same for another caller.
    pub fn module_of(
        &self,
        daemon: &Daemon,
        identity: &Identity,
        servers: &str,
        deadline: Duration,
    ) -> Module {
        let mut slot = Slot::new(&self.world, daemon, identity);
        slot.set("servers", servers);
        slot.set("deadline_ms", &deadline.as_millis().to_string());
        Module::with_slots(&self.world, vec![slot])
    }

    /// The line that verifies the token's code of a counter.
    pub fn verify(&self, key: u64, counter: u64) -> String {
        format!("verify {HOTP} {key} {}", self.token.code(counter))
    }

    /// Outcomes of the token's verifications in the audit trail.
    pub fn judged(&self, daemon: &Daemon) -> Vec<String> {
        self.judged_of(daemon, SERIAL)
    }

    /// The same of another token.
    pub fn judged_of(&self, daemon: &Daemon, serial: &str) -> Vec<String> {
        let file = self.world.path("audit.jsonl");
        let auditor = Cli::new(&self.world, daemon, &self.world.identity("auditor"));
        let path = file.display().to_string();
        let _ = std::fs::remove_file(&file);
        let _ = auditor.run(&["audit", "export", &path]).expect_code(0);
        let text = std::fs::read_to_string(&file).expect("the export was written");
        let records = text.lines().map(|line| serde_json::from_str(line).expect("JSON"));
        records.filter_map(|record: Value| outcome(&record, serial)).collect()
    }
}

/// Gives a line, and insists on a return value and that the deadline was kept by the program's clock.
#[track_caller]
pub fn timely(host: &mut Host, line: &str, rv: &str, deadline: Duration) {
    host.begin(&format!("timed {line}"));
    hear_timely(host, rv, deadline);
}

/// Hears the answer to a line that began with `timed`. The slack is for a machine that has no time for
/// the program; a call that hangs takes longer.
#[track_caller]
pub fn hear_timely(host: &mut Host, rv: &str, deadline: Duration) {
    let said = host.hear();
    assert_eq!(said.rv, rv, "{said}");
    let took = said.value("took-ms").parse().map(Duration::from_millis);
    let took = took.unwrap_or_else(|e| fail(&format!("{said}: {e}")));
    assert!(took < deadline * 2 + Duration::from_secs(2), "{took:?} for {deadline:?}: {said}");
}

fn outcome(line: &Value, serial: &str) -> Option<String> {
    let event = &line["event"];
    let is_it = event["action"] == "verify" && event["serial"] == serial;
    is_it.then(|| event["outcome"].as_str().unwrap_or_default().to_owned())
}
