//! Key material as the daemon sees it: seed files, custody, the asynchronous client and the
//! supervisor of the HSM worker.
//!
//! Not responsible for: PKCS#11 (the worker process `warifu-hsm`), storing anything, deciding
//! anything about a code.
#![forbid(unsafe_code)]

pub mod custody;
pub mod driver;
pub mod hsm;
pub mod secret;
pub mod seedfile;
