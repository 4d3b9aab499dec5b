//! Making a store from a backup: everything is checked before the store gets its name.
//!
//! Not responsible for: whether the backup fits this daemon's HSM (the fingerprint in the restored
//! identity is compared at every start).

use std::{
    collections::HashSet,
    fmt::Display,
    io::{BufRead, Read},
    path::Path,
};

use sha2::{Digest, Sha256};
use thiserror::Error;
use warifu_core::{
    event::{Action, Event, Parties},
    ident::{Institution, Name},
    time::UnixTime,
};

use super::{
    bonds::Bonds,
    bring_up::bring_up,
    frame::{Frame, FrameError, HeaderFrame, MAGIC, RecordFrame, TrailerFrame},
    later::Later,
};
use crate::{
    audit::{AuditRecord, Closing, Fault, Head, Purpose, ZERO_HASH, verify_signature, walk_export},
    port::Space,
    record::{
        self, BatchRecord, BatchState, ClockRecord, ContractRecord, DecodedEvent, HintRecord,
        KeyRecord, ProposalRecord, Record, RotationRecord, StoreMeta, TokenCodeRecord, TokenRecord,
        UserRecord, encode_event,
    },
    sled_engine::{Builder, OpenError},
};

/// What a restore is told.
#[derive(Clone, Debug)]
pub struct RestoreOptions<'a> {
    /// The HSM's audit key, uncompressed point: the backup and the export must be signed by it.
    pub public_key: &'a [u8],
    /// Now, in milliseconds since the epoch.
    pub now_ms: u64,
    /// The widest window that any institution's policy accepts, in time steps.
    pub window_steps: u32,
    /// 16 random bytes: the identity of the new store.
    pub store_id: [u8; 16],
    /// Who restores, for the audit chain.
    pub actor: Name,
}

/// What a restore did.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RestoreReport {
    /// When the backup was begun, in milliseconds since the epoch.
    pub backup_at_ms: u64,
    /// Tokens restored.
    pub tokens: u64,
    /// Batches restored.
    pub batches: u64,
    /// Batches whose import was not finished, left out.
    pub unfinished_batches: u64,
    /// Tokens of batches that were not active, left out.
    pub unfinished_tokens: u64,
    /// Contracts restored.
    pub contracts: u64,
    /// Users of contracts restored.
    pub users: u64,
    /// Audit records restored.
    pub audit_records: u64,
    /// Tokens changed by audit records later than their own record.
    pub brought_up: u64,
    /// Bonds of users to tokens that such records ended.
    pub ended: u64,
}

