//! `/v1/contracts/{contract}/users/{user}/activations`: two messages and two codes.
//!
//! Not responsible for: the rules (lifecycle).

use axum::extract::State;
use warifu_api::{
    camera::{ActivationAnswer, ActivationRequest, ActivationShowQuery},
    challenge::CodeRequest,
};
use warifu_core::ident::Serial;

use super::{
    Shared,
    acting::acting,
    extract::{Asked, ChallengePath, Fault, Params, Plain, Said, UserPath, detached, shared},
    picture::drawn,
};
use crate::{
    ask::Kept,
    failure::Failure,
    lifecycle::{Activating, CodeGiven, login_name},
};

pub(super) async fn start(
    State(service): State<Shared>,
    UserPath(contract, user): UserPath,
    Asked { ask, body, begun }: Asked<ActivationRequest>,
) -> Result<Said<ActivationAnswer>, Fault> {
    let (service, image) = (shared(&service), body.image);
    let work = async move {
        let wish = Activating {
            acting: acting(body.actor, body.reason, body.reference)?,
            serial: Serial::parse(&body.serial).map_err(|_| BAD_SERIAL)?,
            serial_again: body.serial_again,
            login: login_name(&user, body.login_id.as_deref())?,
            may_approve: body.may_approve,
        };
        drawn(service.start_activation(&ask, &contract, &user, &wish).await?, image)
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn show(
    State(service): State<Shared>,
    ChallengePath(contract, user, name): ChallengePath,
    Params(query): Params<ActivationShowQuery>,
    Plain { ask, begun }: Plain,
) -> Result<Said<ActivationAnswer>, Fault> {
    let answer = service.show_activation(&ask, &contract, &user, &name).await;
    let answer = answer.and_then(|answer| drawn(Kept::Fresh(answer), query.image));
    answer.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn device_code(
    State(service): State<Shared>,
    ChallengePath(contract, user, name): ChallengePath,
    Asked { ask, body, begun }: Asked<CodeRequest>,
) -> Result<Said<ActivationAnswer>, Fault> {
    let (service, image) = (shared(&service), body.image);
    let work = async move {
        let given = CodeGiven { acting: acting(body.actor, None, None)?, name, code: body.code };
        drawn(service.check_device_code(&ask, &contract, &user, &given).await?, image)
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn confirm(
    State(service): State<Shared>,
    ChallengePath(contract, user, name): ChallengePath,
    Asked { ask, body, begun }: Asked<CodeRequest>,
) -> Result<Said<ActivationAnswer>, Fault> {
    let service = shared(&service);
    let work = async move {
        let given = CodeGiven { acting: acting(body.actor, None, None)?, name, code: body.code };
        service.confirm_activation(&ask, &contract, &user, &given).await
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

const BAD_SERIAL: Failure = Failure::Field { field: "serial", rule: "as printed on the token" };
