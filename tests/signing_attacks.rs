//! What somebody would try who means harm: a token that was reported lost, a request that hides who
//! acts, one signature for several changes.
//!
//! Not responsible for: guessing (`signing_limits.rs`), who may do what (`actors.rs`, `signing_hands.rs`).
#![forbid(unsafe_code)]

use e2e::{
    keypad::KeypadToken,
    lifecycle::{Actor, Bank, assert_decision, assert_outcome, logged_in, outcome},
    signer::{self, Signer},
};
use serde_json::{Value, json};
use warifu_core::ocra::keypad::KeypadUse;

const C: &str = "C-1";
const START: &str = "2026-10-01T00:00:00+09:00";

async fn open(profile: &str, users: &[(&str, &str)]) -> Bank {
    let bank = Bank::open(profile).await;
    bank.contract(C, START, "").await;
    for (user, role) in users {
        bank.user(C, user, role).await;
    }
    bank
}

async fn keypad(bank: &Bank, serial: &str) -> KeypadToken {
    KeypadToken::stock(&bank.officer, serial, 1, &KeypadUse::ALL).await.remove(0)
}

fn admin(text: &str) -> Value {
    json!({ "type": "admin", "text": text })
}

/// The thief has the token, its user's session, and challenges that were put before the loss was told.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_keypad_token_signs_nothing_any_more() {
    let bank = open("default", &[("G1", "general")]).await;
    let (token, me) = (keypad(&bank, "30000001").await, Signer::new(C, "G1"));
    token.in_service(&bank, &me).await;
    let order = signer::transfer("0000017", 1_000);
    let before = me.ask(&bank, &order).await;
    let challenge = me.asked(&before);
    assert_outcome(&bank.lost(&token.serial, &Actor::paper()).await, "done");

    let late = me.answer(&bank, &challenge, &token.answer(&before, bank.clock.now())).await;
    assert_eq!(outcome(&late), "rejected not_bound", "{late:#}");
    assert_eq!(late.get("operation"), None, "{late:#}");
    for order in [order, signer::login(), signer::registration("0000017")] {
        assert_outcome(&me.ask(&bank, &order).await, "refused not_bound");
    }
}

/// Staff register for whom they like; a front end is no staff, whatever it leaves out.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_names_nobody_is_the_users_own() {
    let bank = open("default", &[("G1", "general"), ("G2", "general")]).await;
    let token = keypad(&bank, "30000001").await;
    assert_outcome(&bank.issue(&token.serial, C, Some("G1"), &Actor::paper()).await, "done");
    let ask = async |user: &str| {
        let me = Signer::new(C, user);
        let order = json!({ "type": "register", "serial": token.serial });
        let body = json!({ "actor": { "session": me.session }, "operation": order });
        bank.post(&bank.fe, &me.path(), &body).await
    };
    assert_outcome(&ask("G2").await, "refused not_issued_to_user");
    assert_outcome(&ask("G1").await, "done");
}

/// The same signature under twelve revocations at once, each of another user.
#[tokio::test(flavor = "multi_thread")]
async fn one_signature_is_good_for_one_change_also_at_once() {
    let users: Vec<String> = (0..12).map(|number| format!("G{number:02}")).collect();
    let bank = open("bank-000", &[("M1", "master"), ("S1", "general")]).await;
    let mut tokens = bank.cameras(C, "0112345679", 2).await;
    let (mut shared, mut masters) = (tokens.remove(1), tokens.remove(0));
    bank.activate(C, "M1", &mut masters).await;
    let end = bank.activate(C, "S1", &mut shared).await;
    let code = end["token_code"].as_str().unwrap().to_owned();
    for user in &users {
        bank.user(C, user, "general").await;
        bank.share(C, user, &mut shared, &code).await;
    }
    let signed = bank.sign(C, "M1", &mut masters, &admin("REVOKE")).await;
    let name = signed["challenge"].as_str().unwrap();
    let hands: Vec<_> = users
        .iter()
        .map(|user| {
            let (fe, actor) = (bank.another_fe(), logged_in("M1").right().signature(name));
            let path = format!("/v1/contracts/{C}/users/{user}/camera/revocations");
            tokio::spawn(async move { fe.post(&path, &actor.into_body(json!({}))).await.verdict() })
        })
        .collect();
    let mut verdicts = Vec::new();
    for hand in hands {
        verdicts.push(hand.await.expect("no hand panics"));
    }
    let of = |word: &str| verdicts.iter().filter(|verdict| *verdict == word).count();
    assert_eq!((of("done"), of("not_accepted")), (1, users.len() - 1), "{verdicts:?}");
    assert_eq!(
        bank.camera_tokens(C).await.iter().map(|one| one["users"].as_u64()).max(),
        Some(Some(12))
    );
}

