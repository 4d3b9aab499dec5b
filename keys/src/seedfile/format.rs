//! Which formats there are, and how one is told from the bytes at the head of a file.
//!
//! Names and extensions say nothing. Where two formats look alike, the one that is told is the one
//! that reads strictly, and the explanation says so; the officer can name another. Not responsible
//! for reading.

use super::code::Code;
use super::refusal::Refusal;

/// UTF-8 byte order mark.
pub(super) const BOM: &[u8] = b"\xEF\xBB\xBF";

macro_rules! formats {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $title:literal;)*) => {
        /// A format of seed files.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Format { $($(#[$doc])* $name,)* }

        impl Format {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable word that officers and configurations use.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Its name for people.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

formats! {
    /// RFC 6030.
    Pskc = "pskc", "PSKC (RFC 6030)";
    /// The forms that PSKC had before its RFC; read only when named.
    PskcDraft = "pskc-draft", "PSKC drafts before RFC 6030";
    /// `serial,key[,type[,digits[,counter or step or suite]]]`.
    OathCsv = "oath-csv", "OATH CSV (privacyIDEA)";
    /// The same with a hash in column 6; column 5 means nothing for HOTP.
    OathCsvLinotp = "oath-csv-linotp", "OATH CSV (LinOTP)";
    /// Like OATH CSV, moving factor at most 100,000.
    Netiq = "netiq", "OATH CSV (NetIQ)";
    /// `serial;manufacturer;algorithm;seed;digits;interval or counter`.
    MultiOtp = "multiotp", "multiOTP CSV";
    /// `serial,hex[,counter]`; the rest is declared.
    PingId = "pingid", "PingID seed file";
    /// With the header `upn,serial number,secret key,time interval,manufacturer,model`.
    Entra = "entra", "Microsoft Entra / Token2 CSV";
    /// `serial seed`, blank between; the rest is declared.
    Feitian = "feitian", "Feitian seed list";
    /// `serial key`, hexadecimal.
    Dpw = "dpw", "DPW list";
    /// RCDevs WebADM inventory.
    Rcdevs = "rcdevs", "RCDevs WebADM inventory CSV";
    /// 18 columns, as the personalization tool logs.
    YubicoTraditional = "yubico-traditional", "Yubico personalization CSV (traditional)";
    /// `serial,pubId,pvtId or moving factor,secret,accessCode,time,`.
    Yubico = "yubico", "Yubico CSV";
    /// `# ykksm 1`.
    Ykksm = "ykksm", "YubiKey KSM provisioning list";
    /// `Tokens/Token@serial/Applications/Application`.
    Aladdin = "aladdin", "Aladdin / SafeNet XML";
    /// `data/header`, `data/tokens/token`.
    Deepnet = "deepnet", "Deepnet SafeID XML";
    /// Records of `name: value` between blank lines.
    EtokenDat = "etoken-dat", "SafeWord / eToken .dat";
    /// `otpauth://` URIs, one a line.
    Otpauth = "otpauth", "otpauth URIs";
    /// `otpauth-migration://` URIs.
    OtpauthMigration = "otpauth-migration", "otpauth-migration URIs";
    /// RSA SecurID software tokens; recognised, its keys are of another algorithm.
    Sdtid = "sdtid", "RSA SecurID sdtid";
    /// Any of the others inside an OpenPGP message.
    OpenPgp = "openpgp", "OpenPGP message";
}

impl Format {
    /// Reads [`Self::word`].
    pub fn from_word(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.word() == text)
    }
}

/// What was told of a file, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Detected {
    /// The format.
    pub format: Format,
    /// What in the file says so, in words.
    pub because: String,
    /// Formats that look the same and read otherwise, with what tells them apart.
    pub could_be: Vec<(Format, &'static str)>,
    /// Whether the officer named it.
    pub is_forced: bool,
    /// What is inside, where the file is but an envelope; known once it was opened.
    pub inside: Option<Box<Self>>,
}

impl Detected {
    /// Told by the file.
    pub(super) fn with(format: Format, because: impl Into<String>) -> Self {
        let because = because.into();
        Self { format, because, could_be: Vec::new(), is_forced: false, inside: None }
    }

    /// As the officer says.
    pub(super) fn forced(format: Format) -> Self {
        Self { is_forced: true, ..Self::with(format, "the officer named the format") }
    }

    /// The words of the formats: `oath-csv`, or `openpgp containing oath-csv`.
    pub fn words(&self) -> String {
        let word = self.format.word();
        match &self.inside {
            Some(inside) => format!("{word} containing {}", inside.words()),
            None => word.to_owned(),
        }
    }
}

/// Tells the format from the first bytes, at least [`super::PEEK`] of them or the whole file.
pub(super) fn detect(first: &[u8]) -> Result<Detected, Refusal> {
    if first.is_empty() {
        return Err(Refusal::new(Code::Empty, "file", "the file holds something"));
    }
    let utf16 = [&b"\xFF\xFE"[..], b"\xFE\xFF", b"<\0", b"\0<"];
    if utf16.iter().any(|mark| first.starts_with(mark)) {
        return Err(Refusal::new(Code::XmlEncoding, "file", "text must be UTF-8, not UTF-16"));
    }
    if let Some(rule) = refused_container(first) {
        return Err(Refusal::new(Code::Format, "file", rule));
    }
    if is_openpgp(first) {
        return Ok(Detected::with(Format::OpenPgp, "it begins as an OpenPGP message"));
    }
    let text = first.strip_prefix(BOM).unwrap_or(first).trim_ascii_start();
    if text.starts_with(b"<") {
        return Ok(super::xml::detect(text));
    }
    super::text::detect(text)
}

/// Containers that are opened elsewhere, and formats whose layout is not public.
fn refused_container(first: &[u8]) -> Option<&'static str> {
    match () {
        () if first.starts_with(b"PK\x03\x04") || first.starts_with(b"PK\x05\x06") => {
            Some("a ZIP archive is unpacked first, away from here")
        }
        () if first.starts_with(b"7z\xBC\xAF\x27\x1C") || first.starts_with(b"Rar!") => {
            Some("an archive is unpacked first, away from here")
        }
        () if first.starts_with(b"%PDF") => Some("a PDF document holds no seed records"),
        () if first.starts_with(b"\x1F\x8B") => Some("a gzip file is unpacked first"),
        () if is_armored(first) && !is_openpgp(first) => {
            Some("OpenPGP armor holds an encrypted or signed message, no key and no signed text")
        }
        () => None,
    }
}

