//! Audit exports: sound ones pass, every kind of change is refused where it is.

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use warifu_core::event::Action;
use warifu_store::audit::{Summary, verify_export};

use crate::fixture::{Bank, NOW_MS, Signer, event};

async fn bank(records: u64) -> Bank {
    let bank = Bank::new();
    for n in 0..records {
        bank.audit(vec![event(Action::Verify, "0001", Some(n))]).await;
        if n % 3 == 2 {
            bank.checkpoint().await;
        }
    }
    bank
}

fn lines(export: &[u8]) -> Vec<Vec<u8>> {
    export.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

fn check(bank: &Bank, export: &[u8]) -> Result<Summary, (u64, String)> {
    verify_export(export, Some(bank.signer.public_key())).map_err(|fault| (fault.line, fault.what))
}

#[tokio::test]
async fn a_sound_export_passes() {
    let bank = bank(7).await;
    let export = bank.export().await;
    let summary = check(&bank, &export).unwrap();
    assert_eq!((summary.records, summary.checkpoints), (7, 2));
    assert_eq!(summary.head.seq, 7);
    assert_eq!((summary.first_at_ms, summary.last_at_ms), (Some(NOW_MS), Some(NOW_MS)));
    assert!(summary.key_trusted);
    let untrusted = verify_export(export.as_slice(), None).unwrap();
    assert!(!untrusted.key_trusted);
    assert_eq!(lines(&export).len(), 1 + 7 + 2 + 1);
}

#[tokio::test]
async fn an_empty_chain_and_several_pages_pass() {
    let empty = Bank::new();
    let export = empty.export().await;
    assert_eq!(check(&empty, &export).unwrap().records, 0);
    let long = Bank::new();
    for _ in 0..3 {
        long.audit(vec![event(Action::Verify, "0001", Some(1)); 150]).await;
        long.checkpoint().await;
    }
    let summary = check(&long, &long.export().await).unwrap();
    assert_eq!((summary.records, summary.checkpoints), (450, 3));
}

#[tokio::test]
async fn what_comes_while_exporting_stays_out() {
    let bank = bank(3).await;
    let store: std::sync::Arc<dyn warifu_store::Store> = bank.store.clone();
    let key = bank.signer.public_key();
    let meta = bank.store.meta();
    let mut reader =
        warifu_store::audit::ExportReader::begin(store, meta, key, NOW_MS).await.unwrap();
    bank.audit(vec![event(Action::Verify, "0001", Some(99)); 5]).await;
    let mut export = Vec::new();
    while let Some(chunk) = reader.next_chunk().await.unwrap() {
        export.extend(chunk);
    }
    let signature = bank.signer.sign(&reader.closing().message());
    export.extend(reader.finish(&signature));
    assert_eq!(check(&bank, &export).unwrap().records, 3);
}

#[tokio::test]
async fn every_kind_of_change_is_located() {
    let bank = bank(7).await;
    let whole = lines(&bank.export().await);
    let edited = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut copy = whole.clone();
        change(&mut copy);
        check(&bank, &copy.concat()).unwrap_err()
    };
    let replace = |line: usize, from: &str, to: &str| {
        let text = String::from_utf8(whole[line].clone()).unwrap();
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        edited(&move |copy| copy[line] = changed.clone().into_bytes())
    };
    // A readable field, a body, a removed record, a removed checkpoint.
    assert_eq!(replace(2, "accepted", "rejected").0, 3);
    assert_eq!(replace(2, "\"body\":\"83", "\"body\":\"84").0, 3);
    assert_eq!(edited(&|copy| drop(copy.remove(3))).0, 4);
    let checkpoint = whole.iter().position(|l| l.starts_with(b"{\"type\":\"checkpoint")).unwrap();
    assert_eq!(edited(&|copy| drop(copy.remove(checkpoint))).0, 10);
    // The tail: last record, last line, both; something appended.
    let last = whole.len() - 1;
    assert_eq!(edited(&|copy| drop(copy.remove(last - 1))).0, 10);
    assert_eq!(edited(&|copy| copy.truncate(last)).0, 11);
    assert_eq!(edited(&|copy| copy.truncate(last - 1)).0, 10);
    assert_eq!(edited(&|copy| copy.push(whole[1].clone())).0, 12);
    assert_eq!(edited(&|copy| copy.push(b"x".to_vec())).0, 12);
    // Order, repetition, another store's header.
    assert_eq!(edited(&|copy| copy.swap(1, 2)).0, 2);
    assert_eq!(edited(&|copy| copy.insert(2, whole[1].clone())).0, 3);
    assert_eq!(replace(0, "0303", "0304").0, 11);
    assert_eq!(edited(&Vec::clear).1, "the export is empty");
}

