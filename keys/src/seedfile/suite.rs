//! Reads suites: the hash names of HOTP and TOTP files, and what a seed file needs of OCRA's.
//!
//! Not responsible for: the grammar of OCRA suites, which the core has, nor for computing OCRA.

use warifu_core::{oath::HashAlgorithm, ocra::Suite};

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

/// Checks a suite. The text itself is part of what the token computes, so case and blanks count.
pub(super) fn ocra(text: &str) -> Option<Ocra> {
    let suite = Suite::parse(text).ok()?;
    Some(Ocra {
        hash: suite.hash(),
        digits: suite.digits(),
        counter: suite.counter(),
        time_step_s: suite.step_s(),
    })
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
        let suite = ocra("OCRA-1:HOTP-SHA512-8:C-QN08-PSHA1-T1M").unwrap();
        assert_eq!((suite.digits, suite.counter, suite.time_step_s), (8, true, Some(60)));
        for text in ["OCRA-1:HOTP-SHA1-6:QN08", "OCRA-1:HOTP-SHA256-8:QA08-S064-T2H"] {
            assert!(ocra(text).is_some(), "{text}");
        }
        for text in ["", "OCRA-1:HOTP-SHA1-6:QN08:X", "ocra-1:HOTP-SHA1-6:QN08"] {
            assert_eq!(ocra(text), None, "{text}");
        }
    }
}
