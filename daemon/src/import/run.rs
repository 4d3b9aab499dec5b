//! One import from its spool to its end: check everything, seal everything, then one small record
//! puts the batch into service.
//!
//! Not responsible for: formats, custody, the rules of [`super::check`].

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
};

use warifu_api::import::ImportState;
use warifu_core::{event::Action, ident::Serial};
use warifu_keys::{
    hsm::HsmError,
    secret::Secret,
    seedfile::{Code, ContainerCrypto, Refusal, Warning, crypto::KeySource},
};
use warifu_store::{
    Commit, Expect, Space, Step, StoreError, Unit, Write,
    record::{self, BatchRecord, BatchState, Record as _},
};

use super::{
    Job,
    check::{Candidate, Rules, located},
    fingerprint::Fingerprint,
    group::Group,
    path,
    report::Report,
    spool::Spool,
};
use crate::{ask::Ask, failure::Failure, service::Service, wire};

/// Why an import ended before its batch was in service.
#[derive(Debug)]
pub(super) enum Halt {
    /// An officer, or the end of the process.
    Cancelled,
    /// Trouble on our side; the file may be good.
    Failed(Failure),
    /// The file, or some key of it, is not taken. The report says why.
    Refused,
}

/// Everything one import works with.
pub(super) struct Run<'a> {
    pub(super) service: &'a Arc<Service>,
    pub(super) ask: &'a Ask,
    pub(super) job: &'a Job,
    pub(super) spool: &'a Spool,
    pub(super) rules: Rules,
    pub(super) report: Report,
    pub(super) password: Option<Secret>,
    /// The transport key's label as the HSM knows it.
    pub(super) transport: Option<String>,
    pub(super) fingerprint: Fingerprint,
    /// Whether another person has to approve.
    pub(super) needs_two: bool,
    /// Tokens of one batch at most.
    pub(super) most_tokens: u64,
    /// How long a staged batch waits, from now.
    pub(super) expires_ms: u64,
}

impl Service {
    /// Runs to the end, whatever the end is, and leaves the job's view telling it.
    pub(super) async fn run_import(self: &Arc<Self>, ask: &Ask, job: &Arc<Job>, spool: &Spool) {
        let (service, ask, task, spool) =
            (Arc::clone(self), ask.clone(), Arc::clone(job), spool.clone());
        let handle = tokio::runtime::Handle::current();
        let (done, ended) = tokio::sync::oneshot::channel();
        // A thread of its own: parsing and key derivation take the CPU for seconds.
        let thread = std::thread::Builder::new().name("import".to_owned()).spawn(move || {
            handle.block_on(service.import_on_this_thread(&ask, &task, &spool));
            let _ = done.send(()); // whoever waits may be gone
        });
        if thread.is_err() || ended.await.is_err() {
            job.with_view(|view| {
                view.state = ImportState::Failed;
                view.failure = Some("the import's thread ended early; see the log".to_owned());
            });
        }
    }

    async fn import_on_this_thread(self: &Arc<Self>, ask: &Ask, job: &Job, spool: &Spool) {
        let end = match self.prepare(ask, job, spool).await {
            Ok(mut run) => {
                let end = run.all().await;
                let report = run.report.render(job, Some(self.clock_ms()));
                job.with_view(|view| {
                    view.accepted = report.accepted;
                    view.refused = report.refused_total;
                    view.report = Some(report);
                });
                run.conclude(end).await
            }
            Err(failure) => Err(Halt::Failed(failure)),
        };
        self.tell(job, end);
    }

