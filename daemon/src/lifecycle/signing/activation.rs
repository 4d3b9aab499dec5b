//! トランザクション認証利用開始登録: two messages, two codes, and a token in service.
//!
//! Not responsible for: time limits and tries (`warifu_core::camera`), sharing (challenge).

mod step;
mod told;

use std::sync::Arc;

use warifu_api::{
    action::ActionOutcome,
    camera::{ActivationAnswer, ActivationStep},
};
use warifu_core::{
    camera::{Camera, LoginName, Session},
    code::Code,
    ident::{ContractId, Serial, UserId},
    lifecycle::{Denial, Refused},
    token::Moving,
};
use warifu_keys::driver::{Activation, Question, Stage};
use warifu_store::record::TokenRecord;

use self::{
    step::{admit, bind, may_activate, miss, pending, retire, token_code, tries_left},
    told::{hidden, record_end, refused, waiting},
};
use super::{ChallengeName, Driven, camera, driven, edit_camera, message, name, used_nonce};
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

/// Which token is to be activated, and for whom.
#[derive(Debug)]
pub(crate) struct Activating {
    pub(crate) acting: Acting,
    pub(crate) serial: Serial,
    /// The second entry, where the form has two.
    pub(crate) serial_again: Option<String>,
    pub(crate) login: LoginName,
    /// The front end vouches for the user's approval rights.
    pub(crate) may_approve: bool,
}

/// A code for a step of an activation, as it was typed.
#[derive(Debug)]
pub(crate) struct CodeGiven {
    pub(crate) acting: Acting,
    pub(crate) name: ChallengeName,
    pub(crate) code: warifu_api::SecretText,
}

/// How a step ended.
enum End {
    Done(Box<ActivationAnswer>),
    Refused(Refused),
    /// A wrong code, or one that is none; tries left, where they are told.
    Rejected(Denial, Option<u8>),
}

impl From<Denial> for End {
    fn from(denial: Denial) -> Self {
        Self::Refused(denial.into())
    }
}

impl Service {
    /// The first message.
    pub(crate) async fn start_activation(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
        wish: &Activating,
    ) -> Result<Kept<ActivationAnswer>, Failure> {
        wish.acting.check(ask)?;
        let rules = self.rules(ask.institution())?;
        rules
            .serial
            .check(wish.serial.as_str(), wish.serial_again.as_deref())
            .map_err(|fault| Failure::Field { field: "serial", rule: view::serial_rule(fault) })?;
        loop {
            let mut draft = match self.begin_for(ask, contract, user).await? {
                Begun::Replayed(answer) => return Ok(Kept::Replayed(answer)),
                Begun::Draft(draft) => *draft,
            };
            self.fetch_step(ask, &mut draft, user, (&wish.serial, &wish.acting)).await?;
            let end = self.begin_activation(ask, &mut draft, user, wish).await?;
            let answer = record_end(ask, &mut draft, user, (&wish.serial, &wish.acting), end);
            if let Some(kept) = self.finish(ask, draft, answer).await? {
                return Ok(kept);
            }
        }
    }

    /// The message of the present step again.
    pub(crate) async fn show_activation(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
        wanted: &ChallengeName,
    ) -> Result<ActivationAnswer, Failure> {
        let found = self.load_contract(ask.institution(), contract).await?;
        let mut draft = self.draft(ask, contract, found.ok_or(Failure::NotFound)?)?;
        if !self.fetch_user(&mut draft, user).await?
            || !self.fetch_token(&mut draft, &wanted.serial).await?
        {
            return Err(Failure::NotFound);
        }
        let rules = Arc::clone(&draft.rules);
        let camera = camera(&mut draft, &wanted.serial).ok_or(Failure::NotFound)?;
        let (step, seconds, session) = match camera.first(&wanted.id, user) {
            Ok(session) => (ActivationStep::DeviceCode, rules.camera.activation_s, session.clone()),
            Err(_) => match camera.second(&wanted.id, user) {
                Ok(session) => {
                    (ActivationStep::ConfirmCode, rules.camera.confirmation_s, session.clone())
                }
                Err(denial) => return Ok(refused(denial.into())),
            },
        };
        if session.contract != *contract {
            return Ok(refused(Denial::NotBound.into())); // the same name in another contract
        }
        let record = draft.token(&wanted.serial).ok_or(Failure::Bug)?;
        let driver = self.driver(record)?;
        Ok(ActivationAnswer {
            message: message(driver, &session.message),
            ..waiting(&wanted.serial, &session, step, seconds)
        })
    }

    /// The 12 digits, and the second message.
    pub(crate) async fn check_device_code(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
        given: &CodeGiven,
    ) -> Result<Kept<ActivationAnswer>, Failure> {
        self.activation_step(ask, contract, user, given, StepOf::DeviceCode).await
    }

