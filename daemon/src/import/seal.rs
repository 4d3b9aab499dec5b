//! The second pass: every seed into custody, every token into the store, chunk by chunk.
//!
//! While one chunk is being made durable the next one is with the HSM and the one after is being
//! read. Memory holds three chunks, however long the file is.
//!
//! Not responsible for: judging keys (check), or for putting the batch into service (run).

use tokio::task::JoinHandle;
use warifu_core::{custody::CustodyKind, ident::Serial, lifecycle::Life, rules::SeedExposure};
use warifu_keys::{
    hsm::{Exposure, HsmError},
    seedfile::{Code, Position, Record, Refusal, SecretValue, crypto::Cipher},
};
use warifu_store::{
    Commit, Expect, Space, Step, StoreError, Unit, Write,
    record::{self, BatchState, Record as _, TokenRecord},
};

use super::{
    check::Candidate,
    group::Groups,
    manifest,
    order::{self, Made, Order, Origin, Resident},
    run::{Halt, Run, failed, hsm_failed, taken, unopened},
};
use crate::failure::Failure;

/// One token between the file and the store.
struct Item {
    candidate: Candidate,
    at: Position,
    order: Order,
    guard: Guard,
}

/// Which verdicts about single values would be an oracle.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Guard {
    /// None: values of such ciphers are authentic or nothing.
    Open,
    /// Those about values whose MAC is right, under CBC.
    Authentic,
    /// All of them, under RSA with PKCS #1 v1.5.
    All,
}

impl Guard {
    fn of(record: &Record) -> Self {
        match &record.secret {
            SecretValue::Encrypted(value) if value.cipher == Cipher::RsaPkcs1 => Self::All,
            SecretValue::Encrypted(value) if value.cipher.needs_mac() => Self::Authentic,
            SecretValue::Encrypted(_) | SecretValue::Plain(_) => Self::Open,
        }
    }

    fn withholds(self, result: &Result<Made, HsmError>) -> bool {
        match self {
            Self::Open => false,
            Self::Authentic => matches!(result, Err(HsmError::Unfit)),
            Self::All => result.is_err(),
        }
    }
}

/// The commit of a chunk that is under way, and what lies in the HSM for nothing if it fails.
struct Staging {
    commit: JoinHandle<Result<Commit, StoreError>>,
    residents: Vec<Resident>,
}

/// A chunk that is with the HSM.
struct Flight {
    tokens: Vec<(Candidate, Position)>,
    sealing: JoinHandle<Vec<Result<Made, HsmError>>>,
    guard: Guard,
}

/// What goes on while the next chunk is being read.
#[derive(Default)]
struct UnderWay {
    sealing: Option<Flight>,
    commit: Option<Staging>,
}

