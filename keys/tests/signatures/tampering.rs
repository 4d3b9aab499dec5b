//! No change of a signed file goes unnoticed.

use std::sync::LazyLock;

use proptest::prelude::*;
use warifu_keys::seedfile::{Record, SecretValue};

use super::pki::pki;
use super::{Code, MORE, Template, options, read, requiring, signed};

/// One file, signed once.
fn good() -> Option<&'static str> {
    static TEXT: LazyLock<Option<String>> = LazyLock::new(|| {
        let method = format!("{MORE}ecdsa-sha256");
        pki().map(|pki| signed(&Template { method: &method, ..Template::default() }, &pki.p256))
    });
    TEXT.as_deref()
}

/// Holds what is said of the file with one part replaced to what should be said.
fn replaced(from: &str, to: &str, code: Option<Code>) {
    let (Some(text), Some(pki)) = (good(), pki()) else { return };
    assert!(text.contains(from), "{from}");
    let outcome = read(text.replacen(from, to, 1).as_bytes(), options(pki));
    assert_eq!(outcome.code(), code, "{from} -> {to}");
}

#[test]
fn every_part_is_covered() {
    let cases = [
        ("A-1<", "A-3<"),
        ("oath.ZZ", "oath.ZY"),
        ("Id=\"k\"", "Id=\"l\""),
        ("Length=\"6\"", "Length=\"7\""),
        ("<PlainValue>30<", "<PlainValue>60<"),
        ("<PlainValue>jz", "<PlainValue>kz"),
        ("Version=\"1.0\"", "Version=\"1.0\" Id=\"x\""),
        ("Version=\"1.0\"", "Version=\"01.0\""),
        ("</KeyPackage>", "</KeyPackage> "),
        ("</KeyPackage>", "</KeyPackage><?more data?>"),
        ("<?before it?>", ""),
        ("<?before it?>", "<?before them?>"),
        ("<?behind?>", "<?behind?><?more?>"),
        ("</ds:Signature>\n", "</ds:Signature>"),
        ("</ds:Signature>", "</ds:Signature><Extensions/>"),
        ("</DeviceInfo>\n ", "</DeviceInfo>\n  "),
    ];
    for (from, to) in cases {
        replaced(from, to, Some(Code::SigInvalid));
    }
}

#[test]
fn what_means_the_same_stays_signed() {
    let cases = [
        (" xmlns:unused=\"urn:unused\"", ""),
        ("Id=\"k\" Algorithm=", "   Id = 'k'\n Algorithm="),
        ("oath.ZZ", "oath&#46;<![CDATA[ZZ]]>"),
        (
            "<ResponseFormat Encoding=\"DECIMAL\" Length=\"6\"/>",
            "<ResponseFormat Length=\"&#54;\" Encoding=\"DECIMAL\"></ResponseFormat >",
        ),
        ("</KeyPackage>", "</KeyPackage><!-- outside of a value -->"),
        ("\n", "\r\n"),
        ("<?behind?>", "<?behind?>\n\n"),
    ];
    for (from, to) in cases {
        replaced(from, to, None);
    }
}

#[test]
fn the_signature_itself_can_not_be_changed() {
    let Some(text) = good() else { return };
    let value = |name: &str| text.split(&format!("<ds:{name}>")).nth(1).unwrap()[..4].to_owned();
    for name in ["DigestValue", "SignatureValue"] {
        let (old, mut new) = (value(name), value(name));
        new.replace_range(..1, if old.starts_with('A') { "B" } else { "A" });
        replaced(&old, &new, Some(Code::SigInvalid));
    }
    replaced("xmlenc#sha256", "xmlenc#sha512", Some(Code::SigInvalid));
    replaced("ecdsa-sha256", "rsa-sha256", Some(Code::SigInvalid));
    replaced("<ds:SignedInfo>", "<ds:SignedInfo> ", Some(Code::SigInvalid));
}

/// What is imported of a record.
fn content(records: &[Record]) -> Vec<String> {
    let secret = |record: &Record| match &record.secret {
        SecretValue::Plain(secret) => format!("{:?}", secret.expose()),
        SecretValue::Encrypted(_) => String::new(),
    };
    records.iter().map(|record| format!("{record:?} {}", secret(record))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// A file that is taken after some bytes were changed says what it said before.
    #[test]
    fn changed_bytes_change_nothing_or_are_noticed(
        places in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..3),
    ) {
        let (Some(text), Some(pki)) = (good(), pki()) else { return Ok(()) };
        let mut changed = text.as_bytes().to_vec();
        for (place, byte) in places {
            let at = place.index(changed.len());
            changed[at] = byte;
        }
        let outcome = read(&changed, requiring(pki));
        if outcome.is_authentic() {
            let before = read(text.as_bytes(), requiring(pki));
            prop_assert_eq!(content(&outcome.records), content(&before.records));
        }
    }
}
