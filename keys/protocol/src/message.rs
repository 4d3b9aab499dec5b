//! Requests, jobs and replies.
//!
//! The first frame the daemon sends is a [`Hello`]; the worker answers with one [`Greeting`]. After
//! that every frame is a [`Request`] (a batch of jobs) and every answer a [`Response`] with as many
//! replies in the same order. Responses may overtake each other; `id` pairs them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{
    ceremony::{KcvMethod, TransportShape},
    reply::{JobError, Reply},
    report::{Doctor, Provider},
    secret::SecretBytes,
    source::SeedSource,
};

/// Opens the conversation.
#[derive(Debug, Deserialize, Serialize)]
pub struct Hello {
    /// [`crate::PROTOCOL`] of the daemon.
    pub protocol: u32,
    /// What to load and how.
    pub config: WorkerConfig,
    /// What the worker is started for.
    pub purpose: Purpose,
}

/// What the worker is started for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Purpose {
    /// Serve: all of Warifu's keys must exist and the self-test must pass.
    Serve,
    /// Look only: `warifu hsm doctor` on a token that may have no keys yet or fail the self-test.
    Inspect,
    /// Make the missing keys (`warifu hsm init`), then answer as for `Serve`. Existing keys are kept.
    Init,
}

/// Everything the worker needs to know. No secret in it: the PIN is read by the worker itself.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct WorkerConfig {
    /// The PKCS#11 module (`.so`).
    pub module: PathBuf,
    /// Text for `pReserved` of `C_Initialize`; NSS and kryoptic take their configuration there.
    pub module_argument: Option<String>,
    /// `CKA_LABEL` of the token; slot numbers move and are never used.
    pub token_label: String,
    /// Serial of the token; needed where two tokens share the label.
    pub token_serial: Option<String>,
    /// File with the user PIN: mode 0600 or stricter, owned by this uid, or a systemd credential.
    pub pin_file: PathBuf,
    /// Label prefix of Warifu's keys, `warifu` unless two installations share a token.
    pub key_prefix: String,
    /// Permanent worker sessions (and threads).
    pub sessions: u16,
    /// Unwrapped seed handles kept at most.
    pub cache_capacity: u32,
    /// Handles are dropped after this many seconds without being made anew.
    pub cache_ttl_s: u32,
    /// Unwraps after which the worker asks to be replaced (SoftHSM leaks); 0 = never.
    pub unwrap_quota: u64,
    /// Accept a provider that fails the self-test. For tests of that very case; never in production.
    pub allow_insecure_token: bool,
    /// How wrapping keys are made from now on; those that exist keep their form.
    #[serde(default)]
    pub wrapping_key: WrappingKeyForm,
}

/// What a wrapping key lets happen to the keys that it unwraps.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WrappingKeyForm {
    /// Nothing that it unwraps may be wrapped again. It can not be rotated without importing again.
    Pinned,
    /// What it unwraps is sensitive, and may be wrapped under its successor. Whoever holds PIN and
    /// module could take seeds out that way.
    #[default]
    Rotatable,
}

/// The worker's first answer.
#[derive(Debug, Deserialize, Serialize)]
pub enum Greeting {
    /// Ready to work.
    Ready(Provider),
    /// Only for [`Purpose::Inspect`]: what the doctor found.
    Inspected(Box<Doctor>),
    /// Will not work; the worker exits after this. Worth no restart unless `transient`.
    Refused {
        /// What is wrong and what to do, one line, no secret.
        reason: String,
        /// Why, for the supervisor.
        cause: RefusedCause,
    },
}

/// What the supervisor does with a refusal.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum RefusedCause {
    /// A key, the token or the module is missing or another than configured: a person must act.
    Missing,
    /// The PIN was refused, or its file is unsafe. NEVER tried again automatically: it would lock the token.
    Pin,
    /// The provider does not keep what custody relies on.
    SelfTest,
    /// The token is out of reach right now: try again with backoff.
    Transient,
}

/// A batch of jobs.
#[derive(Debug, Deserialize, Serialize)]
pub struct Request {
    /// Pairs request and response.
    pub id: u64,
    /// Milliseconds from receipt after which nobody waits for the answer any more. Jobs not begun
    /// by then are answered [`JobError::Expired`] unexecuted.
    pub deadline_ms: u32,
    /// At most [`MAX_JOBS`].
    pub jobs: Vec<Job>,
}

/// Most jobs in one request.
pub const MAX_JOBS: usize = 512;

