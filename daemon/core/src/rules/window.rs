//! Civil time: nightly closing windows, days, months, in the institution's zone.
//!
//! Not responsible for: reading a clock.

use jiff::{Timestamp, Zoned, civil::Time, tz::TimeZone};

use crate::time::UnixTime;

/// A part of the day: what falls into it opens at its end. May cross midnight: `from` 20:50, `to`
/// 08:10.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ClosingWindow {
    /// Begins, inclusive.
    pub from: Time,
    /// Ends, exclusive.
    pub to: Time,
}

/// Which of cool-down and closing window counts where both apply.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WindowRule {
    /// The later of the two: the safe side.
    Later,
    /// The end of the window, also where the cool-down would end after it.
    WindowEnd,
}

impl ClosingWindow {
    /// Where `at` falls into the window, the moment at which the window ends: always after `at`,
    /// also in the hour that the end of summer time repeats. An end in the hour that its beginning
    /// leaves out comes that much later.
    pub fn end_if_inside(&self, at: UnixTime, zone: &TimeZone) -> Option<UnixTime> {
        let local = zoned(at, zone)?;
        let time = local.time();
        let crosses_midnight = self.from > self.to;
        let (inside, next_day) = if crosses_midnight {
            (time >= self.from || time < self.to, time >= self.from)
        } else {
            (time >= self.from && time < self.to, false)
        };
        if !inside {
            return None;
        }
        let date = if next_day { local.date().tomorrow().ok()? } else { local.date() };
        let end = zone.to_ambiguous_zoned(date.to_datetime(self.to));
        let first = unix(&end.clone().compatible().ok()?)?;
        if first > at { Some(first) } else { unix(&end.later().ok()?) }
    }
}

/// The first moment of the calendar day after `at`.
pub fn start_of_next_day(at: UnixTime, zone: &TimeZone) -> Option<UnixTime> {
    let next = zoned(at, zone)?.date().tomorrow().ok()?;
    unix(&next.to_zoned(zone.clone()).ok()?)
}

/// The first moment of the calendar day `days` after that of `at`.
pub fn start_of_day(at: UnixTime, days: u16, zone: &TimeZone) -> Option<UnixTime> {
    let span = jiff::Span::new().days(i64::from(days));
    let date = zoned(at, zone)?.date().checked_add(span).ok()?;
    unix(&date.to_zoned(zone.clone()).ok()?)
}

/// To the minute, as the banks' lists show an expiry: `2021-09-30 08:00`.
pub fn local_minute(at: UnixTime, zone: &TimeZone) -> Option<String> {
    Some(zoned(at, zone)?.strftime("%Y-%m-%d %H:%M").to_string())
}

fn zoned(at: UnixTime, zone: &TimeZone) -> Option<Zoned> {
    let stamp = Timestamp::from_second(i64::try_from(at.0).ok()?).ok()?;
    Some(stamp.to_zoned(zone.clone()))
}

fn unix(zoned: &Zoned) -> Option<UnixTime> {
    u64::try_from(zoned.timestamp().as_second()).ok().map(UnixTime)
}

#[cfg(test)]
mod tests;
