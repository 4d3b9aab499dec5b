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
