//! What a step of an activation looks at, and what it does to token and user.
//!
//! Not responsible for: the HSM's part, answers.

use std::sync::Arc;

use warifu_api::camera::RetireOtp as WireRetire;
use warifu_core::{
    camera::{Miss, Session, TokenCode},
    event::Action,
    ident::{Serial, UserId},
    lifecycle::{
        Denial, Refused,
        actor::Subject,
        signing::{self, Joining},
    },
    rules::{CameraRules, Demand, Gate, RetireOtp},
};
use warifu_store::{
    Expect, Space, Step, Write,
    record::{self, Record as _, TokenCodeRecord},
};

use super::{CodeGiven, End, StepOf, camera_of};
use crate::{
    ask::Ask,
    failure::Failure,
    lifecycle::{
        acting::Acting,
        draft::Draft,
        leave,
        signing::{camera, edit_camera, hold, random_number},
        view,
    },
    service::Service,
};

pub(super) fn admit(
    draft: &Draft,
    user: &UserId,
    serial: &Serial,
    acting: &Acting,
) -> Result<(), Denial> {
    let role = draft.user(user).ok_or(Denial::UnknownUser)?.user.role;
    let subject = Subject { id: user, role, serial: Some(serial) };
    Service::admit(draft, acting, &draft.rules.camera.activate, Some(subject))
}

pub(super) fn may_activate(draft: &Draft, user: &UserId, serial: &Serial) -> Result<(), Refused> {
    let record = draft.user(user).ok_or(Denial::UnknownUser)?;
    let token = draft.held(serial).ok_or(Denial::NotThisContract)?;
    let held = record.user.signer().and_then(|signer| draft.held(&signer.serial));
    signing::check_activation(Joining {
        rules: &draft.rules,
        contract_id: &draft.contract_id,
        contract: &draft.contract.get().contract,
        user_id: user,
        user: &record.user,
        held,
        token,
        now: draft.now(),
    })
}

/// Who may begin may go on; reason, password and code were given at the beginning.
fn go_on(draft: &Draft, user: &UserId, serial: &Serial, acting: &Acting) -> Result<(), Denial> {
    let gate = &draft.rules.camera.activate;
    if acting.user.is_none() {
        return if gate.staff { Ok(()) } else { Err(Denial::ActorNotAllowed) };
    }
    let gate = Gate { password: false, code: Demand::No, ..gate.clone() };
    let role = draft.user(user).ok_or(Denial::UnknownUser)?.user.role;
    Service::admit(draft, acting, &gate, Some(Subject { id: user, role, serial: Some(serial) }))
}

/// The activation that this code is for. Whoever lost the right to it since does not go on.
pub(super) fn pending(
    draft: &mut Draft,
    user: &UserId,
    given: &CodeGiven,
    step: StepOf,
) -> Result<Session, Refused> {
    let serial = &given.name.serial;
    go_on(draft, user, serial, &given.acting)?;
    let owner = draft.contract_id.clone();
    let state = camera(draft, serial).ok_or(Denial::NoChallenge)?;
    let session = match step {
        StepOf::DeviceCode => state.first(&given.name.id, user)?,
        StepOf::Confirmation => state.second(&given.name.id, user)?,
    };
    if session.contract != owner {
        return Err(Denial::NotBound.into());
    }
    let session = session.clone();
    // The token may have been locked, lost or issued to somebody else meanwhile.
    still_possible(draft, user, serial)?;
    Ok(session)
}

pub(super) fn still_possible(draft: &Draft, user: &UserId, serial: &Serial) -> Result<(), Refused> {
    match may_activate(draft, user, serial) {
        Err(refused) if refused.denial == Denial::ActivationOpen => Ok(()),
        other => other,
    }
}

/// Counts a wrong code.
pub(super) fn miss(draft: &mut Draft, serial: &Serial, step: StepOf) -> Result<End, Failure> {
    let (rules, now) = (Arc::clone(&draft.rules), draft.now());
    let state = edit_camera(draft, serial)?;
    let missed = match step {
        StepOf::DeviceCode => state.miss_first(&rules.camera),
        StepOf::Confirmation => state.miss_second(&rules.camera),
    };
    let left = match missed {
        Miss::Wrong { left } => left,
        Miss::Over { lock } => {
            if lock {
                let cell = draft.token_cell(serial).ok_or(Failure::Bug)?;
                cell.edit().token.guard.locked_at = Some(now);
            }
            0
        }
    };
    Ok(End::Rejected(Denial::BadCode, Some(left)))
}

pub(super) const fn tries_left(rules: &CameraRules, session: &Session, first: bool) -> u8 {
    let tries = if first { rules.activation_tries } else { rules.confirmation_tries };
    tries.saturating_sub(session.wrong)
}

/// The code by which the contract's users pick the token: the one it has, or a new one.
pub(super) fn token_code(draft: &mut Draft, serial: &Serial) -> Result<TokenCode, Failure> {
    let record = draft.token(serial).ok_or(Failure::Bug)?;
    let old = camera_of(record).and_then(|state| state.code.clone());
    let (institution, contract) = (draft.institution.clone(), draft.contract_id.clone());
    if let Some((owner, code)) = old {
        if owner == contract {
            return Ok(code);
        }
        draft.step(Step {
            space: Space::TokenCode,
            key: record::token_code_key(&institution, &owner, &code),
            expect: Expect::Any,
            write: Write::Delete,
        });
    }
    // Taken already: the commit fails, and the next attempt draws another one.
    let code = TokenCode::from_random(random_number()?);
    draft.step(Step {
        space: Space::TokenCode,
        key: record::token_code_key(&institution, &contract, &code),
        expect: Expect::Absent,
        write: Write::Put(TokenCodeRecord { serial: serial.clone() }.encode()),
    });
    Ok(code)
}

/// The token is active, and the user's.
pub(super) fn bind(
    draft: &mut Draft,
    user: &UserId,
    serial: &Serial,
    session: &Session,
    tag: [u8; 32],
) -> Result<(), Failure> {
    let now = draft.now();
    let state = edit_camera(draft, serial)?;
    state.activate(session.material.clone(), tag, now);
    hold(draft, user, serial, session.login.clone(), signing::activated)
}

/// What becomes of the user's token for one-time passwords, where they hold one.
pub(super) fn retire(
    ask: &Ask,
    draft: &mut Draft,
    user: &UserId,
    acting: &Acting,
) -> Option<WireRetire> {
    let old = draft.held_by(user).map(|held| held.serial.clone())?;
    Some(match draft.rules.camera.retire_otp {
        RetireOtp::Keep => WireRetire::Keep,
        RetireOtp::Offer => WireRetire::Offer,
        RetireOtp::Perform => {
            if leave::give_up(draft, user, Some(&old)).is_err() {
                return Some(WireRetire::Offer); // the contract's common token is not one user's to give up
            }
            let subject = (Some(user), Some(&old));
            let event = acting.event(ask, draft, Action::Deactivate, subject, "done");
            draft.push(event);
            view::note_token(ask, draft, &old, Action::Deactivate, Some(user));
            WireRetire::Performed
        }
    })
}
