//! The numbers by which a program names slots, sessions and objects.
//!
//! Numbers are never given twice in the life of a process, not even after `C_Finalize`: a program that
//! kept a stale one is told so instead of reaching somebody else's session.

use std::sync::atomic::{AtomicU64, Ordering};

use cryptoki_sys::CK_ULONG;

/// Names a slot; chosen by the configuration.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct SlotId(pub(crate) CK_ULONG);

/// Names a session.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct SessionHandle(pub(crate) CK_ULONG);

/// Names an object.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct ObjectHandle(pub(crate) CK_ULONG);

/// Zero is `CK_INVALID_HANDLE`.
static NEXT: AtomicU64 = AtomicU64::new(1);

fn next() -> CK_ULONG {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl SessionHandle {
    pub(crate) fn fresh() -> Self {
        Self(next())
    }
}

impl ObjectHandle {
    pub(crate) fn fresh() -> Self {
        Self(next())
    }
}
