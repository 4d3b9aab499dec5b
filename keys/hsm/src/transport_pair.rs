//! Transport key pairs: the private half is made in the HSM and never leaves it, the public half goes to
//! the manufacturer.
//!
//! Not responsible for: opening what was encrypted to one (`transport.rs`).

use cryptoki::{
    mechanism::{Mechanism as HighMechanism, MechanismType},
    object::{Attribute, KeyType, ObjectClass},
};
use sha2::{Digest as _, Sha256};
use warifu_hsm_protocol::{ImportPlace, JobError, Reply};

use crate::{
    fault::{Action, Fault},
    hand::Hand,
    held::Passing,
    raw::ObjectRef,
    spki,
    station::{Station, Trouble},
};

/// F4 (65537), which every provider takes.
const EXPONENT: [u8; 3] = [1, 0, 1];

/// What a pair may do beyond unwrapping.
#[derive(Clone, Copy)]
pub(crate) struct PairUse {
    /// The private half decrypts, where the provider can not unwrap with it.
    pub(crate) decrypt: bool,
    /// Its mechanisms are listed.
    pub(crate) restricted: bool,
}

impl Station<'_> {
    /// A pair whose private half nobody can read.
    pub(crate) fn generate_transport_pair(&self, label: &str, bits: u16) -> Result<Reply, Trouble> {
        let name = self.free_name(label)?;
        if !matches!(bits, 2048 | 3072 | 4096) {
            return Err(JobError::Malformed.into());
        }
        let mut id = [0; 16];
        self.hand.random(&mut id)?;
        let imports = &self.shared.abilities.imports;
        let inside = [imports.rsa_pkcs, imports.rsa_oaep].contains(&ImportPlace::Inside);
        let place = |token| common(token, &name, &id);
        let restricted = self.shared.abilities.allowed_mechanisms;
        let (public, private) =
            generate(self.hand, bits, &place(true), PairUse { decrypt: !inside, restricted })?;
        // Both go where one is not kept.
        let public = Passing::new(self.hand, public);
        let reply = self.accept(private)?;
        public.keep();
        Ok(reply)
    }

    /// The public half, for the manufacturer.
    pub(crate) fn transport_public_key(&self, label: &str) -> Result<Reply, Trouble> {
        let name = self.shared.names().transport(label);
        let found = self.hand.find_labelled(ObjectClass::PRIVATE_KEY, &name)?;
        let [key] = found.as_slice() else { return Err(JobError::NoSuchKey.into()) };
        Ok(Reply::PublicKey(self.public_key(*key)?))
    }

    /// First 3 bytes of SHA-256 over the public half, in hex.
    pub(crate) fn pair_check_value(&self, key: ObjectRef) -> Result<String, Fault> {
        let digest = Sha256::digest(self.public_key(key)?);
        Ok(hex::encode(digest.get(..3).unwrap_or_default()))
    }

    fn public_key(&self, key: ObjectRef) -> Result<Vec<u8>, Fault> {
        let numbers = self.hand.rsa_public(key)?;
        let numbers = numbers.ok_or(Fault::Malformed("an RSA key without modulus"))?;
        Ok(spki::rsa(&numbers.modulus, &numbers.exponent))
    }
}

/// What both halves of a pair on the token have.
pub(crate) fn common(token: bool, label: &str, id: &[u8]) -> Vec<Attribute> {
    vec![
        Attribute::KeyType(KeyType::RSA),
        Attribute::Token(token),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Id(id.to_vec()),
    ]
}

/// `C_GenerateKeyPair`: the public and the private half. Tries without the list of mechanisms where the
/// provider takes none for RSA keys.
pub(crate) fn generate(
    hand: Hand<'_>,
    bits: u16,
    common: &[Attribute],
    usage: PairUse,
) -> Result<(ObjectRef, ObjectRef), Fault> {
    match attempt(hand, bits, common, usage) {
        Err(fault)
            if usage.restricted
                && matches!(fault.action(), Action::FailWork | Action::AskCanary) =>
        {
            attempt(hand, bits, common, PairUse { restricted: false, ..usage })
        }
        other => other,
    }
}

fn attempt(
    hand: Hand<'_>,
    bits: u16,
    common: &[Attribute],
    usage: PairUse,
) -> Result<(ObjectRef, ObjectRef), Fault> {
    let mut public = common.to_vec();
    public.extend([
        Attribute::ModulusBits(u64::from(bits).into()),
        Attribute::PublicExponent(EXPONENT.to_vec()),
        Attribute::Encrypt(true),
        Attribute::Wrap(true),
        Attribute::Verify(false),
    ]);
    let mut private = common.to_vec();
    private.extend([
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Unwrap(true),
        Attribute::Decrypt(usage.decrypt),
        Attribute::Sign(false),
    ]);
    if usage.restricted {
        let mechanisms = vec![MechanismType::RSA_PKCS, MechanismType::RSA_PKCS_OAEP];
        private.push(Attribute::AllowedMechanisms(mechanisms));
    }
    let mechanism = HighMechanism::RsaPkcsKeyPairGen;
    let made = hand.session.with(|s| s.generate_key_pair(&mechanism, &public, &private))?;
    Ok((hand.reference().object(made.0), hand.reference().object(made.1)))
}
