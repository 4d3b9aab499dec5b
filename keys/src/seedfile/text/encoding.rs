//! Octets written as text: hexadecimal, base32, base64, modhex. Strict, so that no two texts are one seed by
//! accident.
//!
//! Which encoding a column has is a property of the format, never guessed from the data. Not
//! responsible for lengths of secrets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::seedfile::code::Code;
use crate::seedfile::options::SecretEncoding;
use crate::seedfile::refusal::Refusal;

/// Digits of modhex, in order.
const MODHEX: &[u8; 16] = b"cbdefghijklnrtuv";

/// In the encoding that the format or the officer names.
pub(in crate::seedfile) fn decode(
    encoding: SecretEncoding,
    text: &str,
    field: &'static str,
) -> Result<Secret, Refusal> {
    match encoding {
        SecretEncoding::Hex => hex(text, field),
        SecretEncoding::Base32 => base32(text, field),
        SecretEncoding::Base64 => base64(text, field),
    }
}

/// Hexadecimal, an even number of digits, either case.
pub(in crate::seedfile) fn hex(text: &str, field: &'static str) -> Result<Secret, Refusal> {
    let rule = "an even number of hexadecimal digits and nothing else";
    let refuse = || Refusal::new(Code::Hex, field, rule);
    if !text.len().is_multiple_of(2) {
        return Err(refuse());
    }
    let mut made = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.as_bytes().chunks_exact(2) {
        let [high, low] = *pair else { return Err(refuse()) };
        let (Some(high), Some(low)) = (hex_digit(high), hex_digit(low)) else {
            return Err(refuse());
        };
        made.push((high << 4) | low);
    }
    Ok(Secret::new(std::mem::take(&mut *made)))
}

const fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Base64 (RFC 4648 s.4), padded, the bits behind the last octet zero.
pub(in crate::seedfile) fn base64(text: &str, field: &'static str) -> Result<Secret, Refusal> {
    let rule = "canonical base64 (RFC 4648), nothing between its characters";
    let refuse = || Refusal::new(Code::Base64, field, rule);
    let mut made = Zeroizing::new(vec![0; text.len()]);
    let len = STANDARD.decode_slice(text, &mut made).map_err(|_| refuse())?;
    made.get(..len).map(|octets| Secret::new(octets.to_vec())).ok_or_else(refuse)
}

/// Base32 (RFC 4648 s.6) in either case, padded or not; the bits behind the last octet are zero.
pub(in crate::seedfile) fn base32(text: &str, field: &'static str) -> Result<Secret, Refusal> {
    let rule = "canonical base32 (RFC 4648): letters and 2 to 7, nothing between them";
    let refuse = || Refusal::new(Code::Base32, field, rule);
    let digits = text.trim_end_matches('=');
    let padding = text.len().saturating_sub(digits.len());
    let whole = digits.len().next_multiple_of(8).saturating_sub(digits.len());
    if padding != 0 && padding != whole {
        return Err(refuse());
    }
    let (mut bits, mut held) = (0_u32, 0_u8);
    let mut made = Zeroizing::new(Vec::with_capacity(digits.len()));
    for digit in digits.bytes() {
        bits = (bits << 5) | base32_digit(digit).ok_or_else(refuse)?;
        held += 5;
        if held >= 8 {
            held -= 8;
            made.push(u8::try_from((bits >> held) & 0xFF).unwrap_or_default());
            bits &= (1 << held) - 1;
        }
    }
    // 1, 3 or 6 characters over are no whole octet; bits left must be zero and fewer than a character.
    if held >= 5 || bits != 0 || made.is_empty() {
        return Err(refuse());
    }
    Ok(Secret::new(std::mem::take(&mut *made)))
}

/// Value in the alphabet of RFC 4648 s.6.
fn base32_digit(digit: u8) -> Option<u32> {
    match digit {
        b'A'..=b'Z' => Some(u32::from(digit - b'A')),
        b'a'..=b'z' => Some(u32::from(digit - b'a')),
        b'2'..=b'7' => Some(u32::from(digit - b'2') + 26),
        _ => None,
    }
}

/// Modhex, an even number of digits.
pub(in crate::seedfile) fn modhex(text: &str, field: &'static str) -> Result<Vec<u8>, Refusal> {
    let refuse = || Refusal::new(Code::Modhex, field, "an even number of modhex digits");
    let digit = |byte: u8| {
        let place = MODHEX.iter().position(|c| *c == byte.to_ascii_lowercase());
        place.and_then(|place| u8::try_from(place).ok()).ok_or_else(refuse)
    };
    let bytes = text.as_bytes();
    if bytes.is_empty() || !bytes.len().is_multiple_of(2) {
        return Err(refuse());
    }
    bytes
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Ok((digit(*high)? << 4) | digit(*low)?),
            _ => Err(refuse()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn b32(text: &str) -> Option<Vec<u8>> {
        base32(text, "key").ok().map(|secret| secret.expose().to_vec())
    }

    #[test]
    fn base32_of_the_rfc_and_nothing_looser() {
        for (text, octets) in [
            ("MY======", "f"),
            ("MZXQ====", "fo"),
            ("MZXW6===", "foo"),
            ("MZXW6YQ=", "foob"),
            ("MZXW6YTB", "fooba"),
            ("mzxw6ytboi======", "foobar"),
            ("MZXW6YTBOI", "foobar"),
        ] {
            assert_eq!(b32(text).unwrap(), octets.as_bytes(), "{text}");
        }
        for bad in ["", "M", "MZ=", "MZXW6YTBO", "MB======", "MZ XW", "M1XW", "MZXW8===", "===="] {
            assert_eq!(b32(bad), None, "{bad}");
        }
    }

    #[test]
    fn hexadecimal_is_digits_only() {
        assert_eq!(hex("00ffAB", "key").unwrap().expose(), [0, 0xFF, 0xAB]);
        for bad in ["0", "0x00", "1j", " 00", "０0"] {
            assert_eq!(hex(bad, "key").unwrap_err().code, Code::Hex, "{bad}");
        }
    }

    #[test]
    fn base64_is_canonical_and_padded() {
        assert_eq!(base64("Zm9vYg==", "key").unwrap().expose(), b"foob");
        for bad in ["Zm9vYg", "Zm9vYh==", "Zm9v Yg==", "Zm9vYg==\n", "Zm9v-g=="] {
            assert_eq!(base64(bad, "key").unwrap_err().code, Code::Base64, "{bad}");
        }
    }

    #[test]
    fn modhex_is_hexadecimal_in_other_letters() {
        assert_eq!(modhex("cbdevu", "id").unwrap(), [0x01, 0x23, 0xFE]);
        for bad in ["", "c", "ca", "c "] {
            assert_eq!(modhex(bad, "id").unwrap_err().code, Code::Modhex, "{bad}");
        }
    }
}
