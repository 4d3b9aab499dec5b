//! Which daemon is asked first: those that work, in the configured order; then those that failed.
//!
//! A daemon that failed is asked first again when its time has come, by one call at a time, so that
//! only that call pays for its silence.
//!
//! Not responsible for what counts as a failure, see [`super::verdict`].

use std::time::{Duration, Instant};

/// How long after its first, second, ... failure a daemon is asked last.
const BACK_OFF: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
];

/// How one daemon did.
#[derive(Clone, Copy)]
enum Standing {
    Working,
    /// `asked`: its time has come and a call has it first.
    Failed {
        until: Instant,
        times: usize,
        asked: bool,
    },
}

/// How all daemons did.
pub(super) struct Standings(Vec<Standing>);

/// What is worth a line in the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Change {
    None,
    Failed,
    Works,
}

impl Standings {
    pub(super) fn new(servers: usize) -> Self {
        Self(vec![Standing::Working; servers])
    }

    /// The order for one round of a call.
    pub(super) fn plan(&mut self, now: Instant) -> Vec<usize> {
        let (mut first, mut last) = (Vec::new(), Vec::new());
        for (server, standing) in self.0.iter_mut().enumerate() {
            match standing {
                Standing::Working => first.push(server),
                Standing::Failed { until, times, asked } if *until <= now => {
                    *until = now + back_off(*times);
                    *asked = true;
                    first.push(server);
                }
                Standing::Failed { .. } => last.push(server),
            }
        }
        first.append(&mut last);
        first
    }

    /// A failure within the time of the one before says nothing new.
    pub(super) fn fail(&mut self, server: usize, now: Instant) -> Change {
        let Some(standing) = self.0.get_mut(server) else { return Change::None };
        let (times, change) = match *standing {
            Standing::Working => (1, Change::Failed),
            Standing::Failed { until, times, asked } if asked || until <= now => {
                (times.saturating_add(1), Change::None)
            }
            Standing::Failed { .. } => return Change::None,
        };
        *standing = Standing::Failed { until: now + back_off(times), times, asked: false };
        change
    }

    pub(super) fn work(&mut self, server: usize) -> Change {
        match self.0.get_mut(server) {
            Some(standing @ Standing::Failed { .. }) => {
                *standing = Standing::Working;
                Change::Works
            }
            Some(Standing::Working) | None => Change::None,
        }
    }
}

fn back_off(times: usize) -> Duration {
    let last = BACK_OFF.len() - 1;
    BACK_OFF[times.saturating_sub(1).min(last)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn working_ones_come_first_in_the_configured_order() {
        let (mut all, start) = (Standings::new(3), clock::now());
        assert_eq!(all.plan(start), [0, 1, 2]);
        assert_eq!(all.fail(0, start), Change::Failed);
        assert_eq!(all.plan(start), [1, 2, 0]);
        all.fail(1, start);
        all.fail(2, start);
        assert_eq!(all.plan(start), [0, 1, 2], "all failed: all are asked");
        assert_eq!(all.work(0), Change::Works);
        assert_eq!(all.work(0), Change::None);
        assert_eq!(all.plan(start), [0, 1, 2]);
    }

    #[test]
    fn one_call_at_a_time_looks_whether_a_failed_one_works_again() {
        let (mut all, start) = (Standings::new(2), clock::now());
        all.fail(0, start);
        let due = after(start, 1);
        assert_eq!(all.plan(due), [0, 1]);
        assert_eq!(all.plan(due), [1, 0]);
        assert_eq!(all.fail(0, due), Change::None);
        assert_eq!(all.plan(after(due, 1)), [1, 0], "twice failed: two seconds");
        assert_eq!(all.plan(after(due, 2)), [0, 1]);
    }

    #[test]
    fn the_time_grows_to_a_minute_and_no_further() {
        let (mut all, mut now) = (Standings::new(2), clock::now());
        for seconds in [1, 2, 5, 10, 30, 60, 60, 60] {
            all.fail(0, now);
            all.fail(0, now);
            assert_eq!(all.plan(after(now, seconds - 1)), [1, 0], "{seconds}");
            now = after(now, seconds);
            assert_eq!(all.plan(now), [0, 1], "{seconds}");
        }
    }
}
