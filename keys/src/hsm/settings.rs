//! The `[hsm]` section of the configuration, as the daemon and `warifu hsm` both read it.
//!
//! Not responsible for: files, environment variables and where a value came from; whether the PIN
//! file is safe (the worker, which reads it).

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde::Deserialize;
use thiserror::Error;
use warifu_hsm_protocol::{WorkerConfig, WrappingKeyForm};

use super::{config::HsmConfig, uri::TokenUri};

/// The section as it stands in the file. Durations and counts have defaults; the token does not.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HsmSettings {
    /// The PKCS#11 module.
    pub module: Option<PathBuf>,
    /// Text for modules that take their configuration at initialisation.
    pub module_argument: Option<String>,
    /// Label of the token.
    pub token_label: Option<String>,
    /// Serial of the token, where two share the label.
    pub token_serial: Option<String>,
    /// RFC 7512 URI instead of module, label, serial and PIN file.
    pub uri: Option<String>,
    /// File with the user PIN.
    pub pin_file: Option<PathBuf>,
    /// Label prefix of Warifu's keys.
    pub key_prefix: Option<String>,
    /// The worker binary; beside the running program where absent.
    pub worker: Option<PathBuf>,
    /// Worker processes.
    pub workers: Option<u16>,
    /// Sessions per worker.
    pub sessions: Option<u16>,
    /// Unwrapped seed handles a worker keeps.
    pub cache_capacity: Option<u32>,
    /// Seconds after which a handle is made anew.
    pub cache_ttl_s: Option<u32>,
    /// Unwraps after which a worker is replaced; 0 is never.
    pub unwrap_quota: Option<u64>,
    /// How new wrapping keys are made: `rotatable` or `pinned`.
    pub wrapping_key: Option<String>,
    /// Milliseconds between two canaries.
    pub canary_interval_ms: Option<u64>,
    /// Milliseconds for one job.
    pub job_deadline_ms: Option<u64>,
    /// More variables for the worker's environment.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Accept a provider that fails the self-test. For tests only.
    #[serde(default)]
    pub allow_insecure_token: bool,
}

/// A setting that breaks a rule.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("hsm.{key}: {rule}, for example {example}")]
pub struct SettingFault {
    /// The key inside the section.
    pub key: &'static str,
    /// What is allowed.
    pub rule: String,
    /// A value that would do.
    pub example: &'static str,
}

