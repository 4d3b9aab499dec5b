//! A clock that a test sets, for rules about dates: it stands still until it is moved.
//!
//! Not responsible for: the tests' own clock (see [`crate::wait`]), nor for the daemon's reading of the
//! real one (`tests/clock.rs`).

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

/// The clock of one [`crate::World`]. Clones move the same clock.
#[derive(Clone, Debug)]
pub struct TestClock {
    file: PathBuf,
}

impl TestClock {
    /// Makes the file that the daemon reads.
    pub fn new(file: PathBuf, start: Timestamp) -> Self {
        let clock = Self { file };
        clock.set(start);
        clock
    }

    /// What `WARIFUD_TEST_CLOCK` names.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Moves it to a time, forward or back; whole milliseconds. The daemon sees it at its next look.
    pub fn set(&self, to: impl Into<Timestamp>) {
        let ms = to.into().as_millisecond();
        assert!(ms > 0, "the clock stands after 1970");
        let next = self.file.with_extension("next");
        fs::write(&next, ms.to_string()).expect("a file in the test's folder");
        fs::rename(next, &self.file).expect("a file in the test's folder");
    }

    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        let by = SignedDuration::try_from(by).expect("a test's time is short");
        self.set(self.timestamp() + by);
    }

    /// What it shows, in seconds since 1970.
    pub fn now(&self) -> u64 {
        u64::try_from(self.timestamp().as_second()).expect("the clock stands after 1970")
    }

    /// What it shows.
    pub fn timestamp(&self) -> Timestamp {
        let text = fs::read_to_string(&self.file).expect("a file in the test's folder");
        let ms = text.parse().expect("written by ourselves");
        Timestamp::from_millisecond(ms).expect("written by ourselves")
    }
}

/// A time as a test writes it: `2026-09-30T23:59:30+09:00`.
pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|e| crate::process::fail(&format!("{text}: {e}")))
}
