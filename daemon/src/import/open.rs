//! Opens the spooled file with everything the officer and the configuration say about it.
//!
//! Not responsible for: reading it (warifu-keys), judging its keys (check).

use std::{io::Read as _, path::PathBuf};

use warifu_keys::{
    secret::Secret,
    seedfile::{self, Format, OpenPgp, ReadOptions, Trust, Unlock},
};

use super::{
    group::Groups,
    run::{Halt, Run},
};
use crate::failure::Failure;

impl Run<'_> {
    /// Opens the file from its beginning; a refusal goes into the report.
    pub(super) fn open(&mut self) -> Result<Option<Groups>, Halt> {
        let options = ReadOptions {
            now: Some(self.service.moment().map_err(Halt::Failed)?.now()),
            format: self.job.reading.format,
            encrypted_integers: self.job.reading.integers,
            signatures: self.job.reading.signatures,
            trust: Trust {
                roots: self.service.imports.settings.signature_roots.clone(),
                allow_sha1: self.job.reading.allow_sha1,
            },
            openpgp: self.openpgp()?,
            declared: self.job.reading.declared.clone(),
            lenience: self.job.reading.lenience,
            unlock: self
                .password
                .as_ref()
                .map(|password| Unlock::Password(Secret::new(password.expose().to_vec()))),
            ..ReadOptions::default()
        };
        match seedfile::open(self.spool.reader(), options) {
            Ok(file) => {
                self.report.tell_format(file.detected());
                Ok(Some(Groups::new(file)))
            }
            Err(refusal) => {
                self.report.refuse(&refusal);
                Ok(None)
            }
        }
    }

    fn is_openpgp(&self) -> bool {
        let mut first = Vec::new();
        let read = self.spool.reader().take(seedfile::PEEK).read_to_end(&mut first);
        let told = read.ok().map(|_| seedfile::explain(&first, self.job.reading.format));
        told.is_some_and(|told| told.is_ok_and(|told| told.format == Format::OpenPgp))
    }

    /// Keys for OpenPGP messages, read anew for each import: they are in memory no longer than it takes.
    fn openpgp(&self) -> Result<OpenPgp, Halt> {
        let configured = self.service.imports.settings.openpgp.as_ref();
        // Keys that are given for any other file say that it should have been a message.
        let Some(files) = configured.filter(|_| self.is_openpgp()) else {
            return Ok(OpenPgp::default());
        };
        let read = |path: &PathBuf| {
            std::fs::read(path).map_err(|error| {
                tracing::error!(path = %path.display(), %error, "a key for OpenPGP messages");
                Halt::Failed(Failure::Spool(error))
            })
        };
        let passphrase = files.passphrase.as_ref().map(read).transpose()?.map(|mut text| {
            let kept = text.trim_ascii_end().len();
            text.truncate(kept);
            Secret::new(text)
        });
        Ok(OpenPgp {
            secret_keys: vec![Secret::new(read(&files.secret_key)?)],
            passphrase,
            signers: files.signers.iter().map(read).collect::<Result<_, _>>()?,
            require_signature: !files.signers.is_empty(),
        })
    }
}
