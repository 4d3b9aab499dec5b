//! RCDevs WebADM inventory CSV: `Type,Reference,Description,Data`, where Data is a list of
//! `Name=value` with every value in base64.
//!
//! Makers differ in how TokenKey is written; base64 of the octets unless the officer declares
//! another encoding. Not responsible for inventory entries other than OTP tokens: each is refused.

use std::io::BufRead;

use warifu_core::oath::HashAlgorithm;

use super::batch::Batch;
use super::column;
use super::encoding;
use super::fields::{self, Field};
use super::lines::Line;
use super::row::{Defaults, Draft, Row};
use super::rows::{Form, RowReader};
use crate::secret::Secret;
use crate::seedfile::code::Code;
use crate::seedfile::options::{ReadOptions, SecretEncoding};
use crate::seedfile::reader::Reader;
use crate::seedfile::record::Algorithm;
use crate::seedfile::refusal::{Position, Refusal};

/// Type, digits and time step stand in every row; the hash has no attribute.
const DEFAULTS: Defaults = Defaults {
    algorithm: None,
    hash: Some(HashAlgorithm::Sha1),
    digits: None,
    time_step_s: None,
    counter: None,
};

/// The line of headings.
const HEADINGS: [&str; 4] = ["type", "reference", "description", "data"];

/// What Data may name.
const ATTRIBUTES: [&str; 6] =
    ["TokenKey", "TokenType", "TokenState", "OTPLength", "TOTPTimeStep", "OCRASuite"];

/// Opens a file of this format.
pub(in crate::seedfile) fn open<'a>(
    input: impl BufRead + Send + 'a,
    options: ReadOptions,
) -> Result<Box<dyn Reader + Send + 'a>, Refusal> {
    let encoding = options.declared.encoding.unwrap_or(SecretEncoding::Base64);
    Ok(Box::new(RowReader::open(input, Rcdevs { encoding, has_header: false }, options)?))
}

/// Whether a line holds the headings of this format.
pub(super) fn is_header(line: &str) -> bool {
    fields::split(line, ',').is_ok_and(|fields| {
        fields.len() == HEADINGS.len()
            && fields.iter().zip(HEADINGS).all(|(field, heading)| column::word(field) == heading)
    })
}

struct Rcdevs {
    encoding: SecretEncoding,
    has_header: bool,
}

impl Form for Rcdevs {
    fn line(
        &mut self,
        line: &Line<'_>,
        options: &ReadOptions,
        batch: &mut Batch,
    ) -> Result<(), Refusal> {
        let text = line.text.trim_ascii();
        if text.is_empty() || text.starts_with('#') {
            return Ok(());
        }
        if self.has_header {
            let fields = fields::split(text, ',')?;
            return batch.take(self.read(&fields, line.position(), options));
        }
        if !is_header(text) {
            let rule = "the first line is Type,Reference,Description,Data";
            return Err(Refusal::new(Code::Header, "line", rule));
        }
        self.has_header = true;
        Ok(())
    }
}

