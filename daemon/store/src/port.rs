//! The storage trait: atomic conditional units, not key-value verbs.
//!
//! A [`Unit`] is a handful of steps that stand or fall together with the audit entries that record
//! them. [`Store::commit`] returns only when the unit is durable (power loss included).

use std::{future::Future, pin::Pin};

use thiserror::Error;

/// What trait methods return; the engines are chosen at run time, so the trait must be object safe.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Version of one value. Grows with every write of the key; never 0.
pub type Version = u64;

/// Key inside a space, 1 to [`MAX_KEY`] bytes.
pub type Key = Vec<u8>;

/// Sequence number and hash of the last audit record; `None` before the first.
pub type ChainHead = Option<(u64, [u8; 32])>;

/// Longest key, in bytes.
pub const MAX_KEY: usize = 512;

/// Longest value, in bytes: larger ones are not durable in sled.
pub const MAX_VALUE: usize = 3_500;

/// Longest body of an audit record, in bytes: the hash of its predecessor is stored beside it.
pub const MAX_AUDIT_BODY: usize = MAX_VALUE - 32;

/// Most steps, and most audit entries, of one unit: what a change of 500 users of one contract needs,
/// each with their token and a hint or two, and the answer that is kept.
pub const MAX_STEPS: usize = 2_048;

/// What kind of thing a key names. The discriminant is the first byte of the stored key and never
/// changes its meaning.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum Space {
    /// Schema, identity of the store, identity of the HSM it belongs to.
    Meta = 1,
    /// Tokens: `institution 00 serial`.
    Token = 2,
    /// Batches of imported tokens: `institution 00 batch`.
    Batch = 3,
    /// Answers kept for repeated requests: `bucket (u32 BE) digest (32)`.
    Idempotency = 4,
    /// Audit records of this instance: `sequence (u64 BE)`. Written by the engine only.
    Audit = 5,
    /// Signed heads of the audit chain: `sequence (u64 BE)`.
    Checkpoint = 6,
    /// What a batch has staged so far, so that an abandoned one can be removed at the cost of its
    /// own size: `institution 00 batch 00 chunk (u32 BE)`. Gone once the batch is active.
    Manifest = 7,
    /// Contracts: `institution 00 contract`.
    Contract = 8,
    /// Users of contracts: `institution 00 contract 00 user`.
    User = 9,
    /// Who may hold a token: `institution 00 serial 00 contract 00 user`. A hint: the user's own
    /// record says whether it is so.
    Holder = 10,
    /// Which tokens may belong to a contract: `institution 00 contract 00 serial`. A hint: the
    /// token's own record says whether it is so.
    Owned = 11,
    /// Grants: `bucket (u32 BE) id (12)`.
    Grant = 12,
    /// What users were asked to sign: `institution 00 serial 00 nonce (12)`.
    Challenge = 13,
    /// Which token of a contract bears a token code: `institution 00 contract 00 code (6)`.
    TokenCode = 14,
    /// What waits for a second person, and what became of it: `institution 00 id (12)`.
    Proposal = 15,
    /// Key ceremonies: `institution 00 id (16)`.
    Ceremony = 16,
    /// Keys of the HSM that officers made: `institution 00 label`.
    Key = 17,
    /// The change of the wrapping key, one for the store: `rotation`.
    Rotation = 18,
}

impl Space {
    /// All spaces, in the order a backup walks them: what points elsewhere before what it points
    /// to, hints after what they are about, so that neither is missing; how far the wrapping key was
    /// changed before the tokens, so that none is behind it; the audit chain last, so that it covers
    /// whatever changed meanwhile.
    pub const ALL: [Self; 18] = [
        Self::Meta,
        Self::Rotation,
        Self::Key,
        Self::Batch,
        Self::Manifest,
        Self::Token,
        Self::User,
        Self::Contract,
        Self::Holder,
        Self::Owned,
        Self::TokenCode,
        Self::Grant,
        Self::Challenge,
        Self::Proposal,
        Self::Ceremony,
        Self::Idempotency,
        Self::Checkpoint,
        Self::Audit,
    ];
}

/// A stored value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Versioned {
    /// For [`Expect::At`].
    pub version: Version,
    /// The record, encoded by [`crate::record`].
    pub bytes: Vec<u8>,
}

/// What must be true of a key for the unit to be applied.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Expect {
    /// There is no such key.
    Absent,
    /// It has this version.
    At(Version),
    /// Whatever is there.
    Any,
}

/// What becomes of a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Write {
    /// Stays as it is: a pure condition.
    Keep,
    /// Is stored; at most [`MAX_VALUE`] bytes.
    Put(Vec<u8>),
    /// Is removed.
    Delete,
}

/// One step of a unit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// Where.
    pub space: Space,
    /// Which.
    pub key: Key,
    /// Condition.
    pub expect: Expect,
    /// Effect.
    pub write: Write,
}

/// The body of one audit record (`warifu_core::event::Event`, encoded). The engine numbers and chains it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditEntry(pub Vec<u8>);

/// Steps and audit entries that stand or fall together.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Unit {
    /// All conditions hold, or nothing is applied. No key twice, at most [`MAX_STEPS`].
    pub steps: Vec<Step>,
    /// Appended to the chain in this order.
    pub audit: Vec<AuditEntry>,
}

/// How a commit ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Commit {
    /// Applied and durable.
    Done {
        /// New version of each step's key, in order (0 for deleted or kept-absent keys).
        versions: Vec<Version>,
        /// Sequence number of the last audit entry, if there was one.
        audit_seq: Option<u64>,
    },
    /// A condition did not hold; nothing was applied.
    Conflict {
        /// Index of the first step that failed.
        step: usize,
        /// What is there now.
        current: Option<Versioned>,
    },
}

/// One page of a scan.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Page {
    /// Keys (without the space) and values, ascending.
    pub items: Vec<(Key, Versioned)>,
    /// Pass as `after` to go on; `None` at the end.
    pub next: Option<Key>,
}

/// Why the store gave no answer. By what the caller does next.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Surely not applied: try again later (503).
    #[error("the store is out of reach")]
    Unavailable,
    /// It may or may not have been applied: read back before saying anything.
    #[error("the store did not say whether the change was made")]
    Indeterminate,
    /// Surely not applied: no room on the device. Free some; reading still works.
    #[error("the store's device is full")]
    Full,
    /// A stored value can not be what we wrote.
    #[error("stored data is damaged: {0}")]
    Corrupt(String),
    /// The unit breaks the trait's rules; a bug on our side.
    #[error("the unit is malformed: {0}")]
    Malformed(&'static str),
    /// The engine can not go on. Stop the process and answer nothing.
    #[error("the store failed: {0}")]
    Fatal(String),
}

/// An engine.
pub trait Store: Send + Sync + 'static {
    /// The value of a key; sees every commit that was answered before the call.
    fn load<'a>(
        &'a self,
        space: Space,
        key: &'a [u8],
    ) -> BoxFuture<'a, Result<Option<Versioned>, StoreError>>;

    /// Applies a unit and returns when it is durable.
    fn commit(&self, unit: Unit) -> BoxFuture<'_, Result<Commit, StoreError>>;

    /// Keys of `space` that begin with `prefix`, greater than `after`, ascending, at most `limit`.
    fn scan<'a>(
        &'a self,
        space: Space,
        prefix: &'a [u8],
        after: Option<&'a [u8]>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Page, StoreError>>;

    /// The last durable audit record.
    fn audit_head(&self) -> BoxFuture<'_, Result<ChainHead, StoreError>>;

    /// Stops accepting commits, finishes those under way and closes the files.
    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>>;
}
