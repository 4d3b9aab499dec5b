//! A seed that waits for another officer's approval, as a program sees it.
//!
//! Not responsible for the approval, which is never given through this module.

use cryptoki_sys::{
    CK_ATTRIBUTE_TYPE, CK_OTP_FORMAT_DECIMAL, CK_OTP_PARAM_IGNORED, CKA_ALWAYS_SENSITIVE,
    CKA_CLASS, CKA_COPYABLE, CKA_DECRYPT, CKA_DERIVE, CKA_DESTROYABLE, CKA_ENCRYPT,
    CKA_EXTRACTABLE, CKA_ID, CKA_KEY_TYPE, CKA_LABEL, CKA_LOCAL, CKA_MODIFIABLE,
    CKA_NEVER_EXTRACTABLE, CKA_OTP_CHALLENGE_REQUIREMENT, CKA_OTP_COUNTER_REQUIREMENT,
    CKA_OTP_FORMAT, CKA_OTP_LENGTH, CKA_OTP_PIN_REQUIREMENT, CKA_OTP_TIME_INTERVAL,
    CKA_OTP_TIME_REQUIREMENT, CKA_OTP_USER_IDENTIFIER, CKA_PRIVATE, CKA_SENSITIVE, CKA_SIGN,
    CKA_TOKEN, CKA_UNWRAP, CKA_VALUE, CKA_VERIFY, CKA_WRAP, CKK_HOTP, CKO_OTP_KEY,
};
use warifu_api::{
    import::{ImportJob, ImportState},
    token::{Hash, TokenKind},
};

use super::{document::Moving, order::Order};
use crate::{
    template::Reading,
    vendor::{
        CKA_WARIFU_FINGERPRINT, CKA_WARIFU_HASH, CKA_WARIFU_IMPORT, CKA_WARIFU_KIND,
        CKA_WARIFU_MANUFACTURER, CKA_WARIFU_STATE,
    },
};

/// A staged seed.
pub(crate) struct Staged {
    /// Name of the import.
    pub(super) id: String,
    serial: String,
    manufacturer: String,
    digits: u8,
    hash: Hash,
    moving: Moving,
    kind: TokenKind,
    fingerprint: String,
    state: ImportState,
}

impl Staged {
    pub(super) fn new(order: &Order<'_>, job: &ImportJob) -> Self {
        Self {
            id: job.id.clone(),
            serial: order.serial.to_owned(),
            manufacturer: order.manufacturer.unwrap_or_default().to_owned(),
            digits: order.digits,
            hash: order.hash,
            moving: order.moving,
            kind: order.kind,
            fingerprint: job.fingerprint.clone().unwrap_or_default(),
            state: job.state,
        }
    }

    /// What an attribute answers. Nothing can be verified yet.
    pub(crate) fn reading(&self, kind: CK_ATTRIBUTE_TYPE) -> Reading {
        match kind {
            CKA_CLASS => Reading::number(CKO_OTP_KEY),
            CKA_KEY_TYPE => Reading::number(CKK_HOTP),
            CKA_LABEL | CKA_ID | CKA_OTP_USER_IDENTIFIER => Reading::text(&self.serial),
            CKA_TOKEN | CKA_PRIVATE | CKA_SENSITIVE | CKA_DESTROYABLE => Reading::flag(true),
            // The seed was elsewhere before.
            CKA_ALWAYS_SENSITIVE | CKA_NEVER_EXTRACTABLE | CKA_LOCAL => Reading::flag(false),
            CKA_EXTRACTABLE | CKA_MODIFIABLE | CKA_COPYABLE | CKA_VERIFY | CKA_SIGN
            | CKA_ENCRYPT | CKA_DECRYPT | CKA_WRAP | CKA_UNWRAP | CKA_DERIVE => {
                Reading::flag(false)
            }
            CKA_VALUE => Reading::Sensitive,
            CKA_OTP_FORMAT => Reading::number(CK_OTP_FORMAT_DECIMAL),
            CKA_OTP_LENGTH => Reading::number(self.digits.into()),
            CKA_OTP_TIME_INTERVAL => match self.moving {
                Moving::TimeStep(step_s) => Reading::number(step_s.into()),
                Moving::Counter(_) => Reading::Absent,
            },
            CKA_OTP_CHALLENGE_REQUIREMENT
            | CKA_OTP_TIME_REQUIREMENT
            | CKA_OTP_COUNTER_REQUIREMENT
            | CKA_OTP_PIN_REQUIREMENT => Reading::number(CK_OTP_PARAM_IGNORED),
            CKA_WARIFU_HASH => Reading::text(self.hash.word()),
            CKA_WARIFU_MANUFACTURER => Reading::text(&self.manufacturer),
            CKA_WARIFU_KIND => Reading::text(self.kind.word()),
            CKA_WARIFU_IMPORT => Reading::text(&self.id),
            CKA_WARIFU_FINGERPRINT => Reading::text(&self.fingerprint),
            CKA_WARIFU_STATE => Reading::text(self.state.word()),
            _ => Reading::Absent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::samples::job;

    fn staged(moving: Moving) -> Staged {
        let order = Order {
            serial: "0112345679",
            manufacturer: None,
            digits: 6,
            hash: Hash::Sha256,
            moving,
            kind: TokenKind::Soft,
            seed: None,
            seed_len: None,
        };
        let mut job = job(ImportState::Staged);
        job.fingerprint = Some("74f8".to_owned());
        Staged::new(&order, &job)
    }

    fn bytes(reading: Reading) -> Vec<u8> {
        match reading {
            Reading::Value(value) => value.to_vec(),
            Reading::Sensitive => b"sensitive".to_vec(),
            Reading::Absent => b"absent".to_vec(),
        }
    }

    #[test]
    fn it_is_a_key_that_verifies_nothing_and_says_what_is_to_be_approved() {
        let staged = staged(Moving::TimeStep(60));
        let of = |kind| bytes(staged.reading(kind));
        assert_eq!(of(CKA_CLASS), CKO_OTP_KEY.to_ne_bytes());
        assert_eq!(of(CKA_VERIFY), [0]);
        assert_eq!(of(CKA_ID), b"0112345679");
        assert_eq!(of(CKA_VALUE), b"sensitive");
        assert_eq!(of(CKA_OTP_TIME_INTERVAL), 60_u64.to_ne_bytes());
        assert_eq!(of(CKA_WARIFU_IMPORT), b"pkcs11-1");
        assert_eq!(of(CKA_WARIFU_FINGERPRINT), b"74f8");
        assert_eq!(of(CKA_WARIFU_STATE), b"staged");
        assert_eq!(of(CKA_WARIFU_HASH), b"SHA256");
        assert_eq!(of(CKA_WARIFU_KIND), b"soft");
    }

    #[test]
    fn a_counting_token_has_no_interval_and_shows_no_counter() {
        let staged = staged(Moving::Counter(7));
        assert!(matches!(staged.reading(CKA_OTP_TIME_INTERVAL), Reading::Absent));
        assert!(matches!(staged.reading(cryptoki_sys::CKA_OTP_COUNTER), Reading::Absent));
    }
}
