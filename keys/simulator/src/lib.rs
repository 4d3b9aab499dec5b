//! Virtual hardware tokens and demo batches, computed in software.
//!
//! For tests, demonstrations and training: a [`VirtualToken`] shows the codes that a token from the
//! factory would show, a [`Batch`] is what a manufacturer would ship, and a [`Keyring`] remembers
//! the one secret from which every seed of a batch follows. A [`camera::Device`] is a camera token with
//! its buttons and its screen. Not responsible for real seeds: nothing
//! here is meant to hold one, and the daemon never links this crate.
#![forbid(unsafe_code)]

pub mod batch;
pub mod camera;
pub mod keyring;
mod pskc;
mod sealing;
pub mod token;

pub use batch::{AesSize, Batch, BatchError, BatchSeed, MacKind, Protection};
pub use keyring::{Keyring, KeyringError};
pub use token::{Kind, VirtualToken};
