//! Closing windows, days and minutes where clocks are changed, too.

use jiff::{civil::time, tz::TimeZone};

use super::*;
use crate::lifecycle::fixture::{after, at, tokyo};

const NEW_YORK: &str = "EST5EDT,M3.2.0,M11.1.0";
/// Havana changes its clocks at midnight.
const HAVANA: &str = "CST5CDT,M3.2.0/0,M11.1.0/1";

fn window(from: (i8, i8), to: (i8, i8)) -> ClosingWindow {
    ClosingWindow { from: time(from.0, from.1, 0, 0), to: time(to.0, to.1, 0, 0) }
}

fn zone(posix: &str) -> TimeZone {
    TimeZone::posix(posix).unwrap()
}

#[test]
fn a_window_holds_its_first_second_and_not_its_last() {
    let early = window((2, 59), (3, 10));
    let night = window((20, 50), (8, 10));
    let to_midnight = window((23, 0), (0, 0));
    let table = [
        (early, "2026-04-01T02:58:59", None),
        (early, "2026-04-01T02:59:00", Some("2026-04-01T03:10:00")),
        (early, "2026-04-01T03:09:59", Some("2026-04-01T03:10:00")),
        (early, "2026-04-01T03:10:00", None),
        (night, "2026-04-01T20:49:59", None),
        (night, "2026-04-01T20:50:00", Some("2026-04-02T08:10:00")),
        (night, "2026-04-01T23:59:59", Some("2026-04-02T08:10:00")),
        (night, "2026-04-02T00:00:00", Some("2026-04-02T08:10:00")),
        (night, "2026-04-02T08:09:59", Some("2026-04-02T08:10:00")),
        (night, "2026-04-02T08:10:00", None),
        (night, "2026-12-31T23:00:00", Some("2027-01-01T08:10:00")),
        (night, "2028-02-28T23:00:00", Some("2028-02-29T08:10:00")),
        (night, "2026-04-30T21:00:00", Some("2026-05-01T08:10:00")),
        (to_midnight, "2026-04-30T23:59:59", Some("2026-05-01T00:00:00")),
        (to_midnight, "2026-05-01T00:00:00", None),
        (window((3, 0), (3, 0)), "2026-04-01T03:00:00", None),
    ];
    for (window, moment, end) in table {
        let found = window.end_if_inside(tokyo(moment), &zone("JST-9"));
        assert_eq!(found, end.map(tokyo), "{moment}");
    }
}

#[test]
fn the_hour_that_comes_twice_ends_both_times() {
    let window = window((1, 0), (1, 30));
    let first = at("2026-11-01T01:10:00", NEW_YORK);
    let second = after(first, 3_600);
    let end = at("2026-11-01T01:30:00", NEW_YORK);
    assert_eq!(window.end_if_inside(first, &zone(NEW_YORK)), Some(end));
    assert_eq!(window.end_if_inside(second, &zone(NEW_YORK)), Some(after(end, 3_600)));
    assert_eq!(window.end_if_inside(after(end, 60), &zone(NEW_YORK)), None);
}

#[test]
fn an_end_that_the_clocks_leave_out_comes_later() {
    let window = window((1, 30), (2, 30));
    let inside = at("2026-03-08T01:45:00", NEW_YORK);
    let end = at("2026-03-08T03:30:00", NEW_YORK);
    assert_eq!(window.end_if_inside(inside, &zone(NEW_YORK)), Some(end));
}

#[test]
fn a_night_window_is_as_long_as_the_night_is() {
    let window = window((20, 50), (8, 10));
    for (evening, hours) in [("2026-03-07T22:10:00", 9), ("2026-10-31T22:10:00", 11)] {
        let begin = at(evening, NEW_YORK);
        let end = window.end_if_inside(begin, &zone(NEW_YORK));
        assert_eq!(end, Some(after(begin, hours * 3_600)), "{evening}");
    }
}

#[test]
fn the_next_day_begins_at_midnight_of_the_zone() {
    let table = [
        ("2026-04-01T00:00:00", "2026-04-02T00:00:00"),
        ("2026-04-01T23:59:59", "2026-04-02T00:00:00"),
        ("2026-04-30T12:00:00", "2026-05-01T00:00:00"),
        ("2026-12-31T23:59:59", "2027-01-01T00:00:00"),
        ("2028-02-28T09:00:00", "2028-02-29T00:00:00"),
    ];
    for (moment, next) in table {
        let found = start_of_next_day(tokyo(moment), &zone("JST-9"));
        assert_eq!(found, Some(tokyo(next)), "{moment}");
    }
    // No midnight on that day: it begins at 01:00.
    let eve = at("2026-03-07T12:00:00", HAVANA);
    let next = start_of_next_day(eve, &zone(HAVANA));
    assert_eq!(next, Some(at("2026-03-08T01:00:00", HAVANA)));
    assert_eq!(next, Some(after(eve, 12 * 3_600)));
}

#[test]
fn days_are_counted_by_the_calendar() {
    let table = [
        ("2026-04-01T10:00:00", 7, "2026-04-08T00:00:00"),
        ("2026-01-31T23:59:59", 1, "2026-02-01T00:00:00"),
        ("2026-12-28T00:00:00", 7, "2027-01-04T00:00:00"),
    ];
    for (moment, days, begins) in table {
        let found = start_of_day(tokyo(moment), days, &zone("JST-9"));
        assert_eq!(found, Some(tokyo(begins)), "{moment}");
    }
    // A week with a change of the clocks has 167 or 169 hours.
    for (moment, hours) in [("2026-03-05T00:00:00", 167), ("2026-10-29T00:00:00", 169)] {
        let begin = at(moment, NEW_YORK);
        let found = start_of_day(begin, 7, &zone(NEW_YORK));
        assert_eq!(found, Some(after(begin, hours * 3_600)), "{moment}");
    }
}

#[test]
fn no_calendar_reaches_the_end_of_the_numbers() {
    assert_eq!(start_of_next_day(UnixTime(u64::MAX), &zone("JST-9")), None);
    assert_eq!(start_of_day(UnixTime(u64::MAX), 1, &zone("JST-9")), None);
    assert_eq!(window((0, 0), (1, 0)).end_if_inside(UnixTime(u64::MAX), &zone("JST-9")), None);
}
