//! The operations of officers: keys, ceremonies, staged batches and proposals go where the table
//! says, and carry what they are to carry.

use http::Request;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::{Value, json};
use warifu_api::{
    Operation, ProblemType, SecretText,
    approval::{DecisionRequest, ProposalQuery, ProposalRequest, ProposalState, ProposedOperation},
    client::{Client, Protocol},
    import::ApproveRequest,
    key::{CeremonyRequest, ComponentRequest, ConfirmRequest, KeyShape},
    token::ChangeRequest,
};

use crate::{
    lifecycle::{noting, sent},
    server::{Server, response},
};

fn lost() -> ProposalRequest {
    let operation = ProposedOperation::TokenLost {
        serial: "0012".to_owned(),
        request: ChangeRequest::default(),
    };
    ProposalRequest { operation }
}

fn component() -> ComponentRequest {
    let component = SecretText::new("00112233445566778899aabbccddeeff".to_owned());
    ComponentRequest { component, kcv: Some("3a1f90".to_owned()) }
}

async fn ask_for_keys(client: &Client) {
    sent(&client.keys().await);
    sent(&client.key_public("acme").await);
    sent(&client.wrapping_keys().await);
    let open = CeremonyRequest {
        label: "acme".to_owned(),
        shape: KeyShape::Aes256,
        components: 3,
        kcv_method: None,
        kcv: None,
    };
    sent(&client.open_ceremony(&open).await);
    sent(&client.ceremonies().await);
    sent(&client.ceremony("i1").await);
    sent(&client.ceremony_component("i1", &component()).await);
    sent(&client.confirm_ceremony("i1", &ConfirmRequest { kcv: "3a1f90".to_owned() }).await);
    sent(&client.abort_ceremony("i1").await);
}

async fn ask_for_decisions(client: &Client) {
    let approval =
        ApproveRequest { fingerprint: "00ff".to_owned(), accept_quarantined: false, reason: None };
    sent(&client.approve_import("i1", &approval).await);
    sent(&client.reject_import("i1", &DecisionRequest::default()).await);
    sent(&client.propose(&lost()).await);
    sent(&client.proposals(&ProposalQuery::default()).await);
    sent(&client.proposal("i1").await);
    sent(&client.approve_proposal("i1", &DecisionRequest::default()).await);
    sent(&client.reject_proposal("i1", &DecisionRequest::default()).await);
    sent(&client.withdraw_proposal("i1").await);
}

fn is_ours(path: &str) -> bool {
    let starts = ["/v1/ceremonies", "/v1/keys", "/v1/proposals", "/v1/wrapping-keys"];
    let ends = ["/approval", "/rejection"];
    starts.iter().any(|start| path.starts_with(start)) || ends.iter().any(|end| path.ends_with(end))
}

/// Each method goes where the table says, and there is one for each operation.
#[tokio::test]
async fn every_operation_goes_to_its_address() {
    let (server, seen) = noting().await;
    let client = server.client(Protocol::Any);
    ask_for_keys(&client).await;
    ask_for_decisions(&client).await;
    let mut wanted: Vec<_> = Operation::ALL
        .iter()
        .filter(|one| is_ours(one.path()))
        .map(|one| format!("{} {}", one.method().as_str(), one.path()))
        .map(|line| line.replace("{id}", "i1").replace("{label}", "acme"))
        .collect();
    let mut seen = seen.lock().unwrap().clone();
    wanted.sort();
    seen.sort();
    assert_eq!(wanted.len(), 17);
    assert_eq!(seen, wanted);
}

#[tokio::test]
async fn a_proposal_says_what_is_to_be_done_and_comes_back_with_its_fingerprint() {
    let server = Server::start(|request: Request<Incoming>| async move {
        let body = request.into_body().collect().await.expect("a body").to_bytes();
        let mut answer: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(answer, json!({"operation": "token_lost", "serial": "0012", "request": {}}));
        let more = json!({"id": "p1", "state": "open", "fingerprint": "00ff", "proposer": "hanako",
            "created_at": "2026-11-21T13:30:00Z", "expires_at": "2026-11-24T13:30:00Z"});
        let fields = answer.as_object_mut().expect("an object");
        fields.extend(more.as_object().expect("an object").clone());
        Some(response(201, answer.to_string()))
    })
    .await;
    let proposal = server.client(Protocol::Any).propose(&lost()).await.unwrap();
    assert_eq!(proposal.operation, lost().operation);
    assert_eq!((proposal.state, proposal.fingerprint.as_str()), (ProposalState::Open, "00ff"));
}

#[tokio::test]
async fn one_person_alone_is_told_so() {
    let server = Server::start(|_| async {
        let problem = warifu_api::Problem::new(ProblemType::SamePerson);
        Some(response(403, serde_json::to_vec(&problem).expect("JSON")))
    })
    .await;
    let client = server.client(Protocol::Any);
    let error = client.approve_proposal("p1", &DecisionRequest::default()).await.unwrap_err();
    assert_eq!(error.problem_type(), Some(ProblemType::SamePerson));
}
