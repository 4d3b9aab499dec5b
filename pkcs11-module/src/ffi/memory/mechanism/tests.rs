//! Tests of mechanisms and their parameters.
//!
//! Not responsible for what a mechanism makes of them.

use std::ptr;

use cryptoki_sys::{
    CK_MECHANISM_TYPE, CKF_NEXT_OTP, CKG_MGF1_SHA256, CKM_AES_KEY_WRAP, CKM_HOTP, CKM_SHA256,
    CKZ_DATA_SPECIFIED,
};

use super::*;
use crate::ffi::memory::tests::Odd;

/// A mechanism with a parameter that is said to be `length` bytes long.
fn given<T>(kind: CK_MECHANISM_TYPE, parameter: *mut T, length: usize) -> CK_MECHANISM {
    CK_MECHANISM {
        mechanism: kind,
        pParameter: parameter.cast(),
        ulParameterLen: length as CK_ULONG,
    }
}

fn read(given: CK_MECHANISM) -> Result<Parameter, Rv> {
    let mut odd = Odd::new(given);
    // SAFETY: a mechanism, with the parameter of the test.
    let read = unsafe { mechanism(odd.at()) };
    read.map(|read| read.unwrap().parameter).map_err(|fault| fault.rv)
}

fn read_otp(parameters: &mut [CK_OTP_PARAM]) -> Result<OtpParams, Rv> {
    let (at, count) = (parameters.as_mut_ptr(), parameters.len() as CK_ULONG);
    let mut odd = Odd::new(CK_OTP_PARAMS { pParams: at, ulCount: count });
    match read(given(CKM_HOTP, odd.at(), size_of::<CK_OTP_PARAMS>()))? {
        Parameter::Otp(read) => Ok(read),
        _ => panic!("the parameter is read as another one"),
    }
}

fn part_of(kind: CK_ULONG, value: &mut [u8]) -> CK_OTP_PARAM {
    let (at, length) = (value.as_mut_ptr(), value.len() as CK_ULONG);
    CK_OTP_PARAM { type_: kind, pValue: at.cast(), ulValueLen: length }
}

const INVALID: Option<Rv> = Some(Rv::MechanismParamInvalid);

#[test]
fn no_mechanism_is_none() {
    // SAFETY: NULL is allowed.
    assert!(unsafe { mechanism(ptr::null()) }.unwrap().is_none());
}

#[test]
fn no_parameter_is_none() {
    let nowhere = ptr::null_mut::<u8>();
    assert!(matches!(read(given(CKM_HOTP, nowhere, 0)), Ok(Parameter::None)));
    assert!(matches!(read(given(CKM_AES_KEY_WRAP, nowhere, 0)), Ok(Parameter::None)));
    let mut byte = 0_u8;
    assert!(matches!(read(given(CKM_AES_KEY_WRAP, &raw mut byte, 0)), Ok(Parameter::None)));
    assert_eq!(read(given(CKM_AES_KEY_WRAP, nowhere, 1)).err(), INVALID);
    assert_eq!(read(given(CKM_HOTP, nowhere, size_of::<CK_OTP_PARAMS>())).err(), INVALID);
}

#[test]
fn other_parameters_are_bytes() {
    let mut vector = [0_u8, 1, 2];
    let read_vector = read(given(CKM_AES_KEY_WRAP, vector.as_mut_ptr(), 3));
    assert!(matches!(read_vector, Ok(Parameter::Bytes(bytes)) if bytes == [0, 1, 2]));
    for huge in [4_097, usize::MAX] {
        let refused = read(given(CKM_AES_KEY_WRAP, vector.as_mut_ptr(), huge));
        assert_eq!(refused.err(), INVALID);
    }
}

#[test]
fn every_kind_of_otp_parameter_has_its_place() {
    let (mut challenge, mut counter, mut time) = (*b"12\0", [7; 8], *b"20260101000000");
    let (mut pin, mut flags) = (*b"1234", CKF_NEXT_OTP.to_ne_bytes());
    let (mut length, mut format) = (6_u64.to_ne_bytes(), 0_u64.to_ne_bytes());
    let mut parameters = [
        part_of(CK_OTP_CHALLENGE, &mut challenge),
        part_of(CK_OTP_COUNTER, &mut counter),
        part_of(CK_OTP_TIME, &mut time),
        part_of(CK_OTP_PIN, &mut pin),
        part_of(CK_OTP_FLAGS, &mut flags),
        part_of(CK_OTP_OUTPUT_LENGTH, &mut length),
        part_of(CK_OTP_OUTPUT_FORMAT, &mut format),
    ];
    let read = read_otp(&mut parameters).unwrap();
    assert_eq!(read.challenge.as_deref(), Some(&b"12\0"[..]));
    assert_eq!(read.counter.as_deref(), Some(&[7; 8][..]));
    assert_eq!(read.time.as_deref(), Some(&b"20260101000000"[..]));
    assert_eq!(read.pin.unwrap().as_slice(), b"1234");
    assert_eq!((read.flags, read.output_length), (Some(CKF_NEXT_OTP), Some(6)));
    assert_eq!((read.output_format, read.has_value), (Some(0), false));
}

