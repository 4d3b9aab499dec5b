//! The ciphers of seed files: how their values lie in bytes, which mechanism opens them, what lengths
//! make sense. Pure.
//!
//! Not responsible for: keys and calls (`transport.rs`).

use std::ops::RangeInclusive;

use cryptoki_sys::{
    CK_MECHANISM_TYPE, CKM_AES_CBC_PAD, CKM_AES_KEY_WRAP, CKM_DES3_CBC_PAD, CKM_RSA_PKCS,
    CKM_SHA_1_HMAC, CKM_SHA224_HMAC, CKM_SHA256_HMAC, CKM_SHA384_HMAC, CKM_SHA512_HMAC,
};
use warifu_hsm_protocol::{Cipher, KeyShape, MacHash};

use crate::mechanism::{Mechanism, TAG};

/// The block of AES.
const AES_BLOCK: usize = 16;
/// The block of DES.
const DES_BLOCK: usize = 8;
/// Nonce of GCM in XML Encryption (1.1 s.5.2.4).
const NONCE: usize = 12;

/// Mechanism and ciphertext; an initialisation vector lies in front. `kwp` is the provider's number
/// of RFC 5649. `None` where this is no value of that cipher.
pub(crate) fn split(
    cipher: Cipher,
    data: &[u8],
    kwp: Option<CK_MECHANISM_TYPE>,
) -> Option<(Mechanism<'_>, &[u8])> {
    match cipher {
        Cipher::AesCbcPad { .. } => with_iv(CKM_AES_CBC_PAD, AES_BLOCK, data),
        Cipher::AesGcm { .. } => {
            let (nonce, blob) = data.split_first_chunk::<NONCE>()?;
            (blob.len() > TAG).then(|| (Mechanism::gcm(nonce, &[]), blob))
        }
        Cipher::AesKeyWrap { .. } => Some((Mechanism::plain(CKM_AES_KEY_WRAP), data)),
        Cipher::AesKeyWrapPad { .. } => Some((Mechanism::plain(kwp?), data)),
        Cipher::CamelliaCbcPad { .. } => None,
        Cipher::TripleDesCbcPad => with_iv(CKM_DES3_CBC_PAD, DES_BLOCK, data),
        Cipher::RsaPkcs => Some((Mechanism::plain(CKM_RSA_PKCS), data)),
        Cipher::RsaOaep => Some((Mechanism::oaep(), data)),
    }
}

fn with_iv(kind: CK_MECHANISM_TYPE, block: usize, data: &[u8]) -> Option<(Mechanism<'_>, &[u8])> {
    let (iv, blob) = data.split_at_checked(block)?;
    let whole_blocks = !blob.is_empty() && blob.len().is_multiple_of(block);
    whole_blocks.then(|| (Mechanism::with_iv(kind, iv), blob))
}

/// Whether a ciphertext of that length can hold a value of one of those.
pub(crate) fn length_is_plausible(
    cipher: Cipher,
    length: usize,
    values: RangeInclusive<usize>,
) -> bool {
    // PKCS#7 adds 1 to a whole block.
    let padded = |value: usize, block: usize| (value + 1).next_multiple_of(block);
    let between =
        |of: &dyn Fn(usize) -> usize| (of(*values.start())..=of(*values.end())).contains(&length);
    match cipher {
        Cipher::AesCbcPad { .. } | Cipher::CamelliaCbcPad { .. } => {
            between(&|value| padded(value, AES_BLOCK))
        }
        Cipher::TripleDesCbcPad => between(&|value| padded(value, DES_BLOCK)),
        Cipher::AesGcm { .. } => between(&|value| value + TAG),
        Cipher::AesKeyWrap { .. } => {
            length.is_multiple_of(8) && values.contains(&length.saturating_sub(8))
        }
        Cipher::AesKeyWrapPad { .. } => {
            length.is_multiple_of(8) && between(&|value| value.next_multiple_of(8) + 8)
        }
        // As long as the modulus, whatever it holds; checked against the key.
        Cipher::RsaPkcs | Cipher::RsaOaep => (256..=512).contains(&length),
    }
}

/// The length of the value where the ciphertext shows it.
pub(crate) const fn visible_length(cipher: Cipher, ciphertext: usize) -> Option<usize> {
    match cipher {
        Cipher::AesKeyWrap { .. } => Some(ciphertext.saturating_sub(8)),
        Cipher::AesGcm { .. } => Some(ciphertext.saturating_sub(TAG)),
        _ => None,
    }
}

/// Whether a key of that shape opens values of that cipher; RSA keys of every size do.
pub(crate) const fn fits(cipher: Cipher, key: KeyShape) -> bool {
    match (cipher, key) {
        (
            Cipher::AesCbcPad { bits }
            | Cipher::AesGcm { bits }
            | Cipher::AesKeyWrap { bits }
            | Cipher::AesKeyWrapPad { bits },
            KeyShape::Aes(size),
        ) => bits == size,
        (Cipher::TripleDesCbcPad, KeyShape::TripleDes)
        | (Cipher::RsaPkcs | Cipher::RsaOaep, KeyShape::Rsa(_)) => true,
        _ => false,
    }
}

