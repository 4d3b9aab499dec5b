//! The operations of the life cycle: where each goes, what it carries, what it makes of the answer.

use std::sync::{Arc, Mutex};

use http::Request;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::{Value, json};
use warifu_api::{
    Language, Operation, SecretText,
    action::{
        ActionOutcome, DeactivateRequest, IssueRequest, OrderRequest, ReasonRequest,
        RegisterRequest, SkipRequest,
    },
    actor::{Actor, Confirmation},
    authorize::{AuthorizeRequest, Decision, OperationClass},
    client::{Client, ClientError, Protocol},
    contract::{
        ContractSetRequest, ContractTokenQuery, TargetsRequest, UsageMode, UsageModeRequest,
        UserQuery,
    },
    denial::DenialReason,
    grant::GrantUseRequest,
    token::{Outcome, Reason, TokenKind},
    user::{
        ListedState, Role, UserRemoveQuery, UserSetRequest, UserStatusQuery, UserVerifyRequest,
    },
};

use crate::{
    server::{Server, response},
    signing::is_ours,
};

/// Method, path and query of each request, in the order in which they came.
pub(crate) type Seen = Arc<Mutex<Vec<String>>>;

/// A server that notes where requests go and whose answers fit no operation.
pub(crate) async fn noting() -> (Server, Seen) {
    let seen = Seen::default();
    let notes = Arc::clone(&seen);
    let server = Server::start(move |request: Request<Incoming>| {
        let changes = request.method() != "GET";
        assert_eq!(request.headers().contains_key("idempotency-key"), changes);
        notes.lock().expect("no panic elsewhere").push(format!(
            "{} {}",
            request.method(),
            request.uri().path()
        ));
        async { Some(response(200, "{}")) }
    })
    .await;
    (server, seen)
}

/// `{}` lacks what every answer has, so all of them are refused; only the way there counts here.
pub(crate) fn sent<T: std::fmt::Debug>(result: &Result<T, ClientError>) {
    assert!(matches!(result, Err(ClientError::Foreign { status: 200 })), "{result:?}");
}

fn code() -> SecretText {
    SecretText::new("755224".to_owned())
}

fn targets() -> TargetsRequest {
    let users = vec!["U1".to_owned()];
    TargetsRequest { actor: None, users, reason: None, reference: None }
}

async fn ask_for_contracts(client: &Client) {
    sent(&client.set_contract("K1", &ContractSetRequest::default()).await);
    sent(&client.contract("K1").await);
    sent(&client.contract_users("K1", &UserQuery::default()).await);
    sent(&client.contract_tokens("K1", &ContractTokenQuery::default()).await);
    let usage = UsageModeRequest {
        actor: None,
        usage_mode: UsageMode::Common,
        dry_run: true,
        reason: None,
        reference: None,
    };
    sent(&client.change_usage_mode("K1", &usage).await);
    sent(&client.unlock_users("K1", &targets()).await);
    sent(&client.revoke_users("K1", &targets()).await);
}

async fn ask_for_users(client: &Client) {
    sent(&client.set_user("K1", "U1", &UserSetRequest { role: Role::Master }).await);
    sent(&client.user("K1", "U1").await);
    sent(&client.remove_user("K1", "U1", &UserRemoveQuery::default()).await);
    sent(&client.user_status("K1", "U1", &UserStatusQuery::default()).await);
    let order = OrderRequest { actor: None, kind: TokenKind::Soft, reason: None, reference: None };
    sent(&client.order_token("K1", "U1", &order).await);
    let register = RegisterRequest {
        actor: None,
        serial: "0012".to_owned(),
        serial_again: None,
        code: code(),
        reason: None,
        reference: None,
    };
    sent(&client.register_token("K1", "U1", &register).await);
    sent(&client.skip_registration("K1", "U1", &SkipRequest::default()).await);
    let operation = AuthorizeRequest::new(OperationClass::TransferSingle);
    sent(&client.authorize("K1", "U1", &operation).await);
    let verify = UserVerifyRequest { actor: None, code: code(), class: None, grant: false };
    sent(&client.verify_user("K1", "U1", &verify).await);
    sent(&client.deactivate_user("K1", "U1", &DeactivateRequest::default()).await);
}

async fn ask_for_grants_and_tokens(client: &Client) {
    let further = GrantUseRequest {
        contract: "K1".to_owned(),
        user: "U1".to_owned(),
        session: SecretText::new("s1".to_owned()),
        class: OperationClass::TransferSingle,
    };
    sent(&client.use_grant("g1", &further).await);
    sent(&client.end_grant("g1").await);
    let issue = IssueRequest {
        contract: "K1".to_owned(),
        user: Some("U1".to_owned()),
        reason: None,
        reference: None,
    };
    sent(&client.issue_token("0012", &issue).await);
    sent(&client.recall_token("0012", &ReasonRequest::default()).await);
    sent(&client.report_lost("0012", &ReasonRequest::default()).await);
    sent(&client.token_history("0012").await);
}

