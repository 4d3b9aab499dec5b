//! What officers did, in a backup: keys and decisions are history and come back; what still waited
//! does not, for it may have been decided since.

use warifu_core::event::Action;
use warifu_store::{
    Expect, Space, Step, Store, Write,
    backup::RestoreError,
    record::{
        self, BatchState, CeremonyRecord, CeremonyState, KeyRecord, ProposalRecord, ProposalState,
        Record, RotationRecord, RotationState,
    },
    sled_engine::SledStore,
};

use crate::{
    fixture::{Bank, batch, event, hotp, institution, name, put, token},
    lifecycle::{open, read, run, try_run},
};

fn proposal(id: u8, state: ProposalState) -> ProposalRecord {
    ProposalRecord {
        id: [id; 12],
        institution: institution(),
        operation: r#"{"serial":"0001"}"#.to_owned(),
        kind: "lost".to_owned(),
        proposer: name("sato"),
        reason: None,
        reference: None,
        created_ms: 1,
        expires_ms: 2,
        state,
        decider: None,
        decided_ms: None,
        note: None,
        outcome: None,
    }
}

fn key() -> KeyRecord {
    KeyRecord {
        institution: institution(),
        label: name("transport"),
        shape: "aes-256".to_owned(),
        key_use: "transport".to_owned(),
        origin: "ceremony".to_owned(),
        kcv: vec![1, 2, 3],
        officers: vec![name("sato"), name("eiko")],
        created_ms: 1,
        last_used_ms: None,
        destroyed_ms: None,
        destroyed_by: Vec::new(),
    }
}

fn rotation() -> RotationRecord {
    RotationRecord {
        to: 2,
        state: RotationState::Rewrapping,
        phase_cursor: Some(b"bank-a\x000001".to_vec()),
        done: 1,
        rewrapped: 1,
        failed: 0,
        checked: 0,
        remaining: 0,
        started_ms: 1,
        updated_ms: 2,
        finished_ms: None,
        officers: vec![name("sato")],
        note: None,
    }
}

fn ceremony() -> CeremonyRecord {
    CeremonyRecord {
        id: [9; 16],
        institution: institution(),
        label: name("transport"),
        shape: "aes-256".to_owned(),
        components: 3,
        method: "cmac".to_owned(),
        expected: None,
        key_use: "transport".to_owned(),
        opener: name("sato"),
        entries: Vec::new(),
        partial: Some(vec![1; 40]),
        sum_kcv: None,
        state: CeremonyState::Open,
        created_ms: 1,
        expires_ms: 2,
    }
}

fn put_proposal(record: &ProposalRecord) -> Step {
    put(Space::Proposal, record.key(), record.encode())
}

async fn bank() -> Bank {
    let bank = Bank::new();
    bank.put_batch(&batch("B1", BatchState::Active)).await;
    bank.put_batch(&batch("B2", BatchState::Pending)).await;
    bank.put_batch(&batch("B3", BatchState::Rejected)).await;
    for (serial, of) in [("0001", "B1"), ("0002", "B2"), ("0003", "B3")] {
        bank.put_token(&token(serial, of, hotp(1))).await;
    }
    let states = ProposalState::ALL.into_iter().zip(1_u8..);
    let mut steps: Vec<Step> =
        states.map(|(state, id)| put_proposal(&proposal(id, state))).collect();
    steps.push(put(Space::Key, key().key(), key().encode()));
    steps.push(put(Space::Rotation, RotationRecord::key(), rotation().encode()));
    steps.push(put(Space::Ceremony, ceremony().key(), ceremony().encode()));
    bank.commit(steps, vec![event(Action::Propose, "0001", None)]).await;
    bank.checkpoint().await;
    bank
}

async fn count(store: &SledStore, space: Space) -> usize {
    store.scan(space, b"", None, 100).await.expect("a page").items.len()
}

#[tokio::test]
async fn decisions_and_keys_come_back_and_what_waits_does_not() {
    let bank = bank().await;
    let target = bank.path("restored");
    let report = run(&bank, &target, &bank.backup().await, None);
    assert_eq!((report.tokens, report.batches), (1, 2));
    assert_eq!((report.unfinished_tokens, report.unfinished_batches), (2, 1));
    let store = open(&target);
    assert_eq!(count(&store, Space::Proposal).await, 4);
    for (state, id) in ProposalState::ALL.into_iter().zip(1_u8..) {
        let expected = proposal(id, state);
        if state.is_final() {
            let found: ProposalRecord = read(&store, Space::Proposal, &expected.key()).await;
            assert_eq!(found, expected);
        }
    }
    assert_eq!(read::<KeyRecord>(&store, Space::Key, &key().key()).await, key());
    let found: RotationRecord = read(&store, Space::Rotation, &record::rotation_key()).await;
    assert_eq!(found, rotation(), "it goes on where it was");
    assert_eq!(count(&bank.store, Space::Ceremony).await, 1);
    assert_eq!(count(&store, Space::Ceremony).await, 0, "no component leaves by a backup");
}

#[tokio::test]
async fn what_lies_under_another_ones_key_is_damage() {
    let bank = bank().await;
    let other = proposal(9, ProposalState::Done);
    for (space, at, bytes) in [
        (Space::Proposal, other.key(), proposal(1, ProposalState::Done).encode()),
        (Space::Proposal, other.key(), vec![1]),
        (Space::Key, record::managed_key_key(&institution(), &name("other")), key().encode()),
        (Space::Key, key().key(), vec![1]),
        (Space::Rotation, b"another".to_vec(), rotation().encode()),
        (Space::Rotation, record::rotation_key(), vec![1]),
    ] {
        let before = bank.store.load(space, &at).await.expect("an answer");
        bank.commit(vec![put(space, at.clone(), bytes)], Vec::new()).await;
        let refused = try_run(&bank, &bank.path("restored"), &bank.backup().await, None);
        assert!(matches!(refused, Err(RestoreError::Damaged { .. })), "{refused:?}");
        let undo = before.map_or(Write::Delete, |old| Write::Put(old.bytes));
        bank.commit(vec![Step { space, key: at, expect: Expect::Any, write: undo }], Vec::new())
            .await;
    }
    run(&bank, &bank.path("restored"), &bank.backup().await, None);
}
