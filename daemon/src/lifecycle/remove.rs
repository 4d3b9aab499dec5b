//! A user leaves the contract.
//!
//! Not responsible for: the front end's own record of them.

use std::sync::Arc;

use warifu_api::action::{ActionAnswer, ActionOutcome};
use warifu_core::{
    event::Action,
    ident::{ContractId, UserId},
    lifecycle::leave::{self, Left},
};

use super::{acting::Acting, draft::Begun};
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
    ) -> Result<Kept<ActionAnswer>, Failure> {
        loop {
            let mut draft = match self.begin(ask, contract).await? {
                Begun::Replayed(answer) => return Ok(Kept::Replayed(answer)),
                Begun::Draft(draft) => *draft,
            };
            if !self.fetch_user(&mut draft, user).await? {
                return Err(Failure::NotFound);
            }
            self.fetch_held(&mut draft, user).await?;
            let serial = draft.held_by(user).map(|held| held.serial.clone());
            let rules = Arc::clone(&draft.rules);
            let now = draft.now();
            if let Some(serial) = &serial
                && let Some((contract, _, token)) = draft.trio(user, serial)
            {
                let kind = token.get().kind;
                let mut life = token.get().life.clone();
                let mut left = Left { serial, kind, life: &mut life };
                leave::remove(&rules, &contract.get().contract, &mut left, now);
                if life != token.get().life {
                    token.edit().life = life;
                }
                draft.hint_holder(serial, user, false);
            }
            let subject = (Some(user), serial.as_ref());
            let event = Acting::default().event(ask, &draft, Action::UserRemove, subject, "done");
            draft.push(event);
            draft.drop_user(user);
            let answer = ActionAnswer::new(ActionOutcome::Done);
            if let Some(kept) = self.finish(ask, draft, answer).await? {
                return Ok(kept);
            }
        }
    }
}
