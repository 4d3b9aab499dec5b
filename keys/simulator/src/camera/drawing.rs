//! Draws a screen with characters, the same number of rows and columns every time.
//!
//! Not responsible for: what it says, or colours and cursors of a terminal.

use super::pages::{self, COLUMNS, ROWS};
use super::screen::Screen;

/// The rows of the drawing, the frame included.
pub(super) fn rows(screen: &Screen) -> Vec<String> {
    let edge = format!("+{}+", "-".repeat(COLUMNS + 2));
    let mut rows = vec![edge.clone(), framed(&head(screen))];
    let mut body = body(screen);
    body.resize(ROWS, String::new());
    rows.extend(body.iter().map(|row| framed(row)));
    let words = (screen.left.unwrap_or_default(), screen.right.unwrap_or_default());
    rows.extend([framed(&apart(words.0, words.1)), edge]);
    rows
}

/// The title; at the right end the number of the screen or of the page.
fn head(screen: &Screen) -> String {
    let mark = match (screen.id, screen.page) {
        (Some(id), _) => format!("[{id}]"),
        (None, Some((page, pages))) => format!("{page}/{pages}"),
        (None, None) => String::new(),
    };
    apart(&screen.title, &mark)
}

fn body(screen: &Screen) -> Vec<String> {
    if screen.stage == "off" {
        return vec![String::new(), "(off: hold power for 2 s)".to_owned()];
    }
    if screen.dark {
        return vec![String::new(), "(dark: any button wakes it)".to_owned()];
    }
    let mut body: Vec<_> = screen.lines.iter().flat_map(|line| pages::rows(line)).collect();
    if let Some(code) = &screen.code {
        body.extend([String::new(), format!("    {}", grouped(code))]);
    }
    body
}

/// Digits in groups of four.
fn grouped(digits: &str) -> String {
    let grouped = digits.chars().enumerate().flat_map(|(index, digit)| {
        let blank = (index > 0 && index % 4 == 0).then_some(' ');
        blank.into_iter().chain([digit])
    });
    grouped.collect()
}

/// One text at each end of a row.
fn apart(left: &str, right: &str) -> String {
    let used = pages::columns(left) + pages::columns(right);
    format!("{left}{}{right}", " ".repeat(COLUMNS.saturating_sub(used)))
}

fn framed(row: &str) -> String {
    format!("| {row}{} |", " ".repeat(COLUMNS.saturating_sub(pages::columns(row))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_is_a_box() {
        let screen = Screen {
            stage: "device_code",
            title: "【利用開始登録】".to_owned(),
            lines: vec!["以下のコードを入力してください。".to_owned(), "金融機関 0144".to_owned()],
            code: Some("001621148836".to_owned()),
            right: Some("次へ Next"),
            ..Screen::default()
        };
        let rows = rows(&screen);
        assert_eq!(rows.len(), ROWS + 4);
        assert!(rows.iter().all(|row| pages::columns(row) == COLUMNS + 4), "{rows:#?}");
        assert!(rows.contains(&format!("|     0016 2114 8836{} |", " ".repeat(COLUMNS - 18))));
    }
}
