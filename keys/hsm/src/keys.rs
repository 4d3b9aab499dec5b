//! Warifu's own keys on the token: wrapping, binding, canary, audit. Finds them; makes what is
//! missing where asked to. Never overwrites, never guesses between two.
//!
//! Not responsible for: seeds and transport keys.

use cryptoki::{
    mechanism::Mechanism as HighMechanism,
    object::{Attribute, AttributeType, KeyType, ObjectClass},
};
use cryptoki_sys::{CKM_AES_KEY_GEN, CKM_GENERIC_SECRET_KEY_GEN};
use warifu_hsm_protocol::{KeyKind, WrappingKeyForm};

use crate::{
    fault::{Action, Fault},
    hand::Hand,
    keks::{Keks, Listed, Muddle},
    log,
    profile::Profile,
    raw::ObjectRef,
    refusal::Refusal,
    shape::{self, Place, Restrictions},
    template::Template,
};

/// DER of the object identifier of P-256 (RFC 5480 s.2.1.1.1).
const P256: [u8; 10] = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];

/// Marks the ids of encryption keys' wrapping keys: NSS takes two secret keys of one id for the same,
/// and the second would replace the first.
pub(crate) const KEK_E_ID: &[u8] = b"e";

/// Handles of the keys in one epoch.
pub(crate) struct Keys {
    /// Wrapping keys of HMAC keys, by generation.
    pub(crate) keks: Keks,
    /// Wrapping keys of encryption keys, by generation. None on a token that only checks codes.
    pub(crate) keks_e: Keks,
    /// HMAC key of bindings and fingerprints.
    pub(crate) bind: ObjectRef,
    /// HMAC key of the canary.
    pub(crate) canary: ObjectRef,
    /// ECDSA private key of the audit chain.
    pub(crate) audit: ObjectRef,
    /// Its public point, uncompressed.
    pub(crate) audit_public: Vec<u8>,
}

impl Keys {
    /// The wrapping keys of that kind of key, by generation.
    pub(crate) fn keks(&self, kind: KeyKind) -> &Keks {
        match kind {
            KeyKind::Hmac(_) => &self.keks,
            KeyKind::Aes => &self.keks_e,
        }
    }
}

/// The labels of the keys.
pub(crate) struct Names<'a>(pub(crate) &'a str);

impl Names<'_> {
    /// Label of the wrapping keys of HMAC keys.
    pub(crate) fn kek(&self) -> String {
        format!("{}-kek", self.0)
    }

    /// Label of the wrapping keys of encryption keys.
    pub(crate) fn kek_e(&self) -> String {
        format!("{}-kek-e", self.0)
    }

    fn bind(&self) -> String {
        format!("{}-bind", self.0)
    }

    fn canary(&self) -> String {
        format!("{}-canary", self.0)
    }

    fn audit(&self) -> String {
        format!("{}-audit", self.0)
    }

    /// Label of every resident seed.
    pub(crate) fn seed(&self) -> String {
        format!("{}-seed", self.0)
    }

    /// Label of the key of a key ceremony.
    pub(crate) fn ceremony(&self, ceremony: &[u8; 16]) -> String {
        format!("{}-ceremony-{}", self.0, hex::encode(ceremony))
    }

    /// Label of a transport key.
    pub(crate) fn transport(&self, label: &str) -> String {
        format!("{}-transport-{label}", self.0)
    }
}

/// What is on the token, complete or not.
pub(crate) struct Found {
    keks: Keks,
    keks_e: Keks,
    bind: Option<ObjectRef>,
    canary: Option<ObjectRef>,
    audit: Option<(ObjectRef, Vec<u8>)>,
}

/// Looks for all keys. Two of a name are an error: there is no telling which one made what.
pub(crate) fn find(hand: &Hand<'_>, prefix: &str) -> Result<Found, Refusal> {
    let names = Names(prefix);
    Ok(Found {
        keks: find_keks(hand, &names.kek(), &[])?,
        keks_e: find_keks(hand, &names.kek_e(), KEK_E_ID)?,
        bind: one(hand, ObjectClass::SECRET_KEY, &names.bind())?,
        canary: one(hand, ObjectClass::SECRET_KEY, &names.canary())?,
        audit: find_audit(hand, &names.audit())?,
    })
}

impl Found {
    /// A wrapping key, if there is one.
    pub(crate) fn kek(&self) -> Option<ObjectRef> {
        self.keks.newest().map(|(_, key)| key)
    }

    /// A wrapping key of encryption keys, if there is one.
    pub(crate) fn kek_e(&self) -> Option<ObjectRef> {
        self.keks_e.newest().map(|(_, key)| key)
    }

