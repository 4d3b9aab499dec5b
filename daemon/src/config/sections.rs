//! The smaller sections: `store`, `clock`, `log`, `identity`.

use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use tracing_subscriber::EnvFilter;
use warifu_core::{
    ident::{Institution, Name},
    rules::Rules,
};

use super::{
    Log, LogFormat, StoreSettings,
    check::Check,
    fault::Fault,
    files,
    raw::{RawClock, RawIdentity, RawLog, RawStore},
    tree::Tree,
};
#[cfg(feature = "test-clock")]
use crate::clock::Settable;
use crate::{
    clock::{ClockSettings, TEST_CLOCK, Wall},
    tls::{Caller, Role, Roles, Subjects},
};

pub(super) fn store(tree: &Tree, faults: &mut Vec<Fault>) -> Option<StoreSettings> {
    let raw: RawStore = tree.section("store", faults);
    let mut check = Check::new(tree, "store", faults);
    let example = r#"path = "/var/lib/warifu/store""#;
    let path = check.required("path", raw.path, "folder of the store", example);
    if let Some(parent) = path.as_ref().and_then(|path| path.parent())
        && !parent.as_os_str().is_empty()
        && let Err(rule) = files::folder(parent)
    {
        check.fault("path", rule, example);
    }
    let why = "MiB of memory for the store's cache";
    let cache_mb = check.number("cache_mb", raw.cache_mb, 128, 8..=65_536, why);
    let why = "MiB that stay free; below, changes are refused";
    let min_free_mb = check.number("min_free_mb", raw.min_free_mb, 64, 1..=1_048_576, why);
    Some(StoreSettings {
        path: path?,
        cache_bytes: cache_mb << 20,
        min_free_bytes: min_free_mb << 20,
    })
}

/// `test_clock` is the file of a settable clock, where one is asked for.
pub(super) fn clock(
    tree: &Tree,
    test_clock: Option<&Path>,
    faults: &mut Vec<Fault>,
) -> ClockSettings {
    let wall = test_clock.map_or(Wall::System, |file| {
        settable(file).unwrap_or_else(|rule| {
            faults.push(Fault {
                key: TEST_CLOCK.to_owned(),
                origin: "the environment".to_owned(),
                rule,
                example: format!("unset {TEST_CLOCK}"),
            });
            Wall::System
        })
    });
    let raw: RawClock = tree.section("clock", faults);
    let mut check = Check::new(tree, "clock", faults);
    let why = "small steps of time services are tolerated, larger ones stop time-based checks";
    let most: Duration = check.seconds("max_step_back_s", raw.max_step_back_s, 2, 0..=30, why);
    ClockSettings {
        require_synchronised: raw.require_synchronised.unwrap_or(false),
        max_step_back: most,
        wall,
    }
}

#[cfg(feature = "test-clock")]
fn settable(file: &Path) -> Result<Wall, String> {
    match Settable::open(file) {
        Ok(clock) => Ok(Wall::Settable(Arc::new(clock))),
        Err(error) => Err(format!("{}: {error}", file.display())),
    }
}

/// Whoever sets a clock that nobody reads would take the real one for it.
#[cfg(not(feature = "test-clock"))]
fn settable(_: &Path) -> Result<Wall, String> {
    Err("this build has no settable clock; only warifud-test-clock has one".to_owned())
}

pub(super) fn log(tree: &Tree, faults: &mut Vec<Fault>) -> Log {
    let raw: RawLog = tree.section("log", faults);
    let mut check = Check::new(tree, "log", faults);
    let level = raw.level.unwrap_or_else(|| "info".to_owned());
    if EnvFilter::builder().parse(&level).is_err() {
        check.fault("level", "is no log filter", r#"level = "info,warifud=debug""#);
    }
    let format = match raw.format.as_deref() {
        None | Some("json") => LogFormat::Json,
        Some("text") => LogFormat::Text,
        Some(_) => {
            check.fault("format", "is json or text", r#"format = "json""#);
            LogFormat::Json
        }
    };
    Log { level, format }
}

pub(super) fn subjects(
    tree: &Tree,
    institutions: &HashMap<Institution, Arc<Rules>>,
    faults: &mut Vec<Fault>,
) -> Subjects {
    let all: Vec<RawIdentity> = tree.sections("identity", faults);
    let mut check = Check::new(tree, "identity", faults);
    let mut subjects = Subjects::new();
    for raw in all {
        let Some(caller) = caller(&mut check, &raw, institutions) else { continue };
        if subjects.insert(raw.subject.clone(), caller).is_some() {
            check.fault("subject", format_args!("{} is there twice", raw.subject), "");
        }
    }
    subjects
}

fn caller(
    check: &mut Check<'_>,
    raw: &RawIdentity,
    institutions: &HashMap<Institution, Arc<Rules>>,
) -> Option<Caller> {
    let subject = &raw.subject;
    let institution =
        Institution::parse(&raw.institution).ok().filter(|one| institutions.contains_key(one));
    if institution.is_none() {
        let rule = format!("{subject}: there is no such institution in the configuration");
        check.fault("institution", rule, r#"institution = "bank-000""#);
    }
    let name = Name::parse(&raw.name).ok();
    if name.is_none() {
        let rule = format!("{subject}: 1 to 64 letters, digits, -, _, ., @");
        check.fault("name", rule, r#"name = "web-1""#);
    }
    let roles: Option<Roles> = raw.roles.0.iter().map(|word| Role::from_word(word)).collect();
    let roles = roles.filter(|roles| *roles != Roles::default());
    if roles.is_none() {
        let words = Role::ALL.map(Role::word).join(", ");
        let rule = format!("{subject}: one or more of {words}");
        check.fault("roles", rule, r#"roles = ["validator"]"#);
    }
    Some(Caller { institution: institution?, roles: roles?, name: name? })
}
