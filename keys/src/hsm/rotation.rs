//! The client's jobs of a rotation of the wrapping key: make the next one, wrap every sealed key under
//! it, remove the old one.
//!
//! Not responsible for: which records are left to do and whether any still needs the old key. The HSM
//! can not know; whoever holds the store looks before [`Hsm::destroy_kek`].

use std::{collections::BTreeSet, time::Instant};

use warifu_core::custody::SealedSeed;
use warifu_hsm_protocol::{Job, KeyKind, Reply};

use super::{Answer, Hsm, Repeat, error::HsmError, queue::Lane, receive, transport::destroyed};
use crate::custody;

/// A sealed key that is to be wrapped under another wrapping key.
#[derive(Debug)]
pub struct RewrapOrder {
    /// Name of its record.
    pub record: Vec<u8>,
    /// What the key is for.
    pub kind: KeyKind,
    /// As it is sealed now; wrapped, not resident.
    pub seal: SealedSeed,
    /// Generation of the wrapping key to be.
    pub to: u32,
}

impl Hsm {
    /// Makes the wrapping keys of that generation, and tells every worker: once this has succeeded,
    /// none of them seals under an older one. Safe to repeat.
    pub async fn make_kek(&self, generation: u32) -> Result<(), HsmError> {
        let job = Job::MakeKek { generation };
        match self.request(job, Repeat::Never, self.soon()).await? {
            Reply::Done => {}
            _ => return Err(HsmError::Malformed),
        }
        let known = self.kek_generations().await?;
        if known.contains(&generation) { Ok(()) } else { Err(HsmError::NoSuchKey) }
    }

    /// Generations of the wrapping keys, ascending, that every worker knows of.
    pub async fn kek_generations(&self) -> Result<Vec<u32>, HsmError> {
        let mut common: Option<BTreeSet<u32>> = None;
        for reply in self.ask_all(|| Job::KekGenerations).await? {
            let Reply::Generations(known) = reply else { return Err(HsmError::Malformed) };
            let known = known.into_iter().collect();
            common = Some(match common {
                None => known,
                Some(common) => &common & &known,
            });
        }
        let common = common.ok_or(HsmError::Unavailable)?;
        Ok(common.into_iter().collect())
    }

    /// Wraps sealed keys under another wrapping key, inside the HSM; one result per order, in order.
    /// The old seal stays good as long as its wrapping key. Waits for room and shares its deadline as
    /// [`Self::seal`] does.
    ///
    /// `Unsupported` where the old wrapping key lets nothing out: such keys are rotated by importing
    /// again.
    pub async fn rewrap(&self, batch: Vec<RewrapOrder>) -> Vec<Result<SealedSeed, HsmError>> {
        let deadline = Instant::now() + self.shared.config.bulk_limit;
        let mut waiting = Vec::with_capacity(batch.len());
        for order in batch {
            waiting.push(self.order_rewrap(&order, deadline).await);
        }
        let mut results = Vec::with_capacity(waiting.len());
        for answer in waiting {
            results.push(match answer {
                Ok(answer) => receive(answer, deadline).await.and_then(rewrapped),
                Err(error) => Err(error),
            });
        }
        results
    }

    async fn order_rewrap(
        &self,
        order: &RewrapOrder,
        deadline: Instant,
    ) -> Result<Answer, HsmError> {
        let key = custody::key_ref(&order.record, order.kind, &order.seal);
        let job = Job::Rewrap { key, to: order.to };
        self.enqueue(job, Lane::Bulk, Repeat::Safe, deadline).await
    }

    /// Removes the wrapping keys of that generation, and has every worker forget them. Whether they
    /// were there. What is still wrapped under them is lost for ever.
    ///
    /// `Conflict` for the newest generation.
    pub async fn destroy_kek(&self, generation: u32) -> Result<bool, HsmError> {
        let job = Job::DestroyKek { generation };
        let there = destroyed(&self.request(job, Repeat::Never, self.soon()).await?)?;
        self.kek_generations().await?;
        Ok(there)
    }
}

fn rewrapped(reply: Reply) -> Result<SealedSeed, HsmError> {
    match reply {
        Reply::Rewrapped { seal } => Ok(custody::from_wire(seal)),
        _ => Err(HsmError::Malformed),
    }
}
