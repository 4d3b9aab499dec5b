//! OCRA (RFC 6287) on a keypad: a person types the question.
//!
//! Not responsible for: questions and which of them may be asked (`warifu_core::{keypad, ocra}`).

use warifu_core::{code::Code, lifecycle::Denial};

use super::{Driver, DriverError, Question, TokenKeys, Work};
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
}
