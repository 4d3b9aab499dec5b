//! Guessing at signatures: tries of a challenge, tries of a token, challenges of a user, all of them also
//! when requests come at once; and answers that come twice.
//!
//! Not responsible for: kills and lost HSMs (`signing_durability.rs`), who may ask what.
#![forbid(unsafe_code)]

use e2e::{
    Caller, CameraToken, Reply,
    camera::misread,
    keypad::KeypadToken,
    lifecycle::{Actor, Bank, assert_outcome, outcome},
    metrics,
    signer::{self, Signer},
};
use serde_json::{Value, json};
use warifu_core::ocra::keypad::KeypadUse;

const C: &str = "C-1";
const START: &str = "2026-10-01T00:00:00+09:00";

/// A bank with a keypad token in G1's hands.
async fn keypad() -> (Bank, KeypadToken, Signer) {
    let bank = Bank::open("default").await;
    bank.contract(C, START, "").await;
    bank.user(C, "G1", "general").await;
    let stock = KeypadToken::stock(&bank.officer, "30000001", 1, &KeypadUse::ALL);
    let token = stock.await.remove(0);
    let me = Signer::new(C, "G1");
    token.in_service(&bank, &me).await;
    (bank, token, me)
}

/// A bank with two camera tokens: M1 has one, S1 and S2 share the other.
async fn cameras() -> (Bank, CameraToken, CameraToken) {
    let bank = Bank::open("bank-000").await;
    bank.contract(C, START, "").await;
    for (user, role) in [("M1", "master"), ("S1", "general"), ("S2", "general")] {
        bank.user(C, user, role).await;
    }
    let mut tokens = bank.cameras(C, "0112345679", 2).await;
    let (mut shared, mut masters) = (tokens.remove(1), tokens.remove(0));
    bank.activate(C, "M1", &mut masters).await;
    let end = bank.activate(C, "S1", &mut shared).await;
    let code = end["token_code"].as_str().expect("it has a token code").to_owned();
    bank.share(C, "S2", &mut shared, &code).await;
    (bank, masters, shared)
}

fn admin() -> Value {
    json!({ "type": "admin", "text": "USER ADD" })
}

#[tokio::test(flavor = "multi_thread")]
async fn three_wrong_codes_end_a_challenge() {
    let (bank, token, me) = keypad().await;
    let asked = me.ask(&bank, &signer::login()).await;
    let (challenge, now) = (me.asked(&asked), bank.clock.now());
    for left in [2, 1, 0] {
        let wrong = token.wrong(&asked, now, left);
        let answer = me.answer(&bank, &challenge, &wrong).await;
        assert_outcome(&answer, "rejected bad_code");
        assert_eq!(answer["retryable"], left > 0, "{answer:#}");
        let told = answer["tries_left"].as_u64().unwrap_or_default();
        assert_eq!(told, left, "{answer:#}");
    }
    let answer = me.answer(&bank, &challenge, &token.answer(&asked, now)).await;
    assert_eq!(outcome(&answer), "rejected limit", "also the right one: {answer:#}");
    assert_eq!(answer["retryable"], false, "{answer:#}");
    assert_outcome(&me.show(&bank, &challenge).await, "refused limit");
    assert_eq!(bank.staff.token(&token.serial).await["failures"], 3);

    let asked = me.ask(&bank, &signer::login()).await;
    let challenge = me.asked(&asked);
    assert_outcome(&me.answer(&bank, &challenge, &token.answer(&asked, now)).await, "accepted");
    let detail = bank.staff.token(&token.serial).await;
    assert_eq!(detail["failures"], 0, "a right code sets the count back: {detail:#}");
}

