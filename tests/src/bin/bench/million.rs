//! A million tokens from an encrypted PSKC file: how fast beside the HSM's own calls, how much memory
//! of daemon and command line, and what customers' codes feel of it.
//!
//! Not responsible for: smaller files (`import`), the parser alone (`parse_rate` of warifu-keys).

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use e2e::{Caller, binaries::Program, cli::Cli, pki::Wish, process, world::BANK};

use crate::{
    load::good,
    raw,
    report::{Report, megabytes, rate, ratio},
    seeds::{Bench, Seeds},
};

/// Tokens whose codes are asked for meanwhile.
const ASKED: usize = 2_000;
/// Questions for the idle figure.
const IDLE: usize = 1_000;
/// Between two questions, idle and during the import: a closed loop would take a processor from both
/// sides of the ratio.
const PACE: Duration = Duration::from_millis(20);

/// Latencies of codes over one connection, fifty a second.
struct Codes {
    seeds: Seeds,
    caller: Caller,
    next: AtomicU64,
}

impl Codes {
    /// One code of the next token, and how long it took.
    async fn ask(&self) -> Duration {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let asked = u64::try_from(ASKED).expect("small");
        let index = usize::try_from(n % asked).expect("small");
        let (serial, token) = self.seeds.token(index);
        let code = token.code(n / asked);
        let text = std::str::from_utf8(code.expose()).expect("digits");
        let begin = Instant::now();
        let reply = self.caller.verify(&serial, text).await;
        let time = begin.elapsed();
        good(&reply);
        assert!(reply.body.windows(10).any(|w| w == b"\"accepted\""), "{reply:?}");
        time
    }
}

struct Latency {
    p50: Duration,
    p99: Duration,
    count: usize,
}

impl Latency {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at =
            |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
        Self { p50: at(50), p99: at(99), count: times.len() }
    }
}

/// Measures; `WARIFU_BENCH_TOKENS` stands in for the million.
pub(crate) async fn run(report: &mut Report) {
    let count: u32 = std::env::var("WARIFU_BENCH_TOKENS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_000_000);
    let bench = Bench::with(|world| {
        world.set("hsm.workers", "2").set("hsm.sessions", "1");
    })
    .await;
    let officer = bench.world.caller(&bench.daemon, "officer");
    let seeds = Seeds::new("A0000000", ASKED as u64, false);
    seeds.import(&officer).await;
    let caller = bench.world.caller(&bench.daemon, "validator");
    let codes = Arc::new(Codes { seeds, caller, next: AtomicU64::new(0) });
    let path = bench.device.path().join("million.xml");
    let size = write(&path, count);
    let raw = raw::import(&bench.world, 2);
    let idle = idle(&codes).await;

    let stop = Arc::new(AtomicBool::new(false));
    let asking = tokio::spawn(ask_until(Arc::clone(&codes), Arc::clone(&stop)));
    let begin = Instant::now();
    let mut child = import(&bench, &path);
    let (cli_peak, phases) = follow(&officer, &mut child).await;
    let seconds = begin.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    let busy = Latency::of(asking.await.expect("no question fails"));
    let daemon_peak = process::peak_resident(bench.daemon.pid());
    told(report, count, size, seconds, raw, &phases, cli_peak, daemon_peak, &idle, &busy);
}

async fn idle(codes: &Codes) -> Latency {
    let mut times = Vec::with_capacity(IDLE);
    for _ in 0..IDLE {
        times.push(codes.ask().await);
        tokio::time::sleep(PACE).await;
    }
    Latency::of(times)
}

async fn ask_until(codes: Arc<Codes>, stop: Arc<AtomicBool>) -> Vec<Duration> {
    let mut times = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        times.push(codes.ask().await);
        tokio::time::sleep(PACE).await;
    }
    times
}

