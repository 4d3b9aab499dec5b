//! The banks' times at their edges: closing windows to the second, ends of months, hours that summer
//! time leaves out or repeats, days of grace.
#![forbid(unsafe_code)]

use jiff::{civil::DateTime, tz::Disambiguation};
use warifu_core::{
    lifecycle::{Contract, UsageMode, authorize::grace_end},
    rules::{Rules, WindowRule, start_of_next_day},
    time::UnixTime,
};
use warifu_profiles::{Profile, find};

fn rules(name: &str) -> Rules {
    find(name).expect("a built-in name, and good").rules
}

/// A bank's profile with lines of its own.
fn changed(base: &str, lines: &str) -> Rules {
    let text = format!("base = {base:?}\ntitle_en = \"X\"\ntitle_ja = \"X\"\n{lines}");
    Profile::parse(&text, "x.toml").expect("it is good").rules
}

/// A moment by the bank's clock; of a repeated hour the first.
fn at(rules: &Rules, civil: &str) -> UnixTime {
    moment(rules, civil, Disambiguation::Compatible)
}

/// Of a repeated hour the second.
fn again(rules: &Rules, civil: &str) -> UnixTime {
    moment(rules, civil, Disambiguation::Later)
}

fn moment(rules: &Rules, civil: &str, which: Disambiguation) -> UnixTime {
    let civil: DateTime = civil.parse().expect("a date and a time");
    let zoned = rules.zone.to_ambiguous_zoned(civil).disambiguate(which).expect("in range");
    UnixTime(u64::try_from(zoned.timestamp().as_second()).expect("after 1970"))
}

/// Each revocation opens when it should.
fn opens(rules: &Rules, cases: &[(&str, &str)]) {
    for (revoked, expected) in cases {
        let opens = rules.revocation.reopens(at(rules, revoked), &rules.zone);
        assert_eq!(opens, at(rules, expected), "revoked at {revoked}");
    }
}

#[test]
fn a_short_window_at_night() {
    opens(
        &rules("bank-002"),
        &[
            ("2026-11-21T02:58:59", "2026-11-21T03:28:59"),
            ("2026-11-21T02:59:00", "2026-11-21T03:29:00"),
            ("2026-11-21T03:09:59", "2026-11-21T03:39:59"),
            ("2026-11-21T03:10:00", "2026-11-21T03:40:00"),
        ],
    );
}

#[test]
fn the_same_window_read_literally() {
    let rules = changed("bank-002", "revocation = { window_rule = \"window_end\" }");
    assert_eq!(rules.revocation.window_rule, WindowRule::WindowEnd);
    opens(
        &rules,
        &[
            ("2026-11-21T02:58:59", "2026-11-21T03:28:59"),
            ("2026-11-21T02:59:00", "2026-11-21T03:10:00"),
            ("2026-11-21T03:09:59", "2026-11-21T03:10:00"),
            ("2026-11-21T03:10:00", "2026-11-21T03:40:00"),
        ],
    );
}

#[test]
fn a_window_over_midnight() {
    opens(
        &rules("bank-004"),
        &[
            ("2026-11-21T20:49:59", "2026-11-21T21:19:59"),
            ("2026-11-21T20:50:00", "2026-11-22T08:10:00"),
            ("2026-11-21T23:59:59", "2026-11-22T08:10:00"),
            ("2026-11-22T00:00:00", "2026-11-22T08:10:00"),
            ("2026-11-22T07:40:00", "2026-11-22T08:10:00"),
            ("2026-11-22T07:40:01", "2026-11-22T08:10:01"),
            ("2026-11-22T08:09:59", "2026-11-22T08:39:59"),
            ("2026-11-22T08:10:00", "2026-11-22T08:40:00"),
        ],
    );
}

#[test]
fn a_window_over_the_end_of_a_month() {
    opens(
        &rules("bank-004"),
        &[
            ("2026-11-30T21:00:00", "2026-12-01T08:10:00"),
            ("2026-12-31T23:59:59", "2027-01-01T08:10:00"),
            ("2026-02-28T20:50:00", "2026-03-01T08:10:00"),
            ("2028-02-28T20:50:00", "2028-02-29T08:10:00"),
            ("2028-02-29T20:50:00", "2028-03-01T08:10:00"),
        ],
    );
}

const BERLIN: &str = "time_zone = \"Europe/Berlin\"\n";
const NEW_YORK: &str = "time_zone = \"America/New_York\"\n";

#[test]
fn a_night_that_is_an_hour_shorter_or_longer() {
    // 2026: Berlin on 29 March and 25 October, New York on 8 March and 1 November.
    for (zone, short, long) in [
        (
            BERLIN,
            ["2026-03-28T21:00:00", "2026-03-29T08:10:00"],
            ["2026-10-24T21:00:00", "2026-10-25T08:10:00"],
        ),
        (
            NEW_YORK,
            ["2026-03-07T21:00:00", "2026-03-08T08:10:00"],
            ["2026-10-31T21:00:00", "2026-11-01T08:10:00"],
        ),
    ] {
        let rules = changed("bank-004", zone);
        let minutes = |[from, to]: [&str; 2]| {
            opens(&rules, &[(from, to)]);
            (at(&rules, to).0 - at(&rules, from).0) / 60
        };
        assert_eq!((minutes(short), minutes(long)), (610, 730), "{zone}");
    }
}

