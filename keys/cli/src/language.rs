//! The language of tables and sentences: asked for, or that of the environment.
//!
//! Not responsible for: the sentences, which the server says (`warifu_api::text`).

use std::fmt::Display;

use clap::ValueEnum;
use warifu_api::{Language, text::Worded};

/// A language on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LanguageWord {
    /// English
    En,
    /// 日本語
    Ja,
}

/// What was asked for, or what the environment says. In doubt English.
pub(crate) fn chosen(asked: Option<LanguageWord>) -> Language {
    match asked {
        Some(LanguageWord::En) => Language::En,
        Some(LanguageWord::Ja) => Language::Ja,
        None => of_environment(|name| std::env::var(name).ok()),
    }
}

/// The first of the three that says something (POSIX.1-2024, XBD 8.2).
fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Language {
    let said = |name: &&str| variable(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(said).unwrap_or_default();
    // `ja_JP.UTF-8`, `ja`: what follows the language is not ours.
    let language = locale.split(['_', '.', '@', '-']).next().unwrap_or_default();
    if language.eq_ignore_ascii_case(Language::Ja.tag()) { Language::Ja } else { Language::En }
}

/// A word of the wire for people: the banks' term in Japanese. In English it stays the word itself,
/// so that what a table shows is what options and the API take.
pub(crate) fn named(word: impl Worded + Display, language: Language) -> String {
    match language {
        Language::En => word.to_string(),
        Language::Ja => word.in_language(language).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Language {
        of_environment(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_says_the_language() {
        assert_eq!(of(&[("LANG", "ja_JP.UTF-8")]), Language::Ja);
        assert_eq!(of(&[("LANG", "ja")]), Language::Ja);
        assert_eq!(of(&[("LANG", "jam_JM")]), Language::En);
        assert_eq!(of(&[("LANG", "C.UTF-8")]), Language::En);
        assert_eq!(of(&[]), Language::En);
    }

    #[test]
    fn the_stronger_variable_wins_unless_it_is_empty() {
        assert_eq!(of(&[("LC_ALL", "C"), ("LANG", "ja_JP.UTF-8")]), Language::En);
        assert_eq!(of(&[("LC_ALL", ""), ("LC_MESSAGES", "ja_JP")]), Language::Ja);
        assert_eq!(of(&[("LC_MESSAGES", "en_GB"), ("LANG", "ja_JP")]), Language::En);
    }
}
