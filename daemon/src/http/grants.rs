//! `/v1/grants/{grant}`: one code for a run of operations.
//!
//! Not responsible for: the rules (lifecycle).

use axum::extract::State;
use warifu_api::grant::{GrantAnswer, GrantUseRequest};
use warifu_core::ident::ContractId;

use super::{
    Shared,
    acting::{session, user},
    extract::{Asked, Fault, GrantPath, Plain, Said, detached, shared},
};
use crate::{
    failure::Failure,
    lifecycle::{GrantAsk, view},
};

pub(super) async fn spend(
    State(service): State<Shared>,
    GrantPath(grant): GrantPath,
    Asked { ask, body, begun }: Asked<GrantUseRequest>,
) -> Result<Said<GrantAnswer>, Fault> {
    let service = shared(&service);
    let work = async move {
        let wish = GrantAsk {
            contract: ContractId::parse(&body.contract).map_err(|_| BAD_CONTRACT)?,
            user: user("user", &body.user)?,
            session: session("session", body.session)?,
            class: view::core_class(body.class),
        };
        service.use_grant(&ask, grant, &wish).await
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn end(
    State(service): State<Shared>,
    GrantPath(grant): GrantPath,
    Plain { ask, begun }: Plain,
) -> Result<Said<GrantAnswer>, Fault> {
    let service = shared(&service);
    let work = async move { service.end_grant(&ask, grant).await };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) const BAD_CONTRACT: Failure = Failure::Field {
    field: "contract",
    rule: "1 to 32 letters, digits, -, _, .; the first a letter or digit",
};