/// The file on disk, token by token.
fn write(path: &Path, count: u32) -> u64 {
    let file = File::create(path).expect("the folder is ours");
    let mut out = BufWriter::with_capacity(1 << 20, file);
    Seeds::new("M00000000", count.into(), true).write(&mut out);
    out.flush().expect("room on the device");
    std::fs::metadata(path).expect("just written").len()
}

/// The real command line sends it.
fn import(bench: &Bench, path: &Path) -> Child {
    let officer = bench.world.pki.client(&Wish::role(BANK, "officer", "officer-1"));
    let mut command = Command::new(Program::Warifu.path());
    command.args(Cli::new(&bench.world, &bench.daemon, &officer).words());
    command.arg("import").arg(path).args(["--batch", "million", "--key-label", Seeds::KEY_LABEL]);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.spawn().expect("warifu can be started")
}

/// How long each phase took, as the server tells it.
#[derive(Default)]
struct Phases {
    sending: f64,
    checking: f64,
    sealing: f64,
}

async fn follow(officer: &Caller, child: &mut Child) -> (u64, Phases) {
    let (mut peak, mut phases, mut last) = (0, Phases::default(), Instant::now());
    loop {
        peak = peak.max(process::peak_resident(child.id()));
        let reply = officer.get("/v1/imports/million").await;
        let state = if reply.status == 200 { reply.text("state") } else { String::new() };
        let now = Instant::now();
        let passed = (now - last).as_secs_f64();
        last = now;
        match state.as_str() {
            "receiving" | "awaiting_content" | "" => phases.sending += passed,
            "checking" => phases.checking += passed,
            "sealing" => phases.sealing += passed,
            _ => {}
        }
        if let Some(status) = child.try_wait().expect("our own child") {
            assert!(status.success(), "the import ended with {status}");
            return (peak, phases);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[expect(clippy::too_many_arguments, reason = "one table, made once")]
fn told(
    report: &mut Report,
    count: u32,
    size: u64,
    seconds: f64,
    raw: f64,
    phases: &Phases,
    cli_peak: u64,
    daemon_peak: u64,
    idle: &Latency,
    busy: &Latency,
) {
    let tokens = f64::from(count);
    let (whole, sealing) = (tokens / seconds, tokens / phases.sealing.max(0.001));
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let s = |seconds: f64| format!("{seconds:.0} s");
    let ms = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
    let times = |busy: Duration, idle: Duration| ratio(busy.as_secs_f64() / idle.as_secs_f64());
    let rows = [
        row("tokens", count.to_string()),
        row("file", megabytes(size)),
        row("from start to service", s(seconds)),
        row(
            "of that sending, checking, sealing",
            format!("{}, {}, {}", s(phases.sending), s(phases.checking), s(phases.sealing)),
        ),
        row("raw HSM: the same calls, 2 processes", format!("{}/s", rate(raw))),
        row("sealing", format!("{}/s", rate(sealing))),
        row("sealing, of raw", ratio(sealing / raw)),
        row("whole import", format!("{}/s", rate(whole))),
        row("whole import, of raw", ratio(whole / raw)),
        row("checking pass, file per second", megabytes_per_s(size, phases.checking)),
        row("daemon, resident peak", megabytes(daemon_peak)),
        row("command line, resident peak", megabytes(cli_peak)),
        row("code, idle: median, p99", format!("{}, {}", ms(idle.p50), ms(idle.p99))),
        row("code, during the import: median, p99", format!("{}, {}", ms(busy.p50), ms(busy.p99))),
        row("codes asked during the import", busy.count.to_string()),
        row("median, of idle", times(busy.p50, idle.p50)),
        row("p99, of idle", times(busy.p99, idle.p99)),
    ];
    report.table("A large encrypted PSKC file, wrapped custody", &["what", "measured"], &rows);
}

fn megabytes_per_s(size: u64, seconds: f64) -> String {
    let megabytes = u32::try_from(size >> 20).unwrap_or(u32::MAX);
    format!("{:.0} MiB/s", f64::from(megabytes) / seconds.max(0.001))
}
