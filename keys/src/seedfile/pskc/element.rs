//! A strict view of one XML element: children by namespace and name, text without comments in it,
//! and a position for every fault.
//!
//! Not responsible for what the elements mean.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node, ParsingOptions};
use zeroize::Zeroizing;

use super::dialect::Dialect;
use super::names;
use super::plain;
use crate::seedfile::code::Code;
use crate::seedfile::options::Limits;
use crate::seedfile::refusal::{Position, Refusal};
use crate::seedfile::scan::{Piece, Root};

/// Parses one piece of a document, refusing whatever is not well-formed.
pub(in crate::seedfile) fn parse<'a>(
    text: &'a str,
    limits: &Limits,
    first_line: u64,
    extra_lines: u64,
) -> Result<Document<'a>, Refusal> {
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: limits.record_nodes,
        entity_resolver: None,
    };
    Document::parse_with_options(text, options).map_err(|error| {
        let row = u64::from(error.pos().row);
        let line = first_line.saturating_add(row).saturating_sub(1).saturating_sub(extra_lines);
        let at = Position { line: line.max(first_line), element: String::new() };
        match error {
            roxmltree::Error::DtdDetected => {
                Refusal::new(Code::XmlDtd, "file", "no document type declaration").at(at)
            }
            roxmltree::Error::NodesLimitReached => {
                Refusal::new(Code::LimitSize, "file", "a record has at most 4096 nodes").at(at)
            }
            other => {
                Refusal::new(Code::XmlSyntax, "file", format!("well-formed XML: {other}")).at(at)
            }
        }
    })
}

/// Where the document of a piece lies in the file.
#[derive(Clone, Debug)]
pub(in crate::seedfile) struct Place {
    line: u64,
    extra_lines: u64,
    base: String,
    dialect: Dialect,
}

impl Place {
    /// The place of a child of the root; `label` is its path, with a number where there are many.
    pub(in crate::seedfile) fn of(piece: &Piece, root: &Root, label: String) -> Self {
        let extra_lines = root.extra_lines();
        Self { line: piece.line, extra_lines, base: label, dialect: Dialect::Rfc }
    }

    /// The place of a child of the root that was read quickly.
    pub(super) fn of_plain(line: u64, label: String) -> Self {
        Self { line, extra_lines: 0, base: label, dialect: Dialect::Rfc }
    }

    /// The place of the root element itself.
    pub(in crate::seedfile) fn of_root(root: &Root) -> Self {
        Self { line: root.line, extra_lines: 0, base: String::new(), dialect: Dialect::Rfc }
    }

    /// The same place, where names are read otherwise.
    pub(super) fn in_dialect(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }
}

/// An element or text, read by one of two parsers.
#[derive(Clone, Copy)]
enum At<'a> {
    Strict(Node<'a, 'a>),
    Plain(plain::Node<'a>),
}

impl<'a> At<'a> {
    fn first_child(self) -> Option<Self> {
        match self {
            Self::Strict(node) => node.first_child().map(Self::Strict),
            Self::Plain(node) => node.first_child().map(Self::Plain),
        }
    }

    fn next_sibling(self) -> Option<Self> {
        match self {
            Self::Strict(node) => node.next_sibling().map(Self::Strict),
            Self::Plain(node) => node.next_sibling().map(Self::Plain),
        }
    }

    fn children(self) -> impl Iterator<Item = Self> {
        std::iter::successors(self.first_child(), |at| at.next_sibling())
    }

    /// What a text says; `None` for all else.
    fn text(self) -> Option<&'a str> {
        match self {
            Self::Strict(node) if node.is_text() => Some(node.text().unwrap_or_default()),
            Self::Strict(_) => None,
            Self::Plain(node) => node.text(),
        }
    }

    fn is_element(self) -> bool {
        match self {
            Self::Strict(node) => node.is_element(),
            Self::Plain(node) => node.text().is_none(),
        }
    }

    /// Whether there is no text below but blanks.
    fn is_blank(self) -> bool {
        let mut below = self.children();
        below.all(|at| at.text().map_or_else(|| at.is_blank(), |text| trimmed(text).is_empty()))
    }
}

/// An element and where it stands.
#[derive(Clone, Copy)]
pub(in crate::seedfile) struct El<'a> {
    at: At<'a>,
    place: &'a Place,
}

impl<'a> El<'a> {
    /// The piece's own element: the only child of the synthetic root.
    pub(in crate::seedfile) fn of_piece(
        document: &'a Document<'a>,
        place: &'a Place,
    ) -> Option<Self> {
        let node = document.root_element().first_element_child()?;
        Some(Self { at: At::Strict(node), place })
    }

    /// The same of a piece that was read quickly. Names are those of the RFC.
    pub(super) fn of_plain(tree: &'a plain::Tree<'a>, place: &'a Place) -> Self {
        Self { at: At::Plain(tree.top()), place }
    }

