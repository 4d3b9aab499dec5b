//! The asynchronous client of the HSM worker, and its supervisor.
//!
//! [`Hsm::start`] starts the worker processes and keeps them alive; every method is one job. Jobs
//! wait in a bounded queue only while all workers are busy, and whatever piled up travels as one
//! frame: at one caller a job costs one round trip, at many a fraction of one.
//!
//! Not responsible for: PKCS#11 (the worker), which moving factors to try and what a match means
//! (`warifu-core`), HTTP statuses (the daemon maps [`HsmError`]).

mod board;
mod config;
mod conversation;
mod error;
mod link;
mod pulse;
mod queue;
mod rotation;
mod settings;
mod signing;
mod slot;
mod stderr;
mod transport;
mod uri;

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use tokio::{
    sync::{oneshot, watch},
    task::JoinSet,
    time::timeout_at,
};
use warifu_core::{
    code::Code,
    custody::{CustodyKind, SealedSeed},
    oath::{Digits, HashAlgorithm, MovingFactor},
};
pub use warifu_hsm_protocol::{
    Check, CheckResult, Cipher, Counters, Doctor, Exposure, ImportLine, ImportPlace, KcvMethod,
    KeyInfo, KeyKind, KeyShape, MAX_INPUTS, MAX_TEXT, MacHash, Provider, Reduction, RefusedCause,
    Row, SecretBytes, SeedSource, SessionKey, TransportShape, ValueMac, WorkerConfig,
    WrappingKeyForm,
};
use warifu_hsm_protocol::{Greeting, Job, Purpose, Reply};

pub use self::{
    board::State,
    config::HsmConfig,
    error::{HsmError, StartError},
    rotation::RewrapOrder,
    settings::{HsmSettings, SettingFault},
    signing::{CheckOrder, ExpandOrder, Expanded, MessageOrder},
    transport::{Component, ComponentOrder, FinishOrder},
    uri::{TokenUri, UriError},
};
use self::{
    queue::{Lane, Order},
    slot::{Shared, Slot},
};
use crate::custody;

/// Most moving factors one [`Hsm::verify`] may try.
pub const MAX_CANDIDATES: usize = 64;

/// Most candidates one [`Hsm::resync`] may try.
pub const MAX_RESYNC: u32 = 2048;

/// Longest encrypted value of a seed file that is sent to the worker, in bytes.
pub const MAX_SEED_VALUE: usize = 4096;

/// Handle to the workers of one HSM token. Cheap to clone; the last one to go kills the workers.
#[derive(Clone, Debug)]
pub struct Hsm {
    shared: Arc<Shared>,
    _slots: Arc<JoinSet<()>>,
}

/// A seed on its way into custody.
#[derive(Debug)]
pub struct SealOrder {
    /// Name of the record it is for ([`custody::record_name`]).
    pub record: Vec<u8>,
    /// What the key is for ([`custody::hmac`], [`custody::KeyRole::kind`]).
    pub kind: KeyKind,
    /// How it is to be kept.
    pub custody: CustodyKind,
    /// The seed as the file gives it.
    pub source: SeedSource,
}

/// A seed in custody.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sealed {
    /// For the token's record.
    pub seal: SealedSeed,
    /// Where the seed was readable on its way; for the import report.
    pub exposure: Exposure,
}

/// Figures of the client since its start, for metrics.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Stats {
    /// Jobs waiting for a worker right now.
    pub queued: usize,
    /// Workers that serve right now.
    pub workers: usize,
    /// Frames sent.
    pub frames: u64,
    /// Jobs sent in them.
    pub jobs: u64,
    /// Worker starts tried.
    pub starts: u64,
    /// Workers that died or were killed.
    pub kills: u64,
    /// Jobs of dead workers that were sent again.
    pub resent: u64,
}

impl Hsm {
    /// Starts the workers and waits until all of them are ready.
    ///
    /// They are started one after the other: a wrong PIN costs one try.
    pub async fn start(config: HsmConfig) -> Result<Self, StartError> {
        let workers = config.workers.max(1);
        let shared = Arc::new(Shared::new(config));
        let mut links = Vec::with_capacity(workers);
        for _ in 0..workers {
            links.push(shared.start().await?);
        }
        let mut slots = JoinSet::new();
        for link in links {
            // Made here, not in the slot's task: from the first moment on, all of them serve.
            let conversation = shared.serve(link);
            slots.spawn(Slot::new(Arc::clone(&shared)).run(conversation));
        }
        Ok(Self { shared, _slots: Arc::new(slots) })
    }

