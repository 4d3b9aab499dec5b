//! Makes, imports, lists and removes transport keys. Labels are unique here although tokens would take
//! two of a name; the check value of a symmetric key is kept as `CKA_ID`, because few tokens have
//! `CKA_CHECK_VALUE`.
//!
//! Not responsible for: using them (`transport.rs`), key pairs (`transport_pair.rs`).

use cryptoki::{
    mechanism::Mechanism as HighMechanism,
    object::{Attribute, AttributeType, KeyType, ObjectClass},
};
use cryptoki_sys::CKM_AES_KEY_GEN;
use subtle::ConstantTimeEq as _;
use warifu_hsm_protocol::{
    ImportPlace, JobError, KcvMethod, KeyInfo, KeyShape, Reply, TransportShape,
};
use zeroize::Zeroizing;

use crate::{
    cipher::advice,
    epoch::is_closed,
    fault::Fault,
    held::Passing,
    raw::ObjectRef,
    shape::{self, Place},
    software,
    station::{Station, Trouble},
    transport_keys::shape_of,
};

/// Longest label behind the prefix.
const LONGEST_LABEL: usize = 64;

/// What objects a transport key may consist of.
const CLASSES: [ObjectClass; 3] =
    [ObjectClass::SECRET_KEY, ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY];

impl Station<'_> {
    /// All transport keys.
    pub(crate) fn list_transport_keys(&self) -> Result<Reply, Trouble> {
        let kinds = [
            (ObjectClass::SECRET_KEY, KeyType::AES),
            (ObjectClass::SECRET_KEY, KeyType::DES3),
            (ObjectClass::PRIVATE_KEY, KeyType::RSA),
        ];
        let mut keys = Vec::new();
        for (class, kind) in kinds {
            let template =
                [Attribute::Class(class), Attribute::Token(true), Attribute::KeyType(kind)];
            for object in self.hand.find(&template)? {
                keys.extend(self.describe(object)?);
            }
        }
        keys.sort_by(|a, b| a.label.cmp(&b.label));
        Ok(Reply::Keys(keys))
    }

    /// A key that nobody outside knows.
    pub(crate) fn generate_transport_key(&self, label: &str, bits: u16) -> Result<Reply, Trouble> {
        let name = self.free_name(label)?;
        if !matches!(bits, 128 | 192 | 256) {
            return Err(JobError::Malformed.into());
        }
        let draft = shape::transport_draft(bits, self.shared.abilities);
        let draft = Passing::new(self.hand, self.hand.generate(CKM_AES_KEY_GEN, &draft)?);
        let id = self.check_value(draft.object())?;
        let object = self.hand.copy(draft.object(), &shape::transport_final(&name, &id))?;
        self.accept(object)
    }

    /// A manufacturer's key, or the sum of a ceremony.
    pub(crate) fn import_transport_key(
        &self,
        label: &str,
        shape: TransportShape,
        value: &[u8],
    ) -> Result<Reply, Trouble> {
        let name = self.free_name(label)?;
        let id = software::check_value(shape, KcvMethod::Ecb, value).ok_or(JobError::Malformed)?;
        let abilities = self.shared.abilities;
        let (shape, value) = match shape {
            TransportShape::Aes { bits } => (KeyShape::Aes(bits), Zeroizing::new(value.to_vec())),
            TransportShape::TripleDes { .. } => (KeyShape::TripleDes, triple_des(value)?),
        };
        if shape == KeyShape::TripleDes && abilities.imports.triple_des == ImportPlace::Impossible {
            let told = advice(warifu_hsm_protocol::Cipher::TripleDesCbcPad);
            return Err(JobError::Unsupported(told.to_owned()).into());
        }
        let template = shape::transport(shape, abilities, Place::Token { label: &name, id: &id });
        let object = self.hand.create(&shape::value(template, &value))?;
        self.accept(object)
    }

    /// Removes all objects of a key. Every worker is asked, because each may hold a copy.
    pub(crate) fn destroy_transport_key(&self, label: &str) -> Result<Reply, Trouble> {
        check_label(label)?;
        let name = self.shared.names().transport(label);
        let mut there = false;
        for class in CLASSES {
            for object in self.hand.find_labelled(class, &name)? {
                self.hand.destroy(object)?;
                there = true;
            }
        }
        self.epoch.in_master(self.shared, |master| self.epoch.transport.remove(label, master));
        Ok(Reply::Destroyed(there))
    }

    /// Keeps a new key only if it is closed.
    pub(crate) fn accept(&self, object: ObjectRef) -> Result<Reply, Trouble> {
        let object = Passing::new(self.hand, object);
        if !is_closed(&self.hand, object.object()) {
            let told = "the provider would leave the key readable; it was not kept";
            return Err(JobError::Unsupported(told.to_owned()).into());
        }
        let info = self.describe(object.object())?.into_iter().collect();
        object.keep();
        Ok(Reply::Keys(info))
    }

    /// The full label, if it is a label and not taken.
    pub(crate) fn free_name(&self, label: &str) -> Result<String, Trouble> {
        check_label(label)?;
        let name = self.shared.names().transport(label);
        for class in CLASSES {
            if !self.hand.find_labelled(class, &name)?.is_empty() {
                let told = format!("a transport key {label} exists already");
                return Err(JobError::Conflict(told).into());
            }
        }
        Ok(name)
    }

    /// First 3 bytes of AES-ECB over a zero block, computed by the HSM.
    fn check_value(&self, key: ObjectRef) -> Result<[u8; 3], Fault> {
        let key = key.within(self.hand.reference())?;
        let block = self.hand.session.with(|s| s.encrypt(&HighMechanism::AesEcb, key, &[0; 16]))?;
        let value = block.get(..3).and_then(|bytes| bytes.try_into().ok());
        value.ok_or(Fault::Malformed("an AES block of another length"))
    }

    /// `None` where this key is no transport key.
    fn describe(&self, object: ObjectRef) -> Result<Option<KeyInfo>, Fault> {
        let kinds = [AttributeType::Label, AttributeType::Id, AttributeType::Local];
        let (mut label, mut id, mut local) = (None, Vec::new(), false);
        for attribute in self.hand.attributes(object, &kinds)? {
            match attribute {
                Attribute::Label(bytes) => label = String::from_utf8(bytes).ok(),
                Attribute::Id(bytes) => id = bytes,
                Attribute::Local(flag) => local = flag,
                _ => {}
            }
        }
        let prefix = self.shared.names().transport("");
        let label = label.as_deref().and_then(|label| label.strip_prefix(&prefix));
        let Some(label) = label else { return Ok(None) };
        let Some(shape) = shape_of(&self.hand, object)? else { return Ok(None) };
        let kcv = match shape {
            KeyShape::Rsa(_) => self.pair_check_value(object)?,
            KeyShape::Aes(_) | KeyShape::TripleDes => hex::encode(id),
        };
        Ok(Some(KeyInfo { label: label.to_owned(), shape, bits: shape.bits(), kcv, local }))
    }
}

