//! The way to the daemons of one slot: identity, connections, failover, deadlines.
//!
//! One rule for retries: a request that changes something always carries an idempotency key, so it may
//! be sent again, also to another daemon of the same group, and is carried out once.
//!
//! Not responsible for which request a function needs.

use warifu_api::{
    IdempotencyKey, ProblemType,
    client::{Client, ClientError},
};
use zeroize::Zeroizing;

use crate::{
    clock::Deadline,
    config::SlotConfig,
    fault::{Fault, Outcome},
    rv::Rv,
};

/// Why the daemons gave no answer, by what the caller does next.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The daemon says what is wrong.
    Problem(ProblemType),
    /// The daemon does not accept our certificate.
    Refused {
        /// Because it has expired.
        expired: bool,
    },
    /// It may have been carried out: the same request with the same idempotency key tells.
    Unknown,
    /// No daemon is in reach; surely nothing was carried out.
    Unreachable,
    /// What answers is not the daemon that the configuration trusts.
    Untrusted,
    /// Nobody is logged in.
    Locked,
    /// The request can not be made, for example of an empty serial.
    Unsendable,
}

/// The daemons of a slot.
pub(crate) struct Remote {
    config: SlotConfig,
}

impl Remote {
    /// Connects to nothing yet. `threads`: whether the host allows any.
    pub(crate) fn new(config: SlotConfig, _threads: bool) -> Self {
        Self { config }
    }

    /// Whether a daemon can be reached; looks again when the last look is some seconds old.
    pub(crate) fn is_present(&self) -> bool {
        false
    }

    /// Whether the key file is encrypted, so that a PIN is needed. A file that can not be read needs none.
    pub(crate) fn needs_pin(&self) -> bool {
        false
    }

    /// Whether somebody is logged in.
    pub(crate) fn is_unlocked(&self) -> bool {
        false
    }

    /// Reads the identity, with the PIN where the key is encrypted, and shows it to a daemon.
    pub(crate) fn unlock(&self, _pin: Option<&Zeroizing<Vec<u8>>>) -> Outcome<()> {
        Err(Rv::FunctionNotSupported.into())
    }

    /// Forgets identity and connections.
    pub(crate) fn lock(&self) {}

    /// Until when a function of this slot may take.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.config.deadline)
    }

    /// Until when staging an import may take.
    pub(crate) fn import_deadline(&self) -> Deadline {
        Deadline::after(self.config.import_deadline)
    }

    /// A key for one intent: see [`Remote::ask`].
    pub(crate) fn intent(&self) -> Outcome<IdempotencyKey> {
        Err(Rv::FunctionNotSupported.into())
    }

    /// Asks the daemons until one answers or the deadline passes. `question` may be called several
    /// times, on clients of different daemons, each carrying `key`; so it makes one request, or several
    /// of which only the last changes something.
    pub(crate) fn ask<T>(
        &self,
        _key: Option<&IdempotencyKey>,
        _deadline: Deadline,
        _question: impl AsyncFn(&Client) -> Result<T, ClientError>,
    ) -> Result<T, Trouble> {
        Err(Trouble::Unreachable)
    }
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        Self::new(Rv::DeviceError, format!("{trouble:?}"))
    }
}
