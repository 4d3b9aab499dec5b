//! Over random values: what is written is read back, what is read is what would be written, and no
//! two contents share a plaintext.
//!
//! Not responsible for: fixed values (`tests/vectors`).
#![expect(clippy::unwrap_used, reason = "a wrong value of a strategy fails the test")]

mod codes;
mod messages;
mod values;
