//! Section `import`: custody, spools, and whose word counts about a seed file.
//!
//! Not responsible for: reading the keys of OpenPGP (warifu-keys, when a file needs them); here it is
//! only looked whether nobody else can.

use std::path::{Path, PathBuf};

use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use warifu_core::custody::CustodyKind;
use x509_parser::{certificate::X509Certificate, prelude::FromDer as _};

use super::{
    Import, OpenPgp, StoreSettings,
    check::Check,
    fault::Fault,
    files,
    raw::{List, RawImport},
    tree::Tree,
};

const SIGNERS: &str = "openpgp_signers";
const ROOTS: &str = "signature_roots";

pub(super) fn import(
    tree: &Tree,
    store: Option<&StoreSettings>,
    credentials: Option<&Path>,
    faults: &mut Vec<Fault>,
) -> Option<Import> {
    let mut raw: RawImport = tree.section("import", faults);
    let mut check = Check::new(tree, "import", faults);
    let custody = match raw.custody.as_deref() {
        None | Some("wrapped") => CustodyKind::Wrapped,
        Some("resident") => CustodyKind::Resident,
        Some(_) => {
            check.fault("custody", "is wrapped or resident", r#"custody = "wrapped""#);
            CustodyKind::Wrapped
        }
    };
    if let Some(folder) = &raw.folder
        && let Err(rule) = files::folder(folder)
    {
        check.fault("folder", rule, r#"folder = "/var/lib/warifu/spool""#);
    }
    let openpgp = openpgp(&mut check, &mut raw, credentials);
    let signature_roots = roots(&mut check, &raw.signature_roots);
    let beside = || store.map(|store| store.path.with_file_name("spool"));
    Some(Import { custody, folder: raw.folder.or_else(beside)?, openpgp, signature_roots })
}

fn openpgp(
    check: &mut Check<'_>,
    raw: &mut RawImport,
    credentials: Option<&Path>,
) -> Option<OpenPgp> {
    const SECRET: &str = "openpgp_secret_key_file";
    const PASSPHRASE: &str = "openpgp_passphrase_file";
    let example = r#"openpgp_secret_key_file = "/etc/warifu/import/openpgp.key""#;
    let alone = raw.openpgp_passphrase_file.is_some() || !raw.openpgp_signers.0.is_empty();
    let Some(secret_key) = raw.openpgp_secret_key_file.take() else {
        if alone {
            let rule =
                "must be set where a passphrase or signers are: nothing else opens a message";
            check.fault(SECRET, rule, example);
        }
        return None;
    };
    let what = "file with the bank's OpenPGP secret keys";
    let secret_key = check.secret_file(SECRET, Some(secret_key), credentials, what, example);
    let passphrase = raw.openpgp_passphrase_file.take().map(|path| {
        let example = r#"openpgp_passphrase_file = "/etc/warifu/import/openpgp.pass""#;
        let what = "file with what protects the secret keys";
        check.secret_file(PASSPHRASE, Some(path), credentials, what, example)
    });
    let signers: Vec<PathBuf> = raw.openpgp_signers.0.iter().map(PathBuf::from).collect();
    for signer in &signers {
        if let Err(rule) = files::readable(signer) {
            check.fault(SIGNERS, rule, r#"openpgp_signers = ["/etc/warifu/import/maker.asc"]"#);
        }
    }
    // A file that is not good is a fault already; it must not look like none.
    let passphrase = match passphrase {
        Some(path) => Some(path?),
        None => None,
    };
    Some(OpenPgp { secret_key: secret_key?, passphrase, signers })
}

/// The certificates of all files. A file without any would make every signature a stranger's.
fn roots(check: &mut Check<'_>, list: &List) -> Vec<Vec<u8>> {
    let mut roots = Vec::new();
    for path in list.0.iter().map(Path::new) {
        match certificates(path) {
            Ok(found) => roots.extend(found),
            Err(rule) => {
                let example = r#"signature_roots = ["/etc/warifu/import/maker-ca.pem"]"#;
                check.fault(ROOTS, rule, example);
            }
        }
    }
    roots
}

fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, String> {
    files::readable(path)?;
    let shown = path.display();
    let bad = |_| format!("{shown} is no PEM file of certificates");
    let read = CertificateDer::pem_file_iter(path).map_err(bad)?;
    let read = read.collect::<Result<Vec<_>, _>>().map_err(bad)?;
    if read.is_empty() {
        return Err(format!("{shown} holds no certificate"));
    }
    let broken = |der: &CertificateDer<'_>| X509Certificate::from_der(der).is_err();
    if read.iter().any(broken) {
        return Err(format!("{shown} holds a certificate that can not be read"));
    }
    Ok(read.into_iter().map(|der| der.to_vec()).collect())
}
