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
    ident::{ContractId, Serial, UserId},
    lifecycle::Denial,
    rules::Gate,
};

use super::{
    acting::{StepUp, token_note},
    draft::{Begun, Draft},
    leave::{Targets, admit_one, refuse_all, reject_all},
    signing::bound,
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
            for user in &targets.users {
                self.fetch_signer(&mut draft, user).await?;
            }
            let rules = Arc::clone(&draft.rules);
            let refusals = refusals(&draft, targets, &rules.unlock);
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
            let serials = concerned(draft, user, &done);
            let mut result = view::target(user, ActionOutcome::Unchanged, serials.first());
            for serial in serials {
                let first = !done.contains(&serial);
                let was_locked = !first || unlock(ask, draft, &serial, targets)?;
                let word = if was_locked { "done" } else { "unchanged" };
                let subject = (Some(user), Some(&serial));
                let event = targets.acting.event(ask, draft, Action::Unlock, subject, word);
                draft.push(event);
                if was_locked {
                    result.outcome = ActionOutcome::Done;
                    if first {
                        self.name_affected(draft, &serial, &mut result).await?;
                    }
                    done.insert(serial);
                }
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
        let named = result.affected_users.get_or_insert_default();
        for user in users.iter().map(ToString::to_string) {
            if !named.contains(&user) {
                named.push(user);
            }
        }
        result.affected_more = Some(more || result.affected_more.unwrap_or_default());
        Ok(())
    }
}

/// For each target why it is refused, if it is.
fn refusals(draft: &Draft, targets: &Targets, gate: &Gate) -> Vec<Option<Denial>> {
    let one = |user: &UserId| {
        let admit = |serial| {
            admit_one(draft, &targets.acting, gate, user, serial)?;
            let own = gate.own && targets.acting.user.as_ref() == Some(user);
            let theirs = serial.is_some_and(|serial| is_locked_signer(draft, targets, serial));
            if theirs && !own { Err(Denial::ActorNeedsOtherToken) } else { Ok(()) }
        };
        let serials = concerned(draft, user, &BTreeSet::new());
        if serials.is_empty() {
            return admit(draft.serial_of(user)).and(Err(Denial::NotRegistered));
        }
        serials.iter().try_for_each(|serial| admit(Some(serial)))
    };
    targets.users.iter().map(|user| one(user).err()).collect()
}

/// Whether the actor signs with this token, and it is locked: by unlocking it for whomever, they would
/// buy themselves guesses at signatures, whatever other token they hold.
fn is_locked_signer(draft: &Draft, targets: &Targets, serial: &Serial) -> bool {
    let bound = targets.acting.user.as_ref().and_then(|actor| bound(draft, actor));
    let record = draft.token(serial).filter(|_| bound.as_ref() == Some(serial));
    record.is_some_and(|one| one.token.guard.locked_at.is_some())
}

/// The tokens of a user that are locked, for one-time passwords or for signatures; the first that
/// they hold where none is. Those in `done` were locked until just before.
fn concerned(draft: &Draft, user: &UserId, done: &BTreeSet<Serial>) -> Vec<Serial> {
    let held = draft.held_by(user).map(|held| held.serial.clone());
    let held: Vec<Serial> = held.into_iter().chain(bound(draft, user)).collect();
    let locked = |serial: &Serial| {
        let record = draft.token(serial);
        done.contains(serial) || record.is_some_and(|one| one.token.guard.locked_at.is_some())
    };
    let hit: Vec<Serial> = held.iter().filter(|serial| locked(serial)).cloned().collect();
    if hit.is_empty() { held.into_iter().take(1).collect() } else { hit }
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
