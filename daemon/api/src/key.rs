//! Transport keys on the wire: ceremonies, the list, and the rotation of the wrapping key.
//!
//! No key ever comes back; components go in only. Not responsible for: what the HSM makes of them.

use serde::{Deserialize, Serialize};

use crate::{secret::SecretText, time::Timestamp, word::words};

words! {
    /// What kind of key it is.
    pub enum KeyShape {
        /// AES, 128 bits.
        Aes128 = "aes-128",
        /// AES, 192 bits.
        Aes192 = "aes-192",
        /// AES, 256 bits.
        Aes256 = "aes-256",
        /// Two-key triple DES, 16 bytes.
        TripleDes2 = "3des-2key",
        /// Three-key triple DES, 24 bytes.
        TripleDes3 = "3des-3key",
        /// RSA key pair, 2048 bits.
        Rsa2048 = "rsa-2048",
        /// RSA key pair, 3072 bits.
        Rsa3072 = "rsa-3072",
        /// RSA key pair, 4096 bits.
        Rsa4096 = "rsa-4096",
    }
}

words! {
    /// How a check value is computed.
    pub enum KcvMethod {
        /// First 3 octets of the cipher over a zero block.
        Ecb = "ecb",
        /// First 5 octets of a CMAC over a zero block (ANSI X9.24-1).
        Cmac = "cmac",
    }
}

words! {
    /// Where a key comes from.
    pub enum KeyOrigin {
        /// Put together from components by several officers.
        Ceremony = "ceremony",
        /// Made inside the HSM.
        Generated = "generated",
        /// Made inside the HSM as a pair.
        Pair = "pair",
        /// Brought in whole at the machine (`warifu hsm key import`).
        Imported = "imported",
    }
}

words! {
    /// Where a ceremony stands.
    pub enum CeremonyState {
        /// Components are missing.
        Open = "open",
        /// All components are there; the check value of the whole is to be confirmed.
        Confirming = "confirming",
        /// The key is in the HSM.
        Done = "done",
        /// Given up or expired; nothing is kept.
        Aborted = "aborted",
    }
}

/// Opens a ceremony: a transport key from components that different officers type.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CeremonyRequest {
    /// Name of the key.
    pub label: String,
    /// AES or triple DES.
    pub shape: KeyShape,
    /// How many components, 2 to 5.
    pub components: u8,
    /// How the manufacturer computes check values; `ecb` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kcv_method: Option<KcvMethod>,
    /// Check value of the whole key as the manufacturer states it, hex. Where it is known, the key is
    /// made as soon as the last component is in and the value is right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kcv: Option<String>,
}

/// One component.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ComponentRequest {
    /// The component, hex.
    pub component: SecretText,
    /// Its check value as printed with it, hex; a wrong one means a mistyped component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kcv: Option<String>,
}

/// Confirms the check value of the whole key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfirmRequest {
    /// As the manufacturer states it, hex.
    pub kcv: String,
}

/// A component that was entered.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ComponentEntry {
    /// Who typed it.
    pub officer: String,
    /// Its check value, hex.
    pub kcv: String,
    /// When.
    pub at: Timestamp,
}

/// A ceremony.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ceremony {
    /// Names the ceremony in paths.
    pub id: String,
    /// Name of the key.
    pub label: String,
    /// Kind of the key.
    pub shape: KeyShape,
    /// How many components there are in all.
    pub components: u8,
    /// How check values are computed.
    pub kcv_method: KcvMethod,
    /// Where it stands.
    pub state: CeremonyState,
    /// Who opened it.
    pub opened_by: String,
    /// The components so far.
    pub entries: Vec<ComponentEntry>,
    /// Check value of the whole, hex, once all components are in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kcv: Option<String>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it is given up.
    pub expires_at: Timestamp,
}

/// Open ceremonies, and those that ended lately.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CeremonyList {
    /// The newest last.
    pub items: Vec<Ceremony>,
}

/// A transport key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TransportKey {
    /// Its name.
    pub label: String,
    /// Kind; absent where the HSM has a key of a kind that is not known here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<KeyShape>,
    /// What it may do.
    pub key_use: String,
    /// Where it comes from.
    pub origin: KeyOrigin,
    /// Check value, hex. Of a pair: the start of the SHA-256 of its public part.
    pub kcv: String,
    /// Whether it is in the HSM.
    pub in_hsm: bool,
    /// Who made it; empty where it was made at the machine.
    pub officers: Vec<String>,
    /// When it was made, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When a file was opened with it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// When it was destroyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destroyed_at: Option<Timestamp>,
}

/// All transport keys of an institution, destroyed ones included.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyList {
    /// By name.
    pub items: Vec<TransportKey>,
}

/// Public part of a pair.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicKey {
    /// Name of the key.
    pub label: String,
    /// SubjectPublicKeyInfo in PEM.
    pub pem: String,
    /// SHA-256 of the SubjectPublicKeyInfo, hex: to be compared by another channel.
    pub sha256: String,
}

words! {
    /// Where a rotation stands.
    pub enum RotationState {
        /// Seeds are being wrapped anew.
        Rewrapping = "rewrapping",
        /// All were visited; every one is looked at again.
        Checking = "checking",
        /// Nothing is wrapped under an older key.
        Done = "done",
        /// Some seeds can not be wrapped anew; `note` says why. The next proposal goes on with it.
        Stopped = "stopped",
    }
}

/// The last rotation of the wrapping key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rotation {
    /// Generation of the new key.
    pub to: u32,
    /// Where it stands.
    pub state: RotationState,
    /// Tokens visited in this phase.
    pub done: u64,
    /// Tokens to visit in this phase, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Seeds wrapped anew.
    pub rewrapped: u64,
    /// Tokens whose seeds could not be wrapped anew; the log names them.
    pub failed: u64,
    /// Tokens that were looked at again.
    pub checked: u64,
    /// Tokens found under an older key when they were looked at again.
    pub remaining: u64,
    /// Who started it.
    pub officers: Vec<String>,
    /// When.
    pub started_at: Timestamp,
    /// When it last got on.
    pub updated_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// What is to be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Wrapping keys and their rotation.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WrappingKeys {
    /// Generations in the HSM; new seeds are wrapped under the last one.
    pub generations: Vec<u32>,
    /// The last rotation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
}
