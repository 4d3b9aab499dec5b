//! Who acts, and what they show for it.
//!
//! Not responsible for: whether they may.

use serde_json::{Value, json};

/// A user at the front end, or the bank's own staff.
#[derive(Clone, Debug)]
pub struct Actor {
    user: Option<Value>,
    reason: Option<String>,
    reference: Option<String>,
}

impl Actor {
    /// A user, without a word about the confirmation password.
    pub fn user(id: &str) -> Self {
        Self { user: Some(json!({ "user": id })), reason: None, reference: None }
    }

    /// Staff who give neither reason nor reference.
    pub const fn staff() -> Self {
        Self { user: None, reason: None, reference: None }
    }

    /// Staff with an application on paper in their hands.
    pub fn paper() -> Self {
        Self::staff().reason("ワンタイムパスワード機能申込書").reference("受付-2026-0001")
    }

    /// Whether the bank's own staff act.
    pub const fn is_staff(&self) -> bool {
        self.user.is_none()
    }

    /// 確認用パスワード was right.
    #[must_use]
    pub fn right(self) -> Self {
        self.with("confirmation", "right")
    }

    /// 確認用パスワード was wrong.
    #[must_use]
    pub fn wrong(self) -> Self {
        self.with("confirmation", "wrong")
    }

    /// A code of the actor's own token.
    #[must_use]
    pub fn code(self, code: &str) -> Self {
        self.with("code", code)
    }

    /// A challenge that the actor's own token answered, instead of a code.
    #[must_use]
    pub fn signature(self, challenge: &str) -> Self {
        self.with("challenge", challenge)
    }

    /// Their session at the front end.
    #[must_use]
    pub fn session(self, session: &str) -> Self {
        self.with("session", session)
    }

    /// `certificate` (電子証明書方式) or `password` (ID・パスワード方式).
    #[must_use]
    pub fn login(self, method: &str) -> Self {
        self.with("login_method", method)
    }

    /// Why.
    #[must_use]
    pub fn reason(mut self, reason: &str) -> Self {
        self.reason = Some(reason.to_owned());
        self
    }

    /// Of an application, a call, a check of identity.
    #[must_use]
    pub fn reference(mut self, reference: &str) -> Self {
        self.reference = Some(reference.to_owned());
        self
    }

    /// A body with this actor, reason and reference in it.
    pub fn into_body(&self, mut body: Value) -> Value {
        let parts = [("reason", &self.reason), ("reference", &self.reference)];
        for (name, text) in parts {
            if let Some(text) = text {
                body[name] = json!(text);
            }
        }
        if let Some(user) = &self.user {
            body["actor"] = user.clone();
        }
        body
    }

    fn with(mut self, field: &str, value: &str) -> Self {
        let user = self.user.as_mut().expect("staff show nothing of a user");
        user[field] = json!(value);
        self
    }
}
