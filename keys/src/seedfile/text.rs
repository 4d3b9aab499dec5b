//! Formats that are lines of text: what they share, and how they are told apart.
//!
//! Not responsible for any one format: each has a file of its own below this one.

pub(super) mod batch;
pub(super) mod column;
pub(super) mod dpw;
pub(super) mod encoding;
pub(super) mod entra;
pub(super) mod etoken_dat;
pub(super) mod feitian;
mod fields;
mod lines;
pub(super) mod migration;
pub(super) mod multiotp;
pub(super) mod oath;
pub(super) mod otpauth;
mod pairs;
pub(super) mod pingid;
#[cfg(test)]
mod properties;
pub(super) mod rcdevs;
pub(super) mod row;
mod rows;
#[cfg(test)]
mod trial;
pub(super) mod ykksm;
pub(super) mod yubico;
pub(super) mod yubico_traditional;

use std::borrow::Cow;

use super::code::Code;
use super::format::{Detected, Format};
use super::refusal::Refusal;
use super::suite;
use fields::Field;

/// Columns of the personalization tool's log, and of a row whose local date has a comma.
const YUBICO_TRADITIONAL: std::ops::RangeInclusive<usize> = 18..=19;
/// Columns of Entra's file.
const ENTRA: usize = 6;
/// Shortest text that is taken for a seed when only its place speaks for it.
const SHORTEST_SEED: usize = 16;

/// Tells by the first lines. `text` is the head of the file without byte order mark.
pub(super) fn detect(text: &[u8]) -> Result<Detected, Refusal> {
    if text.trim_ascii().is_empty() {
        return Err(Refusal::new(Code::Empty, "file", "the file holds something"));
    }
    let head = Head::of(text);
    if head.is_binary() {
        return Err(unknown());
    }
    if let Some((format, because)) = head.marked() {
        return Ok(Detected::with(format, because));
    }
    let Some(row) = head.rows().next() else {
        return Ok(with_oath_dialects("there is nothing but comments at its head"));
    };
    match separator(row) {
        Some(';') => multiotp_row(row),
        Some(_) => head.comma_row(row),
        None => blank_row(row),
    }
}

/// The beginning of a file, the last line of which may be cut.
struct Head<'a>(Cow<'a, str>);

impl<'a> Head<'a> {
    fn of(text: &'a [u8]) -> Self {
        Self(String::from_utf8_lossy(text))
    }

    fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.lines().map(str::trim_ascii).filter(|line| !line.is_empty())
    }

    /// Control characters and broken UTF-8 together: not a text that something happened to.
    fn is_binary(&self) -> bool {
        // The last character may be cut.
        let whole = self.0.trim_end_matches(char::REPLACEMENT_CHARACTER);
        let is_control = |c: char| c.is_ascii_control() && !c.is_ascii_whitespace();
        whole.contains(char::REPLACEMENT_CHARACTER) && whole.contains(is_control)
    }

    /// Lines that are no comments.
    fn rows(&self) -> impl Iterator<Item = &str> {
        self.lines().filter(|line| !line.starts_with('#'))
    }

    /// What the first line says of itself.
    fn marked(&self) -> Option<(Format, &'static str)> {
        let first = self.lines().next().unwrap_or_default();
        let row = self.rows().next().unwrap_or_default();
        let begins = |line: &str, with: &str| {
            line.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
        };
        let is_ykksm =
            first.strip_prefix('#').is_some_and(|rest| begins(rest.trim_ascii(), "ykksm"));
        let is_dat = row.starts_with("dn: scc") || (row.starts_with("scc") && row.contains(": "));
        Some(match () {
            () if begins(row, "otpauth-migration://") => {
                (Format::OtpauthMigration, "its first line is an otpauth-migration URI")
            }
            () if begins(row, "otpauth://") => {
                (Format::Otpauth, "its first line is an otpauth URI")
            }
            () if is_ykksm => {
                (Format::Ykksm, "its first line is the mark of a KSM list, `# ykksm`")
            }
            () if begins(row, "LOGGING START") => {
                (Format::YubicoTraditional, "it begins with the tool's line LOGGING START")
            }
            () if is_dat => {
                (Format::EtokenDat, "its first line names an attribute of a SafeWord record")
            }
            () if entra::is_header(row) => {
                (Format::Entra, "its first line has the headings of Entra's file")
            }
            () if rcdevs::is_header(row) => {
                (Format::Rcdevs, "its first line has the headings of a WebADM inventory")
            }
            () => return None,
        })
    }

    /// Tells by the number of columns, and by what the format leaves no choice in.
    fn comma_row(&self, row: &str) -> Result<Detected, Refusal> {
        let has_version = self.lines().take_while(|line| line.starts_with('#')).any(is_version);
        if row.starts_with(['{', '[']) {
            return Err(unknown());
        }
        let Ok(fields) = fields::split(row, ',') else {
            return Ok(with_oath_dialects("its first row has commas between columns"));
        };
        let at =
            |index: usize| fields.get(index).map(|field| field.trim_ascii()).unwrap_or_default();
        let count = fields.len();
        match () {
            () if has_version => Ok(Detected::with(
                Format::OathCsv,
                "a comment before the first row gives the version of privacyIDEA's columns",
            )),
            () if YUBICO_TRADITIONAL.contains(&count) => Ok(Detected::with(
                Format::YubicoTraditional,
                format!("its first row has {count} columns, as the tool's log has"),
            )),
            () if is_yubico(&fields) => Ok(Detected::with(
                Format::Yubico,
                "its first row begins with a number and has key and time where Yubico has them",
            )),
            () if count == ENTRA && (at(0).is_empty() || at(0).contains('@')) => {
                let rule = "a file in Entra's columns begins with its line of headings";
                Err(Refusal::new(Code::Header, "line", rule))
            }
            () if fields.iter().take(2).any(|one| column::is_heading(one)) => Err(unknown_header()),
            () if self.rows().any(has_hash_column) => Ok(Detected::with(
                Format::OathCsvLinotp,
                "a row names a hash in column 6, which LinOTP alone has",
            )),
            () => Ok(with_oath_dialects(&format!(
                "its first row has {count} columns with commas between"
            ))),
        }
    }
}

