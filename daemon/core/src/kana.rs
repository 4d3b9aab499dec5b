//! Half-width kana: the bytes of JIS X 0201 that banks write names with, and the characters that
//! people see.
//!
//! Not responsible for: which of these characters a bank allows in a name, or full-width text, which
//! is refused and never converted: a name that was changed in silence is not the name that was
//! entered.

/// A character that JIS X 0201 does not have.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("character {place} (U+{:04X}) is neither half-width kana nor a plain ASCII character", u32::from(*character))]
pub struct KanaFault {
    /// Which character, counted from 1.
    pub place: usize,
    /// The character itself.
    pub character: char,
}

/// The byte of each character. `\` and `¥` are both 5C, which JIS X 0201 shows as a yen sign.
pub fn to_jis(text: &str) -> Result<Vec<u8>, KanaFault> {
    (1..)
        .zip(text.chars())
        .map(|(place, character)| byte(character).ok_or(KanaFault { place, character }))
        .collect()
}

/// The character of each byte; `None` where a byte is a control character or has no meaning.
pub fn from_jis(bytes: &[u8]) -> Option<String> {
    bytes.iter().map(|&byte| character(byte)).collect()
}

/// The byte that JIS X 0201 has for a character, if it has one.
pub fn byte(character: char) -> Option<u8> {
    match character {
        '¥' => Some(YEN),
        ' '..='~' => u8::try_from(character).ok(),
        '\u{FF61}'..='\u{FF9F}' => u8::try_from(u32::from(character) - KANA).ok(),
        _ => None,
    }
}

/// The character that a byte stands for, if it stands for one.
pub fn character(byte: u8) -> Option<char> {
    match byte {
        YEN => Some('¥'),
        b' '..=b'~' => Some(char::from(byte)),
        0xA1..=0xDF => char::from_u32(KANA + u32::from(byte)),
        _ => None,
    }
}

/// The yen sign, where ASCII has the backslash.
const YEN: u8 = 0x5C;
/// Half-width kana begin at U+FF61 in Unicode and at A1 in JIS X 0201.
const KANA: u32 = 0xFF61 - 0xA1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_with_a_meaning_comes_back_as_itself() {
        let known: Vec<u8> = (0x20..=0x7E).chain(0xA1..=0xDF).collect();
        let text = from_jis(&known).unwrap();
        assert_eq!(to_jis(&text), Ok(known));
    }

    #[test]
    fn bytes_without_a_meaning_are_no_text() {
        for byte in (0..0x20).chain(0x7F..=0xA0).chain(0xE0..=0xFF) {
            assert_eq!(from_jis(&[b'A', byte]), None, "{byte:02X}");
        }
    }

    #[test]
    fn the_kana_of_a_name() {
        assert_eq!(to_jis("ｱｵｿﾗ"), Ok(vec![0xB1, 0xB5, 0xBF, 0xD7]));
        assert_eq!(from_jis(&[0xB6, 0x29, 0xB1, 0xB5, 0xBF, 0xD7]).as_deref(), Some("ｶ)ｱｵｿﾗ"));
    }

    #[test]
    fn the_yen_sign_may_be_written_either_way_and_is_shown_as_one() {
        assert_eq!(to_jis("\\¥"), Ok(vec![0x5C, 0x5C]));
        assert_eq!(from_jis(&[0x5C]).as_deref(), Some("¥"));
    }

    #[test]
    fn anything_else_is_refused_with_its_place() {
        for (text, place, character) in [
            ("ア", 1, 'ア'),
            ("ｱＡ", 2, 'Ａ'),
            ("ABC\u{3000}", 4, '\u{3000}'),
            ("A\n", 2, '\n'),
            ("é", 1, 'é'),
            ("ｶﾞが", 3, 'が'),
            ("‾", 1, '‾'),
        ] {
            assert_eq!(to_jis(text), Err(KanaFault { place, character }), "{text}");
        }
        let told = to_jis("ｱア").unwrap_err().to_string();
        assert_eq!(
            told,
            "character 2 (U+30A2) is neither half-width kana nor a plain ASCII character"
        );
    }
}
