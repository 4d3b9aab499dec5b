//! A client of the daemon over mutual TLS: one typed method per operation.
//!
//! Retry rule: a request that was surely not sent is sent once more on a new connection; one whose
//! answer is missing is repeated once only if that is safe (it reads, or carries an idempotency
//! key, and its body can be sent again). Problem documents are never retried here: what to do is
//! the caller's decision, see [`crate::problem::Next`].
//!
//! Not responsible for: profiles, prompts, waiting for an import.

mod approvals;
mod config;
mod connection;
mod error;
mod exchange;
mod keys;
mod lifecycle;
mod operations;
mod quiet;
mod signing;
mod target;
mod transfer;
mod watched;

use std::sync::Arc;

use ring::rand::{SecureRandom as _, SystemRandom};
use rustls_pki_types::PrivateKeyDer;

use self::{config::Prepared, connection::Pool};
pub use self::{
    config::{ClientConfig, ConfigError, Protocol, Resolution},
    error::ClientError,
    transfer::Download,
};
use crate::idempotency::IdempotencyKey;

/// A client. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    key: Option<IdempotencyKey>,
}

struct Shared {
    prepared: Arc<Prepared>,
    pool: Pool,
    random: SystemRandom,
}

impl Client {
    /// Reads the certificates and the key; connects only when it has something to ask.
    pub fn new(config: &ClientConfig) -> Result<Self, ConfigError> {
        let key = config::private_key(&config.key)?;
        Self::with_private_key(config, key)
    }

    /// With a key that is already in memory; [`ClientConfig::key`] is not read.
    pub fn with_private_key(
        config: &ClientConfig,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, ConfigError> {
        Ok(Self::on(Arc::new(Prepared::new(config, key)?)))
    }

    /// The same client with connections of its own. Connections live on the runtime on which they
    /// were opened, so that every runtime needs a client that is apart from the others'.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self::on(Arc::clone(&self.shared.prepared))
    }

    fn on(prepared: Arc<Prepared>) -> Self {
        let shared = Shared { prepared, pool: Pool::default(), random: SystemRandom::new() };
        Self { shared: Arc::new(shared), key: None }
    }

    /// The same client, whose next change carries this key instead of a random one.
    ///
    /// For one intent only: a second, different request under the same key is refused.
    #[must_use]
    pub fn with_idempotency_key(&self, key: IdempotencyKey) -> Self {
        Self { shared: Arc::clone(&self.shared), key: Some(key) }
    }

    fn idempotency_key(&self) -> Result<IdempotencyKey, ClientError> {
        if let Some(key) = &self.key {
            return Ok(key.clone());
        }
        let mut bytes = [0; 16];
        self.shared.random.fill(&mut bytes).map_err(|_| ClientError::Randomness)?;
        Ok(IdempotencyKey::from_random(bytes))
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("server", &self.shared.prepared.authority)
            .finish_non_exhaustive()
    }
}
