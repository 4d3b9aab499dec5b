//! The device code, twelve digits: `AAA MMMMMMMM C`.
//!
//! AAA is the token's activation counter, M the first 64 bits of a MAC modulo 10^8, and C the check
//! digit of the others by ISO/IEC 7064 MOD 11,10, so that a typing error is told from a wrong code
//! without a secret and costs no try. Not responsible for: whether the counter has gone on.

use thiserror::Error;
use warifu_core::{code::Code, rules};

use crate::frame::MAX_COUNTER;

const DIGITS: usize = 12;
const COUNTER_DIGITS: usize = 3;
/// Digits of the MAC, to be reduced as [`crate::dec64`] does.
const MAC_DIGITS: u8 = 8;

/// Why a text is no device code. Neither costs a try, as no secret was involved.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum DeviceCodeFault {
    /// Not twelve digits: perhaps the other code, the one of eight digits.
    #[error("is no code of twelve digits")]
    WrongKind,
    /// Mistyped: the check digit does not fit, or the counter is zero, which no token shows.
    #[error("is mistyped: its check digit does not fit")]
    Typo,
}

/// A device code as typed.
#[derive(Clone, Debug)]
pub struct DeviceCode {
    counter: u16,
    mac: Code,
}

impl DeviceCode {
    /// Digits of the MAC in the code.
    pub const MAC_DIGITS: u8 = MAC_DIGITS;

    /// Reads twelve ASCII digits; blanks are for the form to take away.
    pub fn parse(text: &str) -> Result<Self, DeviceCodeFault> {
        if text.len() != DIGITS || !text.bytes().all(|c| c.is_ascii_digit()) {
            return Err(DeviceCodeFault::WrongKind);
        }
        if !rules::mod_11_10(text) {
            return Err(DeviceCodeFault::Typo);
        }
        let read = |counter: &str, mac: &str| {
            let counter = counter.parse().ok().filter(|counter| *counter > 0)?;
            Some(Self { counter, mac: Code::parse(mac).ok()? })
        };
        let (counter, rest) = text.split_at(COUNTER_DIGITS);
        let (mac, _) = rest.split_at(usize::from(MAC_DIGITS));
        read(counter, mac).ok_or(DeviceCodeFault::Typo)
    }

    /// The token's activation counter, 1..=999.
    pub const fn counter(&self) -> u16 {
        self.counter
    }

    /// The eight digits to be compared with the MAC over [`super::device_code_input`].
    pub const fn mac(&self) -> &Code {
        &self.mac
    }
}

/// What a token shows, for the first 64 bits of its MAC (see [`crate::leading64`]). `None` outside
/// 1..=999, where a token has come to its end.
pub fn compose(counter: u16, mac64: u64) -> Option<String> {
    if !(1..=MAX_COUNTER).contains(&counter) {
        return None;
    }
    let mac = Code::from_number(mac64, MAC_DIGITS);
    let mut code = format!("{counter:03}{}", str::from_utf8(mac.expose()).ok()?);
    code.push(rules::mod_11_10_digit(&code)?);
    Some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_composed_is_read_back() {
        let code = compose(7, u64::MAX).unwrap();
        let read = DeviceCode::parse(&code).unwrap();
        assert_eq!(read.counter(), 7);
        assert_eq!(read.mac().expose(), b"09551615");
        assert_eq!(compose(0, 1).or(compose(1000, 1)), None);
    }

    #[test]
    fn a_code_of_another_kind_is_told_from_a_typing_error() {
        for text in ["", "12345678", "0016211488360", "00162114883x", "0016 2114 8836"] {
            assert_eq!(DeviceCode::parse(text).unwrap_err(), DeviceCodeFault::WrongKind, "{text}");
        }
        assert!(DeviceCode::parse("001621148836").is_ok());
        assert_eq!(DeviceCode::parse("001621148837").unwrap_err(), DeviceCodeFault::Typo);
    }

    #[test]
    fn counter_zero_is_a_typing_error() {
        let front = "00012345678";
        let code = format!("{front}{}", rules::mod_11_10_digit(front).unwrap());
        assert_eq!(DeviceCode::parse(&code).unwrap_err(), DeviceCodeFault::Typo);
    }

    #[test]
    fn debug_never_shows_the_digits() {
        let code = DeviceCode::parse("001621148836").unwrap();
        assert!(!format!("{code:?}").contains("62114883"));
    }
}
