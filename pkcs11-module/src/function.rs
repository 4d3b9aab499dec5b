//! The C functions: which do all that the standard says, which part of it, which nothing, and why.
//! `docs/pkcs11-functions.md` is held against this table by a test.
//!
//! Not responsible for carrying them out.

/// How much of a function is there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Support {
    /// All that the standard says.
    Yes,
    /// Part of it.
    Limited,
    /// Nothing: it answers with an error.
    No,
}

/// A function of the interface.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// How much of it is there.
    pub support: Support,
    /// Why not all of it, or what is special.
    pub note: &'static str,
}

/// All of them, in the order of `CK_FUNCTION_LIST_3_0`.
pub const FUNCTIONS: &[Function] = &[];