#[test]
fn a_window_that_ends_in_the_hour_left_out() {
    let lines = "revocation = { windows = [{ from = \"01:30\", to = \"02:30\" }], window_rule = \
                 \"window_end\" }";
    for (zone, revoked, expected) in [
        (NEW_YORK, "2026-03-08T01:45:00", "2026-03-08T03:30:00"),
        (BERLIN, "2026-03-29T01:45:00", "2026-03-29T03:30:00"),
    ] {
        opens(&changed("bank-002", &format!("{zone}{lines}")), &[(revoked, expected)]);
    }
}

#[test]
fn a_window_in_the_hour_that_is_repeated() {
    for (zone, day, from, to, inside) in [
        (BERLIN, "2026-10-25", "02:10", "02:40", "02:15:00"),
        (NEW_YORK, "2026-11-01", "01:10", "01:40", "01:15:00"),
    ] {
        let lines = format!(
            "{zone}revocation = {{ windows = [{{ from = {from:?}, to = {to:?} }}], window_rule = \
             \"window_end\" }}"
        );
        let rules = changed("bank-002", &lines);
        let (revoked, end) = (format!("{day}T{inside}"), format!("{day}T{to}:00"));
        let reopens = |moment| rules.revocation.reopens(moment, &rules.zone);
        assert_eq!(reopens(at(&rules, &revoked)), at(&rules, &end), "{zone} first time");
        assert_eq!(reopens(again(&rules, &revoked)), again(&rules, &end), "{zone} second time");
    }
}

#[test]
fn minutes_are_minutes_also_when_the_clock_changes() {
    let rules = changed("bank-003", BERLIN);
    let revoked = at(&rules, "2026-03-29T01:45:00");
    assert_eq!(rules.revocation.reopens(revoked, &rules.zone), UnixTime(revoked.0 + 30 * 60));
    assert_eq!(rules.revocation.reopens(revoked, &rules.zone), at(&rules, "2026-03-29T03:15:00"));
}

/// First moment after the grace of a contract whose service starts then.
fn grace(rules: &Rules, start: &str) -> Option<UnixTime> {
    grace_end(rules, &Contract::new(at(rules, start), UsageMode::Shared))
}

#[test]
fn the_day_of_the_start_is_the_first_of_seven() {
    let rules = rules("bank-004");
    for (start, end) in [
        ("2026-11-21T00:00:00", "2026-11-28T00:00:00"),
        ("2026-11-21T15:30:00", "2026-11-28T00:00:00"),
        ("2026-11-21T23:59:59", "2026-11-28T00:00:00"),
        ("2026-11-22T00:00:00", "2026-11-29T00:00:00"),
        ("2026-02-25T09:00:00", "2026-03-04T00:00:00"),
        ("2028-02-25T09:00:00", "2028-03-03T00:00:00"),
        ("2026-12-28T09:00:00", "2027-01-04T00:00:00"),
    ] {
        assert_eq!(grace(&rules, start), Some(at(&rules, end)), "{start}");
    }
}

#[test]
fn one_day_of_grace_is_the_day_of_the_start() {
    let rules = changed("bank-004", "grace_days = 1");
    let end = at(&rules, "2026-11-22T00:00:00");
    assert_eq!(grace(&rules, "2026-11-21T23:59:59"), Some(end));
}

#[test]
fn other_banks_give_no_grace() {
    for name in ["default", "standalone", "bank-000", "bank-001", "bank-002", "bank-003"] {
        assert_eq!(grace(&rules(name), "2026-11-21T00:00:00"), None, "{name}");
    }
}

#[test]
fn days_of_grace_are_those_of_the_bank_s_zone() {
    for (zone, start, end, hours) in [
        (BERLIN, "2026-03-25T00:00:00", "2026-04-01T00:00:00", 167),
        (BERLIN, "2026-10-20T00:00:00", "2026-10-27T00:00:00", 169),
        (NEW_YORK, "2026-03-05T00:00:00", "2026-03-12T00:00:00", 167),
        (NEW_YORK, "2026-10-30T00:00:00", "2026-11-06T00:00:00", 169),
    ] {
        let rules = changed("bank-004", zone);
        assert_eq!(grace(&rules, start), Some(at(&rules, end)), "{zone} {start}");
        assert_eq!(at(&rules, end).0 - at(&rules, start).0, hours * 3_600, "{zone} {start}");
    }
}

#[test]
fn another_kind_from_the_next_day_on() {
    let rules = rules("bank-003");
    assert!(rules.kind_change.next_day);
    for (left, opens) in [
        ("2026-11-21T00:00:00", "2026-11-22T00:00:00"),
        ("2026-11-21T23:59:59", "2026-11-22T00:00:00"),
        ("2026-11-30T12:00:00", "2026-12-01T00:00:00"),
        ("2028-02-28T12:00:00", "2028-02-29T00:00:00"),
    ] {
        let next = start_of_next_day(at(&rules, left), &rules.zone);
        assert_eq!(next, Some(at(&rules, opens)), "{left}");
    }
}

#[test]
fn a_day_without_a_midnight_begins_with_its_first_moment() {
    // Beirut puts the clock forward at midnight.
    let rules = changed("bank-003", "time_zone = \"Asia/Beirut\"\n");
    let next = start_of_next_day(at(&rules, "2026-03-28T12:00:00"), &rules.zone);
    assert_eq!(next, Some(at(&rules, "2026-03-29T01:00:00")));
}
