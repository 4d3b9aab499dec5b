//! A keypad token made of software: the user types digits, it shows a code (RFC 6287).
//!
//! Not responsible for the clock, nor for what may be typed (`warifu_core::ocra::keypad`).

use std::fmt;

use hmac::Hmac;
use sha2::Sha256;
use thiserror::Error;
use warifu_core::ocra::keypad::{Asked, KeypadUse};
use warifu_core::ocra::{Inputs, Response};
use warifu_core::time::UnixTime;
use zeroize::Zeroizing;

use crate::token::mac;

/// Why a keypad token shows nothing.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum KeypadError {
    /// Give an even number of hexadecimal digits, 32 or more.
    #[error("a key has 16 to 64 bytes in hexadecimal")]
    Key,
    /// Ask for a use that the token has.
    #[error("the token is not made for this use")]
    Use,
}

/// A virtual keypad token. It holds its key in memory until it is dropped.
pub struct KeypadToken {
    key: Zeroizing<Vec<u8>>,
    uses: Vec<KeypadUse>,
}

impl KeypadToken {
    /// A token of all four uses.
    pub fn new(key: Vec<u8>) -> Self {
        Self { key: Zeroizing::new(key), uses: KeypadUse::ALL.to_vec() }
    }

    /// Reads a key in hexadecimal.
    pub fn from_text(text: &str) -> Result<Self, KeypadError> {
        let key = hex::decode(text.trim()).map_err(|_| KeypadError::Key)?;
        let token = Self::new(key);
        if (16..=64).contains(&token.key.len()) { Ok(token) } else { Err(KeypadError::Key) }
    }

    /// The same token, made for some uses only.
    #[must_use]
    pub fn of_uses(mut self, uses: &[KeypadUse]) -> Self {
        self.uses = uses.to_vec();
        self
    }

    /// What the token shows when these values are typed.
    pub fn code(&self, asked: Asked, now: UnixTime) -> Result<Response, KeypadError> {
        let one = asked.keypad_use();
        if !self.uses.contains(&one) {
            return Err(KeypadError::Use);
        }
        let (suite, question) = (one.suite(), asked.question());
        let steps = suite.step_s().map(|step| now.step(UnixTime(0), step));
        let inputs = Inputs { time_steps: steps, ..Inputs::of(question.as_str()) };
        let input = suite.data_input(&inputs).map_err(|_| KeypadError::Use)?;
        let mac = Zeroizing::new(mac::<Hmac<Sha256>>(&self.key, &input));
        suite.response(&mac).ok_or(KeypadError::Use)
    }
}

impl fmt::Debug for KeypadToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeypadToken").field("uses", &self.uses).finish_non_exhaustive()
    }
}
