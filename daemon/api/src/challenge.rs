//! Challenges on the wire: what is put to a user's token, and the one answer to it.
//!
//! Not responsible for: what can be signed, see [`crate::signing`]; activations, see
//! [`crate::camera`].

use serde::{Deserialize, Serialize};

use crate::{
    action::ActionOutcome,
    actor::Actor,
    denial::DenialReason,
    secret::SecretText,
    signing::{Covered, Order, Signed},
    time::Timestamp,
    token::Outcome,
    word::words,
};

words! {
    /// Whether a picture of the message is wanted, and of which kind.
    #[derive(Default)]
    pub enum Image {
        /// None: the caller draws the QR code from the text.
        None = "none",
        /// A PNG file.
        #[default]
        Png = "png",
        /// An SVG file.
        Svg = "svg",
    }
}

words! {
    /// Kind of a picture.
    pub enum ImageFormat {
        /// `image/png`.
        Png = "png",
        /// `image/svg+xml`.
        Svg = "svg",
    }
}

/// A message for a camera token (二次元コード).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// What the QR code says: `TXA1:` and Base45 (RFC 9285), for alphanumeric mode at level M.
    pub text: String,
    /// Kind of the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<ImageFormat>,
    /// The picture, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = Byte))]
    pub image: Option<String>,
    /// Version of the QR code, 1 to 15: how large the picture has to be shown.
    pub version: u8,
}

words! {
    /// What a keypad token is asked for.
    pub enum PromptUse {
        /// A code over the payee's account number. The amount stays open.
        Account = "account",
        /// A code over account number and amount.
        AccountAmount = "account_amount",
        /// A code over a challenge, account number and amount.
        ChallengeAccountAmount = "challenge_account_amount",
        /// A login by a challenge.
        Login = "login",
        /// A code over a question of the caller's own.
        Question = "question",
    }
}

words! {
    /// What a group of digits stands for.
    pub enum PromptLabel {
        /// The payee's account number.
        Account = "account",
        /// The amount in yen, with leading zeros.
        Amount = "amount",
        /// The server's challenge.
        Challenge = "challenge",
        /// A fixed digit in front.
        Lead = "lead",
        /// The whole question.
        Question = "question",
    }
}

/// What a user types into a keypad token.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Prompt {
    /// What for.
    #[serde(rename = "use")]
    pub purpose: PromptUse,
    /// OCRA suite, which selects the token's function.
    pub suite: String,
    /// The groups of digits, in the order in which they are typed.
    pub entries: Vec<PromptEntry>,
    /// All of them, one after the other.
    pub digits: String,
}

/// A group of digits to be typed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PromptEntry {
    /// What they stand for.
    pub label: PromptLabel,
    /// The digits; leading zeros are typed.
    pub digits: String,
}

/// Asks a user to sign.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChallengeRequest {
    /// Who acts; its `session` is needed: only the same session can answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// What is to be signed.
    pub operation: Order,
    /// Picture of the message.
    #[serde(default)]
    pub image: Image,
}

impl ChallengeRequest {
    /// Largest body, in bytes: the records of a batch are in it.
    pub const MOST_BYTES: usize = 4 << 20;
}

/// The answer to a request for a signature, or to a look at it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChallengeAnswer {
    /// What became of it.
    pub outcome: ActionOutcome,
    /// Why not; present exactly when the outcome is `refused` or `rejected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<DenialReason>,
    /// Names the challenge in paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
    /// The token that is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// First moment at which it can not be answered any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// For a camera token: what it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
    /// For a keypad token: what the user types into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Prompt>,
    /// The lines that the token shows, to be shown beside the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<Vec<String>>,
    /// Open challenges of the user, this one included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_challenges: Option<u8>,
    /// From when on it is possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// The outcome as a sentence, in the language of `Accept-Language`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl ChallengeAnswer {
    /// An answer without particulars.
    pub const fn new(outcome: ActionOutcome) -> Self {
        Self {
            outcome,
            reason: None,
            challenge: None,
            serial: None,
            expires_at: None,
            message: None,
            prompt: None,
            display: None,
            open_challenges: None,
            not_before: None,
            text: None,
        }
    }
}

/// Which picture of a challenge is wanted, and in which session it was put.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct ChallengeShowQuery {
    /// Picture of the message; `png` where absent.
    #[serde(default)]
    pub image: Image,
    /// The front end's session in which the challenge was put.
    pub session: SecretText,
}

/// In which session a challenge was put.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct ChallengeCancelQuery {
    /// The front end's session in which the challenge was put.
    pub session: SecretText,
}

/// The code that a token showed for a challenge, or for a step of its activation.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CodeRequest {
    /// Who acts; its `session` is needed for a challenge. Left out by staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// The digits as the token shows them, without spaces.
    pub code: SecretText,
    /// Picture of the next message, where a step of an activation has one.
    #[serde(default)]
    pub image: Image,
}

/// The answer to the code for a challenge. Given only once it is durable.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChallengeVerifyAnswer {
    /// Whether the code was right.
    pub outcome: Outcome,
    /// Why not; present exactly when the outcome is `rejected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<DenialReason>,
    /// Whether the same challenge can still be answered.
    pub retryable: bool,
    /// Wrong codes left before the challenge ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tries_left: Option<u8>,
    /// Wrong codes left before the token locks, where the policy lets it be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_attempts: Option<u32>,
    /// The challenge.
    pub challenge: String,
    /// The token that was asked.
    pub serial: String,
    /// What was signed, from the stored message; present exactly when the outcome is `accepted`. Carry out this, not what was sent a second time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Signed>,
    /// The parts of it that the code covers; the front end answers for all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covered: Option<Vec<Covered>>,
    /// The lines that the token showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<Vec<String>>,
    /// When it was signed; a repeated request is told the first moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Timestamp>,
    /// When the code was judged.
    pub checked_at: Timestamp,
    /// Names this request in logs and in the audit chain.
    pub request_id: String,
    /// The outcome as a sentence, in the language of `Accept-Language`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}
