//! How the officer wants a file read: its format, what it leaves open, its signature.
//!
//! Not responsible for: reading it.

use warifu_api::import::{
    ImportRequest, IntegerEncoding as WireInteger, OneTime as WireOneTime,
    SecretEncoding as WireEncoding, SignaturePolicy,
};
use warifu_core::oath::HashAlgorithm;
use warifu_keys::seedfile::{
    Declared, Format, IntegerEncoding, Lenience, OneTime, SecretEncoding, Signatures,
};

use crate::failure::Failure;

/// Everything about it but keys and time.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) format: Option<Format>,
    pub(super) declared: Declared,
    pub(super) integers: Option<IntegerEncoding>,
    pub(super) signatures: Signatures,
    pub(super) allow_sha1: bool,
    pub(super) lenience: Lenience,
}

impl Reading {
    /// What the request says.
    pub(super) fn parse(request: &ImportRequest) -> Result<Self, Failure> {
        let format = request.format.as_deref().map(format).transpose()?;
        let told = &request.declared;
        Ok(Self {
            format,
            declared: Declared {
                algorithm: told.algorithm.map(|one| match one {
                    WireOneTime::Hotp => OneTime::Hotp,
                    WireOneTime::Totp => OneTime::Totp,
                }),
                hash: told.hash.as_deref().map(hash).transpose()?,
                digits: told.digits,
                time_step_s: told.time_step_s,
                counter: told.counter,
                encoding: told.encoding.map(|one| match one {
                    WireEncoding::Hex => SecretEncoding::Hex,
                    WireEncoding::Base32 => SecretEncoding::Base32,
                    WireEncoding::Base64 => SecretEncoding::Base64,
                }),
                manufacturer: told.manufacturer.as_deref().map(manufacturer).transpose()?,
            },
            integers: request.integer_encoding.map(|one| match one {
                WireInteger::Ascii => IntegerEncoding::Ascii,
                WireInteger::BigEndian => IntegerEncoding::BigEndian,
            }),
            signatures: match request.signature {
                None | Some(SignaturePolicy::Check) => Signatures::Check,
                Some(SignaturePolicy::Ignore) => Signatures::Ignore,
                Some(SignaturePolicy::Require) => Signatures::Require,
            },
            allow_sha1: request.allow_sha1_signature,
            lenience: Lenience { mac_over_plaintext: request.mac_over_plaintext },
        })
    }
}

fn format(text: &str) -> Result<Format, Failure> {
    Format::from_word(text).ok_or_else(|| {
        let words: Vec<_> = Format::ALL.iter().map(|format| format.word()).collect();
        Failure::Detail { field: "format", rule: format!("one of {}", words.join(", ")) }
    })
}

fn hash(text: &str) -> Result<HashAlgorithm, Failure> {
    match text {
        "SHA1" => Ok(HashAlgorithm::Sha1),
        "SHA256" => Ok(HashAlgorithm::Sha256),
        "SHA512" => Ok(HashAlgorithm::Sha512),
        _ => Err(Failure::Field { field: "declared.hash", rule: "SHA1, SHA256 or SHA512" }),
    }
}

fn manufacturer(text: &str) -> Result<String, Failure> {
    let fits = (1..=64).contains(&text.chars().count()) && crate::http::printable(text);
    let rule = "1 to 64 printable characters";
    if fits {
        Ok(text.to_owned())
    } else {
        Err(Failure::Field { field: "declared.manufacturer", rule })
    }
}
