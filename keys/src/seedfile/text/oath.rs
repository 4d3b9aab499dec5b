//! OATH CSV as privacyIDEA, LinOTP and NetIQ have it: `serial, key [, type [, digits [, ...]]]`, keys
//! in hexadecimal, lines with `#` are comments.
//!
//! The three differ in what follows: column 5 is counter or time step (LinOTP: of TOTP only), LinOTP
//! has the hash in column 6, NetIQ has small counters. Users of privacyIDEA's second version are read
//! over: who gets a token is not said by a seed file. Not responsible for telling the three apart.

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
use crate::seedfile::suite;

/// Whose CSV it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::seedfile) enum Dialect {
    /// privacyIDEA.
    PrivacyIdea,
    /// LinOTP.
    LinOtp,
    /// NetIQ.
    NetIq,
}

impl Dialect {
    const fn most_columns(self) -> usize {
        match self {
            Self::PrivacyIdea | Self::NetIq => 5,
            Self::LinOtp => 6,
        }
    }

    const fn most_counter(self) -> u64 {
        match self {
            Self::PrivacyIdea | Self::LinOtp => i64::MAX.unsigned_abs(),
            Self::NetIq => 100_000,
        }
    }
}

/// What all three document.
const DEFAULTS: Defaults = Defaults {
    algorithm: Some(OneTime::Hotp),
    hash: Some(HashAlgorithm::Sha1),
    digits: Some(6),
    time_step_s: Some(30),
    counter: Some(0),
};

/// Columns of user, resolver and realm before the serial, in privacyIDEA's second version.
const USER_COLUMNS: usize = 3;

/// Opens a file of this format.
pub(in crate::seedfile) fn open<'a>(
    dialect: Dialect,
    input: impl BufRead + Send + 'a,
    options: ReadOptions,
) -> Result<Box<dyn Reader + Send + 'a>, Refusal> {
    let form = Oath { dialect, user_columns: 0 };
    Ok(Box::new(RowReader::open(input, form, options)?))
}

struct Oath {
    dialect: Dialect,
    user_columns: usize,
}

impl Form for Oath {
    fn line(
        &mut self,
        line: &Line<'_>,
        options: &ReadOptions,
        batch: &mut Batch,
    ) -> Result<(), Refusal> {
        let text = line.text.trim_ascii();
        if let Some(comment) = text.strip_prefix('#') {
            return self.comment(comment, batch.keys() > 0);
        }
        if text.is_empty() {
            return Ok(());
        }
        let fields = fields::split(text, ',')?;
        let columns = fields.get(self.user_columns..).unwrap_or_default();
        let reading = Reading { dialect: self.dialect, columns, options };
        let row = reading.read(line.position());
        if row.is_refused() && columns.iter().take(2).any(|one| column::is_heading(one)) {
            return Err(column::unexpected_header());
        }
        batch.take(row)
    }
}

impl Oath {
    /// `# version: 2` changes the columns; of any other version nobody knows what it changes.
    fn comment(&mut self, comment: &str, is_late: bool) -> Result<(), Refusal> {
        let comment = comment.trim_ascii().to_ascii_lowercase();
        let Some(version) = comment.strip_prefix("version:") else { return Ok(()) };
        if self.dialect != Dialect::PrivacyIdea || is_late || version.trim_ascii() != "2" {
            let rule = "the version is 2, said before the first row, in privacyIDEA's format only";
            return Err(Refusal::new(Code::Version, "version", rule));
        }
        self.user_columns = USER_COLUMNS;
        Ok(())
    }
}

/// One row being read.
struct Reading<'a> {
    dialect: Dialect,
    columns: &'a [Field<'a>],
    options: &'a ReadOptions,
}

