//! What follows from a right answer: nothing for a transaction, a bond for a share or a
//! registration, a clean device for a deactivation.
//!
//! Not responsible for: the code.

use warifu_core::{
    challenge::{ChallengeId, Purpose},
    event::Action,
    ident::{Serial, UserId},
    lifecycle::{Denial, signing},
};
use warifu_store::record::ChallengeRecord;

use super::{edit_camera, hold, is_idle, may::may_share};
use crate::{
    ask::Ask,
    failure::Failure,
    lifecycle::{acting::Acting, draft::Draft, register, view},
};

/// Whether what the challenge was put for is still possible.
pub(super) fn still_possible(
    draft: &Draft,
    user: &UserId,
    one: &ChallengeRecord,
) -> Result<(), Denial> {
    match one.purpose {
        Purpose::Sign => match draft.signs(user) {
            Some(held) if *held.serial == one.serial => Ok(()),
            _ => Err(Denial::NotBound),
        },
        // That the user has approval rights was vouched for when the challenge was put.
        Purpose::Share => {
            may_share(draft, user, &one.serial, true).map_err(|refused| refused.denial)
        }
        Purpose::Register => register::admission(draft, user, &one.serial)
            .map(|_| ())
            .map_err(|refused| refused.denial),
        Purpose::Deactivate => match draft.token(&one.serial) {
            Some(record)
                if record.life.contract() == Some(&draft.contract_id) && is_idle(&record.life) =>
            {
                Ok(())
            }
            _ => Err(Denial::SerialInUse),
        },
        Purpose::Activate => Err(Denial::NoChallenge),
    }
}

/// Makes it so.
pub(super) fn follow(
    draft: &mut Draft,
    user: &UserId,
    serial: &Serial,
    id: &ChallengeId,
) -> Result<(), Failure> {
    let one = draft.challenge(serial, id).ok_or(Failure::Bug)?;
    match one.purpose {
        Purpose::Sign => Ok(()),
        Purpose::Share => {
            let login = one.login.clone().ok_or(Failure::Bug)?;
            hold(draft, user, serial, login, |_, user, life, bond| {
                signing::shared(user, life, bond)
            })
        }
        Purpose::Register => {
            let admission = register::admission(draft, user, serial).map_err(|_| Failure::Bug)?;
            register::bind(draft, user, serial, admission).ok_or(Failure::Bug)
        }
        Purpose::Deactivate => {
            edit_camera(draft, serial)?.initialise();
            Ok(())
        }
        Purpose::Activate => Err(Failure::Bug),
    }
}

/// Writes it into the audit chain and the user's own history; the signature itself has an entry too.
pub(super) fn record(
    ask: &Ask,
    draft: &mut Draft,
    user: &UserId,
    (serial, id): (&Serial, &ChallengeId),
    acting: &Acting,
) {
    let action = match draft.challenge(serial, id).map(|one| one.purpose) {
        Some(Purpose::Share) => Action::Share,
        Some(Purpose::Register) => Action::Register,
        _ => return,
    };
    let event = acting.event(ask, draft, action, (Some(user), Some(serial)), "done");
    draft.push(event);
    view::note_user(ask, draft, user, action, Some(serial), acting);
    view::note_token(ask, draft, serial, action, Some(user));
}
