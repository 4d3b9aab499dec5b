//! Single values of a configuration that win over those of a profile.
//!
//! Not responsible for: what a number may be (`VerificationPolicy::faults`).

use serde::Deserialize;
use warifu_core::{policy::VerificationPolicy, rules::Rules};

/// What a bank's code may be, to follow "it is".
pub const BANK_CODE: &str = "four digits in quotes (金融機関コード)";

/// Whether a text is a bank's code as camera tokens show it.
pub(crate) fn is_bank_code(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|c| c.is_ascii_digit())
}

/// Lays the `bank_code` of an `[[institution]]` over its profile's, so that several banks can share
/// one profile. Answers whether it is one; where it is not, nothing is changed.
#[must_use]
pub fn lay_bank_code(code: Option<&str>, rules: &mut Rules) -> bool {
    let Some(code) = code else { return true };
    let good = is_bank_code(code);
    if good {
        code.clone_into(&mut rules.camera.bank);
    }
    good
}

/// `[verification]` and `[institution.verification]` of the daemon's configuration.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Overrides {
    look_ahead: Option<u32>,
    window_steps: Option<u32>,
    look_back: Option<u32>,
    resync_counters: Option<u32>,
    resync_steps: Option<u32>,
    max_drift_steps: Option<u32>,
    lock_after: Option<u32>,
    count_reused: Option<bool>,
}

impl Overrides {
    /// The numbers of `base`, except those that are set here.
    #[must_use]
    pub fn over(&self, base: &VerificationPolicy) -> VerificationPolicy {
        VerificationPolicy {
            look_ahead: self.look_ahead.unwrap_or(base.look_ahead),
            window_steps: self.window_steps.unwrap_or(base.window_steps),
            look_back: self.look_back.unwrap_or(base.look_back),
            resync_counters: self.resync_counters.unwrap_or(base.resync_counters),
            resync_steps: self.resync_steps.unwrap_or(base.resync_steps),
            max_drift_steps: self.max_drift_steps.unwrap_or(base.max_drift_steps),
            lock_after: self.lock_after.unwrap_or(base.lock_after),
            count_reused: self.count_reused.unwrap_or(base.count_reused),
        }
    }
}
