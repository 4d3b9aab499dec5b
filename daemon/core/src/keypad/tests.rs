//! Candidates and repeats of keypad answers. Not responsible for: OCRA itself.

use super::*;

const REACH: Reach = Reach { steps: 1, look_ahead: 3 };

fn suite(text: &str) -> Suite {
    Suite::parse(text).unwrap()
}

#[test]
fn suites_of_one_key_have_one_hash() {
    let (a, b) = ("OCRA-1:HOTP-SHA256-8:QN08", "OCRA-1:HOTP-SHA256-8:QN18-T1M");
    assert!(Keypad::new(vec![suite(a), suite(b)]).is_some());
    assert!(Keypad::new(vec![suite(a), suite("OCRA-1:HOTP-SHA1-6:QN08")]).is_none());
    assert!(Keypad::new(Vec::new()).is_none());
}

#[test]
fn a_challenge_has_one_candidate() {
    let login = suite("OCRA-1:HOTP-SHA256-8:QN08");
    let keypad = Keypad::new(vec![login.clone()]).unwrap();
    let found = keypad.candidates(&login, "12345678", REACH, UnixTime(0)).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].factor, Factor { counter: None, step: None, used: false });
}

#[test]
fn the_same_question_is_answered_once_per_step() {
    let timed = suite("OCRA-1:HOTP-SHA256-8:QN18-T1M");
    let mut keypad = Keypad::new(vec![timed.clone()]).unwrap();
    let (question, now) = ("100000170000001000", UnixTime(29_400_000 * 60));
    let found = keypad.candidates(&timed, question, REACH, now).unwrap();
    let steps: Vec<_> = found.iter().map(|one| one.factor.step).collect();
    assert_eq!(steps, [Some(29_400_000), Some(29_399_999), Some(29_400_001)]);
    keypad.accept(&timed, question, found[0].factor, REACH);
    let again = keypad.candidates(&timed, question, REACH, now).unwrap();
    assert!(again[0].factor.used);
    assert!(!again[1].factor.used);
    let other = keypad.candidates(&timed, "100000170000001001", REACH, now).unwrap();
    assert!(other.iter().all(|one| !one.factor.used));
}

#[test]
fn a_question_in_other_words_is_the_same_question() {
    for (text, question, likewise, other) in [
        ("OCRA-1:HOTP-SHA1-8:QN08-T1M", "1", "00000016", "00000017"),
        ("OCRA-1:HOTP-SHA1-8:QH40-T1M", "00ff", "00FF0000", "00FE"),
    ] {
        let timed = suite(text);
        let mut keypad = Keypad::new(vec![timed.clone()]).unwrap();
        let now = UnixTime(29_400_000 * 60);
        let first = keypad.candidates(&timed, question, REACH, now).unwrap().remove(0);
        keypad.accept(&timed, question, first.factor, REACH);
        let again = keypad.candidates(&timed, likewise, REACH, now).unwrap().remove(0);
        assert_eq!(again.input, first.input, "one code for both");
        assert!(again.factor.used, "{text}");
        assert!(!keypad.candidates(&timed, other, REACH, now).unwrap()[0].factor.used, "{text}");
    }
}

#[test]
fn a_busy_hour_makes_no_answer_good_again() {
    let hourly = suite("OCRA-1:HOTP-SHA1-8:QA08-T1H");
    let mut keypad = Keypad::new(vec![hourly.clone()]).unwrap();
    let now = UnixTime(3_600 * 500_000);
    for question in (0..40).map(|number| format!("Q{number}")) {
        let first = keypad.candidates(&hourly, &question, REACH, now).unwrap().remove(0);
        keypad.accept(&hourly, &question, first.factor, REACH);
    }
    assert!(keypad.candidates(&hourly, "Q0", REACH, now).unwrap()[0].factor.used);
}

#[test]
fn a_restore_refuses_what_a_fast_clock_showed_before() {
    let (timed, reach) = (suite("OCRA-1:HOTP-SHA256-8:QN08-T1M"), Reach { steps: 2, ..REACH });
    let mut keypad = Keypad::new(vec![timed.clone()]).unwrap();
    keypad.refuse_until(UnixTime(600));
    let found = keypad.candidates(&timed, "10000017", reach, UnixTime(600)).unwrap();
    assert!(found.iter().all(|one| one.factor.used));
}

#[test]
fn counters_only_rise() {
    let counted = suite("OCRA-1:HOTP-SHA1-6:C-QN08");
    let mut keypad = Keypad::new(vec![counted.clone()]).unwrap();
    let found = keypad.candidates(&counted, "12345678", REACH, UnixTime(0)).unwrap();
    assert_eq!(found.len(), 4);
    keypad.accept(&counted, "12345678", found[2].factor, REACH);
    assert_eq!(keypad.counter, 3);
}

#[test]
fn a_restore_refuses_what_may_have_been_answered() {
    let timed = suite("OCRA-1:HOTP-SHA256-8:QN18-T1M");
    let mut keypad = Keypad::new(vec![timed.clone()]).unwrap();
    keypad.refuse_until(UnixTime(600));
    let at = |now| keypad.candidates(&timed, "100000170000001000", REACH, UnixTime(now)).unwrap();
    assert!(at(600).iter().all(|one| one.factor.used));
    assert!(at(900).iter().all(|one| !one.factor.used));
}
