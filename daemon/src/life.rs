//! The life of the process: what is opened in which order, and how it is closed.
//!
//! Start: store, HSM (the one the store was made for, or none), clock, removal of unfinished
//! imports, listeners, readiness. Stop: listeners drain, the chain is signed, store and HSM close.
//! A store that fails ends the process at once: what it did not make durable must not be answered.
//!
//! Not responsible for: requests.

mod create;
mod notify;
#[cfg(feature = "fuzzing")]
mod surface;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use warifu_core::{event::Action, time::UnixTime};
use warifu_keys::{
    driver::{Driver, Drivers, Keypad, Oath, Txa1},
    hsm::Hsm,
};
use warifu_store::{
    Space, Store, StoreError,
    audit::AuditRecord,
    record::{self, DecodedEvent},
    sled_engine::{SledOptions, SledStore},
};

pub(crate) use self::create::{init, restore};
#[cfg(feature = "fuzzing")]
pub use self::surface::Surface;
use crate::{
    Stopped,
    alarm::Alarms,
    approval::FourEyes,
    batches::Batches,
    clock::Clock,
    config::Config,
    decoy::Decoys,
    figures,
    http::{self, Limits},
    import::{Alone, Imports, Settings},
    rotation::Rotations,
    server::{self, Front, Transport, watch_signals},
    service::{Facts, Fingerprints, Service},
    telemetry::{self, Metrics},
    tls::Tls,
    turn::Turns,
};

/// Everything that is open while the daemon serves.
struct Running {
    service: Arc<Service>,
    store: Arc<SledStore>,
    tls: Arc<Tls>,
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

/// See [`crate::run`].
pub(crate) fn run(config: Config, paths: &[PathBuf]) -> Result<(), Stopped> {
    telemetry::start_logging(&config.log)
        .map_err(|error| Stopped::Misconfigured(error.to_string()))?;
    runtime()?.block_on(async {
        let running = open(&config).await?;
        serve(running, config, paths).await
    })
}

/// See [`crate::check`].
pub(crate) fn check(config: &Config) -> Result<(), Stopped> {
    let clock = Clock::start(&config.clock, None);
    Tls::load(&config.server.files, config.subjects.clone(), clock)
        .map_err(|error| Stopped::Misconfigured(error.to_string()))?;
    Ok(())
}

fn runtime() -> Result<tokio::runtime::Runtime, Stopped> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stopped::Unavailable(format!("no threads: {error}")))
}

async fn open(config: &Config) -> Result<Running, Stopped> {
    let store = Arc::new(open_store(config)?);
    let mut supervisor = config.hsm.supervisor.clone();
    supervisor.expected_fingerprint = Some(store.meta().hsm_fingerprint.clone());
    let hsm = Hsm::start(supervisor).await?;
    let clock = Clock::start(&config.clock, last_recorded(&*store).await?);
    let tls = Tls::load(&config.server.files, config.subjects.clone(), clock.clone())
        .map_err(|error| Stopped::Misconfigured(error.to_string()))?;
    let service = Arc::new(service(config, &store, hsm, clock).await?);
    if !config.approval.enforce {
        tracing::warn!("approval.enforce is off: one person may do everything alone");
    }
    service.note(Action::Start, "done").await.map_err(|e| unavailable(&e))?;
    let (stop, _) = watch::channel(false);
    Ok(Running { service, store, tls: Arc::new(tls), tasks: JoinSet::new(), stop })
}

fn open_store(config: &Config) -> Result<SledStore, Stopped> {
    let options = SledOptions {
        cache_bytes: config.store.cache_bytes,
        min_free_bytes: config.store.min_free_bytes,
        ..SledOptions::default()
    };
    Ok(SledStore::open(&config.store.path, options)?)
}

/// The latest time that anything was recorded: the clock is not believed when it is behind.
async fn last_recorded(store: &dyn Store) -> Result<Option<u64>, StoreError> {
    let Some((seq, _)) = store.audit_head().await? else { return Ok(None) };
    let key = record::audit_key(seq);
    let Some(found) = store.load(Space::Audit, &key).await? else {
        return Err(StoreError::Corrupt("the head of the audit chain is missing".to_owned()));
    };
    let record = AuditRecord::decode(&key, &found.bytes)?;
    Ok(Some(DecodedEvent::decode(&record.body)?.at_ms))
}

