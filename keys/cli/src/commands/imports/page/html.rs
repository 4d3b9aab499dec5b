//! The page as HTML: one file that refers to nothing outside, runs nothing and prints on A4.
//!
//! Not responsible for: what it says.

use warifu_api::text::Phrase;

use super::{Body, Page, Section};
use crate::output::clean;

/// Nothing may be loaded or run, whatever a serial or a note holds.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE: &str = "\
:root { font-family: 'Noto Sans', 'Noto Sans JP', sans-serif; font-size: 10pt; color: #111; background: #fff }
body { max-width: 180mm; margin: 10mm auto }
h1 { font-size: 16pt; margin: 0 }
h2 { font-size: 11pt; margin: 6mm 0 1mm; border-bottom: 0.3mm solid #111; break-after: avoid }
[lang=ja] { font-size: 90%; color: #333; margin-left: 0.6em }
.verdict { border: 0.5mm solid #111; padding: 2mm; margin: 4mm 0; font-weight: bold }
.verdict p { margin: 0 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: 0.6mm 2mm; border-bottom: 0.1mm solid #999; overflow-wrap: anywhere }
th [lang=ja] { display: block; margin: 0; font-weight: normal }
tr { break-inside: avoid }
.facts th { width: 60mm }
.sign { height: 16mm }
@page { size: A4; margin: 15mm }
@media print { body { margin: 0; max-width: none } thead { display: table-header-group } }
";

/// The whole page.
pub(in super::super) fn html(page: &Page) -> String {
    let title = page.title;
    let [english, japanese] = &page.verdict;
    let mut out =
        String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    let policy = escaped(POLICY);
    out.extend(["<meta http-equiv=\"Content-Security-Policy\" content=\"", &policy, "\">\n"]);
    out.extend([
        "<title>",
        &escaped(title.en),
        "</title>\n<style>\n",
        STYLE,
        "</style>\n</head>\n",
    ]);
    out.extend(["<body>\n<h1>", &both(title), "</h1>\n<div class=\"verdict\"><p>"]);
    out.extend([&escaped(english), "</p><p lang=\"ja\">", &escaped(japanese), "</p></div>\n"]);
    for section in &page.sections {
        add(&mut out, section);
    }
    out.push_str("<table class=\"facts\">\n");
    for who in page.signatures {
        out.extend(["<tr class=\"sign\"><th>", &both(who), "</th><td></td></tr>\n"]);
    }
    out.push_str("</table>\n</body>\n</html>\n");
    out
}

fn add(out: &mut String, section: &Section) {
    out.extend(["<h2>", &both(section.title), "</h2>\n"]);
    match &section.body {
        Body::None => out.push_str("<p>none <span lang=\"ja\">なし</span></p>\n"),
        Body::Facts(facts) => {
            out.push_str("<table class=\"facts\">\n");
            for (name, value) in facts {
                out.extend([
                    "<tr><th>",
                    &both(*name),
                    "</th><td>",
                    &escaped(value),
                    "</td></tr>\n",
                ]);
            }
            out.push_str("</table>\n");
        }
        Body::Table(head, rows) => {
            let names = head.iter().map(|name| format!("<th>{}</th>", both(*name)));
            out.extend(["<table>\n<thead><tr>", &names.collect::<String>(), "</tr></thead>\n"]);
            for row in rows {
                let cells = row.iter().map(|cell| format!("<td>{}</td>", escaped(cell)));
                out.extend(["<tr>", &cells.collect::<String>(), "</tr>\n"]);
            }
            out.push_str("</table>\n");
        }
    }
}

fn both(phrase: Phrase) -> String {
    format!("{}<span lang=\"ja\">{}</span>", escaped(phrase.en), escaped(phrase.ja))
}

/// Text from outside as text and nothing else, in elements and in quoted attributes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
