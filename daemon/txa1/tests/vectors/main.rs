//! Every vector of `tests/vectors/txa1.json`: from check digits to whole signatures, and what must
//! be refused with which word. Software keys stand in for the HSM and for a token.
//!
//! Not responsible for: random values (`tests/properties.rs`), or a token's buttons and states.
#![expect(clippy::unwrap_used, reason = "constants of a file; a bad one fails the test")]

mod activations;
mod contents;
mod file;
mod keys;
mod parts;
mod refused;
