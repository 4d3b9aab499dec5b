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

#[cfg(test)]
mod tests {
    use std::ptr;

    use cryptoki_sys::{CK_FLAGS, CK_RV, CK_VOID_PTR_PTR, CKR_OK};

    use super::*;
    use crate::ffi::memory::tests::Odd;

    unsafe extern "C" fn create(_mutex: CK_VOID_PTR_PTR) -> CK_RV {
        CKR_OK
    }

    unsafe extern "C" fn other(_mutex: CK_VOID_PTR) -> CK_RV {
        CKR_OK
    }

    fn arguments(flags: CK_FLAGS) -> CK_C_INITIALIZE_ARGS {
        CK_C_INITIALIZE_ARGS { flags, ..CK_C_INITIALIZE_ARGS::default() }
    }

    fn with_mutexes(flags: CK_FLAGS) -> CK_C_INITIALIZE_ARGS {
        CK_C_INITIALIZE_ARGS {
            CreateMutex: Some(create),
            DestroyMutex: Some(other),
            LockMutex: Some(other),
            UnlockMutex: Some(other),
            ..arguments(flags)
        }
    }

    fn read(given: CK_C_INITIALIZE_ARGS) -> Result<Host, Rv> {
        let mut odd = Odd::new(given);
        // SAFETY: arguments, with the reserved pointer of the test.
        unsafe { host(odd.at()) }.map_err(|fault| fault.rv)
    }

    fn read_reserved(text: &[u8]) -> Result<Option<String>, Rv> {
        let at = text.as_ptr().cast_mut().cast();
        let given = CK_C_INITIALIZE_ARGS { pReserved: at, ..arguments(0) };
        read(given).map(|host| host.reserved)
    }

    #[test]
    fn threads_are_allowed_unless_the_host_forbids_them() {
        // SAFETY: NULL is allowed.
        let silent = unsafe { host(ptr::null()) }.unwrap();
        assert_eq!(silent, Host { threads: true, reserved: None });
        assert!(read(arguments(CKF_OS_LOCKING_OK)).unwrap().threads);
        assert!(!read(arguments(CKF_LIBRARY_CANT_CREATE_OS_THREADS)).unwrap().threads);
    }

    #[test]
    fn the_hosts_mutexes_are_not_used() {
        assert!(read(with_mutexes(CKF_OS_LOCKING_OK)).is_ok());
        assert_eq!(read(with_mutexes(0)), Err(Rv::CantLock));
        for flags in [0, CKF_OS_LOCKING_OK] {
            let partly = CK_C_INITIALIZE_ARGS { LockMutex: None, ..with_mutexes(flags) };
            assert_eq!(read(partly), Err(Rv::ArgumentsBad));
            let one = CK_C_INITIALIZE_ARGS { CreateMutex: Some(create), ..arguments(flags) };
            assert_eq!(read(one), Err(Rv::ArgumentsBad));
        }
    }

    #[test]
    fn the_hosts_text_is_passed_on() {
        assert_eq!(read_reserved(b"config=/etc/x\0more\0"), Ok(Some("config=/etc/x".into())));
        assert_eq!(read_reserved(b"\0"), Ok(Some(String::new())));
        let longest = [vec![b'a'; MOST_BYTES], vec![0]].concat();
        assert_eq!(read_reserved(&longest).unwrap().unwrap().len(), MOST_BYTES);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(read_reserved(b"\xFF\0"), Err(Rv::ArgumentsBad));
        assert_eq!(read_reserved(&[b'a'; MOST_BYTES + 1]), Err(Rv::ArgumentsBad));
        let number =
            CK_C_INITIALIZE_ARGS { pReserved: ptr::without_provenance_mut(1), ..arguments(0) };
        assert_eq!(read(number), Err(Rv::ArgumentsBad));
    }
}
