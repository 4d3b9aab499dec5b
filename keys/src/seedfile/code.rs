//! The stable classes of refusals and warnings: what scripts, import reports and the API quote.
//!
//! Not responsible for positions or wording of one case (see `refusal`). A class is never renamed.

use std::fmt;

use warifu_core::ocra::SuiteWarning;

/// What a refusal of this class hits unless said otherwise.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scope {
    /// Nothing of the file may be used.
    File,
    /// This key only; the others were read. Whether a batch may go in without it is the caller's policy.
    Token,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $scope:ident, $remedy:expr;)*) => {
        /// A class of refusal (`E_`) or of warning (`W_`).
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every class, for documentation and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it hits where the finder does not know better.
            pub const fn scope(self) -> Scope {
                match self { $(Self::$name => Scope::$scope,)* }
            }

            /// What the officer does next.
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$name => $remedy,)* }
            }
        }
    };
}

codes! {
    /// Not a known format.
    Format = "E_FORMAT", File, "give the seed file itself, unpacked and decrypted, in a supported format";
    /// Empty file.
    Empty = "E_EMPTY", File, "fetch the file again from its maker";
    /// No token record in a well-formed file.
    NoTokens = "E_NO_TOKENS", File, "ask the maker for the file with the keys";
    /// Input ends early.
    Truncated = "E_TRUNCATED", File, "transfer the file again and compare its digest with the maker's";
    /// Not well-formed XML.
    XmlSyntax = "E_XML_SYNTAX", File, "ask the maker for a well-formed file; do not repair it by hand";
    /// DOCTYPE present.
    XmlDtd = "E_XML_DTD", File, "ask the maker for a file without a document type declaration";
    /// Encoding other than UTF-8.
    XmlEncoding = "E_XML_ENCODING", File, "convert the file to UTF-8 and correct its XML declaration";
    /// A text file is not UTF-8.
    EncodingFile = "E_ENCODING_FILE", File, "convert the file to UTF-8 without changing anything else";
    /// A NUL character.
    Nul = "E_NUL", File, "transfer the file again; it is damaged or not a text";
    /// Reading failed below the parser.
    Io = "E_IO", File, "check the disk or the transfer and try again";
    /// PSKC namespace missing or a draft's.
    Namespace = "E_NAMESPACE", File, "ask the maker for RFC 6030 (urn:ietf:params:xml:ns:keyprov:pskc)";
    /// Wrong root element.
    Root = "E_ROOT", File, "give an RFC 6030 KeyContainer";
    /// Version missing or other than 1.0.
    Version = "E_VERSION", File, "ask the maker for a KeyContainer with Version=\"1.0\"";
    /// Element or attribute missing, doubled or in the wrong place.
    Schema = "E_SCHEMA", File, "ask the maker for a file that follows RFC 6030";
    /// Too many attributes or namespace declarations.
    LimitAttrs = "E_LIMIT_ATTRS", File, "do not use this file; nothing legitimate looks like it";
    /// Nesting too deep.
    LimitDepth = "E_LIMIT_DEPTH", File, "do not use this file; nothing legitimate looks like it";
    /// Too many references in a signature.
    LimitSig = "E_LIMIT_SIG", File, "do not use this file; nothing legitimate looks like it";
    /// Too many keys, or one record too large.
    LimitSize = "E_LIMIT_SIZE", File, "split the batch, or raise the limit if the size is right";
    /// A field over its length limit.
    LimitText = "E_LIMIT_TEXT", File, "ask the maker to correct the field";
    /// Encrypted, no fitting key given.
    KeyRequired = "E_KEY_REQUIRED", File, "give the transport key or the password that came by the other channel";
    /// Key given for a plain file.
    KeyUnused = "E_KEY_UNUSED", File, "check that this is the right file: the maker announced an encrypted one";
    /// Key material not parsable.
    KeyFormat = "E_KEY_FORMAT", File, "type the key again: hexadecimal digits, an even number of them";
    /// Key length does not fit the algorithm.
    KeyLength = "E_KEY_LENGTH", File, "compare the length of the key with the algorithm named in the file";
    /// Key name does not match.
    KeyName = "E_KEY_NAME", File, "choose the key that the file names";
    /// Encryption algorithm missing, unknown or not supported.
    EncAlg = "E_ENC_ALG", File, "ask the maker for AES-CBC with a MAC, or AES key wrap";
    /// Different encryption algorithms in one file.
    EncAlgMixed = "E_ENC_ALG_MIXED", File, "ask the maker for one algorithm throughout (RFC 6030 s.6)";
    /// KDF or PRF unknown.
    KdfAlg = "E_KDF_ALG", File, "ask the maker for PBKDF2 with an HMAC PRF";
    /// KDF parameters missing or inconsistent.
    KdfParam = "E_KDF_PARAM", File, "ask the maker for complete PBKDF2 parameters";
    /// Iterations or key length outside the limits.
    KdfLimit = "E_KDF_LIMIT", File, "ask the maker for 100,000 to 10,000,000 iterations";
    /// Decryption failed, for whatever reason.
    Decrypt = "E_DECRYPT", File, "check key or password, then the file's digest; repeated failures are an incident";
    /// CBC without MACMethod.
    MacMethod = "E_MAC_METHOD", File, "ask the maker for a MACMethod (RFC 6030 s.6.1.1)";
    /// MAC algorithm unknown.
    MacAlg = "E_MAC_ALG", File, "ask the maker for a registered HMAC identifier";
    /// MAC key missing.
    MacKey = "E_MAC_KEY", File, "ask the maker for an encrypted MACKey in MACMethod";
    /// ValueMAC missing.
    MacMissing = "E_MAC_MISSING", File, "treat the file as tampered with until the maker explains it";
    /// ValueMAC wrong.
    MacMismatch = "E_MAC_MISMATCH", File, "check key or password, then the file's digest; repeated failures are an incident";
    /// Plain and encrypted secrets in one file.
    MixedPlaintext = "E_MIXED_PLAINTEXT", File, "treat the file as tampered with until the maker explains it";
    /// Signature required.
    SigMissing = "E_SIG_MISSING", File, "ask the maker for the signed file";
    /// Signature that is wrong or can not be right.
    SigInvalid = "E_SIG_INVALID", File, "transfer the file again; a signature that stays wrong is an incident, or its maker's error";
    /// Weak algorithm.
    SigWeak = "E_SIG_WEAK", File, "ask the maker for SHA-256 or better and RSA keys of 2048 bits or more";
    /// Signature does not cover the whole container.
    SigCoverage = "E_SIG_COVERAGE", File, "ask the maker for one signature over the whole document";
    /// More than one signature.
    SigAmbiguous = "E_SIG_AMBIGUOUS", File, "ask the maker for one signature over the whole document";
    /// Transform not allowed.
    SigTransform = "E_SIG_TRANSFORM", File, "ask the maker for enveloped-signature and exclusive canonicalization only";
    /// Signature can not be checked.
    SigAlg = "E_SIG_ALG", File, "ask the maker for RSA or ECDSA with SHA-256 or better";
    /// The same manufacturer, serial and key id twice.
    Duplicate = "E_DUPLICATE", File, "ask the maker which of the two is right";
    /// Serial missing or with characters outside the allowed set.
    Serial = "E_SERIAL", Token, "ask the maker for the serial as printed on the token";
    /// Key algorithm missing or unknown.
    Alg = "E_ALG", Token, "this token can not be verified here; ask the maker for HOTP, TOTP, OCRA or TXA1";
    /// Suite missing or unknown.
    Suite = "E_SUITE", Token, "ask the maker for the suite as registered in the token, and for tokens of another suite where the rule forbids it";
    /// Not a key for one-time passwords.
    Usage = "E_USAGE", Token, "leave this key out: it is not made for one-time passwords";
    /// Policy not understood: usage not permitted (RFC 6030 s.5).
    Policy = "E_POLICY", Token, "ask the maker what the policy means; RFC 6030 s.5 forbids use until then";
    /// Counter missing or out of range.
    Counter = "E_COUNTER", Token, "ask the maker for the counter at delivery";
    /// Time step missing or out of range.
    Interval = "E_INTERVAL", Token, "ask the maker for the time step in seconds";
    /// Drift out of range.
    Drift = "E_DRIFT", Token, "the token's clock is too far off; ask for a replacement";
    /// Digits out of range.
    Digits = "E_DIGITS", Token, "ask the maker for the number of digits the token shows";
    /// Response encoding other than decimal.
    Encoding = "E_ENCODING", Token, "only tokens that show decimal digits can be verified";
    /// Check digits and other things read but not supported.
    Unsupported = "E_UNSUPPORTED", Token, "ask the maker for tokens without this feature";
    /// Integer malformed or out of range.
    Int = "E_INT", Token, "ask the maker to correct the number";
    /// Date malformed or inconsistent.
    Date = "E_DATE", Token, "ask the maker for an xs:dateTime such as 2026-11-21T00:00:00Z";
    /// Base64 malformed.
    Base64 = "E_BASE64", Token, "ask the maker for canonical base64";
    /// Base32 malformed.
    Base32 = "E_BASE32", Token, "ask the maker for canonical base32, or name the format with the right encoding";
    /// Hexadecimal malformed.
    Hex = "E_HEX", Token, "ask the maker for hexadecimal digits, or name the format with the right encoding";
    /// Modhex malformed.
    Modhex = "E_MODHEX", Token, "ask the maker to correct the identifier";
    /// Wrong number of columns, or an empty one.
    Columns = "E_COLUMNS", Token, "compare the columns with the maker's description, and open no seed file in a spreadsheet";
    /// Header missing, unknown or unexpected.
    Header = "E_HEADER", File, "name the format, or ask the maker for the file as it was written";
    /// Quoting of separated values broken.
    CsvQuote = "E_CSV_QUOTE", File, "ask the maker for the file as it was written; do not repair it by hand";
    /// Serial spoiled by a spreadsheet.
    SerialSci = "E_SERIAL_SCI", Token, "a spreadsheet spoilt the serial: ask the maker for the file as it was written";
    /// Payload of a migration URI malformed.
    Protobuf = "E_PROTOBUF", File, "export the accounts again";
    /// Part of a batch of several parts is missing.
    BatchIncomplete = "E_BATCH_INCOMPLETE", File, "put all parts of the export into one file";
    /// Integrity protection of an OpenPGP message missing or wrong.
    PgpIntegrity = "E_PGP_INTEGRITY", File, "transfer the message again; ask the maker for one with integrity protection";
    /// Signer not trusted.
    SigUntrusted = "E_SIG_UNTRUSTED", File, "compare the signer with the maker's announcement before trusting its certificate";
    /// Signer's certificate expired or unfit.
    SigCert = "E_SIG_CERT", File, "ask the maker for a file signed with a valid certificate";
    /// A certificate or recipient key that can not be read.
    Cert = "E_CERT", File, "ask the maker for a well-formed certificate";
    /// Secret too short or too long.
    SecretLen = "E_SECRET_LEN", Token, "ask the maker for a secret of 16 to 64 octets";
    /// Record without a secret.
    NoSecret = "E_NO_SECRET", Token, "ask the maker for the file with the secrets";
    /// The keys of one token do not belong together.
    Group = "E_GROUP", Token, "ask the maker for the keys of each token one after the other, all of them and each once";
    /// The tokens are of another kind than the import says.
    Kind = "E_KIND", Token, "import camera tokens as kind camera, all others as hard or soft";
    /// The seed would be readable where the institution forbids it.
    Exposure = "E_EXPOSURE", Token, "ask the maker for a file under a transport key that your HSM can unwrap";
    /// The HSM of this server can not take the key as the file has it.
    Hsm = "E_HSM", Token, "do what the rule says, then import the file again";
    /// Date without a time zone, read as UTC.
    WDateTz = "W_DATE_TZ", Token, "compare the date with the contract";
    /// Two tokens share a secret.
    WDupSecret = "W_DUP_SECRET", Token, "ask the maker: one of the two tokens can be imitated with the other";
    /// Validity is over.
    WExpired = "W_EXPIRED", Token, "import it only if the expiry date is known to be wrong";
    /// Validity has not begun.
    WNotYetValid = "W_NOT_YET_VALID", Token, "import it only if the early use is agreed";
    /// Unusual time step.
    WInterval = "W_INTERVAL", Token, "compare with the data sheet: 30 and 60 seconds are usual";
    /// Few KDF iterations.
    WKdfWeak = "W_KDF_WEAK", File, "treat the password as guessable and the file as secret as its content";
    /// Manufacturer missing.
    WManufacturer = "W_MANUFACTURER", Token, "serials are unique per manufacturer only";
    /// Secret longer than the HMAC block of SHA-1 and SHA-256.
    WSecretLen = "W_SECRET_LEN", Token, "check with the maker how the token shortens the secret";
    /// Secret looks doubly encoded.
    WSuspectEncoding = "W_SUSPECT_ENCODING", Token, "try one code of a real token before importing the batch";
    /// Published test secret.
    WTestSecret = "W_TEST_SECRET", Token, "never put this token into service";
    /// Two documented readings.
    WAmbiguous = "W_AMBIGUOUS", Token, "name the format or the missing parameter, as the maker's data sheet has it";
    /// Issuer given twice, and differently.
    WIssuer = "W_ISSUER", Token, "compare the issuer with the order";
    /// Serials that differ only in case.
    WSerialCollision = "W_SERIAL_COLLISION", Token, "compare both serials with the tokens in hand";
    /// Serials of different lengths in one batch.
    WSerialLength = "W_SERIAL_LENGTH", File, "a spreadsheet drops leading zeros: compare the serials with the tokens in hand";
    /// Minor version other than 0.
    WVersion = "W_VERSION", File, "compare what was read with the maker's list";
    /// Algorithm identifier of an expired draft.
    WAlgDraft = "W_ALG_DRAFT", Token, "try one code of a real token before importing the batch";
    /// Time start not zero.
    WTimeOffset = "W_TIME_OFFSET", Token, "compare with the data sheet: tokens count from 1970";
    /// Metadata not authenticated.
    WUnsigned = "W_UNSIGNED", File, "compare serials and secrets by sample: swapped records would not be noticed";
    /// All-zero and the like.
    WWeakSecret = "W_WEAK_SECRET", Token, "never put this token into service";
    /// Secrets in the clear.
    WPlaintext = "W_PLAINTEXT", File, "destroy the file after the import and ask the maker for an encrypted one";
    /// A policy that was understood and must be carried on.
    WPolicy = "W_POLICY", Token, "make sure that the PIN or transaction policy is enforced elsewhere";
    /// Encrypted integer whose plaintext encoding RFC 6030 does not define.
    WEncInt = "W_ENC_INT", Token, "ask the maker whether it is decimal text or big-endian, then say so";
    /// Suites of one token whose keys came encrypted one by one.
    WSharedSeed = "W_SHARED_SEED", Token, "the first key of each token is used for all its suites, since encrypted keys can not be compared; try each suite of one real token";
    /// See [`SuiteWarning::Collides`].
    WOcraCollides = "W_OCRA_COLLIDES", Token, SuiteWarning::Collides.en();
    /// See [`SuiteWarning::AmountOpen`].
    WOcraAmountOpen = "W_OCRA_AMOUNT_OPEN", Token, SuiteWarning::AmountOpen.en();
    /// See [`SuiteWarning::NoFreshness`].
    WOcraNoFreshness = "W_OCRA_NO_FRESHNESS", Token, SuiteWarning::NoFreshness.en();
    /// See [`SuiteWarning::ShortCode`].
    WOcraShortCode = "W_OCRA_SHORT_CODE", Token, SuiteWarning::ShortCode.en();
    /// See [`SuiteWarning::TenDigits`].
    WOcraTenDigits = "W_OCRA_TEN_DIGITS", Token, SuiteWarning::TenDigits.en();
    /// See [`SuiteWarning::WholeMac`].
    WOcraWholeMac = "W_OCRA_WHOLE_MAC", Token, SuiteWarning::WholeMac.en();
    /// See [`SuiteWarning::Sha1`].
    WOcraSha1 = "W_OCRA_SHA1", Token, SuiteWarning::Sha1.en();
    /// See [`SuiteWarning::ShortQuestion`].
    WOcraShortQuestion = "W_OCRA_SHORT_QUESTION", Token, SuiteWarning::ShortQuestion.en();
    /// See [`SuiteWarning::Session`].
    WOcraSession = "W_OCRA_SESSION", Token, SuiteWarning::Session.en();
    /// See [`SuiteWarning::Pin`].
    WOcraPin = "W_OCRA_PIN", Token, SuiteWarning::Pin.en();
    /// See [`SuiteWarning::MutualRefused`].
    WOcraMutualRefused = "W_OCRA_MUTUAL_REFUSED", Token, SuiteWarning::MutualRefused.en();
}

