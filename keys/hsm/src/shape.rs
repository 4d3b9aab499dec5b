//! The templates of every object that Warifu makes: what the HSM is asked to enforce.
//!
//! Not responsible for: whether it does (`selftest.rs`).

use cryptoki_sys::{
    CK_MECHANISM_TYPE, CK_ULONG, CKA_ALLOWED_MECHANISMS, CKA_CLASS, CKA_DECRYPT, CKA_DERIVE,
    CKA_ENCRYPT, CKA_EXTRACTABLE, CKA_ID, CKA_KEY_TYPE, CKA_LABEL, CKA_PRIVATE, CKA_SENSITIVE,
    CKA_SIGN, CKA_TOKEN, CKA_UNWRAP, CKA_UNWRAP_TEMPLATE, CKA_VALUE, CKA_VALUE_LEN, CKA_VERIFY,
    CKA_WRAP, CKK_AES, CKK_DES3, CKK_GENERIC_SECRET, CKM_AES_CBC_PAD, CKM_AES_ECB,
    CKM_AES_ECB_ENCRYPT_DATA, CKM_AES_GCM, CKM_AES_KEY_WRAP, CKM_DES3_CBC_PAD, CKM_SHA256_HMAC,
    CKO_SECRET_KEY,
};
use warifu_hsm_protocol::{ImportPlace, KeyKind, KeyShape, WrappingKeyForm};

use crate::{
    profile::{Abilities, mechanism},
    template::{Template, ulong},
};

/// What a key may do. Everything is stated: the default of `CKA_ENCRYPT` and its like is the
/// token's choice (PKCS#11 v3.1 s.4.10).
#[derive(Clone, Copy)]
struct Usage(u8);

impl Usage {
    const NONE: Self = Self(0);
    const SIGN: Self = Self(1);
    const WRAP: Self = Self(2);
    const UNWRAP: Self = Self(4);
    const ENCRYPT: Self = Self(8);
    const DECRYPT: Self = Self(16);
    const DERIVE: Self = Self(32);
    /// What a key of another's making may be tried with.
    const ALL: Self = Self(2 | 4 | 8 | 16);

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn and_if(self, condition: bool, other: Self) -> Self {
        if condition { self.and(other) } else { self }
    }

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Where an object lives.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    /// In the session.
    Session,
    /// On the token, under a label and an id.
    Token { label: &'a str, id: &'a [u8] },
}

/// Optional restrictions of the wrapping key; not every provider takes both.
#[derive(Clone, Copy)]
pub(crate) struct Restrictions {
    /// `CKA_ALLOWED_MECHANISMS`.
    pub(crate) mechanisms: bool,
    /// `CKA_UNWRAP_TEMPLATE`.
    pub(crate) unwrap_template: bool,
}

impl Restrictions {
    /// From the most to the least.
    pub(crate) const LADDER: [Self; 4] = [
        Self { mechanisms: true, unwrap_template: true },
        Self { mechanisms: false, unwrap_template: true },
        Self { mechanisms: true, unwrap_template: false },
        Self { mechanisms: false, unwrap_template: false },
    ];
}

/// A key as it is used: signs with one HMAC or encrypts with GCM, can do nothing else, can not be
/// read or wrapped. For `C_UnwrapKey`.
pub(crate) fn sealed(
    kind: KeyKind,
    abilities: Abilities,
    place: Place<'_>,
    length: usize,
) -> Template {
    let template = created(kind, abilities, place);
    if abilities.form.value_len { sized(template, length) } else { template }
}

/// The same for `C_CreateObject`, which takes the length from the value.
pub(crate) fn created(kind: KeyKind, abilities: Abilities, place: Place<'_>) -> Template {
    let template = secret(abilities.key_type(kind), usage_of(kind), false, place);
    one_mechanism(template, kind, abilities)
}

const fn usage_of(kind: KeyKind) -> Usage {
    match kind {
        KeyKind::Hmac(_) => Usage::SIGN,
        KeyKind::Aes => Usage::ENCRYPT,
    }
}

fn one_mechanism(template: Template, kind: KeyKind, abilities: Abilities) -> Template {
    if abilities.allowed_mechanisms {
        template.mechanisms(CKA_ALLOWED_MECHANISMS, &[mechanism(kind)])
    } else {
        template
    }
}

/// A key on its way under the wrapping key: may be wrapped and nothing else.
pub(crate) fn passing(kind: KeyKind, abilities: Abilities) -> Template {
    secret(abilities.key_type(kind), Usage::NONE, true, Place::Session)
}