/// Why nothing was restored. The target is as it was.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// The stream is no backup, or damaged: take another copy.
    #[error("the backup is damaged at record {record}: {what}")]
    Damaged {
        /// Number of the record, from 0 (the header).
        record: u64,
        /// What is wrong.
        what: String,
    },
    /// The signature is not by the trusted key: changed, or of another HSM.
    #[error("the backup is not signed by this HSM's audit key")]
    Forged,
    /// The audit export is not sound.
    #[error("the audit export is not sound")]
    Export(#[source] Fault),
    /// The audit export does not continue the backup's chain.
    #[error("the audit export is of another chain, or older than the backup")]
    OtherChain,
    /// The new store could not be made.
    #[error("the new store could not be made")]
    Store(#[from] OpenError),
    /// Reading the stream failed.
    #[error("reading the backup failed")]
    Io(#[source] std::io::Error),
}

/// Restores into `target`, which must not exist. `audit`: an export taken after the backup.
pub fn restore(
    target: &Path,
    mut backup: impl Read,
    audit: Option<&mut dyn BufRead>,
    options: &RestoreOptions<'_>,
) -> Result<RestoreReport, RestoreError> {
    let mut run = Run::begin(target, &mut backup, options)?;
    let head = loop {
        match run.next(&mut backup)? {
            (Frame::Header(_), _) => return Err(run.damaged("a second header")),
            (Frame::Record(frame), bytes) => run.record(&frame, &bytes)?,
            (Frame::Trailer(trailer), _) => break run.trailer(&trailer, &mut backup)?,
        }
    };
    if let Some(export) = audit {
        run.export(export, &head)?;
    }
    run.finish(&head)
}

/// A restore under way.
struct Run<'a> {
    options: &'a RestoreOptions<'a>,
    builder: Builder,
    meta: StoreMeta,
    /// Audit records after this one may tell more than the records of the stream.
    told_from: u64,
    stream: Sha256,
    count: u64,
    last_space: usize,
    active: HashSet<(Institution, Name)>,
    clock_ms: u64,
    seq: u64,
    hash: [u8; 32],
    later: Later,
    bonds: Bonds,
    report: RestoreReport,
}

impl<'a> Run<'a> {
    fn begin(
        target: &Path,
        backup: &mut impl Read,
        options: &'a RestoreOptions<'a>,
    ) -> Result<Self, RestoreError> {
        let damaged = |what: &str| RestoreError::Damaged { record: 0, what: what.to_owned() };
        let mut magic = [0; MAGIC.len()];
        backup.read_exact(&mut magic).map_err(|_| damaged("it does not begin like a backup"))?;
        if &magic != MAGIC {
            return Err(damaged("it does not begin like a backup"));
        }
        let (Frame::Header(header), bytes) = read_frame(backup, 0)? else {
            return Err(damaged("it has no header"));
        };
        let HeaderFrame { meta, at_ms, audit_seq } = header;
        let meta = StoreMeta::decode(&meta).map_err(|e| damaged(&e.to_string()))?;
        if meta.schema > record::SCHEMA {
            return Err(damaged("it was taken by a newer version"));
        }
        let mut staged = meta.clone();
        staged.store_id = options.store_id;
        let mut stream = Sha256::new();
        stream.update(magic);
        stream.update(bytes);
        Ok(Self {
            options,
            builder: Builder::create(target, staged)?,
            meta,
            told_from: audit_seq,
            stream,
            count: 0,
            last_space: 0,
            active: HashSet::new(),
            // A clock that is behind the backup would leave codes open that were used before it.
            clock_ms: options.now_ms.max(at_ms),
            seq: 0,
            hash: ZERO_HASH,
            later: Later::default(),
            bonds: Bonds::default(),
            report: RestoreReport { backup_at_ms: at_ms, ..RestoreReport::default() },
        })
    }

    fn next(&self, backup: &mut impl Read) -> Result<(Frame, Vec<u8>), RestoreError> {
        read_frame(backup, self.count.saturating_add(1))
    }

    fn damaged(&self, what: impl Display) -> RestoreError {
        RestoreError::Damaged { record: self.count, what: format!("{what}") }
    }

    fn record(&mut self, frame: &RecordFrame, bytes: &[u8]) -> Result<(), RestoreError> {
        self.stream.update(bytes);
        self.count = self.count.saturating_add(1);
        let place = Space::ALL.into_iter().position(|space| space as u8 == frame.space);
        let place = place.filter(|place| *place >= self.last_space);
        let place = place.ok_or_else(|| self.damaged("a space is unknown or out of order"))?;
        self.last_space = place;
        match Space::ALL[place] {
            Space::Meta => self.meta_record(frame),
            Space::Batch => self.batch(frame),
            Space::Token => self.token(frame),
            Space::Audit => self.audit(frame),
            Space::Checkpoint => self.put(Space::Checkpoint, frame, &frame.bytes),
            Space::Contract => self.contract(frame),
            Space::User => self.user(frame),
            Space::Holder => self.hint(Space::Holder, frame),
            Space::Owned => self.hint(Space::Owned, frame),
            Space::TokenCode => self.token_code(frame),
            Space::Key => self.key_of_hsm(frame),
            Space::Rotation => self.rotation(frame),
            Space::Proposal => self.proposal(frame),
            Space::Idempotency
            | Space::Manifest
            | Space::Grant
            | Space::Challenge
            | Space::Ceremony => Err(self.damaged("a space that does not belong into a backup")),
        }
    }

    fn put(&mut self, space: Space, frame: &RecordFrame, bytes: &[u8]) -> Result<(), RestoreError> {
        Ok(self.builder.put(space, &frame.key, frame.version, bytes)?)
    }

    /// The clock never runs behind the restore, nor behind what the lost store had seen.
    fn meta_record(&mut self, frame: &RecordFrame) -> Result<(), RestoreError> {
        if *frame.key == record::meta_key() {
            return Err(self.damaged("a second identity"));
        }
        if *frame.key == record::clock_key() {
            let clock = ClockRecord::decode(&frame.bytes).map_err(|e| self.damaged(e))?;
            self.clock_ms = self.clock_ms.max(clock.high_water_ms);
            return Ok(());
        }
        self.put(Space::Meta, frame, &frame.bytes)
    }

    fn batch(&mut self, frame: &RecordFrame) -> Result<(), RestoreError> {
        let batch = BatchRecord::decode(&frame.bytes).map_err(|e| self.damaged(e))?;
        if *frame.key != record::batch_key(&batch.institution, &batch.name) {
            return Err(self.damaged("a batch lies under another one's key"));
        }
        // What waits for an approval was perhaps decided on since: it is imported again.
        if matches!(batch.state, BatchState::Staging | BatchState::Pending) {
            self.report.unfinished_batches = self.report.unfinished_batches.saturating_add(1);
            return Ok(());
        }
        if batch.state == BatchState::Active {
            self.active.insert((batch.institution, batch.name));
        }
        self.report.batches = self.report.batches.saturating_add(1);
        self.put(Space::Batch, frame, &frame.bytes)
    }

    fn token(&mut self, frame: &RecordFrame) -> Result<(), RestoreError> {
        let mut token = TokenRecord::decode(&frame.bytes).map_err(|e| self.damaged(e))?;
        if *frame.key != record::token_key(&token.id()) {
            return Err(self.damaged("a token lies under another one's key"));
        }
        if !self.active.contains(&(token.institution.clone(), token.batch.clone())) {
            self.report.unfinished_tokens = self.report.unfinished_tokens.saturating_add(1);
            return Ok(());
        }
        let now = UnixTime(self.clock_ms / 1_000);
        token.token.set_replay_floor(now, self.options.window_steps);
        self.report.tokens = self.report.tokens.saturating_add(1);
        self.put(Space::Token, frame, &token.encode())
    }

    fn key_of_hsm(&mut self, frame: &RecordFrame) -> Result<(), RestoreError> {
        let key = KeyRecord::decode(&frame.bytes).map_err(|e| self.damaged(e))?;
        if *frame.key != key.key() {
            return Err(self.damaged("a key lies under another one's label"));
        }
        self.put(Space::Key, frame, &frame.bytes)
    }

    fn rotation(&mut self, frame: &RecordFrame) -> Result<(), RestoreError> {
        RotationRecord::decode(&frame.bytes).map_err(|e| self.damaged(e))?;
        if *frame.key != RotationRecord::key() {
            return Err(self.damaged("the change of the wrapping key lies under a wrong key"));
        }
        self.put(Space::Rotation, frame, &frame.bytes)
    }

    /// What was decided is history and stays. What was not may have been since, and would be open
    /// again: it is proposed anew.
    fn proposal(&mut self, frame: &RecordFrame) -> Result<(), RestoreError> {
        let proposal = ProposalRecord::decode(&frame.bytes).map_err(|e| self.damaged(e))?;
        if *frame.key != proposal.key() {
            return Err(self.damaged("a proposal lies under another one's key"));
        }
        if proposal.state.is_final() {
            return self.put(Space::Proposal, frame, &frame.bytes);
        }
        Ok(())
    }

    fn contract(&mut self, frame: &RecordFrame) -> Result<(), RestoreError> {
        let contract = ContractRecord::decode(&frame.bytes).map_err(|e| self.damaged(e))?;
        if *frame.key != contract.key() {
            return Err(self.damaged("a contract lies under another one's key"));
        }
        self.report.contracts = self.report.contracts.saturating_add(1);
        self.put(Space::Contract, frame, &frame.bytes)
    }

    fn user(&mut self, frame: &RecordFrame) -> Result<(), RestoreError> {
        let user = UserRecord::decode(&frame.bytes).map_err(|e| self.damaged(e))?;
        if *frame.key != user.key() {
            return Err(self.damaged("a user lies under another one's key"));
        }
        self.report.users = self.report.users.saturating_add(1);
        self.put(Space::User, frame, &frame.bytes)
    }

    fn hint(&mut self, space: Space, frame: &RecordFrame) -> Result<(), RestoreError> {
        HintRecord::decode(&frame.bytes).map_err(|e| self.damaged(e))?;
        let is_key = match space {
            Space::Holder => record::parse_holder_key(&frame.key).is_some(),
            _ => record::parse_owned_key(&frame.key).is_some(),
        };
        if !is_key {
            return Err(self.damaged("the key of a hint is none"));
        }
        self.put(space, frame, &frame.bytes)
    }

    fn token_code(&mut self, frame: &RecordFrame) -> Result<(), RestoreError> {
        TokenCodeRecord::decode(&frame.bytes).map_err(|e| self.damaged(e))?;
        if record::parse_token_code_key(&frame.key).is_none() {
            return Err(self.damaged("the key of a token code is none"));
        }
        self.put(Space::TokenCode, frame, &frame.bytes)
    }

    fn audit(&mut self, frame: &RecordFrame) -> Result<(), RestoreError> {
        let record = AuditRecord::decode(&frame.key, &frame.bytes).map_err(|e| self.damaged(e))?;
        if record.seq != self.seq.saturating_add(1) || record.prev != self.hash {
            return Err(self.damaged("the audit chain is broken"));
        }
        self.hash = record.hash(self.meta.instance_at(record.seq));
        self.seq = record.seq;
        if record.seq > self.told_from {
            let event = DecodedEvent::decode(&record.body).map_err(|e| self.damaged(e))?;
            self.later.note(&event);
            self.bonds.note(&event);
        }
        self.report.audit_records = self.report.audit_records.saturating_add(1);
        self.put(Space::Audit, frame, &frame.bytes)
    }

    fn trailer(
        &self,
        trailer: &TrailerFrame,
        backup: &mut impl Read,
    ) -> Result<Head, RestoreError> {
        let stream: [u8; 32] = self.stream.clone().finalize().into();
        if trailer.count != self.count || *trailer.stream != stream {
            return Err(self.damaged("records are missing, changed or added"));
        }
        if trailer.seq != self.seq || *trailer.hash != self.hash {
            return Err(self.damaged("the audit chain does not end where the backup says"));
        }
        let head = Head {
            instance: self.meta.instance_at(self.seq).clone(),
            seq: self.seq,
            hash: self.hash,
            at_ms: self.report.backup_at_ms,
        };
        let closing =
            Closing { purpose: Purpose::Backup, stream, count: self.count, head: head.clone() };
        let (key, message) = (self.options.public_key, closing.message());
        if !verify_signature(key, &message, &trailer.signature) {
            return Err(RestoreError::Forged);
        }
        match backup.read(&mut [0]).map_err(RestoreError::Io)? {
            0 => Ok(head),
            _ => Err(self.damaged("something follows the end")),
        }
    }

    /// Takes what an export tells beyond the backup. It must pass through the backup's head, or it
    /// would be the history of another store.
    fn export(&mut self, export: &mut dyn BufRead, head: &Head) -> Result<(), RestoreError> {
        let mut continues = head.seq == 0;
        let (later, bonds) = (&mut self.later, &mut self.bonds);
        let summary = walk_export(export, Some(self.options.public_key), |record, hash, event| {
            continues |= record.seq == head.seq && *hash == head.hash;
            if record.seq > head.seq {
                later.note(event);
                bonds.note(event);
            }
        })
        .map_err(RestoreError::Export)?;
        if !continues || summary.store_id != hex::encode(self.meta.store_id) {
            return Err(RestoreError::OtherChain);
        }
        Ok(())
    }

    fn finish(mut self, head: &Head) -> Result<RestoreReport, RestoreError> {
        let now = UnixTime(self.clock_ms / 1_000);
        let changed = bring_up(&mut self.builder, &self.later, &self.bonds, now)?;
        (self.report.brought_up, self.report.ended) = (changed.brought_up, changed.ended);
        let clock = ClockRecord { high_water_ms: self.clock_ms };
        self.builder.replace(Space::Meta, &record::clock_key(), &clock.encode())?;
        let chain = (head.seq > 0).then_some((head.seq, head.hash));
        let first_seq = head.seq.saturating_add(1);
        self.builder.continue_chain(chain, self.meta.next_life(first_seq, self.options.store_id));
        let taken = UnixTime(self.report.backup_at_ms / 1_000).to_rfc3339();
        let event = Event {
            at_ms: self.clock_ms,
            institution: None,
            actor: self.options.actor.clone(),
            action: Action::Restore,
            serial: None,
            outcome: "done",
            number: Some(self.report.tokens),
            note: Some(format!("backup of {taken}, audit record {}", head.seq)),
            parties: Parties::default(),
        };
        self.builder.append(&[encode_event(&event)])?;
        self.builder.publish()?;
        Ok(self.report)
    }
}

fn read_frame(backup: &mut impl Read, record: u64) -> Result<(Frame, Vec<u8>), RestoreError> {
    Frame::read(backup).map_err(|error| match error {
        FrameError::Io(source) => RestoreError::Io(source),
        FrameError::Malformed => {
            RestoreError::Damaged { record, what: "the stream is cut off or no backup".to_owned() }
        }
    })
}
