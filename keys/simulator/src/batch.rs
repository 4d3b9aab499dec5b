//! A demo batch: how many tokens of which kind, and how their seeds follow from one secret.
//!
//! Not responsible for the file format (`pskc`) nor for keeping the secret (`keyring`).

use std::fmt;
use std::io::{self, Write};

use hmac::Hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use sha2::{Sha256, Sha512};
use thiserror::Error;
use warifu_core::ident::Serial;
use warifu_core::oath::{Digits, HashAlgorithm};
use zeroize::Zeroizing;

use crate::pskc::{self, Entry};
use crate::serials;
use crate::token::{Kind, VirtualToken, mac};

/// Why a batch can not be made.
#[derive(Debug, Error)]
pub enum BatchError {
    /// Give a first serial that ends in digits.
    #[error("the first serial must end in digits and stay within {} characters", Serial::MAX)]
    Serial,
    /// Give a smaller count or a longer serial.
    #[error("the digits of the first serial do not suffice for the count")]
    Count,
    /// Ask for a serial of this batch.
    #[error("the serial does not belong to the batch")]
    Foreign,
    /// Ask for what these tokens do, and for one use of keypad tokens at least.
    #[error("the tokens of the batch are of another kind")]
    Model,
    /// Give ten digits, the last one by ISO/IEC 7064 MOD 11,10.
    #[error("the serial of a camera token has ten digits, of which the last is a check digit")]
    CameraSerial,
    /// Give a manufacturer of at most 64 plain letters, digits, blanks, dots or dashes.
    #[error("the manufacturer may have letters, digits, blanks, dots and dashes")]
    Manufacturer,
    /// Give 6 to 9 digits: seed files know no more.
    #[error("a seed file holds tokens of 6 to 9 digits")]
    Digits,
    /// Give a key as long as the cipher asks.
    #[error("the transport key must have {0} bytes")]
    KeyLength(usize),
    /// The operating system gave no randomness; do not go on.
    #[error("no randomness from the operating system")]
    Randomness,
    /// Look at the disk.
    #[error("the seed file can not be written")]
    Write(#[from] io::Error),
}

/// The secret of a batch: 32 bytes from which everything else follows.
pub struct BatchSeed(Zeroizing<[u8; 32]>);

impl BatchSeed {
    /// A new one, from the operating system.
    pub fn generate() -> Result<Self, BatchError> {
        let mut bytes = Zeroizing::new([0; 32]);
        SystemRandom::new().fill(bytes.as_mut()).map_err(|_| BatchError::Randomness)?;
        Ok(Self(bytes))
    }

    /// A fixed one, so that a test is the same every time.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for the keyring.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The seed of one token: HMAC over the serial, as long as the hash's own output.
    pub(crate) fn token_seed(&self, serial: &str, hash: HashAlgorithm) -> Vec<u8> {
        let label = format!("seed|{serial}");
        let mut seed = mac::<Hmac<Sha512>>(self.0.as_slice(), label.as_bytes());
        seed.truncate(hash.mac_len());
        seed
    }

    /// A fresh initialization vector for a value; never repeats, since every label is used once.
    pub(crate) fn iv(&self, label: &str) -> [u8; 16] {
        let mut iv = [0; 16];
        let full = mac::<Hmac<Sha256>>(self.0.as_slice(), format!("iv|{label}").as_bytes());
        iv.iter_mut().zip(full).for_each(|(to, from)| *to = from);
        iv
    }

    /// The key of the value MACs.
    pub(crate) fn mac_key(&self) -> Vec<u8> {
        mac::<Hmac<Sha256>>(self.0.as_slice(), b"mac key")
    }

    /// The salt of a password.
    pub(crate) fn salt(&self) -> [u8; 16] {
        self.iv("salt")
    }
}

impl fmt::Debug for BatchSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BatchSeed")
    }
}

/// Key size of AES-CBC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AesSize {
    /// 128 bits.
    Aes128,
    /// 192 bits.
    Aes192,
    /// 256 bits.
    Aes256,
}

impl AesSize {
    /// Bytes of the key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }
}

/// Hash of the value MACs and of PBKDF2.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MacKind {
    /// HMAC-SHA-1, which RFC 6030 recommends.
    Sha1,
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-512.
    Sha512,
}

/// How the seeds of a file are protected.
pub enum Protection {
    /// Not at all.
    Plain,
    /// AES-CBC under a key agreed beforehand.
    PreShared {
        /// Name of the key in the file.
        name: String,
        /// The key.
        key: Zeroizing<Vec<u8>>,
        /// Its size.
        aes: AesSize,
        /// MAC over each value.
        mac: MacKind,
    },
    /// AES-CBC under a key derived from a password.
    Password {
        /// The password.
        password: Zeroizing<String>,
        /// PBKDF2 iterations.
        iterations: u32,
        /// Size of the derived key.
        aes: AesSize,
        /// PRF and value MAC.
        mac: MacKind,
    },
}

impl fmt::Debug for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "Plain",
            Self::PreShared { .. } => "PreShared",
            Self::Password { .. } => "Password",
        })
    }
}

/// What is the same for all tokens of a batch, in the form that a keyring keeps.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// How many tokens.
    pub count: u64,
    /// Serial of the first; the others count up its trailing digits.
    pub first_serial: String,
    /// Maker named in the file.
    pub manufacturer: String,
    /// Seconds per time step; `None` makes HOTP tokens.
    pub time_step_s: Option<u32>,
    /// `SHA1`, `SHA256` or `SHA512`.
    #[serde(with = "hash_name")]
    pub hash: HashAlgorithm,
    /// Digits shown.
    pub digits: u8,
}

