//! The life cycle of tokens in the hands of a bank's customers: contracts, users, who holds what,
//! and every change of it. Pure: what a change needs is handed in, what it does is the new value.
//!
//! Read in this order: [`words`] (roles, kinds, modes), [`life`] (a token's own states),
//! [`user`] and [`contract`] (who holds it), [`standing`] (what lists show), [`actor`] (who asks),
//! then one file per change.
//!
//! Not responsible for: codes (`plan`, `settle`), storage, texts.

pub mod actor;
pub mod authorize;
pub mod contract;
pub mod denial;
#[cfg(test)]
pub(crate) mod fixture;
pub mod grant;
pub mod issue;
pub mod leave;
pub mod life;
pub mod register;
pub mod signing;
pub mod standing;
pub mod status;
pub mod usage;
pub mod user;
pub mod words;

pub use self::{
    actor::{Actor, Confirmation},
    contract::{Common, Contract},
    denial::{Denial, Refused},
    life::{Life, Stage},
    standing::{Authentication, Held, ListedState},
    user::{Binding, GivenUp, User},
    words::{Role, TokenKind, UsageMode},
};
