//! A failure of a function: what the caller is told, and what the log says about it.
//!
//! Not responsible for where the log goes, see [`crate::log`].

use std::borrow::Cow;

use crate::rv::Rv;

/// What a function of this crate gives.
pub(crate) type Outcome<T> = Result<T, Fault>;

/// Why a function failed. `why` never has a code, a PIN or a key in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Fault {
    pub(crate) rv: Rv,
    pub(crate) why: Cow<'static, str>,
}

impl Fault {
    pub(crate) fn new(rv: Rv, why: impl Into<Cow<'static, str>>) -> Self {
        Self { rv, why: why.into() }
    }
}

impl From<Rv> for Fault {
    fn from(rv: Rv) -> Self {
        Self { rv, why: Cow::Borrowed("") }
    }
}
