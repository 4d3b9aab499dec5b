//! A contract of its own for each constellation: an actor, a user with a token, a user without.
//!
//! Not responsible for: what is tried on it.

use std::sync::atomic::{AtomicU64, Ordering};

use e2e::{
    Reply, TestToken,
    lifecycle::{Actor, Bank, assert_outcome},
};
use http::Method;
use serde_json::json;

use super::expected::{Code, Holds, Role, sharing};

/// Tokens in stock, imported by the hundred.
#[derive(Default)]
pub(crate) struct Pool(Vec<TestToken>);

/// See the module.
pub(crate) struct Stage {
    pub(crate) contract: String,
    /// The subject of what needs a token: `S`, or the actor `A`.
    pub(crate) holder: &'static str,
    /// The subject of what needs none: `N`, or the actor `A`.
    pub(crate) newcomer: &'static str,
    pub(crate) other_mode: &'static str,
    actors: Option<TestToken>,
    locked: bool,
    /// To be registered.
    next: TestToken,
}

static SERIALS: AtomicU64 = AtomicU64::new(0);

impl Pool {
    async fn take(&mut self, bank: &Bank) -> TestToken {
        if self.0.is_empty() {
            let from = SERIALS.fetch_add(200, Ordering::Relaxed);
            let serials: Vec<_> = (from..from + 200).map(|n| format!("{n:010}")).collect();
            let serials: Vec<_> = serials.iter().map(String::as_str).collect();
            self.0 = bank.stock("hard", &serials).await;
        }
        self.0.pop().expect("some were imported")
    }
}

impl Stage {
    pub(crate) async fn build(
        bank: &Bank,
        pool: &mut Pool,
        profile: &str,
        who: (Role, Option<Role>, Holds),
    ) -> Self {
        let (actor, subject, holds) = who;
        let next = pool.take(bank).await;
        let contract = format!("C-{}", next.serial);
        let common = holds == Holds::Same && sharing(profile) == Some("common");
        let mode = if common { "common" } else { "" };
        bank.contract(&contract, "2026-10-01T00:00:00+09:00", mode).await;
        assert_outcome(&bank.issue(&next.serial, &contract, None, &Actor::paper()).await, "done");
        bank.user(&contract, "A", actor.word()).await;
        let mut stage = Self {
            contract,
            holder: if subject.is_some() { "S" } else { "A" },
            newcomer: if subject.is_some() { "N" } else { "A" },
            other_mode: if common { "individual" } else { "common" },
            actors: None,
            locked: holds == Holds::Locked,
            next,
        };
        match holds {
            Holds::Nothing => {}
            Holds::Same => stage.actors = Some(stage.in_service(bank, "A", None).await),
            Holds::Live | Holds::Locked => {
                let own = pool.take(bank).await;
                stage.actors = Some(stage.in_service(bank, "A", Some(own)).await);
            }
        }
        if let Some(role) = subject {
            stage.add_subjects(bank, pool, role, profile, holds).await;
        }
        if let (Holds::Locked, Some(token)) = (holds, &stage.actors) {
            bank.lock(&stage.contract, "A", token).await;
        }
        stage
    }

    async fn add_subjects(
        &self,
        bank: &Bank,
        pool: &mut Pool,
        role: Role,
        profile: &str,
        holds: Holds,
    ) {
        for user in ["S", "N"] {
            bank.user(&self.contract, user, role.word()).await;
        }
        match (holds, sharing(profile)) {
            (Holds::Same, Some("common")) => {}
            (Holds::Same, Some(_)) => {
                let _ = self.in_service(bank, "S", None).await;
            }
            _ => {
                let own = pool.take(bank).await;
                let _ = self.in_service(bank, "S", Some(own)).await;
            }
        }
    }

    /// Staff register a token for a user: `None` is the one that waits in the contract.
    async fn in_service(&self, bank: &Bank, user: &str, token: Option<TestToken>) -> TestToken {
        let fresh = token.is_some();
        let token = token.unwrap_or_else(|| self.next.clone());
        if fresh {
            let to = Some(user);
            let issued = bank.issue(&token.serial, &self.contract, to, &Actor::paper()).await;
            assert_outcome(&issued, "done");
        }
        let code = bank.fresh(&token);
        let reply = self.send(bank, user, &Actor::paper(), &token, Some(&code)).await;
        assert_outcome(&reply.expect_status(200).json(), "done");
        token
    }

    /// Registers the waiting token for the newcomer.
    pub(crate) async fn register(&self, bank: &Bank, by: &Actor, code: Option<&str>) -> Reply {
        self.send(bank, self.newcomer, by, &self.next, code).await
    }

    async fn send(
        &self,
        bank: &Bank,
        user: &str,
        by: &Actor,
        token: &TestToken,
        code: Option<&str>,
    ) -> Reply {
        let mut body = json!({ "serial": token.serial, "serial_again": token.serial });
        if let Some(code) = code {
            body["code"] = json!(code);
        }
        let path = format!("/v1/contracts/{}/users/{user}/registrations", self.contract);
        bank.send(bank.sender(by), Method::POST, &path, &by.into_body(body)).await
    }

    /// A code of the actor's own token; of an actor without one, any.
    pub(crate) async fn actors_code(&self, bank: &Bank, code: Code) -> Option<String> {
        let Some(token) = &self.actors else {
            return (code != Code::Absent).then(|| "123456".to_owned());
        };
        match code {
            Code::Absent => None,
            Code::Wrong => Some(bank.wrong(token)),
            Code::Reused if !self.locked => {
                let code = bank.fresh(token);
                assert_outcome(&bank.verify_user(&self.contract, "A", &code).await, "accepted");
                Some(code)
            }
            Code::Right | Code::Reused => Some(bank.fresh(token)),
        }
    }

    /// A code of the token that waits. One that is used has been shown beside a wrong password, where
    /// anybody looked at it.
    pub(crate) async fn registration_code(&self, bank: &Bank, code: Code) -> Option<String> {
        match code {
            Code::Absent => None,
            Code::Wrong => Some(bank.wrong(&self.next)),
            Code::Right => Some(bank.fresh(&self.next)),
            Code::Reused => {
                let code = bank.fresh(&self.next);
                let _ = self.register(bank, &Actor::user("A").wrong(), Some(&code)).await;
                Some(code)
            }
        }
    }
}
