//! The second pass: every seed into custody, every token into the store, chunk by chunk.
//!
//! While one chunk is being made durable the next one is with the HSM and the one after is being
//! read. Memory holds three chunks, however long the file is.
//!
//! Not responsible for: judging keys (check), or for putting the batch into service (run).

use tokio::task::JoinHandle;
use warifu_core::{
    custody::SealedSeed,
    ident::{Name, Serial},
    lifecycle::Life,
};
use warifu_keys::{
    custody,
    hsm::{Cipher, HsmError, MacHash, SealOrder, Sealed, SecretBytes, SeedSource, ValueMac},
    seedfile::{
        ContainerCrypto, Position, SecretValue, SeedFile,
        crypto::{AesBits, Cipher as FileCipher, MacHash as FileMacHash},
    },
};
use warifu_store::{
    Commit, Expect, Space, Step, StoreError, Unit, Write,
    record::{self, BatchState, Record as _, TokenRecord},
};

use super::{
    check::Candidate,
    manifest,
    run::{Halt, Run, failed, hsm_failed, taken, unopened},
    spool::SpoolReader,
};
use crate::failure::Failure;

/// One token between the file and the store.
struct Item {
    candidate: Candidate,
    at: Position,
    order: SealOrder,
}

/// The commit of the chunk before, still under way.
type Pending = Option<JoinHandle<Result<Commit, StoreError>>>;

/// A chunk that is with the HSM.
struct Flight {
    tokens: Vec<(Candidate, Position)>,
    sealing: JoinHandle<Vec<Result<Sealed, HsmError>>>,
}

