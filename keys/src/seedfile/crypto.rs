//! What protects the values of a container, as read: algorithms, key derivation, MAC key.
//!
//! Not responsible for opening anything: that is `unwrap` in software, or the HSM.

use super::code::Code;

/// Key size of AES and Camellia.
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

    fn from_text(bits: &str) -> Option<Self> {
        Some(match bits {
            "128" => Self::B128,
            "192" => Self::B192,
            "256" => Self::B256,
            _ => return None,
        })
    }
}

/// How a value is encrypted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cipher {
    /// AES-CBC, IV first, PKCS#7 padding (RFC 6030 s.6.1.1, 6.4).
    AesCbc(AesBits),
    /// AES-GCM, IV of 12 octets first, tag of 16 last (XML Encryption 1.1 s.5.2.4).
    AesGcm(AesBits),
    /// AES key wrap (RFC 3394); carries its own integrity check.
    AesKeyWrap(AesBits),
    /// AES key wrap with padding (RFC 5649); as above.
    AesKeyWrapPad(AesBits),
    /// Camellia-CBC, IV first, PKCS#7 padding (RFC 9231 s.2.6.2).
    CamelliaCbc(AesBits),
    /// Camellia key wrap (RFC 3657 s.3); carries its own integrity check.
    CamelliaKeyWrap(AesBits),
    /// Triple DES-CBC, IV of 8 octets first, PKCS#7 padding.
    TripleDesCbc,
    /// Triple DES key wrap (RFC 3217 s.3); carries its own integrity check.
    TripleDesKeyWrap,
    /// RSA with PKCS#1 v1.5 padding, each value on its own.
    RsaPkcs1,
    /// RSA with OAEP, SHA-1 and MGF1 of it.
    RsaOaep,
}

const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";
const MORE: &str = "http://www.w3.org/2001/04/xmldsig-more#";

impl Cipher {
    /// Reads an identifier of XML Encryption or RFC 9231, in the spellings that files have.
    pub fn from_uri(uri: &str) -> Option<Self> {
        if let Some(name) = uri.strip_prefix(XENC) {
            return Self::of_xenc(name);
        }
        if let Some(name) = uri.strip_prefix(XENC11) {
            return Self::of_xenc11(name);
        }
        let name = uri.strip_prefix(MORE)?;
        if let Some(bits) = name.strip_prefix("kw-camellia") {
            return AesBits::from_text(bits).map(Self::CamelliaKeyWrap);
        }
        // RFC 6030 s.6.3 leaves "-cbc" out.
        let bits = name.strip_prefix("camellia")?;
        AesBits::from_text(bits.strip_suffix("-cbc").unwrap_or(bits)).map(Self::CamelliaCbc)
    }

    fn of_xenc(name: &str) -> Option<Self> {
        if let Some(bits) = name.strip_prefix("aes").and_then(|rest| rest.strip_suffix("-cbc")) {
            return AesBits::from_text(bits).map(Self::AesCbc);
        }
        if let Some(bits) = name.strip_prefix("kw-aes") {
            return AesBits::from_text(bits).map(Self::AesKeyWrap);
        }
        Some(match name {
            "tripledes-cbc" => Self::TripleDesCbc,
            "kw-tripledes" => Self::TripleDesKeyWrap,
            // RFC 6030 writes the second one in its figure 8.
            "rsa-1_5" | "rsa_1_5" => Self::RsaPkcs1,
            "rsa-oaep-mgf1p" => Self::RsaOaep,
            _ => return None,
        })
    }

    fn of_xenc11(name: &str) -> Option<Self> {
        if let Some(bits) = name.strip_prefix("aes").and_then(|rest| rest.strip_suffix("-gcm")) {
            return AesBits::from_text(bits).map(Self::AesGcm);
        }
        if let Some(bits) = name.strip_prefix("kw-aes").and_then(|rest| rest.strip_suffix("-pad")) {
            return AesBits::from_text(bits.strip_prefix('-').unwrap_or(bits))
                .map(Self::AesKeyWrapPad);
        }
        // Digest and mask are parameters; what is not SHA-1 is refused where they are read.
        (name == "rsa-oaep").then_some(Self::RsaOaep)
    }

    /// Whether a symmetric key of `len` octets fits; never with RSA. Triple DES takes two keys or
    /// three.
    pub const fn takes_key(self, len: usize) -> bool {
        match self {
            Self::AesCbc(bits)
            | Self::AesGcm(bits)
            | Self::AesKeyWrap(bits)
            | Self::AesKeyWrapPad(bits)
            | Self::CamelliaCbc(bits)
            | Self::CamelliaKeyWrap(bits) => bits.key_len() == len,
            Self::TripleDesCbc | Self::TripleDesKeyWrap => matches!(len, 16 | 24),
            Self::RsaPkcs1 | Self::RsaOaep => false,
        }
    }

