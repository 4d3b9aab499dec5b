//! Codes of an activation that come at the same moment over several connections: no more guesses than
//! one after the other, and no code twice.
//!
//! Not responsible for: codes of challenges (`tests/signing_limits.rs`).

use e2e::{
    camera::{misread, other_device_code},
    lifecycle::{Bank, logged_in, outcome},
};
use serde_json::{Value, json};

use super::{C, CAMERA, open};

/// The same code, `times` over as many connections; the outcomes, sorted.
async fn at_once(
    bank: &Bank,
    activation: &Value,
    (page, code): (&str, &str),
    times: usize,
) -> Vec<String> {
    let id = activation["activation"].as_str().expect("an activation");
    let path = format!("/v1/contracts/{C}/users/S1/activations/{id}/{page}");
    let body = logged_in("S1").into_body(json!({ "code": code })).to_string();
    let calls = (0..times).map(|_| {
        let (fe, path, body) = (bank.another_fe(), path.clone(), body.clone());
        tokio::spawn(async move {
            let reply = fe.request(http::Method::POST, &path, e2e::caller::JSON, body.into()).await;
            outcome(&reply.expect_status(200).json())
        })
    });
    let mut told = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        told.push(call.await.expect("an answer"));
    }
    told.sort();
    told
}

fn count(told: &[String], what: &str) -> usize {
    told.iter().filter(|one| *one == what).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_at_the_same_moment_are_judged_one_after_the_other() {
    let bank = open().await;
    let token = &mut bank.cameras(C, CAMERA, 1).await[0];
    let first = bank.start_activation(C, "S1", token.serial()).await;
    let wrong = other_device_code(&token.device_code(&first));
    let told = at_once(&bank, &first, ("device-code", &wrong), 16).await;
    assert_eq!(count(&told, "rejected bad_code"), 5, "{told:#?}");
    assert_eq!(count(&told, "refused no_challenge"), 11, "{told:#?}");

    token.restart();
    let first = bank.start_activation(C, "S1", token.serial()).await;
    let right = token.device_code(&first);
    let told = at_once(&bank, &first, ("device-code", &right), 8).await;
    assert_eq!(count(&told, "done"), 1, "{told:#?}");
    assert_eq!(count(&told, "refused wrong_kind_of_code"), 7, "{told:#?}");

    let id = first["activation"].as_str().expect("an activation");
    let path = format!("/v1/contracts/{C}/users/S1/activations/{id}");
    let second = bank.get(&bank.fe, &path).await;
    let right = token.confirm_code(&second);
    let told = at_once(&bank, &second, ("confirm", &misread(&right)), 4).await;
    assert_eq!(count(&told, "rejected bad_code"), 4, "{told:#?}");
    let told = at_once(&bank, &second, ("confirm", &right), 8).await;
    assert_eq!(count(&told, "done"), 1, "{told:#?}");
    assert_eq!(count(&told, "refused no_challenge"), 7, "{told:#?}");
    token.finish();
    bank.sign(C, "S1", token, &json!({ "type": "admin", "text": "TEST" })).await;
}
