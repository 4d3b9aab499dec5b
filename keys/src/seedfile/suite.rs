//! Reads suites: the hash names of HOTP and TOTP files, and what a seed file needs of OCRA's.
//!
//! Not responsible for: the grammar of OCRA suites, which the core has, nor for computing OCRA.

use std::borrow::Cow;

use warifu_core::{
    oath::HashAlgorithm,
    ocra::{Suite, SuiteWarning},
};

/// The hash named by the Suite of a HOTP or TOTP key: `SHA256`, `HMAC-SHA256`, `HMAC-SHA-256`.
pub(super) fn hash(text: &str) -> Option<HashAlgorithm> {
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("HMAC-").unwrap_or(&upper);
    HashAlgorithm::from_name(&name.replacen("SHA-", "SHA", 1))
}

/// What an OCRA suite fixes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Ocra {
    pub(super) hash: HashAlgorithm,
    pub(super) digits: u8,
    pub(super) counter: bool,
    pub(super) time_step_s: Option<u32>,
}

/// Checks a suite, and says what an officer should know of it; or else the rule that it breaks. The
/// text itself is part of what the token computes, so case and blanks count.
pub(super) fn ocra(text: &str) -> Result<(Ocra, Vec<SuiteWarning>), Cow<'static, str>> {
    let suite = Suite::parse(text)
        .map_err(|fault| format!("an OCRA suite of RFC 6287 s.6: {fault}"))
        .map_err(Cow::from)?;
    if let Some(rule) = unusable(&suite) {
        return Err(rule.into());
    }
    let ocra = Ocra {
        hash: suite.hash(),
        digits: suite.digits(),
        counter: suite.counter(),
        time_step_s: suite.step_s(),
    };
    Ok((ocra, suite.advice()))
}

/// Why no code of a legal suite can be checked here.
const fn unusable(suite: &Suite) -> Option<&'static str> {
    if suite.pin().is_some() {
        Some(
            "a suite without a PIN, of which the server would have to keep a hash for each token; \
             ask the maker for tokens of a suite without P, which check their PIN themselves",
        )
    } else if suite.session().is_some() {
        Some(
            "a suite without a session, which nobody can type; ask the maker for tokens of a suite \
             without S",
        )
    } else if suite.digits() == 0 {
        Some(
            "a suite with 4 to 10 digits, since a whole MAC is shown in no agreed form; ask the \
             maker for tokens that show 8 digits",
        )
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_hash() {
        for text in ["SHA256", "HMAC-SHA256", "hmac-sha256", "HMAC-SHA-256"] {
            assert_eq!(hash(text), Some(HashAlgorithm::Sha256), "{text}");
        }
        for text in ["", "MD5", "SHA2", "HMAC", "SHA256 "] {
            assert_eq!(hash(text), None, "{text}");
        }
    }

    #[test]
    fn suites_of_rfc_6287_are_read() {
        let (suite, _) = ocra("OCRA-1:HOTP-SHA512-8:C-QN08-T1M").unwrap();
        assert_eq!((suite.digits, suite.counter, suite.time_step_s), (8, true, Some(60)));
        let (_, advice) = ocra("OCRA-1:HOTP-SHA1-6:QN08").unwrap();
        assert!(advice.contains(&SuiteWarning::Collides) && advice.contains(&SuiteWarning::Sha1));
        for text in ["", "OCRA-1:HOTP-SHA1-6:QN08:X", "ocra-1:HOTP-SHA1-6:QN08"] {
            assert!(ocra(text).unwrap_err().starts_with("an OCRA suite of RFC 6287"), "{text}");
        }
    }

    #[test]
    fn legal_suites_that_can_not_be_checked_are_refused_with_what_to_do() {
        for (text, part) in [
            ("OCRA-1:HOTP-SHA512-8:C-QN08-PSHA1", "without P"),
            ("OCRA-1:HOTP-SHA256-8:QA08-S064", "without S"),
            ("OCRA-1:HOTP-SHA256-0:QA08", "8 digits"),
        ] {
            let rule = ocra(text).unwrap_err();
            assert!(rule.contains("ask the maker") && rule.contains(part), "{text}: {rule}");
        }
    }
}
