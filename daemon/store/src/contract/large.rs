//! Contract: a unit that changes hundreds of users of one contract, with their tokens, their hints
//! and a long answer, is one unit like any other.
//!
//! Not responsible for: the limits themselves (`atomic`), what the records mean.

use super::{Engine, conflict, done, entry, keys, put};
use crate::port::{Expect, Space, Step, Store, Unit, Write};

/// Users of one change.
const USERS: usize = 500;
/// Of each user, their token, the hint.
const SPACES: [Space; 3] = [Space::User, Space::Token, Space::Holder];
/// Parts of the answer.
const PARTS: usize = 80;
/// The contract, the users, the answer.
const STEPS: usize = 1 + USERS * SPACES.len() + PARTS;

pub(super) async fn run(engine: &impl Engine) {
    let store = engine.fresh("large").await;
    a_failing_condition_anywhere_leaves_nothing(&*store).await;
    let versions = one_version_for_all(&*store).await;
    a_stale_record_anywhere_leaves_everything(&*store, &versions).await;
    store.close().await.expect("an idle store closes");
    drop(store);
    let store = engine.reopen("large").await;
    assert_eq!(present(&*store).await, STEPS, "all of it is durable");
    all_deleted_at_once(&*store, &versions).await;
}

async fn a_failing_condition_anywhere_leaves_nothing(store: &dyn Store) {
    for place in [0, 1, USERS, STEPS / 2, STEPS - PARTS, STEPS - 1] {
        let mut steps = steps(|_| Expect::Absent, |place| put(&record(place)));
        steps[place].expect = Expect::At(1);
        let head = store.audit_head().await.expect("the head is answered");
        let (index, current) = conflict(store, Unit { steps, audit: audit() }).await;
        assert_eq!((index, current), (place, None));
        assert_eq!(present(store).await, 0, "a condition failed at step {place}");
        assert_eq!(store.audit_head().await.expect("the head is answered"), head);
    }
}

async fn one_version_for_all(store: &dyn Store) -> Vec<u64> {
    let steps = steps(|_| Expect::Absent, |place| put(&record(place)));
    let versions = done(store, Unit { steps: steps.clone(), audit: audit() }).await;
    assert_eq!(versions.len(), STEPS);
    for (place, (step, version)) in steps.into_iter().zip(&versions).enumerate() {
        let found = store.load(step.space, &step.key).await.expect("the load is answered");
        let found = found.expect("it was put");
        assert_eq!((found.version, found.bytes), (*version, record(place)));
    }
    let head = store.audit_head().await.expect("the head is answered");
    assert_eq!(head.map(|(seq, _)| seq), Some(USERS as u64));
    versions
}

/// As when a second change of the same users was decided before the first one was made.
async fn a_stale_record_anywhere_leaves_everything(store: &dyn Store, versions: &[u64]) {
    for stale in [0, STEPS / 3, STEPS - 1] {
        let expect = |place: usize| Expect::At(versions[place] - u64::from(place == stale));
        let (index, current) =
            conflict(store, Unit { steps: steps(expect, |_| Write::Delete), audit: audit() }).await;
        assert_eq!((index, current.map(|found| found.version)), (stale, Some(versions[stale])));
        assert_eq!(present(store).await, STEPS);
    }
}

async fn all_deleted_at_once(store: &dyn Store, versions: &[u64]) {
    let steps = steps(|place| Expect::At(versions[place]), |_| Write::Delete);
    assert_eq!(done(store, Unit { steps, audit: audit() }).await, [0; STEPS]);
    assert_eq!(present(store).await, 0);
}

fn steps(expect: impl Fn(usize) -> Expect, write: impl Fn(usize) -> Write) -> Vec<Step> {
    let step = |(place, (space, key)): (usize, (Space, String))| Step {
        space,
        key: key.into_bytes(),
        expect: expect(place),
        write: write(place),
    };
    places().enumerate().map(step).collect()
}

/// Where each step goes, in the order of the unit.
fn places() -> impl Iterator<Item = (Space, String)> {
    let users = (0..USERS).flat_map(|n| SPACES.map(|space| (space, format!("crowd-{n:03}"))));
    let parts = (0..PARTS).map(|n| (Space::Idempotency, format!("crowd-{n:03}")));
    std::iter::once((Space::Contract, "crowd".to_owned())).chain(users).chain(parts)
}

fn record(place: usize) -> Vec<u8> {
    place.to_be_bytes().repeat(100)
}

fn audit() -> Vec<crate::port::AuditEntry> {
    (0..USERS).map(|n| entry(&format!("user {n}"))).collect()
}

async fn present(store: &dyn Store) -> usize {
    let mut found = 0;
    for space in [Space::Contract, Space::Idempotency].into_iter().chain(SPACES) {
        found += keys(store, space, b"crowd", 700).await.len();
    }
    found
}
