//! Who a program is at the daemon, through the PKCS#11 module: the certificate of its slot, with a PIN
//! where its key file is encrypted; and that neither PIN nor code is ever written down.
//!
//! Not responsible for: daemons that are down or strange (`pkcs11_faults.rs`).
#![forbid(unsafe_code)]

use e2e::{
    Daemon, TestToken, World, import,
    pkcs11::{Host, Module, PIN, Slot},
    process::write_private,
    world::{BANK, OTHER_BANK},
};

const HOTP: &str = "CKM_HOTP";

async fn with_token(serial: &str) -> (World, Daemon, TestToken) {
    let world = World::new();
    let daemon = world.start().await;
    let token = TestToken::hotp(serial).digits(8);
    import::one(&world.caller(&daemon, "officer"), &token).await;
    (world, daemon, token)
}

fn open(host: &mut Host) {
    let slot = host.ok("slots present").number();
    host.ok(&format!("open {slot}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_the_clear_needs_no_pin() {
    let (world, daemon, token) = with_token("A-1").await;
    let module = Module::role(&world, &daemon, "validator");
    let mut host = module.initialised();
    open(&mut host);
    let told = host.ok("token-info 0");
    assert_eq!((told.value("login"), told.value("path")), ("1".to_owned(), "1".to_owned()));
    assert_eq!(told.value("label"), "Warifu test");
    assert!(host.ok("find CKA_ID=A-1").words.is_empty(), "nothing is seen before the login");
    host.expect(&format!("verify {HOTP} 1 12345678"), "CKR_USER_NOT_LOGGED_IN");
    host.expect("logout", "CKR_USER_NOT_LOGGED_IN");
    for (user, rv) in [(0, "CKR_USER_TYPE_INVALID"), (2, "CKR_OPERATION_NOT_INITIALIZED")] {
        host.expect(&format!("login user={user}"), rv);
    }
    host.ok("login");
    host.expect("login", "CKR_USER_ALREADY_LOGGED_IN");
    let key = host.find("A-1");
    assert_eq!(host.verify(HOTP, key, &token.code(0)), "CKR_OK");

    // A login is the token's, for all sessions of the program, and ends with the last of them.
    open(&mut host);
    assert_eq!(host.ok("session-info").value("state"), "1", "a reading session of a user");
    assert_eq!(host.verify(HOTP, key, &token.code(1)), "CKR_OK");
    host.ok("logout");
    host.expect(&format!("get {key} CKA_CLASS"), "CKR_OBJECT_HANDLE_INVALID");
    host.ok("login");
    assert_ne!(host.find("A-1"), key, "a handle is never given twice");
    host.ok("close-all 0");
    open(&mut host);
    assert_eq!(host.ok("session-info").value("state"), "0");
    host.ok("login");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_key_opens_with_its_pin_only() {
    let (world, daemon, token) = with_token("A-1").await;
    let identity = world.identity("validator");
    let mut module = Module::new(&world, &daemon, &identity);
    let pin_file = module.encrypt_key(&identity);
    let wrong = write_private(&world.path("wrong-pin"), b"wrong-pin-of-a-key-88");
    let long = write_private(&world.path("long-pin"), &[b'7'; 2_000]);
    let mut host = module.initialised();
    open(&mut host);
    assert_eq!(host.ok("token-info 0").value("path"), "0");
    let login = |file: &std::path::Path| format!("login pin-file={}", file.display());
    host.expect(&login(&wrong), "CKR_PIN_INCORRECT");
    host.expect("login", "CKR_PIN_INCORRECT");
    host.expect(&login(&long), "CKR_PIN_LEN_RANGE");
    assert_eq!(host.ok("session-info").value("state"), "0");
    host.ok(&login(&pin_file));
    host.expect(&login(&pin_file), "CKR_USER_ALREADY_LOGGED_IN");
    let key = host.find("A-1");
    assert_eq!(host.verify(HOTP, key, &token.code(0)), "CKR_OK");
    host.ok("logout");
    host.expect(&login(&wrong), "CKR_PIN_INCORRECT");
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_are_identities_that_see_their_own_tokens() {
    let (world, daemon, token) = with_token("A-1").await;
    let named = |institution: &str, role: &str| {
        let wish = e2e::pki::Wish::role(institution, role, "somebody");
        world.pki.client(&wish)
    };
    let slot = |label: &str, institution: &str, role: &str| {
        Slot::new(&world, &daemon, &named(institution, role)).label(label)
    };
    let slots = vec![
        slot("front end", BANK, "validator"),
        slot("audit", BANK, "auditor"),
        slot("another bank", OTHER_BANK, "validator"),
    ];
    let mut host = Module::with_slots(&world, slots).initialised();
    let numbers = host.ok("slots").words;
    assert_eq!(numbers.len(), 3, "{numbers:?}");
    let mut found = Vec::new();
    for (number, label) in numbers.iter().zip(["front end", "audit", "another bank"]) {
        assert_eq!(host.ok(&format!("token-info {number}")).value("label"), label);
        host.ok(&format!("open {number}"));
        host.ok("login");
        found.push(host.ok("find CKA_ID=A-1").words);
    }
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 0]);
    host.ok(&format!("open {}", numbers[0]));
    let foreign = format!("verify-init {HOTP} {}", found[1][0]);
    host.expect(&foreign, "CKR_KEY_HANDLE_INVALID"); // it is another slot's
    host.ok(&format!("verify {HOTP} {} {}", found[0][0], token.code(0)));
}

/// The module's log, the daemon's, and what the program prints by itself.
#[tokio::test(flavor = "multi_thread")]
async fn neither_code_nor_pin_is_written_down() {
    let mut world = World::bare();
    world.set("log.level", "\"debug\"");
    world.make_keys();
    world.init();
    let daemon = world.start().await;
    let token = TestToken::hotp("A-1").digits(8);
    import::one(&world.caller(&daemon, "officer"), &token).await;
    let identity = world.identity("validator");
    let mut module = Module::new(&world, &daemon, &identity);
    let pin_file = module.encrypt_key(&identity);
    let mut host = module.initialised();
    open(&mut host);
    let wrong_pin = write_private(&world.path("wrong-pin"), b"wrong-pin-of-a-key-88");
    host.expect(&format!("login pin-file={}", wrong_pin.display()), "CKR_PIN_INCORRECT");
    host.ok(&format!("login pin-file={}", pin_file.display()));
    let key = host.find("A-1");
    let codes = [token.code(0), token.wrong(0), "918273645".to_owned(), token.code(1)];
    let expected =
        ["CKR_OK", "CKR_SIGNATURE_INVALID", "CKR_SIGNATURE_LEN_RANGE", "CKR_SIGNATURE_INVALID"];
    for (code, rv) in codes.iter().zip(expected).take(3) {
        assert_eq!(host.verify(HOTP, key, code), rv);
    }
    host.ok(&format!("threads 2 {HOTP} {key} {}", codes[3]));
    host.ok("finalize");
    assert!(host.end().success());
    let (log, daemons) = (module.log(), daemon.log());
    assert!(log.contains("C_Verify"), "calls are in the log of this level: {log}");
    for secret in codes.iter().map(String::as_str).chain([PIN, "wrong-pin-of-a-key-88"]) {
        assert!(!log.contains(secret), "{secret} in {log}");
        assert!(!daemons.contains(secret), "{secret} in {daemons}");
    }
}
