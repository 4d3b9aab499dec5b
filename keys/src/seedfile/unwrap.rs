//! Opens encrypted values in software: MAC first, then decryption.
//!
//! Not responsible for the HSM path, which works on the same [`ContainerCrypto`] and
//! [`EncryptedValue`]s inside the device. Used where the key is on the host in any case: a password,
//! or `warifu seedfile inspect`.

use std::fmt;

use hmac::{Hmac, Mac};
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::digest::KeyInit;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::code::Code;
use super::crypto::{
    Cipher, ContainerCrypto, EncryptedValue, KeySource, MacHash, MacKey, MacMethod, Pbkdf2,
};
use super::decipher::decipher;
use super::refusal::Refusal;
use crate::secret::Secret;

/// The only words said about a value that does not open: which check failed is nobody's business.
const OPENS: &str = "the value opens with this key";

/// A MAC key shorter than this was not decrypted but guessed.
const MIN_MAC_KEY: usize = 10;

/// What opens a file.
pub enum Unlock {
    /// A pre-shared key.
    Key(Secret),
    /// A password; its UTF-8 octets as typed, no normalization.
    Password(Secret),
}

impl Unlock {
    /// Reads a key typed in hexadecimal; blanks between groups are allowed.
    pub fn key_from_hex(text: &str) -> Result<Self, Refusal> {
        let digits: Zeroizing<String> =
            Zeroizing::new(text.chars().filter(|c| !c.is_ascii_whitespace()).collect());
        match hex::decode(digits.as_bytes()) {
            Ok(key) if !key.is_empty() => Ok(Self::Key(Secret::new(key))),
            _ => Err(Refusal::new(
                Code::KeyFormat,
                "key",
                "a key is an even number of hexadecimal digits",
            )),
        }
    }
}

impl fmt::Debug for Unlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key(_) => "Unlock::Key",
            Self::Password(_) => "Unlock::Password",
        })
    }
}

/// Derives the key of a container from its password.
pub fn derive(kdf: &Pbkdf2, password: &Secret) -> Secret {
    let mut key = vec![0; kdf.key_len];
    let (password, salt, rounds) = (password.expose(), kdf.salt.as_slice(), kdf.iterations);
    match kdf.prf {
        MacHash::Sha1 => pbkdf2_hmac::<Sha1>(password, salt, rounds, &mut key),
        MacHash::Sha224 => pbkdf2_hmac::<Sha224>(password, salt, rounds, &mut key),
        MacHash::Sha256 => pbkdf2_hmac::<Sha256>(password, salt, rounds, &mut key),
        MacHash::Sha384 => pbkdf2_hmac::<Sha384>(password, salt, rounds, &mut key),
        MacHash::Sha512 => pbkdf2_hmac::<Sha512>(password, salt, rounds, &mut key),
    }
    Secret::new(key)
}

/// Opens the values of one container.
#[derive(Debug)]
pub struct Opener {
    key: Secret,
    mac: Option<MacCheck>,
}

/// How MACs are checked.
#[derive(Debug)]
struct MacCheck {
    hash: MacHash,
    key: Secret,
    may_cover_plaintext: bool,
}

impl Opener {
    /// Derives what is to be derived and opens the MAC key; `agreed` is the MAC key that the file
    /// only names. Slow for a password, on purpose.
    pub fn new(
        crypto: &ContainerCrypto,
        cipher: Cipher,
        unlock: &Unlock,
        agreed: Option<&Secret>,
    ) -> Result<Self, Refusal> {
        let key = match (&crypto.key, unlock) {
            (KeySource::PreShared { .. }, Unlock::Key(key)) => Secret::new(key.expose().to_vec()),
            (KeySource::Password { kdf, .. }, Unlock::Password(password)) => derive(kdf, password),
            (source, _) => return Err(another_key(source)),
        };
        if !cipher.takes_key(key.len()) {
            let rule = "the key is as long as the encryption algorithm asks";
            return Err(Refusal::new(Code::KeyLength, "key", rule));
        }
        let mac = crypto.mac.as_ref().map(|method| MacCheck::new(method, &key, agreed));
        let mac = mac.transpose()?;
        Ok(Self { key, mac })
    }

