//! Camera tokens that change hands, and challenges in the wrong ones: other users, contracts and banks see
//! nothing; who leaves, by whichever way, signs nothing any more.
//!
//! Not responsible for: the ways that the bank's manual describes (`bank_000.rs`).
#![forbid(unsafe_code)]

use e2e::{
    Caller, CameraToken, World,
    keypad::KeypadToken,
    lifecycle::{Actor, Bank, assert_outcome, logged_in, outcome},
    pki::Wish,
    signer::{self, Signer},
    world::OTHER_BANK,
};
use http::Method;
use serde_json::{Value, json};
use warifu_core::ocra::keypad::KeypadUse;

const C: &str = "C-1";
const START: &str = "2026-10-01T00:00:00+09:00";
const SERIAL: &str = "0112345679";

fn admin() -> Value {
    json!({ "type": "admin", "text": "USER ADD" })
}

/// Bank 000 with other lines in its profile.
fn profile(world: &mut World, lines: &str) {
    let file = world.path("bank.toml");
    let text = format!("base = \"bank-000\"\ntitle_en = \"x\"\ntitle_ja = \"x\"\n{lines}\n");
    std::fs::write(&file, text).expect("a file in the test's folder");
    world.profile(&file.display().to_string());
}

/// A bank with two contracts.
async fn open(lines: &str) -> Bank {
    let bank = Bank::open_with("bank-000", |world| profile(world, lines)).await;
    for contract in [C, "C-2"] {
        bank.contract(contract, START, "").await;
    }
    for user in ["S1", "S2"] {
        bank.user(C, user, "general").await;
    }
    bank.user("C-2", "S1", "general").await;
    bank
}

/// The same, with a token that S1 and S2 share.
async fn shared(lines: &str) -> (Bank, CameraToken, String) {
    let bank = open(lines).await;
    let mut token = bank.cameras(C, SERIAL, 1).await.remove(0);
    let end = bank.activate(C, "S1", &mut token).await;
    let code = end["token_code"].as_str().expect("it has a token code").to_owned();
    bank.share(C, "S2", &mut token, &code).await;
    (bank, token, code)
}

/// An answer without what names the request or the challenge.
fn bare(mut answer: Value) -> Value {
    for field in ["challenge", "serial", "request_id", "checked_at"] {
        answer.as_object_mut().expect("an object").remove(field);
    }
    answer
}

/// A challenge of that name in the other hands' own path: shown, answered, taken back.
async fn tried(fe: &Caller, me: &Signer, challenge: &str, code: &str) -> [Value; 3] {
    let verified = me.try_answer(fe, challenge, code).await.expect_status(200).json();
    let path = format!("{}/{challenge}?session={}", me.path(), me.session);
    let shown = fe.get(&format!("{path}&image=none")).await.expect_status(200).json();
    let cancelled = fe.request(Method::DELETE, &path, &[], bytes::Bytes::new()).await;
    [verified, shown, cancelled.expect_status(200).json()].map(bare)
}

