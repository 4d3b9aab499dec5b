//! The shape of the files: every key there is, before anything is checked. Unknown keys are refused.

use std::{fmt, path::PathBuf};

use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};
use warifu_profiles::Overrides;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawServer {
    pub(super) listen: Option<String>,
    pub(super) house: Option<String>,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    pub(super) client_ca: Option<PathBuf>,
    #[serde(default)]
    pub(super) crl: List,
    pub(super) max_connections: Option<u64>,
    pub(super) max_connections_per_caller: Option<u64>,
    pub(super) request_bytes: Option<u64>,
    pub(super) import_bytes: Option<u64>,
    pub(super) handshake_timeout_ms: Option<u64>,
    pub(super) request_deadline_ms: Option<u64>,
    pub(super) idle_timeout_s: Option<u64>,
    pub(super) drain_timeout_s: Option<u64>,
    pub(super) rate_per_caller: Option<RawRate>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRate {
    pub(super) per_second: Option<u64>,
    pub(super) burst: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMetrics {
    pub(super) listen: Option<String>,
    pub(super) plain: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStore {
    pub(super) path: Option<PathBuf>,
    pub(super) cache_mb: Option<u64>,
    pub(super) min_free_mb: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClock {
    pub(super) require_synchronised: Option<bool>,
    pub(super) max_step_back_s: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLog {
    pub(super) level: Option<String>,
    pub(super) format: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawImport {
    pub(super) custody: Option<String>,
    pub(super) folder: Option<PathBuf>,
    pub(super) openpgp_secret_key_file: Option<PathBuf>,
    pub(super) openpgp_passphrase_file: Option<PathBuf>,
    #[serde(default)]
    pub(super) openpgp_signers: List,
    #[serde(default)]
    pub(super) signature_roots: List,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawApproval {
    pub(super) enforce: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIdentity {
    pub(super) subject: String,
    pub(super) institution: String,
    pub(super) roles: List,
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawInstitution {
    pub(super) name: String,
    pub(super) profile: Option<String>,
    pub(super) bank_code: Option<String>,
    #[serde(default)]
    pub(super) verification: Overrides,
    #[serde(default)]
    pub(super) person: Vec<RawPerson>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPerson {
    pub(super) name: String,
    pub(super) certificates: List,
}

/// A list in a file; in a variable, the same separated by commas.
#[derive(Default)]
pub(super) struct List(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = List;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of texts")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<List, E> {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                Ok(List(parts.map(str::to_owned).collect()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<List, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = from.next_element()? {
                    items.push(item);
                }
                Ok(List(items))
            }
        }

        from.deserialize_any(Either)
    }
}
