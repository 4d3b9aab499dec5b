//! Grants on the wire: one code for a run of operations.
//!
//! Not responsible for: how one is obtained, see [`crate::user::UserVerifyRequest`].

use serde::{Deserialize, Serialize};

use crate::{authorize::OperationClass, secret::SecretText, time::Timestamp, word::words};

/// A grant, as it was given.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Grant {
    /// Names it in paths.
    pub id: String,
    /// For operations of this class.
    pub class: OperationClass,
    /// Further operations it covers.
    pub uses: u32,
    /// First moment at which it no longer does.
    pub expires_at: Timestamp,
}

/// One more operation to be covered.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GrantUseRequest {
    /// Whose contract.
    pub contract: String,
    /// Whose operation.
    pub user: String,
    /// The front end's session, as it was given with the code.
    pub session: SecretText,
    /// What the operation is.
    pub class: OperationClass,
}

words! {
    /// What became of a grant.
    pub enum GrantOutcome {
        /// It covered the operation: no code has to be asked for.
        Covered = "covered",
        /// It is over now.
        Ended = "ended",
        /// It does not cover the operation: ask for a code. `reason` says why.
        Refused = "refused",
        /// There was no such grant.
        Unchanged = "unchanged",
    }
}

words! {
    /// Why a grant did not cover an operation.
    pub enum GrantEnd {
        /// Its time is up, or there is no such grant (any more).
        Expired = "expired",
        /// It is for another class of operations.
        OtherClass = "other_class",
        /// It belongs to another user or session.
        OtherSession = "other_session",
        /// The user no longer holds the token that proved it, or it is locked.
        TokenChanged = "token_changed",
        /// It was used as often as allowed.
        UsedUp = "used_up",
    }
}

/// The answer to a use or an end of a grant.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GrantAnswer {
    /// What became of it.
    pub outcome: GrantOutcome,
    /// Why not; present exactly when the outcome is `refused`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<GrantEnd>,
    /// Operations that it still covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses_left: Option<u32>,
    /// First moment at which it no longer does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The outcome as a sentence, in the language of `Accept-Language`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}
