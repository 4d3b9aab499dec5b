//! The attributes of a token: an OTP key (PKCS#11 v3.1 s.6.44.3) that verifies and does nothing else.
//!
//! Not responsible for what changes with each code, which only the daemon knows.

use cryptoki_sys::{
    CK_ATTRIBUTE_TYPE, CK_KEY_TYPE, CK_MECHANISM_TYPE, CK_OTP_FORMAT_DECIMAL, CK_OTP_PARAM_IGNORED,
    CK_OTP_PARAM_MANDATORY, CK_ULONG, CKA_ALLOWED_MECHANISMS, CKA_ALWAYS_SENSITIVE, CKA_CLASS,
    CKA_COPYABLE, CKA_DECRYPT, CKA_DERIVE, CKA_DESTROYABLE, CKA_ENCRYPT, CKA_END_DATE,
    CKA_EXTRACTABLE, CKA_ID, CKA_KEY_GEN_MECHANISM, CKA_KEY_TYPE, CKA_LABEL, CKA_LOCAL,
    CKA_MODIFIABLE, CKA_NEVER_EXTRACTABLE, CKA_OTP_CHALLENGE_REQUIREMENT, CKA_OTP_COUNTER,
    CKA_OTP_COUNTER_REQUIREMENT, CKA_OTP_FORMAT, CKA_OTP_LENGTH, CKA_OTP_PIN_REQUIREMENT,
    CKA_OTP_SERVICE_IDENTIFIER, CKA_OTP_SERVICE_LOGO, CKA_OTP_SERVICE_LOGO_TYPE, CKA_OTP_TIME,
    CKA_OTP_TIME_INTERVAL, CKA_OTP_TIME_REQUIREMENT, CKA_OTP_USER_FRIENDLY_MODE,
    CKA_OTP_USER_IDENTIFIER, CKA_PRIVATE, CKA_SENSITIVE, CKA_SIGN, CKA_START_DATE, CKA_TOKEN,
    CKA_TRUSTED, CKA_UNIQUE_ID, CKA_UNWRAP, CKA_VALUE, CKA_VERIFY, CKA_WRAP, CKA_WRAP_WITH_TRUSTED,
    CKK_HOTP, CKM_HOTP, CKO_OTP_KEY,
};
use warifu_api::{facts::TokenFacts, token::Algorithm};

use crate::{
    template::Reading,
    vendor::{
        CKA_WARIFU_HASH, CKA_WARIFU_KIND, CKA_WARIFU_MANUFACTURER, CKA_WARIFU_SUITES,
        CKK_WARIFU_OCRA, CKK_WARIFU_TXA1, CKM_WARIFU_OCRA, CKM_WARIFU_TOTP, CKM_WARIFU_TXA1,
    },
};

/// `CK_UNAVAILABLE_INFORMATION`: nobody here knows how the manufacturer made the seed.
const UNAVAILABLE: CK_ULONG = CK_ULONG::MAX;

/// The one mechanism of a token.
pub(crate) const fn mechanism(algorithm: Algorithm) -> CK_MECHANISM_TYPE {
    match algorithm {
        Algorithm::Hotp => CKM_HOTP,
        Algorithm::Totp => CKM_WARIFU_TOTP,
        Algorithm::Ocra => CKM_WARIFU_OCRA,
        Algorithm::Txa1 => CKM_WARIFU_TXA1,
    }
}

/// The standard has a key type for HOTP only; TOTP is HOTP with a counter of time steps (RFC 6238
/// s.4), and other modules call such keys `CKK_HOTP`, too.
const fn key_type(algorithm: Algorithm) -> CK_KEY_TYPE {
    match algorithm {
        Algorithm::Hotp | Algorithm::Totp => CKK_HOTP,
        Algorithm::Ocra => CKK_WARIFU_OCRA,
        Algorithm::Txa1 => CKK_WARIFU_TXA1,
    }
}

