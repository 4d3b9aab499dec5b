//! Custody of a seed between the core's types, which the store keeps, and the protocol's, which the
//! HSM worker reads. Values only; the worker makes and checks every seal.
//!
//! Not responsible for: wrapping, binding, or deciding which custody a batch gets.

use warifu_core::{
    custody::{SealedSeed, WrapMechanism},
    ident::TokenId,
    oath::HashAlgorithm,
};
use warifu_hsm_protocol::{Hash, KeyKind, KeyRef, Seal};

/// The name that binds a seal to its record: `institution 00 serial`. Neither part can hold a zero
/// byte, so no two records share a name.
pub fn record_name(id: &TokenId) -> Vec<u8> {
    let (institution, serial) = (id.institution.as_str(), id.serial.as_str());
    let mut name = Vec::with_capacity(institution.len() + 1 + serial.len());
    name.extend_from_slice(institution.as_bytes());
    name.push(0);
    name.extend_from_slice(serial.as_bytes());
    name
}

/// What a camera token's keys are for; each has a seal, and a name in the store, of its own.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum KeyRole {
    /// Encrypts the messages to the token.
    Encryption,
    /// Makes the device code of an activation.
    DeviceCode,
    /// Makes the codes that confirm and sign.
    Signature,
}

impl KeyRole {
    /// All of them, in the order in which seed files and [`crate::hsm::Hsm::expand`] give them.
    pub const ALL: [Self; 3] = [Self::Encryption, Self::DeviceCode, Self::Signature];

    /// The role in three letters, as the expansion of a seed has it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Encryption => "ENC",
            Self::DeviceCode => "COD",
            Self::Signature => "SIG",
        }
    }

    /// The use that the HSM restricts the key to.
    pub const fn kind(self) -> KeyKind {
        match self {
            Self::Encryption => KeyKind::Aes,
            Self::DeviceCode | Self::Signature => KeyKind::Hmac(Hash::Sha256),
        }
    }
}

/// The name that binds one of several keys of a token: `institution 00 serial 00 role`. No name of
/// [`record_name`] has two zero bytes.
pub fn key_record_name(id: &TokenId, role: KeyRole) -> Vec<u8> {
    let mut name = record_name(id);
    name.push(0);
    name.extend_from_slice(role.label().as_bytes());
    name
}

/// What the worker needs to use a stored key.
pub fn key_ref(record: &[u8], kind: KeyKind, seal: &SealedSeed) -> KeyRef {
    KeyRef { record: record.to_vec(), kind, seal: to_wire(seal) }
}

/// A key that makes HMACs of that hash.
pub const fn hmac(hash: HashAlgorithm) -> KeyKind {
    KeyKind::Hmac(match hash {
        HashAlgorithm::Sha1 => Hash::Sha1,
        HashAlgorithm::Sha256 => Hash::Sha256,
        HashAlgorithm::Sha512 => Hash::Sha512,
    })
}

/// The seal in the protocol's words.
pub fn to_wire(seal: &SealedSeed) -> Seal {
    match seal {
        SealedSeed::Resident { object_id, binding } => {
            Seal::Resident { object_id: *object_id, binding: *binding }
        }
        SealedSeed::Wrapped { kek, mechanism, blob, binding } => Seal::Wrapped {
            kek: *kek,
            padded: matches!(mechanism, WrapMechanism::AesKeyWrapPad),
            blob: blob.clone(),
            binding: *binding,
        },
    }
}

/// The worker's seal in the core's words.
pub fn from_wire(seal: Seal) -> SealedSeed {
    match seal {
        Seal::Resident { object_id, binding } => SealedSeed::Resident { object_id, binding },
        Seal::Wrapped { kek, padded, blob, binding } => {
            let mechanism =
                if padded { WrapMechanism::AesKeyWrapPad } else { WrapMechanism::AesKeyWrap };
            SealedSeed::Wrapped { kek, mechanism, blob, binding }
        }
    }
}

#[cfg(test)]
mod tests {
    use warifu_core::ident::{Institution, Serial};

    use super::*;

    #[test]
    fn a_record_name_separates_its_parts() {
        let id = |institution: &str, serial: &str| TokenId {
            institution: Institution::parse(institution).unwrap(),
            serial: Serial::parse(serial).unwrap(),
        };
        assert_eq!(record_name(&id("bank", "0012")), b"bank\x000012");
        assert_ne!(record_name(&id("bank1", "2")), record_name(&id("bank", "12")));
    }

    #[test]
    fn each_key_of_a_token_has_a_name_of_its_own() {
        let id = TokenId {
            institution: Institution::parse("bank").unwrap(),
            serial: Serial::parse("0112345679").unwrap(),
        };
        let names = KeyRole::ALL.map(|role| key_record_name(&id, role));
        assert_eq!(names[0], b"bank\x000112345679\x00ENC");
        assert!(names[0] != names[1] && names[1] != names[2] && names[2] != names[0]);
        assert!(!names.contains(&record_name(&id)));
    }

    #[test]
    fn a_seal_comes_back_as_it_went() {
        for mechanism in [WrapMechanism::AesKeyWrap, WrapMechanism::AesKeyWrapPad] {
            let seal =
                SealedSeed::Wrapped { kek: 3, mechanism, blob: vec![1; 40], binding: [2; 32] };
            assert_eq!(from_wire(to_wire(&seal)), seal);
        }
        let seal = SealedSeed::Resident { object_id: [7; 16], binding: [8; 32] };
        assert_eq!(from_wire(to_wire(&seal)), seal);
    }
}
