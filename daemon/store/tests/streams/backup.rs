//! Backup and restore: what comes back, what is left out, which codes stay used, which streams are refused.

use std::{collections::BTreeMap, io::BufRead, path::Path, sync::Arc};

use proptest::prelude::*;
use warifu_core::{
    event::Action,
    time::UnixTime,
    token::{Moving, Switch},
};
use warifu_store::{
    Space, Store,
    audit::verify_export,
    backup::{BackupReader, RestoreError, RestoreOptions, RestoreReport, restore},
    record::{self, BatchState, ClockRecord, DecodedEvent, Record, TokenRecord},
    sled_engine::{OpenError, SledOptions, SledStore},
};

use crate::fixture::{
    Bank, NOW_MS, Signer, batch, ended, event, hotp, institution, name, put, token, totp, wrong,
};

const LATER_MS: u64 = NOW_MS + 3_600_000;

fn options(key: &[u8]) -> RestoreOptions<'_> {
    RestoreOptions {
        public_key: key,
        now_ms: LATER_MS,
        window_steps: 2,
        store_id: [0xAB; 16],
        actor: name("warifud-1"),
    }
}

fn run(
    bank: &Bank,
    target: &Path,
    backup: &[u8],
    export: Option<&[u8]>,
) -> Result<RestoreReport, RestoreError> {
    let mut export = export;
    let audit = export.as_mut().map(|reader| reader as &mut dyn BufRead);
    restore(target, backup, audit, &options(bank.signer.public_key()))
}

async fn bank() -> Bank {
    let bank = Bank::new();
    bank.put_batch(&batch("B1", BatchState::Active)).await;
    bank.put_batch(&batch("B2", BatchState::Staging)).await;
    bank.put_token(&token("0001", "B1", totp())).await;
    bank.put_token(&token("0002", "B1", hotp(10))).await;
    bank.put_token(&token("0003", "B2", hotp(10))).await;
    bank.put_token(&token("0004", "B9", hotp(10))).await;
    let kept = put(Space::Idempotency, record::idempotency_key(1, &[1; 32]), vec![1]);
    let staged = put(Space::Manifest, b"bank-a\0B2\0\0\0\0\x01".to_vec(), b"0003".to_vec());
    bank.commit(vec![kept, staged], vec![event(Action::Import, "0001", None)]).await;
    bank.checkpoint().await;
    bank
}

fn open(path: &Path) -> Arc<SledStore> {
    Arc::new(SledStore::open(path, SledOptions::default()).expect("the restored store opens"))
}

async fn read(store: &SledStore, serial_text: &str) -> TokenRecord {
    let id = token(serial_text, "B1", totp()).id();
    let found = store.load(Space::Token, &record::token_key(&id)).await.expect("an answer");
    TokenRecord::decode(&found.expect("the token is there").bytes).expect("a token")
}

#[tokio::test]
async fn what_was_visible_comes_back_with_a_floor() {
    let bank = bank().await;
    let target = bank.path("restored");
    let report = run(&bank, &target, &bank.backup().await, None).unwrap();
    assert_eq!((report.tokens, report.batches, report.audit_records), (2, 1, 1));
    assert_eq!((report.unfinished_tokens, report.unfinished_batches), (2, 1));
    let store = open(&target);
    let now_step = UnixTime(LATER_MS / 1_000).step(UnixTime(0), 30);
    let Moving::Time { floor, .. } = read(&store, "0001").await.token.moving else { panic!() };
    assert_eq!(floor, Some(now_step + 2), "no step up to now and its window");
    let moving = read(&store, "0002").await.token.moving;
    assert_eq!(moving, Moving::Event { next: 10, resync_required: true });
    for space in [Space::Idempotency, Space::Manifest] {
        assert!(store.scan(space, b"", None, 10).await.unwrap().items.is_empty());
    }
    let clock = store.load(Space::Meta, &record::clock_key()).await.unwrap().unwrap();
    assert_eq!(ClockRecord::decode(&clock.bytes).unwrap().high_water_ms, LATER_MS);
}

