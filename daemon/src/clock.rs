//! The one source of wall time.
//!
//! Two guards stand before it, because a clock that goes back makes used codes right again:
//!
//! - a high-water mark, taken over from the store at the start: time below it (beyond a tolerance) is
//!   not believed;
//! - the monotonic clock: wall time that fell behind it is not believed, also when nobody asked
//!   between the step and now.
//!
//! Either way time-based work stops with an error until wall time has caught up; nothing is counted
//! against a customer. Not responsible for: setting the clock, or for keeping the mark
//! durable: every decision's time is in the audit chain, and the latest one is the mark.

mod kernel;
#[cfg(feature = "test-clock")]
mod settable;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use thiserror::Error;

#[cfg(feature = "test-clock")]
pub(crate) use self::settable::Settable;

/// Names the file of a settable clock. Only a build for tests has one.
pub(crate) const TEST_CLOCK: &str = "WARIFUD_TEST_CLOCK";

/// How the clock is read and guarded.
#[derive(Clone, Debug)]
pub(crate) struct ClockSettings {
    /// Fail while the kernel's clock is not synchronised.
    pub(crate) require_synchronised: bool,
    /// Steps back up to this are tolerated: time services make small ones.
    pub(crate) max_step_back: Duration,
    /// What is read.
    pub(crate) wall: Wall,
}

/// Which wall clock is read.
#[derive(Clone, Debug)]
pub(crate) enum Wall {
    /// The system's.
    System,
    /// One that a test sets.
    #[cfg(feature = "test-clock")]
    Settable(Arc<Settable>),
}

impl Wall {
    fn source(&self) -> Arc<dyn Source> {
        match self {
            Self::System => Arc::new(System { start: monotonic_now() }),
            #[cfg(feature = "test-clock")]
            Self::Settable(clock) => {
                clock.warn();
                Arc::clone(clock) as Arc<dyn Source>
            }
        }
    }
}

/// Why there is no time to decide by. Wait; nothing that is already decided is touched.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub(crate) enum ClockError {
    /// Wall time is this far behind what it was already.
    #[error("the clock stepped back and is {behind_ms} ms behind")]
    SteppedBack {
        /// Milliseconds until it has caught up.
        behind_ms: u64,
    },
    /// The kernel says that nobody keeps the clock right, or does not answer.
    #[error("the system clock is not synchronised")]
    NotSynchronised,
    /// Wall time is before 1970.
    #[error("the clock is before 1970")]
    BeforeEpoch,
}

/// The clock. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Clock {
    settings: ClockSettings,
    source: Arc<dyn Source>,
    shared: Arc<Mutex<Shared>>,
}

/// Where readings come from; the system, or a test.
trait Source: Send + Sync {
    /// Wall time in milliseconds since the epoch, 0 before it.
    fn wall_ms(&self) -> u64;
    /// Monotonic time since any fixed moment.
    fn monotonic(&self) -> Duration;
    /// See [`kernel::is_synchronised`].
    fn is_synchronised(&self) -> Option<bool>;
}

struct Shared {
    guard: Guard,
    synchronised: Option<bool>,
    asked: Option<Duration>,
}

/// What the kernel said is believed this long.
const KERNEL_EVERY: Duration = Duration::from_secs(1);

impl Clock {
    /// Starts from `mark_ms`, the highest time that the store knows of.
    pub(crate) fn start(settings: &ClockSettings, mark_ms: Option<u64>) -> Self {
        Self::with_source(settings, mark_ms, settings.wall.source())
    }

    fn with_source(
        settings: &ClockSettings,
        mark_ms: Option<u64>,
        source: Arc<dyn Source>,
    ) -> Self {
        let guard = Guard::new(mark_ms.unwrap_or(0));
        let shared = Shared { guard, synchronised: None, asked: None };
        Self { settings: settings.clone(), source, shared: Arc::new(Mutex::new(shared)) }
    }

