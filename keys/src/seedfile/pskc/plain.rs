//! The quick reading of one piece of a document: elements, attributes and text as nearly all files
//! write them.
//!
//! Whatever is out of the ordinary (references, comments, CDATA, namespaces declared within, other
//! line ends) is not read here but left to the strict parser, which then has the last word; what is
//! read here, it would read the same. Not responsible for refusing anything.

use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2, memmem};
use roxmltree::Document;

use crate::seedfile::options::Limits;

/// Prefixes and namespaces that the root declares, and its name.
#[derive(Debug, Default)]
pub(super) struct Spaces {
    root: String,
    all: Vec<(String, String)>,
}

impl Spaces {
    /// Those of a document that is the root alone.
    pub(super) fn of(document: &Document<'_>) -> Self {
        let root = document.root_element();
        let owned = |space: &roxmltree::Namespace<'_>| {
            (space.name().unwrap_or_default().to_owned(), space.uri().to_owned())
        };
        let all = root.namespaces().map(owned).filter(|(prefix, _)| prefix != "xml").collect();
        Self { root: root.tag_name().name().to_owned(), all }
    }

    fn of_prefix(&self, prefix: &str) -> Option<&str> {
        let found = self.all.iter().find(|(known, _)| known == prefix);
        // Without a default namespace, names without a prefix are in none.
        found.map(|(_, uri)| uri.as_str()).or(prefix.is_empty().then_some(""))
    }
}

/// The length of the piece of this local name at the very start of the text; `None` where it is
/// another, or does not end within the text, or only seems to.
pub(in crate::seedfile) fn extent(text: &[u8], local: &str) -> Option<usize> {
    let tag = text.strip_prefix(b"<")?;
    let end = tag.iter().position(|byte| !is_name(*byte) && *byte != b':')?;
    let name = tag.get(..end)?;
    if !(name == local.as_bytes() || name.strip_suffix(local.as_bytes())?.ends_with(b":")) {
        return None;
    }
    let close = [b"</", name, b">"].concat();
    memmem::find(text, &close)?.checked_add(close.len())
}

/// A piece as a tree. Element, attributes and texts borrow from its text.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    text: &'a str,
    spaces: &'a Spaces,
    parts: Vec<Part<'a>>,
    attributes: Vec<(&'a str, &'a str)>,
}

#[derive(Debug)]
struct Part<'a> {
    /// Empty for a text.
    name: &'a str,
    /// Namespace of an element; what a text says.
    value: &'a str,
    attributes: Range<usize>,
    start: usize,
    parent: Option<usize>,
    first: Option<usize>,
    last: Option<usize>,
    next: Option<usize>,
}

/// An element or text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'a> {
    tree: &'a Tree<'a>,
    at: usize,
}

impl<'a> Tree<'a> {
    /// Reads a piece; `None` where the strict parser has to.
    pub(super) fn read(text: &'a str, spaces: &'a Spaces, limits: &Limits) -> Option<Self> {
        let tree = Self {
            text,
            spaces,
            parts: Vec::with_capacity(64),
            attributes: Vec::with_capacity(16),
        };
        Reading { tree, at: 0, open: Vec::with_capacity(8), limits }.run()
    }

    /// The piece's own element.
    pub(super) fn top(&'a self) -> Node<'a> {
        Node { tree: self, at: 0 }
    }
}

impl<'a> Node<'a> {
    fn part(self) -> Option<&'a Part<'a>> {
        self.tree.parts.get(self.at)
    }

    fn link(self, link: impl Fn(&Part<'a>) -> Option<usize>) -> Option<Self> {
        self.part().and_then(link).map(|at| Self { at, ..self })
    }

    pub(super) fn first_child(self) -> Option<Self> {
        self.link(|part| part.first)
    }

    pub(super) fn next_sibling(self) -> Option<Self> {
        self.link(|part| part.next)
    }

    pub(super) fn parent(self) -> Option<Self> {
        self.link(|part| part.parent)
    }

    /// Local name; empty for a text.
    pub(super) fn name(self) -> &'a str {
        self.part().map_or("", |part| part.name)
    }

    /// Namespace, empty where there is none.
    pub(super) fn namespace(self) -> &'a str {
        self.part().filter(|part| !part.name.is_empty()).map_or("", |part| part.value)
    }

    /// What a text says.
    pub(super) fn text(self) -> Option<&'a str> {
        self.part().filter(|part| part.name.is_empty()).map(|part| part.value)
    }

    pub(super) fn attributes(self) -> &'a [(&'a str, &'a str)] {
        let range = self.part().map(|part| part.attributes.clone()).unwrap_or_default();
        self.tree.attributes.get(range).unwrap_or_default()
    }

    /// Name of the document's root.
    pub(super) fn root_name(self) -> &'a str {
        &self.tree.spaces.root
    }

    /// Line within the piece, from 1.
    pub(super) fn row(self) -> u64 {
        let start = self.part().map_or(0, |part| part.start);
        let before = self.tree.text.as_bytes().get(..start).unwrap_or_default();
        memchr_iter(b'\n', before).fold(1, |row, _| row.saturating_add(1))
    }
}

