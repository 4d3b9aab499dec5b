//! What happened to tokens after their record in a backup was read, told by audit records.
//!
//! Only what protects is taken over: a factor that was accepted, a token that was switched off, a
//! lock, an earlier expiry, a loss. Everything else a person can do again.
//!
//! Not responsible for: checking the records (the chain's business).

use std::collections::HashMap;

use warifu_core::{
    event::Action,
    ident::{Institution, Serial, TokenId},
    lifecycle::Life,
    oath::MovingFactor,
    time::UnixTime,
    token::{Moving, Switch, Token},
};

use crate::record::{DecodedEvent, TokenRecord};

/// The later history of all tokens.
#[derive(Debug, Default)]
pub(super) struct Later {
    tokens: HashMap<TokenId, History>,
}

#[derive(Clone, Copy, Debug, Default)]
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
}

impl Later {
    /// Takes an audit record into account, in the order of the chain.
    pub(super) fn note(&mut self, event: &DecodedEvent) {
        let Some(id) = token_id(event) else { return };
        match event.known_action() {
            Some(Action::Register | Action::Resync | Action::Verify) if is_accepted(event) => {
                let history = self.tokens.entry(id).or_default();
                history.used = history.used.max(event.number);
                history.locked = None;
            }
            Some(Action::Register | Action::Resync | Action::Verify) if is_lock(event) => {
                let history = self.tokens.entry(id).or_default();
                history.locked = history.locked.or(Some(UnixTime(event.at_ms / 1_000)));
            }
            Some(Action::SetExpiry) if is_switched(event) => {
                self.tokens.entry(id).or_default().expires = event.number.map(UnixTime);
            }
            Some(Action::Lost) if is_switched(event) => {
                let history = self.tokens.entry(id).or_default();
                history.lost = history.lost.or(Some(UnixTime(event.at_ms / 1_000)));
            }
            // One that was refused lifted nothing.
            Some(Action::Unlock) if is_switched(event) => {
                self.tokens.entry(id).or_default().locked = None;
            }
            Some(Action::Disable) if is_switched(event) => {
                self.tokens.entry(id).or_default().switched_off = true;
            }
            Some(Action::Enable) if is_switched(event) => {
                self.tokens.entry(id).or_default().switched_off = false;
            }
            _ => {}
        }
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
        history.bring_up(&mut record.token) || found.is_some()
    }
}

impl History {
    fn bring_up(self, token: &mut Token) -> bool {
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
        Moving::Keypad(_) | Moving::Camera(_) => false,
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
    matches!(event.outcome.as_str(), "wrong" | "locked") && event.number == Some(0)
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
