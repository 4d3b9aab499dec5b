//! Whose signatures over a message count: certificates that the officer named, checked here.
//!
//! Trust is by certificate: no web of trust, no key server. A signature counts where its key belongs
//! to a named certificate, was made for signing, is bound, not revoked and not expired. Not
//! responsible for where certificates come from.

use pgp::armor::BlockType;
use pgp::composed::{Message, SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{KeyFlags, Signature, SignatureType};
use pgp::ser::Serialize as _;
use pgp::types::{KeyDetails, KeyVersion, PublicParams, Tag, Timestamp, VerifyingKey};

use super::keyfile;
use crate::seedfile::code::Code;
use crate::seedfile::refusal::Refusal;

/// Signatures of one message; each is another hash over all of it.
const MOST_SIGNATURES: usize = 8;

/// Octets of the parameters of an RSA key of 2048 bits: two lengths, the modulus, a small exponent.
const SHORTEST_RSA: usize = 2 + 256;

/// The certificates.
pub(super) struct Signers(Vec<SignedPublicKey>);

impl Signers {
    /// Reads the files, armored or not, each of one certificate or more.
    pub(super) fn parse(files: &[Vec<u8>]) -> Result<Self, Refusal> {
        let mut certificates = Vec::new();
        for file in files {
            let found = keyfile::parse(file, BlockType::PublicKey).ok_or_else(|| {
                let rule = "a signer is an OpenPGP certificate, armored or not";
                Refusal::new(Code::Cert, "OpenPGP signer", rule).for_file()
            })?;
            certificates.extend(found);
        }
        Ok(Self(certificates))
    }

    /// Before the message is hashed once for each of its signatures.
    pub(super) fn check_count(signatures: usize) -> Result<(), Refusal> {
        if signatures > MOST_SIGNATURES {
            return Err(refuse(Code::LimitSig, "a message has few signatures"));
        }
        Ok(())
    }

    /// Checks the signatures of a message that was read to its end. One of a named signer must hold;
    /// those of others say nothing, but a wrong one of a named signer refuses the message.
    pub(super) fn judge(&self, message: &Message<'_>, now: Option<u64>) -> Result<(), Refusal> {
        let Message::Signed { reader, .. } = message else {
            return Err(refuse(Code::SigMissing, "the message is signed"));
        };
        let mut is_trusted = false;
        for index in 0..reader.num_signatures() {
            let rule = "the signature is complete and of a known kind";
            let signature =
                reader.signature(index).ok_or_else(|| refuse(Code::SigInvalid, rule))?;
            if let Some(signer) = self.signer(signature) {
                signer.check(message, index, signature, now)?;
                is_trusted = true;
            }
        }
        if is_trusted {
            Ok(())
        } else {
            Err(refuse(Code::SigUntrusted, "the message is signed by one of the named signers"))
        }
    }

    /// The key that a signature names.
    fn signer(&self, signature: &Signature) -> Option<Signer<'_>> {
        let is_named = |key: &dyn KeyDetails| {
            let prints = signature.issuer_fingerprint();
            if prints.is_empty() {
                let id = key.legacy_key_id();
                return signature.issuer_key_id().into_iter().any(|named| *named == id);
            }
            let print = key.fingerprint();
            prints.into_iter().any(|named| *named == print)
        };
        self.0.iter().find_map(|certificate| {
            if is_named(&certificate.primary_key) {
                return Some(Signer { certificate, subkey: None });
            }
            let subkey = certificate.public_subkeys.iter().find(|subkey| is_named(&subkey.key))?;
            Some(Signer { certificate, subkey: Some(subkey) })
        })
    }
}

/// A key of a named certificate: its primary one, or a subkey.
struct Signer<'a> {
    certificate: &'a SignedPublicKey,
    subkey: Option<&'a SignedPublicSubKey>,
}