/// Each method goes where the table says, and there is one for each operation.
#[tokio::test]
async fn every_operation_goes_to_its_address() {
    let (server, seen) = noting().await;
    let client = server.client(Protocol::Any);
    ask_for_contracts(&client).await;
    ask_for_users(&client).await;
    ask_for_grants_and_tokens(&client).await;
    let ours = |one: &Operation| {
        let last = ["history", "issue", "lost", "recall"];
        ["/v1/contracts/", "/v1/grants/"].iter().any(|start| one.path().starts_with(start))
            || one.path().rsplit('/').next().is_some_and(|end| last.contains(&end))
    };
    let mut wanted: Vec<_> = Operation::ALL
        .iter()
        .filter(|one| ours(one) && !is_ours(**one))
        .map(|one| format!("{} {}", one.method().as_str(), one.path()))
        .map(|line| line.replace("{contract}", "K1").replace("{user}", "U1"))
        .map(|line| line.replace("{grant}", "g1").replace("{serial}", "0012"))
        .collect();
    let mut seen = seen.lock().unwrap().clone();
    wanted.sort();
    seen.sort();
    assert_eq!(wanted.len(), 23);
    assert_eq!(seen, wanted);
}

#[tokio::test]
async fn a_registration_carries_its_actor_and_its_language() {
    let server = Server::start(|request: Request<Incoming>| async move {
        assert_eq!(request.uri().path(), "/v1/contracts/K-1/users/taro%40example.jp/registrations");
        assert_eq!(request.headers()["accept-language"], "ja");
        let body = request.into_body().collect().await.expect("a body").to_bytes();
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        let actor = json!({"user": "U1", "confirmation": "right", "code": "755224"});
        let sent = json!({"actor": actor, "serial": "0012", "code": "755224"});
        assert_eq!(body, sent);
        let answer = json!({"outcome": "refused", "reason": "serial_in_use",
            "text": "このトークンは別のユーザが利用中です。"});
        Some(response(200, answer.to_string()))
    })
    .await;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let mut config = server.pki.client_config(server.address, protocol);
        config.language = Some(Language::Ja);
        let client = Client::new(&config).expect("a client");
        let actor = Actor {
            user: Some("U1".to_owned()),
            confirmation: Confirmation::Right,
            code: Some(code()),
            ..Actor::default()
        };
        let request = RegisterRequest {
            actor: Some(actor),
            serial: "0012".to_owned(),
            serial_again: None,
            code: code(),
            reason: None,
            reference: None,
        };
        let answer = client.register_token("K-1", "taro@example.jp", &request).await.unwrap();
        assert_eq!(answer.outcome, ActionOutcome::Refused);
        assert_eq!(answer.reason, Some(DenialReason::SerialInUse));
        assert!(answer.text.is_some());
    }
}

#[tokio::test]
async fn no_language_is_asked_for_unless_it_is_set() {
    let server = Server::start(|request: Request<Incoming>| async move {
        assert!(!request.headers().contains_key("accept-language"));
        let answer = json!({"decision": "required", "factor": "otp"});
        Some(response(200, answer.to_string()))
    })
    .await;
    let client = server.client(Protocol::Any);
    let request = AuthorizeRequest::new(OperationClass::Payeasy);
    let answer = client.authorize("K1", "U1", &request).await.unwrap();
    assert_eq!(answer.decision, Decision::Required);
}

#[tokio::test]
async fn lists_and_logins_are_narrowed_by_their_query() {
    let server = Server::start(|request: Request<Incoming>| async move {
        let answer = if request.uri().path() == "/v1/contracts/K1/users" {
            assert_eq!(request.uri().query(), Some("limit=2&state=in_service"));
            json!({"items": [{"user": "U1", "role": "general", "state": "in_service",
                "authentication": "stopped", "serial": "0012", "kind": "hard"}]})
        } else {
            assert_eq!(request.uri().query(), Some("rights=payeasy%2Clogin"));
            json!({"screen": "locked", "login_allowed": false, "login_blocked": "locked",
                "state": "in_service", "authentication": "stopped"})
        };
        Some(response(200, answer.to_string()))
    })
    .await;
    let client = server.client(Protocol::Any);
    let query =
        UserQuery { limit: Some(2), state: Some(ListedState::InService), ..UserQuery::default() };
    let page = client.contract_users("K1", &query).await.unwrap();
    assert_eq!(page.items[0].serial.as_deref(), Some("0012"));
    let query = UserStatusQuery { rights: Some("payeasy,login".to_owned()) };
    let status = client.user_status("K1", "U1", &query).await.unwrap();
    assert!(!status.login_allowed);
}

#[tokio::test]
async fn a_wrong_code_of_a_user_is_an_answer() {
    let server = Server::start(|_| async {
        let answer = json!({"outcome": "rejected", "reason": "not_accepted",
            "checked_at": "2026-11-21T13:30:00Z", "request_id": "r1"});
        Some(response(200, answer.to_string()))
    })
    .await;
    let request = UserVerifyRequest { actor: None, code: code(), class: None, grant: false };
    let answer = server.client(Protocol::Any).verify_user("K1", "U1", &request).await.unwrap();
    assert_eq!((answer.outcome, answer.reason), (Outcome::Rejected, Some(Reason::NotAccepted)));
    assert_eq!(answer.remaining_attempts, None);
}
