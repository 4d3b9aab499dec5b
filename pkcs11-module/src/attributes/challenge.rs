//! The attributes of a challenge: always a private session object, that can only be given up.
//!
//! Not responsible for making one, see [`crate::challenge`].

use cryptoki_sys::{
    CK_ATTRIBUTE_TYPE, CKA_CLASS, CKA_COPYABLE, CKA_DESTROYABLE, CKA_ID, CKA_LABEL, CKA_MODIFIABLE,
    CKA_OTP_USER_IDENTIFIER, CKA_PRIVATE, CKA_TOKEN, CKA_UNIQUE_ID,
};

use crate::{
    challenge::Challenge,
    template::Reading,
    vendor::{
        CKA_WARIFU_CHALLENGE, CKA_WARIFU_CONTRACT, CKA_WARIFU_DISPLAY, CKA_WARIFU_EXPIRES,
        CKA_WARIFU_IMAGE, CKA_WARIFU_QUESTION, CKA_WARIFU_SUITE, CKA_WARIFU_USER,
        CKO_WARIFU_CHALLENGE,
    },
};

/// What a program gave as `CKA_WARIFU_ORDER` is not kept: a batch is megabytes.
pub(super) fn reading(challenge: &Challenge, kind: CK_ATTRIBUTE_TYPE) -> Reading {
    match kind {
        CKA_CLASS => Reading::number(CKO_WARIFU_CHALLENGE),
        CKA_LABEL | CKA_UNIQUE_ID | CKA_WARIFU_CHALLENGE => Reading::text(&challenge.name),
        CKA_ID | CKA_OTP_USER_IDENTIFIER => Reading::text(&challenge.serial),
        CKA_WARIFU_CONTRACT => Reading::text(&challenge.contract),
        CKA_WARIFU_USER => Reading::text(&challenge.user),
        CKA_WARIFU_QUESTION => Reading::text(&challenge.question),
        CKA_WARIFU_SUITE => Reading::text(&challenge.suite),
        CKA_WARIFU_IMAGE => Reading::bytes(challenge.image.as_slice()),
        CKA_WARIFU_DISPLAY => Reading::text(&challenge.display),
        CKA_WARIFU_EXPIRES => Reading::text(&challenge.expires),
        _ => fixed(kind).map_or(Reading::Absent, Reading::flag),
    }
}

/// What every challenge is, so that a template may say the same and nothing else.
pub(crate) const fn fixed(kind: CK_ATTRIBUTE_TYPE) -> Option<bool> {
    match kind {
        CKA_PRIVATE | CKA_DESTROYABLE => Some(true),
        CKA_TOKEN | CKA_MODIFIABLE | CKA_COPYABLE => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::challenge::sample;

    fn value(kind: CK_ATTRIBUTE_TYPE) -> Option<Vec<u8>> {
        match reading(&sample("12345678.9f", "0012345678", "4711"), kind) {
            Reading::Value(value) => Some(value.to_vec()),
            Reading::Sensitive | Reading::Absent => None,
        }
    }

    #[test]
    fn a_challenge_tells_all_that_its_user_has_to_be_shown() {
        for (kind, expected) in [
            (CKA_WARIFU_CHALLENGE, "12345678.9f"),
            (CKA_ID, "0012345678"),
            (CKA_OTP_USER_IDENTIFIER, "0012345678"),
            (CKA_WARIFU_QUESTION, "4711"),
            (CKA_WARIFU_CONTRACT, "K-1"),
            (CKA_WARIFU_USER, "U1"),
            (CKA_WARIFU_SUITE, "OCRA-1:HOTP-SHA256-8:QN08"),
            (CKA_WARIFU_DISPLAY, "line"),
            (CKA_WARIFU_EXPIRES, "2026-10-01T03:05:00Z"),
            (CKA_WARIFU_IMAGE, ""),
        ] {
            assert_eq!(value(kind).unwrap(), expected.as_bytes(), "{kind:#x}");
        }
        assert_eq!(value(CKA_CLASS).unwrap(), CKO_WARIFU_CHALLENGE.to_ne_bytes());
        assert_eq!(value(CKA_TOKEN).unwrap(), [0]);
        assert_eq!(value(CKA_PRIVATE).unwrap(), [1]);
        assert_eq!(value(0x8FFF_FFFF), None);
    }
}
