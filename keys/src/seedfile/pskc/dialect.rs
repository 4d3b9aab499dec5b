//! The forms that PSKC had before its RFC, seen through the names of the RFC.
//!
//! A lens over elements and attributes: what a draft called otherwise and put into another namespace
//! is read under its later name, so that one reader serves all. Not responsible for what drafts did
//! another way: see `draft`.

use roxmltree::Node;

use super::names::{PSKC, XENC, XENC11};

/// How names are read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::seedfile) enum Dialect {
    /// As they are.
    #[default]
    Rfc,
    /// As the drafts had them; only where the officer says so.
    Draft,
}

/// Namespaces of the drafts, in the order of their years, the RFC's own last: one draft had it first.
const SPACES: &[&str] = &[
    "http://www.openauthentication.org/OATH/2006/08/PSKC",
    "http://www.openauthentication.org/OATH/2006/10/PSKC",
    "urn:ietf:params:xml:ns:keyprov:container",
    "urn:ietf:params:xml:ns:keyprov:container:1.0",
    "urn:ietf:params:xml:ns:keyprov:pskc:1.0",
    PSKC,
];

impl Dialect {
    /// Namespace of an element, empty where there is none.
    pub(super) fn namespace<'a>(self, node: Node<'a, '_>) -> &'a str {
        let tag = node.tag_name();
        let own = tag.namespace().unwrap_or("");
        if self == Self::Rfc || !SPACES.contains(&own) {
            return own;
        }
        match tag.name() {
            "DerivedKey" | "KeyDerivationMethod" | "CarriedKeyName" | "MasterKeyName" => XENC11,
            "EncryptionScheme" => XENC,
            _ => PSKC,
        }
    }

    /// Local name of an element.
    pub(super) fn name<'a>(self, node: Node<'a, 'a>) -> &'a str {
        let own = node.tag_name().name();
        if self == Self::Rfc {
            return own;
        }
        let parent = node.parent_element().map_or("", |parent| parent.tag_name().name());
        match (own, parent) {
            ("SecretContainer", _) => "KeyContainer",
            ("Device", _) => "KeyPackage",
            ("DeviceId", _) => "DeviceInfo",
            ("Secret", "Device") => "Key",
            ("Usage", "Key" | "Secret" | "KeyProperties") => "AlgorithmParameters",
            ("Expiry", _) => "ExpiryDate",
            ("ValueDigest", _) => "ValueMAC",
            ("CarriedKeyName", _) => "MasterKeyName",
            ("Data", _) if node.has_attribute("Name") => {
                value_name(node.attribute("Name").unwrap_or_default())
            }
            _ => own,
        }
    }

    /// Names that an attribute has, the RFC's first.
    pub(super) fn attribute_names(self, name: &str) -> &'static [&'static str] {
        if self == Self::Rfc {
            return &[];
        }
        match name {
            "Version" => &["version"],
            "Id" => &["id", "KeyId", "SecretId"],
            "Algorithm" => &["algorithm", "KeyAlgorithm", "SecretAlgorithm"],
            "Encoding" => &["Format", "format"],
            "Length" => &["length"],
            "Min" => &["min"],
            "Max" => &["max"],
            _ => &[],
        }
    }
}

/// The first drafts had one Data for each value.
fn value_name(name: &str) -> &'static str {
    match name.to_ascii_uppercase().as_str() {
        "SECRET" => "Secret",
        "COUNTER" => "Counter",
        "TIME" => "Time",
        "TIME_INTERVAL" => "TimeInterval",
        "TIME_DRIFT" => "TimeDrift",
        _ => "Data",
    }
}