    /// Whether a code could be checked right now.
    pub fn is_ready(&self) -> bool {
        self.state().is_ready()
    }

    /// Whether a code could be checked right now, and if not, why.
    pub fn state(&self) -> State {
        self.shared.board.state()
    }

    /// Follows [`Self::state`].
    pub fn watch(&self) -> watch::Receiver<State> {
        self.shared.board.watch()
    }

    /// Facts about the token, as of the last start of a worker.
    pub fn provider(&self) -> Option<Provider> {
        self.shared.board.provider()
    }

    /// Process ids of the workers that serve, for operators and for fault injection.
    pub fn worker_pids(&self) -> Vec<u32> {
        self.shared.board.live().iter().map(|worker| worker.pid).collect()
    }

    /// Figures since the start.
    pub fn stats(&self) -> Stats {
        let board = &self.shared.board;
        let figures = &board.figures;
        Stats {
            queued: board.queue.len(Lane::Quick) + board.queue.len(Lane::Bulk),
            workers: board.live().len(),
            frames: figures.frames.load(Ordering::Relaxed),
            jobs: figures.jobs.load(Ordering::Relaxed),
            starts: figures.starts.load(Ordering::Relaxed),
            kills: figures.kills.load(Ordering::Relaxed),
            resent: figures.resent.load(Ordering::Relaxed),
        }
    }

