//! The attributes that a template of a seed may have: those that decide something, and those that only
//! repeat what is true of every token.
//!
//! Not responsible for the values that decide something, see [`super::order`].

use cryptoki_sys::{
    CK_ATTRIBUTE_TYPE, CK_OTP_PARAM_IGNORED, CK_ULONG, CKA_ALLOWED_MECHANISMS,
    CKA_ALWAYS_AUTHENTICATE, CKA_ALWAYS_SENSITIVE, CKA_CLASS, CKA_COPYABLE, CKA_DECRYPT,
    CKA_DERIVE, CKA_DESTROYABLE, CKA_ENCRYPT, CKA_END_DATE, CKA_EXTRACTABLE, CKA_ID,
    CKA_KEY_GEN_MECHANISM, CKA_KEY_TYPE, CKA_LABEL, CKA_LOCAL, CKA_MODIFIABLE,
    CKA_NEVER_EXTRACTABLE, CKA_OTP_CHALLENGE_REQUIREMENT, CKA_OTP_COUNTER,
    CKA_OTP_COUNTER_REQUIREMENT, CKA_OTP_FORMAT, CKA_OTP_LENGTH, CKA_OTP_PIN_REQUIREMENT,
    CKA_OTP_SERVICE_IDENTIFIER, CKA_OTP_SERVICE_LOGO, CKA_OTP_SERVICE_LOGO_TYPE, CKA_OTP_TIME,
    CKA_OTP_TIME_INTERVAL, CKA_OTP_TIME_REQUIREMENT, CKA_OTP_USER_FRIENDLY_MODE,
    CKA_OTP_USER_IDENTIFIER, CKA_PRIVATE, CKA_SENSITIVE, CKA_SIGN, CKA_SIGN_RECOVER,
    CKA_START_DATE, CKA_TOKEN, CKA_TRUSTED, CKA_UNIQUE_ID, CKA_UNWRAP, CKA_VALUE, CKA_VALUE_LEN,
    CKA_VERIFY, CKA_VERIFY_RECOVER, CKA_WRAP, CKA_WRAP_WITH_TRUSTED,
};

use crate::{
    fault::{Fault, Outcome},
    rv::Rv,
    template::Template,
    vendor::{
        CKA_WARIFU_FINGERPRINT, CKA_WARIFU_HASH, CKA_WARIFU_IMPORT, CKA_WARIFU_KIND,
        CKA_WARIFU_MANUFACTURER, CKA_WARIFU_STATE, CKA_WARIFU_SUITES,
    },
};

/// What an attribute may say.
enum Rule {
    /// It is read.
    Decides,
    /// This, which is so anyway.
    Flag(bool),
    /// This, which is so anyway.
    Number(CK_ULONG),
    /// Nothing.
    Empty,
    /// It is the token's to say.
    ReadOnly,
}

use Rule::{Decides, Empty, Flag, Number, ReadOnly};

macro_rules! table {
    ($($kind:ident $rule:expr;)+) => {
        const TABLE: &[(CK_ATTRIBUTE_TYPE, &str, Rule)] = &[$(($kind, stringify!($kind), $rule)),+];
    };
}

