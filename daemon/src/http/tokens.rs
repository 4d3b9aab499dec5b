//! `/v1/tokens`: check codes, look at tokens, change their state.
//!
//! Not responsible for: the rules (verify, tokens).

use axum::extract::State;
use warifu_api::token::{
    ChangeRequest, ExpiryRequest, ResyncRequest, TokenDetail, TokenPage, TokenQuery, VerifyAnswer,
    VerifyRequest,
};
use warifu_api::{
    action::{ActionAnswer, IssueRequest, ReasonRequest},
    facts::TokenFacts,
    history::TokenHistory,
};
use warifu_core::{ident::ContractId, time::UnixTime};

use super::{
    Shared,
    acting::{acting, code, printable, reference, user},
    extract::{Answer, Asked, Fault, Params, Plain, Said, SerialPath, detached, shared},
    grants::BAD_CONTRACT,
};
use crate::{
    ask::Kept,
    failure::Failure,
    tokens::{Change, What},
};

pub(super) async fn verify(
    State(service): State<Shared>,
    SerialPath(serial): SerialPath,
    Asked { ask, body, begun }: Asked<VerifyRequest>,
) -> Result<Said<VerifyAnswer>, Fault> {
    let work = async move {
        let code = code("code", body.code.expose())?;
        service.verify(&ask, serial, &code).await
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn resync(
    State(service): State<Shared>,
    SerialPath(serial): SerialPath,
    Asked { ask, body, begun }: Asked<ResyncRequest>,
) -> Result<Said<VerifyAnswer>, Fault> {
    let work = async move {
        let [first, second] = &body.codes;
        let (first, second) = (code("codes", first.expose())?, code("codes", second.expose())?);
        service.resync(&ask, serial, [&first, &second]).await
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn unlock(
    service: State<Shared>,
    serial: SerialPath,
    asked: Asked<ChangeRequest>,
) -> Result<Answer<TokenDetail>, Fault> {
    change(service, serial, asked, What::Unlock).await
}

pub(super) async fn enable(
    service: State<Shared>,
    serial: SerialPath,
    asked: Asked<ChangeRequest>,
) -> Result<Answer<TokenDetail>, Fault> {
    change(service, serial, asked, What::Enable).await
}

pub(super) async fn disable(
    service: State<Shared>,
    serial: SerialPath,
    asked: Asked<ChangeRequest>,
) -> Result<Answer<TokenDetail>, Fault> {
    change(service, serial, asked, What::Disable).await
}

pub(super) async fn expiry(
    service: State<Shared>,
    serial: SerialPath,
    Asked { ask, body, begun }: Asked<ExpiryRequest>,
) -> Result<Answer<TokenDetail>, Fault> {
    let at = body.expires_at.as_ref().map(|at| UnixTime::from_rfc3339(at.as_str()).ok_or(BAD_TIME));
    let at = at.transpose().map_err(|failure| begun.fault(failure))?;
    let body = ChangeRequest { reason: body.reason, reference: body.reference };
    change(service, serial, Asked { ask, body, begun }, What::SetExpiry(at)).await
}

pub(super) async fn show(
    State(service): State<Shared>,
    SerialPath(serial): SerialPath,
    Plain { ask, begun }: Plain,
) -> Result<Answer<TokenDetail>, Fault> {
    let detail = service.show_token(ask.institution(), serial).await;
    detail.map(|detail| Answer(Kept::Fresh(detail), begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn facts(
    State(service): State<Shared>,
    SerialPath(serial): SerialPath,
    Plain { ask, begun }: Plain,
) -> Result<Answer<TokenFacts>, Fault> {
    let facts = service.token_facts(&ask, serial).await;
    facts.map(|facts| Answer(Kept::Fresh(facts), begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn list(
    State(service): State<Shared>,
    Params(query): Params<TokenQuery>,
    Plain { ask, begun }: Plain,
) -> Result<Answer<TokenPage>, Fault> {
    let page = service.list_tokens(ask.institution(), &query).await;
    page.map(|page| Answer(Kept::Fresh(page), begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn history(
    State(service): State<Shared>,
    SerialPath(serial): SerialPath,
    Plain { ask, begun }: Plain,
) -> Result<Said<TokenHistory>, Fault> {
    let history = service.token_history(ask.institution(), serial).await;
    history.map(|history| Said(Kept::Fresh(history), begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn issue(
    State(service): State<Shared>,
    SerialPath(serial): SerialPath,
    Asked { ask, body, begun }: Asked<IssueRequest>,
) -> Result<Said<ActionAnswer>, Fault> {
    let service = shared(&service);
    let work = async move {
        let contract = ContractId::parse(&body.contract).map_err(|_| BAD_CONTRACT)?;
        let user = body.user.as_deref().map(|text| user("user", text)).transpose()?;
        let acting = acting(None, body.reason, body.reference)?;
        service.issue(&ask, &serial, (&contract, user.as_ref()), &acting).await
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn take_back(
    State(service): State<Shared>,
    SerialPath(serial): SerialPath,
    Asked { ask, body, begun }: Asked<ReasonRequest>,
) -> Result<Said<ActionAnswer>, Fault> {
    let service = shared(&service);
    let work = async move {
        let acting = acting(None, body.reason, body.reference)?;
        service.recall_token(&ask, &serial, &acting).await
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

pub(super) async fn lost(
    State(service): State<Shared>,
    SerialPath(serial): SerialPath,
    Asked { ask, body, begun }: Asked<ReasonRequest>,
) -> Result<Said<ActionAnswer>, Fault> {
    let service = shared(&service);
    let work = async move {
        let acting = acting(None, body.reason, body.reference)?;
        service.alone_lost(&ask)?;
        service.report_lost(&ask, serial, &acting).await
    };
    detached(work).await.map(|kept| Said(kept, begun)).map_err(|f| begun.fault(f))
}

async fn change(
    State(service): State<Shared>,
    SerialPath(serial): SerialPath,
    Asked { ask, body, begun }: Asked<ChangeRequest>,
    what: What,
) -> Result<Answer<TokenDetail>, Fault> {
    let service = shared(&service);
    let work = async move {
        let note = body.reason.map(note).transpose()?;
        let reference = body.reference.map(reference).transpose()?;
        service.change_token(&ask, serial, Change { what, note, reference }).await
    };
    detached(work).await.map(|kept| Answer(kept, begun)).map_err(|f| begun.fault(f))
}

/// Goes into the audit chain, so it is short and printable.
/// A reason that a person gives.
pub(crate) fn note(text: String) -> Result<String, Failure> {
    let fits = text.chars().count() <= MAX_NOTE && printable(&text);
    if fits { Ok(text) } else { Err(Failure::Field { field: "reason", rule: NOTE_RULE }) }
}

const MAX_NOTE: usize = 200;
const NOTE_RULE: &str = "at most 200 printable characters";
const BAD_TIME: Failure = Failure::Field {
    field: "expires_at",
    rule: "RFC 3339 with an offset, for example 2031-03-31T23:59:59+09:00, or null",
};
