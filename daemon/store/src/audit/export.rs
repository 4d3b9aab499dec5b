//! Writing an export while the daemon runs: the chain up to the head at the beginning, in chunks
//! that the caller sends on, and a last line that the HSM signs.
//!
//! Not responsible for: signing, and where the bytes go.

use std::{collections::VecDeque, sync::Arc};

use sha2::{Digest, Sha256};
use warifu_core::time::UnixTime;

use super::{
    chain::{AuditRecord, ZERO_HASH},
    line::{
        CheckpointLine, FORMAT, HeaderLine, Line, RecordLine, SegmentLine, TrailerLine, VERSION,
    },
    statement::{Closing, Head, Purpose},
};
use crate::{
    port::{Key, Space, Store, StoreError},
    record::{self, CheckpointRecord, DecodedEvent, Record, StoreMeta},
};

/// Records per chunk.
const CHUNK: usize = 200;

/// An export under way. Ask for chunks until there is none, have [`ExportReader::closing`] signed,
/// then [`ExportReader::finish`].
pub struct ExportReader {
    store: Arc<dyn Store>,
    meta: StoreMeta,
    public_key: Vec<u8>,
    head: Head,
    begun: bool,
    after: Option<Key>,
    complete: bool,
    checkpoints: Checkpoints,
    stream: Sha256,
    records: u64,
}

/// Stored checkpoints in order, read ahead by the page.
#[derive(Default)]
struct Checkpoints {
    ahead: VecDeque<CheckpointRecord>,
    after: Option<Key>,
    complete: bool,
    written: u64,
}

impl ExportReader {
    /// Begins at the chain's present head. `public_key`: of the HSM's audit key, uncompressed
    /// point. `at_ms`: now, in milliseconds since the epoch.
    pub async fn begin(
        store: Arc<dyn Store>,
        meta: &StoreMeta,
        public_key: &[u8],
        at_ms: u64,
    ) -> Result<Self, StoreError> {
        let (seq, hash) = store.audit_head().await?.unwrap_or((0, ZERO_HASH));
        let instance = meta.instance_at(seq).clone();
        Ok(Self {
            store,
            meta: meta.clone(),
            public_key: public_key.to_vec(),
            head: Head { instance, seq, hash, at_ms },
            begun: false,
            after: None,
            complete: seq == 0,
            checkpoints: Checkpoints::default(),
            stream: Sha256::new(),
            records: 0,
        })
    }

    /// Number of records that the export will have.
    pub fn total(&self) -> u64 {
        self.head.seq
    }

    /// The next lines; `None` when only the last one is missing.
    pub async fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let mut out = Vec::new();
        if !std::mem::replace(&mut self.begun, true) {
            out.extend(self.header().to_bytes());
        } else if self.complete {
            return Ok(None);
        }
        if !self.complete {
            self.records_into(&mut out).await?;
        }
        self.stream.update(&out);
        Ok(Some(out))
    }

    /// What the HSM signs, once all chunks are out.
    pub fn closing(&self) -> Closing {
        Closing {
            purpose: Purpose::AuditExport,
            stream: self.stream.clone().finalize().into(),
            count: self.records,
            head: self.head.clone(),
        }
    }

    /// The last line.
    pub fn finish(self, signature: &[u8; 64]) -> Vec<u8> {
        let stream: [u8; 32] = self.stream.finalize().into();
        let trailer = TrailerLine {
            records: self.records,
            checkpoints: self.checkpoints.written,
            seq: self.head.seq,
            instance: self.head.instance.as_str().to_owned(),
            hash: hex::encode(self.head.hash),
            at: UnixTime(self.head.at_ms / 1_000).to_rfc3339(),
            at_ms: self.head.at_ms,
            stream: hex::encode(stream),
            signature: hex::encode(signature),
        };
        Line::Trailer(trailer).to_bytes()
    }

    fn header(&self) -> Line {
        let segments = self.meta.segments().into_iter().map(|segment| SegmentLine {
            first_seq: segment.first_seq,
            instance: segment.instance.as_str().to_owned(),
        });
        Line::Header(HeaderLine {
            format: FORMAT.to_owned(),
            version: VERSION,
            store_id: hex::encode(self.meta.store_id),
            segments: segments.collect(),
            public_key: hex::encode(&self.public_key),
        })
    }

    async fn records_into(&mut self, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let page = self.store.scan(Space::Audit, b"", self.after.as_deref(), CHUNK).await?;
        self.complete = page.next.is_none();
        self.after = page.next;
        for (key, value) in page.items {
            let record = AuditRecord::decode(&key, &value.bytes)?;
            if record.seq > self.head.seq {
                self.complete = true;
                break;
            }
            let seq = record.seq;
            out.extend(self.record_line(record)?.to_bytes());
            self.records = self.records.saturating_add(1);
            self.checkpoints.write_up_to(seq, &*self.store, out).await?;
        }
        Ok(())
    }

    fn record_line(&self, record: AuditRecord) -> Result<Line, StoreError> {
        Ok(Line::Record(Box::new(RecordLine {
            seq: record.seq,
            event: DecodedEvent::decode(&record.body)?,
            prev: hex::encode(record.prev),
            hash: hex::encode(record.hash(self.meta.instance_at(record.seq))),
            body: hex::encode(record.body),
        })))
    }
}

impl Checkpoints {
    /// Writes the checkpoint of record `seq`, where there is one.
    async fn write_up_to(
        &mut self,
        seq: u64,
        store: &dyn Store,
        out: &mut Vec<u8>,
    ) -> Result<(), StoreError> {
        loop {
            if self.ahead.is_empty() && !self.complete {
                self.read_ahead(store).await?;
            }
            match self.ahead.front() {
                Some(checkpoint) if checkpoint.seq <= seq => {}
                _ => return Ok(()),
            }
            if let Some(checkpoint) = self.ahead.pop_front().filter(|c| c.seq == seq) {
                out.extend(line(&checkpoint).to_bytes());
                self.written = self.written.saturating_add(1);
            }
        }
    }

    async fn read_ahead(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let page = store.scan(Space::Checkpoint, b"", self.after.as_deref(), CHUNK).await?;
        self.complete = page.next.is_none();
        self.after = page.next;
        for (key, value) in page.items {
            if record::parse_sequence(&key).is_some() {
                self.ahead.push_back(CheckpointRecord::decode(&value.bytes)?);
            }
        }
        Ok(())
    }
}

fn line(checkpoint: &CheckpointRecord) -> Line {
    Line::Checkpoint(CheckpointLine {
        seq: checkpoint.seq,
        instance: checkpoint.instance.as_str().to_owned(),
        hash: hex::encode(checkpoint.hash),
        at: UnixTime(checkpoint.at_ms / 1_000).to_rfc3339(),
        at_ms: checkpoint.at_ms,
        signature: hex::encode(checkpoint.signature),
    })
}
