//! A demo batch of tokens that sign: camera tokens (TXA1) and keypad tokens (OCRA).
//!
//! Not responsible for the file format (`pskc`), nor for what the tokens compute.

use std::io::Write;

use serde::{Deserialize, Serialize};
use warifu_core::ident::Serial;
use warifu_core::oath::HashAlgorithm;
use warifu_core::ocra::keypad::KeypadUse;
use warifu_txa1::expansion::Role;
use warifu_txa1::serial::DeviceSerial;
use zeroize::Zeroizing;

use crate::batch::{self, BatchError, BatchSeed, Protection};
use crate::camera::DeviceKeys;
use crate::keypad::KeypadToken;
use crate::pskc::{self, Entry};
use crate::serials;

/// What is the same for all tokens of a batch, in the form that a keyring keeps.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SigningBatch {
    /// How many tokens.
    pub count: u64,
    /// Serial of the first. A camera token's has ten digits; nine count up, the last is a check digit.
    pub first_serial: String,
    /// Maker named in the file.
    pub manufacturer: String,
    /// What the tokens are.
    pub model: Model,
}

/// What a token that signs is, and how its keys stand in the file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// Camera tokens, three keys for each serial.
    CameraKeys,
    /// Camera tokens, one seed for each serial, from which the HSM makes the three keys.
    CameraSeed,
    /// Keypad tokens of these uses: one key for each serial, one entry for each use.
    Keypad(#[serde(with = "use_words")] Vec<KeypadUse>),
}

/// Algorithm of a camera token's keys in a seed file.
const TXA1: &str = "urn:warifu:txa1";
/// Algorithm of a keypad token's keys in a seed file.
const OCRA: &str = "urn:ietf:params:xml:ns:keyprov:pskc:ocra";

impl SigningBatch {
    /// The serial of the token at an index from 0.
    pub fn serial(&self, index: u64) -> Result<String, BatchError> {
        let nth = if self.is_camera() { serials::nth_checked } else { serials::nth };
        nth(&self.first_serial, self.count, index)
    }

    /// Whether a serial belongs to the batch.
    pub fn contains(&self, serial: &str) -> bool {
        let contains = if self.is_camera() { serials::contains_checked } else { serials::contains };
        contains(&self.first_serial, self.count, serial)
    }

    /// The keys of a camera token.
    pub fn camera(&self, seed: &BatchSeed, serial: &str) -> Result<DeviceKeys, BatchError> {
        if !self.is_camera() {
            return Err(BatchError::Model);
        }
        let number = DeviceSerial::from_text(serial).filter(|_| self.contains(serial));
        let number = number.ok_or(BatchError::Foreign)?;
        Ok(DeviceKeys::from_seed(&*secret(seed, serial)?, number))
    }

    /// A keypad token.
    pub fn keypad(&self, seed: &BatchSeed, serial: &str) -> Result<KeypadToken, BatchError> {
        let Model::Keypad(uses) = &self.model else { return Err(BatchError::Model) };
        if !self.contains(serial) {
            return Err(BatchError::Foreign);
        }
        Ok(KeypadToken::new(secret(seed, serial)?.to_vec()).of_uses(uses))
    }

    /// Writes the seed file, token by token: memory does not grow with the count.
    pub fn write(
        &self,
        seed: &BatchSeed,
        protection: &Protection,
        out: impl Write,
    ) -> Result<(), BatchError> {
        Serial::parse(&self.first_serial).map_err(|_| BatchError::Serial)?;
        self.serial(self.count.saturating_sub(1))?;
        batch::check_manufacturer(&self.manufacturer)?;
        if matches!(&self.model, Model::Keypad(uses) if uses.is_empty()) {
            return Err(BatchError::Model);
        }
        let mut file = pskc::begin(&self.manufacturer, seed, protection, out)?;
        for index in 0..self.count {
            let serial = self.serial(index)?;
            for entry in self.entries(seed, &serial)? {
                file.add(&entry)?;
            }
        }
        file.end()
    }

    fn is_camera(&self) -> bool {
        matches!(self.model, Model::CameraKeys | Model::CameraSeed)
    }

    /// The keys of one token.
    fn entries(&self, seed: &BatchSeed, serial: &str) -> Result<Vec<Entry>, BatchError> {
        match &self.model {
            Model::CameraSeed => {
                let secret = Zeroizing::new(secret(seed, serial)?.to_vec());
                Ok(vec![camera_entry(serial, "SEED", secret)])
            }
            Model::CameraKeys => {
                let keys = self.camera(seed, serial)?;
                let keys = keys.expose().map(|key| Zeroizing::new(key.to_vec()));
                let pairs = Role::ALL.into_iter().zip(keys);
                Ok(pairs.map(|(role, key)| camera_entry(serial, role.label(), key)).collect())
            }
            Model::Keypad(uses) => (1..)
                .zip(uses)
                .map(|(number, one)| {
                    let secret = Zeroizing::new(secret(seed, serial)?.to_vec());
                    Ok(keypad_entry(serial, number, *one, secret))
                })
                .collect(),
        }
    }
}

fn secret(seed: &BatchSeed, serial: &str) -> Result<Zeroizing<[u8; 32]>, BatchError> {
    let secret = Zeroizing::new(seed.token_seed(serial, HashAlgorithm::Sha256));
    let whole = secret.as_slice().try_into().map_err(|_| BatchError::KeyLength(32))?;
    Ok(Zeroizing::new(whole))
}

fn camera_entry(serial: &str, part: &str, secret: Zeroizing<Vec<u8>>) -> Entry {
    Entry {
        serial: serial.to_owned(),
        id: format!("{serial}-{part}"),
        algorithm: TXA1.to_owned(),
        parameters: format!("<pskc:Suite>{part}</pskc:Suite>"),
        secret,
        data: String::new(),
        usage: None,
    }
}

fn keypad_entry(serial: &str, number: usize, one: KeypadUse, secret: Zeroizing<Vec<u8>>) -> Entry {
    let (suite, digits) = (one.suite_text(), one.suite().digits());
    Entry {
        serial: serial.to_owned(),
        id: format!("{serial}-{number}"),
        algorithm: OCRA.to_owned(),
        parameters: format!("<pskc:Suite>{suite}</pskc:Suite>{}", pskc::response(digits)),
        secret,
        data: String::new(),
        usage: Some(if one.has_account() { "Integrity" } else { "CR" }),
    }
}

/// Uses by their words, in a keyring.
mod use_words {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de::Error as _};
    use warifu_core::ocra::keypad::KeypadUse;

    pub(super) fn serialize<S: Serializer>(uses: &[KeypadUse], to: S) -> Result<S::Ok, S::Error> {
        let words: Vec<_> = uses.iter().map(|one| one.word()).collect();
        words.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<KeypadUse>, D::Error> {
        let words = Vec::<String>::deserialize(from)?;
        let uses = words.iter().map(|word| KeypadUse::from_word(word));
        uses.collect::<Option<_>>().ok_or_else(|| D::Error::custom("unknown use"))
    }
}
