//! The lists of functions that a program is given, in the order of the standard's header.
//!
//! Not responsible for the functions that are there, see [`super::entry`].

use cryptoki_sys::{CK_FUNCTION_LIST, CK_FUNCTION_LIST_3_0, CK_RV, CK_VERSION};

use super::{
    call,
    entry::{
        C_CloseAllSessions, C_CloseSession, C_CopyObject, C_CreateObject, C_DestroyObject,
        C_Finalize, C_FindObjects, C_FindObjectsFinal, C_FindObjectsInit, C_GetAttributeValue,
        C_GetFunctionList, C_GetInfo, C_GetInfo_2_40, C_GetInterface, C_GetInterfaceList,
        C_GetMechanismInfo, C_GetMechanismList, C_GetObjectSize, C_GetSessionInfo, C_GetSlotInfo,
        C_GetSlotList, C_GetTokenInfo, C_Initialize, C_Login, C_Logout, C_OpenSession,
        C_SessionCancel, C_SetAttributeValue, C_Sign, C_SignInit, C_UnwrapKey, C_Verify,
        C_VerifyInit, C_WaitForSlotEvent,
    },
    memory::version,
};
use crate::rv::Rv;

pub(super) const VERSION_2_40: CK_VERSION = version(2, 40);
pub(super) const VERSION_3_0: CK_VERSION = version(3, 0);

/// A function that is not there; `docs/pkcs11-functions.md` says why. It has one letter for each of its
/// arguments, which it does not look at.
macro_rules! refused {
    ($name:ident, $value:ident, $($argument:ident)*) => {{
        unsafe extern "C" fn refuse<$($argument),*>($(_: $argument),*) -> CK_RV {
            call::run(stringify!($name), |_| Err(Rv::$value.into()))
        }
        Some(refuse)
    }};
}

/// A list: what both versions have, and what only one has.
macro_rules! list {
    ($kind:ident, $version:expr, $($own:ident: $function:expr,)+) => {
        $kind {
            version: $version,
            $($own: $function,)+
            C_Initialize: Some(C_Initialize),
            C_Finalize: Some(C_Finalize),
            C_GetFunctionList: Some(C_GetFunctionList),
            C_GetSlotList: Some(C_GetSlotList),
            C_GetSlotInfo: Some(C_GetSlotInfo),
            C_GetTokenInfo: Some(C_GetTokenInfo),
            C_GetMechanismList: Some(C_GetMechanismList),
            C_GetMechanismInfo: Some(C_GetMechanismInfo),
            C_InitToken: refused!(C_InitToken, FunctionNotSupported, A B C D),
            C_InitPIN: refused!(C_InitPIN, FunctionNotSupported, A B C),
            C_SetPIN: refused!(C_SetPIN, FunctionNotSupported, A B C D E),
            C_OpenSession: Some(C_OpenSession),
            C_CloseSession: Some(C_CloseSession),
            C_CloseAllSessions: Some(C_CloseAllSessions),
            C_GetSessionInfo: Some(C_GetSessionInfo),
            C_GetOperationState: refused!(C_GetOperationState, FunctionNotSupported, A B C),
            C_SetOperationState: refused!(C_SetOperationState, FunctionNotSupported, A B C D E),
            C_Login: Some(C_Login),
            C_Logout: Some(C_Logout),
            C_CreateObject: Some(C_CreateObject),
            C_CopyObject: Some(C_CopyObject),
            C_DestroyObject: Some(C_DestroyObject),
            C_GetObjectSize: Some(C_GetObjectSize),
            C_GetAttributeValue: Some(C_GetAttributeValue),
            C_SetAttributeValue: Some(C_SetAttributeValue),
            C_FindObjectsInit: Some(C_FindObjectsInit),
            C_FindObjects: Some(C_FindObjects),
            C_FindObjectsFinal: Some(C_FindObjectsFinal),
            C_EncryptInit: refused!(C_EncryptInit, FunctionNotSupported, A B C),
            C_Encrypt: refused!(C_Encrypt, FunctionNotSupported, A B C D E),
            C_EncryptUpdate: refused!(C_EncryptUpdate, FunctionNotSupported, A B C D E),
            C_EncryptFinal: refused!(C_EncryptFinal, FunctionNotSupported, A B C),
            C_DecryptInit: refused!(C_DecryptInit, FunctionNotSupported, A B C),
            C_Decrypt: refused!(C_Decrypt, FunctionNotSupported, A B C D E),
            C_DecryptUpdate: refused!(C_DecryptUpdate, FunctionNotSupported, A B C D E),
            C_DecryptFinal: refused!(C_DecryptFinal, FunctionNotSupported, A B C),
            C_DigestInit: refused!(C_DigestInit, FunctionNotSupported, A B),
            C_Digest: refused!(C_Digest, FunctionNotSupported, A B C D E),
            C_DigestUpdate: refused!(C_DigestUpdate, FunctionNotSupported, A B C),
            C_DigestKey: refused!(C_DigestKey, FunctionNotSupported, A B),
            C_DigestFinal: refused!(C_DigestFinal, FunctionNotSupported, A B C),
            C_SignInit: Some(C_SignInit),
            C_Sign: Some(C_Sign),
            C_SignUpdate: refused!(C_SignUpdate, FunctionNotSupported, A B C),
            C_SignFinal: refused!(C_SignFinal, FunctionNotSupported, A B C),
            C_SignRecoverInit: refused!(C_SignRecoverInit, FunctionNotSupported, A B C),
            C_SignRecover: refused!(C_SignRecover, FunctionNotSupported, A B C D E),
            C_VerifyInit: Some(C_VerifyInit),
            C_Verify: Some(C_Verify),
            C_VerifyUpdate: refused!(C_VerifyUpdate, FunctionNotSupported, A B C),
            C_VerifyFinal: refused!(C_VerifyFinal, FunctionNotSupported, A B C),
            C_VerifyRecoverInit: refused!(C_VerifyRecoverInit, FunctionNotSupported, A B C),
            C_VerifyRecover: refused!(C_VerifyRecover, FunctionNotSupported, A B C D E),
            C_DigestEncryptUpdate: refused!(C_DigestEncryptUpdate, FunctionNotSupported, A B C D E),
            C_DecryptDigestUpdate: refused!(C_DecryptDigestUpdate, FunctionNotSupported, A B C D E),
            C_SignEncryptUpdate: refused!(C_SignEncryptUpdate, FunctionNotSupported, A B C D E),
            C_DecryptVerifyUpdate: refused!(C_DecryptVerifyUpdate, FunctionNotSupported, A B C D E),
            C_GenerateKey: refused!(C_GenerateKey, FunctionNotSupported, A B C D E),
            C_GenerateKeyPair: refused!(C_GenerateKeyPair, FunctionNotSupported, A B C D E F G H),
            C_WrapKey: refused!(C_WrapKey, FunctionNotSupported, A B C D E F),
            C_UnwrapKey: Some(C_UnwrapKey),
            C_DeriveKey: refused!(C_DeriveKey, FunctionNotSupported, A B C D E F),
            C_SeedRandom: refused!(C_SeedRandom, RandomNoRng, A B C),
            C_GenerateRandom: refused!(C_GenerateRandom, RandomNoRng, A B C),
            C_GetFunctionStatus: refused!(C_GetFunctionStatus, FunctionNotParallel, A),
            C_CancelFunction: refused!(C_CancelFunction, FunctionNotParallel, A),
            C_WaitForSlotEvent: Some(C_WaitForSlotEvent),
        }
    };
}

