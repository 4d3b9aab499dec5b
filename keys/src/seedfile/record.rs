//! One key as read from a seed file of any format: everything an import needs, nothing decided.
//!
//! Not responsible for custody, institution or policy profile: the importer adds those.

use warifu_core::ident::Serial;
use warifu_core::oath::HashAlgorithm;
use warifu_core::time::UnixTime;
use warifu_txa1::expansion::{self, Role};

use super::crypto::EncryptedValue;
use super::refusal::{Position, Warning};
use crate::secret::Secret;

/// What the key computes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Algorithm {
    /// RFC 4226.
    Hotp,
    /// RFC 6238.
    Totp,
    /// RFC 6287; the suite is in [`Record::suite`].
    Ocra,
    /// A key of a camera token.
    Txa1(CameraPart),
}

/// What of a camera token's keys a record holds. The file says it as the key's suite.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum CameraPart {
    /// The seed from which all three keys follow.
    Seed,
    /// One of the three keys.
    Key(Role),
}

impl CameraPart {
    /// Octets of the seed and of each key.
    pub const LEN: usize = expansion::KEY_LEN;

    /// `SEED`, `ENC`, `COD`, `SIG`: the suite, and the end of the key's id.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Seed => "SEED",
            Self::Key(role) => role.label(),
        }
    }

    /// Reads [`Self::label`].
    pub fn from_label(text: &str) -> Option<Self> {
        match text {
            "SEED" => Some(Self::Seed),
            _ => Role::from_label(text).map(Self::Key),
        }
    }
}

impl Algorithm {
    /// `HOTP`, `TOTP`, `OCRA`, `TXA1`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hotp => "HOTP",
            Self::Totp => "TOTP",
            Self::Ocra => "OCRA",
            Self::Txa1(_) => "TXA1",
        }
    }
}

/// The secret of a record.
#[derive(Debug)]
pub enum SecretValue {
    /// In the clear, or opened in software: 16 to 128 octets.
    Plain(Secret),
    /// Still as in the file, for the HSM to open.
    Encrypted(EncryptedValue),
}

impl SecretValue {
    /// Whether it can have this length. Of a value that is still encrypted only the HSM knows, where
    /// its cipher fills up.
    pub fn may_have(&self, octets: usize) -> bool {
        match self {
            Self::Plain(secret) => secret.len() == octets,
            Self::Encrypted(value) => value.cipher.may_hold(octets, value.octets.len()),
        }
    }
}

/// What a key may be used for (RFC 6030 s.5).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyUsage {
    /// One-time passwords.
    Otp,
    /// Challenge and response.
    Cr,
    /// Encryption.
    Encrypt,
    /// Integrity protection.
    Integrity,
    /// Verification of integrity.
    Verify,
    /// Unlocking a device.
    Unlock,
    /// Decryption.
    Decrypt,
    /// Wrapping keys.
    KeyWrap,
    /// Unwrapping keys.
    Unwrap,
    /// Deriving keys.
    Derive,
    /// Generating keys.
    Generate,
}

/// How a PIN takes part (RFC 6030 s.5); the algorithmic mode is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PinMode {
    /// The device checks it.
    Local,
    /// Typed before the code.
    Prepend,
    /// Typed after the code.
    Append,
}

/// A PIN policy that must be carried on or refused by the importer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PinPolicy {
    /// Id of the key that holds the PIN.
    pub key_id: Option<String>,
    /// How the PIN takes part.
    pub mode: Option<PinMode>,
    /// Failures until the device blocks.
    pub max_failed: Option<u32>,
    /// Shortest PIN.
    pub min_length: Option<u32>,
    /// Longest PIN.
    pub max_length: Option<u32>,
}

/// Policy of a key, entirely understood: what is not understood is refused.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeyPolicy {
    /// Permitted uses; empty means no restriction.
    pub usage: Vec<KeyUsage>,
    /// PIN.
    pub pin: Option<PinPolicy>,
    /// How many times the key may be used, at least 1.
    pub transactions: Option<u64>,
}

/// One key.
#[derive(Debug)]
pub struct Record {
    /// Where it stands.
    pub at: Position,
    /// Maker, as written. With serial and key id it identifies the key (RFC 6030 s.4.3.1).
    pub manufacturer: Option<String>,
    /// Serial as printed on the token.
    pub serial: Serial,
    /// Id of the key within the device.
    pub key_id: String,
    /// Who issued the key.
    pub issuer: Option<String>,
    /// What it computes.
    pub algorithm: Algorithm,
    /// Hash of the HMAC.
    pub hash: HashAlgorithm,
    /// Digits shown, 6 to 9; OCRA suites 4 to 10, camera tokens 8.
    pub digits: u8,
    /// Seconds per time step; with TOTP always there.
    pub time_step_s: Option<u32>,
    /// Next counter; with HOTP always there.
    pub counter: Option<u64>,
    /// Drift of the device's clock in time steps.
    pub time_drift: i32,
    /// Time counter of the file, in steps; tokens of this field have 0.
    pub time_offset: i64,
    /// First moment of validity: the later one of device and key.
    pub starts_at: Option<UnixTime>,
    /// Last moment of validity, inclusive: the earlier one of device and key.
    pub expires_at: Option<UnixTime>,
    /// Policy.
    pub policy: KeyPolicy,
    /// Suite as written: an OCRA suite, the part of a camera token, or the hash of HOTP and TOTP.
    pub suite: Option<String>,
    /// The secret.
    pub secret: SecretValue,
    /// What an officer should know.
    pub warnings: Vec<Warning>,
}

impl Record {
    /// Whether the token needs a second approval before it goes into service.
    pub fn is_quarantined(&self) -> bool {
        self.warnings.iter().any(|warning| warning.code.quarantines())
    }
}
