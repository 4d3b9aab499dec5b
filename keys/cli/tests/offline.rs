//! What the command line does without a server: demo batches, seed files, exit codes.
#![forbid(unsafe_code)]

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

fn warifu(folder: &Path, arguments: &[&str]) -> Output {
    with_input(folder, arguments, "")
}

fn with_input(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_warifu"))
        .env_clear()
        .current_dir(folder)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("warifu can be started");
    // A command that reads nothing may have gone already.
    let _ = child.stdin.take().expect("stdin is piped").write_all(input.as_bytes());
    child.wait_with_output().expect("our own child")
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("one JSON value per line")).collect()
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it was written").permissions().mode() & 0o777
}

const BATCH: [&str; 9] = [
    "token",
    "batch",
    "demo.xml",
    "--keyring",
    "demo.json",
    "--count",
    "3",
    "--new-key-file",
    "demo.hex",
];

#[test]
fn a_demo_batch_is_read_back_and_its_tokens_can_be_played() {
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    let made = warifu(here, &BATCH);
    assert_eq!(code(&made), 0, "{made:?}");
    for name in ["demo.xml", "demo.json", "demo.hex"] {
        assert_eq!(mode(&here.join(name)), 0o600, "{name}");
    }
    let read = ["seedfile", "inspect", "demo.xml", "--key-file", "demo.hex", "--json"];
    let read = warifu(here, &read);
    assert_eq!(code(&read), 0, "{read:?}");
    let keys = lines(&read);
    assert_eq!(keys.len(), 3);
    assert_eq!(keys[2]["serial"], "W0000003");
    assert_eq!(keys[2]["algorithm"], "TOTP");
    assert_eq!(keys[2]["kcv"].as_str().map(str::len), Some(6));

    let show = |at: &str| {
        let words = ["token", "code", "--keyring", "demo.json", "--serial", "W0000003", "--at", at];
        let shown = warifu(here, &words);
        assert_eq!(code(&shown), 0, "{shown:?}");
        String::from_utf8(shown.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(show("2026-11-21T13:30:00Z"), show("2026-11-21T13:30:29Z"));
    assert_ne!(show("2026-11-21T13:30:00Z"), show("2026-11-21T13:30:30Z"));
    assert_eq!(show("2026-11-21T13:30:00Z").len(), 6);
}

#[test]
fn nothing_is_overwritten_without_force() {
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    assert_eq!(code(&warifu(here, &BATCH)), 0);
    let before = fs::read(here.join("demo.json")).unwrap();
    let again = warifu(here, &BATCH);
    assert_eq!(code(&again), 1, "{again:?}");
    assert_eq!(fs::read(here.join("demo.json")).unwrap(), before);
    let forced = warifu(here, &[&BATCH[..], &["--force"]].concat());
    assert_eq!(code(&forced), 0, "{forced:?}");
    assert_ne!(fs::read(here.join("demo.json")).unwrap(), before);
}

#[test]
fn a_file_under_a_password_opens_with_it_and_not_with_another() {
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    let make = [
        "token",
        "batch",
        "demo.xml",
        "--keyring",
        "demo.json",
        "--kind",
        "hotp",
        "--iterations",
        "1000",
        "--password-file",
        "-",
    ];
    assert_eq!(code(&with_input(here, &make, "correct horse\n")), 0);
    let read = ["seedfile", "inspect", "demo.xml", "--password-file", "-", "--json"];
    assert_eq!(code(&with_input(here, &read, "correct horse\n")), 0);
    let wrong = with_input(here, &read, "battery staple\n");
    assert_eq!(code(&wrong), 1, "{wrong:?}");
    assert!(lines(&wrong).iter().any(|line| line["class"].is_string() && line["rule"].is_string()));
}

#[test]
fn exit_codes_say_what_to_do() {
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    for wrong in [
        &["frobnicate"][..],
        &[],
        &["verify", "1", "755224"],
        &["tokens", "expire", "1"],
        &["tokens", "list", "--status", "lost"],
        &["audit", "verify", "x", "--public-key", "04"],
        &["user", "register", "U1", "--contract", "C", "--serial", "1", "755224"],
        &["user", "unlock", "--contract", "C"],
        &["user", "show", "U1"],
        &["user", "set", "U1", "--contract", "C", "--role", "chief"],
        &["contract", "users", "C", "--state", "locked"],
        &["import", "batch.xml", "--kind", "card"],
        &["import", "batch.xml", "--format", "excel"],
        &["import", "missing.xml", "--explain"],
        &["imports", "approve", "i1", "--fingerprint", "00ff"],
        &["imports", "reject", "i1"],
        &["keys", "ceremony", "open", "acme", "--shape", "des", "--components", "2"],
        &["keys", "ceremony", "open", "acme", "--shape", "aes-256", "--components", "6"],
        &["keys", "generate", "acme", "--bits", "512"],
        &["proposals", "list", "--state", "lost"],
        &["status", "--language", "fr"],
        &["seedfile", "inspect", "missing.xml"],
        &["audit", "verify", "missing.jsonl"],
        &["status"],
    ] {
        let output = warifu(here, wrong);
        assert_eq!(code(&output), 64, "{wrong:?}: {output:?}");
    }
    let config = warifu(here, &["hsm", "doctor", "--config", "missing.toml"]);
    assert_eq!(code(&config), 78, "{config:?}");
    fs::write(here.join("empty.toml"), "[hsm]\nworkers = 0\n").unwrap();
    let config = warifu(here, &["hsm", "doctor", "--config", "empty.toml", "--json"]);
    assert_eq!(code(&config), 78);
    let error: Value = serde_json::from_slice(&config.stderr).unwrap();
    for key in ["hsm.module", "hsm.token_label", "hsm.pin_file", "hsm.workers"] {
        assert!(error["error"].as_str().unwrap().contains(key), "{key}: {error}");
    }
    assert_eq!(code(&warifu(here, &["--version"])), 0);
}

/// No server, no key: a batch is told by its content, whatever its name, and a file that is none is
/// refused with a class.
#[test]
fn a_file_explains_itself() {
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    assert_eq!(code(&warifu(here, &BATCH)), 0);
    fs::rename(here.join("demo.xml"), here.join("demo.pdf")).unwrap();
    for explain in [
        &["import", "demo.pdf", "--explain"][..],
        &["seedfile", "inspect", "demo.pdf", "--explain"],
    ] {
        let told = warifu(here, &[explain, &["--json"]].concat());
        assert_eq!(code(&told), 0, "{told:?}");
        let told = lines(&told).remove(0);
        assert_eq!(told["format"], "pskc");
        assert_eq!(told["encryption"]["opened_with"], "pre-shared key");
        assert!(told["because"].is_string() && told["refusal"].is_null(), "{told}");
        let text = warifu(here, explain);
        let text = String::from_utf8(text.stdout).unwrap();
        assert!(text.starts_with("detected    pskc: PSKC (RFC 6030)\n"), "{text}");
    }
    fs::write(here.join("x.xml"), "%PDF-1.7").unwrap();
    let told = warifu(here, &["import", "x.xml", "--explain", "--json"]);
    assert_eq!(code(&told), 1, "{told:?}");
    assert_eq!(lines(&told)[0]["refusal"]["class"], "E_FORMAT");
}

#[test]
fn an_export_that_is_none_is_not_sound() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("x.jsonl"), "{}\n").unwrap();
    let output = warifu(folder.path(), &["audit", "verify", "x.jsonl", "--json"]);
    assert_eq!(code(&output), 1);
    assert_eq!(lines(&output)[0]["sound"], false);
}

#[test]
fn a_reader_that_leaves_early_does_no_harm() {
    let folder = TempDir::new().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_warifu"))
        .current_dir(folder.path())
        .args(["token", "batch", "demo.xml", "--keyring", "demo.json", "--plain"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{output:?}");
}
