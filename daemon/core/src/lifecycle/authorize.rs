//! What one operation of one user needs right now.
//!
//! Not responsible for: checking what the user then shows.

use super::{Contract, Held, ListedState, User, leave::lost_since, standing, words::words};
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

/// The tokens in a user's hands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Holdings<'a> {
    /// The one that [`Contract::holding`] names; any other is not looked at.
    pub otp: Option<Held<'a>>,
    /// The one that [`signs`](super::signing::signs) names.
    pub signer: Option<Held<'a>>,
}

/// Decides.
pub fn authorize(
    rules: &Rules,
    contract: &Contract,
    user: &User,
    tokens: Holdings<'_>,
    operation: &Operation,
    now: UnixTime,
) -> Authorization {
    let token = held_by(contract, user, tokens.otp);
    let blocked = match operation.class {
        OperationClass::Login => login_block(rules, contract, user, token, now),
        _ => None,
    };
    if let Some(cause) = blocked {
        return Authorization::plain(Decision::Denied(cause));
    }
    if !asks(rules, operation) {
        return Authorization::plain(Decision::NotRequired);
    }
    if rules.operation(operation.class).factor == Factor::TransactionSignature {
        let gone = signer_gone(contract, user, token, now);
        return by_signature(rules, contract, tokens.signer, gone, operation, now);
    }
    let held = contract.holding(user).is_some();
    if held && token.is_none() {
        // A token that can not be found is no reason to ask for none.
        return Authorization::plain(Decision::Denied(Cause::TokenUnusable));
    }
    // A revoked user may log in again once a registration is possible, as one without a token; what
    // is protected stays closed to them until they register, grace period or not, also while the
    // next token is on its way.
    let revoked = standing::listed(contract, user, token, now) == ListedState::Revoked;
    let cause = match () {
        () if revoked => Some(Cause::Revoked),
        () if was_revoked(user) && !held => Some(Cause::RegistrationRequired),
        () => None,
    };
    if let Some(cause) = cause.filter(|_| operation.class != OperationClass::Login) {
        return Authorization::plain(Decision::Denied(cause));
    }
    match token.filter(|_| !revoked) {
        Some(token) => with_token(rules, contract, user, token, operation, now),
        None => without_token(rules, contract, operation, now),
    }
}

impl Authorization {
    const fn plain(decision: Decision) -> Self {
        Self { decision, limit_yen_per_day: None }
    }
}

/// The token, where it is the one that this user's codes come from.
pub(super) fn held_by<'a>(
    contract: &Contract,
    user: &User,
    token: Option<Held<'a>>,
) -> Option<Held<'a>> {
    let (serial, _) = contract.holding(user)?;
    token.filter(|held| held.serial == serial)
}

/// Why a user may not log in, if so.
pub fn login_block(
    rules: &Rules,
    contract: &Contract,
    user: &User,
    token: Option<Held<'_>>,
    now: UnixTime,
) -> Option<Cause> {
    let token = held_by(contract, user, token);
    if waits_until(rules, contract, user, token).is_some_and(|opens| now < opens) {
        return rules.revocation.blocks_login.then_some(Cause::Revoked);
    }
    let locked = standing::authentication(token) == standing::Authentication::Stopped
        && standing::listed(contract, user, token, now) != ListedState::Revoked;
    (locked && rules.login.locked_blocks).then_some(Cause::Locked)
}

/// Whether a token was taken from the user and they registered none since: a registration forgets
/// the wait that a revocation sets.
pub(super) const fn was_revoked(user: &User) -> bool {
    user.wait_until().is_some()
}

/// From when on a user without a usable token may register again.
pub fn reopens(rules: &Rules, user: &User, token: Option<Held<'_>>) -> Option<UnixTime> {
    let after_loss = token.and_then(|held| lost_since(held.life));
    let after_loss = after_loss.map(|at| rules.revocation.reopens(at, &rules.zone));
    user.wait_until().max(after_loss)
}

