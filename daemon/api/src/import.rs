//! Imports of seed files on the wire: a job, its content, its report.
//!
//! Not responsible for: formats of seed files, nor for what is accepted.

use serde::{Deserialize, Serialize};

use crate::{
    secret::SecretText,
    time::Timestamp,
    token::{Custody, TokenKind},
    word::words,
};

words! {
    /// Where an import stands.
    pub enum ImportState {
        /// Made; the file was not sent yet.
        AwaitingContent = "awaiting_content",
        /// The file is being received.
        Receiving = "receiving",
        /// The file is being read and checked.
        Checking = "checking",
        /// Seeds are being taken into custody.
        Sealing = "sealing",
        /// Checked and sealed; in service once another person approves it. Nothing is in service yet.
        Staged = "staged",
        /// Another person refused the staged batch, or nobody approved it in time; nothing is kept.
        Rejected = "rejected",
        /// Finished: the whole batch is in service (or, in a dry run, would be).
        Done = "done",
        /// The file was refused; nothing of it is in service. The report says why.
        Refused = "refused",
        /// Trouble of the HSM or the store; nothing of the file is in service. Try again.
        Failed = "failed",
        /// Cancelled by an officer; nothing of the file is in service.
        Cancelled = "cancelled",
    }
}

impl ImportState {
    /// Whether nothing more will happen to the job by itself.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Staged
                | Self::Rejected
                | Self::Done
                | Self::Refused
                | Self::Failed
                | Self::Cancelled
        )
    }
}

words! {
    /// How encrypted numbers of a seed file are to be read, where the file does not say.
    pub enum IntegerEncoding {
        /// Decimal digits in ASCII.
        Ascii = "ascii",
        /// Eight bytes, most significant first.
        BigEndian = "big_endian",
    }
}

/// Opens an import.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportRequest {
    /// Name of the batch, up to 64 letters, digits, `-`, `_`, `.`, `@`; one is made where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// Check everything, also that the seeds decrypt, but keep nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Where the seeds shall lie; the daemon's configured custody where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custody: Option<Custody>,
    /// Kind of the tokens, as the customer sees it; `hard` where absent. Camera tokens are `camera`, and no others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<TokenKind>,
    /// Label of the manufacturer's transport key in the HSM, for files under a pre-shared key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_label: Option<String>,
    /// Password, for files under one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretText>,
    /// How to read encrypted numbers; a file that has some is refused where this is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integer_encoding: Option<IntegerEncoding>,
    /// Format of the file, where it is not to be told from its content; see the list of formats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// What the file leaves open.
    #[serde(default, skip_serializing_if = "Declared::is_empty")]
    pub declared: Declared,
    /// What to do about the signature of the file; `check` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<SignaturePolicy>,
    /// Signatures with SHA-1 are taken, for old files only.
    #[serde(default)]
    pub allow_sha1_signature: bool,
    /// The MAC may be over the plaintext, as drafts of RFC 6030 had it.
    #[serde(default)]
    pub mac_over_plaintext: bool,
}

words! {
    /// How secrets of a format without a fixed encoding are written.
    pub enum SecretEncoding {
        /// Hexadecimal.
        Hex = "hex",
        /// Base32 (RFC 4648 s.6).
        Base32 = "base32",
        /// Base64 (RFC 4648 s.4).
        Base64 = "base64",
    }
}

words! {
    /// How tokens make their codes.
    pub enum OneTime {
        /// RFC 4226.
        Hotp = "hotp",
        /// RFC 6238.
        Totp = "totp",
    }
}

words! {
    /// What to do about the signature of a file.
    pub enum SignaturePolicy {
        /// It is checked where there is one.
        Check = "check",
        /// It is skipped: it was verified with another tool.
        Ignore = "ignore",
        /// Only signed files are taken.
        Require = "require",
    }
}

/// What the officer declares of a file where its format leaves it open.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Declared {
    /// How codes are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<OneTime>,
    /// `SHA1`, `SHA256` or `SHA512`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// Digits shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digits: Option<u8>,
    /// Seconds per time step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_step_s: Option<u32>,
    /// Counter at delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter: Option<u64>,
    /// How secrets are written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<SecretEncoding>,
    /// Maker of all tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
}

