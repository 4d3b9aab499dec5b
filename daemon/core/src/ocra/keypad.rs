//! Keypad tokens of ours: four uses, each with a suite of its own, and what the user types in.
//!
//! Not responsible for: making challenges random and using each once; which accounts exist.
//!
//! A question is a decimal number, and OCRA fills its field alike for n, 16n and 256n. Here every
//! question has the full length of its suite and begins with a digit other than 0, so none of them
//! is sixteen times another: no two sets of typed values share a code. Different uses do not either,
//! since the text of the suite is part of what the token computes.

use std::fmt;

use thiserror::Error;

use super::suite::Suite;

/// What a keypad token is used for.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum KeypadUse {
    /// Answers a challenge at login.
    Login,
    /// Signs the payee's account number. The amount stays open.
    Account,
    /// Signs account number and amount.
    AccountAmount,
    /// Signs a challenge, account number and amount; needs no clock in the token.
    ChallengeAccountAmount,
}

/// What the user types into the token.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Asked {
    /// [`KeypadUse::Login`].
    Login(LoginChallenge),
    /// [`KeypadUse::Account`].
    Account(Account),
    /// [`KeypadUse::AccountAmount`].
    AccountAmount(Account, Amount),
    /// [`KeypadUse::ChallengeAccountAmount`].
    ChallengeAccountAmount(Challenge, Account, Amount),
}

/// A challenge at login: 8 digits, the first not 0.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct LoginChallenge(u32);

/// A challenge in front of a transaction: 6 digits.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Challenge(u32);

/// An account number: 7 digits, leading zeros typed like the others.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Account(u32);

/// Yen: at least 1, at most 10 digits, typed with leading zeros.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Amount(u64);

/// A value that can not be typed into a token as it is.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum KeypadFault {
    /// The challenge.
    #[error("the challenge does not have the digits that the token asks for")]
    Challenge,
    /// The account number.
    #[error("the account number has exactly 7 digits")]
    Account,
    /// The amount.
    #[error("the amount is 1 to 9,999,999,999 yen")]
    Amount,
}

impl KeypadUse {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Login, Self::Account, Self::AccountAmount, Self::ChallengeAccountAmount];

    /// The text of the suite.
    pub const fn suite_text(self) -> &'static str {
        match self {
            Self::Login => "OCRA-1:HOTP-SHA256-8:QN08",
            Self::Account => "OCRA-1:HOTP-SHA256-8:QN08-T1M",
            Self::AccountAmount => "OCRA-1:HOTP-SHA256-8:QN18-T1M",
            Self::ChallengeAccountAmount => "OCRA-1:HOTP-SHA256-8:QN24",
        }
    }

    /// The suite.
    #[expect(clippy::missing_panics_doc, reason = "a test parses each of the four texts")]
    pub fn suite(self) -> Suite {
        Suite::parse(self.suite_text()).expect("the four texts are suites")
    }

    /// The use of a token with this suite, if it is one of ours.
    pub fn of_suite(suite: &Suite) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.suite_text() == suite.text())
    }

    /// A word that programs may rely on.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Account => "account",
            Self::AccountAmount => "account_amount",
            Self::ChallengeAccountAmount => "challenge_account_amount",
        }
    }

    /// Reads [`Self::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    /// Whether the server makes a challenge.
    pub const fn has_challenge(self) -> bool {
        matches!(self, Self::Login | Self::ChallengeAccountAmount)
    }

    /// Whether the code says to whom is paid.
    pub const fn has_account(self) -> bool {
        !matches!(self, Self::Login)
    }

    /// Whether the code says how much is paid.
    pub const fn has_amount(self) -> bool {
        matches!(self, Self::AccountAmount | Self::ChallengeAccountAmount)
    }
}

impl Asked {
    /// The use that these values belong to.
    pub const fn keypad_use(self) -> KeypadUse {
        match self {
            Self::Login(_) => KeypadUse::Login,
            Self::Account(_) => KeypadUse::Account,
            Self::AccountAmount(..) => KeypadUse::AccountAmount,
            Self::ChallengeAccountAmount(..) => KeypadUse::ChallengeAccountAmount,
        }
    }

    /// The question: full length, and a 1 in front of whatever may begin with 0.
    pub fn question(self) -> String {
        match self {
            Self::Login(challenge) => challenge.to_string(),
            Self::Account(account) => format!("1{account}"),
            Self::AccountAmount(account, amount) => format!("1{account}{amount}"),
            Self::ChallengeAccountAmount(challenge, account, amount) => {
                format!("1{challenge}{account}{amount}")
            }
        }
    }
}

impl LoginChallenge {
    const LEAST: u32 = 10_000_000;
    const SPAN: u32 = 90_000_000;

