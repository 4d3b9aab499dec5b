//! Canonical XML 1.0 without comments, exclusive or inclusive, piece by piece.
//!
//! Works on the trees that a strict parser made, so that what is digested is what was read. Not
//! responsible for InclusiveNamespaces (refused by the caller), for node sets other than elements
//! with all they contain (so that no `xml:` attributes are inherited), nor for relative namespace
//! names, which the standard leaves undefined.

use roxmltree::{Attribute, Node, NodeType};

use crate::seedfile::scan::unify_line_ends;

/// Prefixes written out by the ancestors, outermost first, and what they stand for.
type Rendered<'a> = Vec<(&'a str, &'a str)>;

/// Which namespaces an element declares.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::seedfile) enum Form {
    /// Those that its own names use.
    Exclusive,
    /// All that it has in scope. Old files only.
    Inclusive,
}

/// Appends the exclusive form of an element as if it stood alone.
pub(in crate::seedfile) fn alone<'a>(element: Node<'a, 'a>, out: &mut Vec<u8>) {
    write(element, Form::Exclusive, &mut Rendered::new(), out);
}

/// The document element, whose children come one after the other.
pub(in crate::seedfile) struct Root {
    form: Form,
    name: String,
    rendered: Vec<(String, String)>,
}

impl Root {
    /// Appends the start tag.
    pub(in crate::seedfile) fn open<'a>(
        form: Form,
        element: Node<'a, 'a>,
        out: &mut Vec<u8>,
    ) -> Self {
        let mut rendered = Rendered::new();
        start_tag(element, form, &mut rendered, out);
        let owned = |(prefix, uri): (&str, &str)| (prefix.to_owned(), uri.to_owned());
        Self {
            form,
            name: qualified_name(element).to_owned(),
            rendered: rendered.into_iter().map(owned).collect(),
        }
    }

    /// Appends everything inside a copy of the document element.
    pub(in crate::seedfile) fn content<'a>(&'a self, copy: Node<'a, 'a>, out: &mut Vec<u8>) {
        let borrowed = |pair: &'a (String, String)| (pair.0.as_str(), pair.1.as_str());
        let mut rendered: Rendered<'a> = self.rendered.iter().map(borrowed).collect();
        copy.children().for_each(|node| write(node, self.form, &mut rendered, out));
    }

    /// Appends the end tag.
    pub(in crate::seedfile) fn close(&self, out: &mut Vec<u8>) {
        end_tag(&self.name, out);
    }
}

/// Appends text that no parser has seen, with its line ends unified.
pub(in crate::seedfile) fn raw_blanks(text: &[u8], out: &mut Vec<u8>) {
    let mut own = text.to_vec();
    unify_line_ends(&mut own);
    out.append(&mut own);
}

/// Appends a processing instruction, given all between `<?` and `?>`.
pub(in crate::seedfile) fn raw_instruction(content: &[u8], out: &mut Vec<u8>) {
    let end = content.iter().position(u8::is_ascii_whitespace).unwrap_or(content.len());
    let (target, data) = content.split_at(end);
    instruction(target, data, out);
}

fn instruction(target: &[u8], data: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"<?");
    out.extend_from_slice(target);
    let data = data.trim_ascii_start();
    if !data.is_empty() {
        out.push(b' ');
        raw_blanks(data, out);
    }
    out.extend_from_slice(b"?>");
}

/// Depth is bounded by the scanner in front of the parser.
fn write<'a>(node: Node<'a, 'a>, form: Form, rendered: &mut Rendered<'a>, out: &mut Vec<u8>) {
    match node.node_type() {
        NodeType::Element => {
            let outside = rendered.len();
            start_tag(node, form, rendered, out);
            node.children().for_each(|child| write(child, form, rendered, out));
            end_tag(qualified_name(node), out);
            rendered.truncate(outside);
        }
        NodeType::Text => escape(node.text().unwrap_or_default(), in_text, out),
        NodeType::PI => {
            if let Some(pi) = node.pi() {
                instruction(pi.target.as_bytes(), pi.value.unwrap_or_default().as_bytes(), out);
            }
        }
        NodeType::Comment | NodeType::Root => {}
    }
}

