//! Challenges and their answers, for people.
//!
//! Not responsible for: drawing messages (`camera::picture`).

use warifu_api::{
    Language,
    challenge::{ChallengeAnswer, ChallengeVerifyAnswer, Prompt},
};

use crate::{
    commands::camera::picture,
    label,
    language::named,
    output::{clean, facts, facts_in},
};

/// A challenge that waits for its code, or why there is none.
pub(super) fn challenge(answer: &ChallengeAnswer, language: Language) -> String {
    let time = |time: &Option<_>| time.as_ref().map(ToString::to_string);
    let mut text = clean(answer.text.as_deref().unwrap_or(answer.outcome.word())) + "\n";
    text.push_str(&facts_in(
        language,
        [
            (label::REASON, answer.reason.map(|reason| reason.word().to_owned())),
            (label::CHALLENGE, answer.challenge.clone()),
            (label::SERIAL, answer.serial.clone()),
            (label::EXPIRES_AT, time(&answer.expires_at)),
            (label::OPEN_CHALLENGES, answer.open_challenges.map(|open| open.to_string())),
            (label::NOT_BEFORE, time(&answer.not_before)),
        ],
    ));
    text.push_str(&shown(answer.display.as_deref()));
    if let Some(prompt) = &answer.prompt {
        text.push_str(&typed(prompt, language));
    }
    if let Some(message) = &answer.message {
        text.push_str(&picture::text(message, language));
    }
    text
}

/// What became of a code.
pub(super) fn verified(answer: &ChallengeVerifyAnswer, language: Language) -> String {
    let covered = |covered: &Vec<_>| -> String {
        let names: Vec<_> = covered.iter().map(|part| named(*part, language)).collect();
        names.join(", ")
    };
    let mut text = clean(answer.text.as_deref().unwrap_or(answer.outcome.word())) + "\n";
    text.push_str(&facts_in(
        language,
        [
            (label::REASON, answer.reason.map(|reason| reason.word().to_owned())),
            (label::TRIES, answer.tries_left.map(|left| left.to_string())),
            (label::ATTEMPTS, answer.remaining_attempts.map(|left| left.to_string())),
            (label::CHALLENGE, Some(answer.challenge.clone())),
            (label::SERIAL, Some(answer.serial.clone())),
            (label::COVERED, answer.covered.as_ref().map(covered)),
            (label::CHECKED_AT, Some(answer.checked_at.to_string())),
            (label::REQUEST, Some(answer.request_id.clone())),
        ],
    ));
    text.push_str(&shown(answer.display.as_deref()));
    text
}

/// The lines as the token shows them.
fn shown(lines: Option<&[String]>) -> String {
    let Some(lines) = lines else { return String::new() };
    let lines = lines.iter().map(|line| format!("  {}\n", clean(line)));
    format!("\n{}", lines.collect::<String>())
}

/// What the user types, group by group.
fn typed(prompt: &Prompt, language: Language) -> String {
    let entries: Vec<_> = prompt
        .entries
        .iter()
        .map(|entry| (named(entry.label, language), entry.digits.clone()))
        .collect();
    let lines = entries.iter().map(|(label, digits)| (label.as_str(), Some(digits.clone())));
    format!("\n{}\n{}\n", facts(lines), clean(&prompt.digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_stands_group_by_group() {
        let answer = r#"{"outcome":"done","challenge":"K1-00","serial":"K1","text":"Type.",
            "prompt":{"use":"account_amount","suite":"OCRA-1:HOTP-SHA256-8:QN18-T1M","entries":[
                {"label":"lead","digits":"1"},{"label":"account","digits":"0012345"},
                {"label":"amount","digits":"0000005000"}],"digits":"100123450000005000"}}"#;
        let answer: ChallengeAnswer = serde_json::from_str(answer).unwrap();
        assert_eq!(
            challenge(&answer, Language::Ja),
            "Type.\n要求番号      K1-00\nシリアル番号  K1\n\n\
             先頭の数字  1\n口座番号    0012345\n金額        0000005000\n\n100123450000005000\n"
        );
    }

    #[test]
    fn a_right_code_says_what_it_covers() {
        let answer = r#"{"outcome":"accepted","retryable":false,"challenge":"0112345679-00",
            "serial":"0112345679","covered":["payee","amount"],"display":["【振込】","金額 5円"],
            "checked_at":"2025-11-24T16:00:00Z","request_id":"r1","text":"Confirmed."}"#;
        let answer: ChallengeVerifyAnswer = serde_json::from_str(answer).unwrap();
        assert_eq!(
            verified(&answer, Language::En),
            "Confirmed.\nchallenge            0112345679-00\nserial               0112345679\n\
             covered by the code  payee, amount\nchecked at           2025-11-24T16:00:00Z\n\
             request              r1\n\n  【振込】\n  金額 5円\n"
        );
    }
}
