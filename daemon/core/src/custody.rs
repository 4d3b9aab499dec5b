//! Where a token's seed lies. Values only; the HSM work is in `warifu-keys` and `warifu-hsm`.

use std::fmt;

/// How the seeds of a batch are kept.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum CustodyKind {
    /// Each seed is a token object inside the HSM.
    Resident,
    /// Each seed lies in the store, wrapped under a key that never leaves the HSM.
    Wrapped,
}

impl CustodyKind {
    /// The word in configuration, API and reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Resident => "resident",
            Self::Wrapped => "wrapped",
        }
    }
}

/// Mechanism that made a wrapped blob.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum WrapMechanism {
    /// RFC 3394, on zero-padded seeds.
    AesKeyWrap,
    /// RFC 5649, where a value was unwrapped inside the HSM and its length is not ours to pad.
    AesKeyWrapPad,
}

/// A seed as the store holds it: useless without the HSM, and bound to its record.
#[derive(Clone, Eq, PartialEq)]
pub enum SealedSeed {
    /// A token object with this `CKA_ID`.
    Resident {
        /// `CKA_ID` of the object.
        object_id: [u8; 16],
        /// HMAC over record id and object id.
        binding: [u8; 32],
    },
    /// A wrapped blob.
    Wrapped {
        /// Generation of the wrapping key (`CKA_ID` of the KEK).
        kek: u32,
        /// How it was wrapped.
        mechanism: WrapMechanism,
        /// The wrapped key.
        blob: Vec<u8>,
        /// HMAC over record id, KEK generation, mechanism, hash and blob.
        binding: [u8; 32],
    },
}

/// The keys of a camera token besides the one that signs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CameraKeys {
    /// Name of the driver that understands them and the token's messages.
    pub driver: String,
    /// Encrypts messages to the token.
    pub encryption: SealedSeed,
    /// Makes the first code of an activation.
    pub device_code: SealedSeed,
}

impl SealedSeed {
    /// Which custody this is.
    pub const fn kind(&self) -> CustodyKind {
        match self {
            Self::Resident { .. } => CustodyKind::Resident,
            Self::Wrapped { .. } => CustodyKind::Wrapped,
        }
    }
}

impl fmt::Debug for SealedSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resident { .. } => f.write_str("SealedSeed::Resident(..)"),
            Self::Wrapped { kek, mechanism, .. } => {
                write!(f, "SealedSeed::Wrapped(kek {kek}, {mechanism:?})")
            }
        }
    }
}
