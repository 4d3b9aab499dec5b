//! A process for each file: what it takes of memory and of the processor is its own.
//!
//! The test program starts itself, with one test to run and a case to read from a file. Not
//! responsible for what is right.

use std::env;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::{giants, judge};

/// Names the folder where the case lies and where the result is left.
const VARIABLE: &str = "WARIFU_CORPUS_CASE";
const TEST: &str = "one_file_in_a_process_of_its_own";

/// What a reading may take.
pub(crate) struct Allowance {
    memory_kib: u64,
    processor: Duration,
    /// Until it is stopped; the machine may be busy with other things.
    wait: Duration,
}

/// For a file of the lists.
pub(crate) const FILE: Allowance = Allowance {
    memory_kib: 256 << 10,
    processor: Duration::from_secs(5),
    wait: Duration::from_secs(120),
};

impl Allowance {
    /// For a giant, whose reading takes time in proportion.
    pub(crate) const fn giant(processor: Duration) -> Self {
        Self { memory_kib: 256 << 10, processor, wait: Duration::from_secs(1800) }
    }
}

/// What the process reports.
#[derive(Deserialize, Serialize)]
struct Report {
    problems: Vec<String>,
    peak_kib: u64,
    processor: Duration,
}

/// What the process is told.
#[derive(Deserialize, Serialize)]
pub(crate) enum Task {
    /// A file of a list.
    Case(Box<Case>),
    /// A giant on standard input.
    Giant(String),
}

/// Reads one file of a list and gives its problems.
pub(crate) fn run(case: &Case, allowance: &Allowance) -> Vec<String> {
    run_task(&case.name(), &Task::Case(Box::new(case.clone())), Stdio::null(), allowance)
}

/// Runs a task and adds what it took too much of.
pub(crate) fn run_task(
    name: &str,
    task: &Task,
    input: Stdio,
    allowance: &Allowance,
) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("task"), serde_json::to_vec(task).unwrap()).unwrap();
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture", "--test-threads=1"])
        .env(VARIABLE, folder.path())
        .stdin(input)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    if !ends(&mut child, allowance.wait) {
        child.kill().unwrap();
        child.wait().unwrap();
        return vec![format!("{name}: still reading after {:?}", allowance.wait)];
    }
    let Ok(report) = fs::read(folder.path().join("report")) else {
        let mut words = String::new();
        child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
        return vec![format!("{name}: the process died: {words}")];
    };
    let report: Report = serde_json::from_slice(&report).unwrap();
    let mut problems = report.problems;
    if report.peak_kib > allowance.memory_kib {
        problems.push(format!("{name}: took {} KiB of memory", report.peak_kib));
    }
    if report.processor > allowance.processor {
        problems.push(format!("{name}: took {:?} of the processor", report.processor));
    }
    if env::var_os("WARIFU_CORPUS_VERBOSE").is_some() {
        eprintln!("{name}: {} KiB, {:?}", report.peak_kib, report.processor);
    }
    problems
}

fn ends(child: &mut Child, wait: Duration) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < wait {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        thread::yield_now();
        thread::park_timeout(Duration::from_millis(2));
    }
    false
}

/// The other side: reads, judges, measures itself.
pub(crate) fn serve() {
    let Some(folder) = env::var_os(VARIABLE).map(PathBuf::from) else { return };
    let task: Task = serde_json::from_slice(&fs::read(folder.join("task")).unwrap()).unwrap();
    let problems = match task {
        Task::Case(case) => judge::problems(&case),
        Task::Giant(mode) => giants::problems(&mode),
    };
    let report = Report { problems, peak_kib: peak_kib(), processor: processor() };
    leave(&folder, &report);
}

/// Whole or not at all.
fn leave(folder: &Path, report: &Report) {
    let draft = folder.join("draft");
    fs::write(&draft, serde_json::to_vec(report).unwrap()).unwrap();
    fs::rename(draft, folder.join("report")).unwrap();
}

fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

fn processor() -> Duration {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(spent.tv_sec.try_into().unwrap(), spent.tv_nsec.try_into().unwrap())
}
