//! A program on the crate `cryptoki`, as somebody would write it who has codes verified from Rust:
//! `pkcs11_client MODULE verify SERIAL` or `pkcs11_client MODULE ask CONTRACT USER`, codes on standard
//! input, one per line.
//!
//! Not responsible for: what is right. `tests/pkcs11_tools.rs` runs it and judges.
#![forbid(unsafe_code)]

use std::{
    error::Error,
    io::{BufRead as _, stdin},
    ptr,
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::Error as Refusal,
    mechanism::{Mechanism, MechanismType, vendor_defined::VendorDefinedMechanism},
    object::{Attribute, AttributeType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
};
use cryptoki_sys::{
    CK_ATTRIBUTE_TYPE, CK_OTP_CHALLENGE, CK_OTP_PARAM, CK_OTP_PARAMS, CK_ULONG, CKA_CLASS,
    CKA_OTP_LENGTH,
};

// Numbers of Warifu's own, from docs/pkcs11.md.
const CKM_WARIFU_TOTP: CK_ULONG = 0xD741_5201;
const CKM_WARIFU_OCRA: CK_ULONG = 0xD741_5202;
const CKO_WARIFU_CHALLENGE: CK_ULONG = 0xD741_5221;
const CKA_WARIFU_HASH: CK_ATTRIBUTE_TYPE = 0xD741_5231;
const CKA_WARIFU_CONTRACT: CK_ATTRIBUTE_TYPE = 0xD741_5241;
const CKA_WARIFU_USER: CK_ATTRIBUTE_TYPE = 0xD741_5242;
const CKA_WARIFU_ORDER: CK_ATTRIBUTE_TYPE = 0xD741_5243;
const CKA_WARIFU_QUESTION: CK_ATTRIBUTE_TYPE = 0xD741_5245;
const CKA_WARIFU_SUITE: CK_ATTRIBUTE_TYPE = 0xD741_5248;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let [module, verb, rest @ ..] = words.as_slice() else {
        return Err("MODULE and what to do".into());
    };
    let library = Pkcs11::new(module)?;
    library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    let slot = library.get_slots_with_token()?.into_iter().next().ok_or("no token")?;
    println!("token {}", library.get_token_info(slot)?.label());
    let session = library.open_ro_session(slot)?;
    session.login(UserType::User, None)?;
    match (*verb, rest) {
        ("verify", [serial]) => verify(&session, serial)?,
        ("ask", [contract, user]) => ask(&session, contract, user)?,
        _ => return Err("verify SERIAL, or ask CONTRACT USER".into()),
    }
    session.logout()?;
    drop(session);
    library.finalize()?;
    Ok(())
}

/// A time-based token, whose mechanism needs no parameter.
fn verify(session: &Session, serial: &str) -> Outcome<()> {
    let key = token(session, serial.as_bytes())?;
    let known = [AttributeType::Label, AttributeType::Verify, AttributeType::Class];
    println!("{:?}", session.get_attributes(key, &known)?);
    println!("hash {}", text(session, key, CKA_WARIFU_HASH)?);
    let hidden = session.get_attribute_info(key, &[AttributeType::Value])?;
    println!("seed {hidden:?}");
    let totp = MechanismType::new_vendor_defined(CKM_WARIFU_TOTP)?;
    let totp = Mechanism::VendorDefined(VendorDefinedMechanism::new::<()>(totp, None));
    for code in stdin().lock().lines() {
        println!("{}", word(&session.verify(&totp, key, &[], code?.as_bytes())));
    }
    let signed = session.sign(&totp, key, &[]);
    println!("sign {}", word(&signed.map(drop)));
    Ok(())
}

/// A keypad token, which answers a question.
fn ask(session: &Session, contract: &str, user: &str) -> Outcome<()> {
    let challenge = session.create_object(&[
        // The crate has no class of ours, but lets any attribute be given as it is.
        other(CKA_CLASS, &CKO_WARIFU_CHALLENGE.to_ne_bytes()),
        other(CKA_WARIFU_CONTRACT, contract.as_bytes()),
        other(CKA_WARIFU_USER, user.as_bytes()),
        other(CKA_WARIFU_ORDER, br#"{"type":"login"}"#),
    ])?;
    let mut question = text(session, challenge, CKA_WARIFU_QUESTION)?.into_bytes();
    println!("suite {}", text(session, challenge, CKA_WARIFU_SUITE)?);
    println!("question {}", String::from_utf8_lossy(&question));
    let Some(Attribute::Id(serial)) =
        session.get_attributes(challenge, &[AttributeType::Id])?.into_iter().next()
    else {
        return Err("a challenge is one token's".into());
    };
    let key = token(session, &serial)?;
    let mut asked = CK_OTP_PARAM {
        type_: CK_OTP_CHALLENGE,
        pValue: question.as_mut_ptr().cast(),
        ulValueLen: CK_ULONG::try_from(question.len())?,
    };
    let params = CK_OTP_PARAMS { pParams: ptr::from_mut(&mut asked), ulCount: 1 };
    let ocra = MechanismType::new_vendor_defined(CKM_WARIFU_OCRA)?;
    let ocra = Mechanism::VendorDefined(VendorDefinedMechanism::new(ocra, Some(&params)));
    for code in stdin().lock().lines() {
        println!("{}", word(&session.verify(&ocra, key, &[], code?.as_bytes())));
    }
    Ok(())
}

/// By serial, with an attribute beside it that the crate does not know.
fn token(session: &Session, serial: &[u8]) -> Outcome<ObjectHandle> {
    let named = [Attribute::Class(ObjectClass::OTP_KEY), Attribute::Id(serial.to_vec())];
    let found = session.find_objects(&named)?;
    let eight = other(CKA_OTP_LENGTH, &CK_ULONG::to_ne_bytes(8));
    let [class, id] = named;
    println!("of 8 digits {}", session.find_objects(&[class, id, eight])?.len());
    found.into_iter().next().ok_or_else(|| "no such token".into())
}

fn other(kind: CK_ATTRIBUTE_TYPE, value: &[u8]) -> Attribute {
    Attribute::VendorDefined((AttributeType::VendorDefined(kind), value.to_vec()))
}

fn text(session: &Session, object: ObjectHandle, kind: CK_ATTRIBUTE_TYPE) -> Outcome<String> {
    let values = session.get_attributes(object, &[AttributeType::VendorDefined(kind)])?;
    match values.into_iter().next() {
        Some(Attribute::VendorDefined((_, bytes))) => Ok(String::from_utf8(bytes)?),
        other => Err(format!("{kind:#x}: {other:?}").into()),
    }
}

/// The return value, in the crate's words.
fn word(answer: &Result<(), Refusal>) -> String {
    match answer {
        Ok(()) => "Ok".to_owned(),
        Err(Refusal::Pkcs11(rv, _)) => format!("{rv:?}"),
        Err(other) => other.to_string(),
    }
}
