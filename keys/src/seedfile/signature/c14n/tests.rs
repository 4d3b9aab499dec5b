//! The canonical form by hand for what the standard says, and beside `xmllint` for everything else.

use std::io::{BufReader, Write as _};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use ring::digest::{SHA256, digest};
use roxmltree::Document;

use super::*;
use crate::seedfile::options::Limits;
use crate::seedfile::scan::Scanner;
use crate::seedfile::signature::covered::Covered;
use crate::seedfile::signature::hash::Hash;

/// All at once, for comparisons that a person reads.
fn whole(text: &str) -> String {
    let document = Document::parse(text).unwrap();
    let mut out = Vec::new();
    for node in document.root().children() {
        write(node, Form::Exclusive, &mut Rendered::new(), &mut out);
    }
    String::from_utf8(out).unwrap()
}

/// Piece by piece, as a container is read; the digest only.
fn covered(text: &str, form: Form, chunk: usize) -> Vec<u8> {
    let input = BufReader::with_capacity(chunk, text.as_bytes());
    let mut scanner = Scanner::new(input, Limits::default());
    scanner.cover(Covered::new(true));
    let root = scanner.root().unwrap();
    let alone = root.alone();
    scanner.covered().unwrap().open(Document::parse(&alone).unwrap().root_element());
    while let Some(piece) = scanner.next_piece().unwrap() {
        let text = piece.document(&root).unwrap();
        scanner.covered().unwrap().child(&Document::parse(&text).unwrap());
    }
    scanner.covered().unwrap().digest(form, Hash::Sha256).unwrap()
}

#[test]
fn namespaces_stand_where_they_are_used_and_attributes_in_order() {
    let cases = [
        ("<a/>", "<a></a>"),
        ("<a xmlns:u='urn:unused' xmlns='urn:d'><b/></a>", "<a xmlns=\"urn:d\"><b></b></a>"),
        (
            "<a xmlns:p='urn:p'><p:b><p:c/></p:b><p:d/></a>",
            "<a><p:b xmlns:p=\"urn:p\"><p:c></p:c></p:b><p:d xmlns:p=\"urn:p\"></p:d></a>",
        ),
        (
            "<a xmlns='urn:d'><b xmlns=''><c/></b></a>",
            "<a xmlns=\"urn:d\"><b xmlns=\"\"><c></c></b></a>",
        ),
        (
            "<p:a xmlns:p='urn:1'><p:b xmlns:p='urn:2'/></p:a>",
            "<p:a xmlns:p=\"urn:1\"><p:b xmlns:p=\"urn:2\"></p:b></p:a>",
        ),
        (
            "<p:a xmlns:p='urn:1'><p:b xmlns:p='urn:1'/></p:a>",
            "<p:a xmlns:p=\"urn:1\"><p:b></p:b></p:a>",
        ),
        (
            "<a xmlns:z='urn:1' xmlns:y='urn:2' y:a='1' z:b='2' c='3' B='4' xml:lang='ja' b='5'/>",
            "<a xmlns:y=\"urn:2\" xmlns:z=\"urn:1\" B=\"4\" b=\"5\" c=\"3\" xml:lang=\"ja\" z:b=\"2\" y:a=\"1\"></a>",
        ),
    ];
    for (text, canonical) in cases {
        assert_eq!(whole(text), canonical, "{text}");
    }
}

#[test]
fn text_has_one_form() {
    let cases = [
        ("<a>x\r\ny\rz</a>", "<a>x\ny\nz</a>"),
        (
            "<a>&#13;&#10;&gt;&quot;&apos;&#x5272;\u{7B26}</a>",
            "<a>&#xD;\n&gt;\"'\u{5272}\u{7B26}</a>",
        ),
        ("<a><![CDATA[<&>\r\n]]]]><![CDATA[>]]></a>", "<a>&lt;&amp;&gt;\n]]&gt;</a>"),
        ("<a b=' x\r\n\ty '/>", "<a b=\" x  y \"></a>"),
        (
            "<a b='&#13;&#10;&#9;&lt;>&quot;&amp;'/>",
            "<a b=\"&#xD;&#xA;&#x9;&lt;>&quot;&amp;\"></a>",
        ),
        ("<a>x<!-- not seen -->y</a>", "<a>xy</a>"),
        ("<a><?p  q \r\n?><?r?></a>", "<a><?p q \n?><?r?></a>"),
    ];
    for (text, canonical) in cases {
        assert_eq!(whole(text), canonical, "{text}");
    }
}

#[test]
fn what_stands_around_the_root_and_between_its_children_is_covered() {
    let text = "<?xml version='1.0'?>\r\n<!-- c --><?p  d?>\n<r >\r\n <a/>\r<?q\te?>\n<!-- c --><b>\t</b></r>\n<?s?> <!-- c --> ";
    let canonical = "<?p d?>\n<r>\n <a></a>\n<?q e?>\n<b>\t</b></r>\n<?s?>";
    for chunk in [1, 3, 4096] {
        assert_eq!(
            covered(text, Form::Exclusive, chunk),
            digest(&SHA256, canonical.as_bytes()).as_ref()
        );
    }
}

