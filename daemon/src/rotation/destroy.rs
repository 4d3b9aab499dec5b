//! The end of an old wrapping key, once nothing is wrapped under it any more.
//!
//! Every token is looked at first, which takes as long as there are tokens: where the request ends before
//! that, the approval is repeated. Not responsible for: deciding.

use warifu_core::event::Action;
use warifu_store::{
    Space, Unit,
    record::{self, ProposalState, Record as _, RotationState, TokenRecord},
};

use super::{Found, pass::is_under};
use crate::{ask::Ask, failure::Failure, service::Service, transport_keys::of_hsm};

impl Service {
    /// Begins the destruction of a wrapping key.
    pub(crate) async fn begin_kek_destruction(
        &self,
        ask: &Ask,
        generation: u32,
    ) -> Result<(ProposalState, String), Failure> {
        let known = self.hsm.kek_generations().await?;
        if !known.contains(&generation) {
            let text = format!("generation {generation} is not in the HSM");
            return Ok((ProposalState::Done, text));
        }
        if known.last() == Some(&generation) {
            return Err(Failure::Conflict("the newest wrapping key is in use; rotate first"));
        }
        let over = self.find_rotation().await?.filter(|found| {
            found.record.state == RotationState::Done && found.record.to > generation
        });
        let Some(over) = over else {
            return Err(Failure::Conflict("the rotation away from this key is not done"));
        };
        if !self.nothing_is_under(generation).await? {
            self.rotate_the_rest(over).await?;
            return Err(Failure::Conflict(
                "a token was still wrapped under this key and is wrapped anew now; propose this \
                 again when the rotation is done",
            ));
        }
        self.hsm.destroy_kek(generation).await.map_err(of_hsm)?;
        let mut event = ask.event(Action::KeyDestroy, None, self.record_ms(), "done");
        event.number = Some(u64::from(generation));
        event.note = Some("wrapping key".to_owned());
        let audit = vec![record::encode_event(&event)];
        self.store.commit(Unit { steps: Vec::new(), audit }).await?;
        let text = format!("generation {generation} was destroyed");
        Ok((ProposalState::Done, text))
    }

    /// An import sealed seeds before the rotation began and kept them after it had ended.
    async fn rotate_the_rest(&self, mut found: Found) -> Result<(), Failure> {
        found.record.state = RotationState::Rewrapping;
        found.record.finished_ms = None;
        (found.record.done, found.record.failed) = (0, 0);
        self.keep_rotation(found, Some("begun")).await?;
        self.rotations.wake.notify_one();
        Ok(())
    }

    async fn nothing_is_under(&self, generation: u32) -> Result<bool, Failure> {
        let mut after = None;
        loop {
            let page = self.store.scan(Space::Token, &[], after.as_deref(), PAGE).await?;
            for (key, found) in page.items {
                if !is_under(&TokenRecord::decode(&found.bytes)?, generation.saturating_add(1)) {
                    return Ok(false);
                }
                after = Some(key);
            }
            if page.next.is_none() {
                return Ok(true);
            }
        }
    }
}

const PAGE: usize = 1_000;
