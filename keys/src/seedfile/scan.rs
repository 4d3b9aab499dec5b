//! The streaming pre-scan: cuts an XML document into its root tag and the root's children, one at
//! a time, with every limit that a tree builder lacks.
//!
//! It enforces what a streaming reader leaves open (one root, nothing after it, everything closed,
//! no DTD, declaration first). It is not responsible for full well-formedness inside a piece nor
//! for namespaces: each piece goes through a strict parser next, under the root's own tag.

use std::io::BufRead;
use std::mem;

use memchr::memchr_iter;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use zeroize::Zeroizing;

use super::code::Code;
use super::gate::Gate;
use super::options::Limits;
use super::pskc::plain;
use super::refusal::{Position, Refusal};
use super::signature::covered::Covered;

/// Cuts one document.
pub(super) struct Scanner<R> {
    reader: Reader<Gate<R>>,
    limits: Limits,
    buffer: Vec<u8>,
    capture: Zeroizing<Vec<u8>>,
    root: Option<Root>,
    /// Name of the child of the root whose own children are cut instead of itself.
    list: Option<&'static str>,
    /// Whether the list was opened.
    listed: bool,
    /// Depth at which pieces begin: 1, and 2 inside the list.
    floor: usize,
    depth: usize,
    text: usize,
    place: Place,
    covered: Option<Covered>,
}

/// How far the document has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Start,
    Prolog,
    Inside,
    After,
}

/// The root element's tag, to be put around every piece.
#[derive(Clone, Debug)]
pub(super) struct Root {
    /// Line of the tag.
    pub(super) line: u64,
    tag: String,
    name: String,
}

/// One child of the root, as text.
pub(super) struct Piece {
    /// Line of its first byte.
    pub(super) line: u64,
    xml: Zeroizing<Vec<u8>>,
}

impl Root {
    /// The root element without content.
    pub(super) fn alone(&self) -> Zeroizing<String> {
        self.around("")
    }

    /// Lines that the tag itself takes.
    pub(super) fn extra_lines(&self) -> u64 {
        self.tag.bytes().fold(0, |n, b| if b == b'\n' { n.saturating_add(1) } else { n })
    }

    fn around(&self, inner: &str) -> Zeroizing<String> {
        Zeroizing::new(format!("<{}>{inner}</{}>", self.tag, self.name))
    }
}

impl Piece {
    /// Adds other pieces behind this one.
    pub(super) fn append(&mut self, others: &[u8]) {
        self.xml.extend_from_slice(others);
    }

    /// The piece as it stands in the file.
    pub(super) fn octets(&self) -> &[u8] {
        &self.xml
    }

    /// The piece inside the root element, a document of its own.
    pub(super) fn document(&self, root: &Root) -> Result<Zeroizing<String>, Refusal> {
        std::str::from_utf8(&self.xml).map(|inner| root.around(inner)).map_err(|_| {
            Refusal::new(Code::XmlEncoding, "file", "text must be UTF-8")
                .at(Position { line: self.line, element: String::new() })
        })
    }
}

impl<R: BufRead> Scanner<R> {
    pub(super) fn new(input: R, limits: Limits) -> Self {
        // Room for markup around the longest text; a limit is reported by the finer checks first.
        let budget = limits.text_bytes.saturating_add(limits.text_bytes);
        let mut reader = Reader::from_reader(Gate::new(input, budget, limits.attributes));
        let config = reader.config_mut();
        config.check_comments = true;
        config.check_end_names = true;
        config.allow_dangling_amp = false;
        Self {
            reader,
            limits,
            buffer: Vec::new(),
            capture: Zeroizing::default(),
            root: None,
            list: None,
            listed: false,
            floor: 1,
            depth: 0,
            text: 0,
            place: Place::Start,
            covered: None,
        }
    }

    /// The same for a format whose keys are children of `list`, a child of the root: the list is not
    /// cut as one piece, which could be the whole file, but its children are.
    pub(super) fn with_list(input: R, limits: Limits, list: &'static str) -> Self {
        Self { list: Some(list), ..Self::new(input, limits) }
    }

