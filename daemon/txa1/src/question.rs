//! What a signature is over: one hash of everything that was sealed and shown, as the question of
//! one OCRA suite (RFC 6287).
//!
//! Not responsible for: the HMAC and its truncation, or the question of a confirmation
//! (`activation`), which is computed over by the same suite.

use sha2::{Digest as _, Sha256};

use crate::{
    frame::{Header, NONCE_LEN},
    secret::Salt,
};

/// The suite of confirmations and signatures. Its text is part of what the MAC is over, so it is
/// fixed to the letter.
pub const SUITE: &str = "OCRA-1:HOTP-SHA256-8:QH64";

/// Digits of the code that the suite gives.
pub const DIGITS: u8 = 8;

/// The question of a transaction, share or deactivation.
///
/// `plaintext` must be the very bytes that were sealed, or that were opened and shown: never an
/// encoding made anew.
pub fn signature(
    ns: &Salt,
    ni: &Salt,
    header: &Header,
    nonce: &[u8; NONCE_LEN],
    plaintext: &[u8],
) -> [u8; 32] {
    let hash = Sha256::new().chain_update(b"TXA1-SIG\0");
    let hash = hash.chain_update(ns.expose()).chain_update(ni.expose());
    hash.chain_update(header.bytes()).chain_update(nonce).chain_update(plaintext).finalize().into()
}

/// What the HMAC is over: `suite | 00 | question | zeros` (RFC 6287 s.5.1: a question field has 128
/// bytes; 64 hex digits fill the first 32).
pub fn data_input(question: &[u8; 32]) -> Vec<u8> {
    let mut input = Vec::with_capacity(SUITE.len() + 1 + QUESTION_FIELD);
    input.extend_from_slice(SUITE.as_bytes());
    input.push(0);
    input.extend_from_slice(question);
    input.resize(SUITE.len() + 1 + QUESTION_FIELD, 0);
    input
}

/// Bytes of the question in the data input (RFC 6287 s.5.1).
const QUESTION_FIELD: usize = 128;
