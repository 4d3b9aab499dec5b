//! Warifu's wire: what crosses the network between the daemon and those who call it.
//!
//! Requests, answers, problem types (RFC 9457), the table of operations, the OpenAPI description
//! made of them (feature `openapi`) and a client over mutual TLS (feature `client`).
//!
//! Not responsible for: what the values mean. Texts are checked by whoever receives them, with the
//! domain types of `warifu-core`; this crate does not know those, so that the wire can not change
//! by accident when a domain type does.
#![forbid(unsafe_code)]

mod word;

pub mod action;
pub mod actor;
pub mod approval;
pub mod audit;
pub mod authorize;
pub mod camera;
pub mod challenge;
#[cfg(feature = "client")]
pub mod client;
pub mod contract;
pub mod denial;
pub mod facts;
pub mod grant;
pub mod history;
pub mod idempotency;
pub mod import;
pub mod key;
pub mod language;
#[cfg(feature = "openapi")]
pub mod openapi;
pub mod operation;
pub mod problem;
pub mod secret;
pub mod signing;
pub mod status;
pub mod text;
pub mod time;
pub mod token;
pub mod user;

pub use crate::{
    idempotency::IdempotencyKey,
    language::Language,
    operation::Operation,
    problem::{FieldError, Problem, ProblemType},
    secret::SecretText,
    time::Timestamp,
};