    /// The root element.
    pub(in crate::seedfile) fn of_root(document: &'a Document<'a>, place: &'a Place) -> Self {
        Self { at: At::Strict(document.root_element()), place }
    }

    /// The node itself, for walks over parts that are only looked at; `None` in a piece that was
    /// read quickly.
    pub(in crate::seedfile) fn node(self) -> Option<Node<'a, 'a>> {
        match self.at {
            At::Strict(node) => Some(node),
            At::Plain(_) => None,
        }
    }

    /// Namespace, empty where there is none.
    pub(in crate::seedfile) fn namespace(self) -> &'a str {
        match self.at {
            At::Strict(node) => self.place.dialect.namespace(node),
            At::Plain(node) => node.namespace(),
        }
    }

    /// Whether drafts are read here.
    pub(super) fn is_draft(self) -> bool {
        self.place.dialect == Dialect::Draft
    }

    /// Local name.
    pub(in crate::seedfile) fn name(self) -> &'a str {
        match self.at {
            At::Strict(node) => self.place.dialect.name(node),
            At::Plain(node) => node.name(),
        }
    }

    /// Whether this is `name` of RFC 6030.
    pub(in crate::seedfile) fn is(self, namespace: &str, name: &str) -> bool {
        self.namespace() == namespace && self.name() == name
    }

    /// An attribute without namespace, blanks trimmed.
    pub(in crate::seedfile) fn attribute(self, name: &str) -> Option<&'a str> {
        let others = self.place.dialect.attribute_names(name);
        let found = self.written(name).or_else(|| others.iter().find_map(|at| self.written(at)));
        found.map(trimmed)
    }

    fn written(self, name: &str) -> Option<&'a str> {
        match self.at {
            At::Strict(node) => {
                let mut all = node.attributes();
                all.find(|a| a.namespace().is_none() && a.name() == name).map(|a| a.value())
            }
            At::Plain(node) => {
                node.attributes().iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
            }
        }
    }

    /// The elements beside this one, where a piece was given more of them.
    pub(super) fn siblings(self) -> impl Iterator<Item = El<'a>> {
        let following = std::iter::successors(self.at.next_sibling(), |at| at.next_sibling());
        let elements = following.filter(|at| at.is_element());
        elements.map(move |at| Self { at, place: self.place })
    }

    /// Names of the attributes without namespace.
    pub(in crate::seedfile) fn attribute_names(self) -> Vec<&'a str> {
        match self.at {
            At::Strict(node) => {
                node.attributes().filter(|a| a.namespace().is_none()).map(|a| a.name()).collect()
            }
            At::Plain(node) => node.attributes().iter().map(|(name, _)| *name).collect(),
        }
    }

    /// Line in the file.
    pub(in crate::seedfile) fn position(self) -> Position {
        let (row, extra) = match self.at {
            At::Strict(node) => {
                let row = node.document().text_pos_at(node.range().start).row;
                (u64::from(row), self.place.extra_lines)
            }
            At::Plain(node) => (node.row(), 0),
        };
        let line = self.place.line.saturating_add(row).saturating_sub(1);
        let line = line.saturating_sub(extra).max(self.place.line);
        Position { line, element: self.path() }
    }

    /// Names of this element and those around it, as written, from the root on.
    fn names(self) -> Vec<&'a str> {
        let mut names: Vec<&str> = match self.at {
            At::Strict(node) => {
                node.ancestors().filter(Node::is_element).map(|n| n.tag_name().name()).collect()
            }
            At::Plain(node) => {
                let around = std::iter::successors(Some(node), |node| node.parent());
                around.map(plain::Node::name).chain([node.root_name()]).collect()
            }
        };
        names.reverse();
        names
    }

    fn path(self) -> String {
        let names = self.names();
        let inner = names.iter().skip(2).copied();
        let mut path = String::with_capacity(64);
        path.push_str(names.first().copied().unwrap_or_default());
        for part in std::iter::once(self.place.base.as_str()).chain(inner) {
            if !part.is_empty() {
                path.push('/');
                path.push_str(part);
            }
        }
        path
    }

    /// A refusal at this element.
    pub(in crate::seedfile) fn refuse(
        self,
        code: Code,
        rule: impl Into<Cow<'static, str>>,
    ) -> Refusal {
        Refusal::new(code, self.name().to_owned(), rule).at(self.position())
    }

    /// A refusal at this element about one of its attributes or missing children.
    pub(in crate::seedfile) fn refuse_field(
        self,
        code: Code,
        field: &'static str,
        rule: impl Into<Cow<'static, str>>,
    ) -> Refusal {
        Refusal::new(code, field, rule).at(self.position())
    }

    /// The children, which may only be of the given names, each at most once unless `many`.
    pub(in crate::seedfile) fn children(
        self,
        namespaces: &[&str],
        once: &[&str],
        many: &[&str],
    ) -> Result<Children<'a>, Refusal> {
        let mut found: Vec<El<'a>> = Vec::new();
        for at in self.at.children() {
            if at.text().is_some_and(|text| !trimmed(text).is_empty()) {
                return Err(self.refuse(Code::Schema, "no text between the elements").for_file());
            }
            if !at.is_element() {
                continue;
            }
            let child = Self { at, place: self.place };
            let (name, known) = (child.name(), namespaces.contains(&child.namespace()));
            let single = known && once.contains(&name);
            let repeatable = known && many.contains(&name);
            if !(single || repeatable) {
                let rule = format!("{} has no such child element", self.name());
                return Err(child.refuse(Code::Schema, rule).for_file());
            }
            if single && found.iter().any(|other| other.name() == name) {
                let rule = format!("{} has this child at most once", self.name());
                return Err(child.refuse(Code::Schema, rule).for_file());
            }
            found.push(child);
        }
        Ok(Children { parent: self, found })
    }

    /// The text, which must not be interrupted by elements, comments or instructions: a reader that
    /// takes the first part only would see another value. Blanks around it are trimmed.
    pub(in crate::seedfile) fn text(self) -> Result<Zeroizing<String>, Refusal> {
        if let Some(text) = self.single_text() {
            return Ok(Zeroizing::new(text.to_owned()));
        }
        let mut text = Zeroizing::new(String::new());
        for at in self.at.children() {
            let Some(part) = at.text() else {
                let rule = "a value holds text only, no elements, comments or instructions";
                return Err(self.refuse(Code::Schema, rule).for_file());
            };
            text.push_str(part);
        }
        Ok(Zeroizing::new(trimmed(&text).to_owned()))
    }

    /// The text where it is in one part, as it nearly always is.
    fn single_text(self) -> Option<&'a str> {
        let only = self.at.first_child()?;
        if only.next_sibling().is_some() { None } else { only.text().map(trimmed) }
    }

    /// Whether there is no text anywhere below: a value that was left out.
    pub(in crate::seedfile) fn is_blank(self) -> bool {
        self.at.is_blank()
    }

    /// A name or label: not too long, no control or direction characters.
    pub(in crate::seedfile) fn label(self) -> Result<Option<String>, Refusal> {
        let text = self.text()?;
        self.check_label(&text, None)?;
        Ok((!text.is_empty()).then(|| text.as_str().to_owned()))
    }

    /// The same rule for an attribute's value.
    pub(in crate::seedfile) fn check_label(
        self,
        text: &str,
        attribute: Option<&'static str>,
    ) -> Result<(), Refusal> {
        let refuse = |code, rule| match attribute {
            Some(name) => Err(self.refuse_field(code, name, rule)),
            None => Err(self.refuse(code, rule)),
        };
        if text.chars().count() > 256 {
            return refuse(Code::LimitText, "at most 256 characters");
        }
        if text.chars().any(|c| c.is_control() || names::is_direction_mark(c)) {
            return refuse(Code::Schema, "no control or text-direction characters");
        }
        Ok(())
    }

    /// Octets in canonical base64; blanks inside are allowed, as in xs:base64Binary.
    pub(in crate::seedfile) fn base64(self) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let octets = match self.single_text() {
            Some(text) if !text.bytes().any(|b| b.is_ascii_whitespace()) => STANDARD.decode(text),
            _ => {
                let text = self.text()?;
                let compact: Zeroizing<Vec<u8>> =
                    Zeroizing::new(text.bytes().filter(|b| !b.is_ascii_whitespace()).collect());
                STANDARD.decode(compact.as_slice())
            }
        };
        octets
            .map(Zeroizing::new)
            .map_err(|_| self.refuse(Code::Base64, "canonical base64 with padding (RFC 4648 s.4)"))
    }
}

