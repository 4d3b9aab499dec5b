//! Tells the XML formats apart by their root element.
//!
//! Not responsible for reading any of them. What is XML and of no known root goes to the RFC 6030
//! reader, whose refusal says what is wrong with it.

pub(super) mod aladdin;
pub(super) mod deepnet;
mod document;
pub(super) mod sdtid;
#[cfg(test)]
pub(super) mod trial;

use super::format::{Detected, Format};

/// Longest prolog that is looked through for the root element.
const MOST_MARKUP: usize = 32;

/// Tells by the name of the root element, its prefix left out.
pub(super) fn detect(text: &[u8]) -> Detected {
    let name = root_name(text);
    let format = match name {
        Some(b"TKNBatch") => Format::Sdtid,
        Some(b"Tokens") => Format::Aladdin,
        Some(b"data") => Format::Deepnet,
        _ => Format::Pskc,
    };
    let because = match name {
        Some(name) => format!("it is XML with the root element {}", printable(name)),
        None => "it begins as XML".to_owned(),
    };
    let mut detected = Detected::with(format, because);
    if format == Format::Pskc {
        let rule =
            "a draft has another namespace, or the elements Device and KeyId; read only when named";
        detected.could_be.push((Format::PskcDraft, rule));
    }
    detected
}

/// The local name of the first start tag, behind declaration, comments and a document type.
fn root_name(mut text: &[u8]) -> Option<&[u8]> {
    for _ in 0..MOST_MARKUP {
        text = text.trim_ascii_start().strip_prefix(b"<")?;
        if text.starts_with(b"!--") {
            let end = text.windows(3).position(|w| w == b"-->")?;
            text = text.get(end + 3..)?;
        } else if matches!(text.first(), Some(b'?' | b'!')) {
            let end = text.iter().position(|b| *b == b'>')?;
            text = text.get(end + 1..)?;
        } else {
            let stop = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'>' | b'/' | b'=');
            let name = text.get(..text.iter().position(stop)?)?;
            return name.rsplit(|b| *b == b':').next();
        }
    }
    None
}

fn printable(name: &[u8]) -> String {
    let shown: String = String::from_utf8_lossy(name).chars().take(40).collect();
    shown.chars().map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_element_says_which_format_it_is() {
        let told = |text: &str| detect(text.as_bytes()).format;
        assert_eq!(told("<?xml version='1.0'?><!-- a > b --><pskc:KeyContainer>"), Format::Pskc);
        assert_eq!(told("<!DOCTYPE x><TKNBatch>"), Format::Sdtid);
        assert_eq!(told("<Tokens>"), Format::Aladdin);
        assert_eq!(told("<data>\n<header/>"), Format::Deepnet);
        assert_eq!(told("<html "), Format::Pskc);
        assert_eq!(told("<"), Format::Pskc);
    }
}
