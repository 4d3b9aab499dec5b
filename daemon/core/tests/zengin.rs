//! Zengin batches: the vector, every rule with its place, and that how a file arrives makes no
//! difference.

#![expect(clippy::unwrap_used, reason = "constants of this test; a bad one fails it")]

#[path = "zengin/faults.rs"]
mod faults;
#[path = "zengin/file.rs"]
mod file;
#[path = "zengin/showing.rs"]
mod showing;

use std::collections::HashSet;

use jiff::civil::date;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use warifu_core::{
    kana,
    zengin::{AccountType, BatchKind, Intake, Item, MonthDay, NameSet, PayeeId, parse, selection},
};

use self::file::{File, hex};

fn vector() -> serde_json::Value {
    serde_json::from_str(include_str!("../../../tests/vectors/zengin.json")).unwrap()
}

#[test]
fn the_vector_is_read_hashed_and_shown() {
    let vector = vector();
    let records = File::of_vector(&vector);
    let batch = records.parse().unwrap();
    let hash = Sha256::new().chain_update(b"TXA1-BATCH\0").chain_update(&batch.signed).finalize();
    assert_eq!(hex(&hash), vector["hash"].as_str().unwrap());
    assert_eq!((batch.kind, batch.type_code), (BatchKind::Transfer, 21));
    assert_eq!(batch.client_code, "1234567890");
    assert_eq!(batch.payer.name, "ﾐﾎﾝｼﾖｳｼﾞ(ｶ");
    assert_eq!((batch.payer.bank, batch.payer.bank_name.as_str()), (144, "ﾎｸﾘｸ"));
    assert_eq!((batch.payer.branch, batch.payer.branch_name.as_str()), (11, "ﾎﾝﾃﾝ"));
    assert_eq!((batch.payer.account_type, batch.payer.account), (AccountType::Ordinary, 12_345));
    assert_eq!(batch.date, MonthDay::new(11, 28).unwrap());
    assert_eq!((batch.count, batch.total), (3, 2_146_000));
    let everybody: HashSet<PayeeId> = batch.items.iter().map(Item::payee).collect();
    for known in [everybody, HashSet::new()] {
        let shown = selection(&batch.items, &known, 3).unwrap();
        let fields: Vec<_> =
            shown.iter().map(|&index| display_field(&batch.items[index])).collect();
        assert_eq!(serde_json::json!(fields), vector["items"]);
    }
}

/// Payee in 9 bytes of decimal digits, amount in 5 bytes, name: the field of the camera token's message.
fn display_field(item: &Item) -> String {
    let payee = item.payee().to_string();
    let digits: String = payee.chars().filter(char::is_ascii_digit).collect();
    let (bank, rest) = digits.split_at(4);
    let (branch, rest) = rest.split_at(3);
    let (kind, account) = rest.split_at(1);
    let name = kana::to_jis(&item.name).unwrap();
    format!("{bank}0{branch}0{kind}0{account}{:010x}{}", item.amount, hex(&name))
}

#[test]
fn salaries_and_bonuses_of_private_and_public_employers() {
    for (code, kind) in [
        ("21", BatchKind::Transfer),
        ("11", BatchKind::Salary),
        ("71", BatchKind::Salary),
        ("12", BatchKind::Bonus),
        ("72", BatchKind::Bonus),
    ] {
        let batch = File::example().with(0, 1, code).parse().unwrap();
        assert_eq!((batch.kind, batch.type_code.to_string().as_str()), (kind, code));
    }
}

#[test]
fn records_may_be_separated_and_the_end_record_and_the_end_mark_may_be_missing() {
    let plain = File::example().parse().unwrap();
    for separator in ["", "\r\n", "\n"] {
        for end_record in [true, false] {
            for last in [true, false] {
                for mark in ["", "\x1A"] {
                    let mut file = File::example();
                    if end_record {
                        file.push_end();
                    }
                    let mut bytes = file.joined(separator);
                    if last {
                        bytes.extend_from_slice(separator.as_bytes());
                    }
                    bytes.extend_from_slice(mark.as_bytes());
                    let batch = parse(&bytes, &NameSet::default());
                    assert_eq!(batch.as_ref(), Ok(&plain), "{separator:?} {end_record} {last}");
                }
            }
        }
    }
    assert_eq!(plain.signed, File::example().joined(""));
}

