//! Base45 (RFC 9285): bytes as characters that a QR code packs densely and every decoder gives back
//! unchanged, which bytes are not.
//!
//! Strict: no other characters, no blanks, no group that [`encode`] would not write. Not responsible
//! for: lengths and prefixes (`qr_text`).

use thiserror::Error;

/// Why a text is not Base45. Nothing of it was used; scan or paste again.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Base45Error {
    /// A character that Base45 does not have, at this byte.
    #[error("has a character that Base45 does not know at byte {0}")]
    Character(usize),
    /// One character is left over: groups have three, the last one two or three.
    #[error("ends in the middle of a group")]
    Length,
    /// The group that begins at this byte is above 65535, or above 255 for the last two characters.
    #[error("has a group that is too large at byte {0}")]
    Overflow(usize),
}

/// RFC 9285 s.4: two bytes become three characters, a last single byte two.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(2) * 3);
    let (pairs, rest) = bytes.as_chunks::<2>();
    for pair in pairs {
        push(&mut text, u16::from_be_bytes(*pair), 3);
    }
    for byte in rest {
        push(&mut text, u16::from(*byte), 2);
    }
    text
}

/// The bytes that [`encode`] writes as this text, if there are such.
pub fn decode(text: &str) -> Result<Vec<u8>, Base45Error> {
    let mut bytes = Vec::with_capacity(text.len() / 3 * 2 + 1);
    for (group, start) in text.as_bytes().chunks(3).zip((0..).step_by(3)) {
        let value = group_value(group, start)?;
        match group.len() {
            3 => bytes.extend(narrow::<u16>(value, start)?.to_be_bytes()),
            2 => bytes.push(narrow(value, start)?),
            _ => return Err(Base45Error::Length),
        }
    }
    Ok(bytes)
}

const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// Appends the digits of `value` in base 45, the least significant first.
fn push(text: &mut String, value: u16, digits: usize) {
    let mut rest = usize::from(value);
    for _ in 0..digits {
        text.extend(ALPHABET.get(rest % ALPHABET.len()).copied().map(char::from));
        rest /= ALPHABET.len();
    }
}

/// The number that a group spells, the least significant digit first.
fn group_value(group: &[u8], start: usize) -> Result<u32, Base45Error> {
    let places = group.iter().zip(start..).zip([1, 45, 45 * 45]);
    places.map(|((c, place), weight)| Ok(digit(*c, place)? * weight)).sum()
}

fn digit(c: u8, place: usize) -> Result<u32, Base45Error> {
    let digit = (0..).zip(ALPHABET).find_map(|(digit, known)| (*known == c).then_some(digit));
    digit.ok_or(Base45Error::Character(place))
}

fn narrow<T: TryFrom<u32>>(value: u32, start: usize) -> Result<T, Base45Error> {
    T::try_from(value).map_err(|_| Base45Error::Overflow(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_9285() {
        for (bytes, text) in [("AB", "BB8"), ("Hello!!", "%69 VD92EX0"), ("ietf!", "QED8WEX0")] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Ok(bytes.as_bytes()));
        }
    }

    #[test]
    fn what_encode_would_not_write_is_refused() {
        assert_eq!(decode("GGW"), Err(Base45Error::Overflow(0))); // RFC 9285 s.6: 65536
        assert_eq!(decode("BB8:::"), Err(Base45Error::Overflow(3)));
        assert_eq!(decode("BB8V5"), Err(Base45Error::Overflow(3))); // 256 in two characters
        assert_eq!(decode("BB80"), Err(Base45Error::Length));
        assert_eq!(decode("bB8"), Err(Base45Error::Character(0)));
        assert_eq!(decode("BB8\n"), Err(Base45Error::Character(3)));
        assert_eq!(decode("BBé"), Err(Base45Error::Character(2)));
    }
}
