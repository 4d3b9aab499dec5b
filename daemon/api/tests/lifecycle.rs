//! The wire of the life cycle: what requests may leave out, what they must not have, and that
//! nothing secret is printed.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, from_value, json, to_value};
use warifu_api::{
    action::{
        ActionAnswer, ActionOutcome, DeactivateRequest, IssueRequest, OrderRequest, ReasonRequest,
        RegisterRequest, SkipRequest,
    },
    actor::{Actor, Confirmation},
    authorize::{AuthorizeRequest, OperationClass, Stage},
    contract::{ContractSetRequest, TargetsRequest, UsageModeRequest},
    grant::GrantUseRequest,
    user::{UserSetRequest, UserVerifyRequest},
};

/// The least request is understood, and is understood again as it is sent; one with a field too
/// many is refused: a misspelt field must not be taken for an absent one.
fn least<T: DeserializeOwned + Serialize>(least: Value) -> T {
    let mut more = least.clone();
    let read = |value| from_value::<T>(value).expect("the least request");
    let sent = to_value(read(least.clone())).expect("JSON");
    assert_eq!(to_value(read(sent.clone())).expect("JSON"), sent);
    more.as_object_mut().expect("an object").insert("raison".to_owned(), json!("x"));
    assert!(from_value::<T>(more).is_err());
    read(least)
}

#[test]
fn the_least_requests_are_understood_and_no_field_too_many() {
    least::<ContractSetRequest>(json!({}));
    least::<DeactivateRequest>(json!({}));
    least::<IssueRequest>(json!({"contract": "K1"}));
    least::<OrderRequest>(json!({"kind": "soft"}));
    least::<ReasonRequest>(json!({}));
    least::<RegisterRequest>(json!({"serial": "0012", "code": "755224"}));
    least::<SkipRequest>(json!({}));
    least::<TargetsRequest>(json!({"users": ["U1"]}));
    least::<UserSetRequest>(json!({"role": "general"}));
    least::<GrantUseRequest>(
        json!({"contract": "K1", "user": "U1", "session": "s", "class": "payeasy"}),
    );
    assert!(!least::<UsageModeRequest>(json!({"usage_mode": "common"})).dry_run);
    assert!(!least::<UserVerifyRequest>(json!({"code": "755224"})).grant);
    let actor = least::<Actor>(json!({}));
    assert_eq!(actor.confirmation, Confirmation::NotChecked);
    let operation = least::<AuthorizeRequest>(json!({"class": "transfer_single"}));
    assert_eq!(operation.stage, Stage::Execution);
    assert!(!operation.payee_preregistered && operation.attributes.is_empty());
    assert_eq!(operation.class, OperationClass::TransferSingle);
}

#[test]
fn an_unknown_word_is_not_taken_for_a_known_one() {
    assert!(from_value::<Actor>(json!({"confirmation": "yes"})).is_err());
    assert!(from_value::<OrderRequest>(json!({"kind": "paper"})).is_err());
    assert!(from_value::<AuthorizeRequest>(json!({"class": "transfer"})).is_err());
}

#[test]
fn codes_and_sessions_are_not_printed() {
    let request: RegisterRequest = from_value(json!({"serial": "0012", "code": "755224",
        "actor": {"user": "U1", "session": "abcdef", "code": "287082"}}))
    .expect("a request");
    let printed = format!("{request:?}");
    for secret in ["755224", "abcdef", "287082"] {
        assert!(!printed.contains(secret), "{printed}");
    }
    assert!(printed.contains("U1"));
}

/// What is not known is not there, rather than `null`.
#[test]
fn an_answer_has_what_is_known_only() {
    let answer = to_value(ActionAnswer::new(ActionOutcome::Done)).expect("JSON");
    assert_eq!(answer, json!({"outcome": "done"}));
}
