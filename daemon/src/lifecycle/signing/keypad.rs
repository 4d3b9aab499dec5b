//! What a keypad token can be asked: which of its suites, which digits.
//!
//! Not responsible for: OCRA (`warifu_core::ocra`), who may be asked what (`challenge`).

use ring::rand::{SecureRandom as _, SystemRandom};
use warifu_api::challenge::{Prompt, PromptEntry, PromptLabel, PromptUse};
use warifu_core::{
    keypad::Keypad,
    lifecycle::Denial,
    ocra::{
        QuestionKind, Suite,
        keypad::{Account, Amount, Asked, Challenge, KeypadUse, LoginChallenge},
    },
};
use warifu_txa1::content::Body;

use super::{order::Wanted, random_number};
use crate::failure::Failure;

/// A question for a keypad token.
pub(super) struct Typed {
    pub(super) suite: Suite,
    pub(super) question: String,
}

/// The best question that the token has for it, or why there is none.
pub(super) fn ask(keypad: &Keypad, wanted: &Wanted) -> Result<Result<Typed, Denial>, Failure> {
    match wanted {
        Wanted::Body(Body::Transfer { payee, amount, .. }) => {
            let account = payee.account.to_string();
            transfer(keypad, &account, amount.get())
        }
        Wanted::Body(Body::PayeeRegistration { payee, .. }) => {
            let account = payee.account.to_string();
            Ok(registered(keypad, &account))
        }
        Wanted::Login | Wanted::Register { .. } => login(keypad),
        Wanted::Question { question, suite } => Ok(free(keypad, question, suite.as_deref())),
        _ => Ok(Err(Denial::NotSignable)),
    }
}

fn transfer(keypad: &Keypad, account: &str, amount: u64) -> Result<Result<Typed, Denial>, Failure> {
    let (Ok(account), Ok(amount)) = (Account::parse(account), Amount::new(amount)) else {
        return Ok(Err(Denial::NotSignable));
    };
    let has = |one: KeypadUse| keypad.suite(one.suite_text()).is_some();
    let asked = if has(KeypadUse::ChallengeAccountAmount) {
        Asked::ChallengeAccountAmount(drawn(Challenge::draw)?, account, amount)
    } else if has(KeypadUse::AccountAmount) {
        Asked::AccountAmount(account, amount)
    } else if has(KeypadUse::Account) {
        Asked::Account(account)
    } else {
        return Ok(Err(Denial::NotSignable));
    };
    Ok(Ok(typed(asked)))
}

fn registered(keypad: &Keypad, account: &str) -> Result<Typed, Denial> {
    let has = keypad.suite(KeypadUse::Account.suite_text()).is_some();
    let account = Account::parse(account).map_err(|_| Denial::NotSignable)?;
    if has { Ok(typed(Asked::Account(account))) } else { Err(Denial::NotSignable) }
}

fn typed(asked: Asked) -> Typed {
    Typed { suite: asked.keypad_use().suite(), question: asked.question() }
}

/// Ours where the token has it, else a random question of full length in the first suite that has
/// no use of ours.
fn login(keypad: &Keypad) -> Result<Result<Typed, Denial>, Failure> {
    if keypad.suite(KeypadUse::Login.suite_text()).is_some() {
        return Ok(Ok(typed(Asked::Login(drawn(LoginChallenge::draw)?))));
    }
    let other = keypad.suites().iter().find(|suite| KeypadUse::of_suite(suite).is_none());
    let Some(suite) = other else { return Ok(Err(Denial::NotSignable)) };
    Ok(Ok(Typed { suite: suite.clone(), question: random_question(suite)? }))
}

/// Only for suites that are not ours: those ask for nothing but what their framing says.
fn free(keypad: &Keypad, question: &str, suite: Option<&str>) -> Result<Typed, Denial> {
    let suite = match suite {
        Some(text) => keypad.suite(text),
        None => keypad.suites().first().filter(|_| keypad.suites().len() == 1),
    };
    let suite = suite.filter(|suite| KeypadUse::of_suite(suite).is_none());
    let suite = suite.ok_or(Denial::NotSignable)?.clone();
    let field = suite.question().field(warifu_core::ocra::Question::One(question));
    field.map_err(|_| Denial::NotSignable)?;
    Ok(Typed { suite, question: question.to_owned() })
}

