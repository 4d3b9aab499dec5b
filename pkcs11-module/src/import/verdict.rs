//! What the program is told of an import that came to nothing.
//!
//! Not responsible for imports that came to something, see [`super::staging`].

use warifu_api::import::{ImportJob, ImportState, RefusedKey};

use super::order::Way;
use crate::{fault::Fault, rv::Rv};

/// Why nothing was staged; `None` where something was, or may still be.
pub(super) fn why_not(job: &ImportJob, way: Way) -> Option<Fault> {
    Some(match job.state {
        ImportState::Refused => of_report(job, way),
        ImportState::Failed => {
            let why = job.failure.clone().unwrap_or_else(|| "the import failed".to_owned());
            Fault::new(Rv::DeviceError, why)
        }
        ImportState::Rejected => {
            Fault::new(Rv::ActionProhibited, "another officer rejected the import")
        }
        ImportState::Cancelled => {
            Fault::new(Rv::ActionProhibited, "an officer cancelled the import")
        }
        ImportState::AwaitingContent
        | ImportState::Receiving
        | ImportState::Checking
        | ImportState::Sealing
        | ImportState::Staged
        | ImportState::Done => return None,
    })
}

/// The file has one key, so that the first refusal is the one that counts.
fn of_report(job: &ImportJob, way: Way) -> Fault {
    match job.report.as_ref().and_then(|report| report.refused.first()) {
        Some(refused) => Fault::new(value(&refused.class, way), told(refused)),
        None => Fault::new(value("", way), "the daemon refused the seed; its report says no more"),
    }
}

fn told(refused: &RefusedKey) -> String {
    let RefusedKey { class, field, rule, advice, .. } = refused;
    format!("{class} {field}: {rule}; {advice}")
}

/// By what the program can do about it; the classes are stable.
fn value(class: &str, way: Way) -> Rv {
    match class {
        // The institution's policy: no plain seeds, or none that only one person has looked at.
        "E_EXPOSURE" => Rv::ActionProhibited,
        _ if class.starts_with("W_") => Rv::ActionProhibited,
        "E_KEY_REQUIRED" | "E_KEY_NAME" if way == Way::Unwrap => Rv::UnwrappingKeyHandleInvalid,
        // The daemon's HSM lacks the mechanism.
        "E_HSM" if way == Way::Unwrap => Rv::MechanismInvalid,
        "E_HSM" => Rv::DeviceError,
        "E_DECRYPT" | "E_ENC_ALG" | "E_SECRET_LEN" | "" if way == Way::Unwrap => {
            Rv::WrappedKeyInvalid
        }
        _ => Rv::AttributeValueInvalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::samples::{job, report};

    fn refused(class: &str, way: Way) -> Fault {
        let mut job = job(ImportState::Refused);
        job.report = Some(report(class));
        why_not(&job, way).unwrap()
    }

    #[test]
    fn a_refusal_names_class_rule_and_advice() {
        let fault = refused("E_DUPLICATE", Way::Create);
        assert_eq!(fault.rv, Rv::AttributeValueInvalid);
        assert_eq!(fault.why, "E_DUPLICATE SerialNo: the rule; the advice");
    }

    #[test]
    fn refusals_are_told_by_what_can_be_done_about_them() {
        let cases = [
            ("E_DUPLICATE", Way::Unwrap, Rv::AttributeValueInvalid),
            ("E_DECRYPT", Way::Unwrap, Rv::WrappedKeyInvalid),
            ("E_DECRYPT", Way::Create, Rv::AttributeValueInvalid),
            ("E_SECRET_LEN", Way::Unwrap, Rv::WrappedKeyInvalid),
            ("E_SECRET_LEN", Way::Create, Rv::AttributeValueInvalid),
            ("E_EXPOSURE", Way::Create, Rv::ActionProhibited),
            ("E_EXPOSURE", Way::Unwrap, Rv::ActionProhibited),
            ("W_TEST_SECRET", Way::Create, Rv::ActionProhibited),
            ("E_KEY_REQUIRED", Way::Unwrap, Rv::UnwrappingKeyHandleInvalid),
            ("E_HSM", Way::Unwrap, Rv::MechanismInvalid),
            ("E_HSM", Way::Create, Rv::DeviceError),
        ];
        for (class, way, rv) in cases {
            assert_eq!(refused(class, way).rv, rv, "{class} {way:?}");
        }
    }

    #[test]
    fn every_state_is_a_failure_or_none() {
        let rv = |state| why_not(&job(state), Way::Unwrap).map(|fault| fault.rv);
        assert_eq!(rv(ImportState::Refused), Some(Rv::WrappedKeyInvalid));
        assert_eq!(rv(ImportState::Failed), Some(Rv::DeviceError));
        assert_eq!(rv(ImportState::Rejected), Some(Rv::ActionProhibited));
        assert_eq!(rv(ImportState::Cancelled), Some(Rv::ActionProhibited));
        assert_eq!(rv(ImportState::Staged), None);
        assert_eq!(rv(ImportState::Done), None);
        assert_eq!(rv(ImportState::Sealing), None);
    }

    #[test]
    fn a_failure_says_what_the_daemon_says() {
        let mut failed = job(ImportState::Failed);
        failed.failure = Some("the HSM is out of reach; nothing was kept, try again".to_owned());
        let fault = why_not(&failed, Way::Create).unwrap();
        assert_eq!(fault.why, failed.failure.unwrap());
    }
}