/// Whether a code of it answers a challenge.
const fn answers(algorithm: Algorithm) -> bool {
    match algorithm {
        Algorithm::Ocra | Algorithm::Txa1 => true,
        Algorithm::Hotp | Algorithm::Totp => false,
    }
}

/// `CKA_OTP_COUNTER`: 8 bytes, the highest first (PKCS#11 v3.1 s.6.44.3).
pub(super) fn counter(next: u64) -> Reading {
    Reading::bytes(next.to_be_bytes())
}

pub(super) fn reading(facts: &TokenFacts, kind: CK_ATTRIBUTE_TYPE) -> Reading {
    match kind {
        CKA_CLASS => Reading::number(CKO_OTP_KEY),
        CKA_LABEL | CKA_ID | CKA_OTP_USER_IDENTIFIER => Reading::text(&facts.serial),
        CKA_UNIQUE_ID => Reading::text(&format!("{}:{}", facts.institution, facts.serial)),
        CKA_OTP_SERVICE_IDENTIFIER => Reading::text(&facts.institution),
        CKA_WARIFU_HASH => Reading::text(facts.hash.word()),
        CKA_WARIFU_KIND => Reading::text(facts.kind.word()),
        CKA_WARIFU_MANUFACTURER => Reading::text(&facts.manufacturer),
        CKA_WARIFU_SUITES => suites(facts),
        _ => flag(kind).map_or_else(|| of_key(facts, kind), Reading::flag),
    }
}

/// What a program may do with the key: have codes verified, and nothing else. The seed came from
/// outside, in a file, so that it was not always sensitive, nor never extractable.
pub(crate) const fn flag(kind: CK_ATTRIBUTE_TYPE) -> Option<bool> {
    match kind {
        CKA_TOKEN | CKA_PRIVATE | CKA_SENSITIVE | CKA_VERIFY => Some(true),
        CKA_MODIFIABLE
        | CKA_COPYABLE
        | CKA_DESTROYABLE
        | CKA_ALWAYS_SENSITIVE
        | CKA_EXTRACTABLE
        | CKA_NEVER_EXTRACTABLE
        | CKA_LOCAL
        | CKA_SIGN
        | CKA_ENCRYPT
        | CKA_DECRYPT
        | CKA_WRAP
        | CKA_UNWRAP
        | CKA_DERIVE
        | CKA_TRUSTED
        | CKA_WRAP_WITH_TRUSTED
        | CKA_OTP_USER_FRIENDLY_MODE => Some(false),
        _ => None,
    }
}

/// Counter, clock and PIN are the daemon's affair: what a program says of them is ignored. A counter
/// is shown by [`super::read`], to whom the daemon shows it.
fn of_key(facts: &TokenFacts, kind: CK_ATTRIBUTE_TYPE) -> Reading {
    let algorithm = facts.algorithm;
    match kind {
        CKA_KEY_TYPE => Reading::number(key_type(algorithm)),
        CKA_KEY_GEN_MECHANISM => Reading::number(UNAVAILABLE),
        CKA_ALLOWED_MECHANISMS => Reading::number(mechanism(algorithm)),
        CKA_VALUE => Reading::Sensitive,
        CKA_OTP_COUNTER if matches!(algorithm, Algorithm::Hotp) => Reading::Sensitive,
        CKA_OTP_FORMAT => Reading::number(CK_OTP_FORMAT_DECIMAL),
        CKA_OTP_LENGTH => Reading::number(facts.digits.into()),
        CKA_OTP_TIME_INTERVAL => {
            facts.time_step_s.map_or(Reading::Absent, |step| Reading::number(step.into()))
        }
        CKA_OTP_CHALLENGE_REQUIREMENT if answers(algorithm) => {
            Reading::number(CK_OTP_PARAM_MANDATORY)
        }
        CKA_OTP_CHALLENGE_REQUIREMENT
        | CKA_OTP_TIME_REQUIREMENT
        | CKA_OTP_COUNTER_REQUIREMENT
        | CKA_OTP_PIN_REQUIREMENT => Reading::number(CK_OTP_PARAM_IGNORED),
        // No dates: a token's first and last moment are a matter of verdicts, see its status.
        CKA_START_DATE
        | CKA_END_DATE
        | CKA_OTP_TIME
        | CKA_OTP_SERVICE_LOGO
        | CKA_OTP_SERVICE_LOGO_TYPE => Reading::bytes([]),
        _ => Reading::Absent,
    }
}

