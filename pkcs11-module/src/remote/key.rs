//! The key file: PEM, in the clear or encrypted under the PIN (PKCS#8 with PBES2, RFC 5958, RFC 8018).
//!
//! Whoever can write the file can choose how long deriving the key takes, so that is bounded. Not
//! responsible for who may read the file, see [`super::files`].

use std::{path::Path, str};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use pkcs8::{
    EncryptedPrivateKeyInfo, PrivateKeyInfo, SecretDocument,
    pkcs5::{self, EncryptionScheme, pbes2::Kdf},
};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use zeroize::Zeroizing;

use super::files::{self, Content};
use crate::{
    config::credentials,
    fault::{Fault, Outcome},
    rv::Rv,
};

/// Longest PIN.
const LONGEST_PIN: usize = 255;
/// Most iterations of PBKDF2: some seconds.
const MOST_ITERATIONS: u32 = 10_000_000;
/// Most memory of scrypt.
const MOST_MEMORY: u64 = 256 << 20;
/// Most passes of scrypt over its memory.
const MOST_PASSES: u16 = 16;

/// What openssl(1) is asked for, when a file is in a form that is not read here.
const ADVICE: &str = "openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW makes one that is read";

/// How a key lies in its file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    Pkcs8,
    Pkcs1,
    Sec1,
    /// `ENCRYPTED PRIVATE KEY`.
    Encrypted,
    /// Encrypted as OpenSSL did it before PKCS#8: one round of MD5 over the PIN.
    Old,
}

/// Headings of PEM sections (RFC 7468 s.10, s.11; the others are OpenSSL's).
const HEADINGS: [(&str, Form); 4] = [
    ("ENCRYPTED PRIVATE KEY", Form::Encrypted),
    ("PRIVATE KEY", Form::Pkcs8),
    ("RSA PRIVATE KEY", Form::Pkcs1),
    ("EC PRIVATE KEY", Form::Sec1),
];

/// A key file, not opened yet.
pub(super) struct KeyFile {
    content: Content,
    form: Form,
    der: Zeroizing<Vec<u8>>,
}

impl KeyFile {
    pub(super) fn read(path: &Path) -> Outcome<Self> {
        let content = files::read(path).map_err(|error| unusable(path, &error.to_string()))?;
        let text = str::from_utf8(&content.bytes).map_err(|_| unusable(path, "is not PEM"))?;
        let (form, der) = section(text).map_err(|why| unusable(path, why))?;
        Ok(Self { content, form, der })
    }

    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self.form, Form::Encrypted | Form::Old)
    }

    /// The key. One in the clear is its own PIN; a PIN beside it is a misunderstanding that is told.
    pub(super) fn open(
        self,
        path: &Path,
        pin: Option<&Zeroizing<Vec<u8>>>,
    ) -> Outcome<PrivateKeyDer<'static>> {
        let pin = pin.map_or(&[][..], |pin| pin.as_slice());
        if pin.len() > LONGEST_PIN {
            return Err(Fault::new(Rv::PinLenRange, "the PIN has more than 255 bytes"));
        }
        if !self.is_encrypted() {
            if !pin.is_empty() {
                let why = "a PIN was given, but the key file is in the clear";
                return Err(Fault::new(Rv::PinIncorrect, why));
            }
            let handed = credentials();
            let private = self.content.is_private(path, handed.as_deref());
            private.map_err(|why| unusable(path, &why))?;
        }
        let der = || self.der.to_vec();
        match self.form {
            Form::Pkcs8 => Ok(PrivatePkcs8KeyDer::from(der()).into()),
            Form::Pkcs1 => Ok(PrivatePkcs1KeyDer::from(der()).into()),
            Form::Sec1 => Ok(PrivateSec1KeyDer::from(der()).into()),
            Form::Encrypted => decrypt(path, &self.der, pin),
            Form::Old => {
                let why = format!("is encrypted in OpenSSL's old form; {ADVICE}");
                Err(unusable(path, &why))
            }
        }
    }
}

