//! Alarms at times that are given. Not responsible for: whole requests (`tests/alarm.rs`).

use super::*;

const START: u64 = 1_790_780_370_000;
const RULES: AlarmRules = AlarmRules { window_s: 60, least: 10, percent: 40 };

fn bank(name: &str) -> Institution {
    Institution::parse(name).unwrap()
}

struct Bench {
    alarms: Alarms,
    bank: Institution,
}

impl Bench {
    fn new() -> Self {
        Self { alarms: Alarms::default(), bank: bank("bank-000") }
    }

    fn codes(&self, at_ms: u64, right: u32, wrong: u32) {
        for n in 0..right + wrong {
            self.alarms.count(&self.bank, RULES, at_ms, n >= right);
        }
    }

    /// What is to be recorded, which is then done.
    fn told(&self) -> Vec<(&'static str, String)> {
        let all = self.alarms.unrecorded();
        for (institution, _) in &all {
            self.alarms.recorded(institution);
        }
        all.into_iter().map(|(_, change)| (change.outcome(), change.note())).collect()
    }

    fn look(&self, at_ms: u64) {
        self.alarms.look(at_ms, |_| Some(RULES));
    }

    fn figures(&self, at_ms: u64) -> (f64, f64) {
        let [alarm, ratio] = self.alarms.figures(at_ms, std::iter::once(&self.bank));
        (alarm.values[0].1, ratio.values[0].1)
    }
}

#[test]
fn it_is_raised_once_and_ends_once() {
    let bench = Bench::new();
    bench.codes(START, 5, 4);
    assert_eq!(bench.told(), [], "nine codes say nothing");
    bench.codes(START, 1, 0);
    assert_eq!(bench.told(), [("raised", "4 of 10 codes in 60 s".to_owned())]);
    bench.codes(START + 1_000, 0, 20);
    assert_eq!(bench.told(), [], "it is raised already");
    bench.codes(START + 2_000, 90, 0);
    assert_eq!(bench.told(), [], "20 % is the half of 40 %, not less");
    bench.codes(START + 3_000, 1, 0);
    assert_eq!(bench.told(), [("ended", "24 of 121 codes in 60 s".to_owned())]);
    bench.codes(START + 3_000, 10, 0);
    bench.look(START + 200_000);
    assert_eq!(bench.told(), []);
}

#[test]
fn it_ends_without_another_code_when_the_window_is_empty() {
    let bench = Bench::new();
    bench.codes(START, 0, 10);
    assert_eq!(bench.told().len(), 1);
    bench.look(START + 58_000);
    assert_eq!(bench.told(), []);
    bench.look(START + 60_000);
    assert_eq!(bench.told(), [("ended", "0 of 0 codes in 60 s".to_owned())]);
}

#[test]
fn what_could_not_be_recorded_waits_and_nothing_overtakes_it() {
    let bench = Bench::new();
    bench.codes(START, 0, 10);
    bench.codes(START, 1_000, 0);
    bench.look(START + 1_000);
    let waiting = bench.alarms.unrecorded();
    assert_eq!(waiting.len(), 1);
    assert!(waiting[0].1.raised);
    assert_eq!(bench.told().len(), 1);
    bench.look(START + 2_000);
    assert_eq!(bench.told(), [("ended", "10 of 1010 codes in 60 s".to_owned())]);
}

#[test]
fn institutions_do_not_touch_each_other() {
    let bench = Bench::new();
    let other = bank("bank-001");
    bench.codes(START, 0, 10);
    for _ in 0..100 {
        bench.alarms.count(&other, RULES, START, false);
    }
    let raised = bench.alarms.unrecorded();
    assert_eq!(raised.len(), 1);
    assert_eq!(raised[0].0, bench.bank);
    let [alarm, ratio] = bench.alarms.figures(START, [&bench.bank, &other].into_iter());
    let values = |one: &Observed| one.values.iter().map(|(_, v)| *v).collect::<Vec<_>>();
    assert_eq!((values(&alarm), values(&ratio)), (vec![1.0, 0.0], vec![1.0, 0.0]));
}

#[test]
fn figures_follow_the_clock_also_without_codes() {
    let bench = Bench::new();
    assert_eq!(bench.figures(START), (0.0, 0.0));
    bench.codes(START, 15, 5);
    assert_eq!(bench.figures(START), (0.0, 0.25));
    assert_eq!(bench.figures(START + 61_000), (0.0, 0.0));
}

#[test]
fn other_rules_after_a_reload_count_at_once() {
    let bench = Bench::new();
    bench.codes(START, 7, 3);
    bench.alarms.look(START, |_| Some(AlarmRules { percent: 30, ..RULES }));
    assert_eq!(bench.told(), [("raised", "3 of 10 codes in 60 s".to_owned())]);
    bench.alarms.look(START, |_| Some(AlarmRules { window_s: 120, ..RULES }));
    assert_eq!(bench.told(), [("ended", "0 of 0 codes in 120 s".to_owned())], "counted anew");
}

#[test]
fn an_alarm_that_the_policy_wants_no_more_ends_and_is_forgotten() {
    let bench = Bench::new();
    bench.codes(START, 0, 10);
    assert_eq!(bench.told().len(), 1);
    bench.alarms.look(START, |_| None);
    assert_eq!(bench.told(), [("ended", "0 of 0 codes in 60 s".to_owned())]);
    bench.alarms.look(START, |_| None);
    assert!(bench.alarms.lock().is_empty());
}

#[test]
fn only_codes_that_were_compared_count() {
    for (outcome, wrong) in [
        ("accepted", Some(false)),
        ("done", Some(false)),
        ("wrong", Some(true)),
        ("bad_code", Some(true)),
        ("reused", None),
        ("length", None),
        ("typo", None),
        ("wrong_kind_of_code", None),
        ("locked", None),
        ("expired", None),
        ("confirmation_wrong", None),
        ("not_in_service", None),
        ("unknown", None),
    ] {
        assert_eq!(is_wrong(outcome), wrong, "{outcome}");
    }
}
