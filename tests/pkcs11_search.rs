//! Searches through the PKCS#11 module: by serial with one request, however many tokens there are; all of
//! them page by page, each once; and whatever a program takes for a serial, nothing else is asked for.
//!
//! Not responsible for: what is done with what was found (`pkcs11_verify.rs`).
#![forbid(unsafe_code)]

use std::collections::BTreeSet;

use e2e::{
    Caller, Daemon, Hash, TestToken, World,
    approval::{approve, stage},
    import,
    keypad::KeypadToken,
    lifecycle::Bank,
    metrics,
    pkcs11::{Host, Module},
    world::{BANK, OTHER_BANK},
};
use serde_json::Value;
use warifu_core::ocra::keypad::KeypadUse;

const NAMES: [&str; 3] = ["CKA_ID", "CKA_LABEL", "CKA_OTP_USER_IDENTIFIER"];

struct Stage {
    world: World,
    daemon: Daemon,
    officer: Caller,
}

impl Stage {
    async fn with(tokens: &[TestToken]) -> Self {
        let world = World::new();
        let daemon = world.start().await;
        let officer = world.caller(&daemon, "officer");
        import::tokens(&officer, "wrapped", tokens).await;
        Self { world, daemon, officer }
    }

    fn module(&self, role: &str) -> Module {
        Module::role(&self.world, &self.daemon, role)
    }
}

/// Tokens with serials of a beginning of their own.
fn many(letter: char, count: usize) -> Vec<TestToken> {
    (0..count).map(|n| TestToken::hotp(&format!("{letter}{n:06}"))).collect()
}

/// Requests that the daemon has answered, of every kind.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small whole number")]
fn requests(daemon: &Daemon) -> u64 {
    let page = metrics::page(daemon.metrics());
    metrics::sum(&page, &["warifu_request_duration_seconds_count"]) as u64
}

/// What is found, and what it took the daemon.
fn asked(daemon: &Daemon, host: &mut Host, line: &str) -> (usize, u64) {
    let before = requests(daemon);
    let found = host.ok(line).words.len();
    (found, requests(daemon) - before)
}