impl<'a> Reading<'a> {
    fn column(&self, index: usize) -> Option<&'a str> {
        self.columns.get(index).map(|field| field.trim_ascii())
    }

    fn read(&self, at: Position) -> Row {
        let mut draft = Draft::new(at);
        draft.serial(self.column(0).unwrap_or_default(), "serial");
        let most = self.dialect.most_columns();
        if !(2..=most).contains(&self.columns.len()) {
            draft.refuse(Refusal::new(Code::Columns, "line", format!("2 to {most} columns")));
            return draft.give_up();
        }
        if self.columns.iter().skip(2).any(|field| field.trim_ascii().is_empty()) {
            let rule = "no empty column: what is left out is left out at the end of the line";
            draft.refuse(Refusal::new(Code::Columns, "line", rule));
            return draft.give_up();
        }
        let key = self.column(1).unwrap_or_default();
        draft.encoded(key, SecretEncoding::Hex, "key");
        match self.column(2).and_then(|text| draft.algorithm(text, "type")) {
            Some(Algorithm::Ocra) => self.ocra(&mut draft),
            Some(Algorithm::Hotp) => self.hotp(&mut draft),
            Some(Algorithm::Totp) => self.totp(&mut draft),
            Some(Algorithm::Txa1(_)) | None => {}
        }
        draft.finish(self.options, &Defaults { hash: self.hash_by_length(key), ..DEFAULTS })
    }

    /// The suite stands in column 4, or behind the digits.
    fn ocra(&self, draft: &mut Draft) {
        let suite = match (self.column(3), self.column(4)) {
            (Some(digits), Some(suite)) => {
                draft.digits(digits, "digits");
                suite
            }
            (Some(suite), None) => suite,
            (None, _) => return,
        };
        draft.ocra(suite, "suite");
    }

    fn hotp(&self, draft: &mut Draft) {
        self.digits_and_hash(draft);
        let Some(text) = self.column(4) else { return };
        if self.dialect == Dialect::LinOtp {
            return; // a time step, which a HOTP row of LinOTP has without a meaning
        }
        draft.counter(text, "counter", self.dialect.most_counter());
        if self.options.format.is_none() && matches!(text, "30" | "60") {
            // LinOTP writes the usual time steps here, and its readers pass over them.
            draft.warn(Code::WAmbiguous, "counter");
        }
    }

    fn totp(&self, draft: &mut Draft) {
        self.digits_and_hash(draft);
        let Some(text) = self.column(4) else { return };
        // Numbers, which is nearly all, need no second look.
        if text.starts_with(|c: char| !c.is_ascii_digit()) && suite::hash(text).is_some() {
            let rule = "seconds; the hash stands in column 6 of LinOTP's format only";
            draft.refuse(Refusal::new(Code::Interval, "time step", rule));
        } else {
            draft.time_step(text, "time step");
        }
    }

    fn digits_and_hash(&self, draft: &mut Draft) {
        if let Some(text) = self.column(3) {
            draft.digits(text, "digits");
        }
        if let Some(text) = self.column(5) {
            draft.hash(text, "hash");
        }
    }

    /// All three take the hash from the length of the key; of some lengths it is one that no token
    /// here can have.
    fn hash_by_length(&self, key: &str) -> Option<HashAlgorithm> {
        match key.len() {
            64 => Some(HashAlgorithm::Sha256),
            128 => Some(HashAlgorithm::Sha512),
            56 | 96 if self.dialect != Dialect::LinOtp => None,
            _ => Some(HashAlgorithm::Sha1),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::seedfile::text::trial::{HEX, HEX2, Told, at_most, named, read, read_by};
    use crate::seedfile::{Declared, Format, OneTime, ReadOptions, SecretEncoding};

    fn refused(text: impl AsRef<[u8]>) -> Vec<String> {
        read(text, ReadOptions::default()).refused
    }

    #[test]
    fn rows_with_and_without_the_optional_columns() {
        let text = format!(
            "# a comment\r\n\r\nA1, {HEX}\r\n  # indented\nA2,{HEX2} , TOTP, 8\n\"A3\",\"{HEX}00\",\"totp\",\"6\",\"60\"\nA4,{HEX2}01,hotp,6,345"
        );
        let told = read(&text, ReadOptions::default());
        assert_eq!(told.refused, [""; 0]);
        assert_eq!(
            told.keys,
            [
                "3 A1 HOTP SHA1 6 c0 ? 20 W_MANUFACTURER",
                "5 A2 TOTP SHA1 8 30s ? 20 W_MANUFACTURER",
                "6 A3 TOTP SHA1 6 60s ? 21 W_MANUFACTURER",
                "7 A4 HOTP SHA1 6 c345 ? 21 W_MANUFACTURER",
            ]
        );
        assert_eq!(told.warned, ["W_PLAINTEXT", "W_UNSIGNED"]);
        for drop in [1, 7] {
            assert_eq!(read_by(&text, ReadOptions::default(), drop), told);
        }
    }

    #[test]
    fn the_hash_follows_from_the_length_of_the_key() {
        let hash = |digits: usize, format| {
            let text = format!("A1,{},totp", &HEX.repeat(4)[..digits]);
            let told = read(text, named(format));
            told.keys.first().or(told.refused.first()).cloned().unwrap_or_default()
        };
        assert!(hash(64, Format::OathCsv).contains("SHA256"));
        assert!(hash(128, Format::Netiq).contains("SHA512"));
        assert_eq!(hash(56, Format::OathCsv), "1 E_SUITE");
        assert!(hash(56, Format::OathCsvLinotp).contains("SHA1"));
    }

    #[test]
    fn what_is_declared_stands_between_row_and_default() {
        let declared = Declared {
            algorithm: Some(OneTime::Totp),
            digits: Some(8),
            time_step_s: Some(60),
            manufacturer: Some("Example".to_owned()),
            encoding: Some(SecretEncoding::Base32),
            ..Declared::default()
        };
        let text = format!("A1,{HEX}\nA2,{HEX2},totp,6,30\nA3,{HEX}01,hotp\n");
        let told = read(text, ReadOptions { declared, ..ReadOptions::default() });
        assert_eq!(
            told.keys,
            [
                "1 A1 TOTP SHA1 8 60s Example 20 ",
                "2 A2 TOTP SHA1 6 30s Example 20 ",
                "3 A3 HOTP SHA1 8 c0 Example 21 ",
            ]
        );
        for (digits, time_step_s) in [(Some(5), None), (None, Some(0))] {
            let declared = Declared { digits, time_step_s, ..Declared::default() };
            let told = read("A1,00", ReadOptions { declared, ..ReadOptions::default() });
            assert!(told.refused[0].starts_with("file 0 E_"), "{told:?}");
        }
    }

    #[test]
    fn a_fault_is_of_its_row_and_the_others_are_read() {
        let row = |rest: &str| {
            let text = format!("{}\nZ9,{HEX2}\n", rest.replace('K', HEX));
            let told = read(text, named(Format::OathCsv));
            assert_eq!(told.keys.len(), 1, "{rest}: {told:?}");
            told.refused.join(", ")
        };
        assert_eq!(row("A1,0x00"), "1 E_HEX");
        assert_eq!(row("A1,K0"), "1 E_HEX");
        assert_eq!(row("A1,0011"), "1 E_SECRET_LEN");
        assert_eq!(row("A1,"), "1 E_NO_SECRET");
        assert_eq!(row("A1"), "1 E_COLUMNS");
        assert_eq!(row("A1,K,totp,6,30,"), "1 E_COLUMNS");
        assert_eq!(row("A1,K,,6,30"), "1 E_COLUMNS");
        assert_eq!(row("A1,K,totp,6, "), "1 E_COLUMNS");
        assert_eq!(row(",K"), "1 E_SERIAL");
        assert_eq!(row("=HYPERLINK(\"http://x\"),K,totp"), "1 E_SERIAL");
        assert_eq!(row("\"=HYPERLINK(\"\"x\"\",1)\",K"), "1 E_SERIAL");
        assert_eq!(row("7.00E+11,K"), "1 E_SERIAL_SCI");
        assert_eq!(row("A1,K,motp,6"), "1 E_ALG");
        assert_eq!(row("A1,K,totp,\u{FF16},30"), "1 E_INT");
        assert_eq!(row("A1,K,totp,10,30"), "1 E_DIGITS");
        assert_eq!(row("A1,K,totp,6,0"), "1 E_INTERVAL");
        assert_eq!(row("A1,K,totp,6,sha256"), "1 E_INTERVAL");
        assert_eq!(row("A1,K,hotp,6,-1"), "1 E_COUNTER");
        assert_eq!(row("A1,K,ocra"), "1 E_SUITE");
        assert_eq!(row("A1,K,ocra,OCRA-2:X"), "1 E_SUITE");
        assert_eq!(row("-A,00,totp,5,x"), "1 E_SERIAL, 1 E_SECRET_LEN, 1 E_DIGITS, 1 E_INT");
    }

    #[test]
    fn a_fault_of_the_file_ends_it() {
        assert_eq!(refused(format!("A1,{HEX}\nA\0,{HEX}\nA3,{HEX}")), ["file 2 E_NUL"]);
        assert_eq!(
            refused([b"A1,00\nA", &b"\xE9"[..]].concat()),
            ["1 E_SECRET_LEN", "file 2 E_ENCODING_FILE"]
        );
        assert_eq!(refused(format!("\"A1,{HEX}\nA2,{HEX}\n")), ["file 1 E_CSV_QUOTE"]);
        assert_eq!(refused(format!("A1,{HEX}\nA1,{HEX2}\n")), ["file 2 E_DUPLICATE"]);
        assert_eq!(
            refused(format!("A1,00\nA1,{HEX2}\n")),
            ["1 E_SECRET_LEN", "file 2 E_DUPLICATE"]
        );
        assert_eq!(refused("A1,".to_owned() + &"0".repeat(70_000)), ["file 1 E_LIMIT_TEXT"]);
        assert_eq!(refused("# nothing but this\n"), ["file 0 E_NO_TOKENS"]);
        assert_eq!(refused(format!("# version: 3\nu,r,m,A1,{HEX}\n")), ["file 1 E_VERSION"]);
        assert_eq!(refused(format!("A1,{HEX}\n# version: 2\n")), ["file 2 E_VERSION"]);
        let header = "Serial,Seed,type\n";
        assert_eq!(refused(format!("{header}A1,{HEX}\n")), ["file 0 E_HEADER"]);
        let told = read(format!("{header}A1,{HEX}\n"), named(Format::OathCsv));
        assert_eq!(told.refused, ["file 1 E_HEADER"]);
        let three = format!("A1,{HEX}\nA2,{HEX2}\nA3,{HEX}00");
        assert_eq!(read(three, at_most(2)).refused, ["file 3 E_LIMIT_SIZE"]);
        assert_eq!(refused(",".repeat(60_000)).last().unwrap(), "1 E_COLUMNS");
    }

    #[test]
    fn users_of_the_second_version_are_read_over() {
        let text = format!("#version: 2\nalice,r,bank,A1,{HEX},totp\nbob,r\n");
        let told = read(text, ReadOptions::default());
        assert_eq!(told.keys, ["2 A1 TOTP SHA1 6 30s ? 20 W_MANUFACTURER"]);
        assert_eq!(told.refused, ["3 E_SERIAL", "3 E_COLUMNS"]);
    }

    #[test]
    fn dialects_read_the_same_row_in_their_own_way() {
        let text = format!("A1,{HEX},hotp,6,60\n");
        let key = |format| read(&text, ReadOptions { format, ..ReadOptions::default() }).keys;
        assert!(key(None)[0].ends_with("W_MANUFACTURER QUARANTINE"), "{:?}", key(None));
        assert_eq!(key(Some(Format::OathCsv)), ["1 A1 HOTP SHA1 6 c60 ? 20 W_MANUFACTURER"]);
        assert_eq!(key(Some(Format::OathCsvLinotp)), ["1 A1 HOTP SHA1 6 c0 ? 20 W_MANUFACTURER"]);
        let told = read(format!("A1,{HEX},hotp,6,100001"), named(Format::Netiq));
        assert_eq!(told.refused, ["1 E_COUNTER"]);
        let told = read(format!("A1,{HEX},totp,8,30,sha512\n"), ReadOptions::default());
        assert_eq!(told.keys, ["1 A1 TOTP SHA512 8 30s ? 20 W_MANUFACTURER"]);
        let told = read(format!("A1,{HEX},totp,8,30,md5"), named(Format::OathCsvLinotp));
        assert_eq!(told.refused, ["1 E_SUITE"]);
    }

    #[test]
    fn suites_stand_in_column_4_or_5() {
        let read = |row: &str| read(format!("A1,{HEX},ocra,{row}"), ReadOptions::default());
        let told = read("OCRA-1:HOTP-SHA256-8:QN08-T1M");
        assert!(told.keys[0].starts_with("1 A1 OCRA SHA256 8 60s"), "{told:?}");
        let told = read("8,OCRA-1:HOTP-SHA256-8:C-QN08");
        assert!(told.keys[0].starts_with("1 A1 OCRA SHA256 8 c0"), "{told:?}");
        assert_eq!(read("6,OCRA-1:HOTP-SHA256-8:QN08").refused, ["1 E_SUITE"]);
    }

    #[test]
    fn what_an_officer_should_know_is_said() {
        let text = format!("a1,{HEX}\nA1,{HEX}\n007,{HEX2}\n7,{}\n", "00".repeat(20));
        let told = read(text, ReadOptions::default());
        assert_eq!(
            told.keys,
            [
                "1 a1 HOTP SHA1 6 c0 ? 20 W_MANUFACTURER",
                "2 A1 HOTP SHA1 6 c0 ? 20 W_MANUFACTURER W_SERIAL_COLLISION W_DUP_SECRET",
                "3 007 HOTP SHA1 6 c0 ? 20 W_MANUFACTURER",
                "4 7 HOTP SHA1 6 c0 ? 20 W_WEAK_SECRET W_MANUFACTURER QUARANTINE",
            ]
        );
        assert_eq!(told.warned, ["W_PLAINTEXT", "W_UNSIGNED", "W_SERIAL_LENGTH"]);
        let third = read(format!("a1,{HEX}\nA1,{HEX}\nA1,{HEX}\n"), ReadOptions::default());
        assert_eq!(third.refused, ["file 3 E_DUPLICATE"]);
        assert_eq!(read("", ReadOptions::default()).refused, ["file 0 E_EMPTY"]);
        assert_ne!(third, Told::default());
    }
}
