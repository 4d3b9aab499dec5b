//! Same key, same request: same answer, also after a restart. Same key, other request: refused.
//!
//! The remembered answer is part of the unit that changes the state, so there is no moment at which
//! one is durable and the other is not. Keys and requests are stored as keyed digests: a request
//! holds a code, and a plain digest of six digits is as good as the digits.
//!
//! Not responsible for: the header, or for requests without a key.

use ring::hmac;
use serde::{Serialize, de::DeserializeOwned};
use warifu_api::IdempotencyKey;
use warifu_store::{
    Expect, Space, Step, StoreError, Write,
    record::{self, IdempotencyRecord, ProposalRecord, Record as _, StoredPart},
};

use crate::{
    ask::Ask,
    failure::Failure,
    service::{Moment, Service},
    tls::Caller,
};

/// A caller's key and what it was used for, as digests.
#[derive(Clone, Debug)]
pub(crate) struct Intent {
    /// Institution, caller and key.
    name: [u8; 32],
    /// Operation, path and body.
    request: [u8; 32],
}

impl Intent {
    /// `parts` is everything that makes the request this request: operation, path, body.
    pub(crate) fn new(
        key: &hmac::Key,
        caller: &Caller,
        idempotency: &IdempotencyKey,
        parts: &[&[u8]],
    ) -> Self {
        let institution = caller.institution.as_str().as_bytes();
        let name = caller.name.as_str().as_bytes();
        Self {
            name: digest(key, &[b"name", institution, name, idempotency.as_str().as_bytes()]),
            request: digest(key, &[&[b"request".as_slice()], parts].concat()),
        }
    }
}

impl Intent {
    /// A proposal's own name: it is carried out once, whoever sees to it.
    pub(crate) fn of_proposal(key: &hmac::Key, proposal: &ProposalRecord) -> Self {
        let institution = proposal.institution.as_str().as_bytes();
        Self {
            name: digest(key, &[b"proposal", institution, &proposal.id]),
            request: digest(key, &[b"request", proposal.operation.as_bytes()]),
        }
    }
}

impl Service {
    /// The answer already given to this intent.
    pub(crate) async fn recall<T: DeserializeOwned>(
        &self,
        ask: &Ask,
    ) -> Result<Option<T>, Failure> {
        let Some(intent) = &ask.intent else { return Ok(None) };
        let current = bucket(self.clock_ms());
        for bucket in [current, current.saturating_sub(1)] {
            let key = record::idempotency_key(bucket, &intent.name);
            let Some(found) = self.store.load(Space::Idempotency, &key).await? else { continue };
            let mut kept = IdempotencyRecord::decode(&found.bytes)?;
            if kept.request_digest != intent.request {
                return Err(Failure::IdempotencyMismatch);
            }
            for part in 1..kept.parts {
                let digest = IdempotencyRecord::part_digest(&intent.name, part);
                let key = record::idempotency_key(bucket, &digest);
                let later = self.store.load(Space::Idempotency, &key).await?;
                kept.join(part, &later.ok_or_else(damaged)?.bytes)?;
            }
            let answer = serde_json::from_slice(&kept.body);
            return answer.map(Some).map_err(|_| damaged().into());
        }
        Ok(None)
    }

    /// The steps that remember `answer` in the unit that makes it true; none without a key.
    pub(crate) fn remember<T: Serialize>(
        ask: &Ask,
        answer: &T,
        moment: Moment,
    ) -> Result<Vec<Step>, Failure> {
        let Some(intent) = &ask.intent else { return Ok(Vec::new()) };
        let body = serde_json::to_vec(answer).map_err(|_| damaged())?;
        let kept = IdempotencyRecord {
            request_digest: intent.request,
            status: 200,
            body,
            at_ms: moment.ms,
            parts: 1,
        };
        let bucket = bucket(moment.ms);
        let parts = kept.split(&intent.name).ok_or(TOO_LONG)?;
        Ok(parts.into_iter().map(|part| keep(bucket, part)).collect())
    }

    /// Forgets what is older than two buckets.
    pub(crate) async fn forget_old_answers(&self) -> Result<u64, Failure> {
        let limit = record::idempotency_key(bucket(self.clock_ms()).saturating_sub(1), &[0; 32]);
        self.forget_below(Space::Idempotency, &limit).await
    }

    /// Removes all keys of a space below `limit`. Costs what it removes, not what is kept.
    pub(crate) async fn forget_below(&self, space: Space, limit: &[u8]) -> Result<u64, Failure> {
        let mut forgotten = 0;
        loop {
            let page = self.store.scan(space, &[], None, PURGE_PAGE).await?;
            let old =
                page.items.into_iter().map(|(key, _)| key).take_while(|key| key.as_slice() < limit);
            let delete = |key| Step { space, key, expect: Expect::Any, write: Write::Delete };
            let steps: Vec<Step> = old.map(delete).collect();
            if steps.is_empty() {
                return Ok(forgotten);
            }
            forgotten += steps.len() as u64;
            self.store.commit(warifu_store::Unit { steps, audit: Vec::new() }).await?;
        }
    }
}

fn keep(bucket: u32, (digest, bytes): StoredPart) -> Step {
    Step {
        space: Space::Idempotency,
        key: record::idempotency_key(bucket, &digest),
        expect: Expect::Absent,
        write: Write::Put(bytes),
    }
}

fn bucket(ms: u64) -> u32 {
    u32::try_from(ms / BUCKET_MS).unwrap_or(u32::MAX)
}

/// Each part with its length, so that no two lists of parts give the same digest.
fn digest(key: &hmac::Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.sign().as_ref());
    digest
}

fn damaged() -> StoreError {
    StoreError::Corrupt("a remembered answer".to_owned())
}

/// An answer is kept for at least this long, at most twice as long: 15 minutes.
const BUCKET_MS: u64 = 15 * 60 * 1_000;
/// Answers are bounded by the number of targets that a request may name.
const TOO_LONG: StoreError = StoreError::Malformed("an answer is too long to be kept");
const PURGE_PAGE: usize = 500;