/// Two challenges, five wrong codes: the token is locked, for all who sign with it, whatever they do.
#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_codes_lock_a_camera_token_for_all_its_users() {
    let (bank, mut masters, mut shared) = cameras().await;
    let mine = bank.ask(C, "S1", &admin()).await;
    let others = bank.ask(C, "S2", &admin()).await;
    let (_, right) = shared.sign(&mine);
    let (_, others_right) = shared.sign(&others);
    let wrong = misread(&right);
    for expected in ["bad_code", "bad_code", "bad_code", "limit"] {
        let answer = bank.answer(C, "S1", &mine, &wrong).await;
        assert_outcome(&answer, &format!("rejected {expected}"));
    }
    for expected in ["bad_code", "bad_code", "token_locked"] {
        let answer = bank.answer(C, "S2", &others, &misread(&others_right)).await;
        assert_outcome(&answer, &format!("rejected {expected}"));
    }
    let answer = bank.answer(C, "S2", &others, &others_right).await;
    assert_outcome(&answer, "rejected token_locked");
    for user in ["S1", "S2"] {
        assert_outcome(&bank.ask(C, user, &admin()).await, "refused token_locked");
    }
    let detail = bank.staff.token(shared.serial()).await;
    assert_eq!((&detail["status"], &detail["failures"]), (&json!("locked"), &json!(5)));

    let me = Actor::user("S1").right();
    let own = bank.unlock(C, &["S1"], &me).await;
    assert_outcome(&own, "refused actor_not_allowed");
    let master = Actor::user("M1").right();
    let freed = bank.unlock(C, &["S1"], &master).await;
    assert_outcome(&freed, "done");
    assert_eq!(freed["results"][0]["serial"], shared.serial(), "{freed:#}");
    assert_eq!(freed["results"][0]["affected_users"], json!(["S1", "S2"]), "{freed:#}");
    let answer = bank.answer(C, "S2", &others, &others_right).await;
    assert_eq!(outcome(&answer), "accepted", "the lock ended no challenge: {answer:#}");
    bank.sign(C, "S1", &mut shared, &admin()).await;
    bank.sign(C, "M1", &mut masters, &admin()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_unlock_camera_tokens_by_user_and_by_serial() {
    let (bank, _, mut shared) = cameras().await;
    for by_serial in [false, true] {
        for _ in 0..2 {
            let asked = bank.ask(C, "S1", &admin()).await;
            let wrong = misread(&shared.sign(&asked).1);
            for _ in 0..3 {
                bank.answer(C, "S1", &asked, &wrong).await;
            }
        }
        assert_outcome(&bank.ask(C, "S1", &admin()).await, "refused token_locked");
        if by_serial {
            let path = format!("/v1/tokens/{}/unlock", shared.serial());
            bank.post(&bank.staff, &path, &Actor::paper().into_body(json!({}))).await;
        } else {
            assert_outcome(&bank.unlock(C, &["S1"], &Actor::paper()).await, "done");
            let again = bank.unlock(C, &["S1", "S2"], &Actor::paper()).await;
            assert_eq!(again["results"][1]["outcome"], "unchanged", "{again:#}");
        }
        bank.sign(C, "S1", &mut shared, &admin()).await;
    }
}

/// Whoever holds both kinds gets both back in one step.
#[tokio::test(flavor = "multi_thread")]
async fn an_unlock_concerns_whichever_of_a_users_tokens_is_locked() {
    let (bank, _, mut shared) = cameras().await;
    let otp = bank.stock_one("hard", "0198765432").await;
    assert_outcome(&bank.issue(&otp.serial, C, Some("S1"), &Actor::paper()).await, "done");
    let body = json!({
        "actor": { "user": "S1" },
        "serial": otp.serial,
        "serial_again": otp.serial,
        "code": bank.fresh(&otp),
    });
    let path = format!("/v1/contracts/{C}/users/S1/registrations");
    assert_outcome(&bank.post(&bank.fe, &path, &body).await, "done");
    bank.lock(C, "S1", &otp).await;
    for _ in 0..2 {
        let asked = bank.ask(C, "S1", &admin()).await;
        let wrong = misread(&shared.sign(&asked).1);
        for _ in 0..3 {
            bank.answer(C, "S1", &asked, &wrong).await;
        }
    }
    assert_outcome(&bank.unlock(C, &["S1"], &Actor::paper()).await, "done");
    for serial in [otp.serial.as_str(), shared.serial()] {
        let detail = bank.staff.token(serial).await;
        assert_eq!((&detail["status"], &detail["failures"]), (&json!("active"), &json!(0)));
    }
    assert_outcome(&bank.verify_user(C, "S1", &bank.fresh(&otp)).await, "accepted");
    bank.sign(C, "S1", &mut shared, &admin()).await;
}

/// One wrong code after another on three challenges over twenty connections at once.
#[tokio::test(flavor = "multi_thread")]
async fn of_200_parallel_wrong_codes_only_the_limit_is_evaluated() {
    let (bank, token, me) = keypad().await;
    let mut codes = Vec::new();
    for _ in 0..3 {
        let asked = me.ask(&bank, &signer::login()).await;
        let challenge = me.asked(&asked);
        let wrong = |n| (challenge.clone(), token.wrong(&asked, bank.clock.now(), n));
        codes.extend((0..67).map(wrong));
    }
    let verdicts = at_once(&bank.fe, &me, &codes[..200]).await;
    let of = |verdict: &str| verdicts.iter().filter(|v| *v == verdict).count();
    assert_eq!(of("bad_code"), 5, "evaluated: {verdicts:?}");
    assert_eq!(of("bad_code") + of("limit") + of("token_locked"), 200, "{verdicts:?}");
    let detail = bank.staff.token(&token.serial).await;
    assert_eq!((&detail["status"], &detail["failures"]), (&json!("locked"), &json!(5)));
    let page = metrics::page(bank.daemon.metrics());
    let seen = metrics::sum(&page, &["warifu_verifications_total", "outcome=\"wrong\""]);
    assert!((seen - 5.0).abs() < 0.5, "{seen} wrong codes in the metrics");
    let records = bank.audit().await;
    let wrong = records.iter().filter(|one| one["event"]["action"] == "sign");
    let wrong = wrong.filter(|one| one["event"]["outcome"] == "bad_code").count();
    assert_eq!(wrong, 5, "in the audit chain: {:#?}", records.last());
}

/// Sends each code for its challenge, twenty connections at once; the verdicts.
async fn at_once(fe: &Caller, me: &Signer, codes: &[(String, String)]) -> Vec<String> {
    let hands: Vec<_> = codes
        .chunks(codes.len().div_ceil(20))
        .map(|part| {
            let (fe, me, part) = (fe.again(), me.clone(), part.to_vec());
            tokio::spawn(async move {
                let mut verdicts = Vec::new();
                for (challenge, code) in part {
                    verdicts.push(me.try_answer(&fe, &challenge, &code).await.verdict());
                }
                verdicts
            })
        })
        .collect();
    let mut verdicts = Vec::new();
    for hand in hands {
        verdicts.extend(hand.await.expect("no hand panics"));
    }
    verdicts
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_right_answers_at_once_exactly_one_is_accepted() {
    let (bank, token, me) = keypad().await;
    for _ in 0..10 {
        let asked = me.ask(&bank, &signer::login()).await;
        let code = token.answer(&asked, bank.clock.now());
        let pair = vec![(me.asked(&asked), code); 8];
        let mut verdicts = at_once(&bank.fe, &me, &pair).await;
        verdicts.sort();
        assert_eq!(verdicts[0], "accepted");
        assert!(verdicts[1..].iter().all(|verdict| verdict == "already_used"), "{verdicts:?}");
    }
    assert_eq!(bank.staff.token(&token.serial).await["failures"], 0);
}

/// The same for a camera token, also where two users sign with it.
#[tokio::test(flavor = "multi_thread")]
async fn of_right_answers_of_two_users_at_once_each_counts_once() {
    let (bank, _, mut shared) = cameras().await;
    for _ in 0..5 {
        let mut hands = Vec::new();
        for user in ["S1", "S2"] {
            let asked = bank.ask(C, user, &admin()).await;
            let (_, code) = shared.sign(&asked);
            let me = Signer::new(C, user);
            for _ in 0..4 {
                let (fe, me) = (bank.another_fe(), me.clone());
                let (challenge, code) = (me.asked(&asked), code.clone());
                hands.push(tokio::spawn(async move {
                    me.try_answer(&fe, &challenge, &code).await.verdict()
                }));
            }
        }
        let mut verdicts = Vec::new();
        for hand in hands {
            verdicts.push(hand.await.expect("no hand panics"));
        }
        let accepted = verdicts.iter().filter(|verdict| *verdict == "accepted").count();
        assert_eq!(accepted, 2, "one for each user: {verdicts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_has_three_open_challenges_at_most() {
    let (bank, token, me) = keypad().await;
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(me.ask(&bank, &signer::login()).await);
    }
    assert_outcome(&me.ask(&bank, &signer::login()).await, "refused limit");
    let elsewhere = me.in_session("another session").ask(&bank, &signer::login()).await;
    assert_eq!(outcome(&elsewhere), "refused limit", "the user's, not the session's");
    let cancelled = me.asked(&open[0]);
    assert_outcome(&me.cancel(&bank, &cancelled).await, "done");
    assert_outcome(&me.cancel(&bank, &cancelled).await, "unchanged");
    let late = me.answer(&bank, &cancelled, &token.answer(&open[0], bank.clock.now())).await;
    assert_outcome(&late, "rejected no_challenge");
    let fourth = me.ask(&bank, &signer::login()).await;
    assert_outcome(&fourth, "done");
    let code = token.answer(&fourth, bank.clock.now());
    assert_outcome(&me.answer(&bank, &me.asked(&fourth), &code).await, "accepted");
    assert_outcome(&me.ask(&bank, &signer::login()).await, "done");
    assert_outcome(&me.ask(&bank, &signer::login()).await, "refused limit");
    bank.advance_minutes(5);
    assert_eq!(outcome(&me.ask(&bank, &signer::login()).await), "done", "the old ones are over");
}

#[tokio::test(flavor = "multi_thread")]
async fn also_at_once_a_user_gets_no_more_than_three_challenges() {
    let (bank, _, me) = keypad().await;
    let hands: Vec<_> = (0..24)
        .map(|_| {
            let (fe, me) = (bank.another_fe(), me.clone());
            tokio::spawn(async move { me.try_ask(&fe, &signer::login()).await })
        })
        .collect();
    let mut words = Vec::new();
    for hand in hands {
        let reply: Reply = hand.await.expect("no hand panics");
        words.push(outcome(&reply.expect_status(200).json()));
    }
    let done = words.iter().filter(|word| *word == "done").count();
    assert_eq!(done, 3, "{words:?}");
    assert!(words.iter().all(|word| word == "done" || word == "refused limit"), "{words:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_gives_the_same_answer() {
    let (bank, token, me) = keypad().await;
    let order = signer::transfer("0000017", 1_000);
    let body = json!({ "actor": me.actor(), "operation": order, "image": "png" });
    let first = bank.fe.post_once(&me.path(), &body, "ask-1").await.expect_status(200);
    let again = bank.fe.post_once(&me.path(), &body, "ask-1").await.expect_status(200);
    assert_eq!(first.json(), again.json(), "the same challenge");
    assert_eq!(again.header("idempotency-replayed"), "true");
    let asked = first.json();
    let challenge = me.asked(&asked);
    let wrong = token.wrong(&asked, bank.clock.now(), 0);
    for _ in 0..5 {
        let answer = me.answer_once(&bank.fe, &challenge, &wrong, "wrong-1").await.json();
        assert_eq!(answer["tries_left"], 2, "counted once: {answer:#}");
    }
    assert_eq!(bank.staff.token(&token.serial).await["failures"], 1);
    let code = token.answer(&asked, bank.clock.now());
    let other = me.answer_once(&bank.fe, &challenge, &code, "wrong-1").await;
    assert_eq!(other.expect_status(422).problem(), "idempotency_mismatch");
    let right = me.answer_once(&bank.fe, &challenge, &code, "right-1").await.json();
    assert_outcome(&right, "accepted");
    let bank = bank.kill_and_restart().await;
    let later = me.answer_once(&bank.fe, &challenge, &code, "right-1").await;
    assert_eq!(later.header("idempotency-replayed"), "true");
    assert_eq!(later.json(), right, "also after a kill");
    assert_outcome(&me.answer(&bank, &challenge, &code).await, "rejected already_used");
}
