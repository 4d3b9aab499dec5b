//! トークン発行: a user orders a token, the bank hands one out, or takes a wrong one back.
//!
//! Not responsible for: who may do it (`actor`), printing and mailing.

use super::{
    Contract, Denial, Life, Refused, TokenKind, UsageMode, User, register::is_addressee,
    signing::is_signer, user::Binding,
};
use crate::{
    ident::{ContractId, Serial, UserId},
    rules::Rules,
    time::UnixTime,
};

/// A user orders a token of `kind`. Call [`catch_up`](super::leave::catch_up) before.
pub fn order(
    rules: &Rules,
    contract: &Contract,
    user: &mut User,
    kind: TokenKind,
    now: UnixTime,
) -> Result<(), Refused> {
    if !rules.issue.kinds.contains(&kind) {
        return Err(Denial::KindNotAllowed.into());
    }
    if is_signer(kind) {
        // Beside the token for one-time passwords, which goes on.
        user.order(kind, now);
        return Ok(());
    }
    if contract.holding(user).is_some() {
        return Err(Denial::AlreadyRegistered.into());
    }
    if matches!(user.binding(contract.generation()), Binding::Issued { .. }) {
        return Err(Denial::AlreadyIssued.into());
    }
    let change = user.given_up().map(|last| (last.kind, kind));
    if change
        .is_some_and(|(from, to)| from != to && !rules.kind_change.allowed.contains(&(from, to)))
    {
        return Err(Denial::KindChangeNotAllowed.into());
    }
    user.order(kind, now);
    Ok(())
}

/// What is handed out, and to whom.
#[derive(Debug)]
pub struct Issue<'a> {
    /// The bank's rules.
    pub rules: &'a Rules,
    /// Name of the contract.
    pub contract_id: &'a ContractId,
    /// The contract.
    pub contract: &'a Contract,
    /// The token.
    pub serial: &'a Serial,
    /// Its kind.
    pub kind: TokenKind,
    /// Whether it is past its expiry.
    pub expired: bool,
    /// When.
    pub now: UnixTime,
}

/// The bank hands the token to the contract, and to one user of it where `to` says so. A token that
/// others of the contract have in service is not on its way to anybody: the user may share it then,
/// also after giving it up, and is listed as before until they register.
///
/// Call [`catch_up`](super::leave::catch_up) before, for the token that the user's record names.
pub fn issue(
    one: &Issue<'_>,
    life: &mut Life,
    to: Option<(&UserId, &mut User)>,
) -> Result<(), Refused> {
    if one.expired {
        return Err(Denial::TokenExpired.into());
    }
    let signer = is_signer(one.kind);
    if let Some((_, user)) = to.as_ref().filter(|_| !signer) {
        addressee_is_free(one, user)?;
    }
    let to_id = to.as_ref().map(|(id, _)| (*id).clone());
    let contract = one.contract_id.clone();
    let next = match life.clone() {
        Life::Stock(stock) => Life::Issued(stock.issue(contract, to_id, one.now)),
        Life::Withdrawn(_) if !one.rules.issue.reissuable.contains(&one.kind) => {
            return Err(Denial::NewSeedRequired.into());
        }
        Life::Withdrawn(old) => Life::Issued(old.issue(contract, to_id, one.now)),
        Life::Issued(old) if old.contract() != one.contract_id => {
            return Err(Denial::NotThisContract.into());
        }
        // Who has a token on its way to them has to lose it first, or their record would not know.
        Life::Issued(old) if old.to().is_some_and(|old| Some(old) != to_id.as_ref()) => {
            return Err(Denial::AlreadyIssued.into());
        }
        Life::Issued(old) => Life::Issued(old.recall().issue(contract, to_id, one.now)),
        Life::InService(shared) if may_share(one, shared.contract(), to_id.as_ref()) => {
            if let Some((_, user)) = to {
                user.allow_again(one.serial);
            }
            return Ok(());
        }
        Life::InService(_) => return Err(Denial::SerialInUse.into()),
        Life::Lost(_) => return Err(Denial::TokenLost.into()),
    };
    *life = next;
    match to {
        Some((_, user)) if signer => user.receive(one.kind),
        Some((_, user)) => user.issue(one.serial.clone(), one.now),
        None => {}
    }
    Ok(())
}

/// Takes a token back that was issued and not registered. `addressee` is the user it was sent to.
pub fn recall(
    serial: &Serial,
    life: &mut Life,
    addressee: Option<&mut User>,
) -> Result<(), Refused> {
    let Life::Issued(issued) = life.clone() else {
        return Err(match life {
            Life::InService(_) => Denial::SerialInUse.into(),
            Life::Lost(_) => Denial::TokenLost.into(),
            _ => Denial::NotThisContract.into(),
        });
    };
    *life = Life::Stock(issued.recall());
    if let Some(user) = addressee {
        user.unissue(serial);
    }
    Ok(())
}

/// A token in service may be issued to one more user where the contract shares tokens.
fn may_share(one: &Issue<'_>, owner: &ContractId, to: Option<&UserId>) -> bool {
    owner == one.contract_id && to.is_some() && one.contract.mode() == UsageMode::Shared
}

fn addressee_is_free(one: &Issue<'_>, user: &User) -> Result<(), Refused> {
    if one.contract.holding(user).is_some() {
        return Err(Denial::AlreadyRegistered.into());
    }
    let generation = one.contract.generation();
    let another = matches!(user.binding(generation), Binding::Issued { .. })
        && !is_addressee(user, generation, one.serial);
    if another {
        return Err(Denial::AlreadyIssued.into());
    }
    let change = user.given_up().map(|last| (last.kind, one.kind));
    let forbidden = change.is_some_and(|(from, to)| {
        from != to && !one.rules.kind_change.allowed.contains(&(from, to))
    });
    if forbidden { Err(Denial::KindChangeNotAllowed.into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
