//! `C_FindObjects`: one request for a serial, pages for a listing.
//!
//! Not responsible for attributes.

use crate::{
    fault::Outcome, handle::ObjectHandle, provider::Provider, rv::Rv, session::Session,
    template::Template,
};

/// A search under way.
pub(crate) struct Search {}

/// `C_FindObjectsInit`.
pub(crate) fn begin(_provider: &Provider, _session: &Session, _wanted: &Template) -> Outcome<()> {
    Err(Rv::FunctionNotSupported.into())
}

/// `C_FindObjects`.
pub(crate) fn next(
    _provider: &Provider,
    _session: &Session,
    _most: usize,
) -> Outcome<Vec<ObjectHandle>> {
    Err(Rv::FunctionNotSupported.into())
}

/// `C_FindObjectsFinal`.
pub(crate) fn end(session: &Session) -> Outcome<()> {
    match session.under_way().search.take() {
        Some(_) => Ok(()),
        None => Err(Rv::OperationNotInitialized.into()),
    }
}
