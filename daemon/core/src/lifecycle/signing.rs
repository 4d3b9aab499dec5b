//! Who takes part in a camera token: the first user by its activation, others by a signature of the
//! token itself (共有登録), and how they leave.
//!
//! A user's bond to a camera token stands beside the one to a token for one-time passwords: a user
//! may hold one of each. It names the token's activation, so that an initialisation ends all bonds
//! of a token in one write.
//!
//! Not responsible for: codes (`challenge`, [`crate::camera`]), who may do it (`actor`).

use super::{Contract, Denial, Held, Life, Refused, TokenKind, UsageMode, User, leave::lost_since};
use crate::{
    camera::{Camera, LoginName},
    ident::{ContractId, Serial, UserId},
    rules::Rules,
    time::UnixTime,
    token::Moving,
};

/// The bond between a user and a camera token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signer {
    /// Which token.
    pub serial: Serial,
    /// How the token calls the user.
    pub login: LoginName,
    /// Since when.
    pub at: UnixTime,
    /// Generation of the contract; in any other the bond is void.
    pub generation: u32,
    /// Activation of the token; in any other the bond is void.
    pub activation: u32,
}

/// A user, their contract, and a camera token.
#[derive(Clone, Copy, Debug)]
pub struct Joining<'a> {
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
    /// The camera token that the user's record names, where there is one.
    pub held: Option<Held<'a>>,
    /// The token to be activated or shared.
    pub token: Held<'a>,
    /// When.
    pub now: UnixTime,
}

impl Held<'_> {
    /// Its state as a camera token, if it is one.
    pub const fn camera(&self) -> Option<&Camera> {
        if let Moving::Camera(camera) = &self.token.moving { Some(camera) } else { None }
    }

    /// Whether this bond to it still counts.
    pub fn binds(&self, signer: &Signer, contract: &ContractId, generation: u32) -> bool {
        self.serial == &signer.serial
            && signer.generation == generation
            && self.life.contract() == Some(contract)
            && matches!(self.life, Life::InService(_))
            && self.camera().is_some_and(|camera| {
                camera.active().is_some() && camera.activations == signer.activation
            })
    }
}

/// Whether an activation of this token may begin for this user.
pub fn check_activation(one: Joining<'_>) -> Result<(), Refused> {
    let camera = eligible(one)?;
    let in_service = match one.token.life {
        Life::Stock(_) => return Err(Denial::NotThisContract.into()),
        Life::Lost(_) => return Err(Denial::TokenLost.into()),
        Life::Withdrawn(_) => return Err(Denial::NeedsIssue.into()),
        Life::Issued(issued) if issued.to().is_some_and(|to| to != one.user_id) => {
            return Err(Denial::NotIssuedToUser.into());
        }
        Life::Issued(_) => false,
        Life::InService(_) => true,
    };
    camera.may_start(in_service).map_err(Refused::from)
}

/// Whether this user may take part in this token, which others have in service.
pub fn check_share(one: Joining<'_>) -> Result<(), Refused> {
    let camera = eligible(one)?;
    match one.token.life {
        Life::Lost(_) => return Err(Denial::TokenLost.into()),
        Life::InService(_) => {}
        Life::Stock(_) | Life::Issued(_) | Life::Withdrawn(_) => {
            return Err(Denial::NotThisContract.into());
        }
    }
    if one.contract.mode() == UsageMode::Individual {
        return Err(Denial::SerialInUse.into());
    }
    if camera.active().is_none() { Err(Denial::InitRequired.into()) } else { Ok(()) }
}

fn eligible(one: Joining<'_>) -> Result<&Camera, Refused> {
    let generation = one.contract.generation();
    let bound = one.user.signer().zip(one.held);
    if bound.is_some_and(|(signer, held)| held.binds(signer, one.contract_id, generation)) {
        return Err(Denial::AlreadyRegistered.into());
    }
    let lost_at = one.held.and_then(|held| lost_since(held.life));
    let reopens = lost_at.map(|at| one.rules.revocation.reopens(at, &one.rules.zone));
    if let Some(until) = one.user.signer_wait_until().max(reopens)
        && one.now < until
    {
        return Err(Refused::until(until));
    }
    if one.token.life.contract() != Some(one.contract_id) {
        return Err(Denial::NotThisContract.into());
    }
    let Moving::Camera(camera) = &one.token.token.moving else {
        return Err(Denial::NotSignable.into());
    };
    Denial::of(one.token.token.status(one.now)).map_or(Ok(camera), |denial| Err(denial.into()))
}

/// The activation came to its end: the user is the first to hold the token.
pub fn activated(
    contract: &Contract,
    user: &mut User,
    life: &mut Life,
    bond: Signer,
) -> Result<(), Denial> {
    let Life::Issued(issued) = life.clone() else { return Err(Denial::SerialInUse) };
    *life = Life::InService(issued.register(contract.generation(), bond.at));
    user.sign_with(bond);
    Ok(())
}

/// The share was signed: one more user.
pub fn shared(user: &mut User, life: &mut Life, bond: Signer) -> Result<(), Denial> {
    let Life::InService(held) = life.clone() else { return Err(Denial::NotThisContract) };
    *life = Life::InService(held.share());
    user.sign_with(bond);
    Ok(())
}

/// How a user leaves a camera token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Leaving {
    /// 失効: taken away by somebody; waits until then for the next one.
    Revoked,
    /// 利用解除: given up.
    GivenUp,
}

/// The bond ends; the token goes on for its other users. Answers from when on the user may register
/// again, and whether nobody holds the token any more.
pub fn leave(
    rules: &Rules,
    user: &mut User,
    life: &mut Life,
    how: Leaving,
    now: UnixTime,
) -> (Option<UnixTime>, bool) {
    let (reusable, until) = match how {
        Leaving::Revoked => {
            let until = rules.revocation.reopens(now, &rules.zone);
            (rules.revocation.reusable, Some(until))
        }
        Leaving::GivenUp => (rules.deactivation.reusable, None),
    };
    *life = match std::mem::take(life) {
        Life::InService(held) => held.leave(reusable, now),
        other => other,
    };
    user.stop_signing(until);
    (until, !matches!(life, Life::InService(_)))
}

/// The token is made ready for an activation again: it leaves the service, with whoever held it.
pub fn initialised(life: &mut Life) {
    *life = match std::mem::take(life) {
        Life::InService(held) => Life::Issued(held.free()),
        other => other,
    };
}

/// Which token a user's signatures come from: a camera token, or the keypad token that they also
/// type one-time answers with.
pub fn signs<'a>(
    contract: (&ContractId, &Contract),
    user: &User,
    camera: Option<Held<'a>>,
    otp: Option<Held<'a>>,
) -> Option<Held<'a>> {
    let (id, contract) = contract;
    let generation = contract.generation();
    let bound = user
        .signer()
        .zip(camera)
        .and_then(|(signer, held)| held.binds(signer, id, generation).then_some(held));
    // The bond to a camera token ends with its service; that to the other token has to be asked.
    let answers = |held: &Held<'_>| {
        matches!(held.token.moving, Moving::Keypad(_)) && matches!(held.life, Life::InService(_))
    };
    bound.or_else(|| otp.filter(answers))
}

/// Whether a token of this kind is bound by activation.
pub fn is_signer(kind: TokenKind) -> bool {
    kind == TokenKind::Camera
}

#[cfg(test)]
mod tests;
