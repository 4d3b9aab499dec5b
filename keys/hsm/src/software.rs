//! What the worker computes outside the HSM: comparisons with a seed that came in the clear, MACs of
//! seed files whose MAC key had to be decrypted here, key check values.
//!
//! Not responsible for: codes. They come from the HSM only.

use aes::{
    Aes128, Aes192, Aes256,
    cipher::{BlockEncrypt as _, KeyInit as _, generic_array::GenericArray},
};
use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use warifu_hsm_protocol::{Hash, MacHash};
use zeroize::Zeroizing;

/// HMAC (RFC 2104).
pub(crate) fn hmac(hash: MacHash, key: &[u8], data: &[u8]) -> Zeroizing<Vec<u8>> {
    macro_rules! with {
        ($hash:ty) => {{
            let mac = <Hmac<$hash> as hmac::Mac>::new_from_slice(key);
            let mut mac = mac.expect("HMAC takes keys of any length (RFC 2104 s.2)");
            mac.update(data);
            Zeroizing::new(mac.finalize().into_bytes().to_vec())
        }};
    }
    match hash {
        MacHash::Sha1 => with!(Sha1),
        MacHash::Sha224 => with!(Sha224),
        MacHash::Sha256 => with!(Sha256),
        MacHash::Sha384 => with!(Sha384),
        MacHash::Sha512 => with!(Sha512),
    }
}

/// The same hash under its other name.
pub(crate) const fn mac_hash(hash: Hash) -> MacHash {
    match hash {
        Hash::Sha1 => MacHash::Sha1,
        Hash::Sha256 => MacHash::Sha256,
        Hash::Sha512 => MacHash::Sha512,
    }
}

/// The first bytes that AES-256-GCM with a nonce of 12 bytes makes of a text: it runs counter mode from
/// block 2 (NIST SP 800-38D s.7.1). `None` where this is no AES-256 key.
pub(crate) fn first_bytes(key: &[u8], nonce: &[u8; 12], text: &[u8; 12]) -> Option<[u8; 12]> {
    let mut block = GenericArray::default();
    block.iter_mut().zip(nonce.iter().chain(&[0, 0, 0, 2])).for_each(|(to, from)| *to = *from);
    Aes256::new_from_slice(key).ok()?.encrypt_block(&mut block);
    let mut bytes = *text;
    bytes.iter_mut().zip(block).for_each(|(byte, key)| *byte ^= key);
    Some(bytes)
}

/// What `CKM_AES_ECB_ENCRYPT_DATA` derives: two blocks encrypted under the base key.
pub(crate) fn derived(base: &[u8; 32], data: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    let cipher = Aes256::new(GenericArray::from_slice(base));
    let mut key = Zeroizing::new(*data);
    for block in key.chunks_exact_mut(16) {
        cipher.encrypt_block(GenericArray::from_mut_slice(block));
    }
    key
}

/// Key check value: first 3 bytes of AES-ECB over a zero block. `None` where this is no AES key.
pub(crate) fn check_value(key: &[u8]) -> Option<[u8; 3]> {
    let mut block = GenericArray::default();
    match key.len() {
        16 => Aes128::new_from_slice(key).ok()?.encrypt_block(&mut block),
        24 => Aes192::new_from_slice(key).ok()?.encrypt_block(&mut block),
        32 => Aes256::new_from_slice(key).ok()?.encrypt_block(&mut block),
        _ => return None,
    }
    block.get(..3)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_value_of_a_zero_key() {
        assert_eq!(hex::encode(check_value(&[0; 16]).unwrap()), "66e94b");
        assert_eq!(check_value(&[0; 15]), None);
    }

    /// Test case 16 of the GCM specification (McGrew, Viega).
    #[test]
    fn the_first_bytes_of_a_gcm_ciphertext() {
        let bytes = |text| hex::decode(text).unwrap();
        let key = bytes("feffe9928665731c6d6a8f9467308308").repeat(2);
        let nonce = bytes("cafebabefacedbaddecaf888").try_into().unwrap();
        let text = bytes("d9313225f88406e5a55909c5").try_into().unwrap();
        let first = first_bytes(&key, &nonce, &text).unwrap();
        assert_eq!(hex::encode(first), "522dc1f099567d07f47f37a3");
        assert!(first_bytes(&key[..16], &nonce, &text).is_none());
    }

    /// The encryption key of the camera token 0112345679 with the seed 00..1f.
    #[test]
    fn a_key_derived_by_aes_ecb() {
        let base = std::array::from_fn(|n| u8::try_from(n).unwrap());
        let data = "01454e4301123456790000000000000002454e43011234567900000000000000";
        let key = derived(&base, &hex::decode(data).unwrap().try_into().unwrap());
        let right = "769baeeb12b3e12b4412b1a82b3fc335a0badb7f530937450473af03a9d2dff9";
        assert_eq!(hex::encode(*key), right);
    }

    #[test]
    fn hmac_of_rfc_4226() {
        let mac = hmac(MacHash::Sha1, b"12345678901234567890", &0_u64.to_be_bytes());
        assert_eq!(hex::encode(mac), "cc93cf18508d94934c64b65d8ba7667fb7cde4b0");
    }
}
