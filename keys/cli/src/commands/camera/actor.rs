//! For whom a front end asks. A tester's front end is this program.
//!
//! Not responsible for: what the acting user may do.

use clap::Args;
use warifu_api::{
    SecretText,
    actor::{Actor, Confirmation},
};

/// Who acts, where it is not the bank's staff.
#[derive(Args, Clone, Debug)]
pub(crate) struct Front {
    /// Ask as a front end for this user of the contract, with a certificate of the role validator; as
    /// the bank's staff where absent
    #[arg(long, value_name = "USER")]
    acting: Option<String>,
    /// Vouch that the acting user's confirmation password (確認用パスワード) was right
    #[arg(long, requires = "acting")]
    confirmed: bool,
}

impl Front {
    /// For a request; `None` says that staff act.
    pub(crate) fn actor(&self, session: Option<&str>) -> Option<Actor> {
        if self.acting.is_none() && session.is_none() {
            return None;
        }
        Some(Actor {
            user: self.acting.clone(),
            confirmation: if self.confirmed {
                Confirmation::Right
            } else {
                Confirmation::NotChecked
            },
            ..of_session(session)
        })
    }
}

/// A user who asks for something of their own.
pub(crate) fn own(user: &str, session: &str) -> Actor {
    Actor { user: Some(user.to_owned()), ..of_session(Some(session)) }
}

fn of_session(session: Option<&str>) -> Actor {
    let session = session.map(|session| SecretText::new(session.to_owned()));
    Actor { session, ..Actor::default() }
}
