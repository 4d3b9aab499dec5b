//! Opens seeds that come encrypted under a transport key in the HSM, or under the key of one file that
//! the transport key opens. The MAC comes first: a token that tells good padding from bad is an
//! oracle, so nothing unauthenticated reaches it.
//!
//! Not responsible for: sealing what was opened (`seal.rs`), finding and making keys
//! (`transport_keys.rs`, `transport_admin.rs`), how values lie in bytes (`cipher.rs`).

use std::{ops::RangeInclusive, sync::Arc};

use cryptoki::error::RvError;
use cryptoki_sys::{CKM_AES_KEY_GEN, CKM_DES3_KEY_GEN};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use warifu_hsm_protocol::{
    Cipher, Exposure, ImportPlace, JobError, KeyShape, SessionKey, ValueMac,
};
use zeroize::Zeroizing;

use crate::{
    cipher::{self, advice, fits, key_of, mac_mechanism, needs_mac},
    fault::{Action, Fault},
    held::Held,
    jobs::ask_canary,
    log,
    mechanism::Mechanism,
    raw::ObjectRef,
    shape, software,
    station::{Station, Trouble},
    template::{Template, ulong},
    transport_keys::{Digest, FileKey, MacKey},
};

/// An encrypted value as a seed file gives it.
#[derive(Clone, Copy)]
pub(crate) struct Encrypted<'a> {
    /// Label of the transport key.
    pub(crate) label: &'a str,
    /// How the value is encrypted.
    pub(crate) cipher: Cipher,
    /// The value.
    pub(crate) data: &'a [u8],
    /// Its MAC.
    pub(crate) mac: Option<&'a ValueMac>,
    /// The key of the file, where it has one.
    pub(crate) session: Option<&'a SessionKey>,
}

/// A value that came encrypted and is authentic.
pub(crate) enum Arrived<'a> {
    /// In the clear, because the provider can not unwrap this cipher.
    Worker(Zeroizing<Vec<u8>>),
    /// Still encrypted; to be unwrapped into whatever it is to become.
    Inside(Incoming<'a>),
}

/// A value that the provider can unwrap.
pub(crate) struct Incoming<'a> {
    key: Arc<FileKey>,
    mechanism: Mechanism<'a>,
    blob: &'a [u8],
    cipher: Cipher,
}

impl Incoming<'_> {
    /// The length of the value where the ciphertext shows it.
    pub(crate) fn visible_length(&self) -> Option<usize> {
        cipher::visible_length(self.cipher, self.blob.len())
    }

    /// A value whose key was readable outside the HSM counts as readable itself.
    pub(crate) fn exposure(&self) -> Exposure {
        if self.key.exposed { Exposure::Worker } else { Exposure::None }
    }
}

