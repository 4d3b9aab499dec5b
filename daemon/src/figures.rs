//! Figures that the store, the HSM client and the clock keep, told at each scrape.
//!
//! Not responsible for: what is counted as it happens (telemetry).

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use warifu_keys::hsm::Counters;
use warifu_store::sled_engine::SledStore;

use crate::{
    service::Service,
    telemetry::{Kind, Observed},
};

/// The last answer of the HSM workers: asking takes a round trip, and a scrape must not wait.
type Latest = Arc<Mutex<Counters>>;

/// Has everything told from now on. The returned task asks the workers until it is told to stop.
pub(crate) fn tell(
    service: &Arc<Service>,
    store: Arc<SledStore>,
    stop: watch::Receiver<bool>,
) -> impl Future<Output = ()> + Send + 'static {
    let latest = Latest::default();
    let (told, asked) = (Arc::clone(service), Arc::clone(&latest));
    service.metrics.observe(move || {
        let mut figures = of_store(&store);
        figures.extend(of_hsm(&told, *asked.lock().unwrap_or_else(PoisonError::into_inner)));
        figures.push(readiness(&told));
        figures.extend(told.alarm_figures());
        figures
    });
    ask_workers(Arc::clone(service), latest, stop)
}

async fn ask_workers(service: Arc<Service>, latest: Latest, mut stop: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(ASK_EVERY);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        if let Ok(counters) = service.hsm.counters().await {
            *latest.lock().unwrap_or_else(PoisonError::into_inner) = counters;
        }
    }
}

fn of_store(store: &SledStore) -> Vec<Observed> {
    let stats = store.stats();
    let counter = |name, help, value: u64| plain(name, help, Kind::Counter, value);
    vec![
        plain(
            "store_queued",
            "Units that wait for the committer",
            Kind::Gauge,
            stats.queued as u64,
        ),
        counter("store_groups", "Groups made durable together", stats.groups),
        counter("store_units", "Units committed", stats.units),
        counter("store_conflicts", "Units refused by a condition", stats.conflicts),
        counter("store_full", "Units refused for lack of room", stats.full),
        counter("audit_records", "Audit records written", stats.audit_records),
        plain("store_group_most_units", "Largest group", Kind::Gauge, stats.most_units),
        seconds("store_flush_seconds", "Time spent in flushes", Kind::Counter, stats.flush_total),
        seconds("store_flush_longest_seconds", "Longest flush", Kind::Gauge, stats.flush_longest),
    ]
}

fn of_hsm(service: &Service, calls: Counters) -> Vec<Observed> {
    let stats = service.hsm.stats();
    let counter = |name, help, value: u64| plain(name, help, Kind::Counter, value);
    let functions = [
        ("C_SignInit", calls.sign_init),
        ("C_Sign", calls.sign),
        ("C_UnwrapKey", calls.unwrap),
        ("C_WrapKey", calls.wrap),
        ("C_DestroyObject", calls.destroy),
    ];
    let recoveries = ["session", "login", "handle", "token"].into_iter().zip(calls.recoveries);
    vec![
        plain("hsm_queued", "Jobs that wait for a worker", Kind::Gauge, stats.queued as u64),
        plain("hsm_workers", "Workers that serve", Kind::Gauge, stats.workers as u64),
        counter("hsm_frames", "Frames sent to workers", stats.frames),
        counter("hsm_jobs", "Jobs sent in them", stats.jobs),
        counter("hsm_worker_starts", "Worker starts", stats.starts),
        counter("hsm_worker_kills", "Workers that died or were killed", stats.kills),
        counter("hsm_jobs_resent", "Jobs of dead workers sent again", stats.resent),
        counter("hsm_cache_hits", "Seeds found unwrapped", calls.hits),
        counter("hsm_cache_misses", "Seeds that had to be unwrapped", calls.misses),
        plain("hsm_cached", "Seeds kept unwrapped", Kind::Gauge, calls.cached),
        labelled("hsm_calls", "PKCS#11 calls of the present workers", "function", functions),
        labelled("hsm_recoveries", "Recoveries of the present workers", "kind", recoveries),
    ]
}

/// 1 or 0 per part that must work.
fn readiness(service: &Service) -> Observed {
    let parts = service.readiness().components;
    let values = parts
        .into_iter()
        .map(|part| (vec![("component", part.name)], f64::from(u8::from(part.ready))))
        .collect();
    Observed { name: "ready", help: "1 where the component works", kind: Kind::Gauge, values }
}

fn labelled(
    name: &'static str,
    help: &'static str,
    label: &'static str,
    values: impl IntoIterator<Item = (&'static str, u64)>,
) -> Observed {
    let values = values
        .into_iter()
        .map(|(word, value)| (vec![(label, word.to_owned())], float(value)))
        .collect();
    Observed { name, help, kind: Kind::Counter, values }
}

fn plain(name: &'static str, help: &'static str, kind: Kind, value: u64) -> Observed {
    Observed::plain(name, help, kind, float(value))
}

fn seconds(
    name: &'static str,
    help: &'static str,
    kind: Kind,
    value: std::time::Duration,
) -> Observed {
    Observed::plain(name, help, kind, value.as_secs_f64())
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus knows no other number")]
fn float(value: u64) -> f64 {
    value as f64
}

const ASK_EVERY: std::time::Duration = std::time::Duration::from_secs(1);
