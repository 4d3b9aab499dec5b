//! Codes through the PKCS#11 module: right ones count once, wrong ones count against the token, and
//! whatever the program does wrong itself costs nobody an attempt.
//!
//! Not responsible for: logins (`pkcs11_login.rs`), challenges (`pkcs11_challenge.rs`), forks and other
//! modules (`pkcs11_fork.rs`).
#![forbid(unsafe_code)]

use e2e::{
    Caller, Daemon, Hash, TestToken, World,
    cli::Cli,
    import,
    keypad::KeypadToken,
    pkcs11::{Host, Module},
    wait,
};
use serde_json::json;
use warifu_core::ocra::keypad::KeypadUse;

const HOTP: &str = "CKM_HOTP";
const TOTP: &str = "CKM_WARIFU_TOTP";

/// Seed of RFC 4226 appendix D, and the codes that it gives there.
const SEED: &[u8] = b"12345678901234567890";
const CODES: [&str; 4] = ["755224", "287082", "359152", "969429"];

struct Stage {
    world: World,
    daemon: Daemon,
    operator: Caller,
}

impl Stage {
    async fn with(tokens: &[TestToken]) -> Self {
        let world = World::new();
        let daemon = world.start().await;
        if !tokens.is_empty() {
            import::tokens(&world.caller(&daemon, "officer"), "wrapped", tokens).await;
        }
        let operator = world.caller(&daemon, "operator");
        Self { world, daemon, operator }
    }

    fn module(&self, role: &str) -> Module {
        Module::role(&self.world, &self.daemon, role)
    }

    /// Wrong codes that the daemon has counted, and whether the token is locked.
    async fn counted(&self, serial: &str) -> (u64, String) {
        let detail = self.operator.token(serial).await;
        let status = detail["status"].as_str().unwrap_or_default().to_owned();
        (detail["failures"].as_u64().unwrap_or(u64::MAX), status)
    }
}

