//! From a request to an [`Ask`] and a parsed body, with all that is wrong told at once.
//!
//! Not responsible for: what the values mean beyond their own syntax.

use std::sync::Arc;

use axum::{
    Extension, RequestPartsExt as _,
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts, Path, Query, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::Instant;
use warifu_api::{
    IdempotencyKey, Operation, Problem, ProblemType,
    challenge::ChallengeRequest,
    idempotency::{IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED},
    text::{Language, Told},
};
use warifu_core::ident::{ContractId, Serial, UserId};

use super::{Limits, Shared, problem};
use crate::{
    ask::{Ask, Kept, RequestId},
    failure::Failure,
    idempotency::Intent,
    lifecycle::{ChallengeName, GrantId},
    tls::Caller,
};

/// A request at its first moment: its name and when it must be answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Begun {
    pub(crate) id: RequestId,
    pub(crate) deadline: Instant,
    /// For texts.
    pub(crate) language: Language,
}

/// A failure with the name of its request: what every handler returns instead of an answer.
pub(crate) struct Fault(pub(crate) Problem, pub(crate) Begun);

/// Everything about a request with a JSON body.
pub(crate) struct Asked<T> {
    pub(crate) ask: Ask,
    pub(crate) body: T,
    pub(crate) begun: Begun,
}

/// Everything about a request without a body that matters.
pub(crate) struct Plain {
    pub(crate) ask: Ask,
    pub(crate) begun: Begun,
}

/// The query, parsed; unknown parameters are refused by the types.
pub(crate) struct Params<T>(pub(crate) T);

/// The `{serial}` of the path.
pub(crate) struct SerialPath(pub(crate) Serial);

/// The `{contract}` of the path.
pub(crate) struct ContractPath(pub(crate) ContractId);

/// The `{contract}` and `{user}` of the path.
pub(crate) struct UserPath(pub(crate) ContractId, pub(crate) UserId);

/// The `{contract}`, the `{user}` and the `{challenge}` or `{activation}` of the path.
pub(crate) struct ChallengePath(pub(crate) ContractId, pub(crate) UserId, pub(crate) ChallengeName);

/// The `{contract}` and `{serial}` of the path.
pub(crate) struct ContractSerialPath(pub(crate) ContractId, pub(crate) Serial);

/// The `{grant}` of the path.
pub(crate) struct GrantPath(pub(crate) GrantId);

/// An answer on the wire.
pub(crate) struct Answer<T>(pub(crate) Kept<T>, pub(crate) Begun);

/// An answer with a text in the caller's language. The text is no part of what is remembered: the
/// same answer may be asked for again in another language.
pub(crate) struct Said<T>(pub(crate) Kept<T>, pub(crate) Begun);

/// Names the request and starts its clock, before anything else looks at it.
pub(super) async fn begin(
    State(service): State<Shared>,
    Extension(limits): Extension<Limits>,
    mut request: Request,
    next: Next,
) -> Response {
    let Ok(id) = RequestId::random() else {
        return problem::render(&Problem::new(ProblemType::Internal));
    };
    let deadline = Instant::now() + limits.deadline;
    let begun = Begun { id, deadline, language: language(request.headers()) };
    let label = problem::route_label(&request);
    request.extensions_mut().insert(begun);
    let response = next.run(request).await;
    service.metrics.request(label, response.status().as_u16(), begun.deadline, limits.deadline);
    response
}

impl Begun {
    /// Ends a request with a failure.
    #[expect(clippy::needless_pass_by_value, reason = "made to stand in map_err")]
    pub(crate) fn fault(self, failure: Failure) -> Fault {
        Fault(problem::of(&failure, self), self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Begun {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let begun = parts.extensions.get::<Self>().copied();
        begun.ok_or_else(|| problem::render(&Problem::new(ProblemType::Internal)))
    }
}

impl FromRequestParts<Shared> for Plain {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, service: &Shared) -> Result<Self, Response> {
        let begun: Begun = parts.extract().await?;
        let ask = ask(parts, service, begun, &[]).map_err(|p| problem::response(*p, &begun))?;
        Ok(Self { ask, begun })
    }
}

impl<T: DeserializeOwned> FromRequest<Shared> for Asked<T> {
    type Rejection = Response;

