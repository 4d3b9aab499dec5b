//! The signature methods that are taken, and one signature under one public key.
//!
//! Not responsible for whose key it is.

use ring::signature::{self as algorithms, UnparsedPublicKey, VerificationAlgorithm};
use x509_parser::oid_registry::{OID_EC_P256, OID_NIST_EC_P384};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// Shortest RSA modulus.
const MIN_RSA_BITS: usize = 2048;

/// How a signature was made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::seedfile) enum Method {
    /// PKCS #1 1.5; old files only.
    RsaSha1,
    RsaSha256,
    RsaSha384,
    RsaSha512,
    EcdsaSha256,
    EcdsaSha384,
}

/// What a key says about a signature.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::seedfile) enum Match {
    /// Made with the key.
    Yes,
    /// Not made with the key, or the key is of another kind.
    No,
    /// The key is too short to tell anything.
    Weak,
}

impl Method {
    /// From the Algorithm of a SignatureMethod.
    pub(in crate::seedfile) fn from_uri(uri: &str) -> Option<Self> {
        match uri {
            "http://www.w3.org/2000/09/xmldsig#rsa-sha1" => Some(Self::RsaSha1),
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" => Some(Self::RsaSha256),
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384" => Some(Self::RsaSha384),
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" => Some(Self::RsaSha512),
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256" => Some(Self::EcdsaSha256),
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384" => Some(Self::EcdsaSha384),
            _ => None,
        }
    }

    /// Whether `key` made the signature `value` of `message`.
    pub(in crate::seedfile) fn verify(
        self,
        key: &SubjectPublicKeyInfo<'_>,
        message: &[u8],
        value: &[u8],
    ) -> Match {
        let octets = key.subject_public_key.data.as_ref();
        match key.parsed() {
            Ok(PublicKey::RSA(rsa)) => match self.rsa() {
                Some(_) if rsa.key_size() < MIN_RSA_BITS => Match::Weak,
                Some(algorithm) => matches(algorithm, octets, message, value),
                None => Match::No,
            },
            Ok(PublicKey::EC(_)) => match self.ecdsa(key) {
                // XML Signature 1.1 s.6.4.3: r and s one after the other, both of full length.
                Some((algorithm, width)) if value.len() == width * 2 => {
                    matches(algorithm, octets, message, &in_der(value.split_at(width)))
                }
                _ => Match::No,
            },
            _ => Match::No,
        }
    }

    fn rsa(self) -> Option<&'static dyn VerificationAlgorithm> {
        match self {
            Self::RsaSha1 => Some(&algorithms::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY),
            Self::RsaSha256 => Some(&algorithms::RSA_PKCS1_2048_8192_SHA256),
            Self::RsaSha384 => Some(&algorithms::RSA_PKCS1_2048_8192_SHA384),
            Self::RsaSha512 => Some(&algorithms::RSA_PKCS1_2048_8192_SHA512),
            Self::EcdsaSha256 | Self::EcdsaSha384 => None,
        }
    }

    /// The algorithm and the length of a coordinate in octets.
    fn ecdsa(
        self,
        key: &SubjectPublicKeyInfo<'_>,
    ) -> Option<(&'static dyn VerificationAlgorithm, usize)> {
        let curve = key.algorithm.parameters.as_ref()?.as_oid().ok()?;
        let (p256, p384) = (curve == OID_EC_P256, curve == OID_NIST_EC_P384);
        match self {
            Self::EcdsaSha256 if p256 => Some((&algorithms::ECDSA_P256_SHA256_ASN1, 32)),
            Self::EcdsaSha256 if p384 => Some((&algorithms::ECDSA_P384_SHA256_ASN1, 48)),
            Self::EcdsaSha384 if p256 => Some((&algorithms::ECDSA_P256_SHA384_ASN1, 32)),
            Self::EcdsaSha384 if p384 => Some((&algorithms::ECDSA_P384_SHA384_ASN1, 48)),
            _ => None,
        }
    }
}

fn matches(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    value: &[u8],
) -> Match {
    match UnparsedPublicKey::new(algorithm, key).verify(message, value) {
        Ok(()) => Match::Yes,
        Err(_) => Match::No,
    }
}

/// SEQUENCE of two INTEGERs; short enough for lengths of one octet.
fn in_der((r, s): (&[u8], &[u8])) -> Vec<u8> {
    let content = [integer(r), integer(s)].concat();
    tagged(0x30, &content)
}

fn integer(octets: &[u8]) -> Vec<u8> {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let significant = octets.get(zeros..).unwrap_or_default();
    let sign = significant.first().is_none_or(|first| *first >= 0x80).then_some(0);
    let content: Vec<u8> = sign.into_iter().chain(significant.iter().copied()).collect();
    tagged(0x02, &content)
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    [&[tag, length], content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_become_the_shortest_integers() {
        let (zero, high, low) = ([0_u8; 2], [0x80_u8, 1], [0_u8, 5]);
        assert_eq!(in_der((&zero, &high)), [0x30, 8, 2, 1, 0, 2, 3, 0, 0x80, 1]);
        assert_eq!(in_der((&low, &low)), [0x30, 6, 2, 1, 5, 2, 1, 5]);
        let longest = [0xFF; 48];
        assert_eq!(in_der((&longest, &longest)).len(), 104, "two integers of 51 octets");
    }

    #[test]
    fn hmac_pss_and_sha_224_are_no_methods() {
        for name in ["hmac-sha256", "sha224-rsa-MGF1", "rsa-sha224", "ecdsa-sha1", "rsa-md5"] {
            let uri = format!("http://www.w3.org/2001/04/xmldsig-more#{name}");
            assert_eq!(Method::from_uri(&uri), None, "{name}");
        }
    }
}
