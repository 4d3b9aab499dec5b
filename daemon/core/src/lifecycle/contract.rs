//! A corporate customer: how its users and tokens belong together.
//!
//! Not responsible for: the users and tokens themselves.

use super::{Binding, UsageMode, User};
use crate::{ident::Serial, time::UnixTime};

/// A contract (契約先).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Contract {
    /// 利用開始日: from when on tokens are asked for.
    pub service_start: UnixTime,
    /// 利用形態. Changed by [`Contract::switch`] only.
    mode: UsageMode,
    /// Raised by every change of the mode: all bonds of earlier generations are void.
    generation: u32,
    /// The token that serves all users, in the common mode.
    common: Option<Common>,
}

/// One token for all users.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Common {
    /// Which.
    pub serial: Serial,
    /// Since when.
    pub at: UnixTime,
}

impl Contract {
    /// A new contract.
    pub const fn new(service_start: UnixTime, mode: UsageMode) -> Self {
        Self { service_start, mode, generation: 1, common: None }
    }

    /// From storage.
    pub const fn from_parts(
        service_start: UnixTime,
        mode: UsageMode,
        generation: u32,
        common: Option<Common>,
    ) -> Self {
        Self { service_start, mode, generation, common }
    }

    /// How users and tokens belong together.
    pub const fn mode(&self) -> UsageMode {
        self.mode
    }

    /// Which bonds count.
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// The token that serves all users.
    pub const fn common(&self) -> Option<&Common> {
        self.common.as_ref()
    }

    /// Another mode: every bond ends, every token is free again, in one step.
    pub(super) fn switch(&mut self, mode: UsageMode) {
        self.mode = mode;
        self.generation = self.generation.saturating_add(1);
        self.common = None;
    }

    pub(super) fn hold(&mut self, serial: Serial, at: UnixTime) {
        self.common = Some(Common { serial, at });
    }

    /// The token that this user's codes come from, and since when.
    pub fn holding<'a>(&'a self, user: &'a User) -> Option<(&'a Serial, UnixTime)> {
        match user.binding(self.generation) {
            Binding::InService { serial, at, .. } => Some((serial, *at)),
            Binding::Revoked { .. } => None,
            Binding::Unregistered | Binding::Issued { .. } => {
                self.common.as_ref().map(|common| (&common.serial, common.at))
            }
        }
    }
}

impl Contract {
    /// The serial that a list shows beside this user: the one held, else the one on its way to
    /// them, else the one that was taken away.
    pub fn shown_serial<'a>(&'a self, user: &'a User) -> Option<&'a Serial> {
        self.holding(user).map(|(serial, _)| serial).or_else(|| {
            match user.binding(self.generation) {
                Binding::Issued { serial, .. } | Binding::Revoked { serial, .. } => Some(serial),
                Binding::Unregistered | Binding::InService { .. } => None,
            }
        })
    }
}

#[cfg(test)]
mod tests;
