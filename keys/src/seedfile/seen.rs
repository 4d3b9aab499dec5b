//! Remembers what was read, 16 bytes each, to find repetitions in files of any size.
//!
//! Not responsible for what a repetition means.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use sha2::{Digest as _, Sha256};

/// A set of digests.
#[derive(Debug, Default)]
pub(super) struct Seen(HashSet<[u8; 16], AsIs>);

/// Digests need no second hashing to be spread over a table.
pub(super) type AsIs = BuildHasherDefault<FirstOctets>;

/// Takes the first octets of a digest for its hash.
#[derive(Debug, Default)]
pub(super) struct FirstOctets(u64);

impl Hasher for FirstOctets {
    fn write(&mut self, octets: &[u8]) {
        if let Some(first) = octets.first_chunk::<8>() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    // The length of an array, which is the same for all.
    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Seen {
    /// Notes the parts; `true` where the same parts were noted before.
    pub(super) fn again(&mut self, parts: &[&[u8]]) -> bool {
        !self.0.insert(digest(parts))
    }
}

/// What is remembered of the parts.
pub(super) fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        // The length keeps ("ab", "c") apart from ("a", "bc").
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().first_chunk::<16>().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        let mut seen = Seen::default();
        assert!(!seen.again(&[b"ab", b"c"]));
        assert!(!seen.again(&[b"a", b"bc"]));
        assert!(seen.again(&[b"ab", b"c"]));
    }
}