impl Signer<'_> {
    fn key(&self) -> &dyn VerifyingKey {
        match self.subkey {
            Some(subkey) => &subkey.key,
            None => &self.certificate.primary_key,
        }
    }

    fn check(
        &self,
        message: &Message<'_>,
        index: usize,
        signature: &Signature,
        now: Option<u64>,
    ) -> Result<(), Refusal> {
        check_strength(signature, self.key().public_params())?;
        if !matches!(signature.typ(), Some(SignatureType::Binary | SignatureType::Text)) {
            return Err(refuse(Code::SigInvalid, "the signature is over a document"));
        }
        message
            .verify_nested_explicit(index, self.key())
            .map_err(|_| refuse(Code::SigInvalid, "the signature is that of the message"))?;
        self.check_validity(signature, now)
    }

    /// RFC 9580 s.5.2.3: flags and expiry are those of the newest self-signature.
    fn check_validity(&self, signature: &Signature, now: Option<u64>) -> Result<(), Refusal> {
        let fault = |rule| Err(refuse(Code::SigCert, rule));
        let primary = &self.certificate.primary_key;
        if !matches!(self.key().version(), KeyVersion::V4 | KeyVersion::V6) {
            return fault("the signer's key is of version 4 or 6");
        }
        let Some(own) = self.newest_of_primary() else {
            return fault("the signer's certificate is bound by its own signature");
        };
        let revocations = &self.certificate.details.revocation_signatures;
        if revocations.iter().any(|revocation| revocation.verify_key(primary).is_ok()) {
            return fault("the signer's certificate is not revoked");
        }
        let mut flags = own.key_flags();
        check_dates(primary, own, signature, now)?;
        if let Some(subkey) = self.subkey {
            let Some(binding) = self.newest_binding(subkey) else {
                return fault("the signer's key is bound to its certificate, and not revoked");
            };
            flags = binding.key_flags();
            check_dates(&subkey.key, binding, signature, now)?;
        }
        let is_old = self.subkey.is_none() && flags == KeyFlags::default();
        if !flags.sign() && !is_old {
            return fault("the signer's key is made for signing");
        }
        let lifetime = signature.signature_expiration_time().map(|time| u64::from(time.as_secs()));
        let begin = signature.created().map(|time| u64::from(time.as_secs()));
        match (begin, lifetime, now) {
            (None, ..) => fault("the signature says when it was made"),
            (Some(begin), Some(lifetime), Some(now))
                if lifetime > 0 && now > begin.saturating_add(lifetime) =>
            {
                fault("the signature has not expired")
            }
            _ => Ok(()),
        }
    }

    fn newest_of_primary(&self) -> Option<&Signature> {
        let primary = &self.certificate.primary_key;
        let details = &self.certificate.details;
        let of_users = details.users.iter().flat_map(|user| {
            let holds =
                |own: &&Signature| own.verify_certification(primary, Tag::UserId, &user.id).is_ok();
            user.signatures.iter().filter(|own| own.is_certification()).filter(holds)
        });
        let direct = details.direct_signatures.iter().filter(|own| own.verify_key(primary).is_ok());
        of_users.chain(direct).max_by_key(|own| own.created().map(Timestamp::as_secs))
    }

    /// The newest binding of a subkey that was not revoked; the subkey signs for it in turn, so that
    /// nobody adopts another's key (s.5.2.1.9).
    fn newest_binding<'k>(&self, subkey: &'k SignedPublicSubKey) -> Option<&'k Signature> {
        let primary = &self.certificate.primary_key;
        let of_kind = |kind: SignatureType| {
            subkey.signatures.iter().filter(move |signature| signature.typ() == Some(kind))
        };
        let holds =
            |signature: &&Signature| signature.verify_subkey_binding(primary, &subkey.key).is_ok();
        if of_kind(SignatureType::SubkeyRevocation)
            .any(|revocation| revocation.verify_subkey_binding(primary, &subkey.key).is_ok())
        {
            return None;
        }
        let binding = of_kind(SignatureType::SubkeyBinding)
            .filter(holds)
            .max_by_key(|signature| signature.created().map(Timestamp::as_secs))?;
        let back = binding.embedded_signature()?;
        back.verify_primary_key_binding(&subkey.key, primary).is_ok().then_some(binding)
    }
}

/// The key was there when it signed, and has not expired since.
fn check_dates(
    key: &dyn KeyDetails,
    own: &Signature,
    signature: &Signature,
    now: Option<u64>,
) -> Result<(), Refusal> {
    let created = u64::from(key.created_at().as_secs());
    let signed = signature.created().map_or(0, |time| u64::from(time.as_secs()));
    if signed < created {
        return Err(refuse(Code::SigCert, "the signer's key is older than the signature"));
    }
    let lifetime = own.key_expiration_time().map_or(0, |time| u64::from(time.as_secs()));
    let is_over = now.is_some_and(|now| lifetime > 0 && now > created.saturating_add(lifetime));
    if is_over {
        return Err(refuse(Code::SigCert, "the signer's key has not expired"));
    }
    Ok(())
}

fn check_strength(signature: &Signature, key: &PublicParams) -> Result<(), Refusal> {
    let weak = [HashAlgorithm::Md5, HashAlgorithm::Sha1, HashAlgorithm::Ripemd160];
    if signature.hash_alg().is_none_or(|hash| weak.contains(&hash)) {
        return Err(refuse(Code::SigWeak, "the signature is over SHA-256 or better"));
    }
    let is_weak = match key {
        PublicParams::DSA(_) => true,
        PublicParams::RSA(_) => key.write_len() < SHORTEST_RSA,
        _ => false,
    };
    if is_weak {
        return Err(refuse(Code::SigWeak, "the signer's key is RSA of 2048 bits or better"));
    }
    Ok(())
}

fn refuse(code: Code, rule: &'static str) -> Refusal {
    Refusal::new(code, "OpenPGP signature", rule).for_file()
}