impl Station<'_> {
    /// Authenticates an encrypted value that must have one of these lengths, and opens it where the
    /// provider can not.
    pub(crate) fn arrive<'b>(
        &self,
        value: Encrypted<'b>,
        lengths: RangeInclusive<usize>,
    ) -> Result<Arrived<'b>, Trouble> {
        let opened = self.open_arrival(value, lengths);
        if let Err(Trouble::Fault(_)) = &opened {
            self.epoch.transport.forget();
        }
        opened
    }

    /// `C_UnwrapKey` under the key of the file.
    pub(crate) fn unwrap_arrived(
        &self,
        incoming: &Incoming<'_>,
        template: &Template,
    ) -> Result<ObjectRef, Fault> {
        let Incoming { key, mechanism, blob, .. } = incoming;
        let unwrapped = self.hand.unwrap(*mechanism, key.object(), blob, template);
        if unwrapped.is_err() {
            self.epoch.transport.forget();
        }
        unwrapped
    }

    fn open_arrival<'b>(
        &self,
        value: Encrypted<'b>,
        lengths: RangeInclusive<usize>,
    ) -> Result<Arrived<'b>, Trouble> {
        let Encrypted { label, cipher, data, mac, session } = value;
        let place = self.place(cipher)?;
        if mac.is_none() && needs_mac(cipher) {
            return Err(JobError::Malformed.into());
        }
        let transport = self.transport_key(label)?;
        let key = match session {
            None => transport,
            Some(session) => self.session_key(label, &transport, session, cipher)?,
        };
        demand_fit(label, cipher, &key)?;
        if let Some(mac) = mac {
            self.check_mac(&value, &key, mac)?;
        }
        let (mechanism, blob) = self.split(cipher, data)?;
        let whole = match key.shape {
            KeyShape::Rsa(bits) => blob.len() == usize::from(bits).div_ceil(8),
            _ => true,
        };
        if !whole || !cipher::length_is_plausible(cipher, blob.len(), lengths) {
            return Err(JobError::BadValue.into());
        }
        if place == ImportPlace::Inside {
            return Ok(Arrived::Inside(Incoming { key, mechanism, blob, cipher }));
        }
        let opened = self.hand.decrypt(mechanism, key.object(), blob);
        let opened = opened.map_err(|fault| self.past_its_mac(cipher, fault.into()))?;
        Ok(Arrived::Worker(opened))
    }

    /// What became of a CBC value whose MAC is right, in one answer, and in another one than that of a
    /// wrong MAC. Whoever knows one plaintext under the transport key makes a MAC key that they know,
    /// and with it right MACs: what each of their values came to would open any other.
    pub(crate) fn past_its_mac(&self, cipher: Cipher, trouble: Trouble) -> Trouble {
        let is_told = match &trouble {
            Trouble::Answer(error) => {
                matches!(error, JobError::BadValue | JobError::Unsupported(_))
            }
            Trouble::Fault(fault) => self.is_about_the_value(*fault),
        };
        if is_told && needs_mac(cipher) { JobError::Unfit.into() } else { trouble }
    }

    /// Where values of that cipher are opened: somewhere.
    fn place(&self, cipher: Cipher) -> Result<ImportPlace, JobError> {
        match self.shared.abilities.imports.place(cipher) {
            ImportPlace::Impossible => Err(JobError::Unsupported(advice(cipher).to_owned())),
            place => Ok(place),
        }
    }

    fn split<'b>(
        &self,
        cipher: Cipher,
        data: &'b [u8],
    ) -> Result<(Mechanism<'b>, &'b [u8]), JobError> {
        cipher::split(cipher, data, self.shared.abilities.kwp).ok_or(JobError::BadValue)
    }

    /// RFC 6030 s.6.1.1: over `IV || ciphertext`, compared in constant time.
    fn check_mac(
        &self,
        value: &Encrypted<'_>,
        key: &FileKey,
        mac: &ValueMac,
    ) -> Result<(), Trouble> {
        let right = match &*self.mac_key(value, key, mac)? {
            MacKey::Worker(bytes) => {
                let made = software::hmac(mac.hash, bytes, value.data);
                bool::from(made.as_slice().ct_eq(&mac.value))
            }
            MacKey::Inside(held) => {
                let made = self.hand.mac(mac_mechanism(mac.hash), held.object(), value.data);
                let made = made.map_err(too_short)?;
                bool::from(made.as_ref().ct_eq(&mac.value))
            }
        };
        if right { Ok(()) } else { Err(JobError::BadValue.into()) }
    }

    fn mac_key(
        &self,
        value: &Encrypted<'_>,
        key: &FileKey,
        mac: &ValueMac,
    ) -> Result<Arc<MacKey>, Trouble> {
        let session = value.session.map_or(&[][..], |session| &session.data);
        let name =
            name(b"mac", value.cipher, &[value.label.as_bytes(), session, &mac.encrypted_key]);
        let store = &self.epoch.transport.mac_keys;
        if let Some(known) = store.find(&name) {
            return Ok(known);
        }
        let (mechanism, blob) = self.split(value.cipher, &mac.encrypted_key)?;
        let is_inside = self.place(value.cipher)? == ImportPlace::Inside;
        let opened = self.opened(|| {
            if !is_inside {
                return Ok(MacKey::Worker(self.hand.decrypt(mechanism, key.object(), blob)?));
            }
            let object = self.hand.unwrap(mechanism, key.object(), blob, &shape::mac_key())?;
            Ok(MacKey::Inside(Held::new(object, &self.hand, &self.shared.grave)))
        })?;
        let made = Arc::new(match opened {
            Some(made) => made,
            None => self.stand_in_mac()?,
        });
        store.put(name, Arc::clone(&made));
        Ok(made)
    }

    /// The key of one file, opened once.
    fn session_key(
        &self,
        label: &str,
        transport: &FileKey,
        session: &SessionKey,
        cipher: Cipher,
    ) -> Result<Arc<FileKey>, Trouble> {
        let shape = key_of(cipher).ok_or(JobError::Malformed)?;
        demand_fit(label, session.cipher, transport)?;
        let place = self.place(session.cipher)?;
        let name = name(
            b"session",
            session.cipher,
            &[label.as_bytes(), shape.to_string().as_bytes(), &session.data],
        );
        let store = &self.epoch.transport.sessions;
        if let Some(known) = store.find(&name) {
            return Ok(known);
        }
        let opened = self.opened(|| match place {
            ImportPlace::Inside => self.unwrap_session(transport, session, shape),
            _ => self.decrypt_session(transport, session, shape),
        })?;
        let key = Arc::new(match opened {
            Some(key) => key,
            None => self.stand_in(shape)?,
        });
        store.put(name, Arc::clone(&key));
        Ok(key)
    }

    /// What `open` makes of a key that came encrypted; `None` where the token dislikes the value, for
    /// which a stand-in then goes all the way that a good key would: what the answer says and how long
    /// a file of many values takes are the same. A token that was out of breath is asked once more, for
    /// stand-ins are kept as good keys are.
    fn opened<T>(&self, open: impl Fn() -> Result<T, Trouble>) -> Result<Option<T>, Trouble> {
        let mut is_second = false;
        loop {
            match open() {
                Err(Trouble::Fault(fault)) if self.is_about_the_value(fault) => {
                    if is_second || matches!(fault.action(), Action::FailWork) {
                        return Ok(None);
                    }
                    is_second = true;
                }
                other => return other.map(Some),
            }
        }
    }

    fn unwrap_session(
        &self,
        transport: &FileKey,
        session: &SessionKey,
        shape: KeyShape,
    ) -> Result<FileKey, Trouble> {
        let (mechanism, blob) = self.split(session.cipher, &session.data)?;
        let template = shape::session_key(shape, self.shared.abilities, true);
        let object = self.hand.unwrap(mechanism, transport.object(), blob, &template)?;
        Ok(self.file_key(object, shape, transport.exposed))
    }

    fn decrypt_session(
        &self,
        transport: &FileKey,
        session: &SessionKey,
        shape: KeyShape,
    ) -> Result<FileKey, Trouble> {
        let (mechanism, blob) = self.split(session.cipher, &session.data)?;
        let value = self.hand.decrypt(mechanism, transport.object(), blob)?;
        if value.len() * 8 != usize::from(shape.bits()) {
            return Err(Fault::Malformed("a session key of another length").into());
        }
        let template = shape::session_key(shape, self.shared.abilities, false);
        let object = self.hand.create(&shape::value(template, &value))?;
        Ok(self.file_key(object, shape, true))
    }

    fn file_key(&self, object: ObjectRef, shape: KeyShape, exposed: bool) -> FileKey {
        let held = Held::new(object, &self.hand, &self.shared.grave);
        FileKey::of_file(held, shape, exposed)
    }

    /// Whether it was the value that the token disliked.
    fn is_about_the_value(&self, fault: Fault) -> bool {
        match fault.action() {
            Action::FailWork => true,
            Action::AskCanary => ask_canary(&self.hand, self.epoch).is_ok(),
            _ => false,
        }
    }

    /// A random key in the place of one that did not open (RFC 3218 s.2.3.2): the file then fails at
    /// its MACs as any other wrong file does, and nobody learns whether the RSA padding was right.
    fn stand_in(&self, shape: KeyShape) -> Result<FileKey, Trouble> {
        let template = shape::session_key(shape, self.shared.abilities, false);
        let (mechanism, template) = if shape == KeyShape::TripleDes {
            (CKM_DES3_KEY_GEN, template)
        } else {
            (CKM_AES_KEY_GEN, shape::sized(template, usize::from(shape.bits() / 8)))
        };
        let object = self.hand.generate(mechanism, &template)?;
        Ok(self.file_key(object, shape, false))
    }

    /// The same for a MAC key: whoever changes its ciphertext learns nothing about the padding
    /// (Vaudenay, EUROCRYPT 2002), since the MAC is wrong either way.
    fn stand_in_mac(&self) -> Result<MacKey, Trouble> {
        let mut bytes = Zeroizing::new(vec![0; 32]);
        self.hand.random(&mut bytes)?;
        Ok(MacKey::Worker(bytes))
    }
}

fn demand_fit(label: &str, cipher: Cipher, key: &FileKey) -> Result<(), JobError> {
    if fits(cipher, key.shape) {
        return Ok(());
    }
    let wanted = match key_of(cipher) {
        Some(shape) => shape.to_string(),
        None => "rsa".to_owned(),
    };
    let shape = key.shape;
    Err(JobError::Conflict(format!(
        "the transport key {label} is {shape}, the file needs {wanted}"
    )))
}

/// A provider that takes no HMAC key so short. Said in the log only: an answer of its own would tell
/// whoever made the file up that the padding of the MAC key was right.
fn too_short(fault: Fault) -> Trouble {
    if fault.code() != Some(RvError::KeySizeRange) {
        return fault.into();
    }
    let told = "the provider refuses HMAC keys as short as the file's MAC key, or the key did not \
                open; if the file is good, have it made with a MAC key as long as the hash";
    log::warn("a MAC was not checked", told);
    JobError::BadValue.into()
}

/// Under which an opened key is kept.
fn name(purpose: &[u8], cipher: Cipher, parts: &[&[u8]]) -> Digest {
    let mut hash = Sha256::new().chain_update(purpose).chain_update(format!("{cipher:?}"));
    for part in parts {
        hash.update(ulong(part.len()).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
