//! No two distinct inputs of our own suites share a question field, and thus a data input or a code.

use std::collections::HashSet;

use proptest::prelude::*;
use warifu_core::ocra::{
    Inputs,
    keypad::{Account, Amount, Asked, Challenge, KeypadUse, LoginChallenge},
};

/// Anything that our builders accept, with many small numbers and many factors of 16.
fn asked() -> impl Strategy<Value = Asked> {
    let account = sixteens(0, 9_999_999).prop_map(|n| Account::parse(&format!("{n:07}")).unwrap());
    let amount = sixteens(1, Amount::MAX).prop_map(|n| Amount::new(n).unwrap());
    let short = sixteens(0, 999_999).prop_map(|n| Challenge::parse(&format!("{n:06}")).unwrap());
    let login = sixteens(10_000_000, 99_999_999)
        .prop_map(|n| LoginChallenge::parse(&n.to_string()).unwrap());
    prop_oneof![
        login.prop_map(Asked::Login),
        account.clone().prop_map(Asked::Account),
        (account.clone(), amount.clone()).prop_map(|(to, yen)| Asked::AccountAmount(to, yen)),
        (short, account, amount)
            .prop_map(|(challenge, to, yen)| Asked::ChallengeAccountAmount(challenge, to, yen)),
    ]
}

fn sixteens(least: u64, most: u64) -> impl Strategy<Value = u64> + Clone {
    let power = (1..1000_u64, 0..8_u32).prop_map(|(n, power)| n * 16_u64.pow(power));
    let power = power.prop_map(move |n| n.clamp(least, most));
    prop_oneof![least..=most, power]
}

/// Every number whose hexadecimal text fills the field like this: the one without zeros at its end,
/// times 16 as often as it fits.
fn numbers_with(field: &[u8]) -> Vec<u128> {
    let nibbles = field.iter().flat_map(|byte| [byte >> 4, byte & 0x0F]);
    let nibbles: Vec<u8> = nibbles.collect();
    let length = nibbles.iter().rposition(|&nibble| nibble != 0).map_or(0, |last| last + 1);
    let stripped = nibbles[..length].iter().fold(0, |n: u128, nibble| n * 16 + u128::from(*nibble));
    std::iter::successors(Some(stripped), |n| n.checked_mul(16)).take(100).collect()
}

/// Whether the builders could have made this question.
fn could_be_asked(one: KeypadUse, question: &str) -> bool {
    if question.len() != usize::from(one.suite().question().max) {
        return false;
    }
    match one {
        KeypadUse::Login => LoginChallenge::parse(question).is_ok(),
        _ => question.starts_with('1'),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// The field can be read backwards: exactly one question that we ask fills it.
    #[test]
    fn exactly_one_question_of_ours_fills_a_field(asked in asked()) {
        let one = asked.keypad_use();
        let question = asked.question();
        prop_assert!(one.suite().question().is_unambiguous(&question));
        let field = one.suite().question().field(question.as_str().into()).unwrap();
        let numbers = numbers_with(&field).into_iter().map(|number| number.to_string());
        let possible: Vec<_> = numbers.filter(|number| could_be_asked(one, number)).collect();
        prop_assert_eq!(possible, [question]);
    }

    /// And a question can be read backwards: it is made of exactly one set of typed values.
    #[test]
    fn distinct_inputs_have_distinct_data(several in prop::collection::vec(asked(), 2..40)) {
        let typed: HashSet<Asked> = several.iter().copied().collect();
        let data: HashSet<Vec<u8>> = typed.iter().map(|asked| data_input(*asked)).collect();
        prop_assert_eq!(data.len(), typed.len());
    }

    /// Questions of the camera's suite are digests: distinct ones never share a field.
    #[test]
    fn digests_have_fields_of_their_own(a in "[0-9a-f]{64}", b in "[0-9a-f]{64}") {
        let suite = warifu_core::ocra::Suite::parse("OCRA-1:HOTP-SHA256-8:QH64").unwrap();
        let field = |text: &str| suite.question().field(text.into()).unwrap();
        prop_assert_eq!(a == b, field(&a) == field(&b));
        prop_assert!(suite.question().is_unambiguous(&a));
    }
}

fn data_input(asked: Asked) -> Vec<u8> {
    let one = asked.keypad_use();
    let question = asked.question();
    let time_steps = one.suite().step_s().map(|_| 29_400_000);
    one.suite().data_input(&Inputs { time_steps, ..Inputs::of(question.as_str()) }).unwrap()
}
