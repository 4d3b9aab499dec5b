//! What the device keeps without power: serial, keys, activation counter, and the registration.
//!
//! Not responsible for: procedures under way, which end with the power (`stage`).

use sha2::{Digest as _, Sha256};
use warifu_txa1::field::{LoginId, TokenCode};
use warifu_txa1::frame::MAX_COUNTER;
use warifu_txa1::secret::Salt;
use warifu_txa1::serial::DeviceSerial;

use super::keys::DeviceKeys;
use super::refusal::Refusal;

/// So many activations a device can begin; the 12 digits have three for the counter.
pub const COUNTER_END: u16 = MAX_COUNTER;

/// Memory that no loss of power touches.
pub(super) struct Memory {
    pub(super) serial: DeviceSerial,
    pub(super) keys: DeviceKeys,
    /// Activations begun so far. It only ever rises.
    pub(super) counter: u16,
    /// SHA-256 of the first code that raised the counter last, until a registration is finished:
    /// scanned again, it changes nothing.
    pub(super) last_first: Option<[u8; 32]>,
    pub(super) instance: Option<Instance>,
}

/// A registration: what binds every later message and every code.
pub(super) struct Instance {
    pub(super) number: u8,
    pub(super) counter: u16,
    pub(super) ns: Salt,
    pub(super) ni: Salt,
    pub(super) token_code: TokenCode,
    pub(super) login_id: LoginId,
}

impl Memory {
    /// Takes note of a first code: the counter rises, unless it did for this very code.
    pub(super) fn count(&mut self, message: &[u8]) -> Result<(), Refusal> {
        let digest = Sha256::digest(message).into();
        if self.last_first == Some(digest) {
            return Ok(());
        }
        if self.counter >= COUNTER_END {
            return Err(Refusal::WornOut);
        }
        self.counter = self.counter.saturating_add(1);
        self.last_first = Some(digest);
        Ok(())
    }

    /// A registration is finished. From now on every first code is new, this one too: a recorded
    /// pair of codes must not bring an old registration back.
    pub(super) fn register(&mut self, instance: Instance) {
        self.instance = Some(instance);
        self.last_first = None;
    }

    /// The registration is forgotten.
    pub(super) fn deregister(&mut self) {
        self.instance = None;
        self.last_first = None;
    }
}
