//! The data path of a signature: one code for one challenge, to a durable answer.
//!
//! Like the path of a one-time password (`crate::verify`): nothing is told before it is durable,
//! wrong codes count for the challenge and for the token, and no failure is a verdict.
//!
//! Not responsible for: what follows from a right code besides the answer (`effect`).

use std::sync::Arc;

use warifu_api::{SecretText, challenge::ChallengeVerifyAnswer, token::Outcome};
use warifu_core::{
    challenge::{ChallengeId, Form},
    code::Code,
    event::Action,
    ident::{ContractId, Serial, UserId},
    keypad::{Factor, Reach},
    lifecycle::Denial,
    ocra::Suite,
    settle,
    token::Moving,
};
use warifu_keys::driver::Question;
use warifu_store::record::{ChallengeRecord, TokenNote};

use super::{ChallengeName, Driven, activation, camera, driven, effect, name, signed};
use crate::{
    ask::{Ask, Kept},
    failure::Failure,
    lifecycle::{
        acting::{Acting, token_note},
        draft::{Begun, Draft},
        view,
    },
    service::Service,
    wire,
};

/// A code for a challenge, as it was typed.
#[derive(Debug)]
pub(crate) struct Answering {
    pub(crate) acting: Acting,
    pub(crate) name: ChallengeName,
    pub(crate) code: SecretText,
}

/// What a code came to.
enum Judged {
    /// Right; for a keypad token, at this counter and step.
    Right(Option<Factor>),
    /// Wrong, and counted.
    Wrong,
    /// Not looked at, or no guess; nothing is counted.
    Refused(Denial),
}

impl Service {
    /// Checks the code that a token showed for a challenge.
    pub(crate) async fn answer_challenge(
        &self,
        ask: &Ask,
        contract: &ContractId,
        user: &UserId,
        given: &Answering,
    ) -> Result<Kept<ChallengeVerifyAnswer>, Failure> {
        given.acting.check_own(user)?;
        let session = self.session(ask, &given.acting)?;
        let serial = &given.name.serial;
        loop {
            let mut draft = match self.begin_for(ask, contract, user).await? {
                Begun::Replayed(answer) => return Ok(Kept::Replayed(answer)),
                Begun::Draft(draft) => *draft,
            };
            self.take_turns(ask, &mut draft, vec![serial.clone()]).await?;
            self.fetch_token(&mut draft, serial).await?;
            self.fetch_challenge(&mut draft, serial, &given.name.id).await?;
            self.fetch_signer(&mut draft, user).await?;
            self.fetch_held(&mut draft, user).await?;
            let judged = match may_answer(&mut draft, user, &given.name, session) {
                Err(denial) => Judged::Refused(denial),
                Ok(()) => self.judge_answer(ask, &draft, given).await?,
            };
            let judged = settle_answer(&mut draft, user, &given.name, judged)?;
            let answer = answered(ask, &mut draft, user, given, &judged)?;
            if let Some(kept) = self.finish(ask, draft, answer).await? {
                return Ok(kept);
            }
        }
    }

    /// One job for the HSM.
    async fn judge_answer(
        &self,
        ask: &Ask,
        draft: &Draft,
        given: &Answering,
    ) -> Result<Judged, Failure> {
        let ChallengeName { serial, id: nonce } = &given.name;
        let Ok(code) = Code::parse(given.code.expose()) else {
            return Ok(Judged::Refused(Denial::WrongKindOfCode));
        };
        let id = draft.token_id(serial);
        let record = draft.token(serial).ok_or(Failure::Bug)?;
        let one = draft.challenge(serial, nonce).ok_or(Failure::Bug)?;
        let (driver, keys) = (self.driver(record)?, self.token_keys(ask, &id, record));
        match (&record.token.moving, &one.form) {
            (Moving::Camera(state), Form::Display { question, message, content }) => {
                let Some(active) = state.active() else {
                    return Ok(Judged::Refused(Denial::ChallengeExpired));
                };
                let activation = state.activations;
                let question =
                    Question::Signature { question, message, content, active, activation };
                Ok(match driven(driver.check_code(keys, question, &code).await)? {
                    Driven::Denied(denial) => Judged::Refused(denial),
                    Driven::Done(Some(_)) => Judged::Right(None),
                    Driven::Done(None) => Judged::Wrong,
                })
            }
            (Moving::Keypad(state), Form::Keypad { suite, question, .. }) => {
                let suite = state.suite(suite).ok_or(Failure::Bug)?;
                let candidates = state.candidates(suite, question, reach(draft), draft.now());
                let mut candidates = candidates.map_err(|_| Failure::Bug)?;
                candidates.truncate(warifu_keys::hsm::MAX_INPUTS);
                let inputs: Vec<_> = candidates.iter().map(|one| one.input.clone()).collect();
                let question = Question::Inputs { suite, inputs: &inputs };
                let found = match driven(driver.check_code(keys, question, &code).await)? {
                    Driven::Denied(denial) => return Ok(Judged::Refused(denial)),
                    Driven::Done(found) => found.and_then(|index| candidates.get(index)),
                };
                Ok(match found.map(|found| found.factor) {
                    Some(factor) if factor.used => Judged::Refused(Denial::Reused),
                    Some(factor) => Judged::Right(Some(factor)),
                    None => Judged::Wrong,
                })
            }
            _ => Ok(Judged::Refused(Denial::ChallengeExpired)),
        }
    }
}

