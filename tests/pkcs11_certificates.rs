//! Certificates that are refused, on either side, as programs see it through the PKCS#11 module: at the
//! login, in the middle of a session, and when a renewed one lies where the old one was.
//!
//! Not responsible for: which certificates the daemon takes (`tls.rs`, `roles.rs`).
#![forbid(unsafe_code)]

use std::fs;

use e2e::{
    Daemon, Identity, World,
    clock::at,
    pkcs11::{Host, Module, Slot},
    pkcs11_faults::{HOTP, SERIAL, Stage},
    pki::{Pki, Validity, Wish},
    wait,
    world::{BANK, OTHER_BANK},
};
use rustix::process::Signal;

fn teller() -> Wish {
    Wish::role(BANK, "validator", "validator-1")
}

/// A program that has opened a session.
fn opened(stage: &Stage, daemon: &Daemon, identity: &Identity) -> Host {
    let mut host = Module::new(&stage.world, daemon, identity).initialised();
    host.ok("open 0");
    host
}

/// Puts a certificate where another one lies, as tools that renew them do.
fn replace(old: &Identity, new: &Identity) {
    for (to, from) in [(&old.key, &new.key), (&old.certificate, &new.certificate)] {
        let next = to.with_extension("next");
        fs::copy(from, &next).expect("a file in the test's folder");
        fs::rename(&next, to).expect("a file in the test's folder");
    }
}