/// What goes on while the next chunk is being read.
#[derive(Default)]
struct UnderWay {
    sealing: Option<Flight>,
    commit: Pending,
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
        let last = settle(&mut way.commit).await;
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
            let unit = self.land(flight, entry).await?;
            settle(&mut way.commit).await?;
            entry += ENTRIES;
            if !self.job.dry_run {
                let store = std::sync::Arc::clone(&self.service.store);
                way.commit = Some(tokio::spawn(async move { store.commit(unit).await }));
            }
            self.job.with_view(|view| view.processed = done);
        }
    }

    /// The first pass judged every key; a difference now means that the spool lies.
    fn next_chunk(&self, file: &mut SeedFile<SpoolReader>) -> Result<Vec<Item>, Halt> {
        let lies = || Halt::Failed(Failure::Bug);
        let mut chunk = Vec::with_capacity(CHUNK);
        while chunk.len() < CHUNK
            && let Some(item) = file.next()
        {
            let record = item.map_err(|_| lies())?;
            let candidate = self.rules.candidate(&record).map_err(|_| lies())?;
            let at = record.at.clone();
            let source = self.source(file.crypto(), record)?;
            chunk.push(self.item(candidate, at, source));
        }
        Ok(chunk)
    }

    /// Hands a chunk to the HSM and goes on.
    fn launch(&self, chunk: Vec<Item>) -> Flight {
        let (mut orders, mut tokens) = (Vec::new(), Vec::new());
        for Item { candidate, at, order } in chunk {
            orders.push(order);
            tokens.push((candidate, at));
        }
        let hsm = self.service.hsm.clone();
        Flight { tokens, sealing: tokio::spawn(async move { hsm.seal(orders).await }) }
    }

    /// Removes what an import that ends early has just had sealed as token objects.
    async fn abandon(&self, flight: Option<Flight>) {
        let Some(Flight { tokens, sealing }) = flight else { return };
        let results = sealing.await.unwrap_or_default();
        for ((candidate, _), sealed) in tokens.into_iter().zip(results) {
            let Ok(Sealed { seal: seal @ SealedSeed::Resident { .. }, .. }) = sealed else {
                continue;
            };
            let name = custody::record_name(&candidate.id);
            let kind = custody::hmac(candidate.token.profile.hash);
            if let Err(error) = self.service.hsm.destroy(&seal, &name, kind).await {
                tracing::warn!(token = %candidate.id, %error, "a resident seed was left in the HSM");
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

    fn item(&self, candidate: Candidate, at: Position, source: SeedSource) -> Item {
        let order = SealOrder {
            record: custody::record_name(&candidate.id),
            kind: custody::hmac(candidate.token.profile.hash),
            // A dry run must leave nothing in the HSM.
            custody: if self.job.dry_run {
                warifu_core::custody::CustodyKind::Wrapped
            } else {
                self.job.custody
            },
            source,
        };
        Item { candidate, at, order }
    }

    /// Takes a sealed chunk and makes the unit that stages it. Values that do not open are reported.
    async fn land(&mut self, flight: Flight, entry: u32) -> Result<Unit, Halt> {
        let created_ms = self.service.clock_ms();
        let results = flight.sealing.await.map_err(|_| Halt::Failed(Failure::Bug))?;
        let mut records = Vec::with_capacity(flight.tokens.len());
        for ((candidate, at), result) in flight.tokens.into_iter().zip(results) {
            match result {
                Ok(sealed) => records.push(self.record(candidate, sealed, created_ms)),
                Err(HsmError::BadValue | HsmError::NoSuchKey) => {
                    let mut refusal = unopened(&candidate.id.serial);
                    refusal.at = at;
                    self.report.take_back(&refusal);
                }
                Err(error) => return Err(hsm_failed(error)),
            }
        }
        Ok(self.stage(&records, entry))
    }

    fn record(&mut self, candidate: Candidate, sealed: Sealed, created_ms: u64) -> TokenRecord {
        self.report.expose(sealed.exposure);
        TokenRecord {
            institution: candidate.id.institution,
            serial: candidate.id.serial,
            manufacturer: candidate.manufacturer,
            key_id: candidate.key_id,
            model: None,
            batch: self.job.batch.clone(),
            token: candidate.token,
            seal: sealed.seal,
            camera_keys: None,
            created_ms,
            last_accepted_ms: None,
            last_request: None,
            kind: self.job.kind,
            life: Life::stock(),
            recent: Vec::new(),
        }
    }

    fn stage(&self, records: &[TokenRecord], entry: u32) -> Unit {
        let serials: Vec<&Serial> = records.iter().map(|record| &record.serial).collect();
        let prefix = manifest::prefix(&self.job.institution, &self.job.batch);
        let mut steps = manifest::steps(&prefix, entry, &serials);
        steps.extend(records.iter().map(|record| Step {
            space: Space::Token,
            key: record::token_key(&record.id()),
            expect: Expect::Absent,
            write: Write::Put(record.encode()),
        }));
        Unit { steps, audit: Vec::new() }
    }
}

/// Waits for the chunk before.
async fn settle(pending: &mut Pending) -> Result<(), Halt> {
    let Some(commit) = pending.take() else { return Ok(()) };
    match commit.await {
        Ok(Ok(Commit::Done { .. })) => Ok(()),
        Ok(Ok(Commit::Conflict { .. })) => {
            let rule = taken().rule;
            tracing::warn!(%rule, "a serial appeared while it was being imported");
            Err(Halt::Failed(Failure::Conflict("a serial of the file was imported meanwhile")))
        }
        Ok(Err(error)) => Err(failed(error)),
        Err(_) => Err(Halt::Failed(Failure::Bug)),
    }
}

/// The seed as the worker takes it; `None` where the file's own header contradicts its values.
pub(super) fn source(
    crypto: Option<&ContainerCrypto>,
    label: Option<&Name>,
    secret: SecretValue,
) -> Option<SeedSource> {
    let value = match secret {
        SecretValue::Plain(secret) => {
            return Some(SeedSource::Clear(SecretBytes::new(secret.expose().to_vec())));
        }
        SecretValue::Encrypted(value) => value,
    };
    let (crypto, label) = (crypto?, label?);
    let mac = crypto.mac.as_ref().zip(value.mac).map(|(method, mac)| ValueMac {
        hash: mac_hash(method.hash),
        encrypted_key: method.key.octets.clone(),
        value: mac,
    });
    if mac.is_none() && value.cipher.needs_mac() {
        return None;
    }
    Some(SeedSource::Encrypted {
        transport_key: label.to_string(),
        cipher: cipher(value.cipher),
        data: value.octets,
        mac,
    })
}

const fn cipher(cipher: FileCipher) -> Cipher {
    match cipher {
        FileCipher::AesCbc(size) => Cipher::AesCbcPad { bits: bits(size) },
        FileCipher::AesKeyWrap(size) => Cipher::AesKeyWrap { bits: bits(size) },
    }
}

const fn bits(size: AesBits) -> u16 {
    match size {
        AesBits::B128 => 128,
        AesBits::B192 => 192,
        AesBits::B256 => 256,
    }
}

const fn mac_hash(hash: FileMacHash) -> MacHash {
    match hash {
        FileMacHash::Sha1 => MacHash::Sha1,
        FileMacHash::Sha224 => MacHash::Sha224,
        FileMacHash::Sha256 => MacHash::Sha256,
        FileMacHash::Sha384 => MacHash::Sha384,
        FileMacHash::Sha512 => MacHash::Sha512,
    }
}

/// Tokens per unit: large enough that a flush is shared by many, small enough that a customer's
/// code waits for one chunk at most.
const CHUNK: usize = 256;
/// Entries of the manifest per chunk.
const ENTRIES: u32 = 4;
const _: () = assert!(CHUNK.div_ceil(manifest::SERIALS) == ENTRIES as usize);
