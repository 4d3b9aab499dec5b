//! Reads a file of the lists as an officer would: with the key, and what the file leaves open.
//!
//! Not responsible for judging what comes out.

use std::fs::{self, File};
use std::io::BufReader;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::Value;
use warifu_core::oath::HashAlgorithm;
use warifu_core::time::UnixTime;
use warifu_keys::secret::Secret;
use warifu_keys::seedfile::inspect::{InspectLine, inspect};
use warifu_keys::seedfile::{
    Code, Declared, Detected, Format, IntegerEncoding, Lenience, OneTime, OpenPgp, ReadOptions,
    Record, Refusal, SecretEncoding, Signatures, Trust, Unlock, open,
};

use crate::case::{Case, Switch};

/// What came out of a file.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) detected: Option<Detected>,
    pub(crate) records: Vec<Record>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) warnings: Vec<Code>,
}

/// What the officer says beside the case.
#[derive(Clone, Copy, Default)]
pub(crate) struct Words {
    pub(crate) format: Option<Format>,
    pub(crate) integers: Option<IntegerEncoding>,
}

/// Reads the file under a neutral name.
pub(crate) fn read(case: &Case, words: Words) -> Found {
    let neutral = tempfile::NamedTempFile::new().unwrap();
    fs::copy(case.path(), neutral.path()).unwrap();
    let mut found = Found::default();
    let options = match options(case, words) {
        Ok(options) => options,
        Err(refusal) => {
            found.refusals.push(refusal);
            return found;
        }
    };
    let locked = options.unlock.is_none() && !case.is_for_hsm();
    let input = || BufReader::new(File::open(neutral.path()).unwrap());
    let mut file = match open(input(), options) {
        Ok(file) => file,
        Err(refusal) => {
            found.refusals.push(refusal);
            return found;
        }
    };
    found.detected = Some(file.detected().clone());
    let encrypted = file.crypto().is_some();
    for item in file.by_ref() {
        match item {
            Ok(record) => found.records.push(record),
            Err(refusal) => found.refusals.push(refusal),
        }
    }
    found.warnings = file.warnings().iter().map(|warning| warning.code).collect();
    if encrypted && (locked || case.entry["decrypt"]["private_key"].is_null() && case.is_for_hsm())
    {
        let Some(InspectLine::Refusal(line)) =
            inspect(input(), self::options(case, words).unwrap()).next()
        else {
            panic!("no request for a key")
        };
        assert_eq!(line.class, Code::KeyRequired.as_str());
        found.refusals.push(Refusal::new(Code::KeyRequired, line.field.clone(), line.rule.clone()));
    }
    found
}

fn options(case: &Case, words: Words) -> Result<ReadOptions, Refusal> {
    let entry = &case.entry;
    let require = entry["signature"]["require"].as_bool() == Some(true);
    let signatures = match case.switch {
        Switch::IgnoreSignature => Signatures::Ignore,
        _ if require => Signatures::Require,
        _ => Signatures::Check,
    };
    let format = match case.switch {
        Switch::DraftFormats => Some(Format::PskcDraft),
        _ => words.format,
    };
    let mac_over_plaintext = case.switch == Switch::MacOverPlaintext;
    Ok(ReadOptions {
        format,
        now: Some(UnixTime::from_rfc3339(&case.as_of).unwrap()),
        encrypted_integers: words.integers,
        signatures,
        trust: trust(case),
        unlock: unlock(&entry["decrypt"])?,
        openpgp: openpgp(case),
        declared: declared(&entry["operator_params"]),
        lenience: Lenience { mac_over_plaintext },
        ..ReadOptions::default()
    })
}

fn unlock(decrypt: &Value) -> Result<Option<Unlock>, Refusal> {
    Ok(match decrypt["type"].as_str() {
        Some("psk") => Some(Unlock::key_from_hex(decrypt["key_hex"].as_str().unwrap())?),
        Some("passphrase" | "gpg-symmetric") => {
            let words = decrypt["passphrase"].as_str().unwrap();
            Some(Unlock::Password(Secret::new(words.as_bytes().to_vec())))
        }
        _ => None,
    })
}

/// A signer that the list names is one whose signature must be there.
fn openpgp(case: &Case) -> OpenPgp {
    let decrypt = &case.entry["decrypt"];
    if decrypt["type"] != "gpg" {
        return OpenPgp::default();
    }
    let secret = case.beside(&decrypt["secret"]).or_else(|| case.beside(&decrypt["secring"]));
    let signer = case.beside(&decrypt["signer"]);
    OpenPgp {
        secret_keys: secret.map(Secret::new).into_iter().collect(),
        passphrase: decrypt["passphrase"].as_str().map(|w| Secret::new(w.as_bytes().to_vec())),
        require_signature: signer.is_some(),
        signers: signer.into_iter().collect(),
    }
}

fn trust(case: &Case) -> Trust {
    let named = case.beside(&case.entry["signature"]["root"]);
    let beside = || {
        let files = case.roots.iter().map(|name| fs::read(case.folder.join(name)).unwrap());
        files.collect::<Vec<_>>()
    };
    let roots = match named {
        Some(root) => vec![root],
        None if case.switch == Switch::AllowSha1 => beside(),
        None => Vec::new(),
    };
    let der = |pem: &Vec<u8>| CertificateDer::from_pem_slice(pem).unwrap().as_ref().to_vec();
    Trust { roots: roots.iter().map(der).collect(), allow_sha1: case.switch == Switch::AllowSha1 }
}

/// The data sheet's word, where the list has one.
fn declared(words: &Value) -> Declared {
    let number = |key: &str| words[key].as_u64();
    let text = |key: &str| words[key].as_str().map(str::to_ascii_lowercase);
    Declared {
        algorithm: text("type").map(|kind| match kind.as_str() {
            "hotp" => OneTime::Hotp,
            _ => OneTime::Totp,
        }),
        hash: text("hash").map(|hash| match hash.as_str() {
            "sha256" => HashAlgorithm::Sha256,
            "sha512" => HashAlgorithm::Sha512,
            _ => HashAlgorithm::Sha1,
        }),
        digits: number("digits").map(|digits| u8::try_from(digits).unwrap()),
        time_step_s: number("time_interval").map(|step| u32::try_from(step).unwrap()),
        counter: number("counter"),
        encoding: text("encoding").map(|encoding| match encoding.as_str() {
            "base32" => SecretEncoding::Base32,
            "base64" => SecretEncoding::Base64,
            _ => SecretEncoding::Hex,
        }),
        manufacturer: words["manufacturer"].as_str().map(str::to_owned),
    }
}