/// Verifies code after code until one is refused; what is said then, and the counter of that code. The
/// daemon may close a connection just when a request is on its way; then the same call tells.
fn until_refused(stage: &Stage, host: &mut Host, key: u64, from: u64) -> (String, u64) {
    let mut counter = from;
    wait::until_blocking("the daemon refuses", || {
        let said = host.say(&stage.verify(key, counter));
        match said.rv.as_str() {
            "CKR_OK" => counter += 1,
            "CKR_FUNCTION_FAILED" => {}
            _ => return Some((said.rv, counter)),
        }
        None
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_of_another_authority_is_not_logged_in_to() {
    let (stage, daemon) = Stage::new().await;
    let other = Pki::new(&stage.world.path("other-pki"));
    let mut slot = Slot::new(&stage.world, &daemon, &stage.identity);
    slot.set("ca", &format!("{:?}", other.ca().display().to_string()));
    let mut host = Module::with_slots(&stage.world, vec![slot]).initialised();
    host.ok("open 0");
    host.expect("login", "CKR_TOKEN_NOT_RECOGNIZED");
    host.expect(&stage.verify(1, 0), "CKR_USER_NOT_LOGGED_IN");
}

/// TLS has one word for what is over and what has not begun (RFC 8446 s.6.2, `certificate_expired`).
#[tokio::test(flavor = "multi_thread")]
async fn a_login_says_whether_the_certificate_expired_or_is_no_good() {
    let (stage, daemon) = Stage::new().await;
    let pki = &stage.world.pki;
    let (mut for_servers, mut nobody) = (teller(), teller());
    for_servers.server_usage = true;
    nobody.uris = vec!["warifu://no-such-bank/validator/v".to_owned()];
    let revoked = pki.client(&teller());
    pki.revoke(&[&revoked]);
    daemon.signal(Signal::HUP);
    let expired = "CKR_PIN_EXPIRED";
    let incorrect = "CKR_PIN_INCORRECT";
    let bad = [
        ("expired", pki.client(&teller().validity(Validity::Expired)), expired),
        ("not yet valid", pki.client(&teller().validity(Validity::NotYet)), expired),
        ("of itself", pki.self_signed(&teller()), incorrect),
        ("of another authority", pki.foreign(&teller()), incorrect),
        ("for servers only", pki.client(&for_servers), incorrect),
        ("of nobody", pki.client(&nobody), incorrect),
    ];
    for (what, identity, rv) in bad {
        let mut host = opened(&stage, &daemon, &identity);
        assert_eq!(host.say("login").rv, rv, "a certificate {what}");
        assert_eq!(host.ok("session-info").value("state"), "0", "a certificate {what}");
    }
    let mut host = opened(&stage, &daemon, &revoked);
    wait::until_blocking("the list of revoked ones is read", || {
        let said = host.say("login");
        let still = said.rv == "CKR_OK";
        if still {
            host.ok("logout");
            return None;
        }
        assert_eq!(said.rv, incorrect);
        Some(())
    });
    opened(&stage, &daemon, &stage.identity).ok("login");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_revoked_is_logged_out_and_may_log_in_with_a_good_one() {
    let (stage, daemon) = Stage::new().await;
    let mut host = opened(&stage, &daemon, &stage.identity);
    host.ok("login");
    let key = host.find(SERIAL);
    host.ok(&stage.verify(key, 0));
    stage.world.pki.revoke(&[&stage.identity]);
    daemon.signal(Signal::HUP);
    let (rv, next) = until_refused(&stage, &mut host, key, 1);
    assert_eq!(rv, "CKR_USER_NOT_LOGGED_IN");
    host.expect(&stage.verify(key, next), "CKR_USER_NOT_LOGGED_IN");
    assert_eq!(host.ok("session-info").value("state"), "0");
    host.expect("login", "CKR_PIN_INCORRECT");
    replace(&stage.identity, &stage.world.identity("validator"));
    host.ok("login");
    host.ok(&stage.verify(key, next));
    let accepted = usize::try_from(next).unwrap() + 1;
    assert_eq!(stage.judged(&daemon), vec!["accepted"; accepted]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_renewed_in_time_is_not_noticed_by_the_program() {
    let (stage, daemon) = Stage::new().await;
    let mut host = opened(&stage, &daemon, &stage.identity);
    host.ok("login");
    let key = host.find(SERIAL);
    host.ok(&stage.verify(key, 0));
    // Another program with the same certificate tells when the daemon has read the list.
    let old = stage.world.caller_as(&daemon, &stage.identity);
    let _ = old.get("/health").await.expect_status(200);
    replace(&stage.identity, &stage.world.identity("validator"));
    stage.world.pki.revoke(&[&stage.identity]);
    daemon.signal(Signal::HUP);
    let mut next = 1;
    wait::until("the old certificate is shut out", || {
        host.ok(&stage.verify(key, next));
        next += 1;
        async { (!old.is_connected().await).then_some(()) }
    })
    .await;
    for counter in next..next + 3 {
        host.ok(&stage.verify(key, counter));
    }
    let accepted = usize::try_from(next).unwrap() + 3;
    assert_eq!(stage.judged(&daemon), vec!["accepted"; accepted]);
}

/// Without the PIN nobody can read the renewed key: the program has to ask for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_whose_key_has_a_pin_needs_a_login() {
    let (stage, daemon) = Stage::new().await;
    let mut module = Module::new(&stage.world, &daemon, &stage.identity);
    let pin_file = module.encrypt_key(&stage.identity);
    let login = format!("login pin-file={}", pin_file.display());
    let mut host = module.initialised();
    host.ok("open 0");
    host.ok(&login);
    let key = host.find(SERIAL);
    let renewed = stage.world.identity("validator");
    module.encrypt_key(&renewed);
    replace(&stage.identity, &renewed);
    host.ok(&stage.verify(key, 0)); // the old one is still good
    stage.world.pki.revoke(&[&stage.identity]);
    daemon.signal(Signal::HUP);
    let (rv, next) = until_refused(&stage, &mut host, key, 1);
    assert_eq!(rv, "CKR_USER_NOT_LOGGED_IN");
    host.ok(&login);
    host.ok(&stage.verify(key, next));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_expires_in_a_session_ends_it() {
    let (world, clock) = World::with_clock(at("2026-10-01T12:00:00+09:00"));
    let (stage, daemon) = Stage::in_world(world).await;
    let ends = Validity::EndsIn(86_400);
    let short = stage.world.pki.client(&teller().validity(ends));
    let mut host = opened(&stage, &daemon, &short);
    host.ok("login");
    let key = host.find(SERIAL);
    host.ok(&stage.verify(key, 0));
    clock.set(at("2060-01-01T00:00:00Z"));
    assert!(clock.now() > wait::unix_now() + 2 * 86_400);
    // Connections end with their certificate, but by the time that passes; and with a reload.
    daemon.signal(Signal::HUP);
    let (rv, next) = until_refused(&stage, &mut host, key, 1);
    assert_eq!(rv, "CKR_USER_NOT_LOGGED_IN");
    host.expect("login", "CKR_PIN_EXPIRED");
    replace(&short, &stage.world.identity("validator"));
    host.ok("login");
    host.ok(&stage.verify(key, next));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_is_told_so_and_another_bank_sees_nothing() {
    let (stage, daemon) = Stage::new().await;
    for role in ["auditor", "operator", "officer"] {
        let mut host = opened(&stage, &daemon, &stage.world.identity(role));
        host.ok("login");
        let key = host.find(SERIAL);
        let said = host.say(&stage.verify(key, 0));
        assert_eq!(said.to_string(), "CKR_ACTION_PROHIBITED C_Verify", "{role}");
        host.expect(&stage.verify(key, 0), "CKR_ACTION_PROHIBITED");
    }
    let mut host = opened(&stage, &daemon, &stage.world.identity("metrics"));
    host.ok("login");
    assert!(host.ok(&format!("find CKA_ID={SERIAL}")).words.is_empty());
    let stranger = stage.world.pki.client(&Wish::role(OTHER_BANK, "validator", "v"));
    let mut host = opened(&stage, &daemon, &stranger);
    host.ok("login");
    assert!(host.ok(&format!("find CKA_ID={SERIAL}")).words.is_empty());
    host.expect(&format!("verify-init {HOTP} 1"), "CKR_KEY_HANDLE_INVALID");
    assert!(stage.judged(&daemon).is_empty());
    let teller = stage.world.caller_as(&daemon, &stage.identity);
    assert_eq!(teller.verdict(SERIAL, &stage.token.code(0)).await, "accepted");
}
