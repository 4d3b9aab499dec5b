//! Whether a challenge may be put to a token for a user, before any message is made.
//!
//! Not responsible for: limits of open challenges (`challenge`), codes.

use warifu_core::{
    ident::{Serial, UserId},
    lifecycle::{
        Denial, Refused,
        actor::Subject,
        signing::{self, Joining},
    },
    rules::{Demand, Gate},
    token::Status,
};

use super::is_idle;
use crate::{
    lifecycle::{acting::Acting, draft::Draft},
    service::Service,
};

/// The token that the user signs with.
pub(super) fn signing_token(draft: &Draft, user: &UserId) -> Result<Serial, Refused> {
    let held = draft.signs(user).ok_or(Denial::NotBound)?;
    match held.token.status(draft.now()) {
        Status::Active => Ok(held.serial.clone()),
        other => Err(Denial::of(other).unwrap_or(Denial::TokenUnusable).into()),
    }
}

/// Who registers a keypad token, as for any other token; its code is the answer to the challenge.
pub(super) fn may_register(
    draft: &Draft,
    user: &UserId,
    acting: &Acting,
    serial: &Serial,
) -> Result<(), Denial> {
    let role = draft.user(user).ok_or(Denial::UnknownUser)?.user.role;
    let subject = Subject { id: user, role, serial: Some(serial) };
    let gate = Gate { code: Demand::No, ..draft.rules.registration.gate.clone() };
    // Only front ends ask here: a request that names nobody is the user's, not the staff's.
    let confirmation = acting.confirmation;
    let own = Acting { user: Some(user.clone()), confirmation, ..Acting::default() };
    Service::admit_with(draft, &own, &gate, Some(subject), false)
}

pub(super) fn may_share(
    draft: &Draft,
    user: &UserId,
    serial: &Serial,
    may_approve: bool,
) -> Result<(), Refused> {
    if draft.rules.camera.approval_right && !may_approve {
        return Err(Denial::ApprovalRightRequired.into());
    }
    let record = draft.user(user).ok_or(Denial::UnknownUser)?;
    let token = draft.held(serial).ok_or(Denial::NotThisContract)?;
    let held = record.user.signer().and_then(|signer| draft.held(&signer.serial));
    // The user's own act, whatever else the gate allows to others: the proof is the token itself.
    let subject = Subject { id: user, role: record.user.role, serial: Some(serial) };
    let own = Acting { user: Some(user.clone()), ..Acting::default() };
    let gate = Gate { password: false, code: Demand::No, ..draft.rules.camera.activate.clone() };
    Service::admit(draft, &own, &gate, Some(subject))?;
    signing::check_share(Joining {
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

/// Only a token that nobody of this contract uses any more.
pub(super) fn may_deactivate(draft: &Draft, serial: &Serial) -> Result<(), Refused> {
    let token = draft.held(serial).ok_or(Denial::NotThisContract)?;
    if token.life.contract() != Some(&draft.contract_id) {
        return Err(Denial::NotThisContract.into());
    }
    if !is_idle(token.life) {
        return Err(Denial::SerialInUse.into());
    }
    Ok(())
}
