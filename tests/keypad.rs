//! Keypad tokens (OCRA, RFC 6287) from the maker's file to signatures: what is asked, what is typed, and
//! which codes count. Codes are computed in the tests from the key in the file.
//!
//! Not responsible for: limits of tries and their concurrency (`signing_limits.rs`), the official test
//! values (`signing_vectors.rs`).
#![forbid(unsafe_code)]

use e2e::{
    TestToken,
    keypad::KeypadToken,
    lifecycle::{Actor, Bank, assert_outcome, outcome},
    signer::{self, Signer},
};
use serde_json::{Value, json};
use warifu_core::{
    ocra::keypad::{Account, Amount, Asked, Challenge, KeypadUse},
    time::UnixTime,
};
use warifu_token::{BatchSeed, Model, SigningBatch};

const C: &str = "C-1";
const START: &str = "2026-10-01T00:00:00+09:00";

/// A bank with a contract of three users, on the default profile.
async fn bank() -> Bank {
    let bank = Bank::open("default").await;
    bank.contract(C, START, "").await;
    for (user, role) in [("M1", "master"), ("G1", "general"), ("G2", "general")] {
        bank.user(C, user, role).await;
    }
    bank
}

/// The same, with a token of these uses in G1's hands.
async fn with_token(uses: &[KeypadUse]) -> (Bank, KeypadToken, Signer) {
    let bank = bank().await;
    let token = KeypadToken::stock(&bank.officer, "30000001", 1, uses).await.remove(0);
    let signer = Signer::new(C, "G1");
    token.in_service(&bank, &signer).await;
    (bank, token, signer)
}

/// Asks, and answers with the right code of this moment.
async fn sign(bank: &Bank, token: &KeypadToken, signer: &Signer, order: &Value) -> Value {
    let asked = signer.ask(bank, order).await;
    let challenge = signer.asked(&asked);
    signer.answer(bank, &challenge, &token.answer(&asked, bank.clock.now())).await
}

fn entries(asked: &Value) -> Vec<(String, String)> {
    let entries = asked["prompt"]["entries"].as_array().cloned().unwrap_or_default();
    let text = |entry: &Value, field: &str| entry[field].as_str().unwrap_or_default().to_owned();
    entries.iter().map(|entry| (text(entry, "label"), text(entry, "digits"))).collect()
}