/// The checked children of an element.
pub(in crate::seedfile) struct Children<'a> {
    parent: El<'a>,
    found: Vec<El<'a>>,
}

impl<'a> Children<'a> {
    /// The child of that name, if any.
    pub(in crate::seedfile) fn get(&self, name: &str) -> Option<El<'a>> {
        self.found.iter().copied().find(|child| child.name() == name)
    }

    /// All children of that name.
    pub(in crate::seedfile) fn all(&self, name: &'static str) -> impl Iterator<Item = El<'a>> {
        self.found.iter().copied().filter(move |child| child.name() == name)
    }

    /// The child of that name, or a refusal of the given class at the parent.
    pub(in crate::seedfile) fn need(
        &self,
        name: &'static str,
        code: Code,
    ) -> Result<El<'a>, Refusal> {
        self.get(name).ok_or_else(|| {
            let rule = format!("{} must have {name}", self.parent.name());
            self.parent.refuse_field(code, name, rule)
        })
    }

    /// These, and those of the others that are not among them.
    pub(super) fn or(mut self, others: Self) -> Self {
        let missing = |other: &El<'a>| self.get(other.name()).is_none();
        let more: Vec<El<'a>> = others.found.into_iter().filter(missing).collect();
        self.found.extend(more);
        self
    }

    /// Whether there is none.
    pub(in crate::seedfile) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}

/// Without the blanks of XML around it; those of Unicode stay.
fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}
