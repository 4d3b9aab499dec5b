//! What an officer is told about a suite of another maker when its tokens are imported.
//!
//! Not responsible for: refusing. The suites are legal, and a bank may know what it does; what can
//! not be computed in one way only is refused by the parser and by the data input.

use super::{keypad::KeypadUse, question::QuestionKind, suite::Suite};
use crate::oath::HashAlgorithm;

/// Something to know before tokens of a suite go to customers.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum SuiteWarning {
    /// Different questions have one code.
    Collides,
    /// A question has no room for account and amount.
    AmountOpen,
    /// Neither counter nor time, and the question need not be a challenge.
    NoFreshness,
    /// Fewer than 8 digits.
    ShortCode,
    /// 10 digits.
    TenDigits,
    /// 0 digits.
    WholeMac,
    /// HMAC-SHA-1.
    Sha1,
    /// A question may be shorter than the code.
    ShortQuestion,
    /// The session is an input.
    Session,
    /// The PIN is an input.
    Pin,
    /// Decimal questions.
    MutualRefused,
}

impl Suite {
    /// What to know about this suite, the gravest first; nothing for one that is as good as ours.
    pub fn advice(&self) -> Vec<SuiteWarning> {
        let known = KeypadUse::of_suite(self).is_some() || self.text() == CAMERA;
        let question = self.question();
        let room = match question.kind {
            QuestionKind::Alphanumeric => 17, // account and amount
            QuestionKind::Decimal => 18,      // and the 1 in front that keeps their zeros
            QuestionKind::Hexadecimal => 40,  // 20 bytes of a hash; fewer can be searched for
        };
        let decimal = question.kind == QuestionKind::Decimal;
        let may_collide = question.kind != QuestionKind::Alphanumeric;
        let moves = self.counter() || self.step_s().is_some();
        let found = [
            (SuiteWarning::Collides, may_collide && !known),
            (SuiteWarning::AmountOpen, question.max < room),
            (SuiteWarning::NoFreshness, !moves && !known),
            (SuiteWarning::ShortCode, (1..8).contains(&self.digits())),
            (SuiteWarning::TenDigits, self.digits() == 10),
            (SuiteWarning::WholeMac, self.digits() == 0),
            (SuiteWarning::Sha1, self.hash() == HashAlgorithm::Sha1),
            (SuiteWarning::ShortQuestion, question.max < self.digits()),
            (SuiteWarning::Session, self.session().is_some()),
            (SuiteWarning::Pin, self.pin().is_some()),
            (SuiteWarning::MutualRefused, decimal && !known),
        ];
        found.into_iter().filter_map(|(warning, holds)| holds.then_some(warning)).collect()
    }
}

impl SuiteWarning {
    /// All of them, in the order that [`Suite::advice`] has.
    pub const ALL: [Self; 11] = [
        Self::Collides,
        Self::AmountOpen,
        Self::NoFreshness,
        Self::ShortCode,
        Self::TenDigits,
        Self::WholeMac,
        Self::Sha1,
        Self::ShortQuestion,
        Self::Session,
        Self::Pin,
        Self::MutualRefused,
    ];

