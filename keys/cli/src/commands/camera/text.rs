//! What is known of camera tokens, for people.
//!
//! Not responsible for: what the token itself shows.

use warifu_api::{
    Language,
    camera::{ActivationAnswer, CameraLeaveAnswer, CameraTokenPage},
};

use super::picture;
use crate::{
    commands::answer::{self, dash},
    label,
    language::named,
    output::{clean, facts_in, headings, table},
};

/// The tokens that users can take part in.
pub(super) fn tokens(page: &CameraTokenPage, language: Language) -> String {
    let head = [label::TOKEN_CODE, label::SERIAL, label::STATUS, label::USERS, label::EXPIRES];
    table(
        headings(language, head),
        page.items.iter().map(|token| {
            [
                token.token_code.clone(),
                token.serial.clone(),
                named(token.status, language),
                token.users.to_string(),
                token.expires_at.as_ref().map_or_else(dash, ToString::to_string),
            ]
        }),
    )
}

/// A step of an activation.
pub(super) fn activation(answer: &ActivationAnswer, language: Language) -> String {
    let time = |time: &Option<_>| time.as_ref().map(ToString::to_string);
    let mut text = clean(answer.text.as_deref().unwrap_or(answer.outcome.word())) + "\n";
    text.push_str(&facts_in(
        language,
        [
            (label::REASON, answer.reason.map(|reason| reason.word().to_owned())),
            (label::ACTIVATION, answer.activation.clone()),
            (label::STEP, answer.step.map(|step| step.word().to_owned())),
            (label::SERIAL, answer.serial.clone()),
            (label::TOKEN_CODE, answer.token_code.clone()),
            (label::TRIES, answer.tries_left.map(|left| left.to_string())),
            (label::EXPIRES_AT, time(&answer.expires_at)),
            (label::NOT_BEFORE, time(&answer.not_before)),
        ],
    ));
    if let Some(message) = &answer.message {
        text.push_str(&picture::text(message, language));
    }
    text
}

/// A user who left.
pub(super) fn left(answer: &CameraLeaveAnswer, language: Language) -> String {
    let mut text = answer::text(&answer.action, language);
    text.push_str(&facts_in(language, [(label::CHALLENGE, answer.challenge.clone())]));
    if let Some(message) = &answer.message {
        text.push_str(&picture::text(message, language));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_shows_what_users_pick_by() {
        let page = r#"{"items":[{"serial":"0112345679","token_code":"482913","users":2,
            "status":"active"}]}"#;
        let page: CameraTokenPage = serde_json::from_str(page).unwrap();
        assert_eq!(
            tokens(&page, Language::En),
            "TOKEN CODE  SERIAL      STATUS  USERS  EXPIRES\n\
             482913      0112345679  active  2      -\n"
        );
    }

    #[test]
    fn a_wrong_code_says_how_many_are_left() {
        let answer = r#"{"outcome":"rejected","reason":"bad_code","step":"device_code",
            "tries_left":2,"text":"It was wrong."}"#;
        let answer: ActivationAnswer = serde_json::from_str(answer).unwrap();
        assert_eq!(
            activation(&answer, Language::Ja),
            "It was wrong.\n理由      bad_code\n手順      device_code\n残り回数  2\n"
        );
    }
}
