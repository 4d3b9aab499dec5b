//! What protects the values of a container, as read: algorithms, key derivation, MAC key.
//!
//! Not responsible for opening anything: that is `unwrap` in software, or the HSM.

use super::code::Code;

/// Key size of AES.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AesBits {
    /// 128
    B128,
    /// 192
    B192,
    /// 256
    B256,
}

impl AesBits {
    /// Octets of the key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::B128 => 16,
            Self::B192 => 24,
            Self::B256 => 32,
        }
    }
}

/// How a value is encrypted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cipher {
    /// AES-CBC, IV first, PKCS#7 padding (RFC 6030 s.6.1.1, 6.4).
    AesCbc(AesBits),
    /// AES key wrap (RFC 3394); carries its own integrity check.
    AesKeyWrap(AesBits),
}

impl Cipher {
    /// Reads an XML Encryption identifier.
    pub fn from_uri(uri: &str) -> Option<Self> {
        let name = uri.strip_prefix("http://www.w3.org/2001/04/xmlenc#")?;
        Some(match name {
            "aes128-cbc" => Self::AesCbc(AesBits::B128),
            "aes192-cbc" => Self::AesCbc(AesBits::B192),
            "aes256-cbc" => Self::AesCbc(AesBits::B256),
            "kw-aes128" => Self::AesKeyWrap(AesBits::B128),
            "kw-aes192" => Self::AesKeyWrap(AesBits::B192),
            "kw-aes256" => Self::AesKeyWrap(AesBits::B256),
            _ => return None,
        })
    }

    /// Octets of the key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::AesCbc(bits) | Self::AesKeyWrap(bits) => bits.key_len(),
        }
    }

    /// Whether a MAC must come with every value.
    pub const fn needs_mac(self) -> bool {
        matches!(self, Self::AesCbc(_))
    }

    /// Whether `len` octets can be an encrypted value at all.
    pub const fn plausible_len(self, len: usize) -> bool {
        match self {
            Self::AesCbc(_) => len >= 32 && len.is_multiple_of(16),
            Self::AesKeyWrap(_) => len >= 24 && len.is_multiple_of(8),
        }
    }

    /// Most octets that a plaintext of a plausible length can have.
    pub const fn max_plain_len(self, len: usize) -> usize {
        match self {
            Self::AesCbc(_) => len.saturating_sub(17),
            Self::AesKeyWrap(_) => len.saturating_sub(8),
        }
    }

    /// Octets of an encrypted value: IV and padding of one to sixteen octets, or the wrap's own block.
    pub const fn sealed_len(self, plain: usize) -> usize {
        match self {
            Self::AesCbc(_) => (plain / 16).saturating_add(2).saturating_mul(16),
            Self::AesKeyWrap(_) => plain.saturating_add(8),
        }
    }
}

/// Hash of an HMAC, for ValueMAC and for PBKDF2.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MacHash {
    /// HMAC-SHA-1
    Sha1,
    /// HMAC-SHA-224
    Sha224,
    /// HMAC-SHA-256
    Sha256,
    /// HMAC-SHA-384
    Sha384,
    /// HMAC-SHA-512
    Sha512,
}

impl MacHash {
    /// Reads an XML-DSig identifier. SHA-1 lives in another namespace than the rest.
    pub fn from_uri(uri: &str) -> Option<Self> {
        Some(match uri {
            "http://www.w3.org/2000/09/xmldsig#hmac-sha1" => Self::Sha1,
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha224" => Self::Sha224,
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256" => Self::Sha256,
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha384" => Self::Sha384,
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha512" => Self::Sha512,
            _ => return None,
        })
    }
}

/// An encrypted value and its MAC.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EncryptedValue {
    /// How it is encrypted.
    pub cipher: Cipher,
    /// IV and ciphertext (CBC), or the wrapped octets; always of a plausible length.
    pub octets: Vec<u8>,
    /// MAC over `octets`, where the file has one.
    pub mac: Option<Vec<u8>>,
}

/// PBKDF2 as named in the file, inside the limits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pbkdf2 {
    /// Salt, at least 8 octets.
    pub salt: Vec<u8>,
    /// 1000 to 10,000,000.
    pub iterations: u32,
    /// Octets of the derived key.
    pub key_len: usize,
    /// Pseudo-random function.
    pub prf: MacHash,
}

impl Pbkdf2 {
    /// Below this the file is refused.
    pub const MIN_ITERATIONS: u32 = 1000;
    /// Below this there is a warning.
    pub const WEAK_ITERATIONS: u32 = 100_000;
    /// Above this the file is refused: it would only cost time.
    pub const MAX_ITERATIONS: u32 = 10_000_000;
}

/// Where the key that opens the values comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KeySource {
    /// A key agreed beforehand (RFC 6030 s.6.1).
    PreShared {
        /// Its name in the file.
        name: String,
    },
    /// A password (RFC 6030 s.6.2).
    Password {
        /// Name of the password, where given.
        name: Option<String>,
        /// How the key is derived.
        kdf: Pbkdf2,
    },
}

impl KeySource {
    /// Name of the key or password in the file.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::PreShared { name } => Some(name),
            Self::Password { name, .. } => name.as_deref(),
        }
    }
}

/// MAC over each encrypted value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MacMethod {
    /// Hash of the HMAC.
    pub hash: MacHash,
    /// The MAC key, encrypted like the values.
    pub key: EncryptedValue,
}

/// Header of an encrypted container.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ContainerCrypto {
    /// Where the key comes from.
    pub key: KeySource,
    /// MAC, needed with CBC.
    pub mac: Option<MacMethod>,
    /// The one cipher of the file; `None` until the first encrypted value where there is no MAC key.
    pub cipher: Option<Cipher>,
}

impl ContainerCrypto {
    /// Fixes the cipher of the file, or checks it (RFC 6030 s.6: one for all values).
    pub(super) fn settle(&mut self, cipher: Cipher) -> Result<(), (Code, &'static str)> {
        match self.cipher {
            Some(settled) if settled == cipher => return Ok(()),
            Some(_) => {
                return Err((Code::EncAlgMixed, "one encryption algorithm in the whole file"));
            }
            None => self.cipher = Some(cipher),
        }
        if cipher.needs_mac() && self.mac.is_none() {
            return Err((Code::MacMethod, "AES-CBC needs a MACMethod"));
        }
        match &self.key {
            KeySource::Password { kdf, .. } if kdf.key_len != cipher.key_len() => {
                Err((Code::KdfParam, "KeyLength is the key length of the encryption algorithm"))
            }
            _ => Ok(()),
        }
    }
}
