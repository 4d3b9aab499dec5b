//! A token as the validation server sees it: what it is, where its moving factor stands, and what
//! has been tried against it.
//!
//! Not responsible for: keys (see [`crate::custody`]), owners and users (the life cycle), storage.

use std::fmt;

use crate::{
    camera::Camera,
    drift::Drift,
    keypad::Keypad,
    oath::{Digits, HashAlgorithm, MovingFactor},
    time::UnixTime,
};

/// What the maker built; does not change in service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Profile {
    /// Hash of the HMAC.
    pub hash: HashAlgorithm,
    /// Length of a code.
    pub digits: Digits,
    /// First moment at which codes are accepted, if the maker set one.
    pub valid_from: Option<UnixTime>,
    /// Last moment (inclusive) at which codes are accepted; printed on the token's back.
    pub expires_at: Option<UnixTime>,
}

/// Where the moving factor stands. Each variant can only hold what its algorithm has.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Moving {
    /// HOTP.
    Event {
        /// The next counter that may be accepted; everything below is used.
        next: MovingFactor,
        /// Set by a restore: the true counter is unknown, so a single code proves nothing until
        /// two consecutive ones were shown.
        resync_required: bool,
    },
    /// TOTP.
    Time {
        /// Length of a step in seconds.
        step_s: u32,
        /// Start of step 0.
        t0: UnixTime,
        /// Steps at or below are never accepted: the last accepted one, or the floor that a restore set.
        floor: Option<MovingFactor>,
        /// Learnt offset of the token's clock.
        drift: Drift,
    },
    /// OCRA on a keypad: answers to typed questions.
    Keypad(Keypad),
    /// A camera token: signs what it shows.
    Camera(Camera),
}

/// Whether an operator lets the token be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Switch {
    /// In use.
    Enabled,
    /// Out of use until somebody enables it.
    Disabled,
}

/// A keyed digest of a refused code, so that its repetition is recognised without keeping the code.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Fingerprint(pub [u8; 8]);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(..)")
    }
}

/// A refused code and the moving factors it was compared with when it was counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Refused {
    /// Which code.
    pub fingerprint: Fingerprint,
    /// Highest moving factor of the window at that time: bounds how long a repeat stays free.
    pub window_end: MovingFactor,
}

/// What stops guessing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Guard {
    /// Consecutive wrong codes since the last accepted one or the last unlock.
    pub failures: u32,
    /// When the token was locked, if it is.
    pub locked_at: Option<UnixTime>,
    /// The latest refused codes, oldest first, at most [`Guard::REMEMBERED`].
    pub refused: Vec<Refused>,
}

impl Guard {
    /// How many refused codes are remembered; more than any sensible `lock_after` would leave free.
    pub const REMEMBERED: usize = 8;

    /// Back to a clean record, as after an accepted code or an unlock.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn remember(&mut self, refused: Refused) {
        if self.refused.len() >= Self::REMEMBERED {
            self.refused.remove(0);
        }
        self.refused.push(refused);
    }
}

/// A token's whole verification state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Token {
    /// What it is.
    pub profile: Profile,
    /// Where its moving factor stands.
    pub moving: Moving,
    /// Whether it may be used.
    pub switch: Switch,
    /// What was tried against it.
    pub guard: Guard,
}

/// One word for the state of a token, in the order in which a refusal names it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// Codes are accepted.
    Active,
    /// Switched off by an operator.
    Disabled,
    /// Past its expiry.
    Expired,
    /// Too many wrong codes.
    Locked,
    /// Before its first day.
    NotYetValid,
    /// Restored from a backup; two consecutive codes must be shown first.
    ResyncRequired,
}

impl Token {
    /// The state at `now`.
    pub fn status(&self, now: UnixTime) -> Status {
        if self.guard.locked_at.is_some() {
            Status::Locked
        } else if self.switch == Switch::Disabled {
            Status::Disabled
        } else if self.is_expired(now) {
            Status::Expired
        } else if self.profile.valid_from.is_some_and(|start| now < start) {
            Status::NotYetValid
        } else if matches!(self.moving, Moving::Event { resync_required: true, .. }) {
            Status::ResyncRequired
        } else {
            Status::Active
        }
    }

    /// Past the last moment that is printed on it.
    pub fn is_expired(&self, now: UnixTime) -> bool {
        self.profile.expires_at.is_some_and(|end| now > end)
    }

    /// Lifts a lock: the count starts again, used moving factors stay used. `false` where there was none.
    pub fn unlock(&mut self) -> bool {
        let was_locked = self.guard.locked_at.is_some();
        if was_locked {
            self.guard.clear();
        }
        if let (true, Moving::Camera(camera)) = (was_locked, &mut self.moving) {
            camera.wrong = 0;
        }
        was_locked
    }

    /// Puts the token in or out of use. `false` where it already was.
    pub fn switch_to(&mut self, to: Switch) -> bool {
        std::mem::replace(&mut self.switch, to) != to
    }

    /// What a restore from a backup does (the backup may be older than the last accepted code):
    /// time-based tokens refuse every step up to `now` and the window beyond it, event-based ones
    /// demand resynchronisation.
    pub fn set_replay_floor(&mut self, now: UnixTime, window_steps: u32) {
        match &mut self.moving {
            Moving::Event { resync_required, .. } => *resync_required = true,
            Moving::Time { step_s, t0, floor, drift } => {
                let ahead =
                    u64::from(window_steps).saturating_add_signed(drift.steps().max(0).into());
                let reached = now.step(*t0, *step_s).saturating_add(ahead);
                *floor = Some(floor.map_or(reached, |f| f.max(reached)));
            }
            Moving::Keypad(keypad) => keypad.refuse_until(now),
            Moving::Camera(camera) => camera.forget_sessions(),
        }
    }
}
