//! What an enveloped XML signature covers, and whether its signer is trusted: the parts that do not
//! depend on the format around it.
//!
//! Not responsible for which signatures are acceptable; that is for the reader of the format. There
//! is no XML-DSig in general here: one reference, to the whole document, with one canonical form.

pub(super) mod c14n;
pub(super) mod covered;
pub(super) mod hash;
pub(super) mod method;
pub(super) mod trust;

use super::code::Code;

/// Why a signature is not taken: the class, and the rule it breaks.
pub(super) type Fault = (Code, &'static str);
