//! A clock that tests set: it stands still at the time that a file shows. Only built with the feature
//! `test-clock`, so that no release can be made to believe a time.
//!
//! Not responsible for: writing the file. Whoever does replaces it by a rename; it is read at any
//! moment.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use thiserror::Error;

use super::{Source, TEST_CLOCK};

/// Why there is no such clock.
#[derive(Debug, Error)]
pub(crate) enum SettableError {
    /// The file can not be read.
    #[error("the file of the settable clock can not be read: {0}")]
    Unreadable(io::Error),
    /// It shows no time.
    #[error("the settable clock is a decimal number of milliseconds since the epoch")]
    Malformed,
}

/// Shows the time of a file.
#[derive(Debug)]
pub(crate) struct Settable {
    file: PathBuf,
    /// Shown while the file has no time in it.
    last_ms: AtomicU64,
}

impl Settable {
    /// The file must show a time now. Later it may be bad for a while.
    pub(crate) fn open(file: &Path) -> Result<Self, SettableError> {
        Ok(Self { file: file.to_owned(), last_ms: AtomicU64::new(read(file)?) })
    }

    /// Tells that no time of this process is the real one: in the log, or before there is one.
    pub(super) fn warn(&self) {
        let file = self.file.display();
        if tracing::dispatcher::has_been_set() {
            tracing::error!(%file, "A CLOCK SET BY A TEST IS IN USE: NO TIME IS REAL, NO CODE IS SAFE");
        } else {
            eprintln!(
                "warifud: WARNING: {TEST_CLOCK}={file}: a clock set by a test is in use; no time is real"
            );
        }
    }
}

impl Source for Settable {
    fn wall_ms(&self) -> u64 {
        if let Ok(now_ms) = read(&self.file) {
            self.last_ms.store(now_ms, Ordering::Relaxed);
            return now_ms;
        }
        self.last_ms.load(Ordering::Relaxed)
    }

    /// Stands still like the wall clock between two settings. So a jump forward is time that nobody
    /// missed, and a jump back is seen by what was already believed; there is no moment between two
    /// clocks at which one had jumped and the other not.
    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }

    fn is_synchronised(&self) -> Option<bool> {
        Some(true)
    }
}

fn read(file: &Path) -> Result<u64, SettableError> {
    let text = fs::read_to_string(file).map_err(SettableError::Unreadable)?;
    text.trim().parse().map_err(|_| SettableError::Malformed)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::{Clock, ClockError, ClockSettings, Wall};

    const START: u64 = 1_790_780_370_000;

    struct Place {
        folder: tempfile::TempDir,
        clock: Clock,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("now"), START.to_string()).unwrap();
            let settable = Settable::open(&folder.path().join("now")).unwrap();
            let settings = ClockSettings {
                require_synchronised: true,
                max_step_back: Duration::from_secs(2),
                wall: Wall::Settable(Arc::new(settable)),
            };
            Self { folder, clock: Clock::start(&settings, None) }
        }

        fn show(&self, text: &str) {
            let next = self.folder.path().join("next");
            fs::write(&next, text).unwrap();
            fs::rename(next, self.folder.path().join("now")).unwrap();
        }
    }

    #[test]
    fn it_stands_still_until_it_is_set_and_jumps_forward_freely() {
        let place = Place::new();
        assert_eq!(place.clock.now_ms(), Ok(START));
        assert_eq!(place.clock.now_ms(), Ok(START));
        place.show(&format!("{}\n", START + 86_400_000));
        assert_eq!(place.clock.now_ms(), Ok(START + 86_400_000));
        assert_eq!(place.clock.now_ms(), Ok(START + 86_400_000));
        place.show(&(START + 86_400_001).to_string());
        assert_eq!(place.clock.now_ms(), Ok(START + 86_400_001));
    }

    #[test]
    fn a_step_back_is_guarded_against_like_any_other() {
        let place = Place::new();
        place.clock.now_ms().unwrap();
        place.show(&(START - 60_000).to_string());
        assert_eq!(place.clock.now_ms(), Err(ClockError::SteppedBack { behind_ms: 60_000 }));
        place.show(&START.to_string());
        assert_eq!(place.clock.now_ms(), Ok(START));
    }

    #[test]
    fn a_file_without_a_time_keeps_the_last_one() {
        let place = Place::new();
        place.show(&(START + 1_000).to_string());
        assert_eq!(place.clock.now_ms(), Ok(START + 1_000));
        for text in ["", "noon", "-1", "1790780370.5", "99999999999999999999"] {
            place.show(text);
            assert_eq!(place.clock.now_ms(), Ok(START + 1_000), "{text:?}");
        }
        fs::remove_file(place.folder.path().join("now")).unwrap();
        assert_eq!(place.clock.now_ms(), Ok(START + 1_000));
    }
}
