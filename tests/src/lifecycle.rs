//! A bank with its customers on a clock that the test sets: contracts, users, tokens, and every
//! operation of their life cycle over mutual TLS, as the bank's front end and its staff call it.
//!
//! Not responsible for: what answer is right, or for the words of a profile (`daemon/profiles`).

mod actor;
mod answers;
mod camera;
mod operations;
mod steps;

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

pub use self::{
    actor::Actor,
    answers::{
        assert_decision, assert_outcome, assert_row, assert_shown, decision, outcome, row, shown,
        texts,
    },
    camera::{logged_in, session},
    steps::Steps,
};
use crate::{
    Caller, Daemon, Reply, TestClock, TestToken, World,
    caller::JSON,
    clock::at,
    import,
    pki::{Identity, Wish},
    process::fail,
    world::BANK,
};

/// When the clock of every bank stands at first: a Thursday.
pub const START: &str = "2026-10-01T10:00:00+09:00";

/// When tokens expire where a test says nothing: far away.
pub const EXPIRY: &str = "2031-09-30T08:00:00+09:00";

/// One bank.
pub struct Bank {
    /// Its installation.
    pub world: World,
    /// Its time.
    pub clock: TestClock,
    /// Its daemon; another one after [`Bank::kill_and_restart`].
    pub daemon: Daemon,
    /// The front end (role validator).
    pub fe: Caller,
    /// The bank's own staff (role operator).
    pub staff: Caller,
    /// Who imports tokens.
    pub officer: Caller,
    /// Who reads only.
    pub auditor: Caller,
    identities: [Identity; 4],
}

const ROLES: [&str; 4] = ["validator", "operator", "officer", "auditor"];

impl Bank {
    /// With a profile, a built-in name or a path, at [`START`].
    pub async fn open(profile: &str) -> Self {
        Self::open_with(profile, |_| ()).await
    }

    /// The same with something changed before it starts.
    pub async fn open_with(profile: &str, change: impl FnOnce(&mut World)) -> Self {
        let mut world = World::bare();
        let clock = world.use_clock(at(START));
        world.profile(profile);
        change(&mut world);
        world.make_keys();
        world.init();
        let daemon = world.start().await;
        let identities =
            ROLES.map(|role| world.pki.client(&Wish::role(BANK, role, &format!("{role}-1"))));
        let [fe, staff, officer, auditor] =
            identities.each_ref().map(|one| world.caller_as(&daemon, one));
        Self { world, clock, daemon, fe, staff, officer, auditor, identities }
    }

    /// A bank that says, or does not say, which serials exist; else by a built-in profile.
    pub async fn open_hiding(profile: &str, hide: bool) -> Self {
        Self::open_with(profile, |world| {
            let file = world.path("told.toml");
            let text = format!(
                "base = \"{profile}\"\ntitle_en = \"x\"\ntitle_ja = \"x\"\nhide_which = {hide}\n"
            );
            std::fs::write(&file, text).expect("a file in the test's folder");
            world.profile(&file.display().to_string());
        })
        .await
    }

    /// `kill -9`, then the same store under a new process.
    pub async fn kill_and_restart(self) -> Self {
        self.kill_and(|_| ()).await
    }

    /// `kill -9`, then something that is done to the installation, then a new process.
    pub async fn kill_and(self, meanwhile: impl FnOnce(&mut World)) -> Self {
        let Self { mut world, clock, daemon, identities, .. } = self;
        daemon.kill();
        meanwhile(&mut world);
        let daemon = world.start().await;
        let [fe, staff, officer, auditor] =
            identities.each_ref().map(|one| world.caller_as(&daemon, one));
        Self { world, clock, daemon, fe, staff, officer, auditor, identities }
    }

    /// One more front end, with a connection of its own.
    pub fn another_fe(&self) -> Caller {
        self.fe.again()
    }

    /// Who sends a request in which `actor` acts: staff speak for themselves, users through the
    /// front end.
    pub fn sender(&self, actor: &Actor) -> &Caller {
        if actor.is_staff() { &self.staff } else { &self.fe }
    }

    /// Moves the clock to a time such as `2026-10-02T02:59:00+09:00`.
    pub fn set(&self, time: &str) {
        self.clock.set(at(time));
    }

