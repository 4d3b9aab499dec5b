//! The three keys of the token in the file, in software.

use aes::{
    Aes256,
    cipher::{BlockEncrypt as _, KeyInit as _},
};
use hmac::{Hmac, Mac as _};
use ring::aead;
use sha2::Sha256;
use warifu_core::ocra::{Response, Suite};
use warifu_txa1::{
    frame::Frame,
    question::{self, SUITE},
};

use crate::file::Row;

/// AES-256-ECB without padding, as `CKM_AES_ECB_ENCRYPT_DATA` derives a key.
pub(crate) fn expand(seed: &[u8], block: &[u8; 32]) -> Vec<u8> {
    let cipher = Aes256::new_from_slice(seed).unwrap();
    let mut key = *block;
    key.chunks_exact_mut(16).for_each(|half| cipher.encrypt_block(half.into()));
    key.to_vec()
}

pub(crate) fn hmac(key: &str, data: &[u8]) -> Vec<u8> {
    let key = Row::file().row("token").bytes(key);
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(&key).unwrap();
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}

/// What the token shows for a question.
pub(crate) fn answer(question: &[u8; 32]) -> Response {
    let mac = hmac("sig", &question::data_input(question));
    Suite::parse(SUITE).unwrap().response(&mac).unwrap()
}

pub(crate) fn seal(nonce: [u8; 12], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut sealed = plaintext.to_vec();
    let nonce = aead::Nonce::assume_unique_for_key(nonce);
    key().seal_in_place_append_tag(nonce, aead::Aad::from(aad), &mut sealed).unwrap();
    sealed
}

pub(crate) fn open(frame: &Frame, bound: &[u8]) -> Option<Vec<u8>> {
    let mut sealed = frame.sealed().to_vec();
    let nonce = aead::Nonce::assume_unique_for_key(*frame.nonce());
    let aad = frame.header().aad(bound);
    let opened = key().open_in_place(nonce, aead::Aad::from(&**aad), &mut sealed).ok()?;
    Some(opened.to_vec())
}

fn key() -> aead::LessSafeKey {
    let key = Row::file().row("token").bytes("enc");
    aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM, &key).unwrap())
}
