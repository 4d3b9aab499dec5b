//! Resynchronisation by two consecutive codes in a wider window (RFC 4226 s.7.4, RFC 6238 s.6).
//!
//! A wrong pair counts like a wrong code: the wide window would otherwise be a cheap way to guess.

use crate::{
    code::Code,
    drift::Drift,
    oath::MovingFactor,
    plan::Refusal,
    policy::VerificationPolicy,
    settle::{Reason, Verdict, count_failure, offset, refuse, remaining},
    time::UnixTime,
    token::{Moving, Status, Token},
};

/// The moving factors at which the *first* of the two codes is looked for, ascending.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Search {
    /// First candidate.
    pub from: MovingFactor,
    /// How many candidates.
    pub count: u32,
    now_step: MovingFactor,
}

/// Decides where to look, or refuses.
pub fn plan(
    token: &Token,
    policy: &VerificationPolicy,
    now: UnixTime,
    codes: [&Code; 2],
) -> Result<Search, Refusal> {
    match token.status(now) {
        Status::Active | Status::ResyncRequired => {}
        other => return Err(Refusal::Status(other)),
    }
    if matches!(token.moving, Moving::Keypad(_) | Moving::Camera(_)) {
        return Err(Refusal::Kind);
    }
    if codes.iter().any(|code| code.len() != token.profile.digits.get()) {
        return Err(Refusal::Length);
    }
    Ok(match &token.moving {
        Moving::Event { next, .. } => {
            Search { from: *next, count: policy.resync_counters, now_step: 0 }
        }
        Moving::Time { step_s, t0, floor, .. } => {
            let now_step = now.step(*t0, *step_s);
            let reach = u64::from(policy.resync_steps);
            let lowest = now_step.saturating_sub(reach);
            let from = floor.map_or(lowest, |f| lowest.max(f.saturating_add(1)));
            let end = now_step.saturating_add(reach).saturating_add(1);
            let count = u32::try_from(end.saturating_sub(from)).unwrap_or(0);
            Search { from, count, now_step }
        }
        Moving::Keypad(_) | Moving::Camera(_) => return Err(Refusal::Kind),
    })
}

/// `found` is the moving factor of the first code; the second stood at the next one.
pub fn settle(
    token: &mut Token,
    policy: &VerificationPolicy,
    now: UnixTime,
    search: Search,
    found: Option<MovingFactor>,
) -> Verdict {
    let Some(first) = found else {
        count_failure(token, policy, now);
        return Verdict::Rejected { reason: Reason::Wrong, remaining: remaining(token, policy) };
    };
    let second = first.saturating_add(1);
    match &mut token.moving {
        Moving::Event { next, resync_required } => {
            *next = second.saturating_add(1);
            *resync_required = false;
        }
        Moving::Time { floor, drift, .. } => {
            *floor = Some(second);
            *drift =
                Drift::from_steps(offset(second, search.now_step)).clamped(policy.max_drift_steps);
        }
        // No plan leads here.
        Moving::Keypad(_) | Moving::Camera(_) => {}
    }
    token.guard.clear();
    Verdict::Accepted { factor: second }
}

/// The verdict where nothing was evaluated.
pub fn refused(token: &Token, policy: &VerificationPolicy, refusal: Refusal) -> Verdict {
    refuse(token, policy, refusal)
}
