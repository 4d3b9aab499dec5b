//! Contract: without the HSM nothing is decided. A right code is not wrong then, and what is denied
//! anyway is denied without asking the HSM.
//!
//! Not responsible for: how an HSM is lost, and what becomes of requests meanwhile.

use super::{
    Device, Maker, Token, activation,
    bench::{Bench, transfer},
    binding,
    codes::{self, Sheet},
};
use crate::driver::{DriverError, Question};

/// The last case: `token` is the only one that is still needed.
pub(super) async fn run(maker: &impl Maker, token: Token) {
    if matches!(token.device, Device::Camera(_)) {
        messages(maker).await;
    } else {
        answers(maker, token).await;
    }
}

async fn answers(maker: &impl Maker, mut token: Token) {
    let driver = maker.driver();
    let sheet = Sheet::of(&mut token).expect("a token that shows codes");
    maker.lose_hsm().await;
    let found = driver.check_code(token.keys(), sheet.question(), &sheet.codes[0]).await;
    assert!(matches!(found, Err(DriverError::Hsm(_))), "nothing is decided: {found:?}");
    codes::wrong_kinds(&*driver, &token, &sheet).await;
}

async fn messages(maker: &impl Maker) {
    let driver = maker.driver();
    let (mut bench, done) = Bench::active(maker).await;
    let (made, signed) = bench.sign(&*driver, &done, &transfer(1)).await;
    let first = bench.first(&*driver).await;
    let active = (&done.active, done.number);
    maker.lose_hsm().await;
    let found = bench.check(&*driver, active, &made, &signed.code).await;
    assert!(matches!(found, Err(DriverError::Hsm(_))), "nothing is decided: {found:?}");
    let question = Question::Confirmation(&done.session);
    let found = driver.check_code(bench.token.keys(), question, &done.confirmation).await;
    assert!(matches!(found, Err(DriverError::Hsm(_))), "nothing is decided: {found:?}");
    let made = bench.ask(&*driver, &done.active, done.number, &transfer(1)).await.map(drop);
    assert!(matches!(made, Err(DriverError::Hsm(_))), "no message: {made:?}");
    let tag = driver.bind(bench.token.keys(), &done.active.material, 2).await;
    assert!(matches!(tag, Err(DriverError::Hsm(_))), "nothing is bound: {tag:?}");
    activation::wrong_kinds(&*driver, &bench.token, &first).await;
    binding::wrong_questions(&*driver, &bench, &done).await;
}
