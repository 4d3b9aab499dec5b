//! A proposal: what one person asked for and another must agree to, and what became of it.
//!
//! Not responsible for: what the operation means, who may decide, or when a proposal is void (the
//! daemon's).

use minicbor::{Decode, Encode, bytes::ByteArray};
use warifu_core::ident::{Institution, Name};

use super::envelope::{OFFICERS, Record, damaged, open, seal_as};
use crate::port::{Key, StoreError};

/// How far a proposal has come.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ProposalState {
    /// It waits for a second person.
    Open,
    /// It is being carried out.
    Approved,
    /// It was carried out.
    Done,
    /// It was agreed to, but could not be carried out.
    Failed,
    /// The second person refused it.
    Rejected,
    /// Who made it took it back.
    Withdrawn,
}

impl ProposalState {
    /// All of them, in the order of the enum.
    pub const ALL: [Self; 6] =
        [Self::Open, Self::Approved, Self::Done, Self::Failed, Self::Rejected, Self::Withdrawn];

    /// Whether nothing more will happen to it.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Open | Self::Approved)
    }

    const fn code(self) -> u8 {
        match self {
            Self::Open => 1,
            Self::Approved => 2,
            Self::Done => 3,
            Self::Failed => 4,
            Self::Rejected => 5,
            Self::Withdrawn => 6,
        }
    }

    fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// A proposal as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProposalRecord {
    /// 12 random bytes.
    pub id: [u8; 12],
    /// The bank.
    pub institution: Institution,
    /// The request that is carried out, as JSON. See [`ProposalRecord::fits`].
    pub operation: String,
    /// What kind of request it is, a word of at most [`ProposalRecord::MAX_KIND`] bytes.
    pub kind: String,
    /// Who asked.
    pub proposer: Name,
    /// Why, as they said.
    pub reason: Option<String>,
    /// Reference of an application, a call or a check of identity.
    pub reference: Option<String>,
    /// When it was made, in milliseconds since the epoch.
    pub created_ms: u64,
    /// Until when it can be agreed to.
    pub expires_ms: u64,
    /// How far it has come.
    pub state: ProposalState,
    /// Who agreed or refused.
    pub decider: Option<Name>,
    /// When.
    pub decided_ms: Option<u64>,
    /// What they said; cut at [`ProposalRecord::MAX_NOTE`] bytes.
    pub note: Option<String>,
    /// What came of it, a text; cut where it does not fit beside the note.
    pub outcome: Option<String>,
}

impl ProposalRecord {
    /// Longest word for a kind, in bytes.
    pub const MAX_KIND: usize = 32;

    /// Operation, reason and reference together, in bytes: what must fit, for none of it is cut.
    pub const MAX_PROPOSED: usize = 2_400;

    /// Longest note, in bytes: 200 characters of three bytes each.
    pub const MAX_NOTE: usize = 600;

    /// Longest outcome, in bytes; at least 200 of them fit beside the longest note.
    pub const MAX_OUTCOME: usize = 600;

    /// Note and outcome together.
    const MAX_DECIDED: usize = 800;

    /// What it lies under.
    pub fn key(&self) -> Key {
        super::proposal_key(&self.institution, &self.id)
    }

    /// Whether what was proposed fits into a stored value. If not, the proposal must be refused.
    pub fn fits(&self) -> bool {
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let proposed = [self.operation.len(), length(&self.reason), length(&self.reference)];
        self.kind.len() <= Self::MAX_KIND && proposed.iter().sum::<usize>() <= Self::MAX_PROPOSED
    }
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct Wire {
    #[n(1)]
    id: ByteArray<12>,
    #[n(2)]
    institution: String,
    #[n(3)]
    operation: String,
    #[n(4)]
    kind: String,
    #[n(5)]
    proposer: String,
    #[n(6)]
    reason: Option<String>,
    #[n(7)]
    reference: Option<String>,
    #[n(8)]
    created_ms: u64,
    #[n(9)]
    expires_ms: u64,
    #[n(10)]
    state: u8,
    #[n(11)]
    decider: Option<String>,
    #[n(12)]
    decided_ms: Option<u64>,
    #[n(13)]
    note: Option<String>,
    #[n(14)]
    outcome: Option<String>,
}

impl Record for ProposalRecord {
    const KIND: &'static str = "proposal";

