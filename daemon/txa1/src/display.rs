//! What a token's screen says about a content, line by line: every field that is signed, and nothing
//! else.
//!
//! Not responsible for: pages, colours, or the lines around it (`warifu-token`).

use crate::content::{Body, Content, Date, Item, Payee};

/// The lines, the operation's name first. Each may be wider than a screen, none is left out.
pub fn lines(content: &Content) -> Vec<String> {
    let mut lines = vec![
        content.body().operation().title().to_owned(),
        format!("発行 {}", japan_minute(content.issued())),
        format!("利用者 {}", content.login_id()),
    ];
    match content.body() {
        Body::Transfer { payer, payee, name, amount, date } => {
            lines.push(format!("支払 {payer}"));
            lines.extend(payee_lines(*payee, name.as_str()));
            lines.push(format!("金額 {amount}円"));
            lines.push(date_line(*date));
        }
        Body::Batch { kind: _, payer, date, count, total, hash, items } => {
            lines.push(format!("支払 {payer}"));
            lines.push(date_line(*date));
            lines.push(format!("件数 {count}件"));
            lines.push(format!("合計 {total}円"));
            lines.push(format!("明細照合 {}", fingerprint(hash)));
            lines.extend(items.iter().map(item_line));
        }
        Body::PayeeRegistration { payee, name } => {
            lines.extend(payee_lines(*payee, name.as_str()));
        }
        Body::Admin { text } => lines.push(text.to_string()),
        Body::Share | Body::Deactivate => {}
    }
    lines
}

/// Twenty digits of a payment file's hash, to be compared with a second machine's by eye.
///
/// The first 128 bits modulo 10^20. Shorter ones can be ground out by whoever made the file.
pub fn fingerprint(hash: &[u8; 32]) -> String {
    let number = hash.first_chunk().map_or(0, |bytes| u128::from_be_bytes(*bytes));
    let digits = format!("{:020}", number % 10_u128.pow(20));
    let groups: Vec<&str> = (0..20).step_by(4).filter_map(|at| digits.get(at..at + 4)).collect();
    groups.join("-")
}

fn payee_lines(payee: Payee, name: &str) -> [String; 2] {
    [format!("振込先 {payee}"), format!("受取人 {name}")]
}

fn date_line(date: Date) -> String {
    format!("指定日 {date}")
}

fn item_line(item: &Item) -> String {
    format!("{} {}円 {}", item.payee, item.amount, item.name)
}

/// Date and time of day in Japan, which is nine hours ahead of UTC the whole year.
fn japan_minute(unix: u32) -> String {
    let minutes = u64::from(unix) / 60 + 9 * 60;
    let (year, month, day) = civil(minutes / (24 * 60));
    let minute = minutes % (24 * 60);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", minute / 60, minute % 60)
}

/// Year, month and day of a number of days since 1970-01-01 (the usual count of days in eras of 400
/// years that begin on the first of March).
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // 0000-03-01 to 1970-01-01
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_japan() {
        assert_eq!(japan_minute(0), "1970-01-01 09:00");
        assert_eq!(japan_minute(951_749_999), "2000-02-28 23:59");
        assert_eq!(japan_minute(951_750_000), "2000-02-29 00:00");
        assert_eq!(japan_minute(1_764_003_600), "2025-11-25 02:00");
        assert_eq!(japan_minute(u32::MAX), "2106-02-07 15:28");
    }

    #[test]
    fn a_fingerprint_has_its_zeros() {
        let mut hash = [0; 32];
        assert_eq!(fingerprint(&hash), "0000-0000-0000-0000-0000");
        hash[15] = 7;
        assert_eq!(fingerprint(&hash), "0000-0000-0000-0000-0007");
    }
}
