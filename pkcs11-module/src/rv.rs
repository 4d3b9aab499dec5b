//! The return values that this module gives, a closed list: `docs/pkcs11.md` says for each what the
//! caller does next.
//!
//! Not responsible for choosing one, see [`crate::fault`] and [`crate::remote`].

use cryptoki_sys::CK_RV;

macro_rules! values {
    ($($(#[$doc:meta])* $name:ident = $constant:ident;)+) => {
        /// Why a function failed (PKCS#11 v3.1 s.5.1.6). Success is no value of this type.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Rv { $($(#[$doc])* $name,)+ }

        impl Rv {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The number that the caller sees.
            pub const fn code(self) -> CK_RV {
                match self { $(Self::$name => cryptoki_sys::$constant),+ }
            }

            /// Its name in the standard.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($constant)),+ }
            }
        }
    };
}

values! {
    /// The daemon does not allow this to the caller, or to one person alone.
    ActionProhibited = CKR_ACTION_PROHIBITED;
    /// A pointer is missing, or a length can not be right.
    ArgumentsBad = CKR_ARGUMENTS_BAD;
    /// The attribute can not be changed.
    AttributeReadOnly = CKR_ATTRIBUTE_READ_ONLY;
    /// The attribute is there but is not shown.
    AttributeSensitive = CKR_ATTRIBUTE_SENSITIVE;
    /// The object has no such attribute, or this template takes none.
    AttributeTypeInvalid = CKR_ATTRIBUTE_TYPE_INVALID;
    /// The value of an attribute breaks a rule.
    AttributeValueInvalid = CKR_ATTRIBUTE_VALUE_INVALID;
    /// The caller's buffer is too small; the length needed was written.
    BufferTooSmall = CKR_BUFFER_TOO_SMALL;
    /// The caller allows neither the system's locks nor none.
    CantLock = CKR_CANT_LOCK;
    /// `C_Initialize` was called before.
    CryptokiAlreadyInitialized = CKR_CRYPTOKI_ALREADY_INITIALIZED;
    /// `C_Initialize` is missing, also in a child after fork.
    CryptokiNotInitialized = CKR_CRYPTOKI_NOT_INITIALIZED;
    /// A key transport or staging without data that could be a key.
    DataLenRange = CKR_DATA_LEN_RANGE;
    /// Trouble at the daemon or on the way; surely nothing was carried out.
    DeviceError = CKR_DEVICE_ERROR;
    /// The daemon has no room left.
    DeviceMemory = CKR_DEVICE_MEMORY;
    /// The answer never came: it may have been carried out. The same call again, in the same session,
    /// is safe and gives the answer.
    FunctionFailed = CKR_FUNCTION_FAILED;
    /// Functions do not run in parallel (the standard's answer to two old functions).
    FunctionNotParallel = CKR_FUNCTION_NOT_PARALLEL;
    /// This module does not do that; `docs/pkcs11-functions.md` says why.
    FunctionNotSupported = CKR_FUNCTION_NOT_SUPPORTED;
    /// A defect of this module, or a configuration that can not be read.
    GeneralError = CKR_GENERAL_ERROR;
    /// The key can not do this: it makes no codes here, or the token is out of use.
    KeyFunctionNotPermitted = CKR_KEY_FUNCTION_NOT_PERMITTED;
    /// There is no such key.
    KeyHandleInvalid = CKR_KEY_HANDLE_INVALID;
    /// The key is of another kind than the mechanism's.
    KeyTypeInconsistent = CKR_KEY_TYPE_INCONSISTENT;
    /// The module does not know the mechanism.
    MechanismInvalid = CKR_MECHANISM_INVALID;
    /// The mechanism's parameter is missing, too much, or of another shape.
    MechanismParamInvalid = CKR_MECHANISM_PARAM_INVALID;
    /// The next code of the token is needed, too.
    NextOtp = CKR_NEXT_OTP;
    /// No slot has changed.
    NoEvent = CKR_NO_EVENT;
    /// There is no such object.
    ObjectHandleInvalid = CKR_OBJECT_HANDLE_INVALID;
    /// Such an operation is under way already.
    OperationActive = CKR_OPERATION_ACTIVE;
    /// No such operation is under way.
    OperationNotInitialized = CKR_OPERATION_NOT_INITIALIZED;
    /// The client certificate has expired.
    PinExpired = CKR_PIN_EXPIRED;
    /// The PIN does not open the key file, or the daemon does not accept the certificate.
    PinIncorrect = CKR_PIN_INCORRECT;
    /// Longer than any PIN.
    PinLenRange = CKR_PIN_LEN_RANGE;
    /// Too many wrong codes: the token is locked.
    PinLocked = CKR_PIN_LOCKED;
    /// Random numbers are not offered.
    RandomNoRng = CKR_RANDOM_NO_RNG;
    /// Too many sessions.
    SessionCount = CKR_SESSION_COUNT;
    /// There is no such session.
    SessionHandleInvalid = CKR_SESSION_HANDLE_INVALID;
    /// The flag that must be set is not.
    SessionParallelNotSupported = CKR_SESSION_PARALLEL_NOT_SUPPORTED;
    /// The session reads only.
    SessionReadOnly = CKR_SESSION_READ_ONLY;
    /// The code is wrong, or used.
    SignatureInvalid = CKR_SIGNATURE_INVALID;
    /// The code has another length than the token shows; it cost no attempt.
    SignatureLenRange = CKR_SIGNATURE_LEN_RANGE;
    /// There is no such slot.
    SlotIdInvalid = CKR_SLOT_ID_INVALID;
    /// The template lacks something.
    TemplateIncomplete = CKR_TEMPLATE_INCOMPLETE;
    /// Parts of the template contradict each other, or what is asked for.
    TemplateInconsistent = CKR_TEMPLATE_INCONSISTENT;
    /// No daemon of the slot is in reach.
    TokenNotPresent = CKR_TOKEN_NOT_PRESENT;
    /// What answers is not the daemon that the configuration trusts.
    TokenNotRecognized = CKR_TOKEN_NOT_RECOGNIZED;
    /// The daemon has had too many requests from this caller.
    TokenResourceExceeded = CKR_TOKEN_RESOURCE_EXCEEDED;
    /// The key that shall unwrap is of another kind than the mechanism's.
    UnwrappingKeyTypeInconsistent = CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT;
    /// There is no such key to unwrap with.
    UnwrappingKeyHandleInvalid = CKR_UNWRAPPING_KEY_HANDLE_INVALID;
    /// Somebody is logged in already.
    UserAlreadyLoggedIn = CKR_USER_ALREADY_LOGGED_IN;
    /// Login comes first.
    UserNotLoggedIn = CKR_USER_NOT_LOGGED_IN;
    /// There is no such kind of user here.
    UserTypeInvalid = CKR_USER_TYPE_INVALID;
    /// The wrapped key was refused: it does not unwrap, or its check failed.
    WrappedKeyInvalid = CKR_WRAPPED_KEY_INVALID;
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn values_are_distinct_and_none_is_success() {
        let codes: HashSet<_> = Rv::ALL.iter().map(|rv| rv.code()).collect();
        assert_eq!(codes.len(), Rv::ALL.len());
        assert!(!codes.contains(&cryptoki_sys::CKR_OK));
    }
}
