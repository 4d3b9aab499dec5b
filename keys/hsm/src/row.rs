//! Tags the store's rows, so that nobody who can write to the store can give a token back what it has
//! used up or another token's salts: an HMAC under a key that the HSM derives.
//!
//! Not responsible for: what a row holds, and that an old row with its old tag is not put back.

use subtle::ConstantTimeEq as _;
use warifu_hsm_protocol::{JobError, MAX_TEXT, Reply, Row};

use crate::{
    binding::DerivedKey,
    station::{Station, Trouble},
};

/// What the key of the tags is derived from, in the HSM. A change voids every tag.
pub(crate) const ROW_LABEL: &[u8] = b"warifu row 1";

/// The derived key of the tags.
pub(crate) struct Tagger(DerivedKey);

impl Tagger {
    /// `key` is the HSM's HMAC over [`ROW_LABEL`].
    pub(crate) fn new(key: DerivedKey) -> Self {
        Self(key)
    }

    fn holds(&self, row: &Row) -> bool {
        self.0.mac(&row.data).ct_eq(&row.tag).into()
    }
}

impl Station<'_> {
    /// Makes the tag of a row.
    pub(crate) fn tag(&self, data: &[u8]) -> Result<Reply, Trouble> {
        if data.len() > MAX_TEXT {
            return Err(JobError::Malformed.into());
        }
        Ok(Reply::Tag(self.epoch.tagger.0.mac(data)))
    }

    /// Refuses what was changed since it was tagged.
    pub(crate) fn check_row(&self, row: Option<&Row>) -> Result<(), Trouble> {
        match row {
            Some(row) if row.data.len() > MAX_TEXT => Err(JobError::Malformed.into()),
            Some(row) if !self.epoch.tagger.holds(row) => Err(JobError::BadRecord.into()),
            _ => Ok(()),
        }
    }
}
