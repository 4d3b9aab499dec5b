//! The module's life in a process: `C_Initialize`, `C_Finalize`, and what a fork does to it.
//!
//! A child after fork has its parent's memory but not its threads, and shares its sockets. So the
//! child is told that nothing is initialised, and what it inherited is never used, closed or freed: a
//! goodbye on the parent's connection would end the parent's session. The present module is reached
//! without a lock, because a thread that held one may not exist in the child.
//!
//! Not responsible for what the module does in between.

use std::{
    io::{self, Write as _},
    mem,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwapOption;

use crate::{
    config::Config,
    fault::{Fault, Outcome},
    provider::Provider,
    rv::Rv,
};

static CURRENT: ArcSwapOption<Provider> = ArcSwapOption::const_empty();

/// Forks since the module was loaded.
static FORKS: AtomicU64 = AtomicU64::new(0);

/// Which process this is. The number alone does not tell: the first process of a container has the
/// number of the first one in a container within.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Process {
    number: u32,
    forks: u64,
}

impl Process {
    pub(crate) fn current() -> Self {
        Self { number: std::process::id(), forks: FORKS.load(Ordering::Relaxed) }
    }
}

/// Makes this process another one than it was: a child after fork.
pub(crate) fn forked() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// What the host says in `C_Initialize`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Host {
    /// Whether threads may be made.
    pub(crate) threads: bool,
    /// The host's text for this module, as p11-kit's `x-init-reserved` gives it.
    pub(crate) reserved: Option<String>,
}

/// `C_Initialize`.
pub(crate) fn initialise(host: &Host) -> Outcome<()> {
    let before = CURRENT.load_full();
    if before.as_deref().is_some_and(is_ours) {
        return Err(Rv::CryptokiAlreadyInitialized.into());
    }
    let config = Config::load(host.reserved.as_deref()).map_err(|fault| {
        // A host without standard error hears of it by the return value.
        let _ = writeln!(io::stderr(), "warifu-pkcs11: {fault}");
        Fault::new(Rv::GeneralError, "the configuration can not be used")
    })?;
    let provider = Arc::new(Provider::new(config, host.threads));
    let found = CURRENT.compare_and_swap(&before, Some(provider));
    let raced = match (&before, found.as_ref()) {
        (None, None) => false,
        (Some(before), Some(found)) => !Arc::ptr_eq(before, found),
        _ => true,
    };
    if raced {
        return Err(Rv::CryptokiAlreadyInitialized.into());
    }
    mem::forget(before); // the parent's, if anybody's
    Ok(())
}

/// `C_Finalize`.
pub(crate) fn finalise() -> Outcome<()> {
    let provider = current()?;
    let found = CURRENT.compare_and_swap(&provider, None);
    if !found.as_ref().is_some_and(|found| Arc::ptr_eq(found, &provider)) {
        return Err(Rv::CryptokiNotInitialized.into());
    }
    provider.finalise();
    Ok(())
}

/// The module, if this process has initialised it.
pub(crate) fn current() -> Outcome<Arc<Provider>> {
    match CURRENT.load_full() {
        Some(provider) if is_ours(&provider) => Ok(provider),
        Some(inherited) => {
            mem::forget(inherited);
            Err(Rv::CryptokiNotInitialized.into())
        }
        None => Err(Rv::CryptokiNotInitialized.into()),
    }
}

fn is_ours(provider: &Provider) -> bool {
    provider.process == Process::current()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_another_process_whatever_its_number() {
        let before = Process::current();
        assert_eq!(before, Process::current());
        forked();
        assert_ne!(before, Process::current());
        assert_eq!(before.number, Process::current().number);
    }
}
