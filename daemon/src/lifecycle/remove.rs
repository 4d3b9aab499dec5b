//! A user leaves the contract.
//!
//! Not responsible for: the front end's own record of them.

use std::sync::Arc;

use warifu_api::action::{ActionAnswer, ActionOutcome};
use warifu_core::{
    event::Action,
    ident::{ContractId, Serial, UserId},
    lifecycle::{
        Binding, Denial,
        leave::{self, Left},
        signing::{self, Leaving},
    },
};

use super::{
    acting::{Acting, staff_given},
    draft::{Begun, Draft},
    signing::bound,
    view,
};
use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    service::Service,
};

impl Service {
    /// Removes a user; what they held is let go as by a revocation.
    pub(crate) async fn remove_user(
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
            let serial = draft.held_by(user).map(|held| held.serial.clone());
            let signer = bound(&draft, user);
            let refusal = may_remove(&draft, user, acting).err();
            if refusal.is_none() {
                let_go(&mut draft, user, serial.as_ref());
                stop_signing(&mut draft, user, signer.as_ref());
            }
            let outcome = refusal.map_or("done", Denial::word);
            if let Some(signer) = signer.filter(|signer| Some(signer) != serial.as_ref()) {
                let subject = (Some(user), Some(&signer));
                let event = acting.event(ask, &draft, Action::UserRemove, subject, outcome);
                draft.push(event);
            }
            let subject = (Some(user), serial.as_ref());
            let event = acting.event(ask, &draft, Action::UserRemove, subject, outcome);
            draft.push(event);
            let answer = match refusal {
                Some(denial) => view::refused(&draft, denial.into()),
                None => ActionAnswer::new(ActionOutcome::Done),
            };
            if refusal.is_none() {
                draft.drop_user(user);
            }
            if let Some(kept) = self.finish(ask, draft, answer).await? {
                return Ok(kept);
            }
        }
    }
}

/// A token that is on its way to the user has to be recalled first: whoever gets this name next
/// could register it.
fn may_remove(draft: &Draft, user: &UserId, acting: &Acting) -> Result<(), Denial> {
    staff_given(&draft.rules, acting)?;
    let generation = draft.contract.get().contract.generation();
    let record = draft.user(user).ok_or(Denial::UnknownUser)?;
    match record.user.binding(generation) {
        Binding::Issued { .. } => Err(Denial::AlreadyIssued),
        _ => Ok(()),
    }
}

fn let_go(draft: &mut Draft, user: &UserId, serial: Option<&Serial>) {
    let Some(serial) = serial else { return };
    let (rules, now) = (Arc::clone(&draft.rules), draft.now());
    let Some((contract, _, token)) = draft.trio(user, serial) else { return };
    let kind = token.get().kind;
    let mut life = token.get().life.clone();
    let mut left = Left { serial, kind, life: &mut life };
    leave::remove(&rules, &contract.get().contract, &mut left, now);
    if life != token.get().life {
        token.edit().life = life;
    }
    draft.hint_holder(serial, user, false);
}

fn stop_signing(draft: &mut Draft, user: &UserId, serial: Option<&Serial>) {
    let Some(serial) = serial else { return };
    let (rules, now) = (Arc::clone(&draft.rules), draft.now());
    let Some((_, holder, token)) = draft.trio(user, serial) else { return };
    let (holder, life) = (&mut holder.edit().user, &mut token.edit().life);
    signing::leave(&rules, holder, life, Leaving::Revoked, now);
    draft.hint_holder(serial, user, false);
}
