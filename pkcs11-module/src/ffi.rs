//! The C interface: the only part of the module that knows pointers.
//!
//! Each function of the interface is declared once, in [`entry`], and goes through [`call`]; what it
//! does is in the file of its chapter of the standard, and what it reads and writes in the host's
//! memory goes through [`memory`].
//!
//! Not responsible for what a function means, see [`crate::provider`].

mod call;
mod entry;
mod fork;
mod general;
mod interface;
mod key;
mod list;
mod memory;
mod object;
mod session;
mod slot;
