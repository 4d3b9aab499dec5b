//! Who may bring a seed in, and where one person is enough.
//!
//! Not responsible for: who may approve (`four_eyes/people.rs`).

use e2e::{
    TestToken, World,
    approval::{approve, reject},
    pkcs11::Module,
    process::write_private,
    wait,
};
use serde_json::json;

use super::{HOTP, House, Template, create, session_of};

#[tokio::test(flavor = "multi_thread")]
async fn seeds_are_taken_from_officers_only_and_in_sessions_that_write() {
    let house = House::open().await;
    let token = TestToken::hotp("WHO-1");
    for role in ["validator", "operator", "auditor"] {
        let mut host = Module::role(&house.world, &house.daemon, role).session();
        let said = host.say(&create(&token));
        assert_eq!(said.to_string(), "CKR_ACTION_PROHIBITED C_CreateObject", "{role}");
    }
    let mut host = house.module("sato").initialised();
    host.ok("open 0 rw");
    host.expect(&create(&token), "CKR_USER_NOT_LOGGED_IN");
    host.ok("login");
    host.ok("open 0");
    host.expect(&create(&token), "CKR_SESSION_READ_ONLY");
    assert!(house.imports().await.is_empty(), "nothing was opened");
    host.ok("open 0 rw");
    let seed = host.ok(&create(&token)).number();
    // A session that only reads shows the seed, but does not cancel it.
    host.ok("open 0");
    assert_eq!(host.find("WHO-1"), seed);
    host.expect(&format!("destroy {seed}"), "CKR_SESSION_READ_ONLY");
    house.put_in_service(&mut host, seed, &token).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_else_is_asked_the_answer_is_the_token_itself() {
    let house = House::open_with(|world| {
        world.set("approval.enforce", "false");
    })
    .await;
    let token = TestToken::hotp("ONE-1").counter(5);
    let mut host = session_of(&house);
    let key = host.ok(&create(&token)).number();
    assert_eq!(host.find("ONE-1"), key, "one object, not two");
    let names = "CKA_ID CKA_VERIFY CKA_DESTROYABLE CKA_OTP_COUNTER";
    let said = host.ok(&format!("get {key} {names}"));
    assert_eq!(said.text("CKA_ID"), "ONE-1");
    assert_eq!(said.bytes("CKA_VERIFY"), Some(vec![1]));
    assert_eq!(said.bytes("CKA_DESTROYABLE"), Some(vec![0]));
    assert_eq!(said.bytes("CKA_OTP_COUNTER"), Some(5_u64.to_be_bytes().to_vec()));
    host.expect(&format!("get {key} CKA_WARIFU_IMPORT"), "CKR_ATTRIBUTE_TYPE_INVALID");
    host.expect(&format!("destroy {key}"), "CKR_ACTION_PROHIBITED");
    // Officers verify nothing, with whatever handle.
    assert_eq!(host.verify(HOTP, key, &token.code(5)), "CKR_ACTION_PROHIBITED");
    host.expect(&create(&token), "CKR_ATTRIBUTE_VALUE_INVALID");
    house.shows_codes(&token).await;
    let imports = house.imports().await;
    let done = imports.iter().filter(|job| job["state"] == "done").count();
    assert_eq!(done, 1, "{imports:#?}");
}

/// Institutions that approve like this.
fn own_profile(world: &mut World, approval: &str) {
    let head = "base = \"standalone\"\ntitle_en = \"x\"\ntitle_ja = \"x\"\n[approval]";
    let file = write_private(&world.path("own.toml"), format!("{head}\n{approval}\n").as_bytes());
    world.profile(&file.display().to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_in_the_clear_is_not_taken_where_seeds_have_to_stay_inside() {
    let house = House::open_with(|world| own_profile(world, "exposure = \"inside\"")).await;
    let module = house.module("sato");
    let said = module.session().say(&create(&TestToken::hotp("IN-1")));
    assert_eq!(said.to_string(), "CKR_ACTION_PROHIBITED C_CreateObject");
    assert!(module.log().contains("E_EXPOSURE"), "{}", module.log());
    assert!(!house.exists("IN-1").await);
    assert!(house.imports().await.iter().all(|job| job["state"] == "refused"));
}

/// Seeds that everybody knows wait in quarantine, and are refused where nobody else looks at them.
#[tokio::test(flavor = "multi_thread")]
async fn a_published_seed_needs_a_second_officer_who_says_so() {
    let mut token = TestToken::hotp("RFC-1");
    token.seed = b"12345678901234567890".to_vec();
    let house = House::open().await;
    let mut host = session_of(&house);
    let seed = host.ok(&create(&token)).number();
    let job = house.import(&mut host, seed).await;
    assert_eq!(approve(&house.suzuki, &job).await.expect_status(422).problem(), "invalid_field");
    let path = format!("/v1/imports/{}/approval", job["id"].as_str().expect("an id"));
    let body = json!({ "fingerprint": job["fingerprint"], "accept_quarantined": true });
    let _ = house.suzuki.post(&path, &body).await.expect_status(200);
    house.shows_codes(&token).await;

    let house = House::open_with(|world| own_profile(world, "batches = false")).await;
    let module = house.module("sato");
    let mut host = module.session();
    let weak = Template::of(&token).set("CKA_VALUE", &format!("hex:{}", "00".repeat(20)));
    for line in [create(&token), weak.create()] {
        assert_eq!(host.say(&line).to_string(), "CKR_ACTION_PROHIBITED C_CreateObject");
    }
    assert!(module.log().contains("W_TEST_SECRET"), "{}", module.log());
    assert!(!house.exists("RFC-1").await);
    // Any other is a token at once.
    let token = TestToken::hotp("RFC-2");
    host.ok(&create(&token));
    house.shows_codes(&token).await;
}

/// Ten times, two programs of two officers, at the same moment.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_officers_who_bring_in_one_serial_at_once_one_succeeds() {
    let house = House::open().await;
    let mut programs = [house.module("sato").session(), house.module("aoki").session()];
    for round in 0..10 {
        let tokens = [0, 1].map(|_| TestToken::hotp(&format!("AT-{round}")));
        for (program, token) in programs.iter_mut().zip(&tokens) {
            program.begin(&create(token));
        }
        let said = programs.each_mut().map(e2e::pkcs11::Host::hear);
        let mut values = said.each_ref().map(|said| said.rv.as_str());
        let winner = usize::from(values[1] == "CKR_OK");
        let seed = said[winner].number();
        values.sort_unstable();
        assert_eq!(values, ["CKR_ATTRIBUTE_VALUE_INVALID", "CKR_OK"], "{round}");
        let imports = house.imports().await;
        let staged: Vec<_> = imports.iter().filter(|job| job["state"] == "staged").collect();
        assert_eq!(staged.len(), 1, "{round}: {imports:#?}");
        let job = house.import(&mut programs[winner], seed).await;
        assert_eq!(job["id"], staged[0]["id"]);
        if round == 9 {
            let done = approve(&house.suzuki, &job).await.expect_status(200);
            assert_eq!(done.json()["state"], "done");
            house.shows_codes(&tokens[winner]).await;
        } else {
            let _ = reject(&house.suzuki, &job).await.expect_status(200);
            wait::until("nothing is staged", || async {
                house.imports().await.iter().all(|job| job["state"] != "staged").then_some(())
            })
            .await;
        }
    }
}
