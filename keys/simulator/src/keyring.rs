//! The demo keyring: a small secret file that lets a virtual token be made again by its serial.
//!
//! Not responsible for protecting real seeds: whoever reads the file can make every code of the
//! demo batch.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::{Zeroize as _, Zeroizing};

use crate::batch::{Batch, BatchError, BatchSeed, Protection};
use crate::camera::DeviceKeys;
use crate::keypad::KeypadToken;
use crate::signing::SigningBatch;
use crate::token::VirtualToken;

/// Format of the file.
const VERSION: u32 = 1;
/// No keyring is longer.
const MAX_BYTES: u64 = 64 << 10;

/// Why a keyring can not be used.
#[derive(Debug, Error)]
pub enum KeyringError {
    /// Look at path and permissions.
    #[error("the keyring file can not be used")]
    Io(#[from] io::Error),
    /// Set mode 0600 and make it your own file.
    #[error("the keyring file must belong to you and be readable by nobody else (mode 0600)")]
    Permissions,
    /// Make the batch again.
    #[error("the file is not a keyring of this version")]
    Malformed,
    /// Ask for a serial of the batch.
    #[error(transparent)]
    Batch(#[from] BatchError),
}

/// One batch and the secret it follows from.
#[derive(Debug)]
pub struct Keyring {
    /// The batch.
    pub batch: Tokens,
    /// Its secret.
    pub seed: BatchSeed,
}

/// The tokens of a batch.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Tokens {
    /// They show codes: HOTP and TOTP.
    Codes(Batch),
    /// They sign: camera and keypad tokens.
    Signing(SigningBatch),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Form {
    warifu_demo_keyring: u32,
    batch: Tokens,
    batch_seed: String,
}

impl Drop for Form {
    fn drop(&mut self) {
        self.batch_seed.zeroize();
    }
}

impl Keyring {
    /// Writes a new file with mode 0600; an existing one is never overwritten.
    pub fn save(&self, path: &Path) -> Result<(), KeyringError> {
        let form = Form {
            warifu_demo_keyring: VERSION,
            batch: self.batch.clone(),
            batch_seed: hex::encode(self.seed.expose()),
        };
        let text = serde_json::to_string_pretty(&form).map_err(|_| KeyringError::Malformed)?;
        let text = Zeroizing::new(text);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        Ok(())
    }

    /// Reads a file, which must be the caller's own and private.
    pub fn load(path: &Path) -> Result<Self, KeyringError> {
        let file = File::open(path)?;
        let facts = file.metadata()?;
        if facts.mode() & 0o077 != 0 || facts.uid() != rustix::process::geteuid().as_raw() {
            return Err(KeyringError::Permissions);
        }
        let mut text = Zeroizing::new(String::new());
        file.take(MAX_BYTES).read_to_string(&mut text)?;
        let form: Form = serde_json::from_str(&text).map_err(|_| KeyringError::Malformed)?;
        if form.warifu_demo_keyring != VERSION {
            return Err(KeyringError::Malformed);
        }
        let mut seed = Zeroizing::new([0; 32]);
        hex::decode_to_slice(&form.batch_seed, seed.as_mut())
            .map_err(|_| KeyringError::Malformed)?;
        Ok(Self { batch: form.batch.clone(), seed: BatchSeed::from_bytes(*seed) })
    }

    /// Writes the seed file, token by token: memory does not grow with the count.
    pub fn write(&self, protection: &Protection, out: impl io::Write) -> Result<(), KeyringError> {
        match &self.batch {
            Tokens::Codes(batch) => batch.write(&self.seed, protection, out)?,
            Tokens::Signing(batch) => batch.write(&self.seed, protection, out)?,
        }
        Ok(())
    }

    /// The virtual HOTP or TOTP token of a serial.
    pub fn token(&self, serial: &str) -> Result<VirtualToken, KeyringError> {
        match &self.batch {
            Tokens::Codes(batch) => Ok(batch.token(&self.seed, serial)?),
            Tokens::Signing(_) => Err(BatchError::Model.into()),
        }
    }

    /// The keys of the virtual camera token of a serial.
    pub fn camera(&self, serial: &str) -> Result<DeviceKeys, KeyringError> {
        Ok(self.signing()?.camera(&self.seed, serial)?)
    }

    /// The virtual keypad token of a serial.
    pub fn keypad(&self, serial: &str) -> Result<KeypadToken, KeyringError> {
        Ok(self.signing()?.keypad(&self.seed, serial)?)
    }

    fn signing(&self) -> Result<&SigningBatch, BatchError> {
        match &self.batch {
            Tokens::Codes(_) => Err(BatchError::Model),
            Tokens::Signing(batch) => Ok(batch),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use warifu_core::oath::HashAlgorithm;
    use warifu_core::time::UnixTime;

    use super::*;

    fn keyring() -> Keyring {
        Keyring {
            batch: Tokens::Codes(Batch {
                count: 100,
                first_serial: "W0000001".to_owned(),
                manufacturer: "oath.ZZ".to_owned(),
                time_step_s: Some(60),
                hash: HashAlgorithm::Sha1,
                digits: 6,
            }),
            seed: BatchSeed::from_bytes([9; 32]),
        }
    }

    #[test]
    fn a_keyring_makes_the_same_codes_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyring.json");
        keyring().save(&path).unwrap();
        let again = Keyring::load(&path).unwrap();
        let now = UnixTime(1_800_000_000);
        let code = |ring: &Keyring| ring.token("W0000042").unwrap().code_at(now);
        assert!(code(&keyring()).matches(&code(&again)));
        assert!(again.token("W0000101").is_err());
        assert!(keyring().save(&path).is_err(), "never overwritten");
    }

    #[test]
    fn a_readable_keyring_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyring.json");
        keyring().save(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Keyring::load(&path), Err(KeyringError::Permissions)));
    }

    #[test]
    fn another_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyring.json");
        std::fs::write(&path, "{}").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(Keyring::load(&path), Err(KeyringError::Malformed)));
    }
}