impl Declared {
    /// Whether nothing is declared.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Approves a staged batch.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApproveRequest {
    /// Of the staged batch, as its report shows it: so that what is approved is what was looked at.
    pub fingerprint: String,
    /// Tokens in quarantine are taken too. A batch that has some is not approved without.
    #[serde(default)]
    pub accept_quarantined: bool,
    /// A reason, at most 200 printable characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What the list of imports is narrowed to.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct ImportQuery {
    /// Most imports in one page, 1 to 1000; 100 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A page of the list of imports.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportPage {
    /// The imports, without their reports.
    pub items: Vec<ImportJob>,
    /// Pass as `cursor` to go on; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// An import.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportJob {
    /// Names the import in paths.
    pub id: String,
    /// Name of the batch.
    pub batch: String,
    /// Where it stands.
    pub state: ImportState,
    /// Whether nothing is to be kept.
    pub dry_run: bool,
    /// Where the seeds shall lie.
    pub custody: Custody,
    /// Tokens dealt with so far, in the phase that `state` names.
    pub processed: u64,
    /// Tokens of the file, once known; one with several keys counts once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Tokens found good so far.
    pub accepted: u64,
    /// Keys refused so far.
    pub refused: u64,
    /// When it was opened.
    pub created_at: Timestamp,
    /// State `failed`: what was out of order, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// State `staged`: to be given with the approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// State `staged`: when the batch is given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Who approved or refused the staged batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// Once the file was read: what was found in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<ImportReport>,
}

/// What was found in a seed file and what became of it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportReport {
    /// SHA-256 of the file, hex.
    pub file_sha256: String,
    /// Size of the file.
    pub bytes: u64,
    /// Tokens found good. They are in service exactly when the import's state is `done` and it was no dry run.
    pub accepted: u64,
    /// The first refused keys; `refused_total` counts all of them.
    pub refused: Vec<RefusedKey>,
    /// How many keys were refused.
    pub refused_total: u64,
    /// What was accepted but should be known, per class.
    pub warnings: Vec<WarningCount>,
    /// Where the seeds lie.
    pub custody: Custody,
    /// Where seeds were readable outside the HSM on their way.
    pub exposure: ExposureCounts,
    /// When the tokens expire.
    pub expiry: ExpirySpread,
    /// Who imported.
    pub officer: String,
    /// Format of the file, and why it was taken for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<FormatFound>,
    /// Serials of a few tokens, spread over the file, for comparing with tokens in hand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<Sample>,
    /// Tokens of each algorithm, hash, digits and step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<KindCount>,
    /// Tokens that are taken only if the approval says so.
    #[serde(default)]
    pub quarantined: u64,
    /// The first tokens whose seed was readable outside the HSM, where not all of the batch were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exposed: Vec<String>,
    /// Who approved or refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
    /// When reading began.
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
}

/// What a file was taken for.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FormatFound {
    /// The word of the format.
    pub format: String,
    /// What in the file says so.
    pub because: String,
}

/// A token of a batch, to be compared with one in hand.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sample {
    /// Line of the file.
    pub line: u64,
    /// Serial.
    pub serial: String,
    /// What it computes, for example `TOTP SHA1 6 digits 30 s`.
    pub profile: String,
    /// Maker, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// Expiry, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// Tokens of one kind.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KindCount {
    /// As in [`Sample::profile`].
    pub profile: String,
    /// How many.
    pub count: u64,
}

/// A key that was refused.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefusedKey {
    /// Line of the file, from 1.
    pub line: u64,
    /// Path of the element, for example `KeyContainer/KeyPackage[3]/Key/Data/Counter`.
    pub element: String,
    /// Serial, where it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// What is wrong: name of the field.
    pub field: String,
    /// Stable class, for example `E_MAC`.
    pub class: String,
    /// The rule that is broken.
    pub rule: String,
    /// What to do.
    pub advice: String,
}

/// Warnings of one class.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WarningCount {
    /// Stable class, for example `W_UNSIGNED`.
    pub class: String,
    /// How many keys (or 1, for the file as a whole).
    pub count: u64,
    /// What it means.
    pub meaning: String,
    /// Serials or lines of the first few.
    pub examples: Vec<String>,
}

/// Where seeds were readable outside the HSM during an import.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExposureCounts {
    /// Nowhere: unwrapped inside the HSM.
    pub none: u64,
    /// In the memory of the HSM worker, because the HSM can not unwrap this cipher.
    pub worker: u64,
    /// In the daemon too: the file had them in the clear, or under a password.
    pub daemon: u64,
}

/// When the tokens of a batch expire.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExpirySpread {
    /// The first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earliest: Option<Timestamp>,
    /// The last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<Timestamp>,
    /// Tokens without an expiry.
    pub never: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_request_is_empty() {
        let request: ImportRequest = serde_json::from_str("{}").unwrap();
        assert!(!request.dry_run);
        assert!(request.custody.is_none() && request.password.is_none());
    }

    #[test]
    fn a_password_is_not_printed() {
        let json = r#"{"password":"correct horse","custody":"wrapped"}"#;
        let request: ImportRequest = serde_json::from_str(json).unwrap();
        assert!(!format!("{request:?}").contains("horse"));
    }

    #[test]
    fn six_states_are_final() {
        let last: Vec<_> = ImportState::ALL.iter().filter(|state| state.is_final()).collect();
        assert_eq!(last.len(), 6);
    }
}