impl Run<'_> {
    /// Seals and stages the whole file.
    pub(super) async fn seal(&mut self) -> Result<(), Halt> {
        if !self.job.dry_run {
            self.stage_batch().await?;
        }
        let mut way = UnderWay::default();
        let end = self.seal_chunks(&mut way).await;
        // Whatever the end: a chunk that became durable after the removal of what was staged would
        // outlive its batch, and a resident seed that nobody staged would stay in the HSM.
        self.abandon(way.sealing.take()).await;
        let last = self.settle(way.commit.take()).await;
        end.and(last)?;
        if self.report.refused_total() > 0 { Err(Halt::Refused) } else { Ok(()) }
    }

    async fn seal_chunks(&mut self, way: &mut UnderWay) -> Result<(), Halt> {
        let Some(mut file) = self.open()? else { return Err(Halt::Refused) };
        let (mut entry, mut done) = (0_u32, 0_u64);
        loop {
            self.go_on()?;
            let chunk = self.next_chunk(&mut file)?;
            let next = (!chunk.is_empty()).then(|| self.launch(chunk));
            let Some(flight) = std::mem::replace(&mut way.sealing, next) else {
                if way.sealing.is_none() {
                    return Ok(());
                }
                continue;
            };
            done += flight.tokens.len() as u64;
            if let Err(halt) = self.settle(way.commit.take()).await {
                self.abandon(Some(flight)).await;
                return Err(halt);
            }
            let records = self.land(flight).await?;
            way.commit = (!self.job.dry_run).then(|| self.stage(&records, entry));
            entry += ENTRIES;
            self.job.with_view(|view| view.processed = done);
        }
    }

    /// The first pass judged every key; a difference now means that the spool lies.
    fn next_chunk(&self, file: &mut Groups) -> Result<Vec<Item>, Halt> {
        let lies = || Halt::Failed(Failure::Bug);
        let mut chunk = Vec::with_capacity(CHUNK);
        while chunk.len() < CHUNK
            && let Some(item) = file.next()
        {
            let group = item.map_err(|_| lies())?;
            let candidate = self.rules.candidate(&group).map_err(|_| lies())?;
            let at = group.first().at.clone();
            let guard = group.records().map(Guard::of).max().unwrap_or(Guard::Open);
            let origin = Origin {
                crypto: file.crypto(),
                label: self.transport.as_deref(),
                // A dry run must leave nothing in the HSM.
                custody: if self.job.dry_run { CustodyKind::Wrapped } else { self.job.custody },
            };
            let order = Order::new(&candidate, group, origin).ok_or_else(lies)?;
            chunk.push(Item { candidate, at, order, guard });
        }
        Ok(chunk)
    }

    /// Hands a chunk to the HSM and goes on.
    fn launch(&self, chunk: Vec<Item>) -> Flight {
        let (mut orders, mut tokens) = (Vec::new(), Vec::new());
        let guard = chunk.iter().map(|item| item.guard).max().unwrap_or(Guard::Open);
        for Item { candidate, at, order, .. } in chunk {
            orders.push(order);
            tokens.push((candidate, at));
        }
        let hsm = self.service.hsm.clone();
        let sealing = tokio::spawn(async move { order::fulfil(&hsm, orders).await });
        Flight { tokens, sealing, guard }
    }

    /// Removes what an import that ends early has just had sealed as token objects.
    async fn abandon(&self, flight: Option<Flight>) {
        let Some(Flight { tokens, sealing, .. }) = flight else { return };
        let results = sealing.await.unwrap_or_default();
        self.discard(&tokens, results).await;
    }

    async fn discard(
        &self,
        tokens: &[(Candidate, Position)],
        results: Vec<Result<Made, HsmError>>,
    ) {
        for ((candidate, _), made) in tokens.iter().zip(results) {
            if let Ok(made) = made {
                let keys = made.residents(&candidate.id, candidate.token.profile.hash);
                self.service.destroy(keys).await;
            }
        }
    }

    /// The record that hides everything until it is changed.
    async fn stage_batch(&self) -> Result<(), Halt> {
        let put = Step {
            space: Space::Batch,
            key: record::batch_key(&self.job.institution, &self.job.batch),
            expect: Expect::Absent,
            write: Write::Put(self.batch(BatchState::Staging).encode()),
        };
        let unit = Unit { steps: vec![put], audit: Vec::new() };
        match self.service.store.commit(unit).await.map_err(failed)? {
            Commit::Done { .. } => Ok(()),
            Commit::Conflict { .. } => {
                Err(Halt::Failed(Failure::Conflict("a batch of this name exists")))
            }
        }
    }

    /// Takes a sealed chunk. Values that do not open are reported.
    async fn land(&mut self, flight: Flight) -> Result<Vec<TokenRecord>, Halt> {
        let created_ms = self.service.clock_ms();
        let results = flight.sealing.await.map_err(|_| Halt::Failed(Failure::Bug))?;
        if results.iter().any(|result| flight.guard.withholds(result)) {
            return Err(self.withhold(&flight.tokens, results).await);
        }
        let mut records = Vec::with_capacity(flight.tokens.len());
        let mut trouble = None;
        for ((candidate, at), result) in flight.tokens.into_iter().zip(results) {
            let told = match result {
                Ok(made) if !self.rules.exposure.allows(exposed(made.exposure)) => {
                    let residents = made.residents(&candidate.id, candidate.token.profile.hash);
                    self.service.destroy(residents).await;
                    Ok(too_exposed(&candidate.id.serial))
                }
                Ok(made) => {
                    records.push(self.record(candidate, made, created_ms));
                    continue;
                }
                Err(error) => unopened(&candidate.id.serial, error),
            };
            match told {
                Ok(mut refusal) => {
                    refusal.at = at;
                    self.report.take_back(&refusal);
                }
                Err(error) => trouble = Some(error),
            }
        }
        let Some(error) = trouble else {
            for record in &records {
                self.fingerprint.add(&record.encode());
            }
            return Ok(records);
        };
        // What the others of the chunk got would belong to no record.
        for record in &records {
            self.service.destroy(order::residents_of(record)).await;
        }
        Err(hsm_failed(error))
    }

    /// Refuses the file without a word about the tokens of a chunk, or tells that the HSM failed.
    async fn withhold(
        &mut self,
        tokens: &[(Candidate, Position)],
        results: Vec<Result<Made, HsmError>>,
    ) -> Halt {
        let mut errors = tokens.iter().zip(&results).filter_map(|((candidate, _), result)| {
            unopened(&candidate.id.serial, result.as_ref().err()?.clone()).err()
        });
        let trouble = errors.next();
        self.discard(tokens, results).await;
        if let Some(error) = trouble {
            return hsm_failed(error);
        }
        self.report.withhold(&unopened_somewhere());
        Halt::Refused
    }

    fn record(&mut self, candidate: Candidate, made: Made, created_ms: u64) -> TokenRecord {
        self.report.expose(&candidate.id.serial, made.exposure);
        TokenRecord {
            institution: candidate.id.institution,
            serial: candidate.id.serial,
            manufacturer: candidate.manufacturer,
            key_id: candidate.key_id,
            model: None,
            batch: self.job.batch.clone(),
            token: candidate.token,
            seal: made.seal,
            camera_keys: made.camera,
            created_ms,
            last_accepted_ms: None,
            last_request: None,
            kind: self.job.kind,
            life: Life::stock(),
            recent: Vec::new(),
        }
    }

    /// Has a chunk made durable.
    fn stage(&self, records: &[TokenRecord], entry: u32) -> Staging {
        let serials: Vec<&Serial> = records.iter().map(|record| &record.serial).collect();
        let prefix = manifest::prefix(&self.job.institution, &self.job.batch);
        let mut steps = manifest::steps(&prefix, entry, &serials);
        steps.extend(records.iter().map(|record| Step {
            space: Space::Token,
            key: record::token_key(&record.id()),
            expect: Expect::Absent,
            write: Write::Put(record.encode()),
        }));
        let unit = Unit { steps, audit: Vec::new() };
        let store = std::sync::Arc::clone(&self.service.store);
        let commit = tokio::spawn(async move { store.commit(unit).await });
        Staging { commit, residents: records.iter().flat_map(order::residents_of).collect() }
    }

    /// Waits for the chunk before.
    async fn settle(&self, staging: Option<Staging>) -> Result<(), Halt> {
        let Some(Staging { commit, residents }) = staging else { return Ok(()) };
        let halt = match commit.await {
            Ok(Ok(Commit::Done { .. })) => return Ok(()),
            Ok(Ok(Commit::Conflict { .. })) => {
                let rule = taken().rule;
                tracing::warn!(%rule, "a serial appeared while it was being imported");
                Halt::Failed(Failure::Conflict("a serial of the file was imported meanwhile"))
            }
            Ok(Err(error)) => failed(error),
            Err(_) => Halt::Failed(Failure::Bug),
        };
        self.service.destroy(residents).await;
        Err(halt)
    }
}

