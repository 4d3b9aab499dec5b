//! Binds a sealed seed to its record, so that nobody who can write to the store can swap two
//! customers' seeds: an HMAC under a key that the HSM derives.
//!
//! RFC 3394 has no associated data, hence a MAC beside it. Not responsible for: unwrapping.

use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use warifu_hsm_protocol::{Hash, KeyKind, KeyRef, Seal};
use zeroize::Zeroizing;

/// What the binding key is derived from, in the HSM. A change voids every binding.
pub(crate) const BINDING_LABEL: &[u8] = b"warifu binding 1";
/// What the key of the wrong-code fingerprints is derived from.
pub(crate) const FINGERPRINT_LABEL: &[u8] = b"warifu fingerprint 1";
/// What the key that authenticates the sums of key ceremonies is derived from.
pub(crate) const CEREMONY_LABEL: &[u8] = b"warifu ceremony 1";
/// What the canary key signs.
pub(crate) const CANARY_LABEL: &[u8] = b"warifu canary 1";

/// First byte of what is bound; a change of the layout below needs another.
const LAYOUT: u8 = 1;

/// Name of a cached handle: everything that a [`KeyRef`] says, binding included.
pub(crate) type KeyDigest = [u8; 32];

/// A key that the HSM made by an HMAC over a label of its own.
pub(crate) struct DerivedKey(Zeroizing<[u8; 32]>);

impl DerivedKey {
    /// `key` is that HMAC.
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    /// HMAC-SHA-256 with it.
    pub(crate) fn mac(&self, bytes: &[u8]) -> [u8; 32] {
        let mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(self.0.as_slice());
        let mut mac = mac.expect("HMAC takes keys of any length (RFC 2104 s.2)");
        mac.update(bytes);
        mac.finalize().into_bytes().into()
    }

    /// For the one key that the daemon is given.
    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The derived binding key.
pub(crate) struct Binder(DerivedKey);

impl Binder {
    /// `key` is the HSM's HMAC over [`BINDING_LABEL`].
    pub(crate) fn new(key: DerivedKey) -> Self {
        Self(key)
    }

    /// The binding of a seed wrapped as `blob`.
    pub(crate) fn wrapped(
        &self,
        record: &[u8],
        kind: KeyKind,
        kek: u32,
        padded: bool,
        blob: &[u8],
    ) -> [u8; 32] {
        self.0.mac(&layout_wrapped(record, kind, kek, padded, blob))
    }

    /// The binding of a seed that is the token object `object_id`.
    pub(crate) fn resident(&self, record: &[u8], kind: KeyKind, object_id: &[u8; 16]) -> [u8; 32] {
        self.0.mac(&layout_resident(record, kind, object_id))
    }

    /// Whether the seal belongs to the record it came with. Constant-time.
    pub(crate) fn holds(&self, key: &KeyRef) -> bool {
        let (expected, stated) = (self.0.mac(&layout(key)), stated(key));
        expected.ct_eq(stated).into()
    }
}

/// The name under which the handle of `key` is cached.
pub(crate) fn digest(key: &KeyRef) -> KeyDigest {
    Sha256::new().chain_update(layout(key)).chain_update(stated(key)).finalize().into()
}

fn stated(key: &KeyRef) -> &[u8; 32] {
    match &key.seal {
        Seal::Resident { binding, .. } | Seal::Wrapped { binding, .. } => binding,
    }
}

fn layout(key: &KeyRef) -> Vec<u8> {
    match &key.seal {
        Seal::Resident { object_id, .. } => layout_resident(&key.record, key.kind, object_id),
        Seal::Wrapped { kek, padded, blob, .. } => {
            layout_wrapped(&key.record, key.kind, *kek, *padded, blob)
        }
    }
}

fn layout_wrapped(record: &[u8], kind: KeyKind, kek: u32, padded: bool, blob: &[u8]) -> Vec<u8> {
    let mut bytes = head(b'w', record, kind);
    bytes.extend_from_slice(&kek.to_be_bytes());
    bytes.push(u8::from(padded));
    field(&mut bytes, blob);
    bytes
}

fn layout_resident(record: &[u8], kind: KeyKind, object_id: &[u8; 16]) -> Vec<u8> {
    let mut bytes = head(b'r', record, kind);
    field(&mut bytes, object_id);
    bytes
}

fn head(form: u8, record: &[u8], kind: KeyKind) -> Vec<u8> {
    let kind = match kind {
        KeyKind::Hmac(Hash::Sha1) => 1,
        KeyKind::Hmac(Hash::Sha256) => 2,
        KeyKind::Hmac(Hash::Sha512) => 3,
        KeyKind::Aes => 4,
    };
    let mut bytes = Vec::with_capacity(192);
    bytes.extend_from_slice(&[LAYOUT, form, kind]);
    field(&mut bytes, record);
    bytes
}

/// Length first: no two lists of fields give the same bytes.
pub(crate) fn field(bytes: &mut Vec<u8>, value: &[u8]) {
    bytes.extend_from_slice(&(value.len() as u64).to_be_bytes());
    bytes.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA1: KeyKind = KeyKind::Hmac(Hash::Sha1);

    fn key(change: impl FnOnce(&mut KeyRef)) -> KeyRef {
        let binder = binder();
        let (record, blob) = (b"bank\0A1".to_vec(), vec![7; 32]);
        let binding = binder.wrapped(&record, SHA1, 1, false, &blob);
        let seal = Seal::Wrapped { kek: 1, padded: false, blob, binding };
        let mut key = KeyRef { record, kind: SHA1, seal };
        change(&mut key);
        key
    }

    fn binder() -> Binder {
        Binder::new(DerivedKey::new([9; 32]))
    }

    #[test]
    fn any_change_breaks_the_binding() {
        assert!(binder().holds(&key(|_| ())));
        let changes: [fn(&mut KeyRef); 6] = [
            |key| key.record.push(0),
            |key| key.kind = KeyKind::Hmac(Hash::Sha256),
            |key| key.kind = KeyKind::Aes,
            |key| with_seal(key, |kek, _, _| *kek += 1),
            |key| with_seal(key, |_, padded, _| *padded = true),
            |key| with_seal(key, |_, _, blob| blob[3] ^= 1),
        ];
        for change in changes {
            let other = key(change);
            assert!(!binder().holds(&other));
            assert_ne!(digest(&other), digest(&key(|_| ())));
        }
    }

    fn with_seal(key: &mut KeyRef, change: fn(&mut u32, &mut bool, &mut Vec<u8>)) {
        if let Seal::Wrapped { kek, padded, blob, .. } = &mut key.seal {
            change(kek, padded, blob);
        }
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        let binder = binder();
        let one = binder.wrapped(b"ab", SHA1, 1, false, b"c");
        let two = binder.wrapped(b"a", SHA1, 1, false, b"bc");
        assert_ne!(one, two);
    }

    #[test]
    fn a_resident_seal_is_never_a_wrapped_one() {
        let id = [3; 16];
        let wrapped = binder().wrapped(b"r", SHA1, 0, false, &id);
        assert_ne!(binder().resident(b"r", SHA1, &id), wrapped);
    }
}