fn suites(facts: &TokenFacts) -> Reading {
    facts.suites.as_ref().map_or(Reading::Absent, |suites| Reading::text(&suites.join("\n")))
}

#[cfg(test)]
mod tests {
    use cryptoki_sys::{CKA_CHECK_VALUE, CKA_VALUE_LEN};
    use warifu_api::token::{Hash, TokenKind};

    use super::*;

    fn facts(algorithm: Algorithm) -> TokenFacts {
        TokenFacts {
            institution: "bank".to_owned(),
            serial: "0012345678".to_owned(),
            manufacturer: "Maker".to_owned(),
            kind: TokenKind::Hard,
            algorithm,
            hash: Hash::Sha256,
            digits: 6,
            time_step_s: (algorithm == Algorithm::Totp).then_some(30),
            suites: (algorithm == Algorithm::Ocra).then(|| vec!["A".to_owned(), "B".to_owned()]),
        }
    }

    fn value(algorithm: Algorithm, kind: CK_ATTRIBUTE_TYPE) -> Option<Vec<u8>> {
        match reading(&facts(algorithm), kind) {
            Reading::Value(value) => Some(value.to_vec()),
            Reading::Sensitive | Reading::Absent => None,
        }
    }

    fn number(algorithm: Algorithm, kind: CK_ATTRIBUTE_TYPE) -> Option<CK_ULONG> {
        let bytes = value(algorithm, kind)?;
        bytes.as_slice().try_into().ok().map(CK_ULONG::from_ne_bytes)
    }

    #[test]
    fn every_kind_of_token_has_its_type_and_its_one_mechanism() {
        for (algorithm, key_type, mechanism, requirement) in [
            (Algorithm::Hotp, CKK_HOTP, CKM_HOTP, CK_OTP_PARAM_IGNORED),
            (Algorithm::Totp, CKK_HOTP, CKM_WARIFU_TOTP, CK_OTP_PARAM_IGNORED),
            (Algorithm::Ocra, CKK_WARIFU_OCRA, CKM_WARIFU_OCRA, CK_OTP_PARAM_MANDATORY),
            (Algorithm::Txa1, CKK_WARIFU_TXA1, CKM_WARIFU_TXA1, CK_OTP_PARAM_MANDATORY),
        ] {
            assert_eq!(number(algorithm, CKA_CLASS), Some(CKO_OTP_KEY));
            assert_eq!(number(algorithm, CKA_KEY_TYPE), Some(key_type));
            assert_eq!(number(algorithm, CKA_ALLOWED_MECHANISMS), Some(mechanism));
            assert_eq!(number(algorithm, CKA_OTP_CHALLENGE_REQUIREMENT), Some(requirement));
            for ignored in
                [CKA_OTP_TIME_REQUIREMENT, CKA_OTP_COUNTER_REQUIREMENT, CKA_OTP_PIN_REQUIREMENT]
            {
                assert_eq!(number(algorithm, ignored), Some(CK_OTP_PARAM_IGNORED));
            }
        }
    }

    #[test]
    fn a_token_is_found_by_its_serial() {
        for kind in [CKA_ID, CKA_LABEL, CKA_OTP_USER_IDENTIFIER] {
            assert_eq!(value(Algorithm::Hotp, kind).unwrap(), b"0012345678");
        }
        assert_eq!(value(Algorithm::Hotp, CKA_UNIQUE_ID).unwrap(), b"bank:0012345678");
        assert_eq!(value(Algorithm::Hotp, CKA_OTP_SERVICE_IDENTIFIER).unwrap(), b"bank");
    }

