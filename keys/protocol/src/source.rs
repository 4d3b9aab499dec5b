//! How a seed arrives at the worker: in the clear, or encrypted as a file has it.
//!
//! Not responsible for: what is done with it (`message.rs`).

use serde::{Deserialize, Serialize};

use crate::secret::SecretBytes;

/// How a seed arrives at the worker.
#[derive(Debug, Deserialize, Serialize)]
pub enum SeedSource {
    /// In the clear: 16 to 64 bytes.
    Clear(SecretBytes),
    /// Encrypted under a transport key that lies in the HSM.
    Encrypted {
        /// Label of the transport key.
        transport_key: String,
        /// How.
        cipher: Cipher,
        /// `IV || ciphertext` (CBC), `IV || ciphertext || tag` (GCM), or what wrapping or RSA made.
        data: Vec<u8>,
        /// ValueMAC; `None` only where the cipher has integrity of its own, and with RSA, where a
        /// signature over the file must stand for it.
        mac: Option<ValueMac>,
        /// The key of this file, where the transport key opens that one only. Cipher and MAC key are
        /// then under it.
        session: Option<SessionKey>,
    },
}

/// The key of one file, which is encrypted under a transport key (XML Encryption 1.1 s.3.5.1).
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct SessionKey {
    /// How it is encrypted.
    pub cipher: Cipher,
    /// The key, encrypted.
    pub data: Vec<u8>,
}

/// How a value is encrypted under the transport key.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum Cipher {
    /// AES-CBC with PKCS#7 padding; key size is the transport key's and must equal `bits`.
    AesCbcPad {
        /// 128, 192, 256.
        bits: u16,
    },
    /// AES-GCM with an IV of 12 bytes and a tag of 16 (XML Encryption 1.1 s.5.2.4).
    AesGcm {
        /// 128, 192, 256.
        bits: u16,
    },
    /// RFC 3394.
    AesKeyWrap {
        /// 128, 192, 256.
        bits: u16,
    },
    /// RFC 5649.
    AesKeyWrapPad {
        /// 128, 192, 256.
        bits: u16,
    },
    /// Camellia-CBC with PKCS#7 padding.
    CamelliaCbcPad {
        /// 128, 192, 256.
        bits: u16,
    },
    /// Triple DES-CBC with PKCS#7 padding; IV of 8 bytes.
    TripleDesCbcPad,
    /// RSA with PKCS#1 v1.5 padding (RFC 8017 s.7.2).
    RsaPkcs,
    /// RSA with OAEP, SHA-1 and MGF1 of it, no label (RFC 8017 s.7.1; XML Encryption s.5.5.2).
    RsaOaep,
}

/// RFC 6030 s.6.1.1: a MAC over `IV || ciphertext`, under a key that is itself encrypted.
#[derive(Debug, Deserialize, Serialize)]
pub struct ValueMac {
    /// Which HMAC.
    pub hash: MacHash,
    /// The MAC key, encrypted under the transport key with the same cipher (`IV || ciphertext`).
    pub encrypted_key: Vec<u8>,
    /// The MAC as the file states it.
    pub value: Vec<u8>,
}

/// HMACs that PSKC files use for their values.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum MacHash {
    /// HMAC-SHA-1.
    Sha1,
    /// HMAC-SHA-224.
    Sha224,
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-384.
    Sha384,
    /// HMAC-SHA-512.
    Sha512,
}

/// Where a seed was readable outside the HSM during import. Goes into the import report.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum Exposure {
    /// Nowhere: unwrapped inside the HSM.
    None,
    /// In the worker's memory, because the provider can not unwrap this cipher.
    Worker,
    /// It was handed to the worker in the clear.
    Caller,
}
