//! What a thread holds while it works: the module and its own session. Every call that is counted
//! is counted here.
//!
//! Not responsible for: retries, caching, which key to use.

use std::sync::Arc;

use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use cryptoki_sys::CK_MECHANISM_TYPE;
use warifu_hsm_protocol::Hash;
use zeroize::{Zeroize as _, Zeroizing};

use crate::{
    counters::Counters,
    fault::Fault,
    mechanism::{Mechanism, TAG},
    module::{Module, OpenSession},
    profile::hmac,
    raw::{ObjectRef, SessionRef},
    template::Template,
};

/// A module, a session, the counters.
#[derive(Clone, Copy)]
pub(crate) struct Hand<'a> {
    /// Loaded and initialised.
    pub(crate) module: &'a Module,
    /// Of this thread.
    pub(crate) session: &'a Arc<OpenSession>,
    /// Of the process.
    pub(crate) counters: &'a Counters,
}

/// The public half of an RSA key, big-endian.
#[derive(Default)]
pub(crate) struct RsaNumbers {
    /// `CKA_MODULUS`.
    pub(crate) modulus: Vec<u8>,
    /// `CKA_PUBLIC_EXPONENT`.
    pub(crate) exponent: Vec<u8>,
}

/// A MAC on the stack, wiped when it goes.
pub(crate) struct Mac {
    bytes: [u8; 64],
    length: usize,
}

impl AsRef<[u8]> for Mac {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl Drop for Mac {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl Hand<'_> {
    /// For raw calls.
    pub(crate) fn reference(&self) -> SessionRef {
        self.session.reference
    }

    /// `C_SignInit` and `C_Sign`, nothing else.
    pub(crate) fn mac(
        &self,
        mechanism: CK_MECHANISM_TYPE,
        key: ObjectRef,
        data: &[u8],
    ) -> Result<Mac, Fault> {
        self.module.functions.sign_init(self.reference(), mechanism, key)?;
        let mut mac = Mac { bytes: [0; 64], length: 0 };
        mac.length = self.module.functions.sign(self.reference(), data, &mut mac.bytes)?;
        Ok(mac)
    }

    /// The same for a code, counted as such.
    pub(crate) fn code_mac(&self, hash: Hash, key: ObjectRef, data: &[u8]) -> Result<Mac, Fault> {
        self.counters.sign_init.up();
        self.module.functions.sign_init(self.reference(), hmac(hash), key)?;
        self.counters.sign.up();
        let mut mac = Mac { bytes: [0; 64], length: 0 };
        mac.length = self.module.functions.sign(self.reference(), data, &mut mac.bytes)?;
        Ok(mac)
    }

    /// A MAC of 32 bytes, for derived keys.
    pub(crate) fn mac32(
        &self,
        mechanism: CK_MECHANISM_TYPE,
        key: ObjectRef,
        data: &[u8],
    ) -> Result<[u8; 32], Fault> {
        let mac = self.mac(mechanism, key, data)?;
        mac.as_ref().try_into().map_err(|_| Fault::Malformed("a MAC of another length"))
    }

    /// `C_UnwrapKey`.
    pub(crate) fn unwrap(
        &self,
        mechanism: Mechanism<'_>,
        key: ObjectRef,
        blob: &[u8],
        template: &Template,
    ) -> Result<ObjectRef, Fault> {
        self.counters.unwrap_all.up();
        self.module.functions.unwrap(self.reference(), mechanism, key, blob, template)
    }

    /// `C_WrapKey` of something no longer than a seed.
    pub(crate) fn wrap(
        &self,
        mechanism: Mechanism<'_>,
        wrapping_key: ObjectRef,
        key: ObjectRef,
    ) -> Result<Vec<u8>, Fault> {
        self.counters.wrap.up();
        let mut blob = vec![0; 128];
        let functions = &self.module.functions;
        let length = functions.wrap(self.reference(), mechanism, wrapping_key, key, &mut blob)?;
        blob.truncate(length);
        Ok(blob)
    }

    /// AES-GCM: ciphertext and tag.
    pub(crate) fn encrypt(
        &self,
        key: ObjectRef,
        nonce: &[u8; 12],
        aad: &[u8],
        data: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        let sealed = self.encrypt_with(Mechanism::gcm(nonce, aad), key, data, TAG)?;
        if sealed.len() == data.len() + TAG {
            Ok(sealed)
        } else {
            Err(Fault::Malformed("a ciphertext of another length"))
        }
    }

    /// `C_EncryptInit` and `C_Encrypt`; what is made is longer by `more` at most.
    pub(crate) fn encrypt_with(
        &self,
        mechanism: Mechanism<'_>,
        key: ObjectRef,
        data: &[u8],
        more: usize,
    ) -> Result<Vec<u8>, Fault> {
        let mut sealed = vec![0; data.len() + more];
        let functions = &self.module.functions;
        let length = functions.encrypt(self.reference(), mechanism, key, data, &mut sealed)?;
        sealed.truncate(length);
        Ok(sealed)
    }

