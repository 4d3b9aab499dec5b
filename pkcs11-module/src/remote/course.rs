//! The course of one call over several daemons and rounds, without a clock and without a network.
//!
//! What decides at the end is the worst that may be: a request that any daemon may have carried out is
//! never told as one that was not, whatever the others said afterwards. Only an answer that the daemons
//! give to a repeated request from what they remember of it settles that.
//!
//! Not responsible for the order of the daemons, see [`super::standing`].

use std::{cmp, time::Duration};

use warifu_api::ProblemType;

use super::{is_forbidden, trouble::Trouble, verdict::Seen};

/// Pause between the first two rounds; doubled from round to round.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// Longest pause that no daemon asked for.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// Rounds in which no daemon could be reached before that is believed.
const IDLE_ROUNDS: u32 = 2;
/// Least time for a daemon while others remain.
const LEAST_SHARE: Duration = Duration::from_secs(1);

/// What was seen so far.
pub(super) struct Course {
    /// Whether the request carries an idempotency key; without one it only reads.
    keyed: bool,
    done: Done,
    busy: Option<ProblemType>,
    refused: Option<bool>,
    untrusted: bool,
    round: Round,
    idle_rounds: u32,
    next_pause: Duration,
}

/// Whether a daemon may have carried the request out.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Done {
    No,
    /// What answered is no daemon, and would answer the same again.
    Perhaps,
    /// Asking again may bring the answer.
    Awaited,
}

#[derive(Default)]
struct Round {
    /// A daemon was there, so that another round may go better.
    reached: bool,
    /// A daemon did not accept our certificate.
    refused: bool,
    /// The soonest time at which a daemon asks to be asked again.
    after: Option<Duration>,
}

/// How long one daemon may take, so that one that is stalled leaves time for the others; `None` when
/// there is no time at all.
pub(super) fn share(left: Duration, not_yet_tried: usize) -> Option<Duration> {
    let parts = u32::try_from(not_yet_tried.max(1)).unwrap_or(u32::MAX);
    let share = cmp::max(left / parts, LEAST_SHARE).min(left);
    (!share.is_zero()).then_some(share)
}

impl Course {
    pub(super) fn new(keyed: bool) -> Self {
        Self {
            keyed,
            done: Done::No,
            busy: None,
            refused: None,
            untrusted: false,
            round: Round::default(),
            idle_rounds: 0,
            next_pause: FIRST_PAUSE,
        }
    }

    /// Takes note of an attempt; an error where it settles the call.
    pub(super) fn saw(&mut self, seen: Seen) -> Result<(), Trouble> {
        match seen {
            Seen::Final(trouble) if self.done == Done::No || settles(trouble) => {
                return Err(trouble);
            }
            Seen::Final(_) => self.round.reached = true,
            Seen::Busy { kind, after, perhaps } => {
                self.busy = Some(kind);
                if perhaps {
                    self.may_be(Done::Awaited);
                }
                self.round.reached = true;
                let soonest = |one: Duration| self.round.after.map_or(one, |other| one.min(other));
                self.round.after = Some(soonest(after.unwrap_or_default()));
            }
            Seen::Lost => {
                self.may_be(Done::Awaited);
                self.round.reached = true;
            }
            Seen::Foreign { perhaps } => {
                if perhaps {
                    self.may_be(Done::Perhaps);
                }
                self.untrusted = true;
            }
            Seen::Refused { expired } => {
                self.refused = Some(expired || self.refused.unwrap_or(false));
                self.round.refused = true;
            }
            Seen::Untrusted => self.untrusted = true,
            Seen::Unreachable => {}
        }
        Ok(())
    }

    /// Whether a daemon has refused our certificate.
    pub(super) fn is_refused(&self) -> bool {
        self.refused.is_some()
    }

    /// Goes on with another certificate. What may have been done stays so.
    pub(super) fn renew(&mut self) {
        self.refused = None;
        self.idle_rounds = 0;
    }

    /// How long to wait before the next round; `None` when there shall be none. A request that may have
    /// been carried out is worth all of the time: its answer is known to the daemons, unless they do not
    /// let us ask.
    pub(super) fn pause(&mut self, left: Duration) -> Option<Duration> {
        let round = std::mem::take(&mut self.round);
        if !round.reached {
            self.idle_rounds = self.idle_rounds.saturating_add(1);
        }
        let hopeless = self.is_refused() || self.untrusted || self.idle_rounds >= IDLE_ROUNDS;
        if !round.reached && (round.refused || (hopeless && self.done != Done::Awaited)) {
            return None;
        }
        let pause = self.next_pause.max(round.after.unwrap_or_default());
        self.next_pause = (self.next_pause * 2).min(LONGEST_PAUSE);
        (pause < left).then_some(pause)
    }

    fn may_be(&mut self, done: Done) {
        if self.keyed {
            self.done = self.done.max(done);
        }
    }

    /// What the caller is told when nobody gave an answer.
    pub(super) fn end(&self) -> Trouble {
        match (self.busy, self.refused) {
            _ if self.done != Done::No => Trouble::Unknown,
            (Some(kind), _) => Trouble::Problem(kind),
            (None, Some(expired)) => Trouble::Refused { expired },
            (None, None) if self.untrusted => Trouble::Untrusted,
            (None, None) => Trouble::Unreachable,
        }
    }
}

