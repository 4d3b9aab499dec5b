//! Proposals between the store and the wire, and what is computed over one.
//!
//! Not responsible for: deciding.

use ring::digest;
use warifu_api::approval::{Proposal, ProposalState as State, ProposedOperation};
use warifu_store::record::{ProposalRecord, ProposalState};

use crate::{failure::Failure, wire};

/// SHA-256 over everything that a decision is about.
pub(super) fn fingerprint(record: &ProposalRecord) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"warifu proposal\0");
    context.update(&record.id);
    context.update(record.institution.as_str().as_bytes());
    context.update(b"\0");
    context.update(record.proposer.as_str().as_bytes());
    context.update(b"\0");
    context.update(record.operation.as_bytes());
    let mut whole = [0; 32];
    whole.copy_from_slice(context.finish().as_ref());
    whole
}

/// What is to be done.
pub(super) fn operation(record: &ProposalRecord) -> Result<ProposedOperation, Failure> {
    serde_json::from_str(&record.operation).map_err(|_| Failure::Bug)
}

/// On the wire, at this time.
pub(super) fn proposal(record: &ProposalRecord, now_ms: u64) -> Result<Proposal, Failure> {
    Ok(Proposal {
        id: hex::encode(record.id),
        operation: operation(record)?,
        state: state(record, now_ms),
        fingerprint: hex::encode(fingerprint(record)),
        proposer: record.proposer.to_string(),
        created_at: wire::timestamp_ms(record.created_ms),
        expires_at: wire::timestamp_ms(record.expires_ms),
        decider: record.decider.as_ref().map(ToString::to_string),
        decided_at: record.decided_ms.map(wire::timestamp_ms),
        reason: record.note.clone(),
        outcome: record.outcome.clone(),
    })
}

/// Nobody writes down that time passed: an open proposal is expired as soon as it is.
pub(super) const fn state(record: &ProposalRecord, now_ms: u64) -> State {
    match record.state {
        ProposalState::Open if record.expires_ms <= now_ms => State::Expired,
        ProposalState::Open => State::Open,
        ProposalState::Approved => State::Approved,
        ProposalState::Done => State::Done,
        ProposalState::Failed => State::Failed,
        ProposalState::Rejected => State::Rejected,
        ProposalState::Withdrawn => State::Withdrawn,
    }
}
