//! An epoch: everything that is valid between two renewals. Handles, sessions and derived keys of one
//! epoch are never used in another.
//!
//! Not responsible for: when an epoch ends (`gate.rs`, `keeper.rs`).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use cryptoki::{
    object::{Attribute, AttributeType, ObjectClass},
    slot::{Slot, TokenInfo},
};
use cryptoki_sys::CKM_SHA256_HMAC;
use warifu_hsm_protocol::WorkerConfig;

use crate::{
    binding::{BINDING_LABEL, Binder, CANARY_LABEL, CEREMONY_LABEL, DerivedKey, FINGERPRINT_LABEL},
    counters::Counters,
    fault::Fault,
    hand::Hand,
    keys::{Keys, Names},
    module::{Life, Module, OpenSession, login},
    raw::ObjectRef,
    refusal::Refusal,
    row::{ROW_LABEL, Tagger},
    shape,
    station::Shared,
    transport_keys::TransportKeys,
};

/// The token of an epoch: found, with its master session logged in. The master session is never
/// closed while the epoch lasts: it carries the login and the copies of the wrapping keys.
pub(crate) struct Token {
    /// Where it is this time.
    pub(crate) slot: Slot,
    /// Label, serial, model.
    pub(crate) info: TokenInfo,
    /// The session that logged in.
    pub(crate) master: Arc<OpenSession>,
    /// Of this epoch.
    pub(crate) life: Life,
}

impl Token {
    /// Finds the token, opens the master session, logs in. The module is initialised already.
    pub(crate) fn open(
        module: &Module,
        config: &WorkerConfig,
        epoch: u64,
    ) -> Result<Self, Refusal> {
        let (slot, info) = module.find_token(config)?;
        let life = Life::new(epoch);
        let failed = |fault| Refusal::of("opening the master session", fault);
        let master = module.open(slot, &life).map_err(failed)?;
        login(&master, &info, config)?;
        Ok(Self { slot, info, master, life })
    }

    /// To work in the master session.
    pub(crate) fn hand<'a>(&'a self, module: &'a Module, counters: &'a Counters) -> Hand<'a> {
        Hand { module, session: &self.master, counters }
    }
}

/// Everything that the threads use.
pub(crate) struct Epoch {
    /// Counts renewals.
    pub(crate) number: u64,
    /// The token.
    pub(crate) token: Token,
    /// Warifu's keys; the wrapping keys as copies in the master session where that can be.
    pub(crate) keys: Keys,
    /// Checks bindings.
    pub(crate) binder: Binder,
    /// Makes and checks the tags of rows.
    pub(crate) tagger: Tagger,
    /// For the daemon's wrong-code fingerprints.
    pub(crate) fingerprint_key: DerivedKey,
    /// What the canary answers.
    pub(crate) canary: [u8; 32],
    /// Transport keys used so far.
    pub(crate) transport: TransportKeys,
    /// Authenticates the sums of key ceremonies.
    pub(crate) ceremonies: DerivedKey,
    /// Held by the one thread that works in the master session.
    master: Mutex<()>,
    resident: Mutex<HashMap<[u8; 16], ObjectRef>>,
}

impl Epoch {
    /// Derives, copies and lists what the epoch needs.
    pub(crate) fn new(
        module: &Module,
        counters: &Counters,
        token: Token,
        keys: Keys,
        prefix: &str,
    ) -> Result<Self, Refusal> {
        let hand = token.hand(module, counters);
        let derive = |label| hand.mac32(CKM_SHA256_HMAC, keys.bind, label).map(DerivedKey::new);
        let failed = |fault| Refusal::of("deriving the binding key", fault);
        let binder = Binder::new(derive(BINDING_LABEL).map_err(failed)?);
        let tagger = Tagger::new(derive(ROW_LABEL).map_err(failed)?);
        let fingerprint_key = derive(FINGERPRINT_LABEL).map_err(failed)?;
        let canary = hand
            .mac32(CKM_SHA256_HMAC, keys.canary, CANARY_LABEL)
            .map_err(|fault| Refusal::of("asking the canary", fault))?;
        let ceremonies = derive(CEREMONY_LABEL).map_err(failed)?;
        keys.keks.copy(&hand);
        keys.keks_e.copy(&hand);
        let resident = list_resident(&hand, prefix)
            .map_err(|fault| Refusal::of("listing the resident seeds", fault))?;
        Ok(Self {
            number: token.life.epoch,
            token,
            keys,
            binder,
            tagger,
            fingerprint_key,
            canary,
            transport: TransportKeys::default(),
            ceremonies,
            master: Mutex::default(),
            resident: Mutex::new(resident),
        })
    }

