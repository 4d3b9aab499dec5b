//! A one-time password as typed: 4 to 10 decimal digits. Never printed.

use std::fmt;

use subtle::ConstantTimeEq as _;

/// A code a caller submitted. `Debug` shows the length only; comparison is constant-time.
#[derive(Clone)]
pub struct Code {
    digits: [u8; Self::MAX],
    len: u8,
}

/// Why a text is no code at all. The caller typed something else; it costs no attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CodeError {
    /// A character that is not an ASCII digit.
    #[error("a code has decimal digits only")]
    NotDecimal,
    /// Fewer than 4 or more than 10 digits.
    #[error("a code has 4 to 10 digits")]
    Length,
}

impl Code {
    /// Most digits that the truncation of RFC 4226 s.5.3 can give.
    pub const MAX: usize = 10;
    /// Fewest digits any token of this field shows.
    pub const MIN: usize = 4;

    /// Parses a text of the outside world: ASCII digits, nothing else, no blanks.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        if text.bytes().any(|c| !c.is_ascii_digit()) {
            return Err(CodeError::NotDecimal);
        }
        if !(Self::MIN..=Self::MAX).contains(&text.len()) {
            return Err(CodeError::Length);
        }
        let mut digits = [0; Self::MAX];
        digits.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        let len = u8::try_from(text.len()).map_err(|_| CodeError::Length)?;
        Ok(Self { digits, len })
    }

    /// How many digits were typed.
    pub fn len(&self) -> u8 {
        self.len
    }

    /// Never: a code has at least [`Self::MIN`] digits.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The digits as ASCII, for the frame to the HSM worker and for fingerprints. Never for a log.
    pub fn expose(&self) -> &[u8] {
        self.digits.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Constant-time equality with a code of the same length.
    pub fn matches(&self, other: &Self) -> bool {
        self.len == other.len && bool::from(self.digits.ct_eq(&other.digits))
    }

    /// The last `len` decimal digits of a value, zero-filled; at most [`Self::MAX`] of them.
    pub fn from_number(value: u64, len: u8) -> Self {
        let mut digits = [0; Self::MAX];
        let mut rest = value;
        let len = u8::try_from(Self::MAX).map_or(len, |most| len.min(most));
        for slot in digits.iter_mut().take(usize::from(len)).rev() {
            *slot = b'0'.saturating_add(u8::try_from(rest.rem_euclid(10)).unwrap_or(0));
            rest = rest.div_euclid(10);
        }
        Self { digits, len }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({} digits)", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_digits() {
        assert_eq!(format!("{:?}", Code::parse("755224").unwrap()), "Code(6 digits)");
    }

    #[test]
    fn only_ascii_digits_are_a_code() {
        assert_eq!(Code::parse("12345 ").unwrap_err(), CodeError::NotDecimal);
        assert_eq!(Code::parse("１２３４５６").unwrap_err(), CodeError::NotDecimal);
        assert_eq!(Code::parse("123").unwrap_err(), CodeError::Length);
        assert_eq!(Code::parse("12345678901").unwrap_err(), CodeError::Length);
    }

    #[test]
    fn zeros_are_filled_in() {
        assert!(Code::from_number(42, 6).matches(&Code::parse("000042").unwrap()));
    }
}