    async fn prepare<'a>(
        self: &'a Arc<Self>,
        ask: &'a Ask,
        job: &'a Job,
        spool: &'a Spool,
    ) -> Result<Run<'a>, Failure> {
        let approval = self.approval(&job.institution)?;
        let needs_two = self.needs_two(approval.batches);
        let rules = Rules {
            institution: job.institution.clone(),
            policy: self.policy(&job.institution)?,
            takes_quarantined: needs_two || self.four_eyes.is_off() || job.dry_run,
            exposure: approval.exposure,
            kind: job.kind,
        };
        let transport = match &job.key_label {
            Some(label) => self.transport_label(&job.institution, label).await?,
            None => None,
        };
        let password = job.take_password();
        let password = password.map(|text| Secret::new(text.expose().as_bytes().to_vec()));
        let report = Report::new(spool, self.clock_ms());
        let fingerprint =
            Fingerprint::new(&job.institution, &job.batch, job.custody, &spool.sha256);
        Ok(Run {
            service: self,
            ask,
            job,
            spool,
            rules,
            report,
            password,
            transport,
            fingerprint,
            needs_two: needs_two && !job.dry_run,
            most_tokens: u64::from(approval.most_tokens),
            expires_ms: approval.expires_ms(self.clock_ms()),
        })
    }

    fn tell(self: &Arc<Self>, job: &Job, end: Result<ImportState, Halt>) {
        let (state, failure) = match end {
            Ok(state) => (state, None),
            Err(Halt::Cancelled) => (ImportState::Cancelled, None),
            Err(Halt::Refused) => (ImportState::Refused, None),
            Err(Halt::Failed(failure)) => {
                tracing::error!(batch = %job.batch, error = %failure, "an import failed");
                (ImportState::Failed, Some(format!("{failure}; nothing was kept, try again")))
            }
        };
        tracing::info!(
            institution = %job.institution, batch = %job.batch, officer = %job.officer,
            state = state.word(), "an import ended"
        );
        self.metrics.import_ended(&job.institution, state.word());
        job.with_view(|view| {
            // Another person may have decided already; then the view tells that.
            if view.decided_by.is_none() {
                view.state = state;
            }
            view.failure = failure;
        });
        if matches!(state, ImportState::Done | ImportState::Staged)
            && let Some(label) = &job.key_label
            && !job.dry_run
        {
            let service = Arc::clone(self);
            let (institution, label) = (job.institution.clone(), label.clone());
            tokio::spawn(async move { service.note_key_used(&institution, &label).await });
        }
    }
}

