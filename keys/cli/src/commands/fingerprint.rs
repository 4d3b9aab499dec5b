//! Fingerprints of what a second person decides about: as an option, or compared at the terminal.
//!
//! Not responsible for: what they are made over; the server compares the whole of them.

use warifu_api::Language;

use crate::{
    exit::{Exit, Failure},
    input,
    output::{Output, grouped},
};

/// Digits at the beginning and at the end that a person types.
const TYPED: usize = 4;

/// A whole fingerprint from the command line; groups may be apart.
pub(crate) fn parse(text: &str) -> Result<String, String> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let fits = digits.len() == 64 && digits.chars().all(|c| c.is_ascii_hexdigit());
    if fits { Ok(digits.to_ascii_lowercase()) } else { Err("64 hexadecimal digits".to_owned()) }
}

/// Has a person compare the fingerprint, after `shown` was put before them: they type its beginning
/// and its end from what they got by another way.
pub(crate) fn compare(fingerprint: &str, shown: &str, out: Output) -> Result<(), Failure> {
    let missing = || {
        let message = "give --fingerprint: there is nobody at a terminal to compare it";
        Failure::new(Exit::Usage, message)
    };
    if out.is_json() {
        return Err(missing());
    }
    eprintln!("{}", shown.trim_end());
    eprintln!("\n{}", grouped(fingerprint));
    let typed = input::asked(question(out.language()))?.ok_or_else(missing)?;
    if matches(fingerprint, &typed) {
        return Ok(());
    }
    let message = match out.language() {
        Language::En => "the digits differ; nothing was decided",
        Language::Ja => "指紋が一致しません。何も決定していません",
    };
    Err(Failure::new(Exit::Refused, message))
}

const fn question(language: Language) -> &'static str {
    match language {
        Language::En => {
            "Compare the fingerprint with what its proposer gave you, and type its first and last \
             4 digits"
        }
        Language::Ja => "申請者から受け取った指紋と照合し、最初と最後の4桁を入力してください",
    }
}

/// Whether the digits are the first and the last of the fingerprint; all of it will do as well.
fn matches(fingerprint: &str, typed: &str) -> bool {
    let typed: String = typed.chars().filter(char::is_ascii_hexdigit).collect();
    let Some((first, last)) = typed.split_at_checked(TYPED) else { return false };
    if typed.len() != 2 * TYPED {
        return typed.eq_ignore_ascii_case(fingerprint);
    }
    let same = |part: Option<&str>, digits: &str| {
        part.is_some_and(|part| part.eq_ignore_ascii_case(digits))
    };
    let end = fingerprint.len().checked_sub(TYPED);
    same(fingerprint.get(..TYPED), first) && same(end.and_then(|end| fingerprint.get(end..)), last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_compared() {
        let fingerprint = format!("00ff{}12ab", "5".repeat(56));
        for right in ["00ff12ab", "00FF 12AB", "00ff ... 12ab", fingerprint.as_str()] {
            assert!(matches(&fingerprint, right), "{right}");
        }
        for wrong in ["", "00ff", "00ff12ac", "10ff12ab", "00ff512ab", "12ab00ff", "割符00ff12a"]
        {
            assert!(!matches(&fingerprint, wrong), "{wrong}");
        }
        assert!(!matches("00", "00000000"), "one that is too short matches nothing");
    }

    #[test]
    fn a_fingerprint_is_whole_or_none() {
        let groups = "00FF 12ab ".repeat(8);
        assert_eq!(parse(&groups).unwrap(), "00ff12ab".repeat(8));
        assert!(parse("00ff12ab").is_err());
        assert!(parse(&"0".repeat(65)).is_err());
    }
}
