//! Transport keys, and what they opened of the file at hand: looked for once per epoch, kept as
//! handles.
//!
//! Not responsible for: using them (`transport.rs`), making and removing them (`transport_admin.rs`).

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass};
use warifu_hsm_protocol::{JobError, KeyShape};
use zeroize::Zeroizing;

use crate::{
    epoch::session_copy,
    fault::Fault,
    hand::Hand,
    held::Held,
    raw::ObjectRef,
    station::{Station, Trouble},
};

/// Keys of files kept open: a file has one or two, and few are imported at a time.
const MOST: usize = 8;

/// Names an opened key: everything that it was opened from.
pub(crate) type Digest = [u8; 32];

/// A key that values are under: a transport key, or the key of one file.
pub(crate) struct FileKey {
    object: ObjectRef,
    /// Destroyed with the last user, where it is a session object of its own.
    _held: Option<Held>,
    /// What kind of key it is.
    pub(crate) shape: KeyShape,
    /// Its value was in the worker's memory.
    pub(crate) exposed: bool,
}

impl FileKey {
    /// The key of one file.
    pub(crate) fn of_file(held: Held, shape: KeyShape, exposed: bool) -> Self {
        Self { object: held.object(), _held: Some(held), shape, exposed }
    }

    /// The handle, good as long as `self`.
    pub(crate) fn object(&self) -> ObjectRef {
        self.object
    }
}

/// A file's MAC key.
pub(crate) enum MacKey {
    /// Decrypted, where the provider can not unwrap.
    Worker(Zeroizing<Vec<u8>>),
    /// A session object.
    Inside(Held),
}

/// The last few of a kind.
pub(crate) struct Recent<T>(Mutex<Vec<(Digest, Arc<T>)>>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Recent<T> {
    /// The one of that name.
    pub(crate) fn find(&self, name: &Digest) -> Option<Arc<T>> {
        lock(&self.0).iter().find(|(known, _)| known == name).map(|(_, one)| Arc::clone(one))
    }

    /// Keeps one more; the oldest goes.
    pub(crate) fn put(&self, name: Digest, one: Arc<T>) {
        let mut known = lock(&self.0);
        let excess = (known.len() + 1).saturating_sub(MOST);
        known.drain(..excess);
        known.push((name, one));
    }

    fn clear(&self) {
        let gone = mem::take(&mut *lock(&self.0));
        drop(gone); // outside the lock: the last holder's drop takes another one
    }
}

/// Everything opened so far in this epoch.
#[derive(Default)]
pub(crate) struct TransportKeys {
    keys: Mutex<HashMap<String, Known>>,
    /// MAC keys of files.
    pub(crate) mac_keys: Recent<MacKey>,
    /// Keys of files.
    pub(crate) sessions: Recent<FileKey>,
}

#[derive(Clone)]
struct Known {
    key: Arc<FileKey>,
    /// It is a copy in the master session, to be destroyed with the original.
    copied: bool,
}

impl TransportKeys {
    /// Forgets all handles: one of them did not work.
    pub(crate) fn forget(&self) {
        lock(&self.keys).clear();
        self.mac_keys.clear();
        self.sessions.clear();
    }

    /// The same for one key that is removed: no copy may outlive it.
    pub(crate) fn remove(&self, label: &str, hand: &Hand<'_>) {
        let known = lock(&self.keys).remove(label);
        if let Some(Known { key, copied: true }) = known {
            hand.discard(key.object());
        }
        self.mac_keys.clear();
        self.sessions.clear();
    }
}

impl Station<'_> {
    /// The transport key of that label, looked for once per epoch.
    pub(crate) fn transport_key(&self, label: &str) -> Result<Arc<FileKey>, Trouble> {
        // Held throughout, so that one key is copied once.
        let mut known = lock(&self.epoch.transport.keys);
        if let Some(found) = known.get(label) {
            return Ok(Arc::clone(&found.key));
        }
        let name = self.shared.names().transport(label);
        let mut found = self.hand.find_labelled(ObjectClass::SECRET_KEY, &name)?;
        found.extend(self.hand.find_labelled(ObjectClass::PRIVATE_KEY, &name)?);
        let object = match found.as_slice() {
            [] => return Err(JobError::NoSuchKey.into()),
            [object] => *object,
            _ => {
                let told = format!("several objects on the token are labelled {name}");
                return Err(JobError::Conflict(told).into());
            }
        };
        let told = || JobError::Conflict(format!("{name} is a key of a kind that opens no values"));
        let shape = shape_of(&self.hand, object)?.ok_or_else(told)?;
        let copy = self.epoch.in_master(self.shared, |master| session_copy(master, object));
        let key = FileKey { object: copy, _held: None, shape, exposed: false };
        let found = Known { key: Arc::new(key), copied: copy != object };
        known.insert(label.to_owned(), found.clone());
        Ok(found.key)
    }
}

/// What kind of transport key an object is, by its attributes.
pub(crate) fn shape_of(hand: &Hand<'_>, object: ObjectRef) -> Result<Option<KeyShape>, Fault> {
    let kinds = [AttributeType::KeyType];
    let kind = hand.attributes(object, &kinds)?.into_iter().find_map(|attribute| match attribute {
        Attribute::KeyType(kind) => Some(kind),
        _ => None,
    });
    match kind {
        Some(KeyType::AES) => {
            let length = hand.value_length(object)?.unwrap_or(0);
            Ok(u16::try_from(length.saturating_mul(8)).ok().map(KeyShape::Aes))
        }
        Some(KeyType::DES2 | KeyType::DES3) => Ok(Some(KeyShape::TripleDes)),
        Some(KeyType::RSA) => {
            let bits = hand.rsa_public(object)?.map_or(0, |numbers| numbers.modulus.len() * 8);
            Ok(u16::try_from(bits).ok().map(KeyShape::Rsa))
        }
        _ => Ok(None),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_few_are_kept() {
        let recent = Recent::default();
        for number in 0..=u8::try_from(MOST).unwrap() {
            recent.put([number; 32], Arc::new(number));
        }
        assert!(recent.find(&[0; 32]).is_none());
        assert_eq!(recent.find(&[8; 32]).as_deref(), Some(&8));
        recent.clear();
        assert!(recent.find(&[8; 32]).is_none());
    }
}
