//! Stored records: damaged bytes are an error, never a panic, and what is read is written back as
//! it was read.
#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use warifu_store::{
    audit::AuditRecord,
    record::{
        BatchRecord, CeremonyRecord, ChallengeRecord, CheckpointRecord, ClockRecord,
        ContinuationRecord, ContractRecord, DecodedEvent, GrantRecord, HintRecord,
        IdempotencyRecord, KeyRecord, ProposalRecord, Record, RotationRecord, StoreMeta,
        TokenCodeRecord, TokenRecord, UserRecord, audit_key, parse_challenge_key, parse_grant_key,
        parse_holder_key, parse_idempotency_key, parse_owned_key, parse_token_code_key,
        parse_user_key,
    },
};

fn round_trip<R: Record + Debug + PartialEq>(bytes: &[u8]) {
    if let Ok(record) = R::decode(bytes) {
        let again = R::decode(&record.encode()).expect("our own record decodes");
        assert_eq!(record, again);
    }
}

fuzz_target!(|data: &[u8]| {
    round_trip::<TokenRecord>(data);
    round_trip::<BatchRecord>(data);
    round_trip::<CheckpointRecord>(data);
    round_trip::<ClockRecord>(data);
    round_trip::<IdempotencyRecord>(data);
    round_trip::<ContinuationRecord>(data);
    round_trip::<StoreMeta>(data);
    round_trip::<ContractRecord>(data);
    round_trip::<UserRecord>(data);
    round_trip::<GrantRecord>(data);
    round_trip::<HintRecord>(data);
    round_trip::<ChallengeRecord>(data);
    round_trip::<TokenCodeRecord>(data);
    round_trip::<ProposalRecord>(data);
    round_trip::<CeremonyRecord>(data);
    round_trip::<KeyRecord>(data);
    round_trip::<RotationRecord>(data);
    let _ = DecodedEvent::decode(data);
    let _ = AuditRecord::decode(&audit_key(1), data);
    let _ = parse_idempotency_key(data);
    let _ = (parse_grant_key(data), parse_holder_key(data));
    let _ = (parse_owned_key(data), parse_user_key(data));
    let _ = (parse_challenge_key(data), parse_token_code_key(data));
});
