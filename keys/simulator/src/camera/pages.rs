//! Cuts contents into pages that the screen can show in full, long lines into rows.
//!
//! Not responsible for: words and frames (`screen`, `drawing`).

/// Columns of the screen; a kanji takes two.
pub(super) const COLUMNS: usize = 40;
/// Rows of a page between the title and the words of the buttons.
pub(super) const ROWS: usize = 6;

/// Pages of whole lines: a line that no longer fits begins the next page.
pub(super) fn cut(lines: impl IntoIterator<Item = String>) -> Vec<Vec<String>> {
    let mut pages = vec![Vec::new()];
    let mut used = 0;
    for line in lines {
        let needed = rows(&line).len();
        if used + needed > ROWS && used > 0 {
            pages.push(Vec::new());
            used = 0;
        }
        used += needed;
        if let Some(page) = pages.last_mut() {
            page.push(line);
        }
    }
    pages
}

/// The rows that a line takes.
pub(super) fn rows(line: &str) -> Vec<String> {
    let mut rows = vec![String::new()];
    let mut used = 0;
    for character in line.chars() {
        let width = columns_of(character);
        if used + width > COLUMNS {
            rows.push(String::new());
            used = 0;
        }
        used += width;
        if let Some(row) = rows.last_mut() {
            row.push(character);
        }
    }
    rows
}

/// Columns of a text.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// The device's font has two widths: ASCII, the yen sign and half-width kana take one column.
fn columns_of(character: char) -> usize {
    match character {
        ' '..='~' | '¥' | '\u{FF61}'..='\u{FF9F}' => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_take_two_rows_and_stay_on_one_page() {
        let long = "ｱ".repeat(41);
        assert_eq!(rows(&long).len(), 2);
        assert_eq!(rows(&"漢".repeat(21)).len(), 2);
        assert_eq!(rows("").len(), 1);
        let lines: Vec<_> = (0..4).map(|_| long.clone()).collect();
        let pages = cut(lines.clone());
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
        assert_eq!(pages.concat(), lines, "nothing is left out");
    }

    #[test]
    fn contents_of_one_line_have_one_page() {
        assert_eq!(cut(["a".to_owned()]), [["a"]]);
        assert_eq!(cut([]).len(), 1);
    }
}