fn start_tag<'a>(
    element: Node<'a, 'a>,
    form: Form,
    rendered: &mut Rendered<'a>,
    out: &mut Vec<u8>,
) {
    let name = qualified_name(element);
    let outside = rendered.len();
    let mut attributes: Vec<Attribute<'a, 'a>> = element.attributes().collect();
    match form {
        Form::Exclusive => need_utilized(element, name, &attributes, rendered),
        Form::Inclusive => need_all(element, rendered),
    }
    out.push(b'<');
    out.extend_from_slice(name.as_bytes());
    if let Some(new) = rendered.get_mut(outside..) {
        new.sort_unstable();
        for (prefix, uri) in new {
            declaration(prefix, uri, out);
        }
    }
    attributes.sort_unstable_by_key(|a| (a.namespace().unwrap_or_default(), a.name()));
    for attribute in attributes {
        value(attribute_name(element, &attribute), attribute.value(), out);
    }
    out.push(b'>');
}

/// What the names of an element and its attributes use (Exclusive XML Canonicalization s.1.1).
fn need_utilized<'a>(
    element: Node<'a, 'a>,
    name: &'a str,
    attributes: &[Attribute<'a, 'a>],
    rendered: &mut Rendered<'a>,
) {
    need(prefix(name), element.tag_name().namespace(), rendered);
    for attribute in attributes {
        let prefix = prefix(attribute_name(element, attribute));
        if !prefix.is_empty() {
            need(prefix, attribute.namespace(), rendered);
        }
    }
}

/// What is in scope (Canonical XML s.2.3), unless it all is in scope outside already.
fn need_all<'a>(element: Node<'a, 'a>, rendered: &mut Rendered<'a>) {
    let inherited = |outer: Node<'a, 'a>| outer.namespaces().eq(element.namespaces());
    if element.parent_element().is_some_and(inherited) {
        return;
    }
    need("", element.default_namespace(), rendered);
    for namespace in element.namespaces() {
        if let Some(prefix) = namespace.name() {
            need(prefix, Some(namespace.uri()), rendered);
        }
    }
}

/// Notes that a prefix is to be declared, unless an ancestor has written the same one already.
fn need<'a>(prefix: &'a str, namespace: Option<&'a str>, rendered: &mut Rendered<'a>) {
    let namespace = namespace.unwrap_or_default();
    let known = rendered.iter().rev().find(|(known, _)| *known == prefix);
    // No default namespace is what a document begins with; `xml` is never declared.
    if prefix != "xml" && known.map_or("", |(_, uri)| *uri) != namespace {
        rendered.push((prefix, namespace));
    }
}

fn declaration(prefix: &str, uri: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b" xmlns");
    if !prefix.is_empty() {
        out.push(b':');
        out.extend_from_slice(prefix.as_bytes());
    }
    quoted(uri, out);
}

fn value(name: &str, value: &str, out: &mut Vec<u8>) {
    out.push(b' ');
    out.extend_from_slice(name.as_bytes());
    quoted(value, out);
}

fn quoted(value: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"=\"");
    escape(value, in_attribute, out);
    out.push(b'"');
}

fn end_tag(name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"</");
    out.extend_from_slice(name.as_bytes());
    out.push(b'>');
}

/// The name as the document has it: the tree keeps namespaces, but not their prefixes.
fn qualified_name<'a>(element: Node<'a, 'a>) -> &'a str {
    let tag = element.document().input_text().get(element.range()).unwrap_or_default();
    let name = tag.strip_prefix('<').unwrap_or_default();
    let stop = |c: char| c.is_ascii_whitespace() || c == '/' || c == '>';
    name.split(stop).next().unwrap_or_default()
}

fn attribute_name<'a>(element: Node<'a, 'a>, attribute: &Attribute<'a, 'a>) -> &'a str {
    element.document().input_text().get(attribute.range_qname()).unwrap_or_default()
}

fn prefix(name: &str) -> &str {
    name.split_once(':').map_or("", |(prefix, _)| prefix)
}

/// What stands for a byte in the canonical form, where that is not the byte itself.
type Special = fn(u8) -> Option<&'static [u8]>;

const fn in_text(byte: u8) -> Option<&'static [u8]> {
    match byte {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'>' => Some(b"&gt;"),
        b'\r' => Some(b"&#xD;"),
        _ => None,
    }
}

const fn in_attribute(byte: u8) -> Option<&'static [u8]> {
    match byte {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'"' => Some(b"&quot;"),
        b'\t' => Some(b"&#x9;"),
        b'\n' => Some(b"&#xA;"),
        b'\r' => Some(b"&#xD;"),
        _ => None,
    }
}

fn escape(text: &str, special: Special, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    let next = |bytes: &[u8]| {
        bytes.iter().enumerate().find_map(|(at, byte)| special(*byte).map(|text| (at, text)))
    };
    while let Some((at, replacement)) = next(rest) {
        let (clean, from) = rest.split_at(at);
        out.extend_from_slice(clean);
        out.extend_from_slice(replacement);
        rest = from.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests;
