//! 利用開始登録: a user proves possession of a token with its serial and one code.
//!
//! [`check`] says, before any code is looked at, whether this token may become this user's, and
//! hands out the only value from which [`apply`] makes it so.
//!
//! Not responsible for: the code, or who may register for whom (`actor`).

use super::{
    Contract, Denial, Held, Life, Refused, UsageMode, User,
    life::{InService, Issued},
    user::Binding,
};
use crate::{
    ident::{ContractId, UserId},
    rules::{Rules, start_of_next_day},
    time::UnixTime,
    token::Status,
};

/// What a registration is about.
#[derive(Clone, Copy, Debug)]
pub struct Registration<'a> {
    /// The bank's rules.
    pub rules: &'a Rules,
    /// Name of the contract.
    pub contract_id: &'a ContractId,
    /// The contract.
    pub contract: &'a Contract,
    /// Name of the user.
    pub user_id: &'a UserId,
    /// The user.
    pub user: &'a User,
    /// The token that the user holds so far.
    pub held: Option<Held<'a>>,
    /// The token to be registered.
    pub token: Held<'a>,
    /// When.
    pub now: UnixTime,
}

/// How the token becomes the user's. Made by [`check`] only.
#[derive(Debug)]
pub struct Admission(Way);

#[derive(Debug)]
enum Way {
    /// The first user of an issued token.
    First(Issued),
    /// One more user of a token in service.
    Share(InService),
    /// Back to the contract's common token after a revocation.
    Rejoin,
}

/// Whether the state of things allows it.
pub fn check(one: Registration<'_>) -> Result<Admission, Refused> {
    free_to_register(one)?;
    not_too_early(one)?;
    let way = claim(one)?;
    usable(one)?;
    fits_last(one.rules, one.user, one.token, one.now)?;
    Ok(Admission(way))
}

/// Makes it so. Call only after the code was right.
pub fn apply(
    admission: Admission,
    contract: &mut Contract,
    user: &mut User,
    token: (&crate::ident::Serial, &mut Life),
    now: UnixTime,
) {
    let (serial, life) = token;
    let generation = contract.generation();
    let common = contract.mode() == UsageMode::Common;
    match admission.0 {
        Way::Rejoin => return user.follow(),
        Way::First(issued) => *life = Life::InService(issued.register(generation, now)),
        Way::Share(shared) => *life = Life::InService(shared.share()),
    }
    if common {
        contract.hold(serial.clone(), now);
        user.follow();
    } else {
        user.hold(serial.clone(), now, generation);
    }
}

/// One token per user: an old one has to go first, unless it is lost anyway.
fn free_to_register(one: Registration<'_>) -> Result<(), Refused> {
    let lost = one.held.is_some_and(|held| matches!(held.life, Life::Lost(_)));
    let registered = one.contract.holding(one.user).is_some();
    if registered && !lost { Err(Denial::AlreadyRegistered.into()) } else { Ok(()) }
}

fn not_too_early(one: Registration<'_>) -> Result<(), Refused> {
    let lost_at = match one.held.map(|held| held.life) {
        Some(Life::Lost(_)) => one.held.and_then(|held| held.life.since()),
        _ => None,
    };
    let reopens = lost_at.map(|at| one.rules.revocation.reopens(at, &one.rules.zone));
    match one.user.wait_until().max(reopens) {
        Some(until) if one.now < until => Err(Refused::until(until)),
        _ => Ok(()),
    }
}

/// The token belongs to this contract, and its state lets this user have it.
fn claim(one: Registration<'_>) -> Result<Way, Refused> {
    if one.token.life.contract() != Some(one.contract_id) {
        return Err(Denial::NotThisContract.into());
    }
    let mode = one.contract.mode();
    let common = one.contract.common().map(|common| &common.serial);
    match one.token.life {
        Life::Stock(_) => Err(Denial::NotThisContract.into()),
        Life::Lost(_) => Err(Denial::TokenLost.into()),
        Life::Withdrawn(_) => Err(Denial::NeedsIssue.into()),
        Life::Issued(issued) => {
            let for_another = issued.to().is_some_and(|to| to != one.user_id);
            match mode {
                UsageMode::Common if one.held.is_none() && common.is_some() => {
                    Err(Denial::CommonTokenOnly.into())
                }
                UsageMode::Common => Ok(Way::First(issued.clone())),
                _ if for_another => Err(Denial::NotIssuedToUser.into()),
                _ => Ok(Way::First(issued.clone())),
            }
        }
        Life::InService(shared) => match mode {
            UsageMode::Individual => Err(Denial::SerialInUse.into()),
            UsageMode::Common if common == Some(one.token.serial) => Ok(Way::Rejoin),
            UsageMode::Common => Err(Denial::CommonTokenOnly.into()),
            UsageMode::Shared => Ok(Way::Share(shared.clone())),
        },
    }
}

/// A code of the token would be looked at.
fn usable(one: Registration<'_>) -> Result<(), Refused> {
    match one.token.token.status(one.now) {
        Status::Active => Ok(()),
        Status::Expired => Err(Denial::TokenExpired.into()),
        Status::Locked => Err(Denial::TokenLocked.into()),
        Status::Disabled | Status::NotYetValid | Status::ResyncRequired => {
            Err(Denial::TokenUnusable.into())
        }
    }
}

/// What the token held last means for the next one: the same must be issued anew where policy says
/// so, and another kind may be impossible, or possible from the next day on only.
fn fits_last(rules: &Rules, user: &User, next: Held<'_>, now: UnixTime) -> Result<(), Refused> {
    let Some(last) = user.given_up() else { return Ok(()) };
    if last.serial == *next.serial && !last.reusable {
        return Err(Denial::NeedsIssue.into());
    }
    if last.kind == next.kind {
        return Ok(());
    }
    if !rules.kind_change.allowed.contains(&(last.kind, next.kind)) {
        return Err(Denial::KindChangeNotAllowed.into());
    }
    match start_of_next_day(last.at, &rules.zone) {
        Some(opens) if rules.kind_change.next_day && now < opens => Err(Refused::until(opens)),
        _ => Ok(()),
    }
}

/// Whether a token is on its way to this very user.
pub fn is_addressee(user: &User, generation: u32, serial: &crate::ident::Serial) -> bool {
    matches!(user.binding(generation), Binding::Issued { serial: mine, .. } if mine == serial)
}