    /// Tries the candidates in order; the index of the first whose code matches.
    #[expect(
        clippy::too_many_arguments,
        reason = "what a code is checked against; all distinct types"
    )]
    pub async fn verify(
        &self,
        key: &SealedSeed,
        record: &[u8],
        hash: HashAlgorithm,
        digits: Digits,
        code: &Code,
        candidates: Vec<MovingFactor>,
        deadline: Instant,
    ) -> Result<Option<usize>, HsmError> {
        if candidates.len() > MAX_CANDIDATES {
            return Err(HsmError::Malformed);
        }
        let count = candidates.len();
        let job = Job::Verify {
            key: custody::key_ref(record, custody::hmac(hash), key),
            digits: digits.get(),
            code: SecretBytes::new(code.expose().to_vec()),
            candidates,
        };
        match self.request(job, Repeat::Safe, deadline).await? {
            Reply::Verified(None) => Ok(None),
            Reply::Verified(Some(index)) if usize::from(index) < count => Ok(Some(index.into())),
            _ => Err(HsmError::Malformed),
        }
    }

    /// Looks for two consecutive codes; the moving factor of the first, somewhere in
    /// `from..from + count`.
    #[expect(clippy::too_many_arguments, reason = "what the codes are checked against")]
    pub async fn resync(
        &self,
        key: &SealedSeed,
        record: &[u8],
        hash: HashAlgorithm,
        digits: Digits,
        codes: [&Code; 2],
        from: MovingFactor,
        count: u32,
        deadline: Instant,
    ) -> Result<Option<MovingFactor>, HsmError> {
        if count > MAX_RESYNC {
            return Err(HsmError::Malformed);
        }
        let job = Job::Resync {
            key: custody::key_ref(record, custody::hmac(hash), key),
            digits: digits.get(),
            codes: codes.map(|code| SecretBytes::new(code.expose().to_vec())),
            from,
            count,
        };
        match self.request(job, Repeat::Safe, deadline).await? {
            Reply::Resynced(None) => Ok(None),
            Reply::Resynced(Some(factor))
                if factor.checked_sub(from).is_some_and(|at| at < u64::from(count)) =>
            {
                Ok(Some(factor))
            }
            _ => Err(HsmError::Malformed),
        }
    }

    /// Takes seeds into custody; one result per order, in order. Waits for room, so a caller may
    /// hand over any number; the deadline is [`HsmConfig::bulk_limit`] for all of them together.
    ///
    /// A resident seed whose worker dies is answered `Unavailable` and may be left in the token.
    pub async fn seal(&self, batch: Vec<SealOrder>) -> Vec<Result<Sealed, HsmError>> {
        let deadline = Instant::now() + self.shared.config.bulk_limit;
        let mut waiting = Vec::with_capacity(batch.len());
        for order in batch {
            waiting.push(self.order_seal(order, deadline).await);
        }
        let mut results = Vec::with_capacity(waiting.len());
        for answer in waiting {
            results.push(match answer {
                Ok(answer) => receive(answer, deadline).await.and_then(sealed),
                Err(error) => Err(error),
            });
        }
        results
    }

    async fn order_seal(&self, order: SealOrder, deadline: Instant) -> Result<Answer, HsmError> {
        let SealOrder { record, kind, custody, source } = order;
        if size(&source) > MAX_SEED_VALUE {
            return Err(HsmError::BadValue);
        }
        let resident = custody == CustodyKind::Resident;
        let repeat = if resident { Repeat::Never } else { Repeat::Safe };
        let job = Job::Seal { record, kind, resident, source };
        self.enqueue(job, Lane::Bulk, repeat, deadline).await
    }

    /// Removes a resident seed; a wrapped one lies in the store only and is no job of the HSM.
    pub async fn destroy(
        &self,
        key: &SealedSeed,
        record: &[u8],
        kind: KeyKind,
    ) -> Result<(), HsmError> {
        let job = Job::Destroy { key: custody::key_ref(record, kind, key) };
        match self.request(job, Repeat::Never, self.soon()).await? {
            Reply::Done => Ok(()),
            _ => Err(HsmError::Malformed),
        }
    }

    /// ECDSA P-256 over a SHA-256 digest with the audit key: `r || s`.
    pub async fn sign_checkpoint(&self, digest: [u8; 32]) -> Result<[u8; 64], HsmError> {
        match self.request(Job::SignCheckpoint { digest }, Repeat::Safe, self.soon()).await? {
            Reply::Signature(bytes) => bytes.try_into().map_err(|_| HsmError::Malformed),
            _ => Err(HsmError::Malformed),
        }
    }

    /// The key of the wrong-code fingerprints, the same on every start.
    pub async fn fingerprint_key(&self) -> Result<SecretBytes, HsmError> {
        match self.request(Job::FingerprintKey, Repeat::Safe, self.soon()).await? {
            Reply::FingerprintKey(key) => Ok(key),
            _ => Err(HsmError::Malformed),
        }
    }

    /// Random bytes of the HSM, at most 1024.
    pub async fn random(&self, count: u16) -> Result<Vec<u8>, HsmError> {
        match self.request(Job::Random { count }, Repeat::Safe, self.soon()).await? {
            Reply::Random(bytes) if bytes.len() == usize::from(count) => Ok(bytes),
            _ => Err(HsmError::Malformed),
        }
    }

    /// Asks a worker whether its token answers.
    pub async fn canary(&self) -> Result<(), HsmError> {
        match self.request(Job::Canary, Repeat::Safe, self.soon()).await? {
            Reply::Alive => Ok(()),
            _ => Err(HsmError::Malformed),
        }
    }

    /// PKCS#11 calls and cache figures, the sum over the workers that serve now.
    pub async fn counters(&self) -> Result<Counters, HsmError> {
        let mut total = Counters::default();
        for reply in self.ask_all(|| Job::Counters).await? {
            match reply {
                Reply::Counters(counters) => add(&mut total, &counters),
                _ => return Err(HsmError::Malformed),
            }
        }
        Ok(total)
    }

    /// The same question to every worker that serves now, one after the other.
    async fn ask_all(&self, job: impl Fn() -> Job) -> Result<Vec<Reply>, HsmError> {
        let deadline = self.soon();
        let mut replies = Vec::new();
        for worker in self.shared.board.live() {
            let (order, answer) = order(job(), Lane::Quick, Repeat::Never, deadline);
            worker.control.send(order).await.map_err(|_| HsmError::Unavailable)?;
            replies.push(receive(answer, deadline).await?);
        }
        Ok(replies)
    }

    /// Refuses new jobs, lets the workers finish what they have, and waits for their end, `limit` at
    /// most; whoever is left is killed when the last handle goes.
    pub async fn shut_down(&self, limit: Duration) {
        self.shared.board.shut_down();
        let ended = self.shared.board.all_ended();
        if tokio::time::timeout(limit, ended).await.is_err() {
            tracing::warn!("HSM workers did not end in time");
        }
    }

    fn soon(&self) -> Instant {
        Instant::now() + self.shared.config.job_limit
    }

    async fn request(
        &self,
        job: Job,
        repeat: Repeat,
        deadline: Instant,
    ) -> Result<Reply, HsmError> {
        let answer = self.enqueue(job, Lane::Quick, repeat, deadline).await?;
        receive(answer, deadline).await
    }

    async fn enqueue(
        &self,
        job: Job,
        lane: Lane,
        repeat: Repeat,
        deadline: Instant,
    ) -> Result<Answer, HsmError> {
        let queue = &self.shared.board.queue;
        let place = timeout_at(deadline.into(), queue.place(lane));
        let place = place.await.map_err(|_| HsmError::Timeout)??;
        let (mut order, answer) = order(job, lane, repeat, deadline);
        order.place = Some(place);
        queue.push(order);
        Ok(answer)
    }
}

