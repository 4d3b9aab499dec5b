//! Tokens that sign: activations of camera tokens, challenges and their answers, and how users leave.
//!
//! One file per step of a token's life, in this order: `activation`, `challenge` (what is asked),
//! `answer` (what was signed), `leave`, `initialise`; `order` and `keypad` say what a token can be
//! asked, `signed` what is told of it afterwards.
//!
//! Not responsible for: what a message looks like and which code is right (drivers), states and
//! tries (`warifu_core`), pictures (qr).

mod activation;
mod answer;
mod challenge;
mod effect;
mod initialise;
mod keypad;
mod leave;
mod list;
mod may;
mod order;
mod signed;
mod step_up;

use std::sync::Arc;

use ring::rand::{SecureRandom as _, SystemRandom};
use warifu_api::challenge::Message;
use warifu_core::{
    camera::{Camera, LoginName},
    challenge::{Challenge, ChallengeId, Form, Purpose, State},
    ident::{Serial, TokenId, UserId},
    lifecycle::{Contract, Denial, Life, User, signing::Signer},
    token::Moving,
};
use warifu_keys::{
    driver::{Driver, DriverError, Keypad, Oath, TokenKeys, Txa1},
    hsm::HsmError,
};
use warifu_store::{
    Expect, Space, Step, Write,
    record::{self, ChallengeRecord, Record as _, TokenRecord},
};

pub(crate) use self::{
    activation::{Activating, CodeGiven},
    answer::Answering,
    challenge::Asking,
    list::bond,
    order::Wanted,
};
pub(in crate::lifecycle) use self::{leave::bound, list::bond_of};
use super::draft::Draft;
use crate::{ask::Ask, failure::Failure, service::Service};

/// A token's challenge or activation, as paths name it: `<serial>-<nonce in hex>`.
#[derive(Clone, Debug)]
pub(crate) struct ChallengeName {
    pub(crate) serial: Serial,
    pub(crate) id: ChallengeId,
}

impl ChallengeName {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (serial, id) = text.rsplit_once('-')?;
        let mut bytes = ChallengeId::default();
        hex::decode_to_slice(id, &mut bytes).ok()?;
        // One spelling only: the name is part of what a repeated request is compared by.
        let lower = id.bytes().all(|c| !c.is_ascii_uppercase());
        lower.then_some(Self { serial: Serial::parse(serial).ok()?, id: bytes })
    }
}

/// As [`ChallengeName::parse`] reads it.
fn name(serial: &Serial, id: &ChallengeId) -> String {
    format!("{serial}-{}", hex::encode(id))
}

/// What a driver says, between a refusal that is told and a failure that is none.
enum Driven<T> {
    Done(T),
    Denied(Denial),
}

fn driven<T>(result: Result<T, DriverError>) -> Result<Driven<T>, Failure> {
    match result {
        Ok(done) => Ok(Driven::Done(done)),
        Err(DriverError::Denied(denial)) => Ok(Driven::Denied(denial)),
        Err(DriverError::Hsm(error)) => Err(error.into()),
        Err(DriverError::Damaged) => {
            tracing::error!("a token's record is not of its driver");
            Err(Failure::Hsm(HsmError::BadRecord))
        }
    }
}

impl Service {
    /// The driver that a token's record was written by.
    pub(crate) fn driver(&self, record: &TokenRecord) -> Result<&dyn Driver, Failure> {
        let name = match (&record.token.moving, &record.camera_keys) {
            (Moving::Camera(_), Some(keys)) => keys.driver.as_str(),
            (Moving::Camera(_), None) => Txa1::NAME,
            (Moving::Keypad(_), _) => Keypad::NAME,
            (Moving::Event { .. } | Moving::Time { .. }, _) => Oath::NAME,
        };
        let missing = Failure::Conflict("this build has no driver for the token's model");
        self.drivers.get(name).ok_or(missing)
    }

    /// A token and its keys, as drivers take them.
    pub(crate) fn token_keys<'a>(
        &self,
        ask: &Ask,
        id: &'a TokenId,
        record: &'a TokenRecord,
    ) -> TokenKeys<'a> {
        TokenKeys {
            id,
            hash: record.token.profile.hash,
            seal: &record.seal,
            camera: record.camera_keys.as_ref(),
            deadline: self.hsm_deadline(ask),
        }
    }

    /// Challenges of a token that are still kept; `None` where there are more than anybody can sign.
    /// Those that ended long ago go with the draft.
    ///
    /// The limit is what keeps a question of few digits from being asked for until one comes whose
    /// code is known: taking challenges back costs nothing else.
    async fn kept_challenges(
        &self,
        draft: &mut Draft,
        serial: &Serial,
    ) -> Result<Option<Vec<ChallengeRecord>>, Failure> {
        let prefix = record::challenge_prefix(&draft.token_id(serial));
        let page = self.store.scan(Space::Challenge, &prefix, None, KEPT_AT_MOST).await?;
        let mut kept = Vec::new();
        for (key, found) in page.items {
            let one = ChallengeRecord::decode(&found.bytes)?;
            if draft.now().0 > one.challenge.ends().0.saturating_add(KEPT_S) {
                draft.step(Step {
                    space: Space::Challenge,
                    key,
                    expect: Expect::At(found.version),
                    write: Write::Delete,
                });
            } else {
                kept.push(one);
            }
        }
        Ok(page.next.is_none().then_some(kept))
    }
}

