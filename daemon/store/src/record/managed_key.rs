//! A key of the HSM that officers made: where it came from, who was there, when it went.
//!
//! Not responsible for: the key itself, or whether the HSM still has it.

use minicbor::{Decode, Encode, bytes::ByteVec};
use warifu_core::ident::{Institution, Name};

use super::envelope::{OFFICERS, Record, damaged, open, seal_as};
use crate::port::{Key, StoreError};

/// A key as it is recorded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyRecord {
    /// The bank.
    pub institution: Institution,
    /// What it is called.
    pub label: Name,
    /// What kind of key, a word such as `aes-256`.
    pub shape: String,
    /// What it is for, a word.
    pub key_use: String,
    /// Where it came from: `ceremony`, `generated`, `pair` or `imported`.
    pub origin: String,
    /// Its check value.
    pub kcv: Vec<u8>,
    /// Who made it, at most [`KeyRecord::MAX_OFFICERS`].
    pub officers: Vec<Name>,
    /// When it was made, in milliseconds since the epoch.
    pub created_ms: u64,
    /// When it was used last.
    pub last_used_ms: Option<u64>,
    /// When it was destroyed.
    pub destroyed_ms: Option<u64>,
    /// Who destroyed it, at most [`KeyRecord::MAX_OFFICERS`].
    pub destroyed_by: Vec<Name>,
}

impl KeyRecord {
    /// Most names in a list of officers.
    pub const MAX_OFFICERS: usize = 16;

    /// What it lies under.
    pub fn key(&self) -> Key {
        super::managed_key_key(&self.institution, &self.label)
    }
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct Wire {
    #[n(1)]
    institution: String,
    #[n(2)]
    label: String,
    #[n(3)]
    shape: String,
    #[n(4)]
    key_use: String,
    #[n(5)]
    origin: String,
    #[n(6)]
    kcv: ByteVec,
    #[n(7)]
    officers: Vec<String>,
    #[n(8)]
    created_ms: u64,
    #[n(9)]
    last_used_ms: Option<u64>,
    #[n(10)]
    destroyed_ms: Option<u64>,
    /// Absent: nobody.
    #[n(11)]
    destroyed_by: Option<Vec<String>>,
}

impl Record for KeyRecord {
    const KIND: &'static str = "key";

    fn encode(&self) -> Vec<u8> {
        let gone = (!self.destroyed_by.is_empty()).then(|| texts(&self.destroyed_by));
        seal_as(
            OFFICERS,
            &Wire {
                institution: self.institution.as_str().to_owned(),
                label: self.label.as_str().to_owned(),
                shape: self.shape.clone(),
                key_use: self.key_use.clone(),
                origin: self.origin.clone(),
                kcv: self.kcv.clone().into(),
                officers: texts(&self.officers),
                created_ms: self.created_ms,
                last_used_ms: self.last_used_ms,
                destroyed_ms: self.destroyed_ms,
                destroyed_by: gone,
            },
        )
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let wire: Wire = open(Self::KIND, bytes)?;
        wire.record().map_err(|what| damaged(Self::KIND, &what))
    }
}

impl Wire {
    fn record(self) -> Result<KeyRecord, &'static str> {
        Ok(KeyRecord {
            institution: Institution::parse(&self.institution).map_err(|_| "institution")?,
            label: Name::parse(&self.label).map_err(|_| "label")?,
            shape: self.shape,
            key_use: self.key_use,
            origin: self.origin,
            kcv: self.kcv.into(),
            officers: names(&self.officers)?,
            created_ms: self.created_ms,
            last_used_ms: self.last_used_ms,
            destroyed_ms: self.destroyed_ms,
            destroyed_by: names(&self.destroyed_by.unwrap_or_default())?,
        })
    }
}

/// Names as they are stored.
pub(super) fn texts(names: &[Name]) -> Vec<String> {
    names.iter().map(|name| name.as_str().to_owned()).collect()
}

/// Undoes [`texts`].
pub(super) fn names(texts: &[String]) -> Result<Vec<Name>, &'static str> {
    texts.iter().map(|text| Name::parse(text).map_err(|_| "an officer")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::port::MAX_VALUE;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn key() -> KeyRecord {
        KeyRecord {
            institution: Institution::parse("bank-a").unwrap(),
            label: name("tk"),
            shape: "aes-256".to_owned(),
            key_use: "transport".to_owned(),
            origin: "ceremony".to_owned(),
            kcv: vec![1, 2, 3],
            officers: vec![name("sato"), name("eiko")],
            created_ms: 5,
            last_used_ms: None,
            destroyed_ms: None,
            destroyed_by: Vec::new(),
        }
    }

    fn destroyed() -> KeyRecord {
        KeyRecord {
            last_used_ms: Some(7),
            destroyed_ms: Some(9),
            destroyed_by: vec![name("sato")],
            ..key()
        }
    }

    #[test]
    fn the_stored_form_does_not_drift() {
        let expected = [
            "830404a8016662616e6b2d610262746b03676165732d323536",
            "04697472616e73706f72740568636572656d6f6e79",
            "06430102030782647361746f6465696b6f0805",
        ];
        assert_eq!(hex::encode(key().encode()), expected.concat());
        let end = "080509070a090b81647361746f";
        assert!(hex::encode(destroyed().encode()).ends_with(end));
    }

    #[test]
    fn both_come_back() {
        for record in [key(), destroyed()] {
            assert_eq!(KeyRecord::decode(&record.encode()).unwrap(), record);
            assert_eq!(record.key(), b"bank-a\0tk");
        }
    }

    #[test]
    fn the_largest_fits_into_a_value() {
        let officers = vec![name(&"o".repeat(Name::MAX)); KeyRecord::MAX_OFFICERS];
        let record = KeyRecord {
            institution: Institution::parse(&"i".repeat(Institution::MAX)).unwrap(),
            label: name(&"l".repeat(Name::MAX)),
            shape: "s".repeat(64),
            key_use: "u".repeat(64),
            origin: "o".repeat(64),
            kcv: vec![255; 64],
            destroyed_by: officers.clone(),
            officers,
            created_ms: u64::MAX,
            last_used_ms: Some(u64::MAX),
            destroyed_ms: Some(u64::MAX),
        };
        let bytes = record.encode();
        assert!(bytes.len() <= MAX_VALUE, "{}", bytes.len());
        assert_eq!(KeyRecord::decode(&bytes).unwrap(), record);
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_damage_or_another_record(at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
            let mut bytes = destroyed().encode();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            if let Ok(read) = KeyRecord::decode(&bytes) {
                prop_assert_eq!(KeyRecord::decode(&read.encode()).unwrap(), read);
            }
        }
    }
}