    /// Reads exactly 8 digits, the first not 0.
    pub fn parse(text: &str) -> Result<Self, KeypadFault> {
        let number = exact(text, 8).filter(|&number| number >= u64::from(Self::LEAST));
        number.and_then(|number| u32::try_from(number).ok()).map(Self).ok_or(KeypadFault::Challenge)
    }

    /// One of all challenges, evenly; `None`: draw another random number.
    pub fn draw(random: u32) -> Option<Self> {
        even(random, Self::SPAN).map(|place| Self(Self::LEAST + place))
    }
}

impl Challenge {
    const SPAN: u32 = 1_000_000;

    /// Reads exactly 6 digits.
    pub fn parse(text: &str) -> Result<Self, KeypadFault> {
        let number = exact(text, 6).and_then(|number| u32::try_from(number).ok());
        number.map(Self).ok_or(KeypadFault::Challenge)
    }

    /// One of all challenges, evenly; `None`: draw another random number.
    pub fn draw(random: u32) -> Option<Self> {
        even(random, Self::SPAN).map(Self)
    }
}

impl Account {
    /// Reads exactly 7 digits; `123456` is not `0123456`.
    pub fn parse(text: &str) -> Result<Self, KeypadFault> {
        let number = exact(text, 7).and_then(|number| u32::try_from(number).ok());
        number.map(Self).ok_or(KeypadFault::Account)
    }
}

impl Amount {
    /// Most yen that 10 digits hold.
    pub const MAX: u64 = 9_999_999_999;

    /// Yen.
    pub fn new(yen: u64) -> Result<Self, KeypadFault> {
        (1..=Self::MAX).contains(&yen).then_some(Self(yen)).ok_or(KeypadFault::Amount)
    }

    /// Yen.
    pub const fn yen(self) -> u64 {
        self.0
    }
}

impl fmt::Display for LoginChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}", self.0)
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:07}", self.0)
    }
}

/// The ten digits that are typed.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:010}", self.0)
    }
}

/// A number of exactly so many ASCII digits.
fn exact(text: &str, digits: usize) -> Option<u64> {
    let plain = text.len() == digits && text.bytes().all(|c| c.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// `random` modulo `span` where that is fair.
fn even(random: u32, span: u32) -> Option<u32> {
    let fair = u32::MAX - u32::MAX % span;
    (random < fair).then_some(random % span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_use_has_its_suite_and_its_word() {
        for one in KeypadUse::ALL {
            assert_eq!(one.suite().text(), one.suite_text());
            assert_eq!(KeypadUse::of_suite(&one.suite()), Some(one));
            assert_eq!(KeypadUse::from_word(one.word()), Some(one));
            assert_eq!(one.suite().step_s().is_none(), one.has_challenge(), "fresh either way");
        }
        assert_eq!(KeypadUse::from_word("Login"), None);
        let other = Suite::parse("OCRA-1:HOTP-SHA1-6:QN08").unwrap();
        assert_eq!(KeypadUse::of_suite(&other), None);
    }

    #[test]
    fn nothing_is_filled_up_or_cut() {
        for text in
            ["", "1234567", "123456789", "01234567", "1234567a", "+1234567", "１２３４５６７８"]
        {
            assert_eq!(LoginChallenge::parse(text), Err(KeypadFault::Challenge), "{text}");
        }
        for text in ["", "123456", "12345678", "123456 ", "-123456"] {
            assert_eq!(Account::parse(text), Err(KeypadFault::Account), "{text}");
        }
        for text in ["", "12345", "1234567", "12345x"] {
            assert_eq!(Challenge::parse(text), Err(KeypadFault::Challenge), "{text}");
        }
        assert_eq!(Amount::new(0), Err(KeypadFault::Amount));
        assert_eq!(Amount::new(Amount::MAX + 1), Err(KeypadFault::Amount));
        assert_eq!(Amount::new(Amount::MAX).unwrap().yen(), Amount::MAX);
        assert_eq!(Account::parse("0123456").unwrap().to_string(), "0123456");
    }

    #[test]
    fn drawn_challenges_are_even_and_in_range() {
        assert_eq!(LoginChallenge::draw(0).unwrap().to_string(), "10000000");
        assert_eq!(LoginChallenge::draw(89_999_999).unwrap().to_string(), "99999999");
        assert_eq!(LoginChallenge::draw(90_000_000).unwrap().to_string(), "10000000");
        assert_eq!(LoginChallenge::draw(47 * 90_000_000 - 1).unwrap().to_string(), "99999999");
        assert_eq!(LoginChallenge::draw(47 * 90_000_000), None);
        assert_eq!(Challenge::draw(42).unwrap().to_string(), "000042");
        assert_eq!(Challenge::draw(u32::MAX), None);
    }
}
