//! Careless hosts: pointers that are missing, numbers that were never handles, lengths that can not be.
//!
//! Not responsible for memory that is not there, which no module can find out.

use std::ptr;

use cryptoki_sys::{
    CK_ATTRIBUTE, CK_MECHANISM, CK_RV, CK_ULONG, CKA_LABEL, CKF_RW_SESSION, CKF_SERIAL_SESSION,
    CKF_SIGN, CKM_HOTP, CKR_ARGUMENTS_BAD, CKR_ATTRIBUTE_VALUE_INVALID,
    CKR_MECHANISM_PARAM_INVALID, CKR_PIN_LEN_RANGE, CKR_SESSION_HANDLE_INVALID,
    CKR_SESSION_PARALLEL_NOT_SUPPORTED, CKR_SLOT_ID_INVALID, CKR_USER_TYPE_INVALID, CKU_SO,
    CKU_USER,
};

use crate::host::{Module, call};

/// Numbers that no host was ever given.
const STRANGE: [CK_ULONG; 4] = [0, 1, CK_ULONG::MAX / 2, CK_ULONG::MAX];

#[test]
fn a_place_for_the_answer_must_be_there() {
    let module = Module::initialised();
    let (list, nowhere) = (module.list, ptr::null_mut());
    let answers: [CK_RV; 13] = [
        call!(list, C_GetInfo, ptr::null_mut()),
        call!(list, C_GetSlotList, 0, nowhere, ptr::null_mut()),
        call!(list, C_GetSlotInfo, 0, ptr::null_mut()),
        call!(list, C_GetTokenInfo, 0, ptr::null_mut()),
        call!(list, C_GetMechanismList, 0, nowhere, ptr::null_mut()),
        call!(list, C_GetMechanismInfo, 0, 0, ptr::null_mut()),
        call!(list, C_WaitForSlotEvent, 0, ptr::null_mut(), ptr::null_mut()),
        call!(list, C_OpenSession, 0, CKF_SERIAL_SESSION, ptr::null_mut(), None, nowhere),
        call!(list, C_GetSessionInfo, 0, ptr::null_mut()),
        call!(list, C_CreateObject, 0, ptr::null_mut(), 0, nowhere),
        call!(list, C_CopyObject, 0, 0, ptr::null_mut(), 0, nowhere),
        call!(list, C_GetObjectSize, 0, 0, ptr::null_mut()),
        call!(list, C_FindObjects, 0, nowhere, 0, ptr::null_mut()),
    ];
    assert_eq!(answers, [CKR_ARGUMENTS_BAD; 13]);
}

#[test]
fn strange_slots_are_refused() {
    let module = Module::initialised();
    let flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
    for slot in STRANGE {
        let (mut session, mut count) = (0, 0);
        let answers = [
            call!(module.list, C_CloseAllSessions, slot),
            call!(module.list, C_GetMechanismList, slot, ptr::null_mut(), &raw mut count),
            call!(module.list, C_OpenSession, slot, flags, ptr::null_mut(), None, &raw mut session),
        ];
        assert_eq!(answers, [CKR_SLOT_ID_INVALID; 3], "{slot}");
        assert_eq!(session, 0);
    }
}

#[test]
fn a_session_is_serial() {
    let module = Module::initialised();
    let mut session = 0;
    let place = &raw mut session;
    let answer = call!(module.list, C_OpenSession, 0, CKF_RW_SESSION, ptr::null_mut(), None, place);
    assert_eq!(answer, CKR_SESSION_PARALLEL_NOT_SUPPORTED);
}

