//! What one operation needs right now; the registration passed over.
//!
//! Not responsible for: the decision (`warifu_core::lifecycle::authorize`).

use warifu_api::{
    action::{ActionAnswer, ActionOutcome},
    authorize::{AuthorizeAnswer, Decision as WireDecision},
};
use warifu_core::{
    event::Action,
    ident::{ContractId, UserId},
    lifecycle::{
        Denial,
        authorize::{self, Authorization, Decision, Holdings, Operation},
    },
    rules::{Factor, OperationClass},
};

use super::{
    acting::Acting,
    draft::{Begun, Draft},
    view,
};
use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    service::Service,
    wire,
};

/// Which operation, and who asks.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) acting: Acting,
    pub(crate) operation: Operation,
}

impl Service {
    /// What an operation of this user needs. Recorded: an operation that grace let through must be
    /// found again.
    pub(crate) async fn authorize(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
        question: &Question,
    ) -> Result<Kept<AuthorizeAnswer>, Failure> {
        question.acting.check_own(user)?;
        loop {
            let mut draft = match self.begin_for(ask, contract, user).await? {
                Begun::Replayed(answer) => return Ok(Kept::Replayed(answer)),
                Begun::Draft(draft) => *draft,
            };
            self.fetch_held(&mut draft, user).await?;
            self.fetch_signer(&mut draft, user).await?;
            let (outcome, answer) = decide(&draft, user, &question.operation)?;
            let serial = draft.serial_of(user).cloned();
            let subject = (Some(user), serial.as_ref());
            let mut event = question.acting.event(ask, &draft, Action::Authorize, subject, outcome);
            event.note = Some(described(&question.operation));
            draft.push(event);
            if let Some(kept) = self.finish(ask, draft, answer).await? {
                return Ok(kept);
            }
        }
    }

    /// 登録の省略: recorded, and nothing else; it is offered again at the next login.
    pub(crate) async fn skip(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
        acting: &Acting,
    ) -> Result<Kept<ActionAnswer>, Failure> {
        acting.check(ask)?;
        loop {
            let mut draft = match self.begin_for(ask, contract, user).await? {
                Begun::Replayed(answer) => return Ok(Kept::Replayed(answer)),
                Begun::Draft(draft) => *draft,
            };
            self.fetch_held(&mut draft, user).await?;
            self.fetch_signer(&mut draft, user).await?;
            let registered = lacks_nothing(&draft, user);
            let own = acting.user.as_ref() == Some(user);
            let refusal = match () {
                () if !draft.rules.skip => Some(Denial::SkipNotAllowed),
                () if !own => Some(Denial::ActorNotAllowed),
                () if registered => Some(Denial::AlreadyRegistered),
                () => None,
            };
            let outcome = refusal.map_or("done", Denial::word);
            let answer = match refusal {
                Some(denial) => view::refused(&draft, denial.into()),
                None => ActionAnswer::new(ActionOutcome::Done),
            };
            let event = acting.event(ask, &draft, Action::Skip, (Some(user), None), outcome);
            draft.push(event);
            if let Some(kept) = self.finish(ask, draft, answer).await? {
                return Ok(kept);
            }
        }
    }
}

/// Whether there is no registration left to pass over: the user has a token for every factor that
/// the bank asks for. Which of the operations are this user's is not known here.
fn lacks_nothing(draft: &Draft, user: &UserId) -> bool {
    let (otp, signs) = (draft.serial_of(user).is_some(), draft.signs(user).is_some());
    let asks = |factor| {
        OperationClass::ALL.into_iter().any(|class| draft.rules.operation(class).factor == factor)
    };
    let codes = otp || signs && !asks(Factor::Otp);
    codes && (signs || !asks(Factor::TransactionSignature))
}

fn decide(
    draft: &Draft,
    user: &UserId,
    operation: &Operation,
) -> Result<(&'static str, AuthorizeAnswer), Failure> {
    let record = draft.user(user).ok_or(Failure::Bug)?;
    let contract = &draft.contract.get().contract;
    let tokens = Holdings { otp: draft.held_by(user), signer: draft.signs(user) };
    let Authorization { decision, limit_yen_per_day } =
        authorize::authorize(&draft.rules, contract, &record.user, tokens, operation, draft.now());
    let answer = AuthorizeAnswer {
        decision: WireDecision::NotRequired,
        factor: None,
        reason: None,
        grace_until: None,
        limit_yen_per_day,
        text: None,
    };
    Ok(match decision {
        Decision::NotRequired | Decision::Required(Factor::None) => ("not_required", answer),
        Decision::AllowedByGrace { until } => (
            "allowed_by_grace",
            AuthorizeAnswer {
                decision: WireDecision::AllowedByGrace,
                grace_until: Some(wire::timestamp(until)),
                ..answer
            },
        ),
        Decision::Required(factor) => (
            factor.word(),
            AuthorizeAnswer {
                decision: WireDecision::Required,
                factor: view::factor(factor),
                ..answer
            },
        ),
        Decision::Denied(cause) => (
            cause.word(),
            AuthorizeAnswer {
                decision: WireDecision::Denied,
                reason: Some(view::cause(cause)),
                ..answer
            },
        ),
    })
}

/// Class and stage, for the audit chain.
fn described(operation: &Operation) -> String {
    let payee = if operation.payee_preregistered { " preregistered" } else { "" };
    format!("{} {}{payee}", operation.class.word(), operation.stage.word())
}
