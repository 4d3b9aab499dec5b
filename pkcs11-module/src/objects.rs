//! Objects that a program has a handle for. Bounded: a module that finds a hundred million tokens one
//! by one must not remember them all, so the oldest handle is given up first.
//!
//! Not responsible for what an object's attributes are, see [`crate::attributes`].

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use warifu_api::facts::TokenFacts;

use crate::{
    challenge::Challenge,
    handle::{ObjectHandle, SessionHandle, SlotId},
    import::{Staged, TransportKey},
    session::lock,
};

/// Something with a handle.
pub(crate) struct Object {
    pub(crate) slot: SlotId,
    /// A session object goes with its session.
    pub(crate) session: Option<SessionHandle>,
    pub(crate) what: What,
}

/// What it is.
pub(crate) enum What {
    /// A token.
    Token(TokenFacts),
    /// What was put to a user's token.
    Challenge(Challenge),
    /// A seed that waits for another officer's approval.
    Staged(Staged),
    /// A manufacturer's key inside the HSM, to unwrap with.
    TransportKey(TransportKey),
}

/// What is the same thing when it is found again.
#[derive(Clone, Eq, Hash, PartialEq)]
enum Identity {
    Token(SlotId, String),
    TransportKey(SlotId, String),
}

/// All objects with a handle.
pub(crate) struct Objects {
    known: Mutex<Known>,
    most: usize,
}

#[derive(Default)]
struct Known {
    by_handle: BTreeMap<ObjectHandle, Arc<Object>>,
    by_identity: HashMap<Identity, ObjectHandle>,
}

impl Object {
    fn identity(&self) -> Option<Identity> {
        match &self.what {
            What::Token(facts) => Some(Identity::Token(self.slot, facts.serial.clone())),
            What::TransportKey(key) => {
                Some(Identity::TransportKey(self.slot, key.label().to_owned()))
            }
            What::Challenge(_) | What::Staged(_) => None,
        }
    }
}

impl Objects {
    pub(crate) fn new(most: usize) -> Self {
        Self { known: Mutex::default(), most }
    }

    /// Gives an object its handle: the one it had, if it is known already. What is known of it is
    /// renewed either way.
    pub(crate) fn put(&self, object: Object) -> ObjectHandle {
        let mut known = lock(&self.known);
        let identity = object.identity();
        let before = identity.as_ref().and_then(|identity| known.by_identity.get(identity));
        let handle = before.copied().unwrap_or_else(ObjectHandle::fresh);
        known.by_handle.insert(handle, Arc::new(object));
        if let Some(identity) = identity {
            known.by_identity.insert(identity, handle);
        }
        while known.by_handle.len() > self.most {
            known.give_up_oldest();
        }
        handle
    }

    /// The object, if the slot is the session's.
    pub(crate) fn find(&self, slot: SlotId, handle: ObjectHandle) -> Option<Arc<Object>> {
        let known = lock(&self.known);
        known.by_handle.get(&handle).filter(|object| object.slot == slot).cloned()
    }

    pub(crate) fn remove(&self, handle: ObjectHandle) {
        lock(&self.known).remove(handle);
    }

    /// The objects of one slot that fit.
    pub(crate) fn select(
        &self,
        slot: SlotId,
        fits: impl Fn(&What) -> bool,
    ) -> Vec<(ObjectHandle, Arc<Object>)> {
        let known = lock(&self.known);
        let of_slot = known.by_handle.iter().filter(|(_, object)| object.slot == slot);
        let fitting = of_slot.filter(|(_, object)| fits(&object.what));
        fitting.map(|(handle, object)| (*handle, Arc::clone(object))).collect()
    }

    /// Forgets the objects of a session that is closed.
    pub(crate) fn forget_session(&self, session: SessionHandle) {
        lock(&self.known).forget(|object| object.session == Some(session));
    }

    /// Forgets all of a slot: after a logout, handles of private objects are invalid (PKCS#11 v3.1
    /// s.5.6.9).
    pub(crate) fn forget_slot(&self, slot: SlotId) {
        lock(&self.known).forget(|object| object.slot == slot);
    }
}

impl Known {
    fn remove(&mut self, handle: ObjectHandle) {
        let identity = self.by_handle.remove(&handle).and_then(|object| object.identity());
        if let Some(identity) = identity {
            self.by_identity.remove(&identity);
        }
    }

    fn give_up_oldest(&mut self) {
        if let Some(oldest) = self.by_handle.keys().next().copied() {
            self.remove(oldest);
        }
    }

    fn forget(&mut self, which: impl Fn(&Object) -> bool) {
        let gone: Vec<_> =
            self.by_handle.iter().filter(|(_, o)| which(o)).map(|(h, _)| *h).collect();
        for handle in gone {
            self.remove(handle);
        }
    }
}