/// The audit event, the token's short history, the answer.
fn answered(
    ask: &Ask,
    draft: &mut Draft,
    user: &UserId,
    given: &Answering,
    judged: &Judged,
) -> Result<ChallengeVerifyAnswer, Failure> {
    let ChallengeName { serial, id } = &given.name;
    let (outcome, word) = match judged {
        Judged::Right(_) => (None, "accepted"),
        Judged::Wrong => (Some(Denial::BadCode), Denial::BadCode.word()),
        Judged::Refused(denial) => (Some(*denial), denial.word()),
    };
    draft.count(if outcome == Some(Denial::BadCode) { "wrong" } else { word });
    let own = |one: &&ChallengeRecord| one.challenge.contract == draft.contract_id;
    let one = draft.challenge(serial, id).filter(own);
    let mut event = given.acting.event(ask, draft, Action::Sign, (Some(user), Some(serial)), word);
    event.note = one.map(signed::summary);
    event.number = number(draft, serial, judged);
    let base = ChallengeVerifyAnswer {
        outcome: Outcome::Rejected,
        reason: outcome.map(view::denial),
        retryable: false,
        tries_left: None,
        remaining_attempts: None,
        challenge: name(serial, id),
        serial: serial.to_string(),
        operation: None,
        covered: None,
        display: None,
        verified_at: None,
        checked_at: wire::timestamp(draft.now()),
        request_id: ask.id.to_string(),
        text: None,
    };
    let answer = match (outcome, one) {
        (None, Some(one)) => ChallengeVerifyAnswer {
            outcome: Outcome::Accepted,
            operation: Some(signed::signed(one).ok_or(Failure::Bug)?),
            covered: Some(signed::covered(one)),
            display: signed::display(one),
            verified_at: Some(wire::timestamp(draft.now())),
            ..base
        },
        (None, None) => return Err(Failure::Bug),
        (Some(denial), one) => {
            // Nobody is told anything of somebody else's challenge.
            let told = one.filter(|_| denial != Denial::NotBound);
            let told = told.map(|one| (waits(draft, one), one.challenge.wrong));
            rejected(draft, base, told, serial)
        }
    };
    let known = one.is_some();
    draft.push(event);
    if outcome.is_none() {
        effect::record(ask, draft, user, (serial, id), &given.acting);
    }
    if known {
        note(ask, draft, user, serial, word);
    }
    Ok(answer)
}

/// What a restore from a backup needs of it: what is left of the token's tries, or the counter that
/// was used.
fn number(draft: &Draft, serial: &Serial, judged: &Judged) -> Option<u64> {
    let token = &draft.token(serial)?.token;
    match judged {
        Judged::Right(factor) => factor.and_then(|factor| factor.counter),
        Judged::Wrong => Some(settle::remaining(token, &draft.rules.verification).into()),
        Judged::Refused(_) => None,
    }
}

/// Whether its code can still be given.
fn waits(draft: &Draft, one: &ChallengeRecord) -> bool {
    let number = draft.token(&one.serial).map(|record| activation(&record.token.moving));
    number.is_some_and(|number| one.challenge.is_open(number, draft.now()))
}

