//! The languages of texts for people, and which of them a caller wants.
//!
//! Not responsible for: the texts, see [`crate::text`].

/// Header by which a caller says which language it wants.
pub const ACCEPT_LANGUAGE: &str = "accept-language";

/// Most ranges that are looked at: a person's browser sends a handful.
const MOST_RANGES: usize = 32;

/// A language of the texts.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Language {
    /// English, also where nothing else was asked for.
    #[default]
    En,
    /// Japanese.
    Ja,
}

impl Language {
    /// Both.
    pub const ALL: [Self; 2] = [Self::En, Self::Ja];

    /// The language tag (RFC 5646), for `Content-Language` and `Accept-Language`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ja => "ja",
        }
    }

    /// Chooses by the value of `Accept-Language` (RFC 9110 s.12.5.4). Several header lines are to
    /// be joined with commas.
    ///
    /// The highest weight counts, then the earlier place. What can not be read is passed over, and
    /// where neither language is acceptable the text is English all the same: an answer in a
    /// foreign language is worth more than none (s.12.5.4 leaves that to the server).
    pub fn from_accept_language(value: &str) -> Self {
        let ranges = || value.split(',').take(MOST_RANGES).filter_map(range).enumerate();
        let wish = |language: Self| {
            let named = ranges().filter(|(_, (name, _))| language.is_named_by(name));
            let any = ranges().filter(|(_, (name, _))| *name == "*");
            // The first of the highest: a later one of the same weight does not displace it.
            let best = |wishes: Vec<(usize, u16)>| {
                wishes.into_iter().reduce(|a, b| if b.1 > a.1 { b } else { a })
            };
            let placed = |(place, (_, weight)): (usize, (&str, u16))| (place, weight);
            best(named.map(placed).collect()).or_else(|| best(any.map(placed).collect()))
        };
        match (wish(Self::En), wish(Self::Ja)) {
            (_, None | Some((_, 0))) => Self::En,
            (None, Some(_)) => Self::Ja,
            (Some((en_place, en)), Some((ja_place, ja))) => {
                let earlier = ja == en && ja_place < en_place;
                if ja > en || earlier { Self::Ja } else { Self::En }
            }
        }
    }

    /// `ja` and `ja-JP` both name Japanese: the subtags behind the first say nothing that the texts
    /// tell apart (RFC 4647 s.3.4).
    fn is_named_by(self, range: &str) -> bool {
        let primary = range.split('-').next().unwrap_or(range);
        primary.eq_ignore_ascii_case(self.tag())
    }
}

/// One range and its weight in thousandths.
fn range(part: &str) -> Option<(&str, u16)> {
    let (name, weight) = match part.split_once(';') {
        Some((name, parameter)) => (name, weight(parameter.trim_matches([' ', '\t']))?),
        None => (part, 1_000),
    };
    let name = name.trim_matches([' ', '\t']);
    let subtag =
        |one: &str| (1..=8).contains(&one.len()) && one.bytes().all(|c| c.is_ascii_alphanumeric());
    (name == "*" || name.split('-').all(subtag)).then_some((name, weight))
}

/// `q=` and 0 to 1 with at most three decimals (RFC 9110 s.12.4.2).
fn weight(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    let sound = name.eq_ignore_ascii_case("q")
        && decimals.len() <= 3
        && decimals.bytes().all(|c| c.is_ascii_digit());
    if !sound {
        return None;
    }
    let thousandths = format!("{decimals:0<3}").parse::<u16>().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_weight_counts() {
        let cases = [
            ("", Language::En),
            ("ja", Language::Ja),
            ("JA-jp", Language::Ja),
            ("en-US,en;q=0.9,ja;q=0.8", Language::En),
            ("ja,en-US;q=0.7,en;q=0.3", Language::Ja),
            ("fr, ja;q=0.1", Language::Ja),
            ("fr;q=1, de;q=0.5", Language::En),
            ("en;q=0.5, ja ; q=0.5", Language::En),
            ("ja;q=0.5,en;q=0.5", Language::Ja),
            ("en;q=0.5,ja;q=0.501", Language::Ja),
            ("en;q=0.3, en-GB;q=0.9, ja;q=0.8", Language::En),
            ("ja;q=1.000, en;q=0.999", Language::Ja),
            ("ja\t;\tQ=0.9, en;q=0.8", Language::Ja),
        ];
        for (value, language) in cases {
            assert_eq!(Language::from_accept_language(value), language, "{value}");
        }
    }

    #[test]
    fn a_star_stands_for_what_is_not_named() {
        assert_eq!(Language::from_accept_language("*"), Language::En);
        assert_eq!(Language::from_accept_language("en;q=0, *"), Language::Ja);
        assert_eq!(Language::from_accept_language("en;q=0.2, *;q=0.5"), Language::Ja);
        assert_eq!(Language::from_accept_language("*, ja;q=0"), Language::En);
        assert_eq!(Language::from_accept_language("ja;q=0, en;q=0"), Language::En);
        assert_eq!(Language::from_accept_language("ja;q=0"), Language::En);
        assert_eq!(Language::from_accept_language("*;q=0.1, ja"), Language::Ja);
    }

    #[test]
    fn what_can_not_be_read_is_passed_over() {
        for value in [
            "ja;q=",
            "ja;q=2",
            "ja;q=1.5",
            "ja;q=0.1234",
            "ja;q=-1",
            "ja;q=NaN",
            "ja;level=1",
            "ja;q=0.9;q=1",
            "jaja",
            "j a",
            "ja_JP",
            "japanese-is-toolongtag",
            ";;;,,,",
            "日本語",
            "\u{0}",
            "ja;q=0.٣",
            "ja--",
            "-ja",
        ] {
            assert_eq!(Language::from_accept_language(value), Language::En, "{value}");
            let followed = format!("{value}, ja;q=0.1");
            assert_eq!(Language::from_accept_language(&followed), Language::Ja, "{value}");
        }
        assert_eq!(Language::from_accept_language(&"fr,".repeat(1_000_000)), Language::En);
    }
}
