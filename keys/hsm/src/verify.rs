//! The data path: opens a sealed key (cache, or one unwrap) and walks the candidates with it. No MAC
//! leaves this file.
//!
//! Not responsible for: which candidates are right to try, and what a match means.

use std::{sync::Arc, time::Instant};

use cryptoki_sys::{CK_MECHANISM_TYPE, CKM_AES_KEY_WRAP};
use warifu_core::{
    code::Code,
    oath::{Digits, search, truncate},
};
use warifu_hsm_protocol::{Hash, JobError, KeyKind, KeyRef, Reply, Seal, SecretBytes};

use crate::{
    binding,
    fault::Fault,
    held::Held,
    mechanism::Mechanism,
    raw::ObjectRef,
    shape::{self, Place},
    station::{Station, Trouble},
};

/// Most candidates of one verification.
const MOST_CANDIDATES: usize = 64;
/// Most candidates of one resynchronisation.
const MOST_RESYNC: u32 = 2048;

/// A key ready to use.
enum Opened {
    /// Lives in a session; kept from destruction by this share.
    Wrapped(Arc<Held>),
    /// Lives on the token.
    Resident(ObjectRef),
}

impl Opened {
    fn object(&self) -> ObjectRef {
        match self {
            Self::Wrapped(held) => held.object(),
            Self::Resident(object) => *object,
        }
    }
}

