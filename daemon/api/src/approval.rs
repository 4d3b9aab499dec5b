//! Four eyes on the wire: what one person proposes and another carries out or refuses.
//!
//! A batch of tokens has its own approval, see [`crate::import`]. Not responsible for: which
//! operations need two people; that is the institution's policy.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Map, Value};

use crate::{time::Timestamp, token::ChangeRequest, word::words};

words! {
    /// Where a proposal stands.
    pub enum ProposalState {
        /// Waits for another person.
        Open = "open",
        /// Approved and being carried out; approve again to bring it to its end.
        Approved = "approved",
        /// Carried out.
        Done = "done",
        /// Approved, and then refused by the state of the thing; `outcome` says why.
        Failed = "failed",
        /// Refused by another person.
        Rejected = "rejected",
        /// Taken back by whoever proposed it.
        Withdrawn = "withdrawn",
        /// Nobody decided in time.
        Expired = "expired",
    }
}

/// An operation that two people carry out together.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "operation", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ProposedOperation {
    /// Makes a camera token ready for another activation (初期化).
    CameraInitialise {
        /// The contract.
        contract: String,
        /// The token.
        serial: String,
        /// Why.
        #[serde(default)]
        request: ChangeRequest,
    },
    /// Lifts the locks of users' tokens (利用停止解除).
    ContractUnlocks {
        /// The contract.
        contract: String,
        /// Whose, 1 to 500, none twice.
        users: Vec<String>,
        /// Why.
        #[serde(default)]
        request: ChangeRequest,
    },
    /// Makes a transport key inside the HSM.
    KeyGenerate {
        /// Its name.
        label: String,
        /// 128, 192 or 256.
        bits: u16,
    },
    /// Makes an RSA key pair inside the HSM; manufacturers encrypt under its public part.
    KeyPair {
        /// Its name.
        label: String,
        /// 2048, 3072 or 4096.
        bits: u16,
    },
    /// Destroys a transport key.
    KeyDestroy {
        /// Its name.
        label: String,
    },
    /// Reports a token lost (紛失).
    TokenLost {
        /// The token.
        serial: String,
        /// Why.
        #[serde(default)]
        request: ChangeRequest,
    },
    /// Makes a new wrapping key and wraps every seed anew under it.
    WrappingKeyRotate {},
    /// Destroys an old wrapping key that nothing is wrapped under any more.
    WrappingKeyDestroy {
        /// Its generation.
        generation: u32,
    },
}

impl ProposedOperation {
    /// The fields that its kinds have, of which an answer may have more.
    const FIELDS: [&str; 8] =
        ["operation", "bits", "contract", "generation", "label", "request", "serial", "users"];

    /// The stable word, as in `operation`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::CameraInitialise { .. } => "camera_initialise",
            Self::ContractUnlocks { .. } => "contract_unlocks",
            Self::KeyGenerate { .. } => "key_generate",
            Self::KeyPair { .. } => "key_pair",
            Self::KeyDestroy { .. } => "key_destroy",
            Self::TokenLost { .. } => "token_lost",
            Self::WrappingKeyRotate {} => "wrapping_key_rotate",
            Self::WrappingKeyDestroy { .. } => "wrapping_key_destroy",
        }
    }
}

/// Reads the operation of an answer, which may have gained fields since this was written: unlike a
/// request, it is not refused for them.
fn of_an_answer<'de, D: Deserializer<'de>>(from: D) -> Result<ProposedOperation, D::Error> {
    let mut fields = Map::deserialize(from)?;
    fields.retain(|name, _| ProposedOperation::FIELDS.contains(&name.as_str()));
    serde_json::from_value(Value::Object(fields)).map_err(D::Error::custom)
}

/// Proposes an operation.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProposalRequest {
    /// What is to be done.
    #[serde(flatten)]
    pub operation: ProposedOperation,
}

/// What whoever decides has to say.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DecisionRequest {
    /// Of the proposal, as shown: so that what is approved is what was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// A reason, at most 200 printable characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A proposal.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Proposal {
    /// Names the proposal in paths.
    pub id: String,
    /// What is to be done.
    #[serde(flatten, deserialize_with = "of_an_answer")]
    pub operation: ProposedOperation,
    /// Where it stands.
    pub state: ProposalState,
    /// SHA-256 over what is to be done, hex; to be given with the decision.
    pub fingerprint: String,
    /// Who proposed it.
    pub proposer: String,
    /// When.
    pub created_at: Timestamp,
    /// Until when it waits.
    pub expires_at: Timestamp,
    /// Who decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decider: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
    /// What whoever decided said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

/// What the list of proposals is narrowed to.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct ProposalQuery {
    /// Most proposals in one page, 1 to 1000; 100 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Those in this state only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ProposalState>,
}

/// A page of the list of proposals.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProposalPage {
    /// The proposals.
    pub items: Vec<Proposal>,
    /// Pass as `cursor` to go on; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
