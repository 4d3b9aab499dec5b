//! A user of a contract, the one token for one-time passwords that they hold, and the one camera
//! token that they sign with.
//!
//! Not responsible for: what lists show (`standing`), the token's own state (`life`).

use super::{Role, TokenKind, signing::Signer};
use crate::{ident::Serial, time::UnixTime};

/// A user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct User {
    /// What they may do in the contract.
    pub role: Role,
    /// What they hold. Changed by the methods of this type only.
    binding: Binding,
    /// A token was ordered online and is not issued yet: kind, and when.
    ordered: Option<(TokenKind, UnixTime)>,
    /// Registration is not possible before.
    wait_until: Option<UnixTime>,
    /// The token that was held last.
    given_up: Option<GivenUp>,
    /// The camera token; read with its record, which has the last word.
    signer: Option<Signer>,
    /// A camera token can not be activated or shared before.
    signer_wait_until: Option<UnixTime>,
}

/// The bond between a user and a token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Binding {
    /// None. In the common usage mode: the contract's token, where it has one.
    Unregistered,
    /// A token is on its way to this user.
    Issued {
        /// Which.
        serial: Serial,
        /// Since when.
        at: UnixTime,
    },
    /// The user proved possession.
    InService {
        /// Of which.
        serial: Serial,
        /// When.
        at: UnixTime,
        /// In which generation of the contract; in any other the bond is void.
        generation: u32,
    },
    /// Withdrawn by somebody else.
    Revoked {
        /// Which.
        serial: Serial,
        /// When.
        at: UnixTime,
        /// In which generation of the contract; in any other it is forgotten.
        generation: u32,
    },
}

/// A token that a user no longer holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GivenUp {
    /// Which.
    pub serial: Serial,
    /// Of which kind.
    pub kind: TokenKind,
    /// When.
    pub at: UnixTime,
    /// Whether this user may take it up again without its being issued anew.
    pub reusable: bool,
}

/// A user as plain values, for storage.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UserParts {
    /// See [`User::role`].
    pub role: Role,
    /// See [`User::binding`].
    pub binding: Binding,
    /// See [`User::ordered`].
    pub ordered: Option<(TokenKind, UnixTime)>,
    /// See [`User::wait_until`].
    pub wait_until: Option<UnixTime>,
    /// See [`User::given_up`].
    pub given_up: Option<GivenUp>,
    /// See [`User::signer`].
    pub signer: Option<Signer>,
    /// See [`User::signer_wait_until`].
    pub signer_wait_until: Option<UnixTime>,
}

impl User {
    /// A new user.
    pub const fn new(role: Role) -> Self {
        Self {
            role,
            binding: Binding::Unregistered,
            ordered: None,
            wait_until: None,
            given_up: None,
            signer: None,
            signer_wait_until: None,
        }
    }

    /// From storage.
    pub fn from_parts(parts: UserParts) -> Self {
        let UserParts { role, binding, ordered, wait_until, given_up, signer, signer_wait_until } =
            parts;
        Self { role, binding, ordered, wait_until, given_up, signer, signer_wait_until }
    }

    /// For storage.
    pub fn parts(&self) -> UserParts {
        UserParts {
            role: self.role,
            binding: self.binding.clone(),
            ordered: self.ordered,
            wait_until: self.wait_until,
            given_up: self.given_up.clone(),
            signer: self.signer.clone(),
            signer_wait_until: self.signer_wait_until,
        }
    }

    /// What they hold, as it counts in the contract's present generation.
    pub fn binding(&self, generation: u32) -> &Binding {
        match &self.binding {
            Binding::InService { generation: old, .. }
            | Binding::Revoked { generation: old, .. }
                if *old != generation =>
            {
                &Binding::Unregistered
            }
            binding => binding,
        }
    }

    /// What was written last, whatever generation it belongs to.
    pub const fn recorded(&self) -> &Binding {
        &self.binding
    }

    /// A token that was ordered and is not issued yet.
    pub const fn ordered(&self) -> Option<(TokenKind, UnixTime)> {
        self.ordered
    }

    /// When registration becomes possible again, where that was set.
    pub const fn wait_until(&self) -> Option<UnixTime> {
        self.wait_until
    }

    /// The token that was held last.
    pub const fn given_up(&self) -> Option<&GivenUp> {
        self.given_up.as_ref()
    }

    /// The camera token that they sign with, as it was written.
    pub const fn signer(&self) -> Option<&Signer> {
        self.signer.as_ref()
    }

    /// When the next camera token can be taken into service, where that was set.
    pub const fn signer_wait_until(&self) -> Option<UnixTime> {
        self.signer_wait_until
    }

    pub(super) fn sign_with(&mut self, bond: Signer) {
        self.signer = Some(bond);
        self.signer_wait_until = None;
    }

    pub(super) fn stop_signing(&mut self, wait_until: Option<UnixTime>) {
        self.signer = None;
        self.signer_wait_until = wait_until;
    }

    /// As they are when nothing binds them to a token for one-time passwords.
    fn fresh(&self) -> Self {
        let (signer, signer_wait_until) = (self.signer.clone(), self.signer_wait_until);
        Self { signer, signer_wait_until, ..Self::new(self.role) }
    }

    pub(super) fn order(&mut self, kind: TokenKind, at: UnixTime) {
        self.ordered = Some((kind, at));
    }

    /// The bank sends this token to the user.
    pub(super) fn issue(&mut self, serial: Serial, at: UnixTime) {
        self.ordered = None;
        self.allow_again(&serial);
        self.binding = Binding::Issued { serial, at };
    }

    /// A token of a kind that is bound by its activation is on its way.
    pub(super) fn receive(&mut self, kind: TokenKind) {
        if self.ordered.is_some_and(|(ordered, _)| ordered == kind) {
            self.ordered = None;
        }
    }

    /// The bank lets the user take up a token again that they gave up.
    pub(super) fn allow_again(&mut self, serial: &Serial) {
        if let Some(old) = self.given_up.as_mut().filter(|old| old.serial == *serial) {
            old.reusable = true;
        }
    }

    /// The user holds it from now on.
    pub(super) fn hold(&mut self, serial: Serial, at: UnixTime, generation: u32) {
        *self = Self { binding: Binding::InService { serial, at, generation }, ..self.fresh() };
    }

    /// The user takes part in the contract's common token again.
    pub(super) fn follow(&mut self) {
        *self = self.fresh();
    }

    pub(super) fn revoke(&mut self, old: GivenUp, generation: u32, wait_until: UnixTime) {
        self.binding = Binding::Revoked { serial: old.serial.clone(), at: old.at, generation };
        self.given_up = Some(old);
        self.wait_until = Some(wait_until);
    }

    /// The user gave the token up; unlike a revocation nothing has to be waited for, unless it had
    /// been reported lost before.
    pub(super) fn deactivate(&mut self, old: GivenUp, wait_until: Option<UnixTime>) {
        self.binding = Binding::Unregistered;
        self.wait_until = wait_until;
        self.given_up = Some(old);
    }

    /// A token that was issued to this user went elsewhere.
    pub(super) fn unissue(&mut self, serial: &Serial) {
        if matches!(&self.binding, Binding::Issued { serial: mine, .. } if mine == serial) {
            self.binding = Binding::Unregistered;
        }
    }
}

#[cfg(test)]
mod tests;
