//! What differs between providers: mechanism numbers, habits, sizes.
//!
//! Not responsible for: trusting a name. The self-test tries what a profile says (`selftest.rs`).

use cryptoki_sys::{
    CK_KEY_TYPE, CK_MECHANISM_TYPE, CKK_AES, CKK_GENERIC_SECRET, CKK_SHA_1_HMAC, CKK_SHA256_HMAC,
    CKK_SHA512_HMAC, CKM_AES_GCM, CKM_AES_KEY_WRAP_KWP, CKM_AES_KEY_WRAP_PAD, CKM_SHA_1_HMAC,
    CKM_SHA256_HMAC, CKM_SHA512_HMAC,
};
use warifu_hsm_protocol::{Cipher, Hash, ImportPlace, KeyKind};

/// A provider as we know it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Profile {
    /// In reports.
    pub(crate) name: &'static str,
    /// Number under which RFC 5649 is offered, if at all.
    pub(crate) kwp: Option<CK_MECHANISM_TYPE>,
    /// How HMAC keys may be described; the first that works is taken.
    pub(crate) forms: &'static [Form],
}

/// How an HMAC key is described to the provider.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Form {
    /// A key type of its own per hash (else `CKK_GENERIC_SECRET`).
    pub(crate) typed: bool,
    /// `CKA_VALUE_LEN` belongs into the unwrap template.
    pub(crate) value_len: bool,
}

const PLAIN: Form = Form { typed: false, value_len: false };

/// SoftHSM 2.6: RFC 5649 under the number of another scheme, refuses `CKA_VALUE_LEN`.
const SOFTHSM: Profile =
    Profile { name: "softhsm", kwp: Some(CKM_AES_KEY_WRAP_PAD), forms: &[PLAIN] };
/// kryoptic: follows the specification 3.x.
const KRYOPTIC: Profile =
    Profile { name: "kryoptic", kwp: Some(CKM_AES_KEY_WRAP_KWP), forms: &[PLAIN] };
/// Anything else: generic secrets or typed keys, with and without a length.
const GENERIC: Profile = Profile {
    name: "generic",
    kwp: Some(CKM_AES_KEY_WRAP_KWP),
    forms: &[
        PLAIN,
        Form { typed: false, value_len: true },
        Form { typed: true, value_len: false },
        Form { typed: true, value_len: true },
    ],
};

/// By the texts of `C_GetInfo`.
pub(crate) fn choose(manufacturer: &str, description: &str) -> Profile {
    let text = format!("{manufacturer} {description}").to_ascii_lowercase();
    match text {
        text if text.contains("softhsm") => SOFTHSM,
        text if text.contains("kryoptic") => KRYOPTIC,
        _ => GENERIC,
    }
}

/// What the self-test found out about the provider.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Abilities {
    /// How HMAC keys are described.
    pub(crate) form: Form,
    /// `CKA_ALLOWED_MECHANISMS` is taken (and was seen to be enforced).
    pub(crate) allowed_mechanisms: bool,
    /// Number of RFC 5649 where it works.
    pub(crate) kwp: Option<CK_MECHANISM_TYPE>,
    /// AES keys encrypt with GCM and are kept as HMAC keys are.
    pub(crate) messages: bool,
    /// Keys can be derived by AES-ECB.
    pub(crate) expand: bool,
    /// Where encrypted values are opened.
    pub(crate) imports: Imports,
}

/// Where values of each cipher are opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Imports {
    /// AES-CBC.
    pub(crate) cbc: ImportPlace,
    /// AES-GCM.
    pub(crate) gcm: ImportPlace,
    /// RFC 3394.
    pub(crate) kw: ImportPlace,
    /// RFC 5649.
    pub(crate) kwp: ImportPlace,
    /// Triple DES-CBC.
    pub(crate) triple_des: ImportPlace,
    /// RSA, PKCS#1 v1.5.
    pub(crate) rsa_pkcs: ImportPlace,
    /// RSA-OAEP.
    pub(crate) rsa_oaep: ImportPlace,
}

impl Imports {
    const NONE: Self = Self {
        cbc: ImportPlace::Impossible,
        gcm: ImportPlace::Impossible,
        kw: ImportPlace::Impossible,
        kwp: ImportPlace::Impossible,
        triple_des: ImportPlace::Impossible,
        rsa_pkcs: ImportPlace::Impossible,
        rsa_oaep: ImportPlace::Impossible,
    };

