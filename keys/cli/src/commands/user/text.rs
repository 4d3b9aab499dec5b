//! What is known of a user, for people.
//!
//! Not responsible for: answers to changes (`answer`).

use warifu_api::{
    Language, Timestamp,
    camera::CameraScreen,
    text::Worded as _,
    user::{UserDetail, UserEvent, UserStatusAnswer},
};

use super::answer::dash;
use crate::{
    label,
    language::named,
    output::{clean, facts_in, headings, table},
};

/// One user.
pub(super) fn detail(user: &UserDetail, language: Language) -> String {
    let time = |time: &Option<Timestamp>| time.as_ref().map(ToString::to_string);
    let camera = user.camera.as_ref();
    facts_in(
        language,
        [
            (label::USER, Some(user.user.clone())),
            (label::CONTRACT, Some(user.contract.clone())),
            (label::ROLE, Some(named(user.role, language))),
            (label::STATE, Some(named(user.state, language))),
            (label::AUTHENTICATION, Some(named(user.authentication, language))),
            (label::SERIAL, user.serial.clone()),
            (label::KIND, user.kind.map(|kind| named(kind, language))),
            (label::EXPIRES, user.expires_local.clone()),
            (label::REGISTERED_AT, time(&user.registered_at)),
            (label::NOT_BEFORE, time(&user.not_before)),
            (label::ORDERED, user.ordered.map(|kind| named(kind, language))),
            (label::ORDERED_AT, time(&user.ordered_at)),
            (label::CAMERA_SERIAL, camera.map(|bond| bond.serial.clone())),
            (label::TOKEN_CODE, camera.and_then(|bond| bond.token_code.clone())),
            (label::SHOWN_NAME, camera.map(|bond| bond.login_id.clone())),
            (label::CAMERA_STATE, camera.map(|bond| named(bond.state, language))),
        ],
    )
}

/// What happened to one user.
pub(super) fn history(user: &UserDetail, language: Language) -> String {
    let head = [label::AT, label::ACTION, label::OUTCOME, label::SERIAL, label::ACTING, label::BY];
    let cell = |text: &Option<String>| text.clone().unwrap_or_else(dash);
    let row = |event: &UserEvent| {
        [
            event.at.to_string(),
            label::action(language, &event.action),
            label::outcome(language, &event.outcome),
            cell(&event.serial),
            cell(&event.acting),
            cell(&event.by),
        ]
    };
    table(headings(language, head), user.recent.iter().map(row))
}

/// One user at the door.
pub(super) fn status(answer: &UserStatusAnswer, language: Language) -> String {
    let screen = answer.screen.in_language(language);
    let mut text = clean(answer.text.as_deref().unwrap_or(screen)) + "\n";
    let screen = answer.screen.word().to_owned();
    let camera = answer.camera_screen;
    let camera = (camera != CameraScreen::Nothing).then(|| camera.word().to_owned());
    let time = |time: &Option<Timestamp>| time.as_ref().map(ToString::to_string);
    text.push_str(&facts_in(
        language,
        [
            (label::SCREEN, Some(screen)),
            (label::CAMERA_SCREEN, camera),
            (label::LOGIN, Some(label::yes(language, answer.login_allowed))),
            (label::REASON, answer.login_blocked.map(|cause| cause.word().to_owned())),
            (label::STATE, Some(named(answer.state, language))),
            (label::AUTHENTICATION, Some(named(answer.authentication, language))),
            (label::SERIAL, answer.serial.clone()),
            (label::EXPIRES, answer.expires_local.clone()),
            (label::NOT_BEFORE, time(&answer.not_before)),
            (label::GRACE_UNTIL, time(&answer.grace_until)),
            (label::LIMIT, answer.limit_yen_per_day.map(|yen| yen.to_string())),
        ],
    ));
    text
}
