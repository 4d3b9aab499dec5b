//! The wire of tokens that sign: what requests may leave out, what they must not have, and that
//! what was signed reads as it was ordered.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, from_value, json, to_value};
use warifu_api::{
    action::{ActionAnswer, ActionOutcome},
    camera::{ActivationRequest, ActivationShowQuery, CameraDeactivateRequest, CameraLeaveAnswer},
    challenge::{
        ChallengeAnswer, ChallengeCancelQuery, ChallengeRequest, ChallengeShowQuery, CodeRequest,
        Image, Message, Prompt, PromptEntry, PromptLabel, PromptUse,
    },
    signing::{Order, Signed},
    token::TokenDetail,
    user::{UserDetail, UserStatusAnswer},
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
    let activation = least::<ActivationRequest>(json!({"serial": "0112345679"}));
    assert_eq!(activation.image, Image::Png);
    assert!(!activation.may_approve, "nobody is vouched for by leaving it out");
    least::<ActivationShowQuery>(json!({}));
    least::<CameraDeactivateRequest>(json!({}));
    least::<ChallengeCancelQuery>(json!({"session": "s"}));
    least::<ChallengeRequest>(json!({"operation": {"type": "login"}}));
    least::<ChallengeShowQuery>(json!({"session": "s"}));
    least::<CodeRequest>(json!({"code": "53118894", "image": "none"}));
    assert!(from_value::<CodeRequest>(json!({"code": "1", "image": "gif"})).is_err());
}

fn account() -> Value {
    json!({"bank": "0138", "branch": "201", "account_type": "ordinary", "account": "1234567"})
}

fn payer() -> Value {
    json!({"branch": "011", "account_type": "current", "account": "0012345"})
}

fn transfer() -> Value {
    json!({"type": "transfer", "payer": payer(), "payee": account(), "payee_name": "ｱｵｿﾗ",
        "amount": 1_250_000, "date": "2025-11-28"})
}

#[test]
fn every_order_is_understood_and_no_field_too_many() {
    let orders = [
        transfer(),
        json!({"type": "batch", "kind": "salary", "date": "2025-11-28", "records": "MTE="}),
        json!({"type": "payee_registration", "payee": account(), "payee_name": "ｱｵｿﾗ"}),
        json!({"type": "admin", "text": "ﾘﾖｳｼﾔ ﾂｲｶ"}),
        json!({"type": "share"}),
        json!({"type": "deactivate"}),
        json!({"type": "login"}),
        json!({"type": "question", "question": "12345678"}),
        json!({"type": "register", "serial": "12345678"}),
    ];
    for order in orders {
        least::<Order>(order.clone());
        let request = json!({"operation": order});
        assert!(from_value::<ChallengeRequest>(request).is_ok());
    }
    assert!(from_value::<Order>(json!({"type": "loan"})).is_err());
    assert!(from_value::<Order>(json!({"type": "transfer"})).is_err());
    assert!(from_value::<Order>(json!({"question": "1"})).is_err());
}

/// An account with a field too many may be another account: it is not read as the one without.
#[test]
fn an_account_is_exactly_its_fields() {
    let mut order = transfer();
    order["payee"]["sub_account"] = json!("001");
    assert!(from_value::<Order>(order).is_err());
    let mut order = transfer();
    order["payee"]["account_type"] = json!("1");
    assert!(from_value::<Order>(order).is_err());
    let mut order = transfer();
    order["amount"] = json!(-1);
    assert!(from_value::<Order>(order.clone()).is_err());
    order["amount"] = json!(0.5);
    assert!(from_value::<Order>(order).is_err());
}

