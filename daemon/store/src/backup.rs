//! Backup and restore: a logical, signed stream of records, taken while the daemon runs.
//!
//! The stream is not a picture of one moment: records are read one after the other while changes go
//! on. The audit chain is read last, so it covers every change that a record read earlier may lack,
//! and a restore applies what matters of it. Kept answers to repeated requests,
//! grants (one that was spent meanwhile would be fresh again) and what unfinished imports noted for
//! themselves are left out.
//!
//! A backup is older than the store it replaces, so moving factors used meanwhile would become
//! usable again. A restore therefore sets a floor under every token: time-based ones refuse every step
//! up to the restore, event-based ones demand resynchronisation; an audit export taken after the
//! backup raises the floors further. By the same records a token that was lost meanwhile stays lost, and
//! a user whose token was revoked or given up does not get it back; what was registered, ordered or
//! switched meanwhile is done again.
//!
//! Not responsible for: encrypting or storing the stream (seeds in it are sealed by the HSM, the
//! rest is customer data all the same), signing it (the HSM).

mod bonds;
mod frame;
mod later;
mod reader;
mod restore;

pub use reader::BackupReader;
pub use restore::{RestoreError, RestoreOptions, RestoreReport, restore};
