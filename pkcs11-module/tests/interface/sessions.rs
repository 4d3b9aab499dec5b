//! Slots, tokens and sessions, with a daemon that can be reached and never says a word.
//!
//! Not responsible for anything that a daemon answers.

use std::{fs, net::TcpListener, ptr};

use cryptoki_sys::{
    CK_MECHANISM, CK_MECHANISM_INFO, CK_RV, CK_SESSION_HANDLE, CK_SESSION_INFO, CK_SLOT_INFO,
    CK_TOKEN_INFO, CK_UNAVAILABLE_INFORMATION, CKF_DONT_BLOCK, CKF_FIND_OBJECTS, CKF_RW_SESSION,
    CKF_SERIAL_SESSION, CKF_TOKEN_PRESENT, CKF_VERIFY, CKM_HOTP, CKM_RSA_PKCS, CKR_ARGUMENTS_BAD,
    CKR_BUFFER_TOO_SMALL, CKR_CRYPTOKI_NOT_INITIALIZED, CKR_MECHANISM_INVALID, CKR_NO_EVENT,
    CKR_OBJECT_HANDLE_INVALID, CKR_OK, CKR_OPERATION_NOT_INITIALIZED, CKR_SESSION_HANDLE_INVALID,
    CKR_SLOT_ID_INVALID, CKR_TOKEN_NOT_PRESENT, CKR_USER_NOT_LOGGED_IN, CKR_USER_TYPE_INVALID,
    CKS_RO_PUBLIC_SESSION, CKS_RW_PUBLIC_SESSION, CKU_CONTEXT_SPECIFIC, CKU_SO, CKU_USER,
};
use tempfile::TempDir;

use crate::host::{Module, call};

const PIN: [u8; 9] = *b"s3cr3t-pi";

/// A module with slot 5, behind which somebody listens, and slot 6, behind which nobody does: no
/// ordinary program may listen on port 1.
struct Bank {
    module: Module,
    folder: TempDir,
    _daemon: TcpListener,
}

impl Bank {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let daemon = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = daemon.local_addr().expect("an address").port();
        let text = format!(
            "ca = \"ca.pem\"\ncertificate = \"client.pem\"\nkey = \"client.key\"\n\
             log = {{ file = \"module.log\", level = \"debug\" }}\n\
             [[slot]]\nid = 5\nlabel = \"Branches\"\nservers = [\"https://127.0.0.1:{port}\"]\n\
             [[slot]]\nid = 6\nlabel = \"Gone\"\nservers = [\"https://127.0.0.1:1\"]\n",
        );
        fs::write(folder.path().join("pkcs11.toml"), text).expect("a file");
        let module = Module::idle();
        assert_eq!(module.initialise_from(&folder.path().join("pkcs11.toml")), CKR_OK);
        Self { module, folder, _daemon: daemon }
    }

    fn open(&self, flags: u64) -> CK_SESSION_HANDLE {
        let (list, mut session) = (self.module.list, 0);
        let flags = CKF_SERIAL_SESSION | flags;
        let place = &raw mut session;
        assert_eq!(call!(list, C_OpenSession, 5, flags, ptr::null_mut(), None, place), CKR_OK);
        session
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("module.log")).expect("the log")
    }
}

#[test]
fn slots_are_listed_with_a_token_or_without() {
    let bank = Bank::new();
    let list = bank.module.list;
    let slots = |with_token| {
        let (mut slots, mut count) = ([0; 3], 3);
        let place = slots.as_mut_ptr();
        assert_eq!(call!(list, C_GetSlotList, with_token, place, &raw mut count), CKR_OK);
        (slots, count)
    };
    assert_eq!(slots(0), ([5, 6, 0], 2));
    assert_eq!(slots(1), ([5, 0, 0], 1));
    assert_eq!(slots(0xFF), ([5, 0, 0], 1));
    let (mut slot, mut room) = (0, 1);
    let small = call!(list, C_GetSlotList, 0, &raw mut slot, &raw mut room);
    assert_eq!((small, slot, room), (CKR_BUFFER_TOO_SMALL, 0, 2));
}

