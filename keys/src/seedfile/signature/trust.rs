//! Who signed, and whether a chain of certificates leads from them to a trusted root.
//!
//! Paths, validity and constraints are judged by webpki; this file adds what it leaves out (who the
//! signer is, key usage, purposes). Not responsible for revocation: a seed file is read once, and
//! whoever withdraws a signer takes the root out of the configuration.

use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{
    ALL_VERIFICATION_ALGS, EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeId,
    KeyPurposeIdIter, KeyUsage, RequiredEkuNotFoundContext,
};
use x509_parser::certificate::X509Certificate;
use x509_parser::parse_x509_certificate;
use x509_parser::time::ASN1Time;

use super::Fault;
use super::method::{Match, Method};
use crate::seedfile::code::Code;
use crate::seedfile::options::Trust;

/// Most certificates that a signature may bring.
pub(in crate::seedfile) const MAX_CERTIFICATES: usize = 8;
/// Most certificates between signer and root.
const MAX_INTERMEDIATES: usize = 3;

/// A signature over some bytes.
pub(in crate::seedfile) struct Signed<'a> {
    pub(in crate::seedfile) method: Method,
    pub(in crate::seedfile) message: &'a [u8],
    pub(in crate::seedfile) value: &'a [u8],
}

/// Checks that one of the certificates made the signature and that it is trusted at `now`, in
/// seconds since 1970.
pub(in crate::seedfile) fn check(
    signed: &Signed<'_>,
    certificates: &[Vec<u8>],
    trust: &Trust,
    now: Option<u64>,
) -> Result<(), Fault> {
    let (at, holder) = signer(signed, certificates)?;
    let now = now.ok_or((Code::SigCert, "a certificate is judged at a given time"))?;
    check_usage(&holder)?;
    let der = certificates.get(at).map(Vec::as_slice).unwrap_or_default();
    if trust.roots.iter().any(|root| root == der) {
        return check_validity(&holder, now);
    }
    if holder.subject() == holder.issuer() {
        return Err((
            Code::SigUntrusted,
            "a signer that vouches for itself is itself a trusted root",
        ));
    }
    let others = certificates.iter().enumerate().filter(|(other, _)| *other != at);
    let others: Vec<_> = others.map(|(_, der)| CertificateDer::from(der.as_slice())).collect();
    check_path(der, &others, trust, now)
}

/// The certificate whose key made the signature, wherever it stands in the list.
fn signer<'a>(
    signed: &Signed<'_>,
    certificates: &'a [Vec<u8>],
) -> Result<(usize, X509Certificate<'a>), Fault> {
    let mut fault = (Code::SigInvalid, "the signature is by the key of a certificate beside it");
    for (at, der) in certificates.iter().enumerate() {
        let certificate = parse(der)?;
        match signed.method.verify(certificate.public_key(), signed.message, signed.value) {
            Match::Yes => return Ok((at, certificate)),
            Match::Weak => fault = (Code::SigWeak, "RSA keys have 2048 bits or more"),
            Match::No => {}
        }
    }
    Err(fault)
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, Fault> {
    match parse_x509_certificate(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err((Code::Cert, "a certificate of the signature is well-formed DER")),
    }
}

/// RFC 5280 s.4.2.1.3: documents are signed under one of two bits.
fn check_usage(signer: &X509Certificate<'_>) -> Result<(), Fault> {
    let usage = signer.key_usage().map_err(|_| (Code::Cert, "key usage is well-formed"))?;
    match usage {
        Some(usage) if !usage.value.digital_signature() && !usage.value.non_repudiation() => {
            Err((Code::SigCert, "the signer's certificate is for digital signatures"))
        }
        _ => Ok(()),
    }
}

/// For a certificate that is trusted itself; webpki would not take it where it calls itself a CA.
fn check_validity(signer: &X509Certificate<'_>, now: u64) -> Result<(), Fault> {
    let time = i64::try_from(now).ok().and_then(|now| ASN1Time::from_timestamp(now).ok());
    match time {
        Some(time) if signer.validity().is_valid_at(time) => Ok(()),
        _ => Err((Code::SigCert, "the signer's certificate is valid now")),
    }
}

fn check_path(
    signer: &[u8],
    others: &[CertificateDer<'_>],
    trust: &Trust,
    now: u64,
) -> Result<(), Fault> {
    let roots: Vec<_> =
        trust.roots.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let anchors: Vec<TrustAnchor<'_>> = roots
        .iter()
        .map(webpki::anchor_from_trusted_cert)
        .collect::<Result<_, _>>()
        .map_err(|_| (Code::Cert, "a trusted root is a certificate in DER"))?;
    let der = CertificateDer::from(signer);
    let signer = EndEntityCert::try_from(&der).map_err(|error| fault(&error))?;
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now));
    let path = signer
        .verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, others, time, Purpose, None, None)
        .map_err(|error| fault(&error))?;
    let mut count = 0;
    for issuer in path.intermediate_certificates() {
        count += 1;
        check_issuer(&issuer.der())?;
    }
    if count > MAX_INTERMEDIATES {
        return Err((Code::SigUntrusted, "at most three certificates between signer and root"));
    }
    Ok(())
}

