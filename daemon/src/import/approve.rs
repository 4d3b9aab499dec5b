//! The second person's decision about a staged batch.
//!
//! Not responsible for: staging (run, seal), removing what is refused (sweep).

use std::sync::Arc;

use warifu_api::{
    approval::DecisionRequest,
    import::{ApproveRequest, ImportJob, ImportReport},
};
use warifu_core::{
    event::{Action, Event},
    ident::{Institution, Name},
};
use warifu_store::{
    Commit, Expect, Space, Step, Version, Write,
    record::{self, BatchRecord, BatchState, Record as _},
};

use super::report;
use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    http::reason,
    service::{Moment, Service},
    wire,
};

/// A staged batch as read.
struct Staged {
    record: BatchRecord,
    version: Version,
}

impl Service {
    /// Puts a staged batch into service.
    pub(crate) async fn approve_import(
        self: &Arc<Self>,
        ask: &Ask,
        id: &Name,
        request: ApproveRequest,
    ) -> Result<Kept<ImportJob>, Failure> {
        if let Some(answer) = self.recall(ask).await? {
            return Ok(Kept::Replayed(answer));
        }
        let mut staged = self.staged(ask.institution(), id).await?;
        let moment = self.moment()?;
        self.may_decide_batch(ask, &staged.record, moment)?;
        looked_at(&staged.record, &request.fingerprint)?;
        if staged.record.quarantined > 0 && !request.accept_quarantined {
            let rule = "true, after each token in quarantine was looked at; else reject the batch";
            return Err(Failure::Field { field: "accept_quarantined", rule });
        }
        let said = request.reason.map(reason).transpose()?;
        Self::decide(&mut staged.record, BatchState::Active, ask, moment);
        let kept = self.keep_decision(ask, staged, Action::Approve, said, moment).await?;
        let (service, institution, id) = (Arc::clone(self), ask.institution().clone(), id.clone());
        tokio::spawn(async move { service.forget_manifest(&institution, &id).await });
        Ok(kept)
    }

    /// Refuses a staged batch.
    pub(crate) async fn reject_import(
        self: &Arc<Self>,
        ask: &Ask,
        id: &Name,
        request: DecisionRequest,
    ) -> Result<Kept<ImportJob>, Failure> {
        if let Some(answer) = self.recall(ask).await? {
            return Ok(Kept::Replayed(answer));
        }
        let mut staged = self.staged(ask.institution(), id).await?;
        let moment = self.moment()?;
        self.may_decide_batch(ask, &staged.record, moment)?;
        if let Some(fingerprint) = &request.fingerprint {
            looked_at(&staged.record, fingerprint)?;
        }
        let said = request.reason.map(reason).transpose()?;
        Self::decide(&mut staged.record, BatchState::Rejected, ask, moment);
        let kept = self.keep_decision(ask, staged, Action::Reject, said, moment).await?;
        self.sweep_later(ask.institution(), id);
        Ok(kept)
    }

    /// Whoever staged a batch takes it back.
    pub(super) async fn withdraw_import(
        &self,
        ask: &Ask,
        id: &Name,
    ) -> Result<Kept<ImportJob>, Failure> {
        if let Some(answer) = self.recall(ask).await? {
            return Ok(Kept::Replayed(answer));
        }
        let mut staged = self.staged(ask.institution(), id).await?;
        let is_own = self.four_eyes.is_one_person(
            ask.institution(),
            &staged.record.officer,
            &ask.caller.name,
        );
        if !is_own {
            return Err(Failure::Conflict("somebody else's batch is rejected, not cancelled"));
        }
        let moment = self.moment()?;
        Self::decide(&mut staged.record, BatchState::Rejected, ask, moment);
        let kept = self.keep_decision(ask, staged, Action::Withdraw, None, moment).await?;
        self.sweep_now(ask.institution(), id).await;
        Ok(kept)
    }

    /// Gives up staged batches that nobody approved in time, and removes what is left of refused ones.
    pub(crate) async fn end_old_batches(&self) -> Result<(), Failure> {
        let now = self.clock_ms();
        let mut after = None;
        loop {
            let page = self.store.scan(Space::Batch, &[], after.as_deref(), PAGE).await?;
            for (key, found) in page.items {
                let mut batch = BatchRecord::decode(&found.bytes)?;
                let waited = batch.expires_ms.is_some_and(|end| end <= now);
                if batch.state == BatchState::Pending && waited {
                    batch.state = BatchState::Rejected;
                    batch.finished_ms = Some(now);
                    // Where somebody decided at the last moment, theirs stands.
                    if self.expire(&key, found.version, &batch).await? {
                        self.show_decision(&batch);
                        self.sweep_now(&batch.institution, &batch.name).await;
                    }
                }
                after = Some(key);
            }
            if page.next.is_none() {
                return Ok(());
            }
        }
    }