/// Makes a document up from bytes: every form that has another canonical form, nested at random.
struct Maker<'a> {
    bytes: std::slice::Iter<'a, u8>,
    text: String,
}

impl Maker<'_> {
    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        let at = usize::from(self.bytes.next().copied().unwrap_or_default());
        from.get(at % from.len()).copied().unwrap_or_default()
    }

    fn document(mut self) -> String {
        let before = self.text_before();
        self.text.push_str(before);
        self.element(1);
        let after = self.pick(&["", "\n", "<?after the?>", "\r\n<?end?>\n"]);
        self.text.push_str(after);
        self.text
    }

    fn text_before(&mut self) -> &'static str {
        self.pick(&[
            "",
            "<?xml version='1.0' encoding='UTF-8'?>",
            "<?before  all?>\n",
            "\n<?one?><?two?>",
        ])
    }

    fn element(&mut self, depth: usize) {
        let is_root = depth == 1;
        let name = self.pick(&["x", "p:x", "q:x", "p:\u{5272}", "\u{E9}"]);
        self.text.push('<');
        self.text.push_str(name);
        let mut forms = vec!["", " ", "\n  ", "\r\n\t"];
        if is_root {
            self.text.push_str(" xmlns:p='urn:p' xmlns:q=\"urn:q\" xmlns:unused='urn:n'");
        } else {
            forms.extend([
                " xmlns:p='urn:p'",
                " xmlns:p='urn:q'",
                " xmlns:q='urn:2' xmlns:n='urn:3'",
            ]);
        }
        let form = self.pick(&forms);
        self.text.push_str(form);
        let default = self.pick(&["", " xmlns='urn:d'", " xmlns=\"urn:e\"", " xmlns=''"]);
        self.text.push_str(default);
        self.attributes();
        if self.pick(&["open", "closed"]) == "closed" && !is_root {
            self.text.push_str(" />");
            return;
        }
        self.text.push('>');
        self.content(depth);
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push_str(self.bytes.clone().next().map_or(">", |_| " >"));
    }

    fn attributes(&mut self) {
        for name in ["b", "a", "p:b", "q:c", "xml:space", "\u{7B26}", "p:a"] {
            let value = self.pick(&[
                "",
                "='v'",
                "=\"  two\tblanks\r\n \"",
                " = '&#9;&#10;&#13;&#xD;\n'",
                "='&lt;\"&gt;>&amp;&apos;'",
                "=\"'\u{5272}&#x7B26;\u{1F600}\"",
                "",
                "=''",
            ]);
            let value =
                if name == "xml:space" && !value.is_empty() { "='preserve'" } else { value };
            if !value.is_empty() {
                self.text.push(' ');
                self.text.push_str(name);
                self.text.push_str(value);
            }
        }
    }

    fn content(&mut self, depth: usize) {
        let is_root = depth == 1;
        while self.bytes.len() > 0 {
            let blanks = [" ", "\r\n", "\r", "\n\n\t", "<?in  side \r\n?>", "<?p?>"];
            let texts = [
                "&#13;\n",
                "a&amp;b<![CDATA[\r\n<&]]>\r",
                "\"'&quot;",
                "\u{E9}\u{5272}&gt;",
                "]]&gt;>",
            ];
            match self.pick(&["child", "text", "blank", "end"]) {
                "child" if depth < 6 => self.element(depth + 1),
                "text" if !is_root => {
                    let text = self.pick(&texts);
                    self.text.push_str(text);
                }
                "end" if !is_root => return,
                _ => {
                    let blank = self.pick(&blanks);
                    self.text.push_str(blank);
                }
            }
        }
    }
}

/// Canonical form by libxml2, comments kept; `None` where the program is not there.
fn xmllint(text: &str, form: Form) -> Option<Vec<u8>> {
    let option = if form == Form::Exclusive { "--exc-c14n" } else { "--c14n" };
    let mut child = Command::new("xmllint")
        .args([option, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .inspect_err(|error| eprintln!("SKIPPED: xmllint of libxml2-utils: {error}"))
        .ok()?;
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

fn compare(text: &str) {
    for form in [Form::Exclusive, Form::Inclusive] {
        let Some(expected) = xmllint(text, form) else { return };
        let is_same = digest(&SHA256, &expected).as_ref() == covered(text, form, 4096);
        assert!(is_same, "{text}\n{}\n{}", String::from_utf8_lossy(&expected), whole(text));
    }
}

#[test]
fn a_batch_of_our_own_is_as_xmllint_has_it() {
    compare(
        "<?xml version=\"1.0\"?>\n<pskc:KeyContainer Version=\"1.0\" xmlns:pskc=\"urn:ietf:params:xml:ns:keyprov:pskc\" xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\">\r\n<pskc:KeyPackage><Manufacturer xmlns=\"urn:ietf:params:xml:ns:keyprov:pskc\">a&amp;b</Manufacturer><xenc:CipherValue/></pskc:KeyPackage>\n</pskc:KeyContainer>\n",
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_document_is_as_xmllint_has_it(bytes in proptest::collection::vec(any::<u8>(), 0..160)) {
        compare(&Maker { bytes: bytes.iter(), text: String::new() }.document());
    }
}
