//! The virtual camera token: the protocol's values, the procedures of the bank's manual, the lens and
//! the file.
//!
//! Not responsible for: the command line, which is tested where programs are started.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod activation;
mod bench;
mod comfort;
mod pictures;
mod properties;
mod refusals;
mod signing;
mod state;
