//! What is stored under a key: versioned records that outlive the schema that wrote them.
//!
//! Every record is an envelope `[schema, min_writer, map]` around a CBOR map with integer keys.
//! A reader skips keys it does not know, so an older daemon reads what a newer one wrote, unless
//! the newer one says through `min_writer` that its additions must not be lost by a rewrite.
//!
//! Not responsible for: which records exist together, when they change, or the versions that
//! compare-and-set uses (those are the engine's).

mod batch;
mod camera;
mod ceremony;
mod challenge;
mod contract;
mod envelope;
mod event;
mod grant;
mod hint;
mod key;
mod keypad;
mod life;
mod managed_key;
mod meta;
mod moving;
mod note;
mod proposal;
mod reply;
mod rotation;
mod seal;
mod token;
mod token_code;
mod user;

pub use batch::{BatchRecord, BatchState};
pub use ceremony::{CeremonyEntry, CeremonyRecord, CeremonyState};
pub use challenge::ChallengeRecord;
pub use contract::ContractRecord;
pub use envelope::{Record, SCHEMA};
pub use event::{DecodedEvent, encode_event};
pub use grant::GrantRecord;
pub use hint::HintRecord;
pub use key::{
    audit_key, batch_key, batch_prefix, ceremony_key, ceremony_prefix, challenge_key,
    challenge_prefix, checkpoint_key, clock_key, contract_key, contract_prefix, grant_bucket,
    grant_key, holder_key, holder_prefix, idempotency_key, managed_key_key, managed_key_prefix,
    meta_key, owned_key, owned_prefix, parse_challenge_key, parse_grant_key, parse_holder_key,
    parse_idempotency_key, parse_owned_key, parse_sequence, parse_token_code_key, parse_user_key,
    proposal_key, proposal_prefix, rotation_key, token_code_key, token_code_prefix, token_key,
    token_prefix, user_key, user_prefix,
};
pub use managed_key::KeyRecord;
pub use meta::{CheckpointRecord, ClockRecord, Segment, StoreMeta};
pub use note::{TokenNote, UserNote};
pub use proposal::{ProposalRecord, ProposalState};
pub use reply::{ContinuationRecord, IdempotencyRecord, StoredPart};
pub use rotation::{RotationRecord, RotationState};
pub use token::TokenRecord;
pub use token_code::TokenCodeRecord;
pub use user::UserRecord;