    /// Has the document digested as a signature covers it. The scanner hands on what stands outside
    /// of the pieces, its caller the pieces.
    pub(super) fn cover(&mut self, covered: Covered) {
        self.covered = Some(covered);
    }

    /// What is digested, if anything.
    pub(super) fn covered(&mut self) -> Option<&mut Covered> {
        self.covered.as_mut()
    }

    /// Line of the next byte.
    pub(super) fn line(&self) -> u64 {
        self.reader.get_ref().line()
    }

    /// Reads up to and including the root's tag.
    pub(super) fn root(&mut self) -> Result<Root, Refusal> {
        loop {
            if let Some(root) = &self.root {
                return Ok(root.clone());
            }
            if !self.advance()? {
                return Err(self.refusal(Code::XmlSyntax, "an XML document has a root element"));
            }
        }
    }

    /// The next child of the root; `None` at the proper end of the document.
    pub(super) fn next_piece(&mut self) -> Result<Option<Piece>, Refusal> {
        self.capture.clear();
        let mut line = self.line();
        while self.advance()? {
            if self.capture.is_empty() {
                line = self.line();
            } else if self.depth == self.floor {
                let mut xml = mem::take(&mut self.capture);
                unify_line_ends(&mut xml);
                return Ok(Some(Piece { line, xml }));
            }
        }
        Ok(None)
    }

    /// Copies the next child of the root out, where it is at hand as a whole, is of this local name
    /// and nothing but blanks stands before it. Its line, and what to [`Self::skip`] once it was read.
    pub(super) fn peek(&mut self, local: &str, xml: &mut Vec<u8>) -> Option<(u64, usize)> {
        let most = self.limits.text_bytes.min(self.limits.record_bytes);
        if self.depth != 1 || self.floor != 1 || self.covered.is_some() {
            return None;
        }
        let line = self.line();
        let bytes = self.reader.get_mut().peek(most);
        let blanks = bytes.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n'))?;
        let (before, rest) = bytes.split_at_checked(blanks)?;
        let extent = plain::extent(rest, local)?;
        xml.clear();
        xml.extend_from_slice(rest.get(..extent)?);
        let lines = memchr_iter(b'\n', before).count();
        Some((line.saturating_add(u64::try_from(lines).ok()?), blanks.checked_add(extent)?))
    }

    /// Leaves out what was peeked at.
    pub(super) fn skip(&mut self, len: usize) {
        let gate = self.reader.get_mut();
        gate.next_event();
        gate.consume(len);
    }

    /// Reads to the end for the sake of well-formedness; the first fault found.
    pub(super) fn drain(&mut self) -> Option<Refusal> {
        loop {
            match self.next_piece() {
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(refusal) => return Some(refusal),
            }
        }
    }

    /// Takes one event in; `false` at the end of the document.
    fn advance(&mut self) -> Result<bool, Refusal> {
        let mut buffer = mem::take(&mut self.buffer);
        buffer.clear();
        self.reader.get_mut().next_event();
        let event = self.reader.read_event_into(&mut buffer);
        if let Some((code, line)) = self.reader.get_ref().fault() {
            let mut refusal = self.refusal(code, byte_rule(code));
            refusal.at.line = line;
            return Err(refusal);
        }
        let going = match event {
            Ok(Event::Eof) => self.end().map(|()| false),
            Ok(event) => self.take(&event).map(|()| true),
            Err(error) => Err(self.broken(&error)),
        };
        self.buffer = buffer;
        going
    }