pub(super) static LIST_2_40: CK_FUNCTION_LIST =
    list!(CK_FUNCTION_LIST, VERSION_2_40, C_GetInfo: Some(C_GetInfo_2_40),);

pub(super) static LIST_3_0: CK_FUNCTION_LIST_3_0 = list!(
    CK_FUNCTION_LIST_3_0,
    VERSION_3_0,
    C_GetInfo: Some(C_GetInfo),
    C_GetInterfaceList: Some(C_GetInterfaceList),
    C_GetInterface: Some(C_GetInterface),
    C_LoginUser: refused!(C_LoginUser, FunctionNotSupported, A B C D E F),
    C_SessionCancel: Some(C_SessionCancel),
    C_MessageEncryptInit: refused!(C_MessageEncryptInit, FunctionNotSupported, A B C),
    C_EncryptMessage: refused!(C_EncryptMessage, FunctionNotSupported, A B C D E F G H I),
    C_EncryptMessageBegin: refused!(C_EncryptMessageBegin, FunctionNotSupported, A B C D E),
    C_EncryptMessageNext: refused!(C_EncryptMessageNext, FunctionNotSupported, A B C D E F G H),
    C_MessageEncryptFinal: refused!(C_MessageEncryptFinal, FunctionNotSupported, A),
    C_MessageDecryptInit: refused!(C_MessageDecryptInit, FunctionNotSupported, A B C),
    C_DecryptMessage: refused!(C_DecryptMessage, FunctionNotSupported, A B C D E F G H I),
    C_DecryptMessageBegin: refused!(C_DecryptMessageBegin, FunctionNotSupported, A B C D E),
    C_DecryptMessageNext: refused!(C_DecryptMessageNext, FunctionNotSupported, A B C D E F G H),
    C_MessageDecryptFinal: refused!(C_MessageDecryptFinal, FunctionNotSupported, A),
    C_MessageSignInit: refused!(C_MessageSignInit, FunctionNotSupported, A B C),
    C_SignMessage: refused!(C_SignMessage, FunctionNotSupported, A B C D E F G),
    C_SignMessageBegin: refused!(C_SignMessageBegin, FunctionNotSupported, A B C),
    C_SignMessageNext: refused!(C_SignMessageNext, FunctionNotSupported, A B C D E F G),
    C_MessageSignFinal: refused!(C_MessageSignFinal, FunctionNotSupported, A),
    C_MessageVerifyInit: refused!(C_MessageVerifyInit, FunctionNotSupported, A B C),
    C_VerifyMessage: refused!(C_VerifyMessage, FunctionNotSupported, A B C D E F G),
    C_VerifyMessageBegin: refused!(C_VerifyMessageBegin, FunctionNotSupported, A B C),
    C_VerifyMessageNext: refused!(C_VerifyMessageNext, FunctionNotSupported, A B C D E F G),
    C_MessageVerifyFinal: refused!(C_MessageVerifyFinal, FunctionNotSupported, A),
);
