//! Answers in a word or two, so that a step compares one line.
//!
//! Not responsible for: fields that only some steps look at.

use serde_json::Value;

/// `done`, `accepted`, or with the reason: `refused not_before`, `rejected wrong`.
pub fn outcome(answer: &Value) -> String {
    words(answer, &["outcome", "reason"])
}

/// Insists on an outcome, and tells the whole answer where it is another.
#[track_caller]
pub fn assert_outcome(answer: &Value, expected: &str) {
    assert_eq!(outcome(answer), expected, "{answer:#}");
}

/// Insists on how a list shows a user.
#[track_caller]
pub fn assert_row(user: &Value, expected: &str) {
    assert_eq!(row(user), expected, "{user:#}");
}

/// Insists on what an operation needs.
#[track_caller]
pub fn assert_decision(answer: &Value, expected: &str) {
    assert_eq!(decision(answer), expected, "{answer:#}");
}

/// Insists on a login screen.
#[track_caller]
pub fn assert_shown(status: &Value, expected: &str) {
    assert_eq!(shown(status), expected, "{status:#}");
}

/// `not_required`, `required otp`, `denied registration_required`, ...
pub fn decision(answer: &Value) -> String {
    words(answer, &["decision", "factor", "reason"])
}

/// A user as a list shows them: `in_service available 12345678 2031-09-30 08:00`.
pub fn row(user: &Value) -> String {
    words(user, &["state", "authentication", "serial", "expires_local"])
}

/// The login screen: `must_register`, or `locked blocked locked` where the login must not go on.
pub fn shown(status: &Value) -> String {
    let screen = words(status, &["screen"]);
    if status["login_allowed"] == true {
        return screen;
    }
    format!("{screen} blocked {}", words(status, &["login_blocked"]))
}

/// The text for people; insists that there is one.
pub fn texts(answer: &Value) -> &str {
    let text = answer["text"].as_str().unwrap_or_default();
    assert!(!text.is_empty(), "no text: {answer:#}");
    text
}

fn words(answer: &Value, fields: &[&str]) -> String {
    let found: Vec<_> = fields.iter().filter_map(|field| answer[*field].as_str()).collect();
    assert!(!found.is_empty(), "none of {fields:?}: {answer:#}");
    found.join(" ")
}
