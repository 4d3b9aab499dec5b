//! A token code that is taken: which camera token of a contract bears it.
//!
//! Not responsible for: whether the token still bears it. The token's own record has the last word;
//! this one keeps two tokens of a contract from bearing the same.

use minicbor::{Decode, Encode};
use warifu_core::ident::Serial;

use super::envelope::{Record, SIGNING, damaged, open, seal_as};
use crate::port::StoreError;

/// The bearer of a token code.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenCodeRecord {
    /// The token.
    pub serial: Serial,
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct Wire {
    #[n(1)]
    serial: String,
}

impl Record for TokenCodeRecord {
    const KIND: &'static str = "token code";

    fn encode(&self) -> Vec<u8> {
        seal_as(SIGNING, &Wire { serial: self.serial.as_str().to_owned() })
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let wire: Wire = open(Self::KIND, bytes)?;
        let serial = Serial::parse(&wire.serial).map_err(|_| damaged(Self::KIND, &"serial"))?;
        Ok(Self { serial })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_form_does_not_drift() {
        let record = TokenCodeRecord { serial: Serial::parse("0112345679").unwrap() };
        assert_eq!(hex::encode(record.encode()), "830303a1016a30313132333435363739");
        assert_eq!(TokenCodeRecord::decode(&record.encode()).unwrap(), record);
    }

    #[test]
    fn a_bearer_that_is_no_serial_is_damage() {
        let bytes = seal_as(SIGNING, &Wire { serial: "=1+1".to_owned() });
        assert!(matches!(TokenCodeRecord::decode(&bytes), Err(StoreError::Corrupt(_))));
    }
}