/// Neither existence nor state of a challenge is told to another contract or another bank.
#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_of_others_looks_like_none() {
    let bank = open("hide_which = false").await;
    let token = KeypadToken::stock(&bank.officer, "3000000001", 1, &KeypadUse::ALL).await.remove(0);
    let me = Signer::new(C, "S1");
    let issued = bank.issue(&token.serial, C, Some("S1"), &Actor::paper()).await;
    assert_outcome(&issued, "done");
    let order = json!({
        "type": "register",
        "serial": token.serial,
        "serial_again": token.serial,
    });
    let asked = me.ask(&bank, &order).await;
    let challenge = me.asked(&asked);
    let code = token.answer(&asked, bank.clock.now());

    let role = |role: &str| {
        let identity = bank.world.pki.client(&Wish::role(OTHER_BANK, role, "other-1"));
        bank.world.caller_as(&bank.daemon, &identity)
    };
    let (other_fe, other_staff) = (role("validator"), role("operator"));
    bank.put(&other_staff, &format!("/v1/contracts/{C}"), &json!({ "service_start": START })).await;
    let path = format!("/v1/contracts/{C}/users/S1");
    bank.put(&other_fe, &path, &json!({ "role": "general" })).await;

    let none = format!("{}-000102030405060708090a0b", token.serial);
    let nobody = "9999999999-000102030405060708090a0b";
    for (fe, stranger) in [(&bank.fe, me.as_user("C-2", "S1")), (&other_fe, me.clone())] {
        let seen = tried(fe, &stranger, &challenge, &code).await;
        assert_eq!(outcome(&seen[0]), "rejected no_challenge");
        assert_eq!(seen, tried(fe, &stranger, &none, &code).await);
        assert_eq!(seen, tried(fe, &stranger, nobody, &code).await);
    }
    let history = bank.history(&token.serial).await.to_string();
    assert!(!history.contains("no_challenge"), "others leave no trace on it: {history}");
    assert_outcome(&me.answer(&bank, &challenge, &code).await, "accepted");
    let done = tried(&bank.fe, &me.as_user("C-2", "S1"), &challenge, &code).await;
    assert_eq!(done, tried(&bank.fe, &me.as_user("C-2", "S1"), &none, &code).await);
}

/// Tries left are nobody else's either.
#[tokio::test(flavor = "multi_thread")]
async fn colleagues_are_told_that_it_is_not_theirs_and_nothing_more() {
    let (bank, mut token, _) = shared("hide_which = false").await;
    let asked = bank.ask(C, "S1", &admin()).await;
    let (_, code) = token.sign(&asked);
    let own = Signer::new(C, "S1");
    let challenge = own.asked(&asked);
    for stranger in [Signer::new(C, "S2"), own.in_session("another")] {
        let answer = stranger.answer(&bank, &challenge, &code).await;
        assert_outcome(&answer, "rejected not_bound");
        for field in ["tries_left", "remaining_attempts", "operation", "display"] {
            assert!(answer.get(field).is_none(), "{field}: {answer:#}");
        }
    }
    let wrong = bank.answer(C, "S1", &asked, &e2e::camera::misread(&code)).await;
    assert_eq!((&wrong["tries_left"], &wrong["remaining_attempts"]), (&json!(2), &json!(4)));
    assert_outcome(&bank.answer(C, "S1", &asked, &code).await, "accepted");
}