/// OATH CSV, and what the same rows would be elsewhere.
fn with_oath_dialects(because: &str) -> Detected {
    let mut detected = Detected::with(Format::OathCsv, because);
    detected.could_be = vec![
        (Format::OathCsvLinotp, "column 5 of a HOTP row means nothing there, column 6 is the hash"),
        (Format::Netiq, "counters go up to 100,000 there"),
        (Format::PingId, "column 3 is the counter there, and the type is declared"),
    ];
    detected
}

fn multiotp_row(row: &str) -> Result<Detected, Refusal> {
    let is_header = fields::split(row, ';')
        .is_ok_and(|fields| fields.iter().take(2).any(|one| column::is_heading(one)));
    if is_header {
        return Err(unknown_header());
    }
    Ok(Detected::with(Format::MultiOtp, "its first row has semicolons between columns"))
}

fn blank_row(row: &str) -> Result<Detected, Refusal> {
    let mut parts = row.split_ascii_whitespace();
    let (Some(serial), Some(seed), None) = (parts.next(), parts.next(), parts.next()) else {
        return Err(unknown());
    };
    if column::is_heading(serial) || column::is_heading(seed) {
        return Err(unknown_header());
    }
    let is_seed =
        seed.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'=' | b'+' | b'/'));
    if seed.len() < SHORTEST_SEED || !is_seed {
        return Err(unknown());
    }
    let mut detected =
        Detected::with(Format::Feitian, "its first line is two words with a blank between");
    let rule = "seeds are hexadecimal there, whatever the token";
    detected.could_be.push((Format::Dpw, rule));
    Ok(detected)
}

/// What stands between columns: the first semicolon or comma outside of quotes, or inside of a quote
/// that is never closed.
fn separator(row: &str) -> Option<char> {
    let mut is_quoted = false;
    let is_separator = |c: &char| matches!(c, ';' | ',');
    let outside = row.chars().find(|c| {
        is_quoted ^= *c == '"';
        !is_quoted && is_separator(c)
    });
    outside.or_else(|| row.chars().find(is_separator).filter(|_| is_quoted))
}

fn is_version(comment: &str) -> bool {
    let words = comment.trim_start_matches('#').trim_ascii().to_ascii_lowercase();
    words.starts_with("version:")
}

