//! `C_WaitForSlotEvent` of the PKCS#11 module: a token goes and comes with its daemon.
//!
//! Not responsible for: what other functions answer meanwhile (`pkcs11_faults.rs`).
#![forbid(unsafe_code)]

use e2e::{
    cable::Cable,
    pkcs11::Host,
    pkcs11_faults::{PATIENT, Stage},
    wait,
};

/// Looks again and again, and hears nothing but that there is nothing, until there is something.
fn next_event(host: &mut Host) -> u64 {
    wait::until_blocking("an event of the slot", || {
        let said = host.say("wait-event nonblock");
        if said.rv == "CKR_OK" {
            return Some(said.number());
        }
        assert_eq!(said.to_string(), "CKR_NO_EVENT C_WaitForSlotEvent");
        None
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_tells_each_change_once() {
    let (stage, daemon) = Stage::new().await;
    let mut cable = Cable::to(&daemon);
    let mut host = stage.module(&daemon, &[&cable], PATIENT).initialised();
    let slot = host.ok("slots present").number();
    host.expect("wait-event nonblock", "CKR_NO_EVENT");
    cable.pull().await;
    assert_eq!(next_event(&mut host), slot);
    host.expect("wait-event nonblock", "CKR_NO_EVENT");
    assert!(host.ok("slots present").words.is_empty());
    assert_eq!(host.ok(&format!("slot-info {slot}")).value("present"), "0");
    host.expect(&format!("token-info {slot}"), "CKR_TOKEN_NOT_PRESENT");
    host.expect(&format!("open {slot}"), "CKR_TOKEN_NOT_PRESENT");
    cable.plug_in();
    assert_eq!(next_event(&mut host), slot);
    host.expect("wait-event nonblock", "CKR_NO_EVENT");
    host.log_in();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_is_told_when_the_daemon_goes_and_when_it_comes() {
    let (stage, daemon) = Stage::new().await;
    let mut cable = Cable::to(&daemon);
    let mut host = stage.module(&daemon, &[&cable], PATIENT).session();
    host.expect("wait-event nonblock", "CKR_NO_EVENT");
    host.ok("wait-begin");
    cable.pull().await;
    host.ok("wait-end");
    assert!(host.ok("slots present").words.is_empty());
    host.ok("wait-begin");
    cable.plug_in();
    host.ok("wait-end");
    // The login has outlived the absence.
    host.find("F-1");
}

/// A wait keeps no other call from its work.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_is_let_go_when_the_module_is_finalised() {
    let (stage, daemon) = Stage::new().await;
    let cable = Cable::to(&daemon);
    let mut host = stage.module(&daemon, &[&cable], PATIENT).session();
    host.ok("wait-begin");
    let key = host.find("F-1");
    host.ok(&stage.verify(key, 0));
    host.ok("finalize");
    host.expect("wait-end", "CKR_CRYPTOKI_NOT_INITIALIZED");
    host.ok("init");
    host.log_in();
    assert!(host.end().success());
}
