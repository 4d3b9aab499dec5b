//! Microsoft Entra (Azure MFA) CSV, which Token2 and others write too: a line of headings, then
//! `upn,serial number,secret key,time interval,manufacturer,model`. TOTP, SHA-1, 6 digits, base32.
//!
//! Columns are found by their headings. The secret is base32 unless the officer declares that the
//! maker writes another encoding under the same headings; it is never told from the data. Users (upn)
//! are read over: who gets a token is not said by a seed file.

use std::io::BufRead;

use warifu_core::oath::HashAlgorithm;

use super::batch::Batch;
use super::column;
use super::fields::{self, Field};
use super::lines::Line;
use super::row::{Defaults, Draft, Row};
use super::rows::{Form, RowReader};
use crate::seedfile::code::Code;
use crate::seedfile::options::{OneTime, ReadOptions, SecretEncoding};
use crate::seedfile::reader::Reader;
use crate::seedfile::record::Algorithm;
use crate::seedfile::refusal::{Position, Refusal};

/// What Entra takes, whatever the token.
const DEFAULTS: Defaults = Defaults {
    algorithm: Some(OneTime::Totp),
    hash: Some(HashAlgorithm::Sha1),
    digits: Some(6),
    time_step_s: None,
    counter: None,
};

/// Headings without blanks and in lower case, as Entra has them and as resellers rename them.
const HEADINGS: &[(Column, &[&str])] = &[
    (Column::Upn, &["upn", "userprincipalname", "username", "user"]),
    (Column::Serial, &["serialnumber", "serial", "serialno", "sn"]),
    (Column::Secret, &["secretkey", "secret", "seed", "key"]),
    (Column::Interval, &["timeinterval", "interval", "timestep", "timeintervalseconds"]),
    (Column::Manufacturer, &["manufacturer", "vendor"]),
    (Column::Model, &["model"]),
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Column {
    Upn,
    Serial,
    Secret,
    Interval,
    Manufacturer,
    Model,
}

/// Opens a file of this format.
pub(in crate::seedfile) fn open<'a>(
    input: impl BufRead + Send + 'a,
    options: ReadOptions,
) -> Result<Box<dyn Reader + Send + 'a>, Refusal> {
    let encoding = options.declared.encoding.unwrap_or(SecretEncoding::Base32);
    Ok(Box::new(RowReader::open(input, Entra { encoding, layout: None }, options)?))
}

/// Whether a line holds the headings of this format.
pub(super) fn is_header(line: &str) -> bool {
    fields::split(line, ',').is_ok_and(|fields| layout(&fields).is_ok())
}

struct Entra {
    encoding: SecretEncoding,
    layout: Option<Vec<Column>>,
}

impl Form for Entra {
    fn line(
        &mut self,
        line: &Line<'_>,
        options: &ReadOptions,
        batch: &mut Batch,
    ) -> Result<(), Refusal> {
        if line.text.trim_ascii().is_empty() {
            return Ok(());
        }
        let fields = fields::split(line.text, ',')?;
        match &self.layout {
            None => self.layout = Some(layout(&fields)?),
            Some(layout) => batch.take(self.read(layout, &fields, line.position(), options))?,
        }
        Ok(())
    }
}

