//! `C_WaitForSlotEvent`: a token comes and goes with the reach of its daemons.
//!
//! Not responsible for looking, see [`crate::remote::Remote::is_present`].

use crate::{fault::Outcome, handle::SlotId, provider::Provider, rv::Rv};

/// What the program was last told.
#[derive(Default)]
pub(crate) struct Events {}

/// Waits for a change, or looks once. Ends with [`Rv::CryptokiNotInitialized`] when the module is
/// finalised meanwhile.
pub(crate) fn wait(_provider: &Provider, _may_block: bool) -> Outcome<SlotId> {
    Err(Rv::NoEvent.into())
}
