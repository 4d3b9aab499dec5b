//! What was done with a token last, for the help desk.
//!
//! Not responsible for: the whole past, which is in the audit chain.

use serde::{Deserialize, Serialize};

use crate::{
    time::Timestamp,
    token::{TokenLife, TokenStatus},
};

/// A token's last events and what they mean.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenHistory {
    /// Serial as printed on the token: text, leading zeros count.
    pub serial: String,
    /// State now.
    pub status: TokenStatus,
    /// Where it stands between stock and bin.
    pub life: TokenLife,
    /// The contract that owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// What happened last, the newest first; the last 10 are kept.
    pub items: Vec<TokenEvent>,
    /// The users who hold it, at most 100.
    #[serde(default)]
    pub users: Vec<String>,
    /// Whether there are more of them.
    #[serde(default)]
    pub users_more: bool,
    /// What it means, in the language of `Accept-Language`: why the last code was not accepted, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
}

/// Something that happened to a token.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenEvent {
    /// When.
    pub at: Timestamp,
    /// What, for example `verify`, `resync`, `register`.
    pub action: String,
    /// How it ended, for example `accepted` or `wrong`.
    pub outcome: String,
    /// The matched moving factor, or the attempts left: what explains the outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// The user concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Name of the caller's certificate.
    pub by: String,
}
