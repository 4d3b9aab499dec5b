//! Which moving factors a submitted code may stand for, decided before any key is touched.

use crate::{
    code::Code,
    oath::MovingFactor,
    policy::VerificationPolicy,
    time::UnixTime,
    token::{Fingerprint, Moving, Status, Token},
};

/// What is to be tried, in this order; the search stops at the first match.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plan {
    /// Not yet used: a match accepts. The expected factor stands first, so that a token without
    /// drift costs one MAC.
    pub fresh: Vec<MovingFactor>,
    /// Already used: a match only tells `reused` from `wrong`.
    pub used: Vec<MovingFactor>,
    /// This very code was refused a moment ago: another miss does not count towards the lock.
    pub repeat: bool,
    /// Highest fresh factor, remembered with a refused code.
    pub(crate) window_end: MovingFactor,
    /// Server time as a step, for the drift (0 for HOTP).
    pub(crate) now_step: MovingFactor,
    pub(crate) fingerprint: Fingerprint,
}

impl Plan {
    /// All candidates in search order.
    pub fn candidates(&self) -> impl Iterator<Item = MovingFactor> + '_ {
        self.fresh.iter().chain(&self.used).copied()
    }
}

/// Refused without a look at the code; nothing is evaluated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// The token's state does not allow it.
    Status(Status),
    /// Another number of digits than the token shows: certainly a typing error, costs no attempt.
    Length,
    /// The token shows no one-time passwords: it answers challenges.
    Kind,
}

/// Decides what to try for `code` at `now`.
pub fn plan(
    token: &Token,
    policy: &VerificationPolicy,
    now: UnixTime,
    code: &Code,
    fingerprint: Fingerprint,
) -> Result<Plan, Refusal> {
    match token.status(now) {
        Status::Active => {}
        other => return Err(Refusal::Status(other)),
    }
    if matches!(token.moving, Moving::Keypad(_) | Moving::Camera(_)) {
        return Err(Refusal::Kind);
    }
    if code.len() != token.profile.digits.get() {
        return Err(Refusal::Length);
    }
    let (fresh, used, now_step) = match &token.moving {
        Moving::Event { next, .. } => {
            let (fresh, used) = event_window(*next, policy);
            (fresh, used, 0)
        }
        Moving::Time { step_s, t0, floor, drift } => {
            let now_step = now.step(*t0, *step_s);
            let centre = now_step.saturating_add_signed(drift.steps().into());
            let (fresh, used) = time_window(centre, *floor, policy);
            (fresh, used, now_step)
        }
        Moving::Keypad(_) | Moving::Camera(_) => return Err(Refusal::Kind),
    };
    let window_end = fresh.iter().copied().max().unwrap_or(now_step);
    let repeat = is_repeat(token, fingerprint, window_end, policy);
    Ok(Plan { fresh, used, repeat, window_end, now_step, fingerprint })
}

fn event_window(
    next: MovingFactor,
    policy: &VerificationPolicy,
) -> (Vec<MovingFactor>, Vec<MovingFactor>) {
    let last = next.saturating_add(policy.look_ahead.into());
    let first_used = next.saturating_sub(policy.look_back.into());
    ((next..=last).collect(), (first_used..next).rev().collect())
}

/// Centre first, then outwards, the earlier one first on each ring: people are late more often
/// than clocks are fast.
fn time_window(
    centre: MovingFactor,
    floor: Option<MovingFactor>,
    policy: &VerificationPolicy,
) -> (Vec<MovingFactor>, Vec<MovingFactor>) {
    let ring = |distance: u64| {
        let early = centre.checked_sub(distance);
        let late = (distance > 0).then(|| centre.saturating_add(distance));
        early.into_iter().chain(late)
    };
    let window = (0..=u64::from(policy.window_steps)).flat_map(ring);
    let is_used = |step: &MovingFactor| floor.is_some_and(|f| *step <= f);
    let (mut used, fresh): (Vec<_>, Vec<_>) = window.partition(is_used);
    if policy.look_back > 0 {
        used.extend(floor.filter(|f| !used.contains(f)));
    }
    (fresh, used)
}

/// A repeat is the same code while the factors it was compared with are still near. It stays free
/// for at most one more window, so that a code sent for ever is not a guess for ever.
fn is_repeat(
    token: &Token,
    fingerprint: Fingerprint,
    window_end: MovingFactor,
    policy: &VerificationPolicy,
) -> bool {
    let width = match token.moving {
        Moving::Event { .. } => u64::from(policy.look_ahead),
        Moving::Time { .. } => u64::from(policy.window_steps).saturating_mul(2),
        Moving::Keypad(_) | Moving::Camera(_) => 0,
    };
    token.guard.refused.iter().any(|r| {
        r.fingerprint == fingerprint
            && window_end <= r.window_end.saturating_add(width).saturating_add(1)
    })
}
