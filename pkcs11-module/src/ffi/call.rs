//! The way that every call takes: is the module initialised in this process, what came of it, how
//! long it took; and no panic goes any further.
//!
//! Not responsible for what is called.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use cryptoki_sys::{CK_RV, CKR_OK};

use crate::{
    clock,
    config::Level,
    fault::{Fault, Outcome},
    process,
    provider::Provider,
    rv::Rv,
};

/// Calls a function that needs the module initialised, by this process and not by its parent.
pub(super) fn run(name: &str, function: impl FnOnce(&Arc<Provider>) -> Outcome<()>) -> CK_RV {
    run_always(|| {
        let provider = process::current()?;
        let began = clock::now();
        let outcome = contained(|| function(&provider));
        if outcome.as_ref().is_err_and(is_defect) {
            provider.log.event(Level::Warn, &format!("{name}: {DEFECT}"));
        }
        provider.log.call(name, outcome.as_ref().err(), clock::now() - began);
        outcome
    })
}

/// Calls a function that may be called at any time.
pub(super) fn run_always(function: impl FnOnce() -> Outcome<()>) -> CK_RV {
    contained(function).map_or_else(|fault| fault.rv.code(), |()| CKR_OK)
}

const DEFECT: &str = "a defect of the module; see what the panic said on standard error";

fn is_defect(fault: &Fault) -> bool {
    fault.why == DEFECT
}

/// A panic that reached C would end the host's process. What is shared is behind locks whose values are
/// only replaced whole, so the next call finds nothing half-done.
fn contained(function: impl FnOnce() -> Outcome<()>) -> Outcome<()> {
    catch_unwind(AssertUnwindSafe(function))
        .unwrap_or_else(|_| Err(Fault::new(Rv::GeneralError, DEFECT)))
}

#[cfg(test)]
mod tests {
    use cryptoki_sys::{CKR_CRYPTOKI_NOT_INITIALIZED, CKR_GENERAL_ERROR, CKR_NO_EVENT};

    use super::*;

    #[test]
    fn a_panic_is_a_general_error() {
        assert_eq!(run_always(|| panic!("on purpose")), CKR_GENERAL_ERROR);
        assert!(contained(|| panic!("on purpose")).is_err_and(|fault| is_defect(&fault)));
    }

    #[test]
    fn an_outcome_is_its_value() {
        assert_eq!(run_always(|| Ok(())), CKR_OK);
        assert_eq!(run_always(|| Err(Rv::NoEvent.into())), CKR_NO_EVENT);
    }

    #[test]
    fn nothing_is_called_before_the_module_is_initialised() {
        let code = run("C_GetInfo", |_| panic!("it was called"));
        assert_eq!(code, CKR_CRYPTOKI_NOT_INITIALIZED);
    }
}