impl Run<'_> {
    /// Checks, then seals. Nothing is in service yet when this returns.
    async fn all(&mut self) -> Result<(), Halt> {
        self.go_on()?;
        let total = self.check().await?;
        self.job.with_view(|view| {
            view.state = ImportState::Sealing;
            view.total = Some(total);
            view.processed = 0;
        });
        self.seal().await
    }

    /// Reads the whole file and judges every token. All or nothing: one refused key refuses the batch.
    async fn check(&mut self) -> Result<u64, Halt> {
        let Some(mut file) = self.open()? else { return Err(Halt::Refused) };
        if let Some(refusal) = self.wrong_key(file.crypto()) {
            self.report.refuse(&refusal);
            return Err(Halt::Refused);
        }
        let (mut total, mut serials) = (0, Serials::default());
        for item in file.by_ref() {
            self.go_on()?;
            total += 1;
            if total > self.most_tokens {
                let rule = "no more tokens than the institution allows in one batch (approval.most_tokens)";
                self.report.refuse(&Refusal::new(Code::LimitSize, "file", rule));
                return Err(Halt::Refused);
            }
            match item {
                Err(refusal) => self.report.refuse(&refusal),
                Ok(group) => match self.judge(&group, &mut serials).await? {
                    Ok(_) => self.accept(&group),
                    Err(refusal) => self.report.refuse(&refusal),
                },
            }
            let (accepted, refused) = (self.report.accepted(), self.report.refused_total());
            self.job.with_view(|view| {
                (view.processed, view.accepted, view.refused) = (total, accepted, refused);
            });
        }
        file.warnings().iter().for_each(|warning| self.report.warn(warning, "file"));
        if self.report.refused_total() > 0 { Err(Halt::Refused) } else { Ok(total) }
    }

    fn accept(&mut self, group: &Group) {
        self.report.accept(group);
        if group.is_taken_on_trust() {
            let warning = Warning { code: Code::WSharedSeed, field: "Secret" };
            self.report.warn(&warning, group.first().serial.as_str());
        }
    }

    /// A candidate whose serial is free, or a refusal. An existing serial is refused whatever its
    /// state: taking it again would make used codes good again.
    async fn judge(
        &self,
        group: &Group,
        serials: &mut Serials,
    ) -> Result<Result<Candidate, Refusal>, Halt> {
        let candidate = match self.rules.candidate(group) {
            Ok(candidate) => candidate,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let record = group.first();
        if !serials.first(&record.serial) {
            let rule = "one token per serial, and the keys of one token one after the other";
            return Ok(Err(located(Refusal::new(Code::Duplicate, "SerialNo", rule), record)));
        }
        let key = record::token_key(&candidate.id);
        let exists = self.service.store.load(Space::Token, &key).await.map_err(failed)?;
        Ok(match exists {
            None => Ok(candidate),
            Some(_) => Err(located(taken(), record)),
        })
    }

    /// A file under a transport key needs its label; a file that is not under one must not get it.
    fn wrong_key(&self, crypto: Option<&ContainerCrypto>) -> Option<Refusal> {
        let is_hsm_key = |c: &ContainerCrypto| {
            matches!(c.key, KeySource::PreShared { .. } | KeySource::Certificate { .. })
        };
        let pre_shared = crypto.is_some_and(is_hsm_key);
        let password = crypto.is_some_and(|c| matches!(c.key, KeySource::Password { .. }));
        let rule = match (pre_shared, &self.job.key_label) {
            (true, None) => {
                (Code::KeyRequired, "the file is under a pre-shared key: name its label")
            }
            (false, Some(_)) => {
                (Code::KeyUnused, "the file is under no pre-shared key: name no label")
            }
            (true, Some(_)) if self.transport.is_none() => {
                (Code::KeyRequired, "the transport key of this name was destroyed")
            }
            _ if password && self.password.is_none() => {
                (Code::KeyRequired, "the file is under a password: give it")
            }
            _ if password => return None,
            _ => return crypto.and_then(path::refuse_header),
        };
        Some(Refusal::new(rule.0, "EncryptionKey", rule.1))
    }

    /// Puts the batch into service, or takes back what was staged.
    async fn conclude(&mut self, end: Result<(), Halt>) -> Result<ImportState, Halt> {
        let end = match end {
            Ok(()) if self.job.dry_run => Ok(ImportState::Done),
            Ok(()) => self.complete().await,
            Err(halt) => Err(halt),
        };
        if let Err(halt) = &end {
            self.note_end(halt).await;
            if !self.job.dry_run
                && let Err(failure) =
                    self.service.sweep(&self.job.institution, &self.job.batch).await
            {
                tracing::error!(batch = %self.job.batch, error = %failure, "left for the next start");
            }
        }
        end
    }

    /// The one step that makes all tokens of the batch exist; or, where another person has to agree,
    /// the one that puts the batch to them.
    async fn complete(&mut self) -> Result<ImportState, Halt> {
        let key = record::batch_key(&self.job.institution, &self.job.batch);
        let moment = self.service.moment().map_err(Halt::Failed)?;
        let found = self.service.store.load(Space::Batch, &key).await.map_err(failed)?;
        let version = found.ok_or(Halt::Failed(Failure::Bug))?.version;
        let (state, end, outcome) = if self.needs_two {
            (BatchState::Pending, ImportState::Staged, "staged")
        } else {
            (BatchState::Active, ImportState::Done, "done")
        };
        let mut batch = self.batch(state);
        batch.finished_ms = (!self.needs_two).then_some(moment.ms);
        batch.expires_ms = self.needs_two.then_some(self.expires_ms);
        batch.fingerprint = Some(self.fingerprint.finish());
        batch.report = self.report.kept(self.job, moment.ms);
        let mut event = self.ask.event(Action::Import, None, moment.ms, outcome);
        event.number = Some(batch.accepted);
        event.note = Some(format!("{} sha256:{}", batch.name, hex::encode(batch.file_digest)));
        let put = Step {
            space: Space::Batch,
            key,
            expect: Expect::At(version),
            write: Write::Put(batch.encode()),
        };
        let unit = Unit { steps: vec![put], audit: vec![record::encode_event(&event)] };
        match self.service.store.commit(unit).await.map_err(failed)? {
            Commit::Done { .. } => {
                self.job.with_view(|view| {
                    // Where nobody is asked, there is nothing to compare.
                    let shown = batch.fingerprint.filter(|_| self.needs_two);
                    view.fingerprint = shown.map(hex::encode);
                    view.expires_at = batch.expires_ms.map(wire::timestamp_ms);
                });
                if !self.needs_two {
                    self.service.forget_manifest(&batch.institution, &batch.name).await;
                }
                Ok(end)
            }
            Commit::Conflict { .. } => Err(Halt::Failed(Failure::Bug)),
        }
    }

    /// Refusals and failures are facts for the auditor too.
    async fn note_end(&self, halt: &Halt) {
        let outcome = match halt {
            Halt::Cancelled => "cancelled",
            Halt::Failed(_) => "failed",
            Halt::Refused => "refused",
        };
        let at_ms = self.service.record_ms();
        let mut event = self.ask.event(Action::Import, None, at_ms, outcome);
        event.number = Some(self.report.refused_total());
        event.note = Some(self.job.batch.to_string());
        let unit = Unit { steps: Vec::new(), audit: vec![record::encode_event(&event)] };
        if let Err(error) = self.service.store.commit(unit).await {
            tracing::error!(%error, "the end of an import could not be recorded");
        }
    }

    pub(super) fn batch(&self, state: BatchState) -> BatchRecord {
        BatchRecord {
            name: self.job.batch.clone(),
            institution: self.job.institution.clone(),
            state,
            file_digest: self.spool.sha256,
            officer: self.job.officer.clone(),
            accepted: self.report.accepted(),
            refused: self.report.refused_total(),
            custody: self.job.custody,
            created_ms: self.service.clock_ms(),
            finished_ms: None,
            report: None,
            quarantined: self.report.quarantined(),
            fingerprint: None,
            expires_ms: None,
            decided_by: None,
            format: self.report.format(),
        }
    }

    pub(super) fn go_on(&self) -> Result<(), Halt> {
        if self.job.is_cancelled() { Err(Halt::Cancelled) } else { Ok(()) }
    }
}