/// `serial,pubId,pvtId or counter,secret,access code,time`, with or without a comma at the end.
fn is_yubico(fields: &[Field<'_>]) -> bool {
    let has_shape = match fields {
        [_, _, _, _, _, _] => true,
        [_, _, _, _, _, _, last] => last.trim_ascii().is_empty(),
        _ => false,
    };
    let field = |index: usize| fields.get(index).map(|one| one.trim_ascii()).unwrap_or_default();
    let is_time = field(5).get(..5).is_some_and(|start| {
        start.ends_with('-') && start.bytes().take(4).all(|b| b.is_ascii_digit())
    });
    let is_number = !field(0).is_empty() && field(0).bytes().all(|b| b.is_ascii_digit());
    has_shape && is_number && is_time
}

fn has_hash_column(row: &str) -> bool {
    fields::split(row, ',').is_ok_and(|fields| match fields.as_slice() {
        [_, _, _, _, _, hash] => suite::hash(hash.trim_ascii()).is_some(),
        _ => false,
    })
}

fn unknown_header() -> Refusal {
    let rule = "headings of a known format, or none: name the format that the maker describes";
    Refusal::new(Code::Header, "line", rule)
}

fn unknown() -> Refusal {
    Refusal::new(Code::Format, "file", "the file is in one of the known formats")
}

#[cfg(test)]
mod tests {
    use super::trial::{BASE32, HEX};
    use super::*;

    fn told(text: &str) -> Result<Format, Code> {
        let text = text.replace("HEX", HEX).replace("BASE32", BASE32);
        detect(text.as_bytes()).map(|told| told.format).map_err(|refusal| refusal.code)
    }

    #[test]
    fn every_format_is_told_by_its_first_lines() {
        let cases = [
            ("# by hand\notpauth://totp/A?secret=BASE32", Format::Otpauth),
            ("OTPAUTH-MIGRATION://offline?data=", Format::OtpauthMigration),
            ("# ykksm 2\n1,2,3", Format::Ykksm),
            ("LOGGING START,2026-01-01 10:00\n", Format::YubicoTraditional),
            ("OATH-HOTP,1,1,cccb,,HEX,,,0,0,0,6,0,0,0,0,0,0", Format::YubicoTraditional),
            ("508326,,0,HEX,,2026-01-01T08:41:07,", Format::Yubico),
            ("# records\nsccAuthenticatorId: A1\n", Format::EtokenDat),
            ("dn: sccAuthenticatorId=A1\n", Format::EtokenDat),
            ("UPN,Serial Number,Secret Key,Time Interval,Manufacturer,Model\n", Format::Entra),
            ("# x\nType,Reference,Description,Data\n", Format::Rcdevs),
            ("A1;M;HOTP;HEX;6;0", Format::MultiOtp),
            ("\"A,1\";M;HOTP;HEX;6;0", Format::MultiOtp),
            ("A1 HEX\n", Format::Feitian),
            ("A1\tBASE32\n", Format::Feitian),
            ("A1,HEX\n", Format::OathCsv),
            ("A1,HEX\nA2,HEX,totp,6,30,sha1\n", Format::OathCsvLinotp),
            ("# version: 2\nu,r,m,A1,HEX,totp\n", Format::OathCsv),
            ("\"unclosed,HEX\n", Format::OathCsv),
            ("# only\n# comments", Format::OathCsv),
        ];
        for (text, format) in cases {
            assert_eq!(told(text), Ok(format), "{text}");
        }
    }

    #[test]
    fn what_looks_alike_is_said() {
        let could_be = |text: &str| -> Vec<_> {
            let told = detect(text.as_bytes()).unwrap();
            assert!(!told.because.contains(HEX) && !told.is_forced);
            told.could_be.iter().map(|(format, _)| *format).collect()
        };
        let dialects = [Format::OathCsvLinotp, Format::Netiq, Format::PingId];
        assert_eq!(could_be(&format!("A1,{HEX}")), dialects);
        assert_eq!(could_be(&format!("A1 {HEX}")), [Format::Dpw]);
        assert_eq!(could_be("otpauth://totp/A"), []);
    }

    #[test]
    fn headings_without_a_format_and_other_texts_are_refused() {
        for header in ["serial,seed,type\n", "Serial;Seed\n", "Serial Seed\n"] {
            assert_eq!(told(header), Err(Code::Header), "{header}");
        }
        assert_eq!(told("u@bank.example,8001,BASE32,60,M,C"), Err(Code::Header));
        assert_eq!(told(",8001,BASE32,60,M,C"), Err(Code::Header));
        assert_eq!(detect(b"\xC3\x01,\xFE\0\n").unwrap_err().code, Code::Format);
        assert_eq!(detect(b"A\0,00\n").unwrap().format, Format::OathCsv);
        assert_eq!(detect(b"\xC9,00\n").unwrap().format, Format::OathCsv);
        for text in [
            "Dear customer",
            "two words",
            "-----BEGIN CERTIFICATE-----",
            "{\"a\": 1, \"b\": 2}",
            "QR-Code:otpauth://totp/A",
            "\0\0\0\0",
            "A1|HEX|totp",
        ] {
            assert_eq!(told(text), Err(Code::Format), "{text}");
        }
        assert_eq!(told(" \n\t\r\n"), Err(Code::Empty));
    }
}
