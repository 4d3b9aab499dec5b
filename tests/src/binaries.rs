//! Where the programs under test lie, built once at run time: `cargo test` does not build another
//! package's binaries.
//!
//! Not responsible for: the profile. Tests that were built in release run release binaries.

use std::{
    ffi::OsStr,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use sha2::{Digest as _, Sha256};

use crate::process::run;

/// The programs under test.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Program {
    /// The daemon.
    Warifud,
    /// The daemon on a clock that a test sets. Built only where it is asked for.
    WarifudTestClock,
    /// The HSM worker.
    Worker,
    /// The command line of officers and operators.
    Warifu,
    /// The tool beside the PKCS#11 module.
    ModuleTool,
}

impl Program {
    const fn name(self) -> &'static str {
        match self {
            Self::Warifud => "warifud",
            Self::WarifudTestClock => "warifud-test-clock",
            Self::Worker => "warifu-hsm",
            Self::Warifu => "warifu",
            Self::ModuleTool => "warifu-pkcs11",
        }
    }

    /// Its file, freshly built.
    pub fn path(self) -> PathBuf {
        let folder = match self {
            Self::WarifudTestClock => built_with_test_clock(),
            Self::ModuleTool => built_module(),
            Self::Warifud | Self::Worker | Self::Warifu => built(),
        };
        folder.join(self.name())
    }
}

/// Top of the source tree.
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("the package lies one level below the top").to_owned()
}

/// Folder with the built programs. `WARIFU_BINARIES` names one that is complete already.
fn built() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| match std::env::var_os("WARIFU_BINARIES") {
        Some(given) => PathBuf::from(given),
        None => build(&["-p", "warifud", "-p", "warifu-hsm", "-p", "warifu-cli", "--bins"]),
    })
}

/// The same folder with the daemon for tests in it.
fn built_with_test_clock() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| match std::env::var_os("WARIFU_BINARIES") {
        Some(given) => PathBuf::from(given),
        None => build(&TEST_CLOCK),
    })
}

/// The PKCS#11 module, freshly built.
pub fn pkcs11_module() -> PathBuf {
    built_module().join("libwarifu_pkcs11.so")
}

/// The same folder with the PKCS#11 module and its tool in it.
fn built_module() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| match std::env::var_os("WARIFU_BINARIES") {
        Some(given) => PathBuf::from(given),
        None => build(&["-p", "warifu-pkcs11", "--lib", "--bins"]),
    })
}

/// The C program that loads PKCS#11 modules (`tests/pkcs11`), compiled where that was not done of these very
/// sources.
pub fn pkcs11_host() -> &'static Path {
    static HOST: OnceLock<PathBuf> = OnceLock::new();
    HOST.get_or_init(compile_host)
}

fn compile_host() -> PathBuf {
    let folder = profile_folder();
    let _lock = locked(&folder.join("e2e-host.lock"));
    let source = repository().join("tests/pkcs11");
    let files = fs::read_dir(&source).expect("the sources are here").flatten();
    let mut files: Vec<_> = files.map(|file| file.path()).collect();
    files.sort();
    let mut digest = Sha256::new();
    for file in &files {
        digest.update(fs::read(file).expect("a source is readable"));
    }
    let digest = hex::encode(digest.finalize());
    let host = folder.join(format!("e2e-pkcs11-host-{}", &digest[..16]));
    if host.exists() {
        return host;
    }
    let is_code = |file: &&PathBuf| file.extension().is_some_and(|kind| kind == "c");
    let new = host.with_extension("new");
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O1", "-g"]);
    gcc.args(["-I/usr/include/p11-kit-1", "-pthread", "-o"]).arg(&new);
    run(gcc.args(files.iter().filter(is_code)).arg("-ldl"));
    fs::rename(&new, &host).expect("the target folder is writable");
    host
}

/// Waits until no other process of the tests holds this lock.
pub fn locked(path: &Path) -> File {
    let lock = File::create(path).expect("the target folder is writable");
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).expect("flock works");
    lock
}

/// As `tests/run` builds it for `WARIFU_BINARIES`.
const TEST_CLOCK: [&str; 6] =
    ["-p", "warifud", "--features", "test-clock", "--bin", "warifud-test-clock"];

fn build(what: &[&str]) -> PathBuf {
    let folder = profile_folder();
    let _lock = locked(&folder.join("e2e-build.lock"));
    let target = folder.parent().expect("a profile folder lies in the target folder");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(repository()).args(["build", "--quiet", "--target-dir"]).arg(target);
    cargo.args(what);
    for (name, _) in std::env::vars_os().filter(|(name, _)| of_this_package(name)) {
        cargo.env_remove(name);
    }
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.status().expect("cargo can be started");
    assert!(status.success(), "the programs under test do not build: {status}");
    folder
}

/// What cargo tells a test about its package. A build script that looks at it would run anew, and all
/// that depends on it be built anew, here and at the next build outside of a test.
fn of_this_package(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_"].iter().any(|start| name.starts_with(start))
}

/// `target/debug` or `target/release`, from where this very test lies.
pub fn profile_folder() -> PathBuf {
    let exe = std::env::current_exe().expect("a process knows its file");
    let folder = exe.parent().expect("a file lies in a folder");
    let folder = if folder.ends_with("deps") { folder.parent() } else { Some(folder) };
    folder.expect("deps lies in a profile folder").to_owned()
}