#[test]
fn a_token_is_there_as_long_as_somebody_listens() {
    let bank = Bank::new();
    let list = bank.module.list;
    let mut slot = CK_SLOT_INFO::default();
    assert_eq!(call!(list, C_GetSlotInfo, 5, &raw mut slot), CKR_OK);
    assert_ne!(slot.flags & CKF_TOKEN_PRESENT, 0);
    assert_eq!(&slot.manufacturerID[..7], b"Warifu ");
    assert_eq!(call!(list, C_GetSlotInfo, 6, &raw mut slot), CKR_OK);
    assert_eq!(slot.flags & CKF_TOKEN_PRESENT, 0);
    assert_eq!(call!(list, C_GetSlotInfo, 7, &raw mut slot), CKR_SLOT_ID_INVALID);
    let mut token = CK_TOKEN_INFO::default();
    assert_eq!(call!(list, C_GetTokenInfo, 6, &raw mut token), CKR_TOKEN_NOT_PRESENT);
    let mut session = 0;
    let (flags, place) = (CKF_SERIAL_SESSION, &raw mut session);
    let opened = call!(list, C_OpenSession, 6, flags, ptr::null_mut(), None, place);
    assert_eq!((opened, session), (CKR_TOKEN_NOT_PRESENT, 0));
}

#[test]
fn a_token_counts_its_sessions() {
    let bank = Bank::new();
    let _sessions = [bank.open(0), bank.open(0), bank.open(CKF_RW_SESSION)];
    let mut token = CK_TOKEN_INFO::default();
    assert_eq!(call!(bank.module.list, C_GetTokenInfo, 5, &raw mut token), CKR_OK);
    assert_eq!(&token.label, b"Branches                        ");
    assert!(token.serialNumber.iter().all(u8::is_ascii_hexdigit));
    assert_eq!(&token.utcTime, &[b' '; 16]);
    assert_eq!((token.ulSessionCount, token.ulRwSessionCount), (3, 1));
    assert_eq!(token.ulMaxSessionCount, CK_UNAVAILABLE_INFORMATION);
    assert!(token.ulMinPinLen <= token.ulMaxPinLen);
}

#[test]
fn mechanisms_are_listed_and_described() {
    let bank = Bank::new();
    let list = bank.module.list;
    let mut count = 0;
    assert_eq!(call!(list, C_GetMechanismList, 5, ptr::null_mut(), &raw mut count), CKR_OK);
    let mut kinds = vec![0; usize::try_from(count).expect("a few")];
    let place = kinds.as_mut_ptr();
    assert_eq!(call!(list, C_GetMechanismList, 5, place, &raw mut count), CKR_OK);
    assert!(kinds.contains(&CKM_HOTP));
    count -= 1;
    let small = call!(list, C_GetMechanismList, 5, place, &raw mut count);
    assert_eq!((small, count), (CKR_BUFFER_TOO_SMALL, kinds.len() as u64));
    let mut info = CK_MECHANISM_INFO::default();
    for kind in kinds {
        assert_eq!(call!(list, C_GetMechanismInfo, 5, kind, &raw mut info), CKR_OK);
        assert_ne!(info.flags, 0);
    }
    let unknown = call!(list, C_GetMechanismInfo, 5, CKM_RSA_PKCS, &raw mut info);
    assert_eq!(unknown, CKR_MECHANISM_INVALID);
}

#[test]
fn a_session_says_what_it_is_until_it_is_closed() {
    let bank = Bank::new();
    let list = bank.module.list;
    let (reading, writing) = (bank.open(0), bank.open(CKF_RW_SESSION));
    let mut info = CK_SESSION_INFO::default();
    assert_eq!(call!(list, C_GetSessionInfo, reading, &raw mut info), CKR_OK);
    assert_eq!((info.slotID, info.state), (5, CKS_RO_PUBLIC_SESSION));
    assert_eq!(info.flags, CKF_SERIAL_SESSION);
    assert_eq!(call!(list, C_GetSessionInfo, writing, &raw mut info), CKR_OK);
    assert_eq!((info.slotID, info.state), (5, CKS_RW_PUBLIC_SESSION));
    assert_eq!(info.flags, CKF_SERIAL_SESSION | CKF_RW_SESSION);
    assert_eq!(call!(list, C_CloseSession, reading), CKR_OK);
    assert_eq!(call!(list, C_CloseSession, reading), CKR_SESSION_HANDLE_INVALID);
    assert_eq!(call!(list, C_CloseAllSessions, 5), CKR_OK);
    let gone = call!(list, C_GetSessionInfo, writing, &raw mut info);
    assert_eq!(gone, CKR_SESSION_HANDLE_INVALID);
}

#[test]
fn a_stale_session_is_nobodys_after_a_new_start() {
    let bank = Bank::new();
    let (list, stale) = (bank.module.list, bank.open(0));
    assert_eq!(bank.module.finalise(), CKR_OK);
    assert_eq!(call!(list, C_CloseSession, stale), CKR_CRYPTOKI_NOT_INITIALIZED);
    let file = bank.folder.path().join("pkcs11.toml");
    assert_eq!(bank.module.initialise_from(&file), CKR_OK);
    let fresh = bank.open(0);
    assert_ne!(fresh, stale);
    assert_eq!(call!(list, C_CloseSession, stale), CKR_SESSION_HANDLE_INVALID);
    assert_eq!(call!(list, C_CloseSession, fresh), CKR_OK);
}