    /// The labels of what is missing and always needed.
    pub(crate) fn missing(&self, prefix: &str) -> Vec<String> {
        let names = Names(prefix);
        [
            (self.keks.is_empty(), names.kek()),
            (self.bind.is_none(), names.bind()),
            (self.canary.is_none(), names.canary()),
            (self.audit.is_none(), names.audit()),
        ]
        .into_iter()
        .filter_map(|(missing, name)| missing.then_some(name))
        .collect()
    }

    /// All of them, or a refusal that names what is missing.
    pub(crate) fn complete(self, prefix: &str) -> Result<Keys, Refusal> {
        let missing = self.missing(prefix);
        match (self.bind, self.canary, self.audit) {
            (Some(bind), Some(canary), Some((audit, audit_public))) if !self.keks.is_empty() => {
                let (keks, keks_e) = (self.keks, self.keks_e);
                Ok(Keys { keks, keks_e, bind, canary, audit, audit_public })
            }
            _ => Err(refuse_missing(&missing)),
        }
    }
}

/// Names what is missing and what makes it.
pub(crate) fn refuse_missing(missing: &[String]) -> Refusal {
    Refusal::missing(format!(
        "keys missing on the token: {}; `warifu hsm init` makes them",
        missing.join(", ")
    ))
}

/// Makes what `found` lacks.
pub(crate) fn make_missing(
    hand: &Hand<'_>,
    prefix: &str,
    profile: &Profile,
    form: WrappingKeyForm,
    found: &Found,
) -> Result<(), Refusal> {
    let names = Names(prefix);
    let failed = |name: &str| {
        let name = name.to_owned();
        move |fault| Refusal::of(&format!("making the key {name}"), fault)
    };
    if found.keks.is_empty() {
        make_kek(hand, &names.kek(), 1, profile, form).map(|_| ()).map_err(failed(&names.kek()))?;
    }
    if found.keks_e.is_empty() {
        make_kek_e(hand, &names.kek_e(), 1, form).map(|_| ()).map_err(failed(&names.kek_e()))?;
        log::info("key made", names.kek_e());
    }
    for (present, name) in [(found.bind, names.bind()), (found.canary, names.canary())] {
        if present.is_none() {
            make_hmac(hand, &name).map_err(failed(&name))?;
        }
    }
    if found.audit.is_none() {
        make_audit(hand, &names.audit()).map_err(failed(&names.audit()))?;
    }
    for name in found.missing(prefix) {
        log::info("key made", name);
    }
    Ok(())
}

/// A wrapping key with as many restrictions as the provider takes; also for the self-test.
pub(crate) fn generate_kek(
    hand: &Hand<'_>,
    place: Place<'_>,
    profile: &Profile,
    form: WrappingKeyForm,
) -> Result<ObjectRef, Fault> {
    climb(&Restrictions::LADDER, |restrictions| {
        let template = shape::kek(place, *restrictions, profile.kwp.as_slice(), form);
        hand.generate(CKM_AES_KEY_GEN, &template)
    })
}

/// The same for encryption keys.
pub(crate) fn generate_kek_e(
    hand: &Hand<'_>,
    place: Place<'_>,
    form: WrappingKeyForm,
) -> Result<ObjectRef, Fault> {
    climb(&Restrictions::LADDER, |restrictions| {
        hand.generate(CKM_AES_KEY_GEN, &shape::kek_e(place, *restrictions, form))
    })
}

/// The wrapping key of encryption keys of one generation, on the token.
pub(crate) fn make_kek_e(
    hand: &Hand<'_>,
    label: &str,
    generation: u32,
    form: WrappingKeyForm,
) -> Result<ObjectRef, Fault> {
    let id = [KEK_E_ID, &generation.to_be_bytes()].concat();
    generate_kek_e(hand, Place::Token { label, id: &id }, form)
}

/// The wrapping key of HMAC keys of one generation, on the token.
pub(crate) fn make_kek(
    hand: &Hand<'_>,
    label: &str,
    generation: u32,
    profile: &Profile,
    form: WrappingKeyForm,
) -> Result<ObjectRef, Fault> {
    let id = generation.to_be_bytes();
    generate_kek(hand, Place::Token { label, id: &id }, profile, form)
}

fn make_hmac(hand: &Hand<'_>, label: &str) -> Result<(), Fault> {
    // NSS takes two objects of one id for the same.
    let place = Place::Token { label, id: label.as_bytes() };
    climb(&[true, false], |restricted| {
        let template: Template = shape::own_hmac(place, *restricted);
        hand.generate(CKM_GENERIC_SECRET_KEY_GEN, &template)
    })
    .map(|_| ())
}

