//! Answers to changes of the life cycle: for people, and as exit codes.
//!
//! Not responsible for: which change it was.

use clap::Args;
use warifu_api::{
    Language,
    action::{ActionAnswer, ActionOutcome},
    contract::{TargetResult, TargetsAnswer, UsageModeAnswer, UsageOutcome},
    denial::DenialReason,
    token::ChangeRequest,
};

use crate::{
    exit::Exit,
    label,
    language::named,
    output::{clean, facts_in, headings, table},
};

/// Why the bank's staff do something for a customer.
#[derive(Args, Clone, Debug)]
pub(crate) struct Grounds {
    /// Why; goes into the audit chain. The bank's policy may insist on it
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Number of the application, the call or the check of identity; goes into the audit chain
    #[arg(long, value_name = "TEXT")]
    pub(crate) reference: Option<String>,
}

impl Grounds {
    /// For a change of a token by its serial.
    pub(crate) fn change(&self) -> ChangeRequest {
        ChangeRequest { reason: self.reason.clone(), reference: self.reference.clone() }
    }
}

/// Whether the change was made (or need not be), as an exit code.
pub(crate) const fn exit_of(outcome: ActionOutcome) -> Exit {
    match outcome {
        ActionOutcome::Done | ActionOutcome::Unchanged => Exit::Ok,
        ActionOutcome::Refused | ActionOutcome::Rejected => Exit::Refused,
    }
}

/// The same for a usage mode.
pub(crate) const fn exit_of_usage(outcome: UsageOutcome) -> Exit {
    match outcome {
        UsageOutcome::Done | UsageOutcome::Preview => Exit::Ok,
        UsageOutcome::Refused | UsageOutcome::Rejected => Exit::Refused,
    }
}

/// A change of one user or token.
pub(crate) fn text(answer: &ActionAnswer, language: Language) -> String {
    let mut text = sentence(answer.text.as_deref(), answer.outcome.word());
    text.push_str(&facts_in(
        language,
        [
            (label::REASON, answer.reason.map(word)),
            (label::ATTEMPTS, answer.remaining_attempts.map(|left| left.to_string())),
            (label::SERIAL, answer.serial.clone()),
            (label::KIND, answer.kind.map(|kind| named(kind, language))),
            (label::STATE, answer.state.map(|state| named(state, language))),
            (label::EXPIRES, answer.expires_local.clone()),
            (label::NOT_BEFORE, answer.not_before.as_ref().map(ToString::to_string)),
        ],
    ));
    text
}

/// A change of several users.
pub(crate) fn targets_text(answer: &TargetsAnswer, language: Language) -> String {
    let mut text = sentence(answer.text.as_deref(), answer.outcome.word());
    text.push_str(&facts_in(
        language,
        [
            (label::REASON, answer.reason.map(word)),
            (label::ATTEMPTS, answer.remaining_attempts.map(|left| left.to_string())),
        ],
    ));
    if answer.results.is_empty() {
        return text;
    }
    let head =
        [label::USER, label::OUTCOME, label::REASON, label::SERIAL, label::NOT_BEFORE, label::ALSO];
    text.push('\n');
    text.push_str(&table(
        headings(language, head),
        answer.results.iter().map(|result| {
            [
                result.user.clone(),
                label::outcome(language, result.outcome.word()),
                result.reason.map_or_else(dash, word),
                result.serial.clone().unwrap_or_else(dash),
                result.not_before.as_ref().map_or_else(dash, ToString::to_string),
                affected(result),
            ]
        }),
    ));
    text.push_str(&explained(answer));
    text
}

/// A change of the usage mode.
pub(crate) fn usage_text(answer: &UsageModeAnswer, language: Language) -> String {
    let mut text = sentence(answer.text.as_deref(), answer.outcome.word());
    text.push_str(&facts_in(
        language,
        [
            (label::REASON, answer.reason.map(word)),
            (label::ATTEMPTS, answer.remaining_attempts.map(|left| left.to_string())),
            (label::USAGE_MODE, Some(named(answer.usage_mode, language))),
            (label::NEW_USAGE_MODE, Some(named(answer.new_usage_mode, language))),
            (label::REGISTRATIONS, Some(answer.users.to_string())),
            (label::TOKENS, Some(answer.tokens.to_string())),
        ],
    ));
    text
}

/// What the server says; a server that says nothing has at least a word.
fn sentence(text: Option<&str>, word: &str) -> String {
    clean(text.unwrap_or(word)) + "\n"
}

/// The stable word, in every language: it is what documents, tickets and the audit chain name.
fn word(reason: DenialReason) -> String {
    reason.word().to_owned()
}

/// Nothing to say in a column.
pub(crate) fn dash() -> String {
    "-".to_owned()
}

fn affected(result: &TargetResult) -> String {
    let all = result.affected_users.iter().flatten();
    let mut names: Vec<_> = all.filter(|name| **name != result.user).cloned().collect();
    if result.affected_more == Some(true) {
        names.push("...".to_owned());
    }
    if names.is_empty() { dash() } else { names.join(", ") }
}

/// Each reason of the table as a sentence, once; that of the whole stands above already.
fn explained(answer: &TargetsAnswer) -> String {
    let mut told: Vec<DenialReason> = answer.reason.into_iter().collect();
    let mut text = String::new();
    for result in &answer.results {
        let (Some(reason), Some(sentence)) = (result.reason, &result.text) else { continue };
        if !told.contains(&reason) {
            told.push(reason);
            text.extend(["\n", reason.word(), ": ", &clean(sentence)]);
        }
    }
    if text.is_empty() { text } else { text + "\n" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> TargetsAnswer {
        serde_json::from_str(
            r#"{"outcome":"refused","text":"Nothing was changed.","results":[
                {"user":"U1","outcome":"refused","reason":"not_registered","text":"No token."},
                {"user":"U22","outcome":"refused","reason":"not_registered","text":"No token."},
                {"user":"U3","outcome":"done","serial":"0012","affected_users":["U3","U4","U5"],
                 "affected_more":true}]}"#,
        )
        .unwrap()
    }

    #[test]
    fn every_target_has_a_line_and_every_reason_a_sentence() {
        assert_eq!(
            targets_text(&answer(), Language::En),
            "Nothing was changed.\n\
             \n\
             USER  OUTCOME  REASON          SERIAL  NOT BEFORE  ALSO CONCERNED\n\
             U1    refused  not_registered  -       -           -\n\
             U22   refused  not_registered  -       -           -\n\
             U3    done     -               0012    -           U4, U5, ...\n\
             \n\
             not_registered: No token.\n"
        );
    }

    #[test]
    fn what_was_not_done_is_a_refusal() {
        assert_eq!(exit_of(ActionOutcome::Unchanged), Exit::Ok);
        assert_eq!(exit_of(ActionOutcome::Rejected), Exit::Refused);
        assert_eq!(exit_of_usage(UsageOutcome::Preview), Exit::Ok);
        assert_eq!(exit_of_usage(UsageOutcome::Refused), Exit::Refused);
    }
}