/// The message as the wire has it; the picture is drawn at the edge.
fn message(driver: &dyn Driver, bytes: &[u8]) -> Option<Message> {
    let text = driver.text(bytes)?;
    Some(Message { text, format: None, image: None, version: 0 })
}

/// The camera of a token of this contract that was loaded, after the sessions whose time is over
/// have ended.
fn camera<'a>(draft: &'a mut Draft, serial: &Serial) -> Option<&'a mut Camera> {
    let (rules, now) = (Arc::clone(&draft.rules), draft.now());
    let owner = draft.contract_id.clone();
    let cell =
        draft.token_cell(serial).filter(|cell| cell.get().life.contract() == Some(&owner))?;
    let Moving::Camera(camera) = &mut cell.loan().token.moving else { return None };
    let changed = camera.expire(&rules.camera, now);
    let record = if changed { cell.edit() } else { cell.loan() };
    let Moving::Camera(camera) = &mut record.token.moving else { return None };
    Some(camera)
}

/// To change it.
fn edit_camera<'a>(draft: &'a mut Draft, serial: &Serial) -> Result<&'a mut Camera, Failure> {
    let cell = draft.token_cell(serial).ok_or(Failure::Bug)?;
    match &mut cell.edit().token.moving {
        Moving::Camera(camera) => Ok(camera),
        _ => Err(Failure::Bug),
    }
}

/// The user holds the token from now on, in its present activation; `take` is the first user's way
/// or that of another one.
fn hold(
    draft: &mut Draft,
    user: &UserId,
    serial: &Serial,
    login: LoginName,
    take: impl FnOnce(&Contract, &mut User, &mut Life, Signer) -> Result<(), Denial>,
) -> Result<(), Failure> {
    let at = draft.now();
    let before = draft.signer_of(user).cloned();
    let (contract, holder, token) = draft.trio(user, serial).ok_or(Failure::Bug)?;
    let contract = &contract.get().contract;
    let token = token.edit();
    let (generation, activation) = (contract.generation(), activation(&token.token.moving));
    let bond = Signer { serial: serial.clone(), login, at, generation, activation };
    take(contract, &mut holder.edit().user, &mut token.life, bond).map_err(|_| Failure::Bug)?;
    if let Some(old) = before.filter(|old| old != serial) {
        draft.hint_holder(&old, user, false);
    }
    draft.hint_holder(serial, user, true);
    Ok(())
}

/// How the token will call the user.
pub(crate) fn login_name(user: &UserId, given: Option<&str>) -> Result<LoginName, Failure> {
    LoginName::parse(given.unwrap_or(user.as_str())).ok_or(Failure::Field {
        field: "login_id",
        rule: "1 to 30 printable ASCII characters, as the token shows them",
    })
}

/// Takes the number of the activation in which a challenge is put; 0 for tokens that have none.
const fn activation(moving: &Moving) -> u32 {
    match moving {
        Moving::Camera(camera) => camera.activations,
        Moving::Event { .. } | Moving::Time { .. } | Moving::Keypad(_) => 0,
    }
}

/// A record that keeps the nonce of an activation's message from being used again.
fn used_nonce(draft: &Draft, serial: &Serial, user: &UserId, id: ChallengeId) -> ChallengeRecord {
    let challenge = Challenge {
        contract: draft.contract_id.clone(),
        user: user.clone(),
        session: [0; 16],
        issued: draft.now(),
        lifetime_s: 0,
        wrong: 0,
        activation: 0,
        state: State::Ended(Denial::NoChallenge),
    };
    ChallengeRecord {
        institution: draft.institution.clone(),
        serial: serial.clone(),
        id,
        challenge,
        purpose: Purpose::Activate,
        form: Form::Display { message: Vec::new(), content: Vec::new(), question: Vec::new() },
        login: None,
        last_request: None,
    }
}

/// Whether the token is in nobody's service.
const fn is_idle(life: &Life) -> bool {
    !matches!(life, Life::InService(_))
}

fn random_number() -> Result<u32, Failure> {
    let mut bytes = [0; 4];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Failure::Randomness)?;
    Ok(u32::from_be_bytes(bytes))
}

/// Seconds for which a challenge is kept after its end, to tell `already_used` from `no_challenge`
/// and to notice a nonce that comes twice.
const KEPT_S: u64 = 3_600;
/// Most challenges of a token that are kept; more within an hour than anybody can sign.
const KEPT_AT_MOST: usize = 512;
