//! Backup and restore: a logical, signed stream of records, taken while the daemon runs.
//!
//! The stream is not a picture of one moment: records are read one after the other while changes go
//! on. The audit chain is read last, so it covers every change that a record read earlier may lack,
//! and a restore applies what matters of it. Kept answers to repeated requests,
//! grants and challenges (one that was spent or answered meanwhile would be fresh again) and what
//! unfinished imports noted for themselves are left out.
//!
//! A backup is older than the store it replaces, so moving factors used meanwhile would become
//! usable again. A restore therefore sets a floor under every token: time-based ones refuse every step
//! up to the restore, event-based ones demand resynchronisation; an audit export taken after the
//! backup raises the floors further. By the same records a token that was lost meanwhile stays lost, and
//! a user whose token was revoked or given up does not get it back; what was registered, ordered or
//! switched meanwhile is done again. A camera token that was activated meanwhile holds secrets that no
//! backup has: it has to be initialised, and its device's activation counter only rises.
//!
//! That relies on what audit records of tokens that sign say:
//!
//! | action | outcome | number |
//! |---|---|---|
//! | `activate`, second message made | `am2_sent` | the device's counter |
//! | `activate`, confirmed | `done` | |
//! | `activate`, `sign`, wrong code that locked the token | `bad_code` | 0 |
//! | `sign`, right code | `accepted` | the token's counter, where the suite has one |
//! | `share`, `initialise`, `deactivate` | `done` | |
//! | `revoke` | `done` | when a token may be taken up again |
//!
//! Not responsible for: encrypting or storing the stream (seeds in it are sealed by the HSM, the
//! rest is customer data all the same), signing it (the HSM).

mod bonds;
mod bring_up;
mod frame;
mod later;
mod reader;
mod restore;

pub use reader::BackupReader;
pub use restore::{RestoreError, RestoreOptions, RestoreReport, restore};