/// A piece being read.
struct Reading<'a, 'l> {
    tree: Tree<'a>,
    at: usize,
    /// Elements that are open, with their names as written.
    open: Vec<(usize, &'a str)>,
    limits: &'l Limits,
}

impl<'a> Reading<'a, '_> {
    fn run(mut self) -> Option<Tree<'a>> {
        loop {
            self.expect(b'<')?;
            if self.peek()? == b'/' {
                self.close()?;
            } else {
                self.element()?;
            }
            if self.open.is_empty() {
                let whole = self.at == self.tree.text.len();
                return whole.then_some(self.tree);
            }
            self.text()?;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.tree.text.as_bytes().get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at = self.at.saturating_add(1))
    }

    /// What follows for as long as the bytes are such.
    fn take(&mut self, such: impl Fn(u8) -> bool) -> Option<&'a str> {
        let rest = self.tree.text.get(self.at..)?;
        let len = rest.bytes().position(|byte| !such(byte))?;
        self.at = self.at.checked_add(len)?;
        rest.get(..len)
    }

    /// Up to this byte, and past it.
    fn until(&mut self, byte: u8) -> Option<&'a str> {
        let rest = self.tree.text.get(self.at..)?;
        let len = memchr(byte, rest.as_bytes())?;
        self.at = self.at.checked_add(len)?.checked_add(1)?;
        rest.get(..len)
    }

    fn push(&mut self, part: Part<'a>) -> Option<usize> {
        let at = self.tree.parts.len();
        // The strict parser counts nodes, and some more around them.
        if at.checked_add(8)? > usize::try_from(self.limits.record_nodes).ok()? {
            return None;
        }
        if let Some(parent) = part.parent.and_then(|parent| self.tree.parts.get_mut(parent)) {
            let before = parent.last.replace(at);
            parent.first.get_or_insert(at);
            if let Some(before) = before.and_then(|before| self.tree.parts.get_mut(before)) {
                before.next = Some(at);
            }
        }
        self.tree.parts.push(part);
        Some(at)
    }

    fn element(&mut self) -> Option<()> {
        let start = self.at.checked_sub(1)?;
        let written = self.take(|byte| is_name(byte) || byte == b':')?;
        let (prefix, name) = written.split_once(':').unwrap_or(("", written));
        if !is_whole(name) || !(prefix.is_empty() || is_whole(prefix)) || written.starts_with(':') {
            return None;
        }
        // The piece is one below the root.
        if self.open.len().checked_add(1)? >= self.limits.depth {
            return None;
        }
        let value = self.tree.spaces.of_prefix(prefix)?;
        let (attributes, is_empty) = self.attributes()?;
        let parent = self.open.last().map(|(at, _)| *at);
        let part =
            Part { name, value, attributes, start, parent, first: None, last: None, next: None };
        let at = self.push(part)?;
        if !is_empty {
            self.open.push((at, written));
        }
        Some(())
    }

    /// Attributes without prefix; whether the tag ends the element too.
    fn attributes(&mut self) -> Option<(Range<usize>, bool)> {
        let from = self.tree.attributes.len();
        loop {
            let blanks = self.take(is_blank)?;
            match self.peek()? {
                b'>' => {
                    self.expect(b'>')?;
                    return Some((from..self.tree.attributes.len(), false));
                }
                b'/' => {
                    self.expect(b'/')?;
                    self.expect(b'>')?;
                    return Some((from..self.tree.attributes.len(), true));
                }
                _ if blanks.is_empty() => return None,
                _ => self.attribute(from)?,
            }
        }
    }

    fn attribute(&mut self, from: usize) -> Option<()> {
        let name = self.take(is_name)?;
        let known = self.tree.attributes.get(from..)?;
        let is_new = known.iter().all(|(other, _)| *other != name);
        if !is_whole(name) || name == "xmlns" || !is_new || known.len() >= self.limits.attributes {
            return None;
        }
        self.expect(b'=')?;
        let quote = self.peek().filter(|byte| matches!(byte, b'"' | b'\''))?;
        self.expect(quote)?;
        let value = self.until(quote)?;
        let plain = |byte: u8| byte >= 0x20 && !matches!(byte, b'<' | b'&');
        if !value.bytes().all(plain) || !is_ordinary(value) {
            return None;
        }
        self.tree.attributes.push((name, value));
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        self.expect(b'/')?;
        let (_, written) = self.open.pop()?;
        let name = self.until(b'>')?;
        (name == written).then_some(())
    }

    fn text(&mut self) -> Option<()> {
        let rest = self.tree.text.get(self.at..)?;
        let len = memchr2(b'<', b'&', rest.as_bytes())?;
        let value = rest.get(..len)?;
        let plain = |byte: u8| byte >= 0x20 && byte != b']' || matches!(byte, b'\n' | b'\t');
        if !value.bytes().all(plain) || !is_ordinary(value) {
            return None;
        }
        if len > 0 {
            let (start, parent) = (self.at, self.open.last().map(|(at, _)| *at));
            let (attributes, first) = (0..0, None);
            let part =
                Part { name: "", value, attributes, start, parent, first, last: None, next: None };
            self.push(part)?;
            self.at = self.at.checked_add(len)?;
        }
        Some(())
    }
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

/// Whether a name begins as one must.
fn is_whole(name: &str) -> bool {
    name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
}

/// Without the two characters beyond ASCII that XML excludes, and DEL and its like to be careful.
fn is_ordinary(text: &str) -> bool {
    text.is_ascii()
        || text.chars().all(|c| !matches!(c, '\u{7F}'..='\u{9F}' | '\u{FFFE}' | '\u{FFFF}'))
}

#[cfg(test)]
mod tests;
