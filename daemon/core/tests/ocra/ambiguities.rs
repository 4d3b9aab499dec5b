//! The nine places where readers of RFC 6287 can disagree, by number:
//! 1 padding of decimal questions, 2 their collisions, 3 odd hexadecimal, 4 mutual decimal, 5 mutual
//! lengths, 6 padding of sessions, 7 the counter, 8 no truncation, 9 forms outside the table.

use warifu_core::ocra::{
    InputFault, Inputs, Part, Question, QuestionFault, Suite, SuiteFault, SuiteWarning,
};

use super::vector::{Vector, hex};

const QN08: &str = "OCRA-1:HOTP-SHA1-6:QN08";

fn suite(text: &str) -> Suite {
    Suite::parse(text).unwrap()
}

fn field(suite_text: &str, question: Question<'_>) -> Result<String, QuestionFault> {
    let field = suite(suite_text).question().field(question)?;
    assert_eq!(field.len(), 128);
    Ok(hex(&field).trim_end_matches('0').to_owned())
}

#[test]
fn ambiguity_1_the_hexadecimal_text_of_a_decimal_question_is_filled_on_the_right() {
    assert_eq!(field(QN08, "22222222".into()).unwrap(), "153158e");
    assert_eq!(field(QN08, "00000000".into()).unwrap(), "");
    let largest = "9".repeat(64);
    let wide = field("OCRA-1:HOTP-SHA256-8:QN64", largest.as_str().into()).unwrap();
    assert_eq!(
        wide,
        "184f03e93ff9f4daa797ed6e38ed64bf6a1f00ffffffffffffffff".trim_end_matches('0')
    );
}

#[test]
fn ambiguity_2_decimal_questions_collide_and_are_warned_about() {
    let fields = ["1", "00000001", "16", "00000016", "256"].map(|q| field(QN08, q.into()).unwrap());
    assert!(fields.iter().all(|field| field == "1"), "{fields:?}");
    let suite = suite(QN08);
    assert!(suite.advice().contains(&SuiteWarning::Collides));
    for question in ["1", "00000001", "00001000", "00016000", "1234567"] {
        assert!(!suite.question().is_unambiguous(question), "{question}");
    }
    for question in ["10000000", "16777216", "99999999"] {
        assert!(suite.question().is_unambiguous(question), "{question}");
    }
}

#[test]
fn ambiguity_3_an_odd_number_of_hexadecimal_digits_is_refused() {
    let qh = "OCRA-1:HOTP-SHA256-8:QH08";
    assert_eq!(field(qh, "ABC".into()), Err(QuestionFault::OddHex));
    assert_eq!(field(qh, "ABC0".into()), field(qh, "abc0".into()));
    assert_ne!(field(qh, "ABC0".into()), field(qh, "0ABC".into()));
    let format = suite(qh).question();
    assert_eq!(format.field("AB".into()), format.field("AB00".into()));
    assert!(!format.is_unambiguous("AB00") && format.is_unambiguous("0000AB00"));
}

#[test]
fn ambiguity_4_mutual_authentication_with_decimal_questions_is_refused() {
    let question = Question::Mutual("12345678", "87654321");
    assert_eq!(field(QN08, question), Err(QuestionFault::MutualDecimal));
    assert!(suite(QN08).advice().contains(&SuiteWarning::MutualRefused));
}

#[test]
fn ambiguity_5_mutual_questions_have_exactly_their_length() {
    let qa = "OCRA-1:HOTP-SHA256-8:QA08";
    for question in [
        Question::Mutual("A", "BC"),
        Question::Mutual("AB", "C"),
        Question::Mutual("CLI22220", "SRV1111"),
        Question::Mutual("CLI2222", "SRV11110"),
    ] {
        assert_eq!(field(qa, question), Err(QuestionFault::MutualLength), "{question:?}");
    }
    assert!(field(qa, Question::Mutual("CLI22220", "SRV11110")).is_ok());
    let qh = "OCRA-1:HOTP-SHA256-8:QH08";
    assert_eq!(field(qh, Question::Mutual("0123ABCD", "FFFF0001")).unwrap(), "0123abcdffff0001");
    assert_eq!(field(qh, Question::Mutual("0123AB", "FFFF0001")), Err(QuestionFault::MutualLength));
    let odd = "OCRA-1:HOTP-SHA256-8:QH07";
    assert_eq!(field(odd, Question::Mutual("0123ABC", "FFFF000")), Err(QuestionFault::OddHex));
}

#[test]
fn ambiguity_6_a_session_has_exactly_its_length() {
    let suite = suite("OCRA-1:HOTP-SHA256-8:QN08-S064");
    let with = |session: Option<&[u8]>| {
        let inputs = Inputs { session, ..Inputs::of("12345678") };
        suite.data_input(&inputs)
    };
    for length in [0, 1, 63, 65, 128] {
        let session = vec![7; length];
        assert_eq!(with(Some(&session)), Err(InputFault::Length(Part::Session)), "{length}");
    }
    assert_eq!(with(None), Err(InputFault::Missing(Part::Session)));
    let data = with(Some(&[7; 64])).unwrap();
    assert!(data.ends_with(&[7; 64]));
    assert!(suite.advice().contains(&SuiteWarning::Session));
}

#[test]
fn ambiguity_7_the_counter_is_a_number_of_eight_bytes() {
    let suite = suite("OCRA-1:HOTP-SHA256-8:C-QN08");
    for (counter, bytes) in [(10, [0, 0, 0, 0, 0, 0, 0, 10]), (u64::MAX, [0xFF; 8])] {
        let inputs = Inputs { counter: Some(counter), ..Inputs::of("12345678") };
        let data = suite.data_input(&inputs).unwrap();
        assert_eq!(data[suite.text().len() + 1..][..8], bytes);
    }
    let inputs = Inputs { counter: Some(0), ..Inputs::of("12345678") };
    assert!(suite.data_input(&inputs).is_ok(), "counter 0 is a counter");
    assert_eq!(
        suite.data_input(&Inputs::of("12345678")),
        Err(InputFault::Missing(Part::Counter)),
        "and no counter is none"
    );
}

#[test]
fn ambiguity_8_no_truncation_gives_the_whole_mac() {
    let vector =
        Vector::read("derived").into_iter().find(|vector| vector.suite().digits() == 0).unwrap();
    assert_eq!(vector.text("code"), vector.text("mac"));
    vector.assert_computes();
    assert!(vector.suite().advice().contains(&SuiteWarning::WholeMac));
    // Ten digits hold no more than 31 bits.
    let ten = suite("OCRA-1:HOTP-SHA256-10:QN08");
    assert_eq!(ten.response(&[0xFF; 32]).unwrap().expose(), "2147483647");
    assert!(ten.advice().contains(&SuiteWarning::TenDigits));
}

#[test]
fn ambiguity_9_forms_outside_the_table_are_refused() {
    for (text, fault) in [
        ("OCRA-1:HOTP-SHA256-8:QH8", SuiteFault::Question),
        ("OCRA-1:HOTP-SHA256-8:QN08-T0H", SuiteFault::Time),
        ("OCRA-1:HOTP-SHA256-8:qn08", SuiteFault::Question),
        ("OCRA-1:HOTP-sha256-8:QN08", SuiteFault::Hash),
        ("ocra-1:HOTP-SHA256-8:QN08", SuiteFault::Version),
        ("OCRA-1:hotp-SHA256-8:QN08", SuiteFault::Function),
    ] {
        assert_eq!(Suite::parse(text), Err(fault), "{text}");
    }
}
