//! The rotation of the wrapping key: every seed is wrapped anew while codes are checked and batches
//! come in; it goes on after a `kill -9`; every token works afterwards; and the old key goes only when
//! nothing needs it any more.
//!
//! Not responsible for: what the HSM does with one seal (tests of warifu-hsm).
#![forbid(unsafe_code)]

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use e2e::{
    Caller, Daemon, TestToken, World, approval,
    cli::Cli,
    import,
    keypad::KeypadToken,
    lifecycle::{Actor, Bank, assert_outcome},
    pki::Wish,
    pskc,
    signer::{self, Signer},
    wait,
    world::{BANK, OTHER_BANK},
};
use serde_json::{Value, json};
use warifu_core::ocra::keypad::KeypadUse;

const C: &str = "HOKUGIN-1";
const SINCE: &str = "2026-10-01T00:00:00+09:00";

fn rotate() -> Value {
    json!({ "operation": "wrapping_key_rotate" })
}

fn destroy(generation: u32) -> Value {
    json!({ "operation": "wrapping_key_destroy", "generation": generation })
}

/// Two officers of a bank.
struct Officers {
    first: Caller,
    second: Caller,
}

impl Officers {
    fn of(world: &World, daemon: &Daemon) -> Self {
        let officer = |name| world.named(daemon, BANK, "officer", name);
        Self { first: officer("aoki"), second: officer("baba") }
    }

    /// What one proposes and the other approves; the proposal as it ends.
    async fn agree(&self, operation: &Value) -> Value {
        let proposal = approval::propose(&self.first, operation).await;
        let alone = approval::about(&self.first, &proposal, "approval").await;
        assert_eq!(alone.expect_status(403).problem(), "same_person");
        approval::about(&self.second, &proposal, "approval").await.expect_status(200).json()
    }

    /// The same, and it is carried out.
    async fn agreed(&self, operation: &Value) -> Value {
        let proposal = self.agree(operation).await;
        assert_eq!(proposal["state"], "done", "{proposal:#}");
        proposal
    }

    /// Imports tokens, approved by the other.
    async fn take_in(&self, batch: &str, tokens: &[TestToken]) {
        let job = approval::stage(&self.first, batch, tokens).await;
        let _ = approval::approve(&self.second, &job).await.expect_status(200);
    }
}

async fn keys(officer: &Caller) -> Value {
    officer.get("/v1/wrapping-keys").await.expect_status(200).json()
}

/// Waits for the end of a rotation; what is told of it.
async fn ended(officer: &Caller, state: &str) -> Value {
    wait::until("the rotation ends", || async {
        let keys = keys(officer).await;
        let rotation = &keys["rotation"];
        let is_over = ["done", "stopped"].iter().any(|end| rotation["state"] == *end);
        if is_over {
            assert_eq!(rotation["state"], state, "{keys:#}");
        }
        is_over.then_some(keys)
    })
    .await
}

fn is_whole(keys: &Value, to: u32) {
    let rotation = &keys["rotation"];
    assert_eq!(rotation["to"], to, "{keys:#}");
    assert_eq!((&rotation["failed"], &rotation["remaining"]), (&json!(0), &json!(0)), "{keys:#}");
    assert_eq!(rotation["officers"], json!(["aoki", "baba"]), "{keys:#}");
    assert!(rotation["finished_at"].is_string(), "{keys:#}");
}

async fn started() -> (World, Daemon) {
    let mut world = World::new();
    world.set("approval.enforce", "true");
    let daemon = world.start().await;
    (world, daemon)
}

/// A token whose codes are shown one after the other; how many were accepted.
struct Shown {
    token: TestToken,
    next: AtomicU64,
}

/// Shows code after code of some tokens until told to stop. Nothing is refused, and no code counts
/// twice.
async fn press(teller: Caller, tokens: Arc<Vec<Shown>>, going: Arc<AtomicBool>) {
    while going.load(Ordering::Relaxed) {
        for shown in tokens.iter() {
            let (serial, next) = (&shown.token.serial, shown.next.load(Ordering::Relaxed));
            let code = shown.token.code(next);
            assert_eq!(teller.verdict(serial, &code).await, "accepted", "{serial} {next}");
            assert_eq!(teller.verdict(serial, &code).await, "reused", "{serial} {next}");
            shown.next.store(next + 1, Ordering::Relaxed);
        }
    }
}

