//! How a serial looks that a person types from the back of a token.
//!
//! Not responsible for: serials inside seed files, which are whatever the maker wrote.

use thiserror::Error;

/// The rule for serials that people type.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SerialFormat {
    /// Fewest digits.
    pub min_digits: u8,
    /// Most digits.
    pub max_digits: u8,
    /// Lengths of the fields of the form, for texts and forms only; empty: one field.
    pub groups: Vec<u8>,
    /// It is typed twice.
    pub twice: bool,
    /// How the last digit follows from the others.
    pub check_digit: CheckDigit,
    /// Letters are allowed too (makers outside the banks' own range).
    pub letters: bool,
}

/// Rule of the last digit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CheckDigit {
    /// None.
    None,
    /// ISO/IEC 7064 MOD 11,10.
    Mod11_10,
}

/// What is wrong with a typed serial.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum SerialFault {
    /// Wrong number of characters.
    #[error("has the wrong number of digits")]
    Length,
    /// Something else than a digit.
    #[error("has a character that is not a digit")]
    Character,
    /// The last digit does not fit.
    #[error("is mistyped: its check digit does not fit")]
    CheckDigit,
    /// The two entries differ, or the second is missing.
    #[error("must be entered twice, the same both times")]
    Twice,
}

impl SerialFormat {
    /// Checks what was typed; `again` is the second entry.
    pub fn check(&self, typed: &str, again: Option<&str>) -> Result<(), SerialFault> {
        if !(usize::from(self.min_digits)..=usize::from(self.max_digits)).contains(&typed.len()) {
            return Err(SerialFault::Length);
        }
        if !self.letters && !typed.bytes().all(|c| c.is_ascii_digit()) {
            return Err(SerialFault::Character);
        }
        if self.check_digit == CheckDigit::Mod11_10 && !mod_11_10(typed) {
            return Err(SerialFault::CheckDigit);
        }
        match again {
            Some(again) if again != typed => Err(SerialFault::Twice),
            None if self.twice => Err(SerialFault::Twice),
            _ => Ok(()),
        }
    }
}

/// ISO/IEC 7064 hybrid system MOD 11,10 over all digits, the check digit last. False for anything
/// that is not digits.
pub fn mod_11_10(digits: &str) -> bool {
    let Some((last, front)) = digits.as_bytes().split_last() else { return false };
    mod_11_10_product(front)
        .is_some_and(|product| last.is_ascii_digit() && (product + digit(*last)) % 10 == 1)
}

/// The check digit that makes `front` followed by it pass [`mod_11_10`]; `None` where `front` is not
/// digits only.
pub fn mod_11_10_digit(front: &str) -> Option<char> {
    let product = mod_11_10_product(front.as_bytes())?;
    char::from_digit((11 - product) % 10, 10)
}

/// The running product of ISO/IEC 7064 after all digits of `front`: 1 to 10.
fn mod_11_10_product(front: &[u8]) -> Option<u32> {
    front.iter().try_fold(10, |product, c| {
        let sum = (c.is_ascii_digit().then(|| digit(*c))? + product) % 10;
        Some((if sum == 0 { 10 } else { sum }) * 2 % 11)
    })
}

fn digit(c: u8) -> u32 {
    u32::from(c.wrapping_sub(b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format() -> SerialFormat {
        SerialFormat {
            min_digits: 8,
            max_digits: 12,
            groups: Vec::new(),
            twice: false,
            check_digit: CheckDigit::None,
            letters: false,
        }
    }

    #[test]
    fn eight_to_twelve_digits() {
        assert_eq!(format().check("1234567", None), Err(SerialFault::Length));
        assert_eq!(format().check("12345678", None), Ok(()));
        assert_eq!(format().check("101109980021", None), Ok(()));
        assert_eq!(format().check("1011099800210", None), Err(SerialFault::Length));
        assert_eq!(format().check("1234567a", None), Err(SerialFault::Character));
    }

    #[test]
    fn typed_twice() {
        let format = SerialFormat { twice: true, ..format() };
        assert_eq!(format.check("12345678", None), Err(SerialFault::Twice));
        assert_eq!(format.check("12345678", Some("12345679")), Err(SerialFault::Twice));
        assert_eq!(format.check("12345678", Some("12345678")), Ok(()));
    }

    #[test]
    fn a_check_digit_catches_every_single_typing_error() {
        let format = SerialFormat { check_digit: CheckDigit::Mod11_10, ..format() };
        assert_eq!(format.check("0112345679", None), Ok(()));
        for place in 0..10 {
            for digit in b'0'..=b'9' {
                let mut typed = *b"0112345679";
                typed[place] = digit;
                let typed = std::str::from_utf8(&typed).unwrap();
                assert_eq!(format.check(typed, None).is_ok(), typed == "0112345679", "{typed}");
            }
        }
    }

    #[test]
    fn a_computed_check_digit_passes_and_is_the_only_one() {
        for front in ["0794", "011234567", "000000000", "999999999", "00112345678", "99999999999"] {
            let right = mod_11_10_digit(front).unwrap();
            for digit in '0'..='9' {
                assert_eq!(mod_11_10(&format!("{front}{digit}")), digit == right, "{front}{digit}");
            }
        }
    }

    #[test]
    fn what_is_not_digits_has_no_check_digit() {
        assert!(!mod_11_10("") && !mod_11_10("07945x") && !mod_11_10("x7945") && !mod_11_10("０"));
        assert_eq!(mod_11_10_digit("0 794"), None);
    }
}
