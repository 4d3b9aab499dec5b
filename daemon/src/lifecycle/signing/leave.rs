//! How users leave a camera token: 失効 by somebody else, 利用解除 by themselves. Whoever leaves last
//! is offered the message with which the token forgets its activation.
//!
//! Not responsible for: tokens for one-time passwords (`crate::lifecycle::leave`).

use std::sync::Arc;

use warifu_api::{action::ActionAnswer, camera::CameraLeaveAnswer};
use warifu_core::{
    camera::LoginName,
    challenge::{Challenge, Form, Purpose, State},
    event::Action,
    ident::{ContractId, Serial, UserId},
    lifecycle::{
        Denial,
        signing::{self, Leaving},
    },
    rules::Gate,
    token::Moving,
};
use warifu_keys::driver::Wish;
use warifu_store::record::ChallengeRecord;
use warifu_txa1::content::Body;

use super::{Driven, driven, message, name};
use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    lifecycle::{
        acting::{Acting, StepUp},
        draft::{Begun, Draft},
        grants::session_digest,
        leave::admit_one,
        view,
    },
    service::Service,
    wire,
};

impl Service {
    /// 失効 of a user's camera token.
    pub(crate) async fn revoke_camera(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
        acting: &Acting,
    ) -> Result<Kept<ActionAnswer>, Failure> {
        let rules = self.rules(ask.institution())?;
        let way =
            Way { how: Leaving::Revoked, action: Action::Revoke, gate: &rules.revocation.gate };
        let kept = self.leave_camera(ask, contract, user, acting, way).await?;
        Ok(match kept {
            Kept::Fresh(answer) => Kept::Fresh(answer.action),
            Kept::Replayed(answer) => Kept::Replayed(answer.action),
        })
    }

    /// 利用解除 of the user's own camera token.
    pub(crate) async fn deactivate_camera(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
        acting: &Acting,
    ) -> Result<Kept<CameraLeaveAnswer>, Failure> {
        let rules = self.rules(ask.institution())?;
        let gate = &rules.deactivation.gate;
        let way = Way { how: Leaving::GivenUp, action: Action::Deactivate, gate };
        self.leave_camera(ask, contract, user, acting, way).await
    }

    async fn leave_camera(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
        acting: &Acting,
        way: Way<'_>,
    ) -> Result<Kept<CameraLeaveAnswer>, Failure> {
        acting.check(ask)?;
        loop {
            let mut draft = match self.begin_for(ask, contract, user).await? {
                Begun::Replayed(answer) => return Ok(Kept::Replayed(answer)),
                Begun::Draft(draft) => *draft,
            };
            self.fetch_actor_in_turn(ask, &mut draft, acting).await?;
            self.fetch_held(&mut draft, user).await?;
            self.fetch_signer(&mut draft, user).await?;
            let answer = self.try_leave(ask, &mut draft, user, acting, way).await?;
            if let Some(kept) = self.finish(ask, draft, answer).await? {
                return Ok(kept);
            }
        }
    }

    async fn try_leave(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        user: &UserId,
        acting: &Acting,
        way: Way<'_>,
    ) -> Result<CameraLeaveAnswer, Failure> {
        let serial = bound(draft, user);
        let admitted = admit_one(draft, acting, way.gate, user, serial.as_ref());
        let (outcome, answer) = match (admitted, &serial) {
            (Err(denial), _) => (denial.word(), view::refused(draft, denial.into()).into()),
            (Ok(()), None) => {
                let denial = Denial::NotRegistered;
                (denial.word(), view::refused(draft, denial.into()).into())
            }
            (Ok(()), Some(serial)) => match self.step_up(ask, draft, acting, way.gate).await? {
                StepUp::Rejected(told) => (told.reason.word(), view::rejected(told).into()),
                StepUp::Passed => {
                    ("done", self.left(ask, draft, (user, serial), acting, way.how).await?)
                }
            },
        };
        let subject = (Some(user), serial.as_ref());
        let event = acting.event(ask, draft, way.action, subject, outcome);
        draft.push(event);
        if let (Some(serial), "done") = (&serial, outcome) {
            view::note_user(ask, draft, user, way.action, Some(serial), acting);
            view::note_token(ask, draft, serial, way.action, Some(user));
        }
        Ok(answer)
    }

