//! One code for a run of operations: the first asks, the following do not.
//!
//! Never for transaction signatures: those sign one transaction each.
//!
//! Not responsible for: storage, or for ending a grant at logout (the front end says when that is).

use super::{Contract, Held, User, words::words};
use crate::{
    ident::{ContractId, Serial, UserId},
    rules::{Factor, OperationClass, Rules},
    time::UnixTime,
};

/// A grant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    /// Whose contract.
    pub contract: ContractId,
    /// Whose.
    pub user: UserId,
    /// Keyed digest of the front end's session.
    pub session: [u8; 16],
    /// For operations of this class.
    pub class: OperationClass,
    /// The token that proved it.
    pub serial: Serial,
    /// Since when the user had held it: registered anew, it is no longer the same bond.
    pub since: UnixTime,
    /// Last moment (exclusive).
    pub expires_at: UnixTime,
    /// Operations left.
    pub uses_left: u32,
}

words! {
    /// Why a grant did not cover an operation. It is over then, except for another session's try.
    pub enum GrantEnd {
        /// Its time is up.
        Expired = "expired",
        /// It was used as often as allowed.
        UsedUp = "used_up",
        /// It is for another class of operations.
        OtherClass = "other_class",
        /// It belongs to another user or session.
        OtherSession = "other_session",
        /// The user no longer holds the token that proved it, or it is locked.
        TokenChanged = "token_changed",
    }
}

/// A new grant after a right code, where the policy gives one for this class.
pub fn open(
    rules: &Rules,
    whose: (&ContractId, &UserId),
    session: [u8; 16],
    class: OperationClass,
    held: (&Serial, UnixTime),
    now: UnixTime,
) -> Option<Grant> {
    let grant = rules.grant.as_ref().filter(|grant| grant.classes.contains(&class))?;
    (rules.operation(class).factor == Factor::Otp).then(|| Grant {
        contract: whose.0.clone(),
        user: whose.1.clone(),
        session,
        class,
        serial: held.0.clone(),
        since: held.1,
        expires_at: UnixTime(now.0.saturating_add(grant.lifetime_s.into())),
        uses_left: grant.uses,
    })
}

impl Grant {
    /// Covers one more operation, or says why not.
    pub fn spend(
        &mut self,
        session: [u8; 16],
        class: OperationClass,
        holder: (&Contract, &User, Option<Held<'_>>),
        now: UnixTime,
    ) -> Result<(), GrantEnd> {
        let (contract, user, token) = holder;
        if session != self.session {
            return Err(GrantEnd::OtherSession);
        }
        if class != self.class {
            return Err(GrantEnd::OtherClass);
        }
        if now >= self.expires_at {
            return Err(GrantEnd::Expired);
        }
        let holds = contract.holding(user) == Some((&self.serial, self.since));
        if !holds || !token.is_some_and(|held| held.is_live(now)) {
            return Err(GrantEnd::TokenChanged);
        }
        self.uses_left = self.uses_left.checked_sub(1).ok_or(GrantEnd::UsedUp)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
