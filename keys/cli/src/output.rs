//! Standard output: JSON for programs, tables for people.
//!
//! Not responsible for: failures (standard error) and progress bars.

use std::io::{self, Write as _};

use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;
use warifu_api::{Language, text::Phrase};

use crate::exit::{Exit, Failure};

/// Where answers go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    language: Language,
}

impl Output {
    /// As `--json` and `--language` say.
    pub(crate) const fn new(json: bool, language: Language) -> Self {
        Self { json, language }
    }

    /// The language of what people read.
    pub(crate) const fn language(self) -> Language {
        self.language
    }

    /// Whether a program reads along.
    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// One answer: the value for programs, `text` for people.
    pub(crate) fn show<T: Serialize>(
        self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        if !self.json {
            return print(text(value).trim_end());
        }
        let text = serde_json::to_string(value)
            .map_err(|e| Failure::because(Exit::Bug, "the answer has no JSON form", &e))?;
        print(&text)
    }
}

/// A line on standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Text from outside, safe for a terminal and a page: no control character gets through, and nothing
/// that turns the direction of what follows around (Unicode UAX #9 s.2).
pub(crate) fn clean(text: &str) -> String {
    let safe = |c: char| if c.is_control() || turns(c) { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().map(safe).collect()
}

const fn turns(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Hexadecimal digits in groups of four, as people compare them.
pub(crate) fn grouped(hex: &str) -> String {
    let digits: Vec<char> = hex.chars().collect();
    let groups: Vec<String> = digits.chunks(4).map(|four| four.iter().collect()).collect();
    groups.join(" ")
}

/// Name and value, one line each; lines without a value are left out.
pub(crate) fn facts<'a>(lines: impl IntoIterator<Item = (&'a str, Option<String>)>) -> String {
    let known: Vec<_> =
        lines.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let width = known.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in known {
        text.extend([&padded(name, width), "  ", &clean(&value), "\n"]);
    }
    text
}

/// The same with names in a language.
pub(crate) fn facts_in(
    language: Language,
    lines: impl IntoIterator<Item = (Phrase, Option<String>)>,
) -> String {
    facts(lines.into_iter().map(|(name, value)| (name.in_language(language), value)))
}

/// Columns under their headings.
pub(crate) fn table<const N: usize>(
    head: [impl Into<String>; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut all = vec![head.map(Into::into)];
    all.extend(rows.into_iter().map(|row| row.map(|cell| clean(&cell))));
    let mut widths = [0; N];
    for row in &all {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.width().max(*width);
        }
    }
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| padded(cell, width));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    all.iter().map(line).collect()
}

/// Headings in a language.
pub(crate) fn headings<const N: usize>(language: Language, names: [Phrase; N]) -> [String; N] {
    names.map(|name| name.in_language(language).to_uppercase())
}

/// The width is that on a terminal, where Japanese characters take two columns; `format!` counts
/// characters.
fn padded(text: &str, width: usize) -> String {
    text.to_owned() + &" ".repeat(width.saturating_sub(text.width()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [["1".into(), "active".into()], ["00123".into(), "locked".into()]];
        assert_eq!(
            table(["SERIAL", "STATUS"], rows),
            "SERIAL  STATUS\n1       active\n00123   locked\n"
        );
    }

    #[test]
    fn japanese_columns_line_up_too() {
        let rows = [["未登録".into(), "U1".into()], ["revoked".into(), "U2".into()]];
        assert_eq!(table(["状態", "利用者"], rows), "状態     利用者\n未登録   U1\nrevoked  U2\n");
        let lines = [("利用者", Some("U1".to_owned())), ("role", Some("一般".to_owned()))];
        assert_eq!(facts(lines), "利用者  U1\nrole    一般\n");
    }

    #[test]
    fn headings_are_in_capitals_where_there_are_some() {
        let name = Phrase { en: "not before", ja: "再登録可能日時" };
        assert_eq!(headings(Language::En, [name]), ["NOT BEFORE"]);
        assert_eq!(headings(Language::Ja, [name]), ["再登録可能日時"]);
    }

    #[test]
    fn unknown_facts_are_left_out() {
        let lines = [("serial", Some("1".to_owned())), ("locked at", None)];
        assert_eq!(facts(lines), "serial  1\n");
    }

    #[test]
    fn a_terminal_is_not_commanded_from_outside() {
        assert_eq!(clean("Acme\u{1b}[2J"), "Acme\u{fffd}[2J");
        assert_eq!(clean("0012\u{202e}3400"), "0012\u{fffd}3400");
        assert_eq!(clean("製造元"), "製造元");
    }

    #[test]
    fn digests_are_read_in_groups() {
        assert_eq!(grouped("00ff12ab3"), "00ff 12ab 3");
        assert_eq!(grouped(""), "");
    }
}
