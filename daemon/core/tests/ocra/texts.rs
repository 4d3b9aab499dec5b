//! The texts of suites: what each says, and what is wrong with those that are refused.

use proptest::prelude::*;
use warifu_core::{
    oath::HashAlgorithm,
    ocra::{
        InputFault, Inputs, Part, QuestionFault, QuestionFormat, QuestionKind, Suite, SuiteFault,
    },
};

#[test]
fn a_suite_with_everything() {
    let suite = Suite::parse("OCRA-1:HOTP-SHA512-10:C-QA10-PSHA256-S064-T48H").unwrap();
    assert_eq!(suite.hash(), HashAlgorithm::Sha512);
    assert_eq!(suite.digits(), 10);
    assert!(suite.counter());
    assert_eq!(suite.question(), QuestionFormat { kind: QuestionKind::Alphanumeric, max: 10 });
    assert_eq!(suite.pin(), Some(HashAlgorithm::Sha256));
    assert_eq!(suite.session(), Some(64));
    assert_eq!(suite.step_s(), Some(48 * 3600));
    assert_eq!(suite.to_string(), suite.text());
}

#[test]
fn a_suite_with_a_question_only() {
    let suite = Suite::parse("OCRA-1:HOTP-SHA1-0:QH64").unwrap();
    assert_eq!((suite.hash(), suite.digits()), (HashAlgorithm::Sha1, 0));
    assert_eq!(suite.question(), QuestionFormat { kind: QuestionKind::Hexadecimal, max: 64 });
    assert!(!suite.counter());
    assert_eq!((suite.pin(), suite.session(), suite.step_s()), (None, None, None));
}

#[test]
fn every_fault_says_which_part() {
    for (text, fault) in [
        ("", SuiteFault::Parts),
        ("OCRA-1:HOTP-SHA1-6", SuiteFault::Parts),
        ("OCRA-1:HOTP-SHA1-6:QN08:", SuiteFault::Parts),
        ("OCRA-2:HOTP-SHA1-6:QN08", SuiteFault::Version),
        (" OCRA-1:HOTP-SHA1-6:QN08", SuiteFault::Version),
        ("OCRA-1:TOTP-SHA1-6:QN08", SuiteFault::Function),
        ("OCRA-1:HOTP-SHA1:QN08", SuiteFault::Function),
        ("OCRA-1:HOTP-SHA384-6:QN08", SuiteFault::Hash),
        ("OCRA-1:HOTP-SHA1-3:QN08", SuiteFault::Digits),
        ("OCRA-1:HOTP-SHA1-11:QN08", SuiteFault::Digits),
        ("OCRA-1:HOTP-SHA1-06:QN08", SuiteFault::Digits),
        ("OCRA-1:HOTP-SHA1-+6:QN08", SuiteFault::Digits),
        ("OCRA-1:HOTP-SHA1-:QN08", SuiteFault::Digits),
        ("OCRA-1:HOTP-SHA1-6-1:QN08", SuiteFault::Digits),
        ("OCRA-1:HOTP-SHA1-6:", SuiteFault::Question),
        ("OCRA-1:HOTP-SHA1-6:C", SuiteFault::Question),
        ("OCRA-1:HOTP-SHA1-6:Q", SuiteFault::Question),
        ("OCRA-1:HOTP-SHA1-6:QN", SuiteFault::Question),
        ("OCRA-1:HOTP-SHA1-6:QX08", SuiteFault::Question),
        ("OCRA-1:HOTP-SHA1-6:QN03", SuiteFault::Question),
        ("OCRA-1:HOTP-SHA1-6:QN65", SuiteFault::Question),
        ("OCRA-1:HOTP-SHA1-6:QN008", SuiteFault::Question),
        ("OCRA-1:HOTP-SHA1-6:QN+8", SuiteFault::Question),
        ("OCRA-1:HOTP-SHA1-6:Qあ", SuiteFault::Question),
        ("OCRA-1:HOTP-SHA1-6:T1M-QN08", SuiteFault::Question),
        ("OCRA-1:HOTP-SHA1-6:QN08-P", SuiteFault::Pin),
        ("OCRA-1:HOTP-SHA1-6:QN08-PSHA2", SuiteFault::Pin),
        ("OCRA-1:HOTP-SHA1-6:QN08-S", SuiteFault::Session),
        ("OCRA-1:HOTP-SHA1-6:QN08-S64", SuiteFault::Session),
        ("OCRA-1:HOTP-SHA1-6:QN08-S000", SuiteFault::Session),
        ("OCRA-1:HOTP-SHA1-6:QN08-S513", SuiteFault::Session),
        ("OCRA-1:HOTP-SHA1-6:QN08-T", SuiteFault::Time),
        ("OCRA-1:HOTP-SHA1-6:QN08-T0M", SuiteFault::Time),
        ("OCRA-1:HOTP-SHA1-6:QN08-T01M", SuiteFault::Time),
        ("OCRA-1:HOTP-SHA1-6:QN08-T60S", SuiteFault::Time),
        ("OCRA-1:HOTP-SHA1-6:QN08-T60M", SuiteFault::Time),
        ("OCRA-1:HOTP-SHA1-6:QN08-T49H", SuiteFault::Time),
        ("OCRA-1:HOTP-SHA1-6:QN08-T1H30M", SuiteFault::Time),
        ("OCRA-1:HOTP-SHA1-6:QN08-T1D", SuiteFault::Time),
        ("OCRA-1:HOTP-SHA1-6:QN08-C", SuiteFault::Order),
        ("OCRA-1:HOTP-SHA1-6:QN08-QN08", SuiteFault::Order),
        ("OCRA-1:HOTP-SHA1-6:QN08-T1M-T1M", SuiteFault::Order),
        ("OCRA-1:HOTP-SHA1-6:QN08-T1M-PSHA1", SuiteFault::Order),
        ("OCRA-1:HOTP-SHA1-6:QN08-S064-PSHA1", SuiteFault::Order),
        ("OCRA-1:HOTP-SHA1-6:QN08-", SuiteFault::Order),
        ("OCRA-1:HOTP-SHA1-6:QN08 ", SuiteFault::Question),
    ] {
        assert_eq!(Suite::parse(text), Err(fault), "{text}");
    }
}

