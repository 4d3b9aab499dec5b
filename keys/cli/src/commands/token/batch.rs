//! `warifu token batch`: a demo batch, as a manufacturer would ship it.
//!
//! Not responsible for: the format of the seed file (`warifu_token`).

use std::{
    fs,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use rustix::rand::{GetRandomFlags, getrandom};
use serde_json::json;
use warifu_core::{oath::HashAlgorithm, ocra::keypad::KeypadUse};
use warifu_token::{AesSize, BatchSeed, Keyring, MacKind, Model, Protection, SigningBatch, Tokens};
use zeroize::Zeroizing;

use super::{failure, keypad::UseWord};
use crate::{
    exit::{EXIT_CODES, Exit, Failure},
    input,
    output::Output,
    output_file::{OutputFile, unwritable},
};

/// Make a demo batch: a seed file and its keyring.
///
/// The seeds follow from one secret in the keyring, so that `warifu token code`, `warifu token camera
/// new` and `warifu token keypad code` can play each token of a batch of any size. Never use such
/// tokens for anything but tests.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  warifu token batch demo.xml --keyring demo.json --count 100 --new-key-file demo.hex
  warifu hsm key import demo --file demo.hex --config warifud.toml
  warifu import demo.xml --key-label demo
  warifu token batch demo.xml --keyring demo.json --kind camera --new-key-file demo.hex

{EXIT_CODES}"))]
pub(crate) struct Batch {
    /// Seed file (PSKC) to write
    file: PathBuf,
    /// Keyring to write
    #[arg(long, value_name = "FILE")]
    keyring: PathBuf,
    /// How many tokens
    #[arg(long, value_name = "N", default_value_t = 10)]
    count: u64,
    /// Serial of the first token; the others count up its digits
    ///
    /// A camera token has ten digits: nine count up, the tenth is their check digit. Where absent,
    /// W0000001, K0000001 for keypad tokens, or 0112345679 for camera tokens.
    #[arg(long, value_name = "SERIAL")]
    first_serial: Option<String>,
    /// Maker named in the file
    #[arg(long, value_name = "NAME", default_value = "oath.ZZ")]
    manufacturer: String,
    /// Kind of token
    #[arg(long, value_enum, default_value_t = KindWord::Totp)]
    kind: KindWord,
    /// Seconds per time step of TOTP tokens
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    time_step: u32,
    /// Hash of HOTP and TOTP tokens: SHA1, SHA256 or SHA512
    #[arg(long, value_name = "NAME", default_value = "SHA1", value_parser = hash)]
    hash: HashAlgorithm,
    /// Digits of a code of HOTP and TOTP tokens, 6 to 9
    #[arg(long, value_name = "N", default_value_t = 6)]
    digits: u8,
    /// What keypad tokens are for; all four uses where absent
    #[arg(long = "use", value_enum, value_name = "USE", value_delimiter = ',')]
    uses: Vec<UseWord>,
    #[command(flatten)]
    protection: Protect,
    /// Name of the pre-shared key in the file
    #[arg(long, value_name = "NAME", default_value = "demo")]
    key_name: String,
    /// Size of a new or derived key: 128, 192 or 256
    #[arg(long, value_name = "BITS", default_value_t = 128, value_parser = bits)]
    key_bits: u16,
    /// PBKDF2 iterations under a password
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    iterations: u32,
    /// Hash of the MAC over each value
    #[arg(long, value_enum, default_value_t = MacWord::Sha256)]
    mac: MacWord,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
}

/// What protects the seeds in the file.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Protect {
    /// File with the pre-shared key in hexadecimal
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Make a pre-shared key and write it to this file, in hexadecimal
    #[arg(long, value_name = "FILE")]
    new_key_file: Option<PathBuf>,
    /// File with a password; `-` asks for it
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Nothing: the seeds stand in the clear
    #[arg(long)]
    plain: bool,
}

/// Kind of token on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum KindWord {
    /// A code per time step
    Totp,
    /// A code per press of the button
    Hotp,
    /// Reads QR codes and signs what it shows; three keys per token
    Camera,
    /// The same with one seed per token, from which the HSM makes the keys
    CameraSeed,
    /// Signs what is typed into it
    Keypad,
}

/// Hash of the value MACs on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum MacWord {
    /// HMAC-SHA-1
    Sha1,
    /// HMAC-SHA-256
    Sha256,
    /// HMAC-SHA-512
    Sha512,
}

fn hash(name: &str) -> Result<HashAlgorithm, String> {
    HashAlgorithm::from_name(name).ok_or_else(|| "SHA1, SHA256 or SHA512".to_owned())
}

fn bits(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|bits| [128, 192, 256].contains(bits)).ok_or("128, 192 or 256".into())
}