    async fn from_request(request: Request, service: &Shared) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let begun: Begun = parts.extract().await?;
        let fail = |problem| problem::response(problem, &begun);
        require_json(&parts).map_err(|problem| fail(*problem))?;
        let limits = parts.extensions.get::<Limits>().copied();
        let operation = parts.extensions.get::<Operation>().copied();
        let limit = limits.map_or(0, |limits| limits.request_bytes.max(largest(operation)));
        let bytes = tokio::time::timeout_at(begun.deadline, collect(body, limit))
            .await
            .map_err(|_| fail(Problem::new(ProblemType::Deadline)))?
            .map_err(fail)?;
        let body = object(&bytes).map_err(|_| fail(malformed_json()))?;
        let ask = ask(&parts, service, begun, &bytes).map_err(|problem| fail(*problem))?;
        Ok(Self { ask, body, begun })
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Params<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let begun: Begun = parts.extract().await?;
        let Query(query) = Query::try_from_uri(&parts.uri).map_err(|_| {
            let rule = "only documented parameters, each once, with values as documented";
            let problem = Problem::new(ProblemType::InvalidField).with_error("query", rule);
            problem::response(problem, &begun)
        })?;
        Ok(Self(query))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SerialPath {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let begun: Begun = parts.extract().await?;
        let text: Option<String> =
            parts.extract::<Path<String>>().await.ok().map(|Path(text)| text);
        let serial = text.and_then(|text| Serial::parse(&text).ok());
        serial.map(Self).ok_or_else(|| {
            let rule =
                "1 to 40 letters, digits, '-', '_', '.' or ':', beginning with a letter or digit";
            let problem = Problem::new(ProblemType::InvalidField).with_error("serial", rule);
            problem::response(problem, &begun)
        })
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let (answer, replayed) = match self.0 {
            Kept::Fresh(answer) => (answer, false),
            Kept::Replayed(answer) => (answer, true),
        };
        let mut response = axum::Json(answer).into_response();
        problem::name_request(&mut response, &self.1);
        if replayed {
            let name = HeaderName::from_static(IDEMPOTENCY_REPLAYED);
            response.headers_mut().insert(name, HeaderValue::from_static("true"));
        }
        response
    }
}

impl<T: Serialize + Told> IntoResponse for Said<T> {
    fn into_response(self) -> Response {
        let Self(mut kept, begun) = self;
        match &mut kept {
            Kept::Fresh(answer) | Kept::Replayed(answer) => answer.tell(begun.language),
        }
        let mut response = Answer(kept, begun).into_response();
        problem::name_language(&mut response, &begun);
        response
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ContractPath {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let begun: Begun = parts.extract().await?;
        let text: Option<Path<String>> = parts.extract().await.ok();
        let contract = text.and_then(|Path(text)| ContractId::parse(&text).ok());
        contract.map(Self).ok_or_else(|| not_found(&begun))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for UserPath {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let begun: Begun = parts.extract().await?;
        let texts: Option<Path<(String, String)>> = parts.extract().await.ok();
        let names = texts.and_then(|Path((contract, user))| {
            ContractId::parse(&contract).ok().zip(UserId::parse(&user).ok())
        });
        names.map(|(contract, user)| Self(contract, user)).ok_or_else(|| not_found(&begun))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ChallengePath {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let begun: Begun = parts.extract().await?;
        let texts: Option<Path<(String, String, String)>> = parts.extract().await.ok();
        let names = texts.and_then(|Path((contract, user, name))| {
            let name = ChallengeName::parse(&name)?;
            Some(Self(ContractId::parse(&contract).ok()?, UserId::parse(&user).ok()?, name))
        });
        names.ok_or_else(|| not_found(&begun))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ContractSerialPath {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let begun: Begun = parts.extract().await?;
        let texts: Option<Path<(String, String)>> = parts.extract().await.ok();
        let names = texts.and_then(|Path((contract, serial))| {
            Some(Self(ContractId::parse(&contract).ok()?, Serial::parse(&serial).ok()?))
        });
        names.ok_or_else(|| not_found(&begun))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for GrantPath {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let begun: Begun = parts.extract().await?;
        let text: Option<Path<String>> = parts.extract().await.ok();
        let grant = text.and_then(|Path(text)| GrantId::parse(&text));
        grant.map(Self).ok_or_else(|| not_found(&begun))
    }
}

/// Bytes that an operation needs whatever is configured: a payment file is part of its request.
const fn largest(operation: Option<Operation>) -> usize {
    match operation {
        Some(Operation::ChallengeCreate) => ChallengeRequest::MOST_BYTES,
        _ => 0,
    }
}

/// A name that can not be one names nothing.
fn not_found(begun: &Begun) -> Response {
    problem::response(Problem::new(ProblemType::NotFound), begun)
}

fn language(headers: &HeaderMap) -> Language {
    let lines = headers.get_all(header::ACCEPT_LANGUAGE).iter();
    let lines: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
    Language::from_accept_language(&lines.join(","))
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        problem::response(self.0, &self.1)
    }
}

fn ask(parts: &Parts, service: &Shared, begun: Begun, body: &[u8]) -> Result<Ask, Box<Problem>> {
    let caller = parts.extensions.get::<Caller>().cloned();
    let caller = caller.ok_or_else(|| Box::new(Problem::new(ProblemType::Unauthenticated)))?;
    let key = idempotency_key(parts)?;
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let request = [parts.method.as_str().as_bytes(), path.as_bytes(), body];
    let intent = key.map(|key| Intent::new(service.fingerprints.key(), &caller, &key, &request));
    Ok(Ask { caller, id: begun.id, deadline: begun.deadline, intent })
}

fn idempotency_key(parts: &Parts) -> Result<Option<IdempotencyKey>, Box<Problem>> {
    let mut values = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().ok().and_then(|text| IdempotencyKey::parse(text).ok());
    let rule = IdempotencyKey::RULE;
    let fail =
        || Box::new(Problem::new(ProblemType::InvalidField).with_error("Idempotency-Key", rule));
    match (key, values.next()) {
        (Some(key), None) => Ok(Some(key)),
        _ => Err(fail()),
    }
}

fn require_json(parts: &Parts) -> Result<(), Box<Problem>> {
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    if essence.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
        return Ok(());
    }
    let problem = Problem::new(ProblemType::UnsupportedMediaType);
    Err(Box::new(problem.with_detail("send the body as application/json")))
}

async fn collect(body: Body, limit: usize) -> Result<Bytes, Problem> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Problem::new(ProblemType::PayloadTooLarge))
        }
        Err(_) => Err(Problem::new(ProblemType::MalformedRequest)
            .with_detail("the body did not arrive whole")),
    }
}

/// A body of ours is an object. Serde would take the fields of one in a list too, by their order.
fn object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    if bytes.trim_ascii_start().first() == Some(&b'{') {
        serde_json::from_slice(bytes)
    } else {
        Err(serde::de::Error::custom("not an object"))
    }
}

/// Serde's text would repeat the input, and the input holds a code.
fn malformed_json() -> Problem {
    Problem::new(ProblemType::MalformedRequest)
        .with_detail("the body is not JSON of the documented shape; see /openapi.json")
}

/// The work of a request goes on when its caller hangs up: a code that was evaluated must be
/// counted, whoever is still listening.
pub(crate) async fn detached<T, F>(work: F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>> + Send + 'static,
    T: Send + 'static,
{
    tokio::spawn(work).await.unwrap_or(Err(Failure::Bug))
}

/// Clones what a detached task needs.
pub(crate) fn shared(service: &Shared) -> Shared {
    Arc::clone(service)
}