/// Whoever sends values of their own making and is told which of them opened reads others under the
/// same key: under RSA with PKCS #1 v1.5 after a million (Bleichenbacher, CRYPTO '98), under CBC, where
/// they can make MACs, after a few thousand (Vaudenay, EUROCRYPT 2002). A file has room for a million:
/// it ends with the first chunk of which not all open, and nothing is told of which.
fn unopened_somewhere() -> Refusal {
    let rule = "all values open with the named key, hold a key of the right length, and the provider can \
                decrypt them; which of them does not is not told, since that would open others";
    Refusal::new(Code::Decrypt, "Secret", rule)
}

const fn exposed(exposure: Exposure) -> SeedExposure {
    match exposure {
        Exposure::None => SeedExposure::Inside,
        Exposure::Worker => SeedExposure::Worker,
        Exposure::Caller => SeedExposure::Anywhere,
    }
}

fn too_exposed(serial: &Serial) -> Refusal {
    let rule = "the institution takes no seed that is readable outside the HSM, and this provider can \
                not unwrap the file's cipher inside";
    let mut refusal = Refusal::new(Code::Exposure, "Secret", rule);
    refusal.serial = Some(serial.to_string());
    refusal
}

/// Tokens per unit: large enough that a flush is shared by many, small enough that a customer's
/// code waits for one chunk at most.
const CHUNK: usize = 256;
/// Entries of the manifest per chunk.
const ENTRIES: u32 = 4;
const _: () = assert!(CHUNK.div_ceil(manifest::SERIALS) == ENTRIES as usize);
