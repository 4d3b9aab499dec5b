//! Challenges: what was put to a user's keypad or camera token, as a session object.
//!
//! Not responsible for checking the answer, see [`crate::verify`].

use crate::{
    fault::Outcome, handle::ObjectHandle, provider::Provider, rv::Rv, session::Session,
    template::Template,
};

/// A challenge that waits for its answer.
pub(crate) struct Challenge {}

/// `C_CreateObject` of a challenge.
pub(crate) fn create(
    _provider: &Provider,
    _session: &Session,
    _template: &Template,
) -> Outcome<ObjectHandle> {
    Err(Rv::FunctionNotSupported.into())
}

/// `C_DestroyObject`: takes the challenge back.
pub(crate) fn cancel(_session: &Session, _challenge: &Challenge) -> Outcome<()> {
    Err(Rv::FunctionNotSupported.into())
}