#[test]
fn a_bank_may_take_other_characters_in_names() {
    let name = "ｦｧｰ          ";
    let file = File::example().with(1, 50, name);
    assert!(file.parse().is_err());
    let names = NameSet::of("ABCDEFGHIJKLMNOPQRSTUVWXYZｱｲｳｦｧｰ()").unwrap();
    let file = File::example().with(0, 14, &" ".repeat(40)).with(0, 14, "A").with(1, 50, name);
    let file = file.with(2, 50, &" ".repeat(30)).with(2, 50, "ｱ");
    let file = file.without_bank_names();
    let batch = parse(&file.joined(""), &names).unwrap();
    assert_eq!(batch.items[0].name, "ｦｧｰ");
    assert!(NameSet::of("あ").is_err());
    assert!(format!("{:?}", NameSet::default()).contains("ｱｲｳ"));
}

#[test]
fn the_year_is_the_next_that_has_the_day() {
    let today = date(2025, 11, 25);
    let next = |month, day| MonthDay::new(month, day).unwrap().next_from(today);
    assert_eq!(next(11, 28), Some(date(2025, 11, 28)));
    assert_eq!(next(11, 25), Some(today));
    assert_eq!(next(11, 24), Some(date(2026, 11, 24)));
    assert_eq!(next(1, 5), Some(date(2026, 1, 5)));
    assert_eq!(next(2, 29), None);
    let leap = MonthDay::new(2, 29).unwrap();
    assert_eq!(leap.next_from(date(2027, 12, 1)), Some(date(2028, 2, 29)));
    assert_eq!((leap.month(), leap.day()), (2, 29));
    for (month, day) in [(0, 1), (13, 1), (1, 0), (1, 32), (2, 30), (4, 31)] {
        assert_eq!(MonthDay::new(month, day), None, "{month} {day}");
    }
}

proptest! {
    /// In one piece, in drops, in any pieces: the same batch or the same fault.
    #[test]
    fn how_a_file_arrives_makes_no_difference(
        separator in prop_oneof![Just(""), Just("\r\n"), Just("\n")],
        spoiled in prop::option::of((0..400_usize, any::<u8>())),
        cuts in prop::collection::vec(1..300_usize, 0..30),
    ) {
        let mut bytes = File::example().joined(separator);
        if let Some((place, byte)) = spoiled && let Some(slot) = bytes.get_mut(place) {
            *slot = byte;
        }
        let names = NameSet::default();
        let whole = parse(&bytes, &names);
        let mut intake = Intake::new(&names);
        let mut rest = bytes.as_slice();
        for cut in cuts.into_iter().chain(std::iter::repeat(1)) {
            if rest.is_empty() {
                break;
            }
            let (piece, later) = rest.split_at(cut.min(rest.len()));
            rest = later;
            let fed = intake.feed(piece);
            if fed.is_err() {
                prop_assert_eq!(intake.feed(b""), fed);
            }
        }
        prop_assert_eq!(intake.finish(), whole);
    }

    /// What was read is what is signed: the amounts are the digits of the signed bytes.
    #[test]
    fn amounts_add_up_whatever_they_are(amounts in prop::collection::vec(1..=9_999_999_999_u64, 1..40)) {
        let file = File::paying(&amounts);
        let batch = file.parse().unwrap();
        prop_assert_eq!(batch.total, amounts.iter().sum::<u64>());
        prop_assert_eq!(batch.items.iter().map(|item| item.amount).collect::<Vec<_>>(), amounts);
        prop_assert_eq!(batch.signed, file.joined(""));
    }
}
