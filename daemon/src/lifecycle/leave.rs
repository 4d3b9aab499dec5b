//! 失効 of one or several users' tokens, 利用解除 by the user.
//!
//! Not responsible for: what follows from either (`warifu_core::lifecycle::leave`).

use std::sync::Arc;

use warifu_api::{
    action::{ActionAnswer, ActionOutcome},
    contract::{TargetResult, TargetsAnswer},
};
use warifu_core::{
    event::Action,
    ident::{ContractId, Serial, UserId},
    lifecycle::{
        Denial, Refused,
        actor::Subject,
        leave::{self, Left},
    },
    rules::Gate,
    time::UnixTime,
};

use super::{
    acting::{Acting, StepUp, Told},
    draft::{Begun, Draft},
    view,
};
use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    service::Service,
};

/// Users named in one request, and who asks.
#[derive(Debug)]
pub(crate) struct Targets {
    pub(crate) acting: Acting,
    /// Distinct; checked at the edge.
    pub(crate) users: Vec<UserId>,
}

impl Service {
    /// 失効: all of the targets, or none.
    pub(crate) async fn revoke(
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
            let gate = &rules.revocation.gate;
            let refusals = refusals(&draft, targets, gate);
            let answer = if refusals.iter().any(Option::is_some) {
                refuse_all(ask, &mut draft, targets, Action::Revoke, &refusals)
            } else {
                match self.step_up(ask, &mut draft, &targets.acting, gate).await? {
                    StepUp::Rejected(told) => {
                        reject_all(ask, &mut draft, targets, Action::Revoke, told)
                    }
                    StepUp::Passed => revoke_all(ask, &mut draft, targets)?,
                }
            };
            if let Some(kept) = self.finish(ask, draft, answer).await? {
                return Ok(kept);
            }
        }
    }

    /// 利用解除.
    pub(crate) async fn deactivate(
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
            self.fetch_actor_in_turn(ask, &mut draft, acting).await?;
            self.fetch_held(&mut draft, user).await?;
            let answer = self.try_deactivate(ask, &mut draft, user, acting).await?;
            if let Some(kept) = self.finish(ask, draft, answer).await? {
                return Ok(kept);
            }
        }
    }

    async fn try_deactivate(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        user: &UserId,
        acting: &Acting,
    ) -> Result<ActionAnswer, Failure> {
        let rules = Arc::clone(&draft.rules);
        let gate = &rules.deactivation.gate;
        let serial = draft.held_by(user).map(|held| held.serial.clone());
        let (outcome, answer) = match admit_one(draft, acting, gate, user, serial.as_ref()) {
            Err(denial) => (denial.word(), view::refused(draft, denial.into())),
            Ok(()) => match self.step_up(ask, draft, acting, gate).await? {
                StepUp::Rejected(told) => (told.reason.word(), view::rejected(told)),
                StepUp::Passed => match give_up(draft, user, serial.as_ref()) {
                    Ok(()) => ("done", view::done(draft, user, serial.as_ref())),
                    Err(refused) => (refused.denial.word(), view::refused(draft, refused)),
                },
            },
        };
        let event =
            acting.event(ask, draft, Action::Deactivate, (Some(user), serial.as_ref()), outcome);
        draft.push(event);
        if outcome == "done" {
            view::note_user(ask, draft, user, Action::Deactivate, serial.as_ref(), acting);
            if let Some(serial) = &serial {
                view::note_token(ask, draft, serial, Action::Deactivate, Some(user));
            }
        }
        Ok(answer)
    }

    /// The actor and, where a code came with the request, the actor's token in its turn.
    pub(super) async fn fetch_actor_in_turn(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        acting: &Acting,
    ) -> Result<(), Failure> {
        self.fetch_actor(draft, acting).await?;
        let Some(actor) = &acting.user else { return Ok(()) };
        if acting.code.is_some() {
            let serials = draft.serial_of(actor).cloned().into_iter().collect();
            self.take_turns(ask, draft, serials).await?;
        }
        self.fetch_held(draft, actor).await
    }

    /// Actor and targets with the tokens they hold. A user that does not exist is left out.
    pub(super) async fn fetch_targets(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        targets: &Targets,
    ) -> Result<(), Failure> {
        self.fetch_actor_in_turn(ask, draft, &targets.acting).await?;
        for user in &targets.users {
            if self.fetch_user(draft, user).await? {
                self.fetch_held(draft, user).await?;
            }
        }
        Ok(())
    }
}

