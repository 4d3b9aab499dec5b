//! A user in a session of the front end who is asked to sign and answers with codes.
//!
//! Not responsible for: the tokens (see [`crate::keypad`]), or for what answer is right.

use http::Method;
use serde_json::{Value, json};

use crate::{
    Caller, Reply,
    lifecycle::{Bank, session},
};

/// One user in one session.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The contract.
    pub contract: String,
    /// The user.
    pub user: String,
    /// The front end's session.
    pub session: String,
}

impl Signer {
    /// A user of a contract, in a session of their own.
    pub fn new(contract: &str, user: &str) -> Self {
        let session = session(user);
        Self { contract: contract.to_owned(), user: user.to_owned(), session }
    }

    /// The same user in another session.
    #[must_use]
    pub fn in_session(&self, session: &str) -> Self {
        Self { session: session.to_owned(), ..self.clone() }
    }

    /// The same session, but somebody else.
    #[must_use]
    pub fn as_user(&self, contract: &str, user: &str) -> Self {
        let (contract, user) = (contract.to_owned(), user.to_owned());
        Self { contract, user, session: self.session.clone() }
    }

    /// Where this user's challenges are.
    pub fn path(&self) -> String {
        format!("/v1/contracts/{}/users/{}/challenges", self.contract, self.user)
    }

    /// What a request says of who acts.
    pub fn actor(&self) -> Value {
        json!({ "user": self.user, "session": self.session })
    }

    /// Asks for a signature, whatever is answered.
    pub async fn try_ask(&self, fe: &Caller, operation: &Value) -> Reply {
        let body = json!({ "actor": self.actor(), "operation": operation, "image": "none" });
        fe.post(&self.path(), &body).await
    }

    /// Asks for a signature.
    pub async fn ask(&self, bank: &Bank, operation: &Value) -> Value {
        self.try_ask(&bank.fe, operation).await.expect_status(200).json()
    }

    /// Asks for a signature that is not refused; the challenge's name and the whole answer.
    #[track_caller]
    pub fn asked(&self, answer: &Value) -> String {
        assert_eq!(answer["outcome"], "done", "{answer:#}");
        answer["challenge"].as_str().expect("a challenge has a name").to_owned()
    }

    /// Answers with a code, whatever comes of it.
    pub async fn try_answer(&self, fe: &Caller, challenge: &str, code: &str) -> Reply {
        let body = json!({ "actor": self.actor(), "code": code });
        fe.post(&format!("{}/{challenge}/verify", self.path()), &body).await
    }

    /// Answers with a code.
    pub async fn answer(&self, bank: &Bank, challenge: &str, code: &str) -> Value {
        self.try_answer(&bank.fe, challenge, code).await.expect_status(200).json()
    }

    /// The same under an `Idempotency-Key`.
    pub async fn answer_once(&self, fe: &Caller, challenge: &str, code: &str, key: &str) -> Reply {
        let body = json!({ "actor": self.actor(), "code": code });
        fe.post_once(&format!("{}/{challenge}/verify", self.path()), &body, key).await
    }

    /// The challenge once more.
    pub async fn show(&self, bank: &Bank, challenge: &str) -> Value {
        let query = format!("image=none&session={}", self.session);
        bank.get(&bank.fe, &format!("{}/{challenge}?{query}", self.path())).await
    }

    /// Takes it back.
    pub async fn cancel(&self, bank: &Bank, challenge: &str) -> Value {
        let path = format!("{}/{challenge}?session={}", self.path(), self.session);
        let reply = bank.fe.request(Method::DELETE, &path, &[], bytes::Bytes::new()).await;
        reply.expect_status(200).json()
    }
}

/// A transfer to an account at another bank.
pub fn transfer(account: &str, amount: u64) -> Value {
    json!({
        "type": "transfer",
        "payer": { "branch": "011", "account_type": "ordinary", "account": "0012345" },
        "payee": payee(account),
        "payee_name": "ｶ)ﾔﾏﾀﾞｼﾖｳｼﾞ",
        "amount": amount,
        "date": "2026-10-30",
    })
}

/// A payee to be registered.
pub fn registration(account: &str) -> Value {
    json!({
        "type": "payee_registration",
        "payee": payee(account),
        "payee_name": "ｶ)ﾔﾏﾀﾞｼﾖｳｼﾞ",
    })
}

/// A login.
pub fn login() -> Value {
    json!({ "type": "login" })
}

/// An account at another bank.
pub fn payee(account: &str) -> Value {
    json!({ "bank": "0138", "branch": "201", "account_type": "ordinary", "account": account })
}
