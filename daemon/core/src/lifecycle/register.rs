//! 利用開始登録: a user proves possession of a token with its serial and one code.
//!
//! [`check`] says, before any code is looked at, whether this token may become this user's, and
//! hands out the only value from which [`apply`] makes it so.
//!
//! Not responsible for: the code, or who may register for whom (`actor`).

use super::{
    Contract, Denial, Held, Life, Refused, UsageMode, User,
    leave::{catch_up, lost_since},
    life::{InService, Issued},
    user::Binding,
};
use crate::{
    ident::{ContractId, Serial, UserId},
    rules::{Rules, start_of_next_day},
    time::UnixTime,
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
    let mut user = one.user.clone();
    if let Some(held) = one.held {
        catch_up(one.rules, (one.contract_id, one.contract), (one.user_id, &mut user), held);
    }
    let one = Registration { user: &user, ..one };
    free_to_register(one)?;
    not_too_early(one)?;
    let way = claim(one)?;
    usable(one)?;
    fits_last(one)?;
    Ok(Admission(way))
}

/// Makes it so. Call only after the code was right.
pub fn apply(
    admission: Admission,
    contract: &mut Contract,
    user: &mut User,
    token: (&Serial, &mut Life),
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

/// One token per user: an old one has to go first, unless it is the contract's and lost anyway.
fn free_to_register(one: Registration<'_>) -> Result<(), Refused> {
    let lost = one.held.is_some_and(|held| lost_since(held.life).is_some());
    let registered = one.contract.holding(one.user).is_some();
    if registered && !lost { Err(Denial::AlreadyRegistered.into()) } else { Ok(()) }
}

fn not_too_early(one: Registration<'_>) -> Result<(), Refused> {
    let lost_at = one.held.and_then(|held| lost_since(held.life));
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
    Denial::of(one.token.token.status(one.now)).map_or(Ok(()), |denial| Err(denial.into()))
}

/// What the token held last means for the next one: the same must be issued anew where policy says
/// so, and another kind may be impossible, or possible from the next day on only.
fn fits_last(one: Registration<'_>) -> Result<(), Refused> {
    let Registration { rules, token: next, .. } = one;
    if let Some(last) = one.user.given_up() {
        let anew = last.reusable || issued_since(next.life, last.at);
        if last.serial == *next.serial && !anew {
            return Err(Denial::NeedsIssue.into());
        }
    }
    let given_up = one.user.given_up().map(|last| (last.kind, last.at));
    let lost = one.held.and_then(|held| Some((held.kind, lost_since(held.life)?)));
    let Some((kind, at)) = given_up.or(lost).filter(|(kind, _)| *kind != next.kind) else {
        return Ok(());
    };
    if !rules.kind_change.allowed.contains(&(kind, next.kind)) {
        return Err(Denial::KindChangeNotAllowed.into());
    }
    match start_of_next_day(at, &rules.zone) {
        Some(opens) if rules.kind_change.next_day && one.now < opens => Err(Refused::until(opens)),
        _ => Ok(()),
    }
}

/// Whether the bank handed it out at `at` or after. A token that its last user set free, or a change
/// of the usage mode, still bears the time of its registration and does not pass for issued.
fn issued_since(life: &Life, at: UnixTime) -> bool {
    matches!(life, Life::Issued(_)) && life.since() >= Some(at)
}

/// Whether a token is on its way to this very user.
pub fn is_addressee(user: &User, generation: u32, serial: &Serial) -> bool {
    matches!(user.binding(generation), Binding::Issued { serial: mine, .. } if mine == serial)
}

#[cfg(test)]
mod tests;
