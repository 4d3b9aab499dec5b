//! How a token makes its codes, as a program is told: to the front end only of tokens whose codes it
//! could have checked by serial, where policy hides which those are.
//!
//! Not responsible for: what staff see beyond that (`main_job.rs`), nor who may ask (`roles.rs`).
#![forbid(unsafe_code)]

use e2e::{
    Caller, Hash, Reply, TestToken, World, import,
    keypad::KeypadToken,
    lifecycle::{Actor, Bank, assert_outcome},
    pki::Wish,
    world::OTHER_BANK,
};
use serde_json::json;
use warifu_core::ocra::keypad::KeypadUse;

const C: &str = "C-1";
const SERIAL: &str = "12345678";

async fn ask(caller: &Caller, serial: &str) -> Reply {
    caller.get(&format!("/v1/tokens/{serial}/facts")).await
}

async fn open(profile: &str, hide: bool) -> (Bank, TestToken) {
    let bank = Bank::open_hiding(profile, hide).await;
    bank.contract(C, "2026-10-01T00:00:00+09:00", "").await;
    bank.user(C, "U1", "master").await;
    let token = bank.stock_one("hard", SERIAL).await;
    (bank, token)
}

/// What the front end is told at each station of a token's life: in stock, on its way, in service,
/// withdrawn, lost. Staff are told at all of them.
async fn stations(profile: &str, hide: bool) -> [u16; 5] {
    let (bank, token) = open(profile, hide).await;
    let look = async || {
        for staff in [&bank.staff, &bank.officer, &bank.auditor] {
            let told = ask(staff, SERIAL).await.expect_status(200).json();
            assert_eq!((&told["serial"], &told["digits"]), (&json!(SERIAL), &json!(6)), "{told:#}");
        }
        let told = ask(&bank.fe, SERIAL).await;
        if told.status == 404 {
            assert_eq!(alike(&told), alike(&ask(&bank.fe, "87654321").await));
        }
        told.status.as_u16()
    };
    let stock = look().await;
    assert_outcome(&bank.issue(SERIAL, C, Some("U1"), &Actor::paper()).await, "done");
    let issued = look().await;
    let code = bank.fresh(&token);
    assert_outcome(&bank.register(C, "U1", &Actor::paper(), &token, &code).await, "done");
    let in_service = look().await;
    assert_outcome(&bank.deactivate(C, "U1", &Actor::paper()).await, "done");
    let withdrawn = look().await;
    assert_outcome(&bank.lost(SERIAL, &Actor::paper()).await, "done");
    [stock, issued, in_service, withdrawn, look().await]
}

/// An answer without what names the request.
fn alike(reply: &Reply) -> (u16, serde_json::Value) {
    let mut body = reply.json();
    for field in ["instance", "request_id"] {
        body[field] = json!(null);
    }
    (reply.status.as_u16(), body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_end_hears_of_no_token_that_policy_hides() {
    assert_eq!(stations("default", true).await, [404, 404, 200, 404, 404]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_checks_its_stock_by_serial_is_told_of_it() {
    assert_eq!(stations("standalone", true).await, [200, 404, 200, 404, 404]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_hidden_the_front_end_is_told_of_every_token() {
    assert_eq!(stations("default", false).await, [200; 5]);
}

/// Of the banks' own profiles, those that hide which element was wrong hide this, too.
#[tokio::test(flavor = "multi_thread")]
async fn the_profile_of_a_bank_decides() {
    for (profile, stock) in [("bank-004", 404), ("standalone", 200)] {
        let bank = Bank::open(profile).await;
        let _ = bank.stock_one("hard", SERIAL).await;
        assert_eq!(ask(&bank.fe, SERIAL).await.status, stock, "{profile}");
        let _ = ask(&bank.staff, SERIAL).await.expect_status(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_say_how_codes_are_made_and_nothing_that_changes() {
    let world = World::new();
    let daemon = world.start().await;
    let officer = world.caller(&daemon, "officer");
    let event = TestToken::hotp("F-1").digits(8).hash(Hash::Sha256);
    let timed = TestToken::totp("F-2").step(60);
    import::tokens(&officer, "wrapped", &[event.clone(), timed]).await;
    let keypad = KeypadToken::stock(&officer, "30000001", 1, &[KeypadUse::Login]).await.remove(0);
    let teller = world.caller(&daemon, "validator");
    let facts = async |serial: &str| ask(&teller, serial).await.expect_status(200).json();
    let of = |serial: &str, rest: serde_json::Value| {
        let mut all = json!({
            "institution": "bank-a", "serial": serial, "manufacturer": "Acme Tokens",
            "kind": "hard", "hash": "SHA1", "digits": 6,
        });
        let fields = rest.as_object().expect("an object").clone();
        all.as_object_mut().expect("an object").extend(fields);
        all
    };
    let first = of("F-1", json!({ "algorithm": "hotp", "hash": "SHA256", "digits": 8 }));
    assert_eq!(facts("F-1").await, first);
    assert_eq!(facts("F-2").await, of("F-2", json!({ "algorithm": "totp", "time_step_s": 60 })));
    let suite = KeypadUse::Login.suite_text();
    let told = facts(&keypad.serial).await;
    assert_eq!((&told["algorithm"], &told["suites"]), (&json!("ocra"), &json!([suite])));
    assert_eq!(teller.verdict("F-1", &event.code(0)).await, "accepted");
    assert_eq!(facts("F-1").await, first, "a counter that moved is no fact");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_serial_and_another_institutions_are_the_same() {
    let world = World::new();
    let daemon = world.start().await;
    import::one(&world.caller(&daemon, "officer"), &TestToken::hotp("F-1")).await;
    for role in ["validator", "operator", "officer", "auditor"] {
        let _ = ask(&world.caller(&daemon, role), "F-1").await.expect_status(200);
        let unknown = ask(&world.caller(&daemon, role), "F-2").await.expect_status(404);
        assert_eq!(unknown.problem(), "not_found");
        let wish = Wish::role(OTHER_BANK, role, "stranger");
        let stranger = world.caller_as(&daemon, &world.pki.client(&wish));
        let foreign = ask(&stranger, "F-1").await.expect_status(404);
        assert_eq!(alike(&foreign), alike(&unknown), "{role}");
    }
}
