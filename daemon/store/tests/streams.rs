//! Streams that leave the store: audit exports that an auditor checks, backups that become a store
//! again. Whatever is changed in either is found.

mod fixture;

#[path = "streams/backup.rs"]
mod backup;
#[path = "streams/export.rs"]
mod export;
#[path = "streams/lifecycle.rs"]
mod lifecycle;
#[path = "streams/officers.rs"]
mod officers;
#[path = "streams/signing.rs"]
mod signing;
