//! Expands the seed of a camera token into its keys, inside the HSM: each is the encryption of a block
//! of its own under the seed. The seed is a session object that lives as long as the job.
//!
//! Not responsible for: what the blocks are (`warifu-txa1`), sealing a derived key (`seal.rs`).

use warifu_hsm_protocol::{Exposure, Hash, JobError, KeyKind, Reply, SeedSource};

use crate::{
    held::Passing,
    raw::ObjectRef,
    seal::{AES_LENGTH, Draft, Order, check_record},
    shape::{self, Place},
    station::{Station, Trouble},
    transport::{Arrived, Encrypted},
};

/// The keys to make, and the records they are for.
pub(crate) struct Expansion<'a> {
    pub(crate) records: &'a [Vec<u8>; 3],
    pub(crate) data: &'a [[u8; 32]; 3],
    pub(crate) resident: bool,
}

/// One of the keys.
struct Part<'a> {
    order: Order<'a>,
    data: &'a [u8; 32],
}

impl Expansion<'_> {
    fn parts(&self) -> [Part<'_>; 3] {
        let [encryption, device_code, signature] = self.records;
        let [first, second, third] = self.data;
        let part = |record, kind, data| Part {
            order: Order { record, kind, resident: self.resident },
            data,
        };
        let hmac = KeyKind::Hmac(Hash::Sha256);
        [
            part(encryption, KeyKind::Aes, first),
            part(device_code, hmac, second),
            part(signature, hmac, third),
        ]
    }
}

impl<'a> Station<'a> {
    /// Makes and seals all three keys, or none.
    pub(crate) fn expand(
        &self,
        expansion: &Expansion<'_>,
        source: &SeedSource,
    ) -> Result<Reply, Trouble> {
        expansion.records.iter().try_for_each(|record| check_record(record))?;
        self.demand(KeyKind::Aes)?;
        if !self.shared.abilities.expand {
            let told = "the provider can not derive keys by AES-ECB; ask the maker of the tokens \
                        for a file with all three keys of each";
            return Err(JobError::Unsupported(told.to_owned()).into());
        }
        let (base, exposure) = self.base(source)?;
        let [encryption, device_code, signature] = expansion.parts();
        let drafts = [
            self.derive(&encryption, base.object())?,
            self.derive(&device_code, base.object())?,
            self.derive(&signature, base.object())?,
        ];
        // The seed goes first: where it can not be destroyed, nothing is kept either.
        self.hand.destroy(base.keep())?;
        Ok(Reply::Expanded { seals: drafts.map(|draft| self.keep(draft)), exposure })
    }

    /// The seed as a key that derives and does nothing else.
    fn base(&self, source: &SeedSource) -> Result<(Passing<'a>, Exposure), Trouble> {
        match source {
            SeedSource::Clear(seed) => Ok((self.create_base(seed.expose())?, Exposure::Caller)),
            SeedSource::Encrypted { transport_key: label, cipher, data, mac, session } => {
                let (mac, session) = (mac.as_ref(), session.as_ref());
                let value = Encrypted { label, cipher: *cipher, data, mac, session };
                match self.arrive(value, AES_LENGTH..=AES_LENGTH)? {
                    Arrived::Worker(seed) => {
                        let base = self.create_base(&seed);
                        let base = base.map_err(|t| self.past_its_mac(*cipher, t))?;
                        Ok((base, Exposure::Worker))
                    }
                    Arrived::Inside(incoming) => {
                        let mut template = shape::base(self.shared.abilities);
                        if self.shared.abilities.form.value_len {
                            template = shape::sized(template, AES_LENGTH);
                        }
                        let base = self.unwrap_arrived(&incoming, &template);
                        let base = base.map_err(|f| self.past_its_mac(*cipher, f.into()))?;
                        Ok((Passing::new(self.hand, base), incoming.exposure()))
                    }
                }
            }
        }
    }

    fn create_base(&self, seed: &[u8]) -> Result<Passing<'a>, Trouble> {
        if seed.len() != AES_LENGTH {
            return Err(JobError::BadValue.into());
        }
        let base = self.hand.create(&shape::value(shape::base(self.shared.abilities), seed))?;
        Ok(Passing::new(self.hand, base))
    }

    /// Derives one key straight into its token object, or into a session object that is wrapped and
    /// destroyed: some providers let any session derive a readable child while the base exists.
    fn derive(&self, part: &Part<'_>, base: ObjectRef) -> Result<Draft<'a>, Trouble> {
        let Part { order, data } = part;
        let abilities = self.shared.abilities;
        if order.resident {
            let make = |place: Place<'_>| {
                let template = shape::created(order.kind, abilities, place);
                self.hand.derive(base, data, &shape::sized(template, AES_LENGTH))
            };
            return self.seal_resident(order, make, None);
        }
        let template = shape::sized(shape::passing(order.kind, abilities), AES_LENGTH);
        let derived = Passing::new(self.hand, self.hand.derive(base, data, &template)?);
        self.wrap(order, derived.object(), false, None)
    }
}
