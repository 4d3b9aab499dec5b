//! Tokens on the wire: check a code, look at tokens, change their state.
//!
//! Not responsible for: the rules by which a code is judged, nor for who may ask.

use serde::{Deserialize, Deserializer, Serialize};

use crate::{camera::CameraDetail, secret::SecretText, time::Timestamp, word::words};

words! {
    /// Whether a code was right.
    pub enum Outcome {
        /// Right; this code will never be accepted again.
        Accepted = "accepted",
        /// Not accepted; `reason` says why.
        Rejected = "rejected",
    }
}

words! {
    /// Why a code was not accepted.
    pub enum Reason {
        /// The front end says that the confirmation password was wrong; the code was not looked at.
        ConfirmationWrong = "confirmation_wrong",
        /// An operator put the token out of use.
        Disabled = "disabled",
        /// The token is past its expiry.
        Expired = "expired",
        /// The code has another number of digits than the token shows; it cost no attempt.
        Length = "length",
        /// Too many wrong codes; an operator has to unlock the token.
        Locked = "locked",
        /// What was shown does not fit; which part of it is not told.
        NotAccepted = "not_accepted",
        /// The token is not in service with anybody; the code was not looked at.
        NotInService = "not_in_service",
        /// The user holds no token.
        NotRegistered = "not_registered",
        /// Before the token's first day.
        NotYetValid = "not_yet_valid",
        /// The token was restored from a backup; two consecutive codes must be shown first.
        ResyncRequired = "resync_required",
        /// The code was right once but is used.
        Reused = "reused",
        /// The user's token was taken away.
        Revoked = "revoked",
        /// The code fits nothing that is expected now.
        Wrong = "wrong",
        /// The token shows no one-time passwords, it answers challenges; it cost no attempt.
        WrongKindOfCode = "wrong_kind_of_code",
    }
}

words! {
    /// State of a token.
    pub enum TokenStatus {
        /// Codes are accepted.
        Active = "active",
        /// Put out of use by an operator.
        Disabled = "disabled",
        /// Past its expiry.
        Expired = "expired",
        /// Too many wrong codes.
        Locked = "locked",
        /// Before its first day.
        NotYetValid = "not_yet_valid",
        /// Two consecutive codes must be shown first.
        ResyncRequired = "resync_required",
    }
}

words! {
    /// Kind of a token, as the customer sees it.
    #[derive(Default)]
    pub enum TokenKind {
        /// A token that reads a picture and shows the transaction.
        Camera = "camera",
        /// ハードウェアトークン.
        #[default]
        Hard = "hard",
        /// ソフトウェアトークン.
        Soft = "soft",
    }
}

words! {
    /// Where a token stands between stock and bin.
    pub enum TokenLife {
        /// Registered by at least one user, or by the contract as a whole (サービス利用中).
        InService = "in_service",
        /// Handed out to a contract and not registered (トークン発行済み).
        Issued = "issued",
        /// Reported lost (紛失). Final.
        Lost = "lost",
        /// Nobody's.
        Stock = "stock",
        /// Given up or revoked; usable only after it is issued anew.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// Kind of a token, as it makes its codes.
    pub enum Algorithm {
        /// RFC 4226: a code per press of the button.
        Hotp = "hotp",
        /// RFC 6287, on a keypad: answers to typed questions.
        Ocra = "ocra",
        /// RFC 6238: a code per time step.
        Totp = "totp",
        /// A camera token: signs what it shows.
        Txa1 = "txa1",
    }
}

words! {
    /// Hash of the token's HMAC.
    pub enum Hash {
        /// SHA-1.
        Sha1 = "SHA1",
        /// SHA-256.
        Sha256 = "SHA256",
        /// SHA-512.
        Sha512 = "SHA512",
    }
}

words! {
    /// Where a token's seed lies.
    pub enum Custody {
        /// Each seed is an object inside the HSM.
        Resident = "resident",
        /// Each seed lies in the store, wrapped under a key that never leaves the HSM.
        Wrapped = "wrapped",
    }
}

/// A code to be checked.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyRequest {
    /// The code as the token shows it: 4 to 10 ASCII digits.
    pub code: SecretText,
}

/// Two consecutive codes of one token.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResyncRequest {
    /// The earlier code, then the next one the token showed.
    pub codes: [SecretText; 2],
}

