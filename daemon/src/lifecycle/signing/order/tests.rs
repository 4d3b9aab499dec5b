//! Orders as front ends send them, good and bad. Not responsible for: what tokens can sign.

use warifu_api::signing::BatchKind as WireKind;

use super::*;

const VECTORS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/txa1.json"));

fn records() -> String {
    let vectors: serde_json::Value = serde_json::from_str(VECTORS).unwrap();
    let records = vectors["batch"]["records"].as_array().unwrap();
    let records = records.iter().map(|one| hex::decode(one.as_str().unwrap()).unwrap());
    STANDARD.encode(records.collect::<Vec<_>>().concat())
}

fn batch(known: &[&str], date: &str, kind: WireKind) -> Result<BatchWanted, Failure> {
    let known: Vec<String> = known.iter().map(ToString::to_string).collect();
    BatchWanted::read(kind, date, &records(), &known)
}

fn fault(result: Result<BatchWanted, Failure>) -> &'static str {
    match result {
        Err(Failure::Field { field, .. } | Failure::Detail { field, .. }) => field,
        other => panic!("no fault of a field: {other:?}"),
    }
}

#[test]
fn dates_are_days_of_the_calendar_in_one_spelling() {
    assert!(read_date("2025-11-28").is_ok());
    assert!(read_date("2028-02-29").is_ok());
    for text in
        ["2025-2-1", "2025-02-30", "20251128", "2025/11/28", "2025-11-28 ", "２025-11-28", ""]
    {
        assert!(read_date(text).is_err(), "{text}");
    }
}

#[test]
fn a_known_payee_is_spelt_as_tokens_show_it() {
    assert!(read_known("0138-201-1-1234567").is_some());
    for text in [
        "138-201-1-1234567",
        "0138-201-1-123456",
        "0138-201-1",
        "0138-201-3-1234567",
        "0138-201-1-1234567-1",
        "",
    ] {
        assert!(read_known(text).is_none(), "{text}");
    }
}

#[test]
fn a_batch_is_signed_as_the_vector_says() {
    let wanted = batch(&[], "2025-11-28", WireKind::Transfer).unwrap();
    let Ok(Body::Batch { count, total, hash, items, .. }) = wanted.body(5) else {
        panic!("a batch")
    };
    assert_eq!((count.get(), total.get(), items.len()), (3, 2_146_000, 3));
    let expected = "4dfc3346baefd4760ace6a130420f4c9d7e8424c459b2e5966ea934acb58bf6e";
    assert_eq!(hex::encode(hash), expected);
}

#[test]
fn new_payees_are_shown_or_nothing_is_signed() {
    let known = ["0138-201-1-1234567", "0001-110-2-7654321"];
    let wanted = batch(&known, "2025-11-28", WireKind::Transfer).unwrap();
    let Ok(Body::Batch { items, .. }) = wanted.body(2) else { panic!("a batch") };
    let amounts: Vec<u64> = items.iter().map(|item| item.amount.get()).collect();
    assert_eq!(amounts, [16_000, 1_250_000], "the new payee first, then the largest");
    let unknown = batch(&[], "2025-11-28", WireKind::Transfer).unwrap();
    assert_eq!(unknown.body(2).unwrap_err(), Denial::TooManyNewPayees);
}

#[test]
fn what_is_said_of_a_batch_must_be_what_it_says() {
    assert_eq!(fault(batch(&[], "2025-11-27", WireKind::Transfer)), "operation.date");
    assert_eq!(fault(batch(&[], "2025-11-28", WireKind::Salary)), "operation.kind");
    assert_eq!(fault(batch(&["x"], "2025-11-28", WireKind::Transfer)), "operation.known_payees");
    let broken = BatchWanted::read(WireKind::Transfer, "2025-11-28", "MTIz", &[]);
    assert_eq!(fault(broken), "operation.records");
    let no_base64 = BatchWanted::read(WireKind::Transfer, "2025-11-28", "*", &[]);
    assert_eq!(fault(no_base64), "operation.records");
}
