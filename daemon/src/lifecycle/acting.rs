//! Who acts, what the front end vouches for, and the step-up code of the actor's own token.
//!
//! Not responsible for: the gates themselves (`warifu_core::lifecycle::actor`).

use std::sync::Arc;

use warifu_api::SecretText;
use warifu_core::{
    code::Code,
    event::{Action, Event, Parties},
    ident::{Serial, UserId},
    lifecycle::{
        Actor, Confirmation, Denial, Held, Life,
        actor::{Scene, Subject},
        authorize::{self, Cause},
    },
    policy::VerificationPolicy,
    rules::{Gate, Rules},
    settle::{Reason, Verdict},
    token::Moving,
};
use warifu_store::record::TokenNote;

use super::{draft::Draft, signing::ChallengeName};
use crate::{ask::Ask, failure::Failure, service::Service, tls::Role, wire};

/// Who acts, as the request says.
#[derive(Debug, Default)]
pub(crate) struct Acting {
    /// The acting user; `None`: the bank's own staff.
    pub(crate) user: Option<UserId>,
    pub(crate) confirmation: Confirmation,
    /// How they logged in, for the record only.
    pub(crate) login_method: Option<&'static str>,
    pub(crate) session: Option<SecretText>,
    /// Of the actor's own token.
    pub(crate) code: Option<Code>,
    /// A challenge that the actor's own token answered, instead of a code.
    pub(crate) signature: Option<ChallengeName>,
    pub(crate) reason: Option<String>,
    pub(crate) reference: Option<String>,
}

/// How a step-up ended.
pub(super) enum StepUp {
    Passed,
    /// The answer's reason, and how many wrong codes are left, where that may be told.
    Rejected(Told),
}

/// A rejected code as it may be told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub(super) reason: Reason,
    pub(super) remaining: Option<u32>,
}

impl Acting {
    /// Staff act under their own certificate; a front end must name the user who acts.
    pub(super) fn check(&self, ask: &Ask) -> Result<(), Failure> {
        let roles = &ask.caller.roles;
        match &self.user {
            Some(_) if roles.contains(Role::Validator) => Ok(()),
            Some(_) => Err(Failure::Field {
                field: "actor.user",
                rule: "only a front end (role validator) names an acting user; staff act as themselves",
            }),
            None if roles.contains(Role::Operator) => Ok(()),
            None => Err(Failure::Field {
                field: "actor.user",
                rule: "a front end must name the user who acts",
            }),
        }
    }

    /// A user's own operations are asked about under their own name, where one is given at all.
    pub(super) fn check_own(&self, user: &UserId) -> Result<(), Failure> {
        match &self.user {
            Some(actor) if actor != user => Err(Failure::Field {
                field: "actor.user",
                rule: "is the user of the path; nobody shows a code for somebody else",
            }),
            _ => Ok(()),
        }
    }

    fn assertions(&self) -> Option<String> {
        let confirmation = match self.confirmation {
            Confirmation::NotChecked => None,
            Confirmation::Right => Some("confirmation=right".to_owned()),
            Confirmation::Wrong => Some("confirmation=wrong".to_owned()),
        };
        let login = self.login_method.map(|method| format!("login={method}"));
        let code = self.code.is_some().then(|| "code=given".to_owned());
        let signature = self.signature.as_ref();
        let signature = signature.map(|name| format!("signature={}", hex::encode(name.id)));
        let parts: Vec<String> =
            [confirmation, login, code, signature].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }

    /// An event of the life cycle, with everything about who acts and what was vouched for.
    pub(super) fn event(
        &self,
        ask: &Ask,
        draft: &Draft,
        action: Action,
        subject: (Option<&UserId>, Option<&Serial>),
        outcome: &'static str,
    ) -> Event {
        let (user, serial) = subject;
        let mut event = ask.event(action, serial, draft.moment.ms, outcome);
        event.note.clone_from(&self.reason);
        event.parties = Parties {
            contract: Some(draft.contract_id.clone()),
            user: user.cloned(),
            acting: self.user.clone(),
            assertions: self.assertions(),
            reference: self.reference.clone(),
        };
        event
    }
}

impl Service {
    /// Loads the acting user and their token. `false` where the contract has no such user.
    pub(super) async fn fetch_actor(
        &self,
        draft: &mut Draft,
        acting: &Acting,
    ) -> Result<bool, Failure> {
        let Some(id) = &acting.user else { return Ok(true) };
        let known = self.fetch_user(draft, id).await?;
        self.fetch_signer(draft, id).await?;
        Ok(known)
    }

