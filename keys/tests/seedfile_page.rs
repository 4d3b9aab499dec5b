//! `docs/seedfiles.md` is what officers look classes and formats up in: it has every one of them, and
//! says what the program says.
//!
//! Not responsible for: whether the rest of the page is true.

use std::{fs, path::Path};

use warifu_keys::seedfile::{Code, Format, Scope};

/// The cells of the row that begins with `word` in backticks.
fn row(page: &str, word: &str) -> Vec<String> {
    let start = format!("| `{word}` |");
    let mut rows = page.lines().filter(|line| line.starts_with(&start));
    let row = rows.next().unwrap_or_default();
    assert!(!row.is_empty(), "docs/seedfiles.md has no row for {word}");
    assert_eq!(rows.next(), None, "{word} has two rows");
    row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
}

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/seedfiles.md");
    fs::read_to_string(path).expect("the page is in the repository")
}

#[test]
fn every_class_stands_there_with_what_it_hits_and_what_to_do() {
    let page = page();
    for code in Code::ALL {
        let row = row(&page, code.as_str());
        let hits = match code.scope() {
            _ if code.as_str().starts_with("W_") => {
                if code.quarantines() {
                    "yes"
                } else {
                    ""
                }
            }
            Scope::File => "file",
            Scope::Token => "token",
        };
        assert_eq!(row.get(1).map(String::as_str), Some(hits), "{code}");
        assert_eq!(row.get(3).map(String::as_str), Some(code.remedy()), "{code}");
    }
}

#[test]
fn no_class_stands_there_that_does_not_exist() {
    let page = page();
    let words = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let classes: Vec<_> =
        words.filter(|word| word.starts_with("E_") || word.starts_with("W_")).collect();
    assert_eq!(classes.len(), Code::ALL.len());
    for word in classes {
        assert!(Code::from_text(word).is_some(), "{word}");
    }
}

#[test]
fn every_format_stands_there() {
    let page = page();
    for format in Format::ALL {
        assert_eq!(row(&page, format.word()).len(), 5, "{}", format.word());
    }
}
