//! Sessions and login (PKCS#11 v3.1 s.5.6).
//!
//! Not responsible for who may log in, which the daemon knows by the certificate.

use std::sync::Arc;

use cryptoki_sys::{
    CK_FLAGS, CK_NOTIFY, CK_SESSION_HANDLE, CK_SESSION_HANDLE_PTR, CK_SESSION_INFO,
    CK_SESSION_INFO_PTR, CK_SLOT_ID, CK_ULONG, CK_USER_TYPE, CK_UTF8CHAR_PTR, CK_VOID_PTR,
    CKF_RW_SESSION, CKF_SERIAL_SESSION, CKU_CONTEXT_SPECIFIC, CKU_SO, CKU_USER,
};

use super::memory::{Flaw, Place, bytes};
use crate::{
    fault::{Fault, Outcome},
    handle::{SessionHandle, SlotId},
    provider::{Provider, UserType},
    rv::Rv,
};

/// Most bytes of a PIN.
pub(super) const LONGEST_PIN: usize = 255;

/// # Safety
/// The host's last pointer is as s.5.6.1 says: to a session's handle. The one before and the callback
/// are not used.
pub(super) unsafe fn open(
    provider: &Arc<Provider>,
    slot: CK_SLOT_ID,
    flags: CK_FLAGS,
    _application: CK_VOID_PTR,
    _notify: CK_NOTIFY,
    session: CK_SESSION_HANDLE_PTR,
) -> Outcome<()> {
    // SAFETY: NULL or a place for it, as the caller says.
    let place = unsafe { Place::new(session) }?;
    if flags & CKF_SERIAL_SESSION == 0 {
        return Err(Rv::SessionParallelNotSupported.into());
    }
    let opened = provider.open_session(SlotId(slot), flags & CKF_RW_SESSION != 0)?;
    place.put(opened.0);
    Ok(())
}

pub(super) fn close(provider: &Arc<Provider>, session: CK_SESSION_HANDLE) -> Outcome<()> {
    provider.close_session(SessionHandle(session))
}

pub(super) fn close_all(provider: &Arc<Provider>, slot: CK_SLOT_ID) -> Outcome<()> {
    provider.close_all_sessions(SlotId(slot))
}

/// # Safety
/// The host's pointer is as s.5.6.4 says: to a `CK_SESSION_INFO`.
pub(super) unsafe fn info(
    provider: &Arc<Provider>,
    session: CK_SESSION_HANDLE,
    info: CK_SESSION_INFO_PTR,
) -> Outcome<()> {
    // SAFETY: NULL or a place for it, as the caller says.
    let place = unsafe { Place::new(info) }?;
    let found = provider.session_info(SessionHandle(session))?;
    let may_write = if found.is_read_write { CKF_RW_SESSION } else { 0 };
    place.put(CK_SESSION_INFO {
        slotID: found.slot.0,
        state: found.state,
        flags: CKF_SERIAL_SESSION | may_write,
        ulDeviceError: 0,
    });
    Ok(())
}

pub(super) fn cancel(
    provider: &Arc<Provider>,
    session: CK_SESSION_HANDLE,
    what: CK_FLAGS,
) -> Outcome<()> {
    provider.cancel(SessionHandle(session), what)
}

/// # Safety
/// The host's pointer and length are as s.5.6.8 says: a PIN, or NULL and no length.
pub(super) unsafe fn log_in(
    provider: &Arc<Provider>,
    session: CK_SESSION_HANDLE,
    user: CK_USER_TYPE,
    pin: CK_UTF8CHAR_PTR,
    length: CK_ULONG,
) -> Outcome<()> {
    // SAFETY: so many bytes are there, as the caller says.
    let given = unsafe { bytes(pin, length, LONGEST_PIN) }.map_err(|flaw| match flaw {
        Flaw::Missing => flaw.into(),
        Flaw::TooLong => Fault::from(Rv::PinLenRange),
    })?;
    let user = match user {
        CKU_USER => UserType::User,
        CKU_SO => UserType::SecurityOfficer,
        CKU_CONTEXT_SPECIFIC => UserType::ContextSpecific,
        _ => return Err(Rv::UserTypeInvalid.into()),
    };
    let given = Some(&given).filter(|_| !pin.is_null());
    provider.log_in(SessionHandle(session), user, given)
}

pub(super) fn log_out(provider: &Arc<Provider>, session: CK_SESSION_HANDLE) -> Outcome<()> {
    provider.log_out_session(SessionHandle(session))
}