#[tokio::test]
async fn another_key_is_refused() {
    let bank = bank(2).await;
    let export = bank.export().await;
    let other = Signer::new();
    let fault = verify_export(export.as_slice(), Some(other.public_key())).unwrap_err();
    assert_eq!(fault.line, 1);
    // Somebody who rewrites everything, with a key of their own.
    let text = String::from_utf8(export).unwrap();
    let forged =
        text.replace(&hex::encode(bank.signer.public_key()), &hex::encode(other.public_key()));
    assert!(verify_export(forged.as_bytes(), None).is_err());
}

/// Exports of daemons from before the life cycle lie in archives.
#[tokio::test]
async fn an_export_of_the_first_version_is_still_read() {
    let bank = bank(3).await;
    let mut copy = lines(&bank.export().await);
    let summary = check(&bank, &copy.concat()).unwrap();
    let trailer = String::from_utf8(copy.pop().unwrap()).unwrap();
    let sign = |copy: &[Vec<u8>]| {
        let stream: [u8; 32] = Sha256::digest(copy.concat()).into();
        let (tag, head) = (b"warifu audit export 1", summary.head.message());
        let message = [&tag[..], &stream, &summary.records.to_be_bytes(), &head].concat();
        (hex::encode(stream), hex::encode(bank.signer.sign(&message)))
    };
    let signature = trailer.split('"').nth_back(1).unwrap().to_owned();
    let (before, _) = sign(&copy);
    let header = String::from_utf8(copy[0].clone()).unwrap();
    for (version, sound) in [(1, true), (3, false)] {
        let header = header.replacen("\"version\":2", &format!("\"version\":{version}"), 1);
        copy[0] = header.into_bytes();
        let (stream, signed) = sign(&copy);
        let trailer = trailer.replacen(&before, &stream, 1).replacen(&signature, &signed, 1);
        let export = [copy.concat(), trailer.into_bytes()].concat();
        assert_eq!(check(&bank, &export).is_ok(), sound, "version {version}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Any single byte, any line removed, doubled or swapped: refused.
    #[test]
    fn any_change_is_found(kind in 0..4_u8, at in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let (export, key) = sample();
        let mut copy = lines(export);
        let (a, b) = (at.index(copy.len()), to.index(copy.len()));
        match kind {
            0 => {
                let mut bytes = export.clone();
                let place = at.index(bytes.len());
                bytes[place] ^= 1 << bit;
                copy = vec![bytes];
            }
            1 => drop(copy.remove(a)),
            2 => copy.insert(b, copy[a].clone()),
            _ => copy.swap(a, b),
        }
        let changed = copy.concat();
        prop_assume!(changed != *export);
        prop_assert!(verify_export(changed.as_slice(), Some(key)).is_err());
    }
}

/// One export for all cases.
fn sample() -> &'static (Vec<u8>, Vec<u8>) {
    static SAMPLE: std::sync::OnceLock<(Vec<u8>, Vec<u8>)> = std::sync::OnceLock::new();
    SAMPLE.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let bank = bank(9).await;
            (bank.export().await, bank.signer.public_key().to_vec())
        })
    })
}
