//! An empty record: its key says that a token may be held by a user, or belong to a contract.
//!
//! Not responsible for: whether it is so. Hints are written with the change that makes them true
//! and may outlive it; whoever follows one looks at the record that it points to.

use minicbor::{Decode, Encode};

use super::envelope::{LIFE_CYCLE, Record, open, seal_as};
use crate::port::StoreError;

/// A hint.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct HintRecord;

#[derive(Decode, Encode)]
#[cbor(map)]
struct Wire {}

impl Record for HintRecord {
    const KIND: &'static str = "hint";

    fn encode(&self) -> Vec<u8> {
        seal_as(LIFE_CYCLE, &Wire {})
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        open::<Wire>(Self::KIND, bytes).map(|Wire {}| Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_form_does_not_drift() {
        assert_eq!(hex::encode(HintRecord.encode()), "830202a0");
        assert_eq!(HintRecord::decode(&HintRecord.encode()).unwrap(), HintRecord);
    }
}
