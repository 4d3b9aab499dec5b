//! Integers and dates in the lexical forms of XML Schema, nothing more lenient.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use warifu_core::time::UnixTime;

use super::draft::{self, Reading};
use super::element::El;
use crate::seedfile::code::Code;
use crate::seedfile::refusal::Refusal;

/// An xs:long. Blanks around it were trimmed before; a plus sign is legal.
pub(super) fn long(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// An xs:long as text of an element.
pub(super) fn long_of(el: El<'_>) -> Result<i64, Refusal> {
    let text = el.text()?;
    long(&text).ok_or_else(|| el.refuse(Code::Int, "a decimal integer of at most 64 bits"))
}

/// An xs:long as attribute; `None` where the attribute is absent.
pub(super) fn long_attribute(el: El<'_>, name: &'static str) -> Result<Option<i64>, Refusal> {
    el.attribute(name)
        .map(|text| {
            long(text).ok_or_else(|| {
                el.refuse_field(Code::Int, name, "a decimal integer of at most 64 bits")
            })
        })
        .transpose()
}

/// An xs:boolean as attribute; upper case occurs in real files.
pub(super) fn flag(el: El<'_>, name: &'static str) -> Result<bool, Refusal> {
    match el.attribute(name).map(str::to_ascii_lowercase).as_deref() {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(el.refuse_field(Code::Schema, name, "true or false").for_token()),
    }
}

/// A point in time, and whether its zone had to be assumed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Date {
    pub(super) at: UnixTime,
    pub(super) zone_assumed: bool,
}

/// An xs:dateTime as text of an element.
pub(super) fn date_of(el: El<'_>) -> Result<Date, Refusal> {
    let text = el.text()?;
    if el.is_draft() {
        let rule = "month/day/year, and the day none that could be the month";
        match draft::date(&text) {
            Reading::Another => {}
            Reading::None => return Err(el.refuse(Code::Date, rule)),
            Reading::Day(date) => return Ok(date),
        }
    }
    date(&text).ok_or_else(|| {
        el.refuse(Code::Date, "an xs:dateTime from 1970 to 9999, such as 2026-11-21T00:00:00Z")
    })
}

/// An xs:dateTime from 1970 to 9999, without leap seconds and without 24:00.
fn date(text: &str) -> Option<Date> {
    let (civil, rest) = text.split_at_checked(19)?;
    let shape = civil.bytes().enumerate().all(|(i, b)| match i {
        4 | 7 => b == b'-',
        10 => b == b'T',
        13 | 16 => b == b':',
        _ => b.is_ascii_digit(),
    });
    let part = |from: usize, to: usize| civil.get(from..to)?.parse::<i8>().ok();
    if !shape {
        return None;
    }
    let year: i16 = civil.get(..4)?.parse().ok()?;
    let stamp = DateTime::new(
        year,
        part(5, 7)?,
        part(8, 10)?,
        part(11, 13)?,
        part(14, 16)?,
        part(17, 19)?,
        0,
    )
    .ok()?;
    let zone = skip_fraction(rest)?;
    let offset = if zone.is_empty() { Offset::UTC } else { offset(zone)? };
    let at = offset.to_timestamp(stamp).ok()?.as_second();
    Some(Date { at: UnixTime(u64::try_from(at).ok()?), zone_assumed: zone.is_empty() })
}

fn skip_fraction(rest: &str) -> Option<&str> {
    let Some(fraction) = rest.strip_prefix('.') else { return Some(rest) };
    let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    (zone.len() < fraction.len()).then_some(zone)
}

/// `Z` or `+hh:mm` up to fourteen hours.
fn offset(zone: &str) -> Option<Offset> {
    if zone == "Z" {
        return Some(Offset::UTC);
    }
    let bytes = zone.as_bytes();
    let &[sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] = bytes else { return None };
    let digit = |b: u8| b.is_ascii_digit().then(|| i32::from(b.wrapping_sub(b'0')));
    let hours = digit(h1)?.checked_mul(10)?.checked_add(digit(h2)?)?;
    let minutes = digit(m1)?.checked_mul(10)?.checked_add(digit(m2)?)?;
    if minutes > 59 || hours > 14 || (hours == 14 && minutes > 0) {
        return None;
    }
    let seconds = hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?;
    Offset::from_seconds(if sign == b'-' { seconds.checked_neg()? } else { seconds }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_strict() {
        assert_eq!(long("12"), Some(12));
        assert_eq!(long("+12"), Some(12));
        assert_eq!(long("-1"), Some(-1));
        assert_eq!(long("9223372036854775807"), Some(i64::MAX));
        for bad in ["", "+", "1_000", "1 2", "0x1", "MTI=", "9223372036854775808", "１"] {
            assert_eq!(long(bad), None, "{bad}");
        }
    }

    #[test]
    fn dates_are_strict() {
        let at = |text: &str| date(text).map(|d| (d.at.0, d.zone_assumed));
        assert_eq!(at("1970-01-02T00:00:00Z"), Some((86_400, false)));
        assert_eq!(at("1970-01-02T09:00:00.5+09:00"), Some((86_400, false)));
        assert_eq!(at("1970-01-02T00:00:00"), Some((86_400, true)));
        for bad in [
            "2026-12-31T23:59:60Z",
            "2026-02-30T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "12/31/2026",
            "2026-11-21",
            "2026-11-21T24:00:00Z",
            "2026-11-21T00:00:00z",
            "1969-12-31T23:59:59Z",
            "2026-11-21T00:00:00.Z",
            "2026-11-21T00:00:00+14:01",
            "2026-11-21T00:00:00 Z",
        ] {
            assert_eq!(at(bad), None, "{bad}");
        }
    }
}
