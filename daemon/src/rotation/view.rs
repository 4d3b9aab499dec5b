//! Wrapping keys and their rotation, on the wire.
//!
//! Not responsible for: changing anything.

use warifu_api::key::{Rotation, RotationState as State, WrappingKeys};
use warifu_store::{
    Space,
    record::{BatchRecord, BatchState, Record as _, RotationRecord, RotationState},
};

use crate::{failure::Failure, service::Service, wire};

impl Service {
    /// What there is, and how far it has come.
    pub(crate) async fn wrapping_keys(&self) -> Result<WrappingKeys, Failure> {
        let generations = self.hsm.kek_generations().await?;
        let total = self.count_tokens().await?;
        let rotation = self.find_rotation().await?.map(|found| view(&found.record, total));
        Ok(WrappingKeys { generations, rotation })
    }

    /// Tokens of all batches, by what the batches say: there are few of those.
    async fn count_tokens(&self) -> Result<u64, Failure> {
        let (mut total, mut after) = (0_u64, None);
        loop {
            let page = self.store.scan(Space::Batch, &[], after.as_deref(), PAGE).await?;
            for (key, found) in page.items {
                let batch = BatchRecord::decode(&found.bytes)?;
                if matches!(batch.state, BatchState::Active | BatchState::Pending) {
                    total = total.saturating_add(batch.accepted);
                }
                after = Some(key);
            }
            if page.next.is_none() {
                return Ok(total);
            }
        }
    }
}

const PAGE: usize = 1_000;

fn view(record: &RotationRecord, total: u64) -> Rotation {
    Rotation {
        to: record.to,
        state: match record.state {
            RotationState::Rewrapping => State::Rewrapping,
            RotationState::Checking => State::Checking,
            RotationState::Done => State::Done,
            RotationState::Stopped => State::Stopped,
        },
        done: record.done,
        total: Some(total),
        rewrapped: record.rewrapped,
        failed: record.failed,
        checked: record.checked,
        remaining: record.remaining,
        officers: record.officers.iter().map(ToString::to_string).collect(),
        started_at: wire::timestamp_ms(record.started_ms),
        updated_at: wire::timestamp_ms(record.updated_ms),
        finished_at: record.finished_ms.map(wire::timestamp_ms),
        note: record.note.clone(),
    }
}
