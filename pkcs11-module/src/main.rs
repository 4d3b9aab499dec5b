//! `warifu-pkcs11`: checks the module's configuration.
#![forbid(unsafe_code)]

fn main() {}
