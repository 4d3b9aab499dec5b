//! The moving factor in Data: counter, time step, drift, and what is plausible of them.
//!
//! Not responsible for windows or resynchronization.

use super::element::{Children, El};
use super::values::{Number, Values};
use crate::seedfile::code::Code;
use crate::seedfile::options::ReadOptions;
use crate::seedfile::record::Algorithm;
use crate::seedfile::refusal::{Faults, Refusal, Warning};
use crate::seedfile::suite::Ocra;

/// Longest time step taken at all: a week.
const MAX_STEP_S: i64 = 604_800;
/// Largest drift taken, in steps either way.
const MAX_DRIFT: i64 = 1000;
/// Largest counter believed where it came encrypted, in an encoding that only the maker knows.
const PLAUSIBLE_COUNTER: i64 = 1 << 40;

/// The numbers of Data.
#[derive(Default)]
pub(super) struct Moving {
    pub(super) counter: Option<u64>,
    pub(super) time_offset: i64,
    pub(super) time_step_s: Option<u32>,
    pub(super) time_drift: i32,
}

/// Where the numbers of one key are read from and noted to.
pub(super) struct Source<'s> {
    pub(super) key: El<'s>,
    pub(super) values: &'s mut Values,
    pub(super) options: &'s ReadOptions,
    pub(super) faults: &'s mut Faults,
    pub(super) warnings: &'s mut Vec<Warning>,
}

impl Source<'_> {
    /// Reads the numbers and checks them against the algorithm.
    pub(super) fn moving(
        &mut self,
        data: &Children<'_>,
        algorithm: Option<Algorithm>,
        ocra: Option<Ocra>,
    ) -> Result<Moving, Refusal> {
        let counter = self.number(data, "Counter", Code::Counter, |n, encrypted| {
            let most = if encrypted { PLAUSIBLE_COUNTER } else { i64::MAX };
            (0..=most).contains(&n)
        })?;
        let step = self
            .number(data, "TimeInterval", Code::Interval, |n, _| (1..=MAX_STEP_S).contains(&n))?;
        let drift = self
            .number(data, "TimeDrift", Code::Drift, |n, _| (-MAX_DRIFT..=MAX_DRIFT).contains(&n))?;
        let offset = self.number(data, "Time", Code::Int, |_, _| true)?.unwrap_or(0);
        self.need(data, algorithm, ocra);
        if offset != 0 && algorithm != Some(Algorithm::Hotp) {
            self.warnings.push(Warning::new(Code::WTimeOffset, "Time"));
        }
        if step.is_some_and(|step| step != 30 && step != 60) {
            self.warnings.push(Warning::new(Code::WInterval, "TimeInterval"));
        }
        let step = step.and_then(|n| u32::try_from(n).ok());
        if let Some((suite, step)) = ocra.and_then(|ocra| ocra.time_step_s).zip(step)
            && suite != step
        {
            let rule = "as long as the suite says";
            self.faults.push(self.key.refuse_field(Code::Interval, "TimeInterval", rule));
        }
        Ok(Moving {
            counter: counter.and_then(|n| u64::try_from(n).ok()),
            time_offset: offset,
            time_step_s: step.or(ocra.and_then(|ocra| ocra.time_step_s)),
            time_drift: drift.and_then(|n| i32::try_from(n).ok()).unwrap_or(0),
        })
    }

    /// Notes what the algorithm can not do without; nothing is assumed in silence.
    fn need(&mut self, data: &Children<'_>, algorithm: Option<Algorithm>, ocra: Option<Ocra>) {
        let counts = algorithm == Some(Algorithm::Hotp) || ocra.is_some_and(|ocra| ocra.counter);
        let left_out = |name| data.get(name).is_none_or(El::is_blank);
        if counts && left_out("Counter") {
            let rule = "the counter is stated, never assumed (RFC 6030 s.10.1)";
            self.faults.push(self.key.refuse_field(Code::Counter, "Counter", rule));
        }
        if algorithm == Some(Algorithm::Totp) && left_out("TimeInterval") {
            let rule = "the time step is stated, never assumed";
            self.faults.push(self.key.refuse_field(Code::Interval, "TimeInterval", rule));
        }
    }

    fn number(
        &mut self,
        data: &Children<'_>,
        name: &'static str,
        code: Code,
        in_range: impl Fn(i64, bool) -> bool,
    ) -> Result<Option<i64>, Refusal> {
        let Some(el) = data.get(name) else { return Ok(None) };
        let number = self.values.number(el, self.options);
        let Some(Number { value, was_encrypted }) = self.faults.keep(number)? else {
            return Ok(None);
        };
        if was_encrypted {
            self.warnings.push(Warning::new(Code::WEncInt, name));
        }
        if in_range(value, was_encrypted) {
            return Ok(Some(value));
        }
        self.faults.push(el.refuse(code, "in the range that a token can have"));
        Ok(None)
    }
}