#[test]
fn nothing_is_under_way_and_no_object_there_at_first() {
    let bank = Bank::new();
    let (list, session) = (bank.module.list, bank.open(CKF_RW_SESSION));
    let (mut number, mut count) = (0, 0);
    let nothing = ptr::null_mut::<u8>();
    let strange: [CK_RV; 5] = [
        call!(list, C_CopyObject, session, 9, ptr::null_mut(), 0, &raw mut number),
        call!(list, C_SetAttributeValue, session, 9, ptr::null_mut(), 0),
        call!(list, C_GetObjectSize, session, 9, &raw mut number),
        call!(list, C_DestroyObject, session, 9),
        call!(list, C_GetAttributeValue, session, 9, ptr::null_mut(), 0),
    ];
    assert_eq!(strange, [CKR_OBJECT_HANDLE_INVALID; 5]);
    let idle: [CK_RV; 5] = [
        call!(list, C_FindObjects, session, &raw mut number, 1, &raw mut count),
        call!(list, C_FindObjectsFinal, session),
        call!(list, C_Sign, session, nothing, 0, nothing, &raw mut count),
        call!(list, C_Verify, session, nothing, 0, nothing, 0),
        call!(list, C_Login, session, CKU_CONTEXT_SPECIFIC, nothing, 0),
    ];
    assert_eq!(idle, [CKR_OPERATION_NOT_INITIALIZED; 5]);
    assert_eq!((number, count), (0, 0));
    let cancelled: [CK_RV; 3] = [
        call!(bank.module.list_3_0, C_SessionCancel, session, CKF_VERIFY | CKF_FIND_OBJECTS),
        call!(list, C_VerifyInit, session, ptr::null_mut(), 9),
        call!(list, C_SignInit, session, ptr::null_mut(), 9),
    ];
    assert_eq!(cancelled, [CKR_OK; 3]);
}

#[test]
fn a_key_is_used_after_login_only() {
    let bank = Bank::new();
    let (list, session) = (bank.module.list, bank.open(0));
    let mut hotp =
        CK_MECHANISM { mechanism: CKM_HOTP, pParameter: ptr::null_mut(), ulParameterLen: 0 };
    let answers: [CK_RV; 2] =
        [call!(list, C_VerifyInit, session, &raw mut hotp, 9), call!(list, C_Logout, session)];
    assert_eq!(answers, [CKR_USER_NOT_LOGGED_IN; 2]);
    let officer = call!(list, C_Login, session, CKU_SO, ptr::null_mut(), 0);
    assert_eq!(officer, CKR_USER_TYPE_INVALID);
}

#[test]
fn an_event_is_looked_for_without_waiting() {
    let bank = Bank::new();
    let (list, mut slot) = (bank.module.list, 0);
    let reserved = ptr::dangling_mut();
    let bad = call!(list, C_WaitForSlotEvent, CKF_DONT_BLOCK, &raw mut slot, reserved);
    assert_eq!(bad, CKR_ARGUMENTS_BAD);
    // The first looks may tell of tokens that have come.
    let look = || {
        let mut slot = 0;
        call!(list, C_WaitForSlotEvent, CKF_DONT_BLOCK, &raw mut slot, ptr::null_mut())
    };
    assert!((0..4).any(|_| look() == CKR_NO_EVENT));
}

#[test]
fn the_log_has_every_call_once_and_no_pin() {
    let bank = Bank::new();
    let (list, session) = (bank.module.list, bank.open(0));
    let mut pin = PIN;
    let refused = call!(list, C_Login, session, CKU_USER, pin.as_mut_ptr(), 9);
    assert_ne!(refused, CKR_OK);
    let _not_there = call!(list, C_GenerateRandom, session, pin.as_mut_ptr(), 9);
    assert_eq!(call!(list, C_CloseSession, session), CKR_OK);
    let log = bank.log();
    let called = ["C_Initialize", "C_OpenSession", "C_Login", "C_GenerateRandom", "C_CloseSession"];
    for name in called {
        let lines = log.lines().filter(|line| line.contains(&format!(" {name} CKR_"))).count();
        assert_eq!(lines, 1, "{name} in {log}");
    }
    assert!(!log.contains("s3cr3t"), "{log}");
}