    /// The 8 digits, and the token is in service.
    pub(crate) async fn confirm_activation(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
        given: &CodeGiven,
    ) -> Result<Kept<ActivationAnswer>, Failure> {
        self.activation_step(ask, contract, user, given, StepOf::Confirmation).await
    }

    async fn activation_step(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
        given: &CodeGiven,
        step: StepOf,
    ) -> Result<Kept<ActivationAnswer>, Failure> {
        given.acting.check(ask)?;
        let serial = &given.name.serial;
        loop {
            let mut draft = match self.begin_for(ask, contract, user).await? {
                Begun::Replayed(answer) => return Ok(Kept::Replayed(answer)),
                Begun::Draft(draft) => *draft,
            };
            self.fetch_step(ask, &mut draft, user, (serial, &given.acting)).await?;
            let end = match step {
                StepOf::DeviceCode => self.advance(ask, &mut draft, user, given).await?,
                StepOf::Confirmation => self.confirm(ask, &mut draft, user, given).await?,
            };
            if let End::Rejected(denial, _) = &end {
                draft.count(if *denial == Denial::BadCode { "wrong" } else { denial.word() });
            }
            let answer = record_end(ask, &mut draft, user, (serial, &given.acting), end);
            if let Some(kept) = self.finish(ask, draft, answer).await? {
                return Ok(kept);
            }
        }
    }

    /// Actor, user, the token to be activated and the one that the user signs with so far.
    async fn fetch_step(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        user: &UserId,
        (serial, acting): (&Serial, &Acting),
    ) -> Result<(), Failure> {
        self.fetch_actor(draft, acting).await?;
        let mut turns = vec![serial.clone()];
        if acting.code.is_some() {
            turns.extend(acting.user.as_ref().and_then(|id| draft.serial_of(id)).cloned());
        }
        self.take_turns(ask, draft, turns).await?;
        self.fetch_token(draft, serial).await?;
        self.fetch_signer(draft, user).await?;
        self.fetch_held(draft, user).await?;
        if let Some(actor) = &acting.user {
            self.fetch_held(draft, actor).await?;
            self.fetch_signer(draft, actor).await?;
        }
        Ok(())
    }

    async fn begin_activation(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        user: &UserId,
        wish: &Activating,
    ) -> Result<End, Failure> {
        let rules = Arc::clone(&draft.rules);
        if rules.camera.approval_right && !wish.may_approve && wish.acting.user.is_some() {
            return Ok(Denial::ApprovalRightRequired.into());
        }
        if let Err(denial) = admit(draft, user, &wish.serial, &wish.acting) {
            return Ok(denial.into());
        }
        if draft.token(&wish.serial).is_some() {
            camera(draft, &wish.serial); // ends what has taken too long
        }
        if let Err(refused) = may_activate(draft, user, &wish.serial) {
            return Ok(End::Refused(hidden(draft, refused)));
        }
        if let StepUp::Rejected(told) =
            self.step_up(ask, draft, &wish.acting, &rules.camera.activate).await?
        {
            let denial =
                if told.remaining.is_some() { Denial::CodeRejected } else { Denial::NotAccepted };
            return Ok(End::Rejected(denial, None));
        }
        if self.kept_challenges(draft, &wish.serial).await?.is_none() {
            return Ok(Denial::Limit.into());
        }
        let (id, now) = (draft.token_id(&wish.serial), draft.now());
        let record = draft.token(&wish.serial).ok_or(Failure::Bug)?;
        let driver = self.driver(record)?;
        let may_replace = camera_of(record).ok_or(Failure::Bug)?.may_replace();
        let made = driver.activation_message(
            self.token_keys(ask, &id, record),
            Activation {
                bank: &rules.camera.bank,
                login: &wish.login,
                now,
                lifetime_s: rules.camera.activation_s,
                stage: Stage::First { may_replace },
            },
        );
        let made = match driven(made.await)? {
            Driven::Denied(denial) => return Ok(denial.into()),
            Driven::Done(made) => made,
        };
        let session = Session {
            id: made.message.nonce,
            contract: draft.contract_id.clone(),
            user: user.clone(),
            login: wish.login.clone(),
            since: now,
            wrong: 0,
            material: made.material,
            message: made.message.bytes,
        };
        let shown = message(driver, &session.message);
        let step = ActivationStep::DeviceCode;
        let answer = waiting(&wish.serial, &session, step, rules.camera.activation_s);
        let nonce = used_nonce(draft, &wish.serial, user, session.id);
        draft.add_challenge(nonce);
        edit_camera(draft, &wish.serial)?.start(session);
        Ok(End::Done(Box::new(ActivationAnswer { message: shown, ..answer })))
    }