    /// Wall time to decide by, in milliseconds since the epoch.
    pub(crate) fn now_ms(&self) -> Result<u64, ClockError> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let monotonic = self.source.monotonic();
        let wall = self.source.wall_ms();
        if wall == 0 {
            return Err(ClockError::BeforeEpoch);
        }
        shared.guard.check(wall, monotonic, self.settings.max_step_back)?;
        if self.settings.require_synchronised && self.ask(&mut shared, monotonic) != Some(true) {
            return Err(ClockError::NotSynchronised);
        }
        Ok(wall)
    }

    /// Wall time as it is, for logs and retention. Never for a decision about a code.
    pub(crate) fn untrusted_ms(&self) -> u64 {
        self.source.wall_ms()
    }

    /// Time for the record of something that happens whether or not there is time to decide by (a
    /// start, a stop): never behind what was believed already. The latest record is the mark of the
    /// next start, so a restart must not make a clock that was set back credible.
    pub(crate) fn record_ms(&self) -> u64 {
        let mark = self.shared.lock().unwrap_or_else(PoisonError::into_inner).guard.mark_ms;
        self.source.wall_ms().max(mark)
    }

    /// Whether the kernel's clock is synchronised; `None` where it does not say. At most a second old.
    pub(crate) fn synchronised(&self) -> Option<bool> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let monotonic = self.source.monotonic();
        self.ask(&mut shared, monotonic)
    }

    fn ask(&self, shared: &mut Shared, monotonic: Duration) -> Option<bool> {
        let fresh = |asked: Duration| monotonic.saturating_sub(asked) < KERNEL_EVERY;
        if !shared.asked.is_some_and(fresh) {
            shared.synchronised = self.source.is_synchronised();
            shared.asked = Some(monotonic);
        }
        shared.synchronised
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clock").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Compares readings with earlier ones. Pure.
struct Guard {
    /// The highest time that was ever believed, or that must have passed.
    mark_ms: u64,
    /// The last believed pair of readings.
    anchor: Option<(u64, Duration)>,
    /// A step back was seen and is not made good yet: the tolerance is used up.
    stepped_back: bool,
}

impl Guard {
    const fn new(mark_ms: u64) -> Self {
        Self { mark_ms, anchor: None, stepped_back: false }
    }

    fn check(
        &mut self,
        wall_ms: u64,
        monotonic: Duration,
        tolerance: Duration,
    ) -> Result<(), ClockError> {
        let expected = self.expected(monotonic).max(self.mark_ms);
        let least = if self.stepped_back {
            self.mark_ms
        } else {
            expected.saturating_sub(millis(tolerance))
        };
        if wall_ms < least {
            // The mark stays where the step was seen: it must be possible to catch up with it.
            if !self.stepped_back {
                self.mark_ms = expected;
                self.stepped_back = true;
            }
            return Err(ClockError::SteppedBack {
                behind_ms: self.mark_ms.saturating_sub(wall_ms),
            });
        }
        self.stepped_back = false;
        self.mark_ms = self.mark_ms.max(wall_ms);
        self.anchor = Some((wall_ms, monotonic));
        Ok(())
    }

    /// What wall time should be by the monotonic clock; 0 before the first reading.
    fn expected(&self, monotonic: Duration) -> u64 {
        let Some((wall_ms, then)) = self.anchor else { return 0 };
        wall_ms.saturating_add(millis(monotonic.saturating_sub(then)))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

struct System {
    start: Instant,
}

impl Source for System {
    #[expect(clippy::disallowed_methods, reason = "the one place where wall time comes in")]
    fn wall_ms(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn is_synchronised(&self) -> Option<bool> {
        kernel::is_synchronised()
    }
}

fn monotonic_now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Readings {
        wall_ms: u64,
        monotonic: Duration,
        synchronised: Option<bool>,
        asked: u32,
    }

    #[derive(Clone, Default)]
    struct Hand(Arc<Mutex<Readings>>);

    impl Hand {
        fn set(&self, change: impl FnOnce(&mut Readings)) {
            change(&mut self.0.lock().unwrap());
        }

        fn pass(&self, ms: u64) {
            self.set(|r| {
                r.wall_ms += ms;
                r.monotonic += Duration::from_millis(ms);
            });
        }
    }

    impl Source for Hand {
        fn wall_ms(&self) -> u64 {
            self.0.lock().unwrap().wall_ms
        }

        fn monotonic(&self) -> Duration {
            self.0.lock().unwrap().monotonic
        }

        fn is_synchronised(&self) -> Option<bool> {
            let mut readings = self.0.lock().unwrap();
            readings.asked += 1;
            readings.synchronised
        }
    }

    const START: u64 = 1_800_000_000_000;

    fn settings(require_synchronised: bool) -> ClockSettings {
        let max_step_back = Duration::from_secs(2);
        ClockSettings { require_synchronised, max_step_back, wall: Wall::System }
    }

    fn clock(require_synchronised: bool, mark_ms: Option<u64>) -> (Clock, Hand) {
        let hand = Hand::default();
        hand.set(|r| r.wall_ms = START);
        let settings = settings(require_synchronised);
        (Clock::with_source(&settings, mark_ms, Arc::new(hand.clone())), hand)
    }

    #[test]
    fn time_that_goes_forward_is_believed() {
        let (clock, hand) = clock(false, None);
        assert_eq!(clock.now_ms(), Ok(START));
        hand.pass(10_000);
        assert_eq!(clock.now_ms(), Ok(START + 10_000));
        hand.set(|r| r.wall_ms += 3_600_000);
        assert_eq!(clock.now_ms(), Ok(START + 3_610_000));
        assert_eq!(clock.shared.lock().unwrap().guard.mark_ms, START + 3_610_000);
    }

    #[test]
    fn a_step_back_stops_decisions_until_it_is_made_good() {
        let (clock, hand) = clock(false, None);
        clock.now_ms().unwrap();
        hand.set(|r| r.wall_ms -= 60_000);
        assert_eq!(clock.now_ms(), Err(ClockError::SteppedBack { behind_ms: 60_000 }));
        hand.pass(59_999);
        assert_eq!(clock.now_ms(), Err(ClockError::SteppedBack { behind_ms: 1 }));
        hand.pass(1);
        assert_eq!(clock.now_ms(), Ok(START));
        hand.pass(1_000);
        assert_eq!(clock.now_ms(), Ok(START + 1_000));
    }

    #[test]
    fn a_step_back_while_nobody_asked_is_seen_too() {
        let (clock, hand) = clock(false, None);
        clock.now_ms().unwrap();
        hand.pass(600_000);
        hand.set(|r| r.wall_ms -= 60_000);
        assert_eq!(clock.now_ms(), Err(ClockError::SteppedBack { behind_ms: 60_000 }));
    }

    #[test]
    fn a_clock_that_is_set_right_again_serves_at_once() {
        let (clock, hand) = clock(false, None);
        clock.now_ms().unwrap();
        hand.set(|r| r.wall_ms -= 60_000);
        clock.now_ms().unwrap_err();
        hand.set(|r| r.wall_ms += 60_000);
        assert_eq!(clock.now_ms(), Ok(START));
    }

    #[test]
    fn small_steps_back_are_tolerated_but_do_not_add_up() {
        let (clock, hand) = clock(false, None);
        clock.now_ms().unwrap();
        hand.set(|r| r.wall_ms -= 1_500);
        assert_eq!(clock.now_ms(), Ok(START - 1_500));
        hand.set(|r| r.wall_ms -= 1_500);
        assert_eq!(clock.now_ms(), Err(ClockError::SteppedBack { behind_ms: 3_000 }));
    }

    #[test]
    fn the_mark_of_the_store_outlives_a_restart() {
        let (clock, hand) = clock(false, Some(START + 60_000));
        assert_eq!(clock.now_ms(), Err(ClockError::SteppedBack { behind_ms: 60_000 }));
        hand.pass(60_000);
        assert_eq!(clock.now_ms(), Ok(START + 60_000));
    }

    #[test]
    fn an_unsynchronised_clock_is_refused_only_where_that_is_asked_for() {
        let (clock, hand) = clock(true, None);
        assert_eq!(clock.now_ms(), Err(ClockError::NotSynchronised));
        hand.set(|r| r.synchronised = Some(true));
        hand.pass(1_000);
        assert_eq!(clock.now_ms(), Ok(START + 1_000));
        hand.set(|r| r.synchronised = Some(false));
        hand.pass(1_000);
        assert_eq!(clock.now_ms(), Err(ClockError::NotSynchronised));
    }

    #[test]
    fn an_unsynchronised_clock_serves_where_nobody_asked() {
        let (clock, hand) = clock(false, None);
        hand.set(|r| r.synchronised = Some(false));
        assert_eq!(clock.now_ms(), Ok(START));
        assert_eq!(clock.synchronised(), Some(false));
    }

    #[test]
    fn the_kernel_is_asked_once_a_second() {
        let (clock, hand) = clock(true, None);
        hand.set(|r| r.synchronised = Some(true));
        for _ in 0..100 {
            clock.now_ms().unwrap();
            hand.pass(10);
        }
        assert_eq!(hand.0.lock().unwrap().asked, 1);
        clock.now_ms().unwrap();
        assert_eq!(hand.0.lock().unwrap().asked, 2);
    }

    #[test]
    fn a_restart_does_not_make_a_clock_credible_that_was_set_back() {
        let (clock, hand) = clock(false, None);
        clock.now_ms().unwrap();
        hand.set(|r| r.wall_ms -= 60_000);
        clock.now_ms().unwrap_err();
        assert_eq!(clock.record_ms(), START, "what the stop is recorded with");
        hand.pass(70_000);
        assert_eq!(clock.record_ms(), START + 10_000);
    }

    #[test]
    fn a_clock_before_the_epoch_is_no_clock() {
        let (clock, hand) = clock(false, None);
        hand.set(|r| r.wall_ms = 0);
        assert_eq!(clock.now_ms(), Err(ClockError::BeforeEpoch));
    }

    /// Whether this machine's clock is synchronised is not ours to test; that the call works is.
    #[test]
    fn the_real_clock_runs() {
        let clock = Clock::start(&settings(false), None);
        let first = clock.now_ms().unwrap();
        assert!(clock.now_ms().unwrap() >= first && first > 1_600_000_000_000);
        let _ = clock.synchronised();
    }
}
