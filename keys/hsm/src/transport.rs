//! Opens seeds that come encrypted under a transport key in the HSM. The MAC comes first: a token
//! that tells good padding from bad is an oracle, so nothing unauthenticated reaches it.
//!
//! Not responsible for: sealing what was opened (`seal.rs`), making keys (`transport_admin.rs`).

use std::{
    collections::HashMap,
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cryptoki::object::ObjectClass;
use cryptoki_sys::{
    CK_MECHANISM_TYPE, CKM_AES_CBC_PAD, CKM_AES_KEY_WRAP, CKM_SHA_1_HMAC, CKM_SHA224_HMAC,
    CKM_SHA256_HMAC, CKM_SHA384_HMAC, CKM_SHA512_HMAC,
};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use warifu_hsm_protocol::{Cipher, JobError, MacHash, ValueMac};
use zeroize::Zeroizing;

use crate::{
    epoch::session_copy,
    fault::Fault,
    held::Held,
    raw::{Mechanism, ObjectRef},
    shape, software,
    station::{Station, Trouble},
    template::Template,
};

/// MAC keys kept open: a file has one, and few files are imported at a time.
const MOST_MAC_KEYS: usize = 8;

/// A value that came encrypted and is authentic.
pub(crate) enum Arrived<'a> {
    /// In the clear, because the provider can not unwrap this cipher.
    Worker(Zeroizing<Vec<u8>>),
    /// Still encrypted; to be unwrapped into whatever it is to become.
    Inside(Incoming<'a>),
}

/// A value that the provider can unwrap.
pub(crate) struct Incoming<'a> {
    key: ObjectRef,
    mechanism: Mechanism<'a>,
    blob: &'a [u8],
    cipher: Cipher,
}

impl Incoming<'_> {
    /// The length of the value where the ciphertext shows it.
    pub(crate) fn visible_length(&self) -> Option<usize> {
        match self.cipher {
            Cipher::AesCbcPad { .. } => None,
            Cipher::AesKeyWrap { .. } => Some(self.blob.len().saturating_sub(8)),
        }
    }
}

/// Transport keys and MAC keys opened so far in this epoch.
#[derive(Default)]
pub(crate) struct TransportKeys {
    keys: Mutex<HashMap<String, TransportKey>>,
    mac_keys: Mutex<Vec<([u8; 32], Arc<MacKey>)>>,
}

#[derive(Clone, Copy)]
struct TransportKey {
    object: ObjectRef,
    bits: u16,
}

enum MacKey {
    /// Decrypted, where the provider can not unwrap.
    Worker(Zeroizing<Vec<u8>>),
    /// A session object.
    Inside(Held),
}

impl TransportKeys {
    /// Forgets all handles: one of them did not work.
    fn forget(&self) {
        lock(&self.keys).clear();
        lock(&self.mac_keys).clear();
    }
}