/// For each target why it is refused, if it is.
fn refusals(draft: &Draft, targets: &Targets, gate: &Gate) -> Vec<Option<Denial>> {
    let one = |user: &UserId| {
        let serial = draft.serial_of(user);
        if draft.user(user).is_none() {
            return Some(Denial::UnknownUser);
        }
        let admitted = admit_one(draft, &targets.acting, gate, user, serial);
        // Before any code is looked at: what fails later than that would be told, and not kept.
        let none = || draft.held_by(user).is_none().then_some(Denial::NotRegistered);
        admitted.err().or_else(none)
    };
    targets.users.iter().map(one).collect()
}

pub(super) fn admit_one(
    draft: &Draft,
    acting: &Acting,
    gate: &Gate,
    user: &UserId,
    serial: Option<&Serial>,
) -> Result<(), Denial> {
    let role = draft.user(user).ok_or(Denial::UnknownUser)?.user.role;
    Service::admit(draft, acting, gate, Some(Subject { id: user, role, serial }))
}

/// Nothing is changed; each target is told what is wrong with it, or nothing.
pub(super) fn refuse_all(
    ask: &Ask,
    draft: &mut Draft,
    targets: &Targets,
    action: Action,
    refusals: &[Option<Denial>],
) -> TargetsAnswer {
    let mut results = Vec::with_capacity(targets.users.len());
    for (user, refusal) in targets.users.iter().zip(refusals) {
        let outcome = refusal.map_or("not_changed", Denial::word);
        let serial = draft.serial_of(user).cloned();
        let subject = (Some(user), serial.as_ref());
        let event = targets.acting.event(ask, draft, action, subject, outcome);
        draft.push(event);
        results.push(view::target_refused(user, *refusal));
    }
    let first = refusals.first().copied().flatten();
    let common = first.filter(|why| refusals.iter().all(|other| *other == Some(*why)));
    view::targets_refused(common, results)
}

/// Nothing is changed: what the actor showed was not right.
pub(super) fn reject_all(
    ask: &Ask,
    draft: &mut Draft,
    targets: &Targets,
    action: Action,
    told: Told,
) -> TargetsAnswer {
    for user in &targets.users {
        let serial = draft.serial_of(user).cloned();
        let subject = (Some(user), serial.as_ref());
        let event = targets.acting.event(ask, draft, action, subject, told.reason.word());
        draft.push(event);
    }
    view::targets_rejected(told)
}

fn revoke_all(ask: &Ask, draft: &mut Draft, targets: &Targets) -> Result<TargetsAnswer, Failure> {
    let mut results = Vec::with_capacity(targets.users.len());
    for user in &targets.users {
        let serial = draft.serial_of(user).cloned().ok_or(Failure::Bug)?;
        let reopens = take_away(draft, user, &serial).map_err(|_| Failure::Bug)?;
        let subject = (Some(user), Some(&serial));
        let mut event = targets.acting.event(ask, draft, Action::Revoke, subject, "done");
        event.number = Some(reopens.0);
        draft.push(event);
        view::note_user(ask, draft, user, Action::Revoke, Some(&serial), &targets.acting);
        view::note_token(ask, draft, &serial, Action::Revoke, Some(user));
        results.push(TargetResult {
            not_before: Some(crate::wire::timestamp(reopens)),
            ..view::target(user, ActionOutcome::Done, Some(&serial))
        });
    }
    Ok(view::targets_done(results))
}

fn take_away(draft: &mut Draft, user: &UserId, serial: &Serial) -> Result<UnixTime, Refused> {
    let (rules, now) = (Arc::clone(&draft.rules), draft.now());
    let common = draft.contract.get().contract.common().is_some();
    let (contract, holder, token) = draft.trio(user, serial).ok_or(Denial::NotRegistered)?;
    let kind = token.get().kind;
    let mut life = token.get().life.clone();
    let mut left = Left { serial, kind, life: &mut life };
    let holder = &mut holder.edit().user;
    let reopens = leave::revoke(&rules, &contract.get().contract, holder, &mut left, now)?;
    if token.get().life != life {
        token.edit().life = life;
    }
    if !common {
        draft.hint_holder(serial, user, false);
    }
    Ok(reopens)
}

pub(super) fn give_up(
    draft: &mut Draft,
    user: &UserId,
    serial: Option<&Serial>,
) -> Result<(), Refused> {
    let serial = serial.ok_or(Denial::NotRegistered)?;
    let (rules, now) = (Arc::clone(&draft.rules), draft.now());
    let (contract, holder, token) = draft.trio(user, serial).ok_or(Denial::NotRegistered)?;
    let kind = token.get().kind;
    let (mut life, mut changed) = (token.get().life.clone(), holder.get().user.clone());
    let mut left = Left { serial, kind, life: &mut life };
    leave::deactivate(&rules, &contract.get().contract, &mut changed, &mut left, now)?;
    holder.edit().user = changed;
    token.edit().life = life;
    draft.hint_holder(serial, user, false);
    Ok(())
}
