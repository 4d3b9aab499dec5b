//! Every rule of the format, and the record, column and field that a fault names.

use warifu_core::zengin::{Fault, Field, MAX_RECORDS, NameSet, Rule, parse};

use super::file::File;

fn fault(record: usize, column: usize, field: Field, rule: Rule) -> Fault {
    Fault { record, column, field, rule }
}

fn refused(bytes: &[u8]) -> Fault {
    parse(bytes, &NameSet::default()).unwrap_err()
}

#[test]
fn every_field_is_checked_and_named() {
    for (record, column, text, field, rule) in [
        (0, 1, "22", Field::TypeCode, Rule::Code),
        (0, 2, "A", Field::TypeCode, Rule::Digits),
        (0, 3, "1", Field::CodeClass, Rule::Code),
        (0, 4, " ", Field::ClientCode, Rule::Digits),
        (0, 14, " ", Field::ClientName, Rule::Alignment),
        (0, 14, &" ".repeat(40), Field::ClientName, Rule::Blank),
        (0, 15, "a", Field::ClientName, Rule::NameCharacter),
        (0, 54, "1131", Field::Date, Rule::Day),
        (0, 54, "0000", Field::Date, Rule::Day),
        (0, 54, " 128", Field::Date, Rule::Digits),
        (0, 58, " 144", Field::Bank, Rule::Digits),
        (0, 62, "ｦ", Field::BankName, Rule::NameCharacter),
        (0, 77, "-", Field::Branch, Rule::Digits),
        (0, 80, " ", Field::BranchName, Rule::Alignment),
        (0, 95, "3", Field::AccountType, Rule::Code),
        (0, 96, "+", Field::Account, Rule::Digits),
        (1, 0, "1", Field::Kind, Rule::Order),
        (1, 0, "3", Field::Kind, Rule::Order),
        (1, 1, "ｱ", Field::Bank, Rule::Digits),
        (1, 5, "ｧ", Field::BankName, Rule::NameCharacter),
        (1, 20, "A", Field::Branch, Rule::Digits),
        (1, 23, "*", Field::BranchName, Rule::NameCharacter),
        (1, 38, " ", Field::ClearingHouse, Rule::Digits),
        (1, 42, "0", Field::AccountType, Rule::Code),
        (1, 43, " ", Field::Account, Rule::Digits),
        (1, 50, &" ".repeat(30), Field::PayeeName, Rule::Blank),
        (1, 50, "ｰ", Field::PayeeName, Rule::NameCharacter),
        (1, 80, "0000000000", Field::Amount, Rule::Zero),
        (2, 80, "-000250000", Field::Amount, Rule::Digits),
        (3, 1, "000003", Field::Count, Rule::Count),
        (3, 1, "     2", Field::Count, Rule::Digits),
        (3, 7, "000000251001", Field::Total, Rule::Total),
        (3, 0, "9", Field::Kind, Rule::Order),
    ] {
        let found = File::example().with(record, column, text).parse();
        assert_eq!(found, Err(fault(record + 1, column + 1, field, rule)), "{text}");
    }
    let blank_clearing_house = File::example().with(1, 38, "    ");
    assert!(blank_clearing_house.parse().is_ok());
}

#[test]
fn a_byte_that_is_no_half_width_character_is_refused_wherever_it_stands() {
    for (record, column, field) in [
        (0, 20, Field::ClientName),
        (0, 119, Field::Rest),
        (1, 60, Field::PayeeName),
        (1, 95, Field::Rest),
        (3, 40, Field::Rest),
    ] {
        for byte in [0x00, 0x09, 0x7F, 0x82, 0xE3, 0xFF] {
            let found = File::example().with_byte(record, column, byte).parse();
            assert_eq!(found, Err(fault(record + 1, column + 1, field, Rule::Character)));
        }
    }
}

#[test]
fn a_changed_amount_is_found_by_the_total_and_a_left_out_record_by_the_count() {
    let found = File::example().with(1, 80, "0000001001").parse();
    assert_eq!(found, Err(fault(4, 8, Field::Total, Rule::Total)));
    let mut file = File::example();
    file.records().remove(1);
    assert_eq!(file.parse(), Err(fault(3, 2, Field::Count, Rule::Count)));
    let mut file = File::example();
    let doubled = file.records()[1].clone();
    file.records().insert(1, doubled);
    assert_eq!(file.parse(), Err(fault(5, 2, Field::Count, Rule::Count)));
    assert_eq!(File::paying(&[]).parse(), Err(fault(2, 1, Field::Kind, Rule::Empty)));
}

