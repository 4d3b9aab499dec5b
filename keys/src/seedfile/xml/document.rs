//! What the readers of XML formats beside PSKC share: the walk over the document, element by element.
//!
//! Not responsible for what the elements mean; a format says that by [`Content`].

use std::io::BufRead;

use crate::seedfile::code::Code;
use crate::seedfile::options::Limits;
use crate::seedfile::pskc::element::{self, El, Place};
use crate::seedfile::reader::Reader;
use crate::seedfile::record::Record;
use crate::seedfile::refusal::{Refusal, Warning};
use crate::seedfile::scan::{Piece, Root, Scanner};

/// What a format makes of its elements. Any error refuses the file.
pub(super) trait Content {
    /// The root element.
    const ROOT: &'static str;
    /// The child of the root that holds the keys, where they are not its own children.
    const LIST: Option<&'static str>;
    /// The element of one key.
    const KEY: &'static str;

    /// Takes another child of the root.
    fn part(&mut self, el: El<'_>) -> Result<(), Refusal>;

    /// Takes an element of a key, of which there may be many.
    fn key(&mut self, el: El<'_>) -> Result<(), Refusal>;

    /// The next record or refusal of a key that is ready.
    fn pop(&mut self) -> Option<Result<Record, Refusal>>;

    /// Says what can be said only at the end.
    fn finish(&mut self) -> Result<(), Refusal>;

    /// See [`Reader::warnings`].
    fn warnings(&self) -> &[Warning];
}

/// Reads one document.
pub(super) struct DocumentReader<R, C> {
    scanner: Scanner<R>,
    limits: Limits,
    root: Root,
    content: C,
    keys: u64,
    /// Why the file is refused, said after what is ready.
    last: Option<Refusal>,
    done: bool,
}

impl<R: BufRead, C: Content> DocumentReader<R, C> {
    /// Reads as far as the root element.
    pub(super) fn open(input: R, limits: Limits, content: C) -> Result<Self, Refusal> {
        let mut scanner = match C::LIST {
            Some(list) => Scanner::with_list(input, limits, list),
            None => Scanner::new(input, limits),
        };
        let root = scanner.root()?;
        check_root(&root, &limits, C::ROOT)?;
        Ok(Self { scanner, limits, root, content, keys: 0, last: None, done: false })
    }

    /// Reads until something is ready; `false` at the end.
    fn step(&mut self) -> Result<bool, Refusal> {
        match self.scanner.next_piece()? {
            Some(piece) => self.absorb(&piece).map(|()| true),
            None => self.content.finish().map(|()| false),
        }
    }

    fn absorb(&mut self, piece: &Piece) -> Result<(), Refusal> {
        let text = piece.document(&self.root)?;
        let document = element::parse(&text, &self.limits, piece.line, self.root.extra_lines())?;
        let label = self.label(&document);
        let place = Place::of(piece, &self.root, label);
        let Some(el) = El::of_piece(&document, &place) else { return Ok(()) };
        if !el.namespace().is_empty() {
            return Err(el.refuse(Code::Schema, "the elements of this format have no namespace"));
        }
        if el.name() == C::KEY {
            return self.content.key(el);
        }
        self.content.part(el)
    }

    /// The path of an element below the root, numbered where there are many.
    fn label(&mut self, document: &roxmltree::Document<'_>) -> String {
        let name = document.root_element().first_element_child().map(|el| el.tag_name().name());
        if name != Some(C::KEY) {
            return name.unwrap_or_default().to_owned();
        }
        self.keys = self.keys.saturating_add(1);
        match C::LIST {
            Some(list) => format!("{list}/{}[{}]", C::KEY, self.keys),
            None => format!("{}[{}]", C::KEY, self.keys),
        }
    }
}

fn check_root(root: &Root, limits: &Limits, name: &'static str) -> Result<(), Refusal> {
    let text = root.alone();
    let document = element::parse(&text, limits, root.line, 0)?;
    let place = Place::of_root(root);
    let el = El::of_root(&document, &place);
    if el.is("", name) {
        return Ok(());
    }
    Err(el.refuse(Code::Root, format!("the root element is {name}, without namespace")))
}

impl<R: BufRead, C: Content> Reader for DocumentReader<R, C> {
    fn warnings(&self) -> &[Warning] {
        self.content.warnings()
    }
}

impl<R: BufRead, C: Content> Iterator for DocumentReader<R, C> {
    type Item = Result<Record, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(ready) = self.content.pop() {
                return Some(ready);
            }
            if self.done {
                return self.last.take().map(|refusal| Err(refusal.for_file()));
            }
            match self.step() {
                Ok(going) => self.done = !going,
                Err(refusal) => {
                    self.done = true;
                    self.last = Some(refusal);
                }
            }
        }
    }
}
