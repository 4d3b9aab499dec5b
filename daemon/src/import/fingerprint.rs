//! The fingerprint of a staged batch: over the file and over every token as it was sealed, so that
//! what is approved is what was looked at.
//!
//! Not responsible for: comparing.

use ring::digest::{Context, SHA256};
use warifu_core::{
    custody::CustodyKind,
    ident::{Institution, Name},
};

/// Under way.
#[derive(Clone)]
pub(super) struct Fingerprint(Context);

impl Fingerprint {
    /// Of a batch that has no token yet.
    pub(super) fn new(
        institution: &Institution,
        batch: &Name,
        custody: CustodyKind,
        file: &[u8; 32],
    ) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(b"warifu batch\0");
        context.update(institution.as_str().as_bytes());
        context.update(b"\0");
        context.update(batch.as_str().as_bytes());
        context.update(match custody {
            CustodyKind::Resident => b"\0r",
            CustodyKind::Wrapped => b"\0w",
        });
        context.update(file);
        Self(context)
    }

    /// One more token, as it is stored.
    pub(super) fn add(&mut self, record: &[u8]) {
        self.0.update(&(record.len() as u64).to_be_bytes());
        self.0.update(record);
    }

    /// Of all tokens so far.
    pub(super) fn finish(&self) -> [u8; 32] {
        let mut whole = [0; 32];
        whole.copy_from_slice(self.0.clone().finish().as_ref());
        whole
    }
}