/// Tries one variant after the other as long as the token is there and dislikes the template; some
/// say so with CKR_GENERAL_ERROR.
fn climb<T>(
    variants: &[T],
    mut attempt: impl FnMut(&T) -> Result<ObjectRef, Fault>,
) -> Result<ObjectRef, Fault> {
    let mut last = Fault::Malformed("no variant to try");
    for variant in variants {
        match attempt(variant) {
            Err(fault) if matches!(fault.action(), Action::FailWork | Action::AskCanary) => {
                last = fault;
            }
            other => return other,
        }
    }
    Err(last)
}

fn make_audit(hand: &Hand<'_>, label: &str) -> Result<(), Fault> {
    let common = |class| {
        vec![
            Attribute::Class(class),
            Attribute::KeyType(KeyType::EC),
            Attribute::Token(true),
            Attribute::Label(label.as_bytes().to_vec()),
            Attribute::Id(label.as_bytes().to_vec()),
        ]
    };
    let mut public = common(ObjectClass::PUBLIC_KEY);
    public.extend([Attribute::EcParams(P256.to_vec()), Attribute::Verify(true)]);
    let mut private = common(ObjectClass::PRIVATE_KEY);
    private.extend([
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
        Attribute::Decrypt(false),
        Attribute::Derive(false),
        Attribute::Unwrap(false),
    ]);
    let mechanism = HighMechanism::EccKeyPairGen;
    hand.session.with(|s| s.generate_key_pair(&mechanism, &public, &private)).map(|_| ())
}

fn one(hand: &Hand<'_>, class: ObjectClass, label: &str) -> Result<Option<ObjectRef>, Refusal> {
    let found = hand
        .find_labelled(class, label)
        .map_err(|fault| Refusal::of(&format!("looking for the key {label}"), fault))?;
    match found.as_slice() {
        [] => Ok(None),
        [key] => Ok(Some(*key)),
        more => Err(Refusal::missing(format!(
            "{} objects on the token are labelled {label}; remove those that are not Warifu's",
            more.len()
        ))),
    }
}

fn find_keks(hand: &Hand<'_>, label: &str, mark: &[u8]) -> Result<Keks, Refusal> {
    match Listed::find(hand, label, mark) {
        Ok(listed) => Ok(Keks::new(listed)),
        Err(Muddle::Fault(fault)) => {
            Err(Refusal::of(&format!("looking for the key {label}"), fault))
        }
        Err(Muddle::Told(told)) => Err(Refusal::missing(told)),
    }
}

fn find_audit(hand: &Hand<'_>, label: &str) -> Result<Option<(ObjectRef, Vec<u8>)>, Refusal> {
    let private = one(hand, ObjectClass::PRIVATE_KEY, label)?;
    let public = one(hand, ObjectClass::PUBLIC_KEY, label)?;
    let (private, public) = match (private, public) {
        (None, None) => return Ok(None),
        (Some(private), Some(public)) => (private, public),
        _ => {
            return Err(Refusal::missing(format!(
                "of the key pair {label} only one half is on the token; remove it and run `warifu hsm init`"
            )));
        }
    };
    let attributes = hand
        .attributes(public, &[AttributeType::EcPoint])
        .map_err(|fault| Refusal::of(&format!("reading the public key {label}"), fault))?;
    let point = attributes.into_iter().find_map(|attribute| match attribute {
        Attribute::EcPoint(point) => bare_point(&point),
        _ => None,
    });
    match point {
        Some(point) => Ok(Some((private, point))),
        None => Err(Refusal::missing(format!("the public key {label} is no P-256 point"))),
    }
}

/// `CKA_EC_POINT` is the DER octet string of the point; some tokens give the point itself.
fn bare_point(attribute: &[u8]) -> Option<Vec<u8>> {
    let octets = attribute.strip_prefix(&[0x04, 0x41]).filter(|rest| rest.len() == 65);
    let point = octets.unwrap_or(attribute);
    (point.len() == 65 && point.starts_with(&[0x04])).then(|| point.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_comes_bare_or_as_an_octet_string() {
        let mut bare = vec![4; 65];
        bare[1] = 9;
        let mut der = vec![0x04, 0x41];
        der.extend_from_slice(&bare);
        assert_eq!(bare_point(&der).as_ref(), Some(&bare));
        assert_eq!(bare_point(&bare).as_ref(), Some(&bare));
        assert_eq!(bare_point(&bare[1..]), None);
    }
}
