//! The harness of the end-to-end tests: real `warifud`, `warifu-hsm` and `warifu` processes, a real
//! PKCS#11 token of their own for each test, real TLS with a generated CA, real files.
//!
//! Not responsible for: what is tested. Each capability has a file of its own beside this folder;
//! nothing here knows what answer is right. A harness fails by panicking, with what it saw.
#![forbid(unsafe_code)]
#![expect(clippy::missing_panics_doc, reason = "a harness fails by panicking")]

pub mod approval;
pub mod binaries;
pub mod cable;
pub mod caller;
pub mod camera;
pub mod cli;
pub mod clock;
pub mod daemon;
pub mod hsm;
pub mod import;
pub mod keypad;
pub mod lifecycle;
pub mod metrics;
pub mod pkcs11;
pub mod pkcs11_faults;
pub mod pkcs11_tools;
pub mod pki;
pub mod process;
pub mod pskc;
pub mod signer;
pub mod stranger;
pub mod token;
pub mod wait;
pub mod world;

pub use caller::{Caller, Reply};
pub use camera::CameraToken;
pub use clock::TestClock;
pub use daemon::Daemon;
pub use pki::Identity;
pub use token::{Hash, TestToken};
pub use world::World;
