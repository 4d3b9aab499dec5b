//! Camera tokens of a contract: who can be joined, who leaves, what has to be initialised.
//!
//! Not responsible for: the rules (lifecycle), activations (activations).

use axum::extract::State;
use warifu_api::{
    action::{ActionAnswer, DeactivateRequest},
    camera::{CameraDeactivateRequest, CameraLeaveAnswer, CameraTokenPage, CameraTokenQuery},
};

use super::{
    Shared,
    acting::acting,
    extract::{
        Answer, Asked, ContractPath, ContractSerialPath, Fault, Params, Plain, Said, UserPath,
        detached, shared,
    },
    picture::drawn,
};
use crate::ask::Kept;

pub(super) async fn list(
    State(service): State<Shared>,
    ContractPath(contract): ContractPath,
    Params(query): Params<CameraTokenQuery>,
    Plain { ask, begun }: Plain,
) -> Result<Answer<CameraTokenPage>, Fault> {
    let page = service.list_cameras(&ask, &contract, &query).await;
    page.map(|page| Answer(Kept::Fresh(page), begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn initialise(
    State(service): State<Shared>,
    ContractSerialPath(contract, serial): ContractSerialPath,
    Asked { ask, body, begun }: Asked<DeactivateRequest>,
) -> Result<Said<ActionAnswer>, Fault> {
    let service = shared(&service);
    let work = async move {
        let acting = acting(body.actor, body.reason, body.reference)?;
        service.alone_initialise(&ask, &acting)?;
        service.initialise(&ask, &contract, &serial, &acting).await
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn revoke(
    State(service): State<Shared>,
    UserPath(contract, user): UserPath,
    Asked { ask, body, begun }: Asked<DeactivateRequest>,
) -> Result<Said<ActionAnswer>, Fault> {
    let service = shared(&service);
    let work = async move {
        let acting = acting(body.actor, body.reason, body.reference)?;
        service.revoke_camera(&ask, &contract, &user, &acting).await
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn deactivate(
    State(service): State<Shared>,
    UserPath(contract, user): UserPath,
    Asked { ask, body, begun }: Asked<CameraDeactivateRequest>,
) -> Result<Said<CameraLeaveAnswer>, Fault> {
    let (service, image) = (shared(&service), body.image);
    let work = async move {
        let acting = acting(body.actor, body.reason, body.reference)?;
        drawn(service.deactivate_camera(&ask, &contract, &user, &acting).await?, image)
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}
