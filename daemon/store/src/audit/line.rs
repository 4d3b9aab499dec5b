//! The lines of an export: JSON objects, one per line, in exactly one spelling.
//!
//! Not responsible for: whether what they say is true (see `verify`).

use serde::{Deserialize, Serialize};

use crate::record::DecodedEvent;

/// Value of `format` in a header.
pub(super) const FORMAT: &str = "warifu audit export";
/// Value of `version` in a header. 2: events may name a contract, its users, what was asserted and a
/// reference.
pub(super) const VERSION: u32 = 2;
/// Oldest version that is still read: its lines are lines of today's.
pub(super) const OLDEST: u32 = 1;

/// One line.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Line {
    Header(HeaderLine),
    Record(Box<RecordLine>),
    Checkpoint(CheckpointLine),
    Trailer(TrailerLine),
}

/// The first line: whose chain it is.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderLine {
    pub(super) format: String,
    pub(super) version: u32,
    pub(super) store_id: String,
    pub(super) segments: Vec<SegmentLine>,
    pub(super) public_key: String,
}

/// Which instance chained the records from `first_seq` on.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SegmentLine {
    pub(super) first_seq: u64,
    pub(super) instance: String,
}

/// A record: readable, and the exact bytes that were hashed.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordLine {
    pub(super) seq: u64,
    pub(super) event: DecodedEvent,
    pub(super) prev: String,
    pub(super) hash: String,
    pub(super) body: String,
}

/// A signed head, behind the record it is about.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckpointLine {
    pub(super) seq: u64,
    pub(super) instance: String,
    pub(super) hash: String,
    pub(super) at: String,
    pub(super) at_ms: u64,
    pub(super) signature: String,
}

/// The last line: nothing before it is missing or changed, nothing follows.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrailerLine {
    pub(super) records: u64,
    pub(super) checkpoints: u64,
    pub(super) seq: u64,
    pub(super) instance: String,
    pub(super) hash: String,
    pub(super) at: String,
    pub(super) at_ms: u64,
    pub(super) stream: String,
    pub(super) signature: String,
}

impl Line {
    /// The line with its end.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes =
            serde_json::to_vec(self).expect("strings and numbers always have a JSON form");
        bytes.push(b'\n');
        bytes
    }

    /// Reads a line without its end; only the spelling of [`Line::to_bytes`] is one.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let line: Self = serde_json::from_slice(text).ok()?;
        let spelled = line.to_bytes();
        (spelled.strip_suffix(b"\n") == Some(text)).then_some(line)
    }
}

/// Bytes of a fixed length from lower-case hex.
pub(super) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    unhex_any(text)?.try_into().ok()
}

/// Bytes from lower-case hex.
pub(super) fn unhex_any(text: &str) -> Option<Vec<u8>> {
    let lower = !text.bytes().any(|c| c.is_ascii_uppercase());
    lower.then(|| hex::decode(text).ok()).flatten()
}
