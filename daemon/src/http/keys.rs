//! `/v1/keys`, `/v1/ceremonies`, `/v1/wrapping-keys`: transport keys and the key over all seeds.
//!
//! Not responsible for: what the HSM makes of them (`transport_keys`, `rotation`).

use axum::{
    RequestPartsExt as _,
    extract::{FromRequestParts, Path, State},
    http::{StatusCode, request::Parts},
    response::{IntoResponse as _, Response},
};
use warifu_api::{
    Problem, ProblemType,
    key::{
        Ceremony, CeremonyList, CeremonyRequest, ComponentRequest, ConfirmRequest, KeyList,
        PublicKey, WrappingKeys,
    },
};
use warifu_core::ident::Name;

use super::{
    Shared,
    extract::{Answer, Asked, Begun, Fault, Plain, detached, shared},
    problem,
};
use crate::{ask::Kept, transport_keys::CeremonyId};

/// The `{id}` of a ceremony's path.
pub(super) struct IdPath(CeremonyId);

/// The `{label}` of a key's path.
pub(super) struct LabelPath(Name);

pub(super) async fn list(
    State(service): State<Shared>,
    Plain { ask, begun }: Plain,
) -> Result<Answer<KeyList>, Fault> {
    let found = service.list_keys(ask.institution()).await;
    found.map(|found| Answer(Kept::Fresh(found), begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn public(
    State(service): State<Shared>,
    LabelPath(label): LabelPath,
    Plain { ask, begun }: Plain,
) -> Result<Answer<PublicKey>, Fault> {
    let found = service.public_key(ask.institution(), &label).await;
    found.map(|found| Answer(Kept::Fresh(found), begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn wrapping_keys(
    State(service): State<Shared>,
    Plain { begun, .. }: Plain,
) -> Result<Answer<WrappingKeys>, Fault> {
    let found = service.wrapping_keys().await;
    found.map(|found| Answer(Kept::Fresh(found), begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn open(
    State(service): State<Shared>,
    Asked { ask, body, begun }: Asked<CeremonyRequest>,
) -> Result<Response, Fault> {
    let service = shared(&service);
    let work = async move { service.open_ceremony(&ask, body).await };
    let kept = detached(work).await.map_err(|failure| begun.fault(failure))?;
    let mut response = Answer(kept, begun).into_response();
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

pub(super) async fn ceremonies(
    State(service): State<Shared>,
    Plain { ask, begun }: Plain,
) -> Result<Answer<CeremonyList>, Fault> {
    let found = service.list_ceremonies(ask.institution()).await;
    found.map(|found| Answer(Kept::Fresh(found), begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn show(
    State(service): State<Shared>,
    IdPath(id): IdPath,
    Plain { ask, begun }: Plain,
) -> Result<Answer<Ceremony>, Fault> {
    let found = service.show_ceremony(ask.institution(), id).await;
    found.map(|found| Answer(Kept::Fresh(found), begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn component(
    State(service): State<Shared>,
    IdPath(id): IdPath,
    Asked { ask, body, begun }: Asked<ComponentRequest>,
) -> Result<Answer<Ceremony>, Fault> {
    let service = shared(&service);
    let work = async move { service.enter_component(&ask, id, body).await };
    detached(work).await.map(|kept| Answer(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn confirm(
    State(service): State<Shared>,
    IdPath(id): IdPath,
    Asked { ask, body, begun }: Asked<ConfirmRequest>,
) -> Result<Answer<Ceremony>, Fault> {
    let service = shared(&service);
    let work = async move { service.confirm_ceremony(&ask, id, body).await };
    detached(work).await.map(|kept| Answer(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn abort(
    State(service): State<Shared>,
    IdPath(id): IdPath,
    Plain { ask, begun }: Plain,
) -> Result<Answer<Ceremony>, Fault> {
    let service = shared(&service);
    let work = async move { service.abort_ceremony(&ask, id).await };
    detached(work).await.map(|kept| Answer(kept, begun)).map_err(|f| begun.fault(f))
}

impl<S: Send + Sync> FromRequestParts<S> for IdPath {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let begun = Begun::from_request_parts(parts, state).await?;
        let text: Option<Path<String>> = parts.extract().await.ok();
        let id = text.and_then(|Path(text)| CeremonyId::parse(&text));
        id.map(Self).ok_or_else(|| problem::response(Problem::new(ProblemType::NotFound), &begun))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for LabelPath {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let begun = Begun::from_request_parts(parts, state).await?;
        let text: Option<Path<String>> = parts.extract().await.ok();
        let label = text.and_then(|Path(text)| Name::parse(&text).ok());
        label
            .map(Self)
            .ok_or_else(|| problem::response(Problem::new(ProblemType::NotFound), &begun))
    }
}