#[test]
fn otp_parameters_may_be_none_or_empty() {
    let none = read_otp(&mut []).unwrap();
    assert!(none.challenge.is_none() && none.counter.is_none() && !none.has_value);
    let nowhere = CK_OTP_PARAM { type_: CK_OTP_PIN, pValue: ptr::null_mut(), ulValueLen: 0 };
    assert!(read_otp(&mut [nowhere]).unwrap().pin.unwrap().is_empty());
}

#[test]
fn an_output_is_noticed_and_not_read() {
    let output =
        CK_OTP_PARAM { type_: CK_OTP_VALUE, pValue: ptr::null_mut(), ulValueLen: CK_ULONG::MAX };
    assert!(read_otp(&mut [output]).unwrap().has_value);
}

#[test]
fn otp_parameters_that_break_a_rule_are_refused() {
    let (mut one, mut other) = ([1], [2]);
    let pin = |bytes| part_of(CK_OTP_PIN, bytes);
    assert_eq!(read_otp(&mut [pin(&mut one), pin(&mut other)]).err(), INVALID);
    assert_eq!(read_otp(&mut [part_of(99, &mut one)]).err(), INVALID);
    assert_eq!(read_otp(&mut [part_of(CK_OTP_FLAGS, &mut one)]).err(), INVALID);
    assert_eq!(read_otp(&mut [part_of(CK_OTP_OUTPUT_LENGTH, &mut [])]).err(), INVALID);
    let nowhere = CK_OTP_PARAM { type_: CK_OTP_PIN, pValue: ptr::null_mut(), ulValueLen: 1 };
    assert_eq!(read_otp(&mut [nowhere]).err(), INVALID);
    let mut long = vec![0; 4_097];
    assert_eq!(read_otp(&mut [part_of(CK_OTP_CHALLENGE, &mut long)]).err(), INVALID);
    assert_eq!(read_otp(&mut [part_of(CK_OTP_CHALLENGE, &mut one); 17]).err(), INVALID);
}

#[test]
fn otp_parameters_have_the_size_of_their_structure() {
    let mut none = CK_OTP_PARAMS { pParams: ptr::null_mut(), ulCount: 0 };
    for size in [0, 1, 15, 17, usize::MAX] {
        assert_eq!(read(given(CKM_HOTP, &raw mut none, size)).err(), INVALID);
    }
    none.ulCount = 1;
    assert_eq!(read(given(CKM_HOTP, &raw mut none, 16)).err(), INVALID);
    none.ulCount = CK_ULONG::MAX;
    assert_eq!(read(given(CKM_HOTP, &raw mut none, 16)).err(), INVALID);
}

#[test]
fn oaep_is_copied_with_its_label() {
    let mut label = *b"batch";
    let parameters = CK_RSA_PKCS_OAEP_PARAMS {
        hashAlg: CKM_SHA256,
        mgf: CKG_MGF1_SHA256,
        source: CKZ_DATA_SPECIFIED,
        pSourceData: label.as_mut_ptr().cast(),
        ulSourceDataLen: 5,
    };
    let size = size_of::<CK_RSA_PKCS_OAEP_PARAMS>();
    let mut odd = Odd::new(parameters);
    let Ok(Parameter::Oaep(read_back)) = read(given(CKM_RSA_PKCS_OAEP, odd.at(), size)) else {
        panic!("the parameter is read as another one");
    };
    assert_eq!((read_back.hash, read_back.mgf), (CKM_SHA256, CKG_MGF1_SHA256));
    assert_eq!((read_back.source, read_back.label.as_slice()), (CKZ_DATA_SPECIFIED, &b"batch"[..]));
    assert_eq!(read(given(CKM_RSA_PKCS_OAEP, odd.at(), size - 1)).err(), INVALID);
    let mut missing =
        Odd::new(CK_RSA_PKCS_OAEP_PARAMS { pSourceData: ptr::null_mut(), ..parameters });
    assert_eq!(read(given(CKM_RSA_PKCS_OAEP, missing.at(), size)).err(), INVALID);
}
