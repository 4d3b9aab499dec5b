//! The digest of a document without its signature, made while the document is read.
//!
//! Takes the document in order: what stands before the root, the root's tag, each child as a tree,
//! blanks between them, the end. Memory is that of one child. Not responsible for reading anything.

use roxmltree::{Document, Node};
use zeroize::Zeroizing;

use super::c14n::{self, Root};
use super::hash::{Digests, Hash};

/// What an enveloped signature covers, as far as it was read.
pub(in crate::seedfile) struct Covered {
    digests: Digests,
    canonical: Zeroizing<Vec<u8>>,
    root: Option<Root>,
    closed: bool,
}

impl Covered {
    pub(in crate::seedfile) fn new(with_sha1: bool) -> Self {
        Self {
            digests: Digests::new(with_sha1),
            canonical: Zeroizing::default(),
            root: None,
            closed: false,
        }
    }

    /// The root's start tag.
    pub(in crate::seedfile) fn open<'a>(&mut self, root: Node<'a, 'a>) {
        self.root = Some(Root::open(root, &mut self.canonical));
        self.flush();
    }

    /// A child, in a document of its own under a copy of the root's tag. Whatever else that document
    /// holds is covered too: a reader that takes something from it takes nothing unsigned.
    pub(in crate::seedfile) fn child(&mut self, document: &Document<'_>) {
        if let Some(root) = &self.root {
            root.content(document.root_element(), &mut self.canonical);
        }
        self.flush();
    }

    /// Blanks between children.
    pub(in crate::seedfile) fn blanks(&mut self, text: &[u8]) {
        c14n::raw_blanks(text, &mut self.canonical);
        self.flush();
    }

    /// A processing instruction between children or outside of the root (Canonical XML s.2.3).
    pub(in crate::seedfile) fn instruction(&mut self, content: &[u8]) {
        if self.closed {
            self.canonical.push(b'\n');
        }
        c14n::raw_instruction(content, &mut self.canonical);
        if self.root.is_none() {
            self.canonical.push(b'\n');
        }
        self.flush();
    }

    /// The root's end tag.
    pub(in crate::seedfile) fn close(&mut self) {
        if let Some(root) = &self.root {
            root.close(&mut self.canonical);
        }
        self.closed = true;
        self.flush();
    }

    /// The digest of it all.
    pub(in crate::seedfile) fn digest(&self, hash: Hash) -> Option<Vec<u8>> {
        self.digests.value(hash)
    }

    fn flush(&mut self) {
        self.digests.update(&self.canonical);
        self.canonical.clear();
    }
}
