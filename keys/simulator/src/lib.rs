//! Virtual hardware tokens and demo batches, computed in software.
//!
//! For tests, demonstrations and training: a [`VirtualToken`] shows the codes that a token from the
//! factory would show, a [`KeypadToken`] answers what is typed into it, and a [`camera::Device`] is a
//! camera token with its buttons and its screen. A [`Batch`] or [`SigningBatch`] is what a
//! manufacturer would ship, and a [`Keyring`] remembers the one secret from which every seed of a
//! batch follows. Not responsible for real seeds: nothing here is meant to hold one, and the daemon
//! never links this crate.
#![forbid(unsafe_code)]

pub mod batch;
pub mod camera;
pub mod keypad;
pub mod keyring;
mod pskc;
mod sealing;
mod serials;
pub mod signing;
pub mod token;

pub use batch::{AesSize, Batch, BatchError, BatchSeed, MacKind, Protection};
pub use keypad::{KeypadError, KeypadToken};
pub use keyring::{Keyring, KeyringError, Tokens};
pub use signing::{Model, SigningBatch};
pub use token::{Kind, VirtualToken};