impl HsmSettings {
    /// The configuration it stands for, or all faults at once.
    pub fn config(&self) -> Result<HsmConfig, Vec<SettingFault>> {
        let mut faults = Vec::new();
        let uri = self.parsed_uri(&mut faults);
        let wants = |value: Option<PathBuf>, named: Option<PathBuf>| value.or(named);
        let module = required(wants(self.module.clone(), uri.module), MODULE, &mut faults);
        let pin_file = required(wants(self.pin_file.clone(), uri.pin_file), PIN_FILE, &mut faults);
        let label = required(self.token_label.clone().or(uri.label), LABEL, &mut faults);
        let key_prefix = self.checked_prefix(&mut faults);
        let wrapping_key = self.wrapping_key_form(&mut faults);
        self.check_numbers(&mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut config = HsmConfig::new(WorkerConfig {
            module,
            module_argument: self.module_argument.clone(),
            token_label: label,
            token_serial: self.token_serial.clone().or(uri.serial),
            pin_file,
            key_prefix,
            sessions: self.sessions.unwrap_or(4),
            cache_capacity: self.cache_capacity.unwrap_or(10_000),
            cache_ttl_s: self.cache_ttl_s.unwrap_or(3600),
            unwrap_quota: self.unwrap_quota.unwrap_or(1_000_000),
            allow_insecure_token: self.allow_insecure_token,
            wrapping_key,
        });
        config.worker_binary.clone_from(&self.worker);
        config.workers = usize::from(self.workers.unwrap_or(1));
        // A variable given as WARIFU__HSM__ENVIRONMENT__NAME has lost its case on the way; those of
        // providers are all in capitals.
        let given = self.environment.iter();
        config.environment.extend(given.map(|(k, v)| (k.to_ascii_uppercase(), v.clone())));
        if let Some(interval) = self.canary_interval_ms {
            config.canary_interval = Duration::from_millis(interval);
        }
        config.job_limit = Duration::from_millis(self.job_deadline_ms.unwrap_or(3_000));
        Ok(config)
    }

    /// A URI and a single key that contradict each other: one of them would be ignored.
    fn parsed_uri(&self, faults: &mut Vec<SettingFault>) -> TokenUri {
        let Some(text) = &self.uri else { return TokenUri::default() };
        let uri = TokenUri::parse(text).unwrap_or_else(|error| {
            faults.push(URI.fault(error.to_string()));
            TokenUri::default()
        });
        let contradictions = [
            ("token_label", differ(self.token_label.as_ref(), uri.label.as_ref())),
            ("token_serial", differ(self.token_serial.as_ref(), uri.serial.as_ref())),
            ("module", differ(self.module.as_ref(), uri.module.as_ref())),
            ("pin_file", differ(self.pin_file.as_ref(), uri.pin_file.as_ref())),
        ];
        for (key, _) in contradictions.into_iter().filter(|(_, differ)| *differ) {
            faults.push(URI.fault(format!("{key} is given by itself and differently; keep one")));
        }
        uri
    }

    fn checked_prefix(&self, faults: &mut Vec<SettingFault>) -> String {
        let prefix = self.key_prefix.clone().unwrap_or_else(|| "warifu".to_owned());
        let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if !prefix.bytes().all(plain) || !(1..=32).contains(&prefix.len()) {
            let rule = "1 to 32 lower-case letters, digits and -".to_owned();
            faults.push(SettingFault { key: "key_prefix", rule, example: "\"warifu\"" });
        }
        prefix
    }

    fn wrapping_key_form(&self, faults: &mut Vec<SettingFault>) -> WrappingKeyForm {
        match self.wrapping_key.as_deref() {
            None | Some("rotatable") => WrappingKeyForm::Rotatable,
            Some("pinned") => WrappingKeyForm::Pinned,
            Some(_) => {
                let rule = "is rotatable or pinned".to_owned();
                let example = "\"rotatable\"";
                faults.push(SettingFault { key: "wrapping_key", rule, example });
                WrappingKeyForm::default()
            }
        }
    }

    fn check_numbers(&self, faults: &mut Vec<SettingFault>) {
        let mut within = |key, value: Option<u64>, from, to, example| {
            if let Some(value) = value.filter(|value| !(from..=to).contains(value)) {
                let rule = format!("is {value}; {from} to {to} is allowed");
                faults.push(SettingFault { key, rule, example });
            }
        };
        within("workers", self.workers.map(u64::from), 1, 32, "1");
        within("sessions", self.sessions.map(u64::from), 1, 256, "4");
        within("cache_capacity", self.cache_capacity.map(u64::from), 16, 10_000_000, "10000");
        within("cache_ttl_s", self.cache_ttl_s.map(u64::from), 1, 604_800, "3600");
        within("canary_interval_ms", self.canary_interval_ms, 50, 60_000, "1000");
        within("job_deadline_ms", self.job_deadline_ms, 50, 60_000, "3000");
    }
}

fn differ<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}

/// A key that must be there.
#[derive(Clone, Copy)]
struct Key {
    name: &'static str,
    example: &'static str,
}

const MODULE: Key = Key { name: "module", example: "\"/usr/lib/softhsm/libsofthsm2.so\"" };
const PIN_FILE: Key = Key { name: "pin_file", example: "\"/etc/warifu/hsm.pin\"" };
const LABEL: Key = Key { name: "token_label", example: "\"warifu\"" };
const URI: Key = Key {
    name: "uri",
    example: "\"pkcs11:token=warifu;serial=0123?module-path=/usr/lib/softhsm/libsofthsm2.so\"",
};

impl Key {
    fn fault(self, rule: String) -> SettingFault {
        SettingFault { key: self.name, rule, example: self.example }
    }
}

fn required<T: Default>(value: Option<T>, key: Key, faults: &mut Vec<SettingFault>) -> T {
    value.unwrap_or_else(|| {
        faults.push(key.fault("is missing, and no uri gives it".to_owned()));
        T::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(settings: &HsmSettings) -> Vec<&'static str> {
        let mut keys: Vec<_> =
            settings.config().err().unwrap_or_default().iter().map(|fault| fault.key).collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let settings = HsmSettings {
            key_prefix: Some("a b".into()),
            workers: Some(0),
            wrapping_key: Some("loose".into()),
            ..HsmSettings::default()
        };
        let all = ["key_prefix", "module", "pin_file", "token_label", "workers", "wrapping_key"];
        assert_eq!(keys(&settings), all);
    }

    #[test]
    fn a_uri_gives_the_same_as_single_keys() {
        let by_uri = HsmSettings {
            uri: Some("pkcs11:token=t;serial=1?module-path=/m.so&pin-source=/p".into()),
            ..HsmSettings::default()
        };
        let worker = by_uri.config().unwrap().worker;
        assert_eq!((worker.token_label.as_str(), worker.token_serial.as_deref()), ("t", Some("1")));
        assert_eq!((worker.module, worker.pin_file), ("/m.so".into(), "/p".into()));
        let both = HsmSettings { token_label: Some("u".into()), ..by_uri };
        assert_eq!(keys(&both), ["uri"]);
    }
}
