//! `CK_MECHANISM` and the parameters behind it.
//!
//! Not responsible for what a mechanism needs.

use cryptoki_sys::{
    CK_BYTE, CK_FLAGS, CK_MECHANISM, CK_OTP_CHALLENGE, CK_OTP_COUNTER, CK_OTP_FLAGS,
    CK_OTP_OUTPUT_FORMAT, CK_OTP_OUTPUT_LENGTH, CK_OTP_PARAM, CK_OTP_PARAMS, CK_OTP_PIN,
    CK_OTP_TIME, CK_OTP_VALUE, CK_RSA_PKCS_OAEP_PARAMS, CK_ULONG, CKM_RSA_PKCS_OAEP,
};
use zeroize::Zeroizing;

use super::{Flaw, bytes, value, values};
use crate::{
    fault::{Fault, Outcome},
    mechanism::{Mechanism, Oaep, OtpParams, Parameter, is_otp},
    rv::Rv,
};

/// Most bytes of a parameter, or of a part of one.
const MOST_BYTES: usize = 4_096;
/// Most parameters in `CK_OTP_PARAMS`; the standard knows eight kinds.
const MOST_PARAMETERS: usize = 16;

/// A mechanism, copied with all that it points to. NULL is none.
///
/// # Safety
/// `at` is NULL or points to a mechanism; its parameter is NULL, or points to so many bytes as its
/// length says; where those are the structure that belongs to the mechanism, what that points to is
/// there, too.
pub(in crate::ffi) unsafe fn mechanism(at: *const CK_MECHANISM) -> Outcome<Option<Mechanism>> {
    if at.is_null() {
        return Ok(None);
    }
    // SAFETY: it points to a mechanism, as the caller says.
    let given = unsafe { value(at) }?;
    // SAFETY: its parameter is as the caller says.
    let parameter = unsafe { parameter(&given) }?;
    Ok(Some(Mechanism { kind: given.mechanism, parameter }))
}

/// # Safety
/// As for [`mechanism`].
unsafe fn parameter(given: &CK_MECHANISM) -> Outcome<Parameter> {
    if given.pParameter.is_null() && given.ulParameterLen == 0 {
        return Ok(Parameter::None);
    }
    if is_otp(given.mechanism) {
        // SAFETY: the parameter of these mechanisms is CK_OTP_PARAMS (PKCS#11 v3.1 s.6.44.4).
        let given: CK_OTP_PARAMS = unsafe { structure(given) }?;
        // SAFETY: what it points to is there, as the caller says.
        return unsafe { otp(&given) }.map(Parameter::Otp);
    }
    if given.mechanism == CKM_RSA_PKCS_OAEP {
        // SAFETY: the parameter of this mechanism is that (PKCS#11 v3.1 s.6.1.7).
        let given: CK_RSA_PKCS_OAEP_PARAMS = unsafe { structure(given) }?;
        // SAFETY: what it points to is there, as the caller says.
        return unsafe { oaep(&given) }.map(Parameter::Oaep);
    }
    // SAFETY: so many bytes are there, as the caller says.
    let bytes = unsafe { part(given.pParameter.cast(), given.ulParameterLen) }?;
    Ok(if bytes.is_empty() { Parameter::None } else { Parameter::Bytes(bytes.to_vec()) })
}

/// # Safety
/// The parameter is NULL or points to so many bytes as its length says, and where that is the size of
/// a `T`, they are one.
unsafe fn structure<T: Copy>(given: &CK_MECHANISM) -> Outcome<T> {
    if given.ulParameterLen != size_of::<T>() as CK_ULONG {
        return Err(invalid("has another size than its structure"));
    }
    // SAFETY: the size is that of a `T`, so it is one.
    unsafe { value(given.pParameter.cast::<T>()) }.map_err(refusal)
}

/// # Safety
/// The parameters are NULL or as many as the structure says, and the value of each is NULL or points
/// to so many bytes as its length says.
unsafe fn otp(given: &CK_OTP_PARAMS) -> Outcome<OtpParams> {
    // SAFETY: so many of them are there, as the caller says.
    let each = unsafe { values(given.pParams, given.ulCount, MOST_PARAMETERS) }.map_err(refusal)?;
    let mut read = OtpParams::default();
    for parameter in &each {
        if each.iter().filter(|other| other.type_ == parameter.type_).count() > 1 {
            return Err(invalid("gives a kind of CK_OTP_PARAM twice"));
        }
        // SAFETY: its value is there, as the caller says.
        unsafe { take(&mut read, parameter) }?;
    }
    Ok(read)
}

/// # Safety
/// The value of the parameter is NULL or points to so many bytes as its length says.
unsafe fn take(read: &mut OtpParams, given: &CK_OTP_PARAM) -> Outcome<()> {
    if given.type_ == CK_OTP_VALUE {
        read.has_value = true;
        return Ok(());
    }
    // SAFETY: so many bytes are there, as the caller says.
    let value = unsafe { part(given.pValue.cast(), given.ulValueLen) }?;
    match given.type_ {
        CK_OTP_PIN => read.pin = Some(value),
        CK_OTP_CHALLENGE => read.challenge = Some(value.to_vec()),
        CK_OTP_TIME => read.time = Some(value.to_vec()),
        CK_OTP_COUNTER => read.counter = Some(value.to_vec()),
        CK_OTP_FLAGS => read.flags = Some(number(&value)? as CK_FLAGS),
        CK_OTP_OUTPUT_LENGTH => read.output_length = Some(number(&value)?),
        CK_OTP_OUTPUT_FORMAT => read.output_format = Some(number(&value)?),
        _ => return Err(invalid("gives an unknown kind of CK_OTP_PARAM")),
    }
    Ok(())
}

/// # Safety
/// The source is NULL or points to so many bytes as its length says.
unsafe fn oaep(given: &CK_RSA_PKCS_OAEP_PARAMS) -> Outcome<Oaep> {
    // SAFETY: so many bytes are there, as the caller says.
    let label = unsafe { part(given.pSourceData.cast(), given.ulSourceDataLen) }?;
    let (hash, mgf, source) = (given.hashAlg, given.mgf, given.source);
    Ok(Oaep { hash, mgf, source, label: label.to_vec() })
}

/// # Safety
/// `at` is NULL or points to `length` bytes.
unsafe fn part(at: *const CK_BYTE, length: CK_ULONG) -> Outcome<Zeroizing<Vec<u8>>> {
    // SAFETY: so many bytes are there, as the caller says.
    unsafe { bytes(at, length, MOST_BYTES) }.map_err(refusal)
}

fn number(value: &[u8]) -> Outcome<CK_ULONG> {
    let number = value.try_into().map(CK_ULONG::from_ne_bytes);
    number.map_err(|_| invalid("has a number that is no CK_ULONG"))
}

fn refusal(flaw: Flaw) -> Fault {
    invalid(match flaw {
        Flaw::Missing => "has a length without a pointer",
        Flaw::TooLong => "is beyond all limits",
    })
}

fn invalid(rule: &str) -> Fault {
    Fault::new(Rv::MechanismParamInvalid, format!("the mechanism's parameter {rule}"))
}

#[cfg(test)]
mod tests;
