//! Imports of seed files: opened, filled, run in the background, watched, cancelled.
//!
//! A job lives in memory; what it leaves behind lives in the store. Its tokens are written while
//! their batch is `Staging`, which hides them, and one record puts all of them into service. If the
//! daemon dies in between, the next start removes what was staged: a batch is whole or absent.
//!
//! Not responsible for: reading formats (warifu-keys), what makes a key acceptable ([`check`]).

mod approve;
mod check;
mod fingerprint;
mod group;
mod manifest;
mod open;
mod order;
mod path;
mod reading;
mod report;
mod run;
mod samples;
mod seal;
mod signer;
mod spool;
mod sweep;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use warifu_api::{
    SecretText,
    import::{ImportJob, ImportPage, ImportQuery, ImportRequest, ImportState},
};
use warifu_core::{
    custody::CustodyKind,
    event::Action,
    ident::{Institution, Name},
    lifecycle::TokenKind,
};
use warifu_store::{
    Commit, Space,
    record::{self, BatchRecord, Record as _},
};

use self::{
    reading::Reading,
    spool::{Spool, SpoolWriter},
};
use crate::{
    ask::{Ask, Kept, RequestId},
    config::OpenPgp,
    failure::Failure,
    lifecycle::view,
    service::Service,
    wire,
};

/// How imports are run; from the configuration.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Folder for spools.
    pub(crate) folder: PathBuf,
    /// Custody where the officer names none.
    pub(crate) custody: CustodyKind,
    /// Roots of makers' signatures, in DER.
    pub(crate) signature_roots: Vec<Vec<u8>>,
    /// Keys for OpenPGP messages.
    pub(crate) openpgp: Option<OpenPgp>,
}

/// All jobs of this process.
pub(crate) struct Imports {
    settings: Settings,
    jobs: Mutex<BTreeMap<(Institution, Name), Arc<Job>>>,
    /// One at a time: the HSM is the limit, and the codes of customers come first.
    running: Arc<tokio::sync::Mutex<()>>,
}

/// No import goes on while this is held.
pub(crate) type Alone = tokio::sync::OwnedMutexGuard<()>;

/// One import.
pub(crate) struct Job {
    pub(crate) institution: Institution,
    pub(crate) batch: Name,
    pub(crate) officer: Name,
    pub(crate) custody: CustodyKind,
    /// As the customers see the tokens.
    pub(crate) kind: TokenKind,
    pub(crate) dry_run: bool,
    pub(crate) key_label: Option<Name>,
    /// What the officer says of the file.
    reading: Reading,
    password: Mutex<Option<SecretText>>,
    view: Mutex<ImportJob>,
    cancelled: AtomicBool,
    opened_ms: u64,
}

/// A file on its way in. Dropped unfinished, it puts the job back to waiting for one.
pub(crate) struct Upload {
    job: Arc<Job>,
    spool: Option<SpoolWriter>,
}

impl Imports {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, jobs: Mutex::default(), running: Arc::default() }
    }

    /// Holds all imports back.
    pub(crate) async fn alone(&self) -> Alone {
        Arc::clone(&self.running).lock_owned().await
    }

    fn jobs(&self) -> MutexGuard<'_, BTreeMap<(Institution, Name), Arc<Job>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, institution: &Institution, id: &Name) -> Option<Arc<Job>> {
        self.jobs().get(&(institution.clone(), id.clone())).cloned()
    }

    /// A job that nobody was told of goes again.
    fn delist(&self, job: &Arc<Job>) {
        let mut jobs = self.jobs();
        let key = (job.institution.clone(), job.batch.clone());
        if jobs.get(&key).is_some_and(|listed| Arc::ptr_eq(listed, job)) {
            jobs.remove(&key);
        }
    }

    /// Asks every job to stop; for the end of the process.
    pub(crate) fn cancel_all(&self) {
        self.jobs().values().for_each(|job| job.cancel());
    }
}

impl Job {
    /// The job as told to callers.
    pub(crate) fn view(&self) -> ImportJob {
        self.with_view(|view| view.clone())
    }

