//! OCRA (RFC 6287) on a keypad: a person types the question.
//!
//! Not responsible for: questions and which of them may be asked (`warifu_core::{keypad, ocra}`).

use warifu_core::{
    camera::{Active, Material, Session},
    code::Code,
    lifecycle::Denial,
};

use super::{
    Activation, ActivationMessage, ChallengeMessage, Driver, DriverError, Question, TokenKeys,
    Wish, Work, reads_nothing,
};
use crate::{
    custody,
    hsm::{CheckOrder, Hsm, Reduction},
};

/// RFC 6287, typed.
pub struct Keypad(Hsm);

impl Keypad {
    /// In records.
    pub const NAME: &'static str = "ocra";

    /// Works with this HSM.
    pub const fn new(hsm: Hsm) -> Self {
        Self(hsm)
    }
}

impl Driver for Keypad {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn activation_message<'a>(
        &'a self,
        _: TokenKeys<'a>,
        _: Activation<'a>,
    ) -> Work<'a, ActivationMessage> {
        reads_nothing()
    }

    fn check_device_code<'a>(
        &'a self,
        _: TokenKeys<'a>,
        _: &'a Session,
        _: &'a str,
    ) -> Work<'a, Option<u16>> {
        reads_nothing()
    }

    fn bind<'a>(&'a self, _: TokenKeys<'a>, _: &'a Material, _: u32) -> Work<'a, [u8; 32]> {
        reads_nothing()
    }

    fn message<'a>(
        &'a self,
        _: TokenKeys<'a>,
        _: &'a Active,
        _: u32,
        _: Wish<'a>,
    ) -> Work<'a, ChallengeMessage> {
        reads_nothing()
    }

    fn check_code<'a>(
        &'a self,
        keys: TokenKeys<'a>,
        question: Question<'a>,
        code: &'a Code,
    ) -> Work<'a, Option<usize>> {
        Box::pin(async move {
            let Question::Inputs { suite, inputs } = question else {
                return Err(DriverError::Denied(Denial::NotSignable));
            };
            if suite.hash() != keys.hash {
                return Err(DriverError::Damaged);
            }
            if code.len() != suite.digits() {
                return Err(DriverError::Denied(Denial::WrongKindOfCode));
            }
            let record = custody::record_name(keys.id);
            let order = CheckOrder {
                record: &record,
                hash: keys.hash,
                seal: keys.seal,
                reduction: Reduction::Truncate { digits: suite.digits() },
                code,
                inputs: inputs.to_vec(),
                row: None,
            };
            Ok(self.0.check(order, keys.deadline).await?)
        })
    }

    fn text(&self, _: &[u8]) -> Option<String> {
        None
    }
}
