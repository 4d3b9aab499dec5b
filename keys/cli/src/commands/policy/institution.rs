//! The profile of an institution, as the server's configuration makes it.
//!
//! Not responsible for: the rest of the configuration, which may be wrong (`warifud check` tells).

use std::{error::Error, fs, path::Path};

use config::{Config, Environment, File, FileFormat};
use serde::Deserialize;
use warifu_profiles::{BANK_CODE, DEFAULT, Overrides, Profile, find, lay_bank_code};

use super::refused;
use crate::exit::{Exit, Failure};

/// What concerns profiles.
#[derive(Deserialize)]
struct Daemon {
    #[serde(default)]
    verification: Overrides,
    #[serde(default)]
    institution: Vec<Institution>,
}

#[derive(Deserialize)]
struct Institution {
    name: String,
    profile: Option<String>,
    bank_code: Option<String>,
    #[serde(default)]
    verification: Overrides,
}

/// Reads the profile that `config` gives to the institution, with the values it lays over it.
pub(super) fn profile(config: &Path, name: &str) -> Result<Profile, Failure> {
    let daemon = read(config)?;
    let Some(found) = daemon.institution.iter().find(|one| one.name == name) else {
        let known: Vec<_> = daemon.institution.iter().map(|one| one.name.as_str()).collect();
        let file = config.display();
        let known = known.join(", ");
        let rule = format!("{file}: there is no institution {name:?}; there are: {known}");
        return Err(Failure::new(Exit::Usage, rule));
    };
    let named = found.profile.as_deref().unwrap_or(DEFAULT);
    let mut profile = find(named).map_err(|faults| refused(Exit::Config, &faults))?;
    let rules = &mut profile.rules;
    rules.verification = found.verification.over(&daemon.verification.over(&rules.verification));
    if !lay_bank_code(found.bank_code.as_deref(), rules) {
        let code = found.bank_code.as_deref().unwrap_or_default();
        let file = config.display();
        let rule = format!(
            "{file}: institution.bank_code: {name}: {code:?} is no bank's code: it is {BANK_CODE}"
        );
        return Err(Failure::new(Exit::Config, rule));
    }
    Ok(profile)
}

fn read(path: &Path) -> Result<Daemon, Failure> {
    let failed = |e: &dyn Error| Failure::because(Exit::Config, path.display().to_string(), e);
    // Read by ourselves: the crate says "not found" about a file that may not be read.
    let text = fs::read_to_string(path).map_err(|e| failed(&e))?;
    let variables = Environment::with_prefix("WARIFU").prefix_separator("__").separator("__");
    Config::builder()
        .add_source(File::from_str(&text, FileFormat::Toml))
        .add_source(variables)
        .build()
        .and_then(Config::try_deserialize)
        .map_err(|e| failed(&e))
}
