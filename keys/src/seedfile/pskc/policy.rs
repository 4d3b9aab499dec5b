//! The Policy element. RFC 6030 s.5: what the reader does not understand forbids the use of the key.
//!
//! Not responsible for enforcing what is understood.

use warifu_txa1::expansion::Role;

use super::element::El;
use super::names::PSKC;
use super::number::{self, Date};
use crate::seedfile::code::Code;
use crate::seedfile::record::{Algorithm, CameraPart, KeyPolicy, KeyUsage, PinMode, PinPolicy};
use crate::seedfile::refusal::Refusal;

/// Dates of a policy beside the rest of it.
#[derive(Default)]
pub(super) struct Dates {
    pub(super) start: Option<Date>,
    pub(super) expiry: Option<Date>,
}

/// Reads a Policy.
pub(super) fn read(el: El<'_>) -> Result<(KeyPolicy, Dates), Refusal> {
    let once = ["StartDate", "ExpiryDate", "PINPolicy", "NumberOfTransactions"];
    let parts = el.children(&[PSKC], &once, &["KeyUsage"]).map_err(|mut refusal| {
        refusal.code = Code::Policy;
        refusal.for_token()
    })?;
    let usage = parts.all("KeyUsage").map(usage).collect::<Result<Vec<_>, _>>()?;
    let pin = parts.get("PINPolicy").map(pin).transpose()?;
    let transactions = parts.get("NumberOfTransactions").map(transactions).transpose()?;
    let dates = Dates {
        start: parts.get("StartDate").map(number::date_of).transpose()?,
        expiry: parts.get("ExpiryDate").map(number::date_of).transpose()?,
    };
    Ok((KeyPolicy { usage, pin, transactions }, dates))
}

/// Whether a policy lets the key do what its algorithm does.
pub(super) fn permits(policy: &KeyPolicy, algorithm: Algorithm) -> bool {
    use CameraPart::{Key, Seed};
    let wanted: &[KeyUsage] = match algorithm {
        Algorithm::Txa1(Seed) => &[KeyUsage::Derive],
        Algorithm::Txa1(Key(Role::Encryption)) => &[KeyUsage::Encrypt, KeyUsage::Decrypt],
        Algorithm::Txa1(Key(Role::DeviceCode | Role::Signature)) => {
            &[KeyUsage::Otp, KeyUsage::Cr, KeyUsage::Integrity, KeyUsage::Verify]
        }
        Algorithm::Hotp | Algorithm::Totp => &[KeyUsage::Otp],
        Algorithm::Ocra => {
            &[KeyUsage::Otp, KeyUsage::Cr, KeyUsage::Integrity, KeyUsage::Verify, KeyUsage::Unlock]
        }
    };
    policy.usage.is_empty() || policy.usage.iter().any(|usage| wanted.contains(usage))
}

fn usage(el: El<'_>) -> Result<KeyUsage, Refusal> {
    Ok(match el.text()?.as_str() {
        "OTP" => KeyUsage::Otp,
        "CR" => KeyUsage::Cr,
        "Encrypt" => KeyUsage::Encrypt,
        "Integrity" => KeyUsage::Integrity,
        "Verify" => KeyUsage::Verify,
        "Unlock" => KeyUsage::Unlock,
        "Decrypt" => KeyUsage::Decrypt,
        "KeyWrap" => KeyUsage::KeyWrap,
        "Unwrap" => KeyUsage::Unwrap,
        "Derive" => KeyUsage::Derive,
        "Generate" => KeyUsage::Generate,
        _ => return Err(el.refuse(Code::Policy, "a key usage of RFC 6030 s.5")),
    })
}

fn transactions(el: El<'_>) -> Result<u64, Refusal> {
    let number = number::long_of(el)?;
    let positive = u64::try_from(number).ok().filter(|n| *n > 0);
    positive.ok_or_else(|| el.refuse(Code::Policy, "the key may be used at least once"))
}

/// Reads a PINPolicy.
pub(super) fn pin(el: El<'_>) -> Result<PinPolicy, Refusal> {
    let known =
        ["PINKeyId", "PINUsageMode", "MaxFailedAttempts", "MinLength", "MaxLength", "PINEncoding"];
    let empty = el.children(&[PSKC], &[], &[]).is_ok_and(|parts| parts.is_empty());
    if !empty || !el.attribute_names().iter().all(|name| known.contains(name)) {
        return Err(el.refuse(Code::Policy, "a PIN policy with the attributes of RFC 6030 s.5"));
    }
    let mode = match el.attribute("PINUsageMode") {
        None => None,
        Some("Local") => Some(PinMode::Local),
        Some("Prepend") => Some(PinMode::Prepend),
        Some("Append") => Some(PinMode::Append),
        Some(_) => {
            let rule = "the PIN is used locally, before or after the code (RFC 6030 s.10.1)";
            return Err(el.refuse_field(Code::Policy, "PINUsageMode", rule));
        }
    };
    let key_id = el.attribute("PINKeyId").map(str::to_owned);
    if let Some(id) = &key_id {
        el.check_label(id, Some("PINKeyId")).map_err(Refusal::for_token)?;
    }
    Ok(PinPolicy {
        key_id,
        mode,
        max_failed: small(el, "MaxFailedAttempts")?,
        min_length: small(el, "MinLength")?,
        max_length: small(el, "MaxLength")?,
    })
}

fn small(el: El<'_>, name: &'static str) -> Result<Option<u32>, Refusal> {
    number::long_attribute(el, name)?
        .map(|n| {
            u32::try_from(n).map_err(|_| el.refuse_field(Code::Int, name, "not negative, 32 bits"))
        })
        .transpose()
}
