//! The bank's own keys and password, and the session keys that they open.
//!
//! Not responsible for the message behind a session key, nor for keeping keys: they come as files
//! and are gone with the import.

use pgp::armor::BlockType;
use pgp::composed::{Esk, PlainSessionKey, SignedSecretKey, decrypt_session_key_with_password};
use pgp::packet::{PublicKeyEncryptedSessionKey, SymKeyEncryptedSessionKey};
use pgp::types::{DecryptionKey, EskType, Password, PkeskVersion, StringToKey};

use super::{MESSAGE, keyfile};
use crate::secret::Secret;
use crate::seedfile::code::Code;
use crate::seedfile::options::OpenPgp;
use crate::seedfile::refusal::Refusal;
use crate::seedfile::unwrap::Unlock;

/// Session keys that are tried one after the other; each costs a decryption of the message.
const MOST_TRIED: usize = 4;

/// Memory that Argon2 may take: 2^16 KiB, as RFC 9106 s.4 recommends for small machines.
const MOST_ARGON2_MEMORY: u8 = 16;

/// Passes and lanes of Argon2.
const MOST_ARGON2_PASSES: u8 = 8;

/// What opens messages.
pub(super) struct Keys {
    own: Vec<SignedSecretKey>,
    passphrase: Option<Password>,
    password: Option<Password>,
}

/// Session keys of a message.
pub(super) struct Found {
    pub(super) session_keys: Vec<PlainSessionKey>,
    /// Whether they came from a password: a wrong one shows only when the message does not open.
    pub(super) by_password: bool,
}

impl Keys {
    /// Reads the key files.
    pub(super) fn parse(openpgp: &OpenPgp, unlock: Option<&Unlock>) -> Result<Self, Refusal> {
        let mut own = Vec::new();
        for file in &openpgp.secret_keys {
            own.extend(parse_secret(file)?);
        }
        let password = match unlock {
            Some(Unlock::Password(password)) => Some(Password::from(password.expose())),
            _ => None,
        };
        let passphrase = openpgp.passphrase.as_ref().map(|words| Password::from(words.expose()));
        Ok(Self { own, passphrase, password })
    }

    /// Whether a secret key was given, which only an encrypted message needs.
    pub(super) fn has_own(&self) -> bool {
        !self.own.is_empty()
    }

    /// Finds what opens the message among its session keys: those for a key first.
    pub(super) fn find(&self, encrypted: &[Esk]) -> Result<Found, Refusal> {
        let mut fault = None;
        let mut found = Found { session_keys: Vec::new(), by_password: false };
        for session_key in encrypted {
            if let Esk::PublicKeyEncryptedSessionKey(packet) = session_key {
                match self.by_key(packet) {
                    Ok(keys) => found.session_keys.extend(keys),
                    Err(refusal) => fault = Some(refusal),
                }
            }
        }
        if found.session_keys.is_empty() && self.password.is_some() {
            found.by_password = true;
            for session_key in encrypted {
                if let Esk::SymKeyEncryptedSessionKey(packet) = session_key {
                    match self.by_password(packet) {
                        Ok(key) => found.session_keys.push(key),
                        Err(refusal) => fault = Some(refusal),
                    }
                }
            }
        }
        found.session_keys.truncate(MOST_TRIED);
        if found.session_keys.is_empty() {
            let rule = "the message is for a key or a password that was given";
            return Err(fault.unwrap_or_else(|| refuse(Code::KeyRequired, rule)));
        }
        Ok(found)
    }

    fn by_key(
        &self,
        packet: &PublicKeyEncryptedSessionKey,
    ) -> Result<Vec<PlainSessionKey>, Refusal> {
        let mut opened = Vec::new();
        let mut fault = None;
        for own in &self.own {
            let primary = &own.primary_key;
            let locked = primary.secret_params().is_encrypted();
            let mut candidates: Vec<(&dyn DecryptionKey, bool)> = Vec::new();
            if packet.match_identity(primary.public_key()) {
                candidates.push((primary, locked));
            }
            for subkey in &own.secret_subkeys {
                if packet.match_identity(subkey.key.public_key()) {
                    candidates.push((&subkey.key, subkey.key.secret_params().is_encrypted()));
                }
            }
            for (key, is_locked) in candidates {
                match self.open(packet, key, is_locked) {
                    Ok(key) => opened.push(key),
                    Err(refusal) => fault = Some(refusal),
                }
            }
        }
        match fault {
            Some(fault) if opened.is_empty() => Err(fault),
            _ => Ok(opened),
        }
    }

    fn open(
        &self,
        packet: &PublicKeyEncryptedSessionKey,
        key: &dyn DecryptionKey,
        is_locked: bool,
    ) -> Result<PlainSessionKey, Refusal> {
        let empty = Password::empty();
        let passphrase = match &self.passphrase {
            Some(passphrase) if is_locked => passphrase,
            None if is_locked => {
                return Err(refuse(Code::KeyRequired, "the secret key comes with its passphrase"));
            }
            _ => &empty,
        };
        let kind = match packet.version() {
            PkeskVersion::V6 => EskType::V6,
            _ => EskType::V3_4,
        };
        let values = packet.values().map_err(|_| opens())?;
        key.decrypt(passphrase, values, kind).ok().and_then(Result::ok).ok_or_else(opens)
    }

    fn by_password(&self, packet: &SymKeyEncryptedSessionKey) -> Result<PlainSessionKey, Refusal> {
        if let Some(StringToKey::Argon2 { t, p, m_enc, .. }) = packet.s2k()
            && (*m_enc > MOST_ARGON2_MEMORY || *t > MOST_ARGON2_PASSES || *p > MOST_ARGON2_PASSES)
        {
            let rule = "Argon2 takes no more than 64 MiB, 8 passes and 8 lanes";
            return Err(refuse(Code::KdfLimit, rule));
        }
        let password = self.password.as_ref().ok_or_else(opens)?;
        decrypt_session_key_with_password(packet, password).map_err(|_| opens())
    }
}

fn parse_secret(file: &Secret) -> Result<Vec<SignedSecretKey>, Refusal> {
    keyfile::parse(file.expose(), BlockType::PrivateKey).ok_or_else(|| {
        let rule = "a secret key is an OpenPGP file, armored or not";
        Refusal::new(Code::KeyFormat, "OpenPGP key", rule).for_file()
    })
}

/// The one refusal of everything that does not open.
pub(super) fn opens() -> Refusal {
    refuse(Code::Decrypt, "the message opens with this key or password")
}

fn refuse(code: Code, rule: &'static str) -> Refusal {
    Refusal::new(code, MESSAGE, rule).for_file()
}
