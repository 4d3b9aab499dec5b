//! Checks every value: each rule that is broken becomes a fault, and the checking goes on.
//!
//! Not responsible for files being there: a slot whose key is away can be there before its key is.

use std::{
    collections::HashSet,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use ::config::ValueKind;

use super::{
    Address, Config, Level, LogConfig, SlotConfig,
    tree::{Table, Tree, fault},
};

const DEFAULT_LABEL: &str = "Warifu";
const MOST_SESSIONS: u64 = 4_096;
const MOST_OBJECTS: u64 = 100_000;

/// Keys of a slot, which at the top are every slot's defaults.
const SLOT: [&str; 8] = [
    "ca",
    "certificate",
    "connect_timeout_ms",
    "deadline_ms",
    "import_deadline_ms",
    "key",
    "label",
    "servers",
];
/// Any of these at the top makes a slot where no `[[slot]]` does.
const MAKE_A_SLOT: [&str; 4] = ["ca", "certificate", "key", "servers"];

pub(super) fn checked(tree: &Tree, file: Option<PathBuf>) -> Result<Config, Vec<String>> {
    let mut faults = Vec::new();
    let top = tree.top();
    let own = ["log", "objects", "sessions", "slot"];
    top.refuse_unknown(&[&SLOT[..], &own].concat(), &mut faults);
    let mut check = Check { file: file.as_deref(), faults: &mut faults };
    let sessions = check.number(&top, "sessions", MOST_SESSIONS, 1..=1_000_000);
    let objects = check.number(&top, "objects", MOST_OBJECTS, 16..=100_000_000);
    let log = check.log(tree);
    let slots = check.slots(tree);
    if !faults.is_empty() {
        return Err(faults);
    }
    let size = |number| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(Config { file, slots, sessions: size(sessions), objects: size(objects), log })
}

struct Check<'a> {
    file: Option<&'a Path>,
    faults: &'a mut Vec<String>,
}

