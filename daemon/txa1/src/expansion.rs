//! How the three keys of a token follow from the one 32-byte seed that some makers deliver.
//!
//! Each key is AES-256-ECB under the seed over the block given here, which is what
//! `CKM_AES_ECB_ENCRYPT_DATA` does inside an HSM (PKCS#11 v3.1 s.6.13). Not responsible for: doing so.

use crate::serial::DeviceSerial;

/// Bytes of a seed, of a block and of each key.
pub const KEY_LEN: usize = 32;

/// What one key of a token is for; each has one use only.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// KE: AES-256-GCM over messages to the token.
    Encryption,
    /// KC: HMAC-SHA-256 behind the device code.
    DeviceCode,
    /// KS: HMAC-SHA-256 behind confirmations and signatures.
    Signature,
}

impl Role {
    /// In the order of the seed file, of a record and of the worker's jobs.
    pub const ALL: [Self; 3] = [Self::Encryption, Self::DeviceCode, Self::Signature];

    /// The three letters in the block, in a seed file's suite and in a key's record name.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Encryption => "ENC",
            Self::DeviceCode => "COD",
            Self::Signature => "SIG",
        }
    }

    /// Reads [`Self::label`].
    pub fn from_label(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.label() == text)
    }
}

/// `01 | label | serial | 7 zeros | 02 | label | serial | 7 zeros`. The serial keeps two tokens with
/// one seed apart, the label the keys of one token, the leading number the halves of one key.
pub fn block(role: Role, serial: &DeviceSerial) -> [u8; KEY_LEN] {
    let mut block = [0; KEY_LEN];
    for (number, half) in (1..).zip(block.chunks_exact_mut(KEY_LEN / 2)) {
        let start = [number].into_iter().chain(role.label().bytes()).chain(*serial.bytes());
        half.iter_mut().zip(start).for_each(|(to, from)| *to = from);
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_back() {
        for role in Role::ALL {
            assert_eq!(Role::from_label(role.label()), Some(role));
        }
        assert_eq!(Role::from_label("enc"), None);
    }
}