/// As many random characters as the suite has room for, the first not 0.
fn random_question(suite: &Suite) -> Result<String, Failure> {
    let format = suite.question();
    let characters: &[u8] = match format.kind {
        QuestionKind::Decimal => b"0123456789",
        QuestionKind::Hexadecimal => b"0123456789ABCDEF",
        // Without those that a person reads for another.
        QuestionKind::Alphanumeric => b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789",
    };
    let length = match format.kind {
        QuestionKind::Hexadecimal => format.max & !1,
        QuestionKind::Decimal | QuestionKind::Alphanumeric => format.max,
    };
    let mut text = String::with_capacity(length.into());
    while text.len() < usize::from(length) {
        let mut byte = [0];
        SystemRandom::new().fill(&mut byte).map_err(|_| Failure::Randomness)?;
        // Evenly: what is left over of the 256 is thrown away.
        let even = 256 / characters.len() * characters.len();
        let at = usize::from(byte[0]);
        let Some(character) = characters.get(at % characters.len()).filter(|_| at < even) else {
            continue;
        };
        if !(text.is_empty() && *character == b'0') {
            text.push(char::from(*character));
        }
    }
    Ok(text)
}

fn drawn<T>(draw: fn(u32) -> Option<T>) -> Result<T, Failure> {
    // A draw fails for a few numbers in four thousand million, so that all challenges are as likely.
    for _ in 0..64 {
        if let Some(drawn) = draw(random_number()?) {
            return Ok(drawn);
        }
    }
    Err(Failure::Randomness)
}

/// What the front end shows the user.
pub(super) fn prompt(suite: &str, question: &str) -> Prompt {
    let used = Suite::parse(suite).ok().and_then(|suite| KeypadUse::of_suite(&suite));
    let (purpose, cuts): (_, &[(PromptLabel, usize)]) = match used {
        Some(KeypadUse::Login) => (PromptUse::Login, &[(PromptLabel::Challenge, 8)]),
        Some(KeypadUse::Account) => {
            (PromptUse::Account, &[(PromptLabel::Lead, 1), (PromptLabel::Account, 7)])
        }
        Some(KeypadUse::AccountAmount) => (
            PromptUse::AccountAmount,
            &[(PromptLabel::Lead, 1), (PromptLabel::Account, 7), (PromptLabel::Amount, 10)],
        ),
        Some(KeypadUse::ChallengeAccountAmount) => (
            PromptUse::ChallengeAccountAmount,
            &[
                (PromptLabel::Lead, 1),
                (PromptLabel::Challenge, 6),
                (PromptLabel::Account, 7),
                (PromptLabel::Amount, 10),
            ],
        ),
        None => (PromptUse::Question, &[(PromptLabel::Question, usize::MAX)]),
    };
    let (mut rest, mut entries) = (question, Vec::with_capacity(cuts.len()));
    for (label, length) in cuts {
        let (group, after) = rest.split_at_checked(*length).unwrap_or((rest, ""));
        entries.push(PromptEntry { label: *label, digits: group.to_owned() });
        rest = after;
    }
    Prompt { purpose, suite: suite.to_owned(), entries, digits: question.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_shown_in_its_groups() {
        let shown =
            prompt(KeypadUse::ChallengeAccountAmount.suite_text(), "112345600000170000001000");
        let digits: Vec<&str> = shown.entries.iter().map(|entry| entry.digits.as_str()).collect();
        assert_eq!(digits, ["1", "123456", "0000017", "0000001000"]);
        assert_eq!(shown.digits, digits.concat());
    }

    #[test]
    fn a_random_question_fills_its_suite() {
        for text in
            ["OCRA-1:HOTP-SHA1-6:QN08", "OCRA-1:HOTP-SHA1-6:QH07", "OCRA-1:HOTP-SHA1-6:QA10"]
        {
            let suite = Suite::parse(text).unwrap();
            let question = random_question(&suite).unwrap();
            assert!(suite.question().field(warifu_core::ocra::Question::One(&question)).is_ok());
            assert!(!question.starts_with('0'));
        }
    }
}
