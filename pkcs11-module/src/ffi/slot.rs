//! Slots and tokens (PKCS#11 v3.1 s.5.5).
//!
//! Not responsible for whether a daemon is in reach, see [`crate::remote`].

use std::sync::Arc;

use cryptoki_sys::{
    CK_BBOOL, CK_FALSE, CK_FLAGS, CK_MECHANISM_INFO, CK_MECHANISM_INFO_PTR, CK_MECHANISM_TYPE,
    CK_MECHANISM_TYPE_PTR, CK_SLOT_ID, CK_SLOT_ID_PTR, CK_SLOT_INFO, CK_SLOT_INFO_PTR,
    CK_TOKEN_INFO, CK_TOKEN_INFO_PTR, CK_ULONG, CK_ULONG_PTR, CK_UNAVAILABLE_INFORMATION,
    CK_VOID_PTR, CKF_DONT_BLOCK,
};

use super::{
    general::{library, none},
    memory::{Buffer, Place, padded, version},
    session::LONGEST_PIN,
};
use crate::{
    fault::{Fault, Outcome},
    handle::SlotId,
    provider::Provider,
    rv::Rv,
    slot::{MANUFACTURER, MODEL, Slot},
};

/// # Safety
/// The host's pointers are as s.5.5.1 says: a buffer and its size.
pub(super) unsafe fn list(
    provider: &Arc<Provider>,
    with_token: CK_BBOOL,
    slots: CK_SLOT_ID_PTR,
    count: CK_ULONG_PTR,
) -> Outcome<()> {
    // SAFETY: a buffer and its size, as the caller says.
    let buffer = unsafe { Buffer::new(slots, count) }?;
    let slots: Vec<_> = provider.slots(with_token != CK_FALSE).iter().map(|slot| slot.0).collect();
    buffer.fill(&slots)
}

/// # Safety
/// The host's pointer is as s.5.5.2 says: to a `CK_SLOT_INFO`.
pub(super) unsafe fn info(
    provider: &Arc<Provider>,
    slot: CK_SLOT_ID,
    info: CK_SLOT_INFO_PTR,
) -> Outcome<()> {
    // SAFETY: NULL or a place for it, as the caller says.
    let place = unsafe { Place::new(info) }?;
    let slot = provider.slot(SlotId(slot))?;
    place.put(CK_SLOT_INFO {
        slotDescription: padded(slot.description()),
        manufacturerID: padded(MANUFACTURER),
        flags: slot.flags(),
        hardwareVersion: version(0, 0),
        firmwareVersion: library(),
    });
    Ok(())
}

/// # Safety
/// The host's pointer is as s.5.5.3 says: to a `CK_TOKEN_INFO`.
pub(super) unsafe fn token_info(
    provider: &Arc<Provider>,
    slot: CK_SLOT_ID,
    info: CK_TOKEN_INFO_PTR,
) -> Outcome<()> {
    // SAFETY: NULL or a place for it, as the caller says.
    let place = unsafe { Place::new(info) }?;
    let slot = provider.slot(SlotId(slot))?;
    if !slot.remote.is_present() {
        return Err(Fault::new(Rv::TokenNotPresent, "no daemon of the slot is in reach"));
    }
    place.put(token(slot, provider.session_count(slot.id)));
    Ok(())
}

fn token(slot: &Slot, (all, read_write): (usize, usize)) -> CK_TOKEN_INFO {
    CK_TOKEN_INFO {
        label: padded(&slot.label),
        manufacturerID: padded(MANUFACTURER),
        model: padded(MODEL),
        serialNumber: padded(&slot.serial()),
        flags: slot.token_flags(),
        ulMaxSessionCount: CK_UNAVAILABLE_INFORMATION,
        ulSessionCount: all as CK_ULONG,
        ulMaxRwSessionCount: CK_UNAVAILABLE_INFORMATION,
        ulRwSessionCount: read_write as CK_ULONG,
        ulMaxPinLen: LONGEST_PIN as CK_ULONG,
        ulMinPinLen: CK_ULONG::from(slot.remote.needs_pin()),
        ulTotalPublicMemory: CK_UNAVAILABLE_INFORMATION,
        ulFreePublicMemory: CK_UNAVAILABLE_INFORMATION,
        ulTotalPrivateMemory: CK_UNAVAILABLE_INFORMATION,
        ulFreePrivateMemory: CK_UNAVAILABLE_INFORMATION,
        hardwareVersion: version(0, 0),
        firmwareVersion: library(),
        utcTime: padded(""), // without CKF_CLOCK_ON_TOKEN it means nothing
    }
}

/// # Safety
/// The host's pointers are as s.5.5.5 says: a buffer and its size.
pub(super) unsafe fn mechanisms(
    provider: &Arc<Provider>,
    slot: CK_SLOT_ID,
    mechanisms: CK_MECHANISM_TYPE_PTR,
    count: CK_ULONG_PTR,
) -> Outcome<()> {
    // SAFETY: a buffer and its size, as the caller says.
    let buffer = unsafe { Buffer::new(mechanisms, count) }?;
    let offered = provider.mechanisms(SlotId(slot))?;
    let kinds: Vec<_> = offered.iter().map(|mechanism| mechanism.kind).collect();
    buffer.fill(&kinds)
}

/// # Safety
/// The host's pointer is as s.5.5.6 says: to a `CK_MECHANISM_INFO`.
pub(super) unsafe fn mechanism_info(
    provider: &Arc<Provider>,
    slot: CK_SLOT_ID,
    kind: CK_MECHANISM_TYPE,
    info: CK_MECHANISM_INFO_PTR,
) -> Outcome<()> {
    // SAFETY: NULL or a place for it, as the caller says.
    let place = unsafe { Place::new(info) }?;
    let found = provider.mechanism(SlotId(slot), kind)?;
    place.put(CK_MECHANISM_INFO {
        ulMinKeySize: found.smallest,
        ulMaxKeySize: found.largest,
        flags: found.flags,
    });
    Ok(())
}

/// # Safety
/// The host's pointer is as s.5.5.4 says: to a slot's number.
pub(super) unsafe fn wait_for_event(
    provider: &Arc<Provider>,
    flags: CK_FLAGS,
    slot: CK_SLOT_ID_PTR,
    reserved: CK_VOID_PTR,
) -> Outcome<()> {
    // SAFETY: NULL or a place for it, as the caller says.
    let place = unsafe { Place::new(slot) }?;
    none(reserved)?;
    let changed = provider.wait_for_slot_event(flags & CKF_DONT_BLOCK == 0)?;
    place.put(changed.0);
    Ok(())
}
