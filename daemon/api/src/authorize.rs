//! What one operation of one user needs right now, on the wire.
//!
//! Not responsible for: checking what the user then shows, see [`crate::user`].

use serde::{Deserialize, Serialize};

use crate::{actor::Actor, time::Timestamp, word::words};

words! {
    /// What a user does, as far as the rules tell it apart.
    pub enum OperationClass {
        /// Approval of a batch (総合振込, 給与振込).
        BatchApprove = "batch_approve",
        /// A change of the customer's own data.
        CustomerData = "customer_data",
        /// Logging in.
        Login = "login",
        /// Pay-easy (ペイジー).
        Payeasy = "payeasy",
        /// Administration of tokens.
        TokenAdmin = "token_admin",
        /// A single transfer (都度振込, 資金移動).
        TransferSingle = "transfer_single",
        /// Everything that is not protected: balances, statements, other data transmission.
        Unprotected = "unprotected",
        /// Administration of users.
        UserAdmin = "user_admin",
    }
}

words! {
    /// Where an operation stands on its way through the customer's approvals.
    #[derive(Default)]
    pub enum Stage {
        /// The only approval.
        Approval = "approval",
        /// Entered, to be approved by others.
        Entry = "entry",
        /// Carried out by the one who entered it.
        #[default]
        Execution = "execution",
        /// The second of two approvals.
        FinalApproval = "final_approval",
        /// The first of two approvals.
        FirstApproval = "first_approval",
    }
}

words! {
    /// What proves that the user holds the token.
    pub enum Factor {
        /// A one-time password.
        Otp = "otp",
        /// A signature over the transaction that the token showed.
        TransactionSignature = "transaction_signature",
    }
}

words! {
    /// What an operation needs.
    pub enum Decision {
        /// It works without a token until `grace_until` (猶予期間).
        AllowedByGrace = "allowed_by_grace",
        /// Not possible; `reason` says why.
        Denied = "denied",
        /// Nothing is asked.
        NotRequired = "not_required",
        /// `factor` has to be shown.
        Required = "required",
    }
}

words! {
    /// Why an operation or a login is not possible.
    pub enum Cause {
        /// The user's token is past its expiry.
        Expired = "expired",
        /// Too many wrong codes; the lock has to be lifted.
        Locked = "locked",
        /// A token has to be registered first.
        RegistrationRequired = "registration_required",
        /// The user's token was revoked.
        Revoked = "revoked",
        /// The user's token is out of use.
        TokenUnusable = "token_unusable",
    }
}

/// An operation that a user is about to do.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuthorizeRequest {
    /// What the front end vouches for; kept in the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// What it is.
    pub class: OperationClass,
    /// Where it stands on its way through approvals.
    #[serde(default)]
    pub stage: Stage,
    /// The payee was registered beforehand (事前登録口座).
    #[serde(default)]
    pub payee_preregistered: bool,
    /// Attributes that change, for classes where that matters.
    #[serde(default)]
    pub attributes: Vec<String>,
    /// When the user's session began; matters where a registration counts from the next login on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logged_in_at: Option<Timestamp>,
}

impl AuthorizeRequest {
    /// An operation without particulars.
    pub fn new(class: OperationClass) -> Self {
        Self {
            actor: None,
            class,
            stage: Stage::default(),
            payee_preregistered: false,
            attributes: Vec::new(),
            logged_in_at: None,
        }
    }
}

/// What the operation needs.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuthorizeAnswer {
    /// What to do.
    pub decision: Decision,
    /// What has to be shown; present exactly when the decision is `required`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<Factor>,
    /// Why not; present exactly when the decision is `denied`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cause>,
    /// First moment after the grace period (猶予期間); present exactly when the decision is `allowed_by_grace`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_until: Option<Timestamp>,
    /// Yen that the user may transfer per day at most, for want of a token. The front end enforces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_yen_per_day: Option<u64>,
    /// The decision as a sentence, in the language of `Accept-Language`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}
