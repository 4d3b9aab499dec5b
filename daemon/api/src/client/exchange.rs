//! One request and its answer: sending, the retry rule, reading the document.
//!
//! Not responsible for: which request belongs to which operation.

use std::{io, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Request, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
};
use http_body_util::{BodyExt as _, Empty, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time;

use super::{
    Client, ClientError,
    connection::{Body, Connection},
    target::target,
};
use crate::{
    idempotency::{IDEMPOTENCY_KEY, IdempotencyKey},
    language::{ACCEPT_LANGUAGE, Language},
    operation::Operation,
    problem::Problem,
};

/// Largest document that is read into memory.
const MOST_BYTES: usize = 16 << 20;

/// What goes into the body.
pub(super) enum Content {
    /// Nothing.
    None,
    /// A JSON document; can be sent again.
    Json(Bytes),
    /// A file; can be sent once.
    File {
        /// The bytes.
        body: Body,
        /// Their number, where known: lets the server refuse at once what is too large.
        length: Option<u64>,
    },
}

impl Content {
    pub(super) fn json(value: &impl Serialize) -> Result<Self, ClientError> {
        let bytes = serde_json::to_vec(value).map_err(|_| ClientError::Argument("the body"))?;
        Ok(Self::Json(Bytes::from(bytes)))
    }
}

/// A request that can be built again for the second attempt.
struct Draft {
    uri: http::Uri,
    method: http::Method,
    key: Option<IdempotencyKey>,
    language: Option<Language>,
    json: Option<Bytes>,
}

/// An answer whose body was not read yet, and the connection to give back afterwards.
pub(super) struct Answer {
    pub(super) response: Response<Incoming>,
    pub(super) connection: Connection,
}

impl Client {
    /// A request with a JSON document, or nothing, each way.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        operation: Operation,
        arguments: &[&str],
        query: &str,
        content: Content,
    ) -> Result<T, ClientError> {
        let answer = self.open(operation, arguments, query, content).await?;
        let (status, _, bytes) = self.read(answer).await?;
        serde_json::from_slice(&bytes).map_err(|_| ClientError::Foreign { status: status.as_u16() })
    }

    /// A request whose answer, if it is a good one, the caller reads.
    pub(super) async fn open(
        &self,
        operation: Operation,
        arguments: &[&str],
        query: &str,
        content: Content,
    ) -> Result<Answer, ClientError> {
        let answer = self.open_any(operation, arguments, query, content).await?;
        let status = answer.response.status();
        if status.as_u16() == operation.success() {
            return Ok(answer);
        }
        let (_, headers, bytes) = self.read(answer).await?;
        Err(problem(status, &headers, &bytes))
    }

    /// A request whose answer the caller reads, whatever its status.
    pub(super) async fn open_any(
        &self,
        operation: Operation,
        arguments: &[&str],
        query: &str,
        content: Content,
    ) -> Result<Answer, ClientError> {
        let method = match operation.method() {
            crate::operation::Method::Delete => http::Method::DELETE,
            crate::operation::Method::Get => http::Method::GET,
            crate::operation::Method::Post => http::Method::POST,
            crate::operation::Method::Put => http::Method::PUT,
        };
        let key = operation.changes_state().then(|| self.idempotency_key()).transpose()?;
        let uri = target(&self.shared.prepared.authority, operation, arguments, query)?;
        let language = self.shared.prepared.language;
        let mut draft = Draft { uri, method, key, language, json: None };
        if let Content::File { body, length } = content {
            let request = draft.upload(body, length)?;
            let limit = self.shared.prepared.upload_timeout;
            return self.attempt(request, limit).await.map_err(|failure| failure.error);
        }
        if let Content::Json(bytes) = content {
            draft.json = Some(bytes);
        }
        self.twice(&draft).await
    }

    /// The second attempt carries the same idempotency key, so it can not be carried out twice;
    /// a request without one only reads. What the second attempt did not reach says nothing about
    /// the first, which may have been carried out.
    async fn twice(&self, draft: &Draft) -> Result<Answer, ClientError> {
        let limit = self.shared.prepared.answer_timeout;
        let first = match self.attempt(draft.build()?, limit).await {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        if first.timed_out || !matches!(first.error, ClientError::Ambiguous(_)) {
            return Err(first.error);
        }
        self.shared.pool.forget();
        match self.attempt(draft.build()?, limit).await {
            Ok(answer) if draft.key.is_none() || !is_not_now(answer.response.status()) => {
                Ok(answer)
            }
            Err(second) if draft.key.is_none() => Err(second.error),
            Ok(_) | Err(_) => Err(first.error),
        }
    }

    /// Sends on a kept connection, or on a new one if the kept one turns out to be dead before
    /// anything was sent.
    async fn attempt(
        &self,
        mut request: Request<Body>,
        limit: Duration,
    ) -> Result<Answer, Failure> {
        let shared = &self.shared;
        for last in [false, true] {
            let mut connection = shared.pool.take(&shared.prepared).await?;
            let sent = time::timeout(limit, connection.send(request)).await;
            let mut failed = match sent {
                Ok(Ok(response)) => return Ok(Answer { response, connection }),
                Ok(Err(failed)) => failed,
                Err(_) => return Err(Failure::timed_out()),
            };
            shared.pool.forget();
            match failed.take_message() {
                Some(unsent) if !last && !connection.is_refused() => request = unsent,
                Some(_) => return Err(connection.unsent(failed.into_error()).into()),
                None => return Err(connection.unanswered(failed.into_error().into()).into()),
            }
        }
        Err(ClientError::Unreachable(io::Error::from(io::ErrorKind::NotConnected)).into())
    }

    /// Reads the whole body and gives the connection back.
    pub(super) async fn read(
        &self,
        answer: Answer,
    ) -> Result<(StatusCode, HeaderMap, Bytes), ClientError> {
        let (head, body) = answer.response.into_parts();
        let status = head.status;
        let reading = Limited::new(body, MOST_BYTES).collect();
        let bytes = match time::timeout(self.shared.prepared.answer_timeout, reading).await {
            Ok(Ok(collected)) => collected.to_bytes(),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                return Err(ClientError::Foreign { status: status.as_u16() });
            }
            Ok(Err(error)) => return Err(answer.connection.unanswered(error)),
            Err(_) => return Err(Failure::timed_out().error),
        };
        self.shared.pool.give_back(answer.connection);
        Ok((status, head.headers, bytes))
    }
}

