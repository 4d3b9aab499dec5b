//! The project's figures, from real parts in one run: `cargo run --release -p e2e --bin bench -- all`.
//!
//! Prints Markdown tables (for docs/benchmarks.md) and, last, one JSON object. What counts are the
//! ratios: both sides of each were measured in the same run on the same machine.
//!
//! Not responsible for: judging the figures, or keeping them.
#![forbid(unsafe_code)]

mod import;
mod load;
mod million;
mod pkcs11;
mod qr;
mod raw;
mod report;
mod seeds;
mod sign;
mod startup;
mod users;
mod verify;

use std::process::ExitCode;

use crate::report::Report;

const USAGE: &str =
    "usage: bench all | verify | users | sign | import | million | pkcs11 | startup | store | qr";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some(what) = words.first().filter(|_| words.len() == 1) else {
        eprintln!("{USAGE}");
        return ExitCode::from(64);
    };
    if cfg!(debug_assertions) {
        eprintln!("note: a debug build; figures are worth something with --release only");
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut report = Report::new();
    match what.as_str() {
        "all" => {
            runtime.block_on(verify::run(&mut report));
            runtime.block_on(users::run(&mut report));
            runtime.block_on(sign::run(&mut report));
            runtime.block_on(import::run(&mut report));
            runtime.block_on(startup::run(&mut report));
            runtime.block_on(pkcs11::run(&mut report));
            raw::store(&mut report);
            qr::run(&mut report);
        }
        "verify" => runtime.block_on(verify::run(&mut report)),
        "users" => runtime.block_on(users::run(&mut report)),
        "sign" => runtime.block_on(sign::run(&mut report)),
        "million" => runtime.block_on(million::run(&mut report)),
        "import" => runtime.block_on(import::run(&mut report)),
        "pkcs11" => runtime.block_on(pkcs11::run(&mut report)),
        "startup" => runtime.block_on(startup::run(&mut report)),
        "store" => raw::store(&mut report),
        "qr" => qr::run(&mut report),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(64);
        }
    }
    report.print();
    ExitCode::SUCCESS
}
