//! `warifu hsm`: prepares and examines the HSM by running the worker, without a server.
//!
//! Not responsible for: PKCS#11 (the worker), starting the server.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use config::{Config, Environment, File, FileFormat};
use serde_json::json;
use warifu_core::ident::Name;
use warifu_keys::hsm::{
    self, CheckResult, Doctor, Hsm as Client, HsmConfig, HsmSettings, ImportLine, ImportPlace,
    KeyInfo, Provider, SecretBytes,
};

use crate::{
    exit::{EXIT_CODES, Exit, Failure},
    input,
    output::{Output, clean, facts, table},
};

/// Prepare and examine the HSM, without a server.
///
/// These commands read only the [hsm] section of the server's configuration (and WARIFU__HSM__...
/// variables) and run the HSM worker themselves.
#[derive(Debug, Subcommand)]
pub(crate) enum Hsm {
    /// Make the keys that are missing in the HSM; existing ones are kept
    Init(Place),
    /// Try out what the HSM can and can not do, and which custody it allows
    ///
    /// Shows also what becomes of seeds and keys on their way in: inside the HSM, in the worker's
    /// memory, or not possible with this provider. Exits with 1 where it allows no custody.
    Doctor(Place),
    /// Transport keys, under which manufacturers encrypt their seed files
    #[command(subcommand)]
    Key(Key),
}

/// Where the configuration is.
#[derive(Args, Debug)]
#[command(after_long_help = EXIT_CODES)]
pub(crate) struct Place {
    /// The server's configuration
    #[arg(long, value_name = "FILE", default_value = "/etc/warifu/warifud.toml")]
    config: PathBuf,
}

/// Transport keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    Import(KeyImport),
    Generate(KeyGenerate),
    /// List the keys with their check values
    List(Place),
}

/// Bring a manufacturer's key into the HSM.
///
/// Compare the check value that is printed (AES over a zero block, first 3 bytes) with the
/// manufacturer's, then destroy the file.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Example:
  warifu hsm key import acme --file acme.hex --config /etc/warifu/warifud.toml

{EXIT_CODES}"))]
pub(crate) struct KeyImport {
    /// Name of the key, for `warifu import --key-label`
    #[arg(value_parser = label)]
    label: String,
    /// File with the key in hexadecimal (16, 24 or 32 bytes), mode 0600; `-` asks for it
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

/// Make a key inside the HSM.
///
/// For a manufacturer who wraps under a key of yours; how the key gets there is up to your HSM.
#[derive(Args, Debug)]
#[command(after_long_help = EXIT_CODES)]
pub(crate) struct KeyGenerate {
    /// Name of the key, for `warifu import --key-label`
    #[arg(value_parser = label)]
    label: String,
    /// Size of the AES key: 128, 192 or 256
    #[arg(long, default_value_t = 256, value_parser = bits)]
    bits: u16,
    #[command(flatten)]
    place: Place,
}

fn label(text: &str) -> Result<String, String> {
    Name::parse(text).map(|name| name.as_str().to_owned()).map_err(|e| e.to_string())
}

fn bits(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|bits| [128, 192, 256].contains(bits)).ok_or("128, 192 or 256".into())
}

impl Hsm {
    pub(crate) async fn run(&self, out: Output) -> Result<Exit, Failure> {
        match self {
            Self::Init(place) => {
                let provider = hsm::init(&place.settings()?).await?;
                out.show(&provider, provider_text)?;
                Ok(Exit::Ok)
            }
            Self::Doctor(place) => {
                let doctor = hsm::inspect(&place.settings()?).await?;
                out.show(&doctor, doctor_text)?;
                let allowed = doctor.wrapped_allowed || doctor.resident_allowed;
                Ok(if allowed { Exit::Ok } else { Exit::Refused })
            }
            Self::Key(key) => key.run(out).await,
        }
    }
}

impl Key {
    async fn run(&self, out: Output) -> Result<Exit, Failure> {
        let keys = match self {
            Self::Import(import) => {
                let value = key_value(&import.file)?;
                let hsm = Client::start(import.place.settings()?).await?;
                vec![hsm.import_transport_key(&import.label, value).await?]
            }
            Self::Generate(generate) => {
                let hsm = Client::start(generate.place.settings()?).await?;
                vec![hsm.generate_transport_key(&generate.label, generate.bits).await?]
            }
            Self::List(place) => {
                Client::start(place.settings()?).await?.list_transport_keys().await?
            }
        };
        out.show(&json!({ "keys": keys }), |_| keys_text(&keys))?;
        Ok(Exit::Ok)
    }
}

impl Place {
    /// One worker is enough for a command.
    fn settings(&self) -> Result<HsmConfig, Failure> {
        let settings = read(&self.config)?;
        let config = settings.config().map_err(|faults| {
            let lines: Vec<_> = faults.iter().map(|fault| format!("\n  {fault}")).collect();
            let message = format!("{}:{}", self.config.display(), lines.concat());
            Failure::new(Exit::Config, message)
        })?;
        Ok(HsmConfig { workers: 1, ..config })
    }
}

fn read(path: &Path) -> Result<HsmSettings, Failure> {
    let failed =
        |e: &dyn std::error::Error| Failure::because(Exit::Config, path.display().to_string(), e);
    // Read by ourselves: the crate says "not found" about a file that may not be read.
    let text = fs::read_to_string(path).map_err(|e| failed(&e))?;
    let variables = Environment::with_prefix("WARIFU").prefix_separator("__").separator("__");
    let config = Config::builder()
        .add_source(File::from_str(&text, FileFormat::Toml))
        .add_source(variables)
        .build()
        .map_err(|e| failed(&e))?;
    config.get("hsm").map_err(|e| failed(&e))
}