    /// Moves the clock forward.
    pub fn advance_minutes(&self, minutes: u64) {
        self.clock.advance(std::time::Duration::from_secs(minutes * 60));
    }

    /// Imports tokens of a kind (`hard`, `soft`, `camera`) that expire at [`EXPIRY`]: 60 seconds, six
    /// digits, as the manuals describe them.
    pub async fn stock(&self, kind: &str, serials: &[&str]) -> Vec<TestToken> {
        self.stock_until(kind, serials, at(EXPIRY)).await
    }

    /// One token of [`Bank::stock`].
    pub async fn stock_one(&self, kind: &str, serial: &str) -> TestToken {
        let mut tokens = self.stock(kind, &[serial]).await;
        tokens.pop().expect("one serial is one token")
    }

    /// The same with an expiry of their own.
    pub async fn stock_until(
        &self,
        kind: &str,
        serials: &[&str],
        expiry: Timestamp,
    ) -> Vec<TestToken> {
        let policy = format!("<ExpiryDate>{expiry}</ExpiryDate>");
        let token = |serial: &&str| TestToken::totp(serial).step(60).policy(&policy);
        let tokens: Vec<_> = serials.iter().map(token).collect();
        import::of_kind(&self.officer, kind, &tokens).await;
        tokens
    }

    /// The code that a token shows now.
    pub fn code(&self, token: &TestToken) -> String {
        token.code_at(self.clock.now())
    }

    /// The next minute's code: the clock moves on first, so that it was never used.
    pub fn fresh(&self, token: &TestToken) -> String {
        self.advance_minutes(1);
        self.code(token)
    }

    /// A code that the token shows nowhere near.
    pub fn wrong(&self, token: &TestToken) -> String {
        token.wrong_at(self.clock.now(), 0)
    }

    /// Makes a contract. `mode` is a usage mode, or `""` for the profile's own.
    pub async fn contract(&self, contract: &str, service_start: &str, mode: &str) -> Value {
        let mut body = json!({ "service_start": service_start });
        if !mode.is_empty() {
            body["usage_mode"] = json!(mode);
        }
        self.put(&self.staff, &format!("/v1/contracts/{contract}"), &body).await
    }

    /// Makes a user, or changes their role.
    pub async fn user(&self, contract: &str, user: &str, role: &str) -> Value {
        let path = format!("/v1/contracts/{contract}/users/{user}");
        self.put(&self.fe, &path, &json!({ "role": role })).await
    }

    /// Issues a token to a user and registers it for them, as whoever the profile lets do it.
    pub async fn in_service(&self, contract: &str, user: &str, by: &Actor, token: &TestToken) {
        let issued = self.issue(&token.serial, contract, Some(user), &Actor::paper()).await;
        assert_outcome(&issued, "done");
        let answer = self.register(contract, user, by, token, &self.fresh(token)).await;
        assert_outcome(&answer, "done");
    }

    /// Wrong codes of a user until their token is locked; how many it took.
    pub async fn lock(&self, contract: &str, user: &str, token: &TestToken) -> u64 {
        for n in 1..=20 {
            let wrong = token.wrong_at(self.clock.now(), n);
            let answer = self.verify_user(contract, user, &wrong).await;
            assert_eq!(answer["outcome"], "rejected", "{answer:#}");
            let row = self.show_user(contract, user).await;
            if row["authentication"] == "stopped" {
                return n;
            }
        }
        fail("20 wrong codes lock nothing")
    }

    /// `POST` that must be answered with 200.
    pub async fn post(&self, caller: &Caller, path: &str, body: &Value) -> Value {
        self.send(caller, Method::POST, path, body).await.expect_status(200).json()
    }

    /// `PUT` that must be answered with 200.
    pub async fn put(&self, caller: &Caller, path: &str, body: &Value) -> Value {
        self.send(caller, Method::PUT, path, body).await.expect_status(200).json()
    }

    /// `DELETE` that must be answered with 200.
    pub async fn delete(&self, caller: &Caller, path: &str) -> Value {
        let reply = caller.request(Method::DELETE, path, &[], bytes::Bytes::new()).await;
        reply.expect_status(200).json()
    }

    /// Any request with a body, whatever is answered.
    pub async fn send(&self, caller: &Caller, method: Method, path: &str, body: &Value) -> Reply {
        caller.request(method, path, JSON, body.to_string().into()).await
    }
}
