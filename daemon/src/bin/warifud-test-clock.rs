//! `warifud` on a clock that a test sets (`WARIFUD_TEST_CLOCK`). Never part of a release.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    warifud::main()
}
