//! A token between the vault and the bin: each state a type, each change a method that consumes the
//! state it starts from. A change that is not here can not be written.
//!
//! ```text
//! Stock --issue--> Issued --register--> InService --(last user leaves)--> Issued    (reusable)
//!   ^                |  ^                  ^  |                     `---> Withdrawn (not reusable)
//!   `----recall------'  `---issue (anew)---+--+---------------------------'
//! any --lost--> Lost (final)                `- share: one more user
//! ```
//!
//! Not responsible for: who may do it (`actor`), the users (`user`), whether codes fit.

use std::num::NonZeroU32;

use crate::{
    ident::{ContractId, UserId},
    time::UnixTime,
};

/// In the bank's stock; nobody's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stock(());

/// Handed to a contract, not yet registered (トークン発行済み).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Issued {
    contract: ContractId,
    to: Option<UserId>,
    at: UnixTime,
}

/// Registered by at least one user, or by the contract as a whole (サービス利用中).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InService {
    contract: ContractId,
    generation: u32,
    users: NonZeroU32,
    at: UnixTime,
}

/// Given up or revoked; usable only after it is issued anew.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Withdrawn {
    contract: ContractId,
    at: UnixTime,
}

/// Reported lost. Final.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lost {
    contract: Option<ContractId>,
    at: UnixTime,
}

/// Any state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Life {
    /// See [`Stock`].
    Stock(Stock),
    /// See [`Issued`].
    Issued(Issued),
    /// See [`InService`].
    InService(InService),
    /// See [`Withdrawn`].
    Withdrawn(Withdrawn),
    /// See [`Lost`].
    Lost(Lost),
}

/// Which state, without what it holds.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Stage {
    /// See [`Stock`].
    Stock,
    /// See [`Issued`].
    Issued,
    /// See [`InService`].
    InService,
    /// See [`Withdrawn`].
    Withdrawn,
    /// See [`Lost`].
    Lost,
}

/// A state as plain values, for storage. [`Life::from_parts`] takes only what [`Life::parts`] gives.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LifeParts {
    /// Which state.
    pub stage: Stage,
    /// Owner.
    pub contract: Option<ContractId>,
    /// To whom it was issued.
    pub to: Option<UserId>,
    /// Since when; 0 in stock.
    pub at: u64,
    /// Generation of the contract in which it was registered.
    pub generation: u32,
    /// Users; 0 except in service.
    pub users: u32,
}

impl Stock {
    /// The bank hands it to a contract.
    pub fn issue(self, contract: ContractId, to: Option<UserId>, at: UnixTime) -> Issued {
        let Self(()) = self;
        Issued { contract, to, at }
    }
}

impl Issued {
    /// A user, or the contract as a whole, takes it into service.
    pub fn register(self, generation: u32, at: UnixTime) -> InService {
        InService { contract: self.contract, generation, users: NonZeroU32::MIN, at }
    }

    /// Issued by mistake, or never claimed: back to the stock.
    pub fn recall(self) -> Stock {
        Stock(())
    }

    /// To whom it was issued, where that was said.
    pub const fn to(&self) -> Option<&UserId> {
        self.to.as_ref()
    }

    /// Owner.
    pub const fn contract(&self) -> &ContractId {
        &self.contract
    }
}

impl InService {
    /// One more user takes part.
    #[must_use]
    pub fn share(self) -> Self {
        Self { users: self.users.saturating_add(1), ..self }
    }

    /// One user leaves. The last one frees it (`reusable`) or withdraws it.
    pub fn leave(self, reusable: bool, at: UnixTime) -> Life {
        match NonZeroU32::new(self.users.get() - 1) {
            Some(users) => Life::InService(Self { users, ..self }),
            None if reusable => {
                Life::Issued(Issued { contract: self.contract, to: None, at: self.at })
            }
            None => Life::Withdrawn(Withdrawn { contract: self.contract, at }),
        }
    }

    /// It leaves the service, whoever held it, and may be taken into service again.
    pub fn free(self) -> Issued {
        Issued { contract: self.contract, to: None, at: self.at }
    }

    /// How many users hold it; a contract that holds it as a whole counts as one.
    pub const fn users(&self) -> u32 {
        self.users.get()
    }