#[test]
fn strange_sessions_are_refused() {
    let module = Module::initialised();
    let list = module.list;
    for session in STRANGE {
        let (mut handle, mut count, mut code) = (0, 0, *b"123456");
        let (at, length) = (code.as_mut_ptr(), code.len() as CK_ULONG);
        let mut mechanism =
            CK_MECHANISM { mechanism: CKM_HOTP, pParameter: ptr::null_mut(), ulParameterLen: 0 };
        let with = &raw mut mechanism;
        let answers: [CK_RV; 15] = [
            call!(list, C_CloseSession, session),
            call!(list, C_Login, session, CKU_USER, at, length),
            call!(list, C_Logout, session),
            call!(list, C_CreateObject, session, ptr::null_mut(), 0, &raw mut handle),
            call!(list, C_DestroyObject, session, 1),
            call!(list, C_GetObjectSize, session, 1, &raw mut count),
            call!(list, C_GetAttributeValue, session, 1, ptr::null_mut(), 0),
            call!(list, C_SetAttributeValue, session, 1, ptr::null_mut(), 0),
            call!(list, C_FindObjectsInit, session, ptr::null_mut(), 0),
            call!(list, C_FindObjects, session, &raw mut handle, 1, &raw mut count),
            call!(list, C_FindObjectsFinal, session),
            call!(list, C_SignInit, session, with, 1),
            call!(list, C_Sign, session, ptr::null_mut(), 0, ptr::null_mut(), ptr::null_mut()),
            call!(list, C_VerifyInit, session, with, 1),
            call!(list, C_Verify, session, ptr::null_mut(), 0, at, length),
        ];
        assert_eq!(answers, [CKR_SESSION_HANDLE_INVALID; 15], "{session}");
        assert_eq!(call!(module.list_3_0, C_SessionCancel, session, CKF_SIGN), answers[0]);
        assert_eq!((handle, count), (0, 0));
    }
}

#[test]
fn hostile_lengths_are_refused_and_not_followed() {
    let module = Module::initialised();
    let (list, mut byte, mut handle) = (module.list, 0_u8, 0);
    for length in [1 << 21, CK_ULONG::MAX / 24, CK_ULONG::MAX] {
        let mut attribute =
            CK_ATTRIBUTE { type_: CKA_LABEL, pValue: (&raw mut byte).cast(), ulValueLen: length };
        let template = &raw mut attribute;
        let mut mechanism = CK_MECHANISM {
            mechanism: CKM_HOTP,
            pParameter: (&raw mut byte).cast(),
            ulParameterLen: length,
        };
        let found = call!(list, C_FindObjectsInit, 1, template, length);
        assert_eq!(found, CKR_ARGUMENTS_BAD);
        let created = call!(list, C_CreateObject, 1, template, 1, &raw mut handle);
        assert_eq!(created, CKR_ATTRIBUTE_VALUE_INVALID);
        let read = call!(list, C_GetAttributeValue, 1, 1, template, length);
        assert_eq!(read, CKR_ARGUMENTS_BAD);
        let begun = call!(list, C_VerifyInit, 1, &raw mut mechanism, 1);
        assert_eq!(begun, CKR_MECHANISM_PARAM_INVALID);
        let entered = call!(list, C_Login, 1, CKU_USER, &raw mut byte, length);
        assert_eq!(entered, CKR_PIN_LEN_RANGE);
        let verified = call!(list, C_Verify, 1, &raw mut byte, length, &raw mut byte, length);
        assert_eq!(verified, CKR_SESSION_HANDLE_INVALID);
    }
}

#[test]
fn lengths_need_their_values() {
    let module = Module::initialised();
    let (list, mut handle) = (module.list, 0);
    let mut attribute = CK_ATTRIBUTE { type_: CKA_LABEL, pValue: ptr::null_mut(), ulValueLen: 1 };
    let answers: [CK_RV; 6] = [
        call!(list, C_FindObjectsInit, 1, &raw mut attribute, 1),
        call!(list, C_FindObjectsInit, 1, ptr::null_mut(), 1),
        call!(list, C_CreateObject, 1, ptr::null_mut(), 1, &raw mut handle),
        call!(list, C_GetAttributeValue, 1, 1, ptr::null_mut(), 1),
        call!(list, C_FindObjects, 1, ptr::null_mut(), 1, &raw mut handle),
        call!(list, C_Login, 1, CKU_USER, ptr::null_mut(), 4),
    ];
    assert_eq!(answers, [CKR_ARGUMENTS_BAD; 6]);
}

#[test]
fn strange_users_are_refused() {
    let module = Module::initialised();
    let answer = |user| call!(module.list, C_Login, 1, user, ptr::null_mut(), 0);
    assert_eq!(answer(3), CKR_USER_TYPE_INVALID);
    assert_eq!(answer(CK_ULONG::MAX), CKR_USER_TYPE_INVALID);
    assert_eq!(answer(CKU_SO), CKR_SESSION_HANDLE_INVALID);
}
