//! What a QR code says: `TXA1:` and the message in Base45, in alphanumeric mode.
//!
//! Not responsible for: the picture, or blanks around a text that somebody pasted.

use thiserror::Error;

use crate::{
    base45::{self, Base45Error},
    frame,
};

/// Marks a text as a message of this protocol.
pub const PREFIX: &str = "TXA1:";

/// Characters of the longest message: what a QR code of version 15, level M, holds.
pub const MAX_CHARS: usize = PREFIX.len() + frame::MAX_MESSAGE.div_ceil(2) * 3;

/// Why a scanned text is no message. Nothing of it was used.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum QrTextError {
    /// A QR code of something else: show the right one.
    #[error("does not begin with TXA1:")]
    Foreign,
    /// More than a QR code of this protocol holds.
    #[error("is longer than any message")]
    TooLong,
    /// Damaged on the way: scan again.
    #[error("is not Base45 after its prefix")]
    Base45(#[from] Base45Error),
}

/// The text for a message.
pub fn encode(message: &[u8]) -> String {
    format!("{PREFIX}{}", base45::encode(message))
}

/// The message in a text. Blanks and small letters are faults: no QR code of ours has them.
pub fn decode(text: &str) -> Result<Vec<u8>, QrTextError> {
    let message = text.strip_prefix(PREFIX).ok_or(QrTextError::Foreign)?;
    if text.len() > MAX_CHARS {
        return Err(QrTextError::TooLong);
    }
    Ok(base45::decode(message)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_message_fills_version_15_at_level_m() {
        // ISO/IEC 18004 table 7: 600 alphanumeric characters. One byte more needs 601 or 602.
        assert_eq!(MAX_CHARS, 599);
        assert!(encode(&[0; frame::MAX_MESSAGE + 1]).len() > 600);
        assert_eq!(decode(&encode(&[7; frame::MAX_MESSAGE])), Ok(vec![7; frame::MAX_MESSAGE]));
    }

    #[test]
    fn other_texts_are_told_apart_from_damaged_ones() {
        assert_eq!(decode("https://example.jp/"), Err(QrTextError::Foreign));
        assert_eq!(decode("txa1:BB8"), Err(QrTextError::Foreign));
        let damaged = QrTextError::Base45(Base45Error::Character(2));
        assert_eq!(decode("TXA1:BB?"), Err(damaged));
        assert_eq!(decode(&format!("TXA1:{}", "0".repeat(597))), Err(QrTextError::TooLong));
    }
}
