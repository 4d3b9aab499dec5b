//! The module as a C program sees it: what each function answers, to careful and to careless hosts.
//!
//! Not responsible for anything that needs a daemon, which the end-to-end tests bring.
#![expect(unsafe_code, reason = "a program that calls C functions; `host` has it all")]

mod careless;
mod functions;
mod host;
mod library;
mod life;