fn serial(host: &mut Host, key: u64) -> String {
    host.ok(&format!("get {key} CKA_LABEL")).text("CKA_LABEL")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_serial_is_found_by_each_of_its_names() {
    let tokens = [TestToken::hotp("A-1"), TestToken::totp("A-2").digits(8), TestToken::hotp("B-1")];
    let stage = Stage::with(&tokens).await;
    let foreigner = stage.world.named(&stage.daemon, OTHER_BANK, "officer", "officer-1");
    import::one(&foreigner, &TestToken::hotp("F-1")).await;
    let daemon = &stage.daemon;
    let mut host = stage.module("validator").session();
    let all = "CKA_ID=A-1 CKA_LABEL=A-1 CKA_OTP_USER_IDENTIFIER=A-1";
    let one = NAMES.map(|name| format!("find {name}=A-1"));
    let handles: BTreeSet<_> = one.iter().map(|line| host.ok(line).number()).collect();
    assert_eq!(handles.len(), 1, "one token has one handle: {handles:?}");
    // What fits, with filters beside the serial, is one request; so is what does not fit them.
    for (wanted, found) in [
        (all, 1),
        ("CKA_ID=A-1", 1),
        ("CKA_ID=A-1 CKA_KEY_TYPE=#0x23 CKA_OTP_LENGTH=#6 CKA_TOKEN=true CKA_VERIFY=true", 1),
        ("CKA_LABEL=A-2 CKA_OTP_LENGTH=#8 CKA_OTP_TIME_INTERVAL=#30 CKA_WARIFU_HASH=SHA1", 1),
        ("CKA_ID=A-1 CKA_OTP_SERVICE_IDENTIFIER=bank-a CKA_WARIFU_KIND=hard", 1),
        ("CKA_ID=A-1 CKA_OTP_LENGTH=#8", 0),
        ("CKA_ID=A-1 CKA_OTP_TIME_INTERVAL=#30", 0), // it has none
        ("CKA_ID=A-1 CKA_KEY_TYPE=#0x1f", 0),
        ("CKA_ID=A-1 CKA_SIGN=true", 0),
        ("CKA_ID=A-1 CKA_OTP_SERVICE_IDENTIFIER=bank-b", 0),
        ("CKA_ID=A-1 CKA_OTP_LENGTH=hex:06", 0), // a number is as long as a number
        ("CKA_ID=A-9", 0),
        ("CKA_ID=a-1", 0),
        ("CKA_ID=A-", 0),
        ("CKA_ID=F-1", 0), // another institution's
    ] {
        let line = format!("find {wanted} CKA_CLASS=#8");
        assert_eq!(asked(daemon, &mut host, &line), (found, 1), "{wanted}");
    }
    // Nobody has to be asked for these.
    for wanted in [
        "CKA_CLASS=#8 CKA_ID=A-1 CKA_LABEL=B-1",
        "CKA_LABEL=A-1 CKA_OTP_USER_IDENTIFIER=A-2",
        "CKA_ID=A-1 CKA_LABEL=A-1 CKA_OTP_USER_IDENTIFIER=B-1",
        "CKA_CLASS=#8 CKA_ID=A-1 CKA_LABEL=",
        "CKA_ID=A-1 CKA_CLASS=#0",
        "CKA_ID=A-1 CKA_CLASS=#1",
        "CKA_ID=A-1 CKA_CLASS=hex:08",
        "CKA_ID=A-1 CKA_TOKEN=false",
    ] {
        assert_eq!(asked(daemon, &mut host, &format!("find {wanted}")), (0, 0), "{wanted}");
    }
    // Without a class a token that is there is one request, too; what is none may be a transport key.
    assert_eq!(asked(daemon, &mut host, "find CKA_ID=A-1"), (1, 1));
    assert_eq!(asked(daemon, &mut host, "find CKA_ID=A-9"), (0, 2));
    // The other institution's own program.
    let wish = e2e::pki::Wish::role(OTHER_BANK, "validator", "validator-1");
    let identity = stage.world.pki.client(&wish);
    let mut other = Module::new(&stage.world, daemon, &identity).session();
    assert_eq!(other.ok("find CKA_ID=F-1").words.len(), 1);
    assert_eq!(other.ok("find CKA_ID=A-1").words.len(), 0);
}

/// What could lead a careless client to another resource of the interface, and what is no text at all.
fn hostile() -> Vec<Vec<u8>> {
    let texts: [&[u8]; 24] = [
        b"",
        b".",
        b"..",
        b"../status",
        b"../../v1/tokens",
        b"/",
        b"//",
        b"A-1/verify",
        b"A-1/",
        b"A-1%2Fverify",
        b"%2e%2e",
        b"%00",
        b"A-1\0",
        b"A-1\0B",
        b"\0",
        b"A-1?limit=1",
        b"A-1#x",
        b"A-1 ",
        b" A-1",
        b"A-1\r\nhost: elsewhere",
        "割符".as_bytes(),
        b"\xff\xfe\x00\x80",
        b"-A-1",
        b"A-1;A-2",
    ];
    let mut all: Vec<_> = texts.iter().map(|text| text.to_vec()).collect();
    all.extend([vec![b'7'; 41], vec![b'A'; 64 * 1024], vec![0; 64 * 1024], vec![0xC3; 64 * 1024]]);
    all.push((0..=255).collect());
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_serial_leads_nowhere() {
    let stage = Stage::with(&[TestToken::hotp("A-1")]).await;
    for role in ["validator", "officer"] {
        let module = stage.module(role);
        let mut host = module.session();
        let before = requests(&stage.daemon);
        for serial in hostile() {
            let text = hex::encode(&serial);
            for name in NAMES {
                let line = format!("find {name}=hex:{text} CKA_CLASS=#8");
                assert!(host.ok(&line).words.is_empty(), "{name}={text}");
            }
            let line = format!("find CKA_ID=A-1 CKA_LABEL=hex:{text} CKA_CLASS=#8");
            assert!(host.ok(&line).words.is_empty(), "{text}");
        }
        assert_eq!(requests(&stage.daemon), before, "{role}: nobody had to be asked");
        // The longest and oddest serials that there can be are asked for as they are.
        for serial in ["a:b.c_d-e", "A..", "0:0", &"9".repeat(40)] {
            let line = format!("find CKA_ID={serial} CKA_CLASS=#8");
            assert_eq!(asked(&stage.daemon, &mut host, &line), (0, 1), "{serial}");
        }
        // More than all limits is told, and costs nothing either.
        let file = module.path("long");
        std::fs::write(&file, vec![b'A'; 2 * 1024 * 1024]).expect("a file of the test");
        let said = host.say(&format!("find CKA_ID=@{}", file.display()));
        assert_eq!(said.to_string(), "CKR_ATTRIBUTE_VALUE_INVALID C_FindObjectsInit");
        assert_eq!(host.ok("find CKA_ID=A-1").words.len(), 1, "the session goes on");
    }
}

/// A search by serial is one request among 100 tokens and among 5,000; listing asks for one page after
/// another, for as long as the program wants more.
#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_tokens_does_not_matter() {
    let stage = Stage::with(&many('A', 100)).await;
    let daemon = &stage.daemon;
    let (mut teller, mut officer) =
        (stage.module("validator").session(), stage.module("officer").session());
    let search = |host: &mut Host| asked(daemon, host, "find CKA_ID=A000042 CKA_CLASS=#8");
    assert_eq!((search(&mut teller), search(&mut officer)), ((1, 1), (1, 1)));

    import::tokens(&stage.officer, "wrapped", &many('B', 2_400)).await;
    let mut wanted: BTreeSet<_> = many('A', 100).into_iter().map(|token| token.serial).collect();
    wanted.extend(many('B', 2_400).into_iter().map(|token| token.serial));
    for page in [7, 64, 1_024] {
        let (listed, cost) = asked(daemon, &mut officer, &format!("find CKA_CLASS=#8 page={page}"));
        assert_eq!((listed, cost), (2_500, 4), "three pages, and whose the tokens are");
        assert_eq!(serials(&mut officer, page), wanted);
    }
    // Who stops early has asked for no more.
    let stopped = asked(daemon, &mut officer, "find CKA_CLASS=#8 page=5 limit=5");
    assert_eq!(stopped, (5, 2), "a page, and whose the tokens are");
    assert_eq!(asked(daemon, &mut officer, "find-init CKA_CLASS=#8"), (0, 0));
    assert_eq!(asked(daemon, &mut officer, "find-next 1"), (1, 2));
    assert_eq!(asked(daemon, &mut officer, "find-next 999"), (999, 0), "the rest of the page");
    assert_eq!(asked(daemon, &mut officer, "find-next 0"), (0, 0));
    assert_eq!(asked(daemon, &mut officer, "find-next 1"), (1, 1));
    assert_eq!(asked(daemon, &mut officer, "find-final"), (0, 0));
    assert_eq!(asked(daemon, &mut teller, "find CKA_CLASS=#8").0, 0, "front ends list nothing");

    import::tokens(&stage.officer, "wrapped", &many('C', 2_499)).await;
    listed_while_more_come(&stage, &mut officer).await;
    assert_eq!((search(&mut teller), search(&mut officer)), ((1, 1), (1, 1)));
    let last = asked(daemon, &mut teller, "find CKA_LABEL=C002498");
    assert_eq!(last, (1, 1));
}

/// A token that comes while a program lists disturbs no other: each is told, and none twice.
async fn listed_while_more_come(stage: &Stage, officer: &mut Host) {
    officer.ok("find-init CKA_CLASS=#8");
    let mut told = officer.ok("find-next 700").words;
    import::one(&stage.officer, &TestToken::hotp("0-BEFORE")).await;
    loop {
        let more = officer.ok("find-next 700").words;
        if more.is_empty() {
            break;
        }
        told.extend(more);
    }
    officer.ok("find-final");
    let distinct: BTreeSet<_> = told.iter().collect();
    assert_eq!(distinct.len(), told.len(), "none twice");
    // The new one comes before the place that the program has reached, or is told.
    assert!((4_999..=5_000).contains(&told.len()), "{}", told.len());
}

/// Serials of a listing, none of them twice.
fn serials(host: &mut Host, page: u64) -> BTreeSet<String> {
    let found = host.ok(&format!("find CKA_CLASS=#8 page={page}")).words;
    let mut serials = BTreeSet::new();
    for key in found {
        let key = key.parse().expect("a handle");
        assert!(serials.insert(serial(host, key)), "{key} is there twice");
    }
    serials
}

#[tokio::test(flavor = "multi_thread")]
async fn handles_are_bounded_and_the_oldest_goes_first() {
    let stage = Stage::with(&many('A', 40)).await;
    let mut module = stage.module("auditor");
    module.set("objects", "16");
    let mut host = module.session();
    let found = host.ok("find CKA_CLASS=#8 page=3").words;
    assert_eq!(found.len(), 40, "all are told: {found:?}");
    let (old, new) = found.split_at(24);
    for key in old {
        host.expect(&format!("get {key} CKA_LABEL"), "CKR_OBJECT_HANDLE_INVALID");
    }
    let last: BTreeSet<_> =
        new.iter().map(|key| serial(&mut host, key.parse().expect("a handle"))).collect();
    assert_eq!(last.len(), 16);
    // What was given up is found again, under another handle.
    let again = host.find("A000000");
    assert_eq!(serial(&mut host, again), "A000000");
    assert!(!found.contains(&again.to_string()), "a handle is never given twice");
    host.expect(&format!("get {} CKA_LABEL", new[0]), "CKR_OBJECT_HANDLE_INVALID");
    assert_eq!(host.find("A000000"), again, "as long as it is known it keeps its handle");
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_of_two_sessions_do_not_meet() {
    let stage = Stage::with(&many('A', 30)).await;
    let mut host = stage.module("auditor").initialised();
    let slot = host.ok("slots").number();
    let [one, other] = [(), ()].map(|()| host.ok(&format!("open {slot}")).number());
    host.ok("login");
    for session in [one, other] {
        host.ok(&format!("session {session}"));
        host.ok("find-init CKA_CLASS=#8");
        host.expect("find-init CKA_CLASS=#8", "CKR_OPERATION_ACTIVE");
    }
    let mut told: [Vec<String>; 2] = Default::default();
    for _ in 0..8 {
        for (told, (session, most)) in told.iter_mut().zip([(one, 4), (other, 7)]) {
            host.ok(&format!("session {session}"));
            let said = host.ok(&format!("find-next {most}"));
            assert!(said.words.len() <= most, "{said}");
            told.extend(said.words);
        }
    }
    for told in &told {
        assert_eq!(told.len(), 30, "each its own search: {told:?}");
        assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), 30, "{told:?}");
    }
    // One that ends leaves the other as it is.
    host.ok(&format!("session {one}"));
    host.ok("find-final");
    host.expect("find-next 1", "CKR_OPERATION_NOT_INITIALIZED");
    host.ok("find CKA_ID=A000001");
    host.ok(&format!("session {other}"));
    assert!(host.ok("find-next 1").words.is_empty());
    host.ok("find-final");
    host.expect("find-final", "CKR_OPERATION_NOT_INITIALIZED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_ends_what_was_found() {
    let stage = Stage::with(&many('A', 3)).await;
    let mut host = stage.module("auditor").session();
    let key = host.find("A000000");
    host.ok("find-init CKA_CLASS=#8");
    assert_eq!(host.ok("find-next 1").words.len(), 1);
    host.ok("logout");
    host.expect(&format!("get {key} CKA_LABEL"), "CKR_OBJECT_HANDLE_INVALID");
    let rest = host.say("find-next 64");
    assert!(rest.words.is_empty() || rest.rv != "CKR_OK", "private objects after a logout: {rest}");
    host.say("find-final");
    assert!(host.ok("find CKA_ID=A000000").words.is_empty());
    host.ok("login");
    host.expect(&format!("get {key} CKA_LABEL"), "CKR_OBJECT_HANDLE_INVALID");
    host.expect(&format!("verify-init CKM_HOTP {key}"), "CKR_KEY_HANDLE_INVALID");
    assert_ne!(host.find("A000000"), key);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_waits_for_approval_is_not_there() {
    let mut world = World::bare();
    world.set("approval.enforce", "true");
    world.make_keys();
    world.init();
    let daemon = world.start().await;
    let sato = world.named(&daemon, BANK, "officer", "sato");
    let suzuki = world.named(&daemon, BANK, "officer", "suzuki");
    let job = stage(&sato, "B-1", &many('A', 3)).await;
    let mut hosts = ["validator", "operator", "officer", "auditor"]
        .map(|role| Module::role(&world, &daemon, role).session());
    for host in &mut hosts {
        for name in NAMES {
            let said = host.ok(&format!("find {name}=A000001"));
            assert!(said.words.is_empty(), "{name}: {said}");
        }
        assert!(host.ok("find CKA_CLASS=#8").words.is_empty());
    }
    let _ = approve(&suzuki, &job).await.expect_status(200);
    let _ = import::finished(&sato, job["id"].as_str().unwrap_or_default()).await;
    for (host, listed) in hosts.iter_mut().zip([0, 3, 3, 3]) {
        assert_eq!(host.ok("find CKA_ID=A000001").words.len(), 1);
        assert_eq!(host.ok("find CKA_CLASS=#8").words.len(), listed);
    }
}

/// Algorithm in the words of the interface to key type, mechanism, and whether a challenge is needed.
const ALGORITHMS: [(&str, u64, u64, u64); 4] = [
    ("hotp", 0x23, 0x291, 0),
    ("totp", 0x23, 0xD741_5201, 0),
    ("ocra", 0xD741_5212, 0xD741_5202, 2),
    ("txa1", 0xD741_5211, 0xD741_5203, 2),
];

/// Every token that the HTTP interface lists is an object that says the same.
#[tokio::test(flavor = "multi_thread")]
async fn attributes_and_the_http_interface_agree() {
    let bank = Bank::open("bank-000").await;
    bank.contract("C-1", "2026-10-01T00:00:00+09:00", "").await;
    let tokens = [
        TestToken::hotp("H-1"),
        TestToken::hotp("H-2").hash(Hash::Sha256).digits(8).counter(300),
        TestToken::totp("T-1").step(60),
        TestToken::totp("T-2").hash(Hash::Sha512).digits(8),
    ];
    import::tokens(&bank.officer, "wrapped", &tokens).await;
    let _ = KeypadToken::stock(&bank.officer, "30000001", 2, &KeypadUse::ALL).await;
    let suite = "OCRA-1:HOTP-SHA256-8:QN08";
    let _ = KeypadToken::foreign(&bank.officer, "40000001", &[suite]).await;
    let _ = bank.cameras("C-1", "0112345679", 1).await;
    let listed = bank.staff.get("/v1/tokens").await.expect_status(200).json();
    let listed = listed["items"].as_array().cloned().unwrap_or_default();
    assert_eq!(listed.len(), 8, "{listed:#?}");
    let mut staff = Module::role(&bank.world, &bank.daemon, "auditor").session();
    let objects = staff.ok("find CKA_CLASS=#8").words;
    assert_eq!(objects.len(), listed.len());
    let mut seen = BTreeSet::new();
    for key in objects {
        let name = serial(&mut staff, key.parse().expect("a handle"));
        let token = listed.iter().find(|token| token["serial"] == name.as_str());
        let token = token.unwrap_or_else(|| e2e::process::fail(&format!("no {name}")));
        // What a listing tells is what a search by serial tells.
        for key in [key, staff.find(&name).to_string()] {
            same(&mut staff, &key, token);
        }
        assert!(seen.insert(name));
    }
    let counter = |host: &mut Host, serial: &str| {
        let key = host.find(serial);
        host.say(&format!("get {key} CKA_OTP_COUNTER")).bytes("CKA_OTP_COUNTER")
    };
    assert_eq!(counter(&mut staff, "H-2"), Some(300_u64.to_be_bytes().to_vec()));
    for other in ["T-1", "30000001", "0112345679"] {
        assert_eq!(counter(&mut staff, other), None, "{other}");
    }
}

fn same(host: &mut Host, key: &str, token: &Value) {
    let text = |name: &str| token[name].as_str().unwrap_or_default().to_owned();
    let number = |name: &str| token[name].as_u64();
    let names = "CKA_ID CKA_OTP_USER_IDENTIFIER CKA_OTP_SERVICE_IDENTIFIER CKA_WARIFU_KIND \
                 CKA_WARIFU_HASH CKA_WARIFU_MANUFACTURER CKA_OTP_LENGTH CKA_KEY_TYPE 0x40000600 \
                 CKA_OTP_CHALLENGE_REQUIREMENT CKA_OTP_TIME_INTERVAL CKA_WARIFU_SUITES CKA_VALUE";
    let said = host.say(&format!("get {key} {names}"));
    assert!(said.rv == "CKR_ATTRIBUTE_SENSITIVE" || said.rv == "CKR_ATTRIBUTE_TYPE_INVALID");
    for (attribute, field) in [
        ("CKA_ID", "serial"),
        ("CKA_OTP_USER_IDENTIFIER", "serial"),
        ("CKA_WARIFU_KIND", "kind"),
        ("CKA_WARIFU_HASH", "hash"),
        ("CKA_WARIFU_MANUFACTURER", "manufacturer"),
    ] {
        assert_eq!(said.text(attribute), text(field), "{attribute}: {token:#}");
    }
    assert_eq!(said.text("CKA_OTP_SERVICE_IDENTIFIER"), BANK);
    let algorithm = text("algorithm");
    let known = ALGORITHMS.into_iter().find(|(name, ..)| *name == algorithm);
    let (_, key_type, mechanism, requirement) = known.unwrap_or_default();
    let value = |name: &str| {
        let bytes = said.bytes(name)?;
        bytes.try_into().ok().map(u64::from_ne_bytes)
    };
    assert_eq!(value("CKA_KEY_TYPE"), Some(key_type), "{token:#}");
    assert_eq!(value("0x40000600"), Some(mechanism), "the one allowed: {token:#}");
    assert_eq!(value("CKA_OTP_CHALLENGE_REQUIREMENT"), Some(requirement), "{token:#}");
    assert_eq!(value("CKA_OTP_LENGTH"), number("digits"), "{token:#}");
    assert_eq!(value("CKA_OTP_TIME_INTERVAL"), number("time_step_s"), "{token:#}");
    let suites = token["suites"].as_array().map(|suites| {
        let suites: Vec<_> = suites.iter().filter_map(Value::as_str).collect();
        suites.join("\n")
    });
    let told = said.bytes("CKA_WARIFU_SUITES").map(|text| String::from_utf8_lossy(&text).into());
    assert_eq!(told, suites, "{token:#}");
    assert_eq!(said.bytes("CKA_VALUE"), None, "a seed is never shown");
}