impl Batch {
    pub(crate) fn run(&self, out: Output) -> Result<Exit, Failure> {
        let mut target = OutputFile::create(&self.file, self.force)?;
        let protection = self.protection()?;
        let seed = BatchSeed::generate().map_err(|e| failure(&self.file, e.into()))?;
        let keyring = Keyring { batch: self.tokens(), seed };
        let mut writer = BufWriter::with_capacity(1 << 16, target.file());
        let written = keyring.write(&protection, &mut writer);
        written.map_err(|e| failure(&self.file, e))?;
        writer.flush().map_err(|e| unwritable(&self.file, &e))?;
        drop(writer);
        self.save(&keyring)?;
        target.keep()?;
        let answer = json!({ "file": self.file, "keyring": self.keyring, "tokens": self.count });
        out.show(&answer, |_| {
            let (file, keyring) = (self.file.display(), self.keyring.display());
            format!("{file} has {} tokens; {keyring} plays them", self.count)
        })?;
        Ok(Exit::Ok)
    }

    fn tokens(&self) -> Tokens {
        let codes = |time_step_s| Tokens::Codes(self.codes(time_step_s));
        let signing = |first, model| Tokens::Signing(self.signing(first, model));
        match self.kind {
            KindWord::Totp => codes(Some(self.time_step)),
            KindWord::Hotp => codes(None),
            KindWord::Camera => signing("0112345679", Model::CameraKeys),
            KindWord::CameraSeed => signing("0112345679", Model::CameraSeed),
            KindWord::Keypad => signing("K0000001", Model::Keypad(self.keypad_uses())),
        }
    }

    fn codes(&self, time_step_s: Option<u32>) -> warifu_token::Batch {
        warifu_token::Batch {
            count: self.count,
            first_serial: self.first_serial("W0000001"),
            manufacturer: self.manufacturer.clone(),
            time_step_s,
            hash: self.hash,
            digits: self.digits,
        }
    }

    fn signing(&self, first: &str, model: Model) -> SigningBatch {
        SigningBatch {
            count: self.count,
            first_serial: self.first_serial(first),
            manufacturer: self.manufacturer.clone(),
            model,
        }
    }

    fn first_serial(&self, usual: &str) -> String {
        self.first_serial.clone().unwrap_or_else(|| usual.to_owned())
    }

    /// Each use once, in the order of the command line.
    fn keypad_uses(&self) -> Vec<KeypadUse> {
        let mut uses = Vec::new();
        for one in self.uses.iter().map(|word| KeypadUse::from(*word)) {
            if !uses.contains(&one) {
                uses.push(one);
            }
        }
        if uses.is_empty() { KeypadUse::ALL.to_vec() } else { uses }
    }

    fn save(&self, keyring: &Keyring) -> Result<(), Failure> {
        if self.force && self.keyring.is_file() {
            fs::remove_file(&self.keyring).map_err(|e| unwritable(&self.keyring, &e))?;
        }
        keyring.save(&self.keyring).map_err(|error| failure(&self.keyring, error))
    }

    fn protection(&self) -> Result<Protection, Failure> {
        let Protect { key_file, new_key_file, password_file, .. } = &self.protection;
        if let Some(path) = key_file {
            return self.pre_shared(old_key(path)?);
        }
        if let Some(path) = new_key_file {
            return self.pre_shared(new_key(path, self.key_bits, self.force)?);
        }
        let Some(path) = password_file else { return Ok(Protection::Plain) };
        Ok(Protection::Password {
            password: input::secret(path, "password of the new file")?,
            iterations: self.iterations,
            aes: size(usize::from(self.key_bits / 8))?,
            mac: self.mac(),
        })
    }

    fn pre_shared(&self, key: Zeroizing<Vec<u8>>) -> Result<Protection, Failure> {
        let (name, aes, mac) = (self.key_name.clone(), size(key.len())?, self.mac());
        Ok(Protection::PreShared { name, key, aes, mac })
    }

    fn mac(&self) -> MacKind {
        match self.mac {
            MacWord::Sha1 => MacKind::Sha1,
            MacWord::Sha256 => MacKind::Sha256,
            MacWord::Sha512 => MacKind::Sha512,
        }
    }
}

fn size(bytes: usize) -> Result<AesSize, Failure> {
    let sizes = [AesSize::Aes128, AesSize::Aes192, AesSize::Aes256];
    let fits = sizes.into_iter().find(|size| size.key_len() == bytes);
    fits.ok_or_else(|| Failure::new(Exit::Usage, "a pre-shared key has 16, 24 or 32 bytes"))
}

fn old_key(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let text = input::secret(path, "pre-shared key in hexadecimal")?;
    let key = hex::decode(text.trim()).map_err(|_| {
        let rule = "a key is an even number of hexadecimal digits";
        Failure::new(Exit::Usage, format!("{}: {rule}", path.display()))
    })?;
    Ok(Zeroizing::new(key))
}

fn new_key(path: &Path, bits: u16, force: bool) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut key = Zeroizing::new(vec![0; usize::from(bits / 8)]);
    // Up to 256 bytes come whole or not at all (getrandom(2)).
    getrandom(key.as_mut_slice(), GetRandomFlags::empty())
        .map_err(|e| Failure::because(Exit::Unavailable, "no random bytes", &e))?;
    let text = Zeroizing::new(hex::encode(key.as_slice()) + "\n");
    let mut target = OutputFile::create(path, force)?;
    target.file().write_all(text.as_bytes()).map_err(|e| unwritable(path, &e))?;
    target.keep()?;
    Ok(key)
}
