//! `/v1/proposals`: what two people do together.
//!
//! Not responsible for: who may decide about what (approval).

use axum::{
    RequestPartsExt as _,
    extract::{FromRequestParts, Path, State},
    http::{StatusCode, request::Parts},
    response::{IntoResponse as _, Response},
};
use warifu_api::{
    Problem, ProblemType,
    approval::{DecisionRequest, Proposal, ProposalPage, ProposalQuery, ProposalRequest},
};

use super::{
    Shared,
    extract::{Answer, Asked, Begun, Fault, Params, Plain, detached, shared},
    problem,
};
use crate::{approval::ProposalId, ask::Kept};

/// The `{id}` of the path.
pub(super) struct IdPath(ProposalId);

pub(super) async fn create(
    State(service): State<Shared>,
    Asked { ask, body, begun }: Asked<ProposalRequest>,
) -> Result<Response, Fault> {
    let service = shared(&service);
    let work = async move { service.propose(&ask, body).await };
    let kept = detached(work).await.map_err(|failure| begun.fault(failure))?;
    let mut response = Answer(kept, begun).into_response();
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

pub(super) async fn list(
    State(service): State<Shared>,
    Params(query): Params<ProposalQuery>,
    Plain { ask, begun }: Plain,
) -> Result<Answer<ProposalPage>, Fault> {
    let page = service.list_proposals(ask.institution(), &query).await;
    page.map(|page| Answer(Kept::Fresh(page), begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn show(
    State(service): State<Shared>,
    IdPath(id): IdPath,
    Plain { ask, begun }: Plain,
) -> Result<Answer<Proposal>, Fault> {
    let found = service.show_proposal(ask.institution(), id).await;
    found.map(|found| Answer(Kept::Fresh(found), begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn approve(
    State(service): State<Shared>,
    IdPath(id): IdPath,
    Asked { ask, body, begun }: Asked<DecisionRequest>,
) -> Result<Answer<Proposal>, Fault> {
    let service = shared(&service);
    let work = async move { service.approve_proposal(&ask, id, body).await };
    detached(work).await.map(|kept| Answer(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn reject(
    State(service): State<Shared>,
    IdPath(id): IdPath,
    Asked { ask, body, begun }: Asked<DecisionRequest>,
) -> Result<Answer<Proposal>, Fault> {
    let service = shared(&service);
    let work = async move { service.reject_proposal(&ask, id, body).await };
    detached(work).await.map(|kept| Answer(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn withdraw(
    State(service): State<Shared>,
    IdPath(id): IdPath,
    Plain { ask, begun }: Plain,
) -> Result<Answer<Proposal>, Fault> {
    let service = shared(&service);
    let work = async move { service.withdraw(&ask, id).await };
    detached(work).await.map(|kept| Answer(kept, begun)).map_err(|f| begun.fault(f))
}

impl<S: Send + Sync> FromRequestParts<S> for IdPath {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let begun = Begun::from_request_parts(parts, state).await?;
        let text: Option<Path<String>> = parts.extract().await.ok();
        let id = text.and_then(|Path(text)| ProposalId::parse(&text));
        id.map(Self).ok_or_else(|| problem::response(Problem::new(ProblemType::NotFound), &begun))
    }
}
