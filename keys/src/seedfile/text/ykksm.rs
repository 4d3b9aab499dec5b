//! The list that is loaded into a YubiKey key storage module: `# ykksm 1`, then `serial,public
//! name,internal name,key,lock code,created,accessed[,program flags]`.
//!
//! All its keys are of Yubico's own one-time passwords, which are not OATH: each is read, judged and
//! refused by its serial, so that nobody takes the file for an empty one. Not responsible for opening
//! the OpenPGP message in which such lists are shipped.

use std::io::BufRead;

use super::batch::Batch;
use super::encoding;
use super::fields::{self, Field};
use super::lines::Line;
use super::row::{Draft, Row};
use super::rows::{Form, RowReader};
use crate::seedfile::code::Code;
use crate::seedfile::options::ReadOptions;
use crate::seedfile::reader::Reader;
use crate::seedfile::refusal::{Position, Refusal};

/// The first line, without its version.
const HEADER: &str = "# ykksm";

/// Opens a file of this format.
pub(in crate::seedfile) fn open<'a>(
    input: impl BufRead + Send + 'a,
    options: ReadOptions,
) -> Result<Box<dyn Reader + Send + 'a>, Refusal> {
    Ok(Box::new(RowReader::open(input, List { has_header: false }, options)?))
}

struct List {
    has_header: bool,
}

impl Form for List {
    fn line(
        &mut self,
        line: &Line<'_>,
        _options: &ReadOptions,
        batch: &mut Batch,
    ) -> Result<(), Refusal> {
        let text = line.text.trim_ascii();
        match version(text) {
            _ if text.is_empty() => return Ok(()),
            Some("1") if !self.has_header => {
                self.has_header = true;
                return Ok(());
            }
            Some(_) if !self.has_header => {
                return Err(Refusal::new(Code::Version, "version", "the list has version 1"));
            }
            _ if !self.has_header => {
                let rule = "the list begins with its name and version";
                return Err(Refusal::new(Code::Header, "line", rule));
            }
            _ if text.starts_with('#') => return Ok(()),
            _ => {}
        }
        let fields = fields::split(text, ',')?;
        batch.take(key(line.position(), &fields))
    }
}

fn version(line: &str) -> Option<&str> {
    line.strip_prefix(HEADER).filter(|rest| rest.starts_with(' ')).map(str::trim_ascii)
}

fn key(at: Position, fields: &[Field<'_>]) -> Row {
    let column = |index: usize| fields.get(index).map_or("", |field| field.trim_ascii());
    let mut draft = Draft::new(at);
    if !matches!(fields.len(), 7 | 8) {
        draft.refuse(Refusal::new(Code::Columns, "line", "seven or eight columns"));
        return draft.give_up();
    }
    draft.serial(column(0), "serial");
    if !column(1).is_empty() {
        draft.keep(encoding::modhex(column(1), "public name"));
        draft.key_id = Some(column(1).to_owned());
    }
    if let Some(name) = draft.keep(encoding::hex(column(2), "internal name"))
        && name.len() != 6
    {
        draft.refuse(Refusal::new(Code::Hex, "internal name", "six octets"));
    }
    match column(3) {
        "" => draft.refuse(Refusal::new(Code::NoSecret, "key", "a key has a secret")),
        secret => draft.secret(encoding::hex(secret, "key"), "key"),
    }
    let rule = "Yubico's own one-time passwords are not of OATH";
    draft.refuse(Refusal::new(Code::Alg, "key", rule));
    draft.give_up()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seedfile::Format;
    use crate::seedfile::xml::trial;

    const KEY: &str = "5001,dlcfffckrcdb,ca62baca62bb,00112233445566778899aabbccddeeff,be70aeca62ba,2026-11-21 00:00:00,\n";

    fn codes(rows: &str) -> Vec<Code> {
        trial::codes(Format::Ykksm, format!("# ykksm 1\n# serialnr,identity\n{rows}# the end\n"))
    }

    #[test]
    fn every_key_is_refused_by_its_serial() {
        let text = format!("# ykksm 1\r\n{KEY}");
        let outcome = trial::read(Format::Ykksm, text.as_bytes(), ReadOptions::default);
        assert_eq!(outcome.codes(), [Code::Alg]);
        assert_eq!(outcome.refusals[0].serial.as_deref(), Some("5001"));
        assert_eq!(outcome.refusals[0].at.line, 2);
    }

    #[test]
    fn what_else_is_wrong_is_told_too() {
        let with = |from: &str, to: &str| codes(&KEY.replace(from, to));
        assert_eq!(with("dlcfffckrcdb", ""), [Code::Alg]);
        assert_eq!(with("dlcfffckrcdb", "xyz"), [Code::Modhex, Code::Alg]);
        assert_eq!(with("ca62baca62bb", "ca62"), [Code::Hex, Code::Alg]);
        assert_eq!(with("ddeeff", ""), [Code::SecretLen, Code::Alg]);
        assert_eq!(with("00112233445566778899aabbccddeeff", ""), [Code::NoSecret, Code::Alg]);
        assert_eq!(with("5001", ""), [Code::Serial, Code::Alg]);
        assert_eq!(with("2026-11-21 00:00:00,", "2026"), [Code::Columns]);
        assert_eq!(codes(&format!("{KEY}{KEY}")), [Code::Alg, Code::Duplicate]);
        assert_eq!(codes(""), [Code::NoTokens]);
    }

    #[test]
    fn the_header_is_needed_and_has_one_version() {
        let whole = |text: &str| trial::codes(Format::Ykksm, text);
        assert_eq!(whole(KEY), [Code::Header]);
        assert_eq!(whole("# ykksm 2\n"), [Code::Version]);
        assert_eq!(whole("# other\n"), [Code::Header]);
    }
}
