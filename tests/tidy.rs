//! The tree keeps its own rules: who may depend on whom, how long a file is, where `unsafe` lives.
//!
//! Not responsible for: formatting and lints, which rustfmt and clippy hold.
#![forbid(unsafe_code)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
};

use e2e::{binaries::repository, process::run};
use serde_json::Value;

/// Crates that a package must never reach, not even through another. From ARCHITECTURE.md.
const NEVER: [(&str, &[&str]); 10] = [
    (
        "warifu-core",
        &["tokio", "tracing", "serde", "rand", "getrandom", "ring", "sled", "axum", "cryptoki"],
    ),
    ("warifu-profiles", &["tokio", "axum", "sled", "cryptoki", "ring", "warifu-api", "config"]),
    ("warifu-api", &["warifu-core", "axum", "sled", "cryptoki"]),
    ("warifu-store", &["axum", "cryptoki", "config", "warifu-keys", "warifu-api"]),
    // It brings no key and no cipher: both sides have their own.
    (
        "warifu-txa1",
        &["tokio", "serde", "rand", "getrandom", "ring", "aes", "hmac", "sled", "axum"],
    ),
    ("warifu-keys", &["axum", "sled", "cryptoki"]),
    ("warifu-hsm", &["tokio", "axum", "sled", "hyper", "rustls"]),
    ("warifud", &["cryptoki", "cryptoki-sys", "libloading"]),
    ("warifu-hsm-protocol", &["tokio", "axum", "sled", "cryptoki", "warifu-core"]),
    (
        "warifu-pkcs11",
        &["warifu-core", "warifu-store", "warifu-keys", "cryptoki", "axum", "sled", "openssl"],
    ),
];

/// Crates that a package must not name itself, although something below it uses them.
const NEVER_DIRECTLY: [(&str, &[&str]); 3] = [
    ("warifu-core", &["log"]),
    ("warifud", &["hmac", "sha1", "sled", "warifu-token"]),
    ("warifu-cli", &["sled", "cryptoki", "axum"]),
];

/// The only files and folders that may contain `unsafe`; the last is a module for tests, outside the
/// workspace, and the one before calls our own module as a C program does.
const UNSAFE_ALLOWED: [&str; 4] = [
    "keys/hsm/src/raw.rs",
    "pkcs11-module/src/ffi",
    "pkcs11-module/tests/interface/host.rs",
    "tests/kryoptic/src/lib.rs",
];

const LONGEST_FILE: usize = 500;

struct Graph {
    /// Package name to its direct dependencies, development ones left out.
    direct: BTreeMap<String, BTreeSet<String>>,
    members: BTreeSet<String>,
}

impl Graph {
    fn read() -> Self {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(repository());
        cargo.args(["metadata", "--format-version=1", "--locked", "--filter-platform"]);
        cargo.arg(format!("{}-unknown-linux-gnu", std::env::consts::ARCH));
        let metadata: Value = serde_json::from_slice(&run(&mut cargo).stdout).expect("JSON");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let list = |value: &Value| value.as_array().expect("a list").clone();
        let names: BTreeMap<String, String> = list(&metadata["packages"])
            .iter()
            .map(|package| (text(&package["id"]), text(&package["name"])))
            .collect();
        let members = list(&metadata["workspace_members"])
            .iter()
            .map(|id| names[&text(id)].clone())
            .collect();
        let mut direct = BTreeMap::<String, BTreeSet<String>>::new();
        for node in list(&metadata["resolve"]["nodes"]) {
            let dependencies = list(&node["deps"]);
            let normal = dependencies.iter().filter(|dependency| {
                list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null())
            });
            let normal = normal.map(|dependency| names[&text(&dependency["pkg"])].clone());
            direct.entry(names[&text(&node["id"])].clone()).or_default().extend(normal);
        }
        Self { direct, members }
    }
}

/// What a package reaches by itself. Asked of each one alone: where all are built together, the features
/// that one asks of a crate are there for the others too.
fn reachable(package: &str) -> BTreeSet<String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(repository());
    cargo.args(["tree", "--locked", "--package", package, "--edges", "normal"]);
    cargo.args(["--prefix", "none", "--format", "{p}"]);
    let tree = String::from_utf8(run(&mut cargo).stdout).expect("names are text");
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != package).map(str::to_owned).collect()
}