fn is_armored(first: &[u8]) -> bool {
    first.trim_ascii_start().starts_with(b"-----BEGIN PGP ")
}

/// An armored message, or the first packet of one (RFC 9580 s.4.2): its tag, and behind the length
/// the version or algorithm that it begins with. Text that is not UTF-8 may begin with such a tag.
pub(super) fn is_openpgp(first: &[u8]) -> bool {
    if first.trim_ascii_start().starts_with(b"-----BEGIN PGP MESSAGE-----") {
        return true;
    }
    let Some((tag, rest)) = first.split_first() else { return false };
    let length = rest.first().copied().unwrap_or_default();
    let (kind, skipped) = match tag {
        0xC0..=0xFF if matches!(length, 192..=223) => (tag & 0x3F, 2),
        0xC0..=0xFF if length == 255 => (tag & 0x3F, 5),
        0xC0..=0xFF => (tag & 0x3F, 1),
        0x80..=0xBF => ((tag >> 2) & 0x0F, [1, 2, 4, 0][usize::from(tag & 3)]),
        _ => return false,
    };
    let Some(begin) = rest.get(skipped) else { return false };
    match kind {
        // Session keys for a public key and for a password, one-pass signature.
        1 | 4 => matches!(begin, 3 | 6),
        3 => matches!(begin, 4..=6),
        8 => *begin <= 3,
        // Encrypted without integrity protection: recognised so that it is refused for that.
        9 => true,
        18 => matches!(begin, 1 | 2),
        20 => *begin == 1,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_a_word_of_its_own() {
        for format in Format::ALL {
            assert_eq!(Format::from_word(format.word()), Some(*format));
        }
        assert_eq!(Format::from_word("excel"), None);
    }

    #[test]
    fn what_is_no_seed_file_is_told_so() {
        for bytes in [&b"PK\x03\x04rest"[..], b"%PDF-1.7", b"\x1F\x8B\x08"] {
            assert_eq!(detect(bytes).unwrap_err().code, Code::Format);
        }
        assert_eq!(detect(b"").unwrap_err().code, Code::Empty);
        assert_eq!(detect(b"\xFF\xFE<\0").unwrap_err().code, Code::XmlEncoding);
    }

    #[test]
    fn openpgp_is_told_by_armor_or_packet() {
        let armor = &b"-----BEGIN PGP MESSAGE-----\n"[..];
        for bytes in
            [armor, &[0xC1, 0xC0, 0, 3], &[0x85, 0x01, 0x0C, 3], &[0xD2, 0xFF, 0, 0, 0, 9, 1]]
        {
            assert_eq!(detect(bytes).unwrap().format, Format::OpenPgp);
        }
        assert!(!is_openpgp("\u{c4}pfel,".as_bytes()));
        let key = b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n";
        assert_eq!(detect(key).unwrap_err().code, Code::Format);
    }
}
