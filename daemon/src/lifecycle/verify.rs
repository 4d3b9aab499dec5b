//! The data path for a user: the code of whatever token they hold.
//!
//! Like the path of a serial (`crate::verify`), with the user's bond as one more condition.
//!
//! Not responsible for: whether the operation needs a code (`authorize`).

use std::sync::Arc;

use warifu_api::{token::Outcome, user::UserVerifyAnswer};
use warifu_core::{
    code::Code,
    event::Action,
    ident::{ContractId, Serial, UserId},
    lifecycle::{Life, ListedState, grant, standing},
    rules::OperationClass,
    settle::{self, Reason, Verdict},
};

use super::{
    acting::{Acting, Judge, Told, recorded, told},
    draft::{Begun, Draft},
    grants::{new_grant, session_digest},
};
use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    service::Service,
    wire,
};

/// A user's code, and what it is for.
#[derive(Debug)]
pub(crate) struct UserCode {
    pub(crate) acting: Acting,
    pub(crate) code: Code,
    pub(crate) class: Option<OperationClass>,
    /// Ask for a grant that covers the operations that follow.
    pub(crate) grant: bool,
}

impl UserCode {
    /// A mistake of the form is told before a code is looked at: told after a right one only, it
    /// would be a verdict that nothing keeps.
    fn check(&self) -> Result<(), Failure> {
        if self.grant && (self.class.is_none() || self.acting.session.is_none()) {
            let rule = "a grant needs class and actor.session";
            return Err(Failure::Field { field: "grant", rule });
        }
        Ok(())
    }
}

impl Service {
    /// Checks a code of the token that the user holds.
    pub(crate) async fn verify_user(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
        wish: &UserCode,
    ) -> Result<Kept<UserVerifyAnswer>, Failure> {
        wish.acting.check_own(user)?;
        wish.check()?;
        loop {
            let mut draft = match self.begin_for(ask, contract, user).await? {
                Begun::Replayed(answer) => return Ok(Kept::Replayed(answer)),
                Begun::Draft(draft) => *draft,
            };
            let serial = draft.serial_of(user).cloned();
            if let Some(serial) = &serial {
                self.take_turns(ask, &mut draft, vec![serial.clone()]).await?;
                self.fetch_token(&mut draft, serial).await?;
            }
            let verdict =
                self.judge_user(ask, &mut draft, user, serial.as_ref(), &wish.code).await?;
            let told = told(&draft, verdict, wish.acting.confirmation);
            let mut answer = answer(ask, &draft, serial.as_ref(), told);
            if told.is_none() && wish.grant {
                answer.grant = self.open_grant(ask, &mut draft, user, wish)?;
            }
            let outcome = record_verdict(ask, &mut draft, user, serial.as_ref(), wish, verdict);
            draft.count(outcome);
            if let Some(kept) = self.finish(ask, draft, answer).await? {
                return Ok(kept);
            }
        }
    }

    /// No code is looked at in a state that forbids it.
    async fn judge_user(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        user: &UserId,
        serial: Option<&Serial>,
        code: &Code,
    ) -> Result<Verdict, Failure> {
        if let Some(reason) = forbidden(draft, user) {
            let rules = Arc::clone(&draft.rules);
            let token = serial.and_then(|serial| draft.token(serial));
            return Ok(token.map_or(Verdict::Rejected { reason, remaining: 0 }, |record| {
                settle::decline(&record.token, &rules.verification, reason)
            }));
        }
        let serial = serial.ok_or(Failure::Bug)?;
        let rules = Arc::clone(&draft.rules);
        let judge = Judge { serial, action: Action::Verify, user: Some(user) };
        self.judge_in(ask, draft, judge, code, &rules.verification).await
    }

    fn open_grant(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        user: &UserId,
        wish: &UserCode,
    ) -> Result<Option<warifu_api::grant::Grant>, Failure> {
        let (Some(class), Some(session)) = (wish.class, wish.acting.session.as_ref()) else {
            return Err(Failure::Bug);
        };
        let session = session_digest(self, ask, session.expose());
        let whose = (&draft.contract_id, user);
        let holder = &draft.user(user).ok_or(Failure::Bug)?.user;
        let held = draft.contract.get().contract.holding(holder).ok_or(Failure::Bug)?;
        let opened = grant::open(&draft.rules, whose, session, class, held, draft.now());
        opened.map(|grant| new_grant(draft, grant)).transpose()
    }
}

fn record_verdict(
    ask: &Ask,
    draft: &mut Draft,
    user: &UserId,
    serial: Option<&Serial>,
    wish: &UserCode,
    verdict: Verdict,
) -> &'static str {
    let outcome = recorded(verdict, wish.acting.confirmation);
    let mut event = wish.acting.event(ask, draft, Action::Verify, (Some(user), serial), outcome);
    event.number = Some(wire::explanation(verdict));
    event.note = wish.class.map(|class| class.word().to_owned());
    draft.push(event);
    outcome
}

/// Why no code of this user may be looked at, if so.
fn forbidden(draft: &Draft, user: &UserId) -> Option<Reason> {
    let record = draft.user(user)?;
    let contract = &draft.contract.get().contract;
    let token = draft.held_by(user);
    match standing::listed(contract, &record.user, token, draft.now()) {
        ListedState::Revoked => Some(Reason::Revoked),
        ListedState::Unregistered | ListedState::Issued => Some(Reason::NotRegistered),
        // An expired token is told so by its own state.
        ListedState::InService | ListedState::Expired => {
            let in_service = token.is_some_and(|held| matches!(held.life, Life::InService(_)));
            (!in_service).then_some(Reason::NotInService)
        }
    }
}

fn answer(
    ask: &Ask,
    draft: &Draft,
    serial: Option<&Serial>,
    told: Option<Told>,
) -> UserVerifyAnswer {
    let policy = &draft.rules.verification;
    let left = || {
        serial.and_then(|serial| draft.token(serial)).map(|r| settle::remaining(&r.token, policy))
    };
    let (outcome, reason, remaining_attempts) = match told {
        None => (Outcome::Accepted, None, left().filter(|_| !draft.rules.hide_which)),
        Some(told) => (Outcome::Rejected, Some(wire::reason(told.reason)), told.remaining),
    };
    UserVerifyAnswer {
        outcome,
        reason,
        remaining_attempts,
        serial: serial.map(ToString::to_string),
        checked_at: wire::timestamp(draft.now()),
        request_id: ask.id.to_string(),
        grant: None,
        text: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_without_class_or_session_is_a_mistake_of_the_form() {
        for (grant, class, session, good) in [
            (false, false, false, true),
            (true, true, true, true),
            (true, true, false, false),
            (true, false, true, false),
        ] {
            let session = session.then(|| warifu_api::SecretText::new("s".to_owned()));
            let wish = UserCode {
                acting: Acting { session, ..Acting::default() },
                code: Code::parse("123456").unwrap(),
                class: class.then_some(OperationClass::Payeasy),
                grant,
            };
            assert_eq!(wish.check().is_ok(), good, "{wish:?}");
        }
    }
}
