//! What a registered device is asked to sign: contents that it shows, and the code for them.
//!
//! Not responsible for: how the contents are cut into pages (`pages`).

use warifu_core::code::Code;
use warifu_txa1::content::{Content, ContentFault};
use warifu_txa1::display;
use warifu_txa1::frame::{Frame, Kind};
use warifu_txa1::{question, secret};

use super::memory::Memory;
use super::pages;
use super::refusal::Refusal;

/// A message of a registered device, opened and understood to the last byte.
pub(super) struct Task {
    pub(super) message: Vec<u8>,
    /// The first line names the operation.
    pub(super) title: String,
    /// The other lines, cut into pages.
    pub(super) pages: Vec<Vec<String>>,
    /// The 8 digits.
    pub(super) code: Code,
    /// The device forgets its registration afterwards.
    pub(super) erases: bool,
}

impl Task {
    /// Opens a message for the registration that the device has.
    pub(super) fn open(memory: &Memory, frame: &Frame, message: &[u8]) -> Result<Self, Refusal> {
        let instance = memory.instance.as_ref().ok_or(Refusal::NotRegistered)?;
        let header = frame.header();
        if (header.instance(), header.counter()) != (instance.number, instance.counter) {
            return Err(Refusal::OtherInstance);
        }
        let (ns, ni) = (&instance.ns, &instance.ni);
        let aad = header.aad(&secret::both(ns, ni));
        let plain = memory.keys.open(*frame.nonce(), &aad, frame.sealed());
        let plain = plain.ok_or(Refusal::BadSeal)?;
        let content = Content::parse(header.kind(), &plain)?;
        // Over the bytes that were opened and parsed: what is shown is what is signed.
        let question = question::signature(ns, ni, header, frame.nonce(), &plain);
        let mut lines = display::lines(&content).into_iter();
        Ok(Self {
            message: message.to_vec(),
            title: lines.next().ok_or(Refusal::BadField)?,
            pages: pages::cut(lines),
            code: memory.keys.answer(&question),
            erases: header.kind() == Kind::Deactivate,
        })
    }
}

impl From<ContentFault> for Refusal {
    fn from(fault: ContentFault) -> Self {
        match fault {
            ContentFault::BadTlv => Self::BadTlv,
            ContentFault::WrongFields => Self::WrongFields,
            ContentFault::BadField | ContentFault::TooLong => Self::BadField,
            ContentFault::BadOperation => Self::BadOperation,
        }
    }
}
