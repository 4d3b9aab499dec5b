//! What most changes of the life cycle have in common: a reason to give, an outcome to answer.
//!
//! Not responsible for: lists of targets (`contract`), or for codes of a running service (`user`).

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor, denial::DenialReason, secret::SecretText, time::Timestamp, token::TokenKind,
    user::ListedState, word::words,
};

words! {
    /// What became of a change.
    pub enum ActionOutcome {
        /// Made.
        Done = "done",
        /// Not made: a rule forbids it, `reason` says which.
        Refused = "refused",
        /// Not made: what was shown was not right, `reason` says as much as may be told.
        Rejected = "rejected",
        /// Nothing to do: it was so already.
        Unchanged = "unchanged",
    }
}

/// The answer to a change that concerns one user or one token. Given only once it is durable.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActionAnswer {
    /// What became of it.
    pub outcome: ActionOutcome,
    /// Why not; present exactly when the outcome is `refused` or `rejected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<DenialReason>,
    /// Wrong codes left before the token locks, after a rejected code, where the policy lets it be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_attempts: Option<u32>,
    /// The token concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<TokenKind>,
    /// State of the user afterwards, as lists show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ListedState>,
    /// Last moment at which codes of the token are accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The same in the institution's time zone, to the minute, for example `2026-09-30 08:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_local: Option<String>,
    /// From when on it (or a new registration) is possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// The outcome as a sentence, in the language of `Accept-Language`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl ActionAnswer {
    /// An answer without particulars.
    pub const fn new(outcome: ActionOutcome) -> Self {
        Self {
            outcome,
            reason: None,
            remaining_attempts: None,
            serial: None,
            kind: None,
            state: None,
            expires_at: None,
            expires_local: None,
            not_before: None,
            text: None,
        }
    }
}

/// Why the bank's staff do something, where nothing else is to be said.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReasonRequest {
    /// A reason, at most 200 printable characters; kept in the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Reference of an application, a call or a check of identity, at most 100 printable characters; kept in the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// Hands a token out.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssueRequest {
    /// To which contract.
    pub contract: String,
    /// To which user of it; to the contract as a whole where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// A reason, at most 200 printable characters; kept in the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Reference of an application, a call or a check of identity, at most 100 printable characters; kept in the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// Orders a token.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderRequest {
    /// Who acts; left out by staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// Which kind.
    pub kind: TokenKind,
    /// A reason, at most 200 printable characters; kept in the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Reference of an application, a call or a check of identity, at most 100 printable characters; kept in the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// Takes a token into service (利用開始登録): serial and one code prove possession.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterRequest {
    /// Who acts; left out by staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// Serial as the user typed it from the token.
    pub serial: String,
    /// The serial typed a second time, where the policy asks for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_again: Option<String>,
    /// The code that the token shows.
    pub code: SecretText,
    /// A reason, at most 200 printable characters; kept in the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Reference of an application, a call or a check of identity, at most 100 printable characters; kept in the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// Passes over the registration for now (登録の省略).
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SkipRequest {
    /// Who acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
}

/// Gives a token up (利用解除).
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeactivateRequest {
    /// Who acts; left out by staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// A reason, at most 200 printable characters; kept in the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Reference of an application, a call or a check of identity, at most 100 printable characters; kept in the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}
