//! `warifu keys`: the transport keys of an institution, in the HSM behind the server.
//!
//! Not responsible for: keys at the machine of the HSM (`warifu hsm key`), nor for the keys that seeds
//! in the store are wrapped under (`warifu wrapping-key`).

mod ceremony;
mod text;

use std::{io::Write as _, path::PathBuf};

use clap::{Args, Subcommand};
use warifu_api::{approval::ProposedOperation, client::Client, key::PublicKey};
use warifu_core::ident::Name;

use self::ceremony::Ceremony;
use super::propose::propose;
use crate::{
    connection::Connection,
    exit::{EXIT_CODES, Exit, Failure},
    output::{Output, grouped, print},
    output_file::{OutputFile, unwritable},
};

/// Look after transport keys, under which manufacturers encrypt their seed files.
///
/// A key that comes from the manufacturer is put together in a ceremony, from components that different
/// officers type. A key of your own is made inside the HSM; of a pair the manufacturer gets the public
/// part. No key is ever shown.
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// List the keys with use, origin, check values and dates; destroyed ones too
    #[command(after_long_help = EXIT_CODES)]
    List,
    Public(Public),
    Generate(Generate),
    Pair(Pair),
    Destroy(Destroy),
    #[command(subcommand)]
    Ceremony(Ceremony),
}

/// Give out the public part of a key pair, for the manufacturer.
///
/// Its SHA-256 goes to standard error. The manufacturer compares it by another channel, as by phone:
/// whoever can exchange the key on its way can read the seeds.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu keys public acme-2026 --out acme-2026.pem

{EXIT_CODES}"))]
pub(crate) struct Public {
    /// Name of the key
    #[arg(value_parser = label)]
    label: String,
    /// Write it to this file; to standard output where absent
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Overwrite the file
    #[arg(long, requires = "out")]
    force: bool,
}

/// Propose to make an AES key inside the HSM.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu keys generate acme-2026

{EXIT_CODES}"))]
pub(crate) struct Generate {
    /// Name of the key, for `warifu import --key-label`
    #[arg(value_parser = label)]
    label: String,
    /// Size of the key: 128, 192 or 256
    #[arg(long, default_value_t = 256, value_parser = aes_bits)]
    bits: u16,
}

/// Propose to make an RSA key pair inside the HSM.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu keys pair acme-2026 --bits 4096

{EXIT_CODES}"))]
pub(crate) struct Pair {
    /// Name of the key, for `warifu import --key-label`
    #[arg(value_parser = label)]
    label: String,
    /// Size of the modulus: 2048, 3072 or 4096
    #[arg(long, default_value_t = 3072, value_parser = rsa_bits)]
    bits: u16,
}

/// Propose to destroy a transport key.
///
/// Files under it can not be opened any more; tokens in service are not concerned. It stays in the
/// list, as destroyed.
#[derive(Args, Debug)]
#[command(after_long_help = EXIT_CODES)]
pub(crate) struct Destroy {
    /// Name of the key
    #[arg(value_parser = label)]
    label: String,
}

/// Name of a key.
pub(super) fn label(text: &str) -> Result<String, String> {
    Name::parse(text).map(|name| name.as_str().to_owned()).map_err(|e| e.to_string())
}

fn aes_bits(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|bits| [128, 192, 256].contains(bits)).ok_or("128, 192 or 256".into())
}

fn rsa_bits(text: &str) -> Result<u16, String> {
    let known = |bits: &u16| [2048, 3072, 4096].contains(bits);
    text.parse().ok().filter(known).ok_or("2048, 3072 or 4096".into())
}

impl Keys {
    pub(crate) async fn run(&self, connection: &Connection, out: Output) -> Result<Exit, Failure> {
        let client = connection.client()?;
        let operation = match self {
            Self::List => {
                out.show(&client.keys().await?, |list| text::list(list, out.language()))?;
                return Ok(Exit::Ok);
            }
            Self::Public(public) => return public.run(&client, out).await,
            Self::Ceremony(ceremony) => return ceremony.run(&client, out).await,
            Self::Generate(Generate { label, bits }) => {
                ProposedOperation::KeyGenerate { label: label.clone(), bits: *bits }
            }
            Self::Pair(Pair { label, bits }) => {
                ProposedOperation::KeyPair { label: label.clone(), bits: *bits }
            }
            Self::Destroy(Destroy { label }) => {
                ProposedOperation::KeyDestroy { label: label.clone() }
            }
        };
        propose(&client, operation, out).await
    }
}

impl Public {
    async fn run(&self, client: &Client, out: Output) -> Result<Exit, Failure> {
        let target = match &self.out {
            Some(path) => Some((path, OutputFile::create(path, self.force)?)),
            None => None,
        };
        let key = client.key_public(&self.label).await?;
        if let Some((path, mut file)) = target {
            file.file().write_all(key.pem.as_bytes()).map_err(|e| unwritable(path, &e))?;
            file.keep()?;
        }
        self.show(&key, out)?;
        Ok(Exit::Ok)
    }

    fn show(&self, key: &PublicKey, out: Output) -> Result<(), Failure> {
        if out.is_json() {
            return out.show(key, |key| key.pem.clone());
        }
        if self.out.is_none() {
            print(key.pem.trim_end())?;
        }
        eprintln!("SHA-256 {}", grouped(&key.sha256));
        Ok(())
    }
}
