//! What the front end shows a user right after the password: the registration screen or not, and
//! whether the login goes on at all.
//!
//! Not responsible for: what single operations need (`authorize`).

use super::{
    Contract, ListedState, User,
    authorize::{Cause, Holdings, grace_end, held_by, login_block, waits_until, was_revoked},
    standing,
    words::words,
};
use crate::{
    rules::{Factor, OperationClass, Rules},
    time::UnixTime,
};

words! {
    /// What to show.
    pub enum Screen {
        /// No registration screen.
        Nothing = "nothing",
        /// The registration screen, which may be passed over.
        MaySkip = "may_skip",
        /// The registration screen, and nothing else before it.
        MustRegister = "must_register",
        /// The user's token is locked.
        Locked = "locked",
        /// The user's token was revoked; a new registration is not possible yet.
        Revoked = "revoked",
        /// The user's token is past its expiry.
        Expired = "expired",
    }
}

words! {
    /// What the registration screen of camera tokens offers.
    pub enum CameraScreen {
        /// Nothing: the user signs already, or has no use for it.
        Nothing = "nothing",
        /// A new token (新しいトークン); no other can be shared.
        First = "first",
        /// A new token, or one that others of the contract use (利用開始登録済みのトークン).
        Choose = "choose",
    }
}

/// The answer to "this user is logging in".
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Answer {
    /// What to show.
    pub screen: Screen,
    /// Why the login must not go on, if so.
    pub login_blocked: Option<Cause>,
    /// From when on registration is possible, where that lies in the future.
    pub not_before: Option<UnixTime>,
    /// Last moment (exclusive) of the grace period, where one is running.
    pub grace_until: Option<UnixTime>,
    /// Yen per day, because the user has no token.
    pub limit_yen_per_day: Option<u64>,
    /// What to offer of camera tokens.
    pub camera: CameraScreen,
}

/// What the front end knows, and what the contract offers.
#[derive(Clone, Copy, Debug)]
pub struct Login<'a> {
    /// Classes of operations that the front end lets the user do.
    pub rights: &'a [OperationClass],
    /// The contract has a camera token in service that the user could share.
    pub shareable: bool,
}

/// Decides.
pub fn status(
    rules: &Rules,
    contract: &Contract,
    user: &User,
    tokens: Holdings<'_>,
    login: Login<'_>,
    now: UnixTime,
) -> Answer {
    let token = tokens.otp;
    let state = standing::listed(contract, user, token, now);
    let held = held_by(contract, user, token);
    let stopped = standing::authentication(token) == standing::Authentication::Stopped;
    let asked = |factor| concerned(rules, login.rights, factor);
    // Whose camera token was taken away waits for the next one, too.
    let signer_opens = user
        .signer_wait_until()
        .filter(|opens| now < *opens && asked(Factor::TransactionSignature));
    let not_before =
        waits_until(rules, contract, user, held).filter(|opens| now < *opens).max(signer_opens);
    // Neither is for users from whom a token was taken.
    let unregistered =
        contract.holding(user).is_none() && state != ListedState::Revoked && !was_revoked(user);
    let grace_until = grace_end(rules, contract)
        .filter(|end| unregistered && now >= contract.service_start && now < *end);
    let signs = tokens.signer.is_some();
    let lacks_signer = asked(Factor::TransactionSignature) && !signs;
    let screen = match state {
        _ if not_before.is_some() => Screen::Revoked,
        // A lost token is replaced, locked or not.
        _ if stopped && state != ListedState::Revoked => Screen::Locked,
        ListedState::InService if !lacks_signer => Screen::Nothing,
        ListedState::Expired if asked(Factor::Otp) || !signs => Screen::Expired,
        _ if now < contract.service_start => Screen::Nothing,
        ListedState::Unregistered | ListedState::Issued | ListedState::Revoked
            if asked(Factor::Otp) =>
        {
            if rules.skip {
                Screen::MaySkip
            } else {
                Screen::MustRegister
            }
        }
        _ if !lacks_signer => Screen::Nothing,
        _ if rules.skip => Screen::MaySkip,
        _ => Screen::MustRegister,
    };
    Answer {
        screen,
        login_blocked: login_block(rules, contract, user, token, now),
        not_before,
        grace_until,
        limit_yen_per_day: rules.limit_without_token_yen.filter(|_| unregistered && !signs),
        camera: match () {
            () if !lacks_signer || signer_opens.is_some() => CameraScreen::Nothing,
            () if now < contract.service_start => CameraScreen::Nothing,
            () if login.shareable => CameraScreen::Choose,
            () => CameraScreen::First,
        },
    }
}

/// Whether any of the user's rights is protected by this factor; everybody logs in.
fn concerned(rules: &Rules, rights: &[OperationClass], factor: Factor) -> bool {
    let login = [OperationClass::Login];
    let mut classes = rights.iter().chain(&login);
    classes.any(|class| rules.operation(*class).factor == factor)
}

#[cfg(test)]
mod tests;
