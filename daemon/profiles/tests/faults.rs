//! What a profile is refused for: all of it at once, each fault with its file and line.
#![forbid(unsafe_code)]

use std::fs;

use warifu_profiles::{Fault, Profile, find};

/// A profile of one's own, the lines of which begin at 4.
fn faults(lines: &str) -> Vec<Fault> {
    let text = format!("base = \"default\"\ntitle_en = \"X\"\ntitle_ja = \"X\"\n{lines}\n");
    Profile::parse(&text, "x.toml").err().unwrap_or_default()
}

/// `key:line` of each fault.
fn places(lines: &str) -> Vec<String> {
    let place = |fault: &Fault| format!("{}@{}", fault.key, fault.origin());
    faults(lines).iter().map(place).collect()
}

#[test]
fn one_s_own_profile_needs_only_what_differs() {
    let profile = Profile::parse(
        "base = \"bank-004\"\ntitle_en = \"X\"\ntitle_ja = \"X\"\ngrace_days = 3\n",
        "/etc/warifu/x-bank.toml",
    );
    let profile = profile.unwrap();
    assert_eq!((profile.name.as_str(), profile.base.as_deref()), ("x-bank", Some("bank-004")));
    assert_eq!(profile.rules.grace_days, 3);
    assert!(profile.rules.revocation.reusable, "from bank-004");
    assert!(!profile.rules.deactivation.reusable, "from default, the base of bank-004");
}

#[test]
fn all_faults_are_told_at_once_with_their_lines() {
    let lines = "grace_days = 400\nskip = \"yes\"\nunknown = 1\n[verification]\nlock_after = 99\n\
                 [revocation]\nwindows = [\n  { from = \"25:00\", to = \"01:00\" },\n]\n\
                 cool_down_min = 10081\n[operations.payeasy]\nstages = [\"execution\", \"never\"]";
    assert_eq!(
        places(lines),
        [
            "grace_days@x.toml:4",
            "skip@x.toml:5",
            "unknown@x.toml:6",
            "verification.lock_after@x.toml:8",
            "revocation.windows[0].from@x.toml:11",
            "revocation.cool_down_min@x.toml:13",
            "operations.payeasy.stages@x.toml:15",
        ]
    );
}

#[test]
fn a_fault_says_what_is_allowed_and_gives_an_example() {
    let one = &faults("grace_days = 400")[0];
    assert_eq!(
        one.to_string(),
        "grace_days: is 400; 0 to 366 is allowed: calendar days\n  from: x.toml:4\n  example: \
         grace_days = 0"
    );
}

#[test]
fn without_a_base_every_key_must_be_there() {
    let text = "title_en = \"X\"\ntitle_ja = \"X\"\n[revocation]\ncool_down_min = 30\n";
    let faults = Profile::parse(text, "x.toml").unwrap_err();
    let has = |key: &str| faults.iter().any(|fault| fault.key == key);
    for key in ["time_zone", "unlock", "operations", "revocation.windows", "revocation.gate"] {
        assert!(has(key), "{key}: {faults:#?}");
    }
    assert!(!has("unlock.staff"), "of a missing table one fault is enough");
    assert!(faults.iter().any(|fault| fault.line == Some(3)), "the table that lacks the key");
}

#[test]
fn a_base_is_built_in() {
    let of = |text: &str| Profile::parse(text, "x.toml").unwrap_err()[0].clone();
    let unknown = of("title_en = \"X\"\nbase = \"./other.toml\"\n");
    assert_eq!((unknown.key.as_str(), unknown.line), ("base", Some(2)));
    let faults = Profile::parse("base = 7\n", "x.toml").unwrap_err();
    assert!(faults.iter().any(|fault| fault.key == "base"), "{faults:?}");
}

#[test]
fn a_text_that_is_no_toml_is_refused_with_its_lines() {
    let faults = Profile::parse("base = \"default\"\nskip = \n[[[\n", "x.toml").unwrap_err();
    assert!(faults.iter().all(|fault| fault.key.is_empty() && fault.line >= Some(2)), "{faults:?}");
    let twice = Profile::parse("base = \"default\"\nskip = true\nskip = false\n", "x.toml");
    assert_eq!(twice.unwrap_err()[0].line, Some(3));
}

#[test]
fn a_base_s_own_lines_are_named_where_they_contradict() {
    // The one line here is right; that a class of the base has grace is what it contradicts.
    let text = "base = \"bank-004\"\ntitle_en = \"X\"\ntitle_ja = \"X\"\nskip = false\n";
    let faults = Profile::parse(text, "x.toml").unwrap_err();
    assert_eq!(faults[0].origin(), "x.toml:4");
    let text = "base = \"bank-004\"\ntitle_en = \"X\"\ntitle_ja = \"X\"\n[operations.transfer_single]\
                \nfactor = \"transaction_signature\"\n";
    let faults = Profile::parse(text, "x.toml").unwrap_err();
    assert!(faults[0].origin().starts_with("built-in bank-004:"), "{}", faults[0]);
}

