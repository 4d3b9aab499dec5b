//! Packed decimal digits: two to a byte, the first in the high half.
//!
//! Not responsible for: how many of the digits a field may use.

/// The number that the digits spell; `None` where a half byte is above 9.
pub(crate) fn number(bytes: &[u8]) -> Option<u64> {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]).try_fold(0_u64, |sum, digit| {
        let digit = (digit <= 9).then_some(u64::from(digit))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

/// The last `2 * N` digits of a number, zeros filled in.
pub(crate) fn pack<const N: usize>(number: u64) -> [u8; N] {
    let mut packed = [0; N];
    let mut rest = number;
    for byte in packed.iter_mut().rev() {
        let pair = u8::try_from(rest % 100).unwrap_or(0);
        *byte = (pair / 10) << 4 | (pair % 10);
        rest /= 100;
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_come_back() {
        assert_eq!(pack::<2>(144), [0x01, 0x44]);
        assert_eq!(number(&[0x01, 0x44]), Some(144));
        assert_eq!(number(&pack::<4>(99_999_999)), Some(99_999_999));
    }

    #[test]
    fn what_is_no_digit_is_no_number() {
        assert_eq!(number(&[0x0A]), None);
        assert_eq!(number(&[0xF0]), None);
    }
}
