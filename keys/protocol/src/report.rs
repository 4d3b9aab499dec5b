//! What the worker tells about itself and its provider.

use serde::{Deserialize, Serialize};

use crate::ceremony::KeyShape;

/// Facts about the provider and what custody it allows.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each reported by its name")]
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Provider {
    /// `C_GetInfo` library description and version.
    pub library: String,
    /// Token label.
    pub token_label: String,
    /// Token serial.
    pub token_serial: String,
    /// Token manufacturer and model.
    pub token_model: String,
    /// Name of the profile in use (`softhsm`, `kryoptic`, `generic`, ...).
    pub profile: String,
    /// Custody forms that passed the self-test.
    pub wrapped: bool,
    /// Same for resident.
    pub resident: bool,
    /// CBC values can be unwrapped inside (else they pass through the worker's memory).
    pub unwrap_cbc: bool,
    /// KW values can be unwrapped inside.
    pub unwrap_kw: bool,
    /// Public key of the audit key: uncompressed P-256 point, 65 bytes.
    pub audit_public_key: Vec<u8>,
    /// First 8 bytes of the canary's answer, in hex: tells two tokens of the same label apart. The
    /// daemon compares it with the one its store was made for.
    pub fingerprint: String,
}

/// Output of `warifu hsm doctor`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Doctor {
    /// Library, token, serial, model, profile, one line each: name and value.
    pub identity: Vec<(String, String)>,
    /// One line per thing tried.
    pub checks: Vec<Check>,
    /// Whether `wrapped` custody is allowed.
    pub wrapped_allowed: bool,
    /// Whether `resident` custody is allowed.
    pub resident_allowed: bool,
    /// What this provider means for imports, key ceremonies and rotation.
    pub import: Vec<ImportLine>,
}

/// What becomes of a seed on its way into custody, or of a key, under this provider.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ImportLine {
    /// Stable word, e.g. `aes-cbc-mac`, `rsa-oaep`, `ceremony`, `rotation`.
    pub name: String,
    /// Where it happens.
    pub place: ImportPlace,
    /// What was seen and what follows, one line.
    pub detail: String,
}

/// Where something happens.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum ImportPlace {
    /// Inside the HSM.
    Inside,
    /// In the worker's memory, for a moment.
    Worker,
    /// Nowhere: the provider can not.
    Impossible,
}

/// One line of the doctor.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Check {
    /// Stable word, e.g. `hmac-sha1`, `unwrap-kw`, `sensitive-kept`.
    pub name: String,
    /// How it went.
    pub result: CheckResult,
    /// What was seen and what it means, one line.
    pub detail: String,
}

/// How a check went.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum CheckResult {
    /// As needed.
    Pass,
    /// Missing, but not needed for custody.
    Absent,
    /// Breaks what custody relies on.
    Fail,
}

/// PKCS#11 calls and cache figures since the worker's start.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Counters {
    /// `C_SignInit` calls for codes.
    pub sign_init: u64,
    /// `C_Sign` calls for codes.
    pub sign: u64,
    /// `C_UnwrapKey` calls for codes.
    pub unwrap: u64,
    /// `C_WrapKey` calls.
    pub wrap: u64,
    /// `C_DestroyObject` calls.
    pub destroy: u64,
    /// Cache hits.
    pub hits: u64,
    /// Cache misses.
    pub misses: u64,
    /// Handles in the cache.
    pub cached: u64,
    /// Times `C_Initialize` was called in this process.
    pub epoch: u64,
    /// Jobs done.
    pub jobs: u64,
    /// Recoveries by kind: session, login, handle, token.
    pub recoveries: [u64; 4],
}

/// A transport key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KeyInfo {
    /// Label without the prefix.
    pub label: String,
    /// What kind of key it is.
    pub shape: KeyShape,
    /// Its size.
    pub bits: u16,
    /// Key check value, hex: first 3 bytes of the block cipher over a zero block; of a key pair, of
    /// SHA-256 over the SubjectPublicKeyInfo.
    pub kcv: String,
    /// Made inside the HSM.
    pub local: bool,
}
