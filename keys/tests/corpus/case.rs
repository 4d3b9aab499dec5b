//! The lists of expected results: which files, opened with what, read under which policy.
//!
//! Not responsible for judging what comes out.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A folder and its list.
pub(crate) struct Manifest {
    folder: PathBuf,
    as_of: String,
    files: Vec<Value>,
}

/// One reading of one file: what a process of its own is told.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Case {
    /// Where the list stands.
    pub(crate) folder: PathBuf,
    /// The file's line of the list.
    pub(crate) entry: Value,
    /// The time at which the list was made.
    pub(crate) as_of: String,
    /// Which departures from the default policy the officer names.
    pub(crate) switch: Switch,
    /// Certificates that stand beside the file.
    pub(crate) roots: Vec<String>,
}

/// A departure from the default policy, as the lists name it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum Switch {
    /// None: the file as it comes.
    Default,
    /// `draft_formats`
    DraftFormats,
    /// `mac_over_plaintext`
    MacOverPlaintext,
    /// `allow_sha1_signature`
    AllowSha1,
    /// `ignore_signature`
    IgnoreSignature,
}

impl Switch {
    const NAMED: [(&str, Self); 4] = [
        ("draft_formats", Self::DraftFormats),
        ("mac_over_plaintext", Self::MacOverPlaintext),
        ("allow_sha1_signature", Self::AllowSha1),
        ("ignore_signature", Self::IgnoreSignature),
    ];
}

impl Manifest {
    pub(crate) fn read(folder: &Path) -> Self {
        let text = fs::read_to_string(folder.join("MANIFEST.json")).unwrap();
        let list: Value = serde_json::from_str(&text).unwrap();
        let files = list["files"].as_array().unwrap().clone();
        let as_of = list["as_of"].as_str().unwrap().to_owned();
        Self { folder: folder.to_owned(), as_of, files }
    }

    /// How many files the list has, keys and certificates left out.
    pub(crate) fn len(&self) -> usize {
        self.seed_files().count()
    }

    fn seed_files(&self) -> impl Iterator<Item = &Value> {
        self.files.iter().filter(|entry| entry["aux"].as_bool() != Some(true))
    }

    /// Every file under the default policy, and with each switch that the list speaks of.
    pub(crate) fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for entry in self.seed_files() {
            let compat = entry["expect"]["compat"].as_str().unwrap_or_default();
            let named = Switch::NAMED.iter().filter(|(name, _)| compat.contains(name));
            for switch in [Switch::Default].into_iter().chain(named.map(|(_, switch)| *switch)) {
                cases.push(Case {
                    folder: self.folder.clone(),
                    entry: entry.clone(),
                    as_of: self.as_of.clone(),
                    switch,
                    roots: self.certificates_beside(entry),
                });
            }
        }
        cases
    }

    fn certificates_beside(&self, entry: &Value) -> Vec<String> {
        let parent = |entry: &Value| {
            Path::new(entry["file"].as_str().unwrap()).parent().map(Path::to_path_buf)
        };
        let is_root = |other: &&Value| {
            let format = other["format"].as_str().unwrap_or_default();
            other["aux"].as_bool() == Some(true)
                && (format.contains("CA certificate") || format.contains("trusted root"))
                && parent(other) == parent(entry)
        };
        let files = self.files.iter().filter(is_root);
        files.map(|other| other["file"].as_str().unwrap().to_owned()).collect()
    }
}

impl Case {
    pub(crate) fn name(&self) -> String {
        let name = self.entry["file"].as_str().unwrap();
        match self.switch {
            Switch::Default => name.to_owned(),
            switch => format!("{name} with {switch:?}"),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join(self.entry["file"].as_str().unwrap())
    }

    /// A file that the list names beside this one.
    pub(crate) fn beside(&self, name: &Value) -> Option<Vec<u8>> {
        name.as_str().map(|name| fs::read(self.folder.join(name)).unwrap())
    }

    /// Whether only an HSM opens it.
    pub(crate) fn is_for_hsm(&self) -> bool {
        self.entry["decrypt"]["type"] == "rsa"
    }
}
