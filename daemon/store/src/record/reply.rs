//! An answer kept so that a repeated request gets the same one. Long answers lie in several parts:
//! the first under the request's own name, the others under names made from it.
//!
//! Not responsible for: how long it is kept, what the digests cover, or that all parts are written
//! in one unit (their writer's business).

use minicbor::{
    Decode, Encode,
    bytes::{ByteArray, ByteVec},
};
use sha2::{Digest, Sha256};

use super::envelope::{LIFE_CYCLE, Record, damaged, open, seal, seal_as};
use crate::port::StoreError;

/// What was answered to a request that carried an idempotency key, or the first part of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IdempotencyRecord {
    /// Digest of the request, to tell a repetition from another request under the same key.
    pub request_digest: [u8; 32],
    /// HTTP status.
    pub status: u16,
    /// Body; [`IdempotencyRecord::split`] takes at most [`IdempotencyRecord::MAX_BODY`] bytes.
    pub body: Vec<u8>,
    /// When it was answered, in milliseconds since the epoch.
    pub at_ms: u64,
    /// In how many parts the body is stored.
    pub parts: u16,
}

/// A later part of the body.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ContinuationRecord {
    /// Which, counted from 1; the first part is the [`IdempotencyRecord`].
    pub part: u16,
    /// This part's bytes.
    pub body: Vec<u8>,
}

/// A part as it is stored: the digest for its key, and the encoded record.
pub type StoredPart = ([u8; 32], Vec<u8>);

impl IdempotencyRecord {
    /// Longest part of a body that fits into a stored value beside the other fields.
    pub const MAX_PART: usize = crate::port::MAX_VALUE - 100;

    /// Most parts of a body; leaves room in a unit for what the answer is about.
    pub const MAX_PARTS: u16 = 512;

    /// Longest body.
    pub const MAX_BODY: usize = Self::MAX_PART * Self::MAX_PARTS as usize;

    /// All parts of an answer that lies under `name`, the first one first. `None` where the body is
    /// longer than [`IdempotencyRecord::MAX_BODY`].
    pub fn split(mut self, name: &[u8; 32]) -> Option<Vec<StoredPart>> {
        let rest = self.body.split_off(self.body.len().min(Self::MAX_PART));
        let mut later = Vec::with_capacity(rest.len().div_ceil(Self::MAX_PART).saturating_add(1));
        for (part, body) in (1..Self::MAX_PARTS).zip(rest.chunks(Self::MAX_PART)) {
            let record = ContinuationRecord { part, body: body.to_vec() };
            later.push((Self::part_digest(name, part), record.encode()));
        }
        if rest.len() > later.len().saturating_mul(Self::MAX_PART) {
            return None;
        }
        self.parts = u16::try_from(later.len().checked_add(1)?).ok()?;
        later.insert(0, (*name, self.encode()));
        Some(later)
    }

    /// The digest for the key of a later part.
    pub fn part_digest(name: &[u8; 32], part: u16) -> [u8; 32] {
        Sha256::new().chain_update(name).chain_update(part.to_be_bytes()).finalize().into()
    }

