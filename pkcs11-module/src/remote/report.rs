//! What the tool `warifu-pkcs11` shows of a slot: which daemons are in reach, whether they accept us, and
//! what we may do there. Every daemon is asked by itself.
//!
//! Not responsible for how it is shown.

use serde::Serialize;
use warifu_api::{
    ProblemType,
    client::{Client, Resolution},
    token::TokenQuery,
};
use zeroize::Zeroizing;

use super::{Remote, Trouble, presence::any_in_reach};
use crate::{
    config::{Address, SlotConfig},
    fault::Fault,
};

/// A slot as it is now.
#[derive(Debug, Serialize)]
pub struct SlotReport {
    /// Number of the slot.
    pub slot: u64,
    /// Label of its token.
    pub label: String,
    /// Serial number of its token.
    pub serial: String,
    /// Whether a PIN opens the key file.
    pub needs_pin: bool,
    /// Each daemon, the preferred one first.
    pub servers: Vec<ServerReport>,
}

/// One daemon of a slot.
#[derive(Debug, Serialize)]
pub struct ServerReport {
    /// Its address.
    pub server: String,
    /// Whether a connection stands.
    pub in_reach: bool,
    /// Whether it accepts our certificate, and is what the configuration trusts.
    pub accepted: bool,
    /// Whether we may list tokens; unknown where we are not accepted.
    pub may_list: Option<bool>,
    /// What `C_Login` would answer, where it would fail.
    pub error: Option<&'static str>,
    /// Why.
    pub why: Option<String>,
}

impl SlotReport {
    /// Asks each daemon of the slot. The PIN is needed where the key file is encrypted.
    pub fn of(config: &SlotConfig, pin: Option<&Zeroizing<Vec<u8>>>) -> Self {
        let needs_pin = Remote::new(config.clone(), true).needs_pin();
        // To a key in the clear any PIN would be a wrong one.
        let pin = pin.filter(|_| needs_pin);
        let one = |server: &String| server_report(config, server, pin);
        Self {
            slot: config.id,
            label: config.label.clone(),
            serial: config.token_serial(),
            needs_pin,
            servers: config.servers.iter().map(one).collect(),
        }
    }

    /// Whether a program could work with the slot.
    pub fn is_usable(&self) -> bool {
        self.servers.iter().any(|server| server.accepted)
    }
}

fn server_report(
    config: &SlotConfig,
    server: &str,
    pin: Option<&Zeroizing<Vec<u8>>>,
) -> ServerReport {
    let addresses: Vec<_> = Address::parse(server).into_iter().collect();
    let in_reach = any_in_reach(&addresses, config.connect_timeout, Resolution::Thread);
    let alone = SlotConfig { servers: vec![server.to_owned()], ..config.clone() };
    let remote = Remote::new(alone, true);
    let login = remote.unlock(pin);
    let accepted = login.is_ok();
    let listed = accepted.then(|| may_list(&remote));
    let (may_list, failed) = match listed {
        Some(Ok(may)) => (Some(may), None),
        Some(Err(trouble)) => (None, Some(Fault::from(trouble))),
        None => (None, login.err()),
    };
    ServerReport {
        server: server.to_owned(),
        in_reach,
        accepted,
        may_list,
        error: failed.as_ref().map(|fault| fault.rv.name()),
        why: failed.map(|fault| fault.why.into_owned()),
    }
}

/// Listing is for staff; a front end checks codes and searches by serial.
fn may_list(remote: &Remote) -> Result<bool, Trouble> {
    let query = TokenQuery { limit: Some(1), ..TokenQuery::default() };
    let page =
        remote.ask(None, remote.deadline(), async |client: &Client| client.tokens(&query).await);
    match page {
        Ok(_) => Ok(true),
        Err(Trouble::Problem(ProblemType::Forbidden)) => Ok(false),
        Err(trouble) => Err(trouble),
    }
}
