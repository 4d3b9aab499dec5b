//! `CK_ATTRIBUTE` in a row: templates as a host gives them, and questions as it asks them.
//!
//! Not responsible for which attributes an object has or may be given.

use std::ptr;

use cryptoki_sys::{
    CK_ATTRIBUTE, CK_ATTRIBUTE_TYPE, CK_BYTE, CK_ULONG, CK_UNAVAILABLE_INFORMATION,
};

use super::{Flaw, MOST_BYTES, Place, bytes, values};
use crate::{
    fault::{Fault, Outcome},
    rv::Rv,
    template::{Attribute, Reading, Template},
};

/// Most attributes in a row; no object of any standard has as many.
const MOST_ATTRIBUTES: usize = 256;

/// A template. No pointer and no count are a template that says nothing.
///
/// # Safety
/// `at` is NULL or points to `count` attributes, and the value of each is NULL or points to so many
/// bytes as its length says.
pub(in crate::ffi) unsafe fn template(
    at: *const CK_ATTRIBUTE,
    count: CK_ULONG,
) -> Outcome<Template> {
    // SAFETY: so many attributes are there, as the caller says.
    let given = unsafe { values(at, count, MOST_ATTRIBUTES) }?;
    let mut left = MOST_BYTES;
    let mut attributes = Vec::with_capacity(given.len());
    for attribute in given {
        let (at, length) = (attribute.pValue.cast::<CK_BYTE>(), attribute.ulValueLen);
        // SAFETY: so many bytes are there, as the caller says.
        let value = unsafe { bytes(at, length, left) }.map_err(|flaw| refusal(&attribute, flaw))?;
        left = left.saturating_sub(value.len());
        attributes.push(Attribute { kind: attribute.type_, value });
    }
    Template::new(attributes)
}

fn refusal(attribute: &CK_ATTRIBUTE, flaw: Flaw) -> Fault {
    let kind = attribute.type_;
    match flaw {
        Flaw::Missing => Fault::new(Rv::ArgumentsBad, format!("attribute {kind:#x} has no value")),
        Flaw::TooLong => {
            Fault::new(Rv::AttributeValueInvalid, format!("attribute {kind:#x} is too long"))
        }
    }
}

/// What `C_GetAttributeValue` is asked, and where the answers go.
pub(in crate::ffi) struct Questions {
    at: *mut CK_ATTRIBUTE,
    asked: Vec<CK_ATTRIBUTE>,
}

impl Questions {
    /// # Safety
    /// `at` is NULL or points to `count` attributes that may be written, too; the value of each is NULL,
    /// or so many bytes as its length says may be written there; all as long as the questions exist.
    pub(in crate::ffi) unsafe fn new(at: *mut CK_ATTRIBUTE, count: CK_ULONG) -> Outcome<Self> {
        // SAFETY: so many attributes are there, as the caller says.
        let asked = unsafe { values(at, count, MOST_ATTRIBUTES) }?;
        Ok(Self { at, asked })
    }

    pub(in crate::ffi) fn kinds(&self) -> Vec<CK_ATTRIBUTE_TYPE> {
        self.asked.iter().map(|attribute| attribute.type_).collect()
    }

    /// Writes every answer that can be given (PKCS#11 v3.1 s.5.7.5: a fault of one attribute does not
    /// keep the others from being processed), then tells of the gravest fault.
    pub(in crate::ffi) fn answer(&self, readings: &[Reading]) -> Outcome<()> {
        if readings.len() != self.asked.len() {
            return Err(Fault::new(Rv::GeneralError, "not every attribute has an answer"));
        }
        let each = self.asked.iter().zip(readings).enumerate();
        let faults: Vec<_> =
            each.filter_map(|(index, (asked, reading))| self.put(index, *asked, reading)).collect();
        let order = [Rv::AttributeSensitive, Rv::AttributeTypeInvalid, Rv::BufferTooSmall];
        match order.into_iter().find(|rv| faults.contains(rv)) {
            Some(gravest) => Err(gravest.into()),
            None => Ok(()),
        }
    }

