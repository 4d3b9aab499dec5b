//! The table of functions, its page, and the functions themselves say the same.
//!
//! Not responsible for what a function does where there is something to do.

use std::{collections::BTreeMap, fs, path::Path};

use cryptoki_sys::{
    CK_RV, CKR_ARGUMENTS_BAD, CKR_CRYPTOKI_ALREADY_INITIALIZED, CKR_CRYPTOKI_NOT_INITIALIZED,
    CKR_FUNCTION_NOT_SUPPORTED, CKR_OK,
};
use warifu_pkcs11::{FUNCTIONS, Function, Rv, Support};

use crate::host::{Module, Nothing, call};

/// One letter for each argument.
macro_rules! say_nothing {
    ($list:expr, $before:expr; $($name:ident($($argument:ident)*))+) => {
        vec![$((stringify!($name), {
            $before;
            $(let $argument = Nothing::nothing();)*
            call!($list, $name $(, $argument)*)
        })),+]
    };
}

/// What each function answers to arguments that say nothing, in the order of the list.
fn answers(module: &Module, before: impl Fn() -> CK_RV) -> Vec<(&'static str, CK_RV)> {
    let mut answers = say_nothing![module.list, before();
        C_Initialize(a) C_Finalize(a) C_GetInfo(a) C_GetFunctionList(a) C_GetSlotList(a b c)
        C_GetSlotInfo(a b) C_GetTokenInfo(a b) C_GetMechanismList(a b c) C_GetMechanismInfo(a b c)
        C_InitToken(a b c d) C_InitPIN(a b c) C_SetPIN(a b c d e) C_OpenSession(a b c d e)
        C_CloseSession(a) C_CloseAllSessions(a) C_GetSessionInfo(a b) C_GetOperationState(a b c)
        C_SetOperationState(a b c d e) C_Login(a b c d) C_Logout(a) C_CreateObject(a b c d)
        C_CopyObject(a b c d e) C_DestroyObject(a b) C_GetObjectSize(a b c)
        C_GetAttributeValue(a b c d) C_SetAttributeValue(a b c d) C_FindObjectsInit(a b c)
        C_FindObjects(a b c d) C_FindObjectsFinal(a) C_EncryptInit(a b c) C_Encrypt(a b c d e)
        C_EncryptUpdate(a b c d e) C_EncryptFinal(a b c) C_DecryptInit(a b c) C_Decrypt(a b c d e)
        C_DecryptUpdate(a b c d e) C_DecryptFinal(a b c) C_DigestInit(a b) C_Digest(a b c d e)
        C_DigestUpdate(a b c) C_DigestKey(a b) C_DigestFinal(a b c) C_SignInit(a b c)
        C_Sign(a b c d e) C_SignUpdate(a b c) C_SignFinal(a b c) C_SignRecoverInit(a b c)
        C_SignRecover(a b c d e) C_VerifyInit(a b c) C_Verify(a b c d e) C_VerifyUpdate(a b c)
        C_VerifyFinal(a b c) C_VerifyRecoverInit(a b c) C_VerifyRecover(a b c d e)
        C_DigestEncryptUpdate(a b c d e) C_DecryptDigestUpdate(a b c d e)
        C_SignEncryptUpdate(a b c d e) C_DecryptVerifyUpdate(a b c d e) C_GenerateKey(a b c d e)
        C_GenerateKeyPair(a b c d e f g h) C_WrapKey(a b c d e f) C_UnwrapKey(a b c d e f g h)
        C_DeriveKey(a b c d e f) C_SeedRandom(a b c) C_GenerateRandom(a b c) C_GetFunctionStatus(a)
        C_CancelFunction(a) C_WaitForSlotEvent(a b c)
    ];
    answers.extend(say_nothing![module.list_3_0, before();
        C_GetInterfaceList(a b) C_GetInterface(a b c d) C_LoginUser(a b c d e f)
        C_SessionCancel(a b) C_MessageEncryptInit(a b c) C_EncryptMessage(a b c d e f g h i)
        C_EncryptMessageBegin(a b c d e) C_EncryptMessageNext(a b c d e f g h)
        C_MessageEncryptFinal(a) C_MessageDecryptInit(a b c) C_DecryptMessage(a b c d e f g h i)
        C_DecryptMessageBegin(a b c d e) C_DecryptMessageNext(a b c d e f g h)
        C_MessageDecryptFinal(a) C_MessageSignInit(a b c) C_SignMessage(a b c d e f g)
        C_SignMessageBegin(a b c) C_SignMessageNext(a b c d e f g) C_MessageSignFinal(a)
        C_MessageVerifyInit(a b c) C_VerifyMessage(a b c d e f g) C_VerifyMessageBegin(a b c)
        C_VerifyMessageNext(a b c d e f g) C_MessageVerifyFinal(a)
    ]);
    answers
}

/// What the table says that a function answers to arguments that say nothing, if it says so.
fn refusal(function: &Function) -> Option<CK_RV> {
    if function.support != Support::No {
        return None;
    }
    let named = |rv: &&Rv| function.note.contains(&format!("`{}`", rv.name()));
    Some(Rv::ALL.iter().find(named).map_or(CKR_FUNCTION_NOT_SUPPORTED, |rv| rv.code()))
}

#[test]
fn each_function_does_what_the_table_says() {
    let module = Module::initialised();
    let answers = answers(&module, || module.initialise());
    let names: Vec<_> = answers.iter().map(|(name, _)| *name).collect();
    let table: Vec<_> = FUNCTIONS.iter().map(|function| function.name).collect();
    assert_eq!(names, table, "the table has another order than the list");
    for (function, (name, answer)) in FUNCTIONS.iter().zip(answers) {
        match refusal(function) {
            Some(refusal) => assert_eq!(answer, refusal, "{name}"),
            None => assert_ne!(answer, CKR_FUNCTION_NOT_SUPPORTED, "{name}"),
        }
    }
}

#[test]
fn functions_wait_for_the_module_to_be_initialised() {
    let module = Module::idle();
    for (name, answer) in answers(&module, || module.finalise()) {
        let expected = match name {
            "C_Initialize" => CKR_OK,
            "C_GetFunctionList" | "C_GetInterfaceList" | "C_GetInterface" => CKR_ARGUMENTS_BAD,
            _ => CKR_CRYPTOKI_NOT_INITIALIZED,
        };
        assert_eq!(answer, expected, "{name}");
    }
}

#[test]
fn the_module_is_initialised_once() {
    let module = Module::initialised();
    assert_eq!(module.initialise(), CKR_CRYPTOKI_ALREADY_INITIALIZED);
}

#[test]
fn the_page_has_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pkcs11-functions.md");
    let page = fs::read_to_string(path).expect("the page");
    let rows = page.lines().filter(|line| line.starts_with("| `C_"));
    let cells = rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    let mut written = BTreeMap::new();
    for row in cells {
        let [name, support, note] = row.as_slice() else { panic!("{row:?} has not three cells") };
        let name = name.trim_matches('`').to_owned();
        let before = written.insert(name, ((*support).to_owned(), (*note).to_owned()));
        assert_eq!(before, None, "a function is there twice");
    }
    let word = |support| match support {
        Support::Yes => "yes",
        Support::Limited => "limited",
        Support::No => "no",
    };
    let table: BTreeMap<_, _> = FUNCTIONS
        .iter()
        .map(|function| {
            let words = (word(function.support).to_owned(), function.note.to_owned());
            (function.name.to_owned(), words)
        })
        .collect();
    assert_eq!(written, table);
}