/// The first section that is a private key. Others (certificates, EC parameters) may stand beside it.
fn section(text: &str) -> Result<(Form, Zeroizing<Vec<u8>>), &'static str> {
    let found = HEADINGS.iter().filter_map(|(heading, form)| {
        let begin = format!("-----BEGIN {heading}-----");
        let start = text.find(&begin)?;
        Some((start, start + begin.len(), heading, *form))
    });
    let first = found.min_by_key(|(start, ..)| *start);
    let (_, start, heading, form) = first.ok_or("has no private key in PEM form")?;
    let body = text.get(start..).unwrap_or_default();
    let end = body.find(&format!("-----END {heading}-----")).ok_or("is cut off")?;
    let body = body.get(..end).unwrap_or_default();
    if body.contains("Proc-Type:") {
        return Ok((Form::Old, Zeroizing::default()));
    }
    let mut plain = Zeroizing::new(Vec::with_capacity(body.len()));
    plain.extend(body.bytes().filter(|c| !c.is_ascii_whitespace()));
    let mut der = Zeroizing::new(vec![0; base64::decoded_len_estimate(plain.len())]);
    let length = STANDARD.decode_slice(&*plain, &mut der).map_err(|_| "is not base64")?;
    der.truncate(length);
    Ok((form, der))
}

/// A wrong PIN shows in the padding nearly always, else in a result that is no key.
fn decrypt(path: &Path, der: &[u8], pin: &[u8]) -> Outcome<PrivateKeyDer<'static>> {
    let wrong = || Fault::new(Rv::PinIncorrect, "the PIN does not open the key file");
    let sealed = EncryptedPrivateKeyInfo::try_from(der).map_err(|_| {
        unusable(path, &format!("is encrypted in a form that is not read; {ADVICE}"))
    })?;
    affordable(&sealed.encryption_algorithm).map_err(|why| unusable(path, why))?;
    if pin.is_empty() {
        return Err(Fault::new(Rv::PinIncorrect, "the key file is encrypted and no PIN was given"));
    }
    let opened: SecretDocument = sealed.decrypt(pin).map_err(|error| match error {
        pkcs8::Error::EncryptedPrivateKey(
            pkcs5::Error::AlgorithmParametersInvalid { .. }
            | pkcs5::Error::NoPbes1CryptSupport
            | pkcs5::Error::UnsupportedAlgorithm { .. },
        ) => unusable(path, &format!("is encrypted in a way that is not read; {ADVICE}")),
        _ => wrong(),
    })?;
    PrivateKeyInfo::try_from(opened.as_bytes()).map_err(|_| wrong())?;
    Ok(PrivatePkcs8KeyDer::from(opened.as_bytes().to_vec()).into())
}

