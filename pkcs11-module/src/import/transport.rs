//! Manufacturers' keys inside the HSM: what a program sees of them, and what they unwrap.
//!
//! Not responsible for unwrapping: the daemon's HSM does that.

use std::sync::atomic::Ordering;

use cryptoki_sys::{
    CK_ATTRIBUTE_TYPE, CK_KEY_TYPE, CK_MECHANISM_TYPE, CKA_ALLOWED_MECHANISMS,
    CKA_ALWAYS_AUTHENTICATE, CKA_CHECK_VALUE, CKA_CLASS, CKA_COPYABLE, CKA_DECRYPT, CKA_DERIVE,
    CKA_DESTROYABLE, CKA_ENCRYPT, CKA_EXTRACTABLE, CKA_ID, CKA_KEY_TYPE, CKA_LABEL, CKA_MODIFIABLE,
    CKA_MODULUS_BITS, CKA_PRIVATE, CKA_PRIVATE_EXPONENT, CKA_SENSITIVE, CKA_SIGN, CKA_TOKEN,
    CKA_UNWRAP, CKA_VALUE, CKA_VALUE_LEN, CKA_VERIFY, CKA_WRAP, CKG_MGF1_SHA1, CKK_AES, CKK_RSA,
    CKM_AES_KEY_WRAP, CKM_AES_KEY_WRAP_KWP, CKM_RSA_PKCS_OAEP, CKM_SHA_1, CKO_PRIVATE_KEY,
    CKO_SECRET_KEY, CKZ_DATA_SPECIFIED,
};
use warifu_api::{ProblemType, key};

use super::document::Cipher;
use crate::{
    config::Level,
    fault::{Fault, Outcome},
    mechanism::{Mechanism, Oaep, Parameter},
    provider::Provider,
    remote::Trouble,
    rv::Rv,
    session::Session,
    template::Reading,
};

/// A manufacturer's key inside the HSM.
pub(crate) struct TransportKey {
    label: String,
    kind: Kind,
    /// The first three octets of the cipher over a block of zeros, as the standard has them (PKCS#11
    /// v3.1 s.4.10.2).
    check_value: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Aes { bits: u16 },
    Rsa { bits: u16 },
}

/// The keys of this caller's institution. The daemon shows them to officers and auditors; whoever else
/// asks has none.
pub(crate) fn transport_keys(provider: &Provider, session: &Session) -> Outcome<Vec<TransportKey>> {
    let (remote, hidden) = (&session.slot.remote, &session.slot.keys_are_hidden);
    if hidden.load(Ordering::Relaxed) {
        return Ok(Vec::new());
    }
    match remote.ask(None, remote.deadline(), async |client| client.keys().await) {
        Ok(list) => Ok(list.items.iter().filter_map(TransportKey::of).collect()),
        Err(Trouble::Problem(ProblemType::Forbidden)) => {
            hidden.store(true, Ordering::Relaxed);
            provider.log.event(Level::Info, "a search found no transport keys: not our role");
            Ok(Vec::new())
        }
        Err(trouble) => Err(trouble.into()),
    }
}