/// Which column stands where.
fn layout(headings: &[Field<'_>]) -> Result<Vec<Column>, Refusal> {
    let refuse = |rule| Refusal::new(Code::Header, "line", rule);
    let mut found = Vec::with_capacity(headings.len());
    for heading in headings {
        let word = column::word(heading);
        let known = HEADINGS.iter().find(|(_, words)| words.contains(&word.as_str()));
        let (column, _) = known.ok_or_else(|| {
            refuse(
                "the first line is upn,serial number,secret key,time interval,manufacturer,model",
            )
        })?;
        if found.contains(column) {
            return Err(refuse("each heading once"));
        }
        found.push(*column);
    }
    let needed = [Column::Serial, Column::Secret, Column::Interval];
    if !needed.iter().all(|column| found.contains(column)) {
        return Err(refuse("headings for serial number, secret key and time interval"));
    }
    Ok(found)
}

impl Entra {
    fn read(
        &self,
        layout: &[Column],
        fields: &[Field<'_>],
        at: Position,
        options: &ReadOptions,
    ) -> Row {
        let mut draft = Draft::new(at);
        let column = |wanted| {
            let place = layout.iter().position(|column| *column == wanted)?;
            fields.get(place).map(|field| &**field)
        };
        draft.serial(column(Column::Serial).unwrap_or_default(), "serial number");
        if fields.len() != layout.len() {
            let rule = format!("{} columns, as in the line of headings", layout.len());
            draft.refuse(Refusal::new(Code::Columns, "line", rule));
            return draft.give_up();
        }
        draft.computes(Algorithm::Totp);
        draft.encoded(column(Column::Secret).unwrap_or_default(), self.encoding, "secret key");
        match column(Column::Interval).unwrap_or_default() {
            "" => draft.refuse(Refusal::new(Code::Columns, "time interval", "no empty column")),
            text => draft.time_step(text, "time interval"),
        }
        let maker = column(Column::Manufacturer).unwrap_or_default();
        draft.manufacturer = draft.keep(column::label(maker, "manufacturer")).flatten();
        draft.finish(options, &DEFAULTS)
    }
}

#[cfg(test)]
mod tests {
    use crate::seedfile::text::trial::{BASE32, HEX, named, read};
    use crate::seedfile::{Format, ReadOptions, SecretEncoding};

    const HEADER: &str = "upn,serial number,secret key,time interval,manufacturer,model\n";

    fn refused(row: &str) -> Vec<String> {
        let text = format!("{HEADER}{}", row.replace('K', BASE32));
        read(text, ReadOptions::default()).refused
    }

    #[test]
    fn columns_are_found_by_their_headings() {
        let text = format!(
            "{HEADER}u@bank.example,8001,{BASE32},60,Maker,C200\r\n,8002,{BASE32}====,30,,\n"
        );
        let told = read(text, ReadOptions::default());
        assert_eq!(told.keys, ["2 8001 TOTP SHA1 6 60s Maker 20 "]);
        assert_eq!(told.refused, ["3 E_BASE32"]);
        let text = format!("Secret-Key,Serial Number,Time Interval\n{BASE32},8001,30");
        let told = read(text, ReadOptions::default());
        assert_eq!(told.keys, ["2 8001 TOTP SHA1 6 30s ? 20 W_MANUFACTURER"]);
    }

    #[test]
    fn the_line_of_headings_is_needed_and_known() {
        let row = format!("u@bank.example,8001,{BASE32},60,Maker,C200\n");
        assert_eq!(read(&row, ReadOptions::default()).refused, ["file 0 E_HEADER"]);
        assert_eq!(read(&row, named(Format::Entra)).refused, ["file 1 E_HEADER"]);
        for header in [
            "upn,serial number,secret key,manufacturer,model",
            "upn,serial number,serial number,secret key,time interval",
            "upn,serial number,secret key,time interval,colour",
        ] {
            let told = read(format!("{header}\n{row}"), named(Format::Entra));
            assert_eq!(told.refused, ["file 1 E_HEADER"], "{header}");
        }
        assert_eq!(read(HEADER, ReadOptions::default()).refused, ["file 0 E_NO_TOKENS"]);
    }

    #[test]
    fn rows_are_held_to_the_headings() {
        assert_eq!(refused("u,8001,K,60,M"), ["2 E_COLUMNS"]);
        assert_eq!(refused("u,8001,K,60,M,C,x"), ["2 E_COLUMNS"]);
        assert_eq!(refused("u,8001,K,,M,C"), ["2 E_COLUMNS", "2 E_INTERVAL"]);
        assert_eq!(refused("u,8001,K,30s,M,C"), ["2 E_INT"]);
        assert_eq!(refused("u,8001,,30,M,C"), ["2 E_NO_SECRET"]);
        assert_eq!(refused("u,7.00E+11,K,30,M,C"), ["2 E_SERIAL_SCI"]);
        assert_eq!(refused("u,8001,LMPQ YLU2 PVED,30,M,C"), ["2 E_BASE32"]);
        assert_eq!(refused("u,8001,K,30,M,C\nv,8001,K,30,M,C"), ["file 3 E_DUPLICATE"]);
    }

    #[test]
    fn another_encoding_is_read_only_when_declared() {
        let text = format!("{HEADER}u,8001,{HEX},60,M,C\n");
        assert_eq!(read(&text, ReadOptions::default()).refused, ["2 E_BASE32"]);
        let mut options = ReadOptions::default();
        options.declared.encoding = Some(SecretEncoding::Hex);
        assert_eq!(read(&text, options).keys, ["2 8001 TOTP SHA1 6 60s M 20 "]);
    }
}
