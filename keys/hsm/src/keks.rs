//! The wrapping keys of one kind of key, by generation. Several workers serve one token, and any of
//! them may make or remove a generation: what this one does not know is looked for on the token.
//!
//! Not responsible for: making and removing them (`rotate.rs`), what they are (`shape.rs`).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{PoisonError, RwLock},
};

use cryptoki::object::ObjectClass;

use crate::{epoch::session_copy, fault::Fault, hand::Hand, raw::ObjectRef};

/// Wrapping keys on the token as they are found: those of one label.
pub(crate) struct Listed(pub(crate) Vec<(u32, ObjectRef)>);

/// Why what was found is no list of wrapping keys.
pub(crate) enum Muddle {
    /// A call failed.
    Fault(Fault),
    /// Two of a generation, or an id that is none; there is no telling what is meant.
    Told(String),
}

impl From<Fault> for Muddle {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Listed {
    /// Looks for them. The id of a wrapping key is `mark`, then its generation.
    pub(crate) fn find(hand: &Hand<'_>, label: &str, mark: &[u8]) -> Result<Self, Muddle> {
        let mut listed = Vec::new();
        let mut seen = BTreeSet::new();
        for key in hand.find_labelled(ObjectClass::SECRET_KEY, label)? {
            let id = hand.id(key)?;
            let Some(generation) = generation(&id, mark) else {
                let id = hex::encode(id);
                let told = format!("the key {label} has the id {id}, not a generation of 4 bytes");
                return Err(Muddle::Told(told));
            };
            if !seen.insert(generation) {
                let told = format!("two keys {label} of generation {generation} are on the token");
                return Err(Muddle::Told(told));
            }
            listed.push((generation, key));
        }
        Ok(Self(listed))
    }

    /// The token object of a generation.
    pub(crate) fn get(&self, generation: u32) -> Option<ObjectRef> {
        self.0.iter().find(|(known, _)| *known == generation).map(|(_, key)| *key)
    }
}

fn generation(id: &[u8], mark: &[u8]) -> Option<u32> {
    let bytes = id.strip_prefix(mark)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// A wrapping key that is known.
#[derive(Clone, Copy)]
struct Kek {
    object: ObjectRef,
    /// A copy in the master session, to be destroyed when the original is gone.
    copied: bool,
}

/// The wrapping keys that are known.
pub(crate) struct Keks(RwLock<BTreeMap<u32, Kek>>);

impl Keks {
    /// As they were found.
    pub(crate) fn new(listed: Listed) -> Self {
        let original = |object| Kek { object, copied: false };
        let keks = listed.0.into_iter().map(|(generation, key)| (generation, original(key)));
        Self(RwLock::new(keks.collect()))
    }

    /// Uses copies in the master session from now on, where that can be.
    pub(crate) fn copy(&self, master: &Hand<'_>) {
        let mut keks = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for kek in keks.values_mut() {
            *kek = Kek::copy_of(kek.object, master);
        }
    }

    /// Brings what is known in line with what is on the token.
    pub(crate) fn align(&self, listed: &Listed, master: &Hand<'_>) {
        let mut keks = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keks.retain(|generation, kek| {
            let stays = listed.get(*generation).is_some();
            if !stays && kek.copied {
                master.discard(kek.object);
            }
            stays
        });
        for (generation, object) in &listed.0 {
            keks.entry(*generation).or_insert_with(|| Kek::copy_of(*object, master));
        }
    }

    /// The key of a generation.
    pub(crate) fn get(&self, generation: u32) -> Option<ObjectRef> {
        self.read(|keks| keks.get(&generation).map(|kek| kek.object))
    }

    /// The generation that new keys are wrapped under, and its key.
    pub(crate) fn newest(&self) -> Option<(u32, ObjectRef)> {
        self.read(|keks| keks.last_key_value().map(|(generation, kek)| (*generation, kek.object)))
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.read(BTreeMap::is_empty)
    }

    /// All generations, ascending.
    pub(crate) fn generations(&self) -> Vec<u32> {
        self.read(|keks| keks.keys().copied().collect())
    }

    fn read<R>(&self, look: impl FnOnce(&BTreeMap<u32, Kek>) -> R) -> R {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Kek {
    fn copy_of(original: ObjectRef, master: &Hand<'_>) -> Self {
        let object = session_copy(master, original);
        Self { object, copied: object != original }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_wrapping_key_is_its_generation() {
        assert_eq!(generation(&[0, 0, 1, 2], b""), Some(258));
        assert_eq!(generation(b"e\0\0\0\x07", b"e"), Some(7));
        assert_eq!(generation(&[0, 0, 0, 7], b"e"), None);
        assert_eq!(generation(&[0, 0, 7], b""), None);
    }
}
