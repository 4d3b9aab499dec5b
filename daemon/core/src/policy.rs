//! A bank's numbers. Data, never code: the same functions serve every institution.

use thiserror::Error;

/// How codes of one institution are verified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerificationPolicy {
    /// HOTP: how many counters beyond the expected one are accepted (RFC 4226 s.7.2).
    pub look_ahead: u32,
    /// TOTP: how many steps to either side of the expected one are accepted (RFC 6238 s.5.2).
    pub window_steps: u32,
    /// How many used moving factors are looked at to tell `reused` from `wrong`.
    pub look_back: u32,
    /// HOTP: how far resynchronisation searches ahead (RFC 4226 s.7.4).
    pub resync_counters: u32,
    /// TOTP: how far resynchronisation searches to either side (RFC 6238 s.6).
    pub resync_steps: u32,
    /// TOTP: largest clock drift that is ever believed, in steps to either side.
    pub max_drift_steps: u32,
    /// Consecutive wrong codes after which the token is locked.
    pub lock_after: u32,
    /// A code that was right but is used counts towards the lock like a wrong one.
    pub count_reused: bool,
}

/// A number outside what is safe. Each names its key, the value and the rule.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{key} is {value}: {rule}")]
pub struct PolicyFault {
    /// The key as written in a profile.
    pub key: &'static str,
    /// What was given.
    pub value: u32,
    /// What is allowed and why.
    pub rule: &'static str,
}

impl Default for VerificationPolicy {
    fn default() -> Self {
        Self {
            look_ahead: 10,
            window_steps: 1,
            look_back: 3,
            resync_counters: 200,
            resync_steps: 60,
            max_drift_steps: 60,
            lock_after: 5,
            count_reused: false,
        }
    }
}

impl VerificationPolicy {
    /// Every fault, not only the first.
    pub fn faults(&self) -> Vec<PolicyFault> {
        let rules: [(&'static str, u32, u32, u32, &'static str); 7] = [
            (
                "look_ahead",
                self.look_ahead,
                0,
                50,
                "0 to 50; each counter is one more guess per try",
            ),
            (
                "window_steps",
                self.window_steps,
                0,
                10,
                "0 to 10; each step adds two guesses per try",
            ),
            (
                "look_back",
                self.look_back,
                0,
                10,
                "0 to 10; used factors only tell reused from wrong",
            ),
            ("resync_counters", self.resync_counters, 1, 1_000, "1 to 1000 counters ahead"),
            ("resync_steps", self.resync_steps, 1, 500, "1 to 500 steps to either side"),
            ("max_drift_steps", self.max_drift_steps, 0, 500, "0 to 500 steps to either side"),
            ("lock_after", self.lock_after, 1, 20, "1 to 20 consecutive wrong codes"),
        ];
        rules
            .into_iter()
            .filter(|(_, value, low, high, _)| !(low..=high).contains(&value))
            .map(|(key, value, _, _, rule)| PolicyFault { key, value, rule })
            .collect()
    }
}
