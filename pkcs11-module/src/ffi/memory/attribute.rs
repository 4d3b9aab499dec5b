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
