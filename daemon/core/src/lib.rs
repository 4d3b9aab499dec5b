//! The pure core of Warifu: what a token is, which moving factors a code may stand for, and what a
//! match or a miss does to the token's state.
//!
//! Not responsible for: keys (an HMAC is a closure here), storage, time (every function takes
//! `now`), transport, texts for people. Nothing in this crate does I/O, which is what lets the RFC
//! vectors and the property tests drive exactly the code that runs in production.
//!
//! Entry points, in the order one code meets them: [`plan::plan`], [`oath::search`],
//! [`settle::settle`].
#![forbid(unsafe_code)]

pub mod camera;
pub mod challenge;
pub mod code;
pub mod custody;
pub mod drift;
pub mod event;
pub mod ident;
pub mod kana;
pub mod keypad;
pub mod lifecycle;
pub mod oath;
pub mod ocra;
pub mod plan;
pub mod policy;
pub mod resync;
pub mod rules;
pub mod settle;
pub mod time;
pub mod token;
pub mod zengin;
