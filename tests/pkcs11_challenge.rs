//! Signatures through the PKCS#11 module: what was put to a user's keypad or camera token is an object,
//! and its answer is verified against that object.
//!
//! Not responsible for: what can be signed and how often (`keypad.rs`, `signing_*.rs`).
#![forbid(unsafe_code)]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use e2e::{
    keypad::KeypadToken,
    lifecycle::Bank,
    pkcs11::{Host, Module},
    signer::{self, Signer},
};
use serde_json::{Value, json};
use warifu_core::ocra::keypad::KeypadUse;

const C: &str = "C-1";
const START: &str = "2026-10-01T00:00:00+09:00";
const OCRA: &str = "CKM_WARIFU_OCRA";
const TXA1: &str = "CKM_WARIFU_TXA1";
const CHALLENGE: u64 = 0x8000_0000 | 0x5741_5200 | 0x21;

async fn bank(profile: &str) -> Bank {
    let bank = Bank::open(profile).await;
    bank.contract(C, START, "").await;
    for user in ["G1", "G2"] {
        bank.user(C, user, "general").await;
    }
    bank
}

async fn with_keypad() -> (Bank, KeypadToken) {
    let bank = bank("default").await;
    let token = KeypadToken::stock(&bank.officer, "30000001", 1, &KeypadUse::ALL).await.remove(0);
    token.in_service(&bank, &Signer::new(C, "G1")).await;
    (bank, token)
}

fn ask(module: &Module, host: &mut Host, user: &str, order: &Value) -> e2e::pkcs11::Said {
    let order = module.lines("order.json", &[order]);
    host.say(&format!(
        "create CKA_CLASS=#{CHALLENGE} CKA_TOKEN=false CKA_WARIFU_CONTRACT={C} \
         CKA_WARIFU_USER={user} CKA_WARIFU_ORDER=@{order}"
    ))
}

