//! Users (利用者) on the wire: what they are, what to show them at login, and their codes.
//!
//! Not responsible for: changes, see [`crate::action`]; what one operation needs, see
//! [`crate::authorize`].

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    authorize::{Cause, OperationClass},
    camera::{CameraBond, CameraScreen},
    grant::Grant,
    secret::SecretText,
    time::Timestamp,
    token::{Outcome, Reason, TokenKind},
    word::words,
};

words! {
    /// What a user may do within the contract.
    pub enum Role {
        /// 管理者ユーザ.
        Administrator = "administrator",
        /// 一般ユーザ.
        General = "general",
        /// マスターユーザ.
        Master = "master",
    }
}

words! {
    /// The state of a user in a bank's list.
    pub enum ListedState {
        /// トークン有効期限切れ: the user's token is past its expiry.
        Expired = "expired",
        /// サービス利用中: the user has a token in service.
        InService = "in_service",
        /// トークン発行済み: a token is on its way to the user.
        Issued = "issued",
        /// 失効中: the user's token was taken away.
        Revoked = "revoked",
        /// 未登録: the user has no token.
        Unregistered = "unregistered",
    }
}

words! {
    /// Whether a user's codes are looked at (認証状態).
    pub enum Authentication {
        /// 利用可能.
        Available = "available",
        /// 停止中: too many wrong codes, from whichever user of the token.
        Stopped = "stopped",
    }
}

/// Makes or changes a user.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserSetRequest {
    /// What the user may do within the contract.
    pub role: Role,
}

/// A user in a list.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserSummary {
    /// The user's name in paths.
    pub user: String,
    /// What the user may do within the contract.
    pub role: Role,
    /// State, as the bank's lists show it.
    pub state: ListedState,
    /// Whether codes are looked at.
    pub authentication: Authentication,
    /// The user's token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<TokenKind>,
    /// Last moment at which its codes are accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The same in the institution's time zone, to the minute, for example `2026-09-30 08:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_local: Option<String>,
    /// The camera token that the user signs with; its state is not in `state`, which is that of the token for one-time passwords.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<CameraBond>,
}

/// All that is known of a user.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserDetail {
    /// The user's name in paths.
    pub user: String,
    /// The user's contract.
    pub contract: String,
    /// What the user may do within the contract.
    pub role: Role,
    /// State, as the bank's lists show it.
    pub state: ListedState,
    /// Whether codes are looked at.
    pub authentication: Authentication,
    /// The user's token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<TokenKind>,
    /// Last moment at which its codes are accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The same in the institution's time zone, to the minute, for example `2026-09-30 08:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_local: Option<String>,
    /// Since when the token is in service with this user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered_at: Option<Timestamp>,
    /// From when on the user may register again, where that lies in the future.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// A kind of token was ordered and is not issued yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered: Option<TokenKind>,
    /// When it was ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered_at: Option<Timestamp>,
    /// The camera token that the user signs with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<CameraBond>,
    /// What happened last, the newest first; the last 10 are kept.
    #[serde(default)]
    pub recent: Vec<UserEvent>,
}

/// Something that happened to a user.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserEvent {
    /// When.
    pub at: Timestamp,
    /// What, for example `register`.
    pub action: String,
    /// How it ended, for example `done`.
    pub outcome: String,
    /// With which token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Name of the caller's certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The user who acted, where it was not the bank's staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting: Option<String>,
}

words! {
    /// What to show a user who is logging in.
    pub enum Screen {
        /// The user's token is past its expiry.
        Expired = "expired",
        /// The user's token is locked.
        Locked = "locked",
        /// The registration screen, which may be passed over.
        MaySkip = "may_skip",
        /// The registration screen, and nothing else before it.
        MustRegister = "must_register",
        /// No registration screen.
        Nothing = "nothing",
        /// The user's token was revoked; a new registration is not possible yet.
        Revoked = "revoked",
    }
}

/// Why a user is removed.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct UserRemoveQuery {
    /// A reason, at most 200 printable characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Reference of an application, a call or a check of identity, at most 100 printable characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// What the user who is logging in may do.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct UserStatusQuery {
    /// Classes of operations that the front end lets the user do, separated by commas; all of them where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rights: Option<String>,
}

/// The answer to "this user is logging in".
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserStatusAnswer {
    /// What to show.
    pub screen: Screen,
    /// What to offer of camera tokens.
    #[serde(default)]
    pub camera_screen: CameraScreen,
    /// Whether the login may go on.
    pub login_allowed: bool,
    /// Why not; present exactly when it may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_blocked: Option<Cause>,
    /// State, as the bank's lists show it.
    pub state: ListedState,
    /// Whether codes are looked at.
    pub authentication: Authentication,
    /// The user's token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Last moment at which its codes are accepted, in the institution's time zone, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_local: Option<String>,
    /// From when on the user may register, where that lies in the future.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// First moment after the grace period (猶予期間), where one is running for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_until: Option<Timestamp>,
    /// Yen that the user may transfer per day at most, for want of a token. The front end enforces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_yen_per_day: Option<u64>,
    /// What to tell the user, in the language of `Accept-Language`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A code of the token that a user holds.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserVerifyRequest {
    /// What the front end vouches for; `user` is the one in the path where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// The code as the token shows it: 4 to 10 ASCII digits.
    pub code: SecretText,
    /// For what; needed for a grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<OperationClass>,
    /// Ask for a grant as well; needs `class` and `actor.session`. None is given where the policy has none for the class.
    #[serde(default)]
    pub grant: bool,
}

/// The answer to a code of a user. Given only once it is durable.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserVerifyAnswer {
    /// Whether the code was right.
    pub outcome: Outcome,
    /// Why not; present exactly when the outcome is `rejected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Wrong codes left before the token locks; absent where the policy hides which element was wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_attempts: Option<u32>,
    /// The token whose code it was; absent where the user holds none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// When the code was judged.
    pub checked_at: Timestamp,
    /// Names this request in logs and in the audit chain.
    pub request_id: String,
    /// The grant that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
    /// The outcome as a sentence, in the language of `Accept-Language`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}
