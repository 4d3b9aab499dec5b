//! General functions (PKCS#11 v3.1 s.5.4): the module's life, and what it is.
//!
//! Not responsible for that life, see [`crate::process`].

use std::sync::Arc;

use cryptoki_sys::{CK_C_INITIALIZE_ARGS, CK_INFO, CK_INFO_PTR, CK_VERSION, CK_VOID_PTR};

use super::{
    fork,
    memory::{Place, padded, start, version},
};
use crate::{
    clock,
    fault::{Fault, Outcome},
    process,
    provider::Provider,
    rv::Rv,
    slot::MANUFACTURER,
};

const DESCRIPTION: &str = "Warifu OTP provider";

/// # Safety
/// The host's pointer is as s.5.4.1 says: NULL, or to `CK_C_INITIALIZE_ARGS`.
pub(super) unsafe fn initialise(arguments: CK_VOID_PTR) -> Outcome<()> {
    let began = clock::now();
    // SAFETY: NULL or the arguments, as the caller says.
    let host = unsafe { start::host(arguments.cast::<CK_C_INITIALIZE_ARGS>()) }?;
    fork::watch();
    process::initialise(&host)?;
    process::current()?.log.call("C_Initialize", None, clock::now() - began);
    Ok(())
}

pub(super) fn finalise(_provider: &Arc<Provider>, reserved: CK_VOID_PTR) -> Outcome<()> {
    none(reserved)?;
    process::finalise()
}

/// # Safety
/// The host's pointer is as s.5.4.3 says: to a `CK_INFO`.
pub(super) unsafe fn info(cryptoki: CK_VERSION, info: CK_INFO_PTR) -> Outcome<()> {
    // SAFETY: NULL or a place for it, as the caller says.
    let place = unsafe { Place::new(info) }?;
    place.put(CK_INFO {
        cryptokiVersion: cryptoki,
        manufacturerID: padded(MANUFACTURER),
        flags: 0,
        libraryDescription: padded(DESCRIPTION),
        libraryVersion: library(),
    });
    Ok(())
}

/// Refuses a pointer that the standard reserves.
pub(super) fn none(reserved: CK_VOID_PTR) -> Outcome<()> {
    if reserved.is_null() {
        Ok(())
    } else {
        Err(Fault::new(Rv::ArgumentsBad, "a reserved pointer is not NULL"))
    }
}

/// The package's version, without its last number: `CK_VERSION` has two.
pub(super) fn library() -> CK_VERSION {
    let number = |text: &str| text.parse().unwrap_or(u8::MAX);
    version(number(env!("CARGO_PKG_VERSION_MAJOR")), number(env!("CARGO_PKG_VERSION_MINOR")))
}
