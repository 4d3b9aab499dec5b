//! 利用開始登録: serial and one code, one atomic step.
//!
//! Not responsible for: what may be registered by whom (`warifu_core::lifecycle::register`).

use std::sync::Arc;

use warifu_api::action::ActionAnswer;
use warifu_core::{
    code::Code,
    event::Action,
    ident::{ContractId, Serial, UserId},
    lifecycle::{
        Denial, Refused,
        actor::Subject,
        register::{self, Admission, Registration},
        user::Binding,
    },
    policy::VerificationPolicy,
    rules::Rules,
    settle::{Reason, Verdict},
};

use super::{
    acting::{Acting, Judge, StepUp, Told, told, true_outcome},
    draft::{Begun, Draft},
    view,
};
use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    service::Service,
    wire,
};

/// What is to be registered.
#[derive(Debug)]
pub(crate) struct Registering {
    pub(crate) acting: Acting,
    pub(crate) serial: Serial,
    /// The second entry, where the form has two.
    pub(crate) serial_again: Option<String>,
    pub(crate) code: Code,
}

/// How an attempt ended.
enum End {
    /// By this verdict on its code.
    Registered(Verdict),
    Refused(Refused),
    /// The actor's own code was not right.
    StepUp(Told),
    /// As it may be told, and what happened to the code.
    Rejected(Told, Verdict),
}

impl Service {
    /// Registers a token for a user.
    pub(crate) async fn register(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
        wish: &Registering,
    ) -> Result<Kept<ActionAnswer>, Failure> {
        wish.acting.check(ask)?;
        self.check_typed(ask, wish)?;
        loop {
            let mut draft = match self.begin(ask, contract).await? {
                Begun::Replayed(answer) => return Ok(Kept::Replayed(answer)),
                Begun::Draft(draft) => *draft,
            };
            self.fetch_for_registration(ask, &mut draft, user, wish).await?;
            let end = self.attempt(ask, &mut draft, user, wish).await?;
            let answer = registered(ask, &mut draft, user, wish, &end);
            if let Some(kept) = self.finish(ask, draft, answer).await? {
                return Ok(kept);
            }
        }
    }

    /// What can be said of the serial without looking anything up is a mistake of the form.
    fn check_typed(&self, ask: &Ask, wish: &Registering) -> Result<(), Failure> {
        let rules = self.rules(ask.institution())?;
        let again = wish.serial_again.as_deref();
        rules
            .serial
            .check(wish.serial.as_str(), again)
            .map_err(|fault| Failure::Field { field: "serial", rule: view::serial_rule(fault) })
    }

    async fn fetch_for_registration(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        user: &UserId,
        wish: &Registering,
    ) -> Result<(), Failure> {
        if !self.fetch_user(draft, user).await? {
            return Err(Failure::NotFound);
        }
        self.fetch_actor(draft, &wish.acting).await?;
        let mut turns = vec![wish.serial.clone()];
        if wish.acting.code.is_some() {
            turns.extend(wish.acting.user.as_ref().and_then(|id| draft.serial_of(id)).cloned());
        }
        self.take_turns(ask, draft, turns).await?;
        self.fetch_token(draft, &wish.serial).await?;
        self.fetch_held(draft, user).await?;
        if let Some(actor) = &wish.acting.user {
            self.fetch_held(draft, actor).await?;
        }
        Ok(())
    }

    async fn attempt(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        user: &UserId,
        wish: &Registering,
    ) -> Result<End, Failure> {
        let rules = Arc::clone(&draft.rules);
        let gate = &rules.registration.gate;
        if let Err(denial) = admit_registration(draft, user, wish, &rules) {
            return Ok(End::Refused(denial.into()));
        }
        let admission = match admission(draft, user, &wish.serial) {
            Ok(admission) => admission,
            Err(refused) => return Ok(End::Refused(refused)),
        };
        if let StepUp::Rejected(told) = self.step_up(ask, draft, &wish.acting, gate).await? {
            return Ok(End::StepUp(told));
        }
        let judge = Judge { serial: &wish.serial, action: Action::Register, user: Some(user) };
        let policy = first_code_policy(&rules);
        let verdict = self.judge_in(ask, draft, judge, &wish.code, &policy).await?;
        if let Some(told) = told(draft, verdict, wish.acting.confirmation) {
            return Ok(End::Rejected(unspecific(draft, told), verdict));
        }
        bind(draft, user, &wish.serial, admission).ok_or(Failure::Bug)?;
        Ok(End::Registered(verdict))
    }
}