    /// A word that programs may rely on.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Collides => "collides",
            Self::AmountOpen => "amount_open",
            Self::NoFreshness => "no_freshness",
            Self::ShortCode => "short_code",
            Self::TenDigits => "ten_digits",
            Self::WholeMac => "whole_mac",
            Self::Sha1 => "sha1",
            Self::ShortQuestion => "short_question",
            Self::Session => "session",
            Self::Pin => "pin",
            Self::MutualRefused => "mutual_refused",
        }
    }

    /// The warning for people, in English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Collides => {
                "different questions give one code: n, 16n and 256n in decimal, AB and AB00 in \
                 hexadecimal. Ask only questions of full length that do not begin with 0, and never \
                 a bare amount or account number"
            }
            Self::AmountOpen => {
                "a question has no room for account and amount, so a code does not say how much is paid"
            }
            Self::NoFreshness => {
                "neither counter nor time is in the code, so it can be used again for the same \
                 question. Ask only challenges that the server made, each once"
            }
            Self::ShortCode => "the code has fewer than 8 digits and is easier to guess",
            Self::TenDigits => "ten digits are worth no more than nine: the first one is 0, 1 or 2",
            Self::WholeMac => {
                "the token shows the whole MAC, for which no text is defined; such codes can not be \
                 checked here"
            }
            Self::Sha1 => "the code is made with SHA-1; new tokens should use SHA-256",
            Self::ShortQuestion => {
                "the question may be shorter than the code (RFC 6287 section 8.2 forbids it)"
            }
            Self::Session => {
                "the session is part of the code; makers fill it up in different ways, so only \
                 sessions of exactly the named length are taken"
            }
            Self::Pin => "the PIN is part of the code, so the server has to know its hash",
            Self::MutualRefused => {
                "the token can not check the server: makers join two decimal questions in different \
                 ways, so mutual authentication is refused"
            }
        }
    }

    /// The warning for people, in Japanese.
    pub const fn ja(self) -> &'static str {
        match self {
            Self::Collides => {
                "異なる質問から同じ認証番号が生成されます（10進数では n・16n・256n、16進数では AB と \
                 AB00）。先頭が0でない最大桁数の質問だけを使い、金額や口座番号をそのまま質問にしないで\
                 ください"
            }
            Self::AmountOpen => {
                "質問に口座番号と金額の両方が入らないため、認証番号では金額を確認できません"
            }
            Self::NoFreshness => {
                "カウンタも時刻も含まれないため、同じ質問に対する認証番号を再利用できます。サーバが作成した\
                 一回限りのチャレンジだけを使ってください"
            }
            Self::ShortCode => "認証番号が8桁未満のため、推測されやすくなります",
            Self::TenDigits => "10桁でも先頭は0～2に限られ、強度は9桁と変わりません",
            Self::WholeMac => {
                "MAC全体を表示するトークンです。表記が規定されていないため、認証番号を確認できません"
            }
            Self::Sha1 => "SHA-1を使用しています。新しいトークンにはSHA-256を推奨します",
            Self::ShortQuestion => {
                "質問が認証番号より短くなることがあります（RFC 6287 8.2節で禁止）"
            }
            Self::Session => {
                "セッション情報が含まれます。埋め方が製造元により異なるため、指定どおりの長さだけを受け付けます"
            }
            Self::Pin => "暗証番号が含まれるため、サーバがそのハッシュ値を保持する必要があります",
            Self::MutualRefused => {
                "トークンによるサーバの確認はできません。10進数の質問の連結方法が製造元により異なるため、\
                 相互認証は受け付けません"
            }
        }
    }
}

/// The suite of the camera tokens, whose question is always a whole SHA-256.
const CAMERA: &str = "OCRA-1:HOTP-SHA256-8:QH64";

#[cfg(test)]
mod tests {
    use SuiteWarning::*;

    use super::*;

    fn advice(text: &str) -> Vec<SuiteWarning> {
        Suite::parse(text).unwrap().advice()
    }

    #[test]
    fn our_own_suites_leave_open_only_what_they_are_not_for() {
        assert_eq!(advice(KeypadUse::Login.suite_text()), [AmountOpen]);
        assert_eq!(advice(KeypadUse::Account.suite_text()), [AmountOpen]);
        assert_eq!(advice(KeypadUse::AccountAmount.suite_text()), []);
        assert_eq!(advice(KeypadUse::ChallengeAccountAmount.suite_text()), []);
        assert_eq!(advice(CAMERA), []);
    }

    #[test]
    fn suites_of_others_are_warned_about() {
        assert_eq!(
            advice("OCRA-1:HOTP-SHA1-6:QN08"),
            [Collides, AmountOpen, NoFreshness, ShortCode, Sha1, MutualRefused]
        );
        assert_eq!(advice("OCRA-1:HOTP-SHA512-8:C-QN18"), [Collides, MutualRefused]);
        assert_eq!(advice("OCRA-1:HOTP-SHA256-8:QA64"), [NoFreshness]);
        assert_eq!(advice("OCRA-1:HOTP-SHA256-8:QA17-T1M"), []);
        assert_eq!(advice("OCRA-1:HOTP-SHA256-8:QA16-T1M"), [AmountOpen]);
        assert_eq!(advice("OCRA-1:HOTP-SHA256-8:QH40-T1M"), [Collides]);
        assert_eq!(advice("OCRA-1:HOTP-SHA256-10:C-QA64"), [TenDigits]);
        assert_eq!(advice("OCRA-1:HOTP-SHA256-0:C-QA64"), [WholeMac]);
        assert_eq!(
            advice("OCRA-1:HOTP-SHA256-8:C-QA04-PSHA1-S064"),
            [AmountOpen, ShortQuestion, Session, Pin]
        );
    }

    #[test]
    fn every_warning_has_a_word_and_both_texts() {
        let mut words: Vec<_> = SuiteWarning::ALL.iter().map(|warning| warning.word()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), SuiteWarning::ALL.len());
        assert!(SuiteWarning::ALL.is_sorted());
        for warning in SuiteWarning::ALL {
            assert!(warning.en().is_ascii() && !warning.ja().is_ascii());
            assert!(!warning.en().contains("  ") && !warning.ja().contains("  "), "{warning:?}");
        }
    }
}
