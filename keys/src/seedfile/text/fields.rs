//! Fields of one line of separated values (RFC 4180, quoting strict), written by a spreadsheet or a
//! program.
//!
//! Lenient readers repair broken quoting by guessing, and a guess may move a seed into another
//! column: here it is refused. Not responsible for the meaning of a column.

use zeroize::Zeroizing;

use crate::seedfile::code::Code;
use crate::seedfile::refusal::Refusal;

/// Splits a line. Fields keep their blanks.
pub(in crate::seedfile) fn split(
    line: &str,
    separator: char,
) -> Result<Vec<Zeroizing<String>>, Refusal> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, behind) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => {
                let end = rest.find(separator).unwrap_or(rest.len());
                let (field, behind) = rest.split_at(end);
                if field.contains('"') {
                    return Err(broken());
                }
                (Zeroizing::new(field.to_owned()), behind)
            }
        };
        fields.push(field);
        if behind.is_empty() {
            return Ok(fields);
        }
        rest = behind.strip_prefix(separator).ok_or_else(broken)?;
    }
}

/// Reads behind an opening quote; a doubled quote is one.
fn quoted_field(mut rest: &str) -> Result<(Zeroizing<String>, &str), Refusal> {
    let mut field = Zeroizing::new(String::with_capacity(rest.len()));
    loop {
        let end = rest.find('"').ok_or_else(broken)?;
        let (part, behind) = rest.split_at(end);
        field.push_str(part);
        let behind = behind.strip_prefix('"').unwrap_or(behind);
        match behind.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None => return Ok((field, behind)),
        }
    }
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
        for broken in ["\"a", "a\"b", "\"a\"b", "a,\"", "\"a\"\""] {
            assert_eq!(read(broken), None, "{broken}");
        }
    }
}
