//! The reader of Deepnet SafeID files: a `header` that says how all seeds are written and used, then
//! `tokens/token`, each with a `serial` and a `seed`.
//!
//! Not responsible for files of encrypted seeds: how their key is given is not public. Older headers
//! leave out digits, time step and hash, which are then declared.

use std::io::BufRead;

use zeroize::Zeroizing;

use super::document::{Content, DocumentReader};
use crate::seedfile::code::Code;
use crate::seedfile::options::{ReadOptions, SecretEncoding};
use crate::seedfile::pskc::element::El;
use crate::seedfile::reader::Reader;
use crate::seedfile::record::{Algorithm, Record};
use crate::seedfile::refusal::{Refusal, Warning};
use crate::seedfile::text::batch::Batch;
use crate::seedfile::text::column;
use crate::seedfile::text::encoding;
use crate::seedfile::text::row::{Defaults, Draft};

/// Opens a file of this format.
pub(in crate::seedfile) fn open<'a>(
    input: impl BufRead + Send + 'a,
    options: ReadOptions,
) -> Result<Box<dyn Reader + Send + 'a>, Refusal> {
    let batch = Batch::new(&options)?;
    let limits = options.limits;
    Ok(Box::new(DocumentReader::open(input, limits, Data { options, batch, header: None })?))
}

/// The content of a file.
struct Data {
    options: ReadOptions,
    batch: Batch,
    header: Option<Header>,
}

/// What the header says of all tokens.
struct Header {
    manufacturer: Option<String>,
    encoding: SecretEncoding,
    digits: Option<Zeroizing<String>>,
    time_step: Option<Zeroizing<String>>,
    hash: Option<Zeroizing<String>>,
}

impl Content for Data {
    const ROOT: &'static str = "data";
    const LIST: Option<&'static str> = Some("tokens");
    const KEY: &'static str = "token";

    fn part(&mut self, el: El<'_>) -> Result<(), Refusal> {
        if el.name() != "header" || self.header.is_some() || self.batch.keys() > 0 {
            return Err(el.refuse(Code::Schema, "data is one header, then one list of tokens"));
        }
        self.header = Some(self.read_header(el)?);
        Ok(())
    }

    fn key(&mut self, el: El<'_>) -> Result<(), Refusal> {
        let Some(header) = &self.header else {
            return Err(el.refuse(Code::Schema, "the header comes before the tokens"));
        };
        let parts = el.children(&[""], &["serial", "seed"], &[])?;
        let mut draft = Draft::new(el.position());
        let serial = parts.get("serial").map(El::text).transpose()?.unwrap_or_default();
        draft.serial(&serial, "serial");
        if let Some(el) = parts.get("seed").filter(|el| !el.is_blank()) {
            draft.secret(encoding::decode(header.encoding, &el.text()?, "seed"), "seed");
        }
        header.apply(&mut draft);
        self.batch.take(draft.finish(&self.options, &Defaults::default()))
    }

    fn pop(&mut self) -> Option<Result<Record, Refusal>> {
        self.batch.pop()
    }

    fn finish(&mut self) -> Result<(), Refusal> {
        self.batch.finish()
    }

    fn warnings(&self) -> &[Warning] {
        self.batch.warnings()
    }
}

const HEADER: &[&str] =
    &["manufacturerCode", "productCode", "encrypt", "encode", "digits", "timeWindow", "crypto"];

impl Data {
    fn read_header(&self, el: El<'_>) -> Result<Header, Refusal> {
        let parts = el.children(&[""], HEADER, &[])?;
        let text = |name| parts.get(name).map(El::text).transpose();
        if text("encrypt")?.is_some_and(|way| !way.eq_ignore_ascii_case("NONE")) {
            let rule = "seeds are not encrypted: how their key is given is not public";
            return Err(el.refuse_field(Code::EncAlg, "encrypt", rule));
        }
        let encoding = match text("encode")?.as_deref().map(String::as_str) {
            Some(way) if way.eq_ignore_ascii_case("HEX") => SecretEncoding::Hex,
            Some(way) if way.eq_ignore_ascii_case("BASE64") => SecretEncoding::Base64,
            None => self.options.declared.encoding.ok_or_else(|| {
                let rule = "the header does not say how seeds are written: declare the encoding";
                el.refuse_field(Code::Schema, "encode", rule)
            })?,
            Some(_) => {
                return Err(el.refuse_field(Code::Schema, "encode", "HEX or BASE64"));
            }
        };
        let maker = text("manufacturerCode")?.unwrap_or_default();
        Ok(Header {
            manufacturer: column::label(&maker, "manufacturerCode")?,
            encoding,
            digits: text("digits")?,
            time_step: text("timeWindow")?,
            hash: text("crypto")?,
        })
    }
}

