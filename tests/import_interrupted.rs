//! Imports that are cut off at random moments, a hundred times: `kill -9` of the daemon, of its HSM
//! worker, of the command line, and in the middle of the approval. A batch is whole or absent, and what
//! was cut off can be done again.
//!
//! Not responsible for: trouble that is told and waited for (`hsm_loss.rs`), the disk (`disk_full.rs`).
#![forbid(unsafe_code)]

use std::process::{Command, Stdio};

use bytes::Bytes;
use e2e::{
    Caller, Daemon, TestToken, World, binaries::Program, import, process, pskc, token::random, wait,
};
use http::Method;
use rustix::process::Signal;
use serde_json::{Value, json};

/// Tokens of one batch: more than two chunks of what is sealed and made durable at once.
const TOKENS: usize = 600;

/// Cuts per test; four tests make a hundred on the first provider.
fn cuts() -> usize {
    let is_second = std::env::var("WARIFU_E2E_PROVIDER").is_ok_and(|name| name != "softhsm");
    if is_second { 4 } else { 25 }
}

/// An installation with four eyes, and everybody who is needed.
struct Bank {
    world: World,
    daemon: Daemon,
    officer: Caller,
    other: Caller,
    operator: Caller,
}

impl Bank {
    async fn open() -> Self {
        let mut world = World::new();
        world.set("approval.enforce", "true");
        let daemon = world.start().await;
        Self::of(world, daemon)
    }

    fn of(world: World, daemon: Daemon) -> Self {
        let bank = e2e::world::BANK;
        let officer = world.named(&daemon, bank, "officer", "sato");
        let other = world.named(&daemon, bank, "officer", "suzuki");
        let operator = world.caller(&daemon, "operator");
        Self { world, daemon, officer, other, operator }
    }

    async fn kill(self) -> Self {
        let Self { world, daemon, .. } = self;
        daemon.kill();
        let daemon = world.start().await;
        Self::of(world, daemon)
    }

    async fn job(&self, batch: &str) -> Option<Value> {
        let reply = self.officer.get(&format!("/v1/imports/{batch}")).await;
        (reply.status == 200).then(|| reply.json())
    }

    /// Of a few tokens of the batch, the first and the last among them: how many exist.
    async fn seen(&self, round: usize) -> usize {
        let mut seen = 0;
        for n in probes() {
            let path = format!("/v1/tokens/{}", serial(round, n));
            seen += usize::from(self.operator.get(&path).await.status == 200);
        }
        seen
    }

    /// After a cut: nothing is in service; the batch is staged whole, or gone. Then it is brought to its
    /// end, by approval or by another import.
    async fn is_whole_or_absent(&self, round: usize, file: &[u8]) {
        let batch = batch(round);
        assert_eq!(self.seen(round).await, 0, "nothing is in service before its approval");
        let staged = match self.job(&batch).await {
            Some(job) if job["state"] == "staged" => Some(job),
            _ => None,
        };
        let staged = match staged {
            Some(job) => job,
            None => self.import_again(&batch, file).await,
        };
        assert_eq!(staged["accepted"], TOKENS, "{staged:#}");
        self.approve(&batch, &staged).await;
        assert_eq!(self.seen(round).await, probes().count(), "all are in service");
    }

    /// What was cut off is removed in the background; until then the name or a serial is taken.
    async fn import_again(&self, batch: &str, file: &[u8]) -> Value {
        let order = json!({ "batch": batch });
        wait::until("the batch can be imported again", || async {
            let reply = self.officer.post("/v1/imports", &order).await;
            if reply.status != 201 {
                return None;
            }
            let _ = import::send(&self.officer, batch, file.to_vec()).await.expect_status(202);
            let job = import::finished(&self.officer, batch).await;
            (job["state"] == "staged").then_some(job)
        })
        .await
    }

    async fn approve(&self, batch: &str, staged: &Value) {
        let order = json!({ "fingerprint": staged["fingerprint"] });
        let path = format!("/v1/imports/{batch}/approval");
        let job = self.other.post(&path, &order).await.expect_status(200).json();
        assert_eq!(job["state"], "done", "{job:#}");
    }

    /// Opens a job and sends its file; the job goes on by itself.
    async fn begin(&self, round: usize, file: &[u8]) {
        let order = json!({ "batch": batch(round) });
        let _ = import::open(&self.officer, &order).await.expect_status(201);
        let _ = import::send(&self.officer, &batch(round), file.to_vec()).await.expect_status(202);
    }