/// A theft is told to the bank: what was signed before needs a signature still, grace period or not.
#[tokio::test(flavor = "multi_thread")]
async fn a_loss_makes_nothing_easier() {
    let bank = Bank::open_with("bank-000", |world| {
        let file = world.path("grace.toml");
        let head = "base = \"bank-000\"\ntitle_en = \"x\"\ntitle_ja = \"x\"";
        let rules = "grace_days = 30\n[operations.transfer_single]\ngrace = true";
        std::fs::write(&file, format!("{head}\n{rules}\n")).expect("a file of the test");
        world.profile(&file.display().to_string());
    })
    .await;
    bank.contract(C, START, "").await;
    for (user, role) in [("S1", "general"), ("S2", "general")] {
        bank.user(C, user, role).await;
    }
    let mut token = bank.cameras(C, "0112345679", 1).await.remove(0);
    bank.activate(C, "S1", &mut token).await;
    let class = json!({ "class": "transfer_single" });
    assert_decision(&bank.authorize(C, "S2", class.clone()).await, "allowed_by_grace");
    assert_outcome(&bank.lost(token.serial(), &Actor::paper()).await, "done");
    assert_decision(&bank.authorize(C, "S1", class).await, "denied registration_required");
}

/// Else five guesses would cost no more than a password, again and again: the password generator is
/// another token than the one that is locked.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_unlocks_the_token_that_they_sign_with_themselves() {
    let bank = open("bank-000", &[("M1", "master"), ("K1", "administrator")]).await;
    let mut token = bank.cameras(C, "0112345679", 1).await.remove(0);
    let end = bank.activate(C, "M1", &mut token).await;
    bank.share(C, "K1", &mut token, end["token_code"].as_str().unwrap()).await;
    for (user, serial) in [("M1", "0198765432"), ("K1", "0198765440")] {
        let otp = bank.stock_one("hard", serial).await;
        assert_outcome(&bank.issue(serial, C, Some(user), &Actor::paper()).await, "done");
        let (path, code) =
            (format!("/v1/contracts/{C}/users/{user}/registrations"), bank.fresh(&otp));
        let body = json!({ "actor": { "user": user }, "serial": serial, "serial_again": serial, "code": code });
        assert_outcome(&bank.post(&bank.fe, &path, &body).await, "done");
    }
    for _ in 0..2 {
        let asked = bank.ask(C, "M1", &admin("GUESSED")).await;
        for code in ["00000001", "00000002", "00000003"] {
            bank.answer(C, "M1", &asked, code).await;
        }
    }
    assert_outcome(&bank.ask(C, "K1", &admin("LOCKED")).await, "refused token_locked");
    for (actor, subject) in [("M1", "M1"), ("M1", "K1"), ("K1", "M1"), ("K1", "K1")] {
        let end = bank.unlock(C, &[subject], &Actor::user(actor).right()).await;
        assert_outcome(&end, "refused actor_needs_other_token");
    }
    assert_outcome(&bank.unlock(C, &["M1"], &Actor::paper()).await, "done");
}

/// A challenge of six digits comes again some time: whoever kept a code from being sent, or saw one that
/// was, would take challenges back until it does.
#[tokio::test(flavor = "multi_thread")]
async fn challenges_are_not_drawn_until_one_suits() {
    let bank = open("default", &[("G1", "general"), ("G2", "general")]).await;
    let (token, me) = (keypad(&bank, "30000001").await, Signer::new(C, "G1"));
    token.in_service(&bank, &me).await;
    let mut drawn = 0;
    while drawn < 1_000 {
        let asked = me.ask(&bank, &signer::transfer("0000017", 1_000)).await;
        if asked["outcome"] != "done" {
            assert_outcome(&asked, "refused limit");
            break;
        }
        assert_outcome(&me.cancel(&bank, &me.asked(&asked)).await, "done");
        drawn += 1;
    }
    assert!((500..=520).contains(&drawn), "{drawn}");
    bank.advance_minutes(70);
    let first = me.ask(&bank, &signer::transfer("0000017", 1_000)).await;
    let asked =
        if first["outcome"] == "done" { first } else { me.ask(&bank, &signer::login()).await };
    let code = token.answer(&asked, bank.clock.now());
    assert_outcome(&me.answer(&bank, &me.asked(&asked), &code).await, "accepted");
}
