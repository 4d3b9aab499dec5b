//! Tag, length, value: one byte each for tag and length, tags strictly ascending, only items repeat.
//!
//! Not responsible for: which tags an operation has, or what the values mean.

use super::ContentFault;
use crate::frame::MAX_PLAINTEXT;

/// The operation.
pub(super) const OPERATION: u8 = 0x01;
/// When it was made.
pub(super) const ISSUED: u8 = 0x02;
/// For how long it holds.
pub(super) const TTL: u8 = 0x03;
/// Who signs.
pub(super) const LOGIN_ID: u8 = 0x04;
/// Whose money goes out.
pub(super) const PAYER: u8 = 0x10;
/// Where it goes.
pub(super) const PAYEE: u8 = 0x11;
/// The payee's name.
pub(super) const NAME: u8 = 0x12;
/// How much.
pub(super) const AMOUNT: u8 = 0x13;
/// When it is to be paid.
pub(super) const DATE: u8 = 0x14;
/// Payments in a batch.
pub(super) const COUNT: u8 = 0x20;
/// Their sum.
pub(super) const TOTAL: u8 = 0x21;
/// Hash of the payment file.
pub(super) const HASH: u8 = 0x22;
/// What an administrative operation does.
pub(super) const TEXT: u8 = 0x31;
/// One payment of a batch.
pub(super) const ITEM: u8 = 0x40;

/// The fields of a plaintext, in order.
pub(super) struct Fields<'a>(Vec<(u8, &'a [u8])>);

impl<'a> Fields<'a> {
    pub(super) fn read(plaintext: &'a [u8]) -> Result<Self, ContentFault> {
        if plaintext.len() > MAX_PLAINTEXT {
            return Err(ContentFault::BadTlv);
        }
        let (mut fields, mut rest) = (Vec::<(u8, &[u8])>::new(), plaintext);
        while let Some((tag, value, after)) = split(rest) {
            let ascends = |last: u8| tag > last || (tag == ITEM && last == ITEM);
            if !fields.last().is_none_or(|(last, _)| ascends(*last)) {
                return Err(ContentFault::BadTlv);
            }
            fields.push((tag, value));
            rest = after;
        }
        if rest.is_empty() { Ok(Self(fields)) } else { Err(ContentFault::BadTlv) }
    }

    /// Whether the fields are these and no others, items aside where they are `optional`.
    pub(super) fn are(&self, required: &[u8], items: bool) -> bool {
        let tags = self.0.iter().map(|(tag, _)| tag);
        tags.filter(|tag| !(items && **tag == ITEM)).eq(required)
    }

    /// The value of a field that stands once.
    pub(super) fn value(&self, tag: u8) -> Result<&'a [u8], ContentFault> {
        self.items(tag).next().ok_or(ContentFault::WrongFields)
    }

    /// The same, of fixed length.
    pub(super) fn fixed<const N: usize>(&self, tag: u8) -> Result<[u8; N], ContentFault> {
        self.value(tag)?.try_into().map_err(|_| ContentFault::BadField)
    }

    /// All values of a tag.
    pub(super) fn items(&self, tag: u8) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |(found, _)| *found == tag).map(|(_, value)| *value)
    }
}

/// Appends a field. No value here is longer than 60 bytes.
pub(super) fn push(plaintext: &mut Vec<u8>, tag: u8, value: &[u8]) {
    plaintext.extend([tag, u8::try_from(value.len()).unwrap_or(u8::MAX)]);
    plaintext.extend_from_slice(value);
}

/// Tag, value and what follows; `None` where there is no whole field.
fn split(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, length], rest) = bytes.split_first_chunk()?;
    let (value, rest) = rest.split_at_checked(usize::from(length))?;
    Some((tag, value, rest))
}