    /// Returns at a random moment of the job.
    async fn random_moment(&self, round: usize) {
        let (phase, count) = (usize::from(random(1)[0]) % 3, any_below(TOKENS));
        wait::until("the moment of the cut", || async {
            let job = self.job(&batch(round)).await?;
            let (state, done) = (job["state"].as_str()?, job["processed"].as_u64()?);
            let at = match state {
                "awaiting_content" | "receiving" | "checking" => 0,
                "sealing" => 1,
                _ => 3,
            };
            let is_there = usize::try_from(done).unwrap_or(0) >= count;
            (at > phase || (at == phase && is_there)).then_some(())
        })
        .await;
    }
}

fn any_below(limit: usize) -> usize {
    let bytes = random(2);
    usize::from(u16::from_be_bytes([bytes[0], bytes[1]])) % limit
}

fn batch(round: usize) -> String {
    format!("cut-{round}")
}

fn serial(round: usize, n: usize) -> String {
    format!("R{round:03}-{n:05}")
}

fn probes() -> impl Iterator<Item = usize> + Clone {
    [0, 1, 255, 256, 300, 511, 512, TOKENS - 1].into_iter()
}

fn file(round: usize) -> Vec<u8> {
    let tokens: Vec<_> = (0..TOKENS).map(|n| TestToken::totp(&serial(round, n))).collect();
    pskc::plain(&tokens)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_is_killed_while_it_imports() {
    let mut bank = Bank::open().await;
    for round in 0..cuts() {
        let file = file(round);
        bank.begin(round, &file).await;
        bank.random_moment(round).await;
        bank = bank.kill().await;
        bank.is_whole_or_absent(round, &file).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_is_killed_while_it_seals() {
    let bank = Bank::open().await;
    for round in 0..cuts() {
        let file = file(round);
        bank.begin(round, &file).await;
        bank.random_moment(round).await;
        for worker in bank.daemon.workers() {
            process::signal(worker, Signal::KILL);
        }
        let job = import::finished(&bank.officer, &batch(round)).await;
        assert!(["staged", "failed"].contains(&job["state"].as_str().unwrap()), "{job:#}");
        bank.daemon.ready(&bank.other).await;
        bank.is_whole_or_absent(round, &file).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_is_killed_while_it_sends_and_waits() {
    let bank = Bank::open().await;
    let officer = bank.world.pki.client(&e2e::pki::Wish::role(e2e::world::BANK, "officer", "sato"));
    for round in 0..cuts() {
        let content = file(round);
        let path = bank.world.path(&format!("{round}.xml"));
        let path = process::write_private(&path, &content);
        let mut command = Command::new(Program::Warifu.path());
        command.args(e2e::cli::Cli::new(&bank.world, &bank.daemon, &officer).words());
        command.arg("import").arg(&path).args(["--batch", &batch(round)]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        if any_below(3) > 0 {
            bank.random_moment(round).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        bank.ends_without_its_officer(round).await;
        bank.is_whole_or_absent(round, &content).await;
    }
}

impl Bank {
    /// A job whose file did not arrive waits for it, and is cancelled; any other goes on.
    async fn ends_without_its_officer(&self, round: usize) {
        let batch = batch(round);
        wait::until("the job ends or waits for its file", || async {
            let Some(job) = self.job(&batch).await else { return Some(()) };
            let state = job["state"].as_str().unwrap_or_default();
            if state == "awaiting_content" {
                let path = format!("/v1/imports/{batch}");
                let _ = self.officer.request(Method::DELETE, &path, &[], Bytes::new()).await;
            }
            import::FINAL.contains(&state).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_is_killed_while_a_batch_is_approved() {
    let mut bank = Bank::open().await;
    for round in 0..cuts() {
        let file = file(round);
        bank.begin(round, &file).await;
        let staged = import::finished(&bank.officer, &batch(round)).await;
        assert_eq!(staged["state"], "staged", "{staged:#}");
        let order = json!({ "fingerprint": staged["fingerprint"] }).to_string();
        let path = format!("/v1/imports/{}/approval", batch(round));
        let headers = [("content-type", "application/json")];
        let asked = bank.other.try_request(Method::POST, &path, &headers, Bytes::from(order));
        // The answer may be on its way, or may never have been asked for.
        let told = tokio::select! {
            told = asked => told.is_ok_and(|reply| reply.status == 200),
            () = bank.some_polls() => false,
        };
        bank = bank.kill().await;
        let job = bank.job(&batch(round)).await.expect("a staged batch is never lost");
        let in_service = job["state"] == "done";
        assert!(in_service || job["state"] == "staged", "{job:#}");
        assert!(in_service || !told, "what was told is durable: {job:#}");
        let expected = if in_service { probes().count() } else { 0 };
        assert_eq!(bank.seen(round).await, expected, "{job:#}");
        if !in_service {
            bank.approve(&batch(round), &job).await;
        }
    }
}

impl Bank {
    /// A random number of questions long.
    async fn some_polls(&self) {
        for _ in 0..any_below(6) {
            let _ = self.officer.get("/health").await;
        }
    }
}
