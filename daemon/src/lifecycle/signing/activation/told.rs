//! What is told and recorded of a step of an activation.
//!
//! Not responsible for: texts for people.

use warifu_api::{
    action::ActionOutcome,
    camera::{ActivationAnswer, ActivationStep},
};
use warifu_core::{
    camera::{Phase, Session},
    event::Action,
    ident::{Serial, UserId},
    lifecycle::{Denial, Refused},
    token::Moving,
};

use super::End;
use crate::{
    ask::Ask,
    lifecycle::{acting::Acting, draft::Draft, signing::name, view},
    wire,
};

/// A step that waits for its code.
pub(super) fn waiting(
    serial: &Serial,
    session: &Session,
    step: ActivationStep,
    seconds: u32,
) -> ActivationAnswer {
    ActivationAnswer {
        activation: Some(name(serial, &session.id)),
        step: Some(step),
        expires_at: Some(wire::timestamp(session.ends(seconds))),
        serial: Some(serial.to_string()),
        ..ActivationAnswer::new(ActionOutcome::Done)
    }
}

pub(super) fn refused(refused: Refused) -> ActivationAnswer {
    ActivationAnswer {
        reason: Some(view::denial(refused.denial)),
        not_before: refused.not_before.map(wire::timestamp),
        ..ActivationAnswer::new(if refused.denial == Denial::NotAccepted {
            ActionOutcome::Rejected
        } else {
            ActionOutcome::Refused
        })
    }
}

/// Where policy says so, a serial that is not this contract's looks like a wrong entry.
pub(super) fn hidden(draft: &Draft, refused: Refused) -> Refused {
    match refused.denial {
        Denial::NotThisContract if draft.rules.hide_which => Denial::NotAccepted.into(),
        _ => refused,
    }
}

/// The audit event, the short histories, the answer.
pub(super) fn record_end(
    ask: &Ask,
    draft: &mut Draft,
    user: &UserId,
    (serial, acting): (&Serial, &Acting),
    end: End,
) -> ActivationAnswer {
    let (outcome, answer) = match end {
        End::Done(answer) => {
            let word = match answer.step {
                Some(ActivationStep::DeviceCode) => "am1_sent",
                Some(ActivationStep::ConfirmCode) => "am2_sent",
                Some(ActivationStep::Active) | None => "done",
            };
            (word, *answer)
        }
        End::Refused(why) => (why.denial.word(), refused(why)),
        End::Rejected(denial, tries_left) => {
            let answer = ActivationAnswer {
                reason: Some(view::denial(denial)),
                step: awaited(draft, serial),
                tries_left,
                ..ActivationAnswer::new(ActionOutcome::Rejected)
            };
            (denial.word(), answer)
        }
    };
    let subject = (Some(user), Some(serial));
    let mut event = acting.event(ask, draft, Action::Activate, subject, outcome);
    event.number = number(draft, serial, outcome);
    draft.push(event);
    if outcome == "done" {
        view::note_user(ask, draft, user, Action::Activate, Some(serial), acting);
        view::note_token(ask, draft, serial, Action::Activate, Some(user));
    }
    answer
}

/// What a restore from a backup needs of it: how far the device's counter had come, and whether
/// this code locked the token.
fn number(draft: &Draft, serial: &Serial, outcome: &str) -> Option<u64> {
    let token = &draft.token(serial)?.token;
    let Moving::Camera(state) = &token.moving else { return None };
    match outcome {
        "am2_sent" => Some(state.counter.into()),
        "bad_code" if token.guard.locked_at.is_some() => Some(0),
        _ => None,
    }
}

/// Which of the two codes is still awaited, so that people can be told which one to type.
fn awaited(draft: &Draft, serial: &Serial) -> Option<ActivationStep> {
    let Moving::Camera(state) = &draft.token(serial)?.token.moving else { return None };
    match state.phase {
        Phase::First(_) => Some(ActivationStep::DeviceCode),
        Phase::Second(_) => Some(ActivationStep::ConfirmCode),
        Phase::Ready | Phase::InitRequired | Phase::Active(_) => None,
    }
}