    fn encode(&self) -> Vec<u8> {
        let note = self.note.as_deref().map(|note| cut(note, Self::MAX_NOTE));
        let left = Self::MAX_DECIDED.saturating_sub(note.map_or(0, str::len));
        let outcome = self.outcome.as_deref().map(|text| cut(text, left.min(Self::MAX_OUTCOME)));
        seal_as(
            OFFICERS,
            &Wire {
                id: self.id.into(),
                institution: self.institution.as_str().to_owned(),
                operation: self.operation.clone(),
                kind: self.kind.clone(),
                proposer: self.proposer.as_str().to_owned(),
                reason: self.reason.clone(),
                reference: self.reference.clone(),
                created_ms: self.created_ms,
                expires_ms: self.expires_ms,
                state: self.state.code(),
                decider: self.decider.as_ref().map(|name| name.as_str().to_owned()),
                decided_ms: self.decided_ms,
                note: note.map(str::to_owned),
                outcome: outcome.map(str::to_owned),
            },
        )
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let wire: Wire = open(Self::KIND, bytes)?;
        wire.record().map_err(|what| damaged(Self::KIND, &what))
    }
}

impl Wire {
    fn record(self) -> Result<ProposalRecord, &'static str> {
        let name = |text: &str| Name::parse(text).map_err(|_| "a name");
        Ok(ProposalRecord {
            id: self.id.into(),
            institution: Institution::parse(&self.institution).map_err(|_| "institution")?,
            operation: self.operation,
            kind: self.kind,
            proposer: name(&self.proposer)?,
            reason: self.reason,
            reference: self.reference,
            created_ms: self.created_ms,
            expires_ms: self.expires_ms,
            state: ProposalState::of_code(self.state).ok_or("unknown state")?,
            decider: self.decider.as_deref().map(name).transpose()?,
            decided_ms: self.decided_ms,
            note: self.note,
            outcome: self.outcome,
        })
    }
}

/// The beginning of a text, at most so many bytes and whole characters.
fn cut(text: &str, most: usize) -> &str {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = ends.take_while(|end| *end <= most).last().unwrap_or_default();
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::port::MAX_VALUE;

    fn proposal() -> ProposalRecord {
        ProposalRecord {
            id: [0xAB; 12],
            institution: Institution::parse("bank-a").unwrap(),
            operation: "{}".to_owned(),
            kind: "lost".to_owned(),
            proposer: Name::parse("sato").unwrap(),
            reason: Some("r".to_owned()),
            reference: None,
            created_ms: 5,
            expires_ms: 9,
            state: ProposalState::Open,
            decider: None,
            decided_ms: None,
            note: None,
            outcome: None,
        }
    }

    fn decided() -> ProposalRecord {
        ProposalRecord {
            state: ProposalState::Done,
            decider: Some(Name::parse("eiko").unwrap()),
            decided_ms: Some(7),
            note: Some("n".to_owned()),
            outcome: Some("o".to_owned()),
            ..proposal()
        }
    }

    #[test]
    fn the_stored_form_does_not_drift() {
        let open = [
            "830404a9014c",
            &"ab".repeat(12),
            "026662616e6b2d6103627b7d04646c6f7374",
            "05647361746f06617208050909",
            "0a01",
        ];
        assert_eq!(hex::encode(proposal().encode()), open.concat());
        let end = "0a030b6465696b6f0c070d616e0e616f";
        assert!(hex::encode(decided().encode()).ends_with(end));
    }

    #[test]
    fn every_state_comes_back() {
        for state in ProposalState::ALL {
            let record = ProposalRecord { state, ..decided() };
            assert_eq!(ProposalRecord::decode(&record.encode()).unwrap(), record);
        }
        assert_eq!(ProposalRecord::decode(&proposal().encode()).unwrap(), proposal());
        assert_eq!(ProposalState::of_code(7), None);
    }

    fn largest() -> ProposalRecord {
        ProposalRecord {
            institution: Institution::parse(&"i".repeat(Institution::MAX)).unwrap(),
            operation: "x".repeat(ProposalRecord::MAX_PROPOSED - 900),
            kind: "k".repeat(ProposalRecord::MAX_KIND),
            proposer: Name::parse(&"p".repeat(Name::MAX)).unwrap(),
            reason: Some("理".repeat(200)),
            reference: Some("参".repeat(100)),
            created_ms: u64::MAX,
            expires_ms: u64::MAX,
            state: ProposalState::Failed,
            decider: Some(Name::parse(&"d".repeat(Name::MAX)).unwrap()),
            decided_ms: Some(u64::MAX),
            note: Some("注".repeat(200)),
            outcome: Some("果".repeat(200)),
            ..proposal()
        }
    }

    #[test]
    fn the_largest_fits_into_a_value() {
        let record = largest();
        assert!(record.fits());
        let bytes = record.encode();
        assert!(bytes.len() <= MAX_VALUE, "{}", bytes.len());
        let read = ProposalRecord::decode(&bytes).unwrap();
        assert_eq!(read.note, record.note);
        assert_eq!(read.outcome.as_deref(), Some("果".repeat(66).as_str()), "cut beside the note");
    }

    #[test]
    fn what_does_not_fit_is_known_beforehand() {
        let mut record = largest();
        record.operation.push('x');
        assert!(!record.fits());
        let long = ProposalRecord { kind: "k".repeat(33), ..proposal() };
        assert!(!long.fits());
    }

    proptest! {
        #[test]
        fn whatever_was_said_fits(note in "\\PC{0,900}", outcome in "\\PC{0,900}") {
            let mut record = largest();
            (record.note, record.outcome) = (Some(note), Some(outcome));
            prop_assert!(record.encode().len() <= MAX_VALUE);
        }

        #[test]
        fn a_changed_byte_is_damage_or_another_record(at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
            let mut bytes = decided().encode();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            if let Ok(read) = ProposalRecord::decode(&bytes) {
                prop_assert_eq!(ProposalRecord::decode(&read.encode()).unwrap(), read);
            }
        }
    }
}
