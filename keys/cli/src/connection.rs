//! Where the server is and who we are: options, or a profile file.
//!
//! Not responsible for: talking to the server (`warifu_api::client`).

use std::path::{Path, PathBuf};

use clap::Args;
use config::{Config, File, FileFormat};
use serde::Deserialize;
use warifu_api::{
    Language,
    client::{Client, ClientConfig},
};

use crate::exit::{Exit, Failure};

/// Options of every command that talks to the server.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// Address of the server
    #[arg(long, global = true, value_name = "https://HOST:PORT")]
    server: Option<String>,
    /// Certificates (PEM) that the server's certificate must descend from
    #[arg(long, global = true, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Your certificate (PEM)
    #[arg(long, global = true, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// Key of your certificate (PEM)
    #[arg(long, global = true, value_name = "FILE")]
    key: Option<PathBuf>,
    /// TOML file with `server`, `ca`, `cert` and `key`; options given here win over it
    ///
    /// Paths in it are relative to its folder. Where neither this option nor WARIFU_PROFILE is
    /// given, ~/.config/warifu/warifu.toml is used if it exists.
    #[arg(long, global = true, value_name = "FILE", env = "WARIFU_PROFILE")]
    profile: Option<PathBuf>,
    /// Language of the server's texts.
    #[arg(skip)]
    language: Language,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    server: Option<String>,
    ca: Option<PathBuf>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl Connection {
    /// The same, with the server's texts in this language.
    pub(crate) fn in_language(&self, language: Language) -> Self {
        Self { language, ..self.clone() }
    }

    /// A client; it connects with its first request.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let (profile, folder) = match self.profile_path() {
            Some(path) => (read(&path)?, path.parent().unwrap_or(Path::new("")).to_owned()),
            None => (Profile::default(), PathBuf::new()),
        };
        let path = |option: &Option<PathBuf>, kept: Option<PathBuf>, name| {
            let kept = kept.map(|path| folder.join(path));
            option.clone().or(kept).ok_or_else(|| missing(name))
        };
        let server = self.server.clone().or(profile.server).ok_or_else(|| missing("server"))?;
        let ca = path(&self.ca, profile.ca, "ca")?;
        let cert = path(&self.cert, profile.cert, "cert")?;
        let key = path(&self.key, profile.key, "key")?;
        let mut config = ClientConfig::new(server, ca, cert, key);
        config.language = Some(self.language);
        Client::new(&config).map_err(|e| {
            let message = e.to_string();
            match std::error::Error::source(&e) {
                Some(source) => Failure::because(Exit::Config, message, source),
                None => Failure::new(Exit::Config, message),
            }
        })
    }

    fn profile_path(&self) -> Option<PathBuf> {
        self.profile.clone().or_else(|| {
            let folder = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
            let folder =
                folder.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".config")));
            let path = folder?.join("warifu/warifu.toml");
            path.is_file().then_some(path)
        })
    }
}

fn read(path: &Path) -> Result<Profile, Failure> {
    let file = File::from(path).format(FileFormat::Toml);
    Config::builder()
        .add_source(file)
        .build()
        .and_then(Config::try_deserialize)
        .map_err(|e| Failure::because(Exit::Config, format!("profile {}", path.display()), &e))
}

fn missing(name: &str) -> Failure {
    let message = format!("no {name} is given: use --{name}, or a profile file (--profile)");
    Failure::new(Exit::Usage, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(text: &str) -> Result<Profile, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("warifu.toml");
        std::fs::write(&path, text).unwrap();
        read(&path)
    }

    #[test]
    fn a_profile_has_four_keys_and_no_others() {
        let read = profile("server = \"https://localhost:8443\"\nca = \"ca.pem\"\n").unwrap();
        assert_eq!(read.server.as_deref(), Some("https://localhost:8443"));
        assert!(profile("sever = \"https://localhost:8443\"").is_err());
        assert!(profile("not toml").is_err());
    }
}