    /// Whether the key is the private half of a pair.
    pub const fn is_rsa(self) -> bool {
        matches!(self, Self::RsaPkcs1 | Self::RsaOaep)
    }

    /// Whether a MAC must come with every value (RFC 6030 s.6.1.1).
    pub const fn needs_mac(self) -> bool {
        matches!(self, Self::AesCbc(_) | Self::CamelliaCbc(_) | Self::TripleDesCbc)
    }

    /// Octets of a block where the cipher fills up, which the IV has too.
    pub(super) const fn cbc_block(self) -> Option<usize> {
        match self {
            Self::AesCbc(_) | Self::CamelliaCbc(_) => Some(16),
            Self::TripleDesCbc => Some(8),
            _ => None,
        }
    }

    /// Whether `len` octets can be an encrypted value at all.
    pub const fn plausible_len(self, len: usize) -> bool {
        match self {
            Self::AesCbc(_) | Self::CamelliaCbc(_) => len >= 32 && len.is_multiple_of(16),
            Self::TripleDesCbc | Self::AesKeyWrapPad(_) => len >= 16 && len.is_multiple_of(8),
            Self::AesGcm(_) => len > GCM_FRAME,
            Self::AesKeyWrap(_) | Self::CamelliaKeyWrap(_) | Self::TripleDesKeyWrap => {
                len >= 24 && len.is_multiple_of(8)
            }
            Self::RsaPkcs1 | Self::RsaOaep => len >= 128 && len <= 1024,
        }
    }

    /// Most octets that a plaintext of a plausible length can have.
    pub const fn max_plain_len(self, len: usize) -> usize {
        let frame = match self {
            Self::AesCbc(_) | Self::CamelliaCbc(_) => 17,
            Self::TripleDesCbc => 9,
            Self::AesGcm(_) => GCM_FRAME,
            Self::AesKeyWrap(_) | Self::CamelliaKeyWrap(_) | Self::AesKeyWrapPad(_) => 8,
            Self::TripleDesKeyWrap => 16,
            // RFC 8017 s.7.2.1 and 7.1.1.
            Self::RsaPkcs1 => 11,
            Self::RsaOaep => 42,
        };
        len.saturating_sub(frame)
    }

    /// Whether `plain` octets make an encrypted value of `sealed`; RSA hides how many they were.
    pub const fn may_hold(self, plain: usize, sealed: usize) -> bool {
        match self {
            Self::AesCbc(_) | Self::CamelliaCbc(_) => {
                sealed == (plain / 16).saturating_add(2).saturating_mul(16)
            }
            Self::TripleDesCbc => sealed == (plain / 8).saturating_add(2).saturating_mul(8),
            Self::AesKeyWrapPad(_) => {
                sealed == plain.div_ceil(8).saturating_add(1).saturating_mul(8)
            }
            Self::RsaPkcs1 | Self::RsaOaep => plain <= self.max_plain_len(sealed),
            Self::AesGcm(_)
            | Self::AesKeyWrap(_)
            | Self::CamelliaKeyWrap(_)
            | Self::TripleDesKeyWrap => plain == self.max_plain_len(sealed),
        }
    }
}

/// IV and tag of GCM.
const GCM_FRAME: usize = 28;

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
    /// IV and ciphertext (CBC, GCM), or the wrapped octets; always of a plausible length.
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
    /// The private key to a certificate (RFC 6030 s.6.3). Nothing but an HSM opens that.
    Certificate {
        /// Name of the key, where given.
        name: Option<String>,
        /// The certificate in DER; empty where the file names the key only.
        certificate: Vec<u8>,
        /// The key of this file under the certificate's; without it each value is under that.
        session: Option<EncryptedValue>,
    },
}

impl KeySource {
    /// Name of the key or password in the file.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::PreShared { name } => Some(name),
            Self::Password { name, .. } | Self::Certificate { name, .. } => name.as_deref(),
        }
    }
}

/// Where the key of the MACs comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MacKey {
    /// From the file, encrypted like the values.
    Carried(EncryptedValue),
    /// Agreed beforehand, under this name (MACKeyReference).
    Agreed(String),
    /// It is the encryption key: drafts had it so.
    Encryption,
}

/// MAC over each encrypted value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MacMethod {
    /// Hash of the HMAC.
    pub hash: MacHash,
    /// Its key.
    pub key: MacKey,
    /// Whether it may be over the plaintext: drafts had it so.
    pub may_cover_plaintext: bool,
}

