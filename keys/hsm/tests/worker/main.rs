//! Drives the built `warifu-hsm` over its socket, against real software tokens, each test on a token
//! directory of its own.
//!
//! Not responsible for: supervision and the daemon; those are tested with them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, helpers too")]

mod camera;
mod ceremony;
mod ciphers;
mod client;
mod custody;
mod doctor;
mod import;
mod kryoptic;
mod loss;
mod refusals;
mod rotation;
mod softhsm;
mod traces;
mod vectors;
