//! Texts that a token can show: of a known set of characters and a bounded length.
//!
//! Not responsible for: which characters a bank allows beyond that.

use std::fmt;

use thiserror::Error;
use warifu_core::kana::{self, KanaFault};

/// Why a text can not stand in a message. Tell whoever entered it.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum TextFault {
    /// Empty, blanks only, or longer than the field.
    #[error("is empty or longer than {0} characters")]
    Length(usize),
    /// A character that a token can not show.
    #[error("has a character that a token can not show")]
    Character(#[source] KanaFault),
    /// A byte that is no character of JIS X 0201, or for a login ID not of printable ASCII.
    #[error("has a byte that is no character")]
    Byte,
}

macro_rules! jis {
    ($(#[$doc:meta])* $name:ident, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, PartialEq)]
        pub struct $name(String);

        impl $name {
            /// Most characters; each is one byte in a message.
            pub const MAX: usize = $max;

            /// Takes a text of the outside world. Nothing is converted but `\`, which JIS X 0201
            /// shows as `¥`.
            pub fn from_text(text: &str) -> Result<Self, TextFault> {
                Self::from_jis(&kana::to_jis(text).map_err(TextFault::Character)?)
            }

            /// Takes the bytes of a message or of a payment file.
            pub fn from_jis(bytes: &[u8]) -> Result<Self, TextFault> {
                check_length(bytes, Self::MAX)?;
                kana::from_jis(bytes).map(Self).ok_or(TextFault::Byte)
            }

            /// As a token shows it.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The bytes in a message.
            pub fn jis(&self) -> Vec<u8> {
                self.0.chars().filter_map(kana::byte).collect()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

jis!(
    /// Name of a payee (受取人名), half-width kana and ASCII.
    JisName, 30
);
jis!(
    /// What an administrative operation does, half-width kana and ASCII.
    AdminText, 60
);

/// Who a user is, as they log in: printable ASCII, so that two IDs never look alike.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct LoginId(String);

impl LoginId {
    /// Most characters; each is one byte in a message.
    pub const MAX: usize = 30;

    /// Takes a text of the outside world. Nothing is converted.
    pub fn from_text(text: &str) -> Result<Self, TextFault> {
        Self::from_bytes(text.as_bytes())
    }

    /// Takes the bytes of a message.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TextFault> {
        check_length(bytes, Self::MAX)?;
        let printable = bytes.iter().all(|c| c.is_ascii_graphic() || *c == b' ');
        let text = printable.then(|| bytes.iter().copied().map(char::from).collect());
        text.map(Self).ok_or(TextFault::Byte)
    }

    /// As a token shows it, which is also what stands in a message.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LoginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_length(bytes: &[u8], most: usize) -> Result<(), TextFault> {
    let blank = bytes.iter().all(|byte| *byte == b' ');
    if blank || bytes.len() > most { Err(TextFault::Length(most)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_bytes() {
        let name = JisName::from_text("ｶ)ｱｵｿﾗ").unwrap();
        assert_eq!(name.jis(), [0xB6, 0x29, 0xB1, 0xB5, 0xBF, 0xD7]);
        assert_eq!(JisName::from_jis(&name.jis()), Ok(name));
    }

    #[test]
    fn nothing_is_shown_blank_or_cut() {
        for text in ["", "   "] {
            assert_eq!(JisName::from_text(text), Err(TextFault::Length(30)));
            assert_eq!(LoginId::from_text(text), Err(TextFault::Length(30)));
        }
        assert!(JisName::from_text(&"ｱ".repeat(30)).is_ok());
        assert_eq!(JisName::from_text(&"ｱ".repeat(31)), Err(TextFault::Length(30)));
        assert_eq!(AdminText::from_text(&"A".repeat(61)), Err(TextFault::Length(60)));
    }

    #[test]
    fn other_characters_are_refused_and_not_converted() {
        assert!(matches!(JisName::from_text("ア"), Err(TextFault::Character(_))));
        assert_eq!(JisName::from_jis(b"A\nB\n"), Err(TextFault::Byte));
        assert_eq!(LoginId::from_text("ICHIRO¥"), Err(TextFault::Byte));
        assert_eq!(LoginId::from_text("a\tb"), Err(TextFault::Byte));
        assert_eq!(LoginId::from_text("A\\B").unwrap().as_str(), "A\\B");
    }
}
