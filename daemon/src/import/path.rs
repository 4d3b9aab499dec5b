//! From what protects the values of a file to what the HSM worker opens; or the reason why it can not.
//!
//! Not responsible for: what this installation's HSM can do of it, which only the worker knows.

use warifu_keys::{
    hsm::{Cipher, MacHash, SessionKey, ValueMac},
    seedfile::{
        Code, ContainerCrypto, Refusal,
        crypto::{
            AesBits, Cipher as FileCipher, KeySource, MacHash as FileMacHash, MacKey, MacMethod,
        },
    },
};

/// A cipher of files that no PKCS#11 mechanism opens, for those who have to ask for another.
pub(super) fn refuse_cipher(cipher: FileCipher) -> Option<Refusal> {
    let rule = "key wrap with Camellia or triple DES is opened by no HSM: ask the maker for AES, by \
                key wrap or by CBC with a MAC";
    let is_open = self::cipher(cipher).is_some();
    (!is_open).then(|| Refusal::new(Code::EncAlg, "EncryptionMethod", rule))
}

/// The same of the head of a file: the session key, the MAC and its key.
pub(super) fn refuse_header(crypto: &ContainerCrypto) -> Option<Refusal> {
    if let KeySource::Certificate { session: Some(key), .. } = &crypto.key
        && let Some(refusal) = refuse_cipher(key.cipher)
    {
        return Some(refusal);
    }
    let method = crypto.mac.as_ref()?;
    let is_carried = matches!(method.key, MacKey::Carried(_));
    let rule = if is_carried && !method.may_cover_plaintext {
        return None;
    } else if is_carried {
        "a MAC over the plaintext, as drafts have it, is checked by no HSM"
    } else {
        "the MAC key comes encrypted in the file: an HSM checks no MAC under the encryption key, as \
         drafts have it, nor under one that the file only names"
    };
    Some(Refusal::new(Code::MacKey, "MACMethod", rule))
}

/// The worker's word for a cipher.
pub(super) const fn cipher(cipher: FileCipher) -> Option<Cipher> {
    Some(match cipher {
        FileCipher::AesCbc(size) => Cipher::AesCbcPad { bits: bits(size) },
        FileCipher::AesGcm(size) => Cipher::AesGcm { bits: bits(size) },
        FileCipher::AesKeyWrap(size) => Cipher::AesKeyWrap { bits: bits(size) },
        FileCipher::AesKeyWrapPad(size) => Cipher::AesKeyWrapPad { bits: bits(size) },
        FileCipher::CamelliaCbc(size) => Cipher::CamelliaCbcPad { bits: bits(size) },
        FileCipher::TripleDesCbc => Cipher::TripleDesCbcPad,
        FileCipher::RsaPkcs1 => Cipher::RsaPkcs,
        FileCipher::RsaOaep => Cipher::RsaOaep,
        FileCipher::CamelliaKeyWrap(_) | FileCipher::TripleDesKeyWrap => return None,
    })
}

/// A value's MAC, with the MAC key as the file carries it.
pub(super) fn mac(method: &MacMethod, value: Vec<u8>) -> Option<ValueMac> {
    let MacKey::Carried(key) = &method.key else { return None };
    Some(ValueMac { hash: mac_hash(method.hash), encrypted_key: key.octets.clone(), value })
}

/// The session key of a file under a certificate, where it has one. [`refuse_header`] has judged it.
pub(super) fn session(crypto: &ContainerCrypto) -> Option<SessionKey> {
    let KeySource::Certificate { session: Some(key), .. } = &crypto.key else { return None };
    Some(SessionKey { cipher: cipher(key.cipher)?, data: key.octets.clone() })
}

const fn bits(size: AesBits) -> u16 {
    match size {
        AesBits::B128 => 128,
        AesBits::B192 => 192,
        AesBits::B256 => 256,
    }
}

const fn mac_hash(hash: FileMacHash) -> MacHash {
    match hash {
        FileMacHash::Sha1 => MacHash::Sha1,
        FileMacHash::Sha224 => MacHash::Sha224,
        FileMacHash::Sha256 => MacHash::Sha256,
        FileMacHash::Sha384 => MacHash::Sha384,
        FileMacHash::Sha512 => MacHash::Sha512,
    }
}
