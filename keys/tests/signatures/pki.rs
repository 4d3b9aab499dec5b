//! Keys and certificates of every kind, made by `openssl` once per run.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{LazyLock, Mutex};

use tempfile::TempDir;
use warifu_core::time::UnixTime;
use x509_parser::pem::parse_x509_pem;

/// Extensions of a signer.
pub(crate) const SIGNER: &str =
    "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n";
/// Extensions of a CA.
pub(crate) const AUTHORITY: &str =
    "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n";

/// The same keys for all tests; `None`, with a word about it, where a program is missing.
pub(crate) fn pki() -> Option<&'static Pki> {
    static PKI: LazyLock<Option<Pki>> = LazyLock::new(|| {
        for program in ["openssl", "xmlsec1"] {
            if let Err(error) = Command::new(program).arg("version").output() {
                eprintln!("SKIPPED: signed files need {program}: {error}");
                return None;
            }
        }
        Some(Pki::new())
    });
    PKI.as_ref()
}

pub(crate) struct Pki {
    folder: TempDir,
    serials: Mutex<u32>,
    /// The trusted root.
    pub(crate) root: Holder,
    /// A signer with an RSA key, under the root.
    pub(crate) rsa: Holder,
    /// A signer with a key on P-256, under the root.
    pub(crate) p256: Holder,
}

/// A key and the certificate for it.
pub(crate) struct Holder {
    key: PathBuf,
    certificate: PathBuf,
    /// Certificates that go into the file beside the holder's own.
    pub(crate) brings: Vec<PathBuf>,
}

impl Holder {
    pub(crate) fn der(&self) -> Vec<u8> {
        parse_x509_pem(&std::fs::read(&self.certificate).unwrap()).unwrap().1.contents
    }

    pub(crate) fn with(mut self, issuer: &Self) -> Self {
        self.brings.push(issuer.certificate.clone());
        self
    }

    /// As `xmlsec1 --privkey-pem` wants it.
    pub(crate) fn key_and_certificates(&self) -> String {
        let files = [&self.key, &self.certificate].into_iter().chain(&self.brings);
        files.map(|file| file.to_str().unwrap()).collect::<Vec<_>>().join(",")
    }
}

impl Pki {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let serials = Mutex::new(0);
        let root = issue(&folder, &serials, "root", "P-256", AUTHORITY, None);
        let rsa = issue(&folder, &serials, "rsa", "2048", SIGNER, Some(&root));
        let p256 = issue(&folder, &serials, "p256", "P-256", SIGNER, Some(&root));
        Self { folder, serials, root, rsa, p256 }
    }

    /// A day after the certificates begin to be valid.
    pub(crate) fn now(&self) -> UnixTime {
        let der = self.root.der();
        let (_, certificate) = x509_parser::parse_x509_certificate(&der).unwrap();
        let begin = certificate.validity().not_before.timestamp();
        UnixTime(u64::try_from(begin).unwrap() + 86400)
    }

    /// A certificate by `issuer`, or by itself. The key is a curve's name or a number of bits.
    pub(crate) fn issue(&self, key: &str, extensions: &str, issuer: Option<&Holder>) -> Holder {
        issue(&self.folder, &self.serials, "someone", key, extensions, issuer)
    }
}

fn issue(
    folder: &TempDir,
    serials: &Mutex<u32>,
    name: &str,
    key: &str,
    extensions: &str,
    issuer: Option<&Holder>,
) -> Holder {
    let serial = {
        let mut serials = serials.lock().unwrap();
        *serials += 1;
        *serials
    };
    let file = |ending: &str| folder.path().join(format!("{serial}.{ending}"));
    let (key_file, request, certificate) = (file("key"), file("csr"), file("pem"));
    std::fs::write(file("ext"), extensions).unwrap();
    let mut command = Command::new("openssl");
    command.args(["req", "-new", "-nodes", "-subj", &format!("/CN={name} {serial}"), "-newkey"]);
    match key.strip_prefix("P-") {
        None => command.arg(format!("rsa:{key}")),
        Some(_) => command.args(["ec", "-pkeyopt", &format!("ec_paramgen_curve:{key}")]),
    };
    run(command.arg("-keyout").arg(&key_file).arg("-out").arg(&request));
    let mut command = Command::new("openssl");
    command.args(["x509", "-req", "-sha256", "-days", "300", "-set_serial", &serial.to_string()]);
    match issuer {
        Some(by) => command.arg("-CA").arg(&by.certificate).arg("-CAkey").arg(&by.key),
        None => command.arg("-signkey").arg(&key_file),
    };
    command.arg("-extfile").arg(file("ext"));
    run(command.arg("-in").arg(&request).arg("-out").arg(&certificate));
    Holder { key: key_file, certificate, brings: Vec::new() }
}

/// Runs a program that must succeed.
pub(crate) fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
