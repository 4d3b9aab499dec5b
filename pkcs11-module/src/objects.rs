//! Objects that a program has a handle for. Bounded: a module that finds a hundred million tokens one
//! by one must not remember them all, so the oldest handle is given up first. What no daemon lists could
//! not be found again, so it is given up last.
//!
//! Not responsible for what an object's attributes are, see [`crate::attributes`].

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
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
    Challenge(Arc<Challenge>),
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
    /// What the daemon lists.
    listed: BTreeSet<ObjectHandle>,
    /// What it does not, by the session that it goes with, if it goes with any.
    unlisted: HashMap<Option<SessionHandle>, BTreeSet<ObjectHandle>>,
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
        match identity {
            Some(_) => known.listed.insert(handle),
            None => known.unlisted.entry(object.session).or_default().insert(handle),
        };
        known.by_handle.insert(handle, Arc::new(object));
        if let Some(identity) = identity {
            known.by_identity.insert(identity, handle);
        }
        while known.by_handle.len() > self.most {
            known.give_up_oldest(handle);
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

    /// What no daemon lists: the objects of the session and those of its slot, the oldest first.
    pub(crate) fn unlisted(
        &self,
        slot: SlotId,
        session: SessionHandle,
    ) -> Vec<(ObjectHandle, Arc<Object>)> {
        let known = lock(&self.known);
        let handles = [Some(session), None].map(|of| known.unlisted.get(&of).into_iter().flatten());
        let object = |handle| known.by_handle.get_key_value(handle);
        let objects = handles.into_iter().flatten().filter_map(object);
        let of_slot = objects.filter(|(_, object)| object.slot == slot);
        let mut found: Vec<_> = of_slot.map(|(handle, it)| (*handle, Arc::clone(it))).collect();
        found.sort_unstable_by_key(|(handle, _)| *handle);
        found
    }

    /// Forgets the objects of a session that is closed.
    pub(crate) fn forget_session(&self, session: SessionHandle) {
        let mut known = lock(&self.known);
        for handle in known.unlisted.remove(&Some(session)).into_iter().flatten() {
            known.remove(handle);
        }
    }

    /// Forgets all of a slot: after a logout, handles of private objects are invalid (PKCS#11 v3.1
    /// s.5.6.9).
    pub(crate) fn forget_slot(&self, slot: SlotId) {
        lock(&self.known).forget(|object| object.slot == slot);
    }
}

impl Known {
    fn remove(&mut self, handle: ObjectHandle) {
        let Some(object) = self.by_handle.remove(&handle) else { return };
        if let Some(identity) = object.identity() {
            self.listed.remove(&handle);
            self.by_identity.remove(&identity);
        } else if let Some(others) = self.unlisted.get_mut(&object.session) {
            others.remove(&handle);
            if others.is_empty() {
                self.unlisted.remove(&object.session);
            }
        }
    }

    /// All but `newest`, which the program is about to hear of.
    fn give_up_oldest(&mut self, newest: ObjectHandle) {
        let old = |handle: &&ObjectHandle| **handle != newest;
        let listed = self.listed.iter().find(old);
        let oldest = listed.or_else(|| self.by_handle.keys().find(old)).copied();
        self.remove(oldest.unwrap_or(newest));
    }

    fn forget(&mut self, which: impl Fn(&Object) -> bool) {
        let gone: Vec<_> =
            self.by_handle.iter().filter(|(_, o)| which(o)).map(|(h, _)| *h).collect();
        for handle in gone {
            self.remove(handle);
        }
    }
}

#[cfg(test)]
mod tests {
    use warifu_api::token::{Algorithm, Hash, TokenKind};

    use super::*;
    use crate::challenge::sample;

    const SLOT: SlotId = SlotId(0);

    fn token(slot: SlotId, serial: u32) -> Object {
        let facts = TokenFacts {
            institution: "bank".to_owned(),
            serial: serial.to_string(),
            manufacturer: "Maker".to_owned(),
            kind: TokenKind::Hard,
            algorithm: Algorithm::Hotp,
            hash: Hash::Sha1,
            digits: 6,
            time_step_s: None,
            suites: None,
        };
        Object { slot, session: None, what: What::Token(facts) }
    }

