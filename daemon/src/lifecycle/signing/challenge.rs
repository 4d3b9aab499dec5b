//! What is asked of a token: a new challenge, the same one shown again, one taken back.
//!
//! Not responsible for: the answer (`answer`), what tokens can sign at all (`keypad`, drivers).

use std::sync::Arc;

use ring::rand::{SecureRandom as _, SystemRandom};
use warifu_api::{
    SecretText,
    action::{ActionAnswer, ActionOutcome},
    challenge::ChallengeAnswer,
};
use warifu_core::{
    camera::LoginName,
    challenge::{Challenge, ChallengeId, Form, Purpose, State},
    event::Action,
    ident::{ContractId, Serial, UserId},
    lifecycle::{Denial, Refused},
    token::Moving,
};
use warifu_keys::driver::Wish;
use warifu_store::{
    Space,
    record::{self, ChallengeRecord, Record as _, TokenCodeRecord},
};
use warifu_txa1::content::{Body, Content};

use super::{
    ChallengeName, Driven, activation, camera, driven, keypad,
    may::{may_deactivate, may_register, may_share, signing_token},
    message, name,
    order::{Shared, Wanted},
    signed,
};
use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    lifecycle::{
        acting::Acting,
        draft::{Begun, Draft},
        grants::session_digest,
        register, view,
    },
    service::Service,
    wire,
};

/// What a user is asked to sign.
#[derive(Debug)]
pub(crate) struct Asking {
    pub(crate) acting: Acting,
    pub(crate) wanted: Wanted,
}

/// A challenge ready to be kept.
struct Put {
    serial: Serial,
    id: ChallengeId,
    form: Form,
    purpose: Purpose,
    login: Option<LoginName>,
    /// Open challenges of the user, this one included.
    open: u8,
}

/// Which token is asked, what for, and how it calls the user.
struct Target {
    serial: Serial,
    purpose: Purpose,
    login: Option<LoginName>,
}

impl Service {
    /// Puts a challenge to the user's token.
    pub(crate) async fn put_challenge(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
        asking: &Asking,
    ) -> Result<Kept<ChallengeAnswer>, Failure> {
        asking.acting.check_own(user)?;
        let session = self.session(ask, &asking.acting)?;
        loop {
            let mut draft = match self.begin_for(ask, contract, user).await? {
                Begun::Replayed(answer) => return Ok(Kept::Replayed(answer)),
                Begun::Draft(draft) => *draft,
            };
            self.fetch_held(&mut draft, user).await?;
            self.fetch_signer(&mut draft, user).await?;
            let put = self.put(ask, &mut draft, user, asking, session).await?;
            let answer = self.recorded(ask, &mut draft, user, asking, put)?;
            if let Some(kept) = self.finish(ask, draft, answer).await? {
                return Ok(kept);
            }
        }
    }

    /// A challenge that waits for its code, shown again.
    pub(crate) async fn show_challenge(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
        wanted: &ChallengeName,
        session: &SecretText,
    ) -> Result<ChallengeAnswer, Failure> {
        let found = self.load_contract(ask.institution(), contract).await?;
        let mut draft = self.draft(ask, contract, found.ok_or(Failure::NotFound)?)?;
        self.fetch_token(&mut draft, &wanted.serial).await?;
        let known = self.fetch_challenge(&mut draft, &wanted.serial, &wanted.id).await?;
        let own = |one: &&ChallengeRecord| known && one.challenge.contract == *contract;
        let Some(one) = draft.challenge(&wanted.serial, &wanted.id).filter(own) else {
            return Ok(refused(Denial::NoChallenge.into()));
        };
        let token = draft.token(&wanted.serial).ok_or(Failure::NotFound)?;
        let session = session_digest(self, ask, session.expose());
        let number = activation(&token.token.moving);
        match one.challenge.check((contract, user), &session, number, draft.now()) {
            Err(denial) => Ok(refused(denial.into())),
            Ok(()) => self.shown(&draft, one),
        }
    }