    /// Owner.
    pub const fn contract(&self) -> &ContractId {
        &self.contract
    }
}

impl Withdrawn {
    /// Handed out anew, to the same contract or another.
    pub fn issue(self, contract: ContractId, to: Option<UserId>, at: UnixTime) -> Issued {
        Issued { contract, to, at }
    }
}

impl Life {
    /// A token fresh from an import.
    pub const fn stock() -> Self {
        Self::Stock(Stock(()))
    }

    /// Reported lost, from whatever state; a second report changes nothing.
    #[must_use]
    pub fn lost(self, at: UnixTime) -> Self {
        match self {
            Self::Lost(lost) => Self::Lost(lost),
            other => Self::Lost(Lost { contract: other.contract().cloned(), at }),
        }
    }

    /// The contract that owns it.
    pub const fn contract(&self) -> Option<&ContractId> {
        match self {
            Self::Stock(_) => None,
            Self::Issued(Issued { contract, .. })
            | Self::InService(InService { contract, .. })
            | Self::Withdrawn(Withdrawn { contract, .. }) => Some(contract),
            Self::Lost(Lost { contract, .. }) => contract.as_ref(),
        }
    }

    /// Since when it is in this state; `None` in stock.
    pub const fn since(&self) -> Option<UnixTime> {
        match self {
            Self::Stock(_) => None,
            Self::Issued(Issued { at, .. })
            | Self::InService(InService { at, .. })
            | Self::Withdrawn(Withdrawn { at, .. })
            | Self::Lost(Lost { at, .. }) => Some(*at),
        }
    }

    /// As it counts in the contract's present generation: a change of the usage mode freed all
    /// tokens of the contract at once, by raising the generation.
    #[must_use]
    pub fn in_generation(self, generation: u32) -> Self {
        match self {
            Self::InService(old) if old.generation != generation => {
                Self::Issued(Issued { contract: old.contract, to: None, at: old.at })
            }
            other => other,
        }
    }

    /// Which state.
    pub const fn stage(&self) -> Stage {
        match self {
            Self::Stock(_) => Stage::Stock,
            Self::Issued(_) => Stage::Issued,
            Self::InService(_) => Stage::InService,
            Self::Withdrawn(_) => Stage::Withdrawn,
            Self::Lost(_) => Stage::Lost,
        }
    }

    /// As plain values.
    pub fn parts(&self) -> LifeParts {
        let (generation, users) = match self {
            Self::InService(one) => (one.generation, one.users.get()),
            _ => (0, 0),
        };
        LifeParts {
            stage: self.stage(),
            contract: self.contract().cloned(),
            to: if let Self::Issued(one) = self { one.to.clone() } else { None },
            at: self.since().map_or(0, |at| at.0),
            generation,
            users,
        }
    }

    /// From plain values; `None` where they can not be what [`Life::parts`] gave.
    pub fn from_parts(parts: LifeParts) -> Option<Self> {
        let given = parts.clone();
        let LifeParts { stage, contract, to, at, generation, users } = parts;
        let at = UnixTime(at);
        let life = match stage {
            Stage::Stock => Self::stock(),
            Stage::Issued => Self::Issued(Issued { contract: contract?, to, at }),
            Stage::InService => {
                let users = NonZeroU32::new(users)?;
                Self::InService(InService { contract: contract?, generation, users, at })
            }
            Stage::Withdrawn => Self::Withdrawn(Withdrawn { contract: contract?, at }),
            Stage::Lost => Self::Lost(Lost { contract, at }),
        };
        (life.parts() == given).then_some(life)
    }
}

impl Stage {
    /// All of them, in the order of the enum.
    pub const ALL: [Self; 5] =
        [Self::Stock, Self::Issued, Self::InService, Self::Withdrawn, Self::Lost];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stock => "stock",
            Self::Issued => "issued",
            Self::InService => "in_service",
            Self::Withdrawn => "withdrawn",
            Self::Lost => "lost",
        }
    }
}

impl Default for Life {
    fn default() -> Self {
        Self::stock()
    }
}

#[cfg(test)]
mod tests;
