//! Both parsers read the same, wherever the quick one reads at all.

use std::fmt::{self, Write as _};

use proptest::prelude::{
    Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest,
};

use super::*;

const ROOT: &str = "<p:KeyContainer xmlns:p='urn:p'\n xmlns='urn:d' xmlns:x='urn:x'>";
const SAMPLE: &str =
    "<p:KeyPackage><Key Id=\"1\" A='x > y'>\n<p:V>text</p:V><x:E/>\té </Key></p:KeyPackage>";

/// A document around a piece, as the strict parser gets it.
fn around(piece: &str) -> String {
    format!("{ROOT}{piece}</p:KeyContainer>")
}

fn spaces() -> Spaces {
    Spaces::of(&Document::parse(&around("")).unwrap())
}

fn put(out: &mut String, what: fmt::Arguments<'_>) {
    out.write_fmt(what).unwrap();
}

/// Everything that a reader may ask of the elements, in order.
fn quick(node: Node<'_>, out: &mut String) {
    if let Some(text) = node.text() {
        put(out, format_args!("{text:?};"));
        return;
    }
    put(out, format_args!("{}|{}@{}", node.namespace(), node.name(), node.row()));
    node.attributes().iter().for_each(|(name, value)| put(out, format_args!("{name}={value:?}")));
    out.push('(');
    let mut next = node.first_child();
    while let Some(child) = next {
        assert_eq!(child.parent().map(|parent| parent.at), Some(node.at));
        quick(child, out);
        next = child.next_sibling();
    }
    out.push(')');
}

fn strict(node: roxmltree::Node<'_, '_>, out: &mut String) {
    if node.is_text() {
        put(out, format_args!("{:?};", node.text().unwrap_or_default()));
        return;
    }
    assert!(node.is_element(), "the quick one reads neither comments nor instructions");
    let tag = node.tag_name();
    let row = node.document().text_pos_at(node.range().start).row - 1;
    put(out, format_args!("{}|{}@{row}", tag.namespace().unwrap_or_default(), tag.name()));
    for attribute in node.attributes() {
        assert_eq!(attribute.namespace(), None);
        put(out, format_args!("{}={:?}", attribute.name(), attribute.value()));
    }
    out.push('(');
    node.children().for_each(|child| strict(child, out));
    out.push(')');
}

/// Whether the quick one reads it; it fails where the strict one would read otherwise.
fn agree(piece: &str) -> bool {
    let (spaces, limits) = (spaces(), Limits::default());
    let Some(tree) = Tree::read(piece, &spaces, &limits) else { return false };
    let mut found = String::new();
    quick(tree.top(), &mut found);
    let text = around(piece);
    let document = Document::parse(&text).unwrap_or_else(|error| panic!("{error}: {piece}"));
    let root = document.root_element();
    assert_eq!(root.children().count(), 1, "{piece}");
    let mut expected = String::new();
    strict(root.first_child().unwrap(), &mut expected);
    assert_eq!(found, expected, "{piece}");
    true
}

#[test]
fn ordinary_pieces_are_read_quickly() {
    assert!(agree(SAMPLE));
    assert!(agree("<KeyPackage/>") && agree("<p:KeyPackage ></p:KeyPackage>"));
}

