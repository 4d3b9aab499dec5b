//! The client against a real TLS server on loopback: what it sends, what it makes of the answers,
//! and what it does when there is none.

mod lifecycle;
mod officers;
mod server;
mod signing;

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use serde_json::json;
use warifu_api::{
    IdempotencyKey, ProblemType, SecretText,
    client::{Client, ClientError, Protocol},
    token::{Outcome, TokenQuery},
};

use crate::server::{Pki, Reply, Server, response};

const ACCEPTED: &str = r#"{"serial":"0012","outcome":"accepted","remaining_attempts":5,"checked_at":"2026-11-21T13:30:00Z","request_id":"r1"}"#;

fn code() -> SecretText {
    SecretText::new("755224".to_owned())
}

fn key_of(request: &Request<Incoming>) -> String {
    let value = request.headers().get("idempotency-key").expect("a key");
    value.to_str().expect("ASCII").to_owned()
}

async fn verifying(request: Request<Incoming>) -> Reply {
    assert_eq!(request.method(), "POST");
    assert_eq!(request.uri().path(), "/v1/tokens/0012/verify");
    assert_eq!(request.headers()["content-type"], "application/json");
    assert_eq!(key_of(&request).len(), 32);
    let body = request.into_body().collect().await.expect("a body").to_bytes();
    assert_eq!(&body[..], br#"{"code":"755224"}"#);
    Some(response(200, ACCEPTED))
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    for protocol in [Protocol::Http1, Protocol::Http2, Protocol::Any] {
        let server = Server::start(verifying).await;
        let client = server.client(protocol);
        for _ in 0..5 {
            let answer = client.verify("0012", code()).await.unwrap();
            assert_eq!(answer.outcome, Outcome::Accepted);
        }
        assert_eq!(server.connections.load(Ordering::SeqCst), 1, "{protocol:?}");
    }
}

#[tokio::test]
async fn a_burst_over_http2_shares_one_connection() {
    let server = Server::start(verifying).await;
    let client = server.client(Protocol::Any);
    let burst: Vec<_> = (0..32)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.verify("0012", code()).await.map(drop) })
        })
        .collect();
    for one in burst {
        one.await.unwrap().unwrap();
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_problem_keeps_its_type_and_its_delay() {
    let server = Server::start(|_| async {
        let problem = warifu_api::Problem::new(ProblemType::HsmUnavailable);
        let mut answer = response(503, serde_json::to_vec(&problem).unwrap());
        answer.headers_mut().insert("retry-after", HeaderValue::from_static("7"));
        Some(answer)
    })
    .await;
    let error = server.client(Protocol::Any).token("1").await.unwrap_err();
    assert_eq!(error.problem_type(), Some(ProblemType::HsmUnavailable));
    let ClientError::Problem { retry_after, .. } = error else { panic!("{error:?}") };
    assert_eq!(retry_after.unwrap().as_secs(), 7);
}

#[tokio::test]
async fn an_answer_of_something_else_is_not_believed() {
    let server = Server::start(|_| async { Some(response(502, "<html>Bad Gateway</html>")) }).await;
    let error = server.client(Protocol::Http1).tokens(&TokenQuery::default()).await.unwrap_err();
    assert!(matches!(error, ClientError::Foreign { status: 502 }), "{error:?}");
    let server = Server::start(|_| async { Some(response(200, "{}")) }).await;
    let error = server.client(Protocol::Http1).token("1").await.unwrap_err();
    assert!(matches!(error, ClientError::Foreign { status: 200 }), "{error:?}");
}

#[tokio::test]
async fn a_missing_answer_is_asked_for_again_with_the_same_key() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let keys = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&keys);
        let server = Server::start(move |request: Request<Incoming>| {
            let mut keys = seen.lock().unwrap();
            keys.push(key_of(&request));
            let first = keys.len() == 1;
            async move { (!first).then(|| response(200, ACCEPTED)) }
        })
        .await;
        server.client(protocol).verify("0012", code()).await.unwrap();
        let keys = keys.lock().unwrap();
        assert_eq!(keys.len(), 2, "{protocol:?}");
        assert_eq!(keys[0], keys[1], "{protocol:?}");
    }
}

#[tokio::test]
async fn it_does_not_ask_for_ever() {
    let attempts = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&attempts);
    let server = Server::start(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        async { None }
    })
    .await;
    let error = server.client(Protocol::Http1).verify("0012", code()).await.unwrap_err();
    assert!(matches!(error, ClientError::Ambiguous(_)), "{error:?}");
    assert_eq!(attempts.load(Ordering::SeqCst), 2);
}

