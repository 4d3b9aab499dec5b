//! `/v1/imports`: open an import, send its file, watch it, cancel it.
//!
//! Not responsible for: reading seed files (import).

use axum::{
    Extension,
    body::Body,
    extract::{FromRequestParts, Path, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use futures_util::StreamExt as _;
use warifu_api::{
    Problem, ProblemType,
    approval::DecisionRequest,
    import::{ApproveRequest, ImportJob, ImportPage, ImportQuery, ImportRequest},
};
use warifu_core::ident::Name;

use super::{
    Limits, Shared,
    extract::{Answer, Asked, Begun, Fault, Params, Plain, detached, shared},
    problem,
};
use crate::{ask::Kept, failure::Failure};

/// The `{id}` of the path.
pub(super) struct ImportId(Name);

pub(super) async fn create(
    State(service): State<Shared>,
    Asked { ask, body, begun }: Asked<ImportRequest>,
) -> Result<Response, Fault> {
    let job = detached(async move { service.open_import(&ask, body).await }).await;
    job.map(|job| with_status(StatusCode::CREATED, job, begun)).map_err(|f| begun.fault(f))
}

/// Not under the request's deadline: a large file takes as long as it takes, as long as it flows.
pub(super) async fn content(
    State(service): State<Shared>,
    ImportId(id): ImportId,
    Extension(limits): Extension<Limits>,
    Plain { ask, begun }: Plain,
    body: Body,
) -> Result<Response, Fault> {
    let fail = |failure| begun.fault(failure);
    let mut upload = service.begin_upload(&ask, &id, limits.import_bytes).map_err(fail)?;
    let mut pieces = body.into_data_stream();
    loop {
        match tokio::time::timeout(limits.deadline, pieces.next()).await {
            Ok(Some(Ok(piece))) => upload.write(&piece).map_err(fail)?,
            Ok(None) => break,
            // The file did not arrive whole: dropping the upload puts the job back.
            Ok(Some(Err(_))) | Err(_) => return Err(fail(Failure::Deadline)),
        }
    }
    let job = service.finish_upload(&ask, upload).map_err(fail)?;
    Ok(with_status(StatusCode::ACCEPTED, Kept::Fresh(job), begun))
}

pub(super) async fn show(
    State(service): State<Shared>,
    ImportId(id): ImportId,
    Plain { ask, begun }: Plain,
) -> Result<Answer<ImportJob>, Fault> {
    let job = service.show_import(ask.institution(), &id).await;
    job.map(|job| Answer(Kept::Fresh(job), begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn list(
    State(service): State<Shared>,
    Params(query): Params<ImportQuery>,
    Plain { ask, begun }: Plain,
) -> Result<Answer<ImportPage>, Fault> {
    let page = service.list_imports(ask.institution(), &query).await;
    page.map(|page| Answer(Kept::Fresh(page), begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn cancel(
    State(service): State<Shared>,
    ImportId(id): ImportId,
    Plain { ask, begun }: Plain,
) -> Result<Answer<ImportJob>, Fault> {
    let service = shared(&service);
    let work = async move { service.cancel_import(&ask, &id).await };
    detached(work).await.map(|kept| Answer(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn approve(
    State(service): State<Shared>,
    ImportId(id): ImportId,
    Asked { ask, body, begun }: Asked<ApproveRequest>,
) -> Result<Answer<ImportJob>, Fault> {
    let service = shared(&service);
    let work = async move { service.approve_import(&ask, &id, body).await };
    detached(work).await.map(|kept| Answer(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn reject(
    State(service): State<Shared>,
    ImportId(id): ImportId,
    Asked { ask, body, begun }: Asked<DecisionRequest>,
) -> Result<Answer<ImportJob>, Fault> {
    let service = shared(&service);
    let work = async move { service.reject_import(&ask, &id, body).await };
    detached(work).await.map(|kept| Answer(kept, begun)).map_err(|f| begun.fault(f))
}

impl<S: Send + Sync> FromRequestParts<S> for ImportId {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let begun = Begun::from_request_parts(parts, state).await?;
        let text = Path::<String>::from_request_parts(parts, state).await.ok();
        let name = text.and_then(|Path(text)| Name::parse(&text).ok());
        name.map(Self).ok_or_else(|| problem::response(Problem::new(ProblemType::NotFound), &begun))
    }
}

fn with_status(status: StatusCode, job: Kept<ImportJob>, begun: Begun) -> Response {
    let id = match &job {
        Kept::Fresh(job) | Kept::Replayed(job) => job.id.clone(),
    };
    let mut response = Answer(job, begun).into_response();
    *response.status_mut() = status;
    if let Ok(place) = format!("/v1/imports/{id}").parse() {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}
