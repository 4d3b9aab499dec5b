//! Seeds on their way in: staged at the daemon for another officer's approval.
//!
//! Not responsible for the approval, which is never given through this module.

use crate::{
    fault::Outcome, handle::ObjectHandle, mechanism::Mechanism, provider::Provider, rv::Rv,
    session::Session, template::Template,
};

/// A staged seed.
pub(crate) struct Staged {}

/// A manufacturer's key inside the HSM.
pub(crate) struct TransportKey {}

impl TransportKey {
    pub(crate) fn label(&self) -> &str {
        ""
    }
}

/// `C_CreateObject` of an OTP key: its seed is in the template.
pub(crate) fn create(
    _provider: &Provider,
    _session: &Session,
    _template: &Template,
) -> Outcome<ObjectHandle> {
    Err(Rv::FunctionNotSupported.into())
}

/// `C_UnwrapKey`: its seed stays wrapped under a transport key until it is inside the HSM.
pub(crate) fn unwrap(
    _provider: &Provider,
    _session: &Session,
    _mechanism: &Mechanism,
    _key: ObjectHandle,
    _wrapped: &[u8],
    _template: &Template,
) -> Outcome<ObjectHandle> {
    Err(Rv::FunctionNotSupported.into())
}

/// `C_DestroyObject` of a staged seed: cancels the import.
pub(crate) fn cancel(_session: &Session, _staged: &Staged) -> Outcome<()> {
    Err(Rv::FunctionNotSupported.into())
}