/// RFC 5280 s.6.1.4 (n), which webpki leaves to its caller.
fn check_issuer(der: &[u8]) -> Result<(), Fault> {
    let issuer = parse(der)?;
    let usage = issuer.key_usage().map_err(|_| (Code::Cert, "key usage is well-formed"))?;
    match usage {
        Some(usage) if !usage.value.key_cert_sign() => {
            Err((Code::SigCert, "an issuer's certificate is for signing certificates"))
        }
        _ => Ok(()),
    }
}

/// Purposes under which a maker may sign a file; a certificate that names none serves all.
struct Purpose;

/// id-kp-codeSigning.
const CODE_SIGNING: &[u8] = &[0x2B, 6, 1, 5, 5, 7, 3, 3];

impl Purpose {
    /// codeSigning, emailProtection, documentSigning (RFC 9336), anyExtendedKeyUsage.
    const FIT: &'static [KeyPurposeId<'static>] = &[
        KeyPurposeId::new(CODE_SIGNING),
        KeyPurposeId::new(&[0x2B, 6, 1, 5, 5, 7, 3, 4]),
        KeyPurposeId::new(&[0x2B, 6, 1, 5, 5, 7, 3, 36]),
        KeyPurposeId::new(&[0x55, 0x1D, 0x25, 0]),
    ];
}

impl ExtendedKeyUsageValidator for Purpose {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        let mut present = Vec::new();
        for purpose in purposes {
            let purpose = purpose?;
            if Self::FIT.contains(&purpose) {
                return Ok(());
            }
            present.push(purpose.to_decoded_oid());
        }
        if present.is_empty() {
            return Ok(());
        }
        let required = KeyUsage::required(CODE_SIGNING);
        let context = RequiredEkuNotFoundContext { required, present };
        Err(Error::RequiredEkuNotFoundContext(context))
    }
}

fn fault(error: &Error) -> Fault {
    match error {
        Error::CertExpired { .. } | Error::CertNotValidYet { .. } => {
            (Code::SigCert, "the certificates of signer and issuers are valid now")
        }
        Error::CaUsedAsEndEntity => (Code::SigCert, "a CA signs no seed files itself"),
        Error::EndEntityUsedAsCa => (Code::SigCert, "only a CA vouches for other certificates"),
        Error::RequiredEkuNotFoundContext(_) => {
            (Code::SigCert, "the signer's certificate is for signing code, mail or documents")
        }
        Error::InvalidCertValidity
        | Error::EmptyEkuExtension
        | Error::NameConstraintViolation
        | Error::PathLenConstraintViolated
        | Error::UnsupportedCertVersion
        | Error::UnsupportedCriticalExtension => {
            (Code::SigCert, "signer and issuers keep to the constraints of their certificates")
        }
        Error::UnsupportedSignatureAlgorithmContext(_) => {
            (Code::SigWeak, "certificates are signed with SHA-256 or better")
        }
        Error::BadDer
        | Error::BadDerTime
        | Error::ExtensionValueInvalid
        | Error::MalformedExtensions
        | Error::TrailingData(_)
        | Error::InvalidSerialNumber => {
            (Code::Cert, "a certificate of the signature is well-formed DER")
        }
        _ => {
            (Code::SigUntrusted, "a chain of certificates leads from the signer to a trusted root")
        }
    }
}