/// Tries are told of a challenge that is still open; of the token's where the policy lets it.
fn rejected(
    draft: &Draft,
    base: ChallengeVerifyAnswer,
    one: Option<(bool, u8)>,
    serial: &Serial,
) -> ChallengeVerifyAnswer {
    let tries = draft.rules.challenge.tries;
    let open = one.filter(|(open, _)| *open);
    let tries_left = open.map(|(_, wrong)| tries.saturating_sub(wrong));
    let token = draft.token(serial).filter(|_| one.is_some() && !draft.rules.hide_which);
    let remaining = token.map(|record| settle::remaining(&record.token, &draft.rules.verification));
    let locked = token.is_some_and(|record| record.token.guard.locked_at.is_some());
    ChallengeVerifyAnswer {
        retryable: tries_left.is_some_and(|left| left > 0) && !locked,
        tries_left,
        remaining_attempts: remaining,
        ..base
    }
}

fn note(ask: &Ask, draft: &mut Draft, user: &UserId, serial: &Serial, word: &'static str) {
    let at_ms = draft.moment.ms;
    let Some(cell) = draft.token_cell(serial) else { return };
    if cell.is_changed() || cell.get().is_news(Action::Sign.word(), word) {
        let note: TokenNote = token_note(ask, Action::Sign, word, None, Some(user), at_ms);
        cell.edit().push(note);
    }
}

/// How far a keypad token's counter and clock may be off.
fn reach(draft: &Draft) -> Reach {
    Reach {
        steps: draft.rules.challenge.keypad_steps,
        look_ahead: draft.rules.verification.look_ahead,
    }
}

/// Why no code is looked at, if so. Somebody else's challenge looks like none.
fn may_answer(
    draft: &mut Draft,
    user: &UserId,
    wanted: &ChallengeName,
    session: [u8; 16],
) -> Result<(), Denial> {
    let ChallengeName { serial, id } = wanted;
    camera(draft, serial);
    let one = draft.challenge(serial, id).ok_or(Denial::NoChallenge)?;
    if one.challenge.contract != draft.contract_id {
        return Err(Denial::NoChallenge);
    }
    let record = draft.token(serial).ok_or(Denial::NoChallenge)?;
    let number = activation(&record.token.moving);
    one.challenge.check((&draft.contract_id, user), &session, number, draft.now())?;
    if let Some(denial) = Denial::of(record.token.status(draft.now())) {
        return Err(denial);
    }
    effect::still_possible(draft, user, one)
}

/// What the code does to challenge, token and bonds, in memory.
fn settle_answer(
    draft: &mut Draft,
    user: &UserId,
    wanted: &ChallengeName,
    judged: Judged,
) -> Result<Judged, Failure> {
    let ChallengeName { serial, id } = wanted;
    let (rules, now) = (Arc::clone(&draft.rules), draft.now());
    match &judged {
        Judged::Refused(_) => {}
        Judged::Wrong => {
            let one = draft.challenge_cell(serial, id).ok_or(Failure::Bug)?;
            one.edit().challenge.miss(&rules.challenge);
            let token = draft.token_cell(serial).ok_or(Failure::Bug)?;
            settle::mistaken(&mut token.edit().token, &rules.verification, now);
        }
        Judged::Right(factor) => {
            let one = draft.challenge_cell(serial, id).ok_or(Failure::Bug)?;
            one.edit().challenge.accept(now);
            accept_in_token(draft, serial, id, *factor)?;
            effect::follow(draft, user, serial, id)?;
        }
    }
    Ok(judged)
}

fn accept_in_token(
    draft: &mut Draft,
    serial: &Serial,
    id: &ChallengeId,
    factor: Option<Factor>,
) -> Result<(), Failure> {
    let (reach, ms) = (reach(draft), draft.moment.ms);
    let typed = match &draft.challenge(serial, id).ok_or(Failure::Bug)?.form {
        Form::Keypad { suite, question, .. } => Some((suite.clone(), question.clone())),
        Form::Display { .. } => None,
    };
    let token = draft.token_cell(serial).ok_or(Failure::Bug)?.edit();
    settle::answered(&mut token.token);
    token.last_accepted_ms = Some(ms);
    match (&mut token.token.moving, typed, factor) {
        (Moving::Camera(state), ..) => {
            state.prove();
        }
        (Moving::Keypad(state), Some((suite, question)), Some(factor)) => {
            let suite = Suite::parse(&suite).map_err(|_| Failure::Bug)?;
            state.accept(&suite, &question, factor, reach);
        }
        _ => return Err(Failure::Bug),
    }
    Ok(())
}
