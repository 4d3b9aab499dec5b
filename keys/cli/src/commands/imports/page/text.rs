//! The page as text, for a printer or a mail.
//!
//! Not responsible for: what it says.

use warifu_api::text::Phrase;

use super::{Body, Page, Section};
use crate::output::{clean, facts};

/// The whole page.
pub(in super::super) fn text(page: &Page) -> String {
    let title = both(page.title);
    let mut out = format!("{title}\n{}\n\n", "=".repeat(title.chars().count()));
    for line in &page.verdict {
        out.extend([&clean(line), "\n"]);
    }
    for section in &page.sections {
        add(&mut out, section);
    }
    for who in page.signatures {
        out.extend(["\n", &both(who), "\n\n______________________________________\n"]);
    }
    out
}

fn add(out: &mut String, section: &Section) {
    let title = both(section.title);
    out.extend(["\n", &title, "\n", &"-".repeat(title.chars().count()), "\n"]);
    match &section.body {
        Body::None => out.push_str("none / なし\n"),
        Body::Facts(all) => {
            let names: Vec<String> = all.iter().map(|(name, _)| both(*name)).collect();
            let values = all.iter().map(|(_, value)| Some(value.clone()));
            out.push_str(&facts(names.iter().map(String::as_str).zip(values)));
        }
        Body::Table(head, rows) => rows.iter().for_each(|row| add_record(out, head, row)),
    }
}

/// One record, a line for each column: a page of paper is narrower than these tables.
fn add_record(out: &mut String, head: &[Phrase], row: &[String]) {
    let names: Vec<String> = head.iter().map(|name| format!("  {}", both(*name))).collect();
    let values = row.iter().map(|cell| (!cell.is_empty()).then(|| cell.clone()));
    out.push_str(&facts(names.iter().map(String::as_str).zip(values)));
    out.push('\n');
}

fn both(phrase: Phrase) -> String {
    format!("{} / {}", phrase.en, phrase.ja)
}