    async fn advance(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        user: &UserId,
        given: &CodeGiven,
    ) -> Result<End, Failure> {
        let serial = &given.name.serial;
        let rules = Arc::clone(&draft.rules);
        let session = match pending(draft, user, given, StepOf::DeviceCode) {
            Ok(session) => session,
            Err(refused) => return Ok(End::Refused(refused)),
        };
        let (id, now) = (draft.token_id(serial), draft.now());
        let record = draft.token(serial).ok_or(Failure::Bug)?;
        let driver = self.driver(record)?;
        let keys = self.token_keys(ask, &id, record);
        let checked = driver.check_device_code(keys, &session, given.code.expose()).await;
        let counter = match driven(checked)? {
            Driven::Denied(denial) => {
                return Ok(End::Rejected(denial, Some(tries_left(&rules.camera, &session, true))));
            }
            Driven::Done(counter) => counter,
        };
        let state = camera_of(record).ok_or(Failure::Bug)?;
        let Some(counter) = counter.filter(|counter| state.is_fresh(*counter)) else {
            return miss(draft, serial, StepOf::DeviceCode);
        };
        let activation = state.activations.saturating_add(1);
        let code = token_code(draft, serial)?;
        let record = draft.token(serial).ok_or(Failure::Bug)?;
        let made = driver.activation_message(
            self.token_keys(ask, &id, record),
            Activation {
                bank: &rules.camera.bank,
                login: &session.login,
                now,
                lifetime_s: rules.camera.confirmation_s,
                stage: Stage::Second { session: &session, counter, code: &code, activation },
            },
        );
        let made = match driven(made.await)? {
            Driven::Denied(denial) => return Ok(denial.into()),
            Driven::Done(made) => made,
        };
        let shown = message(driver, &made.message.bytes);
        let nonce = used_nonce(draft, serial, user, made.message.nonce);
        draft.add_challenge(nonce);
        let contract = draft.contract_id.clone();
        let state = edit_camera(draft, serial)?;
        state.advance(counter, (contract, code), made.material, made.message.bytes, now);
        let session = state.second(&session.id, user).map_err(|_| Failure::Bug)?.clone();
        let step = ActivationStep::ConfirmCode;
        let answer = waiting(serial, &session, step, rules.camera.confirmation_s);
        Ok(End::Done(Box::new(ActivationAnswer { message: shown, ..answer })))
    }

    async fn confirm(
        &self,
        ask: &Ask,
        draft: &mut Draft,
        user: &UserId,
        given: &CodeGiven,
    ) -> Result<End, Failure> {
        let serial = &given.name.serial;
        let rules = Arc::clone(&draft.rules);
        let session = match pending(draft, user, given, StepOf::Confirmation) {
            Ok(session) => session,
            Err(refused) => return Ok(End::Refused(refused)),
        };
        let left = Some(tries_left(&rules.camera, &session, false));
        let Ok(code) = Code::parse(given.code.expose()) else {
            return Ok(End::Rejected(Denial::WrongKindOfCode, left));
        };
        let id = draft.token_id(serial);
        let record = draft.token(serial).ok_or(Failure::Bug)?;
        let driver = self.driver(record)?;
        let keys = self.token_keys(ask, &id, record);
        let found = driver.check_code(keys, Question::Confirmation(&session), &code).await;
        match driven(found)? {
            Driven::Denied(denial) => return Ok(End::Rejected(denial, left)),
            Driven::Done(None) => return miss(draft, serial, StepOf::Confirmation),
            Driven::Done(Some(_)) => {}
        }
        let activation = camera_of(record).ok_or(Failure::Bug)?.activations;
        let tag = match driven(driver.bind(keys, &session.material, activation).await)? {
            Driven::Denied(denial) => return Ok(denial.into()),
            Driven::Done(tag) => tag,
        };
        bind(draft, user, serial, &session, tag)?;
        let retire_otp = retire(ask, draft, user, &given.acting);
        let record = draft.token(serial).ok_or(Failure::Bug)?;
        let code = camera_of(record).and_then(|state| state.code.as_ref());
        Ok(End::Done(Box::new(ActivationAnswer {
            activation: Some(name(serial, &session.id)),
            step: Some(ActivationStep::Active),
            serial: Some(serial.to_string()),
            token_code: code.map(|(_, code)| code.as_str().to_owned()),
            retire_otp,
            ..ActivationAnswer::new(ActionOutcome::Done)
        })))
    }
}

/// Which of the two codes is awaited.
#[derive(Clone, Copy)]
enum StepOf {
    DeviceCode,
    Confirmation,
}

fn camera_of(record: &TokenRecord) -> Option<&Camera> {
    match &record.token.moving {
        Moving::Camera(camera) => Some(camera),
        _ => None,
    }
}
