//! The three factory keys of a camera token, and all that is computed with them, in software.
//!
//! Not responsible for: what is computed over (`warifu_txa1`). A real device keeps them in a chip.

use std::fmt;

use aes::Aes256;
use aes::cipher::{BlockEncrypt as _, KeyInit as _};
use hmac::Hmac;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use sha2::Sha256;
use thiserror::Error;
use warifu_core::code::Code;
use warifu_core::oath::{self, Digits};
use warifu_txa1::expansion::{self, Role};
use warifu_txa1::question;
use warifu_txa1::serial::DeviceSerial;
use zeroize::Zeroizing;

use crate::token::mac;

/// Bytes of each key and of the seed.
pub(super) const KEY_LEN: usize = 32;

/// Why there are no keys.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum KeysError {
    /// Give one line of 64 hexadecimal digits, or three.
    #[error("keys are one seed or the three keys ENC, COD, SIG: 64 hexadecimal digits a line")]
    Malformed,
    /// The operating system gave no randomness; do not go on.
    #[error("no randomness from the operating system")]
    Randomness,
}

/// The device's keys. Each has one use.
pub struct DeviceKeys {
    encryption: Key,
    device_code: Key,
    signature: Key,
}

type Key = Zeroizing<[u8; KEY_LEN]>;

impl DeviceKeys {
    /// The three keys of a three-key file, in the order ENC, COD, SIG.
    pub fn new(encryption: [u8; 32], device_code: [u8; 32], signature: [u8; 32]) -> Self {
        let [encryption, device_code, signature] =
            [encryption, device_code, signature].map(Zeroizing::new);
        Self { encryption, device_code, signature }
    }

    /// The keys that follow from a seed: AES-256-ECB over a block for each role.
    pub fn from_seed(seed: &[u8; 32], serial: DeviceSerial) -> Self {
        let of = |role| expand(seed, role, serial);
        Self {
            encryption: of(Role::Encryption),
            device_code: of(Role::DeviceCode),
            signature: of(Role::Signature),
        }
    }

    /// The keys of a new seed that nobody else knows.
    pub fn random(serial: DeviceSerial) -> Result<Self, KeysError> {
        let mut seed = Zeroizing::new([0; KEY_LEN]);
        SystemRandom::new().fill(seed.as_mut()).map_err(|_| KeysError::Randomness)?;
        Ok(Self::from_seed(&seed, serial))
    }

    /// Reads a file: one line is a seed, three lines are ENC, COD and SIG, in hexadecimal.
    pub fn from_text(text: &str, serial: DeviceSerial) -> Result<Self, KeysError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let keys = lines.map(key).collect::<Result<Vec<_>, _>>()?;
        match keys.as_slice() {
            [seed] => Ok(Self::from_seed(seed, serial)),
            [encryption, device_code, signature] => {
                Ok(Self::new(**encryption, **device_code, **signature))
            }
            _ => Err(KeysError::Malformed),
        }
    }

    /// ENC, COD and SIG, for a file that is as secret as the keys.
    pub fn expose(&self) -> [&[u8; 32]; 3] {
        [&self.encryption, &self.device_code, &self.signature]
    }

    /// What was sealed with the encryption key, or nothing where the seal is broken.
    pub(super) fn open(
        &self,
        nonce: [u8; 12],
        aad: &[u8],
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let key = UnboundKey::new(&AES_256_GCM, self.encryption.as_slice()).ok()?;
        let mut bytes = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(nonce);
        let plain = LessSafeKey::new(key).open_in_place(nonce, Aad::from(aad), &mut bytes).ok()?;
        Some(Zeroizing::new(plain.to_vec()))
    }

    /// The first eight bytes of the MAC under the device code's key.
    pub(super) fn device_code(&self, input: &[u8]) -> u64 {
        let mac = Zeroizing::new(mac::<Hmac<Sha256>>(self.device_code.as_slice(), input));
        mac.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }

    /// The eight digits that answer a question (RFC 6287 with the suite of camera tokens).
    pub(super) fn answer(&self, question: &[u8; 32]) -> Code {
        let input = Zeroizing::new(question::data_input(question));
        let mac = Zeroizing::new(mac::<Hmac<Sha256>>(self.signature.as_slice(), &input));
        Digits::new(8)
            .and_then(|digits| oath::truncate(&mac, digits))
            .expect("an HMAC-SHA-256 is long enough for eight digits")
    }
}

impl fmt::Debug for DeviceKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceKeys")
    }
}

/// A key in hexadecimal.
pub(super) fn key(text: &str) -> Result<Key, KeysError> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    hex::decode_to_slice(text, key.as_mut()).map_err(|_| KeysError::Malformed)?;
    Ok(key)
}

fn expand(seed: &[u8; 32], role: Role, serial: DeviceSerial) -> Key {
    let cipher = Aes256::new(seed.into());
    let mut blocks = Zeroizing::new(expansion::block(role, &serial));
    for block in blocks.chunks_exact_mut(16) {
        cipher.encrypt_block(block.into());
    }
    blocks
}
