//! Mechanisms and their parameters, as PKCS#11 wants them in memory.
//!
//! Beside `cryptoki`'s own `Mechanism` because that one knows no number that it was not told about.
//! Not responsible for: which mechanism a provider has (`profile.rs`), calls.

use cryptoki_sys::{
    CK_GCM_PARAMS, CK_KEY_DERIVATION_STRING_DATA, CK_MECHANISM, CK_MECHANISM_TYPE,
    CK_RSA_PKCS_OAEP_PARAMS, CKG_MGF1_SHA1, CKM_AES_ECB_ENCRYPT_DATA, CKM_AES_GCM,
    CKM_RSA_PKCS_OAEP, CKM_SHA_1, CKZ_DATA_SPECIFIED,
};

use crate::template::ulong;

/// Bytes of a GCM tag; shorter ones are easier to guess and save nothing here.
pub(crate) const TAG: usize = 16;

/// A mechanism and its parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mechanism<'a> {
    kind: CK_MECHANISM_TYPE,
    parameter: Parameter<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Parameter<'a> {
    None,
    Bytes(&'a [u8]),
    Gcm { nonce: &'a [u8; 12], aad: &'a [u8] },
    Oaep,
    Text(&'a [u8]),
}

impl<'a> Mechanism<'a> {
    /// Without a parameter.
    pub(crate) const fn plain(kind: CK_MECHANISM_TYPE) -> Self {
        Self { kind, parameter: Parameter::None }
    }

    /// With an initialisation vector.
    pub(crate) const fn with_iv(kind: CK_MECHANISM_TYPE, iv: &'a [u8]) -> Self {
        Self { kind, parameter: Parameter::Bytes(iv) }
    }

    /// AES-GCM with a tag of [`TAG`] bytes (PKCS#11 v3.1 s.6.13.3).
    pub(crate) const fn gcm(nonce: &'a [u8; 12], aad: &'a [u8]) -> Self {
        Self { kind: CKM_AES_GCM, parameter: Parameter::Gcm { nonce, aad } }
    }

    /// RSA-OAEP with SHA-1 and MGF1 of it, no label (PKCS#11 v3.1 s.6.1.8).
    pub(crate) const fn oaep() -> Self {
        Self { kind: CKM_RSA_PKCS_OAEP, parameter: Parameter::Oaep }
    }

    /// Derivation by encrypting `data` (PKCS#11 v3.1 s.6.27.2).
    pub(crate) const fn ecb_derivation(data: &'a [u8]) -> Self {
        Self { kind: CKM_AES_ECB_ENCRYPT_DATA, parameter: Parameter::Text(data) }
    }

    /// Lends the C form: pointers into what `self` borrows, valid for the call of `use_it` only.
    pub(crate) fn lend<R>(self, use_it: impl FnOnce(&mut CK_MECHANISM) -> R) -> R {
        match self.parameter {
            Parameter::None => use_it(&mut CK_MECHANISM {
                mechanism: self.kind,
                pParameter: std::ptr::null_mut(),
                ulParameterLen: 0,
            }),
            Parameter::Bytes(bytes) => use_it(&mut CK_MECHANISM {
                mechanism: self.kind,
                pParameter: bytes.as_ptr().cast_mut().cast(),
                ulParameterLen: ulong(bytes.len()),
            }),
            Parameter::Gcm { nonce, aad } => self.structured(gcm_params(nonce, aad), use_it),
            Parameter::Oaep => self.structured(oaep_params(), use_it),
            Parameter::Text(data) => {
                let parameter = CK_KEY_DERIVATION_STRING_DATA {
                    pData: data.as_ptr().cast_mut(),
                    ulLen: ulong(data.len()),
                };
                self.structured(parameter, use_it)
            }
        }
    }

    fn structured<P, R>(self, mut parameter: P, use_it: impl FnOnce(&mut CK_MECHANISM) -> R) -> R {
        use_it(&mut CK_MECHANISM {
            mechanism: self.kind,
            pParameter: std::ptr::from_mut(&mut parameter).cast(),
            ulParameterLen: ulong(size_of::<P>()),
        })
    }
}

fn gcm_params(nonce: &[u8; 12], aad: &[u8]) -> CK_GCM_PARAMS {
    CK_GCM_PARAMS {
        pIv: nonce.as_ptr().cast_mut(),
        ulIvLen: ulong(nonce.len()),
        ulIvBits: 96,
        pAAD: if aad.is_empty() { std::ptr::null_mut() } else { aad.as_ptr().cast_mut() },
        ulAADLen: ulong(aad.len()),
        ulTagBits: ulong(TAG * 8),
    }
}

fn oaep_params() -> CK_RSA_PKCS_OAEP_PARAMS {
    CK_RSA_PKCS_OAEP_PARAMS {
        hashAlg: CKM_SHA_1,
        mgf: CKG_MGF1_SHA1,
        source: CKZ_DATA_SPECIFIED,
        pSourceData: std::ptr::null_mut(),
        ulSourceDataLen: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_have_the_size_of_their_structures() {
        let length = |mechanism: Mechanism<'_>| mechanism.lend(|raw| raw.ulParameterLen);
        assert_eq!(length(Mechanism::plain(1)), 0);
        assert_eq!(length(Mechanism::with_iv(1, &[0; 8])), 8);
        assert_eq!(length(Mechanism::oaep()), ulong(size_of::<CK_RSA_PKCS_OAEP_PARAMS>()));
        assert_eq!(length(Mechanism::gcm(&[0; 12], b"")), ulong(size_of::<CK_GCM_PARAMS>()));
    }
}