fn key_value(path: &Path) -> Result<SecretBytes, Failure> {
    let text = input::secret(path, "transport key in hexadecimal")?;
    let refused = || {
        let rule = "a transport key is 32, 48 or 64 hexadecimal digits";
        Failure::new(Exit::Usage, format!("{}: {rule}", path.display()))
    };
    let bytes = SecretBytes::new(hex::decode(text.trim()).map_err(|_| refused())?);
    if matches!(bytes.expose().len(), 16 | 24 | 32) { Ok(bytes) } else { Err(refused()) }
}

fn provider_text(provider: &Provider) -> String {
    let custody = [(provider.wrapped, "wrapped"), (provider.resident, "resident")];
    let allowed: Vec<_> = custody.iter().filter(|(may, _)| *may).map(|(_, word)| *word).collect();
    facts([
        ("library", Some(provider.library.clone())),
        ("token", Some(provider.token_label.clone())),
        ("serial", Some(provider.token_serial.clone())),
        ("model", Some(provider.token_model.clone())),
        ("profile", Some(provider.profile.clone())),
        ("custody", Some(allowed.join(", "))),
        ("fingerprint", Some(provider.fingerprint.clone())),
        ("audit public key", Some(hex::encode(&provider.audit_public_key))),
    ])
}

fn doctor_text(doctor: &Doctor) -> String {
    let mut text: String =
        facts(doctor.identity.iter().map(|(name, value)| (name.as_str(), Some(value.clone()))));
    text.push('\n');
    text.push_str(&table(
        ["CHECK", "RESULT", "DETAIL"],
        doctor.checks.iter().map(|check| {
            let result = match check.result {
                CheckResult::Pass => "pass",
                CheckResult::Absent => "absent",
                CheckResult::Fail => "FAIL",
            };
            [check.name.clone(), result.to_owned(), check.detail.clone()]
        }),
    ));
    let may = |allowed| if allowed { "allowed" } else { "NOT allowed" };
    let (wrapped, resident) = (may(doctor.wrapped_allowed), may(doctor.resident_allowed));
    text.extend(["\nwrapped custody is ", wrapped, ", resident custody is ", resident, "\n"]);
    if !doctor.import.is_empty() {
        text.push('\n');
        text.push_str(&import_text(doctor));
    }
    text
}

/// What the provider means for imports, ceremonies and rotation.
fn import_text(doctor: &Doctor) -> String {
    let row = |line: &ImportLine| {
        let place = match line.place {
            ImportPlace::Inside => "inside the HSM",
            ImportPlace::Worker => "in the worker's memory",
            ImportPlace::Impossible => "NOT possible",
        };
        [line.name.clone(), place.to_owned(), line.detail.clone()]
    };
    table(["IMPORT", "WHERE", "DETAIL"], doctor.import.iter().map(row))
}

fn keys_text(keys: &[KeyInfo]) -> String {
    table(
        ["LABEL", "SHAPE", "CHECK VALUE", "ORIGIN"],
        keys.iter().map(|key| {
            let origin = if key.local { "made in the HSM" } else { "imported" };
            [clean(&key.label), key.shape.to_string(), key.kcv.clone(), origin.to_owned()]
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_is_read_and_the_rest_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("warifud.toml");
        let text = "[server]\nlisten = \"x\"\n[hsm]\nmodule = \"/m.so\"\ntoken_label = \"T\"\n\
                    pin_file = \"/p\"\nsessions = 2\nenvironment = { SOFTHSM2_CONF = \"/c\" }\n";
        fs::write(&path, text).unwrap();
        let config = read(&path).unwrap().config().unwrap();
        assert_eq!(config.worker.sessions, 2);
        assert_eq!(config.environment.get("SOFTHSM2_CONF").map(String::as_str), Some("/c"));
        fs::write(&path, "[hsm]\nmodul = \"/m.so\"\n").unwrap();
        assert!(read(&path).is_err());
    }

    #[test]
    fn the_doctor_says_what_becomes_of_imports() {
        let doctor: Doctor = serde_json::from_str(
            r#"{"identity":[["token","T"]],"checks":[{"name":"hmac-sha1","result":"Pass","detail":"d"}],
                "wrapped_allowed":true,"resident_allowed":false,"import":[
                {"name":"rsa-oaep","place":"Worker","detail":"values pass through the worker"},
                {"name":"rotation","place":"Inside","detail":"C_WrapKey"}]}"#,
        )
        .unwrap();
        let text = doctor_text(&doctor);
        let worker = "rsa-oaep  in the worker's memory  values pass through the worker\n";
        assert!(text.contains(worker), "{text}");
        assert!(text.contains("rotation  inside the HSM          C_WrapKey\n"), "{text}");
    }

    #[test]
    fn keys_are_listed_with_their_shapes() {
        let keys: Vec<KeyInfo> = serde_json::from_str(
            r#"[{"label":"acme","shape":"rsa-3072","bits":3072,"kcv":"3a1f90","local":true}]"#,
        )
        .unwrap();
        assert!(keys_text(&keys).contains("acme   rsa-3072  3a1f90       made in the HSM"));
    }
}