    fn take(&mut self, event: &Event<'_>) -> Result<(), Refusal> {
        let first = self.place;
        self.place = first.after_first();
        match event {
            Event::Decl(decl) if first == Place::Start => self.declaration(decl),
            Event::Decl(_) => {
                self.syntax("the XML declaration stands at the very start of the file")
            }
            Event::DocType(_) => Err(self.refusal(Code::XmlDtd, "no document type declaration")),
            Event::Start(tag) => self.open(tag, false),
            Event::Empty(tag) => self.open(tag, true),
            Event::End(tag) => {
                self.keep(&[b"</", tag, b">"])?;
                self.text = 0;
                self.depth = self.depth.saturating_sub(1);
                self.floor = self.floor.min(self.depth.max(1));
                if self.depth == 0 {
                    self.place = Place::After;
                    self.covered.iter_mut().for_each(Covered::close);
                }
                Ok(())
            }
            Event::Comment(text) => self.keep(&[b"<!--", text, b"-->"]),
            Event::PI(text) => self.instruction(text),
            Event::Text(text) => self.text(b"", text, b""),
            Event::CData(text) => self.text(b"<![CDATA[", text, b"]]>"),
            Event::GeneralRef(name) => self.text(b"&", name, b";"),
            Event::Eof => Ok(()),
        }
    }

    fn declaration(&self, decl: &[u8]) -> Result<(), Refusal> {
        let text = String::from_utf8_lossy(decl);
        let whole = format!("<?{text}?><x/>");
        if roxmltree::Document::parse(&whole).is_err() {
            return self.syntax("malformed XML declaration");
        }
        let encoding = text.split_once("encoding").map(|(_, rest)| {
            rest.trim_start_matches(|c: char| c == '=' || c.is_ascii_whitespace())
                .split(['"', '\''])
                .nth(1)
                .unwrap_or_default()
                .to_ascii_uppercase()
        });
        match encoding.as_deref() {
            None | Some("UTF-8" | "US-ASCII" | "ASCII") => Ok(()),
            Some(_) => Err(self.refusal(Code::XmlEncoding, "the file declares UTF-8 or nothing")),
        }
    }

    fn open(&mut self, tag: &BytesStart<'_>, empty: bool) -> Result<(), Refusal> {
        if self.place == Place::After {
            return self.syntax("one root element and nothing after it");
        }
        let attributes = tag.attributes().with_checks(false).count();
        if attributes > self.limits.attributes {
            return Err(self.refusal(Code::LimitAttrs, byte_rule(Code::LimitAttrs)));
        }
        if self.depth >= self.limits.depth {
            return Err(self.refusal(Code::LimitDepth, "elements are not nested deeper than 32"));
        }
        self.text = 0;
        if self.depth == 0 {
            self.remember_root(tag, empty);
            return Ok(());
        }
        if self.depth == 1 && self.list.is_some_and(|list| tag.name().as_ref() == list.as_bytes()) {
            return self.open_list(tag, empty);
        }
        // From here on the piece is captured: `keep` looks at the capture to know that.
        let closing: &[u8] = if empty { b"/>" } else { b">" };
        self.capture.extend_from_slice(b"<");
        self.keep(&[tag, closing])?;
        if !empty {
            self.depth = self.depth.saturating_add(1);
        }
        Ok(())
    }

    /// The list has no attributes: a namespace declared there would be lost to its children.
    fn open_list(&mut self, tag: &BytesStart<'_>, empty: bool) -> Result<(), Refusal> {
        if self.listed || !tag.attributes_raw().trim_ascii().is_empty() {
            let rule = "the list of tokens comes once and has no attributes";
            return Err(self.refusal(Code::Schema, rule));
        }
        self.listed = true;
        if !empty {
            self.depth = self.depth.saturating_add(1);
            self.floor = self.depth;
        }
        Ok(())
    }

    fn remember_root(&mut self, tag: &BytesStart<'_>, empty: bool) {
        let mut own = tag.to_vec();
        unify_line_ends(&mut own);
        self.root = Some(Root {
            line: self.line(),
            tag: String::from_utf8_lossy(&own).into_owned(),
            name: String::from_utf8_lossy(tag.name().as_ref()).into_owned(),
        });
        self.depth = usize::from(!empty);
        self.place = if empty { Place::After } else { Place::Inside };
    }

