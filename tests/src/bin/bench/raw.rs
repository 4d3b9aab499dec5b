//! What the parts beneath can do alone: the HSM without the worker, the store without the daemon.
//!
//! Not responsible for: how either measures itself.

use std::{
    io::Write as _,
    process::{Child, Command, Stdio},
};

use e2e::{World, binaries, process};
use serde_json::{Value, json};

use crate::report::Report;

/// The bare HSM, with as many sessions as the daemon uses.
pub(crate) struct Raw {
    pub(crate) sessions: u64,
    pub(crate) signs_per_second: f64,
    pub(crate) unwraps_and_wraps_per_second: f64,
    pub(crate) unwraps_signs_and_destroys_per_second: f64,
}

/// Runs `warifu-hsm bench` on the world's token.
pub(crate) fn hsm(world: &World) -> Raw {
    let json = finish(begin(world, 2));
    let number = |name: &str| json[name].as_f64().expect("a rate");
    Raw {
        sessions: json["sessions"].as_u64().expect("a count"),
        signs_per_second: number("hmac_sign_per_s"),
        unwraps_and_wraps_per_second: number("unwrap_wrap_per_s"),
        unwraps_signs_and_destroys_per_second: number("unwrap_sign_destroy_per_s"),
    }
}

/// Seeds a second with the calls of an import and nothing else, over so many processes of one session.
pub(crate) fn import(world: &World, processes: usize) -> f64 {
    let running: Vec<_> = (0..processes).map(|_| begin(world, 1)).collect();
    let all = running.into_iter().map(finish);
    all.map(|json| json["import_per_s"].as_f64().expect("a rate")).sum()
}

fn begin(world: &World, sessions: u16) -> Child {
    let config = json!({
        "module": world.hsm.module,
        "module_argument": world.hsm.argument,
        "token_label": world.hsm.label,
        "token_serial": null,
        "pin_file": world.hsm.pin_file,
        "key_prefix": "warifu",
        "sessions": sessions,
        "cache_capacity": 1_000,
        "cache_ttl_s": 3_600,
        "unwrap_quota": 0,
        "allow_insecure_token": false,
        "wrapping_key": "rotatable",
    });
    let mut command = Command::new(binaries::Program::Worker.path());
    command.args(["bench", "3"]).envs(world.hsm.environment.clone());
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("warifu-hsm can be started");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    stdin.write_all(config.to_string().as_bytes()).expect("it reads its configuration");
    child
}

fn finish(child: Child) -> Value {
    let output = child.wait_with_output().expect("our own child");
    assert!(output.status.success(), "warifu-hsm bench ended with {}", output.status);
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Runs the store's own measurement.
pub(crate) fn store(report: &mut Report) {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(binaries::repository());
    cargo.args(["run", "--release", "--quiet", "-p", "warifu-store", "--example", "store_bench"]);
    let output = process::run(cargo.stderr(Stdio::inherit()));
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    report.line("\n### The store alone: group commit beside a bare append and fdatasync\n");
    report.line(&format!("```json\n{json:#}\n```"));
}