table! {
    CKA_CLASS Decides;
    CKA_TOKEN Decides;
    CKA_KEY_TYPE Decides;
    CKA_LABEL Decides;
    CKA_ID Decides;
    CKA_VALUE Decides;
    CKA_VALUE_LEN Decides;
    CKA_OTP_FORMAT Decides;
    CKA_OTP_LENGTH Decides;
    CKA_OTP_TIME_INTERVAL Decides;
    CKA_OTP_COUNTER Decides;
    CKA_OTP_USER_IDENTIFIER Decides;
    CKA_ALLOWED_MECHANISMS Decides;
    CKA_WARIFU_HASH Decides;
    CKA_WARIFU_MANUFACTURER Decides;
    CKA_WARIFU_KIND Decides;
    CKA_PRIVATE Flag(true);
    CKA_SENSITIVE Flag(true);
    CKA_VERIFY Flag(true);
    CKA_EXTRACTABLE Flag(false);
    CKA_MODIFIABLE Flag(false);
    CKA_COPYABLE Flag(false);
    CKA_DESTROYABLE Flag(false);
    CKA_OTP_USER_FRIENDLY_MODE Flag(false);
    CKA_ENCRYPT Flag(false);
    CKA_DECRYPT Flag(false);
    CKA_SIGN Flag(false);
    CKA_SIGN_RECOVER Flag(false);
    CKA_VERIFY_RECOVER Flag(false);
    CKA_WRAP Flag(false);
    CKA_UNWRAP Flag(false);
    CKA_DERIVE Flag(false);
    CKA_TRUSTED Flag(false);
    CKA_WRAP_WITH_TRUSTED Flag(false);
    CKA_ALWAYS_AUTHENTICATE Flag(false);
    CKA_OTP_CHALLENGE_REQUIREMENT Number(CK_OTP_PARAM_IGNORED);
    CKA_OTP_PIN_REQUIREMENT Number(CK_OTP_PARAM_IGNORED);
    CKA_OTP_TIME_REQUIREMENT Number(CK_OTP_PARAM_IGNORED);
    CKA_OTP_COUNTER_REQUIREMENT Number(CK_OTP_PARAM_IGNORED);
    CKA_OTP_TIME Empty;
    CKA_OTP_SERVICE_LOGO Empty;
    CKA_OTP_SERVICE_LOGO_TYPE Empty;
    CKA_START_DATE Empty;
    CKA_END_DATE Empty;
    CKA_UNIQUE_ID ReadOnly;
    CKA_LOCAL ReadOnly;
    CKA_OTP_SERVICE_IDENTIFIER ReadOnly;
    CKA_ALWAYS_SENSITIVE ReadOnly;
    CKA_NEVER_EXTRACTABLE ReadOnly;
    CKA_KEY_GEN_MECHANISM ReadOnly;
    CKA_WARIFU_SUITES ReadOnly;
    CKA_WARIFU_IMPORT ReadOnly;
    CKA_WARIFU_FINGERPRINT ReadOnly;
    CKA_WARIFU_STATE ReadOnly;
}

/// Name of an attribute that a template may have.
pub(super) fn name(kind: CK_ATTRIBUTE_TYPE) -> &'static str {
    TABLE.iter().find(|(known, ..)| *known == kind).map_or("an attribute", |(_, name, _)| name)
}

/// Whether a template has only attributes that it may have, with true values where they decide nothing.
pub(super) fn check(template: &Template) -> Outcome<()> {
    template.iter().try_for_each(|attribute| check_one(template, attribute.kind))
}

fn check_one(template: &Template, kind: CK_ATTRIBUTE_TYPE) -> Outcome<()> {
    let Some((_, name, rule)) = TABLE.iter().find(|(known, ..)| *known == kind) else {
        let why = format!("attribute {kind:#x} is not kept of a token");
        return Err(Fault::new(Rv::AttributeTypeInvalid, why));
    };
    let why = match rule {
        Decides => return Ok(()),
        Flag(truth) if template.flag(kind)? == Some(*truth) => return Ok(()),
        Number(truth) if template.number(kind)? == Some(*truth) => {
            return Ok(());
        }
        Empty if template.bytes(kind).is_some_and(<[u8]>::is_empty) => return Ok(()),
        ReadOnly => {
            return Err(Fault::new(Rv::AttributeReadOnly, format!("{name} is never given")));
        }
        Flag(truth) => format!("{name} is {truth} of every token"),
        Number(_) => format!("{name}: a program gives no such parameter, the daemon knows it"),
        Empty => format!("{name} is not kept: leave it out"),
    };
    Err(Fault::new(Rv::TemplateInconsistent, why))
}
