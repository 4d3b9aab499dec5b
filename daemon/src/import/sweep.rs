//! Removes what an unfinished import left behind: its tokens, their resident seeds, its manifest
//! and, last of all, its record. Can be cut off anywhere and run again.
//!
//! Not responsible for: active batches; it refuses to touch them.

use warifu_core::{
    event::{Action, Event, Parties},
    ident::{Institution, Name, Serial, TokenId},
};
use warifu_store::{
    Expect, Space, Step, Unit, Write,
    record::{self, BatchRecord, BatchState, Record as _, TokenRecord},
};

use super::{manifest, order};
use crate::{failure::Failure, service::Service};

impl Service {
    /// Removes every batch whose import came to no end. Runs at the start, before any import.
    pub(crate) async fn sweep_unfinished(&self) -> Result<u64, Failure> {
        let (mut after, mut swept) = (None, 0);
        loop {
            let page = self.store.scan(Space::Batch, &[], after.as_deref(), PAGE).await?;
            for (key, found) in page.items {
                let batch = BatchRecord::decode(&found.bytes)?;
                if matches!(batch.state, BatchState::Staging | BatchState::Aborted) {
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
        if BatchRecord::decode(&found.bytes)?.state == BatchState::Active {
            return Err(Failure::Conflict("the batch is in service"));
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
        let unit = Unit {
            steps: vec![step(Space::Batch, key, Expect::At(found.version))],
            audit: vec![record::encode_event(&self.swept(institution, batch))],
        };
        self.store.commit(unit).await?;
        Ok(())
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
