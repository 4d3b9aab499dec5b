//! What is wrong with a profile, told so that it can be repaired without this source.
//!
//! Not responsible for: finding it (`read`, `check`).

use std::{cell::RefCell, fmt, sync::Arc};

/// One fault.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub struct Fault {
    /// The file as it was named, or `built-in NAME`.
    pub file: Arc<str>,
    /// Line in it; `None` where the file as a whole is at fault.
    pub line: Option<usize>,
    /// The key as `section.key`; empty where the text is no TOML, or the whole file is at fault.
    pub key: String,
    /// What is allowed, and why.
    pub rule: String,
    /// A line that would be right; empty where there is none to give.
    pub example: String,
}

impl Fault {
    /// Where it is, as `file:line`.
    pub fn origin(&self) -> String {
        self.line.map_or_else(|| self.file.to_string(), |line| format!("{}:{line}", self.file))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}\n  from: {}", self.rule, self.origin())?;
        if !self.example.is_empty() {
            write!(f, "\n  example: {}", self.example)?;
        }
        Ok(())
    }
}

/// Where something is written.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) file: Arc<str>,
    pub(crate) line: usize,
}

/// Collects faults, so that all of them are told at once.
#[derive(Debug, Default)]
pub(crate) struct Faults(RefCell<Vec<Fault>>);

impl Faults {
    pub(crate) fn add(
        &self,
        place: &Place,
        key: impl Into<String>,
        rule: impl Into<String>,
        example: impl Into<String>,
    ) {
        self.0.borrow_mut().push(Fault {
            file: Arc::clone(&place.file),
            line: Some(place.line),
            key: key.into(),
            rule: rule.into(),
            example: example.into(),
        });
    }

    pub(crate) fn any(&self) -> bool {
        !self.0.borrow().is_empty()
    }

    /// Whether something is wrong with `key` or beneath it: then nothing can be concluded from it.
    pub(crate) fn concern(&self, key: &str) -> bool {
        self.0.borrow().iter().any(|fault| {
            fault
                .key
                .strip_prefix(key)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    }

    /// All of them, in the order of files and lines.
    pub(crate) fn into_sorted(self) -> Vec<Fault> {
        let mut all = self.0.into_inner();
        all.sort_by(|a, b| (&a.file, a.line, &a.key).cmp(&(&b.file, b.line, &b.key)));
        all.dedup();
        all
    }
}