/// The answers, one per job, in order.
#[derive(Debug, Deserialize, Serialize)]
pub struct Response {
    /// Of the request.
    pub id: u64,
    /// One per job.
    pub results: Vec<Result<Reply, JobError>>,
    /// The worker has served its quota or leaks; replace it when convenient.
    pub retire: bool,
}

/// Hash of an HMAC.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum Hash {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// What a sealed key may be used for; one key has one use.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum KeyKind {
    /// Makes HMACs with this hash: seeds of codes, signature keys.
    Hmac(Hash),
    /// AES-256 that encrypts messages with GCM and does nothing else.
    Aes,
}

/// A sealed key and the record it belongs to. The worker checks the binding before first use.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct KeyRef {
    /// Unique name of the record (`institution 00 serial`, and the key's role where a token has
    /// several); part of the binding.
    pub record: Vec<u8>,
    /// What the key is for; part of the binding.
    pub kind: KeyKind,
    /// Where the key lies.
    pub seal: Seal,
}

/// Wire form of `warifu_core::custody::SealedSeed`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum Seal {
    /// Token object.
    Resident {
        /// `CKA_ID`.
        object_id: [u8; 16],
        /// HMAC over record, kind, object id.
        binding: [u8; 32],
    },
    /// Wrapped blob.
    Wrapped {
        /// Generation of the wrapping key; HMAC and AES keys have one each.
        kek: u32,
        /// Whether RFC 5649 made the blob (else RFC 3394).
        padded: bool,
        /// The blob.
        blob: Vec<u8>,
        /// HMAC over record, kind, kek, padded, blob.
        binding: [u8; 32],
    },
}