fn registered(
    ask: &Ask,
    draft: &mut Draft,
    user: &UserId,
    wish: &Registering,
    end: &End,
) -> ActionAnswer {
    let (outcome, number, answer) = match end {
        End::Registered(verdict) => {
            ("done", Some(*verdict), view::done(draft, user, Some(&wish.serial)))
        }
        End::Refused(refused) => {
            let told = view::refused(draft, hidden(draft, *refused));
            (refused.denial.word(), None, told)
        }
        End::StepUp(told) => (Denial::CodeRejected.word(), None, view::rejected(*told)),
        End::Rejected(told, verdict) => {
            (true_outcome(*verdict), Some(*verdict), view::rejected(*told))
        }
    };
    let subject = (Some(user), Some(&wish.serial));
    let mut event = wish.acting.event(ask, draft, Action::Register, subject, outcome);
    event.number = number.map(wire::explanation);
    draft.push(event);
    if matches!(end, End::Registered(_)) {
        let serial = Some(&wish.serial);
        view::note_user(ask, draft, user, Action::Register, serial, &wish.acting);
    }
    draft.count(outcome);
    answer
}

/// Who may register for whom; the code of the new token comes with the password. In the common mode
/// the contract's token is everybody's, so the user named in the path only says who is registering.
fn admit_registration(
    draft: &Draft,
    user: &UserId,
    wish: &Registering,
    rules: &Rules,
) -> Result<(), Denial> {
    let role = draft.user(user).ok_or(Denial::UnknownUser)?.user.role;
    let subject = Subject { id: user, role, serial: Some(&wish.serial) };
    Service::admit_with(draft, &wish.acting, &rules.registration.gate, Some(subject), true)
}

/// Whether this token may become this user's.
pub(super) fn admission(
    draft: &Draft,
    user: &UserId,
    serial: &Serial,
) -> Result<Admission, Refused> {
    let record = draft.user(user).ok_or(Denial::UnknownUser)?;
    let token = draft.held(serial).ok_or(Denial::NotThisContract)?;
    register::check(Registration {
        rules: &draft.rules,
        contract_id: &draft.contract_id,
        contract: &draft.contract.get().contract,
        user_id: user,
        user: &record.user,
        held: draft.held_by(user),
        token,
        now: draft.now(),
    })
}

/// Contract, user, token and the hints for lists.
pub(super) fn bind(
    draft: &mut Draft,
    user: &UserId,
    serial: &Serial,
    admission: Admission,
) -> Option<()> {
    let now = draft.now();
    let before = match draft.user(user)?.user.recorded() {
        Binding::InService { serial: old, .. }
        | Binding::Revoked { serial: old, .. }
        | Binding::Issued { serial: old, .. } => Some(old.clone()),
        Binding::Unregistered => None,
    };
    let (contract, holder, token) = draft.trio(user, serial)?;
    let token = token.edit();
    let was = contract.get().contract.clone();
    let mut now_contract = was.clone();
    let holder = &mut holder.edit().user;
    register::apply(admission, &mut now_contract, holder, (serial, &mut token.life), now);
    if now_contract != was {
        contract.edit().contract = now_contract;
    }
    if let Some(old) = before.filter(|old| old != serial) {
        draft.hint_holder(&old, user, false);
    }
    draft.hint_holder(serial, user, true);
    Some(())
}

/// A new token's clock or counter is unknown, so its first code is looked for further away.
fn first_code_policy(rules: &Rules) -> VerificationPolicy {
    VerificationPolicy {
        window_steps: rules.registration.window_steps.max(rules.verification.window_steps),
        look_ahead: rules.registration.look_ahead.max(rules.verification.look_ahead),
        ..rules.verification.clone()
    }
}

/// A code of the wrong length would tell that the serial is one of this contract's.
fn unspecific(draft: &Draft, told: Told) -> Told {
    match told.reason {
        Reason::Length if draft.rules.hide_which => Told { reason: Reason::NotAccepted, ..told },
        _ => told,
    }
}

/// Where policy says so, a serial that is not this contract's looks like a wrong code.
pub(super) fn hidden(draft: &Draft, refused: Refused) -> Refused {
    match refused.denial {
        Denial::NotThisContract if draft.rules.hide_which => Denial::NotAccepted.into(),
        _ => refused,
    }
}
