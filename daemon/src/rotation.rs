//! The rotation of the wrapping key: every wrapped seed is wrapped anew under a new key, inside the
//! HSM, while codes are being checked.
//!
//! Two passes over all tokens: the first wraps anew, the second looks whether any is left under an
//! older key, and sends the first one out again where some are. How far a pass has come is in the
//! store, so that an interruption costs one page. The old key stays until two people destroy it.
//!
//! Not responsible for: wrapping (the HSM worker), deciding (`crate::approval`).

mod destroy;
mod pass;
mod view;

use std::sync::Arc;

use tokio::sync::{Notify, watch};
use warifu_core::{event::Action, ident::Name};
use warifu_store::{
    Commit, Expect, Space, Step, Unit, Version, Write,
    record::{self, ProposalState, Record as _, RotationRecord, RotationState},
};

use crate::{ask::Ask, failure::Failure, service::Service, transport_keys::of_hsm};

/// Wakes the one task that rotates.
#[derive(Debug, Default)]
pub(crate) struct Rotations {
    wake: Notify,
}

/// The rotation as read.
pub(super) struct Found {
    pub(super) record: RotationRecord,
    pub(super) version: Version,
}

impl Service {
    /// Makes the next wrapping key and starts wrapping under it; or goes on with what stopped.
    pub(crate) async fn begin_rotation(
        &self,
        ask: &Ask,
        officers: &[Name],
    ) -> Result<(ProposalState, String), Failure> {
        let found = self.find_rotation().await?;
        if let Some(Found { record, .. }) = &found
            && matches!(record.state, RotationState::Rewrapping | RotationState::Checking)
        {
            self.rotations.wake.notify_one();
            let text = format!("the rotation to generation {} is under way", record.to);
            return Ok((ProposalState::Done, text));
        }
        let known = self.hsm.kek_generations().await?;
        let newest = known.last().copied().ok_or(Failure::Conflict("there is no wrapping key"))?;
        let stopped = found.as_ref().filter(|found| found.record.state == RotationState::Stopped);
        let to = stopped.map_or_else(|| newest.saturating_add(1), |found| found.record.to);
        self.hsm.make_kek(to).await.map_err(of_hsm)?;
        let now = self.record_ms();
        let record = match found.as_ref().filter(|found| found.record.to == to) {
            Some(found) => RotationRecord {
                state: RotationState::Rewrapping,
                note: None,
                updated_ms: now,
                ..found.record.clone()
            },
            None => new_rotation(to, officers, now),
        };
        let mut event = ask.event(Action::Rotate, None, now, "begun");
        event.number = Some(u64::from(to));
        let unit = Unit {
            steps: vec![put(&record, found.map(|found| found.version))],
            audit: vec![record::encode_event(&event)],
        };
        match self.store.commit(unit).await? {
            Commit::Done { .. } => {
                self.rotations.wake.notify_one();
                let text = format!("wrapping under generation {to} has begun");
                Ok((ProposalState::Done, text))
            }
            Commit::Conflict { .. } => Err(Failure::Crowded),
        }
    }

    /// Rotates whenever there is something to rotate, until told to stop.
    pub(crate) async fn keep_rotating(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        loop {
            let end = self.rotate(&mut stop).await;
            if let Err(error) = &end {
                tracing::error!(%error, "the rotation of the wrapping key waits for the HSM or the store");
            }
            tokio::select! {
                () = self.rotations.wake.notified() => {}
                () = tokio::time::sleep(RETRY), if end.is_err() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Runs until the rotation is done, stopped, or the process ends.
    async fn rotate(&self, stop: &mut watch::Receiver<bool>) -> Result<(), Failure> {
        while !*stop.borrow() {
            let Some(found) = self.find_rotation().await? else { return Ok(()) };
            match found.record.state {
                RotationState::Rewrapping => self.rewrap_page(found).await?,
                RotationState::Checking => self.check_page(found).await?,
                RotationState::Done | RotationState::Stopped => return Ok(()),
            }
        }
        Ok(())
    }

    pub(super) async fn find_rotation(&self) -> Result<Option<Found>, Failure> {
        let found = self.store.load(Space::Rotation, &record::rotation_key()).await?;
        let Some(found) = found else { return Ok(None) };
        Ok(Some(Found { record: RotationRecord::decode(&found.bytes)?, version: found.version }))
    }

    /// Writes progress down; a lost race means that somebody else began anew.
    pub(super) async fn keep_rotation(
        &self,
        mut found: Found,
        outcome: Option<&'static str>,
    ) -> Result<(), Failure> {
        found.record.updated_ms = self.record_ms();
        let audit = outcome.map(|outcome| {
            let event = self.own_event(Action::Rotate, outcome, u64::from(found.record.to));
            record::encode_event(&event)
        });
        let unit = Unit {
            steps: vec![put(&found.record, Some(found.version))],
            audit: audit.into_iter().collect(),
        };
        self.store.commit(unit).await?;
        Ok(())
    }
}

fn new_rotation(to: u32, officers: &[Name], now_ms: u64) -> RotationRecord {
    let mut officers = officers.to_vec();
    officers.dedup();
    RotationRecord {
        to,
        state: RotationState::Rewrapping,
        phase_cursor: None,
        done: 0,
        rewrapped: 0,
        failed: 0,
        checked: 0,
        remaining: 0,
        started_ms: now_ms,
        updated_ms: now_ms,
        finished_ms: None,
        officers,
        note: None,
    }
}

fn put(record: &RotationRecord, version: Option<Version>) -> Step {
    Step {
        space: Space::Rotation,
        key: record::rotation_key(),
        expect: version.map_or(Expect::Absent, Expect::At),
        write: Write::Put(record.encode()),
    }
}

/// Pause after trouble of HSM or store.
const RETRY: std::time::Duration = std::time::Duration::from_secs(5);
