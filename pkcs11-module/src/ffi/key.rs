//! What is done with keys: codes are verified, none are made (PKCS#11 v3.1 s.5.13, s.5.15), and seeds
//! are brought in under a transport key (s.5.18).
//!
//! Not responsible for verdicts, which are the daemon's.

use std::sync::Arc;

use cryptoki_sys::{
    CK_ATTRIBUTE_PTR, CK_BYTE_PTR, CK_MECHANISM_PTR, CK_OBJECT_HANDLE, CK_OBJECT_HANDLE_PTR,
    CK_SESSION_HANDLE, CK_ULONG, CKF_SIGN, CKF_VERIFY,
};
use zeroize::Zeroizing;

use super::memory::{Flaw, MOST_BYTES, Place, attribute::template, bytes, mechanism::mechanism};
use crate::{
    fault::{Fault, Outcome},
    handle::{ObjectHandle, SessionHandle},
    provider::Provider,
    rv::Rv,
};

/// Most bytes of a code.
const LONGEST_CODE: usize = 4_096;

/// # Safety
/// The host's pointer is as s.5.13.1 says: a mechanism.
pub(super) unsafe fn sign_init(
    provider: &Arc<Provider>,
    session: CK_SESSION_HANDLE,
    given: CK_MECHANISM_PTR,
    key: CK_OBJECT_HANDLE,
) -> Outcome<()> {
    // SAFETY: NULL or a mechanism, as the caller says.
    let mechanism = unsafe { mechanism(given) }?;
    let session = SessionHandle(session);
    match mechanism {
        Some(mechanism) => provider.sign_init(session, &mechanism, ObjectHandle(key)),
        None => provider.cancel(session, CKF_SIGN), // since 3.0
    }
}

/// Nothing can have been begun.
pub(super) fn sign(provider: &Arc<Provider>, session: CK_SESSION_HANDLE) -> Outcome<()> {
    provider.session(SessionHandle(session))?;
    Err(Rv::OperationNotInitialized.into())
}

/// # Safety
/// The host's pointer is as s.5.15.1 says: a mechanism, or NULL to end what is under way.
pub(super) unsafe fn verify_init(
    provider: &Arc<Provider>,
    session: CK_SESSION_HANDLE,
    given: CK_MECHANISM_PTR,
    key: CK_OBJECT_HANDLE,
) -> Outcome<()> {
    // SAFETY: NULL or a mechanism, as the caller says.
    let mechanism = unsafe { mechanism(given) }?;
    let session = SessionHandle(session);
    match mechanism {
        Some(mechanism) => provider.verify_init(session, &mechanism, ObjectHandle(key)),
        None => provider.cancel(session, CKF_VERIFY), // since 3.0
    }
}

/// "A call to C_Verify always terminates the active verification operation" (s.5.15.2), so also one
/// whose arguments can not be read.
///
/// # Safety
/// The host's pointers and lengths are as s.5.15.2 says: data, and a code.
pub(super) unsafe fn verify(
    provider: &Arc<Provider>,
    session: CK_SESSION_HANDLE,
    (data, data_length): (CK_BYTE_PTR, CK_ULONG),
    (code, code_length): (CK_BYTE_PTR, CK_ULONG),
) -> Outcome<()> {
    let session = SessionHandle(session);
    // SAFETY: so many bytes are there, as the caller says.
    let data = unsafe { limited(data, data_length, MOST_BYTES, Rv::DataLenRange) };
    // SAFETY: so many bytes are there, as the caller says.
    let code = unsafe { limited(code, code_length, LONGEST_CODE, Rv::SignatureLenRange) };
    match (data, code) {
        (Ok(data), Ok(code)) => provider.verify(session, &data, &code),
        (Err(fault), _) | (_, Err(fault)) => {
            provider.cancel(session, CKF_VERIFY)?;
            Err(fault)
        }
    }
}

/// # Safety
/// The host's pointers and lengths are as s.5.18.4 says: a mechanism, a wrapped key, a template, and a
/// place for a handle.
pub(super) unsafe fn unwrap(
    provider: &Arc<Provider>,
    session: CK_SESSION_HANDLE,
    given: CK_MECHANISM_PTR,
    with: CK_OBJECT_HANDLE,
    (wrapped, length): (CK_BYTE_PTR, CK_ULONG),
    (attributes, count): (CK_ATTRIBUTE_PTR, CK_ULONG),
    key: CK_OBJECT_HANDLE_PTR,
) -> Outcome<()> {
    // SAFETY: NULL or a place for it, as the caller says.
    let place = unsafe { Place::new(key) }?;
    // SAFETY: NULL or a mechanism, as the caller says.
    let mechanism = unsafe { mechanism(given) }?.ok_or(Flaw::Missing)?;
    // SAFETY: so many bytes are there, as the caller says.
    let wrapped = unsafe { limited(wrapped, length, MOST_BYTES, Rv::WrappedKeyInvalid) }?;
    // SAFETY: a template, as the caller says.
    let template = unsafe { template(attributes, count) }?;
    let (session, with) = (SessionHandle(session), ObjectHandle(with));
    let unwrapped = provider.unwrap_key(session, &mechanism, with, &wrapped, &template)?;
    place.put(unwrapped.0);
    Ok(())
}

/// # Safety
/// `at` is NULL or points to `length` bytes.
unsafe fn limited(
    at: CK_BYTE_PTR,
    length: CK_ULONG,
    most: usize,
    too_long: Rv,
) -> Outcome<Zeroizing<Vec<u8>>> {
    // SAFETY: so many bytes are there, as the caller says.
    unsafe { bytes(at, length, most) }.map_err(|flaw| match flaw {
        Flaw::Missing => flaw.into(),
        Flaw::TooLong => Fault::from(too_long),
    })
}
