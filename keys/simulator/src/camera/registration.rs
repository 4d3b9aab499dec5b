//! The two codes of an activation, opened: the device code of 12 digits and the confirmation of 8.
//!
//! Not responsible for: the order of the screens (`device`).

use warifu_core::code::Code;
use warifu_txa1::activation::{self, First, Second};
use warifu_txa1::frame::Frame;
use warifu_txa1::secret::Salt;

use super::memory::{Instance, Memory};
use super::refusal::Refusal;

/// An activation whose first code was taken. Gone without power.
pub(super) struct Pending {
    /// The whole first code: the confirmation is over it too.
    pub(super) message: Vec<u8>,
    pub(super) first: First,
    /// The 12 digits.
    pub(super) code: String,
}

impl Pending {
    /// Opens a first code without taking note of it.
    pub(super) fn open(memory: &Memory, frame: &Frame) -> Result<First, Refusal> {
        let aad = frame.header().aad(&[]);
        let plain = memory.keys.open(*frame.nonce(), &aad, frame.sealed());
        First::parse(&plain.ok_or(Refusal::BadSeal)?).map_err(|_| Refusal::BadField)
    }

    /// The activation that follows from a first code which the counter stands for.
    ///
    /// `None` only for a counter that no device reaches: 0, or above 999.
    pub(super) fn new(memory: &Memory, message: &[u8], first: First) -> Option<Self> {
        let input = activation::device_code_input(&first.ns, message, memory.counter);
        let mac = memory.keys.device_code(&input);
        let code = activation::compose(memory.counter, mac)?;
        Some(Self { message: message.to_vec(), first, code })
    }
}

/// The second code of an activation, opened.
pub(super) struct Answered {
    pub(super) message: Vec<u8>,
    pub(super) number: u8,
    pub(super) second: Second,
    /// The 8 digits.
    pub(super) code: Code,
}

impl Answered {
    /// Opens the second code of this activation and no other.
    pub(super) fn open(
        memory: &Memory,
        pending: &Pending,
        frame: &Frame,
        message: &[u8],
    ) -> Result<Self, Refusal> {
        let header = frame.header();
        if header.counter() != memory.counter {
            return Err(Refusal::Stale);
        }
        let ns = &pending.first.ns;
        let plain = memory.keys.open(*frame.nonce(), &header.aad(ns.expose()), frame.sealed());
        let second =
            Second::parse(&plain.ok_or(Refusal::BadSeal)?).map_err(|_| Refusal::BadField)?;
        let question = activation::confirm_question(ns, &second.ni, &pending.message, message);
        let code = memory.keys.answer(&question);
        Ok(Self { message: message.to_vec(), number: header.instance(), second, code })
    }

    /// What the device remembers from now on.
    pub(super) fn instance(&self, memory: &Memory, pending: &Pending) -> Instance {
        Instance {
            number: self.number,
            counter: memory.counter,
            ns: Salt::new(*pending.first.ns.expose()),
            ni: Salt::new(*self.second.ni.expose()),
            token_code: self.second.token_code,
            login_id: self.second.login_id.clone(),
        }
    }
}