#[test]
fn records_stand_in_their_order_and_a_file_is_one_batch() {
    let order = |record| Err(fault(record, 1, Field::Kind, Rule::Order));
    let mut file = File::example();
    file.records().remove(0);
    assert_eq!(file.parse(), order(1));
    let mut file = File::example();
    file.records().swap(0, 1);
    assert_eq!(file.parse(), order(1));
    let mut twice = File::example();
    twice.records().extend(File::example().records().clone());
    assert_eq!(twice.parse(), order(5));
    let mut ended = File::example();
    ended.push_end();
    assert!(ended.parse().is_ok());
    ended.push_end();
    assert_eq!(ended.parse(), order(6));
    let mut early = File::example();
    early.records().truncate(2);
    assert_eq!(early.parse(), Err(fault(3, 1, Field::Record, Rule::Incomplete)));
    assert_eq!(refused(b""), fault(1, 1, Field::Record, Rule::Incomplete));
}

#[test]
fn records_have_120_bytes_and_one_kind_of_separator() {
    let length = |record, column| fault(record, column, Field::Record, Rule::Length);
    let mut short = File::example();
    short.records()[1].pop();
    assert_eq!(refused(&short.joined("\r\n")), length(2, 120));
    assert_eq!(refused(&short.joined("\n")), length(2, 120));
    let mut long = File::example();
    long.records()[1].push(b' ');
    let separator = |record| fault(record, 121, Field::Separator, Rule::Separator);
    assert_eq!(refused(&long.joined("\n")), separator(2));
    let mut cut = File::example();
    cut.records()[3].truncate(90);
    assert_eq!(refused(&cut.joined("")), length(4, 91));
    let example = File::example();
    let joined = example.joined("\n");
    assert_eq!(refused(&[&joined[..], b"\r\n"].concat()), separator(4));
    assert_eq!(refused(&[&joined[..], b"\n\n"].concat()), length(5, 1));
    assert_eq!(refused(&[&joined[..], b"\r"].concat()), separator(4));
    assert_eq!(refused(&example.joined("\r")), separator(1));
    assert_eq!(refused(&example.joined(" ")).rule, Rule::Order);
}

#[test]
fn nothing_stands_behind_the_end_mark() {
    let mut bytes = File::example().joined("");
    bytes.push(0x1A);
    assert!(parse(&bytes, &NameSet::default()).is_ok());
    bytes.push(0x1A);
    assert_eq!(refused(&bytes), fault(5, 1, Field::Record, Rule::BehindEnd));
    assert_eq!(refused(b"\x1A").rule, Rule::Length);
    let mut inside = File::example().joined("");
    inside.truncate(240);
    inside.push(0x1A);
    assert_eq!(refused(&inside).rule, Rule::Incomplete);
}

#[test]
fn a_batch_has_at_most_100_000_records() {
    let most = vec![1; MAX_RECORDS - 2];
    assert_eq!(File::paying(&most).parse().unwrap().items.len(), MAX_RECORDS - 2);
    let more = vec![1; MAX_RECORDS - 1];
    let found = File::paying(&more).parse();
    assert_eq!(found, Err(fault(MAX_RECORDS + 1, 1, Field::Record, Rule::TooMany)));
}

#[test]
fn a_fault_is_told_in_both_languages() {
    let found = File::example().with(1, 80, "0000000000").parse().unwrap_err();
    assert_eq!(
        found.to_string(),
        "record 2, column 81, amount: an amount is at least 1 yen; remove the record or correct the \
         amount"
    );
    assert_eq!(
        found.ja(),
        "2レコード目 81桁目 振込金額: 金額は1円以上です。金額を修正するか、レコードを削除してください"
    );
    assert_eq!((found.field.word(), found.rule.word()), ("amount", "zero"));
    assert_eq!(found.field.to_string(), "amount");
}
