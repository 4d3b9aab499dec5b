//! The configuration: files and variables in, a checked [`Config`] out.
//!
//! All faults are told at once, each with its key, where it was set, the rule and an example.
//! Secrets are never values here, only paths of files. Not responsible for what the values do.

mod check;
mod fault;
mod files;
mod hsm;
mod import;
mod institutions;
mod people;
mod raw;
mod sections;
mod server;
#[cfg(test)]
mod tests;
mod tree;

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use warifu_core::{
    custody::CustodyKind,
    ident::{Institution, Name},
    rules::Rules,
};
use warifu_keys::hsm::HsmConfig;

pub use self::fault::Fault;
use self::tree::Tree;
use crate::{
    clock::{ClockSettings, TEST_CLOCK},
    server::ServerSettings,
    tls::{Files, Subjects},
};

/// Everything the daemon was told, checked.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) server: Server,
    pub(crate) metrics: Option<MetricsListener>,
    pub(crate) store: StoreSettings,
    pub(crate) hsm: Hsm,
    pub(crate) clock: ClockSettings,
    pub(crate) log: Log,
    pub(crate) subjects: Subjects,
    pub(crate) import: Import,
    pub(crate) approval: Approval,
    /// By institution: whose a certificate is, where a person has several. Who is not here is the
    /// person of the certificate's own name.
    pub(crate) people: HashMap<Institution, HashMap<Name, Name>>,
    /// What each bank decides: its profile, with the numbers of this configuration over it.
    pub(crate) institutions: HashMap<Institution, Arc<Rules>>,
    /// The institution that runs the daemon: what concerns all institutions is its business.
    pub(crate) house: Institution,
}

/// The listener of the interface.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) listen: SocketAddr,
    pub(crate) files: Files,
    pub(crate) settings: ServerSettings,
    /// Largest body other than a seed file.
    pub(crate) request_bytes: usize,
    /// Largest seed file.
    pub(crate) import_bytes: u64,
    /// Longest time from the head of a request to its answer.
    pub(crate) request_deadline: Duration,
}

/// The listener of the figures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MetricsListener {
    pub(crate) listen: SocketAddr,
    /// Plain HTTP; on loopback only.
    pub(crate) plain: bool,
}

/// The store.
#[derive(Clone, Debug)]
pub(crate) struct StoreSettings {
    pub(crate) path: PathBuf,
    pub(crate) cache_bytes: u64,
    /// Below this much free space, changes are refused.
    pub(crate) min_free_bytes: u64,
}

/// The HSM.
#[derive(Clone, Debug)]
pub(crate) struct Hsm {
    /// For the supervisor of the workers. Holds the path of the PIN, never the PIN.
    pub(crate) supervisor: HsmConfig,
    /// Longest wait for the HSM within a request.
    pub(crate) deadline: Duration,
}

/// Logs.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    /// A filter as in `info,warifud=debug`.
    pub(crate) level: String,
    pub(crate) format: LogFormat,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LogFormat {
    /// One JSON object.
    Json,
    /// For people.
    Text,
}

/// Imports.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    /// Custody where the officer names none.
    pub(crate) custody: CustodyKind,
    /// Where encrypted spools of seed files lie while they are worked on.
    pub(crate) folder: PathBuf,
    /// Key lists inside OpenPGP messages; `None`: they are refused.
    pub(crate) openpgp: Option<OpenPgp>,
    /// Certificates, DER, of the authorities whose signatures on seed files count.
    pub(crate) signature_roots: Vec<Vec<u8>>,
}

/// What opens OpenPGP messages: files, never their content.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct OpenPgp {
    /// The bank's secret keys, which manufacturers encrypt to.
    pub(crate) secret_key: PathBuf,
    /// What protects them, where something does.
    pub(crate) passphrase: Option<PathBuf>,
    /// Public keys of manufacturers; a message that another one signed, or none, is refused.
    pub(crate) signers: Vec<PathBuf>,
}

/// Four eyes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Approval {
    /// Off: one person may do everything. For test installations.
    pub(crate) enforce: bool,
}

impl Config {
    /// Reads the files in their order, later ones over earlier ones, and this process's
    /// `WARIFU__SECTION__KEY` variables over all of them.
    pub fn load(files: &[PathBuf]) -> Result<Self, Vec<Fault>> {
        // A variable that is not UTF-8 can be none of ours that is valid.
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self::load_with(files, environment)
    }

    /// The same with variables that are given.
    pub(crate) fn load_with(
        files: &[PathBuf],
        environment: HashMap<String, String>,
    ) -> Result<Self, Vec<Fault>> {
        let credentials = environment.get("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        let test_clock = environment.get(TEST_CLOCK).map(PathBuf::from);
        let tree = Tree::read(files, environment)?;
        Self::checked(&tree, credentials.as_deref(), test_clock.as_deref())
    }

    fn checked(
        tree: &Tree,
        credentials: Option<&Path>,
        test_clock: Option<&Path>,
    ) -> Result<Self, Vec<Fault>> {
        let mut faults = tree.unknown_sections();
        let server = server::server(tree, credentials, &mut faults);
        let metrics = server::metrics(tree, &mut faults);
        let store = sections::store(tree, &mut faults);
        let hsm = hsm::hsm(tree, credentials, &mut faults);
        let clock = sections::clock(tree, test_clock, &mut faults);
        let log = sections::log(tree, &mut faults);
        let import = import::import(tree, store.as_ref(), credentials, &mut faults);
        let approval = people::approval(tree, &mut faults);
        let institutions = institutions::institutions(tree, &mut faults);
        let people = people::people(tree, &mut faults);
        let house = server::house(tree, &institutions, &mut faults);
        let subjects = sections::subjects(tree, &institutions, &mut faults);
        match (server, store, hsm, import, house) {
            (Some(server), Some(store), Some(hsm), Some(import), Some(house))
                if faults.is_empty() =>
            {
                Ok(Self {
                    server,
                    metrics,
                    store,
                    hsm,
                    clock,
                    log,
                    subjects,
                    import,
                    approval,
                    people,
                    institutions,
                    house,
                })
            }
            _ => Err(faults),
        }
    }
}