    /// The front end takes a challenge back.
    pub(crate) async fn cancel_challenge(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
        wanted: &ChallengeName,
        session: &SecretText,
    ) -> Result<Kept<ActionAnswer>, Failure> {
        let session = session_digest(self, ask, session.expose());
        loop {
            let mut draft = match self.begin_for(ask, contract, user).await? {
                Begun::Replayed(answer) => return Ok(Kept::Replayed(answer)),
                Begun::Draft(draft) => *draft,
            };
            self.fetch_challenge(&mut draft, &wanted.serial, &wanted.id).await?;
            let whose = (contract, user);
            let (outcome, word) = match draft.challenge_cell(&wanted.serial, &wanted.id) {
                Some(cell)
                    if (&cell.get().challenge.contract, &cell.get().challenge.user) == whose
                        && cell.get().challenge.session == session
                        && cell.get().challenge.state == State::Open =>
                {
                    cell.edit().challenge.cancel();
                    (ActionOutcome::Done, "cancelled")
                }
                _ => (ActionOutcome::Unchanged, Denial::NoChallenge.word()),
            };
            let subject = (Some(user), Some(&wanted.serial));
            let event = Acting::default().event(ask, &draft, Action::Challenge, subject, word);
            draft.push(event);
            let answer = ActionAnswer {
                serial: Some(wanted.serial.to_string()),
                ..ActionAnswer::new(outcome)
            };
            if let Some(kept) = self.finish(ask, draft, answer).await? {
                return Ok(kept);
            }
        }
    }

    /// Only the session in which a challenge was put can answer it.
    pub(super) fn session(&self, ask: &Ask, acting: &Acting) -> Result<[u8; 16], Failure> {
        let session = acting.session.as_ref().ok_or(Failure::Field {
            field: "actor.session",
            rule: "is needed: only the same session can answer the challenge",
        })?;
        Ok(session_digest(self, ask, session.expose()))
    }

    async fn put(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        user: &UserId,
        asking: &Asking,
        session: [u8; 16],
    ) -> Result<Result<Put, Refused>, Failure> {
        let target = match self.target(draft, user, asking).await? {
            Ok(target) => target,
            Err(refused) => return Ok(Err(refused)),
        };
        let Some(record) = draft.token(&target.serial) else {
            return Ok(Err(Denial::NotThisContract.into()));
        };
        if let Some(denial) = Denial::of(record.token.status(draft.now())) {
            return Ok(Err(denial.into()));
        }
        let number = activation(&record.token.moving);
        let Some(kept) = self.kept_challenges(draft, &target.serial).await? else {
            return Ok(Err(Denial::Limit.into()));
        };
        let open = kept.iter().filter(|one| {
            one.challenge.user == *user && one.challenge.is_open(number, draft.now())
        });
        let open = u8::try_from(open.count()).unwrap_or(u8::MAX);
        if open >= draft.rules.challenge.open_at_most {
            return Ok(Err(Denial::Limit.into()));
        }
        let formed = self.form(ask, draft, &target, &asking.wanted).await?;
        Ok(formed.map_err(Refused::from).map(|(id, form)| {
            let Target { serial, purpose, login } = target;
            let put = Put { serial, id, form, purpose, login, open: open.saturating_add(1) };
            draft.add_challenge(new_record(draft, user, session, number, &put));
            // Of two that come at once one starts over, so that it counts the other.
            if let Some(cell) = draft.user_cell(user) {
                cell.edit();
            }
            put
        }))
    }

