//! What happened to tokens after their record in a backup was read, told by audit records.
//!
//! Only what protects is taken over: a factor that was accepted, a token that was switched off, a
//! lock, an earlier expiry, a loss, an activation that made an older one worthless. Everything else a
//! person can do again.
//!
//! Not responsible for: checking the records (the chain's business).

use std::collections::HashMap;

use warifu_core::{
    camera::Phase,
    event::Action,
    ident::{Institution, Serial, TokenId},
    lifecycle::{Life, signing::initialised},
    oath::MovingFactor,
    ocra::Suite,
    time::UnixTime,
    token::{Moving, Switch, Token},
};

use crate::record::{DecodedEvent, TokenRecord};

/// How an activation goes on whose second message was made: the device may hold it from then on.
const SECOND_MESSAGE: &str = "am2_sent";

/// What an audit record says of a token.
#[derive(Clone, Copy, Debug)]
enum Told {
    /// A right one-time password: its number is used.
    Used,
    /// A right signature: its number is used, where the token counts.
    Signed,
    /// A camera token may hold a new activation; the number is its device's counter.
    SecondMessage,
    Initialised,
    Locked,
    Unlocked,
    Expires,
    Lost,
    Disabled,
    Enabled,
}

/// The later history of all tokens.
#[derive(Debug, Default)]
pub(super) struct Later {
    tokens: HashMap<TokenId, History>,
}

#[derive(Clone, Debug, Default)]
struct History {
    /// Highest moving factor accepted.
    used: Option<MovingFactor>,
    /// Whether the last switch was to off.
    switched_off: bool,
    /// Since when it is locked by wrong codes.
    locked: Option<UnixTime>,
    /// What its expiry was set to last.
    expires: Option<UnixTime>,
    /// When it was reported lost.
    lost: Option<UnixTime>,
    /// Counters that the device of a camera token showed, each followed by a second message.
    activations: Vec<u16>,
    /// When it was initialised last.
    initialised: Option<UnixTime>,
    /// When it made a right signature last.
    signed: Option<UnixTime>,
}

impl Later {
    /// Takes an audit record into account, in the order of the chain.
    pub(super) fn note(&mut self, event: &DecodedEvent) {
        let (Some(id), Some(told)) = (token_id(event), Told::of(event)) else { return };
        let at = UnixTime(event.at_ms / 1_000);
        self.tokens.entry(id).or_default().take(told, at, event.number);
    }

    /// Every token that was noted.
    pub(super) fn ids(&self) -> impl Iterator<Item = &TokenId> {
        self.tokens.keys()
    }

    /// Brings a token up to its history. `false` where nothing changed.
    pub(super) fn apply(&self, id: &TokenId, record: &mut TokenRecord) -> bool {
        let Some(history) = self.tokens.get(id) else { return false };
        let found = history.lost.filter(|_| !matches!(record.life, Life::Lost(_)));
        if let Some(at) = found {
            record.life = std::mem::take(&mut record.life).lost(at);
        }
        let told = history.bring_up(&mut record.token) | history.follow(record);
        told || found.is_some()
    }
}

impl History {
    fn take(&mut self, told: Told, at: UnixTime, number: Option<u64>) {
        match told {
            Told::Used | Told::Signed => {
                self.used = self.used.max(number);
                self.locked = None;
                if matches!(told, Told::Signed) {
                    self.signed = Some(at);
                }
            }
            Told::SecondMessage => {
                let shown = number.and_then(|number| u16::try_from(number).ok());
                self.activations.extend(shown);
            }
            Told::Initialised => self.initialised = Some(at),
            Told::Locked => self.locked = self.locked.or(Some(at)),
            Told::Unlocked => self.locked = None,
            Told::Expires => self.expires = number.map(UnixTime),
            Told::Lost => self.lost = self.lost.or(Some(at)),
            Told::Disabled => self.switched_off = true,
            Told::Enabled => self.switched_off = false,
        }
    }

    /// Takes a camera token as far as the server can know it without the secrets of an activation
    /// that it missed. `false` where nothing changed.
    fn follow(&self, record: &mut TokenRecord) -> bool {
        let Moving::Camera(camera) = &mut record.token.moving else { return false };
        let (before, life) = (camera.clone(), record.life.clone());
        let since = camera.active().map(|active| active.since);
        if since.is_some_and(|since| self.initialised >= Some(since)) {
            camera.initialise();
            initialised(&mut record.life);
        }
        // The record knows the others already: a device's counter only rises.
        let missed = self.activations.iter().filter(|shown| **shown > camera.counter);
        let (number, highest) = (missed.clone().count(), missed.max().copied());
        if let Some(highest) = highest {
            camera.counter = highest;
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            camera.activations = camera.activations.saturating_add(number);
            camera.phase = Phase::InitRequired;
            initialised(&mut record.life);
        }
        if since.is_some_and(|since| self.signed >= Some(since)) {
            camera.prove();
        }
        *camera != before || record.life != life
    }