/// A sealed key while it moves under another wrapping key: as it is used, but may be wrapped.
pub(crate) fn moving(kind: KeyKind, abilities: Abilities) -> Template {
    let usage = usage_of(kind);
    let template = secret(abilities.key_type(kind), usage, true, Place::Session);
    one_mechanism(template, kind, abilities)
}

/// What no wrapping key may unwrap into: readable. Only the self-test asks for it.
pub(crate) fn readable(kind: KeyKind, abilities: Abilities) -> Template {
    unprotected(abilities.key_type(kind), usage_of(kind), Place::Session)
        .flag(CKA_SENSITIVE, false)
        .flag(CKA_EXTRACTABLE, true)
}

/// The seed of a camera token while its keys are derived: can do nothing else, lives in the session.
pub(crate) fn base(abilities: Abilities) -> Template {
    let template = secret(CKK_AES, Usage::DERIVE, false, Place::Session);
    if abilities.allowed_mechanisms {
        template.mechanisms(CKA_ALLOWED_MECHANISMS, &[CKM_AES_ECB_ENCRYPT_DATA])
    } else {
        template
    }
}

/// States the length, which `C_DeriveKey` has from nowhere else.
pub(crate) fn sized(template: Template, length: usize) -> Template {
    template.number(CKA_VALUE_LEN, ulong(length))
}

/// A MAC key of a seed file.
pub(crate) fn mac_key() -> Template {
    secret(CKK_GENERIC_SECRET, Usage::SIGN, false, Place::Session)
}

/// Adds the value, which moves into the template and is wiped with it.
pub(crate) fn value(template: Template, value: &[u8]) -> Template {
    template.bytes(CKA_VALUE, value)
}

/// The wrapping key: AES-256, wraps and unwraps, and what it unwraps can not be read.
pub(crate) fn kek(
    place: Place<'_>,
    restrictions: Restrictions,
    kwp: &[CK_MECHANISM_TYPE],
    form: WrappingKeyForm,
) -> Template {
    let mut mechanisms = vec![CKM_AES_KEY_WRAP];
    mechanisms.extend_from_slice(kwp);
    wrapping(place, restrictions, &mechanisms, kept(form))
}

/// The wrapping key of encryption keys: what it unwraps encrypts and can do nothing else. A key of its
/// own, so that no blob of one use can be unwrapped into a key of the other.
pub(crate) fn kek_e(
    place: Place<'_>,
    restrictions: Restrictions,
    form: WrappingKeyForm,
) -> Template {
    let kept = kept(form)
        .number(CKA_CLASS, CKO_SECRET_KEY)
        .number(CKA_KEY_TYPE, CKK_AES)
        .flag(CKA_ENCRYPT, true)
        .flag(CKA_SIGN, false);
    wrapping(place, restrictions, &[CKM_AES_KEY_WRAP], kept)
}

/// What every unwrapped key is held to. A key that must move to the next wrapping key one day has to be
/// extractable for that moment, so only a pinned wrapping key forbids it.
fn kept(form: WrappingKeyForm) -> Template {
    let template = Template::new().flag(CKA_SENSITIVE, true);
    match form {
        WrappingKeyForm::Pinned => template.flag(CKA_EXTRACTABLE, false),
        WrappingKeyForm::Rotatable => template,
    }
}

fn wrapping(
    place: Place<'_>,
    restrictions: Restrictions,
    mechanisms: &[CK_MECHANISM_TYPE],
    kept: Template,
) -> Template {
    let usage = Usage::WRAP.and(Usage::UNWRAP);
    let mut template = sized(secret(CKK_AES, usage, false, place), 32);
    if restrictions.mechanisms {
        template = template.mechanisms(CKA_ALLOWED_MECHANISMS, mechanisms);
    }
    if restrictions.unwrap_template {
        template = template.nested(CKA_UNWRAP_TEMPLATE, kept);
    }
    template
}

/// An HMAC-SHA-256 key of Warifu's own (binding, canary), made inside.
pub(crate) fn own_hmac(place: Place<'_>, allowed_mechanisms: bool) -> Template {
    let template = secret(CKK_GENERIC_SECRET, Usage::SIGN, false, place).number(CKA_VALUE_LEN, 32);
    if allowed_mechanisms {
        template.mechanisms(CKA_ALLOWED_MECHANISMS, &[CKM_SHA256_HMAC])
    } else {
        template
    }
}

/// A symmetric transport key. It decrypts only where the provider can not unwrap.
pub(crate) fn transport(shape: KeyShape, abilities: Abilities, place: Place<'_>) -> Template {
    opening(shape, abilities, true, Usage::NONE, place)
}