    /// The five cases of PKCS#11 v3.1 s.5.7.5.
    fn put(&self, index: usize, asked: CK_ATTRIBUTE, reading: &Reading) -> Option<Rv> {
        let (length, fault) = match reading {
            Reading::Sensitive => (None, Some(Rv::AttributeSensitive)),
            Reading::Absent => (None, Some(Rv::AttributeTypeInvalid)),
            Reading::Value(value) => put_value(asked, value),
        };
        let length = length.unwrap_or(CK_UNAVAILABLE_INFORMATION);
        // SAFETY: one of the attributes that may be written, as whoever asked says.
        let place = unsafe { Place::new(self.at.wrapping_add(index)) };
        if let Ok(place) = place {
            place.put(CK_ATTRIBUTE { ulValueLen: length, ..asked });
        }
        fault
    }
}

fn put_value(asked: CK_ATTRIBUTE, value: &[u8]) -> (Option<CK_ULONG>, Option<Rv>) {
    let length = value.len() as CK_ULONG;
    if asked.pValue.is_null() {
        return (Some(length), None);
    }
    if asked.ulValueLen < length {
        return (None, Some(Rv::BufferTooSmall));
    }
    let place = asked.pValue.cast::<u8>();
    // SAFETY: there is room for `ulValueLen` bytes, as whoever asked says, and these are not more; the
    // value is a copy of our own, so it is not part of the host's buffer.
    unsafe { ptr::copy_nonoverlapping(value.as_ptr(), place, value.len()) };
    (Some(length), None)
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use cryptoki_sys::{CKA_CLASS, CKA_ID, CKA_LABEL, CKA_VALUE};

    use super::*;
    use crate::ffi::memory::tests::Odd;

    fn attribute(kind: CK_ATTRIBUTE_TYPE, value: &mut [u8]) -> CK_ATTRIBUTE {
        let (at, length) = (value.as_mut_ptr(), value.len() as CK_ULONG);
        CK_ATTRIBUTE { type_: kind, pValue: at.cast(), ulValueLen: length }
    }

    fn valueless(kind: CK_ATTRIBUTE_TYPE, length: CK_ULONG) -> CK_ATTRIBUTE {
        CK_ATTRIBUTE { type_: kind, pValue: ptr::null_mut(), ulValueLen: length }
    }

    fn read(given: &[CK_ATTRIBUTE]) -> Result<Template, Rv> {
        // SAFETY: so many attributes are there; their values are those of the tests.
        let template = unsafe { template(given.as_ptr(), given.len() as CK_ULONG) };
        template.map_err(|fault| fault.rv)
    }

    #[test]
    fn a_template_is_copied_with_its_values() {
        let (mut label, mut id) = (*b"a\0b", [0_u8; 0]);
        let given = [attribute(CKA_LABEL, &mut label), attribute(CKA_ID, &mut id)];
        let mut odd = Odd::new(given);
        // SAFETY: two attributes are there, with their values.
        let template = unsafe { template(odd.at().cast(), 2) }.unwrap();
        label.fill(0xFF);
        assert_eq!(template.bytes(CKA_LABEL), Some(&b"a\0b"[..]));
        assert_eq!(template.bytes(CKA_ID), Some(&[][..]));
        assert_eq!(template.bytes(CKA_CLASS), None);
    }

    #[test]
    fn a_template_may_say_nothing() {
        // SAFETY: NULL is allowed.
        let empty = unsafe { template(ptr::null(), 0) };
        assert_eq!(empty.unwrap().iter().count(), 0);
        assert_eq!(read(&[valueless(CKA_ID, 0)]).unwrap().bytes(CKA_ID), Some(&[][..]));
    }

    #[test]
    fn a_template_with_holes_or_without_end_is_refused() {
        let one = [valueless(CKA_ID, 0)];
        for huge in [257, CK_ULONG::MAX / 24, CK_ULONG::MAX] {
            // SAFETY: beyond the limit nothing is read.
            let refused = unsafe { template(one.as_ptr(), huge) };
            assert_eq!(refused.err().unwrap().rv, Rv::ArgumentsBad);
        }
        // SAFETY: NULL is allowed.
        let missing = unsafe { template(ptr::null(), 1) };
        assert_eq!(missing.err().unwrap().rv, Rv::ArgumentsBad);
        assert_eq!(read(&[valueless(CKA_ID, 1)]).err(), Some(Rv::ArgumentsBad));
        let twice = [valueless(CKA_ID, 0), valueless(CKA_ID, 0)];
        assert_eq!(read(&twice).err(), Some(Rv::TemplateInconsistent));
    }

    #[test]
    fn the_values_of_a_template_have_a_limit_together() {
        let (mut half, mut other) = (vec![7; MOST_BYTES / 2], vec![7; MOST_BYTES / 2]);
        let two = [attribute(CKA_ID, &mut half), attribute(CKA_LABEL, &mut other)];
        assert!(read(&two).is_ok());
        let mut one = [1];
        let [first, second] = two;
        let three = [first, second, attribute(CKA_VALUE, &mut one)];
        assert_eq!(read(&three).err(), Some(Rv::AttributeValueInvalid));
        let mut endless = attribute(CKA_ID, &mut one);
        endless.ulValueLen = CK_UNAVAILABLE_INFORMATION;
        assert_eq!(read(&[endless]).err(), Some(Rv::AttributeValueInvalid));
    }

    /// Answers questions that lie at an odd address.
    fn answer<const N: usize>(
        asked: [CK_ATTRIBUTE; N],
        readings: &[Reading],
    ) -> (Result<(), Rv>, [CK_ULONG; N]) {
        let mut odd = Odd::new(asked);
        // SAFETY: so many attributes are there, each with the buffer of the test.
        let questions = unsafe { Questions::new(odd.at().cast(), N as CK_ULONG) }.unwrap();
        let outcome = questions.answer(readings).map_err(|fault| fault.rv);
        (outcome, odd.inner().map(|attribute| attribute.ulValueLen))
    }

    const UNAVAILABLE: CK_ULONG = CK_UNAVAILABLE_INFORMATION;

    #[test]
    fn an_answer_goes_into_its_buffer() {
        let (mut exact, mut wide) = ([0; 3], [9; 5]);
        let asked = [
            attribute(CKA_ID, &mut exact),
            attribute(CKA_LABEL, &mut wide),
            valueless(CKA_CLASS, 77),
        ];
        let text = || Reading::text("abc");
        let answered = answer(asked, &[text(), text(), Reading::number(8)]);
        assert_eq!(answered, (Ok(()), [3, 3, 8]));
        assert_eq!((exact, wide), (*b"abc", [b'a', b'b', b'c', 9, 9]));
    }

    #[test]
    fn one_fault_does_not_hinder_the_other_answers() {
        let (mut small, mut fine, mut secret) = ([9; 2], [9; 3], [9; 3]);
        let asked = [
            attribute(CKA_LABEL, &mut small),
            valueless(CKA_CLASS, 0),
            attribute(CKA_VALUE, &mut secret),
            attribute(CKA_ID, &mut fine),
        ];
        let readings =
            [Reading::text("abc"), Reading::Absent, Reading::Sensitive, Reading::text("xyz")];
        let (outcome, lengths) = answer(asked, &readings);
        assert_eq!(outcome, Err(Rv::AttributeSensitive));
        assert_eq!(lengths, [UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, 3]);
        assert_eq!((small, fine, secret), ([9; 2], *b"xyz", [9; 3]));
    }

    #[test]
    fn the_gravest_fault_is_told() {
        let mut small = [0; 1];
        let mut asked = || [attribute(CKA_LABEL, &mut small), valueless(CKA_ID, 0)];
        let text = || Reading::text("abc");
        assert_eq!(answer(asked(), &[text(), text()]).0, Err(Rv::BufferTooSmall));
        assert_eq!(answer(asked(), &[text(), Reading::Absent]).0, Err(Rv::AttributeTypeInvalid));
        let both = [Reading::Absent, Reading::Sensitive];
        assert_eq!(answer(asked(), &both).0, Err(Rv::AttributeSensitive));
        assert_eq!(answer(asked(), &[text()]).0, Err(Rv::GeneralError));
    }

    #[test]
    fn questions_have_the_limits_of_templates() {
        // SAFETY: NULL is allowed.
        let none = unsafe { Questions::new(ptr::null_mut(), 0) }.unwrap();
        assert!(none.answer(&[]).is_ok());
        // SAFETY: NULL is allowed.
        assert!(unsafe { Questions::new(ptr::null_mut(), 1) }.is_err());
        let mut one = valueless(CKA_ID, 0);
        // SAFETY: beyond the limit nothing is read.
        assert!(unsafe { Questions::new(&raw mut one, CK_ULONG::MAX) }.is_err());
    }
}
