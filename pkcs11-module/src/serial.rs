//! What can be a token's serial: the rule of the interface. What breaks it is not worth a request.
//!
//! Not responsible for whether there is such a token.

/// Characters of the longest serial.
const LONGEST: usize = 40;

/// What a fault says of a text that is none.
pub(crate) const RULE: &str =
    "is no serial: 1 to 40 letters, digits or -_.: beginning with a letter or digit";

pub(crate) fn is_serial(text: &str) -> bool {
    let inside = |c: u8| c.is_ascii_alphanumeric() || b"-_.:".contains(&c);
    text.len() <= LONGEST
        && text.bytes().all(inside)
        && text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_is_short_and_plain() {
        for serial in ["0", "A-1_2.3:4", &"1".repeat(40)] {
            assert!(is_serial(serial), "{serial}");
        }
        for other in ["", "-1", ":1", "a b", "割符", "../status", "a/b", &"1".repeat(41)] {
            assert!(!is_serial(other), "{other}");
        }
    }
}
