//! Who asks for a change, and whether the policy lets them.
//!
//! Not responsible for: how the front end found out who it is, or for codes: what the actor's code
//! was worth is handed in.

use super::{Contract, Denial, Role, User, standing::Held};
use crate::{
    ident::{Serial, UserId},
    rules::{Demand, Gate, Holding, Permit, StaffRules},
    time::UnixTime,
};

/// What the front end says of the confirmation password (確認用パスワード).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Confirmation {
    /// It was not asked.
    #[default]
    NotChecked,
    /// It was right.
    Right,
    /// It was wrong.
    Wrong,
}

/// Who acts.
#[derive(Clone, Copy, Debug)]
pub enum Actor<'a> {
    /// The bank's own staff.
    Staff {
        /// A reason was given.
        reason: bool,
        /// A reference was given.
        reference: bool,
    },
    /// A user of the same contract.
    User {
        /// Who.
        id: &'a UserId,
        /// Their record.
        user: &'a User,
        /// Their token, where they hold one.
        token: Option<Held<'a>>,
        /// The confirmation password.
        confirmation: Confirmation,
        /// Whether a code of their own token came with the request.
        code: bool,
        /// The token that they sign with, where they have one.
        signer: Option<Held<'a>>,
        /// Whether a signature of that token came with the request.
        signed: bool,
    },
}

/// Who is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Who.
    pub id: &'a UserId,
    /// Their role.
    pub role: Role,
    /// The token concerned.
    pub serial: Option<&'a Serial>,
}

/// Everything a gate looks at.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The contract of both.
    pub contract: &'a Contract,
    /// What staff must give.
    pub staff: StaffRules,
    /// When.
    pub now: UnixTime,
}

impl Gate {
    /// Whether `actor` may do this to `subject` (`None`: to the contract as a whole), as far as
    /// that can be said without looking at a code.
    pub fn admit(
        &self,
        scene: Scene<'_>,
        actor: Actor<'_>,
        subject: Option<Subject<'_>>,
    ) -> Result<(), Denial> {
        match actor {
            Actor::Staff { reason, reference } => self.admit_staff(scene, reason, reference),
            Actor::User { id, user, token, confirmation, code, signer, signed } => {
                let live = |held: &Held<'_>| held.is_live(scene.now);
                let (otp, pen) = (token.filter(live), signer.filter(live));
                self.admit_user(id, user.role, [otp, pen], subject)?;
                if self.password && confirmation != Confirmation::Right {
                    return Err(Denial::ConfirmationRequired);
                }
                match self.code {
                    Demand::No => Ok(()),
                    _ if signed && pen.is_some() => Ok(()),
                    // Locking one's own token must not be a way around its code.
                    Demand::IfAble
                        if [token, signer].into_iter().flatten().any(|held| held.is_locked()) =>
                    {
                        Err(Denial::TokenLocked)
                    }
                    _ if otp.is_some() && code => Ok(()),
                    _ if otp.is_some() => Err(Denial::CodeRequired),
                    _ if pen.is_some() => Err(Denial::SignatureRequired),
                    Demand::Yes => Err(Denial::ActorNeedsToken),
                    Demand::IfAble => Ok(()),
                }
            }
        }
    }

    /// Whether a code that came with the request has to be checked.
    pub fn looks_at_code(&self) -> bool {
        self.code != Demand::No
    }

    fn admit_staff(&self, scene: Scene<'_>, reason: bool, reference: bool) -> Result<(), Denial> {
        if !self.staff {
            return Err(Denial::ActorNotAllowed);
        }
        scene.staff.check(reason, reference)
    }

    /// The first line that fits is enough; where none does, the most telling refusal is told.
    fn admit_user(
        &self,
        id: &UserId,
        role: Role,
        live: [Option<Held<'_>>; 2],
        subject: Option<Subject<'_>>,
    ) -> Result<(), Denial> {
        let live = live.into_iter().flatten();
        if self.own && subject.is_some_and(|subject| subject.id == id) {
            return Ok(());
        }
        let mut denial = Denial::ActorNotAllowed;
        for permit in self.others.iter().filter(|permit| permit.fits(role, subject)) {
            match permit.holding {
                Holding::Any => return Ok(()),
                Holding::Live if live.clone().next().is_some() => return Ok(()),
                Holding::Live => denial = Denial::ActorNeedsToken,
                Holding::OtherLive => {
                    let concerned = subject.and_then(|subject| subject.serial);
                    if live.clone().any(|held| Some(held.serial) != concerned) {
                        return Ok(());
                    }
                    denial = Denial::ActorNeedsOtherToken;
                }
            }
        }
        Err(denial)
    }
}

impl Permit {
    fn fits(self, actor: Role, subject: Option<Subject<'_>>) -> bool {
        self.actors.contains(actor) && subject.is_none_or(|one| self.subjects.contains(one.role))
    }
}

#[cfg(test)]
mod tests;