    #[test]
    fn it_verifies_and_nothing_else() {
        let flags = [
            (CKA_TOKEN, 1),
            (CKA_PRIVATE, 1),
            (CKA_SENSITIVE, 1),
            (CKA_VERIFY, 1),
            (CKA_SIGN, 0),
            (CKA_ENCRYPT, 0),
            (CKA_DECRYPT, 0),
            (CKA_WRAP, 0),
            (CKA_UNWRAP, 0),
            (CKA_DERIVE, 0),
            (CKA_EXTRACTABLE, 0),
            (CKA_ALWAYS_SENSITIVE, 0),
            (CKA_NEVER_EXTRACTABLE, 0),
            (CKA_LOCAL, 0),
            (CKA_MODIFIABLE, 0),
            (CKA_COPYABLE, 0),
            (CKA_DESTROYABLE, 0),
            (CKA_TRUSTED, 0),
            (CKA_WRAP_WITH_TRUSTED, 0),
            (CKA_OTP_USER_FRIENDLY_MODE, 0),
        ];
        for (kind, flag) in flags {
            assert_eq!(value(Algorithm::Totp, kind), Some(vec![flag]), "{kind:#x}");
        }
    }

    #[test]
    fn the_seed_is_there_but_not_shown() {
        let hotp = facts(Algorithm::Hotp);
        assert!(matches!(reading(&hotp, CKA_VALUE), Reading::Sensitive));
        assert!(matches!(reading(&hotp, CKA_OTP_COUNTER), Reading::Sensitive));
        for absent in [CKA_VALUE_LEN, CKA_CHECK_VALUE, 0x8FFF_FFFF] {
            assert!(matches!(reading(&hotp, absent), Reading::Absent), "{absent:#x}");
        }
    }

    #[test]
    fn the_counter_is_big_endian() {
        let Reading::Value(bytes) = counter(258) else { panic!("a value") };
        assert_eq!(bytes.as_slice(), [0, 0, 0, 0, 0, 0, 1, 2]);
    }

    #[test]
    fn what_only_some_tokens_have_is_absent_for_the_others() {
        assert_eq!(number(Algorithm::Totp, CKA_OTP_TIME_INTERVAL), Some(30));
        assert_eq!(value(Algorithm::Hotp, CKA_OTP_TIME_INTERVAL), None);
        assert!(matches!(reading(&facts(Algorithm::Totp), CKA_OTP_COUNTER), Reading::Absent));
        assert_eq!(value(Algorithm::Ocra, CKA_WARIFU_SUITES).unwrap(), b"A\nB");
        assert_eq!(value(Algorithm::Hotp, CKA_WARIFU_SUITES), None);
    }

    #[test]
    fn the_rest_of_the_table() {
        assert_eq!(number(Algorithm::Hotp, CKA_KEY_GEN_MECHANISM), Some(UNAVAILABLE));
        assert_eq!(number(Algorithm::Hotp, CKA_OTP_FORMAT), Some(CK_OTP_FORMAT_DECIMAL));
        assert_eq!(number(Algorithm::Hotp, CKA_OTP_LENGTH), Some(6));
        assert_eq!(value(Algorithm::Hotp, CKA_WARIFU_HASH).unwrap(), b"SHA256");
        assert_eq!(value(Algorithm::Hotp, CKA_WARIFU_KIND).unwrap(), b"hard");
        assert_eq!(value(Algorithm::Hotp, CKA_WARIFU_MANUFACTURER).unwrap(), b"Maker");
        for empty in [
            CKA_START_DATE,
            CKA_END_DATE,
            CKA_OTP_TIME,
            CKA_OTP_SERVICE_LOGO,
            CKA_OTP_SERVICE_LOGO_TYPE,
        ] {
            assert_eq!(value(Algorithm::Hotp, empty), Some(Vec::new()), "{empty:#x}");
        }
    }
}
