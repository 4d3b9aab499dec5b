//! All sources laid over each other, with the origin of every value. Not responsible for their meaning.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use config::{ConfigError, Environment, File, FileFormat, Map, Source as _, Value, ValueKind};
use serde::de::DeserializeOwned;

use super::fault::Fault;

/// The sections there are.
const SECTIONS: [&str; 11] = [
    "approval",
    "clock",
    "hsm",
    "identity",
    "import",
    "institution",
    "log",
    "metrics",
    "server",
    "store",
    "verification",
];

/// The sources, merged.
pub(super) struct Tree {
    root: Map<String, Value>,
}

impl Tree {
    pub(super) fn read(
        files: &[PathBuf],
        environment: HashMap<String, String>,
    ) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut builder = config::Config::builder();
        for file in files {
            let source = File::from(file.as_path()).format(FileFormat::Toml);
            match source.collect() {
                Ok(_) => builder = builder.add_source(source),
                Err(error) => faults.push(unreadable(file, &error)),
            }
        }
        let variables = Environment::with_prefix("WARIFU")
            .prefix_separator("__")
            .separator("__")
            .source(Some(environment.into_iter().collect()));
        let merged = builder.add_source(variables).build().and_then(|merged| merged.collect());
        match merged {
            Ok(root) if faults.is_empty() => Ok(Self { root }),
            Ok(_) => Err(faults),
            Err(error) => {
                faults.push(of_error("", "the environment", &error));
                Err(faults)
            }
        }
    }

    pub(super) fn unknown_sections(&self) -> Vec<Fault> {
        let mut unknown: Vec<_> =
            self.root.iter().filter(|(name, _)| !SECTIONS.contains(&name.as_str())).collect();
        unknown.sort_by_key(|(name, _)| *name);
        let fault = |(name, value): (&String, &Value)| Fault {
            key: name.clone(),
            origin: origin_of(value),
            rule: format!("there is no such section; there are {}", SECTIONS.join(", ")),
            example: String::new(),
        };
        unknown.into_iter().map(fault).collect()
    }

    /// A section as its raw form; an absent one is empty. A shape that does not fit is one fault.
    pub(super) fn section<T: DeserializeOwned + Default>(
        &self,
        name: &str,
        faults: &mut Vec<Fault>,
    ) -> T {
        let Some(value) = self.root.get(name) else { return T::default() };
        value.clone().try_deserialize().unwrap_or_else(|error| {
            faults.push(of_error(name, &origin_of(value), &error));
            T::default()
        })
    }

    /// The tables of a section that there may be many of.
    pub(super) fn sections<T: DeserializeOwned>(
        &self,
        name: &str,
        faults: &mut Vec<Fault>,
    ) -> Vec<T> {
        let Some(value) = self.root.get(name) else { return Vec::new() };
        let ValueKind::Array(items) = &value.kind else {
            faults.push(Fault {
                key: name.to_owned(),
                origin: origin_of(value),
                rule: "is a list of tables".to_owned(),
                example: format!("[[{name}]]"),
            });
            return Vec::new();
        };
        let mut read = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match item.clone().try_deserialize() {
                Ok(one) => read.push(one),
                Err(error) => {
                    faults.push(of_error(&format!("{name}[{index}]"), &origin_of(item), &error));
                }
            }
        }
        read
    }

    /// Where a key was set.
    pub(super) fn origin(&self, section: &str, key: &str) -> String {
        let Some(found) = self.root.get(section) else { return "not set".to_owned() };
        match &found.kind {
            ValueKind::Table(keys) => keys.get(key).map_or_else(|| "not set".to_owned(), origin_of),
            _ => origin_of(found),
        }
    }
}

fn origin_of(value: &Value) -> String {
    value.origin().unwrap_or("unknown").to_owned()
}

fn unreadable(file: &Path, error: &ConfigError) -> Fault {
    Fault {
        key: String::new(),
        origin: file.display().to_string(),
        rule: format!("the file can not be used: {}", one_line(error)),
        example: "warifud --config /etc/warifu/warifud.toml check".to_owned(),
    }
}

/// The library names the key within the value it was given; the section is ours to add.
fn of_error(section: &str, origin: &str, error: &ConfigError) -> Fault {
    let inner = match error {
        ConfigError::At { key: Some(key), .. } | ConfigError::Type { key: Some(key), .. } => {
            Some(key)
        }
        _ => None,
    };
    let key = match inner {
        Some(inner) if section.is_empty() => inner.clone(),
        Some(inner) => format!("{section}.{inner}"),
        None => section.to_owned(),
    };
    Fault { key, origin: origin.to_owned(), rule: one_line(error), example: String::new() }
}

fn one_line(error: &ConfigError) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