/// Lines, and the key that they are refused for.
const CONTRADICTIONS: [(&str, &str); 79] = [
    ("time_zone = \"Asia/Nowhere\"", "time_zone"),
    ("time_zone = \"\"", "time_zone"),
    ("grace_days = -1", "grace_days"),
    ("grace_days = 7\nskip = true", "grace_days"),
    ("operations = { payeasy = { grace = true } }", "grace_days"),
    ("grace_days = 7\noperations = { payeasy = { grace = true } }", "skip"),
    ("limit_without_token_yen = 0", "limit_without_token_yen"),
    ("limit_without_token_yen = \"200000\"", "limit_without_token_yen"),
    ("limit_without_token_yen = 200000", "limit_without_token_yen"),
    (
        "operations = { payeasy = { without_token = \"limited\" } }",
        "operations.payeasy.without_token",
    ),
    ("operations = { payeasy = { stages = [] } }", "operations.payeasy.stages"),
    ("operations = { payeasy = { stages = [\"entry\", \"entry\"] } }", "operations.payeasy.stages"),
    ("operations = { payeasy = { attributes = [] } }", "operations.payeasy.attributes"),
    ("operations = { payeasy = { attributes = [\"a\", \"a\"] } }", "operations.payeasy.attributes"),
    ("operations = { payeasy = { attributes = [\"A b\"] } }", "operations.payeasy.attributes"),
    ("operations = { loans = { factor = \"otp\" } }", "operations.loans"),
    (
        "operations = { unprotected = { factor = \"otp\", stages = [\"entry\"] } }",
        "operations.unprotected.factor",
    ),
    ("operations = { login = { factor = \"transaction_signature\" } }", "operations.login.factor"),
    ("operations = { login = { without_token = \"refused\" } }", "operations.login.without_token"),
    ("operations = { login = { stages = [\"approval\"] } }", "operations.login.stages"),
    ("serial = { min_digits = 13 }", "serial.min_digits"),
    ("serial = { max_digits = 41 }", "serial.max_digits"),
    ("serial = { groups = \"2-7-1\" }", "serial.groups"),
    ("serial = { groups = \"2,7,1\" }", "serial.groups"),
    ("serial = { letters = true, check_digit = \"mod_11_10\" }", "serial.check_digit"),
    ("issue = { kinds = [\"paper\"] }", "issue.kinds"),
    ("issue = { order = { own = true } }", "issue.kinds"),
    ("issue = { order = { staff = false }, kinds = [\"hard\"] }", "issue.kinds"),
    ("issue = { reissuable = [\"soft\"] }", "issue.reissuable"),
    ("issue = { order = { own = true, code = \"yes\" }, kinds = [\"hard\"] }", "issue.order.code"),
    ("registration = { window_steps = 51 }", "registration.window_steps"),
    ("registration = { gate = { code = \"yes\" } }", "registration.gate.code"),
    ("registration = { gate = { staff = false, own = false } }", "registration.gate"),
    ("usage = { allowed = [\"common\", \"shared\"] }", "usage.initial"),
    ("usage = { gate = { own = true } }", "usage.gate.own"),
    (
        "usage = { gate = { others = [{ actors = [\"master\"], subjects = [\"general\"], holding = \"other_live\" }] } }",
        "usage.gate.others",
    ),
    ("unlock = { own = true }", "unlock.own"),
    ("unlock = { staff = false, others = [] }", "unlock"),
    (
        "login = { locked_blocks = false }\nunlock = { others = [{ actors = [\"master\"], subjects = \
         [\"general\"], holding = \"any\" }] }",
        "unlock.others",
    ),
    (
        "unlock = { others = [{ actors = [], subjects = [\"general\"], holding = \"any\" }] }",
        "unlock.others[0].actors",
    ),
    ("revocation = { windows = [{ from = \"03:00\", to = \"03:00\" }] }", "revocation.windows"),
    (
        "revocation = { windows = [{ from = \"22:00\", to = \"04:00\" }, { from = \"03:59\", to = \"05:00\" }] }",
        "revocation.windows",
    ),
    ("kind_change = { allowed = [\"soft to soft\"] }", "kind_change.allowed"),
    ("grant = { enabled = true, classes = [\"login\"] }", "grant.classes"),
    ("grant = { enabled = true, classes = [] }", "grant.classes"),
    ("camera = { bank = \"144\" }", "camera.bank"),
    ("camera = { bank = \"01440\" }", "camera.bank"),
    ("camera = { bank = \"０１４４\" }", "camera.bank"),
    ("camera = { bank = 144 }", "camera.bank"),
    ("camera = { activation_s = 59 }", "camera.activation_s"),
    ("camera = { activation_s = 1801 }", "camera.activation_s"),
    ("camera = { activation_tries = 11 }", "camera.activation_tries"),
    ("camera = { confirmation_s = 149 }", "camera.confirmation_s"),
    ("camera = { confirmation_tries = 0 }", "camera.confirmation_tries"),
    ("camera = { wrong_limit = 2 }", "camera.wrong_limit"),
    ("camera = { wrong_limit = 101 }", "camera.wrong_limit"),
    ("camera = { wrong_limit = 5, confirmation_tries = 6 }", "camera.wrong_limit"),
    ("camera = { retire_otp = \"none\" }", "camera.retire_otp"),
    ("camera = { initialise = { staff = false } }", "camera.initialise"),
    ("camera = { initialise = { own = true } }", "camera.initialise.own"),
    ("camera = { activate = { code = \"yes\" } }", "camera.activate.code"),
    ("challenge = { lifetime_s = 901 }", "challenge.lifetime_s"),
    ("challenge = { tries = 6 }", "challenge.tries"),
    ("challenge = { open_at_most = 0 }", "challenge.open_at_most"),
    ("challenge = { items = 7 }", "challenge.items"),
    ("challenge = { keypad_steps = 3 }", "challenge.keypad_steps"),
    ("alarm = { window_s = 59 }", "alarm.window_s"),
    ("alarm = { least = 9 }", "alarm.least"),
    ("alarm = { percent = 0 }", "alarm.percent"),
    ("alarm = \"off\"", "alarm"),
    ("approval = { batches = \"yes\" }", "approval.batches"),
    ("approval = { unlock_above = 501 }", "approval.unlock_above"),
    ("approval = { unlock_above = \"never\" }", "approval.unlock_above"),
    ("approval = { lifetime_h = 0 }", "approval.lifetime_h"),
    ("approval = { lifetime_h = 721 }", "approval.lifetime_h"),
    ("approval = { most_tokens = 0 }", "approval.most_tokens"),
    ("approval = { most_tokens = 10000001 }", "approval.most_tokens"),
    ("approval = { exposure = \"daemon\" }", "approval.exposure"),
    ("approval = { quorum = 3 }", "approval.quorum"),
];

