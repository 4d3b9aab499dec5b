//! What one operation of one user needs right now.
//!
//! Not responsible for: checking what the user then shows.

use super::{Contract, Held, ListedState, User, standing, words::words};
use crate::{
    rules::{Effective, Factor, OperationClass, Rules, Stage, WithoutToken, start_of_day},
    time::UnixTime,
    token::Status,
};

/// An operation, as far as the rules tell operations apart.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its class.
    pub class: OperationClass,
    /// Where it stands on its way through approvals.
    pub stage: Stage,
    /// The payee was registered beforehand.
    pub payee_preregistered: bool,
    /// Attributes that change, for classes where that matters.
    pub attributes: Vec<String>,
    /// When the user's session began; matters where a registration counts from the next login on.
    pub logged_in_at: Option<UnixTime>,
}

/// What to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decision {
    /// Nothing is asked.
    NotRequired,
    /// Works without a token until then.
    AllowedByGrace {
        /// First moment at which it no longer does.
        until: UnixTime,
    },
    /// This has to be shown.
    Required(Factor),
    /// Not possible.
    Denied(Cause),
}

words! {
    /// Why an operation is not possible.
    pub enum Cause {
        /// A token has to be registered first.
        RegistrationRequired = "registration_required",
        /// Too many wrong codes; the lock has to be lifted.
        Locked = "locked",
        /// The user's token was revoked.
        Revoked = "revoked",
        /// The user's token is past its expiry.
        Expired = "expired",
        /// The user's token is out of use.
        TokenUnusable = "token_unusable",
    }
}

/// The decision, and what the front end must enforce besides.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Authorization {
    /// What to do.
    pub decision: Decision,
    /// Yen that may be transferred per day at most (inclusive), because the user has no token.
    pub limit_yen_per_day: Option<u64>,
}

/// Decides. `token` is the one that [`Contract::holding`] names.
pub fn authorize(
    rules: &Rules,
    contract: &Contract,
    user: &User,
    token: Option<Held<'_>>,
    operation: &Operation,
    now: UnixTime,
) -> Authorization {
    let mut limit_yen_per_day = None;
    let decision = match listed_cause(rules, contract, user, token, operation, now) {
        Some(cause) => Decision::Denied(cause),
        None if !asks(rules, operation) => Decision::NotRequired,
        None if token.is_some() => held(rules, contract, user, token, operation, now),
        None => {
            let (decision, limit) = without_token(rules, contract, operation, now);
            limit_yen_per_day = limit;
            decision
        }
    };
    Authorization { decision, limit_yen_per_day }
}

/// What keeps a user from logging in altogether, where the policy says that it does.
fn listed_cause(
    rules: &Rules,
    contract: &Contract,
    user: &User,
    token: Option<Held<'_>>,
    operation: &Operation,
    now: UnixTime,
) -> Option<Cause> {
    if operation.class != OperationClass::Login {
        return None;
    }
    login_block(rules, contract, user, token, now)
}

/// Why a user may not log in, if so.
pub fn login_block(
    rules: &Rules,
    contract: &Contract,
    user: &User,
    token: Option<Held<'_>>,
    now: UnixTime,
) -> Option<Cause> {
    let locked = standing::authentication(token) == standing::Authentication::Stopped;
    if locked && rules.login.locked_blocks {
        return Some(Cause::Locked);
    }
    if standing::listed(contract, user, token, now) != ListedState::Revoked {
        return None;
    }
    let opens = reopens(rules, user, token);
    let waiting = opens.is_some_and(|opens| now < opens);
    (waiting && rules.revocation.blocks_login).then_some(Cause::Revoked)
}

/// From when on a user without a usable token may register again.
pub fn reopens(rules: &Rules, user: &User, token: Option<Held<'_>>) -> Option<UnixTime> {
    let lost = token.filter(|held| matches!(held.life, super::Life::Lost(_)));
    let after_loss = lost.and_then(|held| held.life.since());
    let after_loss = after_loss.map(|at| rules.revocation.reopens(at, &rules.zone));
    user.wait_until().max(after_loss)
}

/// Whether this class, at this stage, with this payee and these attributes, asks for anything.
fn asks(rules: &Rules, operation: &Operation) -> bool {
    let rule = rules.operation(operation.class);
    let touches =
        |listed: &Vec<String>| operation.attributes.iter().any(|one| listed.contains(one));
    rule.factor != Factor::None
        && rule.stages.contains(&operation.stage)
        && !(rule.preregistered_exempt && operation.payee_preregistered)
        && rule.attributes.as_ref().is_none_or(touches)
}

fn held(
    rules: &Rules,
    contract: &Contract,
    user: &User,
    token: Option<Held<'_>>,
    operation: &Operation,
    now: UnixTime,
) -> Decision {
    let since = contract.holding(user).map(|(_, at)| at);
    let later = rules.login.effective == Effective::NextLogin
        && operation.class != OperationClass::Login
        && operation.logged_in_at.is_some_and(|login| since.is_some_and(|since| login < since));
    if later {
        return Decision::NotRequired;
    }
    if standing::listed(contract, user, token, now) == ListedState::Revoked {
        return Decision::Denied(Cause::Revoked);
    }
    match token.map(|held| held.token.status(now)) {
        Some(Status::Active) => Decision::Required(rules.operation(operation.class).factor),
        Some(Status::Locked) => Decision::Denied(Cause::Locked),
        Some(Status::Expired) => Decision::Denied(Cause::Expired),
        _ => Decision::Denied(Cause::TokenUnusable),
    }
}

fn without_token(
    rules: &Rules,
    contract: &Contract,
    operation: &Operation,
    now: UnixTime,
) -> (Decision, Option<u64>) {
    let rule = rules.operation(operation.class);
    let limit = rules.limit_without_token_yen;
    if now < contract.service_start || rule.without_token == WithoutToken::Limited {
        return (Decision::NotRequired, limit);
    }
    match grace_end(rules, contract) {
        Some(until) if rule.grace && now < until => (Decision::AllowedByGrace { until }, limit),
        _ => (Decision::Denied(Cause::RegistrationRequired), None),
    }
}

/// First moment after the grace period. The day of the start is its first day, whatever the hour;
/// days are those of the institution's zone.
pub fn grace_end(rules: &Rules, contract: &Contract) -> Option<UnixTime> {
    if rules.grace_days == 0 {
        return None;
    }
    start_of_day(contract.service_start, rules.grace_days, &rules.zone)
}