impl Rcdevs {
    fn read(&self, fields: &[Field<'_>], at: Position, options: &ReadOptions) -> Row {
        let mut draft = Draft::new(at);
        let reference = fields.get(1).map(|field| field.trim_ascii());
        draft.serial(reference.unwrap_or_default(), "Reference");
        let [kind, _, _, data] = fields else {
            draft.refuse(Refusal::new(Code::Columns, "line", "4 columns, as in the headings"));
            return draft.give_up();
        };
        if !kind.trim_ascii().eq_ignore_ascii_case("OTP Token") {
            draft.refuse(Refusal::new(Code::Alg, "Type", "an OTP Token"));
            return draft.give_up();
        }
        match attributes(data) {
            Ok(attributes) => self.token(&mut draft, &attributes),
            Err(refusal) => {
                draft.refuse(refusal);
                return draft.give_up();
            }
        }
        draft.finish(options, &DEFAULTS)
    }

    fn token(&self, draft: &mut Draft, attributes: &[(&'static str, &str)]) {
        let get = |wanted| attributes.iter().find(|(name, _)| *name == wanted).map(|(_, v)| *v);
        draft.encoded(get("TokenKey").unwrap_or_default(), self.encoding, "TokenKey");
        let mut text = |name: &'static str| {
            let value = get(name).map(|value| plain(value, name))?;
            draft.keep(value)
        };
        let kind = text("TokenType");
        let digits = text("OTPLength");
        let step = text("TOTPTimeStep");
        let state = text("TokenState");
        let suite = text("OCRASuite");
        if let Some(digits) = digits {
            draft.digits(&digits, "OTPLength");
        }
        match kind.and_then(|kind| draft.algorithm(&kind, "TokenType")) {
            Some(Algorithm::Hotp) => {
                if let Some(state) = state {
                    draft.counter(&state, "TokenState", i64::MAX.unsigned_abs());
                }
            }
            Some(Algorithm::Totp) => {
                if let Some(step) = step {
                    draft.time_step(&step, "TOTPTimeStep");
                }
                if state.is_some_and(|state| state != "0") {
                    let rule = "a TOTP token that has not been used";
                    draft.refuse(Refusal::new(Code::Unsupported, "TokenState", rule));
                }
            }
            Some(Algorithm::Ocra) => {
                if let Some(suite) = suite {
                    draft.ocra(&suite, "OCRASuite");
                }
            }
            Some(Algorithm::Txa1(_)) | None => {}
        }
    }
}

/// The attributes of Data, each once.
fn attributes(data: &str) -> Result<Vec<(&'static str, &str)>, Refusal> {
    let mut found: Vec<(&'static str, &str)> = Vec::with_capacity(ATTRIBUTES.len());
    for part in data.split(',') {
        let (name, value) = part.trim_ascii().split_once('=').ok_or_else(|| {
            Refusal::new(Code::Columns, "Data", "a list of Name=value, with commas between")
        })?;
        let known = ATTRIBUTES.iter().find(|known| **known == name).ok_or_else(|| {
            let rule = format!("no attributes but {}", ATTRIBUTES.join(", "));
            Refusal::new(Code::Unsupported, "Data", rule)
        })?;
        if found.iter().any(|(name, _)| name == known) {
            return Err(Refusal::new(Code::Columns, *known, "each attribute once"));
        }
        found.push((known, value));
    }
    Ok(found)
}

/// A value other than the key: text in base64.
fn plain(value: &str, field: &'static str) -> Result<String, Refusal> {
    let octets: Secret = encoding::base64(value, field)?;
    let text = std::str::from_utf8(octets.expose()).ok().map(str::to_owned);
    text.ok_or_else(|| Refusal::new(Code::Base64, field, "base64 of a text"))
}

#[cfg(test)]
mod tests {
    use crate::seedfile::text::trial::{HEX, named, read};
    use crate::seedfile::{Format, ReadOptions, SecretEncoding};

    const HEADER: &str = "# made for a test\nType,Reference,Description,Data\n";
    const KEY: &str = "TokenKey=Wx8MLpp9SDbhsF96ksPYTm8Qqyc=";

    fn told(data: &str) -> crate::seedfile::text::trial::Told {
        let text = format!(
            "{HEADER}\"OTP Token\", \"6023\", \"c202\", \"{}\"\n",
            data.replace("<key>", KEY)
        );
        read(text, ReadOptions::default())
    }

    #[test]
    fn attributes_are_base64() {
        let totp =
            told("<key>,TokenType=VE9UUA==,TokenState=MA==,OTPLength=Ng==,TOTPTimeStep=MzA=");
        assert_eq!(totp.keys, ["3 6023 TOTP SHA1 6 30s ? 20 W_MANUFACTURER"]);
        let hotp = told("<key>,TokenType=SE9UUA==,TokenState=NQ==,OTPLength=OA==");
        assert_eq!(hotp.keys, ["3 6023 HOTP SHA1 8 c5 ? 20 W_MANUFACTURER"]);
    }

    #[test]
    fn what_is_missing_or_unknown_is_refused() {
        let refused = |data: &str| told(data).refused;
        assert_eq!(refused("<key>,TokenType=VE9UUA==,OTPLength=Ng=="), ["3 E_INTERVAL"]);
        assert_eq!(refused("<key>,TokenType=SE9UUA==,OTPLength=Ng=="), ["3 E_COUNTER"]);
        assert_eq!(refused("<key>"), ["3 E_ALG", "3 E_DIGITS"]);
        assert_eq!(refused("<key>,Colour=Ng=="), ["3 E_UNSUPPORTED"]);
        assert_eq!(refused("<key>,<key>"), ["3 E_COLUMNS"]);
        assert_eq!(refused("TokenKey"), ["3 E_COLUMNS"]);
        assert_eq!(
            refused("<key>,TokenType=VE9UUA==,OTPLength=6,TOTPTimeStep=MzA="),
            ["3 E_BASE64", "3 E_DIGITS"]
        );
    }

    #[test]
    fn headings_come_first_and_rows_are_tokens() {
        let row = "\"OTP Token\",\"6023\",\"\",\"<key>\"\n".replace("<key>", KEY);
        assert_eq!(read(&row, named(Format::Rcdevs)).refused, ["file 1 E_HEADER"]);
        let told =
            read(format!("{HEADER}Printer,6023,x,y\nOTP Token,6024,x\n"), ReadOptions::default());
        assert_eq!(told.refused, ["3 E_ALG", "4 E_COLUMNS"]);
        assert_eq!(read(HEADER, ReadOptions::default()).refused, ["file 0 E_NO_TOKENS"]);
    }

    #[test]
    fn a_key_in_another_encoding_is_declared() {
        let data = format!("TokenKey={HEX},TokenType=VE9UUA==,OTPLength=Ng==,TOTPTimeStep=MzA=");
        let text = format!("{HEADER}OTP Token,6023,x,\"{data}\"\n");
        let taken_for_base64 = read(&text, ReadOptions::default());
        assert!(taken_for_base64.keys[0].ends_with("W_SUSPECT_ENCODING W_MANUFACTURER QUARANTINE"));
        let mut options = ReadOptions::default();
        options.declared.encoding = Some(SecretEncoding::Hex);
        assert_eq!(read(&text, options).keys.len(), 1);
    }
}
