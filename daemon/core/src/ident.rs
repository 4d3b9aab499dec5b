//! Names of things: parsed once at the edge, trusted everywhere behind it.

use std::fmt;

use thiserror::Error;

/// Why a text is not a name of the kind asked for.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum IdentError {
    /// Nothing was given.
    #[error("is empty")]
    Empty,
    /// Longer than the kind allows.
    #[error("is longer than {0} characters")]
    TooLong(usize),
    /// A character outside the allowed set, or an edge character where only letters and digits may stand.
    #[error("has a character outside the allowed set at position {0}")]
    Character(usize),
}

macro_rules! ident {
    ($(#[$doc:meta])* $name:ident, $max:expr, $inner:expr) => {
        $(#[$doc])*
        #[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(String);

        impl $name {
            /// Longest accepted text, in characters (all are one byte).
            pub const MAX: usize = $max;

            /// Parses a text of the outside world.
            pub fn parse(text: &str) -> Result<Self, IdentError> {
                check(text, Self::MAX, $inner)?;
                Ok(Self(text.to_owned()))
            }

            /// The text as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

ident!(
    /// A bank, the tenant: lower-case letters, digits and `-`. Part of every stored key.
    Institution, 32, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-'
);
ident!(
    /// A token's serial number as printed on it: text, never a number, so leading zeros stay.
    ///
    /// Letters, digits and `-_.:` inside; the first character is a letter or digit, so that no
    /// serial can be read as a formula by a spreadsheet or as an option by a shell.
    Serial, 40, |c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.' | b':')
);
ident!(
    /// Name of a caller, a batch, an import job or a transport key.
    Name, 64, |c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.' | b'@')
);

ident!(
    /// A corporate customer (契約先) of an institution, as the bank's own systems name it.
    ContractId, 32, |c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.')
);
ident!(
    /// A user (利用者) of a contract, as the bank's own systems name them. Unique within the contract.
    UserId, 32, |c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.' | b'@')
);

fn check(text: &str, max: usize, allowed: fn(u8) -> bool) -> Result<(), IdentError> {
    if text.is_empty() {
        return Err(IdentError::Empty);
    }
    if text.len() > max {
        return Err(IdentError::TooLong(max));
    }
    let bad = text
        .bytes()
        .enumerate()
        .position(|(i, c)| !allowed(c) || (i == 0 && !c.is_ascii_alphanumeric()));
    bad.map_or(Ok(()), |at| Err(IdentError::Character(at)))
}

/// What a stored token is found by. A token of one institution can not be named by another.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TokenId {
    /// The bank that owns the token.
    pub institution: Institution,
    /// The serial, unique within the institution.
    pub serial: Serial,
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.institution, self.serial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_keeps_leading_zeros_and_refuses_formulas() {
        assert_eq!(Serial::parse("00123456").unwrap().as_str(), "00123456");
        assert_eq!(Serial::parse("=1+1"), Err(IdentError::Character(0)));
        assert_eq!(Serial::parse("-12345678"), Err(IdentError::Character(0)));
        assert_eq!(Serial::parse(""), Err(IdentError::Empty));
        assert_eq!(Serial::parse("1234 5678"), Err(IdentError::Character(4)));
        assert_eq!(Serial::parse(&"1".repeat(41)), Err(IdentError::TooLong(40)));
    }

    #[test]
    fn an_institution_is_lower_case() {
        assert!(Institution::parse("bank-000").is_ok());
        assert_eq!(Institution::parse("Bank"), Err(IdentError::Character(0)));
    }
}
