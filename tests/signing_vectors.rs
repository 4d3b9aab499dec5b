//! The official test values of RFC 6287 (Appendix C.1) against a real daemon with its HSM: tokens with the
//! keys of the RFC are asked the questions of the RFC and give the codes of the RFC.
//!
//! Not responsible for: values of the suites with PIN and session, which no token here has (tests of
//! warifu-core), or with a time before the daemon's certificates.
#![forbid(unsafe_code)]

use e2e::{
    binaries::repository,
    keypad::KeypadToken,
    lifecycle::{Bank, assert_outcome, outcome},
    signer::Signer,
};
use serde_json::{Value, json};

const C: &str = "C-1";

/// The official values of one suite.
fn values(suite: &str) -> Vec<Value> {
    let file = repository().join("tests/vectors/ocra.json");
    let text = std::fs::read_to_string(file).expect("a file of the project");
    let all: Value = serde_json::from_str(&text).expect("JSON");
    let all = all["official"].as_array().cloned().expect("a list");
    let found: Vec<_> = all.into_iter().filter(|one| one["suite"] == suite).collect();
    assert_eq!(found.len(), 10, "{suite}");
    found
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().expect("a text")
}

/// A bank with a user who has a token of this suite and of the RFC's key in service.
async fn bank(suite: &str, first: &Value) -> (Bank, Signer) {
    let bank = Bank::open_with("default", |world| {
        world.set("approval.enforce", "false"); // the key of the RFC is everybody's
    })
    .await;
    bank.contract(C, "2026-10-01T00:00:00+09:00", "").await;
    bank.user(C, "G1", "general").await;
    let key = hex::decode(text(first, "key")).expect("hexadecimal");
    let token = KeypadToken::with_key("77700001", key);
    token.import(&bank.officer, "wrapped", &[suite]).await;
    let me = Signer::new(C, "G1");
    token.in_service(&bank, &me).await;
    (bank, me)
}

async fn ask(bank: &Bank, me: &Signer, value: &Value) -> String {
    let order = json!({ "type": "question", "question": text(value, "question") });
    let asked = me.ask(bank, &order).await;
    me.asked(&asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standard_token_gives_the_ten_codes_of_the_rfc() {
    let suite = "OCRA-1:HOTP-SHA1-6:QN08";
    let values = values(suite);
    let (bank, me) = bank(suite, &values[0]).await;
    for (value, next) in values.iter().zip(values.iter().cycle().skip(1)) {
        let challenge = ask(&bank, &me, value).await;
        let other = me.answer(&bank, &challenge, text(next, "code")).await;
        assert_eq!(outcome(&other), "rejected bad_code", "{value:#}");
        let right = me.answer(&bank, &challenge, text(value, "code")).await;
        assert_eq!(outcome(&right), "accepted", "{value:#}");
    }
}

/// The registration uses up counter 0, so the first of the ten has no turn.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_a_counter_gives_the_codes_of_the_rfc_in_turn() {
    let suite = "OCRA-1:HOTP-SHA512-8:C-QN08";
    let values = values(suite);
    let (bank, me) = bank(suite, &values[0]).await;
    for value in &values[1..] {
        let challenge = ask(&bank, &me, value).await;
        let right = me.answer(&bank, &challenge, text(value, "code")).await;
        assert_eq!(outcome(&right), "accepted", "{value:#}");
        let challenge = ask(&bank, &me, value).await;
        let used = me.answer(&bank, &challenge, text(value, "code")).await;
        assert_eq!(outcome(&used), "rejected bad_code", "its counter is past: {value:#}");
        assert_outcome(&me.cancel(&bank, &challenge).await, "done");
    }
}
