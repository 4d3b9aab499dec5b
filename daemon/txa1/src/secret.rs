//! The two salts that tie every later message and signature to one activation.
//!
//! Not responsible for: making them (the HSM's generator does) or keeping them (the store, the token).

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Bytes of a salt.
pub const SALT_LEN: usize = 12;

/// A secret salt: NS comes with the first activation message, NI with the second.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Salt([u8; SALT_LEN]);

impl Salt {
    /// Takes over random bytes.
    pub const fn new(bytes: [u8; SALT_LEN]) -> Self {
        Self(bytes)
    }

    /// `None` where it is not [`SALT_LEN`] bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes, for a MAC, a hash or a sealed record. Never for a log.
    pub const fn expose(&self) -> &[u8; SALT_LEN] {
        &self.0
    }

    /// Constant-time equality.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

/// NS and NI one after the other: what binds messages after activation (see `frame`).
pub fn both(ns: &Salt, ni: &Salt) -> Zeroizing<Vec<u8>> {
    Zeroizing::new([*ns.expose(), *ni.expose()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_bytes() {
        assert_eq!(format!("{:?}", Salt::new([7; SALT_LEN])), "Salt(..)");
    }

    #[test]
    fn salts_are_compared_whole() {
        let salt = Salt::new([7; SALT_LEN]);
        assert!(salt.matches(&Salt::new([7; SALT_LEN])));
        assert!(!salt.matches(&Salt::new([8; SALT_LEN])));
        assert!(Salt::from_slice(&[7; 11]).is_none() && Salt::from_slice(&[7; 13]).is_none());
    }
}