type Answer = oneshot::Receiver<Result<Reply, HsmError>>;

/// Whether a job of a dead worker may be given to another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Repeat {
    /// It reads only, or a second result replaces the first.
    Safe,
    /// It leaves something behind in the token.
    Never,
}

fn order(job: Job, lane: Lane, repeat: Repeat, deadline: Instant) -> (Order, Answer) {
    let (answer, receiver) = oneshot::channel();
    let repeatable = repeat == Repeat::Safe;
    (Order { job, lane, deadline, repeatable, answer, place: None }, receiver)
}

async fn receive(answer: Answer, deadline: Instant) -> Result<Reply, HsmError> {
    match timeout_at(deadline.into(), answer).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(HsmError::Unavailable),
        Err(_) => Err(HsmError::Timeout),
    }
}

fn sealed(reply: Reply) -> Result<Sealed, HsmError> {
    match reply {
        Reply::Sealed { seal, exposure } => Ok(Sealed { seal: custody::from_wire(seal), exposure }),
        _ => Err(HsmError::Malformed),
    }
}

fn size(source: &SeedSource) -> usize {
    match source {
        SeedSource::Clear(seed) => seed.expose().len(),
        SeedSource::Encrypted { data, mac, session, .. } => {
            let mac = mac.as_ref().map_or(0, |mac| mac.encrypted_key.len() + mac.value.len());
            data.len() + mac + session.as_ref().map_or(0, |session| session.data.len())
        }
    }
}

fn add(total: &mut Counters, part: &Counters) {
    total.sign_init += part.sign_init;
    total.sign += part.sign;
    total.unwrap += part.unwrap;
    total.wrap += part.wrap;
    total.destroy += part.destroy;
    total.hits += part.hits;
    total.misses += part.misses;
    total.cached += part.cached;
    total.epoch += part.epoch;
    total.jobs += part.jobs;
    total.recoveries.iter_mut().zip(part.recoveries).for_each(|(sum, count)| *sum += count);
}

/// Starts a worker that only looks at the token, and returns what it found (`warifu hsm doctor`).
pub async fn inspect(config: &HsmConfig) -> Result<Doctor, StartError> {
    match greet_once(config, Purpose::Inspect).await? {
        Greeting::Inspected(doctor) => Ok(*doctor),
        Greeting::Refused { reason, cause } => Err(StartError::Refused { reason, cause }),
        Greeting::Ready(_) => Err(StartError::Broken("an answer to another question".to_owned())),
    }
}

/// Makes the keys that are missing in the token (`warifu hsm init`). Existing ones are kept.
pub async fn init(config: &HsmConfig) -> Result<Provider, StartError> {
    match greet_once(config, Purpose::Init).await? {
        Greeting::Ready(provider) => Ok(provider),
        Greeting::Refused { reason, cause } => Err(StartError::Refused { reason, cause }),
        Greeting::Inspected(_) => {
            Err(StartError::Broken("an answer to another question".to_owned()))
        }
    }
}

async fn greet_once(config: &HsmConfig, purpose: Purpose) -> Result<Greeting, StartError> {
    let (link, greeting) = link::launch(config, purpose).await?;
    link.retire(config.grace).await;
    Ok(greeting)
}
