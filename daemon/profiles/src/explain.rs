//! A profile in words, for the people at a bank who decide what it shall say.
//!
//! Every rule is a sentence; every number of the profile is in one. Not responsible for: texts that
//! customers read.

mod en;
mod ja;

use warifu_core::rules::{Gate, OperationClass, OperationRule, Rules};

use crate::Profile;

/// Languages in which profiles are told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Language {
    /// English.
    En,
    /// Japanese.
    Ja,
}

/// Sentences that belong together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Chapter {
    /// Name of the table or key that they are about; the same in every language.
    pub key: &'static str,
    /// Heading.
    pub title: &'static str,
    /// One rule each.
    pub sentences: Vec<String>,
}

impl Language {
    /// Reads `en` or `ja`.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "en" => Some(Self::En),
            "ja" => Some(Self::Ja),
            _ => None,
        }
    }
}

impl Profile {
    /// What the profile is called.
    pub fn title(&self, language: Language) -> &str {
        match language {
            Language::En => &self.title_en,
            Language::Ja => &self.title_ja,
        }
    }

    /// The profile in words.
    pub fn explain(&self, language: Language) -> Vec<Chapter> {
        match language {
            Language::En => en::chapters(self),
            Language::Ja => ja::chapters(self),
        }
    }
}

/// What moves money first, what is free last.
const ORDER: [OperationClass; OperationClass::ALL.len()] = [
    OperationClass::TransferSingle,
    OperationClass::BatchApprove,
    OperationClass::Payeasy,
    OperationClass::UserAdmin,
    OperationClass::TokenAdmin,
    OperationClass::CustomerData,
    OperationClass::Login,
    OperationClass::Unprotected,
];

/// The bank code of the default profile: no bank has it.
const NO_BANK: &str = "0000";

/// Whom the users act upon who are let through a gate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Upon {
    /// Users.
    Users,
    /// The contract as a whole: whose user somebody is does not matter.
    Contract,
}

/// Each class with its rule, in the order in which they are told.
fn operations(
    rules: &Rules,
    tell: impl Fn(OperationClass, &OperationRule) -> String,
) -> Vec<String> {
    ORDER.iter().map(|class| tell(*class, &rules.operation(*class))).collect()
}

/// Whether any user, and not only staff, gets through.
fn lets_users_in(gate: &Gate) -> bool {
    gate.own || !gate.others.is_empty()
}

/// `200000` as `200,000`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        let told = [0, 999, 1_000, 200_000, 1_234_567].map(thousands);
        assert_eq!(told, ["0", "999", "1,000", "200,000", "1,234,567"]);
    }
}