    fn text(&mut self, before: &[u8], text: &[u8], after: &[u8]) -> Result<(), Refusal> {
        let blank = before.is_empty() && text.iter().all(u8::is_ascii_whitespace);
        if self.depth == 0 && !blank {
            return self.syntax("nothing but blanks and comments around the root element");
        }
        if self.depth == self.floor && !blank {
            return Err(self.refusal(Code::Schema, "no text between the elements of the container"));
        }
        if self.depth == 1 {
            self.covered.iter_mut().for_each(|covered| covered.blanks(text));
        }
        self.text = self.text.saturating_add(text.len());
        if self.depth > self.floor && self.text > self.limits.text_bytes {
            return Err(self.refusal(Code::LimitText, byte_rule(Code::LimitText)));
        }
        self.keep(&[before, text, after])
    }

    fn instruction(&mut self, text: &[u8]) -> Result<(), Refusal> {
        if self.capture.is_empty() {
            self.covered.iter_mut().for_each(|covered| covered.instruction(text));
        }
        self.keep(&[b"<?", text, b"?>"])
    }

    /// Adds to the piece under way, if there is one.
    fn keep(&mut self, parts: &[&[u8]]) -> Result<(), Refusal> {
        if self.capture.is_empty() {
            return Ok(());
        }
        for part in parts {
            self.capture.extend_from_slice(part);
        }
        if self.capture.len() > self.limits.record_bytes {
            return Err(self.refusal(Code::LimitSize, "a record is not longer than 1 MiB"));
        }
        Ok(())
    }

    fn end(&self) -> Result<(), Refusal> {
        match self.place {
            Place::After => Ok(()),
            Place::Inside => Err(self.refusal(Code::Truncated, "every element is closed")),
            Place::Start | Place::Prolog => self.syntax("an XML document has a root element"),
        }
    }

    fn broken(&self, error: &quick_xml::Error) -> Refusal {
        use quick_xml::errors::{Error, SyntaxError};
        match error {
            Error::Io(_) => self.refusal(Code::Io, "the file can be read to its end"),
            Error::Syntax(SyntaxError::UnclosedDoctype) => {
                self.refusal(Code::XmlDtd, "no document type declaration")
            }
            _ if self.reader.get_ref().ended() => {
                self.refusal(Code::Truncated, "the file ends inside a tag or reference")
            }
            _ => self.refusal(Code::XmlSyntax, "tags, comments and references are well-formed"),
        }
    }

    fn syntax<T>(&self, rule: &'static str) -> Result<T, Refusal> {
        Err(self.refusal(Code::XmlSyntax, rule))
    }

    fn refusal(&self, code: Code, rule: &'static str) -> Refusal {
        let at = Position { line: self.line(), element: String::new() };
        Refusal::new(code, "file", rule).at(at).for_file()
    }
}

impl Place {
    const fn after_first(self) -> Self {
        match self {
            Self::Start => Self::Prolog,
            other => other,
        }
    }
}

/// Makes every line end a line feed (XML 1.0 s.2.11), in place. The tree builder would leave a carriage
/// return that ends a text behind a reference.
pub(super) fn unify_line_ends(text: &mut Vec<u8>) {
    if !text.contains(&b'\r') {
        return;
    }
    let mut after_return = false;
    text.retain_mut(|byte| {
        let is_second = after_return && *byte == b'\n';
        after_return = *byte == b'\r';
        if after_return {
            *byte = b'\n';
        }
        !is_second
    });
}

/// The rule that the byte gate applies for a class.
const fn byte_rule(code: Code) -> &'static str {
    match code {
        Code::Nul => "no NUL in a text file",
        Code::XmlEncoding => "text must be UTF-8",
        Code::LimitAttrs => "an element has at most 64 attributes and namespace declarations",
        Code::LimitText => "no text, tag or comment is longer than 64 KiB",
        Code::LimitSize => "no megabytes of blanks",
        _ => "no control characters",
    }
}