    /// Does something in the master session, whose objects last as long as the epoch.
    pub(crate) fn in_master<R>(&self, shared: &Shared, work: impl FnOnce(&Hand<'_>) -> R) -> R {
        let _alone = self.master.lock().unwrap_or_else(PoisonError::into_inner);
        work(&self.token.hand(&shared.module, &shared.counters))
    }

    /// First 8 bytes of the canary's answer: tells two tokens of one label apart.
    pub(crate) fn fingerprint(&self) -> String {
        hex::encode(self.canary.get(..8).unwrap_or_default())
    }

    /// The handle of a resident seed; another worker's is looked for on the token once.
    pub(crate) fn find_resident(
        &self,
        hand: &Hand<'_>,
        id: &[u8; 16],
    ) -> Result<Option<ObjectRef>, Fault> {
        let known = self.lock().get(id).copied();
        if known.is_some() {
            return Ok(known);
        }
        let class = Attribute::Class(ObjectClass::SECRET_KEY);
        let found = hand.find(&[class, Attribute::Token(true), Attribute::Id(id.to_vec())])?;
        // Two objects of one id: there is no telling which is meant, so it is neither.
        let [object] = found.as_slice() else { return Ok(None) };
        self.lock().insert(*id, *object);
        Ok(Some(*object))
    }

    /// Notes a resident seed that was made.
    pub(crate) fn note_resident(&self, id: [u8; 16], object: ObjectRef) {
        self.lock().insert(id, object);
    }

    /// Forgets the handle of a resident seed.
    pub(crate) fn forget_resident(&self, id: &[u8; 16]) {
        self.lock().remove(id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 16], ObjectRef>> {
        self.resident.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A copy in the master session: on soft tokens every use of a token object reads the disk. Taken
/// only where the copy is as closed as the original.
pub(crate) fn session_copy(hand: &Hand<'_>, key: ObjectRef) -> ObjectRef {
    let Ok(copy) = hand.copy(key, &shape::session_copy()) else { return key };
    if is_closed(hand, copy) {
        return copy;
    }
    hand.discard(copy);
    key
}

/// Sensitive and not extractable, as the token tells it.
pub(crate) fn is_closed(hand: &Hand<'_>, key: ObjectRef) -> bool {
    let kinds = [AttributeType::Sensitive, AttributeType::Extractable];
    let Ok(attributes) = hand.attributes(key, &kinds) else { return false };
    attributes.len() == 2
        && attributes.iter().all(|attribute| {
            matches!(attribute, Attribute::Sensitive(true) | Attribute::Extractable(false))
        })
}

/// All at once: looking for one object is a linear scan on some tokens.
fn list_resident(hand: &Hand<'_>, prefix: &str) -> Result<HashMap<[u8; 16], ObjectRef>, Fault> {
    let objects = hand.find_labelled(ObjectClass::SECRET_KEY, &Names(prefix).seed())?;
    let mut map = HashMap::with_capacity(objects.len());
    for object in objects {
        // Gone meanwhile, by another worker: no reason not to start.
        if let Ok(id) = hand.id(object).map(<[u8; 16]>::try_from)
            && let Ok(id) = id
        {
            map.insert(id, object);
        }
    }
    Ok(map)
}