/// What a challenge says, in the words of the interface, for the tests' tokens to read.
fn shown(host: &mut Host, challenge: u64) -> Value {
    let names = "CKA_WARIFU_QUESTION CKA_WARIFU_SUITE CKA_WARIFU_IMAGE CKA_WARIFU_DISPLAY";
    let said = host.ok(&format!("get {challenge} {names}"));
    let question = said.text("CKA_WARIFU_QUESTION");
    let image = STANDARD.encode(said.bytes("CKA_WARIFU_IMAGE").unwrap_or_default());
    let display = said.text("CKA_WARIFU_DISPLAY");
    json!({
        "prompt": { "suite": said.text("CKA_WARIFU_SUITE"), "digits": question },
        "message": { "text": question, "format": "png", "image": image },
        "display": display.lines().collect::<Vec<_>>(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keypad_token_signs_what_was_put_to_it() {
    let (bank, token) = with_keypad().await;
    let module = Module::role(&bank.world, &bank.daemon, "validator");
    let mut host = module.session();
    let key = host.find(&token.serial);
    let order = signer::transfer("0000017", 1_000);
    let challenge = ask(&module, &mut host, "G1", &order);
    assert_eq!(challenge.rv, "CKR_OK", "{challenge}");
    let challenge = challenge.number();
    let asked = shown(&mut host, challenge);
    assert_eq!(asked["message"]["image"], "", "nothing to scan");
    let said = host.ok(&format!("get {challenge} CKA_CLASS CKA_ID CKA_WARIFU_USER CKA_TOKEN"));
    assert_eq!(said.bytes("CKA_CLASS"), Some(CHALLENGE.to_ne_bytes().to_vec()));
    assert_eq!(said.text("CKA_ID"), token.serial);
    assert_eq!(said.text("CKA_WARIFU_USER"), "G1");
    assert_eq!(said.bytes("CKA_TOKEN"), Some(vec![0]));

    let now = bank.clock.now();
    let (right, wrong) = (token.answer(&asked, now), token.wrong(&asked, now, 0));
    let verify = |code: &str| format!("verify {OCRA} {key} {code} challenge-of={challenge}");
    host.expect(&format!("verify {OCRA} {key} {right}"), "CKR_MECHANISM_PARAM_INVALID");
    let other = host.say(&format!("verify {OCRA} {key} {right} challenge=00000000"));
    assert_eq!(other.to_string(), "CKR_MECHANISM_PARAM_INVALID C_VerifyInit");
    host.expect(&verify("1234"), "CKR_SIGNATURE_LEN_RANGE");
    host.expect(&verify(&wrong), "CKR_SIGNATURE_INVALID");
    let detail = bank.staff.token(&token.serial).await;
    assert_eq!(detail["failures"], 1, "{detail:#}");
    host.expect(&verify(&right), "CKR_OK");
    // It is answered, so it is gone.
    host.expect(&format!("get {challenge} CKA_CLASS"), "CKR_OBJECT_HANDLE_INVALID");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_token_reads_the_picture() {
    let bank = bank("bank-000").await;
    let mut token = bank.cameras(C, "0112345679", 1).await.remove(0);
    bank.activate(C, "G1", &mut token).await;
    let module = Module::role(&bank.world, &bank.daemon, "validator");
    let mut host = module.session();
    let key = host.find("0112345679");
    let challenge = ask(&module, &mut host, "G1", &signer::transfer("0000017", 1_000)).number();
    let asked = shown(&mut host, challenge);
    let screen = token.photograph(&asked);
    let (lines, code) = token.read(screen);
    assert_eq!(json!(lines), asked["display"], "what is shown is what is signed");
    let verify = |code: &str| format!("verify {TXA1} {key} {code} challenge-of={challenge}");
    host.expect(&verify(&e2e::camera::misread(&code)), "CKR_SIGNATURE_INVALID");
    host.expect(&verify(&code), "CKR_OK");
    host.expect(&format!("get {challenge} CKA_CLASS"), "CKR_OBJECT_HANDLE_INVALID");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_is_found_taken_back_and_gone_with_its_session() {
    let (bank, _) = with_keypad().await;
    let module = Module::role(&bank.world, &bank.daemon, "validator");
    let mut host = module.session();
    let find = format!("find CKA_CLASS=#{CHALLENGE}");
    assert!(host.ok(&find).words.is_empty());
    let first = ask(&module, &mut host, "G1", &signer::login()).number();
    let second = ask(&module, &mut host, "G1", &signer::login()).number();
    assert_ne!(first, second);
    assert_eq!(host.ok(&find).words.len(), 2);
    let name = format!("get {first} CKA_WARIFU_CHALLENGE");
    let path = host.ok(&name).text("CKA_WARIFU_CHALLENGE");
    assert!(!path.is_empty());
    host.ok(&format!("destroy {first}"));
    assert_eq!(host.ok(&find).words, [second.to_string()]);
    // A session object goes with its session (PKCS#11 v3.1 s.4.3), and is no other session's to keep.
    let slot = host.ok("slots").number();
    let first_session = host.ok("session-info");
    assert_eq!(first_session.value("slot"), slot.to_string());
    let begun = host.ok(&format!("open {slot} rw")).number();
    let third = ask(&module, &mut host, "G1", &signer::login()).number();
    host.ok(&format!("get {third} CKA_CLASS"));
    host.ok("close");
    host.ok(&format!("open {slot}"));
    assert_ne!(host.ok(&format!("open {slot}")).number(), begun, "a handle is never given twice");
    host.expect(&format!("get {third} CKA_CLASS"), "CKR_OBJECT_HANDLE_INVALID");
    host.ok(&format!("get {second} CKA_CLASS"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_can_not_be_put_is_told_apart() {
    let (bank, token) = with_keypad().await;
    let module = Module::role(&bank.world, &bank.daemon, "validator");
    let mut host = module.session();
    let mut rv = |user: &str, order: Value| ask(&module, &mut host, user, &order).rv;
    assert_eq!(rv("G2", signer::login()), "CKR_ACTION_PROHIBITED", "without a token");
    assert_eq!(rv("G9", signer::login()), "CKR_ATTRIBUTE_VALUE_INVALID", "nobody");
    for long in [300, 5_000, 30_000, 60_000, 70_000] {
        let nobody = "G".repeat(long);
        assert_eq!(rv(&nobody, signer::login()), "CKR_ATTRIBUTE_VALUE_INVALID", "{long}");
    }
    assert_eq!(rv("G1", json!({ "type": "wish" })), "CKR_ATTRIBUTE_VALUE_INVALID");
    assert_eq!(rv("G1", signer::transfer("17", 1)), "CKR_ATTRIBUTE_VALUE_INVALID");
    let only_class = format!("create CKA_CLASS=#{CHALLENGE}");
    host.expect(&only_class, "CKR_TEMPLATE_INCOMPLETE");
    host.expect("create CKA_LABEL=x", "CKR_TEMPLATE_INCOMPLETE");
    host.expect("create CKA_CLASS=#3", "CKR_TEMPLATE_INCONSISTENT");
    let mut staff = Module::role(&bank.world, &bank.daemon, "auditor").session();
    let order = module.lines("order.json", &[signer::login()]);
    staff.expect(
        &format!(
            "{only_class} CKA_WARIFU_CONTRACT={C} CKA_WARIFU_USER=G1 CKA_WARIFU_ORDER=@{order}"
        ),
        "CKR_ACTION_PROHIBITED",
    );
    let detail = bank.staff.token(&token.serial).await;
    assert_eq!(detail["failures"], 0, "{detail:#}");
}
