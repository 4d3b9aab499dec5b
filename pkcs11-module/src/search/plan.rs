//! Where to look for what a template says, so that no more is asked of the daemon than needed.
//!
//! Not responsible for looking: what is found still has to fit the whole template.

use cryptoki_sys::{
    CK_ATTRIBUTE_TYPE, CKA_CLASS, CKA_ID, CKA_LABEL, CKA_OTP_USER_IDENTIFIER, CKA_TOKEN,
    CKO_OTP_KEY, CKO_PRIVATE_KEY, CKO_SECRET_KEY,
};

use crate::{
    serial::is_serial,
    template::Template,
    vendor::{CKA_WARIFU_MANUFACTURER, CKO_WARIFU_CHALLENGE},
};

/// Where to look.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Plan {
    pub(super) tokens: Tokens,
    /// Among challenges and staged seeds, which the daemon does not list.
    pub(super) unlisted: bool,
    /// Among the manufacturers' keys.
    pub(super) transport_keys: bool,
    /// One thing is looked for: once it is found, no further place is asked.
    pub(super) is_named: bool,
}

/// Which tokens come into question.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Tokens {
    None,
    One(String),
    All { manufacturer: Option<String> },
}

/// A template without attributes finds everything (PKCS#11 v3.1 s.5.7.7). A value that no object can
/// have is no fault; it finds nothing.
impl Plan {
    pub(super) fn of(wanted: &Template) -> Self {
        let class = wanted.number(CKA_CLASS).ok();
        let storage = wanted.flag(CKA_TOKEN).ok();
        let (Some(class), Some(storage)) = (class, storage) else { return Self::nowhere() };
        let of_class = |classes: &[_]| class.is_none_or(|class| classes.contains(&class));
        let lasting = storage != Some(false);
        let name = Name::of(wanted);
        let tokens = match &name {
            _ if !(lasting && of_class(&[CKO_OTP_KEY])) => Tokens::None,
            Name::None => Tokens::All { manufacturer: manufacturer(wanted) },
            Name::Serial(serial) => Tokens::One(serial.clone()),
            Name::Other => Tokens::None,
        };
        Self {
            tokens,
            unlisted: of_class(&[CKO_WARIFU_CHALLENGE, CKO_OTP_KEY]),
            transport_keys: lasting
                && of_class(&[CKO_SECRET_KEY, CKO_PRIVATE_KEY])
                && wanted.bytes(CKA_OTP_USER_IDENTIFIER).is_none(),
            is_named: name != Name::None,
        }
    }

    fn nowhere() -> Self {
        Self { tokens: Tokens::None, unlisted: false, transport_keys: false, is_named: false }
    }
}

/// What a template calls the one thing that it looks for.
#[derive(Debug, Eq, PartialEq)]
enum Name {
    None,
    Serial(String),
    /// It contradicts itself, or no serial is like that.
    Other,
}

impl Name {
    fn of(wanted: &Template) -> Self {
        let kinds: [CK_ATTRIBUTE_TYPE; 3] = [CKA_ID, CKA_LABEL, CKA_OTP_USER_IDENTIFIER];
        let mut given = kinds.into_iter().filter_map(|kind| wanted.bytes(kind));
        let Some(first) = given.next() else { return Self::None };
        match std::str::from_utf8(first) {
            Ok(text) if is_serial(text) && given.all(|other| other == first) => {
                Self::Serial(text.to_owned())
            }
            _ => Self::Other,
        }
    }
}

fn manufacturer(wanted: &Template) -> Option<String> {
    wanted.text(CKA_WARIFU_MANUFACTURER).ok().flatten().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use cryptoki_sys::CKO_CERTIFICATE;

    use super::*;
    use crate::template::Attribute;

    fn plan(attributes: &[(CK_ATTRIBUTE_TYPE, &[u8])]) -> Plan {
        let attribute =
            |(kind, value): &(_, &[u8])| Attribute { kind: *kind, value: value.to_vec().into() };
        Plan::of(&Template::new(attributes.iter().map(attribute).collect()).unwrap())
    }

    fn class(class: u64) -> [u8; 8] {
        class.to_ne_bytes()
    }

    #[test]
    fn an_empty_template_looks_everywhere() {
        let all = plan(&[]);
        assert_eq!(all.tokens, Tokens::All { manufacturer: None });
        assert!(all.unlisted && all.transport_keys && !all.is_named);
    }

    #[test]
    fn a_serial_asks_for_one_token_however_it_is_given() {
        let one = Tokens::One("0012".to_owned());
        for kind in [CKA_ID, CKA_LABEL, CKA_OTP_USER_IDENTIFIER] {
            assert_eq!(plan(&[(kind, b"0012")]).tokens, one);
            assert_eq!(plan(&[(kind, b"0012"), (CKA_CLASS, &class(CKO_OTP_KEY))]).tokens, one);
        }
        assert_eq!(plan(&[(CKA_ID, b"0012"), (CKA_LABEL, b"0012")]).tokens, one);
        assert_eq!(plan(&[(CKA_ID, b"0012"), (CKA_LABEL, b"0013")]).tokens, Tokens::None);
        for no_serial in ["", "-1", "a b", "割符", "../status", &"1".repeat(41)] {
            let none = plan(&[(CKA_ID, no_serial.as_bytes())]).tokens;
            assert_eq!(none, Tokens::None, "{no_serial}");
        }
        assert_eq!(plan(&[(CKA_ID, &[0xFF])]).tokens, Tokens::None);
    }

    #[test]
    fn classes_lead_to_their_places() {
        let places = |number| {
            let plan = plan(&[(CKA_CLASS, &class(number))]);
            (plan.tokens != Tokens::None, plan.unlisted, plan.transport_keys)
        };
        assert_eq!(places(CKO_OTP_KEY), (true, true, false));
        assert_eq!(places(CKO_WARIFU_CHALLENGE), (false, true, false));
        assert_eq!(places(CKO_SECRET_KEY), (false, false, true));
        assert_eq!(places(CKO_PRIVATE_KEY), (false, false, true));
        assert_eq!(places(CKO_CERTIFICATE), (false, false, false));
    }

    #[test]
    fn no_daemon_is_asked_for_session_objects() {
        let session = plan(&[(CKA_TOKEN, &[0])]);
        assert!(session.unlisted && !session.transport_keys);
        assert_eq!(session.tokens, Tokens::None);
        let lasting = plan(&[(CKA_TOKEN, &[1])]);
        assert!(lasting.unlisted && lasting.transport_keys);
        assert_eq!(lasting.tokens, Tokens::All { manufacturer: None });
    }

    #[test]
    fn a_value_of_no_sense_finds_nothing() {
        assert_eq!(plan(&[(CKA_CLASS, &[8])]), Plan::nowhere());
        assert_eq!(plan(&[(CKA_TOKEN, &[7])]), Plan::nowhere());
    }

    #[test]
    fn a_manufacturer_narrows_the_list() {
        let manufacturer = Some("Maker".to_owned());
        let plan = plan(&[(CKA_WARIFU_MANUFACTURER, b"Maker")]);
        assert_eq!(plan.tokens, Tokens::All { manufacturer });
    }
}
