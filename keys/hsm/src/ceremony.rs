//! Key ceremonies: several people bring components whose XOR is a transport key. Between two of them
//! the sum lies outside, encrypted under a key of the ceremony that never leaves the HSM, and
//! authenticated together with everything that it stands for.
//!
//! The XOR itself happens here, in the worker's memory: few tokens can do it (`CKM_XOR_BASE_AND_DATA`),
//! and the components come through this memory in any case. Buffers are wiped.
//!
//! Not responsible for: who brings a component, and that they are different people (the daemon).

use cryptoki::object::ObjectClass;
use cryptoki_sys::{CKM_AES_CBC_PAD, CKM_AES_KEY_GEN};
use subtle::ConstantTimeEq as _;
use warifu_hsm_protocol::{JobError, KcvMethod, Reply, SecretBytes, TransportShape};
use zeroize::Zeroizing;

use crate::{
    binding::field,
    epoch::is_closed,
    fault::Fault,
    held::Passing,
    mechanism::Mechanism,
    raw::ObjectRef,
    shape::{self, Place},
    software,
    station::{Station, Trouble},
};

/// Fewest components of a key: one person alone is no ceremony.
const FEWEST: u8 = 2;
/// Most components of a key.
const MOST: u8 = 5;
/// First byte of a sum; a change of its layout needs another.
const LAYOUT: u8 = 1;
const IV: usize = 16;
const MAC: usize = 32;

/// What every step of one ceremony says alike.
pub(crate) struct Ceremony<'a> {
    pub(crate) name: &'a [u8; 16],
    pub(crate) shape: TransportShape,
    pub(crate) method: KcvMethod,
}

/// The XOR of the components so far.
struct Sum {
    value: Zeroizing<Vec<u8>>,
    count: u8,
}

impl Station<'_> {
    /// Makes the key of a ceremony.
    pub(crate) fn open_ceremony(&self, name: &[u8; 16]) -> Result<Reply, Trouble> {
        if self.ceremony_keys(name)?.is_empty() {
            let label = self.shared.names().ceremony(name);
            let place = Place::Token { label: &label, id: name };
            let template = shape::ceremony(self.shared.abilities, place);
            let key = Passing::new(self.hand, self.hand.generate(CKM_AES_KEY_GEN, &template)?);
            if !is_closed(&self.hand, key.object()) {
                let told = "the provider would leave the key of the ceremony readable";
                return Err(JobError::Unsupported(told.to_owned()).into());
            }
            key.keep();
        }
        Ok(Reply::Done)
    }

    /// Adds a component to the sum.
    pub(crate) fn add_component(
        &self,
        ceremony: &Ceremony<'_>,
        partial: Option<&[u8]>,
        component: &SecretBytes,
    ) -> Result<Reply, Trouble> {
        let key = self.ceremony_key(ceremony.name)?;
        let component = component.expose();
        ceremony.check_component(component)?;
        let mut sum = match partial {
            None => Sum { value: Zeroizing::new(vec![0; component.len()]), count: 0 },
            Some(partial) => self.open_sum(ceremony, key, partial)?,
        };
        sum.add(component)?;
        let kcv = |value| software::check_value(ceremony.shape, ceremony.method, value);
        Ok(Reply::Component {
            kcv: kcv(component).ok_or(JobError::Malformed)?,
            sum_kcv: kcv(sum.value.as_slice()).ok_or(JobError::Malformed)?,
            partial: self.close_sum(ceremony, key, &sum)?,
            count: sum.count,
        })
    }

    /// Makes the transport key, then removes the key of the ceremony.
    pub(crate) fn finish_ceremony(
        &self,
        ceremony: &Ceremony<'_>,
        partial: &[u8],
        label: &str,
        count: u8,
    ) -> Result<Reply, Trouble> {
        let key = self.ceremony_key(ceremony.name)?;
        let sum = self.open_sum(ceremony, key, partial)?;
        if sum.count != count || count < FEWEST {
            let told = format!("the sum has {} components; {count} were stated", sum.count);
            return Err(JobError::Conflict(told).into());
        }
        let made = self.import_transport_key(label, ceremony.shape, &sum.value)?;
        if let Err(fault) = self.hand.destroy(key) {
            // The transport key is there; a ceremony key left over opens only what made it.
            crate::log::warn("the key of a finished ceremony could not be destroyed", fault);
        }
        Ok(made)
    }

    /// Removes the key of a ceremony: what it has gathered can not be opened any more.
    pub(crate) fn close_ceremony(&self, name: &[u8; 16]) -> Result<Reply, Trouble> {
        let keys = self.ceremony_keys(name)?;
        for key in &keys {
            self.hand.destroy(*key)?;
        }
        Ok(Reply::Destroyed(!keys.is_empty()))
    }

    fn ceremony_keys(&self, name: &[u8; 16]) -> Result<Vec<ObjectRef>, Fault> {
        self.hand.find_labelled(ObjectClass::SECRET_KEY, &self.shared.names().ceremony(name))
    }

    fn ceremony_key(&self, name: &[u8; 16]) -> Result<ObjectRef, Trouble> {
        match self.ceremony_keys(name)?.as_slice() {
            [] => Err(JobError::NoSuchKey.into()),
            [key] => Ok(*key),
            _ => {
                let told = "several keys of this ceremony are on the token; begin another one";
                Err(JobError::Conflict(told.to_owned()).into())
            }
        }
    }

    /// `layout || count || iv || encrypted sum || MAC`.
    fn close_sum(
        &self,
        ceremony: &Ceremony<'_>,
        key: ObjectRef,
        sum: &Sum,
    ) -> Result<Vec<u8>, Trouble> {
        let mut iv = [0; IV];
        self.hand.random(&mut iv)?;
        let mechanism = Mechanism::with_iv(CKM_AES_CBC_PAD, &iv);
        let sealed = self.hand.encrypt_with(mechanism, key, &sum.value, IV)?;
        let mut partial = [&[LAYOUT, sum.count][..], &iv, &sealed].concat();
        partial.extend(self.sum_mac(ceremony, &partial));
        Ok(partial)
    }

    fn open_sum(
        &self,
        ceremony: &Ceremony<'_>,
        key: ObjectRef,
        partial: &[u8],
    ) -> Result<Sum, Trouble> {
        let length = ceremony.shape.length().ok_or(JobError::Malformed)?;
        let (body, mac) = partial.split_last_chunk::<MAC>().ok_or(JobError::BadValue)?;
        let right = self.sum_mac(ceremony, body).ct_eq(mac);
        if !bool::from(right) {
            return Err(JobError::BadValue.into());
        }
        let (&[_, count], rest) = body.split_first_chunk().ok_or(JobError::BadValue)?;
        let (iv, sealed) = rest.split_at_checked(IV).ok_or(JobError::BadValue)?;
        let mechanism = Mechanism::with_iv(CKM_AES_CBC_PAD, iv);
        let value = self.hand.decrypt(mechanism, key, sealed)?;
        if value.len() == length {
            Ok(Sum { value, count })
        } else {
            Err(JobError::BadValue.into())
        }
    }

    /// Over everything that the sum stands for: no sum goes into another ceremony, or comes back as the
    /// sum of another key or count.
    fn sum_mac(&self, ceremony: &Ceremony<'_>, body: &[u8]) -> [u8; MAC] {
        let mut bytes = ceremony.words().to_vec();
        field(&mut bytes, ceremony.name);
        field(&mut bytes, body);
        self.epoch.ceremonies.mac(&bytes)
    }
}