impl Header {
    fn apply(&self, draft: &mut Draft) {
        draft.manufacturer.clone_from(&self.manufacturer);
        if let Some(digits) = &self.digits {
            draft.digits(digits, "digits");
        }
        if let Some(step) = &self.time_step {
            draft.computes(Algorithm::Totp);
            draft.time_step(step, "timeWindow");
        }
        if let Some(name) = &self.hash {
            let hash = name.get(4..).filter(|_| name.to_ascii_lowercase().starts_with("hmac"));
            draft.hash(hash.unwrap_or(name), "crypto");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seedfile::Format;
    use crate::seedfile::options::Declared;
    use crate::seedfile::xml::trial::{self, secret};
    use warifu_core::oath::HashAlgorithm;

    const SEED: &str = "1F2E3D4C5B6A79880F1E2D3C4B5A697887766554";
    const HEADER: &str = "<header><manufacturerCode>DN</manufacturerCode><productCode>ST</productCode>\
        <encrypt>NONE</encrypt><encode>HEX</encode><digits>6</digits><timeWindow>60</timeWindow>\
        <crypto>HmacSHA1</crypto></header>";

    fn file(header: &str, tokens: &[(&str, &str)]) -> String {
        let tokens = tokens.iter().map(|(serial, seed)| {
            format!("<token>\n<serial>{serial}</serial><seed>{seed}</seed></token>")
        });
        format!("<data>{header}<tokens>{}</tokens></data>", tokens.collect::<String>())
    }

    fn codes(text: impl AsRef<[u8]>) -> Vec<Code> {
        trial::codes(Format::Deepnet, text)
    }

    #[test]
    fn the_header_says_how_all_tokens_are_read() {
        let text = file(HEADER, &[("70000001", SEED), ("70000002", &SEED.replace('1', "2"))]);
        let outcome = trial::read(Format::Deepnet, text.as_bytes(), ReadOptions::default);
        assert_eq!(outcome.codes(), []);
        let [first, second] = outcome.records.as_slice() else { unreachable!("two tokens") };
        assert_eq!(
            (first.algorithm, first.digits, first.time_step_s),
            (Algorithm::Totp, 6, Some(60))
        );
        assert_eq!((first.hash, first.manufacturer.as_deref()), (HashAlgorithm::Sha1, Some("DN")));
        assert_eq!(secret(first), SEED.to_ascii_lowercase());
        assert_eq!((second.serial.as_str(), second.at.line), ("70000002", 2));
        assert_eq!(second.at.element, "data/tokens/token[2]");
    }

    #[test]
    fn base64_and_other_hashes() {
        let header = HEADER.replace("HEX", "BASE64").replace("HmacSHA1", "HmacSHA512");
        let text = file(&header, &[("1", "AAECAwQFBgcICQoLDA0ODw==")]);
        let outcome = trial::read(Format::Deepnet, text.as_bytes(), ReadOptions::default);
        assert_eq!(secret(&outcome.records[0]), "000102030405060708090a0b0c0d0e0f");
        assert_eq!(outcome.records[0].hash, HashAlgorithm::Sha512);
        assert_eq!(codes(file(&header, &[("1", SEED)])), [], "also base64: never guessed");
        assert_eq!(codes(file(&header, &[("1", "AAE*")])), [Code::Base64]);
    }

    #[test]
    fn what_an_old_header_leaves_out_is_declared() {
        let header = "<header><encode>HEX</encode></header>";
        let text = file(header, &[("1", SEED)]);
        assert_eq!(codes(&text), [Code::Alg, Code::Suite, Code::Digits]);
        let outcome = trial::read(Format::Deepnet, text.as_bytes(), || ReadOptions {
            declared: Declared {
                algorithm: Some(crate::seedfile::OneTime::Totp),
                hash: Some(HashAlgorithm::Sha1),
                digits: Some(6),
                time_step_s: Some(30),
                ..Declared::default()
            },
            ..ReadOptions::default()
        });
        assert_eq!(outcome.records[0].time_step_s, Some(30));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let one: &[(&str, &str)] = &[("1", SEED)];
        let with = |from: &str, to: &str| codes(file(&HEADER.replace(from, to), one));
        assert_eq!(with("NONE", "AES256"), [Code::EncAlg]);
        assert_eq!(with("HEX", "BASE16"), [Code::Schema]);
        assert_eq!(with("<digits>6", "<digits>10"), [Code::Digits]);
        assert_eq!(with(">60<", ">0<"), [Code::Interval]);
        assert_eq!(with("HmacSHA1", "HmacMD5"), [Code::Suite]);
        assert_eq!(with(HEADER, ""), [Code::Schema]);
        assert_eq!(with("</header>", "</header><header/>"), [Code::Schema]);
        assert_eq!(codes(file(HEADER, &[("1", "12345")])), [Code::Hex]);
        assert_eq!(codes(file(HEADER, &[("1", "")])), [Code::NoSecret]);
        assert_eq!(codes(file(HEADER, &[("", SEED)])), [Code::Serial]);
        assert_eq!(codes(file(HEADER, &[("1", SEED), ("1", SEED)])), [Code::Duplicate]);
        assert_eq!(codes(file(HEADER, &[])), [Code::NoTokens]);
    }

    #[test]
    fn the_list_is_one_and_holds_tokens_only() {
        let good = file(HEADER, &[("1", SEED)]);
        let with = |from: &str, to: &str| codes(good.replace(from, to));
        assert_eq!(with("<tokens>", "<tokens>text"), [Code::Schema]);
        assert_eq!(with("<tokens>", "<tokens a='b'>"), [Code::Schema]);
        assert_eq!(with("<tokens>", "<tokens/><tokens>"), [Code::Schema]);
        assert_eq!(with("<tokens>", "<tokens><other/>"), [Code::Schema]);
        assert_eq!(with("</tokens></data>", "</tokens>"), [Code::Truncated]);
        assert_eq!(with("</tokens>", ""), [Code::XmlSyntax]);
        let flat = good.replace("<tokens>", "").replace("</tokens>", "");
        assert_eq!(codes(flat), [], "no list at all reads the same");
    }
}