impl TransportKey {
    /// Keys that are gone unwrap nothing, nor do those of triple DES: no file and no HSM here takes
    /// their key wrap.
    fn of(listed: &key::TransportKey) -> Option<Self> {
        use key::KeyShape::{
            Aes128, Aes192, Aes256, Rsa2048, Rsa3072, Rsa4096, TripleDes2, TripleDes3,
        };
        if !listed.in_hsm || listed.destroyed_at.is_some() {
            return None;
        }
        let kind = match listed.shape? {
            Aes128 => Kind::Aes { bits: 128 },
            Aes192 => Kind::Aes { bits: 192 },
            Aes256 => Kind::Aes { bits: 256 },
            Rsa2048 => Kind::Rsa { bits: 2_048 },
            Rsa3072 => Kind::Rsa { bits: 3_072 },
            Rsa4096 => Kind::Rsa { bits: 4_096 },
            TripleDes2 | TripleDes3 => return None,
        };
        let check_value = match kind {
            Kind::Aes { .. } => check_value(&listed.kcv),
            // The list has the start of the public part's digest, which is another thing.
            Kind::Rsa { .. } => None,
        };
        Some(Self { label: listed.label.clone(), kind, check_value })
    }

    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// What an attribute answers.
    pub(crate) fn reading(&self, kind: CK_ATTRIBUTE_TYPE) -> Reading {
        match kind {
            CKA_LABEL | CKA_ID => Reading::text(&self.label),
            CKA_TOKEN | CKA_PRIVATE | CKA_SENSITIVE | CKA_UNWRAP => Reading::flag(true),
            CKA_EXTRACTABLE | CKA_MODIFIABLE | CKA_COPYABLE | CKA_DESTROYABLE | CKA_DECRYPT
            | CKA_SIGN | CKA_DERIVE => Reading::flag(false),
            CKA_ALLOWED_MECHANISMS => {
                let kinds = self.mechanisms().iter().flat_map(|kind| kind.to_ne_bytes());
                Reading::bytes(kinds.collect::<Vec<_>>())
            }
            _ => match self.kind {
                Kind::Aes { bits } => self.reading_of_aes(bits, kind),
                Kind::Rsa { bits } => Self::reading_of_rsa(bits, kind),
            },
        }
    }

    fn reading_of_aes(&self, bits: u16, kind: CK_ATTRIBUTE_TYPE) -> Reading {
        match kind {
            CKA_CLASS => Reading::number(CKO_SECRET_KEY),
            CKA_KEY_TYPE => Reading::number(CKK_AES),
            CKA_VALUE_LEN => Reading::number((bits / 8).into()),
            CKA_ENCRYPT | CKA_VERIFY | CKA_WRAP => Reading::flag(false),
            CKA_VALUE => Reading::Sensitive,
            CKA_CHECK_VALUE => self.check_value.as_deref().map_or(Reading::Absent, Reading::bytes),
            _ => Reading::Absent,
        }
    }

    fn reading_of_rsa(bits: u16, kind: CK_ATTRIBUTE_TYPE) -> Reading {
        match kind {
            CKA_CLASS => Reading::number(CKO_PRIVATE_KEY),
            CKA_KEY_TYPE => Reading::number(CKK_RSA),
            CKA_MODULUS_BITS => Reading::number(bits.into()),
            CKA_ALWAYS_AUTHENTICATE => Reading::flag(false),
            CKA_PRIVATE_EXPONENT => Reading::Sensitive,
            _ => Reading::Absent,
        }
    }

