//! Taking a token into service: what the two activation messages say, and what the user types back.
//!
//! Not responsible for: sealing the messages, the HMAC keys, time limits and tries, or the token's
//! and the server's states.

mod device_code;
mod message;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

pub use self::{
    device_code::{DeviceCode, DeviceCodeFault, compose},
    message::{ActivationFault, First, Second},
};
pub use crate::field::{Bank, LoginId, TokenCode};
use crate::secret::Salt;

/// What the HMAC under KC is over: the salt proves that the message was opened, the message which
/// one it was, and the counter that the token has gone on since the last activation.
pub fn device_code_input(ns: &Salt, am1: &[u8], counter: u16) -> Zeroizing<Vec<u8>> {
    let parts: [&[u8]; 4] = [b"TXA1-DC\0", ns.expose(), am1, &counter.to_be_bytes()];
    Zeroizing::new(parts.concat())
}

/// The question of the confirmation: both salts and both messages, so that the code of eight digits
/// proves that token and server ended at the same place. `crate::question` says how it is asked.
pub fn confirm_question(ns: &Salt, ni: &Salt, am1: &[u8], am2: &[u8]) -> [u8; 32] {
    let hash = Sha256::new().chain_update(b"TXA1-CONF\0");
    let hash = hash.chain_update(ns.expose()).chain_update(ni.expose());
    hash.chain_update(Sha256::digest(am1)).chain_update(Sha256::digest(am2)).finalize().into()
}
