//! Signed heads of the audit chain, made while the daemon runs.
//!
//! The chain itself is written by the store, in the same unit as the change it records. A signature
//! by a key inside the HSM over the chain's head is what makes a rewritten chain noticeable to
//! somebody who was not there.
//!
//! Not responsible for: the chain's format or its verification (warifu-store).

use std::time::Duration;

use tokio::sync::watch;
use warifu_core::event::{Action, Event, Parties};
use warifu_keys::hsm::HsmError;
use warifu_store::{
    Expect, Space, Step, Unit, Write,
    audit::{Head, ZERO_HASH},
    record::{self, CheckpointRecord, Record as _},
};

use crate::{ask::Ask, failure::Failure, service::Service};

impl Service {
    /// The institution that runs this daemon, for what concerns all institutions.
    pub(crate) fn house_only(&self, ask: &Ask) -> Result<(), Failure> {
        let house = *ask.institution() == self.facts.house;
        if house { Ok(()) } else { Err(Failure::Forbidden) }
    }

    /// The public key of the HSM's audit key, uncompressed point.
    pub(crate) fn audit_public_key(&self) -> Result<Vec<u8>, Failure> {
        let provider = self.hsm.provider().ok_or(HsmError::Unavailable)?;
        Ok(provider.audit_public_key)
    }

    /// Signs the chain as it stands.
    pub(crate) async fn sign_head(&self) -> Result<CheckpointRecord, Failure> {
        let (seq, hash) = self.store.audit_head().await?.unwrap_or((0, ZERO_HASH));
        let head =
            Head { instance: self.facts.instance.clone(), seq, hash, at_ms: self.clock_ms() };
        let signature = self.hsm.sign_checkpoint(head.digest()).await?;
        Ok(head.signed(signature))
    }

    /// Signs the chain and keeps the signature beside it.
    pub(crate) async fn checkpoint(&self) -> Result<u64, Failure> {
        let checkpoint = self.sign_head().await?;
        let put = Step {
            space: Space::Checkpoint,
            key: record::checkpoint_key(checkpoint.seq),
            expect: Expect::Any,
            write: Write::Put(checkpoint.encode()),
        };
        self.store.commit(Unit { steps: vec![put], audit: Vec::new() }).await?;
        Ok(checkpoint.seq)
    }

    /// Records something that the daemon did by itself.
    pub(crate) async fn note(&self, action: Action, outcome: &'static str) -> Result<(), Failure> {
        let event = Event { number: None, ..self.own_event(action, outcome, 0) };
        let audit = vec![record::encode_event(&event)];
        self.store.commit(Unit { steps: Vec::new(), audit }).await?;
        Ok(())
    }

    /// An event of the daemon's own doing.
    pub(crate) fn own_event(&self, action: Action, outcome: &'static str, number: u64) -> Event {
        Event {
            at_ms: self.record_ms(),
            institution: None,
            actor: self.facts.instance.clone(),
            action,
            serial: None,
            outcome,
            number: Some(number),
            note: None,
            parties: Parties::default(),
        }
    }

    /// Signs whenever the chain has grown, until told to stop. An HSM that is out of reach delays
    /// the next signature and nothing else.
    pub(crate) async fn keep_signing(&self, mut stop: watch::Receiver<bool>) {
        let mut signed = 0;
        let mut tick = tokio::time::interval(CHECKPOINT_INTERVAL);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            let grown = self
                .store
                .audit_head()
                .await
                .is_ok_and(|head| head.is_some_and(|(seq, _)| seq > signed));
            if grown {
                match self.checkpoint().await {
                    Ok(seq) => signed = seq,
                    Err(error) => tracing::warn!(%error, "the audit chain could not be signed"),
                }
            }
        }
    }
}

/// How much of the chain may be unsigned, in time.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(60);
