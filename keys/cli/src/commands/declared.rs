//! What an officer says about a seed file on the command line: its format, what the format leaves
//! open, signatures, departures from RFC 6030.
//!
//! Not responsible for: keys and passwords, nor for what becomes of it all.

use clap::{
    Args, ValueEnum,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use warifu_api::import as api;
use warifu_core::oath::HashAlgorithm;
use warifu_keys::seedfile::{
    Declared, Format, IntegerEncoding, Lenience, OneTime, ReadOptions, SecretEncoding, Signatures,
    Trust,
};

/// What the file is, where it does not say so itself.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "What the file leaves open")]
pub(crate) struct FileOptions {
    /// Format of the file, where it is not to be told from its content (see --explain)
    #[arg(long, value_name = "WORD", value_parser = formats())]
    pub(crate) format: Option<Format>,
    /// How the tokens make their codes
    #[arg(long, value_enum)]
    algorithm: Option<AlgorithmWord>,
    /// Hash of the codes
    #[arg(long, value_enum)]
    hash: Option<HashWord>,
    /// Digits that the tokens show
    #[arg(long, value_name = "N")]
    digits: Option<u8>,
    /// Seconds for which the tokens show a code
    #[arg(long, value_name = "SECONDS")]
    time_step: Option<u32>,
    /// Counter of the tokens at delivery
    #[arg(long, value_name = "N")]
    counter: Option<u64>,
    /// How the seeds are written
    #[arg(long, value_enum)]
    encoding: Option<EncodingWord>,
    /// Maker of all tokens of the file
    #[arg(long, value_name = "NAME")]
    manufacturer: Option<String>,
    /// How to read encrypted numbers
    #[arg(long, value_enum)]
    integer_encoding: Option<IntegerWord>,
}

/// How strictly the file is taken.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Signatures and old files")]
pub(crate) struct Strictness {
    /// What to do about the file's signature; `check` where absent
    #[arg(long, value_enum)]
    signature: Option<SignatureWord>,
    /// Take signatures with SHA-1; for old files only
    #[arg(long)]
    allow_sha1_signature: bool,
    /// Take MACs over the plaintext, as drafts of RFC 6030 had them
    #[arg(long)]
    mac_over_plaintext: bool,
}

/// How codes are made, on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum AlgorithmWord {
    /// By a counter (RFC 4226)
    Hotp,
    /// By the time (RFC 6238)
    Totp,
}

/// Hash on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum HashWord {
    /// SHA-1, as RFC 4226 has it
    Sha1,
    /// SHA-256
    Sha256,
    /// SHA-512
    Sha512,
}

/// Encoding of seeds on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum EncodingWord {
    /// Hexadecimal
    Hex,
    /// Base32 (RFC 4648 s.6)
    Base32,
    /// Base64 (RFC 4648 s.4)
    Base64,
}

/// Encoding of encrypted numbers on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum IntegerWord {
    /// Decimal digits in ASCII
    Ascii,
    /// Eight bytes, most significant first
    BigEndian,
}

/// What to do about a signature, on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum SignatureWord {
    /// Check it where there is one
    Check,
    /// Skip it: it was verified with another tool
    Ignore,
    /// Take signed files only
    Require,
}

/// Every format by its word, with its name for people.
fn formats() -> impl TypedValueParser<Value = Format> {
    let words = Format::ALL.iter().map(|one| PossibleValue::new(one.word()).help(one.title()));
    PossibleValuesParser::new(words)
        .try_map(|word| Format::from_word(&word).ok_or("no format of this name"))
}

impl FileOptions {
    /// Of the import's request: the format, what is declared, and how numbers are written.
    pub(crate) fn describe(&self, request: &mut api::ImportRequest) {
        request.format = self.format.map(|format| format.word().to_owned());
        request.declared = api::Declared {
            algorithm: self.algorithm.map(AlgorithmWord::wire),
            hash: self.hash.map(|hash| hash.wire().to_owned()),
            digits: self.digits,
            time_step_s: self.time_step,
            counter: self.counter,
            encoding: self.encoding.map(EncodingWord::wire),
            manufacturer: self.manufacturer.clone(),
        };
        request.integer_encoding = self.integer_encoding.map(IntegerWord::wire);
    }

    /// Of a reader on this machine.
    pub(crate) fn prepare(&self, options: &mut ReadOptions) {
        options.format = self.format;
        options.declared = Declared {
            algorithm: self.algorithm.map(AlgorithmWord::read),
            hash: self.hash.map(HashWord::read),
            digits: self.digits,
            time_step_s: self.time_step,
            counter: self.counter,
            encoding: self.encoding.map(EncodingWord::read),
            manufacturer: self.manufacturer.clone(),
        };
        options.encrypted_integers = self.integer_encoding.map(IntegerWord::read);
    }
}

