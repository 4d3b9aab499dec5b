//! Templates: attributes as a program gives them, already copied out of its memory.
//!
//! Not responsible for which attributes an object has.

use cryptoki_sys::{CK_ATTRIBUTE_TYPE, CK_BBOOL, CK_TRUE, CK_ULONG};
use zeroize::Zeroizing;

use crate::{
    fault::{Fault, Outcome},
    rv::Rv,
};

/// An attribute and its value, which may be a secret.
#[derive(Clone)]
pub(crate) struct Attribute {
    pub(crate) kind: CK_ATTRIBUTE_TYPE,
    pub(crate) value: Zeroizing<Vec<u8>>,
}

/// What a program gives to find, make or unwrap an object. No attribute is given twice.
#[derive(Clone)]
pub(crate) struct Template(Vec<Attribute>);

/// What one attribute of an object answers.
pub(crate) enum Reading {
    /// Its value.
    Value(Zeroizing<Vec<u8>>),
    /// It is there but not shown.
    Sensitive,
    /// The object has no such attribute.
    Absent,
}

impl Template {
    pub(crate) fn new(attributes: Vec<Attribute>) -> Outcome<Self> {
        let mut kinds: Vec<_> = attributes.iter().map(|attribute| attribute.kind).collect();
        kinds.sort_unstable();
        if kinds.windows(2).any(|pair| pair.first() == pair.last()) {
            let why = "an attribute is given twice in a template";
            return Err(Fault::new(Rv::TemplateInconsistent, why));
        }
        Ok(Self(attributes))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Attribute> {
        self.0.iter()
    }

    pub(crate) fn bytes(&self, kind: CK_ATTRIBUTE_TYPE) -> Option<&[u8]> {
        self.0.iter().find(|attribute| attribute.kind == kind).map(|found| found.value.as_slice())
    }

    /// A number; one of another length is a fault.
    pub(crate) fn number(&self, kind: CK_ATTRIBUTE_TYPE) -> Outcome<Option<CK_ULONG>> {
        self.bytes(kind).map(|bytes| number(kind, bytes)).transpose()
    }

    pub(crate) fn flag(&self, kind: CK_ATTRIBUTE_TYPE) -> Outcome<Option<bool>> {
        self.bytes(kind).map(|bytes| flag(kind, bytes)).transpose()
    }

    /// A text; one that is not UTF-8 is a fault.
    pub(crate) fn text(&self, kind: CK_ATTRIBUTE_TYPE) -> Outcome<Option<&str>> {
        let text = |bytes| std::str::from_utf8(bytes).map_err(|_| invalid(kind, "is not UTF-8"));
        self.bytes(kind).map(text).transpose()
    }
}

impl Reading {
    pub(crate) fn bytes(value: impl Into<Vec<u8>>) -> Self {
        Self::Value(Zeroizing::new(value.into()))
    }

    pub(crate) fn number(value: CK_ULONG) -> Self {
        Self::bytes(value.to_ne_bytes())
    }

    pub(crate) fn flag(value: bool) -> Self {
        Self::bytes([CK_BBOOL::from(value)])
    }

    pub(crate) fn text(value: &str) -> Self {
        Self::bytes(value.as_bytes())
    }
}

pub(crate) fn number(kind: CK_ATTRIBUTE_TYPE, bytes: &[u8]) -> Outcome<CK_ULONG> {
    let number = bytes.try_into().map(CK_ULONG::from_ne_bytes);
    number.map_err(|_| invalid(kind, "is no CK_ULONG"))
}

fn flag(kind: CK_ATTRIBUTE_TYPE, bytes: &[u8]) -> Outcome<bool> {
    match bytes {
        [byte] if *byte <= CK_TRUE => Ok(*byte == CK_TRUE),
        _ => Err(invalid(kind, "is no CK_BBOOL")),
    }
}

fn invalid(kind: CK_ATTRIBUTE_TYPE, rule: &str) -> Fault {
    Fault::new(Rv::AttributeValueInvalid, format!("attribute {kind:#x} {rule}"))
}

#[cfg(test)]
mod tests {
    use cryptoki_sys::{CKA_CLASS, CKA_LABEL, CKA_TOKEN};

    use super::*;

    fn attribute(kind: CK_ATTRIBUTE_TYPE, value: &[u8]) -> Attribute {
        Attribute { kind, value: Zeroizing::new(value.to_vec()) }
    }

    #[test]
    fn values_are_read_or_refused_by_their_length() {
        let all = vec![
            attribute(CKA_CLASS, &8_u64.to_ne_bytes()),
            attribute(CKA_TOKEN, &[1]),
            attribute(CKA_LABEL, &[0xFF]),
        ];
        let template = Template::new(all).unwrap();
        assert_eq!(template.number(CKA_CLASS).unwrap(), Some(8));
        assert_eq!(template.flag(CKA_TOKEN).unwrap(), Some(true));
        assert_eq!(template.number(CKA_TOKEN).unwrap_err().rv, Rv::AttributeValueInvalid);
        assert_eq!(template.flag(CKA_LABEL).unwrap_err().rv, Rv::AttributeValueInvalid);
        assert_eq!(template.text(CKA_LABEL).unwrap_err().rv, Rv::AttributeValueInvalid);
    }

    #[test]
    fn nothing_is_given_twice() {
        let twice = vec![attribute(CKA_TOKEN, &[1]), attribute(CKA_TOKEN, &[0])];
        assert_eq!(Template::new(twice).err().unwrap().rv, Rv::TemplateInconsistent);
    }
}
