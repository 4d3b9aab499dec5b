//! Contract: scans are ascending, complete, bounded, and stay inside their space and prefix.
//!
//! Not responsible for: what a scan sees of commits under way beyond the answered ones.

use super::{Engine, done, keys, put, step, unit};
use crate::port::{Expect, Space, Step, Store, Write};

pub(super) async fn run(engine: &impl Engine) {
    let store = engine.fresh("pages").await;
    assert_eq!(keys(&*store, Space::Token, b"", 10).await, Vec::<Vec<u8>>::new());
    fill(&*store).await;
    every_page_size(&*store).await;
    prefixes(&*store).await;
    for space in [Space::Challenge, Space::Proposal] {
        nonces(&*store, space).await;
    }
    deletions(&*store).await;
}

async fn fill(store: &dyn Store) {
    let in_space =
        |space, key: Vec<u8>| Step { space, key, expect: Expect::Absent, write: put(b"v") };
    let tokens = (0..25_u8).map(|n| in_space(Space::Token, vec![b'p', 0, n]));
    let others = [b"o\xFF".to_vec(), b"p\x01".to_vec(), vec![0xFF; 4]];
    let outside = others.map(|key| in_space(Space::Token, key));
    let next_space = [in_space(Space::Batch, vec![b'p', 0, 3])];
    done(store, unit(tokens.chain(outside).chain(next_space).collect())).await;
}

async fn every_page_size(store: &dyn Store) {
    let expected: Vec<_> = (0..25_u8).map(|n| vec![b'p', 0, n]).collect();
    for limit in [1, 2, 5, 24, 25, 26, 100] {
        assert_eq!(keys(store, Space::Token, b"p\x00", limit).await, expected, "limit {limit}");
    }
}

async fn prefixes(store: &dyn Store) {
    assert_eq!(keys(store, Space::Token, b"", 7).await.len(), 28);
    assert_eq!(keys(store, Space::Batch, b"", 7).await, [vec![b'p', 0, 3]]);
    assert_eq!(keys(store, Space::Token, &[0xFF], 7).await, [vec![0xFF; 4]]);
    assert_eq!(keys(store, Space::Token, b"none", 7).await, Vec::<Vec<u8>>::new());
    let page = store.scan(Space::Token, b"p\x00", Some(b"p\x00\x16"), 10).await;
    let page = page.expect("the scan is answered");
    assert_eq!(page.items.len(), 2, "`after` is exclusive");
    let page = store.scan(Space::Token, b"p\x00", Some(b"a"), 10).await;
    let first = page.expect("the scan is answered").items.into_iter().next();
    assert_eq!(first.map(|(key, _)| key), Some(b"p\x00\x00".to_vec()), "before the prefix");
    let page = store.scan(Space::Token, b"p\x00", Some(b"q"), 10).await;
    assert_eq!(page.expect("the scan is answered").items.len(), 0, "behind the prefix");
}

/// What follows a prefix may be any bytes, those that end or bound a prefix among them.
async fn nonces(store: &dyn Store, space: Space) {
    let nonces = [[0; 12], [1; 12], [0xFF; 12]];
    let key = |prefix: &[u8], nonce: &[u8; 12]| [prefix, nonce.as_slice()].concat();
    let named = |key| Step { space, key, expect: Expect::Absent, write: put(b"v") };
    let mine = nonces.iter().map(|nonce| named(key(b"b\x00S\x00", nonce)));
    let others = nonces.iter().map(|nonce| named(key(b"b\x00S1\x00", nonce)));
    done(store, unit(mine.chain(others).collect())).await;
    let expected = nonces.map(|nonce| key(b"b\x00S\x00", &nonce));
    for limit in [1, 2, 3, 10] {
        assert_eq!(keys(store, space, b"b\x00S\x00", limit).await, expected);
    }
}

async fn deletions(store: &dyn Store) {
    done(store, unit(vec![step(b"p\x00\x05", Expect::Any, Write::Delete)])).await;
    let left = keys(store, Space::Token, b"p\x00", 4).await;
    assert_eq!(left.len(), 24);
    assert!(!left.contains(&b"p\x00\x05".to_vec()));
}
