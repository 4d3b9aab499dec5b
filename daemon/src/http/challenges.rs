//! `/v1/contracts/{contract}/users/{user}/challenges`: what a user is to sign, and the answer.
//!
//! Not responsible for: the rules (lifecycle).

use axum::extract::State;
use warifu_api::{
    SecretText,
    action::ActionAnswer,
    challenge::{
        ChallengeAnswer, ChallengeCancelQuery, ChallengeRequest, ChallengeShowQuery,
        ChallengeVerifyAnswer, CodeRequest,
    },
};

use super::{
    Shared,
    acting::{acting, session},
    extract::{Asked, ChallengePath, Fault, Params, Plain, Said, UserPath, detached, shared},
    picture::drawn,
};
use crate::{
    ask::Kept,
    failure::Failure,
    lifecycle::{Answering, Asking, Wanted},
};

pub(super) async fn create(
    State(service): State<Shared>,
    UserPath(contract, user): UserPath,
    Asked { ask, body, begun }: Asked<ChallengeRequest>,
) -> Result<Said<ChallengeAnswer>, Fault> {
    let (service, image) = (shared(&service), body.image);
    let work = async move {
        let asking = Asking {
            acting: acting(body.actor, None, None)?,
            wanted: Wanted::of(body.operation, &user)?,
        };
        drawn(service.put_challenge(&ask, &contract, &user, &asking).await?, image)
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn show(
    State(service): State<Shared>,
    ChallengePath(contract, user, name): ChallengePath,
    Params(query): Params<ChallengeShowQuery>,
    Plain { ask, begun }: Plain,
) -> Result<Said<ChallengeAnswer>, Fault> {
    let session = named(query.session).map_err(|f| begun.fault(f))?;
    let answer = service.show_challenge(&ask, &contract, &user, &name, &session).await;
    let answer = answer.and_then(|answer| drawn(Kept::Fresh(answer), query.image));
    answer.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn cancel(
    State(service): State<Shared>,
    ChallengePath(contract, user, name): ChallengePath,
    Params(query): Params<ChallengeCancelQuery>,
    Plain { ask, begun }: Plain,
) -> Result<Said<ActionAnswer>, Fault> {
    let service = shared(&service);
    let work = async move {
        let session = named(query.session)?;
        service.cancel_challenge(&ask, &contract, &user, &name, &session).await
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn verify(
    State(service): State<Shared>,
    ChallengePath(contract, user, name): ChallengePath,
    Asked { ask, body, begun }: Asked<CodeRequest>,
) -> Result<Said<ChallengeVerifyAnswer>, Fault> {
    let service = shared(&service);
    let work = async move {
        let given = Answering { acting: acting(body.actor, None, None)?, name, code: body.code };
        service.answer_challenge(&ask, &contract, &user, &given).await
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

fn named(text: SecretText) -> Result<SecretText, Failure> {
    session("session", text)
}
