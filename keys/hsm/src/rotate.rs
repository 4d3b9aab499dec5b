//! Rotation of the wrapping keys: makes the next generation, moves sealed keys to it inside the HSM,
//! removes the old one. A key counts as moved only when it computes the same under both.
//!
//! Not responsible for: which records are left to do. The HSM can not know.

use subtle::ConstantTimeEq as _;
use warifu_hsm_protocol::{JobError, KeyKind, KeyRef, Reply, Seal};
use zeroize::Zeroizing;

use crate::{
    epoch::is_closed,
    fault::{Action, Fault},
    held::Passing,
    keks::{Keks, Listed, Muddle},
    keys::{self, KEK_E_ID},
    log,
    mechanism::Mechanism,
    profile::hmac,
    raw::ObjectRef,
    seal::TRIAL,
    shape,
    station::{Station, Trouble},
};

/// Said of a wrapping key of the old form.
pub(crate) const PINNED: &str = "pinned: can not be rotated without importing again";
/// Said of one of the new form.
pub(crate) const ROTATABLE: &str =
    "rotatable: whoever holds PIN and module could take seeds out by wrapping them";

impl From<Muddle> for Trouble {
    fn from(muddle: Muddle) -> Self {
        match muddle {
            Muddle::Fault(fault) => fault.into(),
            Muddle::Told(told) => JobError::Conflict(told).into(),
        }
    }
}

/// The token objects of both kinds.
struct OnToken {
    hmac: Listed,
    aes: Listed,
}

