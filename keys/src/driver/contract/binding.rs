//! Contract: what is kept of a token is its own. Whoever can write to the store can exchange keys,
//! material and tags; that must end in an error, never in a verdict or a message.
//!
//! Not responsible for: detecting a record that is older than it should be (the audit chain).

use warifu_core::camera::Active;

use super::{
    Maker,
    bench::{Bench, Done, shown, transfer},
};
use crate::driver::{ChallengeMessage, Driver, DriverError, Question};

pub(super) async fn run(maker: &impl Maker) {
    let driver = maker.driver();
    let (mut bench, done) = Bench::active(maker).await;
    let (other, others) = Bench::active(maker).await;
    exchanged_state(&*driver, &mut bench, &done, &others).await;
    exchanged_contents(&*driver, &mut bench, &done).await;
    exchanged_keys(&*driver, &mut bench, &other, &done).await;
    wrong_questions(&*driver, &bench, &done).await;
}

async fn exchanged_state(driver: &dyn Driver, bench: &mut Bench, done: &Done, others: &Done) {
    let body = transfer(1_000);
    let (made, shown) = bench.sign(driver, done, &body).await;
    let (own, other) = (&done.active, &others.active);
    let mut turned = own.clone();
    turned.tag[0] ^= 1;
    let cases = [
        (other.clone(), done.number, "another token's state"),
        (Active { material: other.material.clone(), ..own.clone() }, done.number, "material"),
        (Active { tag: other.tag, ..own.clone() }, done.number, "tag"),
        (turned, done.number, "a changed tag"),
        (own.clone(), done.number + 1, "another activation's number"),
    ];
    for (active, number, case) in cases {
        let found = bench.check(driver, (&active, number), &made, &shown.code).await;
        let refused = matches!(found, Err(DriverError::Hsm(_) | DriverError::Damaged));
        assert!(refused, "{case}: {found:?}");
        let made = bench.ask(driver, &active, number, &body).await.map(drop);
        let refused = matches!(made, Err(DriverError::Hsm(_) | DriverError::Damaged));
        assert!(refused, "{case}: {made:?}");
    }
    let short = super::bench::active(vec![1; 3], own.tag);
    let found = bench.check(driver, (&short, done.number), &made, &shown.code).await;
    assert!(found.is_err(), "no driver wrote this: {found:?}");
}

/// What was asked lies in the store until it is carried out.
async fn exchanged_contents(driver: &dyn Driver, bench: &mut Bench, done: &Done) {
    let (made, shown) = bench.sign(driver, done, &transfer(1_000)).await;
    let other = bench.ask(driver, &done.active, done.number, &transfer(9_000_000)).await;
    let other = other.expect("a message");
    let cases = [
        (ChallengeMessage { content: other.content.clone(), ..made.clone() }, "content"),
        (ChallengeMessage { message: other.message.clone(), ..made.clone() }, "message"),
        (
            ChallengeMessage { question: made.question.clone(), ..other.clone() },
            "all but the question",
        ),
    ];
    for (changed, case) in cases {
        let state = (&done.active, done.number);
        let found = bench.check(driver, state, &changed, &shown.code).await;
        assert!(found.is_err(), "no verdict over another {case}: {found:?}");
    }
    let found = bench.check(driver, (&done.active, done.number), &made, &shown.code).await;
    assert!(matches!(found, Ok(Some(_))), "as it was signed: {found:?}");
}

async fn exchanged_keys(driver: &dyn Driver, bench: &mut Bench, other: &Bench, done: &Done) {
    let (made, signed) = bench.sign(driver, done, &transfer(1_000)).await;
    let question = Question::Signature {
        question: &made.question,
        message: &made.message.bytes,
        content: &made.content,
        active: &done.active,
        activation: done.number,
    };
    let keys = bench.token.keys_of(&other.token);
    let found = driver.check_code(keys, question, &signed.code).await;
    assert!(matches!(found, Err(DriverError::Hsm(_))), "no verdict: {found:?}");
    let question = Question::Confirmation(&done.session);
    let found = driver.check_code(keys, question, &done.confirmation).await;
    assert!(matches!(found, Err(DriverError::Hsm(_))), "no verdict: {found:?}");
    let first = bench.first(driver).await;
    let typed = bench.device().begin(&shown(driver, &first.message)).expect("its message");
    let keys = bench.token.keys_of(&other.token);
    let found = driver.check_device_code(keys, &first, &typed).await;
    assert!(matches!(found, Err(DriverError::Hsm(_))), "no verdict: {found:?}");
}

/// One-time passwords and typed questions are not put to such a token.
pub(super) async fn wrong_questions(driver: &dyn Driver, bench: &Bench, done: &Done) {
    let suite = warifu_core::ocra::Suite::parse("OCRA-1:HOTP-SHA256-8:QN08");
    let suite = suite.expect("a suite of RFC 6287");
    let digits = warifu_core::oath::Digits::new(8).expect("8 is allowed");
    let questions = [
        Question::Factors { digits, factors: &[0] },
        Question::Inputs { suite: &suite, inputs: &[] },
    ];
    for question in questions {
        let found = driver.check_code(bench.token.keys(), question, &done.confirmation).await;
        assert!(matches!(found, Err(DriverError::Denied(_))), "{question:?}: {found:?}");
    }
}
