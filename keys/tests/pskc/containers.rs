//! Whole containers: form, encoding, signature.

use warifu_keys::seedfile::{Code, ReadOptions, Signatures, open};

use super::{ROOT, all, container, good, strict};

#[test]
fn containers_that_are_refused_whole() {
    let one = good("1");
    let cases: &[(String, Code)] = &[
        (String::new(), Code::Empty),
        ("hello".to_owned(), Code::Format),
        ("PK\x03\x04rest".to_owned(), Code::Format),
        ("<a>".to_owned(), Code::Truncated),
        ("<a/>".to_owned(), Code::Root),
        ("<a></b>".to_owned(), Code::XmlSyntax),
        ("<KeyContainer/>".to_owned(), Code::Namespace),
        (container(""), Code::NoTokens),
        (container(&one).replace("1.0", "2.0"), Code::Version),
        (container(&one).replace("1.0", "1.+1"), Code::Version),
        (container(&one).replace("1.0", "1"), Code::Version),
        (container(&one).replace(" Version=\"1.0\"", ""), Code::Version),
        (container(&format!("{one}{one}")), Code::Duplicate),
        (container(&format!("{one}<Device/>")), Code::Schema),
        (container(&format!("{one}text")), Code::Schema),
        (format!("{}x", container(&one)), Code::XmlSyntax),
        (format!("{}<a/>", container(&one)), Code::XmlSyntax),
        (format!("{ROOT}{one}"), Code::Truncated),
        (format!("{ROOT}{one}<Key"), Code::Truncated),
        (format!("<!DOCTYPE a>{}", container(&one)), Code::XmlDtd),
        (format!(" <?xml version='1.0'?>{}", container(&one)), Code::XmlSyntax),
        (format!("<?xml version='1.0' encoding='latin1'?>{}", container(&one)), Code::XmlEncoding),
        (container(&one.replace("oath.ZZ", "&who;")), Code::XmlSyntax),
        (container(&one.replace("oath.ZZ", "&#0;")), Code::XmlSyntax),
        (container(&one.replace("oath.ZZ", "\0")), Code::Nul),
        (container(&one.replace("oath.ZZ", "\u{202E}")), Code::Schema),
        (container(&one.replace("oath.ZZ", &"x".repeat(70_000))), Code::LimitText),
        (container(&one.replace("oath.ZZ", &"&#65;".repeat(70_000))), Code::LimitText),
        (container(&format!("{one}{}", " ".repeat(200_000))), Code::LimitSize),
        (container(&format!("{one}<!--{}-->", "x".repeat(200_000))), Code::LimitText),
        (container(&format!("{one}<Extensions>{}", "<x>".repeat(40))), Code::LimitDepth),
        (container(&format!("<KeyPackage {}/>", attributes(70))), Code::LimitAttrs),
        (container(&format!("<KeyPackage {}/>", attributes(70_000))), Code::LimitAttrs),
        (container(&format!("{one}<ds:Signature/>")), Code::SigCoverage),
        (container(&format!("{one}<Signature/>")), Code::SigInvalid),
        (container(&one.replace("PlainValue>jz", "Value>jz")), Code::XmlSyntax),
    ];
    for (text, code) in cases {
        let found = strict(text).1;
        let last = found.last().unwrap_or_else(|| panic!("{code}: nothing refused"));
        let start: String = text.chars().take(80).collect();
        assert_eq!(last.code, *code, "{start}: {last}");
        assert!(last.is_for_file());
    }
}

fn attributes(count: usize) -> String {
    (0..count).flat_map(|n| ["a".to_owned(), n.to_string(), "='1' ".to_owned()]).collect()
}

#[test]
fn encodings_that_are_not_utf_8() {
    let text = container(&good("1"));
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let code = |bytes: &[u8]| all(bytes, ReadOptions::default()).1[0].code;
    assert_eq!(code(&utf16), Code::XmlEncoding);
    assert_eq!(code(&[b"\xFF\xFE".as_slice(), &utf16].concat()), Code::XmlEncoding);
    assert_eq!(
        code(text.replace("oath.ZZ", "\u{E9}").as_bytes().strip_suffix(b">").unwrap()),
        Code::Truncated
    );
    let latin: Vec<u8> = text.bytes().map(|b| if b == b'Z' { 0xE9 } else { b }).collect();
    assert_eq!(code(&latin), Code::XmlEncoding);
    let marked = [b"\xEF\xBB\xBF".as_slice(), text.as_bytes()].concat();
    assert_eq!(all(&marked, ReadOptions::default()).1, []);
}

#[test]
fn a_signature_may_be_left_to_another_tool() {
    let text = container(&format!("{}<ds:Signature/>", good("1")));
    let options = ReadOptions { signatures: Signatures::Ignore, ..ReadOptions::default() };
    assert_eq!(all(text.as_bytes(), options).1, []);
    let options = ReadOptions { signatures: Signatures::Require, ..ReadOptions::default() };
    let unsigned = all(container(&good("1")).as_bytes(), options).1;
    assert_eq!(unsigned[0].code, Code::SigMissing);
}

#[test]
fn a_later_minor_version_is_read_with_a_warning() {
    let text = container(&good("1"));
    for (version, warns) in [("1.2", true), ("01.007", true), ("1.00", false)] {
        let text = text.replace("1.0", version);
        let mut file = open(text.as_bytes(), ReadOptions::default()).unwrap();
        assert!(file.by_ref().all(|item| item.is_ok()));
        let found = file.warnings().iter().any(|warning| warning.code == Code::WVersion);
        assert_eq!(found, warns, "{version}");
    }
}
