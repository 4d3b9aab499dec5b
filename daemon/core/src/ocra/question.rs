//! The question: its form, and the 128 bytes that it fills (RFC 6287 s.5.1 and s.6.3).
//!
//! Not responsible for: who made the question, and whether it was asked before.

use thiserror::Error;

use super::suite::decimal;

/// `QA08`, `QN10`, `QH64`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct QuestionFormat {
    /// What a question consists of.
    pub kind: QuestionKind,
    /// Most characters of a question.
    pub max: u8,
}

/// What a question consists of.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum QuestionKind {
    /// `A`: ASCII letters and digits.
    Alphanumeric,
    /// `N`: decimal digits.
    Decimal,
    /// `H`: hexadecimal digits, two for each byte.
    Hexadecimal,
}

/// What a token is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Question<'a> {
    /// One party's question, or the data to sign.
    One(&'a str),
    /// The other party's question, then one's own: both directions of mutual authentication
    /// (RFC 6287 s.7.2 and s.7.4).
    Mutual(&'a str, &'a str),
}

/// Why a question is none of the suite. Nothing was computed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum QuestionFault {
    /// No characters, or more than the suite has room for.
    #[error("the question is empty or longer than the suite allows")]
    Length,
    /// A character that the form does not have.
    #[error("the question has a character that its form does not have")]
    Character,
    /// An odd number of hexadecimal digits: `ABC` and `ABC0` would have one code.
    #[error("a question in hexadecimal has an even number of digits")]
    OddHex,
    /// Mutual authentication over decimal questions, which programs join in different ways.
    #[error("mutual authentication with decimal questions is not defined")]
    MutualDecimal,
    /// Both questions of a mutual authentication have full length, else `A`, `BC` is `AB`, `C`.
    #[error(
        "both questions of a mutual authentication have exactly the length that the suite names"
    )]
    MutualLength,
}

impl QuestionFormat {
    /// Bytes that every question fills.
    pub const FIELD: usize = 128;

    /// Reads `QA08`; exactly two digits, 04 to 64. `QH8`, which an example of the RFC has, is not of
    /// the form that its own table defines.
    pub(super) fn parse(part: &str) -> Option<Self> {
        let (kind, length) = part.strip_prefix('Q')?.split_at_checked(1)?;
        let kind = match kind {
            "A" => QuestionKind::Alphanumeric,
            "N" => QuestionKind::Decimal,
            "H" => QuestionKind::Hexadecimal,
            _ => return None,
        };
        let max = (length.len() == 2).then(|| decimal(length)).flatten()?;
        (4..=64).contains(&max).then_some(Self { kind, max: u8::try_from(max).ok()? })
    }

    /// Whether no other question in the same range fills the field alike: one server that asks only
    /// such questions can not be answered with the code of another one.
    ///
    /// Full length decides it for hexadecimal ones, since `AB` fills the field like `AB00`; a
    /// decimal one needs a first digit other than 0 too, since `00000016` fills it like `00000001`.
    /// Letters and digits are followed by zero bytes and collide with nothing.
    pub fn is_unambiguous(self, question: &str) -> bool {
        let full = question.len() == usize::from(self.max);
        let range = match self.kind {
            QuestionKind::Alphanumeric => true,
            QuestionKind::Decimal => full && !question.starts_with('0'),
            QuestionKind::Hexadecimal => full,
        };
        range && self.check(question).is_ok()
    }

    /// The bytes of a question in the data input.
    pub fn field(self, question: Question<'_>) -> Result<[u8; Self::FIELD], QuestionFault> {
        match question {
            Question::One(text) => {
                self.check(text)?;
                Ok(match self.kind {
                    QuestionKind::Alphanumeric => padded(text.bytes()),
                    QuestionKind::Decimal => decimal_field(text),
                    QuestionKind::Hexadecimal => hex_field(hex_digits(text)),
                })
            }
            Question::Mutual(other, own) => self.mutual_field(other, own),
        }
    }

    fn mutual_field(self, other: &str, own: &str) -> Result<[u8; Self::FIELD], QuestionFault> {
        if self.kind == QuestionKind::Decimal {
            return Err(QuestionFault::MutualDecimal);
        }
        self.check(other)?;
        self.check(own)?;
        if [other, own].iter().any(|text| text.len() != usize::from(self.max)) {
            return Err(QuestionFault::MutualLength);
        }
        Ok(match self.kind {
            QuestionKind::Hexadecimal => hex_field(hex_digits(other).chain(hex_digits(own))),
            _ => padded(other.bytes().chain(own.bytes())),
        })
    }

    fn check(self, text: &str) -> Result<(), QuestionFault> {
        let fits = match self.kind {
            QuestionKind::Alphanumeric => |c: u8| c.is_ascii_alphanumeric(),
            QuestionKind::Decimal => |c: u8| c.is_ascii_digit(),
            QuestionKind::Hexadecimal => |c: u8| c.is_ascii_hexdigit(),
        };
        if !text.bytes().all(fits) {
            return Err(QuestionFault::Character);
        }
        if text.is_empty() || text.len() > usize::from(self.max) {
            return Err(QuestionFault::Length);
        }
        if self.kind == QuestionKind::Hexadecimal && !text.len().is_multiple_of(2) {
            return Err(QuestionFault::OddHex);
        }
        Ok(())
    }
}

impl<'a> From<&'a str> for Question<'a> {
    fn from(text: &'a str) -> Self {
        Self::One(text)
    }
}

fn padded(bytes: impl Iterator<Item = u8>) -> [u8; QuestionFormat::FIELD] {
    let mut field = [0; QuestionFormat::FIELD];
    field.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    field
}

/// The number in hexadecimal *text* without leading zeros, filled with zeros on the right (RFC 6287
/// Appendix A, and the odd numbers of nibbles among the vectors of Appendix C).
fn decimal_field(text: &str) -> [u8; QuestionFormat::FIELD] {
    const NIBBLES: usize = 54; // 64 decimal digits are 213 bits
    let mut number = [0_u8; NIBBLES]; // least significant first
    for digit in text.bytes() {
        let mut carry = digit.wrapping_sub(b'0');
        for nibble in &mut number {
            let value = *nibble * 10 + carry; // at most 15 * 10 + 15
            *nibble = value & 0x0F;
            carry = value >> 4;
        }
    }
    hex_field(number.into_iter().rev().skip_while(|&nibble| nibble == 0))
}

fn hex_digits(text: &str) -> impl Iterator<Item = u8> {
    text.chars().filter_map(|c| u8::try_from(c.to_digit(16)?).ok())
}

/// Packs nibbles from the left.
fn hex_field(nibbles: impl Iterator<Item = u8>) -> [u8; QuestionFormat::FIELD] {
    let mut field = [0; QuestionFormat::FIELD];
    for (place, nibble) in nibbles.enumerate() {
        if let Some(byte) = field.get_mut(place / 2) {
            *byte |= if place.is_multiple_of(2) { nibble << 4 } else { nibble };
        }
    }
    field
}