    const fn mechanisms(&self) -> &'static [CK_MECHANISM_TYPE] {
        match self.kind {
            Kind::Aes { .. } => &[CKM_AES_KEY_WRAP, CKM_AES_KEY_WRAP_KWP],
            Kind::Rsa { .. } => &[CKM_RSA_PKCS_OAEP],
        }
    }

    /// How the daemon has to be told of this mechanism with this key.
    pub(super) fn cipher(&self, mechanism: &Mechanism) -> Outcome<Cipher> {
        let wanted = key_type(mechanism.kind)?;
        match (self.kind, mechanism.kind) {
            (Kind::Aes { bits }, CKM_AES_KEY_WRAP) => {
                default_iv(&mechanism.parameter, &[0xA6; 8]).map(|()| Cipher::KeyWrap(bits))
            }
            (Kind::Aes { bits }, CKM_AES_KEY_WRAP_KWP) => {
                let first = [0xA6, 0x59, 0x59, 0xA6];
                default_iv(&mechanism.parameter, &first).map(|()| Cipher::KeyWrapPad(bits))
            }
            (Kind::Rsa { .. }, CKM_RSA_PKCS_OAEP) => {
                oaep(&mechanism.parameter).map(|()| Cipher::RsaOaep)
            }
            _ => {
                let wanted = if wanted == CKK_RSA { "an RSA pair" } else { "an AES key" };
                let why = format!("the mechanism needs {wanted}, which {} is not", self.label);
                Err(Fault::new(Rv::UnwrappingKeyTypeInconsistent, why))
            }
        }
    }

    /// Whether a wrapped key of this length can be a seed of 16 to 64 octets, or of `seed_len` where
    /// that is known. What the daemon's reader would refuse anyway never leaves.
    pub(super) fn check_len(
        &self,
        cipher: Cipher,
        wrapped: usize,
        seed_len: Option<usize>,
    ) -> Outcome<()> {
        let fits = match (cipher, self.kind) {
            (Cipher::RsaOaep, Kind::Rsa { bits }) => wrapped == usize::from(bits / 8),
            (Cipher::KeyWrap(_), _) => {
                let is_whole = wrapped.is_multiple_of(8) && (24..=72).contains(&wrapped);
                is_whole && seed_len.is_none_or(|seed| seed.saturating_add(8) == wrapped)
            }
            (Cipher::KeyWrapPad(_), _) => {
                let is_whole = wrapped.is_multiple_of(8) && (24..=72).contains(&wrapped);
                let padded = |seed: usize| seed.div_ceil(8).saturating_add(1).saturating_mul(8);
                is_whole && seed_len.is_none_or(|seed| padded(seed) == wrapped)
            }
            (Cipher::RsaOaep, Kind::Aes { .. }) => false,
        };
        let why = "the wrapped key has no length that a seed of 16 to 64 bytes has under this key";
        if fits { Ok(()) } else { Err(Fault::new(Rv::WrappedKeyInvalid, why)) }
    }
}

fn key_type(mechanism: CK_MECHANISM_TYPE) -> Outcome<CK_KEY_TYPE> {
    match mechanism {
        CKM_AES_KEY_WRAP | CKM_AES_KEY_WRAP_KWP => Ok(CKK_AES),
        CKM_RSA_PKCS_OAEP => Ok(CKK_RSA),
        other => {
            let why = format!("mechanism {other:#x} unwraps nothing here");
            Err(Fault::new(Rv::MechanismInvalid, why))
        }
    }
}

/// The daemon's HSM is told no other initial value than that of the RFC (3394 s.2.2.3.1, 5649 s.3).
fn default_iv(parameter: &Parameter, iv: &[u8]) -> Outcome<()> {
    match parameter {
        Parameter::None => Ok(()),
        Parameter::Bytes(bytes) if bytes.is_empty() || bytes == iv => Ok(()),
        Parameter::Bytes(_) | Parameter::Oaep(_) | Parameter::Otp(_) => {
            let why = "key wrap has no parameter, or the initial value of the RFC";
            Err(Fault::new(Rv::MechanismParamInvalid, why))
        }
    }
}

fn oaep(parameter: &Parameter) -> Outcome<()> {
    match parameter {
        Parameter::Oaep(Oaep { hash: CKM_SHA_1, mgf: CKG_MGF1_SHA1, source, label })
            if matches!(*source, 0 | CKZ_DATA_SPECIFIED) && label.is_empty() =>
        {
            Ok(())
        }
        _ => {
            let why = "OAEP is with SHA-1, MGF1 of it and no label: what HSMs have in common";
            Err(Fault::new(Rv::MechanismParamInvalid, why))
        }
    }
}

/// A check value of the standard's form; of one by CMAC, which is longer, the standard knows nothing.
fn check_value(kcv: &str) -> Option<Vec<u8>> {
    let octet = |at: usize| u8::from_str_radix(kcv.get(at..at.checked_add(2)?)?, 16).ok();
    if kcv.len() == 6 { (0..6).step_by(2).map(octet).collect() } else { None }
}

#[cfg(test)]
mod tests;