    /// Where a value of that cipher is opened.
    pub(crate) const fn place(self, cipher: Cipher) -> ImportPlace {
        match cipher {
            Cipher::AesCbcPad { .. } => self.cbc,
            Cipher::AesGcm { .. } => self.gcm,
            Cipher::AesKeyWrap { .. } => self.kw,
            Cipher::AesKeyWrapPad { .. } => self.kwp,
            // Of the providers that keep keys inside, none has it.
            Cipher::CamelliaCbcPad { .. } => ImportPlace::Impossible,
            Cipher::TripleDesCbcPad => self.triple_des,
            Cipher::RsaPkcs => self.rsa_pkcs,
            Cipher::RsaOaep => self.rsa_oaep,
        }
    }

    /// Whether AES transport keys must decrypt. Where CBC stays inside they must not, although GCM
    /// values are then refused on some providers: a key that decrypts opens values of any cipher.
    pub(crate) fn aes_decrypts(self) -> bool {
        self.cbc != ImportPlace::Inside
    }
}

impl Abilities {
    /// Before anything was tried.
    pub(crate) const NONE: Self = Self {
        form: PLAIN,
        allowed_mechanisms: false,
        kwp: None,
        messages: false,
        expand: false,
        imports: Imports::NONE,
    };

    /// `CKA_KEY_TYPE` of a sealed key.
    pub(crate) fn key_type(self, kind: KeyKind) -> CK_KEY_TYPE {
        match (kind, self.form.typed) {
            (KeyKind::Aes, _) => CKK_AES,
            (KeyKind::Hmac(_), false) => CKK_GENERIC_SECRET,
            (KeyKind::Hmac(Hash::Sha1), true) => CKK_SHA_1_HMAC,
            (KeyKind::Hmac(Hash::Sha256), true) => CKK_SHA256_HMAC,
            (KeyKind::Hmac(Hash::Sha512), true) => CKK_SHA512_HMAC,
        }
    }
}

/// The one mechanism of a sealed key.
pub(crate) const fn mechanism(kind: KeyKind) -> CK_MECHANISM_TYPE {
    match kind {
        KeyKind::Hmac(hash) => hmac(hash),
        KeyKind::Aes => CKM_AES_GCM,
    }
}

/// The HMAC mechanism of a hash.
pub(crate) const fn hmac(hash: Hash) -> CK_MECHANISM_TYPE {
    match hash {
        Hash::Sha1 => CKM_SHA_1_HMAC,
        Hash::Sha256 => CKM_SHA256_HMAC,
        Hash::Sha512 => CKM_SHA512_HMAC,
    }
}

/// Shortest key to which seeds are zero-padded: no shorter than the hash, which is SoftHSM's rule and
/// more than any other's, and a multiple of 8 for RFC 3394. HMAC pads with zeros itself
/// (RFC 2104 s.2), so the MAC stays the same up to the block size of 64 bytes.
pub(crate) const fn padded_length(kind: KeyKind, length: usize) -> usize {
    let minimum = match kind {
        KeyKind::Hmac(Hash::Sha1) => 24,
        KeyKind::Hmac(Hash::Sha256) => 32,
        KeyKind::Hmac(Hash::Sha512) => 64,
        KeyKind::Aes => return length, // another length is another key
    };
    let length = if length < minimum { minimum } else { length };
    length.next_multiple_of(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_told_by_their_texts() {
        assert_eq!(choose("SoftHSM", "Implementation of PKCS11").name, "softhsm");
        assert_eq!(choose("Kryoptic", "Kryoptic PKCS11 Module").name, "kryoptic");
        assert_eq!(choose("Mozilla Foundation", "NSS Internal Crypto").name, "generic");
    }

    #[test]
    fn seeds_are_padded_to_the_hash_and_to_eight() {
        assert_eq!(padded_length(KeyKind::Hmac(Hash::Sha1), 16), 24);
        assert_eq!(padded_length(KeyKind::Hmac(Hash::Sha1), 20), 24);
        assert_eq!(padded_length(KeyKind::Hmac(Hash::Sha1), 25), 32);
        assert_eq!(padded_length(KeyKind::Hmac(Hash::Sha256), 20), 32);
        assert_eq!(padded_length(KeyKind::Hmac(Hash::Sha512), 20), 64);
        assert_eq!(padded_length(KeyKind::Hmac(Hash::Sha1), 64), 64);
        assert_eq!(padded_length(KeyKind::Aes, 32), 32);
    }
}