fn rfc_4226(serial: &str) -> TestToken {
    let mut token = TestToken::hotp(serial);
    token.seed = SEED.to_vec();
    token
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_code_is_accepted_once() {
    let stage = Stage::with(&[rfc_4226("0012-A")]).await;
    let module = stage.module("validator");
    let mut host = module.session();
    let key = host.find("0012-A");
    let [first, second, third, fourth] = CODES;
    assert_eq!(host.verify(HOTP, key, first), "CKR_OK");
    assert_eq!(host.verify(HOTP, key, first), "CKR_SIGNATURE_INVALID");
    // With a parameter or without one, and whatever counter the program believes in.
    host.expect(&format!("verify {HOTP} {key} {second} params=none"), "CKR_OK");
    host.expect(&format!("verify {HOTP} {key} {third} counter=4711"), "CKR_OK");
    host.expect(&format!("verify {HOTP} {key} {second}"), "CKR_SIGNATURE_INVALID");
    let detail = stage.operator.token("0012-A").await;
    assert_eq!(detail["counter_next"], 3, "{detail:#}");
    let teller = stage.world.caller(&stage.daemon, "validator");
    assert_eq!(teller.verdict("0012-A", third).await, "reused");
    assert_eq!(teller.verdict("0012-A", fourth).await, "accepted");
    host.ok("logout");
    host.ok("finalize");
    assert!(host.end().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hash_and_length_is_verified() {
    let tokens: Vec<_> = (0..)
        .zip(Hash::ALL)
        .flat_map(|(n, hash)| {
            let digits = 6 + n;
            let token = |kind: &str| match kind {
                "H" => TestToken::hotp(&format!("H-{n}")).hash(hash).digits(digits),
                _ => TestToken::totp(&format!("T-{n}")).hash(hash).digits(digits).step(60),
            };
            [token("H"), token("T")]
        })
        .collect();
    let stage = Stage::with(&tokens).await;
    let mut host = stage.module("validator").session();
    wait::step_with_room(60, 10).await;
    for token in &tokens {
        let key = host.find(&token.serial);
        let (mechanism, factor) = match token.now() {
            0 => (HOTP, 0),
            step => (TOTP, step),
        };
        let wrong = token.wrong(0);
        assert_eq!(host.verify(mechanism, key, &wrong), "CKR_SIGNATURE_INVALID", "{token:?}");
        assert_eq!(host.verify(mechanism, key, &token.code(factor)), "CKR_OK", "{token:?}");
        let again = host.verify(mechanism, key, &token.code(factor));
        assert_eq!(again, "CKR_SIGNATURE_INVALID", "{token:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_of_the_program_costs_no_attempt() {
    let token = rfc_4226("M-1");
    let stage = Stage::with(&[token.clone(), TestToken::totp("M-2")]).await;
    let officer = stage.world.caller(&stage.daemon, "officer");
    let keypad = KeypadToken::stock(&officer, "30000001", 1, &[KeypadUse::Login]).await.remove(0);
    let mut host = stage.module("validator").session();
    let (event, timed, ocra) = (host.find("M-1"), host.find("M-2"), host.find(&keypad.serial));
    for (mechanism, key, rv) in [
        (TOTP, event, "CKR_KEY_TYPE_INCONSISTENT"),
        (HOTP, timed, "CKR_KEY_TYPE_INCONSISTENT"),
        (HOTP, ocra, "CKR_KEY_TYPE_INCONSISTENT"),
        ("CKM_WARIFU_OCRA", event, "CKR_KEY_TYPE_INCONSISTENT"),
        ("CKM_WARIFU_TXA1", event, "CKR_KEY_TYPE_INCONSISTENT"),
        ("CKM_RSA_PKCS_OAEP", event, "CKR_MECHANISM_INVALID"),
        ("0x290", event, "CKR_MECHANISM_INVALID"),
        (HOTP, 987_654, "CKR_KEY_HANDLE_INVALID"),
    ] {
        host.expect(&format!("verify-init {mechanism} {key}"), rv);
        host.expect("verify-code 755224", "CKR_OPERATION_NOT_INITIALIZED");
    }
    for code in ["75522", "7552240", "0", "75522475522475522475522475522475522475522"] {
        let said = host.say(&format!("verify {HOTP} {event} {code}"));
        assert_eq!(said.to_string(), "CKR_SIGNATURE_LEN_RANGE C_Verify");
    }
    let length = host.say(&format!("verify {HOTP} {event} 755224 param:6=#8"));
    assert_eq!(length.to_string(), "CKR_MECHANISM_PARAM_INVALID C_VerifyInit");
    host.ok(&format!("verify-init {HOTP} {event}"));
    host.expect("verify-data 755224", "CKR_DATA_LEN_RANGE");
    host.ok(&format!("verify-init {HOTP} {event}"));
    host.expect(&format!("verify-init {HOTP} {event}"), "CKR_OPERATION_ACTIVE");
    host.ok("verify-code 755224");
    host.expect("verify-code 287082", "CKR_OPERATION_NOT_INITIALIZED");
    assert_eq!(stage.counted("M-1").await, (0, "active".to_owned()));
    let detail = stage.operator.token("M-1").await;
    assert_eq!(detail["remaining_attempts"], 5, "{detail:#}");
    assert_eq!(stage.counted("M-2").await, (0, "active".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_wrong_codes_lock_the_token_and_the_daemon_agrees() {
    let token = rfc_4226("L-1");
    let stage = Stage::with(std::slice::from_ref(&token)).await;
    let mut host = stage.module("validator").session();
    let key = host.find("L-1");
    for n in 0..5 {
        assert_eq!(host.verify(HOTP, key, &token.wrong(n)), "CKR_SIGNATURE_INVALID", "{n}");
        assert_eq!(stage.counted("L-1").await.0, n + 1);
    }
    assert_eq!(host.verify(HOTP, key, CODES[0]), "CKR_PIN_LOCKED");
    assert_eq!(stage.counted("L-1").await, (5, "locked".to_owned()));
    let unlock = stage.operator.post("/v1/tokens/L-1/unlock", &json!({})).await;
    let _ = unlock.expect_status(200);
    assert_eq!(host.verify(HOTP, key, CODES[0]), "CKR_OK");
    let disable = stage.operator.post("/v1/tokens/L-1/disable", &json!({})).await;
    let _ = disable.expect_status(200);
    assert_eq!(host.verify(HOTP, key, CODES[1]), "CKR_KEY_FUNCTION_NOT_PERMITTED");
    let enable = stage.operator.post("/v1/tokens/L-1/enable", &json!({})).await;
    let _ = enable.expect_status(200);
    assert_eq!(host.verify(HOTP, key, CODES[1]), "CKR_OK");
}

/// After a restore one code proves nothing: the next one is asked for.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_token_asks_for_two_consecutive_codes() {
    let (token, other) = (rfc_4226("N-1"), TestToken::hotp("N-2"));
    let Stage { world, daemon, .. } = Stage::with(&[token.clone(), other.clone()]).await;
    let file = world.path("backup").display().to_string();
    let officer = Cli::new(&world, &daemon, &world.identity("officer"));
    let _ = officer.run(&["backup", "create", &file]).expect_code(0);
    assert!(daemon.stop().0.success());
    std::fs::rename(world.store(), world.path("store-lost")).expect("the old store");
    let output = world.try_warifud("restore", &["--from", &file]);
    assert!(output.status.success(), "{output:?}");

    let daemon = world.start().await;
    let mut host = Module::role(&world, &daemon, "validator").session();
    let (key, another) = (host.find("N-1"), host.find("N-2"));
    let next = format!("verify {HOTP} {key} {} next", CODES[1]);
    host.expect(&next, "CKR_OPERATION_NOT_INITIALIZED"); // there was no first one
    assert_eq!(host.verify(HOTP, key, CODES[0]), "CKR_NEXT_OTP");
    let begin = format!("verify-init {HOTP} {another} next");
    host.expect(&begin, "CKR_OPERATION_NOT_INITIALIZED"); // it was another token's
    assert_eq!(host.verify(HOTP, key, CODES[0]), "CKR_NEXT_OTP");
    host.expect(&next, "CKR_OK");
    assert_eq!(host.verify(HOTP, key, CODES[1]), "CKR_SIGNATURE_INVALID");
    assert_eq!(host.verify(HOTP, key, CODES[2]), "CKR_OK");

    assert_eq!(host.verify(HOTP, another, &other.code(0)), "CKR_NEXT_OTP");
    let apart = format!("verify {HOTP} {another} {} next", other.code(2));
    host.expect(&apart, "CKR_SIGNATURE_INVALID");
    assert_eq!(host.verify(HOTP, another, &other.code(3)), "CKR_NEXT_OTP");
    host.expect(&format!("verify {HOTP} {another} {} next", other.code(4)), "CKR_OK");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_makes_codes_or_is_changed() {
    let stage = Stage::with(&[rfc_4226("S-1"), TestToken::totp("S-2")]).await;
    for role in ["validator", "officer"] {
        let mut host = stage.module(role).session();
        for (serial, mechanism) in [("S-1", HOTP), ("S-2", TOTP)] {
            let key = host.find(serial);
            let sign = format!("sign-init {mechanism} {key}");
            host.expect(&sign, "CKR_KEY_FUNCTION_NOT_PERMITTED");
            host.expect(&format!("destroy {key}"), "CKR_ACTION_PROHIBITED");
            let set = host.say(&format!("set {key} CKA_LABEL=mine")).rv;
            assert!(["CKR_ACTION_PROHIBITED", "CKR_ATTRIBUTE_READ_ONLY"].contains(&&*set), "{set}");
        }
    }
    assert_eq!(stage.counted("S-1").await, (0, "active".to_owned()));
}

/// Fifty codes, each by two threads of one program at the same moment, then by two programs.
#[tokio::test(flavor = "multi_thread")]
async fn one_code_is_accepted_once_however_many_ask_at_the_same_time() {
    let token = rfc_4226("R-1");
    let stage = Stage::with(std::slice::from_ref(&token)).await;
    let module = stage.module("validator");
    let (mut one, mut other) = (module.session(), module.session());
    let (key, same) = (one.find("R-1"), other.find("R-1"));
    for counter in 0..50 {
        let code = token.code(counter);
        let said = one.ok(&format!("threads 2 {HOTP} {key} {code}"));
        let verdicts = (said.count("CKR_OK"), said.count("CKR_SIGNATURE_INVALID"));
        assert_eq!(verdicts, (1, 1), "threads at {counter}: {said}");
    }
    for counter in 50..100 {
        let code = token.code(counter);
        one.begin(&format!("verify {HOTP} {key} {code}"));
        other.begin(&format!("verify {HOTP} {same} {code}"));
        let mut verdicts = [one.hear().rv, other.hear().rv];
        verdicts.sort();
        assert_eq!(verdicts, ["CKR_OK", "CKR_SIGNATURE_INVALID"], "programs at {counter}");
    }
    let said = one.ok(&format!("threads 16 {HOTP} {key} {}", token.code(100)));
    assert_eq!((said.count("CKR_OK"), said.count("CKR_SIGNATURE_INVALID")), (1, 15), "{said}");
    let detail = stage.operator.token("R-1").await;
    assert_eq!(detail["counter_next"], 101, "{detail:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_threads_verify_codes_of_many_tokens() {
    let tokens: Vec<_> = (0..60).map(|n| TestToken::hotp(&format!("T-{n:02}"))).collect();
    let stage = Stage::with(&tokens).await;
    let module = stage.module("validator");
    let mut host = module.session();
    let keys: Vec<_> = tokens.iter().map(|token| host.find(&token.serial)).collect();
    for (counter, rv) in [(0, "CKR_OK"), (0, "CKR_SIGNATURE_INVALID"), (1, "CKR_OK")] {
        let line = |(key, token): (&u64, &TestToken)| format!("{key} {}", token.code(counter));
        let lines: Vec<_> = keys.iter().zip(&tokens).map(line).collect();
        let file = module.lines("codes", &lines);
        host.ok(&format!("start 8 {HOTP} each {file}"));
        let said = host.ok("join");
        assert_eq!((said.count(rv), said.words.len()), (60, 60), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_end_finds_by_serial_and_lists_nothing() {
    let tokens: Vec<_> = (0..30).map(|n| TestToken::hotp(&format!("P-{n:02}"))).collect();
    let stage = Stage::with(&tokens).await;
    let mut teller = stage.module("validator").session();
    for name in ["CKA_ID", "CKA_LABEL", "CKA_OTP_USER_IDENTIFIER"] {
        let found = teller.ok(&format!("find {name}=P-07"));
        assert_eq!(found.words.len(), 1, "{name}: {found}");
        let said = teller.ok(&format!("get {} CKA_OTP_USER_IDENTIFIER", found.number()));
        assert_eq!(said.text("CKA_OTP_USER_IDENTIFIER"), "P-07");
    }
    let nothing = ["", "CKA_CLASS=#8", "CKA_ID=P-99", "CKA_ID=P-0", "CKA_LABEL=", "CKA_CLASS=#3"];
    for wanted in nothing {
        assert!(teller.ok(&format!("find {wanted}")).words.is_empty(), "{wanted}");
    }
    for role in ["auditor", "officer", "operator"] {
        let mut staff = stage.module(role).session();
        for page in [1, 7, 64] {
            let said = staff.ok(&format!("find CKA_CLASS=#8 page={page}"));
            assert_eq!(said.words.len(), 30, "{role} by {page}: {said}");
            let distinct: std::collections::BTreeSet<_> = said.words.iter().collect();
            assert_eq!(distinct.len(), 30, "{role} by {page}: {said}");
        }
        serials_of_a_listing(&mut staff);
        let key = staff.find("P-00");
        let said = staff.say(&format!("verify {HOTP} {key} 123456"));
        assert_eq!(said.to_string(), "CKR_ACTION_PROHIBITED C_Verify", "{role}");
    }
}

fn serials_of_a_listing(host: &mut Host) {
    host.ok("find-init CKA_CLASS=#8");
    let mut serials = Vec::new();
    loop {
        let said = host.ok("find-next 4");
        assert!(said.words.len() <= 4, "{said}");
        if said.words.is_empty() {
            break;
        }
        for key in said.words {
            serials.push(host.ok(&format!("get {key} CKA_LABEL")).text("CKA_LABEL"));
        }
    }
    host.ok("find-final");
    host.expect("find-next 1", "CKR_OPERATION_NOT_INITIALIZED");
    serials.sort();
    let expected: Vec<_> = (0..30).map(|n| format!("P-{n:02}")).collect();
    assert_eq!(serials, expected);
}

/// The same for every token.
const NUMBERS: [(&str, u64); 7] = [
    ("CKA_CLASS", 8),
    ("CKA_KEY_TYPE", 0x23),
    ("CKA_OTP_FORMAT", 0),
    ("CKA_OTP_CHALLENGE_REQUIREMENT", 0),
    ("CKA_OTP_TIME_REQUIREMENT", 0),
    ("CKA_OTP_COUNTER_REQUIREMENT", 0),
    ("CKA_OTP_PIN_REQUIREMENT", 0),
];
const FLAGS: [(&str, u8); 11] = [
    ("CKA_TOKEN", 1),
    ("CKA_PRIVATE", 1),
    ("CKA_SENSITIVE", 1),
    ("CKA_VERIFY", 1),
    ("CKA_SIGN", 0),
    ("CKA_EXTRACTABLE", 0),
    ("CKA_NEVER_EXTRACTABLE", 0),
    ("CKA_ALWAYS_SENSITIVE", 0),
    ("CKA_LOCAL", 0),
    ("CKA_MODIFIABLE", 0),
    ("CKA_OTP_USER_FRIENDLY_MODE", 0),
];

#[tokio::test(flavor = "multi_thread")]
async fn attributes_say_what_is_true_and_never_the_seed() {
    let event = TestToken::hotp("0012345678").hash(Hash::Sha256).digits(8);
    let stage = Stage::with(&[event, TestToken::totp("T-1").step(60)]).await;
    for role in ["validator", "auditor"] {
        let host = &mut stage.module(role).session();
        let cases: [(&str, u64, &[u8], Option<u64>); 2] =
            [("0012345678", 8, b"SHA256", None), ("T-1", 6, b"SHA1", Some(60))];
        for (serial, digits, hash, step) in cases {
            let key = host.find(serial);
            for (name, number) in NUMBERS {
                assert_eq!(get(host, key, name), number.to_ne_bytes(), "{serial} {name}");
            }
            for (name, flag) in FLAGS {
                assert_eq!(get(host, key, name), [flag], "{serial} {name}");
            }
            for name in ["CKA_ID", "CKA_LABEL", "CKA_OTP_USER_IDENTIFIER"] {
                assert_eq!(get(host, key, name), serial.as_bytes(), "{name}");
            }
            assert_eq!(get(host, key, "CKA_OTP_SERVICE_IDENTIFIER"), b"bank-a");
            assert_eq!(get(host, key, "CKA_WARIFU_MANUFACTURER"), b"Acme Tokens");
            assert_eq!(get(host, key, "CKA_WARIFU_KIND"), b"hard");
            assert_eq!(get(host, key, "CKA_WARIFU_HASH"), hash);
            assert_eq!(get(host, key, "CKA_OTP_LENGTH"), digits.to_ne_bytes());
            let interval = host.say(&format!("get {key} CKA_OTP_TIME_INTERVAL"));
            let step = step.map(|step| step.to_ne_bytes().to_vec());
            assert_eq!(interval.bytes("CKA_OTP_TIME_INTERVAL"), step, "{interval}");
            let value = host.say(&format!("get {key} CKA_VALUE CKA_CLASS"));
            assert_eq!(value.rv, "CKR_ATTRIBUTE_SENSITIVE", "{value}");
            assert_eq!(value.bytes("CKA_VALUE"), None);
            assert_eq!(value.bytes("CKA_CLASS"), Some(u64::to_ne_bytes(8).to_vec()));
            let absent = host.say(&format!("get {key} CKA_WARIFU_SUITES CKA_VALUE_LEN"));
            assert_eq!(absent.rv, "CKR_ATTRIBUTE_TYPE_INVALID", "{absent}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_is_shown_to_staff_as_it_is_now() {
    let token = TestToken::hotp("C-1").counter(7);
    let stage = Stage::with(std::slice::from_ref(&token)).await;
    let (mut teller, mut auditor) =
        (stage.module("validator").session(), stage.module("auditor").session());
    let key = auditor.find("C-1");
    assert_eq!(get(&mut auditor, key, "CKA_OTP_COUNTER"), [0, 0, 0, 0, 0, 0, 0, 7]);
    let here = teller.find("C-1");
    let hidden = teller.say(&format!("get {here} CKA_OTP_COUNTER"));
    assert_eq!(hidden.rv, "CKR_ATTRIBUTE_SENSITIVE", "{hidden}");
    assert_eq!(hidden.bytes("CKA_OTP_COUNTER"), None);
    assert_eq!(teller.verify(HOTP, here, &token.code(9)), "CKR_OK");
    assert_eq!(get(&mut auditor, key, "CKA_OTP_COUNTER"), [0, 0, 0, 0, 0, 0, 0, 10]);
}

fn get(host: &mut Host, key: u64, name: &str) -> Vec<u8> {
    let said = host.ok(&format!("get {key} {name}"));
    said.bytes(name).unwrap_or_else(|| e2e::process::fail(&format!("{name}: {said}")))
}