impl Ceremony<'_> {
    fn words(&self) -> [u8; 4] {
        let (kind, size) = match self.shape {
            TransportShape::Aes { bits } => (1, bits),
            TransportShape::TripleDes { bytes } => (2, u16::from(bytes)),
        };
        let method = match self.method {
            KcvMethod::Ecb => 0x10,
            KcvMethod::Cmac => 0x20,
        };
        let [high, low] = size.to_be_bytes();
        [LAYOUT, kind | method, high, low]
    }

    fn check_component(&self, component: &[u8]) -> Result<(), JobError> {
        let length = self.shape.length().ok_or(JobError::Malformed)?;
        if component.len() != length {
            let found = component.len();
            return Err(JobError::Conflict(format!(
                "the component has {found} bytes; a component is as long as the key, {length} bytes"
            )));
        }
        if is_zero(component) {
            let told = "the component is all zeros: it adds nothing";
            return Err(JobError::Conflict(told.to_owned()));
        }
        Ok(())
    }
}

impl Sum {
    fn add(&mut self, component: &[u8]) -> Result<(), JobError> {
        if self.count >= MOST {
            return Err(JobError::Conflict(format!("a key has at most {MOST} components")));
        }
        self.value.iter_mut().zip(component).for_each(|(sum, byte)| *sum ^= byte);
        self.count += 1;
        if is_zero(&self.value) {
            let told = "the components cancel each other: their sum is all zeros";
            return Err(JobError::Conflict(told.to_owned()));
        }
        Ok(())
    }
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().fold(0, |all, byte| all | byte) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ceremony(shape: TransportShape, method: KcvMethod) -> Ceremony<'static> {
        Ceremony { name: &[7; 16], shape, method }
    }

    #[test]
    fn no_two_shapes_or_methods_are_bound_alike() {
        let aes = TransportShape::Aes { bits: 192 };
        let des = TransportShape::TripleDes { bytes: 24 };
        let words = [
            ceremony(aes, KcvMethod::Ecb).words(),
            ceremony(aes, KcvMethod::Cmac).words(),
            ceremony(des, KcvMethod::Ecb).words(),
            ceremony(TransportShape::Aes { bits: 256 }, KcvMethod::Ecb).words(),
        ];
        for (index, one) in words.iter().enumerate() {
            assert!(words.iter().skip(index + 1).all(|other| other != one));
        }
    }

    #[test]
    fn components_that_add_nothing_or_cancel_each_other_are_refused() {
        let aes = ceremony(TransportShape::Aes { bits: 128 }, KcvMethod::Ecb);
        assert!(matches!(aes.check_component(&[0; 16]), Err(JobError::Conflict(_))));
        assert!(matches!(aes.check_component(&[1; 15]), Err(JobError::Conflict(_))));
        let odd = ceremony(TransportShape::Aes { bits: 129 }, KcvMethod::Ecb);
        assert_eq!(odd.check_component(&[1; 16]), Err(JobError::Malformed));
        let mut sum = Sum { value: Zeroizing::new(vec![0; 16]), count: 0 };
        assert_eq!(sum.add(&[1; 16]), Ok(()));
        assert!(matches!(sum.add(&[1; 16]), Err(JobError::Conflict(_))));
    }

    #[test]
    fn a_key_has_at_most_five_components() {
        let mut sum = Sum { value: Zeroizing::new(vec![0; 16]), count: 0 };
        for bit in 0..MOST {
            assert_eq!(sum.add(&[1 << bit; 16]), Ok(()));
        }
        assert!(matches!(sum.add(&[0x80; 16]), Err(JobError::Conflict(_))));
    }
}
