//! Values of one column as every text format writes them: serials, words, integers, names.
//!
//! Strict, and in ASCII: what a spreadsheet or a program has spoilt is refused, never repaired. Not
//! responsible for secrets (see `encoding`) nor for ranges, which `row` has.

use warifu_core::ident::Serial;

use crate::seedfile::code::Code;
use crate::seedfile::record::Algorithm;
use crate::seedfile::refusal::Refusal;

/// Longest name of a maker or issuer.
const MAX_LABEL: usize = 256;

/// Characters beyond which no heading goes.
const LONGEST_HEADING: usize = 24;

/// What makers write above columns, in lower case and without blanks or dashes.
const HEADINGS: &[&str] = &[
    "serial",
    "serialnumber",
    "serialno",
    "sn",
    "tokenserial",
    "tokenserialnumber",
    "tokenid",
    "token",
    "key",
    "seed",
    "secret",
    "secretkey",
    "secrethex",
    "seedhex",
    "otpkey",
    "hmackey",
    "tokenkey",
    "upn",
    "username",
    "manufacturer",
    "vendor",
    "timeinterval",
    "tokenserialno",
];

/// A serial as printed on the token. What a spreadsheet made of a long number is told apart.
pub(super) fn serial(text: &str, field: &'static str) -> Result<Serial, Refusal> {
    if is_scientific(text) {
        let rule =
            "a serial as printed on the token, not in the scientific notation of a spreadsheet";
        return Err(Refusal::new(Code::SerialSci, field, rule));
    }
    Serial::parse(text).map_err(|error| {
        let rule = format!(
            "a serial has 1 to {} letters, digits or -_.: and begins with a letter or digit; this one {error}",
            Serial::MAX
        );
        Refusal::new(Code::Serial, field, rule)
    })
}

/// `7.00E+11`, `7E+11`, `7,00E11`: a fraction or a signed exponent is never part of a serial.
fn is_scientific(text: &str) -> bool {
    let Some((front, exponent)) = text.split_once(['e', 'E']) else { return false };
    let (whole, fraction) = front.split_once(['.', ',']).unwrap_or((front, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let power = exponent.strip_prefix(['+', '-']);
    (power.is_some() || whole.len() < front.len())
        && !whole.is_empty()
        && !exponent.is_empty()
        && [whole, fraction, power.unwrap_or(exponent)].into_iter().all(digits)
}

/// How codes are made, in a word.
pub(super) fn algorithm(text: &str, field: &'static str) -> Result<Algorithm, Refusal> {
    let all = [Algorithm::Hotp, Algorithm::Totp, Algorithm::Ocra];
    let rule = "HOTP, TOTP or OCRA; tokens of another kind can not be verified";
    all.into_iter()
        .find(|one| one.name().eq_ignore_ascii_case(text))
        .ok_or_else(|| Refusal::new(Code::Alg, field, rule))
}

/// A decimal integer in ASCII; other scripts have digits too, and some readers take them.
pub(in crate::seedfile) fn integer(text: &str, field: &'static str) -> Result<i64, Refusal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let read = if is_plain { text.parse().ok() } else { None };
    read.ok_or_else(|| Refusal::new(Code::Int, field, "a decimal integer of at most 64 bits"))
}

/// Whether a field stands above a column rather than in it.
pub(in crate::seedfile) fn is_heading(field: &str) -> bool {
    HEADINGS.contains(&word(field).as_str())
}

/// A heading without blanks and dashes, in lower case.
pub(super) fn word(heading: &str) -> String {
    let letters = heading.chars().filter(|c| !matches!(c, ' ' | '\t' | '-' | '_' | '.'));
    letters.map(|c| c.to_ascii_lowercase()).take(LONGEST_HEADING).collect()
}

/// A line of headings where the format has none: it would be read as a token.
pub(in crate::seedfile) fn unexpected_header() -> Refusal {
    let rule = "rows only: this format has no line of headings";
    Refusal::new(Code::Header, "line", rule)
}

/// A name for people: of bounded length, without characters that hide or turn text round. Empty is
/// left out.
pub(in crate::seedfile) fn label(
    text: &str,
    field: &'static str,
) -> Result<Option<String>, Refusal> {
    if text.chars().count() > MAX_LABEL {
        return Err(Refusal::new(Code::LimitText, field, "at most 256 characters").for_token());
    }
    if text.chars().any(|c| c.is_control() || is_invisible(c)) {
        let rule = "no control or text-direction characters";
        return Err(Refusal::new(Code::Schema, field, rule).for_token());
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_spoils_is_told_apart() {
        for text in ["7.00E+11", "7E+11", "1,23e10", "4.5E-3"] {
            assert_eq!(serial(text, "serial").unwrap_err().code, Code::SerialSci, "{text}");
        }
        for text in ["12E4", "700E11", "1E", "E+1", "0012", "C200-1"] {
            assert!(serial(text, "serial").map_or_else(|e| e.code == Code::Serial, |_| true));
        }
        for text in ["", "=1+1", "+1", "-1", "@a", "1 2", "１２"] {
            assert_eq!(serial(text, "serial").unwrap_err().code, Code::Serial, "{text}");
        }
    }

    #[test]
    fn integers_are_ascii_digits() {
        assert_eq!(integer("007", "n").unwrap(), 7);
        assert_eq!(integer("-1", "n").unwrap(), -1);
        for text in ["", "-", "+6", "６", "6.0", "0x6", " 6", "99999999999999999999"] {
            assert_eq!(integer(text, "n").unwrap_err().code, Code::Int, "{text}");
        }
    }

    #[test]
    fn names_are_bounded_and_visible() {
        assert_eq!(
            label("株式会社トークン", "maker").unwrap().as_deref(),
            Some("株式会社トークン")
        );
        assert_eq!(label("", "maker").unwrap(), None);
        assert_eq!(label("a\u{202E}b", "maker").unwrap_err().code, Code::Schema);
        assert_eq!(label(&"x".repeat(257), "maker").unwrap_err().code, Code::LimitText);
    }

    #[test]
    fn headings_are_known_in_every_spelling() {
        for text in ["Serial Number", "serial_number", " SECRET-KEY ", "upn"] {
            assert!(is_heading(text), "{text}");
        }
        assert!(!is_heading("T1") && !is_heading(""));
    }
}