#[test]
fn no_package_uses_what_the_architecture_forbids_it() {
    let graph = Graph::read();
    let mut faults = Vec::new();
    for (package, never) in NEVER {
        assert!(graph.members.contains(package), "{package} is not in the workspace");
        let reached = reachable(package);
        let bad = never.iter().filter(|name| reached.contains(**name));
        faults.extend(bad.map(|name| format!("{package} reaches {name}")));
    }
    for (package, never) in NEVER_DIRECTLY {
        let bad = never.iter().filter(|name| graph.direct[package].contains(**name));
        faults.extend(bad.map(|name| format!("{package} names {name}")));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_member_has_its_place_in_the_table() {
    let graph = Graph::read();
    let known: BTreeSet<&str> =
        NEVER.iter().map(|(name, _)| *name).chain(["warifu-cli", "warifu-token", "e2e"]).collect();
    let unknown: Vec<_> = graph.members.iter().filter(|m| !known.contains(m.as_str())).collect();
    assert!(unknown.is_empty(), "say what these may use: {unknown:?}");
}

/// Files under version control and new ones that are not ignored, with an extension.
fn sources(extension: &str) -> Vec<PathBuf> {
    let mut git = Command::new("git");
    git.current_dir(repository()).args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let listed = String::from_utf8_lossy(&run(&mut git).stdout).into_owned();
    let files = listed.lines().map(PathBuf::from);
    let wanted = files.filter(|file| file.extension().is_some_and(|e| e == extension));
    wanted.filter(|file| repository().join(file).exists()).collect()
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(repository().join(file)).expect("a listed file")
}

/// Complains about each source file of which `fault` says something.
fn no_faults(fault: impl Fn(&Path, &str) -> Option<String>) {
    let files = sources("rs");
    assert!(files.len() > 50, "only {} files were found", files.len());
    let faults: Vec<_> = files
        .iter()
        .filter_map(|file| Some(format!("{}: {}", file.display(), fault(file, &read(file))?)))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn no_file_is_too_long_to_be_read_in_one_go() {
    no_faults(|_, text| {
        let lines = text.lines().count();
        (lines > LONGEST_FILE).then(|| format!("{lines} lines, at most {LONGEST_FILE}"))
    });
}

#[test]
fn every_file_says_first_what_it_is_for() {
    no_faults(|_, text| (!text.starts_with("//!")).then(|| "does not begin with `//!`".to_owned()));
}

#[test]
fn unsafe_code_lives_in_its_modules_only() {
    let marks = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "unsafe(no_mangle"];
    no_faults(|file, text| {
        let allowed = UNSAFE_ALLOWED.iter().any(|path| file.starts_with(path));
        let own = file.ends_with("tests/tidy.rs");
        let in_code = |line: &&str| {
            let code = line.split("//").next().unwrap_or_default();
            marks.iter().any(|mark| code.contains(mark))
        };
        let line = text.lines().find(in_code)?;
        (!allowed && !own).then(|| line.trim().to_owned())
    });
}

#[test]
fn every_crate_root_forbids_unsafe_code() {
    no_faults(|file, text| {
        let name = file.file_name()?.to_str()?;
        let is_root = (name == "lib.rs" || name == "main.rs") && file.parent()?.ends_with("src");
        let is_exception = file.starts_with("keys/hsm") || file.starts_with("pkcs11-module");
        let outside = file.starts_with("tests/kryoptic");
        let forbids = text.contains("#![forbid(unsafe_code)]") || is_exception || outside;
        (is_root && !forbids).then(|| "no #![forbid(unsafe_code)]".to_owned())
    });
}

#[test]
fn nothing_is_left_to_be_done_later() {
    let marks = ["TODO", "FIXME", "todo!(", "unimplemented!(", "dbg!(", "Being written."];
    no_faults(|file, text| {
        if file.ends_with("tests/tidy.rs") {
            return None;
        }
        let found = marks.iter().find(|mark| text.contains(**mark))?;
        Some(format!("contains {found}"))
    });
}

/// Each invariant of ARCHITECTURE.md is named where it is tested.
#[test]
fn every_invariant_has_a_test_that_names_it() {
    let tests: Vec<_> =
        sources("rs").into_iter().filter(|file| file.starts_with("tests")).collect();
    let contents: Vec<_> = tests.iter().map(|file| read(file)).collect();
    for number in 1..=10 {
        let names = [
            format!("Invariant {number}:"),
            format!("Invariant {number} "),
            format!("invariant {number})"),
        ];
        let found = contents.iter().any(|text| names.iter().any(|name| text.contains(name)));
        assert!(found, "invariant {number} is named by no test");
    }
}
