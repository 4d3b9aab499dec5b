//! HOTP and TOTP: one-time passwords, nothing to read or to sign.
//!
//! Not responsible for: which moving factors may be tried (`warifu_core::plan`).

use warifu_core::{code::Code, lifecycle::Denial};

use super::{Driver, DriverError, Question, TokenKeys, Work};
use crate::{custody, hsm::Hsm};

/// RFC 4226 and RFC 6238.
pub struct Oath(Hsm);

impl Oath {
    /// In records.
    pub const NAME: &'static str = "oath";

    /// Works with this HSM.
    pub const fn new(hsm: Hsm) -> Self {
        Self(hsm)
    }
}

impl Driver for Oath {
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
            let Question::Factors { digits, factors } = question else {
                return Err(DriverError::Denied(Denial::NotSignable));
            };
            if code.len() != digits.get() {
                return Err(DriverError::Denied(Denial::WrongKindOfCode));
            }
            let record = custody::record_name(keys.id);
            Ok(self
                .0
                .verify(
                    keys.seal,
                    &record,
                    keys.hash,
                    digits,
                    code,
                    factors.to_vec(),
                    keys.deadline,
                )
                .await?)
        })
    }
}