    async fn left(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        (user, serial): (&UserId, &Serial),
        acting: &Acting,
        how: Leaving,
    ) -> Result<CameraLeaveAnswer, Failure> {
        let (rules, now) = (Arc::clone(&draft.rules), draft.now());
        let login = draft.user(user).and_then(|one| one.user.signer()).map(|one| one.login.clone());
        let (_, holder, token) = draft.trio(user, serial).ok_or(Failure::Bug)?;
        let (holder, life) = (&mut holder.edit().user, &mut token.edit().life);
        let (until, free) = signing::leave(&rules, holder, life, how, now);
        draft.hint_holder(serial, user, false);
        let mut answer = CameraLeaveAnswer::from(view::token_done(draft, serial));
        answer.action.not_before = until.map(wire::timestamp);
        if free
            && how == Leaving::GivenUp
            && let Some(login) = login
        {
            self.offer_message(ask, draft, (user, serial), (acting, &login), &mut answer).await?;
        }
        Ok(answer)
    }

    /// The message with which the token forgets its activation; with a session, also the challenge
    /// whose answer tells that it did.
    async fn offer_message(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        (user, serial): (&UserId, &Serial),
        (acting, login): (&Acting, &LoginName),
        answer: &mut CameraLeaveAnswer,
    ) -> Result<(), Failure> {
        let (id, now) = (draft.token_id(serial), draft.now());
        let record = draft.token(serial).ok_or(Failure::Bug)?;
        let Moving::Camera(state) = &record.token.moving else { return Ok(()) };
        let (Some(active), activation) = (state.active(), state.activations) else { return Ok(()) };
        let driver = self.driver(record)?;
        let lifetime_s = draft.rules.challenge.lifetime_s;
        let wish = Wish { login, now, lifetime_s, body: &Body::Deactivate };
        let keys = self.token_keys(ask, &id, record);
        let made = match driven(driver.message(keys, active, activation, wish).await)? {
            Driven::Denied(_) => return Ok(()),
            Driven::Done(made) => made,
        };
        answer.message = message(driver, &made.message.bytes);
        let session = acting.session.as_ref();
        let session = session.map(|session| session_digest(self, ask, session.expose()));
        if session.is_some() {
            answer.challenge = Some(name(serial, &made.message.nonce));
        }
        draft.add_challenge(ChallengeRecord {
            institution: draft.institution.clone(),
            serial: serial.clone(),
            id: made.message.nonce,
            challenge: Challenge {
                contract: draft.contract_id.clone(),
                user: user.clone(),
                session: session.unwrap_or_default(),
                issued: now,
                lifetime_s,
                wrong: 0,
                activation,
                state: if session.is_some() {
                    State::Open
                } else {
                    State::Ended(Denial::NoChallenge)
                },
            },
            purpose: Purpose::Deactivate,
            form: Form::Display {
                message: made.message.bytes,
                content: made.content,
                question: made.question,
            },
            login: None,
            last_request: None,
        });
        Ok(())
    }
}

/// One of the two ways.
#[derive(Clone, Copy)]
struct Way<'a> {
    how: Leaving,
    action: Action,
    gate: &'a Gate,
}

/// The camera token that the user signs with.
pub(in crate::lifecycle) fn bound(draft: &Draft, user: &UserId) -> Option<Serial> {
    let signer = draft.user(user)?.user.signer()?;
    let held = draft.held(&signer.serial)?;
    let generation = draft.contract.get().contract.generation();
    held.binds(signer, &draft.contract_id, generation).then(|| signer.serial.clone())
}
