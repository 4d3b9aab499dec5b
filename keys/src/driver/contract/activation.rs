//! Contract: activations. Each code is right for one message of one activation, and for no other.
//!
//! Not responsible for: time limits, tries, and which activation is under way.

use warifu_core::{camera::Session, lifecycle::Denial};

use super::{
    Maker, Token,
    bench::{self, Bench, shown},
    changed, of_another_length,
};
use crate::driver::{Driver, DriverError, Question};

pub(super) async fn run(maker: &impl Maker) {
    let driver = maker.driver();
    texts(maker, &*driver).await;
    device_codes(maker, &*driver).await;
    confirmations(maker, &*driver).await;
    foreign_messages(maker, &*driver).await;
    secrets(maker, &*driver).await;
}

/// The text of a picture is the message, whole, in the characters that pictures hold best.
async fn texts(maker: &impl Maker, driver: &dyn Driver) {
    let mut bench = Bench::new(maker).await;
    let message = bench.first(driver).await.message;
    let text = shown(driver, &message);
    assert_eq!(bench.device().read(&text), Some(message), "nothing is lost on the way");
    let small = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase() || " $%*+-./:".contains(c);
    assert!(text.chars().all(small), "alphanumeric mode (ISO/IEC 18004 s.7.4.4): {text}");
}

async fn device_codes(maker: &impl Maker, driver: &dyn Driver) {
    let (mut bench, other) = (Bench::new(maker).await, Bench::new(maker).await);
    let session = bench.first(driver).await;
    let typed = bench.device().begin(&shown(driver, &session.message)).expect("its message");
    let right = driver.check_device_code(bench.token.keys(), &session, &typed).await;
    assert!(right.expect("the HSM is there").is_some(), "the device's own code");
    let again = driver.check_device_code(bench.token.keys(), &session, &typed).await;
    assert!(again.expect("the HSM is there").is_some(), "a driver has no memory");
    for wrong in near(&typed) {
        never(driver, &bench.token, &session, &wrong).await;
    }
    let later = bench.first(driver).await;
    never(driver, &bench.token, &later, &typed).await;
    let foreign = other.first(driver).await;
    never(driver, &other.token, &foreign, &typed).await;
    wrong_kinds(driver, &bench.token, &session).await;
}

/// What is no such code at all is told from a wrong one, and costs no try; `loss` runs it again
/// without an HSM.
pub(super) async fn wrong_kinds(driver: &dyn Driver, token: &Token, session: &Session) {
    for typed in ["", "1234", "12345678", "x"] {
        let denied = driver.check_device_code(token.keys(), session, typed).await;
        let kind = matches!(denied, Err(DriverError::Denied(Denial::WrongKindOfCode)));
        assert!(kind, "{typed:?}: {denied:?}");
    }
}

/// Every code that differs in one digit, and those where the last digit, which may be a check digit,
/// was made to fit.
fn near(typed: &str) -> Vec<String> {
    let with = |at: usize, digit: char| -> String {
        typed.char_indices().map(|(place, old)| if place == at { digit } else { old }).collect()
    };
    let last = typed.len().saturating_sub(1);
    let mut all = Vec::new();
    for at in 0..typed.len() {
        for digit in '0'..='9' {
            let one = with(at, digit);
            all.extend(('0'..='9').map(|end| {
                let front = one.get(..last).unwrap_or_default();
                format!("{front}{end}")
            }));
            all.push(one);
        }
    }
    all.sort_unstable();
    all.dedup();
    all.retain(|code| code != typed);
    all
}

async fn never(driver: &dyn Driver, token: &Token, session: &Session, typed: &str) {
    let found = driver.check_device_code(token.keys(), session, typed).await;
    let refused = matches!(found, Ok(None) | Err(DriverError::Denied(_)));
    assert!(refused, "a code that this device did not show for this message: {found:?}");
}

async fn confirmations(maker: &impl Maker, driver: &dyn Driver) {
    let (mut bench, done) = Bench::active(maker).await;
    let (other, others) = Bench::active(maker).await;
    let again = bench.activate(driver, 2).await;
    let close = (0..usize::from(done.confirmation.len())).map(|at| changed(&done.confirmation, at));
    for code in close.chain([others.confirmation.clone(), again.confirmation]) {
        let question = Question::Confirmation(&done.session);
        let found = driver.check_code(bench.token.keys(), question, &code).await;
        assert_eq!(found.expect("the HSM is there"), None, "one digit, token or activation");
    }
    let question = Question::Confirmation(&others.session);
    let found = driver.check_code(other.token.keys(), question, &done.confirmation).await;
    assert_eq!(found.expect("the HSM is there"), None, "another token's");
    let question = Question::Confirmation(&done.session);
    let long = of_another_length(&done.confirmation);
    let denied = driver.check_code(bench.token.keys(), question, &long).await;
    assert!(matches!(denied, Err(DriverError::Denied(Denial::WrongKindOfCode))), "{denied:?}");
}

/// A device takes no second message but that of the activation it has begun, and nothing that was
/// made for another device.
async fn foreign_messages(maker: &impl Maker, driver: &dyn Driver) {
    let (mut bench, mut other) = (Bench::new(maker).await, Bench::new(maker).await);
    let (first, later) = (bench.first(driver).await, bench.first(driver).await);
    assert!(other.device().begin(&shown(driver, &first.message)).is_none(), "another token's");
    let typed = bench.device().begin(&shown(driver, &first.message)).expect("its message");
    let counter = driver.check_device_code(bench.token.keys(), &first, &typed).await;
    let counter = counter.expect("the HSM is there").expect("the device's own code");
    for (session, counter) in [(&later, counter), (&first, counter + 1)] {
        let second = bench.second(driver, session, counter, 1).await;
        let text = shown(driver, &second.message);
        assert!(bench.device().answer(&text).is_none(), "another activation's");
    }
}

/// What is kept is shown to nobody, not even in a log.
async fn secrets(maker: &impl Maker, driver: &dyn Driver) {
    let (_, done) = Bench::active(maker).await;
    let first = Bench::new(maker).await.first(driver).await;
    for (material, told) in [
        (&first.material, format!("{first:?}")),
        (&done.session.material, format!("{:?}", done.session)),
        (&done.active.material, format!("{:?}", done.active)),
    ] {
        let secret = material.expose().get(..8).expect("a driver keeps at least a salt");
        let list = format!("{secret:?}");
        assert!(!told.contains(list.trim_matches(['[', ']'])), "bytes in a log: {told}");
        let hex = hex::encode(secret);
        assert!(!told.to_lowercase().contains(&hex), "hex in a log: {told}");
    }
    let code = Bench::new(maker).await;
    let damaged = bench::session(vec![1; 3]);
    let denied = driver.check_device_code(code.token.keys(), &damaged, "001621148836").await;
    assert!(denied.is_err(), "material of no driver gives no verdict: {denied:?}");
}