impl Check<'_> {
    fn log(&mut self, tree: &Tree) -> LogConfig {
        let Some(table) = tree.table("log", self.faults) else { return LogConfig::default() };
        table.refuse_unknown(&["file", "level"], self.faults);
        let file = self.path(&table, "file", "/var/log/warifu/pkcs11.log");
        let level = match self.text(&table, "level", "info").as_deref() {
            None | Some("warn") => Level::Warn,
            Some("info") => Level::Info,
            Some("debug") => Level::Debug,
            Some(_) => {
                self.broken(&table, "level", "is warn, info or debug", r#"level = "info""#);
                Level::Warn
            }
        };
        LogConfig { file, level }
    }

    fn slots(&mut self, tree: &Tree) -> Vec<SlotConfig> {
        let tables = if tree.root.contains_key("slot") {
            let tables = tree.tables("slot", self.faults);
            let known = [&SLOT[..], &["id"]].concat();
            for table in &tables {
                table.refuse_unknown(&known, self.faults);
            }
            tables
        } else if MAKE_A_SLOT.iter().any(|key| tree.root.contains_key(*key)) {
            vec![tree.top()]
        } else {
            return Vec::new();
        };
        let (mut ids, mut labels) = (HashSet::new(), HashSet::new());
        let mut slots = Vec::new();
        for (position, table) in (0..).zip(&tables) {
            let id = self.number(table, "id", position, 0..=u64::from(u32::MAX));
            if !ids.insert(id) {
                let rule = format!("is {id}, which is another slot's number already");
                self.broken(table, "id", &rule, "id = 7");
            }
            let label = self.label(table);
            if !labels.insert(label.clone()) {
                let rule = format!("is {label:?}, which is another slot's label already");
                self.broken(table, "label", &rule, r#"label = "Branch offices""#);
            }
            slots.extend(self.slot(table, id, label));
        }
        slots.sort_by_key(|slot| slot.id);
        slots
    }

    /// All of its keys are looked at, also when one is missing.
    fn slot(&mut self, table: &Table<'_>, id: u64, label: String) -> Option<SlotConfig> {
        let servers = self.servers(table);
        let ca = self.required(table, "ca", "ca.pem");
        let certificate = self.required(table, "certificate", "client.pem");
        let key = self.required(table, "key", "client.key");
        let deadline = self.millis(table, "deadline_ms", 10_000, 100..=600_000);
        let connect_timeout = self.millis(table, "connect_timeout_ms", 2_000, 10..=60_000);
        let import_deadline = self.millis(table, "import_deadline_ms", 60_000, 1_000..=3_600_000);
        Some(SlotConfig {
            id,
            label,
            servers,
            ca: ca?,
            certificate: certificate?,
            key: key?,
            deadline,
            connect_timeout: connect_timeout.min(deadline),
            import_deadline,
        })
    }

    fn servers(&mut self, table: &Table<'_>) -> Vec<String> {
        const EXAMPLE: &str = r#"servers = ["https://otp.example:8443"]"#;
        const RULE: &str = "is a list of daemons, at least one, each https://host:port";
        let Some(found) = table.find("servers") else {
            self.broken(table, "servers", RULE, EXAMPLE);
            return Vec::new();
        };
        let servers = match &found.value.kind {
            ValueKind::String(text) => {
                Some(text.split(',').map(str::trim).map(str::to_owned).collect())
            }
            ValueKind::Array(items) => items.iter().map(text_of).collect::<Option<Vec<_>>>(),
            _ => None,
        };
        let servers = servers.unwrap_or_default();
        if servers.is_empty() {
            self.faults.push(found.fault(RULE, EXAMPLE));
        }
        for wrong in servers.iter().filter(|server| Address::parse(server).is_none()) {
            let rule = format!("has {wrong:?}, which is not https://host:port");
            self.faults.push(found.fault(rule, EXAMPLE));
        }
        servers
    }

    /// A token's label is filled up with blanks (PKCS#11 v3.1 s.3.2), so those at its end would be lost.
    fn label(&mut self, table: &Table<'_>) -> String {
        let label = self.text(table, "label", DEFAULT_LABEL);
        let label = label.unwrap_or_else(|| DEFAULT_LABEL.to_owned());
        let fits = (1..=32).contains(&label.len());
        if !fits || label.chars().any(char::is_control) || label.trim_end() != label {
            let rule = "has 1 to 32 bytes, no control characters, no blank at its end";
            self.broken(table, "label", rule, r#"label = "Warifu""#);
        }
        label
    }

    fn required(&mut self, table: &Table<'_>, key: &str, example: &str) -> Option<PathBuf> {
        if table.find(key).is_none() {
            let example = format!(r#"{key} = "/etc/warifu/{example}""#);
            self.broken(table, key, "must be set: a PEM file", &example);
            return None;
        }
        self.path(table, key, example)
    }

    /// Relative to the file; a variable has no place that it could be relative to.
    fn path(&mut self, table: &Table<'_>, key: &str, example: &str) -> Option<PathBuf> {
        let text = self.text(table, key, example).filter(|text| !text.is_empty())?;
        let path = PathBuf::from(text);
        let of_environment = table.find(key).is_some_and(|found| found.is_of_environment());
        if path.is_absolute() {
            return Some(path);
        }
        if of_environment {
            let example = format!("/etc/warifu/{example}");
            self.broken(table, key, "is an absolute path in the environment", &example);
        }
        Some(self.file.and_then(Path::parent).unwrap_or(Path::new("")).join(path))
    }

    fn text(&mut self, table: &Table<'_>, key: &str, example: &str) -> Option<String> {
        let found = table.find(key)?;
        let text = text_of(found.value);
        if text.is_none() {
            self.faults.push(found.fault("is a text", format_args!("{key} = {example:?}")));
        }
        text
    }

    fn millis(
        &mut self,
        table: &Table<'_>,
        key: &str,
        default: u64,
        range: RangeInclusive<u64>,
    ) -> Duration {
        Duration::from_millis(self.number(table, key, default, range))
    }

    fn number(
        &mut self,
        table: &Table<'_>,
        key: &str,
        default: u64,
        range: RangeInclusive<u64>,
    ) -> u64 {
        let Some(found) = table.find(key) else { return default };
        let number = match &found.value.kind {
            ValueKind::I64(number) => u64::try_from(*number).ok(),
            ValueKind::U64(number) => Some(*number),
            ValueKind::String(digits) => digits.parse().ok(),
            _ => None,
        };
        if let Some(number) = number.filter(|number| range.contains(number)) {
            return number;
        }
        let (low, high) = range.into_inner();
        let rule = format!("is a whole number from {low} to {high}");
        self.faults.push(found.fault(rule, format_args!("{key} = {default}")));
        default
    }

    fn broken(&mut self, table: &Table<'_>, key: &str, rule: &str, example: &str) {
        if let Some(found) = table.find(key) {
            self.faults.push(found.fault(rule, example));
            return;
        }
        let file = self.file.map(|file| format!(" in {}", file.display()));
        let origin = format!("not set{}", file.unwrap_or_default());
        self.faults.push(fault(&table.name(key), &origin, rule, example));
    }
}

fn text_of(value: &::config::Value) -> Option<String> {
    match &value.kind {
        ValueKind::String(text) => Some(text.clone()),
        _ => None,
    }
}