#[test]
fn contradictions_are_refused_for_the_key_that_shall_change() {
    for (lines, key) in CONTRADICTIONS {
        let faults = faults(lines);
        let keys: Vec<_> = faults.iter().map(|fault| fault.key.as_str()).collect();
        assert_eq!(keys, [key], "{lines}");
        assert!(!faults[0].rule.is_empty());
    }
}

/// The words of a key that stands for a table, and edges that are still good.
#[test]
fn what_is_good_at_the_edge() {
    for lines in [
        "alarm = \"none\"",
        "camera = { bank = \"0000\", activation_s = 60, confirmation_s = 150, wrong_limit = 5 }",
        "camera = { initialise = { staff = false }, auto_initialise = true }",
        "camera = { activate = { code = \"yes\" }, retire_otp = \"keep\" }",
        "camera = { activate = { staff = false, own = false } }",
        "challenge = { lifetime_s = 900, tries = 1, open_at_most = 1, items = 0, keypad_steps = 0 }",
        "alarm = { window_s = 3600, least = 100000, percent = 100 }",
        "approval = { unlock_above = 0, lifetime_h = 1, most_tokens = 1, exposure = \"inside\" }",
        "approval = { unlock_above = 500, lifetime_h = 720, most_tokens = 10000000 }",
        "approval = { unlock_above = \"none\", exposure = \"worker\" }",
    ] {
        assert_eq!(faults(lines), [], "{lines}");
    }
}

#[test]
fn windows_may_touch() {
    let lines = "revocation = { windows = [{ from = \"22:00\", to = \"04:00\" }, { from = \"04:00\", to \
                 = \"05:00\" }] }";
    assert_eq!(faults(lines), []);
}

#[test]
fn a_profile_is_found_by_name_or_by_path() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    let text = "base = \"bank-003\"\ntitle_en = \"Mine\"\ntitle_ja = \"自行\"\n";
    fs::write(&file, text).unwrap();
    assert_eq!(find("bank-003").unwrap().name, "bank-003");
    assert_eq!(find(file.to_str().unwrap()).unwrap().name, "mine");
    let mistyped = find("bank-03").unwrap_err();
    assert!(mistyped[0].rule.contains("bank-003"), "{}", mistyped[0]);
    let absent = find("/nowhere/x.toml").unwrap_err();
    assert!(absent[0].rule.starts_with("can not be read"), "{}", absent[0]);
}

/// Nothing has a value that no file sets: without any one of its lines the reference is not whole.
#[test]
fn every_line_of_the_reference_is_needed() {
    let whole = warifu_profiles::built_in("default").unwrap().text;
    let lines: Vec<&str> = whole.lines().collect();
    let is_text = |line: &str| line.is_empty() || line.starts_with('#');
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| !is_text(line)) {
        let rest: Vec<&str> = [&lines[..index], &lines[index + 1..]].concat();
        let read = Profile::parse(&rest.join("\n"), "x.toml");
        // A line of `others` is the one that may go: the list is shorter then.
        let optional = line.trim_start().starts_with("{ actors");
        assert_eq!(read.is_ok(), optional, "without line {}: {line}", index + 1);
    }
}
