//! The operations of tokens that sign: where each goes, and what it makes of the answer.

use http::Request;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::{Value, json};
use warifu_api::{
    Operation, SecretText,
    action::DeactivateRequest,
    camera::{
        ActivationRequest, ActivationShowQuery, ActivationStep, CameraDeactivateRequest,
        CameraTokenQuery,
    },
    challenge::{ChallengeCancelQuery, ChallengeRequest, ChallengeShowQuery, CodeRequest, Image},
    client::{Client, Protocol},
    denial::DenialReason,
    signing::{Covered, Order, Signed},
    token::Outcome,
};

use crate::{
    code,
    lifecycle::{noting, sent},
    server::{Server, response},
};

fn session() -> SecretText {
    SecretText::new("s 1".to_owned())
}

fn with_code() -> CodeRequest {
    CodeRequest { actor: None, code: code(), image: Image::None }
}

fn activation() -> ActivationRequest {
    ActivationRequest {
        actor: None,
        serial: "0012".to_owned(),
        serial_again: None,
        login_id: None,
        may_approve: true,
        image: Image::Svg,
        reason: None,
        reference: None,
    }
}

/// Whether this file's methods are for it.
pub(crate) fn is_ours(operation: Operation) -> bool {
    ["/activations", "/camera", "/challenges"].iter().any(|part| operation.path().contains(part))
}

async fn ask_for_activations(client: &Client) {
    sent(&client.start_activation("K1", "U1", &activation()).await);
    sent(&client.activation("K1", "U1", "a1", &ActivationShowQuery::default()).await);
    sent(&client.send_device_code("K1", "U1", "a1", &with_code()).await);
    sent(&client.confirm_activation("K1", "U1", "a1", &with_code()).await);
    sent(&client.camera_tokens("K1", &CameraTokenQuery::default()).await);
    sent(&client.initialise_camera("K1", "0012", &DeactivateRequest::default()).await);
    sent(&client.deactivate_camera("K1", "U1", &CameraDeactivateRequest::default()).await);
    sent(&client.revoke_camera("K1", "U1", &DeactivateRequest::default()).await);
}

async fn ask_for_challenges(client: &Client) {
    let request = ChallengeRequest { actor: None, operation: Order::Login {}, image: Image::None };
    sent(&client.create_challenge("K1", "U1", &request).await);
    let show = ChallengeShowQuery { image: Image::Png, session: session() };
    sent(&client.challenge("K1", "U1", "c1", &show).await);
    sent(&client.verify_challenge("K1", "U1", "c1", &with_code()).await);
    let cancel = ChallengeCancelQuery { session: session() };
    sent(&client.cancel_challenge("K1", "U1", "c1", &cancel).await);
}

/// Each method goes where the table says, and there is one for each operation.
#[tokio::test]
async fn every_operation_goes_to_its_address() {
    let (server, seen) = noting().await;
    let client = server.client(Protocol::Any);
    ask_for_activations(&client).await;
    ask_for_challenges(&client).await;
    let mut wanted: Vec<_> = Operation::ALL
        .iter()
        .filter(|one| is_ours(**one))
        .map(|one| format!("{} {}", one.method().as_str(), one.path()))
        .map(|line| line.replace("{contract}", "K1").replace("{user}", "U1"))
        .map(|line| line.replace("{activation}", "a1").replace("{challenge}", "c1"))
        .map(|line| line.replace("{serial}", "0012"))
        .collect();
    let mut seen = seen.lock().unwrap().clone();
    wanted.sort();
    seen.sort();
    assert_eq!(wanted.len(), 12);
    assert_eq!(seen, wanted);
}

#[tokio::test]
async fn an_activation_carries_its_code_and_brings_the_next_message() {
    let server = Server::start(|request: Request<Incoming>| async move {
        let path = "/v1/contracts/K1/users/U1/activations/0012-00ff/device-code";
        assert_eq!(request.uri().path(), path);
        let body = request.into_body().collect().await.expect("a body").to_bytes();
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(body, json!({"code": "755224", "image": "none"}));
        let answer = json!({"outcome": "done", "activation": "0012-00ff", "step": "confirm_code",
            "message": {"text": "TXA1:AB", "version": 5}, "tries_left": 5});
        Some(response(200, answer.to_string()))
    })
    .await;
    let client = server.client(Protocol::Any);
    let answer = client.send_device_code("K1", "U1", "0012-00ff", &with_code()).await.unwrap();
    assert_eq!(answer.step, Some(ActivationStep::ConfirmCode));
    assert_eq!(answer.message.unwrap().text, "TXA1:AB");
}

#[tokio::test]
async fn a_signature_brings_what_was_signed_and_a_wrong_one_is_an_answer() {
    let server = Server::start(|request: Request<Incoming>| async move {
        let common = json!({"outcome": "rejected", "reason": "bad_code", "retryable": true,
            "tries_left": 2, "challenge": "c1", "serial": "0012",
            "checked_at": "2026-11-21T13:30:00Z", "request_id": "r1"});
        let mut answer = common;
        if request.uri().path().ends_with("/c2/verify") {
            answer["outcome"] = json!("accepted");
            answer["operation"] = json!({"type": "admin", "text": "ﾃｽﾄ", "later": 1});
            answer["covered"] = json!(["kind", "text", "challenge"]);
        }
        Some(response(200, answer.to_string()))
    })
    .await;
    let client = server.client(Protocol::Any);
    let wrong = client.verify_challenge("K1", "U1", "c1", &with_code()).await.unwrap();
    assert_eq!((wrong.outcome, wrong.reason), (Outcome::Rejected, Some(DenialReason::BadCode)));
    assert!(wrong.operation.is_none() && wrong.retryable);
    let right = client.verify_challenge("K1", "U1", "c2", &with_code()).await.unwrap();
    assert_eq!(right.operation, Some(Signed::Admin { text: "ﾃｽﾄ".to_owned() }));
    assert_eq!(right.covered.unwrap(), [Covered::Kind, Covered::Text, Covered::Challenge]);
}

#[tokio::test]
async fn the_session_of_a_challenge_goes_along() {
    let server = Server::start(|request: Request<Incoming>| async move {
        let query = request.uri().query().expect("a query");
        assert!(["image=svg&session=s%201", "session=s%201"].contains(&query), "{query}");
        Some(response(200, r#"{"outcome":"done"}"#))
    })
    .await;
    let client = server.client(Protocol::Any);
    let show = ChallengeShowQuery { image: Image::Svg, session: session() };
    assert!(client.challenge("K1", "U1", "c1", &show).await.unwrap().message.is_none());
    let cancel = ChallengeCancelQuery { session: session() };
    assert!(client.cancel_challenge("K1", "U1", "c1", &cancel).await.is_ok());
}