impl Station<'_> {
    /// Authenticates an encrypted value that must have one of these lengths, and opens it where the
    /// provider can not.
    pub(crate) fn arrive<'b>(
        &self,
        label: &str,
        cipher: Cipher,
        data: &'b [u8],
        mac: Option<&ValueMac>,
        lengths: RangeInclusive<usize>,
    ) -> Result<Arrived<'b>, Trouble> {
        let opened = self.open_arrival(label, cipher, data, mac, lengths);
        if let Err(Trouble::Fault(_)) = &opened {
            self.epoch.transport.forget();
        }
        opened
    }

    /// `C_UnwrapKey` under the transport key.
    pub(crate) fn unwrap_arrived(
        &self,
        incoming: &Incoming<'_>,
        template: &Template,
    ) -> Result<ObjectRef, Fault> {
        let Incoming { key, mechanism, blob, .. } = incoming;
        let unwrapped = self.hand.unwrap(*mechanism, *key, blob, template);
        if unwrapped.is_err() {
            self.epoch.transport.forget();
        }
        unwrapped
    }

    fn open_arrival<'b>(
        &self,
        label: &str,
        cipher: Cipher,
        data: &'b [u8],
        mac: Option<&ValueMac>,
        lengths: RangeInclusive<usize>,
    ) -> Result<Arrived<'b>, Trouble> {
        let key = self.transport_key(label)?;
        let bits = match cipher {
            Cipher::AesCbcPad { bits } | Cipher::AesKeyWrap { bits } => bits,
        };
        if bits != key.bits {
            let told = format!("the transport key {label} has {} bits, not {bits}", key.bits);
            return Err(JobError::Conflict(told).into());
        }
        match (cipher, mac) {
            (Cipher::AesCbcPad { .. }, None) => return Err(JobError::Malformed.into()),
            (_, Some(mac)) => self.check_mac(label, key, cipher, data, mac)?,
            (Cipher::AesKeyWrap { .. }, None) => {}
        }
        let (mechanism, blob) = split(cipher, data).ok_or(JobError::BadValue)?;
        if !length_is_plausible(cipher, blob.len(), lengths) {
            return Err(JobError::BadValue.into());
        }
        match cipher {
            Cipher::AesCbcPad { .. } if !self.shared.abilities.unwrap_cbc => {
                self.decrypt(key.object, mechanism, blob).map(Arrived::Worker)
            }
            Cipher::AesKeyWrap { .. } if !self.shared.abilities.unwrap_kw => {
                let told =
                    "the provider can not unwrap AES key wrap; have the file made with AES-CBC";
                Err(JobError::Unsupported(told.to_owned()).into())
            }
            _ => Ok(Arrived::Inside(Incoming { key: key.object, mechanism, blob, cipher })),
        }
    }

    fn decrypt(
        &self,
        key: ObjectRef,
        mechanism: Mechanism<'_>,
        data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Trouble> {
        let mut clear = Zeroizing::new(vec![0; data.len()]);
        let functions = &self.hand.module.functions;
        let length = functions.decrypt(self.hand.reference(), mechanism, key, data, &mut clear)?;
        clear.truncate(length);
        Ok(clear)
    }

    /// RFC 6030 s.6.1.1: over `IV || ciphertext`, compared in constant time.
    fn check_mac(
        &self,
        label: &str,
        key: TransportKey,
        cipher: Cipher,
        data: &[u8],
        mac: &ValueMac,
    ) -> Result<(), Trouble> {
        let right = match &*self.mac_key(label, key, cipher, mac)? {
            MacKey::Worker(bytes) => {
                bool::from(software::hmac(mac.hash, bytes, data).as_slice().ct_eq(&mac.value))
            }
            MacKey::Inside(held) => {
                let made = self.hand.mac(mac_mechanism(mac.hash), held.object(), data)?;
                bool::from(made.as_ref().ct_eq(&mac.value))
            }
        };
        if right { Ok(()) } else { Err(JobError::BadValue.into()) }
    }

    fn mac_key(
        &self,
        label: &str,
        key: TransportKey,
        cipher: Cipher,
        mac: &ValueMac,
    ) -> Result<Arc<MacKey>, Trouble> {
        let name: [u8; 32] = Sha256::new()
            .chain_update([u8::from(matches!(cipher, Cipher::AesKeyWrap { .. }))])
            .chain_update((label.len() as u64).to_be_bytes())
            .chain_update(label)
            .chain_update(&mac.encrypted_key)
            .finalize()
            .into();
        let store = &self.epoch.transport.mac_keys;
        if let Some((_, known)) = lock(store).iter().find(|(known, _)| *known == name) {
            return Ok(Arc::clone(known));
        }
        let (mechanism, blob) = split(cipher, &mac.encrypted_key).ok_or(JobError::BadValue)?;
        let inside = match cipher {
            Cipher::AesCbcPad { .. } => self.shared.abilities.unwrap_cbc,
            Cipher::AesKeyWrap { .. } => true,
        };
        let made = Arc::new(if inside {
            let object = self.hand.unwrap(mechanism, key.object, blob, &shape::mac_key())?;
            MacKey::Inside(Held::new(object, &self.hand, &self.shared.grave))
        } else {
            MacKey::Worker(self.decrypt(key.object, mechanism, blob)?)
        });
        let mut known = lock(store);
        let excess = (known.len() + 1).saturating_sub(MOST_MAC_KEYS);
        known.drain(..excess);
        known.push((name, Arc::clone(&made)));
        Ok(made)
    }

    /// The transport key of that label, looked for once per epoch.
    fn transport_key(&self, label: &str) -> Result<TransportKey, Trouble> {
        // Held throughout: only one thread at a time works in the master session.
        let mut known = lock(&self.epoch.transport.keys);
        if let Some(key) = known.get(label) {
            return Ok(*key);
        }
        let name = self.shared.names().transport(label);
        let found = self.hand.find_labelled(ObjectClass::SECRET_KEY, &name)?;
        let object = match found.as_slice() {
            [] => return Err(JobError::NoSuchKey.into()),
            [object] => *object,
            _ => {
                let told = format!("several objects on the token are labelled {name}");
                return Err(JobError::Conflict(told).into());
            }
        };
        let length = self.hand.value_length(object)?.unwrap_or(0);
        let bits = u16::try_from(length.saturating_mul(8)).unwrap_or(0);
        let master = self.epoch.token.hand(&self.shared.module, &self.shared.counters);
        let key = TransportKey { object: session_copy(&master, object), bits };
        known.insert(label.to_owned(), key);
        Ok(key)
    }
}