async fn service(
    config: &Config,
    store: &Arc<SledStore>,
    hsm: Hsm,
    clock: Clock,
) -> Result<Service, Stopped> {
    let key = hsm.fingerprint_key().await.map_err(|error| {
        Stopped::Unavailable(format!("the HSM does not derive the fingerprint key: {error}"))
    })?;
    prepare_folder(&config.import.folder)?;
    let facts = Facts {
        hsm_deadline: config.hsm.deadline,
        meta: store.meta().clone(),
        house: config.house.clone(),
        engine: "sled",
        instance: store.meta().instance().clone(),
        workers: u32::try_from(config.hsm.supervisor.workers).unwrap_or(u32::MAX),
        started: UnixTime(clock.untrusted_ms() / 1_000),
    };
    Ok(Service {
        store: Arc::clone(store) as Arc<dyn Store>,
        drivers: drivers(&hsm),
        hsm,
        clock,
        metrics: Metrics::new(),
        tenants: ArcSwap::from_pointee(config.institutions.clone()),
        turns: Turns::new(),
        decoys: Decoys::default(),
        batches: Batches::default(),
        alarms: Alarms::default(),
        four_eyes: FourEyes::new(config.approval.enforce, config.people.clone()),
        rotations: Rotations::default(),
        fingerprints: Fingerprints::new(key.expose()),
        imports: Imports::new(Settings {
            folder: config.import.folder.clone(),
            custody: config.import.custody,
            signature_roots: config.import.signature_roots.clone(),
            openpgp: config.import.openpgp.clone(),
        }),
        facts,
        store_failed: store.failed(),
    })
}

/// The drivers that this daemon has. A maker's licensed library is added here.
fn drivers(hsm: &Hsm) -> Drivers {
    let (oath, keypad, txa1) =
        (Oath::new(hsm.clone()), Keypad::new(hsm.clone()), Txa1::new(hsm.clone()));
    Drivers::new([Arc::new(oath) as Arc<dyn Driver>, Arc::new(keypad), Arc::new(txa1)])
}

/// The spool's folder is ours to make: nothing in it outlives the process.
fn prepare_folder(folder: &std::path::Path) -> Result<(), Stopped> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| {
        Stopped::Misconfigured(format!("import.folder {}: {error}", folder.display()))
    })
}

async fn serve(mut running: Running, config: Config, paths: &[PathBuf]) -> Result<(), Stopped> {
    let limits = Limits {
        request_bytes: config.server.request_bytes,
        import_bytes: config.server.import_bytes,
        deadline: config.server.request_deadline,
    };
    let api = bind(config.server.listen).await?;
    let router = http::router(Arc::clone(&running.service), limits);
    let transport = Transport::Tls(Arc::clone(&running.tls));
    let api_address = address(&api)?;
    let alone = running.service.imports.alone().await;
    tokio::spawn(clean_up(Arc::clone(&running.service), alone));
    running.listen(&config, api, transport, router);
    let metrics_address = running.listen_metrics(&config).await?;
    running.background();
    let reload = reloader(&running, paths.to_vec());
    let signals = watch_signals(running.stop.clone(), reload)
        .map_err(|error| Stopped::Unavailable(format!("no signals: {error}")))?;
    running.tasks.spawn(signals);
    tracing::info!(
        api = %api_address, metrics = metrics_address.map(tracing::field::display),
        version = env!("CARGO_PKG_VERSION"), "listening"
    );
    notify::ready();
    let end = until_stopped(&running).await;
    notify::stopping();
    running.close(config.server.settings.drain_timeout, end).await
}

/// Returns when somebody asked to stop, or the store failed.
async fn until_stopped(running: &Running) -> Result<(), Stopped> {
    let mut stop = running.stop.subscribe();
    let mut failed = running.store.failed();
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => Ok(()),
        why = failed.wait_for(Option::is_some) => {
            let why = why.ok().and_then(|why| why.clone());
            let why = why.unwrap_or_else(|| "its thread ended".into());
            Err(Stopped::Unavailable(format!("the store failed: {why}")))
        }
    }
}

impl Running {
    fn listen(
        &mut self,
        config: &Config,
        listener: TcpListener,
        transport: Transport,
        router: axum::Router,
    ) {
        let (clock, metrics) = (self.service.clock.clone(), self.service.metrics.clone());
        let front = Front::new(config.server.settings, transport, router, clock, metrics);
        self.tasks.spawn(front.serve(listener, self.stop.subscribe()));
    }

    async fn listen_metrics(&mut self, config: &Config) -> Result<Option<SocketAddr>, Stopped> {
        let Some(metrics) = config.metrics else { return Ok(None) };
        let listener = bind(metrics.listen).await?;
        let address = address(&listener)?;
        let house = (!metrics.plain).then(|| config.house.clone());
        let router = telemetry::router(self.service.metrics.clone(), house);
        let transport =
            if metrics.plain { Transport::Plain } else { Transport::Tls(Arc::clone(&self.tls)) };
        self.listen(config, listener, transport, router);
        Ok(Some(address))
    }

