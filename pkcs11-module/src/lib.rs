//! Warifu's PKCS#11 module: the daemon's tokens as OTP keys, their codes verified by the daemon.
//!
//! Two layers. `ffi` is all that knows pointers: it turns what a C program hands over into values,
//! and gives back what `provider` answers. Everything else is safe Rust, and no more than a client:
//! no seed, no counter and no rule lives here.
//!
//! Not responsible for: verdicts (the daemon), or for transport (`warifu-api`'s client).
#![deny(unsafe_code)]

mod attributes;
mod challenge;
mod clock;
mod config;
mod event;
mod fault;
#[expect(unsafe_code, reason = "the C interface; pointers end here")]
mod ffi;
mod function;
mod handle;
mod import;
mod log;
mod mechanism;
mod objects;
mod process;
mod provider;
mod random;
mod remote;
mod rv;
mod search;
mod serial;
mod session;
mod slot;
mod template;
pub mod vendor;
mod verify;

pub use crate::{
    config::{Config, ConfigFault, Level, LogConfig, SlotConfig},
    function::{FUNCTIONS, Function, Support},
    remote::{ServerReport, SlotReport},
    rv::Rv,
    slot::{MANUFACTURER, MODEL},
};
