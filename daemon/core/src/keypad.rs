//! A keypad token as the server sees it.
use crate::time::UnixTime;

/// A keypad token's state.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Keypad {
    /// For suites with a counter: the next one that may be accepted.
    pub counter: u64,
    /// Answers of suites with time are refused up to this moment: what a restore sets.
    pub floor: Option<UnixTime>,
}

impl Keypad {
    /// What a restore from a backup does: answers over time may have been given since.
    pub fn refuse_until(&mut self, now: UnixTime) {
        self.floor = self.floor.max(Some(now));
    }
}