/// Whether deriving the key takes a bounded time and bounded memory.
fn affordable(scheme: &EncryptionScheme<'_>) -> Result<(), &'static str> {
    let EncryptionScheme::Pbes2(parameters) = scheme else {
        return Err(
            "is encrypted with PBES1, which is not read; openssl pkcs8 -topk8 -v2 aes-256-cbc",
        );
    };
    let fits = match &parameters.kdf {
        Kdf::Pbkdf2(pbkdf2) => pbkdf2.iteration_count <= MOST_ITERATIONS,
        Kdf::Scrypt(scrypt) => {
            let block = u64::from(scrypt.block_size).saturating_mul(128);
            let memory = scrypt.cost_parameter.saturating_mul(block);
            scrypt.cost_parameter.is_power_of_two()
                && memory <= MOST_MEMORY
                && scrypt.parallelization <= MOST_PASSES
        }
        _ => false,
    };
    if fits { Ok(()) } else { Err("asks for more work to open it than any key needs") }
}

/// The configuration names a file that is of no use.
fn unusable(path: &Path, why: &str) -> Fault {
    Fault::new(Rv::GeneralError, format!("{} {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

    use pkcs8::{LineEnding, pkcs5::pbes2};
    use tempfile::TempDir;

    use super::*;

    const IV: [u8; 16] = [7; 16];

    fn clear() -> (Vec<u8>, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        (key.serialize_der(), key.serialize_pem())
    }

    fn sealed(der: &[u8], scheme: pbes2::Parameters<'_>, pin: &str) -> String {
        let encrypted_data = scheme.encrypt(pin, der).unwrap();
        let info = EncryptedPrivateKeyInfo {
            encryption_algorithm: scheme.into(),
            encrypted_data: &encrypted_data,
        };
        let document = SecretDocument::try_from(info).unwrap();
        document.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF).unwrap().to_string()
    }

    fn file(text: &str) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        (folder, path)
    }

    fn open(text: &str, pin: Option<&str>) -> Result<Vec<u8>, Rv> {
        let (_folder, path) = file(text);
        let pin = pin.map(|pin| Zeroizing::new(pin.as_bytes().to_vec()));
        let key = KeyFile::read(&path).and_then(|file| file.open(&path, pin.as_ref()));
        key.map(|key| key.secret_der().to_vec()).map_err(|fault| fault.rv)
    }

    #[test]
    fn a_key_in_the_clear_takes_no_pin() {
        let (der, pem) = clear();
        assert_eq!(open(&pem, None), Ok(der.clone()));
        assert_eq!(open(&pem, Some("")), Ok(der.clone()));
        assert_eq!(open(&pem, Some("1234")), Err(Rv::PinIncorrect));
        let beside = format!("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n{pem}");
        assert_eq!(open(&beside, None), Ok(der));
    }

    #[test]
    fn a_key_that_others_may_read_is_not_used() {
        let (_folder, path) = file(&clear().1);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let fault = KeyFile::read(&path).unwrap().open(&path, None).unwrap_err();
        assert_eq!(fault.rv, Rv::GeneralError);
        assert!(fault.why.contains("chmod 600"), "{}", fault.why);
    }

    #[test]
    fn the_right_pin_opens_an_encrypted_key() {
        let (der, _) = clear();
        let scheme = || pbes2::Parameters::pbkdf2_sha256_aes256cbc(2_048, &[1; 8], &IV).unwrap();
        let pem = sealed(&der, scheme(), "right");
        let (_folder, path) = file(&pem);
        assert!(KeyFile::read(&path).unwrap().is_encrypted());
        assert_eq!(open(&pem, Some("right")), Ok(der));
        assert_eq!(open(&pem, None), Err(Rv::PinIncorrect));
        assert_eq!(open(&pem, Some("")), Err(Rv::PinIncorrect));
        assert_eq!(open(&pem, Some(&"x".repeat(256))), Err(Rv::PinLenRange));
        for wrong in 0..300 {
            assert_eq!(open(&pem, Some(&wrong.to_string())), Err(Rv::PinIncorrect), "{wrong}");
        }
    }

    #[test]
    fn work_without_bounds_is_not_done() {
        let scheme = pbes2::Parameters::pbkdf2_sha256_aes256cbc(1, &[1; 8], &IV).unwrap();
        let mut costly = scheme.clone();
        let Kdf::Pbkdf2(pbkdf2) = &mut costly.kdf else { panic!("PBKDF2 was asked for") };
        pbkdf2.iteration_count = MOST_ITERATIONS + 1;
        assert!(affordable(&costly.clone().into()).is_err());
        assert!(affordable(&scheme.into()).is_ok());
        let scrypt = |cost, block_size, parallelization| {
            let kdf = pbes2::ScryptParams {
                salt: &[1; 8],
                cost_parameter: cost,
                block_size,
                parallelization,
                key_length: None,
            };
            let encryption = pbes2::EncryptionScheme::Aes256Cbc { iv: &IV };
            affordable(&pbes2::Parameters { kdf: kdf.into(), encryption }.into())
        };
        assert!(scrypt(16_384, 8, 1).is_ok());
        for (cost, block, passes) in
            [(1 << 22, 8, 1), (0, 8, 1), (3, 8, 1), (2, 8, 17), (u64::MAX, 8, 1)]
        {
            assert!(scrypt(cost, block, passes).is_err(), "{cost} {block} {passes}");
        }
    }

    #[test]
    fn the_old_form_is_told_with_what_helps() {
        let pem = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        let (_folder, path) = file(pem);
        let key = KeyFile::read(&path).unwrap();
        assert!(key.is_encrypted());
        let fault = key.open(&path, None).unwrap_err();
        assert_eq!(fault.rv, Rv::GeneralError);
        assert!(fault.why.contains("openssl pkcs8 -topk8"), "{}", fault.why);
        assert_eq!(open("nothing", None), Err(Rv::GeneralError));
        assert_eq!(open("-----BEGIN PRIVATE KEY-----\nAAAA", None), Err(Rv::GeneralError));
    }
}