/// The answer to a code. Given only once it is durable.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyAnswer {
    /// The token that was asked about.
    pub serial: String,
    /// Whether the code was right.
    pub outcome: Outcome,
    /// Why not; present exactly when the outcome is `rejected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Wrong codes left before the token locks.
    pub remaining_attempts: u32,
    /// When the code was judged.
    pub checked_at: Timestamp,
    /// Names this request in logs and in the audit chain.
    pub request_id: String,
    /// The outcome as a sentence, in the language of `Accept-Language`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Why a person changes a token; kept in the audit chain.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeRequest {
    /// A reason, at most 200 printable characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Reference of an application, a call or a check of identity, at most 100 printable characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// A new expiry for a token.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExpiryRequest {
    /// Last moment at which codes are accepted; `null` for no expiry. Must be given either way.
    #[serde(deserialize_with = "required_or_null")]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub expires_at: Option<Timestamp>,
    /// A reason, at most 200 printable characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Reference of an application, a call or a check of identity, at most 100 printable characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// With `deserialize_with`, serde does not take an absent field for `None`: no expiry is lifted by
/// a forgotten field.
fn required_or_null<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    Option::deserialize(from)
}

/// What the list of tokens is narrowed to.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct TokenQuery {
    /// Most tokens in one page, 1 to 1000; 100 where absent. A page may hold fewer and still not be the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Only tokens in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<TokenStatus>,
    /// Only tokens of this batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// Only tokens of this manufacturer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// Only serials that begin so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
}

/// A page of the list of tokens, by ascending serial.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenPage {
    /// The tokens.
    pub items: Vec<TokenSummary>,
    /// Pass as `cursor` to go on; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A token in a list.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenSummary {
    /// Serial as printed on the token: text, leading zeros count.
    pub serial: String,
    /// Who made it.
    pub manufacturer: String,
    /// Kind, as the customer sees it.
    pub kind: TokenKind,
    /// Where it stands between stock and bin.
    pub life: TokenLife,
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
    /// State now.
    pub status: TokenStatus,
    /// Batch it was imported with.
    pub batch: String,
    /// Last moment at which codes are accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// All that is known of a token, never its seed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenDetail {
    /// Serial as printed on the token: text, leading zeros count.
    pub serial: String,
    /// Who made it.
    pub manufacturer: String,
    /// Kind, as the customer sees it.
    pub kind: TokenKind,
    /// Where it stands between stock and bin.
    pub life: TokenLife,
    /// The contract that owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The key's identifier in the seed file.
    pub key_id: String,
    /// Kind, as it makes its codes.
    pub algorithm: Algorithm,
    /// Hash of the HMAC.
    pub hash: Hash,
    /// Length of a code.
    pub digits: u8,
    /// TOTP: length of a time step in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_step_s: Option<u32>,
    /// State now.
    pub status: TokenStatus,
    /// Consecutive wrong codes since the last accepted one or the last unlock.
    pub failures: u32,
    /// Wrong codes left before the token locks.
    pub remaining_attempts: u32,
    /// When it was locked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_at: Option<Timestamp>,
    /// Last moment at which codes are accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// First moment at which codes are accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Timestamp>,
    /// TOTP: learnt offset of the token's clock in time steps, positive where the token is ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift_steps: Option<i32>,
    /// HOTP: next counter that may be accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter_next: Option<u64>,
    /// A keypad token: the OCRA suites that it computes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suites: Option<Vec<String>>,
    /// A camera token: where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<CameraDetail>,
    /// Batch it was imported with.
    pub batch: String,
    /// Where its seed lies.
    pub custody: Custody,
    /// When it was imported.
    pub created_at: Timestamp,
    /// When a code of it was last accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_accepted_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forgotten_expiry_is_not_a_lifted_one() {
        assert!(serde_json::from_str::<ExpiryRequest>(r#"{"reason":"lost"}"#).is_err());
        let lifted: ExpiryRequest = serde_json::from_str(r#"{"expires_at":null}"#).unwrap();
        assert_eq!(lifted.expires_at, None);
        assert_eq!(serde_json::to_string(&lifted).unwrap(), r#"{"expires_at":null}"#);
    }

    #[test]
    fn unknown_fields_of_a_request_are_refused() {
        assert!(serde_json::from_str::<VerifyRequest>(r#"{"code":"1","otp":"2"}"#).is_err());
        assert!(serde_json::from_str::<ChangeRequest>(r#"{"raison":"x"}"#).is_err());
    }

    #[test]
    fn a_resynchronisation_takes_exactly_two_codes() {
        assert!(serde_json::from_str::<ResyncRequest>(r#"{"codes":["111111"]}"#).is_err());
        assert!(serde_json::from_str::<ResyncRequest>(r#"{"codes":["1","2","3"]}"#).is_err());
        assert!(serde_json::from_str::<ResyncRequest>(r#"{"codes":["1","2"]}"#).is_ok());
    }

    #[test]
    fn words_are_what_serde_writes() {
        for status in TokenStatus::ALL {
            let json = serde_json::to_value(status).unwrap();
            assert_eq!(json, status.word());
            assert_eq!(TokenStatus::from_word(status.word()), Some(*status));
        }
    }
}
