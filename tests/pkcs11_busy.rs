//! The PKCS#11 module in a busy program that ends things in the middle of others, and that runs for long:
//! every call comes back with something that it may say, and afterwards all is as before.
//!
//! Not responsible for: daemons that fail meanwhile (`pkcs11_faults.rs`), children (`pkcs11_fork.rs`).
#![forbid(unsafe_code)]

use e2e::{
    Daemon, TestToken, World, import,
    pkcs11::{Host, Module},
    process::resident,
};

const HOTP: &str = "CKM_HOTP";

struct Stage {
    _world: World,
    _daemon: Daemon,
    token: TestToken,
    module: Module,
}

impl Stage {
    async fn new() -> Self {
        let world = World::new();
        let daemon = world.start().await;
        let token = TestToken::hotp("B-1");
        import::one(&world.caller(&daemon, "officer"), &token).await;
        let module = Module::role(&world, &daemon, "validator");
        Self { _world: world, _daemon: daemon, token, module }
    }

    /// A program whose threads ask about a used code, which locks nothing, hundreds of times; something
    /// else is done meanwhile. What the threads were told.
    fn meanwhile(&self, host: &mut Host, counter: u64, line: &str) -> Vec<String> {
        let code = self.token.code(counter);
        let key = host.find("B-1");
        assert_eq!(host.verify(HOTP, key, &code), "CKR_OK", "{line}");
        let codes = self.module.lines("codes", &vec![code; 400]);
        host.ok(&format!("start 4 {HOTP} {key} {codes}"));
        host.ok(line);
        let told = host.ok("join").words;
        assert_eq!(told.len(), 400, "{line}");
        told
    }
}

/// Whether every one of the return values is in a list.
fn assert_all(line: &str, told: &[String], may_be: &[&str]) {
    let odd: Vec<_> = told.iter().filter(|one| !may_be.contains(&one.as_str())).collect();
    assert!(odd.is_empty(), "{line}: {odd:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_in_the_middle_of_calls_ends_them() {
    let stage = Stage::new().await;
    let mut host = stage.module.session();
    let may_be = [
        "CKR_SIGNATURE_INVALID",
        "CKR_USER_NOT_LOGGED_IN",
        "CKR_KEY_HANDLE_INVALID",
        "CKR_OPERATION_NOT_INITIALIZED",
    ];
    for round in 0..4 {
        let told = stage.meanwhile(&mut host, round, "logout");
        assert_all("logout", &told, &may_be);
        host.ok("login");
    }
    let key = host.find("B-1");
    assert_eq!(host.verify(HOTP, key, &stage.token.code(4)), "CKR_OK");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_are_closed_in_the_middle_of_calls_end_them() {
    let stage = Stage::new().await;
    let mut host = stage.module.initialised();
    let may_be = [
        "CKR_SIGNATURE_INVALID",
        "CKR_USER_NOT_LOGGED_IN",
        "CKR_SESSION_HANDLE_INVALID",
        "CKR_KEY_HANDLE_INVALID",
        "CKR_OPERATION_NOT_INITIALIZED",
    ];
    for round in 0..4 {
        host.log_in();
        let told = stage.meanwhile(&mut host, round, "close-all 0");
        assert_all("close-all", &told, &may_be);
    }
    host.log_in();
    let key = host.find("B-1");
    assert_eq!(host.verify(HOTP, key, &stage.token.code(4)), "CKR_OK");
    assert_eq!(host.ok("token-info 0").value("sessions"), "1", "no session is left over");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_in_the_middle_of_calls_ends_them_and_a_new_beginning_is_one() {
    let stage = Stage::new().await;
    let mut host = stage.module.loaded();
    let may_be = [
        "CKR_SIGNATURE_INVALID",
        "CKR_CRYPTOKI_NOT_INITIALIZED",
        "CKR_USER_NOT_LOGGED_IN",
        "CKR_SESSION_HANDLE_INVALID",
        "CKR_KEY_HANDLE_INVALID",
        "CKR_OPERATION_NOT_INITIALIZED",
    ];
    for round in 0..4 {
        host.ok("init");
        host.log_in();
        let told = stage.meanwhile(&mut host, round, "finalize");
        assert_all("finalize", &told, &may_be);
        assert_eq!(host.ok("connections-now").words.len(), 0, "nothing is left open");
    }
    host.ok("init");
    host.log_in();
    let key = host.find("B-1");
    assert_eq!(host.verify(HOTP, key, &stage.token.code(4)), "CKR_OK");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_beginnings_at_the_same_moment_one_is_the_first() {
    let stage = Stage::new().await;
    let mut host = stage.module.loaded();
    for _ in 0..20 {
        let said = host.ok("init-all 8");
        let told = (said.count("CKR_OK"), said.count("CKR_CRYPTOKI_ALREADY_INITIALIZED"));
        assert_eq!(told, (1, 7), "{said}");
        host.ok("finalize");
    }
    host.ok("init-all 8");
    host.log_in();
    let key = host.find("B-1");
    assert_eq!(host.verify(HOTP, key, &stage.token.code(0)), "CKR_OK");
}

/// A program that runs for years: sessions, logins, searches and verdicts leave nothing behind.
#[tokio::test(flavor = "multi_thread")]
async fn memory_does_not_grow_with_calls() {
    let stage = Stage::new().await;
    let mut host = stage.module.session();
    let key = host.find("B-1");
    assert_eq!(host.verify(HOTP, key, &stage.token.code(0)), "CKR_OK");
    let serials = stage.module.lines("serials", &vec!["B-1"; 500]);
    let codes = stage.module.lines("codes", &vec![stage.token.code(0); 500]);
    let round = |host: &mut Host| {
        host.ok(&format!("bench-find {serials}"));
        host.ok(&format!("start 2 {HOTP} {key} {codes}"));
        host.ok("join");
        for _ in 0..50 {
            host.ok("open 0");
            host.ok("close");
        }
        host.ok("open 0");
    };
    for _ in 0..3 {
        round(&mut host);
    }
    let before = resident(host.pid());
    for _ in 0..6 {
        round(&mut host);
    }
    let grown = resident(host.pid()).saturating_sub(before);
    assert!(grown < 512 * 1_024, "{grown} bytes more after 6000 calls");
}
