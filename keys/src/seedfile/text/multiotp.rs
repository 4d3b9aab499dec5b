//! multiOTP CSV: `serial;manufacturer;algorithm;seed;digits;interval or counter`, seeds in
//! hexadecimal, every column there.
//!
//! Not responsible for mOTP, which multiOTP knows too: its tokens are refused one by one.

use std::io::BufRead;

use warifu_core::oath::HashAlgorithm;

use super::batch::Batch;
use super::column;
use super::fields::{self, Field};
use super::lines::Line;
use super::row::{Defaults, Draft, Row};
use super::rows::{Form, RowReader};
use crate::seedfile::code::Code;
use crate::seedfile::options::{ReadOptions, SecretEncoding};
use crate::seedfile::reader::Reader;
use crate::seedfile::record::Algorithm;
use crate::seedfile::refusal::{Position, Refusal};

/// The format has no column for the hash: SHA-1 unless declared.
const DEFAULTS: Defaults = Defaults {
    algorithm: None,
    hash: Some(HashAlgorithm::Sha1),
    digits: None,
    time_step_s: None,
    counter: None,
};

/// Opens a file of this format.
pub(in crate::seedfile) fn open<'a>(
    input: impl BufRead + Send + 'a,
    options: ReadOptions,
) -> Result<Box<dyn Reader + Send + 'a>, Refusal> {
    Ok(Box::new(RowReader::open(input, MultiOtp, options)?))
}

struct MultiOtp;

impl Form for MultiOtp {
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
        let fields = fields::split(text, ';')?;
        let row = read(&fields, line.position(), options);
        if row.is_refused() && fields.iter().take(2).any(|one| column::is_heading(one)) {
            return Err(column::unexpected_header());
        }
        batch.take(row)
    }
}

fn read(fields: &[Field<'_>], at: Position, options: &ReadOptions) -> Row {
    let mut draft = Draft::new(at);
    let [serial, maker, algorithm, seed, digits, moving] = fields else {
        draft.serial(fields.first().map(|one| one.trim_ascii()).unwrap_or_default(), "serial");
        let rule = "6 columns: serial, manufacturer, algorithm, seed, digits, interval or counter";
        draft.refuse(Refusal::new(Code::Columns, "line", rule));
        return draft.give_up();
    };
    draft.serial(serial.trim_ascii(), "serial");
    let maker = column::label(maker.trim_ascii(), "manufacturer");
    draft.manufacturer = draft.keep(maker).flatten();
    draft.encoded(seed.trim_ascii(), SecretEncoding::Hex, "seed");
    for (field, name) in [(algorithm, "algorithm"), (digits, "digits"), (moving, "interval")] {
        if field.trim_ascii().is_empty() {
            draft.refuse(Refusal::new(Code::Columns, name, "no empty column"));
            return draft.give_up();
        }
    }
    draft.digits(digits.trim_ascii(), "digits");
    let moving = moving.trim_ascii();
    match draft.algorithm(algorithm.trim_ascii(), "algorithm") {
        Some(Algorithm::Hotp) => draft.counter(moving, "counter", i64::MAX.unsigned_abs()),
        Some(Algorithm::Totp) => draft.time_step(moving, "interval"),
        Some(Algorithm::Ocra | Algorithm::Txa1(_)) | None => {}
    }
    draft.finish(options, &DEFAULTS)
}

#[cfg(test)]
mod tests {
    use crate::seedfile::ReadOptions;
    use crate::seedfile::text::trial::{HEX, HEX2, read};

    #[test]
    fn counters_and_time_steps_stand_in_the_last_column() {
        let text = format!("A1;Maker;HOTP;{HEX};6;12\nA1;Other;totp;{HEX2};8;60\n");
        let told = read(text, ReadOptions::default());
        assert_eq!(told.refused, [""; 0]);
        assert_eq!(told.keys, ["1 A1 HOTP SHA1 6 c12 Maker 20 ", "2 A1 TOTP SHA1 8 60s Other 20 "]);
    }

    #[test]
    fn nothing_is_left_out_or_guessed() {
        let refused = |row: &str| read(row.replace('K', HEX), ReadOptions::default()).refused;
        assert_eq!(refused("A1;M;mOTP;K;6;30"), ["1 E_ALG"]);
        assert_eq!(refused("A1;M;HOTP;K;6"), ["1 E_COLUMNS"]);
        assert_eq!(refused("A1;M;HOTP;K;6;"), ["1 E_COLUMNS"]);
        assert_eq!(refused("A1;M;HOTP;;6;0"), ["1 E_NO_SECRET"]);
        assert_eq!(refused("A1;M;TOTP;K;6;0"), ["1 E_INTERVAL"]);
        assert_eq!(refused("A1;M;HOTP;K;12;0"), ["1 E_DIGITS"]);
        assert_eq!(refused("A1;M;HOTP;R46B;6;0"), ["1 E_HEX"]);
        assert_eq!(refused("A1;M\u{202E};HOTP;K;6;0"), ["1 E_SCHEMA"]);
        assert_eq!(refused("serial;manufacturer;algorithm;seed;digits;event"), ["file 0 E_HEADER"]);
        assert_eq!(refused("A1;M;HOTP;K;6;0\nA1;M;HOTP;K;6;0"), ["file 2 E_DUPLICATE"]);
        assert_eq!(refused("\"A1;M;HOTP;K;6;0"), ["file 1 E_CSV_QUOTE"]);
    }
}
