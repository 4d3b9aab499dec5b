//! `warifu policy`: profiles are listed, shown, checked and explained without a server.
#![forbid(unsafe_code)]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

fn policy(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_warifu"))
        .env_clear()
        .current_dir(folder)
        .arg("policy")
        .args(arguments)
        .output()
        .expect("warifu can be started")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("one JSON value")
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

const GOOD: &str =
    "base = \"bank-004\"\ntitle_en = \"Mine\"\ntitle_ja = \"自行\"\ngrace_days = 3\n";
const BAD: &str =
    "base = \"default\"\ntitle_en = \"X\"\ntitle_ja = \"X\"\ngrace_days = 999\nskipp = true\n";

#[test]
fn built_in_profiles_are_listed_and_shown() {
    let folder = TempDir::new().unwrap();
    let listed = policy(folder.path(), &["list"]);
    let shown = policy(folder.path(), &["show", "bank-002"]);
    assert_eq!((code(&listed), code(&shown)), (Some(0), Some(0)));
    assert!(text(&listed).contains("bank-004"), "{listed:?}");
    assert!(text(&shown).contains("limit_without_token_yen = 200000"), "{shown:?}");
    let listed = policy(folder.path(), &["list", "--json"]);
    assert_eq!(json(&listed)[0]["name"], "default");
    assert_eq!(code(&policy(folder.path(), &["show", "bank-009"])), Some(64));
}

/// What `show` prints is good as a profile of one's own.
#[test]
fn what_is_shown_can_be_copied() {
    let folder = TempDir::new().unwrap();
    for name in ["default", "bank-000", "bank-004"] {
        let shown = text(&policy(folder.path(), &["show", name]));
        fs::write(folder.path().join("copy.toml"), shown).unwrap();
        let checked = policy(folder.path(), &["check", "copy.toml"]);
        assert_eq!(code(&checked), Some(0), "{name}: {checked:?}");
    }
}

#[test]
fn all_faults_of_all_files_are_told() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("good.toml"), GOOD).unwrap();
    fs::write(folder.path().join("bad.toml"), BAD).unwrap();
    let checked = policy(folder.path(), &["check", "bad.toml", "good.toml"]);
    assert_eq!(code(&checked), Some(1));
    let told = text(&checked);
    for part in
        ["bad.toml: 2 faults", "grace_days", "bad.toml:4", "skipp", "bad.toml:5", "good.toml: good"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    let checked = policy(folder.path(), &["check", "bad.toml", "--json"]);
    assert_eq!(code(&checked), Some(1));
    let told = json(&checked);
    assert_eq!((&told["good"], &told["faults"][1]["line"]), (&false.into(), &5.into()));
    assert_eq!(code(&policy(folder.path(), &["check", "good.toml"])), Some(0));
    assert_eq!(code(&policy(folder.path(), &["check", "missing.toml"])), Some(64));
}

#[test]
fn a_profile_is_explained_in_both_languages() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("mine.toml"), GOOD).unwrap();
    let en = policy(folder.path(), &["explain", "mine.toml"]);
    assert!(text(&en).starts_with("Mine (mine)\n"), "{en:?}");
    assert!(text(&en).contains("There are 3 days of grace"), "{en:?}");
    let ja = policy(folder.path(), &["explain", "mine.toml", "--language", "ja"]);
    assert!(text(&ja).starts_with("自行 (mine)\n"), "{ja:?}");
    let value = json(&policy(folder.path(), &["explain", "bank-004", "--json"]));
    assert_eq!(value["base"], "default");
    assert_eq!(value["time_zone"], "Asia/Tokyo");
    assert_eq!(value["chapters"][0]["key"], "general");
}

