//! What every operation works with, and the two steps they share: load a token, commit a unit.
//!
//! Not responsible for: any single operation (siblings of this file), nor for which engines stand
//! behind the ports (`lib.rs`).

use std::{collections::HashMap, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use serde::Serialize;
use tokio::{sync::watch, time::Instant};
use warifu_core::{
    code::Code,
    event::{Action, Event},
    ident::{ContractId, Institution, Name, TokenId},
    policy::VerificationPolicy,
    rules::Rules,
    settle::Verdict,
    time::UnixTime,
    token::Fingerprint,
};
use warifu_keys::{custody, driver::Drivers, hsm::Hsm};
use warifu_store::{
    Commit, Expect, Space, Step, Store, StoreError, Unit, Version, Write,
    record::{self, ContractRecord, Record as _, StoreMeta, TokenRecord},
};

use crate::{
    alarm::Alarms, approval::FourEyes, ask::Ask, batches::Batches, clock::Clock, decoy::Decoys,
    failure::Failure, import::Imports, lifecycle::token_note, rotation::Rotations,
    telemetry::Metrics, turn::Turns, wire,
};

/// The daemon's insides, shared by all requests.
pub(crate) struct Service {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) hsm: Hsm,
    /// Ways in which tokens make codes.
    pub(crate) drivers: Drivers,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    pub(crate) tenants: ArcSwap<Tenants>,
    pub(crate) turns: Arc<Turns>,
    pub(crate) decoys: Decoys,
    pub(crate) batches: Batches,
    pub(crate) alarms: Alarms,
    pub(crate) four_eyes: FourEyes,
    pub(crate) rotations: Rotations,
    pub(crate) fingerprints: Fingerprints,
    pub(crate) imports: Imports,
    pub(crate) facts: Facts,
    /// Becomes `Some` when the store can not go on.
    pub(crate) store_failed: watch::Receiver<Option<StoreFailure>>,
}

/// Why the store can not go on.
pub(crate) type StoreFailure = Arc<str>;

/// What does not change while the daemon runs.
pub(crate) struct Facts {
    /// Longest wait for the HSM within a request.
    pub(crate) hsm_deadline: Duration,
    /// Identity of the store and of its audit chain.
    pub(crate) meta: StoreMeta,
    /// The institution that runs this daemon: its auditors see the whole chain, its officers take backups.
    pub(crate) house: Institution,
    /// Which engine it is.
    pub(crate) engine: &'static str,
    /// Name of this daemon's audit chain.
    pub(crate) instance: Name,
    /// HSM workers.
    pub(crate) workers: u32,
    /// When it started.
    pub(crate) started: UnixTime,
}

/// The institutions and what each decides; replaced as a whole on reload.
pub(crate) type Tenants = HashMap<Institution, Arc<Rules>>;

/// Wall time of one decision. Read once, used for everything the decision writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) ms: u64,
}

/// A token as read, and what became of it in memory.
pub(crate) struct Loaded {
    /// Its life is in the present generation of the contract that owns it.
    pub(crate) record: TokenRecord,
    pub(crate) version: Version,
    pub(crate) changed: bool,
    /// The contract that says which generation that is, as read.
    pub(crate) owner: Option<(ContractId, Version)>,
}

impl Loaded {
    /// Writes a verdict into the token's own short history: one that changed the token, and one
    /// that is news. A flood of the same refusal is written once.
    pub(crate) fn note(&mut self, ask: &Ask, action: Action, verdict: Verdict, moment: Moment) {
        if self.changed || self.record.is_news(action.word(), wire::outcome_word(verdict)) {
            self.changed = true;
            let outcome = wire::outcome_word(verdict);
            let number = Some(wire::explanation(verdict));
            self.record.push(token_note(ask, action, outcome, number, None, moment.ms));
        }
    }
}

/// How a commit ended, as an operation sees it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Committed {
    /// Durable.
    Done,
    /// Somebody else was first; nothing was written: start over from the new state.
    Again,
}

/// Recognises repeated wrong codes without keeping them: a keyed digest under an HSM-derived key,
/// the same after a restart and on every daemon.
pub(crate) struct Fingerprints(ring::hmac::Key);

impl Moment {
    pub(crate) const fn now(self) -> UnixTime {
        UnixTime(self.ms / 1_000)
    }
}

impl Fingerprints {
    pub(crate) fn new(key: &[u8]) -> Self {
        Self(ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key))
    }

    pub(crate) fn of(&self, id: &TokenId, code: &Code) -> Fingerprint {
        let mut context = ring::hmac::Context::with_key(&self.0);
        context.update(b"code\0");
        context.update(&custody::record_name(id));
        context.update(b"\0");
        context.update(code.expose());
        let mut short = [0; 8];
        short.copy_from_slice(&context.sign().as_ref()[..8]);
        Fingerprint(short)
    }

    /// For other digests of things that must not be stored.
    pub(crate) const fn key(&self) -> &ring::hmac::Key {
        &self.0
    }
}

