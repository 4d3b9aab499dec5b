//! Key unwrap in software, for key-wrapped values of a seed file: AES and Camellia (RFC 3394 s.2.2.2,
//! RFC 3657 s.3), AES with padding (RFC 5649 s.4.2), Triple DES (RFC 3217 s.3.2).
//!
//! Not responsible for custody: the HSM wraps and unwraps what is kept.

use aes::cipher::consts::U16;
use aes::cipher::generic_array::GenericArray;
use aes::cipher::{
    BlockCipher, BlockDecrypt, BlockDecryptMut as _, BlockSizeUser, KeyInit, KeyIvInit as _,
};
use aes::{Aes128, Aes192, Aes256};
use camellia::{Camellia128, Camellia192, Camellia256};
use cbc::Decryptor;
use cbc::cipher::block_padding::NoPadding;
use des::TdesEde3;
use sha1::{Digest as _, Sha1};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::crypto::AesBits;

/// Initial value of RFC 3394 s.2.2.3.1.
const CHECK: [u8; 8] = [0xA6; 8];
/// First half of the initial value of RFC 5649 s.3; the length follows.
const PADDED_CHECK: [u8; 4] = [0xA6, 0x59, 0x59, 0xA6];
/// IV of the second encryption of RFC 3217 s.3.1.
const TRIPLE_DES_IV: [u8; 8] = [0x4A, 0xDD, 0xA2, 0x2C, 0x79, 0xE8, 0x21, 0x05];

type Octets = Zeroizing<Vec<u8>>;

/// AES key unwrap; `None` where key, data or check value are wrong, as below.
pub(super) fn aes(bits: AesBits, key: &[u8], wrapped: &[u8]) -> Option<Octets> {
    match bits {
        AesBits::B128 => unwrap::<Aes128>(key, wrapped),
        AesBits::B192 => unwrap::<Aes192>(key, wrapped),
        AesBits::B256 => unwrap::<Aes256>(key, wrapped),
    }
}

/// AES key unwrap with padding.
pub(super) fn aes_pad(bits: AesBits, key: &[u8], wrapped: &[u8]) -> Option<Octets> {
    match bits {
        AesBits::B128 => unwrap_pad::<Aes128>(key, wrapped),
        AesBits::B192 => unwrap_pad::<Aes192>(key, wrapped),
        AesBits::B256 => unwrap_pad::<Aes256>(key, wrapped),
    }
}

/// Camellia key unwrap.
pub(super) fn camellia(bits: AesBits, key: &[u8], wrapped: &[u8]) -> Option<Octets> {
    match bits {
        AesBits::B128 => unwrap::<Camellia128>(key, wrapped),
        AesBits::B192 => unwrap::<Camellia192>(key, wrapped),
        AesBits::B256 => unwrap::<Camellia256>(key, wrapped),
    }
}

/// Triple DES key unwrap, with three keys: two encryptions, the inner one reversed in between.
pub(super) fn triple_des(key: &[u8], wrapped: &[u8]) -> Option<Octets> {
    let mut outer = triple_des_cbc(key, &TRIPLE_DES_IV, wrapped)?;
    outer.reverse();
    let (iv, inner) = outer.split_first_chunk::<8>()?;
    let mut plain = triple_des_cbc(key, iv, inner)?;
    let (content, check) = plain.split_last_chunk::<8>()?;
    let digest = Sha1::digest(content);
    let expected = digest.first_chunk::<8>()?;
    if content.is_empty() || !bool::from(check.ct_eq(expected)) {
        return None;
    }
    let len = content.len();
    plain.truncate(len);
    Some(plain)
}

fn triple_des_cbc(key: &[u8], iv: &[u8], data: &[u8]) -> Option<Octets> {
    let mut buffer = Zeroizing::new(data.to_vec());
    let decryptor = Decryptor::<TdesEde3>::new_from_slices(key, iv).ok()?;
    // Whole blocks only: the padding type fails on any other length.
    decryptor.decrypt_padded_mut::<NoPadding>(&mut buffer).ok()?;
    Some(buffer)
}

trait Block16: BlockCipher + BlockDecrypt + BlockSizeUser<BlockSize = U16> + KeyInit {}
impl<C: BlockCipher + BlockDecrypt + BlockSizeUser<BlockSize = U16> + KeyInit> Block16 for C {}

fn unwrap<C: Block16>(key: &[u8], wrapped: &[u8]) -> Option<Octets> {
    if wrapped.len() < 24 {
        return None;
    }
    let (check, plain) = rounds(&C::new_from_slice(key).ok()?, wrapped)?;
    bool::from(check.ct_eq(&CHECK)).then_some(plain)
}

fn unwrap_pad<C: Block16>(key: &[u8], wrapped: &[u8]) -> Option<Octets> {
    let cipher = C::new_from_slice(key).ok()?;
    let (check, mut plain) = match wrapped.len() {
        // A single block is encrypted as it is (RFC 5649 s.4.2).
        16 => one_block(&cipher, wrapped)?,
        24.. => rounds(&cipher, wrapped)?,
        _ => return None,
    };
    let (mark, length) = check.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length.first_chunk()?)).ok()?;
    let filled = plain.len();
    let fits = length <= filled && length > filled.saturating_sub(8);
    let zeros = plain.get(length..).is_some_and(|rest| rest.iter().all(|octet| *octet == 0));
    if !(bool::from(mark.ct_eq(&PADDED_CHECK)) && fits && zeros) {
        return None;
    }
    plain.truncate(length);
    Some(plain)
}

