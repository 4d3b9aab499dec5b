//! A keypad token as the server sees it: which OCRA suites it computes, and what was answered
//! already.
//!
//! An answer to a server-made challenge can not come twice, because the challenge is used up. An
//! answer over typed data and the time can: the same transfer within the same step has the same
//! code. So the question and the step of each accepted answer are remembered until the step is out
//! of reach.
//!
//! Not responsible for: OCRA itself ([`crate::ocra`]), challenges ([`crate::challenge`]).

use crate::{
    ocra::{InputFault, Inputs, Suite},
    time::UnixTime,
};

/// A keypad token's state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Keypad {
    /// What it computes; at least one, all with the same hash, because they share a key.
    suites: Vec<Suite>,
    /// For suites with a counter: the next one that may be accepted.
    pub counter: u64,
    /// Accepted answers that could come again.
    pub used: Vec<Used>,
    /// Answers of suites with time are refused up to this moment: what a restore sets.
    pub floor: Option<UnixTime>,
}

/// An answer that was accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Used {
    /// Suite.
    pub suite: String,
    /// Question.
    pub question: String,
    /// Time step.
    pub step: u64,
}

/// What distinguishes one candidate from the next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Factor {
    /// The token's counter, for suites with one.
    pub counter: Option<u64>,
    /// The time step, for suites with time.
    pub step: Option<u64>,
    /// It was accepted already: a match tells `reused` from `bad_code`.
    pub used: bool,
}

/// One candidate: what the HMAC runs over, and what a match would mean.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Candidate {
    /// `DataInput` (RFC 6287 s.5).
    pub input: Vec<u8>,
    /// See [`Factor`].
    pub factor: Factor,
}

/// How far candidates reach.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// Time steps to either side.
    pub steps: u8,
    /// Counters beyond the expected one.
    pub look_ahead: u32,
}

impl Keypad {
    /// Most suites of one token.
    pub const MOST_SUITES: usize = 8;
    /// Most accepted answers that are remembered: more than a person types while the longest steps
    /// of the market (one hour) are within reach.
    const REMEMBERED: usize = 64;
    /// Steps ahead of the clock that a policy accepts at most.
    const AHEAD: u64 = 2;

    /// `None` without a suite, with too many, or where they differ in their hash.
    pub fn new(suites: Vec<Suite>) -> Option<Self> {
        let first = suites.first()?.hash();
        let fits =
            suites.len() <= Self::MOST_SUITES && suites.iter().all(|suite| suite.hash() == first);
        fits.then_some(Self { suites, counter: 0, used: Vec::new(), floor: None })
    }

    /// What it computes.
    pub fn suites(&self) -> &[Suite] {
        &self.suites
    }

    /// The suite of this text.
    pub fn suite(&self, text: &str) -> Option<&Suite> {
        self.suites.iter().find(|suite| suite.text() == text)
    }

    /// What a code for this question may stand for, the expected one first.
    pub fn candidates(
        &self,
        suite: &Suite,
        question: &str,
        reach: Reach,
        now: UnixTime,
    ) -> Result<Vec<Candidate>, InputFault> {
        let mut found = Vec::new();
        for counter in self.counters(suite, reach) {
            for step in steps(suite, reach, now) {
                let inputs = Inputs { counter, time_steps: step, ..Inputs::of(question) };
                let used = self.is_used(suite, question, step);
                let factor = Factor { counter, step, used };
                found.push(Candidate { input: suite.data_input(&inputs)?, factor });
            }
        }
        Ok(found)
    }

    /// A code was right: it will not be so again.
    pub fn accept(&mut self, suite: &Suite, question: &str, factor: Factor, reach: Reach) {
        if let Some(counter) = factor.counter {
            self.counter = counter.saturating_add(1);
        }
        let Some(step) = factor.step else { return };
        let oldest = step.saturating_sub(u64::from(reach.steps).saturating_mul(2));
        self.used.retain(|used| used.suite != suite.text() || used.step >= oldest);
        if self.used.len() >= Self::REMEMBERED {
            self.used.remove(0);
        }
        let (suite, question) = (suite.text().to_owned(), question.to_owned());
        self.used.push(Used { suite, question, step });
    }

    /// What a restore from a backup does: answers over time may have been given since.
    pub fn refuse_until(&mut self, now: UnixTime) {
        self.floor = self.floor.max(Some(now));
    }

    fn counters(&self, suite: &Suite, reach: Reach) -> Vec<Option<u64>> {
        if !suite.counter() {
            return vec![None];
        }
        let last = self.counter.saturating_add(reach.look_ahead.into());
        (self.counter..=last).map(Some).collect()
    }

    fn is_used(&self, suite: &Suite, question: &str, step: Option<u64>) -> bool {
        let Some(step) = step else { return false };
        let refused = |floor: UnixTime| {
            let length = suite.step_s().unwrap_or(1);
            step <= floor.step(UnixTime(0), length).saturating_add(Self::AHEAD)
        };
        // Other makers' questions may be written in several ways, and mean the same to a token: "1"
        // and "16" where they are decimal, "ab" and "AB" where they are hexadecimal.
        let same = |other: &str| {
            let (one, other) = (question.into(), other.into());
            suite.question().field(one) == suite.question().field(other)
        };
        self.floor.is_some_and(refused)
            || self
                .used
                .iter()
                .any(|used| used.suite == suite.text() && used.step == step && same(&used.question))
    }
}

/// The present step first, then outwards, the earlier one first.
fn steps(suite: &Suite, reach: Reach, now: UnixTime) -> Vec<Option<u64>> {
    let Some(length) = suite.step_s() else { return vec![None] };
    let here = now.step(UnixTime(0), length);
    let mut steps = vec![Some(here)];
    for distance in 1..=u64::from(reach.steps) {
        steps.extend(here.checked_sub(distance).map(Some));
        steps.push(here.checked_add(distance));
    }
    steps
}

#[cfg(test)]
mod tests;
