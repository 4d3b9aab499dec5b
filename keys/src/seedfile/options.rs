//! What the caller decides before a seed file is read. The defaults are the strict policy.

use warifu_core::oath::HashAlgorithm;
use warifu_core::time::UnixTime;

use super::format::Format;
use super::unwrap::Unlock;
use crate::secret::Secret;

/// Sizes beyond which a file is refused unread.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Attributes and namespace declarations of one element.
    pub attributes: usize,
    /// Nesting of elements.
    pub depth: usize,
    /// Bytes of one text.
    pub text_bytes: usize,
    /// Bytes of one record, markup included.
    pub record_bytes: usize,
    /// Nodes of one record in the tree.
    pub record_nodes: u32,
    /// Keys of one file.
    pub keys: usize,
    /// Bytes of an OpenPGP message, and of what it holds: both are in memory as a whole.
    pub message_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attributes: 64,
            depth: 32,
            text_bytes: 64 << 10,
            record_bytes: 1 << 20,
            record_nodes: 4096,
            keys: 5_000_000,
            message_bytes: 64 << 20,
        }
    }
}

/// How an encrypted integer is written before encryption; RFC 6030 does not say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IntegerEncoding {
    /// Decimal digits as text.
    Ascii,
    /// Unsigned, most significant octet first.
    BigEndian,
}

/// What to do about XML signatures.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Signatures {
    /// A signature is checked where there is one.
    #[default]
    Check,
    /// The signature is skipped: it was verified with another tool.
    Ignore,
    /// Only signed files are taken.
    Require,
}

/// Whose signatures count, and how weak they may be.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Roots under which a signer's certificate must stand, in DER.
    pub roots: Vec<Vec<u8>>,
    /// For old files only: SHA-1 is taken, and references as `pskctool` writes them. What SHA-1 vouches
    /// for still counts as unsigned.
    pub allow_sha1: bool,
}

/// What opens an OpenPGP message beside [`ReadOptions::unlock`], whose password opens one that is
/// encrypted with a password, and who may have signed it.
#[derive(Debug, Default)]
pub struct OpenPgp {
    /// Files with secret keys, armored or not.
    pub secret_keys: Vec<Secret>,
    /// Passphrase of the secret keys, where they have one.
    pub passphrase: Option<Secret>,
    /// Files with the certificates of trusted signers, armored or not. A signature that none of them
    /// made refuses the message, unless [`ReadOptions::signatures`] says to ignore it and
    /// [`OpenPgp::require_signature`] leaves that open.
    pub signers: Vec<Vec<u8>>,
    /// Only signed messages are taken, whatever [`ReadOptions::signatures`] says.
    pub require_signature: bool,
}

/// How secrets of a format without a fixed encoding are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SecretEncoding {
    /// Hexadecimal.
    Hex,
    /// RFC 4648 s.6.
    Base32,
    /// RFC 4648 s.4.
    Base64,
}

/// How the tokens of a format that does not say it make their codes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OneTime {
    /// RFC 4226.
    Hotp,
    /// RFC 6238.
    Totp,
}

/// What the officer declares of a file where its format leaves it open: the data sheet's word. What
/// the file states itself is never overridden.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    /// How codes are made.
    pub algorithm: Option<OneTime>,
    /// Hash of the HMAC.
    pub hash: Option<HashAlgorithm>,
    /// Digits shown.
    pub digits: Option<u8>,
    /// Seconds per time step.
    pub time_step_s: Option<u32>,
    /// Counter at delivery.
    pub counter: Option<u64>,
    /// How secrets are written.
    pub encoding: Option<SecretEncoding>,
    /// Maker of all tokens.
    pub manufacturer: Option<String>,
}

/// Departures from RFC 6030 that are read only when named.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lenience {
    /// The MAC may be over the plaintext, as drafts had it.
    pub mac_over_plaintext: bool,
}

/// Everything a reader needs beside the file.
#[derive(Debug, Default)]
pub struct ReadOptions {
    /// The format, where the officer names it.
    pub format: Option<Format>,
    /// Time against which validity is judged; without it, dates are only read.
    pub now: Option<UnixTime>,
    /// Sizes.
    pub limits: Limits,
    /// Encoding of encrypted integers, as the maker states it.
    pub encrypted_integers: Option<IntegerEncoding>,
    /// XML signatures.
    pub signatures: Signatures,
    /// Whose.
    pub trust: Trust,
    /// Name of the key that the file must name.
    pub key_name: Option<String>,
    /// Key or password with which values are opened in software. Without it encrypted values stay
    /// encrypted, which is what the HSM path wants.
    pub unlock: Option<Unlock>,
    /// Keys, passphrase and signers of an OpenPGP message.
    pub openpgp: OpenPgp,
    /// MAC key agreed beforehand, for a file that only names it (RFC 6030 s.6.1.1).
    pub mac_key: Option<Secret>,
    /// What the file leaves open.
    pub declared: Declared,
    /// Departures that are read.
    pub lenience: Lenience,
}