impl Batch {
    /// What moves the tokens on.
    pub fn kind(&self) -> Kind {
        self.time_step_s.map_or(Kind::Hotp, |step_s| Kind::Totp { step_s })
    }

    /// The serial of the token at an index from 0.
    pub fn serial(&self, index: u64) -> Result<String, BatchError> {
        serials::nth(&self.first_serial, self.count, index)
    }

    /// Whether a serial belongs to the batch.
    pub fn contains(&self, serial: &str) -> bool {
        serials::contains(&self.first_serial, self.count, serial)
    }

    /// The virtual token of a serial.
    pub fn token(&self, seed: &BatchSeed, serial: &str) -> Result<VirtualToken, BatchError> {
        if !self.contains(serial) {
            return Err(BatchError::Foreign);
        }
        let digits = Digits::new(self.digits).ok_or(BatchError::Digits)?;
        let secret = self.secret(seed, serial);
        Ok(VirtualToken::new(secret, self.kind(), self.hash, digits))
    }

    /// Writes the seed file, token by token: memory does not grow with the count.
    pub fn write(
        &self,
        seed: &BatchSeed,
        protection: &Protection,
        out: impl Write,
    ) -> Result<(), BatchError> {
        self.check()?;
        let mut file = pskc::begin(&self.manufacturer, seed, protection, out)?;
        for index in 0..self.count {
            file.add(&self.entry(seed, self.serial(index)?))?;
        }
        file.end()
    }

    /// The key of one token.
    fn entry(&self, seed: &BatchSeed, serial: String) -> Entry {
        let kind = if self.time_step_s.is_some() { "totp" } else { "hotp" };
        let suite = match self.hash {
            HashAlgorithm::Sha1 => String::new(),
            other => format!("<pskc:Suite>HMAC-{}</pskc:Suite>", other.name()),
        };
        let data = self.time_step_s.map_or_else(
            || pskc::element("Counter", "0"),
            |step| pskc::element("Time", "0") + &pskc::element("TimeInterval", &step.to_string()),
        );
        Entry {
            id: serial.clone(),
            algorithm: format!("urn:ietf:params:xml:ns:keyprov:pskc:{kind}"),
            parameters: suite + &pskc::response(self.digits),
            secret: Zeroizing::new(self.secret(seed, &serial)),
            data,
            usage: Some("OTP"),
            serial,
        }
    }

    pub(crate) fn secret(&self, seed: &BatchSeed, serial: &str) -> Vec<u8> {
        seed.token_seed(serial, self.hash)
    }

    fn check(&self) -> Result<(), BatchError> {
        Serial::parse(&self.first_serial).map_err(|_| BatchError::Serial)?;
        self.serial(self.count.saturating_sub(1))?;
        check_manufacturer(&self.manufacturer)?;
        if !(6..=9).contains(&self.digits) {
            return Err(BatchError::Digits);
        }
        Ok(())
    }
}

/// What may stand in a file as its maker.
pub(crate) fn check_manufacturer(name: &str) -> Result<(), BatchError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '-');
    let fits = (1..=64).contains(&name.len()) && name.chars().all(legal);
    if fits { Ok(()) } else { Err(BatchError::Manufacturer) }
}

/// The hash by its name, in a keyring.
mod hash_name {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};
    use warifu_core::oath::HashAlgorithm;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
    pub(super) fn serialize<S: Serializer>(hash: &HashAlgorithm, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(hash.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<HashAlgorithm, D::Error> {
        let name = String::deserialize(from)?;
        HashAlgorithm::from_name(&name).ok_or_else(|| D::Error::custom("unknown hash"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(first_serial: &str, count: u64) -> Batch {
        Batch {
            count,
            first_serial: first_serial.to_owned(),
            manufacturer: "oath.ZZ".to_owned(),
            time_step_s: Some(30),
            hash: HashAlgorithm::Sha256,
            digits: 6,
        }
    }

    #[test]
    fn serials_count_up_and_keep_their_width() {
        let batch = batch("AB-0098", 3);
        assert_eq!(batch.serial(0).unwrap(), "AB-0098");
        assert_eq!(batch.serial(2).unwrap(), "AB-0100");
        assert!(batch.serial(3).is_err());
        assert!(batch.contains("AB-0099"));
        for foreign in ["AB-0101", "AB-099", "AC-0099", "AB-0097", "", "AB-"] {
            assert!(!batch.contains(foreign), "{foreign}");
        }
        assert!(self::batch("99", 2).serial(1).is_err());
    }

    #[test]
    fn a_seed_follows_from_serial_and_batch_only() {
        let (batch, seed) = (batch("0001", 10), BatchSeed::from_bytes([7; 32]));
        assert_eq!(batch.secret(&seed, "0003"), batch.secret(&seed, "0003"));
        assert_ne!(batch.secret(&seed, "0003"), batch.secret(&seed, "0004"));
        assert_eq!(batch.secret(&seed, "0003").len(), 32);
        assert!(batch.token(&seed, "0011").is_err());
    }

    #[test]
    fn unfit_batches_are_refused() {
        let seed = BatchSeed::from_bytes([7; 32]);
        let tried = |change: fn(&mut Batch)| {
            let mut batch = batch("0001", 10);
            change(&mut batch);
            batch.write(&seed, &Protection::Plain, Vec::new())
        };
        assert!(matches!(tried(|b| b.digits = 10), Err(BatchError::Digits)));
        assert!(matches!(tried(|b| b.count = 10_000), Err(BatchError::Count)));
        assert!(matches!(tried(|b| b.first_serial = "A".into()), Err(BatchError::Serial)));
        assert!(matches!(tried(|b| b.manufacturer = "<x>".into()), Err(BatchError::Manufacturer)));
    }
}
