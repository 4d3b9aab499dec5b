//! Who may do something to whom, and what they must show.
//!
//! Not responsible for: looking at an actor (`lifecycle::actor`).

use crate::lifecycle::Role;

/// A set of roles.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RoleSet {
    master: bool,
    administrator: bool,
    general: bool,
}

impl RoleSet {
    /// Every role.
    pub const ALL: Self = Self { master: true, administrator: true, general: true };

    /// Whether `role` is in it.
    pub const fn contains(self, role: Role) -> bool {
        match role {
            Role::Master => self.master,
            Role::Administrator => self.administrator,
            Role::General => self.general,
        }
    }

    /// The roles in it, highest first.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.contains(*role))
    }
}

impl FromIterator<Role> for RoleSet {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        let mut set = Self::default();
        for role in roles {
            match role {
                Role::Master => set.master = true,
                Role::Administrator => set.administrator = true,
                Role::General => set.general = true,
            }
        }
        set
    }
}

/// What token the actor must hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Holding {
    /// Whatever.
    Any,
    /// One in service that is not locked.
    Live,
    /// One in service that is not locked and not the token concerned.
    OtherLive,
}

/// One line of "who over whom".
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Permit {
    /// Roles that may.
    pub actors: RoleSet,
    /// Over users of these roles.
    pub subjects: RoleSet,
    /// What the actor must hold.
    pub holding: Holding,
}

/// Whether something must be shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Demand {
    /// Not asked.
    No,
    /// Asked of those who are able to.
    IfAble,
    /// Always.
    Yes,
}

/// Who may do something, and what they must show.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Gate {
    /// The bank's own staff.
    pub staff: bool,
    /// The user concerned, whatever their role.
    pub own: bool,
    /// Users of the contract by role, over others and themselves: any line that fits is enough.
    pub others: Vec<Permit>,
    /// The front end's word that the confirmation password (確認用パスワード) was right.
    pub password: bool,
    /// A code of the actor's own token.
    pub code: Demand,
}

impl Gate {
    /// Staff only.
    pub const fn staff_only() -> Self {
        Self { staff: true, own: false, others: Vec::new(), password: false, code: Demand::No }
    }
}

#[cfg(test)]
mod tests;
