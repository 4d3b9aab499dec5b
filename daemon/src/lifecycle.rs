//! The life cycle at work: contracts, users and who holds which token.
//!
//! Every operation reads what it needs into a [`draft::Draft`], lets the core decide and change it,
//! and commits all of it with its audit entries as one unit, or starts over from the new state.
//!
//! Not responsible for: the rules (`warifu_core::lifecycle`), a bank's numbers (profiles), HTTP.

mod acting;
mod authorize;
mod contracts;
mod draft;
mod grants;
mod history;
mod issue;
mod leave;
mod lists;
mod register;
mod remove;
mod signing;
mod unlock;
mod usage;
mod users;
mod verify;
pub(crate) mod view;

pub(crate) use self::{
    acting::{Acting, demand_grounds, token_note},
    authorize::Question,
    contracts::ContractWish,
    grants::{GrantAsk, GrantId},
    leave::Targets,
    register::Registering,
    signing::{Activating, Answering, Asking, ChallengeName, CodeGiven, Wanted, login_name},
    usage::ModeWish,
    verify::UserCode,
};
