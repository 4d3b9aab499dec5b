//! The module between `C_Initialize` and `C_Finalize`: one method per function of the interface.
//!
//! Everything here takes and gives values. Not responsible for pointers (`ffi`), nor for the start and
//! the end of its own life (`process`).

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use cryptoki_sys::{CK_ATTRIBUTE_TYPE, CK_FLAGS, CK_MECHANISM_TYPE, CKF_FIND_OBJECTS, CKF_VERIFY};
use zeroize::Zeroizing;

use crate::{
    attributes, challenge,
    config::{Config, Level},
    event::{self, Events},
    fault::{Fault, Outcome},
    handle::{ObjectHandle, SessionHandle, SlotId},
    import,
    log::Log,
    mechanism::{Mechanism, MechanismInfo, OFFERED},
    objects::{Objects, What},
    process::Process,
    rv::Rv,
    search,
    session::{Session, Sessions},
    slot::Slot,
    template::{Reading, Template},
    vendor::CKO_WARIFU_CHALLENGE,
    verify,
};

/// The module, initialised.
pub(crate) struct Provider {
    /// The process that initialised it; a child after fork is another.
    pub(crate) process: Process,
    pub(crate) log: Log,
    pub(crate) objects: Objects,
    pub(crate) events: Events,
    pub(crate) slots: Vec<Arc<Slot>>,
    sessions: Sessions,
    finalised: AtomicBool,
}

/// Kinds of users (PKCS#11 v3.1 s.3.5).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum UserType {
    /// `CKU_USER`: the one whose certificate it is.
    User,
    /// `CKU_SO`: no such role here; what an officer may, the daemon knows by the certificate.
    SecurityOfficer,
    /// `CKU_CONTEXT_SPECIFIC`: no key here asks for it.
    ContextSpecific,
}

/// `C_GetSessionInfo`.
pub(crate) struct SessionInfo {
    pub(crate) slot: SlotId,
    pub(crate) state: cryptoki_sys::CK_STATE,
    pub(crate) is_read_write: bool,
}

impl Provider {
    pub(crate) fn new(config: Config, threads: bool) -> Self {
        let log = Log::open(&config.log);
        let slots = config.slots.into_iter();
        let slots = slots.map(|slot| Arc::new(Slot::new(slot, threads).with_log(&log)));
        Self {
            process: Process::current(),
            objects: Objects::new(config.objects),
            events: Events::default(),
            slots: slots.collect(),
            sessions: Sessions::new(config.sessions),
            finalised: AtomicBool::new(false),
            log,
        }
    }

    /// Lets whoever waits for an event go.
    pub(crate) fn finalise(&self) {
        self.finalised.store(true, Ordering::Release);
        for slot in &self.slots {
            slot.remote.lock();
        }
        self.events.wake();
    }

    pub(crate) fn is_finalised(&self) -> bool {
        self.finalised.load(Ordering::Acquire)
    }

    // --- slots and tokens (PKCS#11 v3.1 s.5.5) ---------------------------------------------------

    /// The slots, or those in whose reach a daemon is.
    pub(crate) fn slots(&self, with_token: bool) -> Vec<SlotId> {
        let shown = self.slots.iter().filter(|slot| !with_token || slot.remote.is_present());
        shown.map(|slot| slot.id).collect()
    }

    pub(crate) fn slot(&self, id: SlotId) -> Outcome<&Arc<Slot>> {
        self.slots.iter().find(|slot| slot.id == id).ok_or_else(|| Rv::SlotIdInvalid.into())
    }

    /// How many sessions a slot has, and how many of them may write.
    pub(crate) fn session_count(&self, slot: SlotId) -> (usize, usize) {
        self.sessions.count(slot)
    }