#[test]
fn what_was_signed_reads_as_it_was_ordered() {
    let orders = [
        transfer(),
        json!({"type": "payee_registration", "payee": account(), "payee_name": "ｱｵｿﾗ"}),
        json!({"type": "admin", "text": "ﾘﾖｳｼﾔ ﾂｲｶ"}),
    ];
    for order in orders {
        let signed: Signed = from_value(order.clone()).expect("a signed operation");
        assert_eq!(to_value(signed).expect("JSON"), order);
    }
    let batch = json!({"type": "batch", "kind": "transfer", "payer": payer(), "date": "2025-11-28",
        "count": 12, "total": 3_456_789, "hash": "00", "fingerprint": "2652-5006-2080-0641-9657",
        "items": [{"payee": account(), "payee_name": "ｱｵｿﾗ", "amount": 1_250_000}]});
    let signed: Signed = from_value(batch.clone()).expect("a signed batch");
    assert_eq!(to_value(signed).expect("JSON"), batch);
    for kind in ["deactivate", "login"] {
        let plain = json!({ "type": kind });
        let signed: Signed = from_value(plain.clone()).expect("a signed operation");
        assert_eq!(to_value(signed).expect("JSON"), plain);
    }
}

#[test]
fn codes_and_sessions_are_not_printed() {
    let request: CodeRequest = from_value(json!({"code": "53118894",
        "actor": {"user": "U1", "session": "abcdef"}}))
    .expect("a request");
    let query: ChallengeShowQuery = from_value(json!({"session": "abcdef"})).expect("a query");
    let printed = format!("{request:?} {query:?}");
    for secret in ["53118894", "abcdef"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

/// What is not known is not there, rather than `null`.
#[test]
fn an_answer_has_what_is_known_only() {
    let answer = to_value(ChallengeAnswer::new(ActionOutcome::Done)).expect("JSON");
    assert_eq!(answer, json!({"outcome": "done"}));
    let message = Message { text: "TXA1:".to_owned(), format: None, image: None, version: 5 };
    assert_eq!(to_value(message).expect("JSON"), json!({"text": "TXA1:", "version": 5}));
}

/// One answer, flat: callers that know the answers to other changes can read it.
#[test]
fn leaving_a_camera_token_is_answered_like_any_change() {
    let action =
        ActionAnswer { serial: Some("0012".to_owned()), ..ActionAnswer::new(ActionOutcome::Done) };
    let mut answer = CameraLeaveAnswer::from(action.clone());
    answer.challenge = Some("0012-00".to_owned());
    let json = to_value(&answer).expect("JSON");
    assert_eq!(json, json!({"outcome": "done", "serial": "0012", "challenge": "0012-00"}));
    assert_eq!(from_value::<CameraLeaveAnswer>(json.clone()).expect("an answer"), answer);
    assert_eq!(from_value::<ActionAnswer>(json).expect("an answer"), action);
}

#[test]
fn a_prompt_names_its_use() {
    let entry = |label, digits: &str| PromptEntry { label, digits: digits.to_owned() };
    let prompt = Prompt {
        purpose: PromptUse::Account,
        suite: "OCRA-1:HOTP-SHA256-8:QN08-T1M".to_owned(),
        entries: vec![entry(PromptLabel::Lead, "1"), entry(PromptLabel::Account, "0000017")],
        digits: "10000017".to_owned(),
    };
    let json = to_value(&prompt).expect("JSON");
    assert_eq!(json["use"], "account");
    assert_eq!(json["entries"][0], json!({"label": "lead", "digits": "1"}));
    assert_eq!(from_value::<Prompt>(json).expect("a prompt"), prompt);
}

/// Answers that were remembered by an earlier version are recalled all the same.
#[test]
fn answers_of_earlier_versions_are_understood() {
    let status = json!({"screen": "nothing", "login_allowed": true, "state": "in_service",
        "authentication": "available"});
    let status: UserStatusAnswer = from_value(status).expect("an answer");
    assert_eq!(to_value(status).expect("JSON")["camera_screen"], "nothing");
    let user = json!({"user": "U1", "contract": "K1", "role": "general", "state": "unregistered",
        "authentication": "available"});
    assert!(from_value::<UserDetail>(user).expect("an answer").camera.is_none());
    let token = json!({"serial": "0012", "manufacturer": "m", "kind": "hard", "life": "stock",
        "key_id": "k", "algorithm": "hotp", "hash": "SHA1", "digits": 6, "status": "active",
        "failures": 0, "remaining_attempts": 5, "batch": "b", "custody": "wrapped",
        "created_at": "2026-11-21T13:30:00Z"});
    let token: TokenDetail = from_value(token).expect("an answer");
    assert!(token.camera.is_none() && token.suites.is_none());
}
