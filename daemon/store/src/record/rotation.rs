//! The change of the wrapping key: how far all tokens of the store are wrapped anew.
//!
//! Not responsible for: wrapping, or which generation a token is wrapped with (its own record says
//! so; this one is where the work goes on after a stop).

use minicbor::{Decode, Encode, bytes::ByteVec};
use warifu_core::ident::Name;

use super::{
    envelope::{OFFICERS, Record, damaged, open, seal_as},
    managed_key::{names, texts},
};
use crate::port::{Key, StoreError};

/// How far the change has come.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum RotationState {
    /// Tokens are being wrapped with the new key.
    Rewrapping,
    /// All tokens are read again: none may be left under an old key.
    Checking,
    /// Every token is under the new key.
    Done,
    /// Stopped; it can go on from where it was.
    Stopped,
}

impl RotationState {
    /// All of them, in the order of the enum.
    pub const ALL: [Self; 4] = [Self::Rewrapping, Self::Checking, Self::Done, Self::Stopped];

    const fn code(self) -> u8 {
        match self {
            Self::Rewrapping => 1,
            Self::Checking => 2,
            Self::Done => 3,
            Self::Stopped => 4,
        }
    }

    fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// The change as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RotationRecord {
    /// The generation of the new wrapping key.
    pub to: u32,
    /// How far it has come.
    pub state: RotationState,
    /// Key of the last token that is done in this phase.
    pub phase_cursor: Option<Vec<u8>>,
    /// Tokens looked at.
    pub done: u64,
    /// Tokens wrapped anew.
    pub rewrapped: u64,
    /// Tokens that could not be.
    pub failed: u64,
    /// Tokens found under the new key in the end.
    pub checked: u64,
    /// Tokens found under an old one.
    pub remaining: u64,
    /// When it began, in milliseconds since the epoch.
    pub started_ms: u64,
    /// When this record was written.
    pub updated_ms: u64,
    /// When it ended.
    pub finished_ms: Option<u64>,
    /// Who asked for it, at most [`RotationRecord::MAX_OFFICERS`].
    pub officers: Vec<Name>,
    /// Why it stopped, at most [`RotationRecord::MAX_NOTE`] bytes.
    pub note: Option<String>,
}

impl RotationRecord {
    /// Most names in the list of officers.
    pub const MAX_OFFICERS: usize = 16;

    /// Longest note, in bytes.
    pub const MAX_NOTE: usize = 800;

    /// What it lies under.
    pub fn key() -> Key {
        super::rotation_key()
    }
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct Wire {
    #[n(1)]
    to: u32,
    #[n(2)]
    state: u8,
    #[n(3)]
    phase_cursor: Option<ByteVec>,
    #[n(4)]
    done: u64,
    #[n(5)]
    rewrapped: u64,
    #[n(6)]
    failed: u64,
    #[n(7)]
    checked: u64,
    #[n(8)]
    remaining: u64,
    #[n(9)]
    started_ms: u64,
    #[n(10)]
    updated_ms: u64,
    #[n(11)]
    finished_ms: Option<u64>,
    #[n(12)]
    officers: Vec<String>,
    #[n(13)]
    note: Option<String>,
}

impl Record for RotationRecord {
    const KIND: &'static str = "rotation";

    fn encode(&self) -> Vec<u8> {
        seal_as(
            OFFICERS,
            &Wire {
                to: self.to,
                state: self.state.code(),
                phase_cursor: self.phase_cursor.clone().map(ByteVec::from),
                done: self.done,
                rewrapped: self.rewrapped,
                failed: self.failed,
                checked: self.checked,
                remaining: self.remaining,
                started_ms: self.started_ms,
                updated_ms: self.updated_ms,
                finished_ms: self.finished_ms,
                officers: texts(&self.officers),
                note: self.note.clone(),
            },
        )
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let wire: Wire = open(Self::KIND, bytes)?;
        wire.record().map_err(|what| damaged(Self::KIND, &what))
    }
}

impl Wire {
    fn record(self) -> Result<RotationRecord, &'static str> {
        Ok(RotationRecord {
            to: self.to,
            state: RotationState::of_code(self.state).ok_or("unknown state")?,
            phase_cursor: self.phase_cursor.map(Into::into),
            done: self.done,
            rewrapped: self.rewrapped,
            failed: self.failed,
            checked: self.checked,
            remaining: self.remaining,
            started_ms: self.started_ms,
            updated_ms: self.updated_ms,
            finished_ms: self.finished_ms,
            officers: names(&self.officers)?,
            note: self.note,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::port::{MAX_KEY, MAX_VALUE};

    fn rotation() -> RotationRecord {
        RotationRecord {
            to: 2,
            state: RotationState::Rewrapping,
            phase_cursor: Some(b"a\0S".to_vec()),
            done: 3,
            rewrapped: 4,
            failed: 5,
            checked: 6,
            remaining: 7,
            started_ms: 8,
            updated_ms: 9,
            finished_ms: Some(10),
            officers: vec![Name::parse("sato").unwrap()],
            note: Some("n".to_owned()),
        }
    }

    #[test]
    fn the_stored_form_does_not_drift() {
        let expected = [
            "830404ad01020201034361005304030504",
            "06050706080709080a090b0a",
            "0c81647361746f0d616e",
        ];
        assert_eq!(hex::encode(rotation().encode()), expected.concat());
    }

    #[test]
    fn every_state_comes_back() {
        for state in RotationState::ALL {
            let record = RotationRecord { state, ..rotation() };
            assert_eq!(RotationRecord::decode(&record.encode()).unwrap(), record);
        }
        let bare =
            RotationRecord { phase_cursor: None, finished_ms: None, note: None, ..rotation() };
        assert_eq!(RotationRecord::decode(&bare.encode()).unwrap(), bare);
        assert_eq!(RotationState::of_code(5), None);
        assert_eq!(RotationRecord::key(), b"rotation");
    }

    #[test]
    fn the_largest_fits_into_a_value() {
        let most = u64::MAX;
        let officer = Name::parse(&"o".repeat(Name::MAX)).unwrap();
        let record = RotationRecord {
            to: u32::MAX,
            state: RotationState::Stopped,
            phase_cursor: Some(vec![255; MAX_KEY]),
            done: most,
            rewrapped: most,
            failed: most,
            checked: most,
            remaining: most,
            started_ms: most,
            updated_ms: most,
            finished_ms: Some(most),
            officers: vec![officer; RotationRecord::MAX_OFFICERS],
            note: Some("n".repeat(RotationRecord::MAX_NOTE)),
        };
        let bytes = record.encode();
        assert!(bytes.len() <= MAX_VALUE, "{}", bytes.len());
        assert_eq!(RotationRecord::decode(&bytes).unwrap(), record);
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_damage_or_another_record(at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
            let mut bytes = rotation().encode();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            if let Ok(read) = RotationRecord::decode(&bytes) {
                prop_assert_eq!(RotationRecord::decode(&read.encode()).unwrap(), read);
            }
        }
    }
}
