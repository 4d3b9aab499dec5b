//! Taking a backup: chunks that the caller sends on, and a last frame that the HSM signs.
//!
//! Not responsible for: signing, and where the bytes go.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::frame::{Frame, HeaderFrame, MAGIC, RecordFrame, TrailerFrame};
use crate::{
    audit::{Closing, Head, Purpose, ZERO_HASH},
    port::{ChainHead, Key, Page, Space, Store, StoreError},
    record::{self, Record, StoreMeta},
};

/// Records per chunk.
const CHUNK: usize = 500;

/// A backup under way. Ask for chunks until there is none, have [`BackupReader::closing`] signed,
/// then [`BackupReader::finish`].
pub struct BackupReader {
    store: Arc<dyn Store>,
    meta: StoreMeta,
    at_ms: u64,
    /// `Some` once the audit chain is being read: the head up to which it is.
    end: Option<ChainHead>,
    spaces: std::iter::Peekable<std::vec::IntoIter<Space>>,
    after: Option<Key>,
    begun: bool,
    stream: Sha256,
    count: u64,
}

impl BackupReader {
    /// Prepares a backup. `at_ms`: now, in milliseconds since the epoch.
    pub fn begin(store: Arc<dyn Store>, meta: &StoreMeta, at_ms: u64) -> Self {
        let kept = |space: &Space| {
            use Space::{Ceremony, Challenge, Grant, Idempotency, Manifest};
            !matches!(space, Idempotency | Manifest | Grant | Challenge | Ceremony)
        };
        let spaces: Vec<Space> = Space::ALL.into_iter().filter(kept).collect();
        Self {
            store,
            meta: meta.clone(),
            at_ms,
            end: None,
            spaces: spaces.into_iter().peekable(),
            after: None,
            begun: false,
            stream: Sha256::new(),
            count: 0,
        }
    }

    /// Number of records read so far.
    pub fn records(&self) -> u64 {
        self.count
    }

    /// The next bytes; `None` when only the last frame is missing.
    pub async fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let mut out = Vec::new();
        if !std::mem::replace(&mut self.begun, true) {
            self.header_into(&mut out).await?;
        }
        while out.is_empty() {
            let Some(space) = self.spaces.peek().copied() else { return Ok(None) };
            self.page_into(space, &mut out).await?;
        }
        self.stream.update(&out);
        Ok(Some(out))
    }

    /// What the HSM signs, once all chunks are out.
    pub fn closing(&self) -> Closing {
        let (seq, hash) = self.end.flatten().unwrap_or((0, ZERO_HASH));
        Closing {
            purpose: Purpose::Backup,
            stream: self.stream.clone().finalize().into(),
            count: self.count,
            head: Head {
                instance: self.meta.instance_at(seq).clone(),
                seq,
                hash,
                at_ms: self.at_ms,
            },
        }
    }

    /// The last frame.
    pub fn finish(self, signature: &[u8; 64]) -> Vec<u8> {
        let closing = self.closing();
        let trailer = TrailerFrame {
            count: closing.count,
            stream: closing.stream.into(),
            seq: closing.head.seq,
            hash: closing.head.hash.into(),
            signature: signature.to_vec().into(),
        };
        let mut out = Vec::new();
        Frame::Trailer(trailer).write(&mut out);
        out
    }

    async fn header_into(&mut self, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let audit_seq = self.store.audit_head().await?.map_or(0, |(seq, _)| seq);
        out.extend_from_slice(MAGIC);
        let meta = self.meta.encode().into();
        Frame::Header(HeaderFrame { meta, at_ms: self.at_ms, audit_seq }).write(out);
        Ok(())
    }

    async fn page_into(&mut self, space: Space, out: &mut Vec<u8>) -> Result<(), StoreError> {
        if space == Space::Audit && self.end.is_none() {
            self.end = Some(self.store.audit_head().await?);
        }
        let page = self.store.scan(space, b"", self.after.as_deref(), CHUNK).await?;
        let Page { items, next } = page;
        let mut ended = next.is_none();
        for (key, value) in items {
            if self.is_behind_the_end(space, &key) {
                ended = true;
                break;
            }
            if space == Space::Meta && key == record::meta_key() {
                continue; // it is the header
            }
            let version = value.version;
            let (key, bytes) = (key.into(), value.bytes.into());
            Frame::Record(RecordFrame { space: space as u8, key, version, bytes }).write(out);
            self.count = self.count.saturating_add(1);
        }
        self.after = if ended { None } else { next };
        if ended {
            self.spaces.next();
        }
        Ok(())
    }

    /// The chain grows while it is read; what came after the head that is signed stays out.
    fn is_behind_the_end(&self, space: Space, key: &[u8]) -> bool {
        let last = self.end.flatten().map_or(0, |(seq, _)| seq);
        space == Space::Audit && record::parse_sequence(key).is_some_and(|seq| seq > last)
    }
}