impl Station<'_> {
    /// Generations on the token; this worker knows them afterwards.
    pub(crate) fn kek_generations(&self) -> Result<Reply, Trouble> {
        self.align_keks()?;
        Ok(Reply::Generations(self.epoch.keys.keks.generations()))
    }

    /// The wrapping key of a generation; what another worker has made is looked for once.
    pub(crate) fn kek(&self, kind: KeyKind, generation: u32) -> Result<ObjectRef, Trouble> {
        let keks = self.epoch.keys.keks(kind);
        if let Some(kek) = keks.get(generation) {
            return Ok(kek);
        }
        self.align_keks()?;
        keks.get(generation).ok_or_else(|| {
            let missing = format!("wrapping key of generation {generation} is not on the token");
            JobError::Unsupported(missing).into()
        })
    }

    /// Makes a generation, or what is missing of it.
    pub(crate) fn make_kek(&self, generation: u32) -> Result<Reply, Trouble> {
        if generation == 0 {
            return Err(JobError::Malformed.into());
        }
        let there = self.align_keks()?;
        let keys = &self.epoch.keys;
        let newest = keys.keks.newest().map_or(0, |(newest, _)| newest);
        if generation < newest && there.hmac.get(generation).is_none() {
            let told = format!(
                "wrapping key {newest} is on the token already; the next is {}",
                newest.saturating_add(1)
            );
            return Err(JobError::Conflict(told).into());
        }
        let (names, form) = (self.shared.names(), self.shared.config.wrapping_key);
        let mut made = Vec::new();
        // First the one that few seals need: a generation counts as there with the other.
        if !keys.keks_e.is_empty() && there.aes.get(generation).is_none() {
            let label = names.kek_e();
            let key = keys::make_kek_e(&self.hand, &label, generation, form)?;
            made.push((label, Passing::new(self.hand, key)));
        }
        if there.hmac.get(generation).is_none() {
            let (label, profile) = (names.kek(), &self.shared.profile);
            let key = keys::make_kek(&self.hand, &label, generation, profile, form)?;
            made.push((label, Passing::new(self.hand, key)));
        }
        if made.iter().any(|(_, key)| !is_closed(&self.hand, key.object())) {
            let told = "the provider would leave the wrapping key readable; it was not kept";
            return Err(JobError::Unsupported(told.to_owned()).into());
        }
        // Two daemons may have made one each: then neither is kept.
        self.list_keks()?;
        for (label, key) in made {
            key.keep();
            log::info("key made", format_args!("{label} of generation {generation}"));
        }
        self.align_keks()?;
        Ok(Reply::Done)
    }

    /// Removes a generation, never the newest.
    pub(crate) fn destroy_kek(&self, generation: u32) -> Result<Reply, Trouble> {
        let there = self.list_keks()?;
        let is_newest = |listed: &Listed| {
            listed
                .0
                .iter()
                .map(|(known, _)| *known)
                .max()
                .is_some_and(|newest| newest == generation)
        };
        if is_newest(&there.hmac) || is_newest(&there.aes) {
            let told = format!("wrapping key {generation} is the newest; make the next one first");
            return Err(JobError::Conflict(told).into());
        }
        let gone = [there.hmac.get(generation), there.aes.get(generation)];
        let mut any = false;
        for key in gone.into_iter().flatten() {
            self.hand.destroy(key)?;
            any = true;
        }
        self.align_keks()?;
        if any {
            log::info("wrapping keys destroyed", format_args!("generation {generation}"));
        }
        Ok(Reply::Destroyed(any))
    }

    /// Moves a sealed key under another wrapping key.
    pub(crate) fn rewrap(&self, key: &KeyRef, to: u32) -> Result<Reply, Trouble> {
        self.check_binding(key)?;
        let Seal::Wrapped { kek, padded, blob, .. } = &key.seal else {
            let told = "a resident key lies in the HSM itself and has no wrapping key";
            return Err(JobError::Conflict(told.to_owned()).into());
        };
        self.demand(key.kind)?;
        if *kek == to {
            return Ok(Reply::Rewrapped { seal: key.seal.clone() });
        }
        let (old, new) = (self.kek(key.kind, *kek)?, self.kek(key.kind, to)?);
        let before = self.unwrap_sealed(key.kind, *kek, *padded, blob)?;
        let before = Passing::new(self.hand, before);
        let mechanism = Mechanism::plain(self.wrap_mechanism(*padded)?);
        let moved = self.moved(key.kind, mechanism, [old, new], blob)?;
        let after = Passing::new(self.hand, self.unwrap_sealed(key.kind, to, *padded, &moved)?);
        if !self.agree(key.kind, before.object(), after.object())? {
            let told =
                "the key computes something else under the new wrapping key; nothing changed";
            return Err(JobError::Unsupported(told.to_owned()).into());
        }
        let binding = self.epoch.binder.wrapped(&key.record, key.kind, to, *padded, &moved);
        let seal = Seal::Wrapped { kek: to, padded: *padded, blob: moved, binding };
        Ok(Reply::Rewrapped { seal })
    }

    /// Unwraps under the first key and wraps under the second. The blob has been unwrapped before: what
    /// the token refuses here is that the key may move.
    fn moved(
        &self,
        kind: KeyKind,
        mechanism: Mechanism<'_>,
        [old, new]: [ObjectRef; 2],
        blob: &[u8],
    ) -> Result<Vec<u8>, Trouble> {
        let template = shape::moving(kind, self.shared.abilities);
        let pinned = |fault: Fault| match fault.action() {
            Action::FailWork => JobError::Unsupported(PINNED.to_owned()).into(),
            _ => Trouble::Fault(fault),
        };
        let moving = self.hand.unwrap(mechanism, old, blob, &template).map_err(pinned)?;
        let moving = Passing::new(self.hand, moving);
        self.hand.wrap(mechanism, new, moving.object()).map_err(pinned)
    }

    /// Whether two keys compute the same over the same. The nonce is random and the message goes
    /// nowhere: no real one ever meets it.
    fn agree(&self, kind: KeyKind, one: ObjectRef, other: ObjectRef) -> Result<bool, Trouble> {
        let (one, other) = match kind {
            KeyKind::Hmac(hash) => {
                let of = |key| self.hand.mac(hmac(hash), key, TRIAL);
                let (one, other) = (of(one)?, of(other)?);
                return Ok(one.as_ref().ct_eq(other.as_ref()).into());
            }
            KeyKind::Aes => {
                let mut nonce = [0; 12];
                self.hand.random(&mut nonce)?;
                let of = |key| self.hand.encrypt(key, &nonce, &[], TRIAL).map(Zeroizing::new);
                (of(one)?, of(other)?)
            }
        };
        Ok(one.ct_eq(&other).into())
    }

    fn list_keks(&self) -> Result<OnToken, Muddle> {
        let names = self.shared.names();
        Ok(OnToken {
            hmac: Listed::find(&self.hand, &names.kek(), &[])?,
            aes: Listed::find(&self.hand, &names.kek_e(), KEK_E_ID)?,
        })
    }

    /// Looks at the token, and knows what is there.
    fn align_keks(&self) -> Result<OnToken, Muddle> {
        let there = self.list_keks()?;
        let keys = &self.epoch.keys;
        let pairs: [(&Keks, &Listed); 2] = [(&keys.keks, &there.hmac), (&keys.keks_e, &there.aes)];
        self.epoch.in_master(self.shared, |master| {
            for (known, listed) in pairs {
                known.align(listed, master);
            }
        });
        Ok(there)
    }
}
