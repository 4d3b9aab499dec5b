//! What an object's attributes are.
//!
//! Not responsible for finding objects.

use cryptoki_sys::CK_ATTRIBUTE_TYPE;

use crate::{
    fault::Outcome, handle::ObjectHandle, provider::Provider, rv::Rv, session::Session,
    template::Reading,
};

/// `C_GetAttributeValue`: an answer for each kind, in their order.
pub(crate) fn read(
    _provider: &Provider,
    _session: &Session,
    _object: ObjectHandle,
    _kinds: &[CK_ATTRIBUTE_TYPE],
) -> Outcome<Vec<Reading>> {
    Err(Rv::FunctionNotSupported.into())
}