impl Service {
    /// The time of a decision, or the reason why there can be none.
    pub(crate) fn moment(&self) -> Result<Moment, Failure> {
        Ok(Moment { ms: self.clock.now_ms()? })
    }

    /// The time of something that is no decision (retention, logs); never fails.
    pub(crate) fn clock_ms(&self) -> u64 {
        self.clock.untrusted_ms()
    }

    /// The time of an audit record that is no decision; never fails, and never goes back.
    pub(crate) fn record_ms(&self) -> u64 {
        self.clock.record_ms()
    }

    pub(crate) fn policy(&self, institution: &Institution) -> Result<VerificationPolicy, Failure> {
        Ok(self.rules(institution)?.verification.clone())
    }

    /// What the institution decides. One decision takes one value: a reload does not change it midway.
    pub(crate) fn rules(&self, institution: &Institution) -> Result<Arc<Rules>, Failure> {
        self.tenants.load().get(institution).cloned().ok_or(Failure::Forbidden)
    }

    /// The HSM's share of a request's time.
    pub(crate) fn hsm_deadline(&self, ask: &Ask) -> std::time::Instant {
        ask.deadline.min(Instant::now() + self.facts.hsm_deadline).into_std()
    }

    /// A token, its life as it counts in the present generation of its contract.
    pub(crate) async fn load_token(&self, id: &TokenId) -> Result<Option<Loaded>, Failure> {
        let Some(mut loaded) = self.load_bare_token(id).await? else { return Ok(None) };
        let Some(contract) = loaded.record.life.contract().cloned() else {
            return Ok(Some(loaded));
        };
        let key = record::contract_key(&id.institution, &contract);
        let found = self.store.load(Space::Contract, &key).await?;
        let found = found.ok_or_else(|| StoreError::Corrupt(format!("no contract {contract}")))?;
        let generation = ContractRecord::decode(&found.bytes)?.contract.generation();
        loaded.record.life = std::mem::take(&mut loaded.record.life).in_generation(generation);
        loaded.owner = Some((contract, found.version));
        Ok(Some(loaded))
    }

    /// A token of an active batch, as stored. Tokens of a batch that is still being imported do not
    /// exist yet.
    pub(crate) async fn load_bare_token(&self, id: &TokenId) -> Result<Option<Loaded>, Failure> {
        let Some(found) = self.store.load(Space::Token, &record::token_key(id)).await? else {
            return Ok(None);
        };
        let record = TokenRecord::decode(&found.bytes)?;
        let active = self.batches.is_active(&*self.store, &id.institution, &record.batch).await?;
        let version = found.version;
        Ok(active.then_some(Loaded { record, version, changed: false, owner: None }))
    }

    /// What a decision about a token writes: the token if it changed (a bare condition if not),
    /// the remembered answer, the audit record.
    pub(crate) fn unit<T: Serialize>(
        ask: &Ask,
        loaded: &Loaded,
        answer: &T,
        event: &Event,
        moment: Moment,
    ) -> Result<Unit, Failure> {
        let id = TokenId {
            institution: loaded.record.institution.clone(),
            serial: loaded.record.serial.clone(),
        };
        let write = if loaded.changed {
            let mut record = loaded.record.clone();
            record.last_request = Some(ask.id.0);
            Write::Put(record.encode())
        } else {
            Write::Keep
        };
        let token = Step {
            space: Space::Token,
            key: record::token_key(&id),
            expect: Expect::At(loaded.version),
            write,
        };
        let owner = loaded.owner.as_ref().map(|(contract, version)| Step {
            space: Space::Contract,
            key: record::contract_key(&id.institution, contract),
            expect: Expect::At(*version),
            write: Write::Keep,
        });
        let remembered = Self::remember(ask, answer, moment)?;
        Ok(Unit {
            steps: std::iter::once(token).chain(owner).chain(remembered).collect(),
            audit: vec![record::encode_event(event)],
        })
    }

    /// What is written where there is no token: the remembered answer and the audit record.
    pub(crate) fn unit_without_token<T: Serialize>(
        ask: &Ask,
        answer: &T,
        event: &Event,
        moment: Moment,
    ) -> Result<Unit, Failure> {
        let steps = Self::remember(ask, answer, moment)?.into_iter().collect();
        Ok(Unit { steps, audit: vec![record::encode_event(event)] })
    }

    /// Makes a unit durable. An unclear outcome is cleared up by reading back: the token's record
    /// carries the id of the last request that changed it.
    pub(crate) async fn commit(
        &self,
        ask: &Ask,
        id: &TokenId,
        unit: Unit,
    ) -> Result<Committed, Failure> {
        match self.store.commit(unit).await {
            Ok(Commit::Done { .. }) => Ok(Committed::Done),
            Ok(Commit::Conflict { .. }) => Ok(Committed::Again),
            Err(StoreError::Indeterminate) => {
                let now = self.load_token(id).await?;
                let ours = now.is_some_and(|now| now.record.last_request == Some(ask.id.0));
                if ours { Ok(Committed::Done) } else { Err(StoreError::Indeterminate.into()) }
            }
            Err(error) => Err(error.into()),
        }
    }
}
