//! An import of many tokens, as one thing that becomes visible at once.
//!
//! Not responsible for: the tokens themselves. A token is visible only while its batch is
//! [`BatchState::Active`]; changing this one record is what makes an import all or nothing.

use minicbor::{Decode, Encode, bytes::ByteArray};
use warifu_core::{
    custody::CustodyKind,
    ident::{Institution, Name},
};

use super::envelope::{FIRST, OFFICERS, Record, damaged, open, seal_as};
use crate::port::StoreError;

/// How far a batch has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BatchState {
    /// Tokens are being written; none is visible.
    Staging,
    /// All tokens are there and visible.
    Active,
    /// Given up; what it left behind may be removed.
    Aborted,
    /// All tokens are there, checked and sealed, and wait for an approval; none is visible.
    Pending,
    /// Not approved; kept for the record. What it left behind may be removed.
    Rejected,
}

/// A batch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BatchRecord {
    /// Its name, unique within the institution.
    pub name: Name,
    /// The bank.
    pub institution: Institution,
    /// How far it has come.
    pub state: BatchState,
    /// SHA-256 of the imported file.
    pub file_digest: [u8; 32],
    /// Who imported it.
    pub officer: Name,
    /// Tokens taken.
    pub accepted: u64,
    /// Entries of the file not taken.
    pub refused: u64,
    /// Where the seeds lie.
    pub custody: CustodyKind,
    /// When it began, in milliseconds since the epoch.
    pub created_ms: u64,
    /// When it became active or aborted.
    pub finished_ms: Option<u64>,
    /// The officer's report as JSON, at most [`BatchRecord::MAX_REPORT`] bytes.
    pub report: Option<String>,
    /// Tokens that only an approver may let in, such as those with published keys.
    pub quarantined: u64,
    /// What officer and approver compare: a digest over what would become active.
    pub fingerprint: Option<[u8; 32]>,
    /// Until when it waits for an approval.
    pub expires_ms: Option<u64>,
    /// Who approved or rejected it.
    pub decided_by: Option<Name>,
    /// What the file was taken for, a word of at most [`BatchRecord::MAX_FORMAT`] bytes.
    pub format: Option<String>,
}

impl BatchRecord {
    /// Longest report that fits into a stored value beside the other fields.
    pub const MAX_REPORT: usize = crate::port::MAX_VALUE - 500;

    /// Longest word for a format.
    pub const MAX_FORMAT: usize = 40;

    /// The first schema that knows everything in it: older builds must not write it back.
    fn schema(&self) -> u16 {
        let waits = matches!(self.state, BatchState::Pending | BatchState::Rejected);
        let told = self.quarantined > 0
            || self.fingerprint.is_some()
            || self.expires_ms.is_some()
            || self.decided_by.is_some()
            || self.format.is_some();
        if waits || told { OFFICERS } else { FIRST }
    }
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct Wire {
    #[n(1)]
    name: String,
    #[n(2)]
    institution: String,
    #[n(3)]
    state: u8,
    #[n(4)]
    file_digest: ByteArray<32>,
    #[n(5)]
    officer: String,
    #[n(6)]
    accepted: u64,
    #[n(7)]
    refused: u64,
    #[n(8)]
    custody: u8,
    #[n(9)]
    created_ms: u64,
    #[n(10)]
    finished_ms: Option<u64>,
    #[n(11)]
    report: Option<String>,
    /// Absent: none.
    #[n(12)]
    quarantined: Option<u64>,
    #[n(13)]
    fingerprint: Option<ByteArray<32>>,
    #[n(14)]
    expires_ms: Option<u64>,
    #[n(15)]
    decided_by: Option<String>,
    #[n(16)]
    format: Option<String>,
}

impl Record for BatchRecord {
    const KIND: &'static str = "batch";

    fn encode(&self) -> Vec<u8> {
        seal_as(
            self.schema(),
            &Wire {
                name: self.name.as_str().to_owned(),
                institution: self.institution.as_str().to_owned(),
                state: self.state.code(),
                file_digest: self.file_digest.into(),
                officer: self.officer.as_str().to_owned(),
                accepted: self.accepted,
                refused: self.refused,
                custody: match self.custody {
                    CustodyKind::Resident => 1,
                    CustodyKind::Wrapped => 2,
                },
                created_ms: self.created_ms,
                finished_ms: self.finished_ms,
                report: self.report.clone(),
                quarantined: Some(self.quarantined).filter(|count| *count > 0),
                fingerprint: self.fingerprint.map(ByteArray::from),
                expires_ms: self.expires_ms,
                decided_by: self.decided_by.as_ref().map(|name| name.as_str().to_owned()),
                format: self.format.clone(),
            },
        )
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let wire: Wire = open(Self::KIND, bytes)?;
        wire.record().map_err(|what| damaged(Self::KIND, &what))
    }
}

impl BatchState {
    const fn code(self) -> u8 {
        match self {
            Self::Staging => 1,
            Self::Active => 2,
            Self::Aborted => 3,
            Self::Pending => 4,
            Self::Rejected => 5,
        }
    }

