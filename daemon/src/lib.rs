//! Warifu's daemon: the composition root. The only file that names concrete engines.
//!
//! Entry points: [`main`], the command line; [`run`], [`init`], [`restore`], [`check`], after [`harden`]; each takes a
//! [`Config`] that was found good as a whole. The path of one code is in `verify`; read that first.
//!
//! Not responsible for: anything that one of its modules is responsible for.
#![forbid(unsafe_code)]

mod alarm;
mod approval;
mod ask;
mod audit;
mod batches;
mod clock;
mod command;
mod config;
mod decoy;
mod failure;
mod figures;
mod hardening;
mod http;
mod idempotency;
mod import;
mod life;
mod lifecycle;
pub mod qr;
mod rotation;
mod server;
mod service;
mod status;
mod stopped;
mod telemetry;
mod tls;
mod tokens;
mod transport_keys;
mod turn;
mod verify;
mod wire;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

#[cfg(feature = "fuzzing")]
pub use self::life::Surface;
pub use self::{
    config::{Config, Fault},
    stopped::Stopped,
};

/// The whole program, from its arguments to its exit code.
pub fn main() -> ExitCode {
    command::main()
}

/// No core dumps, and no values in panic messages. Call it first.
pub fn harden() {
    hardening::harden();
}

/// Serves until told to stop. `paths` are read again on SIGHUP.
pub fn run(config: Config, paths: &[PathBuf]) -> Result<(), Stopped> {
    life::run(config, paths)
}

/// Says that a configuration that could be loaded is good: TLS material included, nothing bound.
pub fn check(config: &Config) -> Result<(), Stopped> {
    life::check(config)
}

/// Creates the store for the HSM that is configured.
pub fn init(config: &Config, instance: &str) -> Result<(), Stopped> {
    life::init(config, instance)
}

/// Creates the store from a backup, optionally brought up to date by a newer audit export.
pub fn restore(config: &Config, from: &Path, audit: Option<&Path>) -> Result<(), Stopped> {
    life::restore(config, from, audit)
}
