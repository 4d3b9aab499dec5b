//! Tests of the configuration: what a file and variables become, and what is said of wrong ones.

use std::{collections::HashMap, fs, path::Path, time::Duration};

use super::*;

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pkcs11.toml");
    fs::write(&file, text).unwrap();
    let around = around(variables);
    Config::load_in(Some(&format!("config={}", file.display())), &around).map_err(|fault| fault.0)
}

fn around(variables: &[(&str, &str)]) -> Surroundings {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Surroundings {
        is_privileged: false,
        environment: variables.iter().map(own).collect::<HashMap<_, _>>(),
        system_file: "/nonexistent".into(),
    }
}

const ONE: &str = r#"
    servers = ["https://a:8443", "https://b:8443"]
    ca = "ca.pem"
    certificate = "client.pem"
    key = "/keys/client.key"
"#;

#[test]
fn the_top_alone_is_one_slot_with_the_usual_limits() {
    let config = load(ONE, &[]).unwrap();
    let [slot] = &config.slots[..] else { panic!("{config:?}") };
    assert_eq!((slot.id, slot.label.as_str()), (0, "Warifu"));
    assert_eq!(slot.servers, ["https://a:8443", "https://b:8443"]);
    assert_eq!(slot.ca, config.file.as_deref().and_then(Path::parent).unwrap().join("ca.pem"));
    assert_eq!(slot.key, Path::new("/keys/client.key"));
    assert_eq!(slot.deadline, Duration::from_secs(10));
    assert_eq!(slot.connect_timeout, Duration::from_secs(2));
    assert_eq!(slot.import_deadline, Duration::from_secs(60));
    assert_eq!((config.sessions, config.objects), (4_096, 100_000));
    assert_eq!((config.log.file, config.log.level), (None, Level::Warn));
}

#[test]
fn slots_have_the_tops_values_where_they_have_none() {
    let text = format!(
        r#"{ONE}
        deadline_ms = 700
        sessions = 8
        [log]
        file = "pkcs11.log"
        level = "debug"
        [[slot]]
        id = 7
        label = "Branch"
        key = "branch.key"
        [[slot]]
        label = "Centre"
        deadline_ms = 5000
        "#
    );
    let config = load(&text, &[]).unwrap();
    let [first, second] = &config.slots[..] else { panic!("{config:?}") };
    assert_eq!((first.id, first.label.as_str(), first.deadline.as_millis()), (1, "Centre", 5_000));
    assert_eq!((second.id, second.label.as_str(), second.deadline.as_millis()), (7, "Branch", 700));
    assert_eq!(second.connect_timeout, second.deadline);
    assert!(second.key.ends_with("branch.key") && second.key.is_absolute());
    assert_eq!(config.sessions, 8);
    assert!(config.log.file.unwrap().is_absolute());
    assert_eq!(config.log.level, Level::Debug);
}

#[test]
fn variables_are_laid_over_the_file_or_stand_alone() {
    let variables = [
        ("WARIFU_PKCS11__SERVERS", "https://c, https://d:1"),
        ("WARIFU_PKCS11__DEADLINE_MS", "900"),
        ("WARIFU_PKCS11__LOG__LEVEL", "info"),
        ("WARIFU_PKCS11__LABEL", ""),
    ];
    let config = load(ONE, &variables).unwrap();
    assert_eq!(config.slots[0].servers, ["https://c", "https://d:1"]);
    assert_eq!(config.slots[0].deadline.as_millis(), 900);
    assert_eq!(config.log.level, Level::Info);

    let alone = [
        ("WARIFU_PKCS11__SERVERS", "https://c"),
        ("WARIFU_PKCS11__CA", "/ca"),
        ("WARIFU_PKCS11__CERTIFICATE", "/certificate"),
        ("WARIFU_PKCS11__KEY", "/key"),
        ("WARIFU_PKCS11__LABEL", "Mine"),
    ];
    let config = Config::load_in(None, &around(&alone)).unwrap();
    assert_eq!((config.slots.len(), config.slots[0].label.as_str()), (1, "Mine"));
}

#[test]
fn nothing_configured_is_no_slot_and_no_fault() {
    let config = Config::load_in(None, &around(&[])).unwrap();
    assert!(config.slots.is_empty() && config.file.is_none());
    assert!(load("[log]\nlevel = \"info\"", &[]).unwrap().slots.is_empty());
}

#[test]
fn all_faults_are_told_at_once_with_key_rule_origin_and_example() {
    let text = r#"
        severs = ["https://a"]
        sessions = "many"
        [log]
        colour = true
        level = "loud"
        [[slot]]
        servers = ["http://a"]
        ca = 5
        certificate = "c"
        key = "k"
        label = "ends with a blank "
        [[slot]]
        id = 0
        servers = []
        deadline_ms = 1
    "#;
    let faults = load(text, &[("WARIFU_PKCS11__OBJECTS", "-1")]).unwrap_err();
    let all = faults.join("\n");
    for wanted in [
        "severs: there is no such key; there are ca,",
        "sessions: is a whole number from 1 to 1000000 (from: /",
        "objects: is a whole number",
        "(from: WARIFU_PKCS11__OBJECTS in the environment; example: objects = 100000)",
        "log.colour: there is no such key; there are file, level",
        "log.level: is warn, info or debug",
        r#"slot[0].servers: has "http://a", which is not https://host:port"#,
        "slot[0].ca: is a text",
        "slot[0].label: has 1 to 32 bytes",
        "slot[1].id: is 0, which is another slot's number already",
        "slot[1].servers: is a list of daemons",
        "slot[1].deadline_ms: is a whole number from 100",
        "slot[1].ca: must be set: a PEM file (from: not set in /",
        "slot[1].certificate: must be set",
        "slot[1].key: must be set",
    ] {
        assert!(all.contains(wanted), "{wanted}\nis not in\n{all}");
    }
    assert_eq!(faults.len(), 14, "{all}");
}

#[test]
fn a_variable_can_not_reach_into_a_slot_and_its_paths_are_absolute() {
    let text = format!("{ONE}[[slot]]\nlabel = \"x\"");
    let faults = load(&text, &[("WARIFU_PKCS11__SLOT__0__CA", "/x")]).unwrap_err();
    assert!(faults[0].starts_with("slot: is a list of tables"), "{faults:?}");
    let faults = load(ONE, &[("WARIFU_PKCS11__CA", "ca.pem")]).unwrap_err();
    assert!(faults[0].starts_with("ca: is an absolute path"), "{faults:?}");
}

#[test]
fn a_file_that_can_not_be_used_is_one_fault() {
    assert!(load("servers = [", &[]).unwrap_err()[0].contains("pkcs11.toml: the file can not"));
    let missing = Config::load_in(Some("config=/nonexistent/x.toml"), &around(&[])).unwrap_err();
    assert!(missing.to_string().starts_with("/nonexistent/x.toml: can not be read"), "{missing}");
    let folder = Config::load_in(Some("config=/tmp"), &around(&[])).unwrap_err();
    assert!(folder.to_string().contains("is not a regular file"), "{folder}");
}
