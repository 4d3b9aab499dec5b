//! Mechanisms: what this module can do with a key, and what a program may say about how.
//!
//! Not responsible for doing it ([`crate::verify`], [`crate::import`]).

use cryptoki_sys::{
    CK_FLAGS, CK_MECHANISM_TYPE, CK_ULONG, CKF_UNWRAP, CKF_VERIFY, CKM_AES_KEY_WRAP,
    CKM_AES_KEY_WRAP_KWP, CKM_HOTP, CKM_RSA_PKCS_OAEP,
};
use zeroize::Zeroizing;

use crate::vendor::{CKM_WARIFU_OCRA, CKM_WARIFU_TOTP, CKM_WARIFU_TXA1};

/// A mechanism with its parameter, copied out of the caller's memory.
pub(crate) struct Mechanism {
    pub(crate) kind: CK_MECHANISM_TYPE,
    pub(crate) parameter: Parameter,
}

/// A mechanism's parameter.
pub(crate) enum Parameter {
    /// None was given.
    None,
    /// Bytes, for example an initialisation vector.
    Bytes(Vec<u8>),
    /// `CK_RSA_PKCS_OAEP_PARAMS`.
    Oaep(Oaep),
    /// `CK_OTP_PARAMS`.
    Otp(OtpParams),
}

/// `CK_RSA_PKCS_OAEP_PARAMS` (PKCS#11 v3.1 s.6.1.7).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Oaep {
    pub(crate) hash: CK_MECHANISM_TYPE,
    pub(crate) mgf: CK_ULONG,
    pub(crate) source: CK_ULONG,
    pub(crate) label: Vec<u8>,
}

/// What `CK_OTP_PARAMS` said, by kind of parameter (PKCS#11 v3.1 s.6.44.4). None is given twice.
#[derive(Default)]
pub(crate) struct OtpParams {
    pub(crate) challenge: Option<Vec<u8>>,
    pub(crate) counter: Option<Vec<u8>>,
    pub(crate) flags: Option<CK_FLAGS>,
    pub(crate) output_format: Option<CK_ULONG>,
    pub(crate) output_length: Option<CK_ULONG>,
    pub(crate) pin: Option<Zeroizing<Vec<u8>>>,
    pub(crate) time: Option<Vec<u8>>,
    /// `CK_OTP_VALUE` is an output; a program that gives it has misread the standard.
    pub(crate) has_value: bool,
}

/// What `C_GetMechanismInfo` says (sizes in bytes of the key; zero where a program has no key to size).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct MechanismInfo {
    pub(crate) kind: CK_MECHANISM_TYPE,
    pub(crate) smallest: CK_ULONG,
    pub(crate) largest: CK_ULONG,
    pub(crate) flags: CK_FLAGS,
}

const fn offer(
    kind: CK_MECHANISM_TYPE,
    flags: CK_FLAGS,
    smallest: CK_ULONG,
    largest: CK_ULONG,
) -> MechanismInfo {
    MechanismInfo { kind, smallest, largest, flags }
}

/// All that is offered. `CKF_HW` is not set: what is behind the daemon is not the slot's to say.
pub(crate) const OFFERED: [MechanismInfo; 7] = [
    offer(CKM_HOTP, CKF_VERIFY, 16, 64),
    offer(CKM_WARIFU_TOTP, CKF_VERIFY, 16, 64),
    offer(CKM_WARIFU_OCRA, CKF_VERIFY, 16, 64),
    offer(CKM_WARIFU_TXA1, CKF_VERIFY, 0, 0),
    offer(CKM_AES_KEY_WRAP, CKF_UNWRAP, 16, 32),
    offer(CKM_AES_KEY_WRAP_KWP, CKF_UNWRAP, 16, 32),
    offer(CKM_RSA_PKCS_OAEP, CKF_UNWRAP, 2_048, 4_096),
];

/// Mechanisms whose parameter is `CK_OTP_PARAMS`.
pub(crate) const fn is_otp(kind: CK_MECHANISM_TYPE) -> bool {
    matches!(kind, CKM_HOTP | CKM_WARIFU_TOTP | CKM_WARIFU_OCRA | CKM_WARIFU_TXA1)
}
