//! `C_Verify`: a code, and the daemon's verdict on it.
//!
//! Not responsible for the verdict.

use crate::{
    fault::Outcome, handle::ObjectHandle, mechanism::Mechanism, provider::Provider, rv::Rv,
    session::Session,
};

/// A verification under way.
pub(crate) struct Verification {}
/// A code whose verdict never came.
pub(crate) struct Unanswered {}
/// The first of two codes.
pub(crate) struct FirstCode {}

/// `C_VerifyInit`.
pub(crate) fn begin(
    _provider: &Provider,
    _session: &Session,
    _mechanism: &Mechanism,
    _key: ObjectHandle,
) -> Outcome<()> {
    Err(Rv::FunctionNotSupported.into())
}

/// `C_Verify`. `data` is empty for one-time passwords.
pub(crate) fn verify(
    _provider: &Provider,
    _session: &Session,
    _data: &[u8],
    _code: &[u8],
) -> Outcome<()> {
    Err(Rv::FunctionNotSupported.into())
}

/// `C_SignInit`: no key here makes codes.
pub(crate) fn refuse_to_sign(
    _provider: &Provider,
    _session: &Session,
    _mechanism: &Mechanism,
    _key: ObjectHandle,
) -> Outcome<()> {
    Err(Rv::KeyFunctionNotPermitted.into())
}