/// The symmetric key that values of that cipher are under; `None` where it would be an RSA key, or
/// one that no provider takes.
pub(crate) const fn key_of(cipher: Cipher) -> Option<KeyShape> {
    match cipher {
        Cipher::AesCbcPad { bits }
        | Cipher::AesGcm { bits }
        | Cipher::AesKeyWrap { bits }
        | Cipher::AesKeyWrapPad { bits } => Some(KeyShape::Aes(bits)),
        Cipher::TripleDesCbcPad => Some(KeyShape::TripleDes),
        Cipher::CamelliaCbcPad { .. } | Cipher::RsaPkcs | Cipher::RsaOaep => None,
    }
}

/// Whether a value is worth nothing without a MAC: anybody can change it, and a token that tells good
/// padding from bad then gives it away.
pub(crate) const fn needs_mac(cipher: Cipher) -> bool {
    matches!(
        cipher,
        Cipher::AesCbcPad { .. } | Cipher::CamelliaCbcPad { .. } | Cipher::TripleDesCbcPad
    )
}

/// What to say of a cipher that the provider can not open.
pub(crate) const fn advice(cipher: Cipher) -> &'static str {
    match cipher {
        Cipher::AesCbcPad { .. } => "the provider can not open AES-CBC values",
        Cipher::AesGcm { .. } => {
            "the provider can not open AES-GCM values; have the file made with AES-CBC and MACs"
        }
        Cipher::AesKeyWrap { .. } => {
            "the provider can not unwrap AES key wrap; have the file made with AES-CBC and MACs"
        }
        Cipher::AesKeyWrapPad { .. } => {
            "the provider can not unwrap padded AES key wrap; have the file made with AES-CBC and \
             MACs"
        }
        Cipher::CamelliaCbcPad { .. } => {
            "Camellia is not opened in the HSM; have the file made with AES"
        }
        Cipher::TripleDesCbcPad => {
            "the provider has no triple DES; have the file made with AES-CBC and MACs"
        }
        Cipher::RsaPkcs | Cipher::RsaOaep => {
            "the provider can not decrypt with RSA keys; agree on an AES transport key"
        }
    }
}

/// The HMAC mechanism of a seed file's MACs.
pub(crate) const fn mac_mechanism(hash: MacHash) -> CK_MECHANISM_TYPE {
    match hash {
        MacHash::Sha1 => CKM_SHA_1_HMAC,
        MacHash::Sha224 => CKM_SHA224_HMAC,
        MacHash::Sha256 => CKM_SHA256_HMAC,
        MacHash::Sha384 => CKM_SHA384_HMAC,
        MacHash::Sha512 => CKM_SHA512_HMAC,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::SEED_LENGTHS;

    const CBC: Cipher = Cipher::AesCbcPad { bits: 128 };
    const GCM: Cipher = Cipher::AesGcm { bits: 128 };
    const KW: Cipher = Cipher::AesKeyWrap { bits: 128 };
    const KWP: Cipher = Cipher::AesKeyWrapPad { bits: 128 };
    const DES: Cipher = Cipher::TripleDesCbcPad;

    #[test]
    fn lengths_that_hold_no_seed_are_refused_before_the_token_sees_them() {
        let fits = |cipher, length| length_is_plausible(cipher, length, SEED_LENGTHS);
        assert!(!fits(CBC, 16)); // at most 15 bytes
        assert!(fits(CBC, 32) && fits(CBC, 80)); // 64 bytes
        assert!(!fits(CBC, 96));
        assert!(fits(KW, 24) && fits(KW, 72) && !fits(KW, 16) && !fits(KW, 28));
        assert!(fits(KWP, 24) && fits(KWP, 32) && fits(KWP, 72) && !fits(KWP, 80));
        assert!(fits(GCM, 36) && !fits(GCM, 31) && !fits(GCM, 81));
        assert!(fits(DES, 24) && fits(DES, 72) && !fits(DES, 16) && !fits(DES, 80));
        assert!(fits(Cipher::RsaOaep, 256) && !fits(Cipher::RsaPkcs, 128));
    }

    #[test]
    fn a_key_of_32_bytes_has_ciphertexts_of_one_length() {
        let lengths = |cipher| -> Vec<usize> {
            (0..=96).filter(|length| length_is_plausible(cipher, *length, 32..=32)).collect()
        };
        assert_eq!(lengths(CBC), [48]);
        assert_eq!(lengths(KW), [40]);
        assert_eq!(lengths(KWP), [40]);
        assert_eq!(lengths(GCM), [48]);
        assert_eq!(lengths(DES), [40]);
    }

    #[test]
    fn vectors_and_whole_blocks_are_needed() {
        let is_split = |cipher, length: usize| split(cipher, &vec![0; length], Some(1)).is_some();
        assert!(is_split(CBC, 48) && !is_split(CBC, 16) && !is_split(CBC, 40) && !is_split(CBC, 3));
        assert!(is_split(DES, 24) && !is_split(DES, 8) && !is_split(DES, 12));
        assert!(is_split(GCM, 29) && !is_split(GCM, 28) && !is_split(GCM, 5));
        assert!(!is_split(Cipher::CamelliaCbcPad { bits: 128 }, 48));
        assert!(split(KWP, &[0; 24], None).is_none());
    }

    #[test]
    fn ciphers_and_keys_go_together() {
        assert!(fits(CBC, KeyShape::Aes(128)) && !fits(CBC, KeyShape::Aes(256)));
        assert!(!fits(DES, KeyShape::Aes(192)) && fits(DES, KeyShape::TripleDes));
        assert!(fits(Cipher::RsaPkcs, KeyShape::Rsa(3072)) && !fits(CBC, KeyShape::Rsa(2048)));
    }
}