    fn bring_up(&self, token: &mut Token) -> bool {
        let raised = self.used.is_some_and(|used| raise(&mut token.moving, used));
        let switched = self.switched_off && token.switch_to(Switch::Disabled);
        let locked = self.locked.is_some() && token.guard.locked_at.is_none();
        token.guard.locked_at = token.guard.locked_at.or(self.locked);
        let earlier =
            self.expires.filter(|at| token.profile.expires_at.is_none_or(|known| *at < known));
        token.profile.expires_at = earlier.or(token.profile.expires_at);
        raised || switched || locked || earlier.is_some()
    }
}

/// Nothing up to `used` will be accepted again.
fn raise(moving: &mut Moving, used: MovingFactor) -> bool {
    match moving {
        Moving::Event { next, .. } => {
            let above = used.saturating_add(1);
            let lower = *next < above;
            *next = (*next).max(above);
            lower
        }
        Moving::Time { floor, .. } => {
            let lower = floor.is_none_or(|f| f < used);
            *floor = Some(floor.map_or(used, |f| f.max(used)));
            lower
        }
        // What depends on the time is refused up to the restore anyway.
        Moving::Keypad(keypad) if keypad.suites().iter().any(Suite::counter) => {
            let above = used.saturating_add(1);
            let lower = keypad.counter < above;
            keypad.counter = keypad.counter.max(above);
            lower
        }
        Moving::Keypad(_) | Moving::Camera(_) => false,
    }
}

impl Told {
    fn of(event: &DecodedEvent) -> Option<Self> {
        use Action::{
            Activate, Disable, Enable, Initialise, Lost, Register, Resync, SetExpiry, Share, Sign,
            Unlock, Verify,
        };
        match event.known_action()? {
            Register | Resync | Verify if is_accepted(event) => Some(Self::Used),
            Activate | Register | Resync | Sign | Verify if is_lock(event) => Some(Self::Locked),
            Sign if event.outcome == "accepted" => Some(Self::Signed),
            Share if event.outcome == "done" => Some(Self::Signed),
            Activate if event.outcome == SECOND_MESSAGE => Some(Self::SecondMessage),
            // What was refused changed nothing.
            _ if !is_switched(event) => None,
            Disable => Some(Self::Disabled),
            Enable => Some(Self::Enabled),
            Initialise => Some(Self::Initialised),
            Lost => Some(Self::Lost),
            SetExpiry => Some(Self::Expires),
            Unlock => Some(Self::Unlocked),
            _ => None,
        }
    }
}

/// Codes that used up moving factors: `number` is the highest of them.
fn is_accepted(event: &DecodedEvent) -> bool {
    let used = matches!(event.outcome.as_str(), "accepted" | "confirmation_wrong" | "done");
    used && event.number.is_some()
}

/// The last attempt that the guess budget allowed, or one that found it spent: `number` is what is
/// left of it.
fn is_lock(event: &DecodedEvent) -> bool {
    matches!(event.outcome.as_str(), "bad_code" | "locked" | "wrong") && event.number == Some(0)
}

/// `unchanged`: it was so already, by a change that may lie before what we see.
fn is_switched(event: &DecodedEvent) -> bool {
    matches!(event.outcome.as_str(), "done" | "unchanged")
}

fn token_id(event: &DecodedEvent) -> Option<TokenId> {
    Some(TokenId {
        institution: Institution::parse(event.institution.as_deref()?).ok()?,
        serial: Serial::parse(event.serial.as_deref()?).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use warifu_core::{
        camera::{Camera, LoginName, Material, Session},
        ident::{ContractId, UserId},
    };

    use super::*;

    #[test]
    fn the_word_of_the_second_message_is_the_cores() {
        let session = Session {
            id: [0; 12],
            contract: ContractId::parse("C1").unwrap(),
            user: UserId::parse("U1").unwrap(),
            login: LoginName::parse("ICHIRO").unwrap(),
            since: UnixTime(0),
            wrong: 0,
            material: Material::default(),
            message: Vec::new(),
        };
        let camera = Camera { phase: Phase::Second(session), ..Camera::default() };
        assert_eq!(camera.word(), SECOND_MESSAGE);
    }
}