fn one_block<C: Block16>(cipher: &C, wrapped: &[u8]) -> Option<([u8; 8], Octets)> {
    let mut block = GenericArray::<u8, U16>::default();
    block.copy_from_slice(wrapped);
    cipher.decrypt_block(&mut block);
    let (check, plain) = block.split_first_chunk::<8>()?;
    Some((*check, Zeroizing::new(plain.to_vec())))
}

/// The six rounds of RFC 3394 s.2.2.2: the check value and what it stands for.
fn rounds<C: Block16>(cipher: &C, wrapped: &[u8]) -> Option<([u8; 8], Octets)> {
    let (check, blocks) = wrapped.split_first_chunk::<8>()?;
    let mut check = *check;
    let mut plain = Zeroizing::new(blocks.to_vec());
    let count = u64::try_from(plain.len().checked_div(8)?).ok()?;
    if !plain.len().is_multiple_of(8) {
        return None;
    }
    for round in (0..6_u64).rev() {
        let indexes = (1..=count).rev();
        for (index, block) in indexes.zip(plain.chunks_exact_mut(8).rev()) {
            let step = count.checked_mul(round)?.checked_add(index)?;
            let high = u64::from_be_bytes(check) ^ step;
            let mut both = GenericArray::<u8, U16>::default();
            let (left, right) = both.split_at_mut(8);
            left.copy_from_slice(&high.to_be_bytes());
            right.copy_from_slice(block);
            cipher.decrypt_block(&mut both);
            let (left, right) = both.split_at(8);
            check.copy_from_slice(left);
            block.copy_from_slice(right);
        }
    }
    Some((check, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    type Unwrap = fn(AesBits, &[u8], &[u8]) -> Option<Octets>;
    type Case<'a> = (&'a str, &'a dyn Fn(&[u8]) -> Option<Octets>);

    fn opened(unwrap: Unwrap, bits: AesBits, key: &str, wrapped: &str) -> Option<String> {
        unwrap(bits, &octets(key), &octets(wrapped)).map(|plain| hex::encode(plain.as_slice()))
    }

    #[test]
    fn vectors_of_rfc_3394() {
        let key = "000102030405060708090a0b0c0d0e0f";
        let wrapped = "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5";
        let plain = "00112233445566778899aabbccddeeff";
        assert_eq!(opened(aes, AesBits::B128, key, wrapped).as_deref(), Some(plain));
        let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        let wrapped =
            "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21";
        let plain = "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f";
        assert_eq!(opened(aes, AesBits::B256, key, wrapped).as_deref(), Some(plain));
    }

    #[test]
    fn vectors_of_rfc_5649() {
        let key = "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8";
        let long = "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a";
        let plain = "c37b7e6492584340bed12207808941155068f738";
        assert_eq!(opened(aes_pad, AesBits::B192, key, long).as_deref(), Some(plain));
        let short = "afbeb0f07dfbf5419200f2ccb50bb24f";
        let plain = "466f7250617369";
        assert_eq!(opened(aes_pad, AesBits::B192, key, short).as_deref(), Some(plain));
        assert_eq!(opened(aes, AesBits::B192, key, long), None, "another check value");
    }

    #[test]
    fn vectors_of_rfc_3657() {
        let key = "000102030405060708090a0b0c0d0e0f";
        let wrapped = "635d6ac46eedebd3a7f4a06421a4cbd1746b24795ba2f708";
        let plain = "00112233445566778899aabbccddeeff";
        assert_eq!(opened(camellia, AesBits::B128, key, wrapped).as_deref(), Some(plain));
    }

    #[test]
    fn the_vector_of_rfc_3217() {
        let key = octets("255e0d1c07b646dfb3134cc843ba8aa71f025b7c0838251f");
        let wrapped =
            "690107618ef092b3b48ca1796b234ae9fa33ebb4159604037db5d6a84eb3aac2768c632775a467d4";
        let plain = triple_des(&key, &octets(wrapped)).map(|plain| hex::encode(plain.as_slice()));
        assert_eq!(plain.as_deref(), Some("2923bf85e06dd6ae529149f1f1bae9eab3a7da3d860d3e98"));
    }

    #[test]
    fn a_changed_octet_is_refused() {
        let key = octets("000102030405060708090a0b0c0d0e0f");
        let long = octets("000102030405060708090a0b0c0d0e0f1011121314151617");
        let cases: [Case<'_>; 4] = [
            ("1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5", &|w| aes(AesBits::B128, &key, w)),
            ("635d6ac46eedebd3a7f4a06421a4cbd1746b24795ba2f708", &|w| {
                camellia(AesBits::B128, &key, w)
            }),
            ("afbeb0f07dfbf5419200f2ccb50bb24f", &|w| {
                let key = octets("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8");
                aes_pad(AesBits::B192, &key, w)
            }),
            (
                "690107618ef092b3b48ca1796b234ae9fa33ebb4159604037db5d6a84eb3aac2768c632775a467d4",
                &|w| triple_des(&long, w),
            ),
        ];
        for (wrapped, unwrap) in cases {
            for at in 0..octets(wrapped).len() {
                let mut changed = octets(wrapped);
                changed[at] ^= 1;
                assert_eq!(unwrap(&changed), None, "{wrapped} {at}");
            }
            for len in 0..octets(wrapped).len() {
                assert_eq!(unwrap(&octets(wrapped)[..len]), None, "{wrapped} {len}");
            }
        }
    }
}