impl Code {
    /// Reads [`Self::as_str`].
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }

    /// The class that carries a warning about a suite.
    pub const fn of_suite(warning: SuiteWarning) -> Self {
        match warning {
            SuiteWarning::Collides => Self::WOcraCollides,
            SuiteWarning::AmountOpen => Self::WOcraAmountOpen,
            SuiteWarning::NoFreshness => Self::WOcraNoFreshness,
            SuiteWarning::ShortCode => Self::WOcraShortCode,
            SuiteWarning::TenDigits => Self::WOcraTenDigits,
            SuiteWarning::WholeMac => Self::WOcraWholeMac,
            SuiteWarning::Sha1 => Self::WOcraSha1,
            SuiteWarning::ShortQuestion => Self::WOcraShortQuestion,
            SuiteWarning::Session => Self::WOcraSession,
            SuiteWarning::Pin => Self::WOcraPin,
            SuiteWarning::MutualRefused => Self::WOcraMutualRefused,
        }
    }

    /// [`Self::remedy`] in Japanese, for the classes that have it.
    pub fn remedy_ja(self) -> Option<&'static str> {
        if self == Self::WSharedSeed {
            return Some(
                "暗号化された鍵は比較できないため、各トークンの先頭の鍵をすべてのスイートに使用します。\
                 実物のトークン1台で、すべてのスイートの認証番号を確認してください",
            );
        }
        let warning = SuiteWarning::ALL.into_iter().find(|one| Self::of_suite(*one) == self);
        warning.map(SuiteWarning::ja)
    }

    /// Whether a token with this warning needs a second approval before it goes into service.
    pub const fn quarantines(self) -> bool {
        matches!(
            self,
            Self::WExpired
                | Self::WNotYetValid
                | Self::WSecretLen
                | Self::WSuspectEncoding
                | Self::WTestSecret
                | Self::WWeakSecret
                | Self::WEncInt
                | Self::WAmbiguous
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_found_by_its_text() {
        for code in Code::ALL {
            assert_eq!(Code::from_text(code.as_str()), Some(*code));
        }
        assert_eq!(Code::from_text("W_NOVEL"), None);
    }

    #[test]
    fn what_is_to_know_about_a_suite_is_told_in_both_languages() {
        for warning in SuiteWarning::ALL {
            let code = Code::of_suite(warning);
            let word = warning.word().to_ascii_uppercase();
            assert_eq!(code.as_str(), format!("W_OCRA_{word}"));
            assert_eq!((code.remedy(), code.remedy_ja()), (warning.en(), Some(warning.ja())));
            assert!(!code.quarantines(), "the suites are legal");
        }
        assert_eq!(Code::WUnsigned.remedy_ja(), None);
    }
}