    /// Whether the batch was still to be decided about.
    async fn expire(
        &self,
        key: &[u8],
        version: Version,
        batch: &BatchRecord,
    ) -> Result<bool, Failure> {
        let mut event = self.own_event(Action::Reject, "expired", batch.accepted);
        event.institution = Some(batch.institution.clone());
        event.note = Some(batch.name.to_string());
        let unit = warifu_store::Unit {
            steps: vec![put(key.to_vec(), version, batch)],
            audit: vec![record::encode_event(&event)],
        };
        Ok(matches!(self.store.commit(unit).await?, Commit::Done { .. }))
    }

    async fn staged(&self, institution: &Institution, id: &Name) -> Result<Staged, Failure> {
        let key = record::batch_key(institution, id);
        let found = self.store.load(Space::Batch, &key).await?.ok_or(Failure::NotFound)?;
        let record = BatchRecord::decode(&found.bytes)?;
        match record.state {
            BatchState::Pending => Ok(Staged { record, version: found.version }),
            BatchState::Active => Err(Failure::Conflict("the batch is in service already")),
            BatchState::Rejected => Err(Failure::Conflict("the batch was refused already")),
            BatchState::Staging | BatchState::Aborted => {
                Err(Failure::Conflict("the batch is not staged yet"))
            }
        }
    }

    fn may_decide_batch(
        &self,
        ask: &Ask,
        batch: &BatchRecord,
        moment: Moment,
    ) -> Result<(), Failure> {
        let rules = self.approval(ask.institution())?;
        self.another_person(ask, &batch.officer, rules.batches)?;
        if batch.expires_ms.is_some_and(|end| end <= moment.ms) {
            return Err(Failure::Conflict("the batch waited too long; import it again"));
        }
        Ok(())
    }

    /// Writes the decision into the record and its report.
    fn decide(batch: &mut BatchRecord, state: BatchState, ask: &Ask, moment: Moment) {
        batch.state = state;
        batch.decided_by = Some(ask.caller.name.clone());
        batch.finished_ms = Some(moment.ms);
        let report = batch.report.as_deref().and_then(report::read);
        let decided = report.map(|report| ImportReport {
            decided_by: Some(ask.caller.name.to_string()),
            decided_at: Some(wire::timestamp_ms(moment.ms)),
            ..report
        });
        if let Some(report) = decided.and_then(report::shrunk) {
            batch.report = Some(report);
        }
    }

    async fn keep_decision(
        &self,
        ask: &Ask,
        staged: Staged,
        action: Action,
        said: Option<String>,
        moment: Moment,
    ) -> Result<Kept<ImportJob>, Failure> {
        let Staged { record: batch, version } = staged;
        let answer = report::of_batch(&batch);
        let event = decision_event(ask, &batch, action, said, moment);
        let mut unit = Self::unit_without_token(ask, &answer, &event, moment)?;
        let key = record::batch_key(&batch.institution, &batch.name);
        unit.steps.push(put(key, version, &batch));
        match self.store.commit(unit).await? {
            Commit::Done { .. } => {
                self.show_decision(&batch);
                Ok(Kept::Fresh(answer))
            }
            Commit::Conflict { .. } => match self.recall(ask).await? {
                Some(answer) => Ok(Kept::Replayed(answer)),
                None => Err(Failure::Conflict("somebody else decided about this batch")),
            },
        }
    }

    /// The job of this process, where it is still listed, tells the same as the store.
    fn show_decision(&self, batch: &BatchRecord) {
        if let Some(job) = self.imports.find(&batch.institution, &batch.name) {
            let told = report::of_batch(batch);
            job.with_view(|view| *view = ImportJob { dry_run: view.dry_run, ..told });
        }
    }
}

/// The decision is about what was looked at.
fn looked_at(batch: &BatchRecord, told: &str) -> Result<(), Failure> {
    let ours = batch.fingerprint.map(hex::encode).unwrap_or_default();
    let told: String = told.chars().filter(char::is_ascii_alphanumeric).collect();
    if !ours.is_empty() && told.eq_ignore_ascii_case(&ours) {
        return Ok(());
    }
    Err(Failure::Conflict("the fingerprint is not this batch's; look at its report again"))
}

fn decision_event(
    ask: &Ask,
    batch: &BatchRecord,
    action: Action,
    said: Option<String>,
    moment: Moment,
) -> Event {
    let mut event = ask.event(action, None, moment.ms, "done");
    event.number = Some(batch.accepted);
    let print = batch.fingerprint.map(hex::encode).unwrap_or_default();
    let short = print.get(..16).unwrap_or_default();
    let batch_told = format!("{} by {} {short}", batch.name, batch.officer);
    event.note = Some(batch_told);
    event.parties.reference = said.map(|text| text.chars().take(100).collect());
    event
}

fn put(key: Vec<u8>, version: Version, batch: &BatchRecord) -> Step {
    Step {
        space: Space::Batch,
        key,
        expect: Expect::At(version),
        write: Write::Put(batch.encode()),
    }
}

const PAGE: usize = 100;