    const fn of_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Staging),
            2 => Some(Self::Active),
            3 => Some(Self::Aborted),
            4 => Some(Self::Pending),
            5 => Some(Self::Rejected),
            _ => None,
        }
    }
}

impl Wire {
    fn record(self) -> Result<BatchRecord, &'static str> {
        let name = |text: &str| Name::parse(text).map_err(|_| "a name");
        Ok(BatchRecord {
            name: name(&self.name)?,
            institution: Institution::parse(&self.institution).map_err(|_| "institution")?,
            state: BatchState::of_code(self.state).ok_or("unknown state")?,
            file_digest: self.file_digest.into(),
            officer: name(&self.officer)?,
            accepted: self.accepted,
            refused: self.refused,
            custody: match self.custody {
                1 => CustodyKind::Resident,
                2 => CustodyKind::Wrapped,
                _ => return Err("unknown custody"),
            },
            created_ms: self.created_ms,
            finished_ms: self.finished_ms,
            report: self.report,
            quarantined: self.quarantined.unwrap_or_default(),
            fingerprint: self.fingerprint.map(Into::into),
            expires_ms: self.expires_ms,
            decided_by: self.decided_by.as_deref().map(name).transpose()?,
            format: self.format,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> BatchRecord {
        BatchRecord {
            name: Name::parse("B1").unwrap(),
            institution: Institution::parse("bank-a").unwrap(),
            state: BatchState::Staging,
            file_digest: [1; 32],
            officer: Name::parse("olga").unwrap(),
            accepted: 3,
            refused: 0,
            custody: CustodyKind::Wrapped,
            created_ms: 9,
            finished_ms: None,
            report: None,
            quarantined: 0,
            fingerprint: None,
            expires_ms: None,
            decided_by: None,
            format: None,
        }
    }

    fn pending() -> BatchRecord {
        BatchRecord {
            state: BatchState::Pending,
            quarantined: 2,
            fingerprint: Some([7; 32]),
            expires_ms: Some(10),
            decided_by: Some(Name::parse("eiko").unwrap()),
            format: Some("pskc".to_owned()),
            ..batch()
        }
    }

    #[test]
    fn the_stored_form_does_not_drift_and_comes_back() {
        let bytes = batch().encode();
        assert_eq!(
            hex::encode(&bytes),
            format!(
                "830101a901624231026662616e6b2d610301045820{}05646f6c67610603070008020909",
                "01".repeat(32)
            )
        );
        assert_eq!(BatchRecord::decode(&bytes).unwrap(), batch());
    }

    #[test]
    fn the_stored_form_of_what_waits_does_not_drift_and_comes_back() {
        let bytes = pending().encode();
        assert_eq!(
            hex::encode(&bytes),
            format!(
                "830404ae01624231026662616e6b2d610304045820{}05646f6c676106030700080209090c020d5820{}0e0a0f6465696b6f106470736b63",
                "01".repeat(32),
                "07".repeat(32)
            )
        );
        assert_eq!(BatchRecord::decode(&bytes).unwrap(), pending());
    }

    #[test]
    fn every_state_comes_back_and_builds_that_do_not_know_it_leave_it_alone() {
        for code in 1..=5 {
            let state = BatchState::of_code(code).unwrap();
            let record = BatchRecord { state, ..batch() };
            let bytes = record.encode();
            assert_eq!(BatchRecord::decode(&bytes).unwrap(), record);
            assert_eq!(bytes[2], if code < 4 { 1 } else { 4 }, "{state:?}");
        }
        assert_eq!((BatchState::of_code(0), BatchState::of_code(6)), (None, None));
        let decided = BatchRecord { state: BatchState::Active, ..pending() };
        assert_eq!(decided.encode()[2], 4);
    }

    #[test]
    fn the_longest_report_fits_into_a_value() {
        let record = BatchRecord {
            name: Name::parse(&"n".repeat(Name::MAX)).unwrap(),
            institution: Institution::parse(&"i".repeat(Institution::MAX)).unwrap(),
            officer: Name::parse(&"o".repeat(Name::MAX)).unwrap(),
            accepted: u64::MAX,
            refused: u64::MAX,
            created_ms: u64::MAX,
            finished_ms: Some(u64::MAX),
            report: Some("x".repeat(BatchRecord::MAX_REPORT)),
            quarantined: u64::MAX,
            expires_ms: Some(u64::MAX),
            decided_by: Some(Name::parse(&"d".repeat(Name::MAX)).unwrap()),
            format: Some("f".repeat(BatchRecord::MAX_FORMAT)),
            ..pending()
        };
        assert!(record.encode().len() <= crate::port::MAX_VALUE);
    }
}