/// The key of one file: as a transport key, in the session. `unwrapped` where the token has its length
/// from a blob.
pub(crate) fn session_key(shape: KeyShape, abilities: Abilities, unwrapped: bool) -> Template {
    let template = opening(shape, abilities, false, Usage::NONE, Place::Session);
    if unwrapped && abilities.form.value_len {
        sized(template, usize::from(shape.bits() / 8))
    } else {
        template
    }
}

/// An AES transport key while its check value is computed: the only time that it encrypts.
pub(crate) fn transport_draft(bits: u16, abilities: Abilities) -> Template {
    let template = opening(KeyShape::Aes(bits), abilities, true, Usage::ENCRYPT, Place::Session);
    sized(template, usize::from(bits / 8))
}

/// A key that opens what a seed file holds.
fn opening(
    shape: KeyShape,
    abilities: Abilities,
    opens_keys: bool,
    more: Usage,
    place: Place<'_>,
) -> Template {
    let imports = abilities.imports;
    let (kind, decrypt, mut mechanisms) = match shape {
        KeyShape::TripleDes => {
            let decrypt = imports.triple_des != ImportPlace::Inside;
            (CKK_DES3, decrypt, vec![CKM_DES3_CBC_PAD])
        }
        KeyShape::Aes(_) | KeyShape::Rsa(_) => {
            let mechanisms = vec![CKM_AES_CBC_PAD, CKM_AES_KEY_WRAP];
            (CKK_AES, imports.aes_decrypts(), mechanisms)
        }
    };
    if kind == CKK_AES {
        mechanisms.extend(abilities.kwp);
        mechanisms.extend((imports.gcm != ImportPlace::Impossible).then_some(CKM_AES_GCM));
        mechanisms.extend(more.has(Usage::ENCRYPT).then_some(CKM_AES_ECB));
    }
    let usage = Usage::UNWRAP.and_if(decrypt, Usage::DECRYPT).and(more);
    let template = secret(kind, usage, false, place);
    // A key of one file lives for minutes; not every provider takes the list when it unwraps.
    if abilities.allowed_mechanisms && opens_keys {
        template.mechanisms(CKA_ALLOWED_MECHANISMS, &mechanisms)
    } else {
        template
    }
}

/// The key of a key ceremony: encrypts sums, and nobody can read it.
pub(crate) fn ceremony(abilities: Abilities, place: Place<'_>) -> Template {
    let template = sized(secret(CKK_AES, Usage::ENCRYPT.and(Usage::DECRYPT), false, place), 32);
    if abilities.allowed_mechanisms {
        template.mechanisms(CKA_ALLOWED_MECHANISMS, &[CKM_AES_CBC_PAD])
    } else {
        template
    }
}

/// What turns a draft into the token object: `C_CopyObject` may clear a usage.
pub(crate) fn transport_final(label: &str, id: &[u8]) -> Template {
    Template::new()
        .flag(CKA_TOKEN, true)
        .flag(CKA_ENCRYPT, false)
        .bytes(CKA_LABEL, label.as_bytes())
        .bytes(CKA_ID, id)
}

/// A passing AES key that may do all that the self-test tries.
pub(crate) fn probe() -> Template {
    sized(secret(CKK_AES, Usage::ALL, false, Place::Session), 32)
}

/// The same for triple DES, whose length is its type.
pub(crate) fn probe_des() -> Template {
    secret(CKK_DES3, Usage::ALL, false, Place::Session)
}

/// A copy of a token object that lives in the session, where use costs no look at the token.
pub(crate) fn session_copy() -> Template {
    Template::new().flag(CKA_TOKEN, false)
}

fn secret(kind: CK_ULONG, usage: Usage, extractable: bool, place: Place<'_>) -> Template {
    unprotected(kind, usage, place).flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, extractable)
}

/// All but what protects the value.
fn unprotected(kind: CK_ULONG, usage: Usage, place: Place<'_>) -> Template {
    let template = Template::new()
        .number(CKA_CLASS, CKO_SECRET_KEY)
        .number(CKA_KEY_TYPE, kind)
        .flag(CKA_PRIVATE, true)
        .flag(CKA_SIGN, usage.has(Usage::SIGN))
        .flag(CKA_VERIFY, false)
        .flag(CKA_ENCRYPT, usage.has(Usage::ENCRYPT))
        .flag(CKA_DECRYPT, usage.has(Usage::DECRYPT))
        .flag(CKA_WRAP, usage.has(Usage::WRAP))
        .flag(CKA_UNWRAP, usage.has(Usage::UNWRAP))
        .flag(CKA_DERIVE, usage.has(Usage::DERIVE));
    match place {
        Place::Session => template.flag(CKA_TOKEN, false),
        Place::Token { label, id } => {
            template.flag(CKA_TOKEN, true).bytes(CKA_LABEL, label.as_bytes()).bytes(CKA_ID, id)
        }
    }
}
