//! The C functions: which do all that the standard says, which part of it, which nothing, and why.
//! `docs/pkcs11-functions.md` is held against this table by a test.
//!
//! Not responsible for carrying them out.

/// How much of a function is there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Support {
    /// All that the standard says.
    Yes,
    /// Part of it.
    Limited,
    /// Nothing: it answers with an error.
    No,
}

/// A function of the interface.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// How much of it is there.
    pub support: Support,
    /// Why not all of it, or what is special. Names the answer in backquotes, where a function that
    /// is not there gives another one than `CKR_FUNCTION_NOT_SUPPORTED`.
    pub note: &'static str,
}

const fn yes(name: &'static str, note: &'static str) -> Function {
    Function { name, support: Support::Yes, note }
}

const fn limited(name: &'static str, note: &'static str) -> Function {
    Function { name, support: Support::Limited, note }
}

const fn no(name: &'static str, note: &'static str) -> Function {
    Function { name, support: Support::No, note }
}

const ENCRYPTS_NOTHING: &str = "the keys judge one-time passwords; they encrypt nothing";
const DECRYPTS_NOTHING: &str = "the keys judge one-time passwords; they decrypt nothing";
const DIGESTS_ARE_ELSEWHERE: &str =
    "a digest needs no key and no daemon; libraries for it are everywhere";
const ONE_BY_ONE: &str =
    "codes are no messages under one key in a row; each has its own verification";
const MAKES_NO_CODES: &str = "no key makes codes";
const NEITHER: &str = "neither of the two operations is there";
const NOTHING_TO_RECOVER: &str = "nothing can be recovered from a code";
const NOT_MADE_HERE: &str = "a code is made in one piece, and not here";
const IN_ONE_PIECE: &str = "a code is verified in one piece";
const PIN_IS_OF_THE_KEY_FILE: &str = "the PIN opens the key file, which is the administrator's";
const NO_RANDOM: &str = "`CKR_RANDOM_NO_RNG`: the system's random numbers need no module";
const NOT_PARALLEL: &str = "`CKR_FUNCTION_NOT_PARALLEL`, as the standard wants it";