    /// `C_DeriveKey`: the key that `data` becomes when it is encrypted under `base`.
    pub(crate) fn derive(
        &self,
        base: ObjectRef,
        data: &[u8; 32],
        template: &Template,
    ) -> Result<ObjectRef, Fault> {
        self.module.functions.derive(self.reference(), base, data, template)
    }

    /// `C_DecryptInit` and `C_Decrypt` of something no longer than its ciphertext.
    pub(crate) fn decrypt(
        &self,
        mechanism: Mechanism<'_>,
        key: ObjectRef,
        data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let mut clear = Zeroizing::new(vec![0; data.len()]);
        let functions = &self.module.functions;
        let length = functions.decrypt(self.reference(), mechanism, key, data, &mut clear)?;
        clear.truncate(length);
        Ok(clear)
    }

    /// `C_CreateObject`.
    pub(crate) fn create(&self, template: &Template) -> Result<ObjectRef, Fault> {
        self.module.functions.create(self.reference(), template)
    }

    /// `C_GenerateKey`.
    pub(crate) fn generate(
        &self,
        mechanism: CK_MECHANISM_TYPE,
        template: &Template,
    ) -> Result<ObjectRef, Fault> {
        self.module.functions.generate(self.reference(), mechanism, template)
    }

    /// `C_CopyObject`.
    pub(crate) fn copy(&self, object: ObjectRef, template: &Template) -> Result<ObjectRef, Fault> {
        self.module.functions.copy(self.reference(), object, template)
    }

    /// `C_DestroyObject`.
    pub(crate) fn destroy(&self, object: ObjectRef) -> Result<(), Fault> {
        self.counters.destroy.up();
        self.module.functions.destroy(self.reference(), object)
    }

    /// The same where the object's fate no longer matters to the job.
    pub(crate) fn discard(&self, object: ObjectRef) {
        if let Err(fault) = self.destroy(object) {
            crate::log::warn("an object could not be destroyed", fault);
        }
    }

    /// All objects that match.
    pub(crate) fn find(&self, template: &[Attribute]) -> Result<Vec<ObjectRef>, Fault> {
        let found = self.session.with(|session| session.find_objects(template))?;
        Ok(found.into_iter().map(|handle| self.reference().object(handle)).collect())
    }

    /// Token objects of a class and label.
    pub(crate) fn find_labelled(
        &self,
        class: ObjectClass,
        label: &str,
    ) -> Result<Vec<ObjectRef>, Fault> {
        let label = Attribute::Label(label.as_bytes().to_vec());
        self.find(&[Attribute::Class(class), Attribute::Token(true), label])
    }

    /// What can be read of these attributes.
    pub(crate) fn attributes(
        &self,
        object: ObjectRef,
        kinds: &[AttributeType],
    ) -> Result<Vec<Attribute>, Fault> {
        let handle = object.within(self.reference())?;
        self.session.with(|session| session.get_attributes(handle, kinds))
    }

    /// `CKA_ID`, empty where there is none.
    pub(crate) fn id(&self, object: ObjectRef) -> Result<Vec<u8>, Fault> {
        let attributes = self.attributes(object, &[AttributeType::Id])?;
        Ok(attributes
            .into_iter()
            .find_map(|attribute| match attribute {
                Attribute::Id(id) => Some(id),
                _ => None,
            })
            .unwrap_or_default())
    }

    /// `CKA_VALUE_LEN` in bytes; `None` where the token does not say, or says 0 as SoftHSM does of an
    /// unwrapped key.
    pub(crate) fn value_length(&self, object: ObjectRef) -> Result<Option<usize>, Fault> {
        let attributes = self.attributes(object, &[AttributeType::ValueLen])?;
        Ok(attributes.into_iter().find_map(|attribute| match attribute {
            Attribute::ValueLen(length) => Some(usize::from(length)).filter(|length| *length != 0),
            _ => None,
        }))
    }

    /// The public numbers of an RSA key, either half; `None` where the token does not say.
    pub(crate) fn rsa_public(&self, object: ObjectRef) -> Result<Option<RsaNumbers>, Fault> {
        let kinds = [AttributeType::Modulus, AttributeType::PublicExponent];
        let mut numbers = RsaNumbers::default();
        for attribute in self.attributes(object, &kinds)? {
            match attribute {
                Attribute::Modulus(bytes) => numbers.modulus = bytes,
                Attribute::PublicExponent(bytes) => numbers.exponent = bytes,
                _ => {}
            }
        }
        let there = !numbers.modulus.is_empty() && !numbers.exponent.is_empty();
        Ok(there.then_some(numbers))
    }

    /// `C_GenerateRandom`.
    pub(crate) fn random(&self, bytes: &mut [u8]) -> Result<(), Fault> {
        self.session.with(|session| session.generate_random_slice(bytes))
    }
}
