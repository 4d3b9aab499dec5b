//! 利用形態: another usage mode for a contract, with a preview.
//!
//! The change itself is one record, whatever the number of users (see `Contract::generation`); only
//! the count of what it frees walks through the contract.
//!
//! Not responsible for: registering anew.

use std::sync::Arc;

use warifu_api::contract::{UsageModeAnswer, UsageOutcome};
use warifu_core::{
    event::Action,
    ident::ContractId,
    lifecycle::{Denial, UsageMode, usage},
};

use super::{
    acting::{Acting, StepUp},
    draft::{Begun, Draft},
    view,
};
use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    service::Service,
};

/// What is wanted.
#[derive(Debug)]
pub(crate) struct ModeWish {
    pub(crate) acting: Acting,
    pub(crate) mode: UsageMode,
    /// Only tell what would happen.
    pub(crate) dry_run: bool,
}

impl Service {
    /// Changes the usage mode, or tells what that would do.
    pub(crate) async fn switch_usage(
        &self,
        ask: &Ask,
        contract: &ContractId,
        wish: &ModeWish,
    ) -> Result<Kept<UsageModeAnswer>, Failure> {
        wish.acting.check(ask)?;
        loop {
            let mut draft = match self.begin(ask, contract).await? {
                Begun::Replayed(answer) => return Ok(Kept::Replayed(answer)),
                Begun::Draft(draft) => *draft,
            };
            self.fetch_actor_in_turn(ask, &mut draft, &wish.acting).await?;
            let from = draft.contract.get().contract.mode();
            let answer = self.try_switch(ask, &mut draft, wish).await?;
            let answer = UsageModeAnswer {
                usage_mode: view::mode(from),
                new_usage_mode: view::mode(wish.mode),
                ..answer
            };
            if wish.dry_run {
                return Ok(Kept::Fresh(answer));
            }
            if let Some(kept) = self.finish(ask, draft, answer).await? {
                return Ok(kept);
            }
        }
    }

    async fn try_switch(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        wish: &ModeWish,
    ) -> Result<UsageModeAnswer, Failure> {
        let rules = Arc::clone(&draft.rules);
        let gate = &rules.usage.gate;
        let mut changed = draft.contract.get().contract.clone();
        let allowed = match Self::admit(draft, &wish.acting, gate, None) {
            Err(denial) if wish.dry_run && is_still_to_come(denial) => Ok(()),
            other => other.map_err(Into::into),
        };
        let allowed = allowed.and_then(|()| usage::switch(&rules, &mut changed, wish.mode));
        if let Err(refused) = allowed {
            let outcome = refused.denial.word();
            let event = wish.acting.event(ask, draft, Action::UsageMode, (None, None), outcome);
            draft.push(event);
            return Ok(view::mode_refused(refused.denial));
        }
        let (users, tokens) = self.count_registered(ask, draft).await?;
        if wish.dry_run {
            return Ok(view::mode_answer(UsageOutcome::Preview, users, tokens));
        }
        if let StepUp::Rejected(told) = self.step_up(ask, draft, &wish.acting, gate).await? {
            let outcome = told.reason.word();
            let event = wish.acting.event(ask, draft, Action::UsageMode, (None, None), outcome);
            draft.push(event);
            return Ok(view::mode_rejected(told));
        }
        draft.contract.edit().contract = changed;
        let mut event = wish.acting.event(ask, draft, Action::UsageMode, (None, None), "done");
        event.number = Some(users);
        event.note = Some(noted(wish));
        draft.push(event);
        Ok(view::mode_answer(UsageOutcome::Done, users, tokens))
    }
}

/// What is shown together with the change itself; a preview does without.
const fn is_still_to_come(denial: Denial) -> bool {
    matches!(
        denial,
        Denial::CodeRequired
            | Denial::ConfirmationRequired
            | Denial::ReasonRequired
            | Denial::ReferenceRequired
    )
}

/// The new mode stands before the person's reason.
fn noted(wish: &ModeWish) -> String {
    let mode = wish.mode.word();
    wish.acting.reason.as_ref().map_or_else(|| mode.to_owned(), |why| format!("{mode}: {why}"))
}