fn hotp(prefix: &str, count: u64) -> Vec<TestToken> {
    (0..count).map(|n| TestToken::hotp(&format!("{prefix}{n:04}"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_token_works_during_a_rotation_and_after_it() {
    let (world, daemon) = started().await;
    let officers = Officers::of(&world, &daemon);
    let (idle, busy) = (hotp("R", 600), hotp("B", 24));
    let timed: Vec<_> = (0..40).map(|n| TestToken::totp(&format!("T{n:04}"))).collect();
    for (batch, tokens) in [("idle", &idle), ("busy", &busy), ("timed", &timed)] {
        officers.take_in(batch, tokens).await;
    }
    let before = keys(&officers.first).await;
    assert_eq!(before, json!({ "generations": [1] }));

    let going = Arc::new(AtomicBool::new(true));
    let identity = world.identity("validator");
    let shown = |token: &TestToken| Shown { token: token.clone(), next: AtomicU64::new(0) };
    let hands: Vec<Arc<Vec<Shown>>> =
        busy.chunks(6).map(|some| Arc::new(some.iter().map(shown).collect())).collect();
    let pressing: Vec<_> = hands
        .iter()
        .map(|mine| {
            let caller = world.caller_as(&daemon, &identity);
            tokio::spawn(press(caller, Arc::clone(mine), Arc::clone(&going)))
        })
        .collect();
    officers.agreed(&rotate()).await;
    let late = hotp("L", 30);
    officers.take_in("late", &late).await;
    let over = ended(&officers.first, "done").await;
    going.store(false, Ordering::Relaxed);
    for hand in pressing {
        hand.await.expect("no code was refused");
    }
    is_whole(&over, 2);
    assert_eq!(over["generations"], json!([1, 2]));
    assert!(over["rotation"]["rewrapped"].as_u64() >= Some(664), "{over:#}");

    let told = officers.agreed(&destroy(1)).await;
    assert!(told["outcome"].to_string().contains("destroyed"), "{told:#}");
    assert_eq!(keys(&officers.first).await["generations"], json!([2]));
    let teller = world.caller_as(&daemon, &identity);
    for token in idle.iter().chain(&late) {
        let verdict = teller.verdict(&token.serial, &token.code(0)).await;
        assert_eq!(verdict, "accepted", "{}", token.serial);
    }
    for token in &timed {
        let verdict = teller.verdict(&token.serial, &token.code(token.now())).await;
        assert_eq!(verdict, "accepted", "{}", token.serial);
    }
    for shown in hands.iter().flat_map(|mine| mine.iter()) {
        let (serial, next) = (&shown.token.serial, shown.next.load(Ordering::Relaxed));
        assert_eq!(teller.verdict(serial, &shown.token.code(next)).await, "accepted", "{serial}");
    }
    let events = approval::events(&world.caller(&daemon, "auditor")).await;
    for (action, outcome, note) in
        [("rotate", "begun", ""), ("rotate", "done", ""), ("key_destroy", "done", "wrapping key")]
    {
        assert_eq!(approval::count(&events, action, outcome, note), 1, "{action} {outcome}");
    }
}

/// Waits until a rotation is seen at work; whether it was, before it ended.
async fn caught_at_work(officer: &Caller, to: u32) -> bool {
    wait::until("the rotation works", || async {
        let keys = keys(officer).await;
        let rotation = &keys["rotation"];
        let at_work = rotation["state"] == "rewrapping" && rotation["done"].as_u64() > Some(0);
        let over = rotation["to"] == to && rotation["state"] == "done";
        (at_work || over).then_some(at_work)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_goes_on_after_a_kill() {
    let (world, mut daemon) = started().await;
    let tokens = hotp("K", 1_500);
    Officers::of(&world, &daemon).take_in("many", &tokens).await;
    let (mut to, mut caught) = (1, 0);
    while caught < 2 && to < 8 {
        let officers = Officers::of(&world, &daemon);
        officers.agreed(&rotate()).await;
        to += 1;
        caught += u32::from(caught_at_work(&officers.first, to).await);
        daemon.kill();
        daemon = world.start().await;
        let officers = Officers::of(&world, &daemon);
        is_whole(&ended(&officers.first, "done").await, to);
    }
    assert!(caught > 0, "no rotation was caught at work");
    let officers = Officers::of(&world, &daemon);
    for generation in 1..to {
        officers.agreed(&destroy(generation)).await;
    }
    assert_eq!(keys(&officers.first).await["generations"], json!([to]));
    let teller = world.caller(&daemon, "validator");
    for token in tokens.iter().step_by(7) {
        let verdict = teller.verdict(&token.serial, &token.code(0)).await;
        assert_eq!(verdict, "accepted", "{}", token.serial);
    }
}

/// Seeds that an import sealed before and keeps after the rotation came by are not left behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_being_sealed_meanwhile_moves_too() {
    let (world, daemon) = started().await;
    let officers = Officers::of(&world, &daemon);
    let tokens = hotp("Z", 3_000);
    let order = json!({ "batch": "big" });
    let id = import::open(&officers.first, &order).await.expect_status(201).text("id");
    let sent = import::send(&officers.first, &id, pskc::plain(&tokens)).await;
    let _ = sent.expect_status(202);
    let path = format!("/v1/imports/{id}");
    wait::until("sealing has begun", || async {
        let job = officers.first.get(&path).await.expect_status(200).json();
        (job["processed"].as_u64() > Some(0) && job["state"] != "checking").then_some(())
    })
    .await;
    officers.agreed(&rotate()).await;
    let job = import::finished(&officers.first, &id).await;
    let _ = approval::approve(&officers.second, &job).await.expect_status(200);
    wait::until("nothing is under the old key", || async {
        ended(&officers.first, "done").await;
        let told = officers.agree(&destroy(1)).await;
        let outcome = told["outcome"].to_string();
        assert!(told["state"] == "done" || outcome.contains("wrapped anew now"), "{told:#}");
        (told["state"] == "done").then_some(())
    })
    .await;
    let teller = world.caller(&daemon, "validator");
    for token in tokens.iter().step_by(11) {
        let verdict = teller.verdict(&token.serial, &token.code(0)).await;
        assert_eq!(verdict, "accepted", "{}", token.serial);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrapping_key_that_is_needed_is_not_destroyed() {
    let (world, daemon) = started().await;
    let officers = Officers::of(&world, &daemon);
    let token = TestToken::hotp("N-1");
    officers.take_in("one", std::slice::from_ref(&token)).await;
    let newest = officers.agree(&destroy(1)).await;
    assert_eq!(newest["state"], "failed", "{newest:#}");
    assert!(newest["outcome"].to_string().contains("rotate first"), "{newest:#}");
    officers.agreed(&rotate()).await;
    ended(&officers.first, "done").await;
    let newest = officers.agree(&destroy(2)).await;
    assert_eq!(newest["state"], "failed", "{newest:#}");
    officers.agreed(&destroy(1)).await;
    let again = officers.agreed(&destroy(1)).await;
    assert!(again["outcome"].to_string().contains("not in the HSM"), "{again:#}");
    let teller = world.caller(&daemon, "validator");
    assert_eq!(teller.verdict("N-1", &token.code(0)).await, "accepted");

    let stranger = world.named(&daemon, OTHER_BANK, "officer", "chiba");
    for operation in [rotate(), destroy(1)] {
        let reply = stranger.post("/v1/proposals", &operation).await;
        assert_eq!(reply.expect_status(403).problem(), "forbidden", "the key is the house's");
    }
}

/// A wrapping key of the old form lets nothing out: the rotation stops and says so, and nothing is
/// lost by it.
#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_wrapping_key_stops_the_rotation_with_a_note() {
    let mut world = World::bare();
    world.set("hsm.wrapping_key", "\"pinned\"").set("approval.enforce", "true");
    world.make_keys();
    world.init();
    let daemon = world.start().await;
    let officers = Officers::of(&world, &daemon);
    let (old, new) = (hotp("P", 5), hotp("Q", 5));
    officers.take_in("old", &old).await;
    officers.agreed(&rotate()).await;
    let stopped = ended(&officers.first, "stopped").await;
    let note = stopped["rotation"]["note"].as_str().unwrap_or_default();
    assert!(note.contains("pinned") && note.contains("importing again"), "{stopped:#}");
    officers.take_in("new", &new).await;
    let kept = officers.agree(&destroy(1)).await;
    assert_eq!(kept["state"], "failed", "{kept:#}");
    let teller = world.caller(&daemon, "validator");
    for token in old.iter().chain(&new) {
        assert_eq!(teller.verdict(&token.serial, &token.code(0)).await, "accepted");
    }
    let events = approval::events(&world.caller(&daemon, "auditor")).await;
    assert_eq!(approval::count(&events, "rotate", "stopped", ""), 1, "{events:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_proposes_a_rotation_and_shows_how_far_it_is() {
    let (world, daemon) = started().await;
    let officers = Officers::of(&world, &daemon);
    officers.take_in("some", &hotp("S", 20)).await;
    let aoki = world.pki.client(&Wish::role(BANK, "officer", "aoki"));
    let cli = Cli::new(&world, &daemon, &aoki);
    let none = cli.run(&["wrapping-key", "show", "--json"]).expect_code(0).json();
    assert_eq!(none["generations"], json!([1]), "{none:#}");
    let proposal = cli.run(&["wrapping-key", "rotate", "--json"]).expect_code(0).json();
    let approved = approval::about(&officers.second, &proposal, "approval").await;
    assert_eq!(approved.expect_status(200).text("state"), "done");
    ended(&officers.first, "done").await;
    let shown = cli.run(&["wrapping-key", "show", "--json"]).expect_code(0).json();
    assert_eq!(shown["generations"], json!([1, 2]), "{shown:#}");
    is_whole(&shown, 2);
    let text = cli.run(&["wrapping-key", "show"]).expect_code(0).stdout;
    assert!(text.contains("done") && text.contains("aoki"), "{text}");
}

fn transfer() -> Value {
    json!({
        "type": "transfer",
        "payer": { "branch": "011", "account_type": "ordinary", "account": "0012345" },
        "payee": { "bank": "0138", "branch": "201", "account_type": "ordinary", "account": "1234567" },
        "payee_name": "ｶ)ｱｵｿﾗｼﾖｳｶｲ",
        "amount": 1_234_567,
        "date": "2026-10-05",
    })
}

/// Both steps, on an installation where one person may do all of it.
async fn rotated(bank: &Bank) {
    for operation in [rotate(), destroy(1)] {
        let proposal = approval::propose(&bank.officer, &operation).await;
        let done = approval::about(&bank.officer, &proposal, "approval").await.expect_status(200);
        assert_eq!(done.text("state"), "done", "{done:?}");
        ended(&bank.officer, "done").await;
    }
}

/// A camera token has three keys under two wrapping keys, and all of them move.
#[tokio::test(flavor = "multi_thread")]
async fn camera_tokens_sign_after_a_rotation_as_before() {
    let bank = Bank::open("bank-000").await;
    bank.contract(C, SINCE, "").await;
    let mut cameras = bank.cameras(C, "0112345679", 2).await;
    for user in ["S1", "S2"] {
        bank.user(C, user, "general").await;
    }
    let (mut late, mut early) = (cameras.remove(1), cameras.remove(0));
    bank.activate(C, "S1", &mut early).await;
    bank.sign(C, "S1", &mut early, &transfer()).await;
    rotated(&bank).await;
    bank.sign(C, "S1", &mut early, &transfer()).await;
    bank.activate(C, "S2", &mut late).await;
    bank.sign(C, "S2", &mut late, &transfer()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keypad_tokens_sign_after_a_rotation_as_before() {
    let bank = Bank::open("default").await;
    bank.contract(C, SINCE, "").await;
    bank.user(C, "G1", "general").await;
    let token = KeypadToken::stock(&bank.officer, "30000001", 1, &KeypadUse::ALL).await.remove(0);
    let signer = Signer::new(C, "G1");
    token.in_service(&bank, &signer).await;
    rotated(&bank).await;
    let asked = signer.ask(&bank, &signer::login()).await;
    let challenge = signer.asked(&asked);
    let answer = signer.answer(&bank, &challenge, &token.answer(&asked, bank.clock.now())).await;
    assert_outcome(&answer, "accepted");
    let issued = bank.issue(&token.serial, C, Some("G1"), &Actor::paper()).await;
    assert_eq!(issued["outcome"], "refused", "it is in service: {issued:#}");
}

/// A backup holds seeds under the wrapping key of its time. Without that key none of them is lost to
/// a wrong verdict: it is an outage that names what is missing.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_from_before_needs_the_key_from_before() {
    let (world, daemon) = started().await;
    let officers = Officers::of(&world, &daemon);
    let token = TestToken::hotp("X-1");
    officers.take_in("one", std::slice::from_ref(&token)).await;
    let file = world.path("backup").display().to_string();
    let aoki = world.pki.client(&Wish::role(BANK, "officer", "aoki"));
    let _ = Cli::new(&world, &daemon, &aoki).run(&["backup", "create", &file]).expect_code(0);
    officers.agreed(&rotate()).await;
    ended(&officers.first, "done").await;
    officers.agreed(&destroy(1)).await;
    assert!(daemon.stop().0.success());
    std::fs::rename(world.store(), world.path("store-lost")).expect("the old store");
    let output = world.try_warifud("restore", &["--from", &file]);
    assert!(output.status.success(), "{output:?}");
    let daemon = world.start().await;
    let operator = world.caller(&daemon, "operator");
    let codes = json!({ "codes": [token.code(0), token.code(1)] });
    let reply = operator.post("/v1/tokens/X-1/resync", &codes).await;
    assert_eq!(reply.expect_status(503).problem(), "token_unusable");
    let detail = operator.token("X-1").await;
    assert_eq!(detail["failures"], 0, "{detail:#}");
    let log = daemon.stop().1;
    assert!(log.contains("wrapping key of generation 1 is not on the token"), "{log}");
}
