//! Camera tokens on the wire: from the first message of an activation to the last user's leaving.
//!
//! Not responsible for: what they sign, see [`crate::challenge`].

use serde::{Deserialize, Serialize};

use crate::{
    action::{ActionAnswer, ActionOutcome},
    actor::Actor,
    challenge::{Image, Message},
    denial::DenialReason,
    time::Timestamp,
    token::TokenStatus,
    word::words,
};

words! {
    /// Where a camera token stands with its activation.
    pub enum CameraState {
        /// Activated, and it has signed since.
        Active = "active",
        /// Activated, and it has signed nothing yet: the last buttons may not have been pressed on it.
        ActiveUnproven = "active_unproven",
        /// The first message was shown; its 12 digits are awaited.
        Am1Sent = "am1_sent",
        /// The second message was shown; its 8 digits are awaited.
        Am2Sent = "am2_sent",
        /// An activation was broken off: it has to be initialised (初期化).
        InitRequired = "init_required",
        /// May be activated.
        Ready = "ready",
    }
}

words! {
    /// What an activation waits for.
    pub enum ActivationStep {
        /// Nothing: the token is active.
        Active = "active",
        /// The 8 digits that the token shows for the second message.
        ConfirmCode = "confirm_code",
        /// The 12 digits that the token shows for the first message.
        DeviceCode = "device_code",
    }
}

words! {
    /// What becomes of the user's token for one-time passwords, now that a camera token is active.
    pub enum RetireOtp {
        /// Nothing: both are used.
        Keep = "keep",
        /// It may be given up; until then it works.
        Offer = "offer",
        /// It was taken from the user in the same step.
        Performed = "performed",
    }
}

words! {
    /// What to offer a user who is logging in and signs with no camera token yet.
    #[derive(Default)]
    pub enum CameraScreen {
        /// Both paths: take part in a registered token, or activate a new one.
        Choose = "choose",
        /// The activation of a new token: the contract has none to take part in.
        First = "first",
        /// Nothing.
        #[default]
        Nothing = "nothing",
    }
}

/// Begins the activation of a camera token (トランザクション認証利用開始登録).
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActivationRequest {
    /// Who acts; left out by staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// Serial as the user typed it from the token.
    pub serial: String,
    /// The serial typed a second time, where the policy asks for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_again: Option<String>,
    /// The name that the token shows for the user, 1 to 30 printable ASCII characters; the user's name where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_id: Option<String>,
    /// The front end vouches that the user has approval rights (承認権限).
    #[serde(default)]
    pub may_approve: bool,
    /// Picture of the message.
    #[serde(default)]
    pub image: Image,
    /// A reason, at most 200 printable characters; kept in the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Reference of an application, a call or a check of identity, at most 100 printable characters; kept in the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// Which picture of an activation's message is wanted.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct ActivationShowQuery {
    /// Picture of the message; `png` where absent.
    #[serde(default)]
    pub image: Image,
}

/// The answer to a step of an activation. Given only once it is durable.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActivationAnswer {
    /// What became of it.
    pub outcome: ActionOutcome,
    /// Why not; present exactly when the outcome is `refused` or `rejected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<DenialReason>,
    /// Names the activation in paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<String>,
    /// What it waits for now; absent where it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<ActivationStep>,
    /// What the token reads in this step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
    /// First moment at which this step is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Wrong codes left in this step, after a wrong one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tries_left: Option<u8>,
    /// The token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The token's code (トークンコード), by which users of the contract pick it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_code: Option<String>,
    /// What becomes of the user's token for one-time passwords; told once the camera token is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retire_otp: Option<RetireOtp>,
    /// From when on an activation is possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// The outcome as a sentence, in the language of `Accept-Language`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl ActivationAnswer {
    /// An answer without particulars.
    pub const fn new(outcome: ActionOutcome) -> Self {
        Self {
            outcome,
            reason: None,
            activation: None,
            step: None,
            message: None,
            expires_at: None,
            tries_left: None,
            serial: None,
            token_code: None,
            retire_otp: None,
            not_before: None,
            text: None,
        }
    }
}

/// Gives a camera token up (利用解除).
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CameraDeactivateRequest {
    /// Who acts; left out by staff. With its `session` the token itself can be told, see the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// Picture of the message to the token.
    #[serde(default)]
    pub image: Image,
    /// A reason, at most 200 printable characters; kept in the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Reference of an application, a call or a check of identity, at most 100 printable characters; kept in the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// The answer to a user's leaving: that of any change, and a message where nobody holds the token
/// any more.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CameraLeaveAnswer {
    /// What became of the change.
    #[serde(flatten)]
    pub action: ActionAnswer,
    /// Names the challenge of the message in paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
    /// Offered where nobody holds the token any more: with it the token forgets its activation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
}

impl From<ActionAnswer> for CameraLeaveAnswer {
    fn from(action: ActionAnswer) -> Self {
        Self { action, challenge: None, message: None }
    }
}

/// Which page of the list of a contract's camera tokens.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct CameraTokenQuery {
    /// Most tokens in one page, 1 to 1000; 100 where absent. A page may hold fewer and still not be the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A page of the list of a contract's active camera tokens.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CameraTokenPage {
    /// The tokens.
    pub items: Vec<CameraTokenItem>,
    /// Pass as `cursor` to go on; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// An active camera token in a contract's list.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CameraTokenItem {
    /// Serial as printed on the token: text, leading zeros count.
    pub serial: String,
    /// The token's code (トークンコード), by which users pick it; no two of a contract are alike.
    pub token_code: String,
    /// How many users take part in it.
    pub users: u32,
    /// Whether codes of it would be accepted.
    pub status: TokenStatus,
    /// Last moment at which codes are accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// The camera token that a user signs with.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CameraBond {
    /// Serial as printed on the token: text, leading zeros count.
    pub serial: String,
    /// The token's code (トークンコード).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_code: Option<String>,
    /// The name that the token shows for the user.
    pub login_id: String,
    /// Since when.
    pub since: Timestamp,
    /// Where the token stands.
    pub state: CameraState,
}

/// What is known of a token as a camera token.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CameraDetail {
    /// Where it stands with its activation.
    pub state: CameraState,
    /// Highest activation counter that the token ever showed; a lower one is a clone's.
    pub counter: u16,
    /// How often an activation came as far as its second message.
    pub activations: u32,
    /// The token's code (トークンコード).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_code: Option<String>,
    /// Wrong codes over all activations since the last that came to its end.
    pub wrong_codes: u16,
}
