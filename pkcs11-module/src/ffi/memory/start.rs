//! `CK_C_INITIALIZE_ARGS`: what the host says about threads, locks and the configuration.
//!
//! Not responsible for initialising, see [`crate::process`].

use cryptoki_sys::{
    CK_C_INITIALIZE_ARGS, CK_VOID_PTR, CKF_LIBRARY_CANT_CREATE_OS_THREADS, CKF_OS_LOCKING_OK,
};

use super::{Flaw, terminated, value};
use crate::{
    fault::{Fault, Outcome},
    process::Host,
    rv::Rv,
};

/// Most bytes of the host's text.
const MOST_BYTES: usize = 4_096;

/// What the host says. No arguments are those of a host that has one thread only and lets us have
/// more (PKCS#11 v3.1 s.5.4.1).
///
/// # Safety
/// `at` is NULL or points to `CK_C_INITIALIZE_ARGS`, of which the reserved pointer is NULL or points to
/// bytes of which one is zero.
pub(in crate::ffi) unsafe fn host(at: *const CK_C_INITIALIZE_ARGS) -> Outcome<Host> {
    if at.is_null() {
        return Ok(Host { threads: true, reserved: None });
    }
    // SAFETY: it points to the arguments, as the caller says.
    let given = unsafe { value(at) }?;
    judge_locks(&given)?;
    // SAFETY: the reserved pointer is as the caller says.
    let reserved = unsafe { reserved(given.pReserved) }?;
    let threads = given.flags & CKF_LIBRARY_CANT_CREATE_OS_THREADS == 0;
    Ok(Host { threads, reserved })
}

/// The four cases of PKCS#11 v3.1 s.5.4.1. Locks here are the system's only: a host that insists on its
/// own is refused.
fn judge_locks(given: &CK_C_INITIALIZE_ARGS) -> Outcome<()> {
    let functions = [
        given.CreateMutex.is_some(),
        given.DestroyMutex.is_some(),
        given.LockMutex.is_some(),
        given.UnlockMutex.is_some(),
    ];
    match functions {
        [false, false, false, false] => Ok(()),
        [true, true, true, true] if given.flags & CKF_OS_LOCKING_OK != 0 => Ok(()),
        [true, true, true, true] => Err(Rv::CantLock.into()),
        _ => Err(Fault::new(Rv::ArgumentsBad, "some of the functions for mutexes are missing")),
    }
}

/// # Safety
/// `at` is NULL or points to bytes of which one is zero.
unsafe fn reserved(at: CK_VOID_PTR) -> Outcome<Option<String>> {
    if at.is_null() {
        return Ok(None);
    }
    // SAFETY: one of the bytes is zero, as the caller says.
    let text = unsafe { terminated(at.cast(), MOST_BYTES) }.map_err(|flaw| match flaw {
        Flaw::Missing => Fault::new(Rv::ArgumentsBad, "the reserved pointer is none"),
        Flaw::TooLong => Fault::new(Rv::ArgumentsBad, "the reserved text is too long"),
    })?;
    let text = String::from_utf8(text);
    text.map(Some).map_err(|_| Fault::new(Rv::ArgumentsBad, "the reserved text is not UTF-8"))
}
