//! The reader of Aladdin and SafeNet token files: `Tokens/Token@serial/Applications/Application`, each
//! with a hexadecimal `Seed` and a `MovingFactor`.
//!
//! Not responsible for other keys of these tokens: the format knows HOTP only. It does not say how
//! many digits are shown nor which hash is used; importers take 6, and SHA-256 for seeds of 32 octets.

use std::io::BufRead;

use warifu_core::oath::HashAlgorithm;

use super::document::{Content, DocumentReader};
use crate::seedfile::code::Code;
use crate::seedfile::options::{OneTime, ReadOptions};
use crate::seedfile::pskc::element::{Children, El};
use crate::seedfile::reader::Reader;
use crate::seedfile::record::Record;
use crate::seedfile::refusal::{Refusal, Warning};
use crate::seedfile::text::batch::Batch;
use crate::seedfile::text::encoding;
use crate::seedfile::text::row::{Defaults, Draft};

/// Octets of a seed that is used with SHA-256.
const SHA256_SEED: usize = 32;

/// What is stated about a token besides its keys.
const ABOUT: &[&str] = &["CaseModel", "Model", "ProductionDate", "ProductName", "Applications"];

/// Opens a file of this format.
pub(in crate::seedfile) fn open<'a>(
    input: impl BufRead + Send + 'a,
    options: ReadOptions,
) -> Result<Box<dyn Reader + Send + 'a>, Refusal> {
    let batch = Batch::new(&options)?;
    Ok(Box::new(DocumentReader::open(input, options.limits, Tokens { options, batch })?))
}

/// The tokens of a file.
struct Tokens {
    options: ReadOptions,
    batch: Batch,
}

impl Content for Tokens {
    const ROOT: &'static str = "Tokens";
    const LIST: Option<&'static str> = None;
    const KEY: &'static str = "Token";

    fn part(&mut self, el: El<'_>) -> Result<(), Refusal> {
        Err(el.refuse(Code::Schema, "Tokens holds elements Token and nothing else"))
    }

