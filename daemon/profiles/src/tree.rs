//! The text of a profile as a tree in which every value knows its line, laid over that of its base.
//!
//! Not responsible for: what the values mean (`read`).

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use toml::de::{DeTable, DeValue};

use crate::fault::{Faults, Place};

/// A value and where it is written.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

/// A value, as far as profiles have such values.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    /// `None`: negative, or too large for anything here.
    Number(Option<u64>),
    Flag(bool),
    List(Vec<Node>),
    Table(Keys),
    /// Dates and fractions: no key takes them.
    Other,
}

/// The keys of a table.
pub(crate) type Keys = BTreeMap<String, Node>;

impl Node {
    /// Reads a text. What is no TOML becomes faults; the rest is still there to be looked at.
    pub(crate) fn parse(text: &str, file: &Arc<str>, faults: &Faults) -> Self {
        let source = Source { text, file };
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let place = source.place(&error.span().unwrap_or_default());
            let rule = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
            faults.add(&place, "", format!("is no TOML: {rule}"), "");
        }
        let value = source.table(root.get_ref());
        Self { place: Place { file: Arc::clone(file), line: 1 }, value }
    }

    /// The same with everything from `base` that is not said here. Tables are laid over each other
    /// key by key; lists are replaced as a whole.
    pub(crate) fn over(self, base: Self) -> Self {
        match (self.value, base.value) {
            (Value::Table(mine), Value::Table(mut keys)) => {
                for (key, node) in mine {
                    let node = match keys.remove(&key) {
                        Some(below) => node.over(below),
                        None => node,
                    };
                    keys.insert(key, node);
                }
                Self { place: self.place, value: Value::Table(keys) }
            }
            (value, _) => Self { place: self.place, value },
        }
    }
}

struct Source<'a> {
    text: &'a str,
    file: &'a Arc<str>,
}

impl Source<'_> {
    fn place(&self, span: &Range<usize>) -> Place {
        let before = self.text.as_bytes().iter().take(span.start);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        Place { file: Arc::clone(self.file), line }
    }

    fn table(&self, table: &DeTable<'_>) -> Value {
        let keys = table.iter().map(|(key, value)| {
            // The line of the key: a value that is a long list may begin below it.
            let node = Node { place: self.place(&key.span()), value: self.value(value.get_ref()) };
            (key.get_ref().to_string(), node)
        });
        Value::Table(keys.collect())
    }

    fn value(&self, value: &DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) => {
                Value::Number(u64::from_str_radix(number.as_str(), number.radix()).ok())
            }
            DeValue::Boolean(flag) => Value::Flag(*flag),
            DeValue::Array(items) => Value::List(
                items
                    .iter()
                    .map(|item| Node {
                        place: self.place(&item.span()),
                        value: self.value(item.get_ref()),
                    })
                    .collect(),
            ),
            DeValue::Table(table) => self.table(table),
            DeValue::Float(_) | DeValue::Datetime(_) => Value::Other,
        }
    }
}
