//! The module as a C program sees it: what each function answers, to careful and to careless hosts.
//!
//! Not responsible for anything that a daemon answers, which the end-to-end tests have.
#![expect(unsafe_code, reason = "a program that calls C functions; `host` has it all")]

mod careless;
mod functions;
mod host;
mod library;
mod life;
mod sessions;