    fn key(&mut self, el: El<'_>) -> Result<(), Refusal> {
        let mut draft = Draft::new(el.position());
        draft.serial(el.attribute("serial").unwrap_or_default(), "serial");
        let mut defaults = Defaults {
            algorithm: Some(OneTime::Hotp),
            hash: Some(HashAlgorithm::Sha1),
            digits: Some(6),
            ..Defaults::default()
        };
        let parts = el.children(&[""], ABOUT, &[])?;
        let parts = parts.get("Applications").map(|el| el.children(&[""], &[], &["Application"]));
        let applications = parts.transpose()?;
        let mut all = applications.iter().flat_map(|parts| parts.all("Application"));
        if let Some(application) = all.next() {
            let parts = application.children(&[""], &["Seed", "MovingFactor"], &[])?;
            if seed(&parts, &mut draft)? == SHA256_SEED {
                defaults.hash = Some(HashAlgorithm::Sha256);
            }
            if let Some(el) = parts.get("MovingFactor") {
                draft.counter(&el.text()?, "MovingFactor", MOST_COUNTER);
            }
        }
        if all.next().is_some() {
            let rule = "a token has one application: which of several keys it shows is not said";
            draft.refuse(Refusal::new(Code::Schema, "Application", rule));
        }
        self.batch.take(draft.finish(&self.options, &defaults))
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

/// Largest counter that every store holds.
const MOST_COUNTER: u64 = i64::MAX.unsigned_abs();

/// Reads the seed where there is one; its length in octets.
fn seed(parts: &Children<'_>, draft: &mut Draft) -> Result<usize, Refusal> {
    let Some(el) = parts.get("Seed") else { return Ok(0) };
    let text = el.text()?;
    if !text.is_empty() {
        draft.secret(encoding::hex(&text, "Seed"), "Seed");
    }
    Ok(text.len() / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seedfile::options::Declared;
    use crate::seedfile::xml::trial::{self, secret};
    use crate::seedfile::{Algorithm, Format};

    const SEED: &str = "1f2e3d4c5b6a79880f1e2d3c4b5a697887766554";

    fn token(serial: &str, content: &str) -> String {
        format!(
            "<Token serial=\"{serial}\">\n<Model>101</Model><Applications>\
             <Application ConnectorID=\"{{1}}\">{content}</Application></Applications></Token>\n"
        )
    }

    fn codes(tokens: &str) -> Vec<Code> {
        trial::codes(Format::Aladdin, format!("<Tokens>{tokens}</Tokens>"))
    }

    #[test]
    fn seed_and_moving_factor_are_read() {
        let long = format!("<Seed>{SEED}{}</Seed><MovingFactor>25</MovingFactor>", &SEED[..24]);
        let short = format!("<Seed> {SEED}\n</Seed><MovingFactor>1</MovingFactor>");
        let text = format!(
            "\u{FEFF}<Tokens>\r\n{}{}</Tokens>",
            token("0A01", &short),
            token("0A02", &long)
        );
        let outcome = trial::read(Format::Aladdin, text.as_bytes(), ReadOptions::default);
        assert_eq!(outcome.codes(), []);
        assert_eq!(outcome.warnings, [Code::WPlaintext, Code::WUnsigned]);
        let [first, second] = outcome.records.as_slice() else { unreachable!("two tokens") };
        assert_eq!((first.serial.as_str(), first.key_id.as_str()), ("0A01", "0A01"));
        assert_eq!((first.algorithm, first.digits, first.counter), (Algorithm::Hotp, 6, Some(1)));
        assert_eq!((first.hash, second.hash), (HashAlgorithm::Sha1, HashAlgorithm::Sha256));
        assert_eq!(secret(first), SEED);
        assert_eq!(second.counter, Some(25));
    }

    #[test]
    fn faults_are_the_tokens_own() {
        let good = format!("<Seed>{SEED}</Seed><MovingFactor>1</MovingFactor>");
        let with = |from: &str, to: &str| codes(&token("0A01", &good.replace(from, to)));
        assert_eq!(with(SEED, "123456789"), [Code::Hex]);
        assert_eq!(with(SEED, "123456"), [Code::SecretLen]);
        assert_eq!(with(SEED, ""), [Code::NoSecret]);
        assert_eq!(with("<MovingFactor>1</MovingFactor>", ""), [Code::Counter]);
        assert_eq!(with(">1<", ">-1<"), [Code::Counter]);
        assert_eq!(with(">1<", ">0x1<"), [Code::Int]);
        assert_eq!(codes(&token("=1+1", &good)), [Code::Serial]);
        assert_eq!(codes(&token("7.00E+11", &good)), [Code::SerialSci]);
        assert_eq!(codes("<Token serial=\"1\"/>"), [Code::Counter, Code::NoSecret]);
        let twice = token("1", &format!("{good}</Application><Application>{good}"));
        assert_eq!(codes(&twice), [Code::Schema]);
    }

    #[test]
    fn a_counter_may_be_declared() {
        let text = format!("<Tokens>{}</Tokens>", token("0A01", &format!("<Seed>{SEED}</Seed>")));
        let outcome = trial::read(Format::Aladdin, text.as_bytes(), || ReadOptions {
            declared: Declared { counter: Some(9), digits: Some(8), ..Declared::default() },
            ..ReadOptions::default()
        });
        assert_eq!(outcome.records[0].counter, Some(9));
        assert_eq!(outcome.records[0].digits, 8);
    }

    #[test]
    fn what_is_wrong_with_the_document_refuses_the_file() {
        let good = format!("<Seed>{SEED}</Seed><MovingFactor>1</MovingFactor>");
        let one = token("0A01", &good);
        assert_eq!(codes(&format!("{one}{one}")), [Code::Duplicate]);
        assert_eq!(codes(""), [Code::NoTokens]);
        assert_eq!(codes("text"), [Code::Schema]);
        assert_eq!(codes(&one.replace("Model", "Modell")), [Code::Schema]);
        assert_eq!(codes(&one.replace("<Seed>", "<Seed>00</Seed><Seed>")), [Code::Schema]);
        assert_eq!(codes(&one.replace("<Token ", "<Token xmlns=\"urn:x\" ")), [Code::Schema]);
        assert_eq!(codes(&one.replace("Seed>", "Seed ")), [Code::XmlSyntax]);
        assert_eq!(codes(&format!("{one}\0")), [Code::Nul]);
        assert_eq!(codes(&token(&"x".repeat(140_000), &good)), [Code::LimitText]);
        assert_eq!(codes(&token("1", &"<a>".repeat(40))), [Code::LimitDepth]);
        assert_eq!(trial::codes(Format::Aladdin, "<Other/>"), [Code::Root]);
        assert_eq!(trial::codes(Format::Aladdin, "<Tokens>"), [Code::Truncated]);
        let dtd = format!("<!DOCTYPE Tokens [<!ENTITY x \"y\">]><Tokens>{one}</Tokens>");
        assert_eq!(trial::codes(Format::Aladdin, dtd), [Code::XmlDtd]);
    }
}
