//! Why a file is taken for what: its format, what looks alike, what protects and signs it. On this
//! machine, without a server and without a key.
//!
//! Not responsible for: whether the file is good (`warifu import --dry-run`).

use std::{
    fs::File,
    io::{self, BufReader, Read as _, Seek as _, SeekFrom},
    path::Path,
};

use serde::Serialize;
use warifu_api::Language;
use warifu_keys::seedfile::{
    self, Code, ContainerCrypto, Detected, Format, Refusal,
    crypto::{AesBits, Cipher, KeySource, MacHash, MacKey},
    inspect::RefusalLine,
    options::ReadOptions,
};

use crate::{
    exit::{Exit, Failure},
    input, label,
    output::{Output, clean, facts_in},
};

/// How much of the head tells the format, and how much of the end is searched for a signature.
const HEAD: u64 = 4096;
const TAIL: u64 = 64 * 1024;

/// What an XML signature ends with, whatever its prefix.
const SIGNED: &[u8] = b"SignatureValue>";

/// What was found out.
#[derive(Debug, Serialize)]
struct Explanation {
    format: Option<&'static str>,
    title: Option<&'static str>,
    /// `openpgp containing oath-csv`, where the file is but an envelope.
    words: Option<String>,
    because: Option<String>,
    named: bool,
    could_be: Vec<Lookalike>,
    encryption: Option<Encryption>,
    /// Whether the end of the file has a signature; it is checked when the file is read.
    signature: bool,
    refusal: Option<Box<RefusalLine>>,
}

/// Another format that looks the same.
#[derive(Debug, Serialize)]
struct Lookalike {
    format: &'static str,
    title: &'static str,
    told_apart_by: &'static str,
}

/// What protects the values.
#[derive(Debug, Eq, PartialEq, Serialize)]
struct Encryption {
    /// `pre-shared key`, `password` or `certificate`.
    opened_with: &'static str,
    key_name: Option<String>,
    cipher: Option<String>,
    mac: Option<String>,
    iterations: Option<u32>,
}

/// Says why the file is taken for what.
pub(crate) fn run(path: &Path, options: ReadOptions, out: Output) -> Result<Exit, Failure> {
    let unreadable = |e: io::Error| input::unreadable(path, &e);
    let mut file = File::open(path).map_err(unreadable)?;
    let mut head = Vec::new();
    file.by_ref().take(HEAD).read_to_end(&mut head).map_err(unreadable)?;
    let signature = has_signature(&mut file).map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    let told = seedfile::explain(&head, options.format);
    let explanation = explain(file, told, options, signature);
    out.show(&explanation, |explanation| text(explanation, out.language()))?;
    // What only a key can show is not refused for that.
    let locked = Code::KeyRequired.as_str();
    let refused = explanation.refusal.as_ref().is_some_and(|refusal| refusal.class != locked);
    Ok(if refused { Exit::Refused } else { Exit::Ok })
}

/// Reads as far as the first token: where a head does not name its cipher, that does.
fn explain(
    file: File,
    told: Result<Detected, Refusal>,
    options: ReadOptions,
    signature: bool,
) -> Explanation {
    let told = match told {
        Ok(told) => told,
        Err(refusal) => return Explanation::of(None, None, signature, Some(refusal)),
    };
    let mut opened = match seedfile::open(BufReader::with_capacity(1 << 16, file), options) {
        Ok(opened) => opened,
        Err(refusal) => return Explanation::of(Some(told), None, signature, Some(refusal)),
    };
    let refusal = opened.next().and_then(Result::err);
    let encryption = opened.crypto().map(Encryption::of);
    Explanation::of(Some(opened.detected().clone()), encryption, signature, refusal)
}

impl Explanation {
    fn of(
        detected: Option<Detected>,
        encryption: Option<Encryption>,
        signature: bool,
        refusal: Option<Refusal>,
    ) -> Self {
        let format = detected.as_ref().map(|detected| detected.format);
        let lookalikes = detected.iter().flat_map(|detected| &detected.could_be);
        Self {
            format: format.map(Format::word),
            title: format.map(Format::title),
            words: detected.as_ref().map(Detected::words),
            named: detected.as_ref().is_some_and(|detected| detected.is_forced),
            could_be: lookalikes.map(|(format, apart)| Lookalike::of(*format, apart)).collect(),
            because: detected.map(|detected| detected.because),
            encryption,
            signature,
            refusal: refusal.map(|refusal| Box::new(refusal.into())),
        }
    }
}

impl Lookalike {
    const fn of(format: Format, told_apart_by: &'static str) -> Self {
        Self { format: format.word(), title: format.title(), told_apart_by }
    }
}

impl Encryption {
    fn of(crypto: &ContainerCrypto) -> Self {
        let (opened_with, iterations) = match &crypto.key {
            KeySource::PreShared { .. } => ("pre-shared key", None),
            KeySource::Password { kdf, .. } => ("password", Some(kdf.iterations)),
            KeySource::Certificate { .. } => ("certificate", None),
        };
        let mac = crypto.mac.as_ref().map(|method| {
            let key = match &method.key {
                MacKey::Carried(_) => "its key in the file",
                MacKey::Agreed(_) => "its key agreed beforehand",
                MacKey::Encryption => "under the encryption key",
            };
            format!("HMAC-{}, {key}", hash_name(method.hash))
        });
        Self {
            opened_with,
            key_name: crypto.key.name().map(str::to_owned),
            cipher: crypto.cipher.map(cipher_name),
            mac,
            iterations,
        }
    }

