//! Takes keys into custody: wrapped under the wrapping key of their kind, or as token objects. A
//! sealed key counts only after a trial through its final handle.
//!
//! Not responsible for: how an encrypted value is opened (`transport.rs`), deriving keys (`expand.rs`).

use std::ops::RangeInclusive;

use subtle::ConstantTimeEq as _;
use warifu_hsm_protocol::{Exposure, Hash, JobError, KeyKind, Reply, Seal, SeedSource};
use zeroize::Zeroizing;

use crate::{
    fault::Fault,
    held::Passing,
    mechanism::Mechanism,
    profile::{hmac, padded_length},
    raw::ObjectRef,
    shape::{self, Place},
    software,
    station::{Station, Trouble},
    transport::{Arrived, Encrypted, Incoming},
};

/// Seeds are 16 to 64 bytes: RFC 4226 s.4 R6 demands 128 bits, and 64 is the block of the smaller
/// hashes, up to which zero-padding changes nothing.
pub(crate) const SEED_LENGTHS: RangeInclusive<usize> = 16..=64;
/// AES-256.
pub(crate) const AES_LENGTH: usize = 32;
/// Longest name of a record.
const LONGEST_RECORD: usize = 1024;
/// What the trial is made over: no moving factor, which has 8 bytes.
pub(crate) const TRIAL: &[u8; 12] = b"warifu trial";

/// A key to seal, and the record it is for.
pub(crate) struct Order<'a> {
    pub(crate) record: &'a [u8],
    pub(crate) kind: KeyKind,
    pub(crate) resident: bool,
}

impl Order<'_> {
    fn lengths(&self) -> RangeInclusive<usize> {
        match self.kind {
            KeyKind::Hmac(_) => SEED_LENGTHS,
            KeyKind::Aes => AES_LENGTH..=AES_LENGTH,
        }
    }
}

/// A sealed key that is not yet kept: dropped, its token object goes with it.
pub(crate) struct Draft<'a> {
    seal: Seal,
    resident: Option<([u8; 16], Passing<'a>)>,
}

impl<'a> Station<'a> {
    /// Seals the key for its record.
    pub(crate) fn seal(&self, order: &Order<'_>, source: &SeedSource) -> Result<Reply, Trouble> {
        check_record(order.record)?;
        self.demand(order.kind)?;
        let (draft, exposure) = match source {
            SeedSource::Clear(seed) => (self.seal_clear(order, seed.expose())?, Exposure::Caller),
            SeedSource::Encrypted { transport_key: label, cipher, data, mac, session } => {
                let (mac, session) = (mac.as_ref(), session.as_ref());
                let value = Encrypted { label, cipher: *cipher, data, mac, session };
                match self.arrive(value, order.lengths())? {
                    Arrived::Worker(seed) => {
                        let draft = self.seal_clear(order, &seed);
                        (draft.map_err(|t| self.past_its_mac(*cipher, t))?, Exposure::Worker)
                    }
                    Arrived::Inside(incoming) => {
                        let draft = self.seal_inside(order, &incoming);
                        (draft.map_err(|t| self.past_its_mac(*cipher, t))?, incoming.exposure())
                    }
                }
            }
        };
        Ok(Reply::Sealed { seal: self.keep(draft), exposure })
    }

    /// The key stays.
    pub(crate) fn keep(&self, draft: Draft<'_>) -> Seal {
        if let Some((id, object)) = draft.resident {
            self.epoch.note_resident(id, object.keep());
        }
        draft.seal
    }

    fn seal_clear(&self, order: &Order<'_>, seed: &[u8]) -> Result<Draft<'a>, Trouble> {
        if !order.lengths().contains(&seed.len()) {
            return Err(JobError::BadValue.into());
        }
        let mut padded = Zeroizing::new(vec![0; padded_length(order.kind, seed.len())]);
        padded.iter_mut().zip(seed).for_each(|(to, from)| *to = *from);
        // The trial is told the seed as it came: it also proves that padding changed nothing.
        if order.resident {
            let make = |place: Place<'_>| {
                let template = shape::created(order.kind, self.shared.abilities, place);
                self.hand.create(&shape::value(template, &padded))
            };
            return self.seal_resident(order, make, Some(seed));
        }
        let template = shape::passing(order.kind, self.shared.abilities);
        let passing = self.hand.create(&shape::value(template, &padded))?;
        let passing = Passing::new(self.hand, passing);
        self.wrap(order, passing.object(), false, Some(seed))
    }