impl Strictness {
    /// Of the import's request.
    pub(crate) fn describe(&self, request: &mut api::ImportRequest) {
        request.signature = self.signature.map(SignatureWord::wire);
        request.allow_sha1_signature = self.allow_sha1_signature;
        request.mac_over_plaintext = self.mac_over_plaintext;
    }

    /// Of a reader on this machine; signers are trusted under `roots`, in DER.
    pub(crate) fn prepare(&self, options: &mut ReadOptions, roots: Vec<Vec<u8>>) {
        options.signatures = self.signature.map_or(Signatures::Check, SignatureWord::read);
        options.trust = Trust { roots, allow_sha1: self.allow_sha1_signature };
        options.lenience = Lenience { mac_over_plaintext: self.mac_over_plaintext };
    }
}

impl AlgorithmWord {
    const fn wire(self) -> api::OneTime {
        match self {
            Self::Hotp => api::OneTime::Hotp,
            Self::Totp => api::OneTime::Totp,
        }
    }

    const fn read(self) -> OneTime {
        match self {
            Self::Hotp => OneTime::Hotp,
            Self::Totp => OneTime::Totp,
        }
    }
}

impl HashWord {
    const fn wire(self) -> &'static str {
        self.read().name()
    }

    const fn read(self) -> HashAlgorithm {
        match self {
            Self::Sha1 => HashAlgorithm::Sha1,
            Self::Sha256 => HashAlgorithm::Sha256,
            Self::Sha512 => HashAlgorithm::Sha512,
        }
    }
}

impl EncodingWord {
    const fn wire(self) -> api::SecretEncoding {
        match self {
            Self::Hex => api::SecretEncoding::Hex,
            Self::Base32 => api::SecretEncoding::Base32,
            Self::Base64 => api::SecretEncoding::Base64,
        }
    }

    const fn read(self) -> SecretEncoding {
        match self {
            Self::Hex => SecretEncoding::Hex,
            Self::Base32 => SecretEncoding::Base32,
            Self::Base64 => SecretEncoding::Base64,
        }
    }
}

impl IntegerWord {
    const fn wire(self) -> api::IntegerEncoding {
        match self {
            Self::Ascii => api::IntegerEncoding::Ascii,
            Self::BigEndian => api::IntegerEncoding::BigEndian,
        }
    }

    const fn read(self) -> IntegerEncoding {
        match self {
            Self::Ascii => IntegerEncoding::Ascii,
            Self::BigEndian => IntegerEncoding::BigEndian,
        }
    }
}

impl SignatureWord {
    const fn wire(self) -> api::SignaturePolicy {
        match self {
            Self::Check => api::SignaturePolicy::Check,
            Self::Ignore => api::SignaturePolicy::Ignore,
            Self::Require => api::SignaturePolicy::Require,
        }
    }

    const fn read(self) -> Signatures {
        match self {
            Self::Check => Signatures::Check,
            Self::Ignore => Signatures::Ignore,
            Self::Require => Signatures::Require,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        file: FileOptions,
        #[command(flatten)]
        strictness: Strictness,
    }

    fn request() -> api::ImportRequest {
        serde_json::from_str("{}").unwrap()
    }

    #[test]
    fn the_server_and_a_reader_here_are_told_the_same() {
        let line = Line::parse_from([
            "warifu",
            "--format",
            "dpw",
            "--algorithm",
            "totp",
            "--hash",
            "sha256",
            "--digits",
            "8",
            "--time-step",
            "60",
            "--encoding",
            "base32",
            "--manufacturer",
            "Acme",
            "--signature",
            "require",
            "--mac-over-plaintext",
            "--integer-encoding",
            "big-endian",
        ]);
        let mut sent = request();
        line.file.describe(&mut sent);
        line.strictness.describe(&mut sent);
        let json = serde_json::to_value(&sent).unwrap();
        assert_eq!(json["format"], "dpw");
        assert_eq!(json["declared"]["algorithm"], "totp");
        assert_eq!(json["declared"]["hash"], "SHA256");
        assert_eq!(json["declared"]["time_step_s"], 60);
        assert_eq!(
            (&json["signature"], &json["mac_over_plaintext"]),
            (&"require".into(), &true.into())
        );
        let mut options = ReadOptions::default();
        line.file.prepare(&mut options);
        line.strictness.prepare(&mut options, Vec::new());
        assert_eq!(options.format, Some(Format::Dpw));
        assert_eq!(options.declared.hash, Some(HashAlgorithm::Sha256));
        assert_eq!(options.signatures, Signatures::Require);
        assert!(options.lenience.mac_over_plaintext);
    }

    #[test]
    fn nothing_said_is_nothing_sent() {
        let line = Line::parse_from(["warifu"]);
        let mut sent = request();
        line.file.describe(&mut sent);
        line.strictness.describe(&mut sent);
        assert!(sent.declared.is_empty() && sent.format.is_none() && sent.signature.is_none());
        assert!(Line::try_parse_from(["warifu", "--format", "excel"]).is_err());
    }
}
