//! 初期化: a camera token whose activation came to no end is made ready for another one.
//!
//! Not responsible for: which states allow it (`warifu_core::camera`).

use std::sync::Arc;

use warifu_api::action::ActionAnswer;
use warifu_core::{
    event::Action,
    ident::{ContractId, Serial},
    lifecycle::{Denial, Life, signing},
};

use super::{camera, edit_camera};
use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    lifecycle::{
        acting::{Acting, StepUp},
        draft::{Begun, Draft},
        view,
    },
    service::Service,
};

impl Service {
    /// Makes a token ready for another activation.
    pub(crate) async fn initialise(
        &self,
        ask: &Ask,
        contract: &ContractId,
        serial: &Serial,
        acting: &Acting,
    ) -> Result<Kept<ActionAnswer>, Failure> {
        acting.check(ask)?;
        loop {
            let mut draft = match self.begin(ask, contract).await? {
                Begun::Replayed(answer) => return Ok(Kept::Replayed(answer)),
                Begun::Draft(draft) => *draft,
            };
            self.fetch_actor_in_turn(ask, &mut draft, acting).await?;
            self.fetch_token(&mut draft, serial).await?;
            let rules = Arc::clone(&draft.rules);
            let gate = &rules.camera.initialise;
            let (outcome, answer) = match may_initialise(&mut draft, serial, acting) {
                Err(denial) => (denial.word(), view::refused(&draft, denial.into())),
                Ok(()) => match self.step_up(ask, &mut draft, acting, gate).await? {
                    StepUp::Rejected(told) => (told.reason.word(), view::rejected(told)),
                    StepUp::Passed => {
                        edit_camera(&mut draft, serial)?.initialise();
                        let token = draft.token_cell(serial).ok_or(Failure::Bug)?;
                        signing::initialised(&mut token.edit().life);
                        view::note_token(ask, &mut draft, serial, Action::Initialise, None);
                        ("done", view::token_done(&draft, serial))
                    }
                },
            };
            let subject = (None, Some(serial));
            let event = acting.event(ask, &draft, Action::Initialise, subject, outcome);
            draft.push(event);
            if let Some(kept) = self.finish(ask, draft, answer).await? {
                return Ok(kept);
            }
        }
    }
}

fn may_initialise(draft: &mut Draft, serial: &Serial, acting: &Acting) -> Result<(), Denial> {
    let gate = draft.rules.camera.initialise.clone();
    Service::admit(draft, acting, &gate, None)?;
    let owner = draft.token(serial).map(|record| record.life.clone());
    let owner = owner.ok_or(Denial::NotThisContract)?;
    if owner.contract() != Some(&draft.contract_id) {
        return Err(Denial::NotThisContract);
    }
    if matches!(owner, Life::Lost(_)) {
        return Err(Denial::TokenLost);
    }
    camera(draft, serial).ok_or(Denial::NotSignable)?.may_initialise()
}
