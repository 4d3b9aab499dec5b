//! Who asks for what, until when, and under which name the answer is kept.
//!
//! Not responsible for: parsing headers (http), or for remembering answers (idempotency).

use std::fmt;

use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::time::Instant;
use warifu_core::{
    event::{Action, Event, Parties},
    ident::{Institution, Serial},
};

use crate::{failure::Failure, idempotency::Intent, tls::Caller};

/// Names one request in answers, logs, the audit chain and the token's record.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) struct RequestId(pub(crate) [u8; 16]);

/// One request, stripped of its transport.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) caller: Caller,
    pub(crate) id: RequestId,
    /// Nobody waits longer.
    pub(crate) deadline: Instant,
    /// The idempotency key, if the caller gave one.
    pub(crate) intent: Option<Intent>,
}

/// An answer, and whether it is the one already given to the same intent.
#[derive(Debug)]
pub(crate) enum Kept<T> {
    /// Decided now.
    Fresh(T),
    /// Decided earlier.
    Replayed(T),
}

impl RequestId {
    pub(crate) fn random() -> Result<Self, Failure> {
        let mut bytes = [0; 16];
        SystemRandom::new().fill(&mut bytes).map_err(|_| Failure::Randomness)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Ask {
    pub(crate) fn institution(&self) -> &Institution {
        &self.caller.institution
    }

    /// An audit event of this request.
    pub(crate) fn event(
        &self,
        action: Action,
        serial: Option<&Serial>,
        at_ms: u64,
        outcome: &'static str,
    ) -> Event {
        Event {
            at_ms,
            institution: Some(self.caller.institution.clone()),
            actor: self.caller.name.clone(),
            action,
            serial: serial.cloned(),
            outcome,
            number: None,
            note: None,
            parties: Parties::default(),
        }
    }
}
