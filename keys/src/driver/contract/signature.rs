//! Contract: signatures. A code is right for what the device showed, for one message, and for one
//! activation of one token.
//!
//! Not responsible for: how long a message holds, and how often it may be answered.

use std::collections::HashSet;

use super::{
    Maker,
    bench::{Bench, Done, shown, transfer},
    changed, of_another_length,
};
use crate::driver::{Driver, DriverError};

/// So many messages in a row are looked at.
const MESSAGES: usize = 1_000;

pub(super) async fn run(maker: &impl Maker) {
    let driver = maker.driver();
    let (mut bench, done) = Bench::active(maker).await;
    what_is_shown_is_signed(&*driver, &mut bench, &done).await;
    other_codes(&*driver, maker, &mut bench, &done).await;
    no_message_comes_twice(&*driver, &mut bench, &done).await;
    old_messages_are_dead(&*driver, &mut bench, &done).await;
}

async fn what_is_shown_is_signed(driver: &dyn Driver, bench: &mut Bench, done: &Done) {
    let (made, shown) = bench.sign(driver, done, &transfer(1_250_000)).await;
    let seen = shown.lines.concat().replace(',', "");
    for field in ["1250000", "7654321", "0138", "201"] {
        assert!(seen.contains(field), "{field} is shown: {seen}");
    }
    let active = (&done.active, done.number);
    let found = bench.check(driver, active, &made, &shown.code).await;
    assert_eq!(found.expect("the HSM is there"), Some(0), "the device's own code");
    let (other, _) = bench.sign(driver, done, &transfer(1_250_001)).await;
    assert_ne!(made.question, other.question, "another amount is another question");
    assert_ne!(made.content, other.content);
    let found = bench.check(driver, active, &other, &shown.code).await;
    assert_eq!(found.expect("the HSM is there"), None, "a changed amount");
}

async fn other_codes(driver: &dyn Driver, maker: &impl Maker, bench: &mut Bench, done: &Done) {
    let body = transfer(5_000);
    let (made, shown) = bench.sign(driver, done, &body).await;
    let (again, second) = bench.sign(driver, done, &body).await;
    assert_ne!(made.question, again.question, "the same transfer is another message");
    let (mut other, others) = Bench::active(maker).await;
    let (_, foreign) = other.sign(driver, &others, &body).await;
    let active = (&done.active, done.number);
    let close = (0..usize::from(shown.code.len())).map(|at| changed(&shown.code, at));
    let wrong = [second.code, foreign.code, done.confirmation.clone()];
    for code in close.chain(wrong) {
        let found = bench.check(driver, active, &made, &code).await;
        assert_eq!(found.expect("the HSM is there"), None, "one digit, message or token");
    }
    let denied = bench.check(driver, active, &made, &of_another_length(&shown.code)).await;
    assert!(matches!(denied, Err(DriverError::Denied(_))), "another length: {denied:?}");
}

/// Nonces name challenges, and a key must never seal two messages under one.
async fn no_message_comes_twice(driver: &dyn Driver, bench: &mut Bench, done: &Done) {
    let (mut nonces, mut messages) = (HashSet::new(), HashSet::new());
    for _ in 0..MESSAGES {
        let made = bench.ask(driver, &done.active, done.number, &transfer(1)).await;
        let message = made.expect("a message").message;
        assert!(nonces.insert(message.nonce), "a nonce came twice");
        assert!(messages.insert(message.bytes), "a message came twice");
    }
    let first = bench.first(driver).await;
    assert!(!nonces.contains(&first.id), "a nonce came twice");
}

/// A new activation makes an end of all that was made for the one before, on both sides.
async fn old_messages_are_dead(driver: &dyn Driver, bench: &mut Bench, done: &Done) {
    let made = bench.ask(driver, &done.active, done.number, &transfer(7)).await;
    let old = made.expect("a message");
    let text = shown(driver, &old.message.bytes);
    let signed = bench.device().sign(&text).expect("its message");
    let next = bench.activate(driver, done.number + 1).await;
    assert!(bench.device().sign(&text).is_none(), "a message of another activation");
    let (made, fresh) = bench.sign(driver, &next, &transfer(7)).await;
    let active = (&next.active, next.number);
    let found = bench.check(driver, active, &made, &fresh.code).await;
    assert_eq!(found.expect("the HSM is there"), Some(0), "the device's own code");
    let found = bench.check(driver, active, &made, &signed.code).await;
    assert_eq!(found.expect("the HSM is there"), None, "a code of another activation");
}
