//! New stores: empty, or from a backup. The only two commands that make something from nothing.
//!
//! Not responsible for: keys of the HSM (`warifu hsm init`).

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use ring::rand::{SecureRandom as _, SystemRandom};
use warifu_core::{
    event::{Action, Event, Parties},
    ident::Name,
    rules::Rules,
};
use warifu_keys::hsm::{Hsm, Provider};
use warifu_store::{
    backup::{self, RestoreError, RestoreOptions, RestoreReport},
    record::{self, StoreMeta},
    sled_engine::SledStore,
};

use super::runtime;
use crate::{Stopped, clock::Clock, config::Config};

/// See [`crate::init`].
pub(crate) fn init(config: &Config, instance: &str) -> Result<(), Stopped> {
    let instance = Name::parse(instance)
        .map_err(|error| Stopped::Misconfigured(format!("--instance {error}")))?;
    let provider = ask_hsm(config)?;
    let now_ms = Clock::start(&config.clock, None).untrusted_ms();
    let meta = StoreMeta::new(random_id()?, now_ms, &provider.fingerprint, instance.clone());
    let event = Event {
        at_ms: now_ms,
        institution: None,
        actor: instance,
        action: Action::Init,
        serial: None,
        outcome: "done",
        number: None,
        note: None,
        parties: Parties::default(),
    };
    SledStore::init(&config.store.path, &meta, &[record::encode_event(&event)])?;
    println!("created the store {}", config.store.path.display());
    println!("  HSM token {} (fingerprint {})", provider.token_label, provider.fingerprint);
    println!("  audit key {}", hex::encode(provider.audit_public_key));
    Ok(())
}

/// See [`crate::restore`].
pub(crate) fn restore(config: &Config, from: &Path, audit: Option<&Path>) -> Result<(), Stopped> {
    let provider = ask_hsm(config)?;
    let windows = config.institutions.values().map(|rules| widest(rules));
    let options = RestoreOptions {
        public_key: &provider.audit_public_key,
        now_ms: Clock::start(&config.clock, None).untrusted_ms(),
        window_steps: windows.max().unwrap_or_default(),
        store_id: random_id()?,
        actor: Name::parse("warifud").map_err(|error| Stopped::Bug(error.to_string()))?,
    };
    let backup = open(from)?;
    let mut export = audit.map(open).transpose()?;
    let export = export.as_mut().map(|export| export as &mut dyn BufRead);
    let report = backup::restore(&config.store.path, backup, export, &options)
        .map_err(|error| told(&error))?;
    tell(config, &report);
    Ok(())
}

/// The HSM must be there and pass its self-test: a store belongs to one token.
fn ask_hsm(config: &Config) -> Result<Provider, Stopped> {
    runtime()?.block_on(async {
        let hsm = Hsm::start(config.hsm.supervisor.clone()).await?;
        let provider = hsm.provider();
        provider.ok_or_else(|| Stopped::Unavailable("the HSM is out of reach".to_owned()))
    })
}

fn random_id() -> Result<[u8; 16], Stopped> {
    let mut id = [0; 16];
    let filled = SystemRandom::new().fill(&mut id);
    filled.map_err(|_| Stopped::Unavailable("no random numbers".to_owned()))?;
    Ok(id)
}

/// A code accepted just before the loss may have stood this far ahead of our clock.
fn widest(rules: &Rules) -> u32 {
    rules.verification.window_steps.max(rules.registration.window_steps)
}

fn open(path: &Path) -> Result<BufReader<File>, Stopped> {
    let file = File::open(path);
    let file =
        file.map_err(|error| Stopped::Misconfigured(format!("{}: {error}", path.display())))?;
    Ok(BufReader::new(file))
}

fn told(error: &RestoreError) -> Stopped {
    let text = match error {
        RestoreError::Export(fault) => format!("{error}: {fault}"),
        RestoreError::Store(inner) => format!("{error}: {inner}"),
        RestoreError::Io(inner) => format!("{error}: {inner}"),
        RestoreError::Damaged { .. } | RestoreError::Forged | RestoreError::OtherChain => {
            error.to_string()
        }
    };
    Stopped::Misconfigured(text)
}

fn tell(config: &Config, report: &RestoreReport) {
    println!("restored the store {}", config.store.path.display());
    println!("  tokens {}, batches {}", report.tokens, report.batches);
    println!("  contracts {}, users {}", report.contracts, report.users);
    println!("  audit records {}, brought up to date {}", report.audit_records, report.brought_up);
    println!("  users whose token was taken since the backup {}", report.ended);
    if report.unfinished_batches > 0 {
        println!("  left out {} unfinished batch(es)", report.unfinished_batches);
    }
    println!("  time-based tokens refuse every code up to now;");
    println!("  event-based tokens ask for two consecutive codes once");
}
