//! Carries out what was approved, exactly once.
//!
//! Each operation goes by the proposal's name as its intent: carried out again after an
//! interruption, it answers what it answered. Not responsible for: the decision.

use serde::Serialize;
use warifu_api::action::ActionOutcome;
use warifu_store::record::{ProposalRecord, ProposalState};

use super::parse::Work;
use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    idempotency::Intent,
    service::Service,
};

impl Service {
    /// Done, or refused by the state of things. A failure leaves the proposal approved: it can be
    /// carried out by approving it again.
    pub(super) async fn carry_out(
        &self,
        ask: &Ask,
        proposal: &ProposalRecord,
        work: &Work,
    ) -> Result<(ProposalState, String), Failure> {
        let intent = Intent::of_proposal(self.fingerprints.key(), proposal);
        let ask = Ask { intent: Some(intent), ..ask.clone() };
        match self.do_work(&ask, proposal, work).await {
            Ok(outcome) => Ok(outcome),
            // The state of things stands against it, and will tomorrow.
            Err(Failure::NotFound) => Ok((ProposalState::Failed, "not found".to_owned())),
            Err(Failure::Conflict(why)) => Ok((ProposalState::Failed, why.to_owned())),
            Err(Failure::Field { field, rule }) => {
                Ok((ProposalState::Failed, format!("{field}: {rule}")))
            }
            Err(Failure::Detail { field, rule }) => {
                Ok((ProposalState::Failed, format!("{field}: {rule}")))
            }
            Err(failure) => Err(failure),
        }
    }

    async fn do_work(
        &self,
        ask: &Ask,
        proposal: &ProposalRecord,
        work: &Work,
    ) -> Result<(ProposalState, String), Failure> {
        let officers = [proposal.proposer.clone(), ask.caller.name.clone()];
        match work {
            Work::Initialise { contract, serial, acting } => {
                let answer = inner(self.initialise(ask, contract, serial, acting).await?);
                told(answer.outcome, &answer.reason)
            }
            Work::Unlock { contract, targets } => {
                let answer = inner(self.unlock_users(ask, contract, targets).await?);
                told(answer.outcome, &answer.results)
            }
            Work::Lost { serial, acting } => {
                let answer = inner(self.report_lost(ask, serial.clone(), acting).await?);
                told(answer.outcome, &answer.reason)
            }
            Work::KeyGenerate { label, bits } => self.make_key(ask, label, *bits, &officers).await,
            Work::KeyPair { label, bits } => self.make_pair(ask, label, *bits, &officers).await,
            Work::KeyDestroy { label } => self.destroy_key(ask, label, &officers).await,
            Work::Rotate => self.begin_rotation(ask, &officers).await,
            Work::DestroyWrappingKey { generation } => {
                self.begin_kek_destruction(ask, *generation).await
            }
        }
    }
}

fn inner<T>(kept: Kept<T>) -> T {
    match kept {
        Kept::Fresh(answer) | Kept::Replayed(answer) => answer,
    }
}

/// The outcome of a life-cycle operation in one line.
fn told<T: Serialize>(
    outcome: ActionOutcome,
    detail: &T,
) -> Result<(ProposalState, String), Failure> {
    let state = match outcome {
        ActionOutcome::Done | ActionOutcome::Unchanged => ProposalState::Done,
        _ => ProposalState::Failed,
    };
    let detail = serde_json::to_string(detail).map_err(|_| Failure::Bug)?;
    Ok((state, format!("{} {detail}", outcome.word())))
}
