//! A contract: how its users and tokens belong together, and since when.
//!
//! Not responsible for: the users and tokens themselves, which name it in their own records.

use minicbor::{Decode, Encode, bytes::ByteArray};
use warifu_core::{
    ident::{ContractId, Institution, Serial},
    lifecycle::{Common, Contract, UsageMode},
    time::UnixTime,
};

use super::envelope::{LIFE_CYCLE, Record, damaged, open, seal_as};
use crate::port::{Key, StoreError};

/// A contract as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ContractRecord {
    /// The bank.
    pub institution: Institution,
    /// The customer, as the bank names it.
    pub id: ContractId,
    /// What it is.
    pub contract: Contract,
    /// When it was made, in milliseconds since the epoch.
    pub created_ms: u64,
    /// Id of the last request that changed this record: settles an indeterminate commit.
    pub last_request: Option<[u8; 16]>,
}

impl ContractRecord {
    /// What it lies under.
    pub fn key(&self) -> Key {
        super::contract_key(&self.institution, &self.id)
    }
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct CommonWire {
    #[n(1)]
    serial: String,
    #[n(2)]
    at: u64,
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct Wire {
    #[n(1)]
    institution: String,
    #[n(2)]
    id: String,
    #[n(3)]
    service_start: u64,
    #[n(4)]
    mode: String,
    #[n(5)]
    generation: u32,
    #[n(6)]
    common: Option<CommonWire>,
    #[n(7)]
    created_ms: u64,
    #[n(8)]
    last_request: Option<ByteArray<16>>,
}

impl Record for ContractRecord {
    const KIND: &'static str = "contract";

    fn encode(&self) -> Vec<u8> {
        let contract = &self.contract;
        let common = contract.common().map(|common| CommonWire {
            serial: common.serial.as_str().to_owned(),
            at: common.at.0,
        });
        seal_as(
            LIFE_CYCLE,
            &Wire {
                institution: self.institution.as_str().to_owned(),
                id: self.id.as_str().to_owned(),
                service_start: contract.service_start.0,
                mode: contract.mode().word().to_owned(),
                generation: contract.generation(),
                common,
                created_ms: self.created_ms,
                last_request: self.last_request.map(ByteArray::from),
            },
        )
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let wire: Wire = open(Self::KIND, bytes)?;
        wire.record().map_err(|what| damaged(Self::KIND, &what))
    }
}

impl Wire {
    fn record(self) -> Result<ContractRecord, &'static str> {
        let mode = UsageMode::from_word(&self.mode).ok_or("unknown usage mode")?;
        let common = self.common.map(CommonWire::value).transpose()?;
        let start = UnixTime(self.service_start);
        Ok(ContractRecord {
            institution: Institution::parse(&self.institution).map_err(|_| "institution")?,
            id: ContractId::parse(&self.id).map_err(|_| "id")?,
            contract: Contract::from_parts(start, mode, self.generation, common),
            created_ms: self.created_ms,
            last_request: self.last_request.map(Into::into),
        })
    }
}

impl CommonWire {
    fn value(self) -> Result<Common, &'static str> {
        let serial = Serial::parse(&self.serial).map_err(|_| "serial of the common token")?;
        Ok(Common { serial, at: UnixTime(self.at) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract() -> ContractRecord {
        let common = Common { serial: Serial::parse("00123").unwrap(), at: UnixTime(8) };
        ContractRecord {
            institution: Institution::parse("bank-a").unwrap(),
            id: ContractId::parse("C1").unwrap(),
            contract: Contract::from_parts(UnixTime(7), UsageMode::Common, 2, Some(common)),
            created_ms: 5,
            last_request: Some([9; 16]),
        }
    }

    #[test]
    fn the_stored_form_does_not_drift() {
        let expected = [
            "830202a8",
            "016662616e6b2d6102624331030704",
            "66636f6d6d6f6e0502",
            "06a201653030313233020807050850",
            &"09".repeat(16),
        ];
        assert_eq!(hex::encode(contract().encode()), expected.concat());
    }

    #[test]
    fn every_mode_comes_back() {
        for mode in UsageMode::ALL {
            let mut record = contract();
            record.contract = Contract::new(UnixTime(u64::MAX), mode);
            record.last_request = None;
            assert_eq!(ContractRecord::decode(&record.encode()).unwrap(), record);
        }
        assert_eq!(ContractRecord::decode(&contract().encode()).unwrap(), contract());
        assert_eq!(contract().key(), b"bank-a\0C1");
    }
}
