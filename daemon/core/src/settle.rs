//! What a match or a miss does to the token, and what the caller is told.

use crate::{
    oath::MovingFactor,
    plan::{Plan, Refusal},
    policy::VerificationPolicy,
    time::UnixTime,
    token::{Moving, Refused, Status, Token},
};

/// The answer to one submitted code. Only handed out once the state that goes with it is durable.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Right, and this moving factor will never be accepted again.
    Accepted {
        /// The moving factor that matched.
        factor: MovingFactor,
    },
    /// Not accepted.
    Rejected {
        /// Why.
        reason: Reason,
        /// Wrong codes left before the token locks.
        remaining: u32,
    },
}

/// Why a code was not accepted, alphabetical.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reason {
    /// The front end says that the confirmation password was wrong.
    ConfirmationWrong,
    /// The token is switched off.
    Disabled,
    /// The token is past its expiry.
    Expired,
    /// Another number of digits than the token shows.
    Length,
    /// Too many wrong codes.
    Locked,
    /// Code or password: which of them is not told, where the policy says so.
    NotAccepted,
    /// The token is not in service with anybody: in stock, on its way, withdrawn or lost.
    NotInService,
    /// The user holds no token.
    NotRegistered,
    /// Before the token's first day.
    NotYetValid,
    /// Two consecutive codes must be shown first.
    ResyncRequired,
    /// Right once, but already used.
    Reused,
    /// The user's token was revoked.
    Revoked,
    /// Fits no moving factor of the window.
    Wrong,
    /// The token shows no one-time passwords: it answers challenges. Costs no attempt.
    WrongKindOfCode,
}

impl Reason {
    /// The stable word on the wire, in the audit chain and in metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ConfirmationWrong => "confirmation_wrong",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Length => "length",
            Self::Locked => "locked",
            Self::NotAccepted => "not_accepted",
            Self::NotInService => "not_in_service",
            Self::NotRegistered => "not_registered",
            Self::NotYetValid => "not_yet_valid",
            Self::ResyncRequired => "resync_required",
            Self::Reused => "reused",
            Self::Revoked => "revoked",
            Self::Wrong => "wrong",
            Self::WrongKindOfCode => "wrong_kind_of_code",
        }
    }
}

/// Turns the result of the search into the next state and the verdict.
///
/// `found` is the index into [`Plan::candidates`].
pub fn settle(
    token: &mut Token,
    policy: &VerificationPolicy,
    now: UnixTime,
    plan: &Plan,
    found: Option<usize>,
) -> Verdict {
    let fresh = found.and_then(|index| plan.fresh.get(index).copied());
    match (fresh, found) {
        (Some(factor), _) => accept(token, policy, plan, factor),
        (None, Some(_)) => {
            if policy.count_reused {
                count_failure(token, policy, now);
            }
            rejected(token, policy, Reason::Reused)
        }
        (None, None) => miss(token, policy, now, plan),
    }
}

/// The verdict where nothing was evaluated; the state stays as it is.
pub fn refuse(token: &Token, policy: &VerificationPolicy, refusal: Refusal) -> Verdict {
    let reason = match refusal {
        Refusal::Length => Reason::Length,
        Refusal::Kind => Reason::WrongKindOfCode,
        Refusal::Status(Status::Disabled) => Reason::Disabled,
        Refusal::Status(Status::Expired) => Reason::Expired,
        Refusal::Status(Status::NotYetValid) => Reason::NotYetValid,
        Refusal::Status(Status::ResyncRequired) => Reason::ResyncRequired,
        Refusal::Status(Status::Active | Status::Locked) => Reason::Locked,
    };
    rejected(token, policy, reason)
}

/// Refused for a reason that has nothing to do with the code; the state stays as it is.
pub fn decline(token: &Token, policy: &VerificationPolicy, reason: Reason) -> Verdict {
    rejected(token, policy, reason)
}

/// Wrong codes left before the token locks.
pub fn remaining(token: &Token, policy: &VerificationPolicy) -> u32 {
    if token.guard.locked_at.is_some() {
        return 0;
    }
    policy.lock_after.saturating_sub(token.guard.failures)
}

fn accept(
    token: &mut Token,
    policy: &VerificationPolicy,
    plan: &Plan,
    factor: MovingFactor,
) -> Verdict {
    match &mut token.moving {
        Moving::Event { next, .. } => *next = factor.saturating_add(1),
        Moving::Time { floor, drift, .. } => {
            *floor = Some(factor);
            *drift = drift.learn(offset(factor, plan.now_step), policy.max_drift_steps);
        }
        // No plan leads here.
        Moving::Keypad(_) | Moving::Camera(_) => {}
    }
    token.guard.clear();
    Verdict::Accepted { factor }
}

fn miss(token: &mut Token, policy: &VerificationPolicy, now: UnixTime, plan: &Plan) -> Verdict {
    if !plan.repeat {
        count_failure(token, policy, now);
        token
            .guard
            .remember(Refused { fingerprint: plan.fingerprint, window_end: plan.window_end });
    }
    rejected(token, policy, Reason::Wrong)
}

/// One more wrong attempt; locks where the policy's limit is reached.
pub(crate) fn count_failure(token: &mut Token, policy: &VerificationPolicy, now: UnixTime) {
    token.guard.failures = token.guard.failures.saturating_add(1);
    if token.guard.failures >= policy.lock_after {
        token.guard.locked_at = Some(now);
    }
}

/// A right answer to a challenge: the count of wrong ones starts again.
pub fn answered(token: &mut Token) {
    token.guard.clear();
}

/// A wrong answer to a challenge; locks the token where the policy's limit is reached.
pub fn mistaken(token: &mut Token, policy: &VerificationPolicy, now: UnixTime) {
    count_failure(token, policy, now);
}

fn rejected(token: &Token, policy: &VerificationPolicy, reason: Reason) -> Verdict {
    Verdict::Rejected { reason, remaining: remaining(token, policy) }
}

/// `factor - now_step` as a small signed number.
pub(crate) fn offset(factor: MovingFactor, now_step: MovingFactor) -> i32 {
    let distance = i32::try_from(factor.abs_diff(now_step)).unwrap_or(i32::MAX);
    if factor >= now_step { distance } else { distance.saturating_neg() }
}
