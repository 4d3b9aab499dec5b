//! Removes what an unfinished import left behind: its tokens, their resident seeds, its manifest
//! and, last of all, its record. Can be cut off anywhere and run again.
//!
//! Not responsible for: active batches; it refuses to touch them.

use std::sync::Arc;

use warifu_core::{
    event::{Action, Event, Parties},
    ident::{Institution, Name, Serial, TokenId},
};
use warifu_store::{
    Expect, Space, Step, Unit, Write,
    record::{self, BatchRecord, BatchState, Record as _, TokenRecord},
};

use super::{Alone, manifest, order};
use crate::{failure::Failure, service::Service};

impl Service {
    /// Removes what imports that were cut off left behind. Goes on beside the requests, which see
    /// nothing of it, and holds back imports until it is done.
    pub(crate) async fn sweep_unfinished(&self, _alone: Alone) -> Result<u64, Failure> {
        let (mut after, mut swept) = (None, 0);
        loop {
            let page = self.store.scan(Space::Batch, &[], after.as_deref(), PAGE).await?;
            for (key, found) in page.items {
                let batch = BatchRecord::decode(&found.bytes)?;
                let has_left = match batch.state {
                    BatchState::Staging | BatchState::Aborted => true,
                    BatchState::Active | BatchState::Pending => false,
                    BatchState::Rejected => self.has_manifest(&batch).await?,
                };
                if has_left {
                    tracing::warn!(
                        institution = %batch.institution, batch = %batch.name,
                        "removing what an unfinished import left behind"
                    );
                    self.sweep(&batch.institution, &batch.name).await?;
                    swept += 1;
                }
                after = Some(key);
            }
            if page.next.is_none() {
                return Ok(swept);
            }
        }
    }

    /// Removes one batch that is not active.
    pub(super) async fn sweep(
        &self,
        institution: &Institution,
        batch: &Name,
    ) -> Result<(), Failure> {
        let key = record::batch_key(institution, batch);
        let Some(found) = self.store.load(Space::Batch, &key).await? else { return Ok(()) };
        let state = BatchRecord::decode(&found.bytes)?.state;
        if matches!(state, BatchState::Active | BatchState::Pending) {
            return Err(Failure::Conflict("the batch is in service, or waits for its approval"));
        }
        let prefix = manifest::prefix(institution, batch);
        loop {
            let page = self.store.scan(Space::Manifest, &prefix, None, 1).await?;
            let Some((entry, found)) = page.items.into_iter().next() else { break };
            let mut steps = Vec::new();
            for serial in manifest::read(&found.bytes)? {
                steps.extend(self.removal(institution, batch, serial).await?);
            }
            steps.push(step(Space::Manifest, entry, Expect::Any));
            self.store.commit(Unit { steps, audit: Vec::new() }).await?;
        }
        // What was refused stays known; what never came to an end does not.
        if state == BatchState::Rejected {
            return Ok(());
        }
        let unit = Unit {
            steps: vec![step(Space::Batch, key, Expect::At(found.version))],
            audit: vec![record::encode_event(&self.swept(institution, batch))],
        };
        self.store.commit(unit).await?;
        Ok(())
    }

    /// The same, told in the log where it fails: the next start goes on.
    pub(super) async fn sweep_now(&self, institution: &Institution, batch: &Name) {
        if let Err(error) = self.sweep(institution, batch).await {
            tracing::error!(%institution, %batch, %error, "left for the next start");
        }
    }

    /// The same, behind the answer.
    pub(super) fn sweep_later(self: &Arc<Self>, institution: &Institution, batch: &Name) {
        let (service, institution, batch) = (Arc::clone(self), institution.clone(), batch.clone());
        tokio::spawn(async move { service.sweep_now(&institution, &batch).await });
    }

    async fn has_manifest(&self, batch: &BatchRecord) -> Result<bool, Failure> {
        let prefix = manifest::prefix(&batch.institution, &batch.name);
        Ok(!self.store.scan(Space::Manifest, &prefix, None, 1).await?.items.is_empty())
    }

    /// Best effort: a manifest of an active batch is of no use and of no harm.
    pub(super) async fn forget_manifest(&self, institution: &Institution, batch: &Name) {
        let prefix = manifest::prefix(institution, batch);
        while let Ok(page) = self.store.scan(Space::Manifest, &prefix, None, 200).await {
            let delete = |(key, _)| step(Space::Manifest, key, Expect::Any);
            let steps: Vec<Step> = page.items.into_iter().map(delete).collect();
            let unit = Unit { steps, audit: Vec::new() };
            if unit.steps.is_empty() || self.store.commit(unit).await.is_err() {
                return;
            }
        }
    }

    /// Only a token of this very batch: the serial may belong to another one by now.
    async fn removal(
        &self,
        institution: &Institution,
        batch: &Name,
        serial: Serial,
    ) -> Result<Option<Step>, Failure> {
        let id = TokenId { institution: institution.clone(), serial };
        let key = record::token_key(&id);
        let Some(found) = self.store.load(Space::Token, &key).await? else { return Ok(None) };
        let token = TokenRecord::decode(&found.bytes)?;
        if token.batch != *batch {
            return Ok(None);
        }
        self.destroy(order::residents_of(&token)).await;
        Ok(Some(step(Space::Token, key, Expect::At(found.version))))
    }

    fn swept(&self, institution: &Institution, batch: &Name) -> Event {
        Event {
            at_ms: self.record_ms(),
            institution: Some(institution.clone()),
            actor: self.facts.instance.clone(),
            action: Action::Import,
            serial: None,
            outcome: "removed",
            number: None,
            note: Some(batch.to_string()),
            parties: Parties::default(),
        }
    }
}

fn step(space: Space, key: Vec<u8>, expect: Expect) -> Step {
    Step { space, key, expect, write: Write::Delete }
}

const PAGE: usize = 100;