/// As [`reopens`], and nothing for a user who holds a token that is not lost: a wait that was set
/// before the contract gave all its users a common token is over.
pub(super) fn waits_until(
    rules: &Rules,
    contract: &Contract,
    user: &User,
    held: Option<Held<'_>>,
) -> Option<UnixTime> {
    let usable =
        contract.holding(user).is_some() && held.is_none_or(|held| lost_since(held.life).is_none());
    if usable { None } else { reopens(rules, user, held) }
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

fn with_token(
    rules: &Rules,
    contract: &Contract,
    user: &User,
    token: Held<'_>,
    operation: &Operation,
    now: UnixTime,
) -> Authorization {
    let required = Authorization::plain(needs(token, rules.operation(operation.class).factor, now));
    if token.token.status(now) != Status::Active || counts(rules, contract, user, operation) {
        return required;
    }
    // Until the next login all is as it was without the token. What was impossible then has become
    // possible with a code: a registration never makes an operation easier.
    let before = without_token(rules, contract, operation, now);
    if matches!(before.decision, Decision::Denied(_)) { required } else { before }
}

/// The proof, where the token can give it.
fn needs(token: Held<'_>, factor: Factor, now: UnixTime) -> Decision {
    match token.token.status(now) {
        Status::Active => Decision::Required(factor),
        Status::Locked => Decision::Denied(Cause::Locked),
        Status::Expired => Decision::Denied(Cause::Expired),
        Status::Disabled | Status::NotYetValid | Status::ResyncRequired => {
            Decision::Denied(Cause::TokenUnusable)
        }
    }
}

/// A signature is asked for: only the token that makes it counts, whatever becomes of the other one.
fn by_signature(
    rules: &Rules,
    contract: &Contract,
    signer: Option<Held<'_>>,
    gone: Option<Cause>,
    operation: &Operation,
    now: UnixTime,
) -> Authorization {
    let Some(token) = signer else {
        return match gone {
            Some(cause) => Authorization::plain(Decision::Denied(cause)),
            None => without_token(rules, contract, operation, now),
        };
    };
    Authorization::plain(needs(token, Factor::TransactionSignature, now))
}

/// Whose token was taken away has no grace left: nothing becomes easier by a revocation, a loss or
/// an initialisation. A change of the usage mode is none of these.
fn signer_gone(
    contract: &Contract,
    user: &User,
    token: Option<Held<'_>>,
    now: UnixTime,
) -> Option<Cause> {
    let waits = user.signer_wait_until();
    let revoked = standing::listed(contract, user, token, now) == ListedState::Revoked;
    let bond = user.signer().is_some_and(|bond| bond.generation == contract.generation());
    let gone = waits.is_some() || bond || was_revoked(user);
    match () {
        () if revoked || waits.is_some_and(|until| now < until) => Some(Cause::Revoked),
        () if gone => Some(Cause::RegistrationRequired),
        () => None,
    }
}

/// Whether the registration counts in the session in which the operation takes place.
fn counts(rules: &Rules, contract: &Contract, user: &User, operation: &Operation) -> bool {
    let since = contract.holding(user).map(|(_, at)| at);
    let earlier = operation.logged_in_at.is_some_and(|login| since.is_some_and(|at| login < at));
    rules.login.effective == Effective::AtOnce
        || operation.class == OperationClass::Login
        || !earlier
}

fn without_token(
    rules: &Rules,
    contract: &Contract,
    operation: &Operation,
    now: UnixTime,
) -> Authorization {
    let rule = rules.operation(operation.class);
    let limit_yen_per_day = rules.limit_without_token_yen;
    if now < contract.service_start || rule.without_token == WithoutToken::Limited {
        return Authorization { decision: Decision::NotRequired, limit_yen_per_day };
    }
    match grace_end(rules, contract) {
        Some(until) if rule.grace && now < until => {
            Authorization { decision: Decision::AllowedByGrace { until }, limit_yen_per_day }
        }
        _ => Authorization::plain(Decision::Denied(Cause::RegistrationRequired)),
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

#[cfg(test)]
mod tests;