    /// Which token is asked.
    async fn target(
        &self,
        draft: &mut Draft,
        user: &UserId,
        Asking { acting, wanted }: &Asking,
    ) -> Result<Result<Target, Refused>, Failure> {
        Ok(match wanted {
            Wanted::Share { token, login, may_approve } => {
                let Some(serial) = self.shared_serial(draft, token).await? else {
                    return Ok(Err(Denial::NotThisContract.into()));
                };
                self.fetch_token(draft, &serial).await?;
                camera(draft, &serial);
                may_share(draft, user, &serial, *may_approve).map(|()| Target {
                    serial,
                    purpose: Purpose::Share,
                    login: Some(login.clone()),
                })
            }
            Wanted::Register { serial, serial_again } => {
                let again = serial_again.as_deref();
                let rules = Arc::clone(&draft.rules);
                rules.serial.check(serial.as_str(), again).map_err(|fault| Failure::Field {
                    field: "operation.serial",
                    rule: view::serial_rule(fault),
                })?;
                self.fetch_token(draft, serial).await?;
                if let Err(denial) = may_register(draft, user, acting, serial) {
                    return Ok(Err(denial.into()));
                }
                register::admission(draft, user, serial).map(|_| Target {
                    serial: serial.clone(),
                    purpose: Purpose::Register,
                    login: None,
                })
            }
            Wanted::Deactivate { serial } => {
                let serial = serial.clone().or_else(|| draft.signer_of(user).cloned());
                let Some(serial) = serial else { return Ok(Err(Denial::NotBound.into())) };
                self.fetch_token(draft, &serial).await?;
                may_deactivate(draft, &serial).map(|()| Target {
                    serial,
                    purpose: Purpose::Deactivate,
                    login: LoginName::parse(user.as_str()),
                })
            }
            _ => signing_token(draft, user).map(|serial| {
                let signer = draft.user(user).and_then(|record| record.user.signer());
                let login = signer.map(|signer| signer.login.clone());
                Target { serial, purpose: Purpose::Sign, login }
            }),
        })
    }

    async fn shared_serial(
        &self,
        draft: &Draft,
        token: &Shared,
    ) -> Result<Option<Serial>, Failure> {
        let (institution, contract) = (&draft.institution, &draft.contract_id);
        match token {
            Shared::Serial(serial) => Ok(Some(serial.clone())),
            Shared::Code(code) => {
                let key = record::token_code_key(institution, contract, code);
                let found = self.store.load(Space::TokenCode, &key).await?;
                let found = found.map(|found| TokenCodeRecord::decode(&found.bytes)).transpose()?;
                Ok(found.map(|record| record.serial))
            }
            Shared::Only => {
                let active = self.active_cameras(draft, 2).await?;
                let mut serials = active.into_iter();
                let (first, second) = (serials.next(), serials.next());
                Ok(first.filter(|_| second.is_none()))
            }
        }
    }

    async fn form(
        &self,
        ask: &Ask,
        draft: &Draft,
        target: &Target,
        wanted: &Wanted,
    ) -> Result<Result<(ChallengeId, Form), Denial>, Failure> {
        let record = draft.token(&target.serial).ok_or(Failure::Bug)?;
        match &record.token.moving {
            Moving::Keypad(state) => {
                let typed = match keypad::ask(state, wanted)? {
                    Ok(typed) => typed,
                    Err(denial) => return Ok(Err(denial)),
                };
                let content = typed_content(draft, wanted);
                let (suite, question) = (typed.suite.text().to_owned(), typed.question);
                Ok(Ok((random_id()?, Form::Keypad { suite, question, content })))
            }
            Moving::Camera(state) => {
                let body = match body(draft, wanted) {
                    Ok(body) => body,
                    Err(denial) => return Ok(Err(denial)),
                };
                let Some(active) = state.active() else {
                    // Only one that is to be cleared gets here without an activation.
                    let clear = state.may_initialise().err();
                    return Ok(Err(clear.unwrap_or(Denial::InitRequired)));
                };
                let Some(login) = &target.login else { return Ok(Err(Denial::NotBound)) };
                let (id, driver) = (draft.token_id(&target.serial), self.driver(record)?);
                let keys = self.token_keys(ask, &id, record);
                let wish = Wish {
                    login,
                    now: draft.now(),
                    lifetime_s: draft.rules.challenge.lifetime_s,
                    body: &body,
                };
                let made = driver.message(keys, active, state.activations, wish).await;
                Ok(match driven(made)? {
                    Driven::Denied(denial) => Err(denial),
                    Driven::Done(made) => {
                        let form = Form::Display {
                            message: made.message.bytes,
                            content: made.content,
                            question: made.question,
                        };
                        Ok((made.message.nonce, form))
                    }
                })
            }
            Moving::Event { .. } | Moving::Time { .. } => Ok(Err(Denial::NotSignable)),
        }
    }