    fn challenge(session: SessionHandle) -> Object {
        let what = What::Challenge(Arc::new(sample("1.9f", "1", "4711")));
        Object { slot: SLOT, session: Some(session), what }
    }

    fn own(objects: &Objects, session: SessionHandle) -> Vec<ObjectHandle> {
        objects.unlisted(SLOT, session).iter().map(|(handle, _)| *handle).collect()
    }

    #[test]
    fn a_token_keeps_its_handle_when_it_is_found_again() {
        let objects = Objects::new(10);
        let first = objects.put(token(SLOT, 1));
        assert_ne!(objects.put(token(SLOT, 2)), first);
        assert_eq!(objects.put(token(SLOT, 1)), first);
        assert_ne!(objects.put(token(SlotId(1), 1)), first, "another bank's");
        assert!(objects.find(SLOT, first).is_some());
        assert!(objects.find(SlotId(1), first).is_none());
    }

    #[test]
    fn the_oldest_handle_is_given_up_first() {
        let objects = Objects::new(2);
        let all: Vec<_> = (0..5).map(|serial| objects.put(token(SLOT, serial))).collect();
        let left: Vec<_> = all.iter().filter(|it| objects.find(SLOT, **it).is_some()).collect();
        assert_eq!(left, all[3..].iter().collect::<Vec<_>>());
        assert_ne!(objects.put(token(SLOT, 0)), all[0], "a number is never given twice");
    }

    #[test]
    fn what_no_daemon_lists_is_given_up_last() {
        let (objects, session) = (Objects::new(2), SessionHandle::fresh());
        let challenged = objects.put(challenge(session));
        let last = (0..5).map(|serial| objects.put(token(SLOT, serial))).last().unwrap();
        assert_eq!(own(&objects, session), [challenged]);
        assert!(objects.find(SLOT, last).is_some());
        let newer = [objects.put(challenge(session)), objects.put(challenge(session))];
        assert_eq!(own(&objects, session), newer);
        assert!(objects.find(SLOT, last).is_none());
        let token = objects.put(token(SLOT, 9));
        assert!(objects.find(SLOT, token).is_some(), "the newest stays");
    }

    #[test]
    fn objects_of_a_session_go_with_it() {
        let objects = Objects::new(10);
        let (one, other) = (SessionHandle::fresh(), SessionHandle::fresh());
        let (gone, stays) = (objects.put(challenge(one)), objects.put(challenge(other)));
        let token = objects.put(token(SLOT, 1));
        objects.forget_session(one);
        assert!(objects.find(SLOT, gone).is_none());
        assert!(objects.find(SLOT, stays).is_some() && objects.find(SLOT, token).is_some());
        objects.remove(stays);
        assert!(own(&objects, other).is_empty());
    }

    #[test]
    fn a_logout_forgets_one_slot() {
        let objects = Objects::new(10);
        let session = SessionHandle::fresh();
        let gone = [objects.put(token(SLOT, 1)), objects.put(challenge(session))];
        let stays = objects.put(token(SlotId(1), 1));
        objects.forget_slot(SLOT);
        assert!(gone.iter().all(|handle| objects.find(SLOT, *handle).is_none()));
        assert!(own(&objects, session).is_empty());
        assert!(objects.find(SlotId(1), stays).is_some());
        assert_ne!(objects.put(token(SLOT, 1)), gone[0], "it is another object now");
    }

    #[test]
    fn what_goes_with_no_session_is_shown_to_all_of_its_slot() {
        let objects = Objects::new(10);
        let (one, other) = (SessionHandle::fresh(), SessionHandle::fresh());
        let lasting = objects.put(Object { session: None, ..challenge(one) });
        let of_one = objects.put(challenge(one));
        assert_eq!(own(&objects, one), [lasting, of_one]);
        assert_eq!(own(&objects, other), [lasting]);
        assert!(objects.unlisted(SlotId(1), one).is_empty());
    }
}
