//! A key ceremony: a key that officers type in components, one after the other.
//!
//! Not responsible for: the key. What is known of it so far is sealed by the HSM; a backup does not
//! hold ceremonies, so that no component outlives the room it was typed in.

use minicbor::{
    Decode, Encode,
    bytes::{ByteArray, ByteVec},
};
use warifu_core::ident::{Institution, Name};

use super::envelope::{OFFICERS, Record, damaged, open, seal_as};
use crate::port::{Key, StoreError};

/// How far a ceremony has come.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum CeremonyState {
    /// Components are missing.
    Open,
    /// The key is in the HSM.
    Done,
    /// Given up; nothing of the key is left.
    Aborted,
}

impl CeremonyState {
    /// All of them, in the order of the enum.
    pub const ALL: [Self; 3] = [Self::Open, Self::Done, Self::Aborted];

    const fn code(self) -> u8 {
        match self {
            Self::Open => 1,
            Self::Done => 2,
            Self::Aborted => 3,
        }
    }

    fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// A component that was entered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CeremonyEntry {
    /// By whom.
    pub officer: Name,
    /// Its check value.
    pub kcv: Vec<u8>,
    /// When, in milliseconds since the epoch.
    pub at_ms: u64,
}

/// A ceremony as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CeremonyRecord {
    /// 16 random bytes.
    pub id: [u8; 16],
    /// The bank.
    pub institution: Institution,
    /// What the key will be called.
    pub label: Name,
    /// What kind of key, a word such as `aes-256`.
    pub shape: String,
    /// Of how many components.
    pub components: u8,
    /// How check values are made, a word.
    pub method: String,
    /// The check value that the whole key must have.
    pub expected: Option<Vec<u8>>,
    /// What the key is for, a word.
    pub key_use: String,
    /// Who opened the ceremony.
    pub opener: Name,
    /// What was entered so far, in order.
    pub entries: Vec<CeremonyEntry>,
    /// The components so far, sealed by the HSM.
    pub partial: Option<Vec<u8>>,
    /// The check value of the components so far, or of the key.
    pub sum_kcv: Option<Vec<u8>>,
    /// How far it has come.
    pub state: CeremonyState,
    /// When it was opened, in milliseconds since the epoch.
    pub created_ms: u64,
    /// Until when components are taken.
    pub expires_ms: u64,
}

impl CeremonyRecord {
    /// Most bytes of [`CeremonyRecord::partial`]: what fits beside five components.
    pub const MAX_PARTIAL: usize = 1_024;