impl Station<'_> {
    /// Tries the candidates in order and stops at the first match.
    pub(crate) fn verify(
        &self,
        key: &KeyRef,
        digits: u8,
        code: &SecretBytes,
        candidates: &[u64],
    ) -> Result<Reply, Trouble> {
        let (digits, code) = (parse_digits(digits)?, parse_code(code)?);
        if candidates.len() > MOST_CANDIDATES {
            return Err(JobError::Malformed.into());
        }
        let hash = hash_of(key)?;
        let found = self.with_key(key, |object| {
            search(&code, digits, candidates.iter().copied(), |factor, see| {
                see(self.hand.code_mac(hash, object, &factor.to_be_bytes())?.as_ref());
                Ok(())
            })
        })?;
        let found = found.map(u16::try_from).transpose();
        Ok(Reply::Verified(found.map_err(|_| JobError::Malformed)?))
    }

    /// Looks for two consecutive codes; each MAC is made once.
    pub(crate) fn resync(
        &self,
        key: &KeyRef,
        digits: u8,
        codes: &[SecretBytes; 2],
        from: u64,
        count: u32,
    ) -> Result<Reply, Trouble> {
        let digits = parse_digits(digits)?;
        let (first, second) = (parse_code(&codes[0])?, parse_code(&codes[1])?);
        if count > MOST_RESYNC || from.checked_add(u64::from(count)).is_none() {
            return Err(JobError::Malformed.into());
        }
        let hash = hash_of(key)?;
        let found = self.with_key(key, |object| {
            // One candidate at a time: the second code may follow any match of the first.
            let shows = |code: &Code, factor: u64| -> Result<bool, Fault> {
                let mac = self.hand.code_mac(hash, object, &factor.to_be_bytes())?;
                Ok(truncate(mac.as_ref(), digits).is_some_and(|right| right.matches(code)))
            };
            let mut before = false;
            for factor in from..=from + u64::from(count) {
                if before && shows(&second, factor)? {
                    return Ok(Some(factor - 1));
                }
                before = factor < from + u64::from(count) && shows(&first, factor)?;
            }
            Ok(None)
        })?;
        Ok(Reply::Resynced(found))
    }

    /// Removes a resident seed.
    pub(crate) fn destroy(&self, key: &KeyRef) -> Result<Reply, Trouble> {
        let Seal::Resident { object_id, .. } = &key.seal else {
            return Err(JobError::Malformed.into());
        };
        let opened = self.open(key)?;
        let done = self.hand.destroy(opened.object());
        self.epoch.forget_resident(object_id);
        done?;
        Ok(Reply::Done)
    }

    /// Opens the key and lends its handle. A handle that fails is forgotten.
    pub(crate) fn with_key<R>(
        &self,
        key: &KeyRef,
        work: impl FnOnce(ObjectRef) -> Result<R, Fault>,
    ) -> Result<R, Trouble> {
        let opened = self.open(key)?;
        work(opened.object()).map_err(|fault| {
            self.forget(key);
            fault.into()
        })
    }

    /// The key's handle. The binding is checked before anything of the seal is used.
    fn open(&self, key: &KeyRef) -> Result<Opened, Trouble> {
        match &key.seal {
            Seal::Resident { object_id, .. } => {
                self.check_binding(key)?;
                let found = self.epoch.find_resident(&self.hand, object_id)?;
                found.map(Opened::Resident).ok_or_else(|| JobError::BadRecord.into())
            }
            Seal::Wrapped { kek, padded, blob, .. } => {
                let name = binding::digest(key);
                if let Some(held) = self.shared.cache.find(&name, Instant::now()) {
                    self.shared.counters.hits.up();
                    return Ok(Opened::Wrapped(held));
                }
                self.shared.counters.misses.up();
                self.check_binding(key)?;
                self.shared.counters.unwrap.up();
                let object = self.unwrap_sealed(key.kind, *kek, *padded, blob)?;
                let held = Arc::new(Held::new(object, &self.hand, &self.shared.grave));
                self.shared.cache.put(name, Arc::clone(&held), Instant::now());
                Ok(Opened::Wrapped(held))
            }
        }
    }

    /// One `C_UnwrapKey` into this thread's session.
    pub(crate) fn unwrap_sealed(
        &self,
        kind: KeyKind,
        kek: u32,
        padded: bool,
        blob: &[u8],
    ) -> Result<ObjectRef, Trouble> {
        let kek = self.kek(kind, kek)?;
        let mechanism = Mechanism::plain(self.wrap_mechanism(padded)?);
        let length = blob.len().saturating_sub(8);
        let template = shape::sealed(kind, self.shared.abilities, Place::Session, length);
        Ok(self.hand.unwrap(mechanism, kek, blob, &template)?)
    }

    /// RFC 3394 or RFC 5649, as the provider numbers it.
    pub(crate) fn wrap_mechanism(&self, padded: bool) -> Result<CK_MECHANISM_TYPE, JobError> {
        if !padded {
            return Ok(CKM_AES_KEY_WRAP);
        }
        let missing = "the provider has no RFC 5649 wrap, which a seed of this length needs";
        self.shared.abilities.kwp.ok_or_else(|| JobError::Unsupported(missing.to_owned()))
    }

    /// Whether the seal belongs to the record it came with.
    pub(crate) fn check_binding(&self, key: &KeyRef) -> Result<(), Trouble> {
        if self.epoch.binder.holds(key) { Ok(()) } else { Err(JobError::BadRecord.into()) }
    }

    fn forget(&self, key: &KeyRef) {
        match &key.seal {
            Seal::Resident { object_id, .. } => self.epoch.forget_resident(object_id),
            Seal::Wrapped { .. } => self.shared.cache.remove(&binding::digest(key)),
        }
    }
}

/// The hash of a key that makes HMACs; a code was asked of an encryption key otherwise.
pub(crate) fn hash_of(key: &KeyRef) -> Result<Hash, Trouble> {
    match key.kind {
        KeyKind::Hmac(hash) => Ok(hash),
        KeyKind::Aes => Err(JobError::Malformed.into()),
    }
}

fn parse_digits(digits: u8) -> Result<Digits, Trouble> {
    Digits::new(digits).ok_or_else(|| JobError::Malformed.into())
}

pub(crate) fn parse_code(code: &SecretBytes) -> Result<Code, Trouble> {
    let text = std::str::from_utf8(code.expose()).map_err(|_| JobError::Malformed)?;
    Code::parse(text).map_err(|_| JobError::Malformed.into())
}
