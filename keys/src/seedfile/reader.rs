//! What every format's reader is to the rest: keys one after the other, and what protects them.
//!
//! Not responsible for any format.

use super::crypto::ContainerCrypto;
use super::format::Detected;
use super::record::Record;
use super::refusal::{Refusal, Warning};

/// A file being read. Yields records and refusals of keys; a refusal of the file is the last item.
pub(super) trait Reader: Iterator<Item = Result<Record, Refusal>> {
    /// What protects the values; `None` where they are plain. Known before the first record.
    fn crypto(&self) -> Option<&ContainerCrypto> {
        None
    }

    /// What was told of the key list inside, where the file is but its envelope.
    fn inside(&self) -> Option<&Detected> {
        None
    }

    /// Warnings about the file as a whole; complete once the iterator has ended.
    fn warnings(&self) -> &[Warning];
}