    fn with_view<T>(&self, change: impl FnOnce(&mut ImportJob) -> T) -> T {
        change(&mut self.view.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn take_password(&self) -> Option<SecretText> {
        self.password.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
        drop(self.take_password());
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Whether nothing more will happen to it. A file that has not come for so long will not come:
    /// whoever opened the import is gone, and would keep its place from others for ever.
    fn is_over(&self, now_ms: u64) -> bool {
        let is_stale = now_ms.saturating_sub(self.opened_ms) >= LONGEST_WAIT_MS;
        self.with_view(|view| {
            if view.state == ImportState::AwaitingContent && is_stale {
                view.state = ImportState::Cancelled;
                self.cancel();
            }
            view.state.is_final()
        })
    }
}

impl Service {
    /// Opens an import. Its id is the name of its batch.
    pub(crate) async fn open_import(
        &self,
        ask: &Ask,
        request: ImportRequest,
    ) -> Result<Kept<ImportJob>, Failure> {
        if let Some(job) = self.recall(ask).await? {
            return Ok(Kept::Replayed(job));
        }
        let moment = self.moment()?;
        self.policy(ask.institution())?;
        let job = Arc::new(self.parse(ask, request, moment.ms)?);
        let key = record::batch_key(&job.institution, &job.batch);
        if self.store.load(Space::Batch, &key).await?.is_some() {
            return Err(Failure::Conflict("a batch of this name exists; choose another name"));
        }
        self.enlist(&job)?;
        let mut event = ask.event(Action::Import, None, moment.ms, "opened");
        event.note = Some(job.batch.to_string());
        let view = job.view();
        let unit = Self::unit_without_token(ask, &view, &event, moment)?;
        match self.store.commit(unit).await {
            Ok(Commit::Done { .. }) => Ok(Kept::Fresh(view)),
            // Only the idempotency key can stand against it: somebody else was first with it.
            Ok(Commit::Conflict { .. }) => {
                self.imports.delist(&job);
                self.recall(ask).await?.map(Kept::Replayed).ok_or(Failure::Crowded)
            }
            Err(error) => {
                self.imports.delist(&job);
                Err(error.into())
            }
        }
    }

    fn parse(&self, ask: &Ask, request: ImportRequest, now_ms: u64) -> Result<Job, Failure> {
        let reading = Reading::parse(&request)?;
        let batch = match request.batch {
            Some(text) => name("batch", &text)?,
            None => made_up_name(ask.id)?,
        };
        let custody = request.custody.map_or(self.imports.settings.custody, wire::custody_kind);
        let view = ImportJob {
            id: batch.to_string(),
            batch: batch.to_string(),
            state: ImportState::AwaitingContent,
            dry_run: request.dry_run,
            custody: wire::custody(custody),
            processed: 0,
            total: None,
            accepted: 0,
            refused: 0,
            created_at: wire::timestamp_ms(now_ms),
            failure: None,
            fingerprint: None,
            expires_at: None,
            decided_by: None,
            report: None,
        };
        Ok(Job {
            institution: ask.institution().clone(),
            officer: ask.caller.name.clone(),
            batch,
            custody,
            kind: request.kind.map_or(TokenKind::Hard, view::core_kind),
            dry_run: request.dry_run,
            key_label: request.key_label.map(|text| name("key_label", &text)).transpose()?,
            reading,
            password: Mutex::new(request.password),
            view: Mutex::new(view),
            cancelled: AtomicBool::new(false),
            opened_ms: now_ms,
        })
    }

    /// A finished job may be replaced by a new one of the same name; a live one may not. Each
    /// institution has its own places.
    fn enlist(&self, job: &Arc<Job>) -> Result<(), Failure> {
        let mut jobs = self.imports.jobs();
        let key = (job.institution.clone(), job.batch.clone());
        let now_ms = job.opened_ms;
        if jobs.get(&key).is_some_and(|old| !old.is_over(now_ms)) {
            return Err(Failure::Conflict("an import of this batch is under way"));
        }
        let (finished, live): (Vec<_>, Vec<_>) = jobs
            .iter()
            .filter(|(key, _)| key.0 == job.institution)
            .map(|(key, job)| (key.clone(), job.is_over(now_ms)))
            .partition(|(_, is_final)| *is_final);
        let excess = (finished.len() + live.len() + 1).saturating_sub(MAX_JOBS);
        finished.iter().take(excess).for_each(|(key, _)| {
            jobs.remove(key);
        });
        if live.len() >= MAX_JOBS {
            return Err(Failure::Conflict("too many imports are open; finish or cancel some"));
        }
        jobs.insert(key, Arc::clone(job));
        Ok(())
    }

    /// Takes a job out of waiting.
    pub(crate) fn begin_upload(&self, ask: &Ask, id: &Name, limit: u64) -> Result<Upload, Failure> {
        let job = self.imports.find(ask.institution(), id).ok_or(Failure::NotFound)?;
        // Who sends the file stages the batch: under a colleague's name they could then approve it.
        if !self.four_eyes.is_one_person(ask.institution(), &job.officer, &ask.caller.name) {
            return Err(Failure::Conflict("somebody else's import; open one of your own"));
        }
        job.with_view(|view| match view.state {
            ImportState::AwaitingContent => {
                view.state = ImportState::Receiving;
                Ok(())
            }
            _ => Err(Failure::Conflict("this import has its file already")),
        })?;
        let mut upload = Upload { job, spool: None };
        let spool = SpoolWriter::create(&self.imports.settings.folder, limit);
        upload.spool = Some(spool.map_err(Failure::Spool)?);
        Ok(upload)
    }

    /// The file is whole: the job goes on without its caller.
    pub(crate) fn finish_upload(
        self: &Arc<Self>,
        ask: &Ask,
        mut upload: Upload,
    ) -> Result<ImportJob, Failure> {
        let spool = upload.spool.take().ok_or(Failure::Bug)?.finish().map_err(Failure::Spool)?;
        let job = Arc::clone(&upload.job);
        job.with_view(|view| view.state = ImportState::Checking);
        let view = job.view();
        self.start(ask.clone(), job, spool);
        Ok(view)
    }

    fn start(self: &Arc<Self>, ask: Ask, job: Arc<Job>, spool: Spool) {
        let service = Arc::clone(self);
        tokio::spawn(async move {
            let _alone = service.imports.alone().await;
            service.run_import(&ask, &job, &spool).await;
        });
    }

    /// A job of this process, or what an earlier one left in the store.
    pub(crate) async fn show_import(
        &self,
        institution: &Institution,
        id: &Name,
    ) -> Result<ImportJob, Failure> {
        if let Some(job) = self.imports.find(institution, id) {
            return Ok(job.view());
        }
        let key = record::batch_key(institution, id);
        let found = self.store.load(Space::Batch, &key).await?.ok_or(Failure::NotFound)?;
        Ok(report::of_batch(&BatchRecord::decode(&found.bytes)?))
    }

    /// Live jobs on the first page, then batches by name.
    pub(crate) async fn list_imports(
        &self,
        institution: &Institution,
        query: &ImportQuery,
    ) -> Result<ImportPage, Failure> {
        let limit = match query.limit.unwrap_or(100) {
            limit @ 1..=1_000 => limit as usize,
            _ => return Err(Failure::Field { field: "limit", rule: "1 to 1000" }),
        };
        let after = query.cursor.as_deref().map(|text| name("cursor", text)).transpose()?;
        let after = after.map(|name| record::batch_key(institution, &name));
        let prefix = record::batch_prefix(institution);
        let page = self.store.scan(Space::Batch, &prefix, after.as_deref(), limit).await?;
        let mut items = if after.is_none() { self.live(institution) } else { Vec::new() };
        let mut last = None;
        for (_, found) in page.items {
            let batch = BatchRecord::decode(&found.bytes)?;
            if !items.iter().any(|job| job.id == batch.name.as_str()) {
                items.push(ImportJob { report: None, ..report::of_batch(&batch) });
            }
            last = Some(batch.name.to_string());
        }
        Ok(ImportPage { items, next_cursor: page.next.and(last) })
    }

    fn live(&self, institution: &Institution) -> Vec<ImportJob> {
        let jobs = self.imports.jobs();
        let mine = jobs.values().filter(|job| job.institution == *institution);
        mine.map(|job| ImportJob { report: None, ..job.view() }).collect()
    }

    /// Stops a job. What it staged is removed; what is in service stays.
    pub(crate) async fn cancel_import(
        &self,
        ask: &Ask,
        id: &Name,
    ) -> Result<Kept<ImportJob>, Failure> {
        let institution = ask.institution();
        let found = self.imports.find(institution, id);
        let is_live = |job: &Arc<Job>| !job.view().state.is_final();
        let Some(job) = found.filter(is_live) else { return self.withdraw_import(ask, id).await };
        job.with_view(|view| match view.state {
            ImportState::AwaitingContent => {
                view.state = ImportState::Cancelled;
                Ok(())
            }
            state if state.is_final() => Err(Failure::Conflict("this import is finished")),
            _ => Ok(()),
        })?;
        job.cancel();
        Ok(Kept::Fresh(job.view()))
    }
}

impl Upload {
    /// One more piece of the file.
    pub(crate) fn write(&mut self, piece: &[u8]) -> Result<(), Failure> {
        if self.job.is_cancelled() {
            return Err(Failure::Conflict("this import was cancelled"));
        }
        let spool = self.spool.as_mut().ok_or(Failure::Bug)?;
        spool.write(piece).map_err(|error| match error.kind() {
            std::io::ErrorKind::FileTooLarge => Failure::TooLarge,
            std::io::ErrorKind::StorageFull => warifu_store::StoreError::Full.into(),
            _ => Failure::Spool(error),
        })
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.job.with_view(|view| {
            if view.state == ImportState::Receiving {
                view.state = if self.job.is_cancelled() {
                    ImportState::Cancelled
                } else {
                    ImportState::AwaitingContent
                };
            }
        });
    }
}

fn name(field: &'static str, text: &str) -> Result<Name, Failure> {
    let rule = "1 to 64 letters, digits, '-', '_', '.' or '@', beginning with a letter or digit";
    Name::parse(text).map_err(|_| Failure::Field { field, rule })
}

fn made_up_name(id: RequestId) -> Result<Name, Failure> {
    let text = id.to_string();
    Name::parse(&format!("batch-{}", text.get(..12).unwrap_or(&text))).map_err(|_| Failure::Bug)
}

/// Jobs of one institution kept in memory, finished ones included.
const MAX_JOBS: usize = 64;

/// How long an import waits for its file before its place may be taken, in milliseconds.
const LONGEST_WAIT_MS: u64 = 3_600_000;
