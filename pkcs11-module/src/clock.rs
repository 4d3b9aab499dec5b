//! The only place that looks at a clock: how long something took, and until when it may take.
//!
//! Not responsible for the time of day: codes are judged by the daemon's clock.

use std::time::{Duration, Instant};

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
