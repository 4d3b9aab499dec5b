//! Has the system tell of forks.
//!
//! Not responsible for what a fork means, see [`crate::process`].

use std::{
    ffi::c_int,
    sync::atomic::{AtomicBool, Ordering},
};

use crate::process;

type Handler = Option<unsafe extern "C" fn()>;

unsafe extern "C" {
    /// pthread_atfork(3).
    fn pthread_atfork(before: Handler, in_parent: Handler, in_child: Handler) -> c_int;
}

static WATCHED: AtomicBool = AtomicBool::new(false);

/// Counts every child from now on. Where the system has no room for that, numbers of processes must do.
pub(super) fn watch() {
    if !WATCHED.swap(true, Ordering::AcqRel) {
        // SAFETY: the handler needs nothing that a child lacks, and the library stays in memory
        // (`build.rs`).
        let _ = unsafe { pthread_atfork(None, None, Some(in_child)) };
    }
}

unsafe extern "C" fn in_child() {
    process::forked();
}