    /// The gate, for one subject or for the contract as a whole. Where policy hides which element
    /// was wrong, a wrong password may pass here and is told by [`Service::step_up`].
    pub(super) fn admit(
        draft: &Draft,
        acting: &Acting,
        gate: &Gate,
        subject: Option<Subject<'_>>,
    ) -> Result<(), Denial> {
        let live = || acting.user.as_ref().and_then(|id| draft.held_by(id));
        let live = || live().is_some_and(|held| held.is_live(draft.now()));
        let with_code = gate.looks_at_code() && (acting.code.is_some() || live());
        Self::admit_with(draft, acting, gate, subject, with_code)
    }

    /// The same; `with_code` says whether a code is asked for together with the password.
    pub(super) fn admit_with(
        draft: &Draft,
        acting: &Acting,
        gate: &Gate,
        subject: Option<Subject<'_>>,
        with_code: bool,
    ) -> Result<(), Denial> {
        let contract = &draft.contract.get().contract;
        let scene = Scene { contract, staff: draft.rules.staff, now: draft.now() };
        let Some(id) = &acting.user else {
            let (reason, reference) =
                (given(acting.reason.as_deref()), given(acting.reference.as_deref()));
            return gate.admit(scene, Actor::Staff { reason, reference }, subject);
        };
        let record = draft.user(id).ok_or(Denial::UnknownUser)?;
        let actor = Actor::User {
            id,
            user: &record.user,
            // A keypad token answers challenges: it has signatures, and no codes by itself.
            token: draft.held_by(id).filter(|held| !is_keypad(held)),
            confirmation: seen_by_gate(draft, acting, with_code),
            code: acting.code.is_some(),
            signer: draft.signs(id),
            signed: acting.signature.is_some(),
        };
        gate.admit(scene, actor, subject)?;
        // Who may not log in because of their lock does not act either: unlocking another user of
        // the same token would unlock themselves.
        let (token, now) = (draft.held_by(id), draft.now());
        let other = subject.is_none_or(|subject| subject.id != id);
        match authorize::login_block(&draft.rules, contract, &record.user, token, now) {
            Some(Cause::Locked) => Err(Denial::ActorNeedsToken),
            // Nor who was revoked; their own registration says itself when it will be possible.
            Some(Cause::Revoked) if other => Err(Denial::ActorNeedsToken),
            _ => Ok(()),
        }
    }

    /// Checks the code that came with the request, where the gate asks for one. The code is used up
    /// whatever becomes of the operation.
    pub(super) async fn step_up(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        acting: &Acting,
        gate: &Gate,
    ) -> Result<StepUp, Failure> {
        let Some(id) = acting.user.as_ref().filter(|_| gate.looks_at_code()) else {
            return Ok(StepUp::Passed);
        };
        if let Some(name) = &acting.signature {
            let spent = self.spend_signature(ask, draft, acting, (id, name)).await?;
            let right = spent && acting.confirmation != Confirmation::Wrong;
            let told = Told { reason: Reason::NotAccepted, remaining: None };
            return Ok(if right { StepUp::Passed } else { StepUp::Rejected(told) });
        }
        let Some(code) = &acting.code else { return Ok(StepUp::Passed) };
        let Some(serial) = in_service(draft, id) else { return Ok(unjudged(draft, acting)) };
        let rules = Arc::clone(&draft.rules);
        let judge = Judge { serial: &serial, action: Action::Verify, user: Some(id) };
        let verdict = self.judge_in(ask, draft, judge, code, &rules.verification).await?;
        let outcome = recorded(verdict, acting.confirmation);
        let subject = (Some(id), Some(&serial));
        let mut event = acting.event(ask, draft, Action::Verify, subject, outcome);
        event.number = Some(wire::explanation(verdict));
        draft.push(event);
        draft.count(outcome);
        Ok(told(draft, verdict, acting.confirmation).map_or(StepUp::Passed, StepUp::Rejected))
    }

    /// Judges a code against a token of the draft, and notes it there.
    pub(super) async fn judge_in(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        judge: Judge<'_>,
        code: &Code,
        policy: &VerificationPolicy,
    ) -> Result<Verdict, Failure> {
        let moment = draft.moment;
        let id = draft.token_id(judge.serial);
        let Some(cell) = draft.token_cell(judge.serial) else { return Err(Failure::Bug) };
        let judged = self.judge(ask, &id, cell.loan(), code, moment, policy).await?;
        let outcome = wire::outcome_word(judged.verdict);
        if judged.changed || cell.get().is_news(judge.action.word(), outcome) {
            let number = Some(wire::explanation(judged.verdict));
            let note = token_note(ask, judge.action, outcome, number, judge.user, moment.ms);
            cell.edit().push(note);
        }
        Ok(judged.verdict)
    }
}

