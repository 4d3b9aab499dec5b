//! The module's life, and how a program gets at its functions.
//!
//! Not responsible for a child after fork, which the end-to-end tests have.

use std::ptr;

use cryptoki_sys::{
    CK_C_INITIALIZE_ARGS, CK_INFO, CK_RV, CK_VOID_PTR, CKF_INTERFACE_FORK_SAFE,
    CKF_LIBRARY_CANT_CREATE_OS_THREADS, CKF_OS_LOCKING_OK, CKR_ARGUMENTS_BAD, CKR_BUFFER_TOO_SMALL,
    CKR_CANT_LOCK, CKR_CRYPTOKI_NOT_INITIALIZED, CKR_OK, CKR_SESSION_HANDLE_INVALID,
    CKR_SLOT_ID_INVALID,
};

use crate::host::{Module, answers_without_a_place, call, interface, interfaces, version_and_name};

extern "C" fn mutex(_mutex: CK_VOID_PTR) -> CK_RV {
    CKR_OK
}

#[test]
fn the_module_can_be_finalised_and_initialised_again() {
    let module = Module::initialised();
    assert_eq!(call!(module.list, C_CloseSession, 1), CKR_SESSION_HANDLE_INVALID);
    assert_eq!(call!(module.list, C_Finalize, ptr::dangling_mut()), CKR_ARGUMENTS_BAD);
    assert_eq!(module.finalise(), CKR_OK);
    assert_eq!(module.finalise(), CKR_CRYPTOKI_NOT_INITIALIZED);
    assert_eq!(call!(module.list, C_CloseSession, 1), CKR_CRYPTOKI_NOT_INITIALIZED);
    assert_eq!(module.initialise(), CKR_OK);
    assert_eq!(call!(module.list, C_CloseSession, 1), CKR_SESSION_HANDLE_INVALID);
}

#[test]
fn the_module_accepts_the_systems_locks_only() {
    let module = Module::idle();
    for flags in [0, CKF_OS_LOCKING_OK, CKF_LIBRARY_CANT_CREATE_OS_THREADS] {
        let mut given = CK_C_INITIALIZE_ARGS { flags, ..CK_C_INITIALIZE_ARGS::default() };
        assert_eq!(module.initialise_with(&mut given), CKR_OK, "{flags}");
        assert_eq!(module.finalise(), CKR_OK);
        given.LockMutex = Some(mutex);
        assert_eq!(module.initialise_with(&mut given), CKR_ARGUMENTS_BAD, "{flags}");
    }
    let mut own = CK_C_INITIALIZE_ARGS {
        LockMutex: Some(mutex),
        UnlockMutex: Some(mutex),
        DestroyMutex: Some(mutex),
        ..CK_C_INITIALIZE_ARGS::default()
    };
    assert_eq!(module.initialise_with(&mut own), CKR_ARGUMENTS_BAD);
    own.CreateMutex = Some(create);
    assert_eq!(module.initialise_with(&mut own), CKR_CANT_LOCK);
    own.flags = CKF_OS_LOCKING_OK;
    assert_eq!(module.initialise_with(&mut own), CKR_OK);
}

extern "C" fn create(_mutex: *mut CK_VOID_PTR) -> CK_RV {
    CKR_OK
}

#[test]
fn a_reserved_pointer_that_is_none_is_not_followed() {
    let module = Module::idle();
    let mut given = CK_C_INITIALIZE_ARGS {
        pReserved: ptr::without_provenance_mut(1),
        ..CK_C_INITIALIZE_ARGS::default()
    };
    assert_eq!(module.initialise_with(&mut given), CKR_ARGUMENTS_BAD);
    let mut text = *b"\xFF\xFE\0";
    given.pReserved = text.as_mut_ptr().cast();
    assert_eq!(module.initialise_with(&mut given), CKR_ARGUMENTS_BAD);
}

#[test]
fn the_module_says_what_it_is_in_the_version_of_its_list() {
    let module = Module::initialised();
    let (mut old, mut new) = (CK_INFO::default(), CK_INFO::default());
    assert_eq!(call!(module.list, C_GetInfo, &raw mut old), CKR_OK);
    assert_eq!(call!(module.list_3_0, C_GetInfo, &raw mut new), CKR_OK);
    assert_eq!((old.cryptokiVersion.major, old.cryptokiVersion.minor), (2, 40));
    assert_eq!((new.cryptokiVersion.major, new.cryptokiVersion.minor), (3, 0));
    assert_eq!((module.list.version.major, module.list.version.minor), (2, 40));
    assert_eq!((module.list_3_0.version.major, module.list_3_0.version.minor), (3, 0));
    assert_eq!(&new.manufacturerID, b"Warifu                          ");
    assert_eq!(&new.libraryDescription, b"Warifu OTP provider             ");
    let version = format!("{}.{}", new.libraryVersion.major, new.libraryVersion.minor);
    assert!(env!("CARGO_PKG_VERSION").starts_with(&version));
    assert_eq!(new.flags, 0);
}

#[test]
fn without_configuration_there_is_no_slot() {
    let module = Module::initialised();
    let mut count = 7;
    assert_eq!(call!(module.list, C_GetSlotList, 0, ptr::null_mut(), &raw mut count), CKR_OK);
    assert_eq!(count, 0);
    let (mut slot, mut room) = (9, 1);
    assert_eq!(call!(module.list, C_GetSlotList, 1, &raw mut slot, &raw mut room), CKR_OK);
    assert_eq!((slot, room), (9, 0));
    assert_eq!(call!(module.list, C_CloseAllSessions, 0), CKR_SLOT_ID_INVALID);
}

#[test]
fn interfaces_are_listed_by_the_convention_of_buffers() {
    let (code, _, count) = interfaces(None);
    assert_eq!((code, count), (CKR_OK, 2));
    let (code, _, count) = interfaces(Some(1));
    assert_eq!((code, count), (CKR_BUFFER_TOO_SMALL, 2));
    let (code, row, count) = interfaces(Some(3));
    assert_eq!((code, count), (CKR_OK, 2));
    let named: Vec<_> = row.iter().take(2).map(version_and_name).collect();
    assert_eq!(named, [((3, 0), "PKCS 11".to_owned()), ((2, 40), "PKCS 11".to_owned())]);
    assert_eq!(answers_without_a_place(), [CKR_ARGUMENTS_BAD; 3]);
}

#[test]
fn an_interface_is_found_by_what_is_asked_for() {
    let found = |name, version| interface(name, version, 0).map(|found| version_and_name(&found).0);
    let name = Some(&b"PKCS 11\0"[..]);
    assert_eq!(found(None, None), Ok((3, 0)));
    assert_eq!(found(name, None), Ok((3, 0)));
    assert_eq!(found(name, Some((3, 0))), Ok((3, 0)));
    assert_eq!(found(name, Some((2, 40))), Ok((2, 40)));
    assert_eq!(found(None, Some((2, 40))), Ok((2, 40)));
    for name in [&b"\0"[..], b"PKCS 1\0", b"PKCS 11 \0", b"PKCS 11 and more\0", b"pkcs 11\0"] {
        assert_eq!(found(Some(name), None), Err(CKR_ARGUMENTS_BAD));
    }
    for version in [(0, 0), (2, 20), (3, 1), (40, 2)] {
        assert_eq!(found(name, Some(version)), Err(CKR_ARGUMENTS_BAD));
    }
    let fork_safe = interface(name, None, CKF_INTERFACE_FORK_SAFE);
    assert_eq!(fork_safe.map(|_| ()), Err(CKR_ARGUMENTS_BAD));
}
