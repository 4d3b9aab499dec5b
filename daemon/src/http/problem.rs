//! What a failure looks like: one exhaustive `match`, the only place that chooses a problem type.
//!
//! Not responsible for: the documents themselves (warifu-api), or for verdicts, which are answers.

use axum::{
    Extension, Json,
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use warifu_api::{Problem, ProblemType, problem::MEDIA_TYPE};
use warifu_keys::hsm::HsmError;
use warifu_store::StoreError;

use super::extract::Begun;
use crate::failure::Failure;

/// Header that names the request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The document for a failure. Whatever an operator should know is logged here, once, with its
/// chain; none of it goes to the caller.
pub(super) fn of(failure: &Failure, begun: Begun) -> Problem {
    let kind = kind(failure);
    if kind.status() >= 500 {
        let error = chain(failure);
        tracing::warn!(request = %begun.id, problem = kind.word(), error, "no answer");
    }
    match failure {
        Failure::Conflict(detail) => Problem::new(kind).with_detail(detail),
        Failure::Field { field, rule } => Problem::new(kind).with_error(field, *rule),
        Failure::Detail { field, rule } => Problem::new(kind).with_error(field, rule.clone()),
        _ => Problem::new(kind),
    }
}

fn kind(failure: &Failure) -> ProblemType {
    match failure {
        Failure::ApprovalRequired => ProblemType::ApprovalRequired,
        Failure::Bug | Failure::Randomness => ProblemType::Internal,
        Failure::Clock(_) => ProblemType::ClockUntrusted,
        Failure::Conflict(_) => ProblemType::Conflict,
        Failure::Crowded => ProblemType::TooManyRequests,
        Failure::Deadline => ProblemType::Deadline,
        Failure::Field { .. } | Failure::Detail { .. } => ProblemType::InvalidField,
        Failure::Forbidden => ProblemType::Forbidden,
        Failure::Hsm(error) => hsm(error),
        Failure::IdempotencyMismatch => ProblemType::IdempotencyMismatch,
        Failure::NotFound => ProblemType::NotFound,
        Failure::SamePerson => ProblemType::SamePerson,
        Failure::Spool(_) => ProblemType::StoreUnavailable,
        Failure::Store(error) => store(error),
        Failure::TooLarge => ProblemType::PayloadTooLarge,
    }
}

fn hsm(error: &HsmError) -> ProblemType {
    match error {
        HsmError::Unavailable | HsmError::Timeout => ProblemType::HsmUnavailable,
        // Its wrapping key is gone, or this HSM can not compute with it.
        HsmError::BadRecord | HsmError::Unsupported(_) => ProblemType::TokenUnusable,
        HsmError::BadValue
        | HsmError::Conflict(_)
        | HsmError::Malformed
        | HsmError::NoSuchKey
        | HsmError::Unfit => ProblemType::Internal,
    }
}

fn store(error: &StoreError) -> ProblemType {
    match error {
        StoreError::Unavailable | StoreError::Indeterminate | StoreError::Fatal(_) => {
            ProblemType::StoreUnavailable
        }
        StoreError::Full => ProblemType::StoreFull,
        StoreError::Corrupt(_) => ProblemType::TokenUnusable,
        StoreError::Malformed(_) => ProblemType::Internal,
    }
}

/// The error and what is behind it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

/// A problem as a response, named after its request.
pub(super) fn response(problem: Problem, begun: &Begun) -> Response {
    let retry = problem.kind.retry_after_s();
    let problem = problem.with_request_id(&begun.id.to_string()).in_language(begun.language);
    let mut response = render(&problem);
    name_language(&mut response, begun);
    if let Some(seconds) = retry {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    name_request(&mut response, begun);
    response
}

/// A problem without a request behind it.
pub(crate) fn render(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(problem)).into_response();
    let kind = HeaderValue::from_static(MEDIA_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

pub(super) fn name_request(response: &mut Response, begun: &Begun) {
    if let Ok(id) = HeaderValue::from_str(&begun.id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
}

/// In which language the texts of an answer are.
pub(super) fn name_language(response: &mut Response, begun: &Begun) {
    let language = HeaderValue::from_static(begun.language.tag());
    response.headers_mut().insert(header::CONTENT_LANGUAGE, language);
}

pub(super) async fn no_such_path(Extension(begun): Extension<Begun>) -> Response {
    response(Problem::new(ProblemType::NotFound), &begun)
}

pub(super) async fn no_such_method(Extension(begun): Extension<Begun>) -> Response {
    response(Problem::new(ProblemType::MethodNotAllowed), &begun)
}

/// The path's pattern for metrics: serials in labels would grow without bound.
pub(super) fn route_label(request: &Request) -> &'static str {
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    warifu_api::Operation::ALL
        .iter()
        .find(|operation| {
            Some(operation.path()) == path
                && operation.method().as_str() == request.method().as_str()
        })
        .map_or("other", |operation| operation.id())
}
