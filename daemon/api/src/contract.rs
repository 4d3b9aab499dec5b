//! Contracts (契約先) on the wire: what they are, their users and tokens in lists, and the changes
//! that concern several users at once.
//!
//! Not responsible for: one user, see [`crate::user`].

use serde::{Deserialize, Serialize};

use crate::{
    action::ActionOutcome,
    actor::Actor,
    denial::DenialReason,
    time::Timestamp,
    token::{TokenKind, TokenLife, TokenStatus},
    user::{Authentication, ListedState, UserSummary},
    word::words,
};

words! {
    /// How a contract's users and tokens belong together (利用形態).
    pub enum UsageMode {
        /// One token for all users, present and future.
        Common = "common",
        /// Each user a token of their own.
        Individual = "individual",
        /// Any user may share a token that another user of the contract has in service.
        Shared = "shared",
    }
}

/// Makes or changes a contract.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContractSetRequest {
    /// From when on tokens are asked for (利用開始日). Where absent: now for a new contract, unchanged for another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_start: Option<Timestamp>,
    /// For a new contract only; the policy's where absent. Later it is changed by an operation of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_mode: Option<UsageMode>,
    /// A reason, at most 200 printable characters; kept in the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Reference of an application, a call or a check of identity, at most 100 printable characters; kept in the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// A contract.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContractDetail {
    /// Its name in paths.
    pub contract: String,
    /// From when on tokens are asked for (利用開始日).
    pub service_start: Timestamp,
    /// How its users and tokens belong together.
    pub usage_mode: UsageMode,
    /// Raised by every change of the usage mode; registrations of earlier generations are void.
    pub generation: u32,
    /// The token that serves all users, in the common mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub common_serial: Option<String>,
    /// Since when it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub common_since: Option<Timestamp>,
    /// When the contract was made.
    pub created_at: Timestamp,
}

/// What the list of a contract's users is narrowed to.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct UserQuery {
    /// Most users in one page, 1 to 1000; 100 where absent. A page may hold fewer and still not be the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Only users in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ListedState>,
    /// Only users whose codes are looked at, or are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication: Option<Authentication>,
}

/// A page of the list of a contract's users, by ascending name.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserPage {
    /// The users.
    pub items: Vec<UserSummary>,
    /// Pass as `cursor` to go on; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Which page of the list of a contract's tokens.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct ContractTokenQuery {
    /// Most tokens in one page, 1 to 1000; 100 where absent. A page may hold fewer and still not be the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A page of the list of a contract's tokens, by ascending serial.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContractTokenPage {
    /// The tokens.
    pub items: Vec<ContractToken>,
    /// Pass as `cursor` to go on; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A token in a contract's list.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContractToken {
    /// Serial as printed on the token: text, leading zeros count.
    pub serial: String,
    /// Kind, as the customer sees it.
    pub kind: TokenKind,
    /// Where it stands between stock and bin.
    pub life: TokenLife,
    /// Whether codes of it would be accepted.
    pub status: TokenStatus,
    /// How many users hold it; a contract that holds it as a whole counts as one.
    pub users: u32,
    /// To which user it was issued, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_to: Option<String>,
    /// Last moment at which codes are accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// Changes a contract's usage mode, or previews that.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageModeRequest {
    /// Who acts; left out by staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// The new mode.
    pub usage_mode: UsageMode,
    /// Say what would become of users and tokens, change nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// A reason, at most 200 printable characters; kept in the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Reference of an application, a call or a check of identity, at most 100 printable characters; kept in the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

words! {
    /// What became of a change of the usage mode.
    pub enum UsageOutcome {
        /// Made.
        Done = "done",
        /// A dry run: this is what would be done.
        Preview = "preview",
        /// Not made: a rule forbids it, `reason` says which.
        Refused = "refused",
        /// Not made: what was shown was not right, `reason` says as much as may be told.
        Rejected = "rejected",
    }
}

/// The answer to a change of the usage mode.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageModeAnswer {
    /// What became of it.
    pub outcome: UsageOutcome,
    /// Why not; present exactly when the outcome is `refused` or `rejected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<DenialReason>,
    /// Wrong codes left before the acting user's token locks, after a rejected code, where the policy lets it be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_attempts: Option<u32>,
    /// The mode before.
    pub usage_mode: UsageMode,
    /// The mode that was asked for.
    pub new_usage_mode: UsageMode,
    /// Registered users that lose their registration.
    pub users: u64,
    /// Tokens that become free.
    pub tokens: u64,
    /// The outcome as a sentence, in the language of `Accept-Language`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Several users of one contract. All of them are dealt with, or none.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TargetsRequest {
    /// Who acts; left out by staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// The users, 1 to 500, none twice.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 500))]
    pub users: Vec<String>,
    /// A reason, at most 200 printable characters; kept in the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Reference of an application, a call or a check of identity, at most 100 printable characters; kept in the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

impl TargetsRequest {
    /// Most users in one request.
    pub const MAX: usize = 500;
}

/// What became of a change that concerns several users. Given only once it is durable.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TargetsAnswer {
    /// What became of it as a whole: `refused` where any target is, and then nothing was changed.
    pub outcome: ActionOutcome,
    /// Why not, where the reason is not that of a single target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<DenialReason>,
    /// Wrong codes left before the acting user's token locks, after a rejected code, where the policy lets it be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_attempts: Option<u32>,
    /// One per user, in the order of the request.
    pub results: Vec<TargetResult>,
    /// The outcome as a sentence, in the language of `Accept-Language`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What became of one of several users.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TargetResult {
    /// Which user.
    pub user: String,
    /// What became of it: `done`, `unchanged` or `refused`.
    pub outcome: ActionOutcome,
    /// Why not; present exactly when the outcome is `refused`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<DenialReason>,
    /// The token concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// From when on the user may register again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Other users of the same token that are concerned as well, at most 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affected_users: Option<Vec<String>>,
    /// Whether there are more of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affected_more: Option<bool>,
    /// The outcome as a sentence, in the language of `Accept-Language`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}
