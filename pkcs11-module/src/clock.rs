//! The only place that looks at a clock: how long something took, and until when it may take.
//!
//! Not responsible for judging codes, which the daemon does by its own clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A moment until which a call may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    pub(crate) fn after(time: Duration) -> Self {
        Self(now() + time)
    }

    /// What is left; zero when it has passed.
    pub(crate) fn left(self) -> Duration {
        self.0.saturating_duration_since(now())
    }

    pub(crate) fn has_passed(self) -> bool {
        self.left().is_zero()
    }
}

/// Now, on a clock that never steps.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Milliseconds since 1970, for the log; nothing is decided by it.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the time of day")]
pub(crate) fn unix_millis() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis())
}
