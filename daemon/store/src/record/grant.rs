//! A grant: one right code that covers a run of operations.
//!
//! Not responsible for: what a grant covers (`warifu_core::lifecycle::grant`), or for removing
//! those whose time is up. A backup does not hold grants: one that was spent meanwhile would be
//! fresh again.

use minicbor::{Decode, Encode, bytes::ByteArray};
use warifu_core::{
    ident::{ContractId, Institution, Serial, UserId},
    lifecycle::grant::Grant,
    rules::OperationClass,
    time::UnixTime,
};

use super::envelope::{LIFE_CYCLE, Record, damaged, open, seal_as};
use crate::port::StoreError;

/// A grant as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GrantRecord {
    /// The bank.
    pub institution: Institution,
    /// What it covers, and how far it is spent.
    pub grant: Grant,
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct Wire {
    #[n(1)]
    institution: String,
    #[n(2)]
    contract: String,
    #[n(3)]
    user: String,
    #[n(4)]
    session: ByteArray<16>,
    #[n(5)]
    class: String,
    #[n(6)]
    serial: String,
    #[n(7)]
    expires_at: u64,
    #[n(8)]
    uses_left: u32,
    #[n(9)]
    since: u64,
}

impl Record for GrantRecord {
    const KIND: &'static str = "grant";

    fn encode(&self) -> Vec<u8> {
        let Grant { contract, user, session, class, serial, since, expires_at, uses_left } =
            &self.grant;
        seal_as(
            LIFE_CYCLE,
            &Wire {
                institution: self.institution.as_str().to_owned(),
                contract: contract.as_str().to_owned(),
                user: user.as_str().to_owned(),
                session: (*session).into(),
                class: class.word().to_owned(),
                serial: serial.as_str().to_owned(),
                expires_at: expires_at.0,
                uses_left: *uses_left,
                since: since.0,
            },
        )
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let wire: Wire = open(Self::KIND, bytes)?;
        wire.record().map_err(|what| damaged(Self::KIND, &what))
    }
}

impl Wire {
    fn record(self) -> Result<GrantRecord, &'static str> {
        Ok(GrantRecord {
            institution: Institution::parse(&self.institution).map_err(|_| "institution")?,
            grant: Grant {
                contract: ContractId::parse(&self.contract).map_err(|_| "contract")?,
                user: UserId::parse(&self.user).map_err(|_| "user")?,
                session: self.session.into(),
                class: OperationClass::from_word(&self.class).ok_or("unknown class")?,
                serial: Serial::parse(&self.serial).map_err(|_| "serial")?,
                since: UnixTime(self.since),
                expires_at: UnixTime(self.expires_at),
                uses_left: self.uses_left,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> GrantRecord {
        GrantRecord {
            institution: Institution::parse("bank-a").unwrap(),
            grant: Grant {
                contract: ContractId::parse("C1").unwrap(),
                user: UserId::parse("U1").unwrap(),
                session: [0xAB; 16],
                class: OperationClass::Login,
                serial: Serial::parse("00123").unwrap(),
                since: UnixTime(20),
                expires_at: UnixTime(600),
                uses_left: 3,
            },
        }
    }

    #[test]
    fn the_stored_form_does_not_drift() {
        let expected = [
            "830202a9",
            "016662616e6b2d6102624331036255310450",
            &"ab".repeat(16),
            "05656c6f67696e0665303031323307190258",
            "08030914",
        ];
        assert_eq!(hex::encode(grant().encode()), expected.concat());
    }

    #[test]
    fn every_class_comes_back() {
        for class in OperationClass::ALL {
            let mut record = grant();
            record.grant.class = class;
            assert_eq!(GrantRecord::decode(&record.encode()).unwrap(), record);
        }
    }
}
