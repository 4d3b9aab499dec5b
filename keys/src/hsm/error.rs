//! Why the HSM did not answer as asked, by what the caller does next.
//!
//! Not responsible for: HTTP statuses; the daemon maps these once.

use std::{io, path::PathBuf};

use thiserror::Error;
use warifu_hsm_protocol::{JobError, RefusedCause};

/// Why a job came to nothing. None of these is a verdict: no code was consumed, no failure counted.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum HsmError {
    /// No worker, a full queue, or the token is out of reach. Answer 503; the same request may be
    /// sent again.
    #[error("the HSM is out of reach")]
    Unavailable,
    /// The deadline passed and nothing was decided. Answer 503; the same request may be sent again.
    #[error("the HSM did not answer before the deadline")]
    Timeout,
    /// The token answers, but this record's seal is damaged or belongs to another record. Raise an
    /// alarm; answer 503 for this token only.
    #[error("the record's sealed seed is damaged or belongs to another record")]
    BadRecord,
    /// A value of a seed file failed its MAC or did not decrypt. Tell the officer.
    #[error("the value did not decrypt or its MAC is wrong")]
    BadValue,
    /// No transport key of this label. Tell the officer.
    #[error("no such key in the HSM")]
    NoSuchKey,
    /// A fact about the token stands against it, such as a label that is taken. Tell the officer.
    #[error("{0}")]
    Conflict(String),
    /// The provider can not do this; the text says what to do instead. Tell the officer.
    #[error("{0}")]
    Unsupported(String),
    /// A value of a seed file is authentic, and no key that can be taken in. Tell the officer that some
    /// value of the file is, and not which: whoever can make MACs would read others.
    #[error("the value is authentic and no key that can be taken in")]
    Unfit,
    /// The job breaks the protocol's limits, or the answer does not fit the job: a bug on our side.
    #[error("the HSM job or its answer is malformed")]
    Malformed,
}

impl HsmError {
    /// Whether the same call may succeed later without anybody doing anything.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable | Self::Timeout)
    }
}

impl From<JobError> for HsmError {
    fn from(error: JobError) -> Self {
        match error {
            JobError::BadRecord => Self::BadRecord,
            JobError::BadValue => Self::BadValue,
            JobError::Conflict(what) => Self::Conflict(what),
            JobError::Expired => Self::Timeout,
            JobError::Malformed => Self::Malformed,
            JobError::NoSuchKey => Self::NoSuchKey,
            JobError::Unavailable => Self::Unavailable,
            JobError::Unfit => Self::Unfit,
            JobError::Unsupported(what) => Self::Unsupported(what),
        }
    }
}

/// Why no worker could be started.
#[derive(Debug, Error)]
pub enum StartError {
    /// There is no worker binary. Install it beside this program or name it in the configuration.
    #[error("the HSM worker binary {} does not exist or is no file", .0.display())]
    Binary(PathBuf),
    /// The operating system did not start it.
    #[error("the HSM worker {} could not be started", path.display())]
    Spawn {
        /// Which binary.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It ended or spoke nonsense before its first answer. Its own log lines say why.
    #[error("the HSM worker ended before it was ready ({0})")]
    Broken(String),
    /// It gave no first answer in time.
    #[error("the HSM worker was not ready within {0} seconds")]
    Silent(u64),
    /// It runs, looked at the token and refuses to serve.
    #[error("the HSM worker refuses to serve: {reason}")]
    Refused {
        /// What is wrong and what to do.
        reason: String,
        /// Why, as the supervisor sees it.
        cause: RefusedCause,
    },
    /// The token has the configured label but other keys.
    #[error(
        "this is another HSM token: its fingerprint is {found}, expected {expected}; \
         connect the token this installation was made with"
    )]
    WrongToken {
        /// Of the store, or of the first start.
        expected: String,
        /// Of the token that answered.
        found: String,
    },
    /// Another start was refused in a way that needs a person first (see `Hsm::state`).
    #[error("the HSM worker is stopped: {0}")]
    Halted(String),
}
