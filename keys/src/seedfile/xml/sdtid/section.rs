//! One section of an sdtid file, the header or a token: its values, and its text as the MACs see it.
//!
//! Not responsible for keys. The text is what `stoken` and RSA's own importer authenticate, with the
//! gaps that their block buffer leaves.

use roxmltree::Node;
use zeroize::Zeroizing;

use super::mac::BLOCK;
use crate::seedfile::code::Code;
use crate::seedfile::pskc::element::El;
use crate::seedfile::refusal::Refusal;

/// The values of a section.
pub(super) struct Section {
    name: String,
    values: Vec<Value>,
}

/// One value with the path of its element.
struct Value {
    path: String,
    name: String,
    text: Zeroizing<String>,
}

impl Section {
    /// Reads all values below an element.
    pub(super) fn read(el: El<'_>) -> Result<Self, Refusal> {
        let mut section = Self { name: el.name().to_owned(), values: Vec::new() };
        if let Some(node) = el.node() {
            section.walk(el, node, el.name())?;
        }
        Ok(section)
    }

    fn walk(&mut self, el: El<'_>, node: Node<'_, '_>, path: &str) -> Result<(), Refusal> {
        for child in node.children().filter(Node::is_element) {
            let name = child.tag_name().name();
            let path = format!("{path}.{name}");
            if child.children().any(|inner| inner.is_element()) {
                self.walk(el, child, &path)?;
                continue;
            }
            if self.values.iter().any(|value| value.path == path) {
                return Err(el.refuse_field(Code::Schema, "element", "every value stands once"));
            }
            let text = text_of(child).ok_or_else(|| {
                let rule = "a value holds text only, no comments or instructions";
                el.refuse_field(Code::Schema, "element", rule)
            })?;
            self.values.push(Value { path, name: name.to_owned(), text });
        }
        Ok(())
    }

    /// The value of a direct child, blanks around it trimmed.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let is_child = |value: &&Value| {
            value.path.strip_prefix(self.name.as_str()).and_then(|rest| rest.strip_prefix('.'))
                == Some(name)
        };
        self.values.iter().find(is_child).map(|value| value.text.trim())
    }

    /// The lines over which the MAC of the section goes: all values but the MACs.
    fn lines(&self) -> impl Iterator<Item = Zeroizing<String>> {
        let covered = self.values.iter().filter(|value| !value.name.ends_with("MAC"));
        covered.map(|Value { path, name, text }| {
            // An empty value is written as its own end tag.
            Zeroizing::new(match text.as_str() {
                "" => format!("{path} </{name}>\n"),
                text => format!("{path} {text}\n"),
            })
        })
    }

    /// The lines as they lie in the blocks that are authenticated.
    pub(super) fn authenticated(&self) -> Zeroizing<Vec<u8>> {
        let mut blocks = Zeroizing::new(Vec::new());
        let mut gap = 0;
        for line in self.lines() {
            place(&mut blocks, line.as_bytes(), gap);
            gap = match blocks.len() % BLOCK {
                0 => BLOCK,
                rest => rest,
            };
        }
        blocks
    }
}

/// Puts a line behind the others. Two peculiarities are part of the format: a gap as long as what the
/// block before held follows every line, and a line that fits into the rest of a block is put at the
/// beginning of that block instead.
fn place(blocks: &mut Vec<u8>, line: &[u8], gap: usize) {
    let end = blocks.len();
    let within = end % BLOCK;
    let is_short = within != 0 && within.saturating_add(line.len()) <= BLOCK;
    let start = if is_short { end.saturating_sub(within) } else { end };
    let behind = start.saturating_add(line.len());
    blocks.resize(behind.saturating_add(gap).max(end), 0);
    if let Some(room) = blocks.get_mut(start..behind) {
        room.copy_from_slice(line);
    }
}

/// The text of an element that holds nothing else, as it stands.
fn text_of(node: Node<'_, '_>) -> Option<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    for child in node.children() {
        if !child.is_text() {
            return None;
        }
        text.push_str(child.text().unwrap_or_default());
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines and their places.
    fn laid(lines: &[&str]) -> Vec<u8> {
        let values = lines.iter().map(|line| {
            let (name, text) = line.split_once(' ').unwrap();
            let text = Zeroizing::new(text.to_owned());
            Value { path: format!("T.{name}"), name: name.to_owned(), text }
        });
        let section = Section { name: "T".to_owned(), values: values.collect() };
        section.authenticated().to_vec()
    }

    #[test]
    fn every_line_is_followed_by_a_gap() {
        let blocks = laid(&["Serial 0123456789", "Another 0123456789", "Third 0123456789"]);
        let at = |text: &str| blocks.windows(text.len()).position(|w| w == text.as_bytes());
        assert_eq!(at("T.Serial"), Some(0));
        assert_eq!(at("T.Another"), Some(20), "none behind the first");
        assert_eq!(at("T.Third"), Some(20 + 21 + 4));
        assert_eq!(blocks.len(), 45 + 19 + 13);
    }

    #[test]
    fn a_short_line_begins_its_block() {
        let blocks = laid(&["Serial 0123456789", "Another 0123456789012345678", "Pin 1"]);
        let at = |text: &str| blocks.windows(text.len()).position(|w| w == text.as_bytes());
        // 20, then 30 and a gap of 4 make 54: 6 into a block in which 8 octets fit.
        assert_eq!(at("T.Pin"), Some(48));
        assert_eq!(blocks.len(), 48 + 8 + 6);
    }

    #[test]
    fn macs_are_not_covered_and_nothing_is_written_as_an_end_tag() {
        assert_eq!(laid(&["HeaderMAC AAAA", "Empty "]), b"T.Empty </Empty>\n");
    }
}