    /// Checks the MAC where there is one, then decrypts.
    pub fn open(&self, value: &EncryptedValue) -> Result<Secret, Refusal> {
        let decrypted = || {
            decipher(value.cipher, &self.key, &value.octets)
                .ok_or_else(|| Refusal::new(Code::Decrypt, "EncryptedValue", OPENS))
        };
        match (&self.mac, &value.mac) {
            (Some(check), Some(mac)) => {
                let mismatch = || Refusal::new(Code::MacMismatch, "ValueMAC", OPENS);
                if check.holds(&value.octets, mac) {
                    return decrypted();
                }
                if !check.may_cover_plaintext {
                    return Err(mismatch());
                }
                let plain = decrypted().map_err(|_| mismatch())?;
                if check.holds(plain.expose(), mac) { Ok(plain) } else { Err(mismatch()) }
            }
            (_, None) if value.cipher.needs_mac() => {
                let rule = "every value of a CBC cipher has a ValueMAC";
                Err(Refusal::new(Code::MacMissing, "ValueMAC", rule))
            }
            (None, Some(_)) => {
                let rule = "a ValueMAC needs a MACMethod";
                Err(Refusal::new(Code::MacMethod, "MACMethod", rule))
            }
            (_, None) => decrypted(),
        }
    }
}

/// What was given does not open such a file.
fn another_key(source: &KeySource) -> Refusal {
    let rule = match source {
        KeySource::PreShared { .. } => "the file is encrypted with a key, not with a password",
        KeySource::Password { .. } => "the file is encrypted with a password, not with a key",
        KeySource::Certificate { .. } => {
            "the file is encrypted to an RSA key: import it where the HSM holds the private one"
        }
    };
    Refusal::new(Code::KeyRequired, "EncryptionKey", rule)
}

impl MacCheck {
    fn new(method: &MacMethod, key: &Secret, agreed: Option<&Secret>) -> Result<Self, Refusal> {
        let copy = |secret: &Secret| Secret::new(secret.expose().to_vec());
        let mac_key = match &method.key {
            MacKey::Carried(value) => decipher(value.cipher, key, &value.octets)
                .filter(|opened| opened.len() >= MIN_MAC_KEY)
                .ok_or_else(|| Refusal::new(Code::Decrypt, "MACKey", OPENS))?,
            MacKey::Agreed(_) => {
                let rule = "the MAC key that the file names is given beside the transport key";
                let agreed = agreed.filter(|agreed| agreed.len() >= MIN_MAC_KEY);
                copy(agreed.ok_or_else(|| Refusal::new(Code::MacKey, "MACKeyReference", rule))?)
            }
            MacKey::Encryption => copy(key),
        };
        let may_cover_plaintext = method.may_cover_plaintext;
        Ok(Self { hash: method.hash, key: mac_key, may_cover_plaintext })
    }

    fn holds(&self, octets: &[u8], mac: &[u8]) -> bool {
        verify(self.hash, &self.key, octets, mac)
    }
}

/// Constant-time check of the whole MAC; a shortened one is wrong.
fn verify(hash: MacHash, key: &Secret, octets: &[u8], mac: &[u8]) -> bool {
    fn with<M: Mac + KeyInit>(key: &Secret, octets: &[u8], mac: &[u8]) -> bool {
        <M as Mac>::new_from_slice(key.expose())
            .is_ok_and(|hmac| hmac.chain_update(octets).verify_slice(mac).is_ok())
    }
    match hash {
        MacHash::Sha1 => with::<Hmac<Sha1>>(key, octets, mac),
        MacHash::Sha224 => with::<Hmac<Sha224>>(key, octets, mac),
        MacHash::Sha256 => with::<Hmac<Sha256>>(key, octets, mac),
        MacHash::Sha384 => with::<Hmac<Sha384>>(key, octets, mac),
        MacHash::Sha512 => with::<Hmac<Sha512>>(key, octets, mac),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    #[test]
    fn the_password_of_rfc_6030_figure_7() {
        let kdf = Pbkdf2 {
            salt: octets("123eff3c4a72129c"),
            iterations: 1000,
            key_len: 16,
            prf: MacHash::Sha1,
        };
        let key = derive(&kdf, &Secret::new(b"qwerty".to_vec()));
        assert_eq!(hex::encode(key.expose()), "651e63cd57008476af1ff6422cd02e41");
    }

    #[test]
    fn keys_are_typed_in_hex() {
        assert!(Unlock::key_from_hex(" 1234 5678\n").is_ok());
        for bad in ["", "123", "xx", "１２"] {
            assert_eq!(Unlock::key_from_hex(bad).unwrap_err().code, Code::KeyFormat, "{bad}");
        }
    }
}