/// What the policy wants of staff, for changes that have no gate.
pub(super) fn staff_given(rules: &Rules, acting: &Acting) -> Result<(), Denial> {
    rules.staff.check(given(acting.reason.as_deref()), given(acting.reference.as_deref()))
}

/// The same for changes that answer with the thing itself: what is missing is a field of the form.
pub(crate) fn demand_grounds(
    rules: &Rules,
    reason: Option<&str>,
    reference: Option<&str>,
) -> Result<(), Failure> {
    let rule = "must be given: the policy wants it of staff who change what is a customer's";
    rules.staff.check(given(reason), given(reference)).map_err(|denial| Failure::Field {
        field: if denial == Denial::ReasonRequired { "reason" } else { "reference" },
        rule,
    })
}

fn given(text: Option<&str>) -> bool {
    text.is_some_and(|text| !text.trim().is_empty())
}

/// A code that came from an actor who holds nothing in service is no code; the password that came
/// with it still counts.
fn unjudged(draft: &Draft, acting: &Acting) -> StepUp {
    if acting.confirmation != Confirmation::Wrong {
        return StepUp::Passed;
    }
    let hide = draft.rules.hide_which;
    let reason = if hide { Reason::NotAccepted } else { Reason::ConfirmationWrong };
    StepUp::Rejected(Told { reason, remaining: None })
}

const fn is_keypad(held: &Held<'_>) -> bool {
    matches!(held.token.moving, Moving::Keypad(_))
}

fn in_service(draft: &Draft, user: &UserId) -> Option<Serial> {
    let held = draft.held_by(user)?;
    matches!(held.life, Life::InService(_)).then(|| held.serial.clone())
}

/// Which token a code is judged against, and for whom.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) serial: &'a Serial,
    pub(super) action: Action,
    pub(super) user: Option<&'a UserId>,
}

/// Where policy hides which element was wrong, a wrong password is told only together with the code.
fn seen_by_gate(draft: &Draft, acting: &Acting, with_code: bool) -> Confirmation {
    match acting.confirmation {
        Confirmation::Wrong if draft.rules.hide_which && with_code => Confirmation::Right,
        seen => seen,
    }
}

/// What may be told of a code that came with a password; `None`: both were right.
pub(super) fn told(draft: &Draft, verdict: Verdict, password: Confirmation) -> Option<Told> {
    let hide = draft.rules.hide_which;
    let hidden = Told { reason: Reason::NotAccepted, remaining: None };
    match verdict {
        Verdict::Accepted { .. } if password != Confirmation::Wrong => None,
        Verdict::Accepted { .. } | Verdict::Rejected { reason: Reason::Wrong, .. } if hide => {
            Some(hidden)
        }
        Verdict::Accepted { .. } => Some(Told { reason: Reason::ConfirmationWrong, ..hidden }),
        Verdict::Rejected { reason, .. } if hide => Some(Told { reason, ..hidden }),
        Verdict::Rejected { reason, remaining } => {
            Some(Told { reason, remaining: Some(remaining) })
        }
    }
}

/// For the audit chain, which is told everything: a right code beside a wrong password is used up,
/// and is no acceptance.
pub(super) const fn true_outcome(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted { .. } => Reason::ConfirmationWrong.word(),
        Verdict::Rejected { reason, .. } => reason.word(),
    }
}

/// The same, for a code that came with this password.
pub(super) fn recorded(verdict: Verdict, password: Confirmation) -> &'static str {
    match password {
        Confirmation::Wrong => true_outcome(verdict),
        Confirmation::NotChecked | Confirmation::Right => wire::outcome_word(verdict),
    }
}

/// For the token's own short history.
pub(crate) fn token_note(
    ask: &Ask,
    action: Action,
    outcome: &str,
    number: Option<u64>,
    user: Option<&UserId>,
    at_ms: u64,
) -> TokenNote {
    TokenNote {
        at_ms,
        action: action.word().to_owned(),
        outcome: outcome.to_owned(),
        number,
        user: user.cloned(),
        by: ask.caller.name.clone(),
    }
}