    /// What goes on beside the requests.
    fn background(&mut self) {
        let (service, stop) = (Arc::clone(&self.service), self.stop.subscribe());
        self.tasks.spawn(async move { service.keep_signing(stop).await });
        let (service, stop) = (Arc::clone(&self.service), self.stop.subscribe());
        self.tasks.spawn(async move { service.keep_watch(stop).await });
        let (service, stop) = (Arc::clone(&self.service), self.stop.subscribe());
        self.tasks.spawn(service.keep_rotating(stop));
        let stop = self.stop.subscribe();
        self.tasks.spawn(figures::tell(&self.service, Arc::clone(&self.store), stop));
        self.tasks.spawn(forget(Arc::clone(&self.service), self.stop.subscribe()));
        self.tasks.spawn(notify::keep_alive(Arc::clone(&self.service), self.stop.subscribe()));
    }

    /// In order where there is time, at once where the store failed.
    async fn close(mut self, drain: Duration, end: Result<(), Stopped>) -> Result<(), Stopped> {
        self.stop.send_replace(true);
        self.service.imports.cancel_all();
        if end.is_err() {
            self.tasks.shutdown().await;
            return end;
        }
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        let limit = drain.saturating_add(Duration::from_secs(5));
        if tokio::time::timeout(limit, ended).await.is_err() {
            tracing::warn!("some tasks were cut off at the stop");
        }
        if let Err(error) = self.service.note(Action::Stop, "done").await {
            tracing::warn!(%error, "the stop could not be recorded");
        }
        if let Err(error) = self.service.checkpoint().await {
            tracing::warn!(%error, "the audit chain could not be signed at the stop");
        }
        self.store.close().await?;
        self.service.hsm.shut_down(Duration::from_secs(5)).await;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Reads everything again that may change while running; what is not good changes nothing.
fn reloader(running: &Running, paths: Vec<PathBuf>) -> impl FnMut() + Send + use<> {
    let (service, tls) = (Arc::clone(&running.service), Arc::clone(&running.tls));
    move || {
        notify::reloading();
        match Config::load(&paths) {
            Ok(config) => {
                match tls.reload(&config.server.files, config.subjects) {
                    Ok(generation) => tracing::info!(generation, "certificates were reloaded"),
                    Err(error) => tracing::error!(%error, "the old certificates stay in use"),
                }
                let institutions = config.institutions.len();
                service.four_eyes.reload(config.people);
                service.tenants.store(Arc::new(config.institutions));
                tracing::info!(institutions, "institutions were reloaded");
            }
            Err(faults) => {
                for fault in faults {
                    tracing::error!(key = fault.key(), %fault, "the old configuration stays in use");
                }
            }
        }
        notify::ready();
    }
}

/// What imports of an earlier life left behind. Nobody sees it, so nobody waits for its removal but
/// new imports.
async fn clean_up(service: Arc<Service>, alone: Alone) {
    match service.sweep_unfinished(alone).await {
        Ok(0) => {}
        Ok(swept) => tracing::warn!(batches = swept, "unfinished imports were removed"),
        Err(error) => tracing::error!(%error, "unfinished imports are left for the next start"),
    }
}

async fn forget(service: Arc<Service>, mut stop: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(FORGET_EVERY);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        if let Err(error) = service.forget_old_answers().await {
            tracing::warn!(%error, "old answers could not be forgotten");
        }
        if let Err(error) = service.forget_old_grants().await {
            tracing::warn!(%error, "old grants could not be forgotten");
        }
        if let Err(error) = service.end_old_batches().await {
            tracing::warn!(%error, "staged batches could not be given up");
        }
        if let Err(error) = service.end_old_ceremonies().await {
            tracing::warn!(%error, "old key ceremonies could not be ended");
        }
    }
}

async fn bind(at: SocketAddr) -> Result<TcpListener, Stopped> {
    server::bind(at)
        .await
        .map_err(|error| Stopped::Unavailable(format!("can not listen on {at}: {error}")))
}

fn address(listener: &TcpListener) -> Result<SocketAddr, Stopped> {
    listener.local_addr().map_err(|error| Stopped::Unavailable(error.to_string()))
}

pub(crate) fn unavailable(error: &dyn std::error::Error) -> Stopped {
    Stopped::Unavailable(error.to_string())
}

const FORGET_EVERY: Duration = Duration::from_secs(300);