    /// What it lies under.
    pub fn key(&self) -> Key {
        super::ceremony_key(&self.institution, &self.id)
    }
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct EntryWire {
    #[n(1)]
    officer: String,
    #[n(2)]
    kcv: ByteVec,
    #[n(3)]
    at_ms: u64,
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct Wire {
    #[n(1)]
    id: ByteArray<16>,
    #[n(2)]
    institution: String,
    #[n(3)]
    label: String,
    #[n(4)]
    shape: String,
    #[n(5)]
    components: u8,
    #[n(6)]
    method: String,
    #[n(7)]
    expected: Option<ByteVec>,
    #[n(8)]
    key_use: String,
    #[n(9)]
    opener: String,
    #[n(10)]
    entries: Vec<EntryWire>,
    #[n(11)]
    partial: Option<ByteVec>,
    #[n(12)]
    sum_kcv: Option<ByteVec>,
    #[n(13)]
    state: u8,
    #[n(14)]
    created_ms: u64,
    #[n(15)]
    expires_ms: u64,
}

impl Record for CeremonyRecord {
    const KIND: &'static str = "ceremony";

    fn encode(&self) -> Vec<u8> {
        seal_as(
            OFFICERS,
            &Wire {
                id: self.id.into(),
                institution: self.institution.as_str().to_owned(),
                label: self.label.as_str().to_owned(),
                shape: self.shape.clone(),
                components: self.components,
                method: self.method.clone(),
                expected: self.expected.clone().map(ByteVec::from),
                key_use: self.key_use.clone(),
                opener: self.opener.as_str().to_owned(),
                entries: self.entries.iter().map(EntryWire::of).collect(),
                partial: self.partial.clone().map(ByteVec::from),
                sum_kcv: self.sum_kcv.clone().map(ByteVec::from),
                state: self.state.code(),
                created_ms: self.created_ms,
                expires_ms: self.expires_ms,
            },
        )
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let wire: Wire = open(Self::KIND, bytes)?;
        wire.record().map_err(|what| damaged(Self::KIND, &what))
    }
}

impl EntryWire {
    fn of(entry: &CeremonyEntry) -> Self {
        Self {
            officer: entry.officer.as_str().to_owned(),
            kcv: entry.kcv.clone().into(),
            at_ms: entry.at_ms,
        }
    }

    fn value(self) -> Result<CeremonyEntry, &'static str> {
        let officer = Name::parse(&self.officer).map_err(|_| "officer")?;
        Ok(CeremonyEntry { officer, kcv: self.kcv.into(), at_ms: self.at_ms })
    }
}

impl Wire {
    fn record(self) -> Result<CeremonyRecord, &'static str> {
        let entries: Result<Vec<_>, _> = self.entries.into_iter().map(EntryWire::value).collect();
        Ok(CeremonyRecord {
            id: self.id.into(),
            institution: Institution::parse(&self.institution).map_err(|_| "institution")?,
            label: Name::parse(&self.label).map_err(|_| "label")?,
            shape: self.shape,
            components: self.components,
            method: self.method,
            expected: self.expected.map(Into::into),
            key_use: self.key_use,
            opener: Name::parse(&self.opener).map_err(|_| "opener")?,
            entries: entries?,
            partial: self.partial.map(Into::into),
            sum_kcv: self.sum_kcv.map(Into::into),
            state: CeremonyState::of_code(self.state).ok_or("unknown state")?,
            created_ms: self.created_ms,
            expires_ms: self.expires_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::port::MAX_VALUE;

    fn entry(officer: &str) -> CeremonyEntry {
        CeremonyEntry { officer: Name::parse(officer).unwrap(), kcv: vec![1, 2, 3], at_ms: 7 }
    }

    fn ceremony() -> CeremonyRecord {
        CeremonyRecord {
            id: [0xAB; 16],
            institution: Institution::parse("bank-a").unwrap(),
            label: Name::parse("tk").unwrap(),
            shape: "aes-256".to_owned(),
            components: 3,
            method: "cmac".to_owned(),
            expected: Some(vec![9; 3]),
            key_use: "transport".to_owned(),
            opener: Name::parse("sato").unwrap(),
            entries: vec![entry("sato")],
            partial: Some(vec![8; 2]),
            sum_kcv: Some(vec![6; 3]),
            state: CeremonyState::Open,
            created_ms: 5,
            expires_ms: 9,
        }
    }

    #[test]
    fn the_stored_form_does_not_drift() {
        let expected = [
            "830404af0150",
            &"ab".repeat(16),
            "026662616e6b2d610362746b04676165732d3235360503",
            "0664636d61630743090909",
            "08697472616e73706f727409647361746f",
            "0a81a301647361746f02430102030307",
            "0b4208080c43060606",
            "0d010e050f09",
        ];
        assert_eq!(hex::encode(ceremony().encode()), expected.concat());
    }

    #[test]
    fn every_state_comes_back() {
        for state in CeremonyState::ALL {
            let record = CeremonyRecord { state, ..ceremony() };
            assert_eq!(CeremonyRecord::decode(&record.encode()).unwrap(), record);
        }
        let bare = CeremonyRecord {
            expected: None,
            entries: Vec::new(),
            partial: None,
            sum_kcv: None,
            ..ceremony()
        };
        assert_eq!(CeremonyRecord::decode(&bare.encode()).unwrap(), bare);
        assert_eq!(CeremonyState::of_code(4), None);
    }

    #[test]
    fn the_largest_fits_into_a_value() {
        let officer = "o".repeat(Name::MAX);
        let entry = CeremonyEntry { kcv: vec![255; 32], at_ms: u64::MAX, ..entry(&officer) };
        let record = CeremonyRecord {
            institution: Institution::parse(&"i".repeat(Institution::MAX)).unwrap(),
            label: Name::parse(&"l".repeat(Name::MAX)).unwrap(),
            opener: Name::parse(&officer).unwrap(),
            entries: vec![entry; 5],
            shape: "s".repeat(64),
            method: "m".repeat(64),
            key_use: "u".repeat(64),
            expected: Some(vec![255; 32]),
            sum_kcv: Some(vec![255; 32]),
            partial: Some(vec![255; CeremonyRecord::MAX_PARTIAL]),
            created_ms: u64::MAX,
            expires_ms: u64::MAX,
            ..ceremony()
        };
        let bytes = record.encode();
        assert!(bytes.len() <= MAX_VALUE, "{}", bytes.len());
        assert_eq!(CeremonyRecord::decode(&bytes).unwrap(), record);
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_damage_or_another_record(at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
            let mut bytes = ceremony().encode();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            if let Ok(read) = CeremonyRecord::decode(&bytes) {
                prop_assert_eq!(CeremonyRecord::decode(&read.encode()).unwrap(), read);
            }
        }
    }
}
