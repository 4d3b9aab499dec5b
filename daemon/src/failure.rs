//! Why an operation gave no answer, by what the caller does next. Never a verdict.

use thiserror::Error;
use warifu_keys::hsm::HsmError;
use warifu_store::StoreError;

use crate::{clock::ClockError, turn::NoTurn};

/// No answer. Nothing was consumed and nothing was counted, unless the variant says otherwise.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// Two people have to do this together.
    #[error("the operation needs two people")]
    ApprovalRequired,
    /// A task of ours ended without an answer.
    #[error("a task ended without an answer")]
    Bug,
    /// The clock can not be trusted; time-based decisions wait.
    #[error("the clock is not to be trusted")]
    Clock(#[from] ClockError),
    /// The request contradicts the state of things; says how.
    #[error("{0}")]
    Conflict(&'static str),
    /// Too many requests for the same token.
    #[error("too many requests wait for this token")]
    Crowded,
    /// The answer would have come after the request's deadline.
    #[error("the deadline passed")]
    Deadline,
    /// As [`Failure::Field`], where the rule depends on what was found in it.
    #[error("{field}: {rule}")]
    Detail {
        /// As named on the wire.
        field: &'static str,
        /// What is wrong, where, and what to do.
        rule: String,
    },
    /// A field of the request breaks a rule.
    #[error("{field}: {rule}")]
    Field {
        /// As named on the wire.
        field: &'static str,
        /// What is allowed.
        rule: &'static str,
    },
    /// The caller's institution may not do this.
    #[error("the caller's institution may not do this")]
    Forbidden,
    /// The HSM gave no answer.
    #[error("the HSM gave no answer")]
    Hsm(#[from] HsmError),
    /// The idempotency key was used for another request.
    #[error("the idempotency key belongs to another request")]
    IdempotencyMismatch,
    /// No such thing for this caller.
    #[error("not found")]
    NotFound,
    /// The operating system has no random numbers.
    #[error("no random numbers")]
    Randomness,
    /// Whoever proposed it wants to decide about it.
    #[error("another person has to decide")]
    SamePerson,
    /// A seed file could not be spooled.
    #[error("the seed file could not be spooled")]
    Spool(#[source] std::io::Error),
    /// The store gave no answer.
    #[error("the store gave no answer")]
    Store(#[from] StoreError),
    /// A seed file is larger than configured.
    #[error("the seed file is too large")]
    TooLarge,
}

impl From<NoTurn> for Failure {
    fn from(no: NoTurn) -> Self {
        match no {
            NoTurn::Crowded => Self::Crowded,
            NoTurn::Deadline => Self::Deadline,
        }
    }
}