fn labels(asked: &Value) -> Vec<String> {
    entries(asked).into_iter().map(|(label, _)| label).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_taken_into_service_by_a_challenge() {
    let bank = bank().await;
    let mut tokens = KeypadToken::stock(&bank.officer, "30000001", 2, &KeypadUse::ALL).await;
    let (other, token) = (tokens.remove(1), tokens.remove(0));
    let (me, order) = (Signer::new(C, "G1"), json!({ "type": "register", "serial": token.serial }));
    assert_outcome(&me.ask(&bank, &order).await, "refused not_accepted");
    let issued = bank.issue(&token.serial, C, Some("G1"), &Actor::paper()).await;
    assert_outcome(&issued, "done");
    let before = me.ask(&bank, &signer::login()).await;
    assert_outcome(&before, "refused not_bound");

    let asked = me.ask(&bank, &order).await;
    let challenge = me.asked(&asked);
    assert_eq!(asked["prompt"]["use"], "login", "{asked:#}");
    assert_eq!(asked["prompt"]["suite"], KeypadUse::Login.suite_text(), "{asked:#}");
    assert_eq!(labels(&asked), ["challenge"], "{asked:#}");
    assert_eq!(entries(&asked)[0].1.len(), 8, "{asked:#}");
    assert!(asked.get("message").is_none(), "nothing to scan: {asked:#}");
    let now = bank.clock.now();
    let wrong = me.answer(&bank, &challenge, &other.answer(&asked, now)).await;
    assert_eq!(outcome(&wrong), "rejected bad_code", "another token's code: {wrong:#}");
    assert_eq!((&wrong["retryable"], &wrong["tries_left"]), (&json!(true), &json!(2)), "{wrong:#}");
    let right = me.answer(&bank, &challenge, &token.answer(&asked, now)).await;
    assert_outcome(&right, "accepted");
    assert_eq!(right["operation"], json!({ "type": "register", "serial": token.serial }));
    assert_eq!(right["covered"], json!(["challenge"]), "{right:#}");
    let row = bank.show_user(C, "G1").await;
    assert_eq!((&row["state"], &row["serial"]), (&json!("in_service"), &json!(token.serial)));
    let detail = bank.staff.token(&token.serial).await;
    assert_eq!(detail["algorithm"], "ocra", "{detail:#}");
    assert_eq!(detail["failures"], 0, "{detail:#}");
    assert_eq!(detail["suites"].as_array().map(Vec::len), Some(4), "{detail:#}");

    let again = me.ask(&bank, &order).await;
    assert_outcome(&again, "refused already_registered");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_token_is_not_taken_into_service() {
    let bank = bank().await;
    let token = KeypadToken::stock(&bank.officer, "30000001", 1, &KeypadUse::ALL).await.remove(0);
    let issued = bank.issue(&token.serial, C, Some("G1"), &Actor::paper()).await;
    assert_outcome(&issued, "done");
    let order = json!({ "type": "register", "serial": token.serial });
    let other = Signer::new(C, "G2").ask(&bank, &order).await;
    assert_outcome(&other, "refused not_issued_to_user");
    let order = json!({ "type": "register", "serial": "3000" });
    let reply = Signer::new(C, "G2").try_ask(&bank.fe, &order).await;
    assert_eq!(reply.expect_status(422).problem(), "invalid_field");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_challenge_is_another_each_time_and_counts_once() {
    let (bank, token, me) = with_token(&[KeypadUse::Login]).await;
    let (first, second) =
        (me.ask(&bank, &signer::login()).await, me.ask(&bank, &signer::login()).await);
    let (a, b) = (me.asked(&first), me.asked(&second));
    assert_ne!(first["prompt"]["digits"], second["prompt"]["digits"]);
    let now = bank.clock.now();
    let crossed = me.answer(&bank, &a, &token.answer(&second, now)).await;
    assert_outcome(&crossed, "rejected bad_code");
    let right = me.answer(&bank, &a, &token.answer(&first, now)).await;
    assert_outcome(&right, "accepted");
    assert_eq!(right["operation"], json!({ "type": "login" }));
    let again = me.answer(&bank, &a, &token.answer(&first, now)).await;
    assert_eq!(outcome(&again), "rejected already_used", "{again:#}");
    assert_eq!(again["retryable"], false, "{again:#}");
    assert!(again.get("operation").is_none(), "{again:#}");
    assert_outcome(&me.answer(&bank, &b, &token.answer(&second, now)).await, "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_asks_for_as_much_as_the_token_can_sign() {
    use KeypadUse as Use;
    let bank = bank().await;
    let cases: [(&[Use], &str, &str); 4] = [
        (&Use::ALL, "challenge_account_amount", "lead challenge account amount"),
        (&[Use::Login, Use::Account, Use::AccountAmount], "account_amount", "lead account amount"),
        (&[Use::Login, Use::Account], "account", "lead account"),
        (&[Use::Login], "", ""),
    ];
    for (number, (uses, purpose, parts)) in cases.into_iter().enumerate() {
        let user = format!("T{number}");
        bank.user(C, &user, "general").await;
        let first = format!("3000010{number}");
        let token = KeypadToken::stock(&bank.officer, &first, 1, uses).await.remove(0);
        let me = Signer::new(C, &user);
        token.in_service(&bank, &me).await;
        let order = signer::transfer("0000017", 1_000);
        let asked = me.ask(&bank, &order).await;
        if purpose.is_empty() {
            assert_outcome(&asked, "refused not_signable");
            continue;
        }
        let challenge = me.asked(&asked);
        assert_eq!(asked["prompt"]["use"], purpose, "{asked:#}");
        let labels = labels(&asked);
        assert_eq!(labels.join(" "), parts, "{asked:#}");
        let covered = &labels[1..];
        let typed: String = entries(&asked).into_iter().map(|(_, digits)| digits).collect();
        assert_eq!(asked["prompt"]["digits"], typed, "{asked:#}");
        assert!(typed.starts_with('1') && typed.contains("0000017"), "{asked:#}");
        assert_eq!(typed.ends_with("0000001000"), parts.ends_with("amount"), "{asked:#}");
        let code = token.answer(&asked, bank.clock.now());
        let right = me.answer(&bank, &challenge, &code).await;
        assert_outcome(&right, "accepted");
        assert_eq!(right["operation"], order, "the stored fields: {right:#}");
        assert_eq!(right["covered"], json!(covered), "{right:#}");
    }
}

/// The simulator's token and the one of the tests agree, so what testers type is what is tested.
#[tokio::test(flavor = "multi_thread")]
async fn the_virtual_keypad_token_answers_what_the_server_asks() {
    let bank = bank().await;
    let batch = SigningBatch {
        count: 1,
        first_serial: "30000001".to_owned(),
        manufacturer: "Acme Tokens".to_owned(),
        model: Model::Keypad(KeypadUse::ALL.to_vec()),
    };
    let seed = BatchSeed::generate().unwrap();
    let token = KeypadToken::of_batch(&bank.officer, &batch, &seed).await.remove(0);
    let device = batch.keypad(&seed, &token.serial).unwrap();
    let me = Signer::new(C, "G1");
    token.in_service(&bank, &me).await;
    let asked = me.ask(&bank, &signer::transfer("0000017", 1_000)).await;
    let challenge = Challenge::parse(&entries(&asked)[1].1).unwrap();
    let typed = Asked::ChallengeAccountAmount(
        challenge,
        Account::parse("0000017").unwrap(),
        Amount::new(1_000).unwrap(),
    );
    let shown = device.code(typed, UnixTime(bank.clock.now())).unwrap();
    assert_eq!(shown.expose(), token.answer(&asked, bank.clock.now()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payee_is_registered_by_the_account_alone() {
    let (bank, token, me) = with_token(&KeypadUse::ALL).await;
    let order = signer::registration("0000017");
    let asked = me.ask(&bank, &order).await;
    assert_eq!(asked["prompt"]["use"], "account", "{asked:#}");
    let right = sign(&bank, &token, &me, &order).await;
    assert_outcome(&right, "accepted");
    assert_eq!(right["operation"], order, "{right:#}");
    assert_eq!(right["covered"], json!(["account"]), "{right:#}");
    for order in [json!({ "type": "admin", "text": "USER ADD" }), json!({ "type": "deactivate" })] {
        let asked = me.ask(&bank, &order).await;
        assert_eq!(asked["outcome"], "refused", "a keypad token shows nothing: {asked:#}");
    }
}

/// A code over another account or amount is no code for this transfer.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_for_another_account_or_amount_is_refused() {
    let (bank, token, me) = with_token(&[KeypadUse::Login, KeypadUse::AccountAmount]).await;
    let asked = me.ask(&bank, &signer::transfer("0000017", 1_000)).await;
    let challenge = me.asked(&asked);
    let suite = KeypadUse::AccountAmount.suite_text();
    for typed in ["100000170000001001", "100000180000001000"] {
        let code = token.code(suite, typed, bank.clock.now());
        assert_outcome(&me.answer(&bank, &challenge, &code).await, "rejected bad_code");
    }
    let code = token.code(suite, "100000170000001000", bank.clock.now());
    assert_outcome(&me.answer(&bank, &challenge, &code).await, "accepted");
}

/// One step to either side, as the profile says; two are too far.
#[tokio::test(flavor = "multi_thread")]
async fn the_tokens_clock_may_be_off_by_one_step() {
    let (bank, token, me) = with_token(&[KeypadUse::Login, KeypadUse::Account]).await;
    bank.set("2026-10-01T12:00:30+09:00");
    for (account, off, expected) in [
        ("0000001", -120, "rejected bad_code"),
        ("0000002", -60, "accepted"),
        ("0000003", 0, "accepted"),
        ("0000004", 60, "accepted"),
        ("0000005", 120, "rejected bad_code"),
    ] {
        let asked = me.ask(&bank, &signer::transfer(account, 5)).await;
        let challenge = me.asked(&asked);
        let shown = bank.clock.now().checked_add_signed(off).unwrap();
        let answer = me.answer(&bank, &challenge, &token.answer(&asked, shown)).await;
        assert_eq!(outcome(&answer), expected, "{off} s: {answer:#}");
    }
}

/// Nothing in the question is new each time: the same transfer has the same code within a step.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_code_for_the_same_typed_values_counts_once() {
    let (bank, token, me) = with_token(&[KeypadUse::Login, KeypadUse::AccountAmount]).await;
    bank.set("2026-10-01T12:00:10+09:00");
    let order = signer::transfer("0000017", 1_000);
    assert_outcome(&sign(&bank, &token, &me, &order).await, "accepted");
    let asked = me.ask(&bank, &order).await;
    let challenge = me.asked(&asked);
    let code = token.answer(&asked, bank.clock.now());
    for _ in 0..4 {
        let answer = me.answer(&bank, &challenge, &code).await;
        assert_eq!(outcome(&answer), "rejected reused", "{answer:#}");
        assert_eq!(answer["retryable"], true, "the next step's code will do: {answer:#}");
    }
    let detail = bank.staff.token(&token.serial).await;
    assert_eq!(detail["failures"], 0, "it is no guess: {detail:#}");
    let other = sign(&bank, &token, &me, &signer::transfer("0000017", 1_001)).await;
    assert_outcome(&other, "accepted");
    bank.advance_minutes(1);
    let old = me.answer(&bank, &challenge, &code).await;
    assert_eq!(outcome(&old), "rejected reused", "still within reach: {old:#}");
    let next = token.answer(&asked, bank.clock.now());
    assert_outcome(&me.answer(&bank, &challenge, &next).await, "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_ends_after_five_minutes() {
    let (bank, token, me) = with_token(&[KeypadUse::Login]).await;
    bank.set("2026-10-01T12:00:00+09:00");
    let (first, second) =
        (me.ask(&bank, &signer::login()).await, me.ask(&bank, &signer::login()).await);
    let (a, b) = (me.asked(&first), me.asked(&second));
    assert_eq!(first["expires_at"], "2026-10-01T03:05:00Z", "{first:#}");
    bank.set("2026-10-01T12:04:59+09:00");
    assert_outcome(&me.show(&bank, &a).await, "done");
    let now = bank.clock.now();
    assert_outcome(&me.answer(&bank, &a, &token.answer(&first, now)).await, "accepted");
    bank.set("2026-10-01T12:05:00+09:00");
    let late = me.answer(&bank, &b, &token.answer(&second, now)).await;
    assert_eq!(outcome(&late), "rejected expired", "{late:#}");
    assert_eq!(late["retryable"], false, "{late:#}");
    assert_outcome(&me.show(&bank, &b).await, "refused expired");
    assert_eq!(bank.staff.token(&token.serial).await["failures"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_session_that_asked_can_answer() {
    let (bank, token, me) = with_token(&[KeypadUse::Login]).await;
    let asked = me.ask(&bank, &signer::login()).await;
    let challenge = me.asked(&asked);
    let code = token.answer(&asked, bank.clock.now());
    for stranger in [me.in_session("another"), me.as_user(C, "G2")] {
        let answer = stranger.answer(&bank, &challenge, &code).await;
        assert_eq!(outcome(&answer), "rejected not_bound", "{answer:#}");
        assert!(answer.get("tries_left").is_none(), "nothing is told of it: {answer:#}");
        assert_outcome(&stranger.show(&bank, &challenge).await, "refused not_bound");
        assert_outcome(&stranger.cancel(&bank, &challenge).await, "unchanged");
    }
    let path = format!("{}/{challenge}/verify", me.path());
    let body = json!({ "actor": { "user": "G1" }, "code": code });
    let none = bank.fe.post(&path, &body).await.expect_status(422);
    assert_eq!(none.problem(), "invalid_field", "a session must be named");
    let body = json!({ "actor": { "user": "G2", "session": me.session }, "code": code });
    let other = bank.fe.post(&path, &body).await.expect_status(422);
    assert_eq!(other.problem(), "invalid_field", "nobody answers for somebody else");
    assert_outcome(&me.answer(&bank, &challenge, &code).await, "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_makers_tokens_answer_questions_of_the_front_end() {
    let bank = bank().await;
    let suites =
        ["OCRA-1:HOTP-SHA1-6:QN08", "OCRA-1:HOTP-SHA1-8:QA10-T1M", "OCRA-1:HOTP-SHA1-10:QH40"];
    let token = KeypadToken::foreign(&bank.officer, "77700001", &suites).await;
    let me = Signer::new(C, "G1");
    token.in_service(&bank, &me).await;
    for (suite, question) in [(suites[0], "00000012"), (suites[1], "Ab9"), (suites[2], "00FF")] {
        let order = json!({ "type": "question", "question": question, "suite": suite });
        let asked = me.ask(&bank, &order).await;
        let challenge = me.asked(&asked);
        assert_eq!(asked["prompt"]["use"], "question", "{asked:#}");
        assert_eq!(asked["prompt"]["digits"], question, "{asked:#}");
        let right = me.answer(&bank, &challenge, &token.answer(&asked, bank.clock.now())).await;
        assert_outcome(&right, "accepted");
        let signed = json!({ "type": "question", "question": question, "suite": suite });
        assert_eq!((&right["operation"], &right["covered"]), (&signed, &json!(["question"])));
    }
    for order in [
        json!({ "type": "question", "question": "12345678" }), // which of the three?
        json!({ "type": "question", "question": "123456789", "suite": suites[0] }),
        json!({ "type": "question", "question": "1234567a", "suite": suites[0] }),
        json!({ "type": "question", "question": "", "suite": suites[0] }),
        json!({ "type": "question", "question": "1", "suite": "OCRA-1:HOTP-SHA256-8:QN08" }),
        json!({ "type": "question", "question": "1", "suite": "nonsense" }),
        signer::transfer("0000017", 1_000),
    ] {
        let asked = me.ask(&bank, &order).await;
        assert_eq!(outcome(&asked), "refused not_signable", "{order:#}");
    }
}

/// Else a front end that is fooled could have a transfer signed as a question.
#[tokio::test(flavor = "multi_thread")]
async fn our_own_suites_are_never_asked_freely() {
    let (bank, _, me) = with_token(&KeypadUse::ALL).await;
    for one in KeypadUse::ALL {
        let order =
            json!({ "type": "question", "question": "10000017", "suite": one.suite_text() });
        assert_outcome(&me.ask(&bank, &order).await, "refused not_signable");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suite_with_a_counter_is_followed() {
    let bank = bank().await;
    let suite = "OCRA-1:HOTP-SHA256-8:C-QN08";
    let mut token = KeypadToken::foreign(&bank.officer, "77700002", &[suite]).await;
    let me = Signer::new(C, "G1");
    token.counter = 3; // pressed at the maker's
    token.in_service(&bank, &me).await;
    let order = json!({ "type": "question", "question": "12345678" });
    let ask = async || {
        let asked = me.ask(&bank, &order).await;
        me.asked(&asked)
    };
    let code = |counter: u64| token.at(counter).code(suite, "12345678", bank.clock.now());
    let challenge = ask().await;
    for used in [3, 2] {
        let answer = me.answer(&bank, &challenge, &code(used)).await;
        assert_eq!(outcome(&answer), "rejected bad_code", "counter {used}: {answer:#}");
    }
    assert_outcome(&me.answer(&bank, &challenge, &code(14)).await, "accepted");
    let challenge = ask().await;
    let far = me.answer(&bank, &challenge, &code(26)).await;
    assert_eq!(outcome(&far), "rejected bad_code", "beyond the look-ahead: {far:#}");
    assert_outcome(&me.answer(&bank, &challenge, &code(15)).await, "accepted");
}

/// What is no code costs nothing; nor does what is shown without a question.
#[tokio::test(flavor = "multi_thread")]
async fn a_keypad_token_has_no_one_time_passwords() {
    let (bank, token, me) = with_token(&KeypadUse::ALL).await;
    for code in ["12345678", "123456", "00000000"] {
        let path = format!("/v1/tokens/{}/verify", token.serial);
        let answer = bank.post(&bank.fe, &path, &json!({ "code": code })).await;
        assert_outcome(&answer, "rejected wrong_kind_of_code");
        let answer = bank.verify_user(C, "G1", code).await;
        assert_outcome(&answer, "rejected wrong_kind_of_code");
    }
    let asked = me.ask(&bank, &signer::login()).await;
    let challenge = me.asked(&asked);
    for code in ["1234567", "123456789", "123456789012"] {
        let answer = me.answer(&bank, &challenge, code).await;
        assert_eq!(outcome(&answer), "rejected wrong_kind_of_code", "{code}: {answer:#}");
        assert_eq!(answer["tries_left"], 3, "{answer:#}");
    }
    assert_eq!(bank.staff.token(&token.serial).await["failures"], 0);
    assert_outcome(
        &me.answer(&bank, &challenge, &token.answer(&asked, bank.clock.now())).await,
        "accepted",
    );
}

/// And tokens with one-time passwords sign nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_one_time_passwords_is_asked_nothing() {
    let bank = bank().await;
    let token: TestToken = bank.stock_one("hard", "12345678").await;
    bank.in_service(C, "G1", &Actor::user("G1"), &token).await;
    let me = Signer::new(C, "G1");
    for order in [signer::login(), signer::transfer("0000017", 1)] {
        assert_outcome(&me.ask(&bank, &order).await, "refused not_bound");
    }
}

/// The master signs a login challenge and revokes a user with it, once.
#[tokio::test(flavor = "multi_thread")]
async fn a_signed_login_challenge_opens_a_gate_once() {
    let bank = bank().await;
    let tokens = KeypadToken::stock(&bank.officer, "30000001", 3, &KeypadUse::ALL).await;
    for (user, token) in ["M1", "G1", "G2"].into_iter().zip(&tokens) {
        token.in_service(&bank, &Signer::new(C, user)).await;
    }
    let (master, token) = (Signer::new(C, "M1"), &tokens[0]);
    let revoke = async |user: &str, session: &str, challenge: Option<&str>| {
        let mut actor = json!({ "user": "M1", "confirmation": "right", "session": session });
        if let Some(challenge) = challenge {
            actor["challenge"] = json!(challenge);
        }
        let body = json!({ "actor": actor, "users": [user] });
        bank.post(&bank.fe, &format!("/v1/contracts/{C}/revocations"), &body).await
    };
    let session = master.session.clone();
    assert_outcome(&revoke("G1", &session, None).await, "refused signature_required");

    let asked = master.ask(&bank, &signer::transfer("0000017", 1)).await;
    let transfer = master.asked(&asked);
    let code = token.answer(&asked, bank.clock.now());
    assert_outcome(&master.answer(&bank, &transfer, &code).await, "accepted");
    let answer = revoke("G1", &session, Some(&transfer)).await;
    assert_eq!(outcome(&answer), "rejected not_accepted", "a transfer is no login: {answer:#}");

    let asked = master.ask(&bank, &signer::login()).await;
    let login = master.asked(&asked);
    let answer = revoke("G1", &session, Some(&login)).await;
    assert_eq!(outcome(&answer), "rejected not_accepted", "not answered yet: {answer:#}");
    let code = token.answer(&asked, bank.clock.now());
    assert_outcome(&master.answer(&bank, &login, &code).await, "accepted");
    let answer = revoke("G1", "another session", Some(&login)).await;
    assert_eq!(outcome(&answer), "rejected not_accepted", "another session: {answer:#}");
    assert_outcome(&revoke("G1", &session, Some(&login)).await, "done");
    let answer = revoke("G2", &session, Some(&login)).await;
    assert_eq!(outcome(&answer), "rejected not_accepted", "used up: {answer:#}");
    assert_eq!(bank.show_user(C, "G1").await["state"], "revoked");
    assert_eq!(bank.show_user(C, "G2").await["state"], "in_service");
    assert_eq!(bank.staff.token(&token.serial).await["failures"], 0);

    let own = Signer::new(C, "G1").ask(&bank, &signer::login()).await;
    assert_eq!(own["outcome"], "refused", "a revoked user signs nothing: {own:#}");
}
