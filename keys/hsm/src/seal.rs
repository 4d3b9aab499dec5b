//! Takes seeds into custody: wrapped under the wrapping key, or as token objects. A sealed seed
//! counts only after a trial HMAC through its final handle.
//!
//! Not responsible for: how an encrypted seed is opened (`transport.rs`).

use cryptoki_sys::CKM_AES_KEY_WRAP;
use subtle::ConstantTimeEq as _;
use warifu_hsm_protocol::{Exposure, Hash, JobError, KeyKind, Reply, Seal, SeedSource};
use zeroize::Zeroizing;

use crate::{
    fault::Fault,
    held::Passing,
    profile::{hmac, padded_length},
    raw::{Mechanism, ObjectRef},
    shape::{self, Place},
    software,
    station::{Station, Trouble},
    transport::Arrived,
};

/// Seeds are 16 to 64 bytes: RFC 4226 s.4 R6 demands 128 bits, and 64 is the block of the smaller
/// hashes, up to which zero-padding changes nothing.
pub(crate) const SEED_LENGTHS: std::ops::RangeInclusive<usize> = 16..=64;
/// Longest name of a record.
const LONGEST_RECORD: usize = 1024;
/// What the trial HMAC is made over: no moving factor, which has 8 bytes.
const TRIAL: &[u8] = b"warifu trial";

/// A seed to seal, and the record it is for.
pub(crate) struct Order<'a> {
    pub(crate) record: &'a [u8],
    pub(crate) kind: KeyKind,
    pub(crate) resident: bool,
}

impl Station<'_> {
    /// Seals the seed for its record.
    pub(crate) fn seal(&self, order: &Order<'_>, source: &SeedSource) -> Result<Reply, Trouble> {
        if order.record.is_empty() || order.record.len() > LONGEST_RECORD {
            return Err(JobError::Malformed.into());
        }
        let (seal, exposure) = match source {
            SeedSource::Clear(seed) => (self.seal_clear(order, seed.expose())?, Exposure::Caller),
            SeedSource::Encrypted { transport_key, cipher, data, mac } => {
                match self.arrive(transport_key, *cipher, data, mac.as_ref(), order)? {
                    Arrived::Worker(seed) => (self.seal_clear(order, &seed)?, Exposure::Worker),
                    Arrived::Resident(seal) => (seal, Exposure::None),
                    Arrived::Inside { object, length } => {
                        (self.seal_inside(order, object.object(), length)?, Exposure::None)
                    }
                }
            }
        };
        Ok(Reply::Sealed { seal, exposure })
    }

    fn seal_clear(&self, order: &Order<'_>, seed: &[u8]) -> Result<Seal, Trouble> {
        let hash = hash_of(order.kind)?;
        if !SEED_LENGTHS.contains(&seed.len()) {
            return Err(JobError::BadValue.into());
        }
        let mut padded = Zeroizing::new(vec![0; padded_length(order.kind, seed.len())]);
        padded.iter_mut().zip(seed).for_each(|(to, from)| *to = *from);
        // Of the seed as it came: the trial also proves that padding changed nothing.
        let expected = software::hmac(software::mac_hash(hash), seed, TRIAL);
        if order.resident {
            let make = |place: Place<'_>| {
                let template = shape::created(order.kind, self.shared.abilities, place);
                self.hand.create(&shape::value(template, &padded))
            };
            return self.seal_resident(order, make, Some(&expected));
        }
        let template = shape::passing(order.kind, self.shared.abilities);
        let passing = self.hand.create(&shape::value(template, &padded))?;
        let passing = Passing::new(self.hand, passing);
        self.wrap(order, passing.object(), false, Some(&expected))
    }

    /// The value never left the HSM; its length decides between RFC 3394 and RFC 5649.
    fn seal_inside(
        &self,
        order: &Order<'_>,
        object: ObjectRef,
        length: Option<usize>,
    ) -> Result<Seal, Trouble> {
        let padded = length.is_none_or(|length| !length.is_multiple_of(8));
        self.wrap(order, object, padded, None)
    }

    fn wrap(
        &self,
        order: &Order<'_>,
        object: ObjectRef,
        padded: bool,
        expected: Option<&[u8]>,
    ) -> Result<Seal, Trouble> {
        let Some((kek, kek_object)) = self.epoch.keys.newest_kek() else {
            return Err(JobError::NoSuchKey.into());
        };
        let mechanism = if padded {
            let missing = "the provider has no RFC 5649 wrap, which a seed of this length needs";
            self.shared.abilities.kwp.ok_or_else(|| JobError::Unsupported(missing.to_owned()))?
        } else {
            CKM_AES_KEY_WRAP
        };
        let blob = self.hand.wrap(Mechanism::plain(mechanism), kek_object, object)?;
        let last = self.unwrap_seed(order.kind, kek, padded, &blob)?;
        let last = Passing::new(self.hand, last);
        self.trial(order.kind, last.object(), expected)?;
        let binding = self.epoch.binder.wrapped(order.record, order.kind, kek, padded, &blob);
        Ok(Seal::Wrapped { kek, padded, blob, binding })
    }

    /// Makes the token object under a random id, tries it, binds it.
    pub(crate) fn seal_resident(
        &self,
        order: &Order<'_>,
        make: impl FnOnce(Place<'_>) -> Result<ObjectRef, Fault>,
        expected: Option<&[u8]>,
    ) -> Result<Seal, Trouble> {
        let mut object_id = [0; 16];
        self.hand.random(&mut object_id)?;
        let label = self.shared.names().seed();
        let object = make(Place::Token { label: &label, id: &object_id })?;
        let object = Passing::new(self.hand, object);
        self.trial(order.kind, object.object(), expected)?;
        self.epoch.note_resident(object_id, object.keep());
        let binding = self.epoch.binder.resident(order.record, order.kind, &object_id);
        Ok(Seal::Resident { object_id, binding })
    }

    /// One HMAC with the seed as it will be used.
    fn trial(
        &self,
        kind: KeyKind,
        object: ObjectRef,
        expected: Option<&[u8]>,
    ) -> Result<(), Trouble> {
        let hash = hash_of(kind)?;
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
        match expected {
            Some(expected) if !bool::from(mac.as_ref().ct_eq(expected)) => {
                Err(JobError::Unsupported("the provider computes a wrong HMAC".to_owned()).into())
            }
            _ => Ok(()),
        }
    }
}

/// The hash of a key that makes HMACs.
pub(crate) fn hash_of(kind: KeyKind) -> Result<Hash, JobError> {
    match kind {
        KeyKind::Hmac(hash) => Ok(hash),
        KeyKind::Aes => Err(JobError::Malformed),
    }
}
