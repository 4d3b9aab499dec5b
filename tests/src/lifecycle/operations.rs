//! The operations of the life cycle, one method each, answered as JSON.
//!
//! Not responsible for: answers other than 200; a test of those sends its own request
//! ([`Bank::send`]).

use serde_json::{Value, json};

use super::{Actor, Bank};
use crate::{Caller, TestToken};

impl Bank {
    /// トークン発行: the bank hands a token to a contract, or to one user of it.
    pub async fn issue(
        &self,
        serial: &str,
        contract: &str,
        user: Option<&str>,
        by: &Actor,
    ) -> Value {
        let mut body = json!({ "contract": contract });
        if let Some(user) = user {
            body["user"] = json!(user);
        }
        self.post(&self.staff, &format!("/v1/tokens/{serial}/issue"), &by.into_body(body)).await
    }

    /// Takes an issued token back.
    pub async fn recall(&self, serial: &str, by: &Actor) -> Value {
        let path = format!("/v1/tokens/{serial}/recall");
        self.post(&self.staff, &path, &by.into_body(json!({}))).await
    }

    /// 紛失.
    pub async fn lost(&self, serial: &str, by: &Actor) -> Value {
        let path = format!("/v1/tokens/{serial}/lost");
        self.post(&self.staff, &path, &by.into_body(json!({}))).await
    }

    /// Why did this code fail?
    pub async fn history(&self, serial: &str) -> Value {
        self.get(&self.staff, &format!("/v1/tokens/{serial}/history")).await
    }

    /// 発行: a user orders a token of a kind.
    pub async fn order(&self, contract: &str, user: &str, by: &Actor, kind: &str) -> Value {
        self.act(contract, user, "issue-requests", by, json!({ "kind": kind })).await
    }

    /// 利用開始登録: serial and one code.
    pub async fn register(
        &self,
        contract: &str,
        user: &str,
        by: &Actor,
        token: &TestToken,
        code: &str,
    ) -> Value {
        let body = json!({ "serial": token.serial, "code": code });
        self.act(contract, user, "registrations", by, body).await
    }

    /// 登録の省略 by the user.
    pub async fn skip(&self, contract: &str, user: &str) -> Value {
        self.act(contract, user, "skips", &Actor::user(user), json!({})).await
    }

    /// 利用解除.
    pub async fn deactivate(&self, contract: &str, user: &str, by: &Actor) -> Value {
        self.act(contract, user, "deactivations", by, json!({})).await
    }

    /// What an operation needs. `operation` has `class` and, where they matter, `stage`,
    /// `payee_preregistered`, `attributes`, `logged_in_at`.
    pub async fn authorize(&self, contract: &str, user: &str, operation: Value) -> Value {
        self.act(contract, user, "authorizations", &Actor::user(user), operation).await
    }

    /// A code of a user, confirmation password right.
    pub async fn verify_user(&self, contract: &str, user: &str, code: &str) -> Value {
        let body = json!({ "code": code });
        self.verify_as(contract, user, &Actor::user(user).right(), body).await
    }

    /// The same with everything that a request may say: `code`, `class`, `grant`.
    pub async fn verify_as(&self, contract: &str, user: &str, by: &Actor, body: Value) -> Value {
        self.act(contract, user, "verify", by, body).await
    }

    /// What the login screen shows to a user with these rights, comma separated; `""` is all.
    pub async fn status(&self, contract: &str, user: &str, rights: &str) -> Value {
        let query = if rights.is_empty() { String::new() } else { format!("?rights={rights}") };
        self.get(&self.fe, &format!("/v1/contracts/{contract}/users/{user}/status{query}")).await
    }

    /// One user.
    pub async fn show_user(&self, contract: &str, user: &str) -> Value {
        self.get(&self.fe, &format!("/v1/contracts/{contract}/users/{user}")).await
    }

    /// 利用停止解除 of several users.
    pub async fn unlock(&self, contract: &str, users: &[&str], by: &Actor) -> Value {
        self.targets(contract, "unlocks", users, by).await
    }

    /// 失効 of several users.
    pub async fn revoke(&self, contract: &str, users: &[&str], by: &Actor) -> Value {
        self.targets(contract, "revocations", users, by).await
    }

    /// 利用形態: changes it, or with `dry_run` tells what that would do.
    pub async fn usage_mode(&self, contract: &str, mode: &str, dry_run: bool, by: &Actor) -> Value {
        let body = by.into_body(json!({ "usage_mode": mode, "dry_run": dry_run }));
        self.put(self.sender(by), &format!("/v1/contracts/{contract}/usage-mode"), &body).await
    }

    /// 2件目以降: the next operation of a run.
    pub async fn grant_use(
        &self,
        grant: &str,
        contract: &str,
        user: &str,
        session: &str,
        class: &str,
    ) -> Value {
        let body =
            json!({ "contract": contract, "user": user, "session": session, "class": class });
        self.post(&self.fe, &format!("/v1/grants/{grant}/use"), &body).await
    }

    /// Logout.
    pub async fn grant_end(&self, grant: &str) -> Value {
        self.delete(&self.fe, &format!("/v1/grants/{grant}")).await
    }

    /// 利用者一覧: all pages. `query` is empty or such as `state=revoked`.
    pub async fn list_users(&self, contract: &str, query: &str) -> Vec<Value> {
        self.pages(&format!("/v1/contracts/{contract}/users?{query}")).await
    }

    /// The contract's tokens: all pages.
    pub async fn list_tokens(&self, contract: &str) -> Vec<Value> {
        self.pages(&format!("/v1/contracts/{contract}/tokens?")).await
    }

    /// `GET` that must be answered with 200.
    pub async fn get(&self, caller: &Caller, path: &str) -> Value {
        caller.get(path).await.expect_status(200).json()
    }

    /// Records of the audit chain, oldest first.
    pub async fn audit(&self) -> Vec<Value> {
        let reply = self.auditor.get("/v1/audit/records").await.expect_status(200);
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    pub(super) async fn act(
        &self,
        contract: &str,
        user: &str,
        what: &str,
        by: &Actor,
        body: Value,
    ) -> Value {
        let path = format!("/v1/contracts/{contract}/users/{user}/{what}");
        self.post(self.sender(by), &path, &by.into_body(body)).await
    }

    async fn targets(&self, contract: &str, what: &str, users: &[&str], by: &Actor) -> Value {
        let body = by.into_body(json!({ "users": users }));
        self.post(self.sender(by), &format!("/v1/contracts/{contract}/{what}"), &body).await
    }

    pub(super) async fn pages(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&self.fe, &format!("{path}{cursor}")).await;
            items.extend(page["items"].as_array().cloned().unwrap_or_default());
            let Some(next) = page["next_cursor"].as_str() else { return items };
            let join = if path.ends_with('?') { "" } else { "&" };
            cursor = format!("{join}cursor={next}");
        }
    }
}
