//! 利用停止解除 of one or several users: the lock is the token's, so it is lifted for all its users.
//!
//! Not responsible for: locking (every wrong code may).

use std::{collections::BTreeSet, sync::Arc};

use warifu_api::{
    action::ActionOutcome,
    contract::{TargetResult, TargetsAnswer},
};
use warifu_core::{
    event::Action,
    ident::{ContractId, Serial},
    lifecycle::Denial,
};

use super::{
    acting::{StepUp, token_note},
    draft::{Begun, Draft},
    leave::{Targets, refusals, refuse_all, reject_all},
    view,
};
use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    service::Service,
};

impl Service {
    /// Lifts the locks of all targets' tokens, or none.
    pub(crate) async fn unlock_users(
        &self,
        ask: &Ask,
        contract: &ContractId,
        targets: &Targets,
    ) -> Result<Kept<TargetsAnswer>, Failure> {
        targets.acting.check(ask)?;
        loop {
            let mut draft = match self.begin(ask, contract).await? {
                Begun::Replayed(answer) => return Ok(Kept::Replayed(answer)),
                Begun::Draft(draft) => *draft,
            };
            self.fetch_targets(ask, &mut draft, targets).await?;
            let rules = Arc::clone(&draft.rules);
            let refusals = refusals(&draft, targets, &rules.unlock, Denial::NotRegistered);
            let answer = if refusals.iter().any(Option::is_some) {
                refuse_all(ask, &mut draft, targets, Action::Unlock, &refusals)
            } else {
                match self.step_up(ask, &mut draft, &targets.acting, &rules.unlock).await? {
                    StepUp::Rejected(told) => {
                        reject_all(ask, &mut draft, targets, Action::Unlock, told)
                    }
                    StepUp::Passed => self.unlock_all(ask, &mut draft, targets).await?,
                }
            };
            if let Some(kept) = self.finish(ask, draft, answer).await? {
                return Ok(kept);
            }
        }
    }

    async fn unlock_all(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        targets: &Targets,
    ) -> Result<TargetsAnswer, Failure> {
        let mut done = BTreeSet::new();
        let mut results = Vec::with_capacity(targets.users.len());
        for user in &targets.users {
            let serial = draft.serial_of(user).cloned().ok_or(Failure::Bug)?;
            let was_locked = done.contains(&serial) || unlock(ask, draft, &serial, targets)?;
            let outcome = if was_locked { ActionOutcome::Done } else { ActionOutcome::Unchanged };
            let word = if was_locked { "done" } else { "unchanged" };
            let subject = (Some(user), Some(&serial));
            let event = targets.acting.event(ask, draft, Action::Unlock, subject, word);
            draft.push(event);
            let mut result = view::target(user, outcome, Some(&serial));
            if was_locked && !done.contains(&serial) {
                self.name_affected(draft, &serial, &mut result).await?;
            }
            if was_locked {
                done.insert(serial);
            }
            results.push(result);
        }
        Ok(view::targets_done(results))
    }

    /// The users whom the lock has hit, and who are free again.
    async fn name_affected(
        &self,
        draft: &Draft,
        serial: &Serial,
        result: &mut TargetResult,
    ) -> Result<(), Failure> {
        let contract = (&draft.contract_id, &draft.contract.get().contract);
        let (users, more) = self.users_of(&draft.token_id(serial), contract).await?;
        result.affected_users = Some(users.iter().map(ToString::to_string).collect());
        result.affected_more = Some(more);
        Ok(())
    }
}

fn unlock(
    ask: &Ask,
    draft: &mut Draft,
    serial: &Serial,
    targets: &Targets,
) -> Result<bool, Failure> {
    let at_ms = draft.moment.ms;
    let cell = draft.token_cell(serial).ok_or(Failure::Bug)?;
    if cell.get().token.guard.locked_at.is_none() {
        return Ok(false);
    }
    let note = token_note(ask, Action::Unlock, "done", None, targets.acting.user.as_ref(), at_ms);
    let record = cell.edit();
    record.push(note);
    Ok(record.token.unlock())
}