/// Header of an encrypted container.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ContainerCrypto {
    /// Where the key comes from.
    pub key: KeySource,
    /// MAC, needed with CBC.
    pub mac: Option<MacMethod>,
    /// The one cipher of the file; `None` until the first encrypted value where the head has none.
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
        self.fit_key(cipher)?;
        if cipher.needs_mac() && self.mac.is_none() {
            return Err((Code::MacMethod, "a CBC cipher needs a MACMethod"));
        }
        Ok(())
    }

    /// A name alone does not say whether the key is one of a pair; the cipher does.
    fn fit_key(&mut self, cipher: Cipher) -> Result<(), (Code, &'static str)> {
        match &self.key {
            KeySource::PreShared { name } if cipher.is_rsa() => {
                let name = Some(name.clone());
                self.key = KeySource::Certificate { name, certificate: Vec::new(), session: None };
                Ok(())
            }
            KeySource::Password { .. } if cipher.is_rsa() => {
                Err((Code::EncAlg, "a key from a password is no RSA key"))
            }
            KeySource::Password { kdf, .. } if !cipher.takes_key(kdf.key_len) => {
                Err((Code::KdfParam, "KeyLength is the key length of the encryption algorithm"))
            }
            KeySource::Certificate { session, .. } if session.is_some() == cipher.is_rsa() => {
                Err((Code::EncAlg, "values are under the RSA key or under an EncryptedKey"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_read_in_every_spelling_that_occurs() {
        use AesBits::{B128, B192, B256};
        let cases = [
            ("http://www.w3.org/2001/04/xmlenc#aes192-cbc", Cipher::AesCbc(B192)),
            ("http://www.w3.org/2009/xmlenc11#aes256-gcm", Cipher::AesGcm(B256)),
            ("http://www.w3.org/2001/04/xmlenc#kw-aes128", Cipher::AesKeyWrap(B128)),
            ("http://www.w3.org/2009/xmlenc11#kw-aes-256-pad", Cipher::AesKeyWrapPad(B256)),
            ("http://www.w3.org/2009/xmlenc11#kw-aes256-pad", Cipher::AesKeyWrapPad(B256)),
            ("http://www.w3.org/2001/04/xmldsig-more#camellia128", Cipher::CamelliaCbc(B128)),
            ("http://www.w3.org/2001/04/xmldsig-more#camellia192-cbc", Cipher::CamelliaCbc(B192)),
            (
                "http://www.w3.org/2001/04/xmldsig-more#kw-camellia256",
                Cipher::CamelliaKeyWrap(B256),
            ),
            ("http://www.w3.org/2001/04/xmlenc#tripledes-cbc", Cipher::TripleDesCbc),
            ("http://www.w3.org/2001/04/xmlenc#kw-tripledes", Cipher::TripleDesKeyWrap),
            ("http://www.w3.org/2001/04/xmlenc#rsa_1_5", Cipher::RsaPkcs1),
            ("http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", Cipher::RsaOaep),
        ];
        for (uri, cipher) in cases {
            assert_eq!(Cipher::from_uri(uri), Some(cipher), "{uri}");
        }
        for uri in ["", "aes128-cbc", "http://www.w3.org/2001/04/xmlenc#arcfour"] {
            assert_eq!(Cipher::from_uri(uri), None, "{uri}");
        }
        for uri in
            ["2001/04/xmlenc#aes-cbc", "2001/04/xmlenc#kw-aes512", "2009/xmlenc11#aes128-cbc"]
        {
            assert_eq!(Cipher::from_uri(&format!("http://www.w3.org/{uri}")), None, "{uri}");
        }
    }

    #[test]
    fn lengths_agree_with_each_other() {
        let bits = AesBits::B128;
        let ciphers = [
            Cipher::AesCbc(bits),
            Cipher::AesGcm(bits),
            Cipher::AesKeyWrap(bits),
            Cipher::AesKeyWrapPad(bits),
            Cipher::CamelliaCbc(bits),
            Cipher::CamelliaKeyWrap(bits),
            Cipher::TripleDesCbc,
            Cipher::TripleDesKeyWrap,
        ];
        for cipher in ciphers {
            for plain in [16, 20, 24, 32, 40, 64] {
                let sealed: Vec<usize> =
                    (0..200).filter(|len| cipher.may_hold(plain, *len)).collect();
                assert_eq!(sealed.len(), 1, "{cipher:?} {plain}");
                let fits = cipher.plausible_len(sealed[0]);
                let wraps = matches!(
                    cipher,
                    Cipher::AesKeyWrap(_) | Cipher::CamelliaKeyWrap(_) | Cipher::TripleDesKeyWrap
                );
                assert_eq!(fits, !wraps || plain % 8 == 0, "{cipher:?} {plain}");
                assert!(cipher.max_plain_len(sealed[0]) >= plain, "{cipher:?} {plain}");
            }
        }
        assert!(Cipher::RsaPkcs1.may_hold(32, 256) && !Cipher::RsaOaep.may_hold(100, 128));
    }
}