#[test]
fn what_is_out_of_the_ordinary_is_left_to_the_strict_parser() {
    for inner in [
        "&amp;",
        "&#65;",
        "<!-- c -->",
        "<?x y?>",
        "<![CDATA[x]]>",
        "a]]>b",
        "\r\n",
        "\u{1}",
        "\u{FFFE}",
        "<q:unknown/>",
        "<a xmlns='urn:other'/>",
        "<a xml:lang='en'/>",
        "<a b='1' b='2'/>",
        "<a b='&lt;'/>",
        "<a b='1'c='2'/>",
        "<a b = '1'/>",
        "<a b=1/>",
        "<1/>",
        "<a:b:c/>",
        "<:a/>",
        "<a><b></a></b>",
        "<a b='\n'/>",
        "</KeyPackage><KeyPackage>",
        "<é/>",
        "<a b='<'/>",
    ] {
        assert!(!agree(&format!("<KeyPackage>{inner}</KeyPackage>")), "{inner}");
    }
    for piece in ["", "<", "<KeyPackage", "<KeyPackage>", "x<a/>", "<a/>x", "<a/><b/>", "</a>"] {
        assert!(!agree(piece), "{piece}");
    }
    let deep = format!("{}{}", "<a>".repeat(31), "</a>".repeat(31));
    assert!(agree(&deep) && !agree(&format!("<a>{deep}</a>")), "the pre-scan stops at 32");
    let many = |count: usize| {
        let all: Vec<String> = (0..count).map(|n| format!("a{n}=''")).collect();
        format!("<a {}/>", all.join(" "))
    };
    assert!(agree(&many(64)) && !agree(&many(65)));
    assert!(!agree(&format!("<a>{}</a>", "<b/>".repeat(4096))));
}

#[test]
fn the_extent_is_that_of_the_first_piece() {
    let two = format!("{SAMPLE}{SAMPLE}");
    assert_eq!(extent(two.as_bytes(), "KeyPackage"), Some(SAMPLE.len()));
    for other in [
        "",
        " <KeyPackage></KeyPackage>",
        "<Other></Other>",
        "<p:KeyPackage></KeyPackage>",
        "<aKeyPackage></aKeyPackage>",
        "<KeyPackage>",
        "<KeyPackage/>",
    ] {
        assert_eq!(extent(other.as_bytes(), "KeyPackage"), None, "{other}");
    }
}

fn part() -> impl Strategy<Value = String> {
    let odd =
        ["&lt;", "<!--c-->", "<![CDATA[x]]>", "]]>", "\r", "<?p?>", "\u{FFFF}", "<q:a/>", "\u{80}"];
    let usual = ["", " ", "\n", "text", "é割", "a=\"b\"", "]", ">", "'", "\t"];
    prop_oneof![
        8 => prop::sample::select(usual.to_vec()),
        1 => prop::sample::select(odd.to_vec()),
    ]
    .prop_map(str::to_owned)
}

fn element(inner: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let names = ["a", "p:b", "x:_c-1.d", "KeyPackage", "q:e", "p:1"];
    let attributes = [
        "",
        " ",
        " A='1'",
        " B=\"'\"\n",
        " A='1' A='2'",
        " C = '1'",
        " x:D='1'",
        " E='>é'",
        "F='&amp;'",
    ];
    let name = prop_oneof![12 => Just("a"), 6 => prop::sample::select(names.to_vec())];
    let attributes = prop_oneof![4 => Just(""), 3 => prop::sample::select(attributes.to_vec())];
    (name, attributes, prop::collection::vec(inner, 0..4), 0..12_u8).prop_map(
        |(name, attributes, inner, form)| match form {
            0 => format!("<{name}{attributes}/>"),
            1 => format!("<{name}{attributes}>{}</b>", inner.concat()),
            _ => format!("<{name}{attributes}>{}</{name}>", inner.concat()),
        },
    )
}

proptest! {
    #[test]
    fn pieces_of_all_kinds(
        piece in element(part().prop_recursive(4, 24, 4, |inner| prop_oneof![
            part(),
            element(inner),
        ])),
    ) {
        agree(&piece);
    }

    #[test]
    fn pieces_with_something_changed(
        at in any::<prop::sample::Index>(),
        len in 0..4_usize,
        put in "[<>/&;='\" a-c:!\\-\\[\\]\\n\\r\\x01é]{0,3}",
    ) {
        let chars: Vec<char> = SAMPLE.chars().collect();
        let from = at.index(chars.len());
        let to = chars.len().min(from + len);
        let changed: String =
            chars[..from].iter().chain(put.chars().collect::<Vec<_>>().iter()).chain(&chars[to..]).collect();
        agree(&changed);
        prop_assert!(extent(changed.as_bytes(), "KeyPackage").is_none_or(|end| end <= changed.len()));
        prop_assert_eq!(agree(SAMPLE), true);
    }
}