/// The first attempt may have been carried out, whatever becomes of the second.
#[tokio::test]
async fn a_second_attempt_that_is_turned_away_does_not_settle_the_first() {
    let attempts = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&attempts);
    let server = Server::start(move |_| {
        let first = counter.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
        async move {
            let problem = warifu_api::Problem::new(ProblemType::Draining);
            (!first).then(|| response(503, serde_json::to_vec(&problem).unwrap()))
        }
    })
    .await;
    let client = server.client(Protocol::Http1);
    let error = client.verify("0012", code()).await.unwrap_err();
    assert!(matches!(error, ClientError::Ambiguous(_)), "{error:?}");
    // A question that only reads is answered by any attempt.
    let error = client.token("0012").await.unwrap_err();
    assert_eq!(error.problem_type(), Some(ProblemType::Draining));
    assert_eq!(attempts.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn the_callers_own_key_is_used() {
    let server = Server::start(|request| async move {
        assert_eq!(key_of(&request), "transfer-4711");
        Some(response(200, ACCEPTED))
    })
    .await;
    let key = IdempotencyKey::parse("transfer-4711").unwrap();
    let client = server.client(Protocol::Any).with_idempotency_key(key);
    client.verify("0012", code()).await.unwrap();
}

#[tokio::test]
async fn nobody_at_home_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = Client::new(&Pki::new().client_config(address, Protocol::Any)).unwrap();
    let error = client.verify("0012", code()).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable(_)), "{error:?}");
}

#[tokio::test]
async fn certificates_are_checked_on_both_sides() {
    let server = Server::start(verifying).await;
    let stranger = Pki::new();
    let mut distrusting = server.pki.client_config(server.address, Protocol::Any);
    distrusting.ca = stranger.ca_file();
    let error = Client::new(&distrusting).unwrap().verify("0012", code()).await.unwrap_err();
    assert!(matches!(error, ClientError::Tls(_)), "{error:?}");
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let mut distrusted = stranger.client_config(server.address, protocol);
        distrusted.ca = server.pki.ca_file();
        let error = Client::new(&distrusted).unwrap().verify("0012", code()).await.unwrap_err();
        assert!(matches!(error, ClientError::Tls(_)), "{protocol:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_file_is_sent_piece_by_piece() {
    let job = json!({"id": "i1", "batch": "b", "state": "checking", "dry_run": false,
        "custody": "wrapped", "processed": 0, "accepted": 0, "refused": 0,
        "created_at": "2026-11-21T13:30:00Z"});
    let server = Server::start(move |request: Request<Incoming>| {
        let job = job.to_string();
        async move {
            assert_eq!(request.headers()["content-length"], "1000000");
            let body = request.into_body().collect().await.expect("a body").to_bytes();
            assert!(body.len() == 1_000_000 && body.iter().all(|byte| *byte == b'x'));
            Some(response(202, job))
        }
    })
    .await;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let file = io::Cursor::new(vec![b'x'; 1_000_000]);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let progress = Arc::clone(&seen);
        let client = server.client(protocol);
        let told = move |sent| progress.lock().unwrap().push(sent);
        let job = client.import_content("i1", file, Some(1_000_000), told).await.unwrap();
        assert_eq!(job.id, "i1");
        let seen = seen.lock().unwrap();
        assert!(seen.len() > 10 && seen.is_sorted() && seen.last() == Some(&1_000_000));
    }
}

fn streamed(pieces: Vec<io::Result<&'static str>>) -> Response<server::Body> {
    let frames = pieces.into_iter().map(|one| one.map(|text| Frame::data(Bytes::from(text))));
    // The pause lets the server send what it has so far before a failure.
    let paced = stream::iter(frames).then(|frame| async {
        tokio::task::yield_now().await;
        frame
    });
    Response::new(StreamBody::new(paced).boxed_unsync())
}

#[tokio::test]
async fn a_download_is_whole_or_an_error() {
    let server = Server::start(|request| async move {
        assert_eq!(request.uri().query(), None);
        Some(streamed(vec![Ok("one\n"), Ok("two\n")]))
    })
    .await;
    let mut download = server.client(Protocol::Any).audit_export().await.unwrap();
    let mut file = Vec::new();
    assert_eq!(download.copy_to(&mut file, |_| ()).await.unwrap(), 8);
    assert_eq!(file, b"one\ntwo\n");

    let server = Server::start(|_| async {
        Some(streamed(vec![Ok("one\n"), Err(io::Error::other("HSM lost"))]))
    })
    .await;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let mut download = server.client(protocol).audit_export().await.unwrap();
        let error = download.copy_to(&mut Vec::new(), |_| ()).await.unwrap_err();
        assert!(matches!(error, ClientError::Truncated(_)), "{protocol:?}: {error:?}");
    }
}

#[tokio::test]
async fn not_ready_is_an_answer() {
    let server = Server::start(|_| async {
        let body = r#"{"ready":false,"components":[{"name":"hsm","ready":false}]}"#;
        Some(response(503, body))
    })
    .await;
    let ready = server.client(Protocol::Any).ready().await.unwrap();
    assert!(!ready.ready && ready.components.len() == 1);
}