    /// The value never leaves the HSM; its length decides between RFC 3394 and RFC 5649.
    fn seal_inside(
        &self,
        order: &Order<'_>,
        incoming: &Incoming<'_>,
    ) -> Result<Draft<'a>, Trouble> {
        let length = match order.kind {
            KeyKind::Hmac(_) => incoming.visible_length(),
            // The token takes no AES key of a length that the ciphertext could hide.
            KeyKind::Aes => Some(AES_LENGTH),
        };
        let abilities = self.shared.abilities;
        if order.resident {
            let make = |place: Place<'_>| {
                let template = shape::sealed(order.kind, abilities, place, length.unwrap_or(0));
                self.unwrap_arrived(incoming, &template)
            };
            return self.seal_resident(order, make, None);
        }
        let object = self.unwrap_arrived(incoming, &shape::passing(order.kind, abilities))?;
        let object = Passing::new(self.hand, object);
        // The blob of RFC 5649 tells the length by itself, which saves a call.
        let length = match length {
            None if abilities.kwp.is_none() => self.hand.value_length(object.object())?,
            length => length,
        };
        if length.is_some_and(|length| !order.lengths().contains(&length)) {
            return Err(JobError::BadValue.into());
        }
        let padded = length.is_none_or(|length| !length.is_multiple_of(8));
        self.wrap(order, object.object(), padded, None)
    }

    /// Wraps the object, and tries what comes out of the blob.
    pub(crate) fn wrap(
        &self,
        order: &Order<'_>,
        object: ObjectRef,
        padded: bool,
        value: Option<&[u8]>,
    ) -> Result<Draft<'a>, Trouble> {
        let newest = self.epoch.keys.keks(order.kind).newest();
        let (kek, kek_object) = newest.ok_or(JobError::NoSuchKey)?;
        let mechanism = Mechanism::plain(self.wrap_mechanism(padded)?);
        let blob = self.hand.wrap(mechanism, kek_object, object)?;
        let longest = order.lengths().end().next_multiple_of(8);
        if blob.len().saturating_sub(8) > longest {
            return Err(JobError::BadValue.into());
        }
        let last = self.unwrap_sealed(order.kind, kek, padded, &blob)?;
        let last = Passing::new(self.hand, last);
        self.trial(order.kind, last.object(), value)?;
        let binding = self.epoch.binder.wrapped(order.record, order.kind, kek, padded, &blob);
        Ok(Draft { seal: Seal::Wrapped { kek, padded, blob, binding }, resident: None })
    }

    /// Makes the token object under a random id, tries it, binds it.
    pub(crate) fn seal_resident(
        &self,
        order: &Order<'_>,
        make: impl FnOnce(Place<'_>) -> Result<ObjectRef, Fault>,
        value: Option<&[u8]>,
    ) -> Result<Draft<'a>, Trouble> {
        let mut object_id = [0; 16];
        self.hand.random(&mut object_id)?;
        let label = self.shared.names().seed();
        let object = make(Place::Token { label: &label, id: &object_id })?;
        let object = Passing::new(self.hand, object);
        self.trial(order.kind, object.object(), value)?;
        let binding = self.epoch.binder.resident(order.record, order.kind, &object_id);
        let seal = Seal::Resident { object_id, binding };
        Ok(Draft { seal, resident: Some((object_id, object)) })
    }

    /// One use of the key as it will be used, against its value where that is known here.
    fn trial(&self, kind: KeyKind, object: ObjectRef, value: Option<&[u8]>) -> Result<(), Trouble> {
        let right = match kind {
            KeyKind::Hmac(hash) => self.try_mac(hash, object, value)?,
            KeyKind::Aes => self.try_message(object, value)?,
        };
        if right {
            return Ok(());
        }
        Err(JobError::Unsupported("the provider computes something else".to_owned()).into())
    }

    fn try_mac(&self, hash: Hash, object: ObjectRef, seed: Option<&[u8]>) -> Result<bool, Trouble> {
        let mac = match self.hand.mac(hmac(hash), object, TRIAL) {
            Err(fault) if fault.code() == Some(cryptoki::error::RvError::KeySizeRange) => {
                return Err(JobError::Unsupported(
                    "the provider refuses HMAC keys of this length, and a value unwrapped inside \
                     can not be padded"
                        .to_owned(),
                )
                .into());
            }
            other => other?,
        };
        let Some(seed) = seed else { return Ok(true) };
        let expected = software::hmac(software::mac_hash(hash), seed, TRIAL);
        Ok(mac.as_ref().ct_eq(&expected).into())
    }

    /// The nonce is random and the message goes nowhere: no real one ever meets it.
    fn try_message(&self, object: ObjectRef, key: Option<&[u8]>) -> Result<bool, Trouble> {
        let mut nonce = [0; 12];
        self.hand.random(&mut nonce)?;
        let sealed = self.hand.encrypt(object, &nonce, &[], TRIAL)?;
        let Some(key) = key else { return Ok(true) };
        let expected = software::first_bytes(key, &nonce, TRIAL).ok_or(JobError::BadValue)?;
        Ok(sealed.get(..TRIAL.len()).is_some_and(|made| made.ct_eq(&expected).into()))
    }
}

/// Whether a name can be a record's.
pub(crate) fn check_record(record: &[u8]) -> Result<(), JobError> {
    let fits = (1..=LONGEST_RECORD).contains(&record.len());
    if fits { Ok(()) } else { Err(JobError::Malformed) }
}
