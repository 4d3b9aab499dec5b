//! The template of a token's seed, as words for the C program.
//!
//! Not responsible for: which templates are good ones.

use std::{collections::BTreeMap, fmt};

use e2e::{Hash, TestToken, token::Kind};

/// Attributes by name.
#[derive(Clone)]
pub(super) struct Template {
    words: BTreeMap<String, String>,
    seed: String,
}

impl Template {
    /// All that has to be said of a token.
    pub(super) fn of(token: &TestToken) -> Self {
        let seed = format!("hex:{}", hex::encode(&token.seed));
        let template = Self { words: BTreeMap::new(), seed };
        let template = template
            .set("CKA_CLASS", "#8")
            .set("CKA_KEY_TYPE", "#0x23")
            .set("CKA_TOKEN", "true")
            .set("CKA_ID", &token.serial)
            .set("CKA_OTP_LENGTH", &format!("#{}", token.digits));
        let template = match token.hash {
            Hash::Sha1 => template,
            other => template.set("CKA_WARIFU_HASH", other.name()),
        };
        match token.kind {
            Kind::Hotp(0) => template,
            Kind::Hotp(next) => template.set("CKA_OTP_COUNTER", &format!("hex:{next:016x}")),
            Kind::Totp(step) => template.set("CKA_OTP_TIME_INTERVAL", &format!("#{step}")),
        }
    }

    /// One attribute more, or another value of it.
    #[must_use]
    pub(super) fn set(mut self, name: &str, value: &str) -> Self {
        self.words.insert(name.to_owned(), value.to_owned());
        self
    }

    #[must_use]
    pub(super) fn without(mut self, name: &str) -> Self {
        self.words.remove(name);
        self
    }

    /// The line that brings the seed in in the clear, unless another value was set.
    pub(super) fn create(&self) -> String {
        let seed = match self.words.get("CKA_VALUE") {
            Some(_) => String::new(),
            None => format!(" CKA_VALUE={}", self.seed),
        };
        format!("create{self}{seed}")
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.words.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}