/// Mechanism and ciphertext. CBC carries its initialisation vector in front.
fn split(cipher: Cipher, data: &[u8]) -> Option<(Mechanism<'_>, &[u8])> {
    match cipher {
        Cipher::AesKeyWrap { .. } => Some((Mechanism::plain(CKM_AES_KEY_WRAP), data)),
        Cipher::AesCbcPad { .. } => {
            let (iv, blob) = data.split_at_checked(16)?;
            let whole_blocks = !blob.is_empty() && blob.len().is_multiple_of(16);
            whole_blocks.then(|| (Mechanism::with_iv(CKM_AES_CBC_PAD, iv), blob))
        }
    }
}

/// Whether a ciphertext of that length can hold a value of one of those. PKCS#7 adds 1 to 16 bytes.
fn length_is_plausible(cipher: Cipher, length: usize, values: RangeInclusive<usize>) -> bool {
    match cipher {
        Cipher::AesCbcPad { .. } => {
            let padded = |value: usize| (value + 1).next_multiple_of(16);
            (padded(*values.start())..=padded(*values.end())).contains(&length)
        }
        Cipher::AesKeyWrap { .. } => {
            length.is_multiple_of(8) && values.contains(&length.saturating_sub(8))
        }
    }
}

const fn mac_mechanism(hash: MacHash) -> CK_MECHANISM_TYPE {
    match hash {
        MacHash::Sha1 => CKM_SHA_1_HMAC,
        MacHash::Sha224 => CKM_SHA224_HMAC,
        MacHash::Sha256 => CKM_SHA256_HMAC,
        MacHash::Sha384 => CKM_SHA384_HMAC,
        MacHash::Sha512 => CKM_SHA512_HMAC,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::SEED_LENGTHS;

    const CBC: Cipher = Cipher::AesCbcPad { bits: 128 };
    const KW: Cipher = Cipher::AesKeyWrap { bits: 128 };

    #[test]
    fn lengths_that_hold_no_seed_are_refused_before_the_token_sees_them() {
        assert!(!length_is_plausible(CBC, 16, SEED_LENGTHS)); // at most 15 bytes
        assert!(length_is_plausible(CBC, 32, SEED_LENGTHS));
        assert!(length_is_plausible(CBC, 80, SEED_LENGTHS)); // 64 bytes
        assert!(!length_is_plausible(CBC, 96, SEED_LENGTHS));
        assert!(
            length_is_plausible(KW, 24, SEED_LENGTHS) && length_is_plausible(KW, 72, SEED_LENGTHS)
        );
        assert!(
            !length_is_plausible(KW, 16, SEED_LENGTHS)
                && !length_is_plausible(KW, 28, SEED_LENGTHS)
        );
    }

    #[test]
    fn a_key_of_32_bytes_has_ciphertexts_of_one_length() {
        let fits = |cipher, length| length_is_plausible(cipher, length, 32..=32);
        assert_eq!((0..=96).filter(|length| fits(CBC, *length)).collect::<Vec<_>>(), [48]);
        assert_eq!((0..=96).filter(|length| fits(KW, *length)).collect::<Vec<_>>(), [40]);
    }

    #[test]
    fn cbc_needs_a_vector_and_whole_blocks() {
        assert!(split(CBC, &[0; 48]).is_some());
        assert!(split(CBC, &[0; 16]).is_none());
        assert!(split(CBC, &[0; 40]).is_none());
        assert!(split(CBC, &[0; 3]).is_none());
    }
}
