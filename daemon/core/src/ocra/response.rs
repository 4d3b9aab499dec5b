//! From a MAC to what the token shows.
//!
//! Not responsible for: the search over counters and time steps.

use std::fmt;

use subtle::ConstantTimeEq as _;

use super::suite::Suite;
use crate::{code::Code, oath};

/// What a token shows. `Debug` shows its length only; comparison is constant-time.
#[derive(Clone)]
pub enum Response {
    /// 4 to 10 digits.
    Code(Code),
    /// A suite of 0 digits: the whole MAC as small hexadecimal digits. The standard defines no text
    /// for it, and programs differ, so such a suite is no use where a person types.
    Whole(String),
}

impl Suite {
    /// The response that a MAC gives; `None` where the MAC is not of the suite's hash.
    ///
    /// 10 digits are not better than 9: a MAC is cut to 31 bits, so the first of ten is 0, 1 or 2.
    pub fn response(&self, mac: &[u8]) -> Option<Response> {
        if mac.len() != self.hash().mac_len() {
            return None;
        }
        if self.digits() == 0 {
            let nibbles = mac.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]);
            let text = nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect();
            return Some(Response::Whole(text));
        }
        Some(Response::Code(Code::from_number(oath::truncated(mac)?, self.digits())))
    }
}

impl Response {
    /// Constant-time equality with what was typed.
    pub fn matches(&self, typed: &str) -> bool {
        match self {
            Self::Code(right) => Code::parse(typed).is_ok_and(|typed| right.matches(&typed)),
            Self::Whole(right) => bool::from(right.as_bytes().ct_eq(typed.as_bytes())),
        }
    }

    /// The text that the token shows. Never for a log.
    pub fn expose(&self) -> &str {
        match self {
            Self::Code(code) => str::from_utf8(code.expose()).unwrap_or_default(),
            Self::Whole(text) => text,
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => code.fmt(f),
            Self::Whole(text) => write!(f, "Whole({} digits)", text.len()),
        }
    }
}
