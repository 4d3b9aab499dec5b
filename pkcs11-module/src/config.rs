//! Configuration: where the daemons are, who we are, and the limits. From a TOML file and the
//! environment; `docs/pkcs11.md` describes both.
//!
//! Not responsible for reading certificates and keys, see [`crate::remote`].

mod address;
mod check;
mod find;
#[cfg(test)]
mod tests;
mod tree;

use std::{path::PathBuf, time::Duration};

use thiserror::Error;

pub(crate) use self::{address::Address, find::credentials};
use self::{find::Surroundings, tree::Tree};
use crate::slot::token_serial;

/// The configuration of the module.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The file that it was read from, where there was one.
    pub file: Option<PathBuf>,
    /// The slots, by ascending number. None, where nothing is configured: then the module is of no
    /// use, but harmless to programs that load every module they find.
    pub slots: Vec<SlotConfig>,
    /// Most sessions at a time.
    pub sessions: usize,
    /// Most objects with a handle at a time; the oldest handle is given up first.
    pub objects: usize,
    /// Where the log goes.
    pub log: LogConfig,
}

/// A slot: one identity at one group of daemons that share their store.
#[derive(Clone, Debug)]
pub struct SlotConfig {
    /// Number of the slot.
    pub id: u64,
    /// Label of its token, at most 32 bytes.
    pub label: String,
    /// `https://host:port` of each daemon, the preferred one first.
    pub servers: Vec<String>,
    /// Certificates that the daemons' descend from.
    pub ca: PathBuf,
    /// Our certificate.
    pub certificate: PathBuf,
    /// Its key: in the clear, or encrypted (PKCS#8) under the PIN.
    pub key: PathBuf,
    /// Longest time that a function takes.
    pub deadline: Duration,
    /// Longest time until a connection stands.
    pub connect_timeout: Duration,
    /// Longest time that staging an import takes.
    pub import_deadline: Duration,
}

impl SlotConfig {
    /// Serial number of its token.
    pub fn token_serial(&self) -> String {
        token_serial(self.id, &self.label)
    }
}

/// Where the log goes, and how much of it there is.
#[derive(Clone, Debug, Default)]
pub struct LogConfig {
    /// A file, or nothing: no log.
    pub file: Option<PathBuf>,
    /// How much.
    pub level: Level,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Level {
    /// What needs somebody's attention.
    #[default]
    Warn,
    /// Also logins, failovers, imports.
    Info,
    /// Also every call with its return value and time.
    Debug,
}

/// What is wrong with the configuration: all faults at once, one per line.
#[derive(Debug, Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigFault(pub Vec<String>);

impl Config {
    /// Reads the configuration. `reserved` is what the host gave to `C_Initialize`.
    pub fn load(reserved: Option<&str>) -> Result<Self, ConfigFault> {
        Self::load_in(reserved, &Surroundings::of_process())
    }

    fn load_in(reserved: Option<&str>, around: &Surroundings) -> Result<Self, ConfigFault> {
        let file = around.file(reserved).map_err(|fault| ConfigFault(vec![fault]))?;
        let tree = Tree::read(file.as_deref(), around.variables())
            .map_err(|fault| ConfigFault(vec![fault]))?;
        check::checked(&tree, file).map_err(ConfigFault)
    }
}
