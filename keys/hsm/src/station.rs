//! Where one job is worked on: the process's shared parts, the epoch, this thread's session.
//!
//! Not responsible for: recovery. A job fails with a [`Trouble`], and `jobs.rs` decides.

use std::sync::Arc;

use warifu_hsm_protocol::{JobError, WorkerConfig};

use crate::{
    binding::KeyDigest,
    cache::Cache,
    counters::Counters,
    epoch::Epoch,
    fault::Fault,
    gate::Gate,
    hand::Hand,
    held::{Grave, Held},
    keys::Names,
    module::Module,
    profile::{Abilities, Profile},
};

/// Of the process, for its whole life.
pub(crate) struct Shared {
    pub(crate) config: WorkerConfig,
    pub(crate) module: Module,
    pub(crate) profile: Profile,
    pub(crate) abilities: Abilities,
    pub(crate) counters: Counters,
    pub(crate) cache: Cache<KeyDigest, Held>,
    pub(crate) grave: Arc<Grave>,
    pub(crate) gate: Gate,
}

impl Shared {
    /// The labels of Warifu's keys.
    pub(crate) fn names(&self) -> Names<'_> {
        Names(&self.config.key_prefix)
    }
}

/// Of one job.
#[derive(Clone, Copy)]
pub(crate) struct Station<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) epoch: &'a Epoch,
    pub(crate) hand: Hand<'a>,
}

/// Why a job did not succeed.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Decided: this is the answer.
    Answer(JobError),
    /// A call failed; recovery decides.
    Fault(Fault),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<JobError> for Trouble {
    fn from(error: JobError) -> Self {
        Self::Answer(error)
    }
}
