//! File and environment laid over each other, with the origin of every value. Not responsible for
//! what the values mean.

use std::{collections::HashMap, fmt::Display, path::Path};

use ::config::{ConfigError, Environment, File, FileFormat, Map, Source as _, Value, ValueKind};

/// What our variables begin with.
const PREFIX: &str = "WARIFU_PKCS11";
/// Largest file that is read.
const MOST_BYTES: u64 = 1 << 20;
/// What the library calls the origin of a variable's value.
const ENVIRONMENT: &str = "the environment";

/// The sources, merged.
pub(super) struct Tree {
    pub(super) root: Map<String, Value>,
    /// The file as it is told; the library's origin of a value is relative to wherever the host is.
    file: String,
}

/// A table whose keys are read one by one, so that every fault is found.
pub(super) struct Table<'a> {
    /// Where it is, as it is told: `slot[0].`, or nothing for the top.
    place: String,
    own: &'a Map<String, Value>,
    /// What counts for keys that it lacks.
    defaults: Option<&'a Map<String, Value>>,
    file: &'a str,
}

/// A value and how to name it.
pub(super) struct Found<'a> {
    pub(super) key: String,
    pub(super) value: &'a Value,
    file: &'a str,
}

impl Tree {
    pub(super) fn read(
        file: Option<&Path>,
        environment: HashMap<String, String>,
    ) -> Result<Self, String> {
        let mut builder = ::config::Config::builder();
        if let Some(path) = file {
            readable(path)?;
            let source = File::from(path).format(FileFormat::Toml);
            source.collect().map_err(|error| unusable(path, &error))?;
            builder = builder.add_source(source);
        }
        let variables = Environment::with_prefix(PREFIX)
            .prefix_separator("__")
            .separator("__")
            .ignore_empty(true)
            .source(Some(environment.into_iter().collect()));
        let merged = builder.add_source(variables).build().and_then(|merged| merged.collect());
        let file = file.map(|file| file.display().to_string()).unwrap_or_default();
        merged.map(|root| Self { root, file }).map_err(|error| one_line(&error))
    }

    pub(super) fn top(&self) -> Table<'_> {
        Table { place: String::new(), own: &self.root, defaults: None, file: &self.file }
    }

    /// A table below the top; `None` where it is not there. Anything else than a table is a fault.
    pub(super) fn table(&self, name: &str, faults: &mut Vec<String>) -> Option<Table<'_>> {
        let value = self.root.get(name)?;
        let table = self.sub_table(format!("{name}."), value, None);
        if table.is_none() {
            faults.push(fault(
                name,
                &origin(name, value, &self.file),
                "is a table",
                format_args!("[{name}]"),
            ));
        }
        table
    }

    /// Tables that there may be many of, each with the top's values for keys that it lacks.
    pub(super) fn tables(&self, name: &str, faults: &mut Vec<String>) -> Vec<Table<'_>> {
        let Some(value) = self.root.get(name) else { return Vec::new() };
        let ValueKind::Array(items) = &value.kind else {
            let rule = "is a list of tables, and set in the file";
            faults.push(fault(
                name,
                &origin(name, value, &self.file),
                rule,
                format_args!("[[{name}]]"),
            ));
            return Vec::new();
        };
        let mut read = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let place = format!("{name}[{index}]");
            if let Some(table) = self.sub_table(format!("{place}."), item, Some(&self.root)) {
                read.push(table);
                continue;
            }
            let origin = origin(&place, item, &self.file);
            faults.push(fault(&place, &origin, "is a table", format_args!("[[{name}]]")));
        }
        read
    }

    fn sub_table<'a>(
        &'a self,
        place: String,
        value: &'a Value,
        defaults: Option<&'a Map<String, Value>>,
    ) -> Option<Table<'a>> {
        let ValueKind::Table(own) = &value.kind else { return None };
        Some(Table { place, own, defaults, file: &self.file })
    }
}

impl<'a> Table<'a> {
    /// A value, its own or the default one.
    pub(super) fn find(&self, key: &str) -> Option<Found<'a>> {
        if let Some(value) = self.own.get(key) {
            return Some(Found { key: self.name(key), value, file: self.file });
        }
        let value = self.defaults?.get(key)?;
        Some(Found { key: key.to_owned(), value, file: self.file })
    }

    /// The key as it is told.
    pub(super) fn name(&self, key: &str) -> String {
        format!("{}{key}", self.place)
    }

    /// A misspelt key must not silently leave the default in force.
    pub(super) fn refuse_unknown(&self, known: &[&str], faults: &mut Vec<String>) {
        let mut unknown: Vec<_> =
            self.own.iter().filter(|(key, _)| !known.contains(&key.as_str())).collect();
        unknown.sort_by_key(|(key, _)| *key);
        for (key, value) in unknown {
            let key = self.name(key);
            let rule = format!("there is no such key; there are {}", known.join(", "));
            faults.push(fault(&key, &origin(&key, value, self.file), &rule, ""));
        }
    }
}

impl Found<'_> {
    pub(super) fn is_of_environment(&self) -> bool {
        self.value.origin() == Some(ENVIRONMENT)
    }

    /// What is told of a value that breaks a rule.
    pub(super) fn fault(&self, rule: impl Display, example: impl Display) -> String {
        fault(&self.key, &origin(&self.key, self.value, self.file), rule, example)
    }
}

/// One line: key, rule, origin, example.
pub(super) fn fault(key: &str, origin: &str, rule: impl Display, example: impl Display) -> String {
    let example = example.to_string();
    let example = if example.is_empty() { example } else { format!("; example: {example}") };
    format!("{key}: {rule} (from: {origin}{example})")
}

fn origin(key: &str, value: &Value, file: &str) -> String {
    if value.origin() != Some(ENVIRONMENT) {
        return file.to_owned();
    }
    let name = key.to_uppercase().replace('.', "__");
    format!("{PREFIX}__{name} in the environment")
}

/// A pipe would be waited for, and a device never ends.
fn readable(path: &Path) -> Result<(), String> {
    let shown = path.display();
    let metadata = path.metadata().map_err(|error| format!("{shown}: can not be read: {error}"))?;
    if metadata.is_file() && metadata.len() <= MOST_BYTES {
        return Ok(());
    }
    Err(format!("{shown}: is not a regular file of at most {MOST_BYTES} bytes"))
}

fn unusable(path: &Path, error: &ConfigError) -> String {
    format!("{}: the file can not be used: {}", path.display(), one_line(error))
}

fn one_line(error: &ConfigError) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