    pub(crate) fn mechanisms(&self, slot: SlotId) -> Outcome<&'static [MechanismInfo]> {
        self.slot(slot).map(|_| OFFERED.as_slice())
    }

    pub(crate) fn mechanism(
        &self,
        slot: SlotId,
        kind: CK_MECHANISM_TYPE,
    ) -> Outcome<MechanismInfo> {
        let found = self.mechanisms(slot)?.iter().find(|offer| offer.kind == kind);
        found.copied().ok_or_else(|| Rv::MechanismInvalid.into())
    }

    pub(crate) fn wait_for_slot_event(&self, may_block: bool) -> Outcome<SlotId> {
        event::wait(self, may_block)
    }

    // --- sessions and login (PKCS#11 v3.1 s.5.6) ---------------------------------------------------

    pub(crate) fn open_session(&self, slot: SlotId, is_read_write: bool) -> Outcome<SessionHandle> {
        let slot = self.slot(slot)?;
        if !slot.remote.is_present() {
            return Err(Fault::new(Rv::TokenNotPresent, "no daemon of the slot is in reach"));
        }
        self.sessions.open(slot, is_read_write)
    }

    /// Closing the last session of a token logs out.
    pub(crate) fn close_session(&self, session: SessionHandle) -> Outcome<()> {
        let (closed, is_last) = self.sessions.close(session)?;
        self.objects.forget_session(session);
        if is_last {
            self.log_out(&closed.slot);
        }
        Ok(())
    }

    pub(crate) fn close_all_sessions(&self, slot: SlotId) -> Outcome<()> {
        let slot = self.slot(slot)?;
        for session in self.sessions.close_all(slot.id) {
            self.objects.forget_session(session);
        }
        self.log_out(slot);
        Ok(())
    }

    pub(crate) fn session(&self, handle: SessionHandle) -> Outcome<Arc<Session>> {
        self.sessions.find(handle)
    }

    pub(crate) fn session_info(&self, handle: SessionHandle) -> Outcome<SessionInfo> {
        let session = self.session(handle)?;
        let (slot, state) = (session.slot.id, session.state());
        Ok(SessionInfo { slot, state, is_read_write: session.is_read_write })
    }

    /// Login is the token's, so it holds for all its sessions.
    pub(crate) fn log_in(
        &self,
        handle: SessionHandle,
        user: UserType,
        pin: Option<&Zeroizing<Vec<u8>>>,
    ) -> Outcome<()> {
        let session = self.session(handle)?;
        match user {
            UserType::User => {}
            UserType::SecurityOfficer => return Err(Rv::UserTypeInvalid.into()),
            UserType::ContextSpecific => return Err(Rv::OperationNotInitialized.into()),
        }
        let remote = &session.slot.remote;
        if remote.is_unlocked() {
            return Err(Rv::UserAlreadyLoggedIn.into());
        }
        session.slot.keys_are_hidden.store(false, Ordering::Relaxed);
        remote.unlock(pin)?;
        self.log.event(Level::Info, &format!("logged in to {:?}", session.slot.label));
        Ok(())
    }

    pub(crate) fn log_out_session(&self, handle: SessionHandle) -> Outcome<()> {
        let session = self.session(handle)?;
        session.logged_in()?;
        self.log_out(&session.slot);
        Ok(())
    }

    fn log_out(&self, slot: &Slot) {
        slot.remote.lock();
        self.sessions.cancel_all(slot.id);
        self.objects.forget_slot(slot.id);
    }

    /// `C_SessionCancel` (PKCS#11 v3.1 s.5.6.10): what is not under way is no fault.
    pub(crate) fn cancel(&self, handle: SessionHandle, what: CK_FLAGS) -> Outcome<()> {
        let session = self.session(handle)?;
        let mut under_way = session.under_way();
        if what & CKF_FIND_OBJECTS != 0 {
            under_way.search = None;
        }
        if what & CKF_VERIFY != 0 {
            under_way.verification = None;
        }
        Ok(())
    }

    // --- objects (PKCS#11 v3.1 s.5.7) ---------------------------------------------------------------

    /// A challenge, or a seed to be staged.
    pub(crate) fn create_object(
        &self,
        handle: SessionHandle,
        template: &Template,
    ) -> Outcome<ObjectHandle> {
        let session = self.session(handle)?;
        session.logged_in()?;
        match template.number(cryptoki_sys::CKA_CLASS)? {
            Some(CKO_WARIFU_CHALLENGE) => challenge::create(self, &session, template),
            Some(cryptoki_sys::CKO_OTP_KEY) => import::create(self, &session, template),
            Some(_) => Err(Fault::new(Rv::TemplateInconsistent, "no object of this class is made")),
            None => Err(Fault::new(Rv::TemplateIncomplete, "CKA_CLASS is missing")),
        }
    }

    pub(crate) fn unwrap_key(
        &self,
        handle: SessionHandle,
        mechanism: &Mechanism,
        key: ObjectHandle,
        wrapped: &[u8],
        template: &Template,
    ) -> Outcome<ObjectHandle> {
        let session = self.session(handle)?;
        session.logged_in()?;
        import::unwrap(self, &session, mechanism, key, wrapped, template)
    }

    /// Takes a challenge back, or cancels a staged import. Tokens are not destroyed through here.
    pub(crate) fn destroy_object(
        &self,
        handle: SessionHandle,
        object: ObjectHandle,
    ) -> Outcome<()> {
        let session = self.session(handle)?;
        let found = self.objects.find(session.slot.id, object).ok_or(Rv::ObjectHandleInvalid)?;
        match &found.what {
            What::Challenge(challenge) => challenge::cancel(&session, challenge)?,
            What::Staged(staged) => import::cancel(&session, staged)?,
            What::Token(_) | What::TransportKey(_) => return Err(Rv::ActionProhibited.into()),
        }
        self.objects.remove(object);
        Ok(())
    }

    /// Whether there is such an object; for functions that would change one.
    pub(crate) fn has_object(&self, handle: SessionHandle, object: ObjectHandle) -> Outcome<()> {
        let session = self.session(handle)?;
        let found = self.objects.find(session.slot.id, object);
        found.map(drop).ok_or_else(|| Rv::ObjectHandleInvalid.into())
    }

    pub(crate) fn attributes(
        &self,
        handle: SessionHandle,
        object: ObjectHandle,
        kinds: &[CK_ATTRIBUTE_TYPE],
    ) -> Outcome<Vec<Reading>> {
        attributes::read(self, &*self.session(handle)?, object, kinds)
    }

    pub(crate) fn find_objects_init(
        &self,
        handle: SessionHandle,
        wanted: &Template,
    ) -> Outcome<()> {
        search::begin(self, &*self.session(handle)?, wanted)
    }

    pub(crate) fn find_objects(
        &self,
        handle: SessionHandle,
        most: usize,
    ) -> Outcome<Vec<ObjectHandle>> {
        search::next(self, &*self.session(handle)?, most)
    }

    pub(crate) fn find_objects_final(&self, handle: SessionHandle) -> Outcome<()> {
        search::end(&*self.session(handle)?)
    }

    // --- codes (PKCS#11 v3.1 s.5.13, s.5.15) --------------------------------------------------------

    pub(crate) fn sign_init(
        &self,
        handle: SessionHandle,
        mechanism: &Mechanism,
        key: ObjectHandle,
    ) -> Outcome<()> {
        verify::refuse_to_sign(self, &*self.session(handle)?, mechanism, key)
    }

    pub(crate) fn verify_init(
        &self,
        handle: SessionHandle,
        mechanism: &Mechanism,
        key: ObjectHandle,
    ) -> Outcome<()> {
        verify::begin(self, &*self.session(handle)?, mechanism, key)
    }

    pub(crate) fn verify(&self, handle: SessionHandle, data: &[u8], code: &[u8]) -> Outcome<()> {
        verify::verify(self, &*self.session(handle)?, data, code)
    }
}
