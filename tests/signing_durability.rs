//! Signatures when processes are killed, the HSM is away, or the store is put back from a backup; and
//! what the audit chain tells of them.
//!
//! Not responsible for: limits of tries (`signing_limits.rs`), the backup's format (tests of warifu-store).
#![forbid(unsafe_code)]

use e2e::{
    camera::misread,
    cli::Cli,
    hsm::HsmSandbox,
    keypad::KeypadToken,
    lifecycle::{Actor, Bank, assert_outcome, outcome},
    signer::{self, Signer},
    wait,
};
use serde_json::{Value, json};
use warifu_core::ocra::keypad::KeypadUse;

const C: &str = "C-1";
const START: &str = "2026-10-01T00:00:00+09:00";

async fn users(bank: &Bank) {
    bank.contract(C, START, "").await;
    for (user, role) in [("M1", "master"), ("S1", "general"), ("S2", "general")] {
        bank.user(C, user, role).await;
    }
}

async fn keypad(bank: &Bank, user: &str, serial: &str) -> (KeypadToken, Signer) {
    let token = KeypadToken::stock(&bank.officer, serial, 1, &KeypadUse::ALL).await.remove(0);
    let me = Signer::new(C, user);
    token.in_service(bank, &me).await;
    (token, me)
}

fn admin() -> Value {
    json!({ "type": "admin", "text": "USER ADD" })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_challenge_and_answer_loses_nothing() {
    let bank = Bank::open("default").await;
    users(&bank).await;
    let (token, me) = keypad(&bank, "S1", "30000001").await;
    let order = signer::transfer("0000017", 1_000);
    let asked = me.ask(&bank, &order).await;
    let challenge = me.asked(&asked);
    let wrong = token.wrong(&asked, bank.clock.now(), 0);
    assert_eq!(me.answer(&bank, &challenge, &wrong).await["tries_left"], 2);

    let bank = bank.kill_and_restart().await;
    assert_eq!(me.show(&bank, &challenge).await["prompt"], asked["prompt"]);
    let wrong = token.wrong(&asked, bank.clock.now(), 1);
    assert_eq!(me.answer(&bank, &challenge, &wrong).await["tries_left"], 1, "the first counts");
    let code = token.answer(&asked, bank.clock.now());
    let right = me.answer(&bank, &challenge, &code).await;
    assert_outcome(&right, "accepted");
    assert_eq!(right["operation"], order, "{right:#}");

    let bank = bank.kill_and_restart().await;
    assert_outcome(&me.answer(&bank, &challenge, &code).await, "rejected already_used");
    let asked = me.ask(&bank, &signer::login()).await;
    let challenge = me.asked(&asked);
    assert_outcome(&me.cancel(&bank, &challenge).await, "done");
    let bank = bank.kill_and_restart().await;
    let code = token.answer(&asked, bank.clock.now());
    assert_outcome(&me.answer(&bank, &challenge, &code).await, "rejected no_challenge");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_goes_on_after_a_kill_in_every_step() {
    let bank = Bank::open("bank-000").await;
    users(&bank).await;
    let mut token = bank.cameras(C, "0112345679", 1).await.remove(0);
    let first = bank.start_activation(C, "S1", token.serial()).await;
    let bank = bank.kill_and_restart().await;
    let code = token.device_code(&first);
    let second = bank.device_code(C, "S1", &first, &code).await;
    assert_outcome(&second, "done");
    let bank = bank.kill_and_restart().await;
    let code = token.confirm_code(&second);
    let end = bank.confirm(C, "S1", &second, &code).await;
    assert_outcome(&end, "done");
    token.finish();
    let bank = bank.kill_and_restart().await;
    let asked = bank.ask(C, "S1", &admin()).await;
    let (_, code) = token.sign(&asked);
    let bank = bank.kill_and_restart().await;
    assert_outcome(&bank.answer(C, "S1", &asked, &code).await, "accepted");
    let bank = bank.kill_and_restart().await;
    assert_outcome(&bank.answer(C, "S1", &asked, &code).await, "rejected already_used");
    assert_eq!(bank.camera_state(token.serial()).await, "active");
    assert_eq!(bank.camera_tokens(C).await[0]["token_code"], end["token_code"]);
}

/// The cable to the HSM is cut: no verdict, nothing is counted, no try is used up.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_hsm_no_code_is_judged_and_none_is_counted() {
    let bank = Bank::open("default").await;
    users(&bank).await;
    let token = KeypadToken::with_key("30000001", e2e::token::random(32));
    token.import(&bank.officer, "resident", &[KeypadUse::Login.suite_text()]).await;
    let me = Signer::new(C, "S1");
    token.in_service(&bank, &me).await;
    let mut cable = None;
    let bank = bank
        .kill_and(|world| {
            let (remote, server) = HsmSandbox::remote(&world.hsm);
            world.hsm = remote;
            world.use_hsm();
            cable = Some(server);
        })
        .await;
    let mut cable = cable.unwrap();
    let asked = me.ask(&bank, &signer::login()).await;
    let (challenge, now) = (me.asked(&asked), bank.clock.now());
    let (right, wrong) = (token.answer(&asked, now), token.wrong(&asked, now, 0));
    cable.cut();
    for code in [&wrong, &wrong, &wrong, &wrong, &right] {
        let reply = me.try_answer(&bank.fe, &challenge, code).await;
        assert!(matches!(reply.status.as_u16(), 503 | 504), "{reply:?}");
        let verdict = reply.verdict();
        let outage = ["problem:hsm_unavailable", "problem:deadline"];
        assert!(outage.contains(&verdict.as_str()), "an outage was told as {verdict}");
    }
    let detail = bank.staff.token(&token.serial).await;
    assert_eq!(detail["failures"], 0, "{detail:#}");
    cable.mend();
    wait::until("the HSM serves again", || async {
        let reply = me.try_answer(&bank.fe, &challenge, &right).await;
        let verdict = reply.verdict();
        assert!(verdict == "accepted" || verdict.starts_with("problem:"), "{verdict}");
        (verdict == "accepted").then_some(())
    })
    .await;
    assert_eq!(bank.staff.token(&token.serial).await["failures"], 0);
}

/// The same while a worker hangs that has to seal the message of a camera token.
#[tokio::test(flavor = "multi_thread")]
async fn a_camera_token_is_asked_nothing_while_the_hsm_hangs() {
    let bank = Bank::open("bank-000").await;
    users(&bank).await;
    let mut token = bank.cameras(C, "0112345679", 1).await.remove(0);
    bank.activate(C, "S1", &mut token).await;
    let me = Signer::new(C, "S1");
    let asked = bank.ask(C, "S1", &admin()).await;
    let (_, code) = token.sign(&asked);
    e2e::process::signal(bank.daemon.worker(), rustix::process::Signal::STOP);
    let put = me.try_ask(&bank.fe, &admin()).await;
    assert!(matches!(put.status.as_u16(), 200 | 503 | 504), "{put:?}");
    let challenge = me.asked(&asked);
    let verdict = wait::until("the HSM serves again", || async {
        let verdict = me.try_answer(&bank.fe, &challenge, &code).await.verdict();
        (!verdict.starts_with("problem:")).then_some(verdict)
    })
    .await;
    assert_eq!(verdict, "accepted");
    let detail = bank.staff.token(token.serial()).await;
    assert_eq!(detail["failures"], 0, "{detail:#}");
}

/// Every step, with what it was about.
#[tokio::test(flavor = "multi_thread")]
async fn the_audit_chain_tells_what_was_signed_by_whom() {
    let bank = Bank::open("bank-000").await;
    users(&bank).await;
    let mut tokens = bank.cameras(C, "0112345679", 2).await;
    let (mut other, mut token) = (tokens.remove(1), tokens.remove(0));
    let end = bank.activate(C, "S1", &mut token).await;
    let code = end["token_code"].as_str().expect("it has a token code").to_owned();
    bank.share(C, "S2", &mut token, &code).await;
    bank.sign(C, "S2", &mut token, &signer::transfer("0000017", 1_000)).await;
    let asked = bank.ask(C, "S1", &admin()).await;
    let wrong = misread(&token.sign(&asked).1);
    assert_outcome(&bank.answer(C, "S1", &asked, &wrong).await, "rejected bad_code");
    bank.activate_but_done(C, "M1", &mut other).await;
    assert_outcome(&bank.initialise(C, other.serial(), &Actor::paper()).await, "done");

    let records = bank.audit().await;
    let told = |action: &str, user: &str, result: &str| {
        let mut events = records.iter().map(|record| &record["event"]);
        let found = events.find(|event| {
            event["action"] == action && event["outcome"] == result && event["user"] == user
        });
        let event = found.unwrap_or_else(|| panic!("no {action} {result} of {user}: {records:#?}"));
        event["note"].as_str().unwrap_or_default().to_owned()
    };
    for result in ["am1_sent", "am2_sent", "done"] {
        told("activate", "S1", result);
    }
    assert!(told("challenge", "S2", "done").starts_with("share ["));
    told("share", "S2", "done");
    let transfer = "transfer 1000 yen to 0138-201-1-0000017 on 2026-10-30 [";
    assert!(told("sign", "S1", "bad_code").starts_with("admin USER ADD ["));
    let notes = records.iter().filter_map(|record| record["event"]["note"].as_str());
    let transfers = notes.filter(|note| note.starts_with(transfer)).count();
    assert_eq!(transfers, 2, "asked and signed");
    let initialised = records.iter().find(|record| record["event"]["action"] == "initialise");
    let initialised = &initialised.expect("it is recorded")["event"];
    assert_eq!(initialised["serial"], other.serial(), "{initialised:#}");
    let text = serde_json::to_string(&records).unwrap();
    for secret in [wrong.as_str(), "ﾔﾏﾀﾞ", "session-of-S1"] {
        assert!(!text.contains(secret), "{secret} is in the audit chain");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_challenges_are_over_and_half_activations_need_an_initialisation() {
    let bank = Bank::open("bank-000").await;
    users(&bank).await;
    let mut tokens = bank.cameras(C, "0112345679", 3).await;
    let (third, mut second, mut first) = (tokens.remove(2), tokens.remove(1), tokens.remove(0));
    bank.activate(C, "S1", &mut first).await;
    bank.sign(C, "S1", &mut first, &admin()).await;
    let asked = bank.ask(C, "S1", &admin()).await;
    let (_, code) = first.sign(&asked);
    let start = bank.start_activation(C, "S2", second.serial()).await;
    let twelve = second.device_code(&start);
    let half = bank.device_code(C, "S2", &start, &twelve).await;
    let eight = second.confirm_code(&half);
    let begun = bank.start_activation(C, "M1", third.serial()).await;
    assert_outcome(&begun, "done");

    let file = bank.world.path("backup").display().to_string();
    let officer = Cli::new(&bank.world, &bank.daemon, &bank.world.identity("officer"));
    let _ = officer.run(&["backup", "create", &file]).expect_code(0);
    let bank = bank
        .kill_and(|world| {
            std::fs::rename(world.store(), world.path("store-lost")).unwrap();
            let output = world.try_warifud("restore", &["--from", &file]);
            assert!(output.status.success(), "{output:?}");
        })
        .await;

    let answer = bank.answer(C, "S1", &asked, &code).await;
    assert_outcome(&answer, "rejected no_challenge");
    let answer = bank.confirm(C, "S2", &half, &eight).await;
    assert_eq!(outcome(&answer), "refused init_required", "{answer:#}");
    let states = [(&first, "active"), (&second, "init_required"), (&third, "ready")];
    for (token, state) in states {
        assert_eq!(bank.camera_state(token.serial()).await, state, "{}", token.serial());
    }
    bank.sign(C, "S1", &mut first, &admin()).await;
    assert_outcome(&bank.initialise(C, second.serial(), &Actor::paper()).await, "done");
    second.restart();
    bank.activate(C, "S2", &mut second).await;
    bank.sign(C, "S2", &mut second, &admin()).await;
}

/// A code over typed values and the time may have been given after the backup was taken.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_a_keypad_token_waits_for_the_next_steps() {
    let bank = Bank::open("default").await;
    users(&bank).await;
    let uses = [KeypadUse::Login, KeypadUse::AccountAmount];
    let token = KeypadToken::stock(&bank.officer, "30000001", 1, &uses).await.remove(0);
    let me = Signer::new(C, "S1");
    token.in_service(&bank, &me).await;
    let file = bank.world.path("backup").display().to_string();
    let officer = Cli::new(&bank.world, &bank.daemon, &bank.world.identity("officer"));
    let _ = officer.run(&["backup", "create", &file]).expect_code(0);
    let order = signer::transfer("0000017", 1_000);
    let asked = me.ask(&bank, &order).await;
    let code = token.answer(&asked, bank.clock.now());
    assert_outcome(&me.answer(&bank, &me.asked(&asked), &code).await, "accepted");
    let bank = bank
        .kill_and(|world| {
            std::fs::rename(world.store(), world.path("store-lost")).unwrap();
            let output = world.try_warifud("restore", &["--from", &file]);
            assert!(output.status.success(), "{output:?}");
        })
        .await;
    let asked = me.ask(&bank, &order).await;
    let challenge = me.asked(&asked);
    let answer = me.answer(&bank, &challenge, &code).await;
    assert_eq!(outcome(&answer), "rejected reused", "accepted after the backup: {answer:#}");
    bank.advance_minutes(3);
    let code = token.answer(&asked, bank.clock.now());
    assert_outcome(&me.answer(&bank, &challenge, &code).await, "accepted");
}
