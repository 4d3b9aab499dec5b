//! Who we are to the daemons: certificate and key as they were read at a login, and the lines that were
//! opened with them. The key itself stays inside the TLS library.
//!
//! Not responsible for whether a daemon accepts it.

use std::{error::Error as _, path::Path};

use rustls_pki_types::PrivateKeyDer;
use warifu_api::client::{Client, ClientConfig, ConfigError, Protocol, Resolution};
use zeroize::Zeroizing;

use super::{
    files::{self, Stamp},
    key::KeyFile,
    line::Lines,
};
use crate::{
    config::SlotConfig,
    fault::{Fault, Outcome},
    rv::Rv,
};

/// An identity.
pub(super) struct Identity {
    lines: Vec<Lines>,
    /// What the files were, where they can be read again without a PIN.
    stamps: Option<[Option<Stamp>; 3]>,
}

impl Identity {
    /// Reads the files anew; asks nobody.
    pub(super) fn open(
        config: &SlotConfig,
        pin: Option<&Zeroizing<Vec<u8>>>,
        resolution: Resolution,
    ) -> Outcome<Self> {
        for path in [&config.ca, &config.certificate] {
            let looked_at = files::read(path);
            looked_at.map_err(|error| unusable(path, &error.to_string()))?;
        }
        let stamps = stamps(config);
        let file = KeyFile::read(&config.key)?;
        let stamps = (!file.is_encrypted()).then_some(stamps);
        let key = Zeroizing::new(file.open(&config.key, pin)?);
        let clients = config.servers.iter().map(|server| client(config, server, &key, resolution));
        let lines = clients.map(|client| Ok(Lines::new(client?))).collect::<Outcome<_>>()?;
        Ok(Self { lines, stamps })
    }

    pub(super) fn lines(&self, server: usize) -> Option<&Lines> {
        self.lines.get(server)
    }

    /// Whether reading the files again would give another identity, without a PIN.
    pub(super) fn has_changed_on_disk(&self, config: &SlotConfig) -> bool {
        self.stamps.as_ref().is_some_and(|before| *before != stamps(config))
    }
}

fn stamps(config: &SlotConfig) -> [Option<Stamp>; 3] {
    [&config.ca, &config.certificate, &config.key].map(|path| files::stamp(path))
}

fn client(
    config: &SlotConfig,
    server: &str,
    key: &PrivateKeyDer<'static>,
    resolution: Resolution,
) -> Outcome<Client> {
    let mut client = ClientConfig::new(server, &config.ca, &config.certificate, &config.key);
    client.connect_timeout = config.connect_timeout;
    // The limit is the call's deadline; these only must not come before it.
    client.answer_timeout = config.deadline.max(config.import_deadline);
    client.upload_timeout = client.answer_timeout;
    client.protocol = Protocol::Http1;
    client.resolution = resolution;
    Client::with_private_key(&client, key.clone_key()).map_err(|error| of_config(&error))
}

fn of_config(error: &ConfigError) -> Fault {
    let cause = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    Fault::new(Rv::GeneralError, format!("{error}{cause}"))
}

fn unusable(path: &Path, why: &str) -> Fault {
    Fault::new(Rv::GeneralError, format!("{} {why}", path.display()))
}