    fn text(&self) -> String {
        let parts = [
            Some(self.opened_with.to_owned()),
            self.key_name.as_ref().map(|name| format!("named {name}")),
            self.cipher.clone(),
            self.iterations.map(|count| format!("PBKDF2 with {count} iterations")),
            self.mac.clone(),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

const fn hash_name(hash: MacHash) -> &'static str {
    match hash {
        MacHash::Sha1 => "SHA-1",
        MacHash::Sha224 => "SHA-224",
        MacHash::Sha256 => "SHA-256",
        MacHash::Sha384 => "SHA-384",
        MacHash::Sha512 => "SHA-512",
    }
}

fn cipher_name(cipher: Cipher) -> String {
    let aes = |bits: AesBits| bits.key_len() * 8;
    match cipher {
        Cipher::AesCbc(bits) => format!("AES-{}-CBC", aes(bits)),
        Cipher::AesGcm(bits) => format!("AES-{}-GCM", aes(bits)),
        Cipher::AesKeyWrap(bits) => format!("AES-{} key wrap", aes(bits)),
        Cipher::AesKeyWrapPad(bits) => format!("AES-{} key wrap with padding", aes(bits)),
        Cipher::CamelliaCbc(bits) => format!("Camellia-{}-CBC", aes(bits)),
        Cipher::CamelliaKeyWrap(bits) => format!("Camellia-{} key wrap", aes(bits)),
        Cipher::TripleDesCbc => "triple DES-CBC".to_owned(),
        Cipher::TripleDesKeyWrap => "triple DES key wrap".to_owned(),
        Cipher::RsaPkcs1 => "RSA PKCS#1 v1.5".to_owned(),
        Cipher::RsaOaep => "RSA-OAEP".to_owned(),
    }
}

/// An XML signature is the last child of its document; nothing else in a seed file has such a name.
fn has_signature(file: &mut File) -> io::Result<bool> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.by_ref().take(TAIL).read_to_end(&mut tail)?;
    Ok(tail.windows(SIGNED.len()).any(|window| window == SIGNED))
}

fn text(explanation: &Explanation, language: Language) -> String {
    let named = |word: &str, title: &str| format!("{word}: {title}");
    let format = explanation.words.as_deref().zip(explanation.title);
    let signature = match (language, explanation.signature) {
        (Language::En, true) => "there is one; it is checked when the file is read",
        (Language::En, false) => "none was seen",
        (Language::Ja, true) => "あり（取込時に検証します）",
        (Language::Ja, false) => "見当たりません",
    };
    let plain = match language {
        Language::En => "none was seen: the seeds are in the clear",
        Language::Ja => "なし（シードは平文です）",
    };
    let envelope = explanation.format == Some(Format::OpenPgp.word());
    let encryption = explanation.encryption.as_ref().map(Encryption::text);
    let plain = (!envelope && explanation.refusal.is_none()).then(|| plain.to_owned());
    let mut text = facts_in(
        language,
        [
            (label::DETECTED, format.map(|(word, title)| named(word, title))),
            (label::BECAUSE, explanation.because.clone()),
            (label::ENCRYPTION, encryption.or(plain)),
            (label::SIGNATURE, (!envelope).then(|| signature.to_owned())),
        ],
    );
    for one in &explanation.could_be {
        let could_be = label::COULD_BE.in_language(language);
        let line = format!("{could_be} {} ({}): {}", one.format, one.title, one.told_apart_by);
        text.extend([&clean(&line), "\n"]);
    }
    if let Some(refusal) = &explanation.refusal {
        let line =
            format!("{} {}: {} ({})", refusal.class, refusal.field, refusal.rule, refusal.remedy);
        text.extend([label::REFUSED.in_language(language), " ", &clean(&line), "\n"]);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn explained(content: &str, options: ReadOptions) -> Explanation {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content.as_bytes()).unwrap();
        let told = seedfile::explain(content.as_bytes(), options.format);
        let signature = has_signature(&mut file).unwrap();
        file.rewind().unwrap();
        explain(file, told, options, signature)
    }

    #[test]
    fn what_is_no_seed_file_is_refused_with_a_reason() {
        let explanation = explained("%PDF-1.7", ReadOptions::default());
        assert!(explanation.format.is_none());
        let text = text(&explanation, Language::En);
        assert!(text.contains("refused E_FORMAT"), "{text}");
    }

    #[test]
    fn the_officers_word_is_told_as_such() {
        let format = Some(Format::Dpw);
        let options = ReadOptions { format, ..ReadOptions::default() };
        let explanation = explained("\u{202e}what", options);
        assert!(explanation.named && explanation.format == Some("dpw"));
        let text = text(&explanation, Language::En);
        assert!(text.contains("the officer named the format") && !text.contains('\u{202e}'));
    }

    #[test]
    fn a_signature_is_seen_whatever_its_prefix() {
        let signed = "<a><ds:SignatureValue>AA==</ds:SignatureValue></a>";
        assert!(explained(signed, ReadOptions::default()).signature);
        assert!(!explained("<a/>", ReadOptions::default()).signature);
    }
}
