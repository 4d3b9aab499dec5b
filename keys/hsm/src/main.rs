//! `warifu-hsm`, the HSM worker: the only process that loads a PKCS#11 module. Vendor libraries hang,
//! crash and leak; here they can be killed. PIN and opened seeds exist only in this process.
//!
//! Standard input is the Unix socket to the daemon (`warifu-hsm-protocol`), standard error the log.
//! Not responsible for: being started, watched and restarted; that is the daemon's supervisor.
//!
//! Exit codes: 0 the daemon closed the socket, 64 protocol broken, 69 HSM out of reach, 70 a bug,
//! 78 something is missing or refused and a person must act.
//!
//! A request's way: `channel` -> `pool` -> `jobs` (recovery) -> `verify` / `check` / `seal` / `expand`
//! -> `hand` -> `raw`.

mod bench;
mod binding;
mod cache;
mod ceremony;
mod channel;
mod check;
mod cipher;
mod counters;
mod epoch;
mod expand;
mod fault;
mod gate;
mod hand;
mod hardening;
mod held;
mod jobs;
mod keeper;
mod keks;
mod keys;
mod log;
mod mechanism;
mod module;
mod pin;
mod pool;
mod profile;
#[expect(unsafe_code, reason = "calls into a C library; the only place in this package")]
mod raw;
mod refusal;
mod rotate;
mod row;
mod seal;
mod selftest;
mod serve;
mod shape;
mod software;
mod spki;
mod start;
mod station;
mod template;
mod transport;
mod transport_admin;
mod transport_keys;
mod transport_pair;
mod verify;

use std::process::ExitCode;

fn main() -> ExitCode {
    hardening::harden();
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        None => serve::serve(),
        Some("bench") => bench::run(),
        Some(_) => {
            log::error(
                "usage",
                "warifu-hsm is started by warifud, with a socket as standard input",
            );
            ExitCode::from(64)
        }
    }
}
