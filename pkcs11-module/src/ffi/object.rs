//! Objects (PKCS#11 v3.1 s.5.7).
//!
//! Not responsible for what objects there are, see [`crate::search`] and [`crate::attributes`].

use std::sync::Arc;

use cryptoki_sys::{
    CK_ATTRIBUTE_PTR, CK_OBJECT_HANDLE, CK_OBJECT_HANDLE_PTR, CK_SESSION_HANDLE, CK_ULONG,
    CK_ULONG_PTR, CK_UNAVAILABLE_INFORMATION,
};

use super::memory::{
    Place, Row,
    attribute::{Questions, template},
};
use crate::{
    fault::{Fault, Outcome},
    handle::{ObjectHandle, SessionHandle},
    provider::Provider,
    rv::Rv,
};

/// # Safety
/// The host's pointers are as s.5.7.1 says: a template, and a place for a handle.
pub(super) unsafe fn create(
    provider: &Arc<Provider>,
    session: CK_SESSION_HANDLE,
    given: CK_ATTRIBUTE_PTR,
    count: CK_ULONG,
    object: CK_OBJECT_HANDLE_PTR,
) -> Outcome<()> {
    // SAFETY: NULL or a place for it, as the caller says.
    let place = unsafe { Place::new(object) }?;
    // SAFETY: a template, as the caller says.
    let template = unsafe { template(given, count) }?;
    let created = provider.create_object(SessionHandle(session), &template)?;
    place.put(created.0);
    Ok(())
}

/// No object may be copied, as `CKA_COPYABLE` says.
///
/// # Safety
/// The host's pointers are as s.5.7.2 says: a template, and a place for a handle.
pub(super) unsafe fn copy(
    provider: &Arc<Provider>,
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    given: CK_ATTRIBUTE_PTR,
    count: CK_ULONG,
    copied: CK_OBJECT_HANDLE_PTR,
) -> Outcome<()> {
    // SAFETY: NULL or a place for it, as the caller says.
    unsafe { Place::new(copied) }?;
    // SAFETY: a template, as the caller says.
    unsafe { template(given, count) }?;
    provider.has_object(SessionHandle(session), ObjectHandle(object))?;
    Err(Fault::new(Rv::ActionProhibited, "no object is copied"))
}

pub(super) fn destroy(
    provider: &Arc<Provider>,
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
) -> Outcome<()> {
    provider.destroy_object(SessionHandle(session), ObjectHandle(object))
}

/// # Safety
/// The host's pointer is as s.5.7.4 says: to a number.
pub(super) unsafe fn size(
    provider: &Arc<Provider>,
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    size: CK_ULONG_PTR,
) -> Outcome<()> {
    // SAFETY: NULL or a place for it, as the caller says.
    let place = unsafe { Place::new(size) }?;
    provider.has_object(SessionHandle(session), ObjectHandle(object))?;
    place.put(CK_UNAVAILABLE_INFORMATION);
    Ok(())
}

/// # Safety
/// The host's pointer is as s.5.7.5 says: to attributes, each with a buffer or without one.
pub(super) unsafe fn attributes(
    provider: &Arc<Provider>,
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    asked: CK_ATTRIBUTE_PTR,
    count: CK_ULONG,
) -> Outcome<()> {
    // SAFETY: so many attributes are there, as the caller says.
    let questions = unsafe { Questions::new(asked, count) }?;
    let (session, object) = (SessionHandle(session), ObjectHandle(object));
    let readings = provider.attributes(session, object, &questions.kinds())?;
    questions.answer(&readings)
}

/// No object may be changed, as `CKA_MODIFIABLE` says.
///
/// # Safety
/// The host's pointer is as s.5.7.6 says: a template.
pub(super) unsafe fn change(
    provider: &Arc<Provider>,
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    given: CK_ATTRIBUTE_PTR,
    count: CK_ULONG,
) -> Outcome<()> {
    // SAFETY: a template, as the caller says.
    unsafe { template(given, count) }?;
    provider.has_object(SessionHandle(session), ObjectHandle(object))?;
    Err(Fault::new(Rv::ActionProhibited, "no object is changed"))
}

/// # Safety
/// The host's pointer is as s.5.7.7 says: a template.
pub(super) unsafe fn find_init(
    provider: &Arc<Provider>,
    session: CK_SESSION_HANDLE,
    wanted: CK_ATTRIBUTE_PTR,
    count: CK_ULONG,
) -> Outcome<()> {
    // SAFETY: a template, as the caller says.
    let wanted = unsafe { template(wanted, count) }?;
    provider.find_objects_init(SessionHandle(session), &wanted)
}

/// # Safety
/// The host's pointers are as s.5.7.8 says: a place for so many handles, and one for their number.
pub(super) unsafe fn find(
    provider: &Arc<Provider>,
    session: CK_SESSION_HANDLE,
    objects: CK_OBJECT_HANDLE_PTR,
    most: CK_ULONG,
    count: CK_ULONG_PTR,
) -> Outcome<()> {
    // SAFETY: NULL or a place for it, as the caller says.
    let place = unsafe { Place::new(count) }?;
    // SAFETY: there is room for so many handles, as the caller says.
    let row = unsafe { Row::new(objects, most) }?;
    let found = provider.find_objects(SessionHandle(session), row.room())?;
    let handles: Vec<_> = found.iter().map(|object| object.0).collect();
    place.put(row.put(&handles));
    Ok(())
}

pub(super) fn find_final(provider: &Arc<Provider>, session: CK_SESSION_HANDLE) -> Outcome<()> {
    provider.find_objects_final(SessionHandle(session))
}
