//! `/v1/contracts/{contract}/users/{user}`: one user, from the first order to the last code.
//!
//! Not responsible for: the rules (lifecycle).

use axum::extract::State;
use warifu_api::{
    action::{ActionAnswer, DeactivateRequest, OrderRequest, RegisterRequest, SkipRequest},
    authorize::{AuthorizeAnswer, AuthorizeRequest, OperationClass as WireClass},
    user::{
        UserDetail, UserRemoveQuery, UserSetRequest, UserStatusAnswer, UserStatusQuery,
        UserVerifyAnswer, UserVerifyRequest,
    },
};
use warifu_core::{
    ident::Serial, lifecycle::authorize::Operation, rules::OperationClass, time::UnixTime,
};

use super::{
    Shared,
    acting::{acting, code},
    extract::{Answer, Asked, Fault, Params, Plain, Said, UserPath, detached, shared},
};
use crate::{
    ask::Kept,
    failure::Failure,
    lifecycle::{Question, Registering, UserCode, view},
};

pub(super) async fn set(
    State(service): State<Shared>,
    UserPath(contract, user): UserPath,
    Asked { ask, body, begun }: Asked<UserSetRequest>,
) -> Result<Answer<UserDetail>, Fault> {
    let service = shared(&service);
    let role = view::core_role(body.role);
    let work = async move { service.set_user(&ask, &contract, &user, role).await };
    detached(work).await.map(|kept| Answer(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn show(
    State(service): State<Shared>,
    UserPath(contract, user): UserPath,
    Plain { ask, begun }: Plain,
) -> Result<Answer<UserDetail>, Fault> {
    let detail = service.show_user(&ask, &contract, &user).await;
    detail.map(|detail| Answer(Kept::Fresh(detail), begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn remove(
    State(service): State<Shared>,
    UserPath(contract, user): UserPath,
    Params(query): Params<UserRemoveQuery>,
    Plain { ask, begun }: Plain,
) -> Result<Said<ActionAnswer>, Fault> {
    let service = shared(&service);
    let work = async move {
        let acting = acting(None, query.reason, query.reference)?;
        service.remove_user(&ask, &contract, &user, &acting).await
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn status(
    State(service): State<Shared>,
    UserPath(contract, user): UserPath,
    Params(query): Params<UserStatusQuery>,
    Plain { ask, begun }: Plain,
) -> Result<Said<UserStatusAnswer>, Fault> {
    let rights = rights(query.rights.as_deref()).map_err(|f| begun.fault(f))?;
    let answer = service.user_status(&ask, &contract, &user, &rights).await;
    answer.map(|answer| Said(Kept::Fresh(answer), begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn order(
    State(service): State<Shared>,
    UserPath(contract, user): UserPath,
    Asked { ask, body, begun }: Asked<OrderRequest>,
) -> Result<Said<ActionAnswer>, Fault> {
    let service = shared(&service);
    let work = async move {
        let acting = acting(body.actor, body.reason, body.reference)?;
        service.order(&ask, &contract, &user, view::core_kind(body.kind), &acting).await
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn register(
    State(service): State<Shared>,
    UserPath(contract, user): UserPath,
    Asked { ask, body, begun }: Asked<RegisterRequest>,
) -> Result<Said<ActionAnswer>, Fault> {
    let service = shared(&service);
    let work = async move {
        let wish = Registering {
            acting: acting(body.actor, body.reason, body.reference)?,
            serial: Serial::parse(&body.serial).map_err(|_| BAD_SERIAL)?,
            serial_again: body.serial_again,
            code: code("code", body.code.expose())?,
        };
        service.register(&ask, &contract, &user, &wish).await
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn skip(
    State(service): State<Shared>,
    UserPath(contract, user): UserPath,
    Asked { ask, body, begun }: Asked<SkipRequest>,
) -> Result<Said<ActionAnswer>, Fault> {
    let service = shared(&service);
    let work = async move {
        let acting = acting(body.actor, None, None)?;
        service.skip(&ask, &contract, &user, &acting).await
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn authorize(
    State(service): State<Shared>,
    UserPath(contract, user): UserPath,
    Asked { ask, body, begun }: Asked<AuthorizeRequest>,
) -> Result<Said<AuthorizeAnswer>, Fault> {
    let service = shared(&service);
    let work = async move {
        let question = question(body)?;
        service.authorize(&ask, &contract, &user, &question).await
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn verify(
    State(service): State<Shared>,
    UserPath(contract, user): UserPath,
    Asked { ask, body, begun }: Asked<UserVerifyRequest>,
) -> Result<Said<UserVerifyAnswer>, Fault> {
    let service = shared(&service);
    let work = async move {
        let wish = UserCode {
            acting: acting(body.actor, None, None)?,
            code: code("code", body.code.expose())?,
            class: body.class.map(view::core_class),
            grant: body.grant,
        };
        service.verify_user(&ask, &contract, &user, &wish).await
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn deactivate(
    State(service): State<Shared>,
    UserPath(contract, user): UserPath,
    Asked { ask, body, begun }: Asked<DeactivateRequest>,
) -> Result<Said<ActionAnswer>, Fault> {
    let service = shared(&service);
    let work = async move {
        let acting = acting(body.actor, body.reason, body.reference)?;
        service.deactivate(&ask, &contract, &user, &acting).await
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

fn question(body: AuthorizeRequest) -> Result<Question, Failure> {
    if body.attributes.len() > MAX_ATTRIBUTES || body.attributes.iter().any(|one| one.len() > 64) {
        let rule = "at most 64 attributes of at most 64 bytes";
        return Err(Failure::Field { field: "attributes", rule });
    }
    let login = body.logged_in_at.as_ref();
    let login = login.map(|at| UnixTime::from_rfc3339(at.as_str()).ok_or(BAD_LOGIN)).transpose()?;
    Ok(Question {
        acting: acting(body.actor, None, None)?,
        operation: Operation {
            class: view::core_class(body.class),
            stage: view::core_stage(body.stage),
            payee_preregistered: body.payee_preregistered,
            attributes: body.attributes,
            logged_in_at: login,
        },
    })
}

/// Classes separated by commas; what the front end does not say, the user may do.
fn rights(text: Option<&str>) -> Result<Vec<OperationClass>, Failure> {
    let Some(text) = text else { return Ok(OperationClass::ALL.to_vec()) };
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    let classes = words.map(|word| WireClass::from_word(word).map(view::core_class));
    classes.collect::<Option<_>>().ok_or(Failure::Field {
        field: "rights",
        rule: "classes of operations, separated by commas",
    })
}

const MAX_ATTRIBUTES: usize = 64;
const BAD_SERIAL: Failure = Failure::Field { field: "serial", rule: "as printed on the token" };
const BAD_LOGIN: Failure = Failure::Field {
    field: "logged_in_at",
    rule: "RFC 3339 with an offset, for example 2026-10-01T09:15:00+09:00",
};
