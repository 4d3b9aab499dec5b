//! What opens a seed file on this machine, and whose signatures on it count.
//!
//! Not responsible for: transport keys in the HSM, which open files on the server only.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use warifu_keys::{
    secret::Secret,
    seedfile::{OpenPgp, options::ReadOptions, unwrap::Unlock},
};

use crate::{
    exit::{Exit, Failure},
    input,
};

/// Keys, passwords, signers.
#[derive(Args, Debug)]
#[command(next_help_heading = "Keys and signers")]
pub(super) struct Opening {
    /// File with the pre-shared key in hexadecimal, mode 0600; `-` is standard input
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// File with the password, mode 0600; `-` asks for it
    #[arg(long, value_name = "FILE", conflicts_with = "key_file")]
    password_file: Option<PathBuf>,
    /// File with the MAC key in hexadecimal, mode 0600, for files that only name it
    #[arg(long, value_name = "FILE", requires = "key_file")]
    mac_key_file: Option<PathBuf>,
    /// Name of the key that the file must name
    #[arg(long, value_name = "NAME")]
    key_name: Option<String>,
    /// File with an OpenPGP secret key, mode 0600; more than one may be given
    #[arg(long, value_name = "FILE")]
    pgp_key: Vec<PathBuf>,
    /// File with the passphrase of the OpenPGP keys, mode 0600; `-` asks for it
    #[arg(long, value_name = "FILE", requires = "pgp_key")]
    pgp_passphrase_file: Option<PathBuf>,
    /// File with the OpenPGP certificate of a trusted signer; more than one may be given
    #[arg(long, value_name = "FILE")]
    pgp_signer: Vec<PathBuf>,
    /// Only take OpenPGP messages that a trusted signer signed
    #[arg(long, requires = "pgp_signer")]
    pgp_require_signature: bool,
    /// File with root certificates (PEM), under which signers of XML files must stand
    #[arg(long, value_name = "FILE")]
    root: Vec<PathBuf>,
}

impl Opening {
    /// Reads what was named.
    pub(super) fn prepare(&self, options: &mut ReadOptions) -> Result<(), Failure> {
        options.key_name.clone_from(&self.key_name);
        options.unlock = self.unlock()?;
        if let Some(path) = &self.mac_key_file {
            options.mac_key = Some(mac_key(path)?);
        }
        let keys = self.pgp_key.iter().map(|path| input::secret_bytes(path).map(Secret::new));
        let signers = self.pgp_signer.iter().map(|path| read(path));
        let passphrase = match &self.pgp_passphrase_file {
            Some(path) => Some(secret(path, "passphrase of the OpenPGP key")?),
            None => None,
        };
        options.openpgp = OpenPgp {
            secret_keys: keys.collect::<Result<_, _>>()?,
            passphrase,
            signers: signers.collect::<Result<_, _>>()?,
            require_signature: self.pgp_require_signature,
        };
        Ok(())
    }

    /// Root certificates, in DER.
    pub(super) fn roots(&self) -> Result<Vec<Vec<u8>>, Failure> {
        let mut roots = Vec::new();
        for path in &self.root {
            let before = roots.len();
            let pem = read(path)?;
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                let certificate = certificate
                    .map_err(|e| Failure::because(Exit::Usage, path.display().to_string(), &e))?;
                roots.push(certificate.to_vec());
            }
            if roots.len() == before {
                let message = format!("{}: holds no certificate (PEM)", path.display());
                return Err(Failure::new(Exit::Usage, message));
            }
        }
        Ok(roots)
    }

    fn unlock(&self) -> Result<Option<Unlock>, Failure> {
        match (&self.key_file, &self.password_file) {
            (Some(path), _) => key(path).map(Some),
            (None, Some(path)) => {
                secret(path, "password of the file").map(|one| Some(Unlock::Password(one)))
            }
            (None, None) => Ok(None),
        }
    }
}

fn secret(path: &Path, prompt: &str) -> Result<Secret, Failure> {
    Ok(Secret::new(input::secret(path, prompt)?.as_bytes().to_vec()))
}

fn key(path: &Path) -> Result<Unlock, Failure> {
    let text = input::secret(path, "pre-shared key in hexadecimal")?;
    Unlock::key_from_hex(&text).map_err(|refusal| {
        Failure::new(Exit::Usage, format!("{}: {}", path.display(), refusal.rule))
    })
}

fn mac_key(path: &Path) -> Result<Secret, Failure> {
    let text = input::secret(path, "MAC key in hexadecimal")?;
    hex::decode(text.trim()).map(Secret::new).map_err(|_| {
        let message = format!("{}: a MAC key is hexadecimal digits", path.display());
        Failure::new(Exit::Usage, message)
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|e| input::unreadable(path, &e))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        opening: Opening,
    }

    fn opening(arguments: &[&str]) -> Opening {
        Line::parse_from([&["warifu"], arguments].concat()).opening
    }

    #[test]
    fn a_file_without_certificates_is_no_root() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "no PEM here").unwrap();
        let path = file.path().to_str().unwrap();
        assert!(opening(&["--root", path]).roots().is_err());
        assert!(opening(&[]).roots().unwrap().is_empty());
    }

    #[test]
    fn openpgp_keys_are_read_from_files() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), b"\x95key").unwrap();
        let path = file.path().to_str().unwrap();
        let mut options = ReadOptions::default();
        opening(&["--pgp-key", path, "--pgp-signer", path, "--pgp-require-signature"])
            .prepare(&mut options)
            .unwrap();
        assert_eq!(options.openpgp.secret_keys.len(), 1);
        assert_eq!(options.openpgp.signers, [b"\x95key"]);
        assert!(options.openpgp.require_signature && options.unlock.is_none());
    }
}
