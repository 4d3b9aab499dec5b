//! Fields of one line of separated values (RFC 4180, quoting strict), written by a spreadsheet or a
//! program.
//!
//! Lenient readers repair broken quoting by guessing, and a guess may move a seed into another
//! column: here it is refused. Not responsible for the meaning of a column.

use std::ops::Deref;

use zeroize::Zeroizing;

use crate::seedfile::code::Code;
use crate::seedfile::refusal::Refusal;

/// Blanks that may stand around a quoted field.
const BLANKS: [char; 2] = [' ', '\t'];

/// One field; most are a part of the line.
#[derive(Debug)]
pub(in crate::seedfile) enum Field<'a> {
    /// As it stands in the line.
    Part(&'a str),
    /// With doubled quotes made single.
    Unquoted(Zeroizing<String>),
}

impl Deref for Field<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Part(text) => text,
            Self::Unquoted(text) => text,
        }
    }
}

/// Splits a line. Fields keep their blanks, but for those around quotes.
pub(in crate::seedfile) fn split(line: &str, separator: char) -> Result<Vec<Field<'_>>, Refusal> {
    let mut fields = Vec::with_capacity(8);
    let mut rest = line;
    loop {
        let quoted = rest.trim_start_matches(BLANKS).strip_prefix('"');
        let (field, behind) = if let Some(quoted) = quoted {
            quoted_field(quoted)?
        } else {
            let (field, behind) = rest.split_at(rest.find(separator).unwrap_or(rest.len()));
            // What begins as a formula is told what it is by its column.
            if field.contains('"') && !is_formula(field) {
                return Err(broken());
            }
            (Field::Part(field), behind)
        };
        fields.push(field);
        if behind.is_empty() {
            return Ok(fields);
        }
        rest = behind.strip_prefix(separator).ok_or_else(broken)?;
    }
}

/// Reads behind an opening quote; a doubled quote is one.
fn quoted_field(text: &str) -> Result<(Field<'_>, &str), Refusal> {
    let (first, mut rest) = text.split_at(text.find('"').ok_or_else(broken)?);
    let mut field = None;
    loop {
        // `rest` begins with a quote: the closing one, or the first of two.
        let behind = rest.strip_prefix('"').ok_or_else(broken)?;
        let Some(more) = behind.strip_prefix('"') else {
            let field = field.map_or(Field::Part(first), Field::Unquoted);
            return Ok((field, behind.trim_start_matches(BLANKS)));
        };
        let made = field.get_or_insert_with(|| {
            // As long as it can get, so that no copy is left behind by growing.
            let mut made = Zeroizing::new(String::with_capacity(text.len()));
            made.push_str(first);
            made
        });
        let (part, next) = more.split_at(more.find('"').ok_or_else(broken)?);
        made.push('"');
        made.push_str(part);
        rest = next;
    }
}

/// What a spreadsheet would compute.
fn is_formula(field: &str) -> bool {
    field.trim_start_matches(BLANKS).starts_with(['=', '+', '-', '@'])
}

fn broken() -> Refusal {
    let rule = "a quoted field begins and ends with a quote, and quotes inside it are doubled";
    Refusal::new(Code::CsvQuote, "line", rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Vec<String>> {
        let fields = split(line, ',').ok()?;
        Some(fields.iter().map(|field| field.to_string()).collect())
    }

    #[test]
    fn quotes_are_strict() {
        let is = |line, fields: &[&str]| assert_eq!(read(line).unwrap(), fields, "{line}");
        is("a,b", &["a", "b"]);
        is("a,,", &["a", "", ""]);
        is("", &[""]);
        is("\"a,b\",c", &["a,b", "c"]);
        is("\"a\"\"b\"", &["a\"b"]);
        is("\"\"\"\",\"\"", &["\"", ""]);
        is(" \"a\" ,\t\"b\"", &["a", "b"]);
        is("=F(\"x\"),b", &["=F(\"x\")", "b"]);
        for broken in ["\"a", "a\"b", "\"a\"b", "a,\"", "\"a\"\"", "x\"", "\"a\" b,c"] {
            assert_eq!(read(broken), None, "{broken}");
        }
    }
}
