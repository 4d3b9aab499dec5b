//! Profiles in words: every number is told, and each built-in profile reads as it was read last.
//!
//! `UPDATE_EXPLANATIONS=1 cargo test -p warifu-profiles --test explain` rewrites `tests/explained/`.
#![forbid(unsafe_code)]

use std::{fs, path::Path};

use warifu_profiles::{BUILT_IN, Language, Profile, find};

const LANGUAGES: [(&str, Language); 2] = [("en", Language::En), ("ja", Language::Ja)];

fn told(profile: &Profile, language: Language) -> String {
    let mut text = format!("{}\n", profile.title(language));
    for chapter in profile.explain(language) {
        text.extend(["\n", chapter.title, "\n"]);
        for sentence in &chapter.sentences {
            text.extend(["  ", sentence, "\n"]);
        }
    }
    text
}

#[test]
fn each_profile_is_told_as_committed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explained");
    for one in BUILT_IN {
        let profile = find(one.name).unwrap();
        for (word, language) in LANGUAGES {
            let path = folder.join(format!("{}.{word}.txt", one.name));
            let text = told(&profile, language);
            if std::env::var_os("UPDATE_EXPLANATIONS").is_some() {
                fs::create_dir_all(&folder).unwrap();
                fs::write(&path, &text).unwrap();
            }
            let committed = fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(text, committed, "{} differs", path.display());
        }
    }
}

/// A profile in which every number is another, and everything that can be told is on.
const NUMBERS: &str = r#"
base = "bank-004"
title_en = "Numbers"
title_ja = "数"
grace_days = 17
limit_without_token_yen = 1234567
[verification]
look_ahead = 31
window_steps = 8
look_back = 9
resync_counters = 113
resync_steps = 127
max_drift_steps = 131
lock_after = 19
[serial]
min_digits = 7
max_digits = 37
[registration]
window_steps = 41
look_ahead = 43
[revocation]
cool_down_min = 2777
windows = [{ from = "01:23", to = "02:34" }, { from = "22:45", to = "00:56" }]
[grant]
lifetime_s = 3491
uses = 467
[camera]
bank = "4987"
activation_s = 617
activation_tries = 6
confirmation_s = 1223
confirmation_tries = 4
wrong_limit = 83
[challenge]
lifetime_s = 811
tries = 3
open_at_most = 10
items = 5
keypad_steps = 2
[alarm]
window_s = 3001
least = 54321
percent = 71
[approval]
unlock_above = 59
lifetime_h = 719
most_tokens = 7654321
"#;

const TOLD: [&str; 37] = [
    "17",
    "1,234,567",
    "31",
    "8",
    "9",
    "113",
    "127",
    "131",
    "19",
    "7",
    "37",
    "41",
    "43",
    "2,777",
    "01:23",
    "02:34",
    "22:45",
    "00:56",
    "3,491",
    "467",
    "4987",
    "617",
    "6",
    "1,223",
    "4",
    "83",
    "811",
    "3",
    "10",
    "5",
    "2",
    "3,001",
    "54,321",
    "71",
    "59",
    "719",
    "7,654,321",
];

#[test]
fn every_number_is_told_in_both_languages() {
    let profile = Profile::parse(NUMBERS, "numbers.toml").unwrap();
    for (word, language) in LANGUAGES {
        let text = told(&profile, language);
        let numbers: Vec<&str> = text
            .split(|c: char| !c.is_ascii_digit() && c != ',' && c != ':')
            .map(|part| part.trim_matches([',', ':']))
            .collect();
        for number in TOLD {
            assert!(numbers.contains(&number), "{word}: {number} is missing in\n{text}");
        }
    }
}

/// Lines of which each changes what is told.
const SWITCHES: [&str; 49] = [
    "hide_which = false",
    "serial_verification = \"unassigned\"",
    "time_zone = \"Europe/Berlin\"",
    "verification = { count_reused = true }",
    "serial = { twice = true }",
    "serial = { check_digit = \"mod_11_10\" }",
    "serial = { letters = true }",
    "serial = { min_digits = 10, max_digits = 10, groups = \"2-7-1\" }",
    "issue = { kinds = [\"camera\"] }",
    "issue = { reissuable = [] }",
    "registration = { gate = { staff = false } }",
    "registration = { gate = { code = \"if_able\" } }",
    "usage = { initial = \"common\" }",
    "usage = { allowed = [\"shared\", \"common\"] }",
    "operations = { payeasy = { preregistered_exempt = true } }",
    "operations = { payeasy = { attributes = [\"address\"] } }",
    "operations = { payeasy = { without_token = \"limited\" } }",
    "operations = { payeasy = { grace = false } }",
    "operations = { payeasy = { stages = [\"entry\"] } }",
    "operations = { payeasy = { factor = \"transaction_signature\" } }",
    "login = { effective = \"next_login\" }",
    "login = { locked_blocks = false }",
    "revocation = { window_rule = \"window_end\" }",
    "revocation = { reusable = false }",
    "revocation = { blocks_login = false }",
    "deactivation = { reusable = true }",
    "deactivation = { gate = { own = true } }",
    "kind_change = { next_day = false }",
    "kind_change = { allowed = [] }",
    "grant = { enabled = false }",
    "alarm = \"none\"",
    "camera = { auto_initialise = true }",
    "camera = { approval_right = false }",
    "camera = { retire_otp = \"keep\" }",
    "camera = { retire_otp = \"perform\" }",
    "camera = { initialise = { password = true, others = [{ actors = [\"master\"], subjects = [\"general\"], holding = \"any\" }] } }",
    "camera = { activate = { staff = false } }",
    "challenge = { items = 0 }",
    "staff = { reason = false }",
    "staff = { reference = false }",
    "approval = { batches = false }",
    "approval = { keys = false }",
    "approval = { lost = false }",
    "approval = { initialise = false }",
    "approval = { batches = false, keys = false, lost = false, initialise = false }",
    "approval = { unlock_above = 0 }",
    "approval = { unlock_above = \"none\" }",
    "approval = { exposure = \"inside\" }",
    "approval = { exposure = \"worker\" }",
];

#[test]
fn every_rule_that_can_be_switched_is_told() {
    let plain = Profile::parse(NUMBERS, "numbers.toml").unwrap();
    // Open to orders, so that what can be ordered is told.
    let base = "base = \"bank-004\"\ntitle_en = \"Numbers\"\ntitle_ja = \"数\"\n\
                limit_without_token_yen = 1234567\n";
    let before = Profile::parse(base, "before.toml").unwrap();
    assert_ne!(told(&plain, Language::En), told(&before, Language::En));
    for switch in SWITCHES {
        let text = format!("{base}{switch}\n");
        let after = match Profile::parse(&text, "after.toml") {
            Ok(after) => after,
            Err(faults) => unreachable!("{switch}: {faults:?}"),
        };
        for (word, language) in LANGUAGES {
            assert_ne!(told(&after, language), told(&before, language), "{word}: {switch}");
        }
    }
}
