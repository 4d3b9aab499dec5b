//! What a job comes to: a reply, or why there is none.
//!
//! Not responsible for: the jobs themselves (`message.rs`).

use serde::{Deserialize, Serialize};

use crate::{
    message::Seal,
    report::{Counters, KeyInfo},
    secret::SecretBytes,
    source::Exposure,
};

/// What a job came to.
#[derive(Debug, Deserialize, Serialize)]
pub enum Reply {
    /// Canary answered right.
    Alive,
    /// For [`Job::AddComponent`](crate::Job::AddComponent).
    Component {
        /// Check value of the component.
        kcv: Vec<u8>,
        /// Check value of the sum.
        sum_kcv: Vec<u8>,
        /// The sum, encrypted and bound to the ceremony, its key's shape and the count.
        partial: Vec<u8>,
        /// Components in the sum.
        count: u8,
    },
    /// For [`Job::Counters`](crate::Job::Counters).
    Counters(Counters),
    /// For jobs that remove a key: whether it was there.
    Destroyed(bool),
    /// Done, nothing to say.
    Done,
    /// For [`Job::Expand`](crate::Job::Expand).
    Expanded {
        /// For the records, in their order.
        seals: [Seal; 3],
        /// For the report.
        exposure: Exposure,
    },
    /// For [`Job::FingerprintKey`](crate::Job::FingerprintKey).
    FingerprintKey(SecretBytes),
    /// For [`Job::KekGenerations`](crate::Job::KekGenerations), ascending.
    Generations(Vec<u32>),
    /// For [`Job::ListTransportKeys`](crate::Job::ListTransportKeys), and the one key that was made or imported.
    Keys(Vec<KeyInfo>),
    /// For [`Job::SealMessage`](crate::Job::SealMessage): ciphertext and tag of 16 bytes.
    Message(Vec<u8>),
    /// For [`Job::TransportPublicKey`](crate::Job::TransportPublicKey): DER of SubjectPublicKeyInfo (RFC 5280 s.4.1.2.7).
    PublicKey(Vec<u8>),
    /// For [`Job::Random`](crate::Job::Random).
    Random(Vec<u8>),
    /// For [`Job::Resync`](crate::Job::Resync): the moving factor of the first code.
    Resynced(Option<u64>),
    /// For [`Job::Rewrap`](crate::Job::Rewrap).
    Rewrapped {
        /// For the record.
        seal: Seal,
    },
    /// For [`Job::Seal`](crate::Job::Seal).
    Sealed {
        /// For the record.
        seal: Seal,
        /// For the report.
        exposure: Exposure,
    },
    /// For [`Job::SignCheckpoint`](crate::Job::SignCheckpoint): `r || s`, 64 bytes.
    Signature(Vec<u8>),
    /// For [`Job::Tag`](crate::Job::Tag).
    Tag([u8; 32]),
    /// For [`Job::Verify`](crate::Job::Verify) and [`Job::Check`](crate::Job::Check): index of the matching candidate or input.
    Verified(Option<u16>),
}

/// Why a job came to nothing. By what the caller does next.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, thiserror::Error)]
pub enum JobError {
    /// This record can not be used (binding, tag or blob damaged) although the token answers: alarm, 503 for this token.
    #[error("the record's sealed seed is damaged or belongs to another record")]
    BadRecord,
    /// A value of a seed file failed its MAC or did not decrypt; never told apart.
    #[error("the value did not decrypt or its MAC is wrong")]
    BadValue,
    /// A label is taken already, or another fact about the token stands against it.
    #[error("{0}")]
    Conflict(String),
    /// Not begun before its deadline. Nothing was done.
    #[error("not begun before its deadline")]
    Expired,
    /// The request breaks the protocol's limits; a bug on our side.
    #[error("the job is malformed")]
    Malformed,
    /// No transport key of this label.
    #[error("no such key in the HSM")]
    NoSuchKey,
    /// Token or session lost and not back in time. Nothing was decided; safe to try again.
    #[error("the HSM is out of reach")]
    Unavailable,
    /// The provider can not do this; says what and what to do instead.
    #[error("{0}")]
    Unsupported(String),
    /// A value of a seed file is authentic, and no key that can be taken in. To be told of no single
    /// value: whoever can make MACs would read others.
    #[error("the value is authentic and no key that can be taken in")]
    Unfit,
}