    /// Appends a later part. To be called for 1 up to [`IdempotencyRecord::parts`], in order.
    pub fn join(&mut self, part: u16, bytes: &[u8]) -> Result<(), StoreError> {
        let later = ContinuationRecord::decode(bytes)?;
        if later.part != part {
            return Err(damaged(ContinuationRecord::KIND, &"another part than its key says"));
        }
        self.body.extend_from_slice(&later.body);
        Ok(())
    }
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct Wire {
    #[n(1)]
    request_digest: ByteArray<32>,
    #[n(2)]
    status: u16,
    #[n(3)]
    body: ByteVec,
    #[n(4)]
    at_ms: u64,
    /// Absent: one.
    #[n(5)]
    parts: Option<u16>,
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct ContinuationWire {
    #[n(1)]
    part: u16,
    #[n(2)]
    body: ByteVec,
}

impl Record for IdempotencyRecord {
    const KIND: &'static str = "idempotency";

    fn encode(&self) -> Vec<u8> {
        let wire = Wire {
            request_digest: self.request_digest.into(),
            status: self.status,
            body: self.body.clone().into(),
            at_ms: self.at_ms,
            parts: (self.parts > 1).then_some(self.parts),
        };
        // A build that does not know of parts would answer with the first one.
        if self.parts > 1 { seal_as(LIFE_CYCLE, &wire) } else { seal(&wire) }
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let wire: Wire = open(Self::KIND, bytes)?;
        let parts = wire.parts.unwrap_or(1);
        if !(1..=Self::MAX_PARTS).contains(&parts) {
            return Err(damaged(Self::KIND, &"number of parts"));
        }
        Ok(Self {
            request_digest: wire.request_digest.into(),
            status: wire.status,
            body: wire.body.into(),
            at_ms: wire.at_ms,
            parts,
        })
    }
}

impl Record for ContinuationRecord {
    const KIND: &'static str = "continuation";

    fn encode(&self) -> Vec<u8> {
        seal_as(LIFE_CYCLE, &ContinuationWire { part: self.part, body: self.body.clone().into() })
    }

    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let wire: ContinuationWire = open(Self::KIND, bytes)?;
        Ok(Self { part: wire.part, body: wire.body.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: [u8; 32] = [7; 32];

    fn record(body: Vec<u8>) -> IdempotencyRecord {
        IdempotencyRecord { request_digest: [0xAB; 32], status: 200, body, at_ms: 77, parts: 1 }
    }

    /// Reads all parts back as a daemon does.
    fn joined(parts: &[StoredPart]) -> IdempotencyRecord {
        let mut whole = IdempotencyRecord::decode(&parts[0].1).unwrap();
        assert_eq!(parts[0].0, NAME);
        for part in 1..whole.parts {
            let (digest, bytes) = &parts[usize::from(part)];
            assert_eq!(*digest, IdempotencyRecord::part_digest(&NAME, part));
            whole.join(part, bytes).unwrap();
        }
        assert_eq!(usize::from(whole.parts), parts.len());
        whole
    }

    #[test]
    fn the_stored_form_does_not_drift_and_comes_back() {
        let record = record(b"{}".to_vec());
        let bytes = record.encode();
        assert_eq!(
            hex::encode(&bytes),
            format!("830101a4015820{}0218c803427b7d04184d", "ab".repeat(32))
        );
        assert_eq!(IdempotencyRecord::decode(&bytes).unwrap(), record);
    }

    #[test]
    fn the_stored_form_of_parts_does_not_drift() {
        let first = IdempotencyRecord { parts: 3, ..record(b"{}".to_vec()) };
        assert_eq!(
            hex::encode(first.encode()),
            format!("830202a5015820{}0218c803427b7d04184d0503", "ab".repeat(32))
        );
        let later = ContinuationRecord { part: 2, body: b"{}".to_vec() };
        assert_eq!(hex::encode(later.encode()), "830202a2010202427b7d");
        assert_eq!(
            hex::encode(IdempotencyRecord::part_digest(&NAME, 258)),
            hex::encode(Sha256::digest([&NAME[..], &[1, 2]].concat()))
        );
    }

    #[test]
    fn bodies_of_every_length_come_back() {
        let part = IdempotencyRecord::MAX_PART;
        for length in [0, 1, part - 1, part, part + 1, 2 * part, 262_144] {
            let body: Vec<u8> = (0..=250).cycle().take(length).collect();
            let parts = record(body.clone()).split(&NAME).unwrap();
            assert_eq!(parts.len(), length.div_ceil(part).max(1), "{length}");
            assert_eq!(joined(&parts).body, body, "{length}");
        }
    }

    #[test]
    fn the_longest_body_fits_into_values_and_a_longer_one_is_refused() {
        let mut longest = record(vec![0; IdempotencyRecord::MAX_BODY]);
        (longest.status, longest.at_ms) = (u16::MAX, u64::MAX);
        let parts = longest.clone().split(&NAME).unwrap();
        assert_eq!(parts.len(), usize::from(IdempotencyRecord::MAX_PARTS));
        assert!(parts.iter().all(|(_, bytes)| bytes.len() <= crate::port::MAX_VALUE));
        longest.body.push(0);
        assert_eq!(longest.split(&NAME), None);
    }

    #[test]
    fn a_part_in_the_wrong_place_is_damage() {
        let parts = record(vec![0; 9_000]).split(&NAME).unwrap();
        let mut whole = IdempotencyRecord::decode(&parts[0].1).unwrap();
        assert!(matches!(whole.join(1, &parts[2].1), Err(StoreError::Corrupt(_))));
        let none = IdempotencyRecord { parts: 0x7FFF, ..record(Vec::new()) };
        assert!(matches!(IdempotencyRecord::decode(&none.encode()), Err(StoreError::Corrupt(_))));
    }
}
