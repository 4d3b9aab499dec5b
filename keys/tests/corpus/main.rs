//! Runs the readers over collections of seed files and their lists of expected results.
//!
//! The collections are not part of this repository: `WARIFU_CORPUS` and `WARIFU_CORPUS_HOSTILE`
//! name folders that hold a `MANIFEST.json`. Without them the tests say so and pass. Every file is
//! read under a neutral name, since names of defects must not help, in a process of its own, whose
//! memory and time are measured. `WARIFU_CORPUS_BIG` makes the generated giants of their full size.
//! Not responsible for files that only an HSM opens: those are read here, and opened in `tests`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;

use case::{Case, Manifest};

mod case;
mod child;
mod giants;
mod judge;
mod reading;
mod tokens;

/// Files that are read at the same time.
const AT_ONCE: usize = 2;

#[test]
fn real_and_synthetic_files() {
    run("WARIFU_CORPUS");
}

#[test]
fn hostile_files() {
    run("WARIFU_CORPUS_HOSTILE");
}

#[test]
fn generated_giants() {
    let Some(folder) = folder("WARIFU_CORPUS_HOSTILE") else { return };
    report("giants", giants::run(&folder));
}

/// The other side of [`child::run`]: nothing to do where it is run as a test.
#[test]
fn one_file_in_a_process_of_its_own() {
    child::serve();
}

fn folder(variable: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map(PathBuf::from);
    if folder.is_none() {
        eprintln!("SKIPPED: {variable} names no folder");
    }
    folder
}

fn run(variable: &str) {
    let Some(folder) = folder(variable) else { return };
    let manifest = Manifest::read(&folder);
    let cases = Mutex::new(manifest.cases());
    let problems = Mutex::new(Vec::new());
    let checked = Mutex::new(0_usize);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = next(&cases) {
                    *checked.lock().unwrap() += 1;
                    problems.lock().unwrap().extend(child::run(&case, &child::FILE));
                }
            });
        }
    });
    let checked = checked.into_inner().unwrap();
    eprintln!("{variable}: {checked} readings of {} files", manifest.len());
    assert!(checked > 0);
    report(variable, problems.into_inner().unwrap());
}

fn next(cases: &Mutex<Vec<Case>>) -> Option<Case> {
    cases.lock().unwrap().pop()
}

fn report(name: &str, mut problems: Vec<String>) {
    problems.sort();
    assert!(problems.is_empty(), "{name}: {} problems:\n{}", problems.len(), problems.join("\n"));
}
