//! A slot and its token: what programs are shown of them.
//!
//! Not responsible for reaching the daemons, see [`crate::remote`].

use std::sync::atomic::AtomicBool;

use cryptoki_sys::{
    CK_FLAGS, CKF_LOGIN_REQUIRED, CKF_PROTECTED_AUTHENTICATION_PATH, CKF_REMOVABLE_DEVICE,
    CKF_TOKEN_INITIALIZED, CKF_TOKEN_PRESENT, CKF_USER_PIN_INITIALIZED,
};

use sha2::{Digest as _, Sha256};

use crate::{config::SlotConfig, handle::SlotId, log::Log, remote::Remote};

/// Who made this, as `C_GetInfo`, slots and tokens say it.
pub const MANUFACTURER: &str = "Warifu";
/// Model of the tokens.
pub const MODEL: &str = "Warifu OTP";

/// Room for the description (PKCS#11 v3.1 s.3.2, `CK_SLOT_INFO`).
const LONGEST_DESCRIPTION: usize = 64;

/// A slot.
pub(crate) struct Slot {
    pub(crate) id: SlotId,
    pub(crate) label: String,
    pub(crate) remote: Remote,
    /// Whether the daemon has said, since the login, that transport keys are not for this caller: so
    /// that not every search that names no class asks in vain.
    pub(crate) keys_are_hidden: AtomicBool,
    first_server: String,
}

impl Slot {
    pub(crate) fn new(config: SlotConfig, threads: bool) -> Self {
        let first_server = config.servers.first().cloned().unwrap_or_default();
        let (id, label) = (SlotId(config.id), config.label.clone());
        let keys_are_hidden = AtomicBool::new(false);
        Self { id, label, first_server, keys_are_hidden, remote: Remote::new(config, threads) }
    }

    /// The same with a log for what happens on the way to the daemons.
    pub(crate) fn with_log(mut self, log: &Log) -> Self {
        self.remote = self.remote.with_log(log);
        self
    }

    /// What `C_GetSlotInfo` shows: the token comes and goes with the daemons.
    pub(crate) fn flags(&self) -> CK_FLAGS {
        let present = if self.remote.is_present() { CKF_TOKEN_PRESENT } else { 0 };
        CKF_REMOVABLE_DEVICE | present
    }

    /// What `C_GetTokenInfo` shows. A key in the clear is a protected authentication path: whoever may
    /// read its file needs no PIN.
    pub(crate) fn token_flags(&self) -> CK_FLAGS {
        let path = if self.remote.needs_pin() { 0 } else { CKF_PROTECTED_AUTHENTICATION_PATH };
        CKF_TOKEN_INITIALIZED | CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED | path
    }

    /// Where the preferred daemon is, as much of it as `CK_SLOT_INFO` has room for.
    pub(crate) fn description(&self) -> &str {
        let mut end = self.first_server.len().min(LONGEST_DESCRIPTION);
        while !self.first_server.is_char_boundary(end) {
            end -= 1;
        }
        self.first_server.get(..end).unwrap_or_default()
    }

    /// Serial number of the token: 16 characters that stay the same as long as its number and label.
    pub(crate) fn serial(&self) -> String {
        token_serial(self.id.0, &self.label)
    }
}

/// What programs remember a token by, together with its label.
pub(crate) fn token_serial(id: u64, label: &str) -> String {
    let digest = Sha256::new().chain_update(id.to_be_bytes()).chain_update(label).finalize();
    let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{number:016x}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn slot(server: &str) -> Slot {
        let config = SlotConfig {
            id: 3,
            label: "Warifu".to_owned(),
            servers: vec![server.to_owned()],
            ca: "/none".into(),
            certificate: "/none".into(),
            key: "/none".into(),
            deadline: Duration::from_secs(1),
            connect_timeout: Duration::from_secs(1),
            import_deadline: Duration::from_secs(1),
        };
        Slot::new(config, false)
    }

    #[test]
    fn a_serial_is_16_characters_and_stays_the_same() {
        assert_eq!(slot("https://a").serial(), slot("https://b").serial());
        assert_eq!(token_serial(3, "Warifu").len(), 16);
        assert_ne!(token_serial(3, "Warifu"), token_serial(4, "Warifu"));
        assert_ne!(token_serial(3, "Warifu"), token_serial(3, "Branch"));
    }

    #[test]
    fn a_description_has_room() {
        assert_eq!(slot("https://a").description(), "https://a");
        let long = format!("https://{}", "é".repeat(40));
        assert_eq!(slot(&long).description().len(), 64);
        assert_eq!(slot(&format!("https://x{}", "é".repeat(40))).description().len(), 63);
    }

    #[test]
    fn without_a_key_file_no_pin_is_asked_for() {
        let flags = slot("https://a").token_flags();
        assert_ne!(flags & CKF_PROTECTED_AUTHENTICATION_PATH, 0);
        assert_ne!(flags & CKF_LOGIN_REQUIRED, 0);
    }
}