    /// The answer, as far as it can be seen from the challenge's own record.
    fn shown(&self, draft: &Draft, one: &ChallengeRecord) -> Result<ChallengeAnswer, Failure> {
        let record = draft.token(&one.serial).ok_or(Failure::Bug)?;
        let (shown, prompt) = match &one.form {
            Form::Display { message: bytes, .. } => (message(self.driver(record)?, bytes), None),
            Form::Keypad { suite, question, .. } => (None, Some(keypad::prompt(suite, question))),
        };
        Ok(ChallengeAnswer {
            challenge: Some(name(&one.serial, &one.id)),
            serial: Some(one.serial.to_string()),
            expires_at: Some(wire::timestamp(one.challenge.ends())),
            message: shown,
            prompt,
            display: signed::display(one),
            ..ChallengeAnswer::new(ActionOutcome::Done)
        })
    }

    fn recorded(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        user: &UserId,
        asking: &Asking,
        put: Result<Put, Refused>,
    ) -> Result<ChallengeAnswer, Failure> {
        let (outcome, serial, note, answer) = match put {
            Ok(put) => {
                let one = draft.challenge(&put.serial, &put.id).ok_or(Failure::Bug)?;
                let (mut answer, note) = (self.shown(draft, one)?, signed::summary(one));
                answer.open_challenges = Some(put.open);
                ("done", Some(put.serial), Some(note), answer)
            }
            Err(why) => {
                // As for any other registration; a share names what lists show.
                let told = match asking.wanted {
                    Wanted::Register { .. } => register::hidden(draft, why),
                    _ => why,
                };
                (why.denial.word(), draft.signer_of(user).cloned(), None, refused(told))
            }
        };
        let subject = (Some(user), serial.as_ref());
        let mut event = asking.acting.event(ask, draft, Action::Challenge, subject, outcome);
        event.note = note;
        draft.push(event);
        Ok(answer)
    }
}

fn new_record(
    draft: &Draft,
    user: &UserId,
    session: [u8; 16],
    activation: u32,
    put: &Put,
) -> ChallengeRecord {
    ChallengeRecord {
        institution: draft.institution.clone(),
        serial: put.serial.clone(),
        id: put.id,
        challenge: Challenge {
            contract: draft.contract_id.clone(),
            user: user.clone(),
            session,
            issued: draft.now(),
            lifetime_s: draft.rules.challenge.lifetime_s,
            wrong: 0,
            activation,
            state: State::Open,
        },
        purpose: put.purpose,
        form: put.form.clone(),
        login: put.login.clone().filter(|_| put.purpose == Purpose::Share),
        last_request: None,
    }
}

fn body(draft: &Draft, wanted: &Wanted) -> Result<Body, Denial> {
    match wanted {
        Wanted::Body(body) => Ok(body.clone()),
        Wanted::Batch(batch) => batch.body(draft.rules.challenge.items),
        Wanted::Share { .. } => Ok(Body::Share),
        Wanted::Deactivate { .. } => Ok(Body::Deactivate),
        Wanted::Login | Wanted::Question { .. } | Wanted::Register { .. } => {
            Err(Denial::NotSignable)
        }
    }
}

/// What a typed question stands for, kept as a camera token would be shown it.
fn typed_content(draft: &Draft, wanted: &Wanted) -> Option<Vec<u8>> {
    let Wanted::Body(body) = wanted else { return None };
    let login = warifu_txa1::content::LoginId::from_text("-").ok()?;
    let issued = u32::try_from(draft.now().0).ok()?;
    let content = Content::new(issued, draft.rules.challenge.lifetime_s, login, body.clone());
    content.ok().map(|content| content.encode())
}

fn random_id() -> Result<ChallengeId, Failure> {
    let mut id = ChallengeId::default();
    SystemRandom::new().fill(&mut id).map_err(|_| Failure::Randomness)?;
    Ok(id)
}

fn refused(refused: Refused) -> ChallengeAnswer {
    ChallengeAnswer {
        reason: Some(view::denial(refused.denial)),
        not_before: refused.not_before.map(wire::timestamp),
        ..ChallengeAnswer::new(ActionOutcome::Refused)
    }
}
