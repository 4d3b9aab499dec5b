//! The ways in which a user stops holding a token: 失効 by somebody else, 利用解除 by the user,
//! removal of the user.
//!
//! Not responsible for: who may do it (`actor`), locks (a lock ends nothing).

use super::{Contract, Denial, GivenUp, Life, Refused, TokenKind, UsageMode, User};
use crate::{
    ident::Serial,
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
    let_go(left.life, reusable, now);
    user.deactivate(GivenUp { serial: left.serial.clone(), kind: left.kind, at: now, reusable });
    Ok(())
}

/// The user is removed from the contract: as by a revocation, and nothing is left to remember.
pub fn remove(rules: &Rules, contract: &Contract, left: &mut Left<'_>, now: UnixTime) {
    if contract.mode() != UsageMode::Common {
        let_go(left.life, rules.revocation.reusable, now);
    }
}

/// One user fewer. A lost token stays lost.
fn let_go(life: &mut Life, reusable: bool, now: UnixTime) {
    *life = match std::mem::take(life) {
        Life::InService(held) => held.leave(reusable, now),
        other => other,
    };
}
