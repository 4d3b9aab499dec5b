//! A slot and its token: what programs are shown of them.
//!
//! Not responsible for reaching the daemons, see [`crate::remote`].

use cryptoki_sys::{
    CK_FLAGS, CKF_LOGIN_REQUIRED, CKF_PROTECTED_AUTHENTICATION_PATH, CKF_REMOVABLE_DEVICE,
    CKF_TOKEN_INITIALIZED, CKF_TOKEN_PRESENT, CKF_USER_PIN_INITIALIZED,
};

use crate::{config::SlotConfig, handle::SlotId, remote::Remote};

/// Who made this, as `C_GetInfo`, slots and tokens say it.
pub(crate) const MANUFACTURER: &str = "Warifu";
/// Model of the tokens.
pub(crate) const MODEL: &str = "Warifu OTP";

/// A slot.
pub(crate) struct Slot {
    pub(crate) id: SlotId,
    pub(crate) label: String,
    pub(crate) remote: Remote,
    first_server: String,
}

impl Slot {
    pub(crate) fn new(config: SlotConfig, threads: bool) -> Self {
        let first_server = config.servers.first().cloned().unwrap_or_default();
        let (id, label) = (SlotId(config.id), config.label.clone());
        Self { id, label, first_server, remote: Remote::new(config, threads) }
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

    /// Where the daemon is.
    pub(crate) fn description(&self) -> &str {
        &self.first_server
    }

    /// Serial number of the token: 16 characters that stay the same as long as its number and label.
    pub(crate) fn serial(&self) -> String {
        format!("{:016x}", self.id.0)
    }
}
