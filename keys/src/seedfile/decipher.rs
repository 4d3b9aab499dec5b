//! Decryption of one value in software, by its cipher.
//!
//! Not responsible for MACs: nothing unauthenticated comes here before its MAC was checked, but for
//! drafts that have it over the plaintext.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::consts::U12;
use aes::cipher::{BlockCipher, BlockDecryptMut, BlockEncrypt, BlockSizeUser, KeyInit, KeyIvInit};
use aes::{Aes128, Aes192, Aes256};
use aes_gcm::{AeadInPlace, AesGcm};
use camellia::{Camellia128, Camellia192, Camellia256};
use des::TdesEde3;
use zeroize::Zeroizing;

use super::crypto::{AesBits, Cipher};
use super::keywrap;
use crate::secret::Secret;

/// The plaintext; `None` where key, data, padding or check value are wrong, and with RSA, which only
/// an HSM opens.
pub(super) fn decipher(cipher: Cipher, key: &Secret, octets: &[u8]) -> Option<Secret> {
    let key = key.expose();
    match cipher {
        Cipher::AesCbc(AesBits::B128) => cbc::<Aes128>(key, octets),
        Cipher::AesCbc(AesBits::B192) => cbc::<Aes192>(key, octets),
        Cipher::AesCbc(AesBits::B256) => cbc::<Aes256>(key, octets),
        Cipher::AesGcm(AesBits::B128) => gcm::<Aes128>(key, octets),
        Cipher::AesGcm(AesBits::B192) => gcm::<Aes192>(key, octets),
        Cipher::AesGcm(AesBits::B256) => gcm::<Aes256>(key, octets),
        Cipher::CamelliaCbc(AesBits::B128) => cbc::<Camellia128>(key, octets),
        Cipher::CamelliaCbc(AesBits::B192) => cbc::<Camellia192>(key, octets),
        Cipher::CamelliaCbc(AesBits::B256) => cbc::<Camellia256>(key, octets),
        Cipher::TripleDesCbc => cbc::<TdesEde3>(three_keys(key)?.as_slice(), octets),
        Cipher::AesKeyWrap(bits) => keywrap::aes(bits, key, octets).map(secret),
        Cipher::AesKeyWrapPad(bits) => keywrap::aes_pad(bits, key, octets).map(secret),
        Cipher::CamelliaKeyWrap(bits) => keywrap::camellia(bits, key, octets).map(secret),
        Cipher::TripleDesKeyWrap => {
            keywrap::triple_des(three_keys(key)?.as_slice(), octets).map(secret)
        }
        Cipher::RsaPkcs1 | Cipher::RsaOaep => None,
    }
}

fn secret(mut plain: Zeroizing<Vec<u8>>) -> Secret {
    Secret::new(std::mem::take(&mut *plain))
}

/// Two keys stand for three of which the last is the first again (NIST SP 800-67 s.3.2).
fn three_keys(key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut whole = Zeroizing::new(Vec::with_capacity(24));
    whole.extend_from_slice(key);
    if key.len() == 16 {
        whole.extend_from_slice(key.get(..8)?);
    }
    (whole.len() == 24).then_some(whole)
}

/// CBC with the IV in front and strict PKCS#7 padding (RFC 6030 s.6.4).
fn cbc<C>(key: &[u8], octets: &[u8]) -> Option<Secret>
where
    C: BlockCipher + BlockDecryptMut + KeyInit,
    cbc::Decryptor<C>: KeyIvInit,
{
    let (iv, ciphertext) = octets.split_at_checked(C::block_size())?;
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let decryptor = cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?;
    let len = decryptor.decrypt_padded_mut::<Pkcs7>(&mut buffer).ok()?.len();
    buffer.truncate(len);
    Some(secret(buffer))
}

/// GCM with the IV in front and the tag behind, nothing else authenticated.
fn gcm<C>(key: &[u8], octets: &[u8]) -> Option<Secret>
where
    C: BlockCipher + BlockEncrypt + KeyInit + BlockSizeUser<BlockSize = aes::cipher::consts::U16>,
{
    let (iv, rest) = octets.split_first_chunk::<12>()?;
    let (ciphertext, tag) = rest.split_last_chunk::<16>()?;
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    AesGcm::<C, U12>::new_from_slice(key)
        .ok()?
        .decrypt_in_place_detached(iv.into(), &[], &mut buffer, tag.into())
        .ok()?;
    Some(secret(buffer))
}
