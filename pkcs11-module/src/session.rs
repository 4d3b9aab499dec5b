//! Sessions: who has which open, and what is under way in each.
//!
//! No lock is held while a daemon is asked: an operation is taken out of its session first, which also
//! makes sure that every answer ends it (PKCS#11 v3.1 s.5.13).
//!
//! Not responsible for login, which belongs to the token (`slot`), nor for what an operation does.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cryptoki_sys::{
    CK_STATE, CKS_RO_PUBLIC_SESSION, CKS_RO_USER_FUNCTIONS, CKS_RW_PUBLIC_SESSION,
    CKS_RW_USER_FUNCTIONS,
};

use crate::{
    fault::{Fault, Outcome},
    handle::{SessionHandle, SlotId},
    rv::Rv,
    search::Search,
    slot::Slot,
    verify::{FirstCode, Unanswered, Verification},
};

/// An open session.
pub(crate) struct Session {
    pub(crate) handle: SessionHandle,
    pub(crate) slot: Arc<Slot>,
    pub(crate) is_read_write: bool,
    under_way: Mutex<UnderWay>,
}

/// What is under way in a session.
#[derive(Default)]
pub(crate) struct UnderWay {
    pub(crate) search: Option<Search>,
    pub(crate) verification: Option<Verification>,
    /// A code whose verdict never came: the same code again asks for that verdict.
    pub(crate) unanswered: Option<Unanswered>,
    /// The first of two codes, of a token that needs both.
    pub(crate) first_code: Option<FirstCode>,
}

impl Session {
    pub(crate) fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        lock(&self.under_way)
    }

    /// The session's state as the standard counts it.
    pub(crate) fn state(&self) -> CK_STATE {
        match (self.is_read_write, self.slot.remote.is_unlocked()) {
            (false, false) => CKS_RO_PUBLIC_SESSION,
            (false, true) => CKS_RO_USER_FUNCTIONS,
            (true, false) => CKS_RW_PUBLIC_SESSION,
            (true, true) => CKS_RW_USER_FUNCTIONS,
        }
    }

    /// A session of somebody who is logged in.
    pub(crate) fn logged_in(&self) -> Outcome<()> {
        if self.slot.remote.is_unlocked() { Ok(()) } else { Err(Rv::UserNotLoggedIn.into()) }
    }

    pub(crate) fn read_write(&self) -> Outcome<()> {
        if self.is_read_write { Ok(()) } else { Err(Rv::SessionReadOnly.into()) }
    }
}

/// All open sessions.
pub(crate) struct Sessions {
    open: Mutex<BTreeMap<SessionHandle, Arc<Session>>>,
    most: usize,
}

impl Sessions {
    pub(crate) fn new(most: usize) -> Self {
        Self { open: Mutex::default(), most }
    }

    pub(crate) fn open(&self, slot: &Arc<Slot>, is_read_write: bool) -> Outcome<SessionHandle> {
        let mut open = lock(&self.open);
        if open.len() >= self.most {
            return Err(Fault::new(Rv::SessionCount, "as many sessions as are configured"));
        }
        let handle = SessionHandle::fresh();
        let under_way = Mutex::default();
        let session = Session { handle, slot: Arc::clone(slot), is_read_write, under_way };
        open.insert(handle, Arc::new(session));
        Ok(handle)
    }

    pub(crate) fn find(&self, handle: SessionHandle) -> Outcome<Arc<Session>> {
        lock(&self.open).get(&handle).cloned().ok_or_else(|| Rv::SessionHandleInvalid.into())
    }

    /// Closes a session; says whether it was the last one of its slot.
    pub(crate) fn close(&self, handle: SessionHandle) -> Outcome<(Arc<Session>, bool)> {
        let mut open = lock(&self.open);
        let closed = open.remove(&handle).ok_or(Rv::SessionHandleInvalid)?;
        let last = !open.values().any(|session| session.slot.id == closed.slot.id);
        drop(open);
        Ok((closed, last))
    }

    /// Closes all sessions of a slot, and says which they were.
    pub(crate) fn close_all(&self, slot: SlotId) -> Vec<SessionHandle> {
        let mut open = lock(&self.open);
        let of_slot = open.values().filter(|session| session.slot.id == slot);
        let handles: Vec<_> = of_slot.map(|session| session.handle).collect();
        open.retain(|_, session| session.slot.id != slot);
        handles
    }

    /// How many sessions a slot has, and how many of them may write.
    pub(crate) fn count(&self, slot: SlotId) -> (usize, usize) {
        let open = lock(&self.open);
        let of_slot = || open.values().filter(|session| session.slot.id == slot);
        (of_slot().count(), of_slot().filter(|session| session.is_read_write).count())
    }

    /// Ends what is under way in all sessions of a slot: after a logout it is nobody's.
    pub(crate) fn cancel_all(&self, slot: SlotId) {
        let open = lock(&self.open);
        for session in open.values().filter(|session| session.slot.id == slot) {
            *session.under_way() = UnderWay::default();
        }
    }
}

/// The values are only replaced whole, so a panic elsewhere can not leave them half-changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
