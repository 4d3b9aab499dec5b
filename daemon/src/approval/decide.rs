//! The second person's decision.
//!
//! Not responsible for: the operations themselves (`carry`).

use warifu_api::approval::{DecisionRequest, Proposal};
use warifu_core::event::Action;
use warifu_store::{
    Expect,
    record::{ProposalRecord, ProposalState},
};

use super::{
    parse::Work,
    propose::{Found, ProposalId, note_of, open_still, put},
    view,
};
use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    http::reason,
    service::{Moment, Service},
};

impl Service {
    /// Agrees, and carries the operation out.
    pub(crate) async fn approve_proposal(
        &self,
        ask: &Ask,
        id: ProposalId,
        request: DecisionRequest,
    ) -> Result<Kept<Proposal>, Failure> {
        if let Some(answer) = self.recall(ask).await? {
            return Ok(Kept::Replayed(answer));
        }
        let found = self.find_proposal(ask.institution(), id).await?;
        let work = Work::parse(&view::operation(&found.record)?)?;
        self.may_decide_about(ask, &work, &found.record)?;
        looked_at(&found.record, request.fingerprint.as_deref())?;
        let said = request.reason.map(reason).transpose()?;
        let moment = self.moment()?;
        let approved = match found.record.state {
            // An earlier approval came to no end: what is left is to carry it out.
            ProposalState::Approved if is_remembered(&found.record, moment) => found,
            ProposalState::Approved => {
                let told = INTERRUPTED.to_owned();
                let state = ProposalState::Failed;
                return self.close_proposal(ask, found, state, told, moment).await;
            }
            _ => self.note_approval(ask, &work, found, said, moment).await?,
        };
        let (state, outcome) = self.carry_out(ask, &approved.record, &work).await?;
        self.close_proposal(ask, approved, state, outcome, moment).await
    }

    /// Refuses.
    pub(crate) async fn reject_proposal(
        &self,
        ask: &Ask,
        id: ProposalId,
        request: DecisionRequest,
    ) -> Result<Kept<Proposal>, Failure> {
        if let Some(answer) = self.recall(ask).await? {
            return Ok(Kept::Replayed(answer));
        }
        let Found { mut record, version } = self.find_proposal(ask.institution(), id).await?;
        let work = Work::parse(&view::operation(&record)?)?;
        self.may_decide_about(ask, &work, &record)?;
        if let Some(fingerprint) = &request.fingerprint {
            looked_at(&record, Some(fingerprint))?;
        }
        let moment = self.moment()?;
        open_still(&record, moment.ms)?;
        record.note = request.reason.map(reason).transpose()?;
        record.state = ProposalState::Rejected;
        record.decider = Some(ask.caller.name.clone());
        record.decided_ms = Some(moment.ms);
        let answer = view::proposal(&record, moment.ms)?;
        let mut event = ask.event(Action::Reject, work.serial(), moment.ms, "done");
        event.note = Some(note_of(&record));
        let mut unit = Self::unit_without_token(ask, &answer, &event, moment)?;
        unit.steps.push(put(&record, Expect::At(version)));
        self.settle_proposal(ask, unit, answer).await
    }

    fn may_decide_about(
        &self,
        ask: &Ask,
        work: &Work,
        record: &ProposalRecord,
    ) -> Result<(), Failure> {
        self.may_take_part(ask, work)?;
        let rules = self.approval(ask.institution())?;
        self.another_person(ask, &record.proposer, work.needs_two(&rules))
    }

    /// Makes the decision durable before anything is done.
    async fn note_approval(
        &self,
        ask: &Ask,
        work: &Work,
        found: Found,
        said: Option<String>,
        moment: Moment,
    ) -> Result<Found, Failure> {
        let Found { mut record, version } = found;
        open_still(&record, moment.ms)?;
        record.state = ProposalState::Approved;
        record.decider = Some(ask.caller.name.clone());
        record.decided_ms = Some(moment.ms);
        record.note = said;
        let mut event = ask.event(Action::Approve, work.serial(), moment.ms, "approved");
        event.note = Some(note_of(&record));
        let unit = warifu_store::Unit {
            steps: vec![put(&record, Expect::At(version))],
            audit: vec![warifu_store::record::encode_event(&event)],
        };
        match self.store.commit(unit).await? {
            warifu_store::Commit::Done { .. } => {
                self.find_proposal(ask.institution(), ProposalId(record.id)).await
            }
            warifu_store::Commit::Conflict { .. } => {
                Err(Failure::Conflict("the proposal was decided already"))
            }
        }
    }

    /// Writes down what became of it. The operation itself is in the chain already.
    async fn close_proposal(
        &self,
        ask: &Ask,
        found: Found,
        state: ProposalState,
        outcome: String,
        moment: Moment,
    ) -> Result<Kept<Proposal>, Failure> {
        let Found { mut record, version } = found;
        record.state = state;
        record.outcome = Some(shortened(outcome));
        let answer = view::proposal(&record, moment.ms)?;
        let word = if state == ProposalState::Done { "done" } else { "failed" };
        let mut event = ask.event(Action::Approve, None, self.record_ms(), word);
        event.note = Some(note_of(&record));
        let mut unit = Self::unit_without_token(ask, &answer, &event, moment)?;
        unit.steps.push(put(&record, Expect::At(version)));
        self.settle_proposal(ask, unit, answer).await
    }
}

/// Whether an operation that was carried out for this approval would still be known to have been: the
/// answers to intents are kept for a quarter of an hour at least.
fn is_remembered(record: &ProposalRecord, moment: Moment) -> bool {
    record.decided_ms.is_some_and(|at| moment.ms.saturating_sub(at) < CARRIED_OUT_WITHIN_MS)
}

const CARRIED_OUT_WITHIN_MS: u64 = 10 * 60 * 1_000;

const INTERRUPTED: &str = "interrupted, and perhaps carried out: look at the thing and at the audit \
                           chain, and propose it again if it was not";

/// The decision is about what was looked at.
fn looked_at(record: &ProposalRecord, told: Option<&str>) -> Result<(), Failure> {
    let rule = "the proposal's fingerprint, as it is shown";
    let told = told.ok_or(Failure::Field { field: "fingerprint", rule })?;
    if told.eq_ignore_ascii_case(&hex::encode(view::fingerprint(record))) {
        return Ok(());
    }
    Err(Failure::Conflict("the fingerprint is not this proposal's; look at it again"))
}

fn shortened(outcome: String) -> String {
    if outcome.len() <= ProposalRecord::MAX_OUTCOME {
        return outcome;
    }
    outcome.chars().take(ProposalRecord::MAX_OUTCOME / 4).collect()
}
