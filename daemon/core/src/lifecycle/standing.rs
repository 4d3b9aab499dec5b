//! What the bank's lists show of a user, and whether a token's codes may count.
//!
//! Not responsible for: texts, or for the zone in which an expiry is shown.

use super::{Binding, Contract, Life, TokenKind, User, words::words};
use crate::{
    ident::Serial,
    rules::SerialVerification,
    time::UnixTime,
    token::{Status, Token},
};

words! {
    /// The five states of a user in a bank's list.
    pub enum ListedState {
        /// 未登録.
        Unregistered = "unregistered",
        /// トークン発行済み.
        Issued = "issued",
        /// サービス利用中.
        InService = "in_service",
        /// 失効中.
        Revoked = "revoked",
        /// トークン有効期限切れ.
        Expired = "expired",
    }
}

words! {
    /// 認証状態: whether a user's codes are looked at.
    pub enum Authentication {
        /// 利用可能.
        Available = "available",
        /// 停止中: too many wrong codes, from whichever user of the token.
        Stopped = "stopped",
    }
}

/// A token in somebody's hands.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// Which.
    pub serial: &'a Serial,
    /// Of which kind.
    pub kind: TokenKind,
    /// Where it stands between stock and bin, as it counts in the contract's present generation.
    pub life: &'a Life,
    /// What it is and what was tried against it.
    pub token: &'a Token,
}

impl Held<'_> {
    /// Too many wrong codes were shown for it.
    pub fn is_locked(&self) -> bool {
        self.token.guard.locked_at.is_some()
    }

    /// In service, and a code of it would be looked at now.
    pub fn is_live(&self, now: UnixTime) -> bool {
        matches!(self.life, Life::InService(_)) && self.token.status(now) == Status::Active
    }
}

/// The state that a list shows. `token` is the one that [`Contract::holding`] names, or the one
/// issued to the user; `None` where that is not the contract's any more.
pub fn listed(
    contract: &Contract,
    user: &User,
    token: Option<Held<'_>>,
    now: UnixTime,
) -> ListedState {
    let lost = || token.is_some_and(|held| matches!(held.life, Life::Lost(_)));
    let gone = || {
        token.is_some_and(|held| {
            matches!(held.life, Life::Stock(_) | Life::Withdrawn(_) | Life::Lost(_))
        })
    };
    let expired = || token.is_some_and(|held| held.token.is_expired(now));
    if contract.holding(user).is_some() {
        return match () {
            () if lost() => ListedState::Revoked,
            () if expired() => ListedState::Expired,
            () => ListedState::InService,
        };
    }
    match user.binding(contract.generation()) {
        Binding::Revoked { .. } => ListedState::Revoked,
        Binding::Issued { .. } if token.is_none() || gone() => ListedState::Unregistered,
        Binding::Issued { .. } if expired() => ListedState::Expired,
        Binding::Issued { .. } => ListedState::Issued,
        Binding::Unregistered | Binding::InService { .. } => ListedState::Unregistered,
    }
}

/// Whether the token that a user holds is locked.
pub fn authentication(token: Option<Held<'_>>) -> Authentication {
    let locked = token.is_some_and(|held| held.token.guard.locked_at.is_some());
    if locked { Authentication::Stopped } else { Authentication::Available }
}

/// Whether a code may be looked at for this token by its serial alone.
pub fn admits_serial(rule: SerialVerification, life: &Life) -> bool {
    match life {
        Life::InService(_) => true,
        Life::Stock(_) => rule == SerialVerification::Unassigned,
        Life::Issued(_) | Life::Withdrawn(_) | Life::Lost(_) => false,
    }
}

#[cfg(test)]
mod tests;