/// All of them, in the order of `CK_FUNCTION_LIST_3_0`.
pub const FUNCTIONS: &[Function] = &[
    yes(
        "C_Initialize",
        "`pReserved` may point to a text, see `pkcs11.md`; mutexes of the host are not \
         used, so it has to allow those of the system",
    ),
    yes(
        "C_Finalize",
        "a call that waits in `C_WaitForSlotEvent` ends; requests under way keep their \
         verdicts at the daemon",
    ),
    yes("C_GetInfo", "`cryptokiVersion` is that of the list it was called through: 2.40 or 3.0"),
    yes("C_GetFunctionList", "gives the list of 2.40, also before `C_Initialize`"),
    yes(
        "C_GetSlotList",
        "a slot for each group of daemons in the configuration; none without configuration",
    ),
    yes("C_GetSlotInfo", "the token is present while a daemon of the slot is in reach"),
    yes(
        "C_GetTokenInfo",
        "memory and greatest numbers of sessions are `CK_UNAVAILABLE_INFORMATION`: they are \
         the daemon's and all slots' together",
    ),
    yes("C_GetMechanismList", ""),
    yes("C_GetMechanismInfo", ""),
    no(
        "C_InitToken",
        "a token is a certificate at a daemon; neither is made by a program that uses it",
    ),
    no("C_InitPIN", PIN_IS_OF_THE_KEY_FILE),
    no("C_SetPIN", PIN_IS_OF_THE_KEY_FILE),
    yes("C_OpenSession", "the notification callback is taken and never called"),
    yes("C_CloseSession", ""),
    yes("C_CloseAllSessions", ""),
    yes("C_GetSessionInfo", ""),
    no(
        "C_GetOperationState",
        "an operation is one question to a daemon; there is no state to save",
    ),
    no(
        "C_SetOperationState",
        "an operation is one question to a daemon; there is no state to restore",
    ),
    yes(
        "C_Login",
        "`CKU_USER` only; without a PIN where the key file is in the clear. What an officer \
         may do, the daemon knows by the certificate",
    ),
    yes("C_Logout", ""),
    limited(
        "C_CreateObject",
        "challenges, and seeds of OTP keys, which are only staged: another officer approves \
         them outside of this module",
    ),
    limited(
        "C_CopyObject",
        "objects are not copied: `CKR_ACTION_PROHIBITED`, after the handles were checked",
    ),
    limited(
        "C_DestroyObject",
        "takes a challenge back or cancels a staged import; tokens are not destroyed \
         through a module: `CKR_ACTION_PROHIBITED`",
    ),
    limited(
        "C_GetObjectSize",
        "the size is `CK_UNAVAILABLE_INFORMATION`: the object is at the daemon",
    ),
    yes("C_GetAttributeValue", "no seed is ever shown: `CKR_ATTRIBUTE_SENSITIVE`"),
    limited(
        "C_SetAttributeValue",
        "objects are not changed: `CKR_ACTION_PROHIBITED`, after the handles were checked",
    ),
    yes(
        "C_FindObjectsInit",
        "by serial it is one question to the daemon, however many tokens there are",
    ),
    yes("C_FindObjects", ""),
    yes("C_FindObjectsFinal", ""),
    no("C_EncryptInit", ENCRYPTS_NOTHING),
    no("C_Encrypt", ENCRYPTS_NOTHING),
    no("C_EncryptUpdate", ENCRYPTS_NOTHING),
    no("C_EncryptFinal", ENCRYPTS_NOTHING),
    no("C_DecryptInit", DECRYPTS_NOTHING),
    no("C_Decrypt", DECRYPTS_NOTHING),
    no("C_DecryptUpdate", DECRYPTS_NOTHING),
    no("C_DecryptFinal", DECRYPTS_NOTHING),
    no("C_DigestInit", DIGESTS_ARE_ELSEWHERE),
    no("C_Digest", DIGESTS_ARE_ELSEWHERE),
    no("C_DigestUpdate", DIGESTS_ARE_ELSEWHERE),
    no("C_DigestKey", "no seed is ever here to be hashed"),
    no("C_DigestFinal", DIGESTS_ARE_ELSEWHERE),
    limited(
        "C_SignInit",
        "no key makes codes: `CKR_KEY_FUNCTION_NOT_PERMITTED`, after session, mechanism and \
         key were checked",
    ),
    limited("C_Sign", "nothing can have been begun: `CKR_OPERATION_NOT_INITIALIZED`"),
    no("C_SignUpdate", NOT_MADE_HERE),
    no("C_SignFinal", NOT_MADE_HERE),
    no("C_SignRecoverInit", NOTHING_TO_RECOVER),
    no("C_SignRecover", NOTHING_TO_RECOVER),
    yes(
        "C_VerifyInit",
        "HOTP, and by mechanisms of Warifu's own TOTP, OCRA and camera tokens; a missing \
         mechanism ends what is under way (3.0)",
    ),
    yes(
        "C_Verify",
        "the daemon's verdict; data is empty. After `CKR_FUNCTION_FAILED` the same two \
         calls in the same session give the verdict that got lost",
    ),
    no("C_VerifyUpdate", IN_ONE_PIECE),
    no("C_VerifyFinal", IN_ONE_PIECE),
    no("C_VerifyRecoverInit", NOTHING_TO_RECOVER),
    no("C_VerifyRecover", NOTHING_TO_RECOVER),
    no("C_DigestEncryptUpdate", NEITHER),
    no("C_DecryptDigestUpdate", NEITHER),
    no("C_SignEncryptUpdate", NEITHER),
    no("C_DecryptVerifyUpdate", NEITHER),
    no("C_GenerateKey", "seeds come from the makers of the tokens; none is made here"),
    no("C_GenerateKeyPair", "there are no key pairs"),
    no("C_WrapKey", "no seed ever leaves the HSM"),
    limited(
        "C_UnwrapKey",
        "seeds of OTP keys under a manufacturer's transport key, which are only staged: \
         another officer approves them outside of this module",
    ),
    no("C_DeriveKey", "nothing is derived from a seed but codes"),
    no("C_SeedRandom", NO_RANDOM),
    no("C_GenerateRandom", NO_RANDOM),
    no("C_GetFunctionStatus", NOT_PARALLEL),
    no("C_CancelFunction", NOT_PARALLEL),
    yes("C_WaitForSlotEvent", "a token comes and goes with the reach of its daemons"),
    yes("C_GetInterfaceList", "`PKCS 11` in 3.0 and in 2.40, also before `C_Initialize`"),
    yes(
        "C_GetInterface",
        "3.0 unless 2.40 is asked for; no interface is `CKF_INTERFACE_FORK_SAFE`, because a \
         child has to initialise again",
    ),
    no("C_LoginUser", "the certificate says who the user is; there is no other name to give"),
    yes("C_SessionCancel", "ends searches and verifications; nothing else is ever under way"),
    no("C_MessageEncryptInit", ENCRYPTS_NOTHING),
    no("C_EncryptMessage", ENCRYPTS_NOTHING),
    no("C_EncryptMessageBegin", ENCRYPTS_NOTHING),
    no("C_EncryptMessageNext", ENCRYPTS_NOTHING),
    no("C_MessageEncryptFinal", ENCRYPTS_NOTHING),
    no("C_MessageDecryptInit", DECRYPTS_NOTHING),
    no("C_DecryptMessage", DECRYPTS_NOTHING),
    no("C_DecryptMessageBegin", DECRYPTS_NOTHING),
    no("C_DecryptMessageNext", DECRYPTS_NOTHING),
    no("C_MessageDecryptFinal", DECRYPTS_NOTHING),
    no("C_MessageSignInit", MAKES_NO_CODES),
    no("C_SignMessage", MAKES_NO_CODES),
    no("C_SignMessageBegin", MAKES_NO_CODES),
    no("C_SignMessageNext", MAKES_NO_CODES),
    no("C_MessageSignFinal", MAKES_NO_CODES),
    no("C_MessageVerifyInit", ONE_BY_ONE),
    no("C_VerifyMessage", ONE_BY_ONE),
    no("C_VerifyMessageBegin", ONE_BY_ONE),
    no("C_VerifyMessageNext", ONE_BY_ONE),
    no("C_MessageVerifyFinal", ONE_BY_ONE),
];