/// One piece of work.
#[derive(Debug, Deserialize, Serialize)]
pub enum Job {
    /// Adds a component to the sum of a key ceremony.
    AddComponent {
        /// Of [`Job::OpenCeremony`].
        ceremony: [u8; 16],
        /// What the key is to become; every component is as long as the key.
        shape: TransportShape,
        /// How check values are made.
        method: KcvMethod,
        /// The sum so far, as the last answer gave it; `None` with the first component.
        partial: Option<Vec<u8>>,
        /// The component.
        component: SecretBytes,
    },
    /// HMAC with the canary key: is the token there, is it the right one?
    Canary,
    /// Makes HMACs over whole inputs, reduces them to codes and compares; stops at the first match.
    /// No MAC leaves the worker.
    Check {
        /// Whose key; makes HMACs.
        key: KeyRef,
        /// How a MAC becomes a code.
        reduction: Reduction,
        /// The code, ASCII digits.
        code: SecretBytes,
        /// What the token may have computed over: at most [`MAX_INPUTS`] of [`MAX_TEXT`] bytes each.
        inputs: Vec<Vec<u8>>,
        /// Checked first where it is there.
        row: Option<Row>,
    },
    /// Ends a key ceremony: what it has gathered can not be opened any more. Answers whether it was
    /// open.
    CloseCeremony {
        /// Of [`Job::OpenCeremony`].
        ceremony: [u8; 16],
    },
    /// Counters since the worker's start.
    Counters,
    /// Removes a resident seed (roll-back of an import).
    Destroy {
        /// Which.
        key: KeyRef,
    },
    /// Removes a wrapping key of HMAC keys, and that of encryption keys of the same generation. What is
    /// wrapped under it is lost: the caller has looked. Never the newest. Answers whether there was one.
    DestroyKek {
        /// Which.
        generation: u32,
    },
    /// Removes a transport key, both halves of a pair. Answers whether there was one.
    DestroyTransportKey {
        /// `CKA_LABEL` behind the prefix.
        label: String,
    },
    /// Expands a seed of 32 bytes into the three keys of a camera token, inside the HSM: each is
    /// AES-256-ECB under the seed over a block of its own. The first is an AES key, the others are
    /// HMAC-SHA-256 keys.
    Expand {
        /// `record` of each future [`KeyRef`].
        records: [Vec<u8>; 3],
        /// What each key is the encryption of.
        data: [[u8; 32]; 3],
        /// Resident instead of wrapped.
        resident: bool,
        /// The seed as it came.
        source: SeedSource,
    },
    /// Makes the transport key that the components of a ceremony add up to, then closes the ceremony.
    FinishCeremony {
        /// Of [`Job::OpenCeremony`].
        ceremony: [u8; 16],
        /// As with the components.
        shape: TransportShape,
        /// As with the components.
        method: KcvMethod,
        /// The sum, as the last answer gave it.
        partial: Vec<u8>,
        /// `CKA_LABEL` behind the prefix.
        label: String,
        /// How many components are in the sum; the sum says the same.
        count: u8,
    },
    /// 32 bytes derived from an HSM key for the wrong-code fingerprints; the same on every start.
    FingerprintKey,
    /// Makes an AES transport key inside the HSM.
    GenerateTransportKey {
        /// `CKA_LABEL` behind the prefix.
        label: String,
        /// 128, 192 or 256.
        bits: u16,
    },
    /// Makes an RSA key pair inside the HSM, for a manufacturer to encrypt to.
    GenerateTransportPair {
        /// `CKA_LABEL` behind the prefix.
        label: String,
        /// 2048, 3072 or 4096.
        bits: u16,
    },
    /// Brings a manufacturer's transport key into the HSM.
    ImportTransportKey {
        /// `CKA_LABEL` behind the prefix.
        label: String,
        /// What kind of key it is; the value is as long.
        shape: TransportShape,
        /// The value.
        value: SecretBytes,
    },
    /// Generations of the wrapping keys on the token, looked for now: a worker learns here of those
    /// that another has made or destroyed.
    KekGenerations,
    /// Transport keys by label.
    ListTransportKeys,
    /// Makes the wrapping key of that generation, and where encryption keys have one, theirs. What is
    /// there is kept.
    MakeKek {
        /// Above all others, or one of them.
        generation: u32,
    },
    /// Makes the key that the sums of a key ceremony are kept under. Open already is as good.
    OpenCeremony {
        /// Its name, never used before.
        ceremony: [u8; 16],
    },
    /// Random bytes of the HSM, at most 1024.
    Random {
        /// How many.
        count: u16,
    },
    /// Looks for two consecutive codes; first code at `from..from+count`, second one step later.
    Resync {
        /// Whose key.
        key: KeyRef,
        /// Length of a code.
        digits: u8,
        /// The two codes, ASCII digits.
        codes: [SecretBytes; 2],
        /// First candidate.
        from: u64,
        /// How many candidates, at most 2048.
        count: u32,
    },
    /// Wraps a sealed key under another wrapping key, inside the HSM, and proves that it is the same.
    Rewrap {
        /// The key as it is sealed now.
        key: KeyRef,
        /// Generation to wrap under.
        to: u32,
    },
    /// Takes a key into custody.
    Seal {
        /// `record` and `kind` of the future [`KeyRef`].
        record: Vec<u8>,
        /// What it is for. An AES key has 32 bytes.
        kind: KeyKind,
        /// Resident instead of wrapped.
        resident: bool,
        /// The seed as it came.
        source: SeedSource,
    },
    /// Encrypts a message with AES-256-GCM (NIST SP 800-38D).
    SealMessage {
        /// Whose key; [`KeyKind::Aes`].
        key: KeyRef,
        /// Never twice under one key; the caller keeps track.
        nonce: [u8; 12],
        /// Authenticated, not encrypted: at most [`MAX_TEXT`] bytes.
        aad: Vec<u8>,
        /// At most [`MAX_TEXT`] bytes.
        plaintext: SecretBytes,
        /// Checked first where it is there.
        row: Option<Row>,
    },
    /// ECDSA P-256 over a SHA-256 digest with the audit key.
    SignCheckpoint {
        /// The digest.
        digest: [u8; 32],
    },
    /// Makes the tag of a [`Row`].
    Tag {
        /// At most [`MAX_TEXT`] bytes.
        data: Vec<u8>,
    },
    /// The public half of a transport key pair.
    TransportPublicKey {
        /// `CKA_LABEL` behind the prefix.
        label: String,
    },
    /// Tries the candidates in order, stops at the first match. No MAC leaves the worker.
    Verify {
        /// Whose key.
        key: KeyRef,
        /// Length of a code.
        digits: u8,
        /// The code, ASCII digits.
        code: SecretBytes,
        /// Moving factors, at most 64.
        candidates: Vec<u64>,
    },
}

/// Most inputs of one [`Job::Check`].
pub const MAX_INPUTS: usize = 64;

/// Longest input, message, associated data and row, in bytes.
pub const MAX_TEXT: usize = 1024;

/// How a MAC becomes a code.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum Reduction {
    /// First 8 bytes as a number (big endian), its last digits: no bias worth the name.
    Decimal64 {
        /// 4 to 10.
        digits: u8,
    },
    /// Dynamic truncation (RFC 4226 s.5.3).
    Truncate {
        /// 4 to 10.
        digits: u8,
    },
}

/// What the store says of a token beside its seals, and the tag that says it was not changed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Row {
    /// At most [`MAX_TEXT`] bytes, in the caller's own layout.
    pub data: Vec<u8>,
    /// Of [`Job::Tag`].
    pub tag: [u8; 32],
}
