//! The public half of an RSA key pair as others read it: DER of SubjectPublicKeyInfo (RFC 5280
//! s.4.1.2.7, RFC 3279 s.2.3.1), written from its two numbers.
//!
//! Not responsible for: reading DER.

/// SEQUENCE { OBJECT IDENTIFIER rsaEncryption, NULL }.
const RSA: [u8; 15] =
    [0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

/// The DER of a public key, from big-endian numbers.
pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let numbers = [integer(modulus), integer(exponent)].concat();
    let mut bits = vec![0]; // no unused bits
    bits.extend(tagged(SEQUENCE, &numbers));
    tagged(SEQUENCE, &[RSA.to_vec(), tagged(BIT_STRING, &bits)].concat())
}

/// Shortest form (X.690 s.8.3.2), and never negative.
fn integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = number.get(zeros..).unwrap_or_default();
    let positive = digits.first().is_none_or(|first| *first >= 0x80);
    let mut bytes = if positive { vec![0] } else { Vec::new() };
    bytes.extend_from_slice(digits);
    tagged(INTEGER, &bytes)
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    let length = content.len().to_be_bytes();
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => bytes.push(short),
        _ => {
            let digits: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
            bytes.extend(u8::try_from(digits.len()).map(|count| 0x80 | count));
            bytes.extend(digits);
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_positive() {
        assert_eq!(integer(&[0, 0, 1]), [2, 1, 1]);
        assert_eq!(integer(&[0x80]), [2, 2, 0, 0x80]);
        assert_eq!(integer(&[0, 0]), [2, 1, 0]);
    }

    #[test]
    fn a_key_of_2048_bits_has_the_usual_length() {
        let der = rsa(&[0xFF; 256], &[1, 0, 1]);
        assert_eq!(der.len(), 294);
        assert_eq!(der[..4], [0x30, 0x82, 0x01, 0x22]);
        assert!(der.ends_with(&[0x02, 0x03, 1, 0, 1]));
    }
}
