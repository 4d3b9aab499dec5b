//! Durable commits per second of the sled engine, beside the physical limit of the same device in the
//! same run: a bare append followed by fdatasync, shared by as many waiters. Prints JSON.
//!
//! Not responsible for: comparing with other machines; only the ratios of one run mean something.
//!
//! `cargo run --release -p warifu-store --example store_bench -- [FOLDER] [TOKENS] [SECONDS]`
#![forbid(unsafe_code)]

use std::{
    error::Error,
    fs::{File, OpenOptions},
    io::Write as _,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};
use warifu_core::ident::Name;
use warifu_store::{
    AuditEntry, Commit, Expect, Space, Step, Store, Unit, Version, Write,
    record::StoreMeta,
    sled_engine::{SledOptions, SledStore},
};

type Failure = Box<dyn Error + Send + Sync>;

/// Tokens per unit while the store is being filled.
const CHUNK: u32 = 1_024;

/// Bytes of a token's record, and of an audit record.
const RECORD: usize = 220;
const AUDIT: usize = 110;
/// Numbers of tasks that wait for their own commits.
const TASKS: [usize; 4] = [1, 8, 64, 256];

struct Plan {
    folder: PathBuf,
    tokens: u32,
    time: Duration,
}

/// What one column measured.
struct Column {
    per_second: f64,
    p50: Duration,
    p99: Duration,
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let tokens = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let seconds = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let folder = folder.join(format!("store-bench-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let plan = Plan { folder, tokens, time: Duration::from_secs(seconds) };
    let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
    let done = runtime.block_on(bench(&plan));
    std::fs::remove_dir_all(&plan.folder)?;
    println!("{}", serde_json::to_string_pretty(&done?)?);
    Ok(())
}

async fn bench(plan: &Plan) -> Result<serde_json::Value, Failure> {
    let path = plan.folder.join("store");
    let instance = Name::parse("bench")?;
    SledStore::init(&path, &StoreMeta::new([1; 16], 0, "none", instance), &[])?;
    let store = Arc::new(SledStore::open(&path, SledOptions::default())?);
    let filling = Instant::now();
    fill(&*store, plan.tokens).await?;
    let filled = filling.elapsed();
    let mut columns = Vec::new();
    for tasks in TASKS {
        let limit = limit(plan, tasks).await?;
        let before = store.stats();
        let sled = commits(plan, &store, tasks).await?;
        let after = store.stats();
        let groups = after.groups - before.groups;
        columns.push(serde_json::json!({
            "tasks": tasks,
            "limit": show(&limit),
            "store": show(&sled),
            "of_limit": round(sled.per_second / limit.per_second),
            "units_per_flush": round(ratio(after.units - before.units, groups)),
        }));
    }
    store.close().await?;
    drop(store);
    let opening = Instant::now();
    let store = SledStore::open(&path, SledOptions::default())?;
    let opened = opening.elapsed();
    store.close().await?;
    Ok(serde_json::json!({
        "tokens": plan.tokens,
        "filled_per_second": round(f64::from(plan.tokens) / filled.as_secs_f64()),
        "open_ms": round(opened.as_secs_f64() * 1e3),
        "peak_resident_mb": peak_resident_mb(),
        "columns": columns,
    }))
}

async fn fill(store: &dyn Store, tokens: u32) -> Result<(), Failure> {
    for first in (0..tokens).step_by(usize::try_from(CHUNK)?) {
        let numbers = first..first.saturating_add(CHUNK).min(tokens);
        let steps = numbers.map(|number| step(number, Expect::Absent)).collect();
        store.commit(Unit { steps, audit: Vec::new() }).await?;
    }
    Ok(())
}

fn step(number: u32, expect: Expect) -> Step {
    let key = format!("bank-a\0{number:010}").into_bytes();
    Step { space: Space::Token, key, expect, write: Write::Put(vec![0x5A; RECORD]) }
}

/// Every task does what a verification does: read, compare and set, with an audit record.
async fn commits(plan: &Plan, store: &Arc<SledStore>, tasks: usize) -> Result<Column, Failure> {
    let mut running = JoinSet::new();
    let begun = Instant::now();
    for task in 0..tasks {
        let (store, time, tokens) = (Arc::clone(store), plan.time, plan.tokens);
        running.spawn(async move {
            let mut number = u32::try_from(task)?.wrapping_mul(2_654_435_761);
            let mut took = Vec::new();
            while begun.elapsed() < time {
                number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = Instant::now();
                verify(&*store, number.checked_rem(tokens).unwrap_or(0)).await?;
                took.push(at.elapsed());
            }
            Ok::<_, Failure>(took)
        });
    }
    column(running, begun).await
}

async fn verify(store: &dyn Store, number: u32) -> Result<(), Failure> {
    loop {
        let probe = step(number, Expect::Any);
        let found = store.load(Space::Token, &probe.key).await?;
        let version: Version = found.map_or(0, |value| value.version);
        let steps = vec![step(number, Expect::At(version))];
        let unit = Unit { steps, audit: vec![AuditEntry(vec![0xA5; AUDIT])] };
        if let Commit::Done { .. } = store.commit(unit).await? {
            return Ok(());
        }
    }
}

/// The same waiters over a plain file: everything that waits is appended, then flushed once.
async fn limit(plan: &Plan, tasks: usize) -> Result<Column, Failure> {
    let (queue, waiting) = mpsc::channel::<oneshot::Sender<()>>(4_096);
    let path = plan.folder.join("limit");
    let file = OpenOptions::new().create(true).append(true).open(&path)?;
    let writer = std::thread::spawn(move || append(&file, waiting));
    let mut running = JoinSet::new();
    let begun = Instant::now();
    for _ in 0..tasks {
        let (queue, time) = (queue.clone(), plan.time);
        running.spawn(async move {
            let mut took = Vec::new();
            while begun.elapsed() < time {
                let at = Instant::now();
                let (answer, answered) = oneshot::channel();
                queue.send(answer).await?;
                answered.await?;
                took.push(at.elapsed());
            }
            Ok::<_, Failure>(took)
        });
    }
    drop(queue);
    let column = column(running, begun).await?;
    writer.join().map_err(|_| "the appending thread panicked")??;
    std::fs::remove_file(&path)?;
    Ok(column)
}

fn append(
    mut file: &File,
    mut waiting: mpsc::Receiver<oneshot::Sender<()>>,
) -> std::io::Result<()> {
    while let Some(first) = waiting.blocking_recv() {
        let mut group = vec![first];
        while let Ok(next) = waiting.try_recv() {
            group.push(next);
        }
        file.write_all(&vec![0xA5; group.len().saturating_mul(RECORD + AUDIT)])?;
        rustix::fs::fdatasync(file)?;
        for answer in group {
            let _ = answer.send(());
        }
    }
    Ok(())
}

async fn column(
    mut running: JoinSet<Result<Vec<Duration>, Failure>>,
    begun: Instant,
) -> Result<Column, Failure> {
    let mut took = Vec::new();
    while let Some(task) = running.join_next().await {
        took.extend(task??);
    }
    let elapsed = begun.elapsed().as_secs_f64();
    took.sort_unstable();
    let at = |percent: usize| {
        let index = took.len().saturating_mul(percent) / 100;
        took.get(index).or(took.last()).copied().unwrap_or_default()
    };
    let count = u32::try_from(took.len())?;
    Ok(Column { per_second: f64::from(count) / elapsed, p50: at(50), p99: at(99) })
}

/// The kernel's high-water mark of this process.
fn peak_resident_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    kib.checked_div(1_024)
}

fn show(column: &Column) -> serde_json::Value {
    serde_json::json!({
        "per_second": round(column.per_second),
        "p50_ms": round(column.p50.as_secs_f64() * 1e3),
        "p99_ms": round(column.p99.as_secs_f64() * 1e3),
    })
}

fn ratio(a: u64, b: u64) -> f64 {
    let small = |n: u64| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    small(a) / small(b.max(1))
}

fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
