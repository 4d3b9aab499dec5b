//! PingID seed file: `serial,hex[,counter]`. Algorithm and time step are the same for the whole file
//! and are declared beside it.
//!
//! Not responsible for telling it from OATH CSV: the rows look alike, so the officer names it.

use std::io::BufRead;

use warifu_core::oath::HashAlgorithm;

use super::batch::Batch;
use super::column;
use super::fields::{self, Field};
use super::lines::Line;
use super::row::{self, Defaults, Draft, Row};
use super::rows::{Form, RowReader};
use crate::seedfile::code::Code;
use crate::seedfile::options::{OneTime, ReadOptions, SecretEncoding};
use crate::seedfile::reader::Reader;
use crate::seedfile::refusal::{Position, Refusal};

/// What PingID takes where nothing is said.
const DEFAULTS: Defaults = Defaults {
    algorithm: None,
    hash: Some(HashAlgorithm::Sha1),
    digits: Some(6),
    time_step_s: None,
    counter: Some(0),
};

/// Opens a file of this format.
pub(in crate::seedfile) fn open<'a>(
    input: impl BufRead + Send + 'a,
    options: ReadOptions,
) -> Result<Box<dyn Reader + Send + 'a>, Refusal> {
    let one_time = row::check_needed(&options, &DEFAULTS)?;
    Ok(Box::new(RowReader::open(input, PingId { one_time }, options)?))
}

struct PingId {
    one_time: OneTime,
}

impl Form for PingId {
    fn line(
        &mut self,
        line: &Line<'_>,
        options: &ReadOptions,
        batch: &mut Batch,
    ) -> Result<(), Refusal> {
        let text = line.text.trim_ascii();
        if text.is_empty() {
            return Ok(());
        }
        let fields = fields::split(text, ',')?;
        let row = self.read(&fields, line.position(), options);
        if row.is_refused() && fields.iter().take(2).any(|one| column::is_heading(one)) {
            return Err(column::unexpected_header());
        }
        batch.take(row)
    }
}

impl PingId {
    fn read(&self, fields: &[Field<'_>], at: Position, options: &ReadOptions) -> Row {
        let mut draft = Draft::new(at);
        let column = |index: usize| fields.get(index).map(|one| one.trim_ascii());
        draft.serial(column(0).unwrap_or_default(), "serial");
        let (most, rule) = match self.one_time {
            OneTime::Hotp => (3, "2 or 3 columns: serial, key, counter"),
            OneTime::Totp => (2, "2 columns: serial and key; only HOTP tokens have a counter"),
        };
        if !(2..=most).contains(&fields.len()) {
            draft.refuse(Refusal::new(Code::Columns, "line", rule));
            return draft.give_up();
        }
        draft.encoded(column(1).unwrap_or_default(), SecretEncoding::Hex, "key");
        match column(2) {
            None => {}
            Some("") => draft.refuse(Refusal::new(Code::Columns, "counter", "no empty column")),
            Some(counter) => draft.counter(counter, "counter", i64::MAX.unsigned_abs()),
        }
        draft.finish(options, &DEFAULTS)
    }
}

#[cfg(test)]
mod tests {
    use crate::seedfile::text::trial::{HEX, HEX2, declared, named, read};
    use crate::seedfile::{Format, OneTime};

    #[test]
    fn what_the_file_leaves_open_is_declared() {
        let text = format!("82001,{HEX}\n82002,{HEX2},7\n");
        let told = read(&text, declared(Format::PingId, OneTime::Hotp, None));
        assert_eq!(
            told.keys,
            [
                "1 82001 HOTP SHA1 6 c0 ? 20 W_MANUFACTURER",
                "2 82002 HOTP SHA1 6 c7 ? 20 W_MANUFACTURER",
            ]
        );
        let told = read(&text, declared(Format::PingId, OneTime::Totp, Some(30)));
        assert_eq!(told.keys, ["1 82001 TOTP SHA1 6 30s ? 20 W_MANUFACTURER"]);
        assert_eq!(told.refused, ["2 E_COLUMNS"]);
    }

    #[test]
    fn what_is_missing_is_asked_for_before_the_first_key() {
        let text = format!("82001,{HEX}\n");
        assert_eq!(read(&text, named(Format::PingId)).refused, ["file 0 E_ALG"]);
        let told = read(&text, declared(Format::PingId, OneTime::Totp, None));
        assert_eq!(told.refused, ["file 0 E_INTERVAL"]);
    }

    #[test]
    fn rows_are_held_to_their_columns() {
        let refused = |row: &str| {
            let options = declared(Format::PingId, OneTime::Hotp, None);
            read(row.replace('K', HEX), options).refused
        };
        assert_eq!(refused("serial,key"), ["file 1 E_HEADER"]);
        assert_eq!(refused("A1"), ["1 E_COLUMNS"]);
        assert_eq!(refused("A1,K,"), ["1 E_COLUMNS"]);
        assert_eq!(refused("A1,K,x"), ["1 E_INT"]);
        assert_eq!(refused("A1,K,1,2"), ["1 E_COLUMNS"]);
        assert_eq!(refused("A1,K\nA1,K"), ["file 2 E_DUPLICATE"]);
    }
}
