//! What people read: every word of the wire as a sentence or a name, in English and Japanese, and
//! the `text` of every answer made of them.
//!
//! The sentences are for a bank's customers and its help desk. They hold no secret and no code, and
//! the one for `not_accepted` does not hint at which element was wrong. Points in time stay out of
//! them: the answer's own fields say those, and whoever shows them knows the reader's time zone.
//!
//! Not responsible for: choosing the language, see [`crate::language`].

mod answer;
mod history;
mod label;
mod problem;
mod reason;
mod signing;
mod state;

pub use crate::language::Language;

/// The same thing said in both languages.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Phrase {
    /// In English.
    pub en: &'static str,
    /// In Japanese.
    pub ja: &'static str,
}

impl Phrase {
    /// In this language.
    pub const fn in_language(self, language: Language) -> &'static str {
        match language {
            Language::En => self.en,
            Language::Ja => self.ja,
        }
    }
}

/// A word of the wire that people can be told.
pub trait Worded: Copy {
    /// What they are told.
    fn phrase(self) -> Phrase;

    /// The same in one language.
    fn in_language(self, language: Language) -> &'static str {
        self.phrase().in_language(language)
    }
}

/// An answer that carries a text.
pub trait Told {
    /// Fills the text in from the answer's words.
    fn tell(&mut self, language: Language);
}

/// Gives each word of an enum its phrase; one without does not compile.
macro_rules! phrases {
    ($name:ident { $($variant:ident: $en:literal, $ja:literal;)+ }) => {
        impl $crate::text::Worded for $name {
            fn phrase(self) -> $crate::text::Phrase {
                match self {
                    $(Self::$variant => $crate::text::Phrase { en: $en, ja: $ja },)+
                }
            }
        }
    };
}
use phrases;

/// Puts sentences one after the other: English ones with a space in between.
fn joined(language: Language, sentences: &[&str]) -> String {
    let between = match language {
        Language::En => " ",
        Language::Ja => "",
    };
    sentences.join(between)
}

#[cfg(test)]
mod tests;
