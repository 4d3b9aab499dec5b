//! The module's log: one line per event, into the file that the configuration names.
//!
//! A library has no business on its host's standard error, so without a file there is no log, but for
//! a configuration that can not be read. Nothing secret is ever handed to this file. A log that can
//! not be written is no reason to fail a call.

use std::{
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::Arc,
    time::Duration,
};

use rustix::fs::OFlags;

use crate::{
    clock,
    config::{Level, LogConfig},
    fault::Fault,
};

/// An open log; clones write to the same file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    file: Option<Arc<File>>,
    level: Level,
}

impl Log {
    pub(crate) fn open(config: &LogConfig) -> Self {
        let file = config.file.as_deref().and_then(|path| open(path).ok());
        Self { file: file.map(Arc::new), level: config.level }
    }

    /// One line: milliseconds since 1970, level, process, text.
    pub(crate) fn event(&self, level: Level, text: &str) {
        let Some(file) = self.file.as_deref().filter(|_| level <= self.level) else { return };
        let (now, process) = (clock::unix_millis(), std::process::id());
        let line = format!("{now} {} {process} {}\n", word(level), one_line(text));
        // One write, so that lines of several processes do not get into each other.
        let mut file: &File = file;
        let _ = file.write_all(line.as_bytes());
    }

    /// A call and what came of it. Without a reason, a return value is part of the interface's ordinary
    /// course (a buffer too small, no event), and of interest only to whoever follows every call.
    pub(crate) fn call(&self, function: &str, failed: Option<&Fault>, took: Duration) {
        let name = failed.map_or("CKR_OK", |fault| fault.rv.name());
        let why = failed.map_or("", |fault| &*fault.why);
        let level = if why.is_empty() { Level::Debug } else { Level::Warn };
        if level > self.level || self.file.is_none() {
            return;
        }
        let mut text = format!("{function} {name} {} ms", took.as_millis());
        if !why.is_empty() {
            // Writing to a String does not fail.
            let _ = write!(text, ": {why}");
        }
        self.event(level, &text);
    }
}

const fn word(level: Level) -> &'static str {
    match level {
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
    }
}

/// A label or a path must not look like another line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Appends to a file of our own: no link that somebody else put there is followed, no pipe waited for.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
    let file =
        OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs as unix};

    use super::*;
    use crate::rv::Rv;

    fn log(level: Level) -> (tempfile::TempDir, Log) {
        let folder = tempfile::tempdir().unwrap();
        let file = Some(folder.path().join("log"));
        (folder, Log::open(&LogConfig { file, level }))
    }

    fn lines(folder: &tempfile::TempDir) -> Vec<String> {
        let text = fs::read_to_string(folder.path().join("log")).unwrap();
        let after_time = |line: &str| line.split_once(' ').unwrap().1.to_owned();
        text.lines().map(after_time).collect()
    }

    #[test]
    fn a_line_has_level_process_and_text() {
        let (folder, log) = log(Level::Info);
        log.event(Level::Info, "two\nlines");
        log.event(Level::Debug, "not shown");
        assert_eq!(lines(&folder), [format!("info {} two lines", std::process::id())]);
    }

    #[test]
    fn failures_with_a_reason_are_told_and_calls_only_on_request() {
        let (quiet_folder, quiet) = log(Level::Warn);
        let (folder, all) = log(Level::Debug);
        let fault = Fault::new(Rv::DeviceError, "no daemon is in reach");
        for log in [quiet, all] {
            log.call("C_Verify", None, Duration::from_millis(5));
            log.call("C_WaitForSlotEvent", Some(&Rv::NoEvent.into()), Duration::ZERO);
            log.call("C_Verify", Some(&fault), Duration::from_millis(7));
        }
        let process = std::process::id();
        let failed =
            format!("warn {process} C_Verify CKR_DEVICE_ERROR 7 ms: no daemon is in reach");
        assert_eq!(lines(&quiet_folder), std::slice::from_ref(&failed));
        let debug = [
            format!("debug {process} C_Verify CKR_OK 5 ms"),
            format!("debug {process} C_WaitForSlotEvent CKR_NO_EVENT 0 ms"),
            failed,
        ];
        assert_eq!(lines(&folder), debug);
    }

    #[test]
    fn links_are_not_followed_and_no_file_is_no_log() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "").unwrap();
        unix::symlink(&target, &link).unwrap();
        let log = Log::open(&LogConfig { file: Some(link), level: Level::Debug });
        log.event(Level::Warn, "text");
        assert_eq!(fs::read(&target).unwrap(), b"");
        Log::default().event(Level::Warn, "text");
    }
}
