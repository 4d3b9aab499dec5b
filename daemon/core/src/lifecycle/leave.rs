//! The ways in which a user stops holding a token: 失効 by somebody else, 利用解除 by the user,
//! removal of the user.
//!
//! Not responsible for: who may do it (`actor`), locks (a lock ends nothing).

use super::{Binding, Contract, Denial, GivenUp, Held, Life, Refused, TokenKind, UsageMode, User};
use crate::{
    ident::{ContractId, Serial, UserId},
    rules::{DeactivationRules, RevocationRules, Rules, WindowRule},
    time::UnixTime,
};
use jiff::tz::TimeZone;

/// The token that is left, as far as leaving concerns it.
#[derive(Debug)]
pub struct Left<'a> {
    /// Which.
    pub serial: &'a Serial,
    /// Of which kind.
    pub kind: TokenKind,
    /// Its state, in the contract's present generation.
    pub life: &'a mut Life,
}

impl RevocationRules {
    /// From when on a user whose token was revoked at `at` may register again.
    pub fn reopens(&self, at: UnixTime, zone: &TimeZone) -> UnixTime {
        let cooled = UnixTime(at.0.saturating_add(u64::from(self.cool_down_min) * 60));
        let ends = |moment: UnixTime| {
            self.windows.iter().filter_map(|window| window.end_if_inside(moment, zone)).max()
        };
        match (self.window_rule, ends(at)) {
            (WindowRule::WindowEnd, Some(end)) => end,
            (WindowRule::Later, Some(end)) => end.max(cooled),
            (_, None) => cooled,
        }
    }
}

/// 失効: takes the user's token away. Answers from when on they may register again.
pub fn revoke(
    rules: &Rules,
    contract: &Contract,
    user: &mut User,
    left: &mut Left<'_>,
    now: UnixTime,
) -> Result<UnixTime, Refused> {
    if contract.holding(user).map(|(serial, _)| serial) != Some(left.serial) {
        return Err(Denial::NotRegistered.into());
    }
    let RevocationRules { reusable, .. } = rules.revocation;
    let reopens = rules.revocation.reopens(now, &rules.zone);
    if contract.mode() != UsageMode::Common {
        let_go(left.life, reusable, now);
    }
    // In the common mode the token stays the contract's: only this user is kept from it.
    let reusable = reusable || contract.mode() == UsageMode::Common;
    let old = GivenUp { serial: left.serial.clone(), kind: left.kind, at: now, reusable };
    user.revoke(old, contract.generation(), reopens);
    Ok(reopens)
}

/// 利用解除: the user gives the token up.
pub fn deactivate(
    rules: &Rules,
    contract: &Contract,
    user: &mut User,
    left: &mut Left<'_>,
    now: UnixTime,
) -> Result<(), Refused> {
    if contract.holding(user).map(|(serial, _)| serial) != Some(left.serial) {
        return Err(Denial::NotRegistered.into());
    }
    if contract.mode() == UsageMode::Common {
        return Err(Denial::CommonTokenOnly.into());
    }
    let DeactivationRules { reusable, .. } = rules.deactivation;
    let lost_at = lost_since(left.life);
    let wait_until = lost_at.map(|at| rules.revocation.reopens(at, &rules.zone));
    let_go(left.life, reusable, now);
    let old = GivenUp { serial: left.serial.clone(), kind: left.kind, at: now, reusable };
    user.deactivate(old, wait_until);
    Ok(())
}

/// The user is removed from the contract: as by a revocation, and nothing is left to remember. Only
/// for the token that [`Contract::holding`] names; one that is on its way has to be recalled.
pub fn remove(rules: &Rules, contract: &Contract, left: &mut Left<'_>, now: UnixTime) {
    if contract.mode() != UsageMode::Common {
        let_go(left.life, rules.revocation.reusable, now);
    }
}

/// Brings a user's record up to date with what became of their token behind their back: a lost one
/// counts as revoked when it was reported, one on its way that went elsewhere is forgotten. To be
/// called before a user orders or is issued a token; what lists show does not depend on it.
///
/// `token` is the one that the user's record names, as it counts in the present generation. Answers
/// whether the record changed.
pub fn catch_up(
    rules: &Rules,
    contract: (&ContractId, &Contract),
    user: (&UserId, &mut User),
    token: Held<'_>,
) -> bool {
    let ((contract_id, contract), (user_id, user)) = (contract, user);
    let generation = contract.generation();
    match user.binding(generation) {
        Binding::InService { serial, .. } if serial == token.serial => {
            let Some(at) = lost_since(token.life) else { return false };
            let old = GivenUp { serial: serial.clone(), kind: token.kind, at, reusable: false };
            user.revoke(old, generation, rules.revocation.reopens(at, &rules.zone));
            true
        }
        Binding::Issued { serial, .. } if serial == token.serial => {
            let coming = matches!(token.life, Life::Issued(issued)
                if issued.contract() == contract_id && issued.to() == Some(user_id));
            if !coming {
                user.unissue(token.serial);
            }
            !coming
        }
        _ => false,
    }
}

/// When the token was reported lost, if it was.
pub(super) fn lost_since(life: &Life) -> Option<UnixTime> {
    matches!(life, Life::Lost(_)).then(|| life.since()).flatten()
}

/// One user fewer. A lost token stays lost.
fn let_go(life: &mut Life, reusable: bool, now: UnixTime) {
    *life = match std::mem::take(life) {
        Life::InService(held) => held.leave(reusable, now),
        other => other,
    };
}

#[cfg(test)]
mod tests;
