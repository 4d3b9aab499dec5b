//! The wire of officers: what requests may leave out, what they must not have, that proposals read as
//! they were made, and that nothing secret is printed.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, from_value, json, to_value};
use warifu_api::{
    approval::{DecisionRequest, Proposal, ProposalRequest, ProposedOperation},
    import::{ApproveRequest, Declared, ImportJob, ImportRequest, ImportState},
    key::{CeremonyRequest, ComponentRequest, ConfirmRequest, TransportKey},
};

/// The least request is understood, and is understood again as it is sent; one with a field too
/// many is refused: a misspelt field must not be taken for an absent one.
fn least<T: DeserializeOwned + Serialize>(least: Value) -> T {
    let mut more = least.clone();
    let read = |value| from_value::<T>(value).expect("the least request");
    let sent = to_value(read(least.clone())).expect("JSON");
    assert_eq!(to_value(read(sent.clone())).expect("JSON"), sent);
    more.as_object_mut().expect("an object").insert("raison".to_owned(), json!("x"));
    assert!(from_value::<T>(more).is_err(), "{least}");
    read(least)
}

#[test]
fn the_least_requests_are_understood_and_no_field_too_many() {
    let approval = least::<ApproveRequest>(json!({"fingerprint": "00ff"}));
    assert!(!approval.accept_quarantined, "quarantine is left only by saying so");
    least::<DecisionRequest>(json!({}));
    least::<Declared>(json!({}));
    least::<CeremonyRequest>(json!({"label": "acme", "shape": "aes-256", "components": 2}));
    least::<ComponentRequest>(json!({"component": "00"}));
    least::<ConfirmRequest>(json!({"kcv": "3a1f90"}));
    let import = least::<ImportRequest>(json!({"declared": {"algorithm": "totp"}}));
    assert!(
        !import.allow_sha1_signature && !import.mac_over_plaintext && import.signature.is_none()
    );
    assert!(from_value::<ImportRequest>(json!({"declared": {"step": 30}})).is_err());
    assert!(from_value::<ImportRequest>(json!({"signature": "skip"})).is_err());
    assert!(
        from_value::<CeremonyRequest>(json!({"label": "acme", "shape": "des", "components": 2}))
            .is_err()
    );
}

fn operations() -> Vec<Value> {
    vec![
        json!({"operation": "camera_initialise", "contract": "K1", "serial": "0012"}),
        json!({"operation": "contract_unlocks", "contract": "K1", "users": ["U1", "U2"],
            "request": {"reason": "r", "reference": "T-1"}}),
        json!({"operation": "key_generate", "label": "acme", "bits": 256}),
        json!({"operation": "key_pair", "label": "acme", "bits": 3072}),
        json!({"operation": "key_destroy", "label": "acme"}),
        json!({"operation": "token_lost", "serial": "0012", "request": {"reason": "train"}}),
        json!({"operation": "wrapping_key_rotate"}),
        json!({"operation": "wrapping_key_destroy", "generation": 1}),
    ]
}

#[test]
fn every_operation_can_be_proposed_and_no_field_too_many() {
    for operation in operations() {
        let request = least::<ProposalRequest>(operation.clone());
        assert_eq!(operation["operation"], request.operation.word());
        let alone: ProposedOperation = from_value(operation.clone()).expect("an operation");
        assert_eq!(alone, request.operation);
        let sent = to_value(&request).expect("JSON");
        for (name, value) in operation.as_object().expect("an object") {
            assert_eq!(sent[name], *value, "{name}");
        }
    }
    for unknown in [
        json!({"operation": "token_found", "serial": "0012"}),
        json!({"operation": "token_lost"}),
        json!({"operation": "wrapping_key_rotate", "generation": 1}),
        json!({"serial": "0012"}),
    ] {
        assert!(from_value::<ProposalRequest>(unknown.clone()).is_err(), "{unknown}");
    }
}

/// An answer may gain fields; what is to be done stays readable, and reads as it was proposed.
#[test]
fn a_proposal_reads_as_it_was_made() {
    for operation in operations() {
        let mut answer = json!({"id": "p1", "state": "failed", "fingerprint": "00ff",
            "proposer": "hanako", "created_at": "2026-11-21T13:30:00Z",
            "expires_at": "2026-11-24T13:30:00Z", "decider": "taro",
            "decided_at": "2026-11-22T09:00:00Z", "reason": "agreed", "outcome": "lost already"});
        let fields = answer.as_object_mut().expect("an object");
        fields.extend(operation.as_object().expect("an object").clone());
        let proposal: Proposal = from_value(answer.clone()).expect("a proposal");
        let request: ProposalRequest = from_value(operation).expect("a request");
        assert_eq!(proposal.operation, request.operation);
        assert_eq!(proposal.reason.as_deref(), Some("agreed"));
        let again: Proposal = from_value(to_value(&proposal).expect("JSON")).expect("a proposal");
        assert_eq!(again, proposal);
        answer["urgency"] = json!("high");
        assert_eq!(from_value::<Proposal>(answer).expect("a proposal"), proposal);
    }
}

#[test]
fn a_component_is_not_printed() {
    let component: ComponentRequest =
        from_value(json!({"component": "00112233445566778899aabbccddeeff", "kcv": "3a1f90"}))
            .expect("a component");
    let printed = format!("{component:?}");
    assert!(!printed.contains("0011") && printed.contains("3a1f90"), "{printed}");
}

/// A job of before there were two people is still read, and a staged one tells what is to be decided.
#[test]
fn old_and_staged_imports_are_read() {
    let mut job = json!({"id": "i1", "batch": "b", "state": "done", "dry_run": false,
        "custody": "wrapped", "processed": 1, "accepted": 1, "refused": 0,
        "created_at": "2026-11-21T13:30:00Z",
        "report": {"file_sha256": "00", "bytes": 1, "accepted": 1, "refused": [],
            "refused_total": 0, "warnings": [], "custody": "wrapped",
            "exposure": {"none": 1, "worker": 0, "daemon": 0}, "expiry": {"never": 1},
            "officer": "hanako", "started_at": "2026-11-21T13:30:00Z"}});
    let old: ImportJob = from_value(job.clone()).expect("a job");
    assert!(
        old.fingerprint.is_none() && old.report.is_some_and(|report| report.samples.is_empty())
    );
    job["state"] = json!("staged");
    job["fingerprint"] = json!("00ff");
    job["expires_at"] = json!("2026-11-24T13:30:00Z");
    let staged: ImportJob = from_value(job).expect("a job");
    assert!(staged.state == ImportState::Staged && staged.state.is_final());
}

/// What is not known is not there, rather than `null`.
#[test]
fn a_key_of_an_unknown_kind_has_no_shape() {
    let key = json!({"label": "acme", "key_use": "unwrap", "origin": "imported", "kcv": "3a1f90",
        "in_hsm": true, "officers": []});
    let read: TransportKey = from_value(key.clone()).expect("a key");
    assert_eq!(to_value(read).expect("JSON"), key);
}
