//! The digest of a document without its signature, made while the document is read.
//!
//! Takes the document in order: what stands before the root, the root's tag, each child as a tree,
//! blanks between them, the end. Memory is that of one child. Not responsible for reading anything.

use roxmltree::{Document, Node};
use zeroize::Zeroizing;

use super::c14n::{self, Form, Root};
use super::hash::{Digests, Hash};

/// What an enveloped signature covers, as far as it was read.
pub(in crate::seedfile) struct Covered {
    streams: Vec<Stream>,
    closed: bool,
}

/// One canonical form of the document.
struct Stream {
    form: Form,
    digests: Digests,
    canonical: Zeroizing<Vec<u8>>,
    root: Option<Root>,
}

impl Stream {
    fn new(form: Form, with_sha1: bool) -> Self {
        let digests = Digests::new(with_sha1);
        Self { form, digests, canonical: Zeroizing::default(), root: None }
    }

    fn flush(&mut self) {
        self.digests.update(&self.canonical);
        self.canonical.clear();
    }
}

impl Covered {
    /// For old files there is SHA-1, and the canonical form that they have by default.
    pub(in crate::seedfile) fn new(with_old: bool) -> Self {
        let forms = [Some(Form::Exclusive), with_old.then_some(Form::Inclusive)];
        let streams = forms.into_iter().flatten().map(|form| Stream::new(form, with_old));
        Self { streams: streams.collect(), closed: false }
    }

    /// The root's start tag.
    pub(in crate::seedfile) fn open<'a>(&mut self, root: Node<'a, 'a>) {
        for stream in &mut self.streams {
            stream.root = Some(Root::open(stream.form, root, &mut stream.canonical));
            stream.flush();
        }
    }

    /// A child, in a document of its own under a copy of the root's tag. Whatever else that document
    /// holds is covered too: a reader that takes something from it takes nothing unsigned.
    pub(in crate::seedfile) fn child(&mut self, document: &Document<'_>) {
        for stream in &mut self.streams {
            if let Some(root) = &stream.root {
                root.content(document.root_element(), &mut stream.canonical);
            }
            stream.flush();
        }
    }

    /// Blanks between children.
    pub(in crate::seedfile) fn blanks(&mut self, text: &[u8]) {
        for stream in &mut self.streams {
            c14n::raw_blanks(text, &mut stream.canonical);
            stream.flush();
        }
    }

    /// A processing instruction between children or outside of the root (Canonical XML s.2.3).
    pub(in crate::seedfile) fn instruction(&mut self, content: &[u8]) {
        for stream in &mut self.streams {
            if self.closed {
                stream.canonical.push(b'\n');
            }
            c14n::raw_instruction(content, &mut stream.canonical);
            if stream.root.is_none() {
                stream.canonical.push(b'\n');
            }
            stream.flush();
        }
    }

    /// The root's end tag.
    pub(in crate::seedfile) fn close(&mut self) {
        self.closed = true;
        for stream in &mut self.streams {
            if let Some(root) = &stream.root {
                root.close(&mut stream.canonical);
            }
            stream.flush();
        }
    }

    /// The digest of it all; `None` where it was not made.
    pub(in crate::seedfile) fn digest(&self, form: Form, hash: Hash) -> Option<Vec<u8>> {
        self.streams.iter().find(|stream| stream.form == form)?.digests.value(hash)
    }
}
