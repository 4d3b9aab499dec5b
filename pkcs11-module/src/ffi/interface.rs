//! How a program gets at the functions (PKCS#11 v3.1 s.5.4.4 to s.5.4.6).
//!
//! Not responsible for the functions.

use std::ptr;

use cryptoki_sys::{
    CK_FLAGS, CK_FUNCTION_LIST_PTR_PTR, CK_INTERFACE, CK_INTERFACE_PTR, CK_INTERFACE_PTR_PTR,
    CK_ULONG_PTR, CK_UTF8CHAR, CK_UTF8CHAR_PTR, CK_VERSION, CK_VERSION_PTR, CK_VOID_PTR,
};

use super::{
    list::{LIST_2_40, LIST_3_0, VERSION_2_40, VERSION_3_0},
    memory::{Buffer, Place, terminated, value},
};
use crate::{
    fault::{Fault, Outcome},
    rv::Rv,
};

const NAME: &[u8; 8] = b"PKCS 11\0";
const VERSIONS: [CK_VERSION; 2] = [VERSION_3_0, VERSION_2_40];

/// The interfaces, the preferred one first, as [`VERSIONS`] has them. None is fork-safe: that would mean
/// that a child goes on with its parent's sessions.
static INTERFACES: Interfaces =
    Interfaces([interface((&raw const LIST_3_0).cast()), interface((&raw const LIST_2_40).cast())]);

struct Interfaces([CK_INTERFACE; 2]);

// SAFETY: what the pointers point to is never written: the standard gives it to be read only.
unsafe impl Sync for Interfaces {}

const fn interface(list: *const CK_VOID_PTR) -> CK_INTERFACE {
    CK_INTERFACE {
        pInterfaceName: NAME.as_ptr().cast::<CK_UTF8CHAR>().cast_mut(),
        pFunctionList: list.cast_mut().cast(),
        flags: 0,
    }
}

/// # Safety
/// The host's pointer is as s.5.4.4 says: to a pointer.
pub(super) unsafe fn function_list(list: CK_FUNCTION_LIST_PTR_PTR) -> Outcome<()> {
    // SAFETY: NULL or a place for it, as the caller says.
    let place = unsafe { Place::new(list) }?;
    place.put((&raw const LIST_2_40).cast_mut());
    Ok(())
}

/// # Safety
/// The host's pointers are as s.5.4.5 says: a buffer and its size.
pub(super) unsafe fn list(interfaces: CK_INTERFACE_PTR, count: CK_ULONG_PTR) -> Outcome<()> {
    // SAFETY: a buffer and its size, as the caller says.
    let buffer = unsafe { Buffer::new(interfaces, count) }?;
    buffer.fill(&INTERFACES.0)
}

/// Without a name or a version, those are not asked for; all flags that are asked for must be there.
///
/// # Safety
/// The host's pointers are as s.5.4.6 says: NULL or a name with a zero at its end, NULL or a version,
/// and to a pointer.
pub(super) unsafe fn find(
    name: CK_UTF8CHAR_PTR,
    version: CK_VERSION_PTR,
    interface: CK_INTERFACE_PTR_PTR,
    flags: CK_FLAGS,
) -> Outcome<()> {
    // SAFETY: NULL or a place for it, as the caller says.
    let place = unsafe { Place::new(interface) }?;
    if !name.is_null() {
        // SAFETY: the name ends with a zero, as the caller says.
        let name = unsafe { terminated(name, NAME.len()) };
        if !name.is_ok_and(|name| NAME.starts_with(&name) && name.len() + 1 == NAME.len()) {
            return Err(unknown());
        }
    }
    let wanted = if version.is_null() {
        None
    } else {
        // SAFETY: it points to a version, as the caller says.
        Some(unsafe { value(version) }?)
    };
    let each = VERSIONS.iter().zip(&INTERFACES.0);
    let mut fitting = each.filter(|(version, interface)| {
        let same =
            |wanted: CK_VERSION| (wanted.major, wanted.minor) == (version.major, version.minor);
        wanted.is_none_or(same) && interface.flags & flags == flags
    });
    let (_, found) = fitting.next().ok_or_else(unknown)?;
    place.put(ptr::from_ref(found).cast_mut());
    Ok(())
}

/// The standard leaves the value open.
fn unknown() -> Fault {
    Fault::new(Rv::ArgumentsBad, "there is no such interface")
}
