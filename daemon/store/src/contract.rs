//! The contract suite: what every engine must do, line by line of the trait. An engine's own tests
//! run it against themselves; the daemon relies on nothing else.
//!
//! Not responsible for: loss of power and kill -9, which need a process to kill (an engine's tests).

mod atomic;
mod chain;
mod large;
mod pages;
mod single;

use std::{future::Future, sync::Arc};

use crate::port::{
    AuditEntry, Commit, Expect, Key, Space, Step, Store, StoreError, Unit, Version, Versioned,
    Write,
};

/// Makes and reopens stores of one engine.
pub trait Engine: Send + Sync {
    /// A fresh, empty store whose audit chain has no record, for the case `name`.
    fn fresh(&self, name: &str) -> impl Future<Output = Arc<dyn Store>> + Send;

    /// The store of the case `name` again, after it was closed.
    fn reopen(&self, name: &str) -> impl Future<Output = Arc<dyn Store>> + Send;

    /// Name under which the stores of this engine chain their audit records.
    fn instance(&self) -> warifu_core::ident::Name;
}

/// Runs every case.
///
/// # Panics
/// At the first case that fails.
pub async fn run_all(engine: &impl Engine) {
    single::run(engine).await;
    atomic::run(engine).await;
    large::run(engine).await;
    pages::run(engine).await;
    chain::run(engine).await;
}

/// A step in the token space.
pub fn step(key: &[u8], expect: Expect, write: Write) -> Step {
    Step { space: Space::Token, key: key.to_vec(), expect, write }
}

/// A unit of steps without audit entries.
pub fn unit(steps: Vec<Step>) -> Unit {
    Unit { steps, audit: Vec::new() }
}

fn put(bytes: &[u8]) -> Write {
    Write::Put(bytes.to_vec())
}

async fn done(store: &dyn Store, unit: Unit) -> Vec<Version> {
    match store.commit(unit).await.expect("the commit is answered") {
        Commit::Done { versions, .. } => versions,
        other @ Commit::Conflict { .. } => unreachable!("it must succeed: {other:?}"),
    }
}

async fn conflict(store: &dyn Store, unit: Unit) -> (usize, Option<Versioned>) {
    match store.commit(unit).await.expect("the commit is answered") {
        Commit::Conflict { step, current } => (step, current),
        other @ Commit::Done { .. } => unreachable!("it must conflict: {other:?}"),
    }
}

async fn malformed(store: &dyn Store, unit: Unit) {
    let answer = store.commit(unit).await;
    assert!(matches!(answer, Err(StoreError::Malformed(_))), "must be refused: {answer:?}");
}

async fn load(store: &dyn Store, key: &[u8]) -> Option<Versioned> {
    store.load(Space::Token, key).await.expect("the load is answered")
}

/// Every key of a space below a prefix, page by page.
async fn keys(store: &dyn Store, space: Space, prefix: &[u8], limit: usize) -> Vec<Key> {
    let mut all = Vec::new();
    let mut after: Option<Key> = None;
    loop {
        let page =
            store.scan(space, prefix, after.as_deref(), limit).await.expect("the scan is answered");
        assert!(page.items.len() <= limit, "a page is no longer than asked for");
        all.extend(page.items.into_iter().map(|(key, _)| key));
        match page.next {
            Some(next) => after = Some(next),
            None => return all,
        }
    }
}

fn entry(text: &str) -> AuditEntry {
    AuditEntry(text.as_bytes().to_vec())
}
