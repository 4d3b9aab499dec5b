//! The number on the back of a camera token, as it stands in every message.
//!
//! Not responsible for: which serials a bank accepts when people type them (`warifu_core::rules`).
//! The check digit is not demanded here: a token compares the whole number with its own.

use std::fmt;

use warifu_core::rules;

use crate::bcd;

/// Ten decimal digits, packed.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DeviceSerial([u8; Self::LEN]);

impl DeviceSerial {
    /// Bytes in a message.
    pub const LEN: usize = 5;
    /// Digits as printed.
    pub const DIGITS: usize = 10;

    /// `None` where a half byte is above 9.
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Option<Self> {
        bcd::number(&bytes).map(|_| Self(bytes))
    }

    /// Ten ASCII digits and nothing else.
    pub fn from_text(text: &str) -> Option<Self> {
        let fits = text.len() == Self::DIGITS && text.bytes().all(|c| c.is_ascii_digit());
        Some(Self(bcd::pack(fits.then(|| text.parse().ok())??)))
    }

    /// The packed digits.
    pub const fn bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// Whether the last digit is the ISO/IEC 7064 MOD 11,10 check digit of the others.
    pub fn has_check_digit(&self) -> bool {
        rules::mod_11_10(&self.to_string())
    }
}

impl fmt::Display for DeviceSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_agree() {
        let serial = DeviceSerial::from_text("0112345679").unwrap();
        assert_eq!(serial.bytes(), &[0x01, 0x12, 0x34, 0x56, 0x79]);
        assert_eq!(DeviceSerial::from_bytes(*serial.bytes()), Some(serial));
        assert_eq!(serial.to_string(), "0112345679");
        assert!(serial.has_check_digit());
        assert!(!DeviceSerial::from_text("0112345678").unwrap().has_check_digit());
    }

    #[test]
    fn other_texts_and_bytes_are_no_serial() {
        for text in ["", "011234567", "01123456790", "011234567a", "+112345679", "０112345679"] {
            assert_eq!(DeviceSerial::from_text(text), None, "{text}");
        }
        assert_eq!(DeviceSerial::from_bytes([0, 0, 0, 0, 0x0A]), None);
    }
}