#[tokio::test]
async fn the_chain_goes_on_under_a_new_name() {
    let bank = bank().await;
    let target = bank.path("restored");
    run(&bank, &target, &bank.backup().await, None).unwrap();
    let store = open(&target);
    assert_eq!(store.meta().instance_at(1).as_str(), "warifud-1");
    assert_eq!(store.meta().instance().as_str(), "warifud-1-rabababab");
    assert_ne!(store.meta().store_id, bank.store.meta().store_id);
    let last = store.load(Space::Audit, &record::audit_key(2)).await.unwrap().unwrap();
    let said = DecodedEvent::decode(&last.bytes[32..]).unwrap();
    assert_eq!((said.action.as_str(), said.number), ("restore", Some(2)));
    let restored = Bank { store, signer: bank.signer, folder: tempfile::tempdir().unwrap() };
    restored.audit(vec![event(Action::Verify, "0001", Some(1))]).await;
    restored.checkpoint().await;
    let export = restored.export().await;
    let summary = verify_export(export.as_slice(), Some(restored.signer.public_key())).unwrap();
    assert_eq!((summary.records, summary.checkpoints), (3, 2));
    // A backup of the restored store can be restored again.
    let again = restored.path("again");
    let report = run(&restored, &again, &restored.backup().await, None).unwrap();
    assert_eq!(report.audit_records, 3);
}

#[tokio::test]
async fn an_export_keeps_later_codes_used() {
    let bank = bank().await;
    let backup = bank.backup().await;
    let far = UnixTime(LATER_MS / 1_000).step(UnixTime(0), 30) + 50;
    bank.audit(vec![
        event(Action::Verify, "0001", Some(far)),
        event(Action::Verify, "0002", Some(41)),
        event(Action::Resync, "0002", Some(44)),
        event(Action::Disable, "0002", None),
        event(Action::Disable, "0001", None),
        event(Action::Enable, "0001", None),
        event(Action::Verify, "7777", Some(1)),
    ])
    .await;
    let export = bank.export().await;
    let target = bank.path("restored");
    let report = run(&bank, &target, &backup, Some(&export)).unwrap();
    assert_eq!(report.brought_up, 2);
    let store = open(&target);
    let first = read(&store, "0001").await.token;
    assert!(matches!(first.moving, Moving::Time { floor, .. } if floor == Some(far)));
    assert_eq!(first.switch, Switch::Enabled);
    let second = read(&store, "0002").await.token;
    assert_eq!(second.moving, Moving::Event { next: 45, resync_required: true });
    assert_eq!(second.switch, Switch::Disabled);
}

/// Otherwise a restore would be a fresh guess budget.
#[tokio::test]
async fn an_export_keeps_later_locks_and_earlier_expiries() {
    let bank = bank().await;
    let backup = bank.backup().await;
    let again = event(Action::Unlock, "0002", None);
    let expiry = event(Action::SetExpiry, "0002", Some(NOW_MS / 1_000));
    let refused = ended(Action::Unlock, "0001", "actor_needs_other_token", None);
    let wrong_codes = [wrong("0001", 1), wrong("0001", 0), wrong("0002", 0)];
    bank.audit(wrong_codes.into_iter().chain([refused, again, expiry]).collect()).await;
    let export = bank.export().await;
    let target = bank.path("restored");
    run(&bank, &target, &backup, Some(&export)).unwrap();
    let store = open(&target);
    let locked_at = read(&store, "0001").await.token.guard.locked_at;
    assert_eq!(locked_at, Some(UnixTime(NOW_MS / 1_000)));
    let second = read(&store, "0002").await.token;
    assert_eq!(second.guard.locked_at, None, "unlocked since");
    assert_eq!(second.profile.expires_at, Some(UnixTime(NOW_MS / 1_000)));
}

#[tokio::test]
async fn a_clock_behind_the_backup_opens_no_code() {
    let bank = bank().await;
    let (backup, target) = (bank.backup().await, bank.path("restored"));
    let behind =
        RestoreOptions { now_ms: NOW_MS - 86_400_000, ..options(bank.signer.public_key()) };
    restore(&target, backup.as_slice(), None, &behind).unwrap();
    let moving = read(&open(&target), "0001").await.token.moving;
    let taken = UnixTime(NOW_MS / 1_000).step(UnixTime(0), 30);
    assert!(matches!(moving, Moving::Time { floor, .. } if floor == Some(taken + 2)));
}