/// The serials of one file, as keyed hashes: eight bytes each, whatever their length.
#[derive(Default)]
struct Serials(HashSet<u64>, RandomState);

impl Serials {
    /// Whether this is the first time.
    fn first(&mut self, serial: &Serial) -> bool {
        self.0.insert(self.1.hash_one(serial))
    }
}

/// A serial that some batch, active or being imported, has taken.
pub(super) fn taken() -> Refusal {
    let rule = "the serial is new here: a token of it exists, and importing it again would make used codes good";
    Refusal::new(Code::Duplicate, "SerialNo", rule)
}

/// What of the HSM's answers is about the file, for the report; anything else is trouble on our side.
pub(super) fn unopened(serial: &Serial, error: HsmError) -> Result<Refusal, HsmError> {
    let mut refusal = match error {
        HsmError::BadValue | HsmError::NoSuchKey | HsmError::Unfit => {
            let rule =
                "the value opens with the named key, has the right length, and its MAC is right";
            Refusal::new(Code::Decrypt, "Secret", rule)
        }
        HsmError::Unsupported(what) => Refusal::new(Code::Hsm, "Secret", what),
        error => return Err(error),
    };
    refusal.serial = Some(serial.to_string());
    Ok(refusal)
}

pub(super) fn failed(error: StoreError) -> Halt {
    Halt::Failed(error.into())
}

pub(super) fn hsm_failed(error: HsmError) -> Halt {
    Halt::Failed(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_hsm_says_of_the_file_is_no_trouble_of_ours() {
        let serial = Serial::parse("0112345679").unwrap();
        let told = |error| unopened(&serial, error);
        for error in [HsmError::BadValue, HsmError::NoSuchKey] {
            let refusal = told(error).unwrap();
            assert_eq!(
                (refusal.code, refusal.serial.as_deref()),
                (Code::Decrypt, Some("0112345679"))
            );
        }
        let what = "ask the maker of the tokens for a file with all three keys of each";
        let refusal = told(HsmError::Unsupported(what.to_owned())).unwrap();
        assert_eq!((refusal.code, refusal.rule.as_ref()), (Code::Hsm, what));
        assert_eq!(told(HsmError::Unavailable), Err(HsmError::Unavailable));
        assert_eq!(told(HsmError::Timeout), Err(HsmError::Timeout));
    }
}
