//! What a program has to know of a token in order to ask for its codes: nothing that changes, and
//! nothing of whose it is.
//!
//! Not responsible for: what staff see of a token, see [`crate::token::TokenDetail`].

use serde::{Deserialize, Serialize};

use crate::token::{Algorithm, Hash, TokenKind};

/// How a token makes its codes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenFacts {
    /// The institution whose token it is; the caller's own.
    pub institution: String,
    /// Serial as printed on the token: text, leading zeros count.
    pub serial: String,
    /// Who made it.
    pub manufacturer: String,
    /// Kind, as the customer sees it.
    pub kind: TokenKind,
    /// Kind, as it makes its codes.
    pub algorithm: Algorithm,
    /// Hash of the HMAC.
    pub hash: Hash,
    /// Length of a code.
    pub digits: u8,
    /// TOTP: length of a time step in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_step_s: Option<u32>,
    /// A keypad token: the OCRA suites that it computes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suites: Option<Vec<String>>,
}