/// A server that answers so has not looked for what became of the request before.
fn is_not_now(status: StatusCode) -> bool {
    matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
}

/// Why an attempt failed, and whether by its deadline: then there is no time for a second one.
struct Failure {
    error: ClientError,
    timed_out: bool,
}

impl Failure {
    fn timed_out() -> Self {
        let error = io::Error::from(io::ErrorKind::TimedOut);
        Self { error: ClientError::Ambiguous(Box::new(error)), timed_out: true }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self { error, timed_out: false }
    }
}

impl Draft {
    fn head(&self) -> http::request::Builder {
        let mut builder = Request::builder().method(self.method.clone()).uri(self.uri.clone());
        if let Some(language) = self.language {
            builder = builder.header(ACCEPT_LANGUAGE, language.tag());
        }
        match &self.key {
            Some(key) => builder.header(IDEMPOTENCY_KEY, key.as_str()),
            None => builder,
        }
    }

    fn build(&self) -> Result<Request<Body>, ClientError> {
        let never = |never: std::convert::Infallible| match never {};
        let request = match &self.json {
            Some(bytes) => self
                .head()
                .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .body(Full::new(bytes.clone()).map_err(never).boxed_unsync()),
            None => self.head().body(Empty::new().map_err(never).boxed_unsync()),
        };
        request.map(with_host).map_err(|_| ClientError::Argument("the request"))
    }

    fn upload(&self, body: Body, length: Option<u64>) -> Result<Request<Body>, ClientError> {
        let mut head =
            self.head().header(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        if let Some(length) = length {
            head = head.header(CONTENT_LENGTH, length);
        }
        head.body(body).map(with_host).map_err(|_| ClientError::Argument("the request"))
    }
}

/// HTTP/1.1 demands `Host` (RFC 9112 s.3.2) and the low-level client does not add it.
fn with_host(mut request: Request<Body>) -> Request<Body> {
    let host = request.uri().authority().and_then(|a| HeaderValue::from_str(a.as_str()).ok());
    if let Some(host) = host {
        request.headers_mut().insert(http::header::HOST, host);
    }
    request
}

pub(super) fn problem(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ClientError {
    let Ok(problem) = serde_json::from_slice::<Problem>(body) else {
        return ClientError::Foreign { status: status.as_u16() };
    };
    let retry_after = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(Duration::from_secs);
    ClientError::Problem { problem: Box::new(problem), retry_after }
}