#[test]
fn an_institution_s_profile_has_the_configuration_s_numbers() {
    let folder = TempDir::new().unwrap();
    let config = "[server]\nlisten = \"nowhere\"\n[verification]\nlook_ahead = 23\nlock_after = 7\n\
                  [[institution]]\nname = \"a\"\nprofile = \"bank-003\"\n[institution.verification]\n\
                  lock_after = 11\n[[institution]]\nname = \"b\"\n";
    fs::write(folder.path().join("warifud.toml"), config).unwrap();
    let of = |name| {
        policy(folder.path(), &["explain", "--institution", name, "--config", "warifud.toml"])
    };
    let told = text(&of("a"));
    assert!(told.starts_with("Bank 003"), "{told}");
    assert!(told.contains("11 wrong codes") && told.contains("23 counters"), "{told}");
    let told = text(&of("b"));
    assert!(
        told.starts_with("Safe defaults (default)") && told.contains("7 wrong codes"),
        "{told}"
    );
    assert_eq!(code(&of("c")), Some(64));
}

#[test]
fn an_institution_s_own_bank_code_is_told() {
    let folder = TempDir::new().unwrap();
    let config = "[[institution]]\nname = \"a\"\nprofile = \"bank-000\"\n[[institution]]\nname =                   \"b\"\nprofile = \"bank-000\"\nbank_code = \"0138\"\n[[institution]]\nname = \"c\"\n                  bank_code = \"138\"\n[[institution]]\nname = \"d\"\n";
    fs::write(folder.path().join("warifud.toml"), config).unwrap();
    let of = |name| {
        policy(folder.path(), &["explain", "--institution", name, "--config", "warifud.toml"])
    };
    assert!(text(&of("a")).contains("the bank's code 0144"));
    assert!(text(&of("b")).contains("the bank's code 0138"));
    let refused = of("c");
    assert_eq!(code(&refused), Some(78));
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(told.contains("bank_code") && told.contains("four digits"), "{told}");
    assert!(text(&of("d")).contains("No bank's code is set (0000)"));
}

/// What the default profile says of tokens that sign, and a profile of one's own that differs.
#[test]
fn tokens_that_sign_are_told_and_checked() {
    let folder = TempDir::new().unwrap();
    let own = "base = \"default\"\ntitle_en = \"X\"\ntitle_ja = \"X\"\nalarm = \"none\"\n[camera]\n               confirmation_s = 301\n[challenge]\nlifetime_s = 901\n";
    fs::write(folder.path().join("own.toml"), own).unwrap();
    let checked = policy(folder.path(), &["check", "own.toml"]);
    assert_eq!(code(&checked), Some(1));
    let told = text(&checked);
    for part in ["own.toml: 1 fault", "challenge.lifetime_s", "own.toml:8", "60 to 900"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    fs::write(folder.path().join("own.toml"), own.replace("901", "61")).unwrap();
    let value = json(&policy(folder.path(), &["explain", "own.toml", "--json"]));
    let chapter = |key: &str| {
        let chapters = value["chapters"].as_array().unwrap();
        chapters.iter().find(|one| one["key"] == key).unwrap()["sentences"].to_string()
    };
    assert!(chapter("camera").contains("301 seconds"), "{value:#}");
    assert!(chapter("challenge").contains("61 seconds"), "{value:#}");
    assert!(chapter("alarm").contains("there is no alarm"), "{value:#}");
}

#[test]
fn what_can_not_be_explained_says_why() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("bad.toml"), BAD).unwrap();
    let config = "[[institution]]\nname = \"a\"\nprofile = \"./bad.toml\"\n";
    fs::write(folder.path().join("warifud.toml"), config).unwrap();
    let explained = policy(folder.path(), &["explain", "bad.toml"]);
    assert_eq!(code(&explained), Some(1));
    assert!(String::from_utf8_lossy(&explained.stderr).contains("bad.toml:4"), "{explained:?}");
    let of = ["explain", "--institution", "a", "--config", "warifud.toml"];
    assert_eq!(code(&policy(folder.path(), &of)), Some(78));
    assert_eq!(code(&policy(folder.path(), &["explain"])), Some(64));
    assert_eq!(
        code(&policy(folder.path(), &["explain", "bank-004", "--institution", "a"])),
        Some(64)
    );
}