#[test]
fn inputs_that_the_suite_has_not_are_refused_and_so_are_missing_ones() {
    let plain = Suite::parse("OCRA-1:HOTP-SHA1-6:QN08").unwrap();
    let full = Suite::parse("OCRA-1:HOTP-SHA1-6:C-QN08-PSHA1-S001-T1M").unwrap();
    let all = Inputs {
        counter: Some(1),
        question: "1".into(),
        pin_hash: Some(&[0; 20]),
        session: Some(&[0]),
        time_steps: Some(1),
    };
    let none = Inputs::of("1");
    assert!(full.data_input(&all).is_ok() && plain.data_input(&none).is_ok());
    for (part, without, with) in [
        (Part::Counter, Inputs { counter: None, ..all }, Inputs { counter: Some(0), ..none }),
        (Part::Pin, Inputs { pin_hash: None, ..all }, Inputs { pin_hash: Some(&[]), ..none }),
        (Part::Session, Inputs { session: None, ..all }, Inputs { session: Some(&[]), ..none }),
        (Part::Time, Inputs { time_steps: None, ..all }, Inputs { time_steps: Some(0), ..none }),
    ] {
        assert_eq!(full.data_input(&without), Err(InputFault::Missing(part)));
        assert_eq!(plain.data_input(&with), Err(InputFault::Unexpected(part)));
    }
    for length in [0, 19, 21, 32] {
        let hash = vec![0; length];
        let inputs = Inputs { pin_hash: Some(&hash), ..all };
        assert_eq!(full.data_input(&inputs), Err(InputFault::Length(Part::Pin)));
    }
}

#[test]
fn questions_have_their_characters_and_their_length() {
    let length = Err(QuestionFault::Length);
    let character = Err(QuestionFault::Character);
    for (part, question, outcome) in [
        ("QN08", "", length),
        ("QN08", "123456789", length),
        ("QN08", "1234567a", character),
        ("QN08", "-1234567", character),
        ("QN08", "１２３４", character),
        ("QN08", "12345678", Ok(())),
        ("QA08", "", length),
        ("QA08", "ABCDEFGHI", length),
        ("QA08", "AB CD", character),
        ("QA08", "AB\0", character),
        ("QA08", "é", character),
        ("QA08", "aZ09", Ok(())),
        ("QH08", "", length),
        ("QH08", "0123456789", length),
        ("QH08", "0x12", character),
        ("QH08", "fF09", Ok(())),
    ] {
        let suite = Suite::parse(&format!("OCRA-1:HOTP-SHA1-6:{part}")).unwrap();
        let field = suite.question().field(question.into());
        assert_eq!(field.map(|_| ()), outcome, "{part} {question}");
    }
}

proptest! {
    /// Whatever is read is what was written, and the parts say the same as the text.
    #[test]
    fn a_suite_that_is_read_is_its_text(text in "OCRA-1:HOTP-SHA(1|256|512)-(0|[4-9]|10):(C-)?Q[ANH](0[4-9]|[1-5][0-9]|6[0-4])(-PSHA(1|256|512))?(-S(064|128|256|512))?(-T([1-9]|[1-4][0-9]|5[0-9])[SM])?") {
        let suite = Suite::parse(&text).unwrap();
        prop_assert_eq!(suite.text(), &text);
        prop_assert_eq!(suite.counter(), text.contains(":C-"));
        prop_assert_eq!(suite.pin().is_some(), text.contains("-PSHA"));
        prop_assert_eq!(suite.step_s().is_some(), text.contains("-T"));
        let kind = match suite.question().kind {
            QuestionKind::Alphanumeric => 'A',
            QuestionKind::Decimal => 'N',
            QuestionKind::Hexadecimal => 'H',
        };
        let question = format!("Q{kind}{:02}", suite.question().max);
        prop_assert!(text.contains(&question));
    }

    /// No text makes the parser panic, and it reads nothing that it would not write.
    #[test]
    fn any_text_is_read_or_refused(text in "(OCRA-1:HOTP-SHA1-6:)?[ -~]{0,40}") {
        if let Ok(suite) = Suite::parse(&text) {
            prop_assert_eq!(suite.text(), text);
        }
    }
}