/// Whether a daemon says this only after it has looked whether the request was carried out. Who may
/// ask at all is looked at before.
fn settles(trouble: Trouble) -> bool {
    matches!(trouble, Trouble::Problem(kind) if !is_forbidden(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEFT: Duration = Duration::from_secs(10);

    fn busy(kind: ProblemType, seconds: u64, perhaps: bool) -> Seen {
        Seen::Busy { kind, after: Some(Duration::from_secs(seconds)), perhaps }
    }

    #[test]
    fn what_is_out_of_reach_twice_is_out_of_reach() {
        let mut course = Course::new(true);
        course.saw(Seen::Unreachable).unwrap();
        assert_eq!(course.pause(LEFT), Some(FIRST_PAUSE));
        course.saw(Seen::Unreachable).unwrap();
        assert_eq!(course.pause(LEFT), None);
        assert_eq!(course.end(), Trouble::Unreachable);
    }

    #[test]
    fn a_refusal_ends_the_wait_for_an_answer_and_another_certificate_goes_on_with_it() {
        let mut course = Course::new(true);
        course.saw(Seen::Lost).unwrap();
        assert_eq!(course.pause(LEFT), Some(FIRST_PAUSE));
        course.saw(Seen::Refused { expired: false }).unwrap();
        assert_eq!(course.pause(LEFT), None);
        assert!(course.is_refused());
        assert_eq!(course.end(), Trouble::Unknown);
        course.renew();
        assert!(!course.is_refused());
        course.saw(Seen::Unreachable).unwrap();
        assert!(course.pause(LEFT).is_some());
        assert_eq!(course.end(), Trouble::Unknown);
    }

    #[test]
    fn what_may_have_been_done_stays_unknown_until_a_daemon_settles_it() {
        let mut course = Course::new(true);
        course.saw(Seen::Lost).unwrap();
        course.saw(Seen::Unreachable).unwrap();
        course.saw(Seen::Refused { expired: true }).unwrap();
        course.saw(Seen::Final(Trouble::Problem(ProblemType::Unauthenticated))).unwrap();
        for _ in 0..20 {
            assert!(course.pause(LEFT).is_some());
            course.saw(Seen::Unreachable).unwrap();
        }
        assert_eq!(course.end(), Trouble::Unknown);
        let settled = course.saw(Seen::Final(Trouble::Problem(ProblemType::NotFound)));
        assert_eq!(settled, Err(Trouble::Problem(ProblemType::NotFound)));
    }

    #[test]
    fn a_question_that_reads_is_never_unknown() {
        let mut course = Course::new(false);
        course.saw(Seen::Lost).unwrap();
        assert_eq!(course.end(), Trouble::Unreachable);
        course.saw(busy(ProblemType::Deadline, 1, true)).unwrap();
        assert_eq!(course.end(), Trouble::Problem(ProblemType::Deadline));
    }

    #[test]
    fn an_answer_settles_at_once() {
        let mut course = Course::new(true);
        let forbidden = Trouble::Problem(ProblemType::Forbidden);
        assert_eq!(course.saw(Seen::Final(forbidden)), Err(forbidden));
    }

    #[test]
    fn pauses_grow_and_are_at_least_what_a_daemon_asks_for() {
        let mut course = Course::new(true);
        let mut pauses = Vec::new();
        for _ in 0..6 {
            course
                .saw(Seen::Busy { kind: ProblemType::Draining, after: None, perhaps: false })
                .unwrap();
            pauses.push(course.pause(LEFT).unwrap().as_millis());
        }
        assert_eq!(pauses, [50, 100, 200, 400, 500, 500]);
        course.saw(busy(ProblemType::TooManyRequests, 3, false)).unwrap();
        course.saw(busy(ProblemType::HsmUnavailable, 2, false)).unwrap();
        assert_eq!(course.pause(LEFT), Some(Duration::from_secs(2)));
        course.saw(busy(ProblemType::StoreFull, 30, false)).unwrap();
        assert_eq!(course.pause(LEFT), None);
        assert_eq!(course.end(), Trouble::Problem(ProblemType::StoreFull));
    }

    #[test]
    fn refusals_end_a_round_that_reached_nobody_else() {
        let mut course = Course::new(true);
        course.saw(Seen::Unreachable).unwrap();
        course.saw(Seen::Untrusted).unwrap();
        assert_eq!(course.end(), Trouble::Untrusted);
        course.saw(Seen::Refused { expired: true }).unwrap();
        assert_eq!(course.pause(LEFT), None);
        assert_eq!(course.end(), Trouble::Refused { expired: true });
    }

    #[test]
    fn a_foreign_answer_is_not_waited_for_but_not_forgotten() {
        for (keyed, told) in [(true, Trouble::Unknown), (false, Trouble::Untrusted)] {
            let mut course = Course::new(keyed);
            course.saw(Seen::Foreign { perhaps: true }).unwrap();
            assert_eq!(course.pause(LEFT), None);
            assert_eq!(course.end(), told);
        }
    }

    #[test]
    fn every_daemon_has_its_share_of_the_time() {
        let seconds = Duration::from_secs;
        assert_eq!(share(seconds(10), 1), Some(seconds(10)));
        assert_eq!(share(seconds(10), 2), Some(seconds(5)));
        assert_eq!(share(seconds(2), 4), Some(seconds(1)));
        assert_eq!(share(seconds(1) / 2, 4), Some(seconds(1) / 2));
        assert_eq!(share(Duration::ZERO, 2), None);
    }
}
