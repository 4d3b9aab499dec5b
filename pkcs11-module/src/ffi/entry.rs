//! The functions that C calls: which one carries out which. Those of them that are not there have no
//! entry; [`super::list`] refuses them.
//!
//! Not responsible for carrying anything out.
#![expect(non_snake_case, reason = "the standard's names")]

use cryptoki_sys::{
    CK_ATTRIBUTE_PTR, CK_BBOOL, CK_BYTE_PTR, CK_FLAGS, CK_FUNCTION_LIST_PTR_PTR, CK_INFO_PTR,
    CK_INTERFACE_PTR, CK_INTERFACE_PTR_PTR, CK_MECHANISM_INFO_PTR, CK_MECHANISM_PTR,
    CK_MECHANISM_TYPE, CK_MECHANISM_TYPE_PTR, CK_NOTIFY, CK_OBJECT_HANDLE, CK_OBJECT_HANDLE_PTR,
    CK_RV, CK_SESSION_HANDLE, CK_SESSION_HANDLE_PTR, CK_SESSION_INFO_PTR, CK_SLOT_ID,
    CK_SLOT_ID_PTR, CK_SLOT_INFO_PTR, CK_TOKEN_INFO_PTR, CK_ULONG, CK_ULONG_PTR, CK_USER_TYPE,
    CK_UTF8CHAR_PTR, CK_VERSION_PTR, CK_VOID_PTR,
};

use super::{
    call, general, interface, key,
    list::{VERSION_2_40, VERSION_3_0},
    object, session, slot,
};

/// Declares functions that C calls. Their pointers are as the standard says, by the word of the host
/// that calls; that is what all `unsafe` behind them rests on.
macro_rules! entries {
    ($(
        fn $name:ident($($argument:ident: $kind:ty),*) =>
            |$provider:ident| $($unsafe:ident)? { $function:expr }
    )+) => {$(
        pub(super) unsafe extern "C" fn $name($($argument: $kind),*) -> CK_RV {
            // SAFETY: the host keeps to the standard.
            call::run(stringify!($name), |$provider| $($unsafe)? { $function })
        }
    )+};
}

