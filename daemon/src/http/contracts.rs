//! `/v1/contracts/{contract}`: contracts, their lists, and changes that concern several users.
//!
//! Not responsible for: the rules (lifecycle).

use axum::extract::State;
use warifu_api::contract::{
    ContractDetail, ContractSetRequest, ContractTokenPage, ContractTokenQuery, TargetsAnswer,
    TargetsRequest, UsageModeAnswer, UsageModeRequest, UserPage, UserQuery,
};
use warifu_core::time::UnixTime;

use super::{
    Shared,
    acting::{acting, reference, targets},
    extract::{Answer, Asked, ContractPath, Fault, Params, Plain, Said, detached, shared},
    tokens::note,
};
use crate::{
    ask::Kept,
    failure::Failure,
    lifecycle::{ContractWish, ModeWish, view},
};

pub(super) async fn set(
    State(service): State<Shared>,
    ContractPath(contract): ContractPath,
    Asked { ask, body, begun }: Asked<ContractSetRequest>,
) -> Result<Answer<ContractDetail>, Fault> {
    let service = shared(&service);
    let work = async move {
        let start = body.service_start.as_ref();
        let wish = ContractWish {
            service_start: start
                .map(|at| UnixTime::from_rfc3339(at.as_str()).ok_or(BAD_START))
                .transpose()?,
            mode: body.usage_mode.map(view::core_mode),
            reason: body.reason.map(note).transpose()?,
            reference: body.reference.map(reference).transpose()?,
        };
        service.set_contract(&ask, &contract, &wish).await
    };
    detached(work).await.map(|kept| Answer(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn show(
    State(service): State<Shared>,
    ContractPath(contract): ContractPath,
    Plain { ask, begun }: Plain,
) -> Result<Answer<ContractDetail>, Fault> {
    let detail = service.show_contract(ask.institution(), &contract).await;
    detail.map(|detail| Answer(Kept::Fresh(detail), begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn users(
    State(service): State<Shared>,
    ContractPath(contract): ContractPath,
    Params(query): Params<UserQuery>,
    Plain { ask, begun }: Plain,
) -> Result<Answer<UserPage>, Fault> {
    let page = service.list_users(&ask, &contract, &query).await;
    page.map(|page| Answer(Kept::Fresh(page), begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn tokens(
    State(service): State<Shared>,
    ContractPath(contract): ContractPath,
    Params(query): Params<ContractTokenQuery>,
    Plain { ask, begun }: Plain,
) -> Result<Answer<ContractTokenPage>, Fault> {
    let page = service.list_contract_tokens(&ask, &contract, &query).await;
    page.map(|page| Answer(Kept::Fresh(page), begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn usage(
    State(service): State<Shared>,
    ContractPath(contract): ContractPath,
    Asked { ask, body, begun }: Asked<UsageModeRequest>,
) -> Result<Said<UsageModeAnswer>, Fault> {
    let service = shared(&service);
    let work = async move {
        let wish = ModeWish {
            acting: acting(body.actor, body.reason, body.reference)?,
            mode: view::core_mode(body.usage_mode),
            dry_run: body.dry_run,
        };
        service.switch_usage(&ask, &contract, &wish).await
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn unlocks(
    State(service): State<Shared>,
    ContractPath(contract): ContractPath,
    Asked { ask, body, begun }: Asked<TargetsRequest>,
) -> Result<Said<TargetsAnswer>, Fault> {
    let service = shared(&service);
    let work = async move {
        let targets = targets(body)?;
        service.alone_unlocks(&ask, &targets.acting, targets.users.len())?;
        service.unlock_users(&ask, &contract, &targets).await
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn revocations(
    State(service): State<Shared>,
    ContractPath(contract): ContractPath,
    Asked { ask, body, begun }: Asked<TargetsRequest>,
) -> Result<Said<TargetsAnswer>, Fault> {
    let service = shared(&service);
    let work = async move { service.revoke(&ask, &contract, &targets(body)?).await };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

const BAD_START: Failure = Failure::Field {
    field: "service_start",
    rule: "RFC 3339 with an offset, for example 2026-10-01T00:00:00+09:00",
};
