//! What the worker computes outside the HSM: comparisons with a seed that came in the clear, MACs of
//! seed files whose MAC key had to be decrypted here, key check values.
//!
//! Not responsible for: codes. They come from the HSM only.

use std::mem;

use aes::{
    Aes128, Aes192, Aes256,
    cipher::{BlockEncrypt as _, KeyInit as _, generic_array::GenericArray},
};
use des::TdesEde3;
use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use warifu_hsm_protocol::{Hash, KcvMethod, MacHash, TransportShape};
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

/// Key check value of a symmetric key. `None` where this is no key of that shape.
pub(crate) fn check_value(shape: TransportShape, method: KcvMethod, key: &[u8]) -> Option<Vec<u8>> {
    let cipher = BlockCipher::new(shape, key)?;
    let mut block = cipher.of_zeros();
    if method == KcvMethod::Cmac {
        // SP 800-38B s.6.2: a whole last block is masked with K1, and a mask of zeros is K1.
        double(&mut block);
        cipher.encrypt(&mut block);
    }
    block.truncate(method.length());
    Some(mem::take(&mut *block))
}

enum BlockCipher {
    Aes128(Aes128),
    Aes192(Aes192),
    Aes256(Aes256),
    TripleDes(TdesEde3),
}

impl BlockCipher {
    fn new(shape: TransportShape, key: &[u8]) -> Option<Self> {
        if shape.length() != Some(key.len()) {
            return None;
        }
        match shape {
            TransportShape::Aes { bits: 128 } => Aes128::new_from_slice(key).ok().map(Self::Aes128),
            TransportShape::Aes { bits: 192 } => Aes192::new_from_slice(key).ok().map(Self::Aes192),
            TransportShape::Aes { .. } => Aes256::new_from_slice(key).ok().map(Self::Aes256),
            TransportShape::TripleDes { .. } => {
                TdesEde3::new_from_slice(&three_des_keys(key)).ok().map(Self::TripleDes)
            }
        }
    }

    /// The cipher over a block of zeros.
    fn of_zeros(&self) -> Zeroizing<Vec<u8>> {
        let length = if matches!(self, Self::TripleDes(_)) { 8 } else { 16 };
        let mut block = Zeroizing::new(vec![0; length]);
        self.encrypt(&mut block);
        block
    }

    fn encrypt(&self, block: &mut [u8]) {
        match self {
            Self::Aes128(cipher) => cipher.encrypt_block(GenericArray::from_mut_slice(block)),
            Self::Aes192(cipher) => cipher.encrypt_block(GenericArray::from_mut_slice(block)),
            Self::Aes256(cipher) => cipher.encrypt_block(GenericArray::from_mut_slice(block)),
            Self::TripleDes(cipher) => cipher.encrypt_block(GenericArray::from_mut_slice(block)),
        }
    }
}

/// Multiplies by x in GF(2^64) or GF(2^128), whichever the block is (SP 800-38B s.5.3).
fn double(block: &mut [u8]) {
    let rest = if block.len() == 8 { 0x1B } else { 0x87 };
    let mut carry = 0;
    for byte in block.iter_mut().rev() {
        let next = *byte >> 7;
        *byte = (*byte << 1) | carry;
        carry = next;
    }
    if let Some(last) = block.last_mut() {
        *last ^= rest * carry;
    }
}

/// The third key of a triple DES key of two is its first (SP 800-67 s.3.2).
pub(crate) fn three_des_keys(key: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut keys = Zeroizing::new(Vec::with_capacity(24));
    keys.extend_from_slice(key);
    if let Some(first) = key.get(..8).filter(|_| key.len() == 16) {
        keys.extend_from_slice(first);
    }
    keys
}

/// Sets the lowest bit of each byte so that it has an odd number of ones, as some tokens demand of a
/// DES key; the cipher ignores that bit.
pub(crate) fn odd_parity(key: &mut [u8]) {
    for byte in key {
        *byte ^= u8::from(byte.count_ones().is_multiple_of(2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AES: TransportShape = TransportShape::Aes { bits: 128 };
    const DES: TransportShape = TransportShape::TripleDes { bytes: 16 };

    fn kcv(shape: TransportShape, method: KcvMethod, key: &str) -> String {
        hex::encode(check_value(shape, method, &hex::decode(key).unwrap()).unwrap())
    }

    #[test]
    fn check_values_of_aes_keys() {
        assert_eq!(kcv(AES, KcvMethod::Ecb, &"00".repeat(16)), "66e94b");
        // The key of RFC 6030 figure 6.
        let key = "12345678901234567890123456789012";
        assert_eq!(kcv(AES, KcvMethod::Ecb, key), "02a7e9");
        assert!(kcv(AES, KcvMethod::Cmac, key).starts_with("e69ed3"));
        assert_eq!(check_value(AES, KcvMethod::Ecb, &[0; 15]), None);
        assert_eq!(check_value(AES, KcvMethod::Ecb, &[0; 32]), None);
    }

    #[test]
    fn check_values_of_triple_des_keys() {
        let two = "0123456789abcdeffedcba9876543210";
        let three = TransportShape::TripleDes { bytes: 24 };
        let same = format!("{two}0123456789abcdef");
        assert_eq!(kcv(DES, KcvMethod::Ecb, two), "08d7b4");
        for method in [KcvMethod::Ecb, KcvMethod::Cmac] {
            assert_eq!(kcv(DES, method, two), kcv(three, method, &same));
        }
    }

    /// Test cases of SP 800-38B, appendix D: the subkey of AES-128 and of triple DES.
    #[test]
    fn subkeys_of_cmac() {
        let key = hex::decode("2b7e151628aed2a6abf7158809cf4f3c").unwrap();
        let mut block = BlockCipher::new(AES, &key).unwrap().of_zeros();
        double(&mut block);
        assert_eq!(hex::encode(&*block), "fbeed618357133667c85e08f7236a8de");
        let key = hex::decode("4cf15134a2850dd58a3d10ba80570d38").unwrap();
        let mut block = BlockCipher::new(DES, &key).unwrap().of_zeros();
        double(&mut block);
        assert_eq!(hex::encode(&*block), "8ecf373ed71afaef");
    }

    #[test]
    fn parity_is_odd_afterwards_and_changes_no_check_value() {
        let key: Vec<u8> = (0..16).collect();
        let mut odd = key.clone();
        odd_parity(&mut odd);
        assert!(odd.iter().all(|byte| byte.count_ones() % 2 == 1));
        let of = |key: &[u8]| check_value(DES, KcvMethod::Cmac, key);
        assert_eq!(of(&key), of(&odd));
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