/// The stream is no picture of one moment: a code accepted after its token was read stays used.
#[tokio::test]
async fn codes_accepted_during_the_backup_stay_used() {
    let bank = bank().await;
    let store: Arc<dyn Store> = bank.store.clone();
    let mut reader = BackupReader::begin(store, bank.store.meta(), NOW_MS);
    let mut backup = Vec::new();
    let id = token("0002", "B1", hotp(0)).id();
    while let Some(chunk) = reader.next_chunk().await.unwrap() {
        let has_token = chunk.windows(4).any(|window| window == b"0002");
        backup.extend(chunk);
        if has_token {
            let later = token("0002", "B1", hotp(78));
            let step = put(Space::Token, record::token_key(&id), later.encode());
            bank.commit(vec![step], vec![event(Action::Verify, "0002", Some(77))]).await;
        }
    }
    let signature = bank.signer.sign(&reader.closing().message());
    backup.extend(reader.finish(&signature));
    let target = bank.path("restored");
    let report = run(&bank, &target, &backup, None).unwrap();
    assert!(report.brought_up >= 1, "{report:?}");
    let moving = read(&open(&target), "0002").await.token.moving;
    assert_eq!(moving, Moving::Event { next: 78, resync_required: true });
}

#[tokio::test]
async fn foreign_streams_are_refused_and_leave_nothing() {
    let bank = bank().await;
    let backup = bank.backup().await;
    let target = bank.path("restored");
    let stranger = Signer::new();
    let refused = restore(&target, backup.as_slice(), None, &options(stranger.public_key()));
    assert!(matches!(refused, Err(RestoreError::Forged)), "{refused:?}");
    assert!(!target.exists());
    let left = std::fs::read_dir(bank.folder.path()).unwrap().count();
    assert_eq!(left, 1, "only the original store");
}

#[tokio::test]
async fn the_history_of_another_store_is_refused() {
    let bank = bank().await;
    let backup = bank.backup().await;
    let mut other = Bank::new();
    other.audit(vec![event(Action::Verify, "0002", Some(4)); 3]).await;
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("restored");
    // Signed by another key, and signed by the right one.
    let export = other.export().await;
    let refused = run(&bank, &target, &backup, Some(&export));
    assert!(matches!(refused, Err(RestoreError::Export(_))), "{refused:?}");
    other.signer = bank.signer;
    let export = other.export().await;
    let refused = run(&other, &target, &backup, Some(&export));
    assert!(matches!(refused, Err(RestoreError::OtherChain)), "{refused:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_store_is_never_restored_over() {
    let bank = bank().await;
    let backup = bank.backup().await;
    let refused = run(&bank, &bank.path("store"), &backup, None);
    assert!(matches!(refused, Err(RestoreError::Store(OpenError::Exists { .. }))), "{refused:?}");
}

#[tokio::test]
async fn many_records_come_back_as_they_were() {
    let bank = Bank::new();
    bank.put_batch(&batch("B1", BatchState::Active)).await;
    for chunk in 0..6 {
        let steps = (0..500).map(|n| {
            let record = token(&format!("{chunk}-{n:04}"), "B1", hotp(n));
            put(Space::Token, record::token_key(&record.id()), record.encode())
        });
        bank.commit(steps.collect(), vec![event(Action::Import, "1", None); 300]).await;
    }
    let target = bank.path("restored");
    let report = run(&bank, &target, &bank.backup().await, None).unwrap();
    assert_eq!((report.tokens, report.audit_records), (3_000, 1_800));
    let (before, after) = (all(&bank.store).await, all(&open(&target)).await);
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (key, record) in after {
        let mut expected = before[&key].clone();
        expected.token.set_replay_floor(UnixTime(LATER_MS / 1_000), 2);
        assert_eq!(record, expected);
    }
}

async fn all(store: &SledStore) -> BTreeMap<Vec<u8>, TokenRecord> {
    let (mut found, mut after) = (BTreeMap::new(), None);
    let prefix = record::token_prefix(&institution());
    loop {
        let page = store.scan(Space::Token, &prefix, after.as_deref(), 700).await.expect("a page");
        for (key, value) in page.items {
            found.insert(key, TokenRecord::decode(&value.bytes).expect("a token"));
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return found,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Any bit changed, any end cut off: refused, and nothing is left.
    #[test]
    fn any_change_is_found(at in any::<prop::sample::Index>(), bit in 0..8_u32, cut in any::<bool>()) {
        let (backup, key) = sample();
        let mut changed = backup.clone();
        let place = at.index(changed.len());
        if cut {
            changed.truncate(place);
        } else {
            changed[place] ^= 1 << bit;
        }
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("restored");
        let refused = restore(&target, changed.as_slice(), None, &options(key));
        prop_assert!(refused.is_err());
        prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

/// One backup for all cases.
fn sample() -> &'static (Vec<u8>, Vec<u8>) {
    static SAMPLE: std::sync::OnceLock<(Vec<u8>, Vec<u8>)> = std::sync::OnceLock::new();
    SAMPLE.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let bank = bank().await;
            (bank.backup().await, bank.signer.public_key().to_vec())
        })
    })
}
