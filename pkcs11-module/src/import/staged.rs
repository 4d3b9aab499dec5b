//! A seed that waits for another officer's approval, as a program sees it.
//!
//! Not responsible for the approval, which is never given through this module.

use cryptoki_sys::{
    CK_ATTRIBUTE_TYPE, CK_OTP_FORMAT_DECIMAL, CK_OTP_PARAM_IGNORED, CKA_ALLOWED_MECHANISMS,
    CKA_CLASS, CKA_DESTROYABLE, CKA_END_DATE, CKA_ID, CKA_KEY_TYPE, CKA_LABEL,
    CKA_OTP_CHALLENGE_REQUIREMENT, CKA_OTP_COUNTER, CKA_OTP_COUNTER_REQUIREMENT, CKA_OTP_FORMAT,
    CKA_OTP_LENGTH, CKA_OTP_PIN_REQUIREMENT, CKA_OTP_TIME, CKA_OTP_TIME_INTERVAL,
    CKA_OTP_TIME_REQUIREMENT, CKA_OTP_USER_IDENTIFIER, CKA_START_DATE, CKA_VALUE, CKA_VERIFY,
    CKK_HOTP, CKO_OTP_KEY,
};
use warifu_api::{
    ProblemType,
    import::{ImportJob, ImportState},
    token::{Hash, TokenKind},
};

use super::{document::Moving, order::Order};
use crate::{
    attributes::flag_of_token,
    fault::{Fault, Outcome},
    remote::Trouble,
    rv::Rv,
    session::Session,
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

    /// What an attribute answers, as things stood when it was staged; see [`state`] for now. Nothing can
    /// be verified yet.
    pub(crate) fn reading(&self, kind: CK_ATTRIBUTE_TYPE) -> Reading {
        match kind {
            CKA_CLASS => Reading::number(CKO_OTP_KEY),
            CKA_KEY_TYPE => Reading::number(CKK_HOTP),
            CKA_LABEL | CKA_ID | CKA_OTP_USER_IDENTIFIER => Reading::text(&self.serial),
            // Unlike a token, it can be taken back, and verifies nothing.
            CKA_DESTROYABLE => Reading::flag(true),
            CKA_VERIFY => Reading::flag(false),
            CKA_VALUE => Reading::Sensitive,
            CKA_ALLOWED_MECHANISMS => Reading::number(self.moving.mechanism()),
            // The program has given it, and no code has moved it.
            CKA_OTP_COUNTER => match self.moving {
                Moving::Counter(next) => Reading::bytes(next.to_be_bytes()),
                Moving::TimeStep(_) => Reading::Absent,
            },
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
            CKA_START_DATE | CKA_END_DATE | CKA_OTP_TIME => Reading::bytes([]),
            CKA_WARIFU_HASH => Reading::text(self.hash.word()),
            CKA_WARIFU_MANUFACTURER => Reading::text(&self.manufacturer),
            CKA_WARIFU_KIND => Reading::text(self.kind.word()),
            CKA_WARIFU_IMPORT => Reading::text(&self.id),
            CKA_WARIFU_FINGERPRINT => Reading::text(&self.fingerprint),
            CKA_WARIFU_STATE => Reading::text(self.state.word()),
            _ => flag_of_token(kind).map_or(Reading::Absent, Reading::flag),
        }
    }
}

/// `CKA_WARIFU_STATE` as it is now: the other officer does not ask this program.
pub(crate) fn state(session: &Session, staged: &Staged) -> Outcome<Reading> {
    let remote = &session.slot.remote;
    let asked = remote.ask(None, remote.deadline(), async |client| client.import(&staged.id).await);
    match asked {
        Ok(job) => Ok(Reading::text(job.state.word())),
        Err(Trouble::Problem(ProblemType::NotFound)) => {
            Err(Fault::new(Rv::ObjectHandleInvalid, "the import is gone"))
        }
        Err(trouble) => Err(trouble.into()),
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
    fn a_token_counts_or_has_a_clock() {
        let staged_with = |moving, kind| bytes(staged(moving).reading(kind));
        let (hotp, totp) = (Moving::Counter(7), Moving::TimeStep(30));
        assert_eq!(staged_with(hotp, CKA_OTP_COUNTER), [0, 0, 0, 0, 0, 0, 0, 7]);
        assert_eq!(staged_with(hotp, CKA_OTP_TIME_INTERVAL), b"absent");
        assert_eq!(staged_with(totp, CKA_OTP_COUNTER), b"absent");
    }
}