entries! {
    fn C_Finalize(reserved: CK_VOID_PTR) => |provider| { general::finalise(provider, reserved) }
    fn C_GetInfo(info: CK_INFO_PTR) => |_provider| unsafe { general::info(VERSION_3_0, info) }
    fn C_GetInfo_2_40(info: CK_INFO_PTR) => |_provider| unsafe { general::info(VERSION_2_40, info) }

    fn C_GetSlotList(with_token: CK_BBOOL, slots: CK_SLOT_ID_PTR, count: CK_ULONG_PTR) =>
        |provider| unsafe { slot::list(provider, with_token, slots, count) }
    fn C_GetSlotInfo(slot: CK_SLOT_ID, info: CK_SLOT_INFO_PTR) =>
        |provider| unsafe { slot::info(provider, slot, info) }
    fn C_GetTokenInfo(slot: CK_SLOT_ID, info: CK_TOKEN_INFO_PTR) =>
        |provider| unsafe { slot::token_info(provider, slot, info) }
    fn C_GetMechanismList(slot: CK_SLOT_ID, kinds: CK_MECHANISM_TYPE_PTR, count: CK_ULONG_PTR) =>
        |provider| unsafe { slot::mechanisms(provider, slot, kinds, count) }
    fn C_GetMechanismInfo(
        slot: CK_SLOT_ID, kind: CK_MECHANISM_TYPE, info: CK_MECHANISM_INFO_PTR
    ) => |provider| unsafe { slot::mechanism_info(provider, slot, kind, info) }
    fn C_WaitForSlotEvent(flags: CK_FLAGS, slot: CK_SLOT_ID_PTR, reserved: CK_VOID_PTR) =>
        |provider| unsafe { slot::wait_for_event(provider, flags, slot, reserved) }

    fn C_OpenSession(
        slot: CK_SLOT_ID, flags: CK_FLAGS, application: CK_VOID_PTR, notify: CK_NOTIFY,
        session: CK_SESSION_HANDLE_PTR
    ) => |provider| unsafe { session::open(provider, slot, flags, application, notify, session) }
    fn C_CloseSession(session: CK_SESSION_HANDLE) =>
        |provider| { session::close(provider, session) }
    fn C_CloseAllSessions(slot: CK_SLOT_ID) => |provider| { session::close_all(provider, slot) }
    fn C_GetSessionInfo(session: CK_SESSION_HANDLE, info: CK_SESSION_INFO_PTR) =>
        |provider| unsafe { session::info(provider, session, info) }
    fn C_SessionCancel(session: CK_SESSION_HANDLE, what: CK_FLAGS) =>
        |provider| { session::cancel(provider, session, what) }
    fn C_Login(
        session: CK_SESSION_HANDLE, user: CK_USER_TYPE, pin: CK_UTF8CHAR_PTR, length: CK_ULONG
    ) => |provider| unsafe { session::log_in(provider, session, user, pin, length) }
    fn C_Logout(session: CK_SESSION_HANDLE) => |provider| { session::log_out(provider, session) }

    fn C_CreateObject(
        session: CK_SESSION_HANDLE, template: CK_ATTRIBUTE_PTR, count: CK_ULONG,
        object: CK_OBJECT_HANDLE_PTR
    ) => |provider| unsafe { object::create(provider, session, template, count, object) }
    fn C_CopyObject(
        session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, template: CK_ATTRIBUTE_PTR,
        count: CK_ULONG, copied: CK_OBJECT_HANDLE_PTR
    ) => |provider| unsafe { object::copy(provider, session, object, template, count, copied) }
    fn C_DestroyObject(session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE) =>
        |provider| { object::destroy(provider, session, object) }
    fn C_GetObjectSize(session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, size: CK_ULONG_PTR) =>
        |provider| unsafe { object::size(provider, session, object, size) }
    fn C_GetAttributeValue(
        session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, asked: CK_ATTRIBUTE_PTR,
        count: CK_ULONG
    ) => |provider| unsafe { object::attributes(provider, session, object, asked, count) }
    fn C_SetAttributeValue(
        session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, template: CK_ATTRIBUTE_PTR,
        count: CK_ULONG
    ) => |provider| unsafe { object::change(provider, session, object, template, count) }
    fn C_FindObjectsInit(
        session: CK_SESSION_HANDLE, wanted: CK_ATTRIBUTE_PTR, count: CK_ULONG
    ) => |provider| unsafe { object::find_init(provider, session, wanted, count) }
    fn C_FindObjects(
        session: CK_SESSION_HANDLE, objects: CK_OBJECT_HANDLE_PTR, most: CK_ULONG,
        count: CK_ULONG_PTR
    ) => |provider| unsafe { object::find(provider, session, objects, most, count) }
    fn C_FindObjectsFinal(session: CK_SESSION_HANDLE) =>
        |provider| { object::find_final(provider, session) }

    fn C_SignInit(session: CK_SESSION_HANDLE, mechanism: CK_MECHANISM_PTR, key: CK_OBJECT_HANDLE) =>
        |provider| unsafe { key::sign_init(provider, session, mechanism, key) }
    fn C_Sign(
        session: CK_SESSION_HANDLE, _data: CK_BYTE_PTR, _data_length: CK_ULONG, _code: CK_BYTE_PTR,
        _code_length: CK_ULONG_PTR
    ) => |provider| { key::sign(provider, session) }
    fn C_VerifyInit(
        session: CK_SESSION_HANDLE, mechanism: CK_MECHANISM_PTR, key: CK_OBJECT_HANDLE
    ) => |provider| unsafe { key::verify_init(provider, session, mechanism, key) }
    fn C_Verify(
        session: CK_SESSION_HANDLE, data: CK_BYTE_PTR, data_length: CK_ULONG, code: CK_BYTE_PTR,
        code_length: CK_ULONG
    ) => |provider| unsafe {
        key::verify(provider, session, (data, data_length), (code, code_length))
    }
    fn C_UnwrapKey(
        session: CK_SESSION_HANDLE, mechanism: CK_MECHANISM_PTR, with: CK_OBJECT_HANDLE,
        wrapped: CK_BYTE_PTR, length: CK_ULONG, template: CK_ATTRIBUTE_PTR, count: CK_ULONG,
        key: CK_OBJECT_HANDLE_PTR
    ) => |provider| unsafe {
        key::unwrap(provider, session, mechanism, with, (wrapped, length), (template, count), key)
    }
}

pub(super) unsafe extern "C" fn C_Initialize(arguments: CK_VOID_PTR) -> CK_RV {
    // SAFETY: the host keeps to the standard.
    call::run_always(|| unsafe { general::initialise(arguments) })
}

/// Declares functions that may be called at any time, and that a program looks up by their names in
/// each module that it loads.
macro_rules! exports {
    ($(fn $name:ident($($argument:ident: $kind:ty),*) => { $function:expr })+) => {$(
        // SAFETY: the standard's name; no other function of the library has it.
        #[unsafe(no_mangle)]
        pub(super) unsafe extern "C" fn $name($($argument: $kind),*) -> CK_RV {
            // SAFETY: the host keeps to the standard.
            call::run_always(|| unsafe { $function })
        }
    )+};
}

exports! {
    fn C_GetFunctionList(list: CK_FUNCTION_LIST_PTR_PTR) => { interface::function_list(list) }
    fn C_GetInterfaceList(interfaces: CK_INTERFACE_PTR, count: CK_ULONG_PTR) =>
        { interface::list(interfaces, count) }
    fn C_GetInterface(
        name: CK_UTF8CHAR_PTR, version: CK_VERSION_PTR, interface: CK_INTERFACE_PTR_PTR,
        flags: CK_FLAGS
    ) => { interface::find(name, version, interface, flags) }
}