/// Where the profile hides which element was wrong, the token's tries are not told.
#[tokio::test(flavor = "multi_thread")]
async fn where_policy_hides_it_the_tokens_tries_are_not_told() {
    let (bank, mut token, _) = shared("").await;
    let asked = bank.ask(C, "S1", &admin()).await;
    let wrong = e2e::camera::misread(&token.sign(&asked).1);
    let answer = bank.answer(C, "S1", &asked, &wrong).await;
    assert_outcome(&answer, "rejected bad_code");
    assert!(answer.get("remaining_attempts").is_none(), "{answer:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_user_signs_nothing_and_frees_the_token_when_last() {
    let (bank, mut token, _) = shared("").await;
    let asked = bank.ask(C, "S2", &admin()).await;
    let (_, code) = token.sign(&asked);
    let remove = async |user: &str| {
        let path = format!("/v1/contracts/{C}/users/{user}?reason=x&reference=y");
        assert_outcome(&bank.delete(&bank.staff, &path).await, "done");
    };
    remove("S2").await;
    assert_eq!(bank.camera_tokens(C).await[0]["users"], 1);
    let path = Signer::new(C, "S2").path();
    let body = logged_in("S2").into_body(json!({ "operation": admin() }));
    let gone = bank.send(&bank.fe, Method::POST, &path, &body).await;
    assert_eq!(gone.expect_status(404).problem(), "not_found");

    bank.user(C, "S2", "general").await;
    assert_eq!(bank.show_user(C, "S2").await.get("camera"), None, "another of the same name");
    assert_outcome(&bank.answer(C, "S2", &asked, &code).await, "rejected not_bound");
    assert_outcome(&bank.ask(C, "S2", &admin()).await, "refused not_bound");
    bank.sign(C, "S1", &mut token, &admin()).await;

    remove("S1").await;
    assert_eq!(bank.camera_tokens(C).await, Vec::<Value>::new());
    let history = bank.history(token.serial()).await;
    assert_eq!((&history["life"], &history["users"]), (&json!("withdrawn"), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_token_signs_nothing_for_anybody() {
    let (bank, mut token, code) = shared("").await;
    let asked = bank.ask(C, "S1", &admin()).await;
    let (_, right) = token.sign(&asked);
    let share = json!({ "type": "share", "token_code": code, "may_approve": true });
    bank.user(C, "S3", "general").await;
    let shares = bank.ask(C, "S3", &share).await;
    let (_, shared_code) = token.sign(&shares);
    assert_outcome(&bank.lost(token.serial(), &Actor::paper()).await, "done");
    let late = bank.answer(C, "S1", &asked, &right).await;
    assert_eq!(late["outcome"], "rejected", "{late:#}");
    let late = bank.answer(C, "S3", &shares, &shared_code).await;
    assert_outcome(&late, "rejected token_lost");
    for user in ["S1", "S2"] {
        assert_outcome(&bank.ask(C, user, &admin()).await, "refused not_bound");
    }
    assert_eq!(bank.camera_tokens(C).await, Vec::<Value>::new());
    let again = bank.start_activation(C, "S1", token.serial()).await;
    assert_eq!(again["outcome"], "refused", "{again:#}");
    assert_outcome(&bank.ask(C, "S3", &share).await, "refused token_lost");
    let answer = bank.initialise(C, token.serial(), &Actor::paper()).await;
    assert_outcome(&answer, "refused token_lost");

    let mut next = bank.cameras(C, "0112345700", 1).await.remove(0);
    bank.advance_minutes(31);
    bank.activate(C, "S1", &mut next).await;
    bank.sign(C, "S1", &mut next, &admin()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_usage_mode_ends_all_bonds() {
    let (bank, mut token, old) = shared("[usage]\nallowed = [\"individual\", \"shared\"]").await;
    let asked = bank.ask(C, "S1", &admin()).await;
    let (_, code) = token.sign(&asked);
    let preview = bank.usage_mode(C, "individual", true, &Actor::paper()).await;
    assert_eq!((&preview["users"], &preview["tokens"]), (&json!(2), &json!(1)));
    let done = bank.usage_mode(C, "individual", false, &Actor::paper()).await;
    assert_outcome(&done, "done");
    assert_outcome(&bank.answer(C, "S1", &asked, &code).await, "rejected not_bound");
    for user in ["S1", "S2"] {
        assert_outcome(&bank.ask(C, user, &admin()).await, "refused not_bound");
        assert_eq!(bank.status(C, user, "").await["camera_screen"], "first");
    }
    assert_eq!(bank.camera_tokens(C).await, Vec::<Value>::new());
    let share = json!({ "type": "share", "token_code": old, "may_approve": true });
    let answer = bank.ask(C, "S2", &share).await;
    assert_eq!(answer["outcome"], "refused", "{answer:#}");

    bank.activate(C, "S1", &mut token).await;
    bank.sign(C, "S1", &mut token, &admin()).await;
    assert_outcome(&bank.answer(C, "S1", &asked, &code).await, "rejected expired");
    let answer = bank.ask(C, "S2", &share).await;
    assert_outcome(&answer, "refused serial_in_use");
    assert_outcome(&bank.ask(C, "S2", &admin()).await, "refused not_bound");
}

/// Revoked, issued to another contract, activated there: another token code, and nothing for the users
/// that it had.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_goes_to_another_contract_leaves_nothing_behind() {
    let (bank, mut token, old) = shared("").await;
    let asked = bank.ask(C, "S1", &admin()).await;
    let (_, code) = token.sign(&asked);
    for user in ["S1", "S2"] {
        assert_outcome(&bank.revoke_camera(C, user, &Actor::paper()).await, "done");
    }
    let issued = bank.issue(token.serial(), "C-2", None, &Actor::paper()).await;
    assert_outcome(&issued, "done");
    assert_eq!(bank.camera_tokens("C-2").await, Vec::<Value>::new());
    let early = bank.ask("C-2", "S1", &admin()).await;
    assert_outcome(&early, "refused not_bound");
    let end = bank.activate("C-2", "S1", &mut token).await;
    assert_ne!(end["token_code"], json!(old), "a code of the contract that has it");
    bank.sign("C-2", "S1", &mut token, &admin()).await;

    let message = token.scan(&asked);
    assert!(message.is_err(), "the device has forgotten the old activation");
    token.right();
    assert_outcome(&bank.answer(C, "S1", &asked, &code).await, "rejected expired");
    assert_outcome(&bank.ask(C, "S1", &admin()).await, "refused not_bound");
    assert_eq!(bank.camera_tokens(C).await, Vec::<Value>::new());
    bank.advance_minutes(31);
    for named in [json!({ "token_code": old }), json!({ "serial": token.serial() }), json!({})] {
        let mut share = named.clone();
        share["type"] = json!("share");
        share["may_approve"] = json!(true);
        let answer = bank.ask(C, "S1", &share).await;
        assert_outcome(&answer, "refused not_this_contract");
    }
    let answer = bank.initialise(C, token.serial(), &Actor::paper()).await;
    assert_outcome(&answer, "refused not_this_contract");
}

/// Somebody's record still names a token that was initialised, recalled and issued elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_bond_of_an_activation_that_was_initialised_counts_nowhere() {
    let bank = open("").await;
    let mut token = bank.cameras(C, SERIAL, 1).await.remove(0);
    bank.activate(C, "S1", &mut token).await;
    assert_eq!(bank.camera_state(token.serial()).await, "active_unproven");
    let asked = bank.ask(C, "S1", &admin()).await;
    let (_, code) = token.sign(&asked);
    assert_outcome(&bank.initialise(C, token.serial(), &Actor::paper()).await, "done");
    let late = bank.answer(C, "S1", &asked, &code).await;
    assert_eq!(late["outcome"], "rejected", "{late:#}");
    assert_outcome(&bank.ask(C, "S1", &admin()).await, "refused not_bound");
    assert_eq!(bank.show_user(C, "S1").await.get("camera"), None);
    assert_outcome(&bank.recall(token.serial(), &Actor::paper()).await, "done");
    let issued = bank.issue(token.serial(), "C-2", None, &Actor::paper()).await;
    assert_outcome(&issued, "done");
    bank.activate("C-2", "S1", &mut token).await;
    bank.sign("C-2", "S1", &mut token, &admin()).await;
    assert_outcome(&bank.ask(C, "S1", &admin()).await, "refused not_bound");
    assert_eq!(bank.show_user(C, "S1").await.get("camera"), None);
    assert_outcome(&bank.revoke_camera(C, "S1", &Actor::paper()).await, "refused not_registered");
    bank.sign("C-2", "S1", &mut token, &signer::registration("0000017")).await;

    assert_outcome(&bank.revoke_camera("C-2", "S1", &Actor::paper()).await, "done");
    let issued = bank.issue(token.serial(), C, None, &Actor::paper()).await;
    assert_outcome(&issued, "done");
    assert_outcome(&bank.ask(C, "S1", &admin()).await, "refused not_bound");
    bank.activate(C, "S2", &mut token).await;
    assert_outcome(&bank.ask(C, "S1", &admin()).await, "refused not_bound");
    bank.sign(C, "S2", &mut token, &admin()).await;
}