fn check_label(label: &str) -> Result<(), JobError> {
    let sane = !label.is_empty()
        && label.len() <= LONGEST_LABEL
        && label.bytes().all(|byte| byte.is_ascii_graphic());
    if sane { Ok(()) } else { Err(JobError::Malformed) }
}

/// As tokens want it: three keys, odd parity. Refused where two neighbours are the same, which leaves
/// single DES (SP 800-67 s.3.3.2).
fn triple_des(value: &[u8]) -> Result<Zeroizing<Vec<u8>>, JobError> {
    let mut keys = software::three_des_keys(value);
    software::odd_parity(&mut keys);
    let same = keys
        .chunks_exact(8)
        .zip(keys.chunks_exact(8).skip(1))
        .any(|(one, next)| bool::from(one.ct_eq(next)));
    if same {
        let told = "the triple DES key repeats a part of itself, which leaves single DES";
        return Err(JobError::Conflict(told.to_owned()));
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_triple_des_key_is_whole_and_no_single_des() {
        let two: Vec<u8> = (0..16).collect();
        assert_eq!(triple_des(&two).unwrap().len(), 24);
        assert!(matches!(triple_des(&[7; 16]), Err(JobError::Conflict(_))));
        let repeated = [&two[..8], &two[8..], &two[8..]].concat();
        assert!(matches!(triple_des(&repeated), Err(JobError::Conflict(_))));
    }

    #[test]
    fn labels_are_printable_and_short() {
        assert_eq!(check_label("acme-2026"), Ok(()));
        for bad in ["", "a b", "\u{7}", &"x".repeat(65)] {
            assert_eq!(check_label(bad), Err(JobError::Malformed), "{bad}");
        }
    }
}
